"""Shapes: views, joins, splits and rearrangements."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._dtypes import result_type, to_numpy
from .._nodes import make
from .._op import Op
from .._record import apply, to_type
from .._size import Size
from .._tensor import NUMPY_FUNCTIONS, Tensor
from ..ops import shape as sh
from ..ops.indexing import index
from ._surface import NAMES, method, surface

__all__: list[str] = []

ALL = slice(None)


def axis_of(dim: int, ndim: int) -> int:
    """A dimension as a non-negative axis; torch's IndexError when out of range."""
    if not isinstance(dim, int):
        try:
            dim = operator.index(dim)
        except TypeError:
            raise TypeError(f"dim must be an int, got {type(dim).__name__}") from None
    room = max(ndim, 1)
    if not -room <= dim < room:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-room}, {room - 1}], but got {dim})"
        )
    return dim % room


def axes_of(dims: Any, ndim: int) -> tuple[int, ...]:
    """Several dimensions, each named once."""
    dims = (dims,) if isinstance(dims, int) else tuple(dims)
    axes = tuple(axis_of(d, ndim) for d in dims)
    for axis in axes:
        if axes.count(axis) > 1:
            raise RuntimeError(f"dim {axis} appears multiple times in the list of dims")
    return axes


def _reshaped(x: Any, shape: tuple[int, ...]) -> Any:
    return apply(sh.reshape, (x,), {"shape": shape})


def _resolve(shape: tuple[int, ...], size: int) -> tuple[int, ...]:
    """A shape with -1 worked out."""
    shape = tuple(map(operator.index, shape))
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


def starred(keyword: str) -> Any:
    """Let a method of `*sizes` take them by keyword too: x.flip(dims=[0])."""

    def decorate(function: Any) -> Any:
        @functools.wraps(function)
        def call(self: Any, *sizes: Any, **keywords: Any) -> Any:
            if keyword in keywords:
                sizes = (keywords.pop(keyword),)
            return function(self, *sizes, **keywords)

        return call

    return decorate


def _given(sizes: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)):
        return tuple(sizes[0])
    return sizes


@surface(method=False)
def reshape(input: Any, shape: Any) -> Any:  # noqa: A002
    """The same elements under another shape; one length may be -1."""
    return _reshaped(input, _resolve(tuple(shape), input._array.size))


@method(names=("reshape",))
@starred("shape")
def _reshape(self: Any, *shape: Any) -> Any:
    """The same elements under another shape; one length may be -1."""
    return _reshaped(self, _resolve(_given(shape), self._array.size))


@method
@starred("size")
def view(self: Any, *shape: Any, dtype: Any = None) -> Any:
    """The same memory under another shape; raises where that would need a copy."""
    if dtype is not None or (len(shape) == 1 and not isinstance(shape[0], (int, tuple, list, Tensor))):
        return view_dtype(self, dtype or shape[0])
    shape = _resolve(_given(shape), self._array.size)
    made = _reshaped(self, shape)
    if self._array.size and self._array.ndim and not np.may_share_memory(made._array, self._array):
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
def flatten(input: Any, start_dim: int = 0, end_dim: int = -1) -> Any:  # noqa: A002
    """Dimensions `start_dim` to `end_dim` run together into one."""
    array = input._array
    if array.ndim == 0:
        return _reshaped(input, (1,))
    first, last = axis_of(start_dim, array.ndim), axis_of(end_dim, array.ndim)
    if first > last:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    if first == last:
        return input
    shape = array.shape
    return _reshaped(input, (*shape[:first], math.prod(shape[first : last + 1]), *shape[last + 1 :]))


@surface
def ravel(input: Any) -> Any:  # noqa: A002
    """All elements in one dimension."""
    return _reshaped(input, (input._array.size,))


@surface
def unflatten(input: Any, dim: int, sizes: Any) -> Any:  # noqa: A002
    """Dimension `dim` split into several, of lengths `sizes` (one may be -1)."""
    shape = input._array.shape
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
    return _reshaped(input, (*shape[:axis], *parts, *shape[axis + 1 :]))


