"""Reductions: operations that make one value of many, over some axes or all of them.

`axis` is None (every axis), an integer or a tuple; what is reduced comes back to a gradient by
`restore`, which gives the lost axes length one, and `expand`, which repeats without copying.
"""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np

from .._dtypes import WIDE
from .._kernels.broadcast import spread
from .._kernels.reduction import product, row_maxima, square_sum, total
from .._op import Op, op
from .elementwise import where
from .gathering import gather, ungather
from .scan import cumprod, shift
from .shape import expand, reshape

__all__ = [
    "all",
    "amax",
    "amin",
    "any",
    "argmax",
    "argmin",
    "axes_of",
    "count_nonzero",
    "length_over",
    "logsumexp",
    "max",
    "max_along",
    "mean",
    "min",
    "min_along",
    "norm",
    "prod",
    "restore",
    "std",
    "sum",
    "var",
]

# NumPy's stubs know no `keepdims: bool`; also faster than np.sum and its kind, by 3 times
_sum: Any = np.add.reduce
_product: Any = np.multiply.reduce
_largest: Any = np.maximum.reduce
_smallest: Any = np.minimum.reduce
_some: Any = np.logical_or.reduce
_every: Any = np.logical_and.reduce

Axis = int | tuple[int, ...] | None


def axes_of(axis: Axis, ndim: int) -> tuple[int, ...]:
    """The axes that `axis` means in an array of `ndim` dimensions, none of them negative."""
    if axis is None:
        return tuple(range(ndim))
    if isinstance(axis, tuple):
        return tuple(a % ndim for a in axis) if ndim else ()
    return (axis % ndim,) if ndim else ()


def length_over(shape: tuple[int, ...], axis: Axis) -> int:
    """How many elements of an array of `shape` meet in one result of a reduction over `axis`."""
    if axis is None:
        return math.prod(shape)
    return math.prod(shape[a] for a in axes_of(axis, len(shape)))


def restore(g: Any, shape: tuple[int, ...], axis: Axis, keepdims: bool) -> Any:
    """`g` with the axes back, at length one, that a reduction of an array of `shape` took away."""
    if keepdims or g.ndim == len(shape):
        return g
    if axis.__class__ is int:
        place = axis % len(shape)
        kept = (*shape[:place], 1, *shape[place + 1 :])
    else:
        lost = axes_of(axis, len(shape))
        kept = tuple(1 if a in lost else n for a, n in enumerate(shape))
    return g.reshape(kept) if g.__class__ is np.ndarray else reshape(g, shape=kept)


def _spread(g: Any, shape: tuple[int, ...], axis: Axis, keepdims: bool) -> Any:
    """`g` repeated to the reduced array's `shape`: each element sees its result's gradient."""
    if axis is not None:
        g = restore(g, shape, axis, keepdims)
    if isinstance(g, (np.ndarray, np.generic)):
        return spread(g, shape)
    return expand(g, shape=shape)


def _flat(x: Any, axis: Axis) -> Any:
    """`axis` as NumPy takes it: an array without dimensions has none to name."""
    return axis if x.ndim else None


def _add(x: Any, axis: Axis, keepdims: bool) -> Any:
    """Sum with torch's result types: integers count in int64, halves add up in float32."""
    dtype, axis = x.dtype, axis if x.ndim else None  # without dimensions there is none to name
    if dtype.kind != "f":
        return _sum(x, axis=axis, keepdims=keepdims, dtype=np.int64)
    if dtype.itemsize == 2:
        return total(x.astype(np.float32), axis, keepdims).astype(dtype)
    return total(x, axis, keepdims)


# --- sums ------------------------------------------------------------------------------------


