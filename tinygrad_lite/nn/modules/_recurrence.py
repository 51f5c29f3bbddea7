"""Directions and layers of the recurrent modules."""

from __future__ import annotations

from typing import Any

from ... import _creation as creation
from ...ops.recurrence import gru, last_rows, lstm, rnn
from ...ops.shape import cat, stack
from .. import functional as F

__all__ = ["run_layers"]

Weights = dict[str, Any]
States = tuple[Any, ...]
Sizes = tuple[int, ...]


def run_layers(
    mode: str,
    x: Any,
    batch_sizes: Any,
    states: States,
    layers: list[Weights],
    bidirectional: bool,
    dropout: float,
) -> tuple[Any, States]:
    """Run every layer over the sequence; the outputs of the last, and the last states of all.

    `x` is (steps, batch, features), or (rows, features) with `batch_sizes` when it is packed.
    """
    padded = batch_sizes is None
    face = tuple(x.shape[:2])
    sizes = (face[1],) * face[0] if padded else tuple(batch_sizes.tolist())
    x = x.reshape((-1, x.shape[-1])) if padded else x
    directions = 1 + bidirectional
    last: list[States] = []
    for start in range(0, len(layers), directions):
        if start and dropout:
            x = F.dropout(x, dropout, True)
        outputs = []
        for d in range(directions):
            mine = tuple(state[start + d] for state in states)
            out, final = _run_direction(mode, x, mine, layers[start + d], sizes, d == 1)
            outputs.append(out)
            last.append(final)
        x = outputs[0] if directions == 1 else cat(*outputs, axis=1)
    out = x.reshape((*face, x.shape[-1])) if padded else x
    return out, tuple(stack(*parts, axis=0) for parts in zip(*last, strict=True))


def _run_direction(
    mode: str, x: Any, states: States, weights: Weights, sizes: Sizes, backwards: bool
) -> tuple[Any, States]:
    """Run one layer in one direction: its outputs at every step, and its last states."""
    if weights["weight_hr"] is not None:
        return _run_projected(x, states, weights, sizes, backwards)
    w_ih, w_hh = weights["weight_ih"], weights["weight_hh"]
    b_ih, b_hh = weights["bias_ih"], weights["bias_hh"]
    steps = {"sizes": sizes, "backwards": backwards}
    if mode == "GRU":
        results = (gru(x, *states, w_ih, w_hh, b_ih, b_hh, **steps),)
    else:
        bias = None if b_ih is None else b_ih + b_hh  # both are added to the same sum
        if mode == "LSTM":
            results = lstm(x, *states, w_ih, w_hh, bias, **steps)
        else:
            results = (rnn(x, *states, w_ih, w_hh, bias, **steps, relu=mode == "RNN_RELU"),)
    return results[0], tuple(_last_of(rows, sizes, backwards) for rows in results)


def _last_of(rows: Any, sizes: Sizes, backwards: bool) -> Any:
    """The rows of the last step of every sequence."""
    if backwards:
        return rows[: sizes[0]]
    if sizes[0] == sizes[-1]:
        return rows[rows.shape[0] - sizes[0] :]
    return rows[creation.tensor(last_rows(sizes))]


def _run_projected(
    x: Any, states: States, weights: Weights, sizes: Sizes, backwards: bool
) -> tuple[Any, States]:
    """An LSTM whose hidden state is projected, step by step."""
    bias_ih, bias_hh = weights["bias_ih"], weights["bias_hh"]
    bias = None if bias_ih is None else bias_ih + bias_hh
    rows = list(F.linear(x, weights["weight_ih"], bias).split(list(sizes), 0))
    h, c = states
    outputs = []
    for row in reversed(rows) if backwards else rows:
        k = row.shape[0]
        i, f, g, o = (row + F.linear(h[:k], weights["weight_hh"])).chunk(4, 1)
        cell = f.sigmoid() * c[:k] + i.sigmoid() * g.tanh()
        out = F.linear(o.sigmoid() * cell.tanh(), weights["weight_hr"])
        h, c = _replaced(h, out, k), _replaced(c, cell, k)
        outputs.append(out)
    if backwards:
        outputs.reverse()
    return cat(*outputs, axis=0), (h, c)


def _replaced(state: Any, rows: Any, k: int) -> Any:
    """The state with new first `k` rows: shorter sequences have ended, or not begun."""
    return rows if k == state.shape[0] else cat(rows, state[k:], axis=0)
