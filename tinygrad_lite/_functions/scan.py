"""Running sums and their kind, differences and integrals of PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import return_types
from .._dtypes import of
from .._nodes import make
from .._tensor import NUMPY_FUNCTIONS, Tensor
from ..ops import elementwise as el, reduction, scan as ops, shape
from ..ops.indexing import index
from ._dims import as_dtype, axis_of, legacy_name
from ._surface import need_tensor, surface

__all__: list[str] = []


@surface(inplace=True)
def cumsum(input: Any, dim: Any, *, dtype: Any = None) -> Any:
    """Running sum along `dim`; integers give int64."""
    return as_dtype(ops.cumsum.run(as_dtype(input, dtype), axis_of(input, dim)), dtype)


@surface(inplace=True)
def cumprod(input: Any, dim: Any, *, dtype: Any = None) -> Any:
    """Running product along `dim`; integers give int64. Gradient: right at zeros, in any order."""
    return as_dtype(ops.cumprod.run(as_dtype(input, dtype), axis_of(input, dim)), dtype)


@surface
def logcumsumexp(input: Any, dim: Any) -> Any:
    """Running log Σ exp(x) along `dim`, without overflow."""
    if input._array.dtype.kind != "f":
        raise NotImplementedError(
            f"\"logcumsumexp_out_cpu\" not implemented for '{legacy_name(input)}': use x.float()"
        )
    return ops.logcumsumexp(input, axis=axis_of(input, dim))


@surface
def cummax(input: Any, dim: Any) -> Any:
    """Running largest elements along `dim` and where they stand, the later of equals."""
    return return_types.cummax(*ops.cummax(input, axis=axis_of(input, dim)))


@surface
def cummin(input: Any, dim: Any) -> Any:
    """Running smallest elements along `dim` and where they stand, the later of equals."""
    return return_types.cummin(*ops.cummin(input, axis=axis_of(input, dim)))


def _numpy_scan(function: Any) -> Any:
    """NumPy's form, which runs over all elements unless told an axis."""

    def call(a: Any, axis: Any = None, dtype: Any = None) -> Any:
        if axis is None:
            return function(shape.reshape(a, shape=(-1,)), 0, dtype=dtype)
        return function(a, axis, dtype=dtype)

    return call


NUMPY_FUNCTIONS[np.cumsum] = _numpy_scan(cumsum)
NUMPY_FUNCTIONS[np.cumprod] = _numpy_scan(cumprod)


# --- differences -----------------------------------------------------------------------------


def cut(x: Any, axis: int, start: Any, stop: Any = None, step: Any = None) -> Any:
    """The slice start:stop:step of `x` along `axis`."""
    return index(x, key=(*(slice(None),) * axis, slice(start, stop, step)))


@surface(numpy=(np.diff,))
def diff(input: Any, n: int = 1, dim: Any = -1, prepend: Any = None, append: Any = None) -> Any:
    """The `n`-th difference along `dim`: x[i+1] − x[i], `n` times over."""
    if not input._array.ndim:
        raise RuntimeError("diff expects input to be at least one-dimensional")
    if n < 0:
        raise RuntimeError(f"order must be non-negative but got {n}")
    axis = axis_of(input, dim)
    if n == 0:
        return el.clone(input)
    parts = [t for t in (prepend, input, append) if t is not None]
    for part in parts:
        _check_joinable(input, part, axis)
    whole = shape.cat(*_alike(parts), axis=axis) if len(parts) > 1 else input
    for _ in range(min(n, whole._array.shape[axis])):
        later, earlier = cut(whole, axis, 1), cut(whole, axis, None, -1)
        if whole._array.dtype.kind == "b":
            whole = el.logical_xor(later, earlier)
        else:
            whole = el.sub(later, earlier)
    return whole


def _check_joinable(x: Any, part: Any, axis: int) -> None:
    """Raise unless `part` continues `x` along `axis`."""
    a, b = x._array.shape, part._array.shape
    if len(a) != len(b):
        raise RuntimeError(
            "diff expects prepend or append to be the same dimension as input, "
            f"got {len(b)} and {len(a)}"
        )
    if any(m != n for i, (m, n) in enumerate(zip(a, b, strict=True)) if i != axis):
        raise RuntimeError(
            "diff expects the shape of tensor to prepend or append to match that of input except "
            f"along the differencing dimension; input.size() = {list(a)}, got {list(b)}"
        )


