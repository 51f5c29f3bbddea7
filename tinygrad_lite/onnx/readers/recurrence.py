"""LSTM, GRU and RNN layers in one or two directions."""

from __future__ import annotations

from typing import Any

from ...ops.recurrence import gru, lstm, rnn
from ..reading import Call, as_ints, reads
from .names import T


def _prepared(c: Call, x: Any, lengths: Any) -> tuple[Any, int, int, list[bool]]:
    """The input as (steps, batch, features), its sizes, and the directions to run."""
    if c.get("layout", 0):
        x = x.transpose(0, 1)
    steps, batch = x.shape[:2]
    if lengths is not None and set(as_ints(lengths)) - {steps}:
        c.refuse("sequences of different lengths have no counterpart; pad them all alike")
    if c["clip"] is not None:
        c.refuse("clipping within the cell has no counterpart")
    direction = c.get("direction", "forward")
    return x, steps, batch, {"forward": [False], "reverse": [True]}.get(direction, [False, True])


def _check(c: Call, usual: list[str]) -> None:
    given = [a.lower() for a in c["activations"] or ()]
    if given and given != usual * (len(given) // len(usual)):
        c.refuse(f"activations {given} have no counterpart, only {usual}")


def _blocks(weight: Any, order: tuple[int, ...]) -> Any:
    """The blocks of rows in another order."""
    if len(order) == 1:
        return weight
    parts = T.chunk(weight, len(order), 0)
    return T.cat([parts[i] for i in order], 0)


def _state(given: Any, place: int, batch: int, width: int, like: Any, *, turned: Any) -> Any:
    if given is None:
        return T.zeros((batch, width), dtype=like.dtype)
    return (given.transpose(0, 1) if turned else given)[place]


def _collect(c: Call, outputs: list[Any], finals: list[list[Any]]) -> Any:
    """Outputs (steps, directions, batch, width) and last states (directions, batch, width)."""
    whole = T.stack(outputs, 1)
    lasts = [T.stack(list(part), 0) for part in zip(*finals, strict=True)]
    if c.get("layout", 0):
        whole = whole.permute((2, 0, 1, 3))
        lasts = [last.transpose(0, 1) for last in lasts]
    return (whole, *lasts)[: c.count] if c.count > 1 else whole


def _run(
    c: Call, x: Any, weight: Any, recurrent: Any, bias: Any, lengths: Any, states: tuple[Any, ...],
    order: tuple[int, ...], cell: Any,
) -> Any:  # fmt: skip
    x, steps, batch, directions = _prepared(c, x, lengths)
    rows = x.reshape((steps * batch, x.shape[2]))
    width = recurrent.shape[2]
    outputs, finals = [], []
    for place, backwards in enumerate(directions):
        own = [_state(s, place, batch, width, x, turned=c.get("layout", 0)) for s in states]
        w, r = _blocks(weight[place], order), _blocks(recurrent[place], order)
        b = (None, None)
        if bias is not None:
            half = w.shape[0]
            b = (_blocks(bias[place][:half], order), _blocks(bias[place][half:], order))
        settings = {"sizes": (batch,) * steps, "backwards": backwards}
        results = [
            y.reshape((steps, batch, width)) for y in cell(place, rows, own, w, r, b, settings)
        ]
        outputs.append(results[0])
        finals.append([y[0] if backwards else y[-1] for y in results])
    return _collect(c, outputs, finals)


def _sum(b: tuple[Any, Any]) -> Any:
    return None if b[0] is None else b[0] + b[1]


@reads("LSTM")
def read_lstm(
    c: Call, x: Any, weight: Any, recurrent: Any, bias: Any = None, lengths: Any = None,
    h: Any = None, state: Any = None, peepholes: Any = None,
) -> Any:  # fmt: skip
    if (peepholes is not None and bool((peepholes != 0).any())) or c.get("input_forget", 0):
        c.refuse("peepholes and coupled gates have no counterpart")
    _check(c, ["sigmoid", "tanh", "tanh"])

    def cell(place: int, rows: Any, own: Any, w: Any, r: Any, b: Any, settings: Any) -> Any:
        return lstm(rows, *own, w, r, _sum(b), **settings)

    return _run(c, x, weight, recurrent, bias, lengths, (h, state), (0, 2, 3, 1), cell)


@reads("GRU")
def read_gru(
    c: Call, x: Any, weight: Any, recurrent: Any, bias: Any = None, lengths: Any = None,
    h: Any = None,
) -> Any:  # fmt: skip
    _check(c, ["sigmoid", "tanh"])
    if c.get("linear_before_reset", 0):

        def cell(place: int, rows: Any, own: Any, w: Any, r: Any, b: Any, settings: Any) -> Any:
            return (gru(rows, *own, w, r, *b, **settings),)

    else:
        cell = _reset_first
    return _run(c, x, weight, recurrent, bias, lengths, (h,), (1, 0, 2), cell)


def _reset_first(
    place: int, rows: Any, own: Any, w: Any, r: Any, b: Any, settings: Any
) -> tuple[Any]:
    """A GRU whose reset gate is applied before the recurrent product, step by step."""
    (h,), sizes = own, settings["sizes"]
    batch, steps, width = sizes[0], len(sizes), r.shape[1]
    from_x = rows @ w.t() if b[0] is None else rows @ w.t() + b[0]
    extra = b[1]
    outputs: list[Any] = [None] * steps
    for step in reversed(range(steps)) if settings["backwards"] else range(steps):
        xr, xz, xn = T.chunk(from_x[step * batch : (step + 1) * batch], 3, 1)
        both = h @ r[: 2 * width].t()
        if extra is not None:
            both = both + extra[: 2 * width]
        hr, hz = T.chunk(both, 2, 1)
        reset, update = T.sigmoid(xr + hr), T.sigmoid(xz + hz)
        inner = (reset * h) @ r[2 * width :].t()
        if extra is not None:
            inner = inner + extra[2 * width :]
        new = T.tanh(xn + inner)
        h = new + update * (h - new)
        outputs[step] = h
    return (T.cat(outputs, 0),)


@reads("RNN")
def read_rnn(
    c: Call, x: Any, weight: Any, recurrent: Any, bias: Any = None, lengths: Any = None,
    h: Any = None,
) -> Any:  # fmt: skip
    kinds = [a.lower() for a in c.get("activations", ["Tanh", "Tanh"])]
    if set(kinds) - {"tanh", "relu"}:
        c.refuse(f"activations {kinds} have no counterpart, only tanh and relu")

    def cell(place: int, rows: Any, own: Any, w: Any, r: Any, b: Any, settings: Any) -> Any:
        return (rnn(rows, *own, w, r, _sum(b), **settings, relu=kinds[place] == "relu"),)

    return _run(c, x, weight, recurrent, bias, lengths, (h,), (0,), cell)