@surface(inplace=False)
def squeeze(input: Any, dim: Any = None) -> Any:  # noqa: A002
    """Without the dimensions of length 1: all of them, or those named."""
    shape = input._array.shape
    axes = set(range(len(shape))) if dim is None else set(axes_of(dim, len(shape)))
    return _reshaped(input, tuple(n for i, n in enumerate(shape) if n != 1 or i not in axes))


@surface
def unsqueeze(input: Any, dim: int) -> Any:  # noqa: A002
    """With a new dimension of length 1 at `dim`."""
    shape = input._array.shape
    axis = axis_of(dim, len(shape) + 1)
    return _reshaped(input, (*shape[:axis], 1, *shape[axis:]))


def _transposed(x: Any, axes: tuple[int, ...]) -> Any:
    return apply(sh.transpose, (x,), {"axes": axes})


@surface(names=("swapaxes", "swapdims"))
def transpose(input: Any, dim0: int, dim1: int) -> Any:  # noqa: A002
    """Two dimensions exchanged."""
    ndim = input._array.ndim
    a, b = axis_of(dim0, ndim), axis_of(dim1, ndim)
    if ndim == 0:
        return _transposed(input, ())
    axes = list(range(ndim))
    axes[a], axes[b] = b, a
    return _transposed(input, tuple(axes))


@surface
def t(input: Any) -> Any:  # noqa: A002
    """The transpose of a matrix; tensors of fewer dimensions as they are."""
    ndim = input._array.ndim
    if ndim > 2:  # noqa: PLR2004
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {ndim}D")
    return _transposed(input, tuple(range(ndim))[::-1])


def _matrix_transpose(self: Any) -> Any:
    """The last two dimensions exchanged."""
    if self._array.ndim < 2:  # noqa: PLR2004
        raise RuntimeError("tensor.mT is only supported on matrices or batches of matrices. Got 1-D tensor.")
    return transpose(self, -2, -1)


Tensor.mT = Tensor.mH = property(_matrix_transpose)  # type: ignore[attr-defined]
Tensor.H = property(lambda self: t(self))  # type: ignore[attr-defined]
surface(_matrix_transpose, top=False, method=False)
NAMES["adjoint"] = Tensor.adjoint = lambda input: _matrix_transpose(input)  # type: ignore[attr-defined]


@surface(method=False)
def permute(input: Any, dims: Any) -> Any:  # noqa: A002
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
@starred("dims")
def _permute(self: Any, *dims: Any) -> Any:
    """The dimensions in another order."""
    return permute(self, dims[0] if len(dims) == 1 and not isinstance(dims[0], int) else dims)


@surface(names=("moveaxis",))
def movedim(input: Any, source: Any, destination: Any) -> Any:  # noqa: A002
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


def _expanded(x: Any, sizes: tuple[Any, ...]) -> Any:
    shape = x._array.shape
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
    return apply(sh.expand, (x,), {"shape": tuple(wanted)})


@method
@starred("size")
def expand(self: Any, *sizes: Any, implicit: bool = False) -> Any:  # noqa: ARG001
    """Dimensions of length 1 repeated without a copy; -1 keeps a length."""
    return _expanded(self, _given(sizes))


@method
def expand_as(self: Any, other: Any) -> Any:
    """`self` expanded to the shape of `other`."""
    return _expanded(self, tuple(other._array.shape))


@method
@starred("size")
def sum_to_size(self: Any, *size: Any) -> Any:
    """Sums over the dimensions that broadcasting from `size` would have repeated."""
    shape, given = tuple(_given(size)), self._array.shape
    lead = len(given) - len(shape)
    if lead < 0 or any(n not in (1, m) for n, m in zip(shape, given[lead:], strict=True)):
        raise RuntimeError(f"size {{{list(shape)}}} is not expandable to size {{{list(given)}}}.")
    whole = self if self._array.dtype.kind == "f" else to_type(self, np.dtype("int64"))
    return apply(sh.unexpand, (whole,), {"shape": shape})


@surface
def broadcast_to(input: Any, size: Any) -> Any:  # noqa: A002
    """`input` expanded to `size`."""
    return _expanded(input, tuple(size))


