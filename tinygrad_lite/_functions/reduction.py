"""Reductions of PyTorch: torch.sum(x, dim), x.mean(), x.max(dim).values and their kind."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from .. import return_types
from .._tensor import NUMPY_FUNCTIONS, Tensor
from ..linalg._norm import matrix_norm
from ..ops import elementwise as el, reduction as ops
from ._dims import as_dtype, axes_of, axis_of, legacy_name
from ._surface import need_tensor, surface

__all__: list[str] = []


# --- sums and means --------------------------------------------------------------------------


@surface(numpy=(np.sum, (np.add, "reduce")), alone=ops.sum)
def sum(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """Sum over `dim`, every dimension when None.

    Integers and booleans give int64. Gradient: every element gets that of its sum.

    >>> import tinygrad_lite as torch
    >>> torch.sum(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), dim=0)
    tensor([4., 6.])
    """
    axis = None if dim is None else axes_of(input, dim)
    if dtype is None:
        return ops.sum.run(input, axis, keepdim)
    return as_dtype(ops.sum.run(as_dtype(input, dtype), axis, keepdim), dtype)


@surface(numpy=(np.nansum,))
def nansum(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """Sum over `dim` of what is no NaN. Gradient: 0 at NaN."""
    input = as_dtype(input, dtype)
    axis = axes_of(input, dim)
    return as_dtype(ops.sum(_without_nan(input), axis=axis, keepdims=keepdim), dtype)


def _without_nan(x: Any) -> Any:
    """0 in place of NaN."""
    if x._array.dtype.kind != "f":
        return x
    return el.where(el.isnan(x), 0.0, x)


def _need_float(name: str, x: Any) -> None:
    """Raise unless a mean can be taken in the type of `x`."""
    if x._array.dtype.kind != "f":
        raise RuntimeError(
            f"{name}(): could not infer output dtype. Input dtype must be either a floating point "
            f"or complex dtype. Got: {legacy_name(x)}; use x.float() or dtype=torch.float32"
        )


@surface(numpy=(np.mean,), alone=ops.mean)
def mean(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """Arithmetic mean over `dim`, every dimension when None; NaN over nothing.

    Errors: integers have no mean; convert them, or give `dtype`.
    """
    if dtype is not None or input._array.dtype.kind != "f":
        input = as_dtype(input, dtype)
        _need_float("mean", input)
    return ops.mean.run(input, None if dim is None else axes_of(input, dim), keepdim)


@surface(numpy=(np.nanmean,))
def nanmean(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """Mean over `dim` of what is no NaN. Gradient: 0 at NaN."""
    if input._array.dtype.kind != "f":
        raise RuntimeError(
            "nanmean(): expected input to have floating point or complex dtype but got "
            f"{legacy_name(input)}"
        )
    axis = axes_of(input, dim)
    count = ops.sum(el.logical_not(el.isnan(input)), axis=axis, keepdims=keepdim)
    return nansum(input, dim, keepdim, dtype=dtype) / count


@surface(numpy=(np.prod, (np.multiply, "reduce")))
def prod(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """Product over `dim`, of all elements when None; integers give int64.

    Gradient: the product of the other elements, right at zeros too.
    """
    input = as_dtype(input, dtype)
    axis = None if dim is None else axis_of(input, dim)
    return as_dtype(ops.prod.run(input, axis, keepdim), dtype)


# --- variance --------------------------------------------------------------------------------


def _spread_arguments(
    name: str, x: Any, dim: Any, unbiased: Any, correction: Any
) -> tuple[Any, float]:
    """Axes and correction of torch's three ways to ask for a variance."""
    if isinstance(dim, bool):  # var(x, unbiased)
        dim, unbiased = None, dim
    if x._array.dtype.kind != "f":
        raise RuntimeError(f"{name} only support floating point and complex dtypes")
    if correction is None:
        correction = 1 if unbiased is None else int(unbiased)
    axis = axes_of(x, dim)
    count = ops.length_over(x._array.shape, axis)
    if count <= correction:
        short = name.partition(" ")[0]
        warnings.warn(
            f"{short}(): degrees of freedom is <= 0. Correction should be strictly less than the "
            "reduction factor (input numel divided by output numel).",
            UserWarning,
            stacklevel=4,
        )
    return axis, correction


@surface
def var(
    input: Any,
    dim: Any = None,
    unbiased: Any = None,
    keepdim: bool = False,
    *,
    correction: Any = None,
) -> Any:
    """Variance over `dim`: Σ (x − mean)² / (n − correction); `correction` is 1 by default."""
    axis, correction = _spread_arguments("std and var", input, dim, unbiased, correction)
    return ops.var.run(input, axis, correction, keepdim)


