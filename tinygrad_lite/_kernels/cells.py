"""One step of a recurrent network on plain arrays, forward and backward.

A cell composed of a dozen small operations costs twice as much as its two products. Here the gates
lie in blocks (rows, units) of their own, as in `recurrence`, and what comes from the input and from
the state is added up in the order in which BLAS makes it fastest; see `affine`. The gradients of
the weights are left as products, which a loop of steps multiplies together; see `products`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import instead_of
from .affine import is_turned, product, times
from .broadcast import column_sums
from .choice import keep_where
from .products import product_of

__all__ = ["gru_cell", "gru_cell_pull", "lstm_cell", "lstm_cell_pull", "rnn_cell", "rnn_cell_pull"]

Arrays = tuple[Any, ...]


def _by_gate(x: Any, weight: Any, count: int) -> Any:
    """x Wᵀ as blocks of gates (count, rows, units)."""
    if is_turned(x, weight):
        return weight.dot(x.T).reshape(count, len(weight) // count, len(x)).swapaxes(1, 2)
    return product(x, weight).reshape(len(x), count, len(weight) // count).swapaxes(0, 1)


def _sum_by_gate(x: Any, h: Any, w_ih: Any, w_hh: Any, count: int) -> Any:
    """x W_ihᵀ + h W_hhᵀ as blocks of gates (count, rows, units)."""
    rows, units = h.shape
    if is_turned(h, w_hh):
        z = w_ih.dot(x.T)
        z += w_hh.dot(h.T)
        return z.reshape(count, units, rows).swapaxes(1, 2)
    z = product(x, w_ih)
    z += product(h, w_hh)
    return z.reshape(rows, count, units).swapaxes(0, 1)


def _shift(bias: Any, other: Any, count: int, dtype: Any) -> Any:
    """The sum of two biases, either of which may be missing, as blocks of gates."""
    if bias is None or other is None:
        bias = other if bias is None else bias
        return np.zeros((count, 1, 1), dtype) if bias is None else bias.reshape(count, 1, -1)
    return (bias + other).reshape(count, 1, -1)


def _become_sigmoids(z: Any) -> None:
    """Take the sigmoid of halved sums of which the tanh has been taken."""
    z *= 0.5
    z += 0.5


def _sums_of_weights(dz: Any, x: Any, w: Any, needs: tuple[bool, bool, bool]) -> Arrays:
    """What the gradient of x Wᵀ + b is for x, W and b; None if not needed."""
    return (
        times(dz, w) if needs[0] else None,
        product_of(dz, x) if needs[1] else None,
        column_sums(dz) if needs[2] else None,
    )


# LSTM: gates i, f, g, o; kept as o, i, f, g and the tanh of the cell, so that the three with a
# sigmoid lie side by side, and also the two with a tanh


def _sigmoid(z: Any) -> Any:
    return np.tanh(z * 0.5) * 0.5 + 0.5


def _affine(x: Any, weight: Any, bias: Any) -> Any:
    return x.dot(weight.T) + (0 if bias is None else bias)


def _lstm_cell(x: Any, h: Any, c: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> Arrays:
    i, f, g, o = np.split(_affine(x, w_ih, b_ih) + _affine(h, w_hh, b_hh), 4, axis=1)
    i, f, g, o = _sigmoid(i), _sigmoid(f), np.tanh(g), _sigmoid(o)
    cell = f * c + i * g
    return o * np.tanh(cell), cell, np.stack([o, i, f, g, np.tanh(cell)])


@instead_of(_lstm_cell)
def lstm_cell(x: Any, h: Any, c: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> Arrays:
    """The next state and cell; the gates and the tanh of the cell, for the way back."""
    given, shift = _sum_by_gate(x, h, w_ih, w_hh, 4), _shift(b_ih, b_hh, 4, c.dtype)
    gates = np.empty((5, *c.shape), given.dtype)
    np.add(given[:3], shift[:3], out=gates[1:4])
    np.add(given[3], shift[3], out=gates[0])
    sigmoids, all_four = gates[:3], gates[:4]
    sigmoids *= 0.5
    np.tanh(all_four, out=all_four)
    _become_sigmoids(sigmoids)
    o, i, f, g, squashed = gates
    cell = f * c
    cell += i * g
    np.tanh(cell, out=squashed)
    return o * squashed, cell, gates


def lstm_cell_pull(
    g_h: Any, g_c: Any, operands: Arrays, gates: Any, needs: tuple[bool, ...]
) -> Arrays:
    """Gradients of all operands; None if not needed, or of a result nobody used."""
    x, h, c, w_ih, w_hh = operands
    rows, n = c.shape
    o, i, f, g, squashed = gates
    slopes = np.empty_like(gates)
    np.subtract(1, gates[:3], out=slopes[:3])
    slopes[:3] *= gates[:3]
    np.multiply(gates[3:], gates[3:], out=slopes[3:])
    np.subtract(1, slopes[3:], out=slopes[3:])
    for slope, factor in zip(slopes, (squashed, g, c, i, o), strict=True):
        np.multiply(slope, factor, out=slope)
    e = slopes[4]  # the gradient of the cell
    e *= 0 if g_h is None else g_h
    if g_c is not None:
        e += g_c
    dz = np.empty((rows, 4, n), c.dtype)
    by_gate = dz.swapaxes(0, 1)
    np.multiply(slopes[1:4], e, out=by_gate[:3])
    np.multiply(slopes[0], 0 if g_h is None else g_h, out=by_gate[3])
    dz = dz.reshape(rows, 4 * n)
    dx, dw_ih, db_ih = _sums_of_weights(dz, x, w_ih, (needs[0], needs[3], needs[5]))
    dh, dw_hh, db_hh = _sums_of_weights(dz, h, w_hh, (needs[1], needs[4], needs[6]))
    return dx, dh, e * f if needs[2] else None, dw_ih, dw_hh, db_ih, db_hh


# GRU: gates r, z, n


def _gru_cell(x: Any, h: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> Arrays:
    xr, xz, xn = np.split(_affine(x, w_ih, b_ih), 3, axis=1)
    hr, hz, inner = np.split(_affine(h, w_hh, b_hh), 3, axis=1)
    r, z = _sigmoid(xr + hr), _sigmoid(xz + hz)
    n = np.tanh(xn + r * inner)
    return n + z * (h - n), np.stack([r, z, n, inner])


@instead_of(_gru_cell)
def gru_cell(x: Any, h: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> Arrays:
    """The next state; the gates and what the state gives to the last of them."""
    from_x, from_h = _by_gate(x, w_ih, 3), _by_gate(h, w_hh, 3)
    gates = np.empty((4, *h.shape), from_x.dtype)
    both, (r, z, n, inner) = gates[:2], gates
    np.add(from_x[:2], from_h[:2], out=both)
    both += _shift(b_ih, b_hh, 3, h.dtype)[:2]
    np.add(from_h[2], _shift(b_hh, None, 3, h.dtype)[2], out=inner)
    both *= 0.5
    np.tanh(both, out=both)
    _become_sigmoids(both)
    np.multiply(r, inner, out=n)
    n += from_x[2]
    if b_ih is not None:
        n += b_ih.reshape(3, -1)[2]
    np.tanh(n, out=n)
    state = h - n
    state *= z
    state += n
    return state, gates


def gru_cell_pull(d: Any, operands: Arrays, gates: Any, needs: tuple[bool, ...]) -> Arrays:
    """Gradients of all operands; None if not needed."""
    x, h, w_ih, w_hh = operands
    rows, width = h.shape
    r, z, n, inner = gates
    slopes = 1 - gates[:3]  # 1 − r, 1 − z, and last (1 − n²)(1 − z)
    np.multiply(n, n, out=slopes[2])
    np.subtract(1, slopes[2], out=slopes[2])
    slopes[2] *= slopes[1]
    slopes[2] *= d
    slopes[:2] *= gates[:2]
    slopes[0] *= inner
    slopes[0] *= slopes[2]
    onto_z = h - n
    onto_z *= d
    slopes[1] *= onto_z
    dx, ds = np.empty((rows, 3, width), h.dtype), np.empty((rows, 3, width), h.dtype)
    dx.swapaxes(0, 1)[:] = slopes
    ds[:, :2] = dx[:, :2]
    np.multiply(slopes[2], r, out=ds[:, 2])
    dx, ds = dx.reshape(rows, 3 * width), ds.reshape(rows, 3 * width)
    gx, dw_ih, db_ih = _sums_of_weights(dx, x, w_ih, (needs[0], needs[2], needs[4]))
    gh, dw_hh, db_hh = _sums_of_weights(ds, h, w_hh, (needs[1], needs[3], needs[5]))
    if gh is not None:
        gh += d * z
    return gx, gh, dw_ih, dw_hh, db_ih, db_hh


# Plain cell: tanh or ReLU of one sum


def _rnn_cell(x: Any, h: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, relu: bool) -> Any:
    z = _affine(x, w_ih, b_ih) + _affine(h, w_hh, b_hh)
    return np.maximum(z, 0) if relu else np.tanh(z)


@instead_of(_rnn_cell)
def rnn_cell(x: Any, h: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, relu: bool) -> Any:
    """The next state."""
    z = np.empty_like(h, order="C")
    np.add(_sum_by_gate(x, h, w_ih, w_hh, 1), _shift(b_ih, b_hh, 1, h.dtype), out=z[None])
    return np.maximum(z, 0, out=z) if relu else np.tanh(z, out=z)


def rnn_cell_pull(
    g: Any, operands: Arrays, out: Any, relu: bool, needs: tuple[bool, ...]
) -> Arrays:
    """Gradients of all operands; None if not needed."""
    x, h, w_ih, w_hh = operands
    if relu:
        dz = keep_where(out != 0, g)
    else:
        dz = out * out
        np.subtract(1, dz, out=dz)
        dz *= g
    dx, dw_ih, db_ih = _sums_of_weights(dz, x, w_ih, (needs[0], needs[2], needs[4]))
    dh, dw_hh, db_hh = _sums_of_weights(dz, h, w_hh, (needs[1], needs[3], needs[5]))
    return dx, dh, dw_ih, dw_hh, db_ih, db_hh
