"""Shapes: views, joins, splits and rearrangements."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np

from .._dtypes import to_numpy
from .._inplace import forbid_history
from .._nodes import Leaf, make
from .._record import apply, to_type
from .._size import Size
from .._state import here
from .._tensor import NUMPY_FUNCTIONS, Tensor
from ..ops import shape as sh
from ..ops.elementwise import clone
from ..ops.indexing import index
from ._dims import wrapped
from ._surface import NAMES, method, surface

__all__: list[str] = []

F = TypeVar("F", bound=Callable[..., Any])

ALL = slice(None)


def axis_of(dim: int, ndim: int) -> int:
    """A dimension as a non-negative axis; torch's IndexError when out of range."""
    return int(wrapped(ndim, dim))


def axes_of(dims: Any, ndim: int) -> tuple[int, ...]:
    """Several dimensions, each named once."""
    dims = (dims,) if isinstance(dims, int) else tuple(dims)
    axes = tuple([wrapped(ndim, d) for d in dims])
    if len(set(axes)) == len(axes):
        return axes
    for axis in axes:
        if axes.count(axis) > 1:
            raise RuntimeError(f"dim {axis} appears multiple times in the list of dims")
    return axes


def reshaped(x: Any, shape: tuple[int, ...]) -> Any:
    return sh.reshape.run(x, shape)