@surface
def std(
    input: Any,
    dim: Any = None,
    unbiased: Any = None,
    keepdim: bool = False,
    *,
    correction: Any = None,
) -> Any:
    """Standard deviation over `dim`: the root of `var`. Gradient: 0 where it is 0."""
    axis, correction = _spread_arguments("std and var", input, dim, unbiased, correction)
    return ops.std.run(input, axis, correction, keepdim)


@surface(method=False)
def var_mean(
    input: Any,
    dim: Any = None,
    unbiased: Any = None,
    keepdim: bool = False,
    *,
    correction: Any = None,
) -> Any:
    """Variance and mean over `dim`."""
    axis, correction = _spread_arguments("var_mean", input, dim, unbiased, correction)
    spread = ops.var(input, axis=axis, correction=correction, keepdims=keepdim)
    return spread, ops.mean(input, axis=axis, keepdims=keepdim)


@surface(method=False)
def std_mean(
    input: Any,
    dim: Any = None,
    unbiased: Any = None,
    keepdim: bool = False,
    *,
    correction: Any = None,
) -> Any:
    """Standard deviation and mean over `dim`."""
    axis, correction = _spread_arguments("std_mean", input, dim, unbiased, correction)
    spread = ops.std(input, axis=axis, correction=correction, keepdims=keepdim)
    return spread, ops.mean(input, axis=axis, keepdims=keepdim)


# --- extremes --------------------------------------------------------------------------------


def _need_elements(name: str, x: Any, axis: Any) -> None:
    """Raise if an extreme over nothing is asked for."""
    shape = x._array.shape
    if x._array.size:
        return
    if axis is None:
        raise RuntimeError(
            f"{name}(): Expected reduction dim to be specified for input.numel() == 0. "
            "Specify the reduction dim with the 'dim' argument."
        )
    for a in ops.axes_of(axis, len(shape)):
        if shape[a] == 0:
            raise IndexError(f"{name}(): Expected reduction dim {a} to have non-zero size.")


@surface(numpy=((np.maximum, "reduce"),))
def amax(input: Any, dim: Any = (), keepdim: bool = False) -> Any:
    """Largest elements over `dim`; NaN wins. Gradient: ties share it evenly."""
    axis = axes_of(input, dim)
    if not input._array.size:
        _need_elements("amax", input, axis)
    return ops.amax.run(input, axis, keepdim)


@surface(numpy=((np.minimum, "reduce"),))
def amin(input: Any, dim: Any = (), keepdim: bool = False) -> Any:
    """Smallest elements over `dim`; NaN wins. Gradient: ties share it evenly."""
    axis = axes_of(input, dim)
    if not input._array.size:
        _need_elements("amin", input, axis)
    return ops.amin.run(input, axis, keepdim)


@surface
def aminmax(input: Any, *, dim: Any = None, keepdim: bool = False) -> Any:
    """Smallest and largest elements over one dimension, or of all. Gradient: ties share it."""
    axis = None if dim is None else axis_of(input, dim)
    _need_elements("aminmax", input, axis)
    return return_types.aminmax(
        ops.amin(input, axis=axis, keepdims=keepdim), ops.amax(input, axis=axis, keepdims=keepdim)
    )


def _extreme(name: str, input: Any, given: Any, keepdim: bool) -> Any:
    """The three forms of max and min: of all, along a dimension, or of two tensors."""
    if isinstance(given, Tensor):
        return (el.maximum if name == "max" else el.minimum)(input, given)
    if given is None:
        if not input._array.size:
            _need_elements(name, input, None)
        return (ops.max if name == "max" else ops.min).run(input)
    axis = axis_of(input, given)
    if not input._array.size:
        _need_elements(name, input, axis)
    along = ops.max_along if name == "max" else ops.min_along
    return getattr(return_types, name)(*along.run(input, axis, keepdim))