@surface(method=False)
def broadcast_tensors(*tensors: Any) -> tuple[Any, ...]:
    """All tensors expanded to the shape they broadcast to."""
    tensors = _given(tensors)
    shape = _broadcast([t._array.shape for t in tensors])
    return tuple(_expanded(t, shape) for t in tensors)


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
    counts = tuple(map(operator.index, _given(sizes)))
    shape = self._array.shape
    lead = len(counts) - len(shape)
    if lead < 0:
        raise RuntimeError(
            "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor"
        )
    if any(n < 0 for n in counts):
        raise RuntimeError(f"Trying to create tensor with negative dimension: repeat{counts}")
    shape = (1,) * lead + shape
    spread = [n for pair in zip((1,) * len(shape), shape, strict=True) for n in pair]
    filled = [n for pair in zip(counts, shape, strict=True) for n in pair]
    tiled = _expanded(_reshaped(self, tuple(spread)), tuple(filled))
    result = _reshaped(tiled, tuple(c * n for c, n in zip(counts, shape, strict=True)))
    return result.clone() if np.may_share_memory(result._array, self._array) else result


@surface(method=False)
def tile(input: Any, dims: Any) -> Any:  # noqa: A002
    """`input.repeat(dims)` with missing leading counts taken as 1."""
    dims = tuple(dims)
    return input.repeat((1,) * (input._array.ndim - len(dims)) + dims)


@method(names=("tile",))
@starred("dims")
def _tile(self: Any, *dims: Any) -> Any:
    """`self.repeat(dims)` with missing leading counts taken as 1."""
    return tile(self, _given(dims))


@surface
def repeat_interleave(
    input: Any, repeats: Any = None, dim: int | None = None, *, output_size: Any = None  # noqa: A002, ARG001
) -> Any:
    """Every element repeated in place: `repeats` times each, or counts of a tensor."""
    if repeats is None:
        counts = input._array
        return make(np.repeat(np.arange(counts.size), counts), None)
    if dim is None:
        input, dim = ravel(input), 0  # noqa: A001
    length = input._array.shape[axis_of(dim, input._array.ndim)] if input._array.ndim else 1
    counts = repeats._array if isinstance(repeats, Tensor) else np.asarray(repeats)
    if np.any(counts < 0):
        raise RuntimeError("repeats can not be negative")
    if counts.size not in (1, length):
        raise RuntimeError("repeats must have the same size as input along dim")
    places = np.repeat(np.arange(length), np.broadcast_to(counts.reshape(-1), (length,)))
    axis = axis_of(dim, input._array.ndim)
    return apply(index, (input,), {"key": (ALL,) * axis + (places,)})


# Joins


def _joined(name: str, tensors: Any) -> list[Any]:
    if isinstance(tensors, Tensor):
        raise TypeError(f"{name}(): argument 'tensors' (position 1) must be tuple of Tensors, not Tensor")
    tensors = list(tensors)
    for i, x in enumerate(tensors):
        if not isinstance(x, Tensor):
            raise TypeError(
                f"expected Tensor as element {i} in argument 0, but got {type(x).__name__}"
            )
    if not tensors:
        raise RuntimeError(f"{name} expects a non-empty list of Tensors")
    kind = result_type([x._array for x in tensors])
    return [to_type(x, kind) for x in tensors]


def cat(tensors: Any, dim: int = 0) -> Any:
    """The tensors one after the other along `dim`."""
    tensors = _joined("torch.cat()", tensors)
    if any(x._array.ndim == 0 for x in tensors):
        place = next(i for i, x in enumerate(tensors) if x._array.ndim == 0)
        raise RuntimeError(f"zero-dimensional tensor (at position {place}) cannot be concatenated")
    real = [x for x in tensors if x._array.shape != (0,)] or tensors
    axis = axis_of(dim, real[0]._array.ndim)
    first = real[0]._array.shape
    for i, x in enumerate(real):
        shape = x._array.shape
        if len(shape) != len(first):
            raise RuntimeError(f"Tensors must have same number of dimensions: got {len(first)} and {len(shape)}")
        if shape[:axis] + shape[axis + 1 :] != first[:axis] + first[axis + 1 :]:
            wrong = next(d for d in range(len(first)) if d != axis and shape[d] != first[d])
            raise RuntimeError(
                f"Sizes of tensors must match except in dimension {axis}. Expected size "
                f"{first[wrong]} but got size {shape[wrong]} for tensor number {i} in the list."
            )
    return apply(sh.cat, tuple(real), {"axis": axis})