@op(kind="linear", label="Σ", onnx="ReduceSum")
def sum(x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """Sum of `x` over `axis`; integers and booleans give int64."""
    if axis is None and x.dtype in WIDE:
        return _sum(x, axis=None, keepdims=keepdims)
    return _add(x, axis, keepdims)


@sum.rule
def _(g: Any, x_shape: Any, axis: Axis, keepdims: bool) -> Any:
    return _spread(g, x_shape, axis, keepdims)


@op(kind="linear", onnx="ReduceMean")
def mean(x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """Arithmetic mean of `x` over `axis`; NaN over nothing."""
    if axis is None and x.dtype in WIDE:
        return _sum(x, axis=None, keepdims=keepdims) / x.dtype.type(x.size)
    count = length_over(x.shape, axis)
    if x.dtype.itemsize == 2:
        wide = x.astype(np.float32)
        return (total(wide, _flat(x, axis), keepdims) / _real(count, wide)).astype(x.dtype)
    return total(x, _flat(x, axis), keepdims) / _real(count, x)


def _real(number: float, like: Any) -> Any:
    """`number` as a scalar of `like`'s type, so that 0/0 is NaN and no Python exception."""
    return like.dtype.type(number)


@mean.rule
def _(g: Any, x_shape: Any, axis: Axis, keepdims: bool) -> Any:
    count = length_over(x_shape, axis)
    return _spread(g / count if count else g, x_shape, axis, keepdims)


# --- variance --------------------------------------------------------------------------------


def _squares(x: Any, axis: Axis, keepdims: bool, correction: float) -> Any:
    """The variance; `correction` is taken from the number of elements."""
    count = length_over(x.shape, axis)
    wide = x.astype(np.float32) if x.dtype.itemsize == 2 else x
    apart = wide - total(wide, _flat(x, axis), True) / _real(count, wide)
    squares = square_sum(apart, _flat(x, axis), keepdims)
    freedom = builtins.max(0.0, count - correction)
    if not freedom:
        with np.errstate(divide="ignore", invalid="ignore"):
            return squares / _real(0, wide)
    return squares / _real(freedom, wide)


@op(kind="reduction")
def var(x: Any, *, axis: Axis = None, correction: float = 1, keepdims: bool = False) -> Any:
    """Variance of `x` over `axis`: Σ (x − mean)² / (n − correction)."""
    return _squares(x, axis, keepdims, correction).astype(x.dtype, copy=False)


@var.rule
def _(g: Any, x: Any, axis: Axis, correction: float, keepdims: bool) -> Any:
    scale = _variance_scale(x.shape, axis, correction)
    return restore(g, x.shape, axis, keepdims) * scale * (x - mean(x, axis=axis, keepdims=True))


def _variance_scale(shape: tuple[int, ...], axis: Axis, correction: float) -> float:
    """2 / (n − correction), the factor of the variance's gradient."""
    freedom = builtins.max(0.0, length_over(shape, axis) - correction)
    return 2 / freedom if freedom else math.nan


@op(kind="reduction")
def std(x: Any, *, axis: Axis = None, correction: float = 1, keepdims: bool = False) -> Any:
    """Standard deviation of `x` over `axis`: the root of `var`.

    Gradient: 0 where the deviation is 0.
    """
    return np.sqrt(_squares(x, axis, keepdims, correction)).astype(x.dtype, copy=False)


@std.rule
def _(g: Any, x: Any, out: Any, axis: Axis, correction: float, keepdims: bool) -> Any:
    scale = _variance_scale(x.shape, axis, correction) / 2
    pull = restore(divide_or_zero(g, out), x.shape, axis, keepdims)
    return pull * scale * (x - mean(x, axis=axis, keepdims=True))


def divide_or_zero(g: Any, y: Any) -> Any:
    """The quotient g / y, and 0 where `y` is 0: the subgradient of norms and deviations."""
    still = y == 0
    return where(still, 0.0, g / where(still, 1.0, y))


# --- extremes --------------------------------------------------------------------------------


@op(kind="constant")
def tie_share(x: Any, best: Any, *, axis: Axis = None) -> Any:
    """The share of each element in its extreme: 1/k for each of k that equal `best`, else 0.

    A NaN in `best` belongs to the elements that are NaN.
    """
    same = x == best
    if x.dtype.kind == "f" and not (best == best).all():  # noqa: PLR0124 - NaN differs from itself
        same |= np.isnan(x) & np.isnan(best)
    # counted in integers and divided in double: halves overflow at 65,520 equal elements
    count = _sum(same, axis=_flat(x, axis), keepdims=True, dtype=np.int64)
    return (same / np.maximum(count, 1)).astype(x.dtype)


def _pull_to_ties(g: Any, x: Any, out: Any, axis: Axis, keepdims: bool) -> Any:
    """The gradient split evenly over the elements that equal the extreme `out`."""
    share = tie_share(x, restore(out, x.shape, axis, keepdims), axis=axis)
    return restore(g, x.shape, axis, keepdims) * share


@op(kind="reduction", onnx="ReduceMax")
def amax(x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """Largest elements of `x` over `axis`; NaN wins. Ties share the gradient evenly."""
    if axis == -1 or (axis.__class__ is int and axis == x.ndim - 1):
        found = row_maxima(x)
        return found[..., None] if keepdims else found
    return _largest(x, axis=_flat(x, axis), keepdims=keepdims)


@op(kind="reduction", onnx="ReduceMin")
def amin(x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """Smallest elements of `x` over `axis`; NaN wins. Ties share the gradient evenly."""
    return _smallest(x, axis=_flat(x, axis), keepdims=keepdims)


amax.rule(_pull_to_ties)
amin.rule(_pull_to_ties)


@op(kind="reduction", onnx="ReduceMax")
def max(x: Any) -> Any:
    """Largest element of `x`; NaN wins. Ties share the gradient evenly."""
    return _largest(x, axis=None)


@op(kind="reduction", onnx="ReduceMin")
def min(x: Any) -> Any:
    """Smallest element of `x`; NaN wins. Ties share the gradient evenly."""
    return _smallest(x, axis=None)


def pull_to_ties_of_all(g: Any, x: Any, out: Any) -> Any:
    """The gradient of one extreme of all, split evenly; the other elements get 0, not 0 · ∞."""
    share = tie_share(x, out)
    pulled = g * share
    return pulled if math.isfinite(g) else where(share == 0, 0.0, pulled)


max.rule(pull_to_ties_of_all)
min.rule(pull_to_ties_of_all)


@op(kind="constant", onnx="ArgMax")
def argmax(x: Any, *, axis: int | None = None, keepdims: bool = False) -> Any:
    """Position of the largest element along `axis`, the first of equals; NaN before all."""
    if not keepdims and x.ndim:
        return x.argmax(axis)
    return np.argmax(x, axis=_flat(x, axis), keepdims=keepdims)


@op(kind="constant", onnx="ArgMin")
def argmin(x: Any, *, axis: int | None = None, keepdims: bool = False) -> Any:
    """Position of the smallest element along `axis`, the first of equals; NaN before all."""
    if not keepdims and x.ndim:
        return x.argmin(axis)
    return np.argmin(x, axis=_flat(x, axis), keepdims=keepdims)


def pick(x: Any, indices: Any, axis: int, keepdims: bool) -> Any:
    """The elements at `indices`, of length one along `axis`."""
    if not x.ndim:
        return x.copy()
    values = gather.forward(x, indices, axis=axis)
    return values if keepdims else np.squeeze(values, axis)


def pull_to_index(g: Any, x_shape: Any, indices: Any, axis: int, keepdims: bool) -> Any:
    """The gradient of the values goes to the one element that was taken."""
    places = restore(indices, x_shape, axis, keepdims)
    g = restore(g[0], x_shape, axis, keepdims)
    return ungather(g, places, shape=x_shape, axis=axis, distinct=True)


def _along(find: str, x: Any, axis: int, keepdims: bool) -> tuple[Any, Any]:
    """Values and indices that `find` (argmax or argmin) chooses along `axis`."""
    if not x.ndim:
        return x.copy(), np.zeros((), np.int64)
    indices = getattr(x, find)(axis)
    if axis in {-1, x.ndim - 1} and x.size:  # np.argmax found them: nothing is left to check
        rows = indices.reshape(-1)
        values = x.reshape(-1).take(rows + np.arange(0, x.size, x.shape[-1])).reshape(indices.shape)
        return (values[..., None], indices[..., None]) if keepdims else (values, indices)
    kept = np.expand_dims(indices, axis)
    return pick(x, kept, axis, keepdims), kept if keepdims else indices


@op(kind="reduction", outputs=("values", "indices"))
def max_along(x: Any, *, axis: int, keepdims: bool = False) -> Any:
    """Largest elements along `axis` and where they are: the first of equals, a NaN before all."""
    return _along("argmax", x, axis, keepdims)


@op(kind="reduction", outputs=("values", "indices"))
def min_along(x: Any, *, axis: int, keepdims: bool = False) -> Any:
    """Smallest elements along `axis` and where they are: the first of equals, a NaN before all."""
    return _along("argmin", x, axis, keepdims)


max_along.rule(pull_to_index)
min_along.rule(pull_to_index)


# --- products --------------------------------------------------------------------------------


@op(kind="reduction", label="Π", onnx="ReduceProd")
def prod(x: Any, *, axis: int | None = None, keepdims: bool = False) -> Any:
    """Product of `x` over one axis or all; integers and booleans give int64.

    Gradient: the product of the other elements, at any number of zeros and in any order.
    """
    axis = _flat(x, axis)
    if x.dtype.kind != "f":
        return _product(x, axis=axis, keepdims=keepdims, dtype=np.int64)
    if x.dtype.itemsize == 2:
        return product(x.astype(np.float32), axis, keepdims).astype(x.dtype)
    return product(x, axis, keepdims)


@prod.rule
def _(g: Any, x: Any, out: Any, axis: int | None, keepdims: bool) -> Any:
    if axis is None and np.count_nonzero(x == 0) > 1:
        return np.zeros_like(x)  # no element alone moves the product: nothing, not 0 · ∞
    return _prod_pull(g, x, out, axis, keepdims)


@prod.again
def _prod_pull(g: Any, x: Any, out: Any, axis: int | None, keepdims: bool) -> Any:
    g = restore(g, x.shape, axis, keepdims)
    if not (x == 0).any():
        return g * (restore(out, x.shape, axis, keepdims) / x)
    return g * _product_of_others(x, axis)


def _product_of_others(x: Any, axis: int | None) -> Any:
    """For each element the product of the others over `axis`, without dividing."""
    if not x.ndim:
        return x * 0 + 1
    if axis is None:
        return reshape(_product_of_others(reshape(x, shape=(-1,)), 0), shape=x.shape)
    before = cumprod(shift(x, axis=axis, by=1, fill=1), axis=axis)
    after = cumprod(shift(x, axis=axis, by=-1, fill=1), axis=axis, reverse=True)
    return before * after


# --- logarithms of sums, norms ---------------------------------------------------------------


@op(kind="reduction", onnx="ReduceLogSumExp", dtypes="float")
def logsumexp(x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """The logarithm log Σ exp(x) over `axis`; the largest is taken out first: no overflow."""
    axis = _flat(x, axis)
    top = _largest(x, axis=axis, keepdims=True, initial=-np.inf)
    top = np.where(np.isfinite(top), top, _real(0, x))
    out = np.log(total(np.exp(x - top), axis, True)) + top
    return out if keepdims else out.reshape(_shape_without(x.shape, axis))


def _shape_without(shape: tuple[int, ...], axis: Axis) -> tuple[int, ...]:
    """`shape` after a reduction over `axis`."""
    lost = axes_of(axis, len(shape))
    return tuple(n for a, n in enumerate(shape) if a not in lost)


@logsumexp.rule
def _(g: Any, x: Any, out: Any, axis: Axis, keepdims: bool) -> Any:
    g, out = (restore(a, x.shape, axis, keepdims) for a in (g, out))
    return g * np.exp(x - out)


@op(kind="reduction", label="‖·‖")
def norm(x: Any, *, p: float = 2.0, axis: Axis = None, keepdims: bool = False) -> Any:
    """The p-norm (Σ |x|ᵖ)^(1/p) over `axis`: largest and smallest |x| at ±inf, a count at 0.

    Gradient: 0 where the norm is 0; ties at p = ±inf share it.
    """
    axis = _flat(x, axis)
    wide = x.astype(np.float32) if x.dtype.itemsize == 2 else x
    return _norm(wide, p, axis, keepdims).astype(x.dtype, copy=False)


def _norm(x: Any, p: float, axis: Axis, keepdims: bool) -> Any:
    if p == 2:
        return np.sqrt(square_sum(x, axis, keepdims))
    if p == 0:
        return _sum(x != 0, axis=axis, keepdims=keepdims, dtype=x.dtype)
    size = np.abs(x)
    if p == 1:
        return _sum(size, axis=axis, keepdims=keepdims)
    if p == math.inf:
        return _largest(size, axis=axis, keepdims=keepdims, initial=0)
    if p == -math.inf:
        return _smallest(size, axis=axis, keepdims=keepdims, initial=math.inf)
    return _sum(size**p, axis=axis, keepdims=keepdims) ** (1 / p)


@norm.rule
def _(g: Any, x: Any, out: Any, p: float, axis: Axis, keepdims: bool) -> Any:
    g, out = (restore(a, x.shape, axis, keepdims) for a in (g, out))
    if p == 2:
        return x * divide_or_zero(g, out)
    if p == 1:
        return g * _sign(x)
    if p == 0:
        return where(x == x, 0.0, g)  # noqa: PLR0124 - zeros in the shape of x
    if math.isinf(p):
        return g * _sign(x) * tie_share(np.abs(x), out, axis=axis)
    return _pull_norm(g, x, out, p)


def _sign(x: Any) -> Any:
    """The sign, 0 for NaN."""
    return where(np.isnan(x), 0.0, np.sign(x))


def _pull_norm(g: Any, x: Any, out: Any, p: float) -> Any:
    """The product g · sign(x) · (|x| / out)^(p−1), with 0 where a factor would be infinite."""
    if p < 1:  # |x|^(p−1) is infinite at 0
        still = x == 0
        power = np.abs(where(still, 1.0, x)) ** (p - 1)
        return np.sign(x) * power * g * out ** (1 - p)
    pull = divide_or_zero(g, out ** (p - 1))
    if p < 2:
        return np.sign(x) * np.abs(x) ** (p - 1) * pull
    return x * np.abs(x) ** (p - 2) * pull


@norm.again
def _(g: Any, x: Any, out: Any, p: float, axis: Axis, keepdims: bool) -> Any:
    """The same with bare quotients: where the norm is 0 its second derivative is NaN, not 0."""
    g, out = (restore(a, x.shape, axis, keepdims) for a in (g, out))
    if p == 2:
        return g * where(out == 0, 0.0, x / out)
    if p == 1:
        return g * _sign(x)
    if p == 0:
        return where(x == x, 0.0, g)  # noqa: PLR0124 - zeros in the shape of x
    if math.isinf(p):
        return g * _sign(x) * tie_share(np.abs(x), out, axis=axis)
    if p < 1:
        return np.sign(x) * where(x == 0, 0.0, np.abs(x) ** (p - 1)) * g * out ** (1 - p)
    power = np.sign(x) * np.abs(x) ** (p - 1) if p < 2 else x * np.abs(x) ** (p - 2)
    return power * where(out == 0, 0.0, g / out ** (p - 1))


# --- counting and truth ----------------------------------------------------------------------


def _constant_reduction(name: str, forward: Any, doc: str) -> Op:
    """A reduction without a gradient."""
    made: Op = op(kind="constant")(_named(name, forward, doc))
    return made


def _named(name: str, forward: Any, doc: str) -> Any:
    def function(x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
        return forward(x, _flat(x, axis), keepdims)

    function.__name__, function.__doc__ = name, doc
    return function


any = _constant_reduction(
    "any",
    lambda x, axis, keepdims: _some(x, axis=axis, keepdims=keepdims),
    "Whether any element over `axis` is not zero.",
)
all = _constant_reduction(
    "all",
    lambda x, axis, keepdims: _every(x, axis=axis, keepdims=keepdims),
    "Whether every element over `axis` is not zero.",
)
count_nonzero = _constant_reduction(
    "count_nonzero",
    lambda x, axis, keepdims: _sum(x != 0, axis=axis, keepdims=keepdims, dtype=np.int64),
    "Number of elements over `axis` that are not zero.",
)
