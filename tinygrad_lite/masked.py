"""Reductions and normalisations that see only what a mask lets through.

    torch.masked.mean(x, dim=1, mask=x > 0)

`mask` is broadcast to the input; what it hides is replaced by the value that the operation does
not notice (0 for a sum, -inf for a maximum), and so gets no gradient. Where nothing is left, that
value is the result, NaN for a mean.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ._dtypes import of
from ._functions import reduction as full, scan
from ._functions._dims import as_dtype, axes_of
from ._functions.sorting import nanmedian
from ._nodes import make
from .nn import functional
from .ops import elementwise as el

__all__ = [
    "amax",
    "amin",
    "argmax",
    "argmin",
    "cumprod",
    "cumsum",
    "log_softmax",
    "logaddexp",
    "logsumexp",
    "mean",
    "median",
    "norm",
    "normalize",
    "prod",
    "softmax",
    "softmin",
    "std",
    "sum",
    "var",
]


def _filled(x: Any, mask: Any, value: Any) -> Any:
    """`x` with `value` where the mask hides it."""
    if mask is None:
        return x
    if mask._array.dtype.kind != "b":
        mask = mask.bool()
    return el.where(mask, x, np.asarray(value, x._array.dtype))


def _lowest(x: Any) -> Any:
    """The value that no maximum notices."""
    kind = x._array.dtype.kind
    return -math.inf if kind == "f" else False if kind == "b" else np.iinfo(x._array.dtype).min


def _highest(x: Any) -> Any:
    """The value that no minimum notices."""
    kind = x._array.dtype.kind
    return math.inf if kind == "f" else True if kind == "b" else np.iinfo(x._array.dtype).max


def _widened(x: Any, dtype: Any) -> Any:
    """`x` in the type asked for; else integers in int64."""
    if dtype is None and x._array.dtype.kind in "biu":
        return as_dtype(x, np.int64)
    return as_dtype(x, dtype)


def sum(
    input: Any, dim: Any = None, *, keepdim: bool = False, dtype: Any = None, mask: Any = None
) -> Any:
    """Sum over `dim` of what the mask shows; 0 of nothing."""
    return full.sum(_filled(_widened(input, dtype), mask, 0), dim, keepdim, dtype=dtype)


def prod(
    input: Any, dim: Any = None, *, keepdim: bool = False, dtype: Any = None, mask: Any = None
) -> Any:
    """Product over `dim` of what the mask shows; 1 of nothing."""
    x = _filled(_widened(input, dtype), mask, 1)
    axes = axes_of(x, dim)
    axes = range(x._array.ndim) if axes is None else (axes,) if isinstance(axes, int) else axes
    for axis in sorted(axes, reverse=True):
        x = full.prod(x, axis, keepdim)
    return as_dtype(x, dtype)


def cumsum(input: Any, dim: int, *, dtype: Any = None, mask: Any = None) -> Any:
    """Running sum along `dim` of what the mask shows."""
    return scan.cumsum(_filled(as_dtype(input, dtype), mask, 0), dim, dtype=dtype or input.dtype)


def cumprod(input: Any, dim: int, *, dtype: Any = None, mask: Any = None) -> Any:
    """Running product along `dim` of what the mask shows."""
    return scan.cumprod(_filled(as_dtype(input, dtype), mask, 1), dim, dtype=dtype or input.dtype)


def amax(
    input: Any, dim: Any = None, *, keepdim: bool = False, dtype: Any = None, mask: Any = None
) -> Any:
    """Largest elements over `dim` that the mask shows; -inf of nothing."""
    x = as_dtype(input, dtype)
    return full.amax(_filled(x, mask, _lowest(x)), () if dim is None else dim, keepdim)


def amin(
    input: Any, dim: Any = None, *, keepdim: bool = False, dtype: Any = None, mask: Any = None
) -> Any:
    """Smallest elements over `dim` that the mask shows; inf of nothing."""
    x = as_dtype(input, dtype)
    return full.amin(_filled(x, mask, _highest(x)), () if dim is None else dim, keepdim)


def argmax(
    input: Any, dim: Any = None, *, keepdim: bool = False, dtype: Any = None, mask: Any = None
) -> Any:
    """Position along `dim` of the largest element that the mask shows, in the type of `input`."""
    x = as_dtype(input, dtype)
    found = full.argmax(_filled(x, mask, _lowest(x)), dim, keepdim)
    return as_dtype(found, x._array.dtype)


def argmin(
    input: Any, dim: Any = None, *, keepdim: bool = False, dtype: Any = None, mask: Any = None
) -> Any:
    """Position along `dim` of the smallest element that the mask shows, in the type of `input`."""
    x = as_dtype(input, dtype)
    found = full.argmin(_filled(x, mask, _highest(x)), dim, keepdim)
    return as_dtype(found, x._array.dtype)


def _count(x: Any, mask: Any, dim: Any, keepdim: bool) -> Any:
    """How many elements over `dim` the mask shows, in the type of `x`."""
    shown = np.ones(x._array.shape, bool) if mask is None else mask._array != 0
    shown = np.broadcast_to(shown, x._array.shape)
    axis = axes_of(x, dim) if x._array.ndim else None
    found: Any = np.count_nonzero(shown, axis=axis, keepdims=keepdim)
    return make(np.asarray(found, x._array.dtype), None)


def mean(
    input: Any, dim: Any = None, *, keepdim: bool = False, dtype: Any = None, mask: Any = None
) -> Any:
    """Mean over `dim` of what the mask shows; NaN of nothing."""
    x = as_dtype(input, dtype)
    if mask is None:
        return full.mean(x, dim, keepdim)
    return el.div(full.sum(_filled(x, mask, 0), dim, keepdim), _count(x, mask, dim, keepdim))


def median(
    input: Any, dim: int = -1, *, keepdim: bool = False, dtype: Any = None, mask: Any = None
) -> Any:
    """The lower median along `dim` of what the mask shows; NaN of nothing."""
    x = as_dtype(input, dtype)
    if x._array.dtype.kind != "f":
        raise ValueError(f"input must have floating-point dtype, got {of(x._array.dtype)!r}")
    return nanmedian(_filled(x, mask, math.nan), dim, keepdim).values


def norm(
    input: Any,
    ord: Any = 2.0,
    dim: Any = None,
    *,
    keepdim: bool = False,
    dtype: Any = None,
    mask: Any = None,
) -> Any:
    """The norm of order `ord` over `dim` of what the mask shows."""
    x = as_dtype(input, dtype)
    return full.norm(_filled(x, mask, 0 if ord >= 0 else math.inf), ord, dim, keepdim)


def var(
    input: Any,
    dim: Any = None,
    unbiased: Any = None,
    *,
    correction: Any = None,
    keepdim: bool = False,
    dtype: Any = None,
    mask: Any = None,
) -> Any:
    """Variance over `dim` of what the mask shows: Σ (x − mean)² / (n − correction)."""
    x = as_dtype(input, dtype)
    if x._array.dtype.kind != "f":
        x = x.float()
    if correction is None:
        correction = 1 if unbiased is None else int(unbiased)
    count = _count(x, mask, dim, True)
    centre = el.div(full.sum(_filled(x, mask, 0), dim, True), count)
    apart = _filled(el.sub(x, centre), mask, 0)
    total = full.sum(el.mul(apart, apart), dim, keepdim)
    freedom = np.maximum(_count(x, mask, dim, keepdim)._array - correction, 0)
    return el.div(total, make(freedom.astype(x._array.dtype), None))


def std(
    input: Any,
    dim: Any = None,
    unbiased: Any = None,
    *,
    correction: Any = None,
    keepdim: bool = False,
    dtype: Any = None,
    mask: Any = None,
) -> Any:
    """Standard deviation over `dim` of what the mask shows: the root of `var`."""
    return el.sqrt(
        var(input, dim, unbiased, correction=correction, keepdim=keepdim, dtype=dtype, mask=mask)
    )


def softmax(input: Any, dim: int, *, dtype: Any = None, mask: Any = None) -> Any:
    """Softmax along `dim` over what the mask shows; 0 where it hides."""
    return functional.softmax(_filled(as_dtype(input, dtype), mask, -math.inf), dim)


def log_softmax(input: Any, dim: int, *, dtype: Any = None, mask: Any = None) -> Any:
    """Logarithm of softmax along `dim` over what the mask shows; -inf where it hides."""
    return functional.log_softmax(_filled(as_dtype(input, dtype), mask, -math.inf), dim)


def softmin(input: Any, dim: int, *, dtype: Any = None, mask: Any = None) -> Any:
    """Softmax of −input along `dim` over what the mask shows; 0 where it hides."""
    return functional.softmin(_filled(as_dtype(input, dtype), mask, math.inf), dim)


def normalize(
    input: Any, ord: Any, dim: int, *, eps: float = 1e-12, dtype: Any = None, mask: Any = None
) -> Any:
    """The input divided by its norm along `dim`, at least `eps`, of what the mask shows."""
    x = as_dtype(input, dtype)
    size = norm(x, ord, dim, keepdim=True, mask=mask)
    least = make(np.full((), eps, x._array.dtype), None)
    return el.div(_filled(x, mask, 0), el.maximum(size, least))


def logsumexp(
    input: Any, dim: Any = None, *, keepdim: bool = False, dtype: Any = None, mask: Any = None
) -> Any:
    """The logarithm log Σ exp(x) over `dim` of what the mask shows; -inf of nothing."""
    x = as_dtype(input, dtype)
    dims = tuple(range(x._array.ndim)) if dim is None else dim
    found = full.logsumexp(_filled(x, mask, _lowest(x)), dims, keepdim)
    return as_dtype(found, x._array.dtype)


def logaddexp(
    input: Any, other: Any, *, dtype: Any = None, input_mask: Any = None, other_mask: Any = None
) -> Any:
    """The logarithm log(exp(x) + exp(y)) of what the masks show; -inf where they show nothing."""
    x, y = as_dtype(input, dtype), as_dtype(other, dtype)
    return el.logaddexp(_filled(x, input_mask, -math.inf), _filled(y, other_mask, -math.inf))