cat = surface(cat, method=False, names=("concat", "concatenate"))


def stack(tensors: Any, dim: int = 0) -> Any:
    """The tensors, all of one shape, side by side along a new dimension."""
    tensors = _joined("stack", tensors)
    first = tensors[0]._array.shape
    for i, x in enumerate(tensors):
        if x._array.shape != first:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(first)} at entry 0 and "
                f"{list(x._array.shape)} at entry {i}"
            )
    return apply(sh.stack, tuple(tensors), {"axis": axis_of(dim, len(first) + 1)})


stack = surface(stack, method=False)


def _at_least(n: int) -> Any:
    def one(x: Any) -> Any:
        shape = x._array.shape
        if len(shape) >= n:
            return x
        if n == 1:
            return _reshaped(x, (1,))
        if n == 2:  # noqa: PLR2004
            return _reshaped(x, (1, *shape) if shape else (1, 1))
        if len(shape) == 0:
            return _reshaped(x, (1, 1, 1))
        return _reshaped(x, (1, shape[0], 1) if len(shape) == 1 else (*shape, 1))

    def function(*tensors: Any) -> Any:
        if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)):
            return tuple(one(x) for x in tensors[0])
        return one(tensors[0]) if len(tensors) == 1 else tuple(one(x) for x in tensors)

    function.__name__ = f"atleast_{n}d"
    function.__doc__ = f"Each tensor with at least {n} dimension{'s' * (n > 1)}."
    return function


atleast_1d, atleast_2d, atleast_3d = (_at_least(n) for n in (1, 2, 3))
for _function in (atleast_1d, atleast_2d, atleast_3d):
    NAMES[_function.__name__] = _function


@surface(method=False)
def vstack(tensors: Any) -> Any:
    """Rows below rows."""
    return cat(atleast_2d(list(tensors)), 0)


NAMES["row_stack"] = vstack


@surface(method=False)
def hstack(tensors: Any) -> Any:
    """Columns beside columns (vectors end to end)."""
    tensors = atleast_1d(list(tensors))
    return cat(tensors, 0 if tensors[0]._array.ndim == 1 else 1)


@surface(method=False)
def dstack(tensors: Any) -> Any:
    """Along the third dimension."""
    return cat(atleast_3d(list(tensors)), 2)


@surface(method=False)
def column_stack(tensors: Any) -> Any:
    """Vectors as columns beside each other."""
    return hstack([_reshaped(x, (x._array.size, 1)) if x._array.ndim <= 1 else x for x in tensors])


# Splits


def _sliced(x: Any, axis: int, start: int, stop: int) -> Any:
    return apply(index, (x,), {"key": (ALL,) * axis + (slice(start, stop), Ellipsis)})


def _cut(x: Any, axis: int, stops: Sequence[int]) -> tuple[Any, ...]:
    starts = (0, *stops[:-1])
    return tuple(_sliced(x, axis, a, b) for a, b in zip(starts, stops, strict=True))


