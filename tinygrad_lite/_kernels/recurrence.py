"""The steps of recurrent layers on plain arrays, forward and backward.

Sequences come packed: the rows of step 0 first, then those of step 1; `sizes[t]` is the number of
sequences that are longer than t. The state always has a row for every sequence, and a step
changes the first `sizes[t]` of them: so short sequences keep their last state on the way there,
and join with their first state on the way back.

One product takes the inputs of all steps at once, and one product each the gradients of the
weights; only what depends on the step before stays in the loop. A sigmoid is taken as
tanh(z / 2) / 2 + 1/2, so that one tanh serves all gates of a step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from . import instead_of
from .choice import keep_where
from .chunks import row_pieces

__all__ = [
    "gru", "gru_pull", "lstm", "lstm_pull", "plain", "plain_pull", "steps_of",
]  # fmt: skip

Arrays = tuple[Any, ...]


def steps_of(sizes: Sequence[int], backwards: bool) -> list[tuple[int, int]]:
    """The first row and the end of every step, in the order in which they run."""
    steps, start = [], 0
    for size in sizes:
        steps.append((start, start + size))
        start += size
    return steps[::-1] if backwards else steps


def _inputs(x: Any, weight: Any, bias: Any) -> Any:
    z = x @ weight.T
    if bias is not None:
        z += bias
    return z


def _summed(dz: Any) -> Any:
    return np.ones(len(dz), dz.dtype) @ dz


def _before(first: Any, rows: Any, steps: list[tuple[int, int]], t: int) -> Any:
    """The states that step `t` starts from, out of those that the steps left in `rows`."""
    a, b = steps[t]
    if t == 0:
        return first[: b - a]
    a_past, b_past = steps[t - 1]
    if b - a <= b_past - a_past:
        return rows[a_past : a_past + b - a]
    return np.concatenate([rows[a_past:b_past], first[b_past - a_past : b - a]])


def _all_before(first: Any, rows: Any, steps: list[tuple[int, int]]) -> Any:
    """The states that every step starts from, in the order of the rows."""
    parts = {steps[t]: _before(first, rows, steps, t) for t in range(len(steps))}
    return np.concatenate([parts[step] for step in sorted(parts)])


# LSTM: gates i, f, g, o; kept as o, i, f, g, so that the three with a sigmoid lie side by side, and
# also the three whose gradients come from the cell.  Each gate is a block (rows, units) of its own:
# halving three of four gates that share rows takes 6.2 microseconds, in blocks 1.3, and the way
# from the cell to its three gates 11.8 and 2.4.  The products are as fast either way.
KEPT, GIVEN = [3, 0, 1, 2], [1, 2, 3, 0]


def _by_gate(weight: Any) -> Any:
    """A weight (4 n, …) or bias (4 n) as blocks of gates in the order that is kept."""
    return weight.reshape(4, -1, *weight.shape[1:])[KEPT]


def _as_given(blocks: Any) -> Any:
    """Blocks of gates as a weight or bias again."""
    return blocks[GIVEN].reshape(-1, *blocks.shape[2:])


def _sigmoid(z: Any) -> Any:
    return np.tanh(z * 0.5) * 0.5 + 0.5


def _lstm(
    x: Any, h: Any, c: Any, w_ih: Any, w_hh: Any, bias: Any, sizes: Any, backwards: bool
) -> Arrays:
    n, steps = h.shape[1], steps_of(sizes, backwards)
    gates = np.empty((4, len(x), n), x.dtype)
    hs, cs, squashed = (np.empty((len(x), n), x.dtype) for _ in range(3))
    for t, (a, b) in enumerate(steps):
        z = x[a:b] @ w_ih.T + _before(h, hs, steps, t) @ w_hh.T + (0 if bias is None else bias)
        i, f, g, o = (z[:, p * n : (p + 1) * n] for p in range(4))
        i, f, g, o = _sigmoid(i), _sigmoid(f), np.tanh(g), _sigmoid(o)
        cs[a:b] = f * _before(c, cs, steps, t) + i * g
        squashed[a:b] = np.tanh(cs[a:b])
        hs[a:b] = o * squashed[a:b]
        gates[:, a:b] = o, i, f, g
    return hs, cs, gates, squashed, hs.copy()


@instead_of(_lstm)
def lstm(
    x: Any, h: Any, c: Any, w_ih: Any, w_hh: Any, bias: Any, sizes: Any, backwards: bool
) -> Arrays:
    """Outputs and cells of all steps; gates, tanh of the cells, and the outputs once more.

    The outputs are the caller's, who may change them; the second copy is for the way back.
    """
    n, steps = h.shape[1], steps_of(sizes, backwards)
    scale = np.array([0.5, 0.5, 0.5, 1], x.dtype).reshape(4, 1, 1)
    gates = np.matmul(x, (_by_gate(w_ih) * scale).swapaxes(1, 2))
    if bias is not None:
        gates += _by_gate(bias)[:, None] * scale
    recurrent = np.ascontiguousarray((_by_gate(w_hh) * scale).swapaxes(1, 2))
    hs, cs, squashed = (np.empty((len(x), n), x.dtype) for _ in range(3))
    room = np.empty((4, len(h), n), x.dtype)
    for t, (a, b) in enumerate(steps):
        z, k = gates[:, a:b], b - a
        z += np.matmul(_before(h, hs, steps, t), recurrent, out=room[:, :k])
        np.tanh(z, out=z)
        sigmoids = z[:3]
        sigmoids *= 0.5
        sigmoids += 0.5
        cell = np.multiply(z[2], _before(c, cs, steps, t), out=cs[a:b])
        cell += np.multiply(z[1], z[3], out=room[0, :k])
        np.tanh(cell, out=squashed[a:b])
        np.multiply(z[0], squashed[a:b], out=hs[a:b])
    return hs, cs, gates, squashed, hs.copy()


def _lstm_slopes(gates: Any, squashed: Any, earlier: Any) -> tuple[Any, Any]:
    """What the gradients of outputs and cells are multiplied with on the way to the gates.

    Also what those of the outputs are multiplied with on the way to the cells.
    """
    slopes, onto_cell = np.empty_like(gates), np.empty_like(squashed)
    for part in row_pieces(len(squashed), 4 * squashed.shape[1]):
        (o, i, _, g), bent = gates[:, part], squashed[part]
        made = slopes[:, part]
        np.subtract(1, gates[:3, part], out=made[:3])
        made[:3] *= gates[:3, part]
        for slope, factor in zip(made[:3], (bent, g, earlier[part]), strict=True):
            np.multiply(slope, factor, out=slope)
        np.multiply(g, g, out=made[3])
        np.subtract(1, made[3], out=made[3])
        made[3] *= i
        steep = np.multiply(bent, bent, out=onto_cell[part])
        np.subtract(1, steep, out=steep)
        steep *= o
    return slopes, onto_cell


def lstm_pull(
    g_hs: Any,
    g_cs: Any,
    operands: Arrays,
    kept: Arrays,
    sizes: Any,
    backwards: bool,
    needs: tuple[bool, ...],
) -> Arrays:
    """Gradients of the inputs, both states, both weights and the bias; None if not needed."""
    (x, h, c, w_ih, w_hh), (cs, gates, squashed, hs) = operands, kept
    n, steps = h.shape[1], steps_of(sizes, backwards)
    dz, onto_cell = _lstm_slopes(gates, squashed, _all_before(c, cs, steps))
    w_ih, w_hh = _by_gate(w_ih), _by_gate(w_hh)
    dh, dc = np.zeros((sizes[0], n), x.dtype), np.zeros((sizes[0], n), x.dtype)
    room = np.empty((4, sizes[0], n), x.dtype)
    for a, b in reversed(steps):
        k, row = b - a, dz[:, a:b]
        d, e = dh[:k], dc[:k]
        if g_hs is not None:
            d += g_hs[a:b]
        if g_cs is not None:
            e += g_cs[a:b]
        e += np.multiply(d, onto_cell[a:b], out=room[0, :k])
        row[0] *= d
        row[1:] *= e
        e *= gates[2, a:b]
        np.add.reduce(np.matmul(row, w_hh, out=room[:, :k]), axis=0, out=d)
    back = dz.swapaxes(1, 2)
    return (
        np.add.reduce(np.matmul(dz, w_ih), axis=0) if needs[0] else None,
        dh,
        dc,
        _as_given(np.matmul(back, x)) if needs[3] else None,
        _as_given(np.matmul(back, _all_before(h, hs, steps))) if needs[4] else None,
        _as_given(np.matmul(np.ones(len(x), x.dtype), dz)) if needs[5] else None,
    )


# GRU: gates r, z, n


def gru(
    x: Any, h: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, sizes: Any, backwards: bool
) -> Arrays:
    """Outputs of all steps; gates, the state's part of the last one, the states before steps."""
    n = h.shape[1]
    scale = np.full(3 * n, 0.5, x.dtype)
    scale[2 * n :] = 1
    gates = _inputs(x, w_ih * scale[:, None], None if b_ih is None else b_ih * scale)
    recurrent = np.ascontiguousarray((w_hh * scale[:, None]).T)
    shift = None if b_hh is None else b_hh * scale
    hs, inner, before = (np.empty((len(x), n), x.dtype) for _ in range(3))
    h, room = h.copy(), np.empty((len(h), 3 * n), x.dtype)
    for a, b in steps_of(sizes, backwards):
        k, row = b - a, gates[a:b]
        before[a:b] = h[:k]
        z = np.matmul(h[:k], recurrent, out=room[:k])
        if shift is not None:
            z += shift
        inner[a:b] = z[:, 2 * n :]
        both, new = row[:, : 2 * n], row[:, 2 * n :]
        both += z[:, : 2 * n]
        np.tanh(both, out=both)
        both *= 0.5
        both += 0.5
        new += row[:, :n] * inner[a:b]
        np.tanh(new, out=new)
        state = h[:k]
        state -= new
        state *= row[:, n : 2 * n]
        state += new
        hs[a:b] = state
    return hs, gates, inner, before