@surface
def max(input: Any, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """Largest element of all; or (values, indices) along `dim`; or of two tensors, elementwise.

    Gradient: ties share it evenly in max(x), along a dimension the first of equals gets it.
    """
    return _extreme("max", input, dim if other is None else other, keepdim)


@surface
def min(input: Any, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """Smallest element of all; or (values, indices) along `dim`; or of two tensors, elementwise.

    Gradient: ties share it evenly in min(x), along a dimension the first of equals gets it.
    """
    return _extreme("min", input, dim if other is None else other, keepdim)


def _need_order(name: str, x: Any) -> None:
    if x._array.dtype.kind == "b":
        raise NotImplementedError(
            f"\"{name}_cpu\" not implemented for 'Bool': convert with x.int()"
        )


@surface(numpy=(np.argmax,))
def argmax(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """Position of the largest element along `dim`, the first of equals; among all when None."""
    return _position(ops.argmax, "argmax", input, dim, keepdim)


@surface(numpy=(np.argmin,))
def argmin(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """Position of the smallest element along `dim`, the first of equals; among all when None."""
    return _position(ops.argmin, "argmin", input, dim, keepdim)


def _position(op: Any, name: str, x: Any, dim: Any, keepdim: bool) -> Any:
    _need_order(name, x)
    axis = None if dim is None else axis_of(x, dim)
    if axis is None and not x._array.size:
        raise IndexError(
            f"{name}(): Expected reduction dim to be specified for input.numel() == 0."
        )
    if axis is not None and not x._array.size:
        _need_elements(name, x, axis)
    return op.run(x, axis, keepdim)


# --- counting and truth ----------------------------------------------------------------------


def _truth(op: Any, x: Any, dim: Any, keepdim: bool) -> Any:
    """The answer in bool, for uint8 in uint8; over no dimensions each element's own."""
    alone = dim.__class__ in (tuple, list) and not len(dim)
    found = x != 0 if alone else op.run(x, axes_of(x, dim), keepdim)
    return as_dtype(found, np.uint8) if x._array.dtype.char == "B" else found


@surface(numpy=(np.all, (np.logical_and, "reduce")))
def all(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """Whether every element over `dim` is not zero."""
    return _truth(ops.all, input, dim, keepdim)


@surface(numpy=(np.any, (np.logical_or, "reduce")))
def any(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """Whether any element over `dim` is not zero."""
    return _truth(ops.any, input, dim, keepdim)


@surface(numpy=(np.count_nonzero,))
def count_nonzero(input: Any, dim: Any = None) -> Any:
    """Number of elements over `dim` that are not zero."""
    return ops.count_nonzero(input, axis=axes_of(input, dim))


# --- logarithms of sums, norms ---------------------------------------------------------------


@surface
def logsumexp(input: Any, dim: Any, keepdim: bool = False) -> Any:
    """The logarithm log Σ exp(x) over `dim`, without overflow."""
    return ops.logsumexp.run(input, axes_of(input, dim), keepdim)


@surface
def norm(
    input: Any, p: Any = "fro", dim: Any = None, keepdim: bool = False, *, dtype: Any = None
) -> Any:
    """The p-norm (Σ |x|ᵖ)^(1/p) over `dim`; "fro" is 2.

    Gradient: 0 where the norm is 0; ties at p = inf share it.
    """
    input = as_dtype(input, dtype)
    if input._array.dtype.kind != "f":
        raise RuntimeError(
            "linalg.vector_norm: Expected a floating point or complex tensor as input. Got "
            f"{legacy_name(input)}"
        )
    if p is None or p == "fro":
        p = 2.0
    if p == "nuc":
        return matrix_norm(input, p, (-2, -1) if dim is None else dim, keepdim)
    if isinstance(p, str):
        raise RuntimeError(  # noqa: TRY004 - torch's class
            f"only valid string values are 'fro' and 'nuc', found: {p!r}"
        )
    axis = axes_of(input, dim)
    if (p < 0 or p == math.inf) and not ops.length_over(input._array.shape, axis):
        raise RuntimeError(
            f"linalg.vector_norm cannot compute the {p} norm on an empty tensor because the "
            "operation does not have an identity"
        )
    return ops.norm.run(input, float(p), axis, keepdim)


@surface
def dist(input: Any, other: Any, p: Any = 2) -> Any:
    """The p-norm of `input − other`. Gradient: 0 where they are equal."""
    need_tensor("dist", other, "other", 2)
    return norm(el.sub(input, other), float(p))


# --- as NumPy calls them ---------------------------------------------------------------------


def _with_ddof(function: Any) -> Any:
    """NumPy's deviation, which takes nothing from the count unless told."""

    def call(a: Any, axis: Any = None, *, ddof: Any = 0, keepdims: bool = False) -> Any:
        return function(a, axis, correction=ddof, keepdim=keepdims)

    return call


NUMPY_FUNCTIONS[np.var] = _with_ddof(var)
NUMPY_FUNCTIONS[np.std] = _with_ddof(std)
NUMPY_FUNCTIONS[np.max] = NUMPY_FUNCTIONS[np.amax] = amax
NUMPY_FUNCTIONS[np.min] = NUMPY_FUNCTIONS[np.amin] = amin