def split(tensor: Any, split_size_or_sections: Any, dim: int = 0) -> tuple[Any, ...]:
    """Parts along `dim`: of one size (the last may be smaller), or of the sizes listed."""
    axis = axis_of(dim, tensor._array.ndim)
    length = tensor._array.shape[axis]
    if isinstance(split_size_or_sections, int):
        size = split_size_or_sections
        if size < 0 or (size == 0 and length):
            raise RuntimeError(f"split expects split_size be non-negative, but got split_size={size}")
        count = max(-(-length // size), 1) if size else 1
        return _cut(tensor, axis, [min((i + 1) * size, length) for i in range(count)])
    sizes = list(split_size_or_sections)
    if sum(sizes) != length:
        raise RuntimeError(
            f"split_with_sizes expects split_sizes to sum exactly to {length} (input tensor's size "
            f"at dimension {axis}), but got split_sizes={sizes}"
        )
    return _cut(tensor, axis, [int(n) for n in np.cumsum(sizes)])


NAMES["split"] = Tensor.split = split  # type: ignore[attr-defined]
NAMES["split_with_sizes"] = Tensor.split_with_sizes = split  # type: ignore[attr-defined]


@surface
def chunk(input: Any, chunks: int, dim: int = 0) -> tuple[Any, ...]:  # noqa: A002
    """At most `chunks` parts along `dim`, of equal size but for the last."""
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    length = input._array.shape[axis_of(dim, input._array.ndim)]
    size = -(-length // chunks)
    if size == 0:
        return tuple(split(input, 0, dim) * chunks)
    return split(input, size, dim)


NAMES["unsafe_chunk"] = Tensor.unsafe_chunk = chunk  # type: ignore[attr-defined]
NAMES["unsafe_split"] = Tensor.unsafe_split = split  # type: ignore[attr-defined]
NAMES["unsafe_split_with_sizes"] = Tensor.unsafe_split_with_sizes = split  # type: ignore[attr-defined]


@surface
def tensor_split(input: Any, indices_or_sections: Any, dim: int = 0) -> tuple[Any, ...]:  # noqa: A002
    """Parts along `dim`: so many, as even as can be, or cut at the places listed."""
    axis = axis_of(dim, input._array.ndim)
    length = input._array.shape[axis]
    if isinstance(indices_or_sections, Tensor):
        indices_or_sections = indices_or_sections.tolist()
    if isinstance(indices_or_sections, int):
        n = indices_or_sections
        if n <= 0:
            raise RuntimeError(f"number of sections must be larger than 0, got {n}")
        small, extra = divmod(length, n)
        sizes = [small + 1] * extra + [small] * (n - extra)
        return split(input, sizes, axis)
    cuts = [0, *indices_or_sections, length]
    return tuple(_sliced(input, axis, a, b) for a, b in zip(cuts, cuts[1:], strict=False))


def _split_along(name: str, axis: int) -> None:
    def function(input: Any, indices_or_sections: Any) -> Any:  # noqa: A002
        ndim = input._array.ndim
        if ndim <= axis and not (axis == 1 and ndim == 1):
            raise RuntimeError(
                f"torch.{name} requires a tensor with at least {axis + 1} dimension, but got a "
                f"tensor with {ndim} dimensions!"
            )
        return tensor_split(input, indices_or_sections, min(axis, ndim - 1))

    function.__name__ = name
    function.__doc__ = f"Parts along dimension {axis}."
    surface(function)


for _name, _axis in (("vsplit", 0), ("hsplit", 1), ("dsplit", 2)):
    _split_along(_name, _axis)


@surface
def unbind(input: Any, dim: int = 0) -> tuple[Any, ...]:  # noqa: A002
    """Every slice along `dim`, without that dimension."""
    axis = axis_of(dim, input._array.ndim)
    if input._array.ndim == 0:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    return tuple(select(input, axis, i) for i in range(input._array.shape[axis]))


@surface
def select(input: Any, dim: int, index: int) -> Any:  # noqa: A002
    """The slice at place `index` along `dim`, without that dimension."""
    if input._array.ndim == 0:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    axis = axis_of(dim, input._array.ndim)
    length = input._array.shape[axis]
    if not -length <= index < length:
        raise IndexError(
            f"select(): index {index} out of range for tensor of size {list(input._array.shape)} "
            f"at dimension {axis}"
        )
    return input[(ALL,) * axis + (int(index),)]


@surface
def narrow(input: Any, dim: int, start: Any, length: int) -> Any:  # noqa: A002
    """`length` places along `dim` from `start` on."""
    if input._array.ndim == 0:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    axis = axis_of(dim, input._array.ndim)
    size = input._array.shape[axis]
    start = int(start)
    if length < 0:
        raise RuntimeError("narrow(): length must be non-negative.")
    if not -size <= start <= size:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-size}, {size}], but got {start})"
        )
    start = start + size if start < 0 else start
    if start + length > size:
        raise RuntimeError(f"start ({start}) + length ({length}) exceeds dimension size ({size}).")
    return _sliced(input, axis, start, start + length)