def gru_pull(
    g: Any,
    x: Any,
    w_ih: Any,
    w_hh: Any,
    kept: Arrays,
    sizes: Any,
    backwards: bool,
    needs: tuple[bool, ...],
) -> Arrays:
    """Gradients of the inputs, the state, both weights and both biases; None if not needed."""
    gates, inner, before = kept
    n = before.shape[1]
    r, z, new = (gates[:, p * n : (p + 1) * n] for p in range(3))
    from_x, from_h = np.empty_like(gates), np.empty_like(gates)
    onto_new, onto_r = (1 - z) * (1 - new * new), inner * r * (1 - r)
    onto_z = (before - new) * z * (1 - z)
    dh = np.zeros((sizes[0], n), x.dtype)
    for a, b in reversed(steps_of(sizes, backwards)):
        k, dx, ds = b - a, from_x[a:b], from_h[a:b]
        d = dh[:k]
        d += g[a:b]
        np.multiply(d, onto_new[a:b], out=dx[:, 2 * n :])
        np.multiply(dx[:, 2 * n :], onto_r[a:b], out=dx[:, :n])
        np.multiply(d, onto_z[a:b], out=dx[:, n : 2 * n])
        ds[:, : 2 * n] = dx[:, : 2 * n]
        np.multiply(dx[:, 2 * n :], r[a:b], out=ds[:, 2 * n :])
        d *= z[a:b]
        d += ds @ w_hh
    return (
        from_x @ w_ih if needs[0] else None,
        dh,
        from_x.T @ x if needs[2] else None,
        from_h.T @ before if needs[3] else None,
        _summed(from_x) if needs[4] else None,
        _summed(from_h) if needs[5] else None,
    )