def _alike(parts: list[Any]) -> list[Any]:
    """Tensors brought to their common type."""
    dtype = np.result_type(*(p._array.dtype for p in parts))
    return [as_dtype(p, dtype) for p in parts]


# --- integrals -------------------------------------------------------------------------------


def _trapezoids(y: Any, x: Any, dim: Any) -> tuple[Any, Any, int]:
    """Twice the mean heights, the widths, and the axis."""
    axis = axis_of(y, dim)
    if x._array.ndim == 1 and y._array.ndim != 1:
        if x._array.shape[0] != y._array.shape[axis]:
            raise RuntimeError(
                "trapezoid(): There must be one `x` value for each sample point, got "
                f"{x._array.shape[0]} for {y._array.shape[axis]}"
            )
        x = shape.reshape(x, shape=(-1, *(1,) * (y._array.ndim - axis - 1)))
    elif x._array.ndim < y._array.ndim:
        x = shape.reshape(x, shape=(1,) * (y._array.ndim - x._array.ndim) + x._array.shape)
    along = axis - y._array.ndim + x._array.ndim
    widths = el.sub(cut(x, along, 1), cut(x, along, None, -1))
    return el.add(cut(y, axis, 1), cut(y, axis, None, -1)), widths, axis


def _check_integrand(name: str, y: Any, dim: Any) -> int:
    """The axis of integration; numbers without dimensions and booleans are refused."""
    need_tensor(name, y, "y")
    if not y._array.ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    if y._array.dtype.kind == "b":
        raise RuntimeError(f"{name}: received a bool input for `y`, but bool is not supported")
    return axis_of(y, dim)  # type: ignore[no-any-return]


@surface(names=("trapz",), method=False)
def trapezoid(y: Any, x: Any = None, *, dx: Any = None, dim: Any = -1) -> Any:
    """Integral of `y` along `dim` by the trapezoidal rule, at points `x` or every `dx`."""
    axis = _check_integrand("trapezoid", y, dim)
    if not y._array.shape[axis]:
        left = y._array.shape[:axis] + y._array.shape[axis + 1 :]
        return make(np.zeros(left, y._array.dtype), None)
    if x is not None:
        heights, widths, axis = _trapezoids(y, x, dim)
        return el.div(reduction.sum(el.mul(widths, heights), axis=axis), 2.0)
    before = (slice(None),) * axis
    ends = el.mul(el.add(index(y, key=(*before, 0)), index(y, key=(*before, -1))), 0.5)
    return el.mul(el.sub(reduction.sum(y, axis=axis), ends), 1.0 if dx is None else float(dx))


@surface(method=False)
def cumulative_trapezoid(y: Any, x: Any = None, *, dx: Any = None, dim: Any = -1) -> Any:
    """Running integral of `y` along `dim` by the trapezoidal rule."""
    axis = _check_integrand("cumulative_trapezoid", y, dim)
    if x is None:
        heights = el.add(cut(y, axis, 1), cut(y, axis, None, -1))
        return el.mul(ops.cumsum(heights, axis=axis), 0.5 if dx is None else float(dx) / 2)
    heights, widths, axis = _trapezoids(y, x, dim)
    return el.div(ops.cumsum(el.mul(widths, heights), axis=axis), 2.0)


# --- numerical derivatives -------------------------------------------------------------------


@surface(method=False)
def gradient(
    input: Any, *, spacing: Any = None, dim: Any = None, edge_order: int = 1
) -> tuple[Any, ...]:
    """Numerical derivative of sampled values along each of `dim`, by central differences.

    `spacing` is a distance (1 by default), one for each dimension, or tensors of coordinates.
    """
    ndim = input._array.ndim
    dims = range(ndim) if dim is None else dim if isinstance(dim, (tuple, list)) else (dim,)
    axes = [axis_of(input, d) for d in dims]
    _check_gradient(input, spacing, axes, edge_order)
    many = isinstance(spacing, (tuple, list))
    steps = list(spacing) if many else [1 if spacing is None else spacing] * len(axes)
    return tuple(
        _derivative(input, step, axis, edge_order) for step, axis in zip(steps, axes, strict=True)
    )


