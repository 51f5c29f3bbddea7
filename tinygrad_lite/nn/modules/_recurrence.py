"""The loop over steps, directions and layers of the recurrent modules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...ops.shape import cat, stack
from .. import functional as F

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["run_layers"]

Weights = dict[str, Any]
States = tuple[Any, ...]


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
    directions = 1 + bidirectional
    last: list[States] = []
    for start in range(0, len(layers), directions):
        if start and dropout:
            x = F.dropout(x, dropout, True)
        outputs = []
        for d in range(directions):
            mine = tuple(state[start + d] for state in states)
            out, final = _run_direction(mode, x, batch_sizes, mine, layers[start + d], d == 1)
            outputs.append(out)
            last.append(final)
        x = outputs[0] if directions == 1 else cat(*outputs, axis=-1)
    return x, tuple(stack(*parts, axis=0) for parts in zip(*last, strict=True))


def _run_direction(
    mode: str, x: Any, batch_sizes: Any, states: States, weights: Weights, backwards: bool
) -> tuple[Any, States]:
    """Run one layer in one direction; the inputs of all steps go through one product."""
    bias_ih, bias_hh = weights["bias_ih"], weights["bias_hh"]
    if mode != "GRU" and bias_ih is not None:  # both biases are added to the same sum
        bias_ih, bias_hh = bias_ih + bias_hh, None
    from_x = F.linear(x, weights["weight_ih"], bias_ih)
    step = STEPS[mode]

    def advance(row: Any, now: States) -> States:
        return step(row, now, weights["weight_hh"], bias_hh, weights["weight_hr"])

    if batch_sizes is not None:
        return _run_packed(from_x, batch_sizes.tolist(), states, advance, backwards)
    return _run_padded(from_x, states, advance, backwards)


def _run_padded(
    from_x: Any, states: States, advance: Callable[[Any, States], States], backwards: bool
) -> tuple[Any, States]:
    rows = list(from_x.unbind(0))
    outputs = []
    for row in reversed(rows) if backwards else rows:
        states = advance(row, states)
        outputs.append(states[0])
    if backwards:
        outputs.reverse()
    return stack(*outputs, axis=0), states


def _run_packed(
    from_x: Any,
    batch_sizes: list[int],
    states: States,
    advance: Callable[[Any, States], States],
    backwards: bool,
) -> tuple[Any, States]:
    """Run over a packed sequence: at each step only the sequences long enough take part."""
    rows = list(from_x.split(batch_sizes, 0))
    outputs: list[Any] = []
    if backwards:
        rows.reverse()
        batch_sizes.reverse()
    now = tuple(state[: batch_sizes[0]] for state in states)
    ended: list[States] = []
    for row, size in zip(rows, batch_sizes, strict=True):
        active = now[0].shape[0]
        if size > active:  # backwards: longer ones first, the others join from their start state
            joining = tuple(state[active:size] for state in states)
            now = tuple(
                cat(a, b, axis=0) for a, b in zip(now, joining, strict=True)
            )
        elif size < active:
            ended.append(tuple(state[size:] for state in now))
            now = tuple(state[:size] for state in now)
        now = advance(row, now)
        outputs.append(now[0])
    if backwards:
        outputs.reverse()
        return cat(*outputs, axis=0), now
    parts = [now, *reversed(ended)]
    final = tuple(cat(*column, axis=0) for column in zip(*parts, strict=True))
    return cat(*outputs, axis=0), final


def _step_tanh(row: Any, states: States, weight: Any, bias: Any, _: Any) -> States:
    return ((row + F.linear(states[0], weight, bias)).tanh(),)


def _step_relu(row: Any, states: States, weight: Any, bias: Any, _: Any) -> States:
    return (F.relu(row + F.linear(states[0], weight, bias)),)


def _step_lstm(row: Any, states: States, weight: Any, bias: Any, project: Any) -> States:
    h, c = states
    i, f, g, o = (row + F.linear(h, weight, bias)).chunk(4, 1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    h = o.sigmoid() * c.tanh()
    return (h if project is None else F.linear(h, project), c)


def _step_gru(row: Any, states: States, weight: Any, bias: Any, _: Any) -> States:
    h = states[0]
    xr, xz, xn = row.chunk(3, 1)
    hr, hz, hn = F.linear(h, weight, bias).chunk(3, 1)
    z = (xz + hz).sigmoid()
    n = (xn + (xr + hr).sigmoid() * hn).tanh()
    return (n + z * (h - n),)


STEPS: dict[str, Callable[..., States]] = {
    "RNN_TANH": _step_tanh,
    "RNN_RELU": _step_relu,
    "LSTM": _step_lstm,
    "GRU": _step_gru,
}