def _resolve(shape: tuple[int, ...], size: int) -> tuple[int, ...]:
    """A shape with -1 worked out."""
    shape = tuple(map(operator.index, shape))
    product = math.prod(shape)
    if product == size and (not shape or min(shape) >= 0):
        return shape
    if product < 0 and not size % product and min(shape) == -1:  # one -1, for product is negative
        place = shape.index(-1)
        if shape.count(-1) == 1:
            return (*shape[:place], -size // product, *shape[place + 1 :])
    return _resolved_with_care(shape, size)


def _resolved_with_care(shape: tuple[int, ...], size: int) -> tuple[int, ...]:
    """A shape with -1 worked out, or the error that says why it cannot be."""
    unknown = [i for i, n in enumerate(shape) if n == -1]
    if len(unknown) > 1:
        raise RuntimeError("only one dimension can be inferred")
    if any(n < -1 for n in shape):
        raise RuntimeError(f"invalid shape dimension {min(shape)}")
    known = math.prod(n for n in shape if n != -1)
    if unknown:
        if known == 0:
            if size == 0:
                raise RuntimeError(
                    f"cannot reshape tensor of 0 elements into shape {list(shape)} because the "
                    "unspecified dimension size -1 can be any value and is ambiguous"
                )
        elif size % known == 0:
            place = unknown[0]
            return (*shape[:place], size // known, *shape[place + 1 :])
    if known != size or unknown:
        raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {size}")
    return shape


def starred(keyword: str) -> Callable[[F], F]:
    """Let a method of `*sizes` take them by keyword too: x.flip(dims=[0])."""

    def decorate(function: F) -> F:
        @functools.wraps(function)
        def call(self: Any, *sizes: Any, **keywords: Any) -> Any:
            if keyword in keywords:
                sizes = (keywords.pop(keyword),)
            return function(self, *sizes, **keywords)

        return cast("F", call)

    return decorate


def listed(sizes: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)):
        return tuple(sizes[0])
    return sizes


@surface(method=False)
def reshape(input: Any, shape: Any) -> Any:
    """The same elements under another shape; one length may be -1."""
    return reshaped(input, _resolve(tuple(shape), input._array.size))


@method(names=("reshape",))
def _reshape(self: Any, *sizes: Any, shape: Any = None) -> Any:
    """The same elements under another shape; one length may be -1."""
    if shape is not None:
        sizes = (shape,)
    return sh.reshape.run(self, _resolve(listed(sizes), self._array.size))


@method
def view(self: Any, *shape: Any, dtype: Any = None, size: Any = None) -> Any:
    """The same memory under another shape; raises where that would need a copy."""
    if size is not None:
        shape = (size,)
    if dtype is not None or (
        len(shape) == 1 and not isinstance(shape[0], (int, tuple, list, Tensor))
    ):
        return view_dtype(self, dtype or shape[0])
    made = sh.reshape.run(self, _resolve(listed(shape), self._array.size))
    # Results of operations count as contiguous whatever their strides (images lie channels last
    # in memory): only a view of another tensor, which shows the caller's own strides, is refused.
    shown = self._view is not None and self._array.size and self._array.ndim
    if shown and not np.may_share_memory(made._array, self._array):
        raise RuntimeError(
            "view size is not compatible with input tensor's size and stride (at least one "
            "dimension spans across two contiguous subspaces). Use .reshape(...) instead."
        )
    return made


def view_dtype(x: Any, dtype: Any) -> Any:
    """The same bytes read as another type."""
    return make(np.asarray(x._array).view(to_numpy(dtype)), None)


@method
def view_as(self: Any, other: Any) -> Any:
    """The same memory under the shape of `other`."""
    return self.view(other.shape)


@method
def reshape_as(self: Any, other: Any) -> Any:
    """The same elements under the shape of `other`."""
    return self.reshape(other.shape)


@surface
def flatten(input: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    """Dimensions `start_dim` to `end_dim` run together into one."""
    array = input._array
    if array.ndim == 0:
        return reshaped(input, (1,))
    first, last = axis_of(start_dim, array.ndim), axis_of(end_dim, array.ndim)
    if first > last:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    if first == last:
        return input
    shape = array.shape
    return reshaped(input, (*shape[:first], math.prod(shape[first : last + 1]), *shape[last + 1 :]))


@surface
def ravel(input: Any) -> Any:
    """All elements in one dimension."""
    return reshaped(input, (input._array.size,))


@surface
def unflatten(input: Any, dim: int, sizes: Any) -> Any:
    """Dimension `dim` split into several, of lengths `sizes` (one may be -1)."""
    shape = input._array.shape
    if not shape:
        raise RuntimeError(
            "unflatten got an unexpected error: "
            f"Dimension specified as {dim} but tensor has no dimensions"
        )
    axis = axis_of(dim, len(shape))
    sizes = tuple(sizes)
    if not sizes:
        raise RuntimeError("unflatten: sizes must be non-empty")
    try:
        parts = _resolve(sizes, shape[axis])
    except RuntimeError:
        raise RuntimeError(
            f"unflatten: Provided sizes {list(sizes)} don't multiply up to the size of dim {axis} "
            f"({shape[axis]}) in the input tensor"
        ) from None
    return reshaped(input, (*shape[:axis], *parts, *shape[axis + 1 :]))


@surface(inplace=False)
def squeeze(input: Any, dim: Any = None) -> Any:
    """Without the dimensions of length 1: all of them, or those named."""
    shape = input._array.shape
    if dim.__class__ is int and shape:
        axis = wrapped(len(shape), dim)
        return reshaped(input, (*shape[:axis], *shape[axis + 1 :]) if shape[axis] == 1 else shape)
    axes = set(range(len(shape))) if dim is None else set(axes_of(dim, len(shape)))
    return reshaped(input, tuple(n for i, n in enumerate(shape) if n != 1 or i not in axes))


@surface
def unsqueeze(input: Any, dim: int) -> Any:
    """With a new dimension of length 1 at `dim`."""
    shape = input._array.shape
    axis = wrapped(len(shape) + 1, dim)
    return sh.reshape.run(input, (*shape[:axis], 1, *shape[axis:]))


def _transposed(x: Any, axes: tuple[int, ...]) -> Any:
    return sh.transpose.run(x, axes)


@surface(names=("swapaxes", "swapdims"))
def transpose(input: Any, dim0: int, dim1: int) -> Any:
    """Two dimensions exchanged."""
    ndim = input._array.ndim
    a, b = wrapped(ndim, dim0), wrapped(ndim, dim1)
    if ndim == 0:
        return _transposed(input, ())
    axes = list(range(ndim))
    axes[a], axes[b] = b, a
    return _transposed(input, tuple(axes))


@surface
def t(input: Any) -> Any:
    """The transpose of a matrix; tensors of fewer dimensions as they are."""
    ndim = input._array.ndim
    if ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {ndim}D")
    return _transposed(input, tuple(range(ndim))[::-1])


def _matrix_transpose(input: Any) -> Any:
    """The last two dimensions exchanged."""
    if input._array.ndim < 2:
        raise RuntimeError(
            "tensor.mT is only supported on matrices or batches of matrices. Got 1-D tensor."
        )
    return transpose(input, -2, -1)


Tensor.mT = Tensor.mH = property(_matrix_transpose)  # type: ignore[attr-defined]
Tensor.H = property(t)  # type: ignore[attr-defined]
surface(_matrix_transpose, top=False, method=False)
NAMES["adjoint"] = Tensor.adjoint = _matrix_transpose  # type: ignore[attr-defined]


@surface(method=False)
def permute(input: Any, dims: Any) -> Any:
    """The dimensions in another order."""
    ndim = input._array.ndim
    if len(dims) != ndim:
        raise RuntimeError(
            "permute(sparse_coo): number of dimensions in the tensor input does not match the "
            f"length of the desired ordering of dimensions i.e. input.dim() = {ndim} is not equal "
            f"to len(dims) = {len(dims)}"
        )
    return _transposed(input, axes_of(dims, ndim))


@method(names=("permute",))
def _permute(self: Any, *axes: Any, dims: Any = None) -> Any:
    """The dimensions in another order."""
    if dims is None:
        dims = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes
    if len(dims) == self._array.ndim:
        return sh.transpose.run(self, axes_of(dims, len(dims)))
    return permute(self, dims)


@surface(names=("moveaxis",))
def movedim(input: Any, source: Any, destination: Any) -> Any:
    """Dimensions `source` moved to places `destination`; the others keep their order."""
    ndim = input._array.ndim
    take, put = axes_of(source, ndim), axes_of(destination, ndim)
    if len(take) != len(put):
        raise RuntimeError(
            "movedim: Invalid source or destination dims: source and destination must have the "
            f"same number of elements, got {len(take)} and {len(put)}"
        )
    rest = iter(i for i in range(ndim) if i not in take)
    goes = dict(zip(put, take, strict=True))
    return _transposed(input, tuple(goes[i] if i in goes else next(rest) for i in range(ndim)))


def _are_lengths(sizes: tuple[Any, ...]) -> bool:
    """Whether these are plain numbers, none of them negative."""
    for n in sizes:  # noqa: SIM110 - all() with a generator takes three times as long
        if n.__class__ is not int or n < 0:
            return False
    return True


def expanded(x: Any, sizes: tuple[Any, ...]) -> Any:
    shape = x._array.shape
    kept = len(shape)
    if sizes[len(sizes) - kept :] == shape and kept < len(sizes) and _are_lengths(sizes):
        return sh.expand.run(x, tuple(sizes))
    lead = len(sizes) - len(shape)
    if lead < 0:
        raise RuntimeError(
            f"expand(torch.Tensor{{{list(shape)}}}, size={list(sizes)}): the number of sizes "
            f"provided ({len(sizes)}) must be greater or equal to the number of dimensions in the "
            f"tensor ({len(shape)})"
        )
    wanted = []
    for i, n in enumerate(map(operator.index, sizes)):
        have = shape[i - lead] if i >= lead else None
        if n == -1 and have is None:
            raise RuntimeError(
                f"The expanded size of the tensor (-1) isn't allowed in a leading, non-existing "
                f"dimension {i}"
            )
        if have not in (None, 1, n) and n != -1:
            raise RuntimeError(
                f"The expanded size of the tensor ({n}) must match the existing size ({have}) at "
                f"non-singleton dimension {i}.  Target sizes: {list(sizes)}.  "
                f"Tensor sizes: {list(shape)}"
            )
        wanted.append(have if n == -1 else n)
    return sh.expand.run(x, tuple(wanted))


@method
def expand(self: Any, *sizes: Any, size: Any = None, implicit: bool = False) -> Any:
    """Dimensions of length 1 repeated without a copy; -1 keeps a length."""
    return expanded(self, listed(sizes if size is None else (size,)))


@method
def expand_as(self: Any, other: Any) -> Any:
    """`self` expanded to the shape of `other`."""
    return expanded(self, tuple(other._array.shape))


@method
@starred("size")
def sum_to_size(self: Any, *size: Any) -> Any:
    """Sums over the dimensions that broadcasting from `size` would have repeated."""
    shape, given = tuple(listed(size)), self._array.shape
    if shape == given and shape:
        return self
    lead = len(given) - len(shape)
    if lead < 0 or any(n not in (1, m) for n, m in zip(shape, given[lead:], strict=True)):
        raise RuntimeError(f"size {{{list(shape)}}} is not expandable to size {{{list(given)}}}.")
    whole = self if self._array.dtype.kind == "f" else to_type(self, np.dtype("int64"))
    if not given:  # a sum over nothing, whose result is no view
        return apply(clone, (whole,), {}) if whole is self else whole
    return apply(sh.unexpand, (whole,), {"shape": shape})


@surface
def broadcast_to(input: Any, size: Any) -> Any:
    """`input` expanded to `size`."""
    return expanded(input, tuple(size))


@surface(method=False)
def broadcast_tensors(*tensors: Any) -> tuple[Any, ...]:
    """All tensors expanded to the shape they broadcast to."""
    tensors = listed(tensors)
    shape = _broadcast([t._array.shape for t in tensors])
    return tuple(t if t._array.shape == shape else expanded(t, shape) for t in tensors)


def _broadcast(shapes: list[Any]) -> tuple[int, ...]:
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise RuntimeError(
            f"shapes {', '.join(str(list(s)) for s in shapes)} cannot be broadcast together"
        ) from None


def broadcast_shapes(*shapes: Any) -> Size:
    """The shape that tensors of these shapes broadcast to."""
    return Size(_broadcast([(s,) if isinstance(s, int) else tuple(s) for s in shapes]))


NAMES["broadcast_shapes"] = broadcast_shapes


@method
@starred("repeats")
def repeat(self: Any, *sizes: Any) -> Any:
    """Copies side by side: `sizes[i]` times along dimension i, new leading dimensions first."""
    counts = tuple(map(operator.index, listed(sizes)))
    shape = self._array.shape
    lead = len(counts) - len(shape)
    if lead < 0:
        raise RuntimeError(
            "Number of dimensions of repeat dims can not be smaller than number of dimensions of "
            "tensor"
        )
    if any(n < 0 for n in counts):
        raise RuntimeError(f"Trying to create tensor with negative dimension: repeat{counts}")
    shape = (1,) * lead + shape
    spread = [n for pair in zip((1,) * len(shape), shape, strict=True) for n in pair]
    filled = [n for pair in zip(counts, shape, strict=True) for n in pair]
    tiled = expanded(reshaped(self, tuple(spread)), tuple(filled))
    result = reshaped(tiled, tuple(c * n for c, n in zip(counts, shape, strict=True)))
    return result.clone() if np.may_share_memory(result._array, self._array) else result


@surface(method=False)
def tile(input: Any, dims: Any) -> Any:
    """`input.repeat(dims)` with missing leading counts taken as 1."""
    dims = tuple(dims)
    return input.repeat((1,) * (input._array.ndim - len(dims)) + dims)


@method(names=("tile",))
@starred("dims")
def _tile(self: Any, *dims: Any) -> Any:
    """`self.repeat(dims)` with missing leading counts taken as 1."""
    return tile(self, listed(dims))


@surface
def repeat_interleave(
    input: Any, repeats: Any = None, dim: int | None = None, *, output_size: Any = None
) -> Any:
    """Every element repeated in place: `repeats` times each, or counts of a tensor."""
    if repeats is None:
        counts = input._array
        return make(np.repeat(np.arange(counts.size), counts), None)
    if dim is None:
        input, dim = ravel(input), 0
    length = input._array.shape[axis_of(dim, input._array.ndim)] if input._array.ndim else 1
    counts = repeats._array if isinstance(repeats, Tensor) else np.asarray(repeats)
    if np.any(counts < 0):
        raise RuntimeError("repeats can not be negative")
    if counts.size not in (1, length):
        raise RuntimeError("repeats must have the same size as input along dim")
    places = np.repeat(np.arange(length), np.broadcast_to(counts.reshape(-1), (length,)))
    axis = axis_of(dim, input._array.ndim)
    return apply(index, (input,), {"key": (ALL,) * axis + (places,)})


def _in_place_shapes() -> None:
    """squeeze_, unsqueeze_, transpose_, t_: the tensor itself takes the new shape."""
    for name in ("squeeze", "unsqueeze", "transpose", "t", "swapaxes", "swapdims"):
        function = NAMES[name]

        def change(self: Any, *args: Any, function: Any = function, **keywords: Any) -> Any:
            if here.state.grad:
                forbid_history(self)
            seen, held = self, self._family is not None and self._node.__class__ is not Leaf
            if held or self._view is not None:  # it becomes a view of what it was, as its views are
                seen = make(self._array, self._node)
                seen._view, seen._family = self._view, self._family
            made = function(seen, *args, **keywords)
            self._array = made._array
            if self._node.__class__ is not Leaf:  # which stays one; gradients are off
                self._node = made._node
            if seen is not self:
                self._view = made._view
            return self

        change.__name__ = name + "_"
        change.__doc__ = f"In-place version of `{name}`."
        setattr(Tensor, name + "_", change)


_in_place_shapes()

NUMPY_FUNCTIONS.update(
    {
        np.reshape: lambda a, shape: a.reshape(shape),
        np.transpose: lambda a, axes=None: a.permute(axes or tuple(range(a.ndim))[::-1]),
        np.ravel: ravel, np.squeeze: squeeze, np.expand_dims: unsqueeze,
        np.broadcast_to: broadcast_to, np.moveaxis: movedim, np.swapaxes: transpose,
    }
)  # fmt: skip
