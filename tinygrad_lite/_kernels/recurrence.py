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

__all__ = ["gru", "gru_pull", "lstm", "lstm_pull", "plain", "plain_pull", "steps_of"]

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


# LSTM: gates i, f, g, o


def _halves(size: int, dtype: Any) -> Any:
    """½ for the three gates with a sigmoid, 1 for the one with a tanh."""
    scale = np.full(4 * size, 0.5, dtype)
    scale[2 * size : 3 * size] = 1
    return scale


def lstm(
    x: Any, h: Any, c: Any, w_ih: Any, w_hh: Any, bias: Any, sizes: Any, backwards: bool
) -> Arrays:
    """Outputs and cells of all steps; gates, tanh of the cells, and the states before each step."""
    n = h.shape[1]
    scale = _halves(n, x.dtype)
    gates = _inputs(x, w_ih * scale[:, None], None if bias is None else bias * scale)
    recurrent = np.ascontiguousarray((w_hh * scale[:, None]).T)
    hs, cs, squashed, before, earlier = (np.empty((len(x), n), x.dtype) for _ in range(5))
    h, c, room = h.copy(), c.copy(), np.empty((len(h), 4 * n), x.dtype)
    for a, b in steps_of(sizes, backwards):
        z, k = gates[a:b], b - a
        before[a:b], earlier[a:b] = h[:k], c[:k]
        np.matmul(h[:k], recurrent, out=room[:k])
        z += room[:k]
        np.tanh(z, out=z)
        for gate in (z[:, : 2 * n], z[:, 3 * n :]):
            np.multiply(gate, 0.5, out=gate)
            np.add(gate, 0.5, out=gate)
        cell = c[:k]
        cell *= z[:, n : 2 * n]
        cell += np.multiply(z[:, :n], z[:, 2 * n : 3 * n], out=room[:k, :n])
        np.tanh(cell, out=squashed[a:b])
        np.multiply(z[:, 3 * n :], squashed[a:b], out=h[:k])
        hs[a:b], cs[a:b] = h[:k], cell
    return hs, cs, gates, squashed, before, earlier


def lstm_pull(
    g_hs: Any,
    g_cs: Any,
    x: Any,
    w_ih: Any,
    w_hh: Any,
    kept: Arrays,
    sizes: Any,
    backwards: bool,
) -> Arrays:
    """Gradients of the inputs, both states, both weights and the bias."""
    gates, squashed, before, earlier = kept
    n = before.shape[1]
    i, f, g, o = (gates[:, p * n : (p + 1) * n] for p in range(4))
    dz = np.empty_like(gates)  # first the slopes, then, in the loop, the gradients
    slopes = [dz[:, p * n : (p + 1) * n] for p in range(4)]
    np.multiply(g * i, 1 - i, out=slopes[0])
    np.multiply(earlier * f, 1 - f, out=slopes[1])
    np.multiply(i, 1 - g * g, out=slopes[2])
    np.multiply(squashed * o, 1 - o, out=slopes[3])
    onto_cell = o * (1 - squashed * squashed)
    dh, dc = np.zeros((sizes[0], n), x.dtype), np.zeros((sizes[0], n), x.dtype)
    for a, b in reversed(steps_of(sizes, backwards)):
        k, row = b - a, dz[a:b]
        d, e = dh[:k], dc[:k]
        if g_hs is not None:
            d += g_hs[a:b]
        if g_cs is not None:
            e += g_cs[a:b]
        e += d * onto_cell[a:b]
        row[:, 3 * n :] *= d
        row[:, : 3 * n].reshape(k, 3, n)[...] *= e[:, None]
        e *= f[a:b]
        np.matmul(row, w_hh, out=d)
    return (dz @ w_ih, dh, dc, dz.T @ x, dz.T @ before, _summed(dz))


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
    g: Any, x: Any, w_ih: Any, w_hh: Any, kept: Arrays, sizes: Any, backwards: bool
) -> Arrays:
    """Gradients of the inputs, the state, both weights and both biases."""
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
        from_x @ w_ih, dh, from_x.T @ x, from_h.T @ before, _summed(from_x), _summed(from_h),
    )  # fmt: skip


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
) -> Arrays:
    """Gradients of the inputs, the state, both weights and the bias."""
    hs, before = kept
    dz = (hs > 0).astype(hs.dtype) if relu else 1 - hs * hs
    dh = np.zeros((sizes[0], hs.shape[1]), x.dtype)
    for a, b in reversed(steps_of(sizes, backwards)):
        k, row = b - a, dz[a:b]
        d = dh[:k]
        d += g[a:b]
        row *= d
        np.matmul(row, w_hh, out=d)
    return dz @ w_ih, dh, dz.T @ x, dz.T @ before, _summed(dz)
