"""Scans: running sums, products and extremes along one axis.

`recurrence`, y_k = b_k + a_k · y_(k−1), is closed under differentiation and never divides; it is
what keeps the gradients of running products right at zeros, in every order.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._op import op
from .elementwise import where
from .gathering import ungather

__all__ = [
    "cummax",
    "cummin",
    "cumprod",
    "cumsum",
    "logcumsumexp",
    "recurrence",
    "shift",
]


def _turned(x: Any, axis: int, reverse: bool) -> Any:
    """`x`, read from the far end along `axis` if `reverse`."""
    return np.flip(x, axis) if reverse else x


@op(kind="linear")
def shift(x: Any, *, axis: int, by: int, fill: float = 0) -> Any:
    """`x` moved by `by` places along `axis`; what comes free is `fill`."""
    out = np.full_like(x, fill)
    n = x.shape[axis]
    if abs(by) < n:
        ahead, back = [slice(None)] * x.ndim, [slice(None)] * x.ndim
        ahead[axis] = slice(by, None) if by > 0 else slice(None, n + by)
        back[axis] = slice(None, n - by) if by > 0 else slice(-by, None)
        out[tuple(ahead)] = x[tuple(back)]
    return out


shift.rule(lambda g, axis, by: shift(g, axis=axis, by=-by))


def _accumulated(ufunc: Any, x: Any, axis: int) -> Any:
    """Running sums or products; floats run in double, one rounding each, as in torch."""
    if x.dtype.kind != "f":
        return ufunc.accumulate(x, axis=axis, dtype=np.int64)
    return ufunc.accumulate(x, axis=axis, dtype=np.float64).astype(x.dtype, copy=False)


@op(kind="linear", onnx="CumSum")
def cumsum(x: Any, *, axis: int, reverse: bool = False) -> Any:
    """Running sum of `x` along `axis`, from the far end if `reverse`; integers give int64."""
    if not x.ndim:
        return x.copy() if x.dtype.kind == "f" else x.astype(np.int64)
    return _turned(_accumulated(np.add, _turned(x, axis, reverse), axis), axis, reverse)


cumsum.rule(lambda g, axis, reverse: cumsum(g, axis=axis, reverse=not reverse))


@op(kind="bilinear")
def recurrence(a: Any, b: Any, *, axis: int, reverse: bool = False) -> Any:
    """y_k = b_k + a_k · y_(k−1) along `axis`, from the far end if `reverse`; the first is b."""
    out = np.empty(np.broadcast_shapes(a.shape, b.shape), np.result_type(a, b))
    lane_a = np.moveaxis(_turned(np.broadcast_to(a, out.shape), axis, reverse), axis, 0)
    lane_b = np.moveaxis(_turned(np.broadcast_to(b, out.shape), axis, reverse), axis, 0)
    lane = np.moveaxis(_turned(out, axis, reverse), axis, 0)
    last: Any = None
    for k in range(lane.shape[0]):
        lane[k] = lane_b[k] if last is None else lane_b[k] + lane_a[k] * last
        last = lane[k]
    return out


@recurrence.joint
def _(g: Any, a: Any, out: Any, axis: int, reverse: bool) -> Any:
    step = -1 if reverse else 1
    pull = recurrence(shift(a, axis=axis, by=-step), g, axis=axis, reverse=not reverse)
    return pull * shift(out, axis=axis, by=step), pull


@op(kind="scan")
def cumprod(x: Any, *, axis: int, reverse: bool = False) -> Any:
    """Running product of `x` along `axis`, from the far end if `reverse`; integers give int64."""
    if not x.ndim:
        return x.copy() if x.dtype.kind == "f" else x.astype(np.int64)
    return _turned(_accumulated(np.multiply, _turned(x, axis, reverse), axis), axis, reverse)


@cumprod.rule
def _(g: Any, x: Any, out: Any, axis: int, reverse: bool) -> Any:
    """Zeros divide a lane by choices, not by products: no 0 · ∞ of gradients behind a zero.

    What comes before the first zero hears of the results before it alone; the zero itself of those
    from it up to the second; all behind it of none.
    """
    if not x.ndim:
        return g
    zeros = x == 0
    if not zeros.any():
        return cumsum(g * out, axis=axis, reverse=not reverse) / x
    seen = cumsum(zeros, axis=axis, reverse=reverse)
    first = zeros & (seen == 1)
    bridged = cumprod(where(first, 1.0, x), axis=axis, reverse=reverse)
    by_first = np.add.reduce(where(seen == 1, g * bridged, 0.0), axis=axis, keepdims=True)
    earlier = where(seen == 0, g * out, 0.0)
    ahead = cumsum(earlier, axis=axis, reverse=not reverse) / where(zeros, 1.0, x)
    return where(first, by_first, where(seen == 0, ahead, 0.0))


@cumprod.again
def _(g: Any, x: Any, out: Any, axis: int, reverse: bool) -> Any:
    if not x.ndim:
        return g
    if not (x == 0).any():
        return cumsum(g * out, axis=axis, reverse=not reverse) / x
    # gx_k = Π_(i<k) x_i · Σ_(j≥k) g_j Π_(k<i≤j) x_i; the sum is a recurrence from the far end
    step = -1 if reverse else 1
    before = shift(out, axis=axis, by=step, fill=1)
    after = recurrence(shift(x, axis=axis, by=-step), g, axis=axis, reverse=not reverse)
    return before * after


@op(kind="scan", dtypes="float")
def logcumsumexp(x: Any, *, axis: int, reverse: bool = False) -> Any:
    """Running log Σ exp(x) along `axis`, from the far end if `reverse`."""
    if not x.ndim:
        return x.copy()
    return _turned(np.logaddexp.accumulate(_turned(x, axis, reverse), axis=axis), axis, reverse)


@logcumsumexp.rule
def _(g: Any, x: Any, out: Any, axis: int, reverse: bool) -> Any:
    if not x.ndim:
        return g
    # r_k = Σ_(j≥k) g_j exp(out_k − out_j): no exponent is positive, since `out` only grows
    step = -1 if reverse else 1
    decay = np.exp(_gap(out, shift(out, axis=axis, by=-step, fill=np.inf)))
    return np.exp(_gap(x, out)) * recurrence(decay, g, axis=axis, reverse=not reverse)


def _gap(x: Any, y: Any) -> Any:
    """The difference x − y, and −inf where both are −inf: nothing flows to what weighs nothing."""
    void = x == -np.inf
    return where(void, -np.inf, where(void, 0.0, x) - y)


def _running(x: Any, axis: int, better: Any) -> tuple[Any, Any]:
    """Running extremes and where they stand; the later of equals, and a NaN stays."""
    if not x.ndim:
        return x.copy(), np.zeros((), np.int64)
    values = better.accumulate(x, axis=axis)
    new = (x == values) | np.isnan(x) if x.dtype.kind == "f" else x == values
    n = x.shape[axis]
    places = np.arange(n).reshape([-1 if a == axis % x.ndim else 1 for a in range(x.ndim)])
    return values, np.maximum.accumulate(np.where(new, places, 0), axis=axis)


@op(kind="scan", outputs=("values", "indices"))
def cummax(x: Any, *, axis: int) -> Any:
    """Running largest elements along `axis` and where they stand, the later of equals."""
    return _running(x, axis, np.maximum)


@op(kind="scan", outputs=("values", "indices"))
def cummin(x: Any, *, axis: int) -> Any:
    """Running smallest elements along `axis` and where they stand, the later of equals."""
    return _running(x, axis, np.minimum)


def _pull_to_places(g: Any, indices: Any, x_shape: Any, axis: int) -> Any:
    """Every running value's gradient goes to the element it was, adding up."""
    return ungather(g[0], indices, shape=x_shape, axis=axis)


cummax.rule(_pull_to_places)
cummin.rule(_pull_to_places)