# Rearrangements


@surface(method=False)
def flip(input: Any, dims: Any) -> Any:  # noqa: A002
    """The order reversed along `dims`."""
    axes = axes_of(dims, input._array.ndim)
    return apply(sh.flip, (input,), {"axis": axes if input._array.ndim else ()})


@method(names=("flip",))
@starred("dims")
def _flip(self: Any, *dims: Any) -> Any:
    """The order reversed along `dims`."""
    return flip(self, _given(dims))


@surface
def fliplr(input: Any) -> Any:  # noqa: A002
    """Columns in reverse order."""
    if input._array.ndim < 2:  # noqa: PLR2004
        raise RuntimeError("Input must be >= 2-d.")
    return flip(input, (1,))


@surface
def flipud(input: Any) -> Any:  # noqa: A002
    """Rows in reverse order."""
    if input._array.ndim < 1:
        raise RuntimeError("Input must be >= 1-d.")
    return flip(input, (0,))


@surface
def rot90(input: Any, k: int = 1, dims: Any = (0, 1)) -> Any:  # noqa: A002
    """A quarter turn, `k` times, from the first of `dims` towards the second."""
    if len(dims) != 2:  # noqa: PLR2004
        raise RuntimeError(f"expected total rotation dims == 2, but got dims = {len(dims)}")
    if input._array.ndim < 2:  # noqa: PLR2004
        raise RuntimeError(f"expected total dims >= 2, but got total dims = {input._array.ndim}")
    a, b = (axis_of(d, input._array.ndim) for d in dims)
    if a == b:
        raise RuntimeError(f"expected rotation dims to be different, but got dim0 = {a} and dim1 = {b}")
    k %= 4
    if k == 2:  # noqa: PLR2004
        return flip(input, (a, b))
    if k == 1:
        return transpose(flip(input, (b,)), a, b)
    return flip(transpose(input, a, b), (b,)) if k else input.clone()


@surface
def roll(input: Any, shifts: Any, dims: Any = None) -> Any:  # noqa: A002
    """Places shifted along `dims`, round the end (over all elements without `dims`)."""
    shifts = (shifts,) if isinstance(shifts, int) else tuple(shifts)
    if dims is None or dims == ():
        if len(shifts) != 1:
            raise RuntimeError(f"shifts and dimensions must align. shifts: {len(shifts)}, dims:0")
        flat = apply(sh.roll, (ravel(input),), {"shift": shifts[0], "axis": None})
        return _reshaped(flat, input._array.shape)
    dims = (dims,) if isinstance(dims, int) else tuple(dims)
    if len(dims) != len(shifts):
        raise RuntimeError(
            f"shifts and dimensions must align. shifts: {len(shifts)}, dims:{len(dims)}"
        )
    axes = tuple(axis_of(d, input._array.ndim) for d in dims)
    return apply(sh.roll, (input,), {"shift": shifts, "axis": axes})


def _triangle(op: Any, name: str) -> None:
    def function(input: Any, diagonal: int = 0) -> Any:  # noqa: A002
        if input._array.ndim < 2:  # noqa: PLR2004
            raise RuntimeError(f"{name}: input tensor must have at least 2 dimensions")
        return apply(op, (input,), {"k": diagonal})

    function.__name__ = name
    function.__doc__ = op.__doc__
    surface(function, inplace=True)


_triangle(sh.tril, "tril")
_triangle(sh.triu, "triu")