def _check_gradient(x: Any, spacing: Any, axes: list[int], edge_order: int) -> None:
    if x._array.dtype.kind == "b" or x._array.dtype == np.uint8:
        raise RuntimeError(f"torch.gradient does not support {of(x._array.dtype).name} input.")
    if edge_order not in (1, 2):
        raise RuntimeError("torch.gradient only supports edge_order=1 and edge_order=2.")
    if len(set(axes)) < len(axes):
        twice = next(a for a in axes if axes.count(a) > 1)
        raise RuntimeError(f"dim {twice} appears multiple times in the list of dims")
    if isinstance(spacing, (tuple, list)) and len(spacing) != len(axes):
        raise RuntimeError(
            f"torch.gradient expected spacing to be unspecified, a scalar, or a list of length "
            f"{len(axes)}, but got a list of length {len(spacing)}"
        )
    for axis in axes:
        if x._array.shape[axis] <= edge_order:
            raise RuntimeError(
                "torch.gradient expected each dimension size to be at least edge_order+1, "
                f"got size {x._array.shape[axis]} in dimension {axis}"
            )


def _derivative(x: Any, step: Any, axis: int, edge_order: int) -> Any:
    """Central differences inside, one-sided ones of `edge_order` at both ends."""
    if isinstance(step, Tensor):
        if step._array.ndim != 1 or step._array.size != x._array.shape[axis]:
            raise RuntimeError(
                "torch.gradient expected each element of spacing to have the length of its "
                f"dimension, got {list(step._array.shape)} for {x._array.shape[axis]}"
            )
        return _uneven_derivative(x, step, axis, edge_order)
    step = float(step)
    inner = el.div(el.sub(cut(x, axis, 2), cut(x, axis, None, -2)), 2 * step)
    at = _pieces(x, axis)
    if edge_order == 1:
        first, last = el.div(el.sub(at(1), at(0)), step), el.div(el.sub(at(-1), at(-2)), step)
    else:
        first = el.div(el.sub(el.sub(el.mul(at(1), 4.0), el.mul(at(0), 3.0)), at(2)), 2 * step)
        last = el.div(el.sub(el.add(el.mul(at(-1), 3.0), at(-3)), el.mul(at(-2), 4.0)), 2 * step)
    return shape.cat(first, inner, last, axis=axis)


def _pieces(x: Any, axis: int) -> Any:
    """The slice of length one at a place along `axis`, as a function of the place."""
    return lambda i: cut(x, axis, i, i + 1 if i != -1 else None)


def _uneven_derivative(x: Any, points: Any, axis: int, edge_order: int) -> Any:
    """The same at uneven points: the derivative of the parabola through three neighbours."""
    points = shape.reshape(points, shape=(-1, *(1,) * (x._array.ndim - axis - 1)))
    gaps = el.sub(cut(points, 0, 1), cut(points, 0, None, -1))
    before, after = cut(gaps, 0, None, -1), cut(gaps, 0, 1)
    left, mid, right = cut(x, axis, None, -2), cut(x, axis, 1, -1), cut(x, axis, 2)
    both = before + after
    inner = (
        left * (-after / (before * both))
        + mid * ((after - before) / (before * after))
        + right * (before / (after * both))
    )
    at = _pieces(x, axis)
    if edge_order == 1:
        first = el.div(at(1) - at(0), cut(gaps, 0, 0, 1))
        last = el.div(at(-1) - at(-2), cut(gaps, 0, -1))
    else:
        near, far = cut(gaps, 0, 0, 1), cut(gaps, 0, 1, 2)
        first = _edge(at(0), at(1), at(2), near, far)
        near, far = cut(gaps, 0, -1), cut(gaps, 0, -2, -1)
        last = -_edge(at(-1), at(-2), at(-3), near, far)
    return shape.cat(first, inner, last, axis=axis)


def _edge(end: Any, second: Any, third: Any, near: Any, far: Any) -> Any:
    """Derivative at the end of three points, whose gaps are `near` and `far`, away from it."""
    both = near + far
    return (
        end * (-(near + both) / (near * both))
        + second * (both / (near * far))
        - third * (near / (far * both))
    )