# Plain layer: tanh or ReLU of one sum


def plain(
    x: Any, h: Any, w_ih: Any, w_hh: Any, bias: Any, sizes: Any, backwards: bool, relu: bool
) -> Arrays:
    """Outputs of all steps, and the states before each."""
    hs = _inputs(x, w_ih, bias)
    recurrent = np.ascontiguousarray(w_hh.T)
    before, h = np.empty_like(hs), h.copy()
    for a, b in steps_of(sizes, backwards):
        row, k = hs[a:b], b - a
        before[a:b] = h[:k]
        row += h[:k] @ recurrent
        if relu:
            np.maximum(row, 0, out=row)
        else:
            np.tanh(row, out=row)
        h[:k] = row
    return hs, before


def plain_pull(
    g: Any,
    x: Any,
    w_ih: Any,
    w_hh: Any,
    kept: Arrays,
    sizes: Any,
    backwards: bool,
    relu: bool,
    needs: tuple[bool, ...],
) -> Arrays:
    """Gradients of the inputs, the state, both weights and the bias; None if not needed."""
    hs, before = kept
    dz = np.empty_like(hs) if relu else 1 - hs * hs
    passed = hs != 0 if relu else None
    dh = np.zeros((sizes[0], hs.shape[1]), x.dtype)
    for a, b in reversed(steps_of(sizes, backwards)):
        k, row = b - a, dz[a:b]
        d = dh[:k]
        d += g[a:b]
        if passed is None:
            row *= d
        else:
            keep_where(passed[a:b], d, out=row)
        np.matmul(row, w_hh, out=d)
    return (
        dz @ w_ih if needs[0] else None,
        dh,
        dz.T @ x if needs[2] else None,
        dz.T @ before if needs[3] else None,
        _summed(dz) if needs[4] else None,
    )