@surface
def diagonal(input: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:  # noqa: A002
    """The diagonal of two dimensions, as a last one; a view."""
    ndim = input._array.ndim
    a, b = axis_of(dim1, ndim), axis_of(dim2, ndim)
    if a == b:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    return apply(sh.diagonal, (input,), {"offset": offset, "axis1": a, "axis2": b})


NAMES["linalg_diagonal"] = diagonal


@surface
def diag_embed(input: Any, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:  # noqa: A002
    """Matrices with the last dimension of `input` on their diagonals."""
    shape = input._array.shape
    ndim = len(shape) + 1
    a, b = axis_of(dim1, ndim), axis_of(dim2, ndim)
    if a == b:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    n = shape[-1] + abs(offset)
    full = list(shape[:-1])
    for axis in sorted((a, b)):
        full.insert(axis, n)
    settings = {"shape": tuple(full), "offset": offset, "axis1": a, "axis2": b}
    return apply(sh.undiagonal, (input,), settings)


@surface
def diag(input: Any, diagonal: int = 0) -> Any:  # noqa: A002
    """The diagonal of a matrix, or the matrix with a vector on its diagonal."""
    ndim = input._array.ndim
    if ndim == 1:
        return diag_embed(input, diagonal)
    if ndim != 2:  # noqa: PLR2004
        raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {ndim}D")
    settings = {"offset": diagonal, "axis1": 0, "axis2": 1}
    return apply(sh.diagonal, (input,), settings).clone()


@surface
def diagflat(input: Any, offset: int = 0) -> Any:  # noqa: A002
    """The matrix with all elements on its diagonal."""
    return diag_embed(ravel(input), offset)


@method
def unfold(self: Any, dimension: int, size: int, step: int) -> Any:
    """Windows of `size` every `step` along a dimension, their places as a last one; a view."""
    array = self._array
    axis = axis_of(dimension, array.ndim)
    length = array.shape[axis] if array.ndim else 1
    if size > length:
        raise RuntimeError(
            f"maximum size for tensor at dimension {axis} is {length} but size is {size}"
        )
    if step <= 0:
        raise RuntimeError(f"step is {step} but must be > 0")
    x = self if array.ndim else _reshaped(self, (1,))
    made = apply(sh.windows, (x,), {"axis": axis, "size": size, "step": step})
    return made if array.ndim else _reshaped(made, (size,))


@method
def contiguous(self: Any, memory_format: Any = None) -> Any:  # noqa: ARG001
    """`self` if its memory is in order, else a copy that is."""
    if self._array.__class__ is not np.ndarray or self._array.flags.c_contiguous:
        return self
    return apply(CONTIGUOUS, (self,), {})


CONTIGUOUS = Op(np.ascontiguousarray, name="contiguous", operands=("x",), kind="linear")
CONTIGUOUS.trusted = True
CONTIGUOUS.rule(lambda g: g)


@surface(method=False)
def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Any, ...]:
    """A grid for every vector: its values along its own dimension, repeated along the others."""
    tensors = _given(tensors)
    if indexing not in (None, "ij", "xy"):
        raise RuntimeError(
            f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}'
        )
    swap = indexing == "xy" and len(tensors) >= 2  # noqa: PLR2004
    if swap:
        tensors = (tensors[1], tensors[0], *tensors[2:])
    shape = tuple(x._array.size for x in tensors)
    grids = [
        _expanded(_reshaped(x, tuple(n if i == j else 1 for j, n in enumerate(shape))), shape)
        for i, x in enumerate(tensors)
    ]
    if swap:
        grids[0], grids[1] = grids[1], grids[0]
    return tuple(grids)


def _in_place_shapes() -> None:
    """squeeze_, unsqueeze_, transpose_, t_: the tensor itself takes the new shape."""
    for name in ("squeeze", "unsqueeze", "transpose", "t", "swapaxes", "swapdims"):
        function = NAMES[name]

        def change(self: Any, *args: Any, function: Any = function, **keywords: Any) -> Any:
            made = function(self, *args, **keywords)
            self._array, self._node = made._array, made._node
            return self

        change.__name__ = name + "_"
        change.__doc__ = f"In-place version of `{name}`."
        setattr(Tensor, name + "_", change)


_in_place_shapes()

NUMPY_FUNCTIONS.update(
    {np.concatenate: cat, np.stack: stack, np.reshape: reshape, np.ravel: ravel, np.squeeze: squeeze,
     np.expand_dims: unsqueeze, np.vstack: vstack, np.hstack: hstack, np.broadcast_to: broadcast_to,
     np.moveaxis: movedim, np.swapaxes: transpose, np.roll: roll,
     np.tril: NAMES["tril"], np.triu: NAMES["triu"]}
)  # fmt: skip
