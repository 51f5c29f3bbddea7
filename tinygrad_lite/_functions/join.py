"""Joining tensors: cat, stack and kin; and cutting them: split, chunk, unbind and kin."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._dtypes import result_type
from .._record import apply, to_type
from .._tensor import NUMPY_FUNCTIONS, Tensor
from ..ops import shape as sh
from ..ops.indexing import index
from ._surface import NAMES, surface
from .shape import ALL, axis_of, reshaped

__all__: list[str] = []

# Joins


def _joined(name: str, tensors: Any) -> list[Any]:
    if isinstance(tensors, Tensor):
        raise TypeError(
            f"{name}(): argument 'tensors' (position 1) must be tuple of Tensors, not Tensor"
        )
    tensors = list(tensors)
    for i, x in enumerate(tensors):
        if not isinstance(x, Tensor):
            raise TypeError(
                f"expected Tensor as element {i} in argument 0, but got {type(x).__name__}"
            )
    if not tensors and name == "torch.cat()":  # PyTorch's class differs between the two
        raise ValueError("torch.cat(): expected a non-empty list of Tensors, got none")
    if not tensors:
        raise RuntimeError(f"{name} expects a non-empty TensorList, got none")
    kind = result_type([x._array for x in tensors])
    return [to_type(x, kind) for x in tensors]


def _are_alike(tensors: Any) -> bool:
    """Whether these are tensors of one type and as many dimensions, so that nothing is unusual."""
    if tensors.__class__ not in {list, tuple} or not tensors or tensors[0].__class__ is not Tensor:
        return False
    first = tensors[0]._array
    kind, ndim = first.dtype, first.ndim
    for x in tensors:
        if x.__class__ is not Tensor or x._array.dtype is not kind or x._array.ndim != ndim:
            return False
    return bool(ndim > 0)


def cat(tensors: Any, dim: int = 0) -> Any:
    """The tensors one after the other along `dim`."""
    if _are_alike(tensors):
        axis = axis_of(dim, tensors[0]._array.ndim)
        try:
            return apply(sh.cat, tuple(tensors), {"axis": axis})
        except ValueError:  # of shapes that do not fit
            return _cat_with_care(tensors, dim)
    return _cat_with_care(tensors, dim)


def _cat_with_care(tensors: Any, dim: int) -> Any:
    """The same of tensors of several types, legacy empty ones among them, or the error."""
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
            raise RuntimeError(
                f"Tensors must have same number of dimensions: got {len(first)} and {len(shape)}"
            )
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
    if not _are_alike(tensors):
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
            return reshaped(x, (1,))
        if n == 2:
            return reshaped(x, (1, *shape) if shape else (1, 1))
        if len(shape) == 0:
            return reshaped(x, (1, 1, 1))
        return reshaped(x, (1, shape[0], 1) if len(shape) == 1 else (*shape, 1))

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
    return cat(atleast_2d(_some("vstack", tensors)), 0)


def _some(name: str, tensors: Any) -> list[Any]:
    """The tensors as a list, which must not be empty."""
    found = list(tensors)
    if not found:
        raise RuntimeError(f"{name} expects a non-empty TensorList, got none")
    return found


NAMES["row_stack"] = vstack


@surface(method=False)
def hstack(tensors: Any) -> Any:
    """Columns beside columns (vectors end to end)."""
    tensors = atleast_1d(_some("hstack", tensors))
    return cat(tensors, 0 if tensors[0]._array.ndim == 1 else 1)


@surface(method=False)
def dstack(tensors: Any) -> Any:
    """Along the third dimension."""
    return cat(atleast_3d(_some("dstack", tensors)), 2)


@surface(method=False)
def column_stack(tensors: Any) -> Any:
    """Vectors as columns beside each other."""
    tensors = _some("column_stack", tensors)
    return hstack([reshaped(x, (x._array.size, 1)) if x._array.ndim <= 1 else x for x in tensors])


# Splits


def _sliced(x: Any, axis: int, start: int, stop: int) -> Any:
    return index.run(x, (*(ALL,) * axis, slice(start, stop), Ellipsis))


def _cut(x: Any, axis: int, stops: Sequence[int]) -> tuple[Any, ...]:
    before, start, parts = (ALL,) * axis, 0, []
    for stop in stops:
        parts.append(index.run(x, (*before, slice(start, stop), Ellipsis)))
        start = stop
    return tuple(parts)


def need_dimension(name: str, tensor: Any) -> None:
    """Raise unless a tensor has a dimension along which it can be cut."""
    if not tensor._array.ndim:
        raise RuntimeError(f"{name} expects at least a 1-dimensional tensor")


def split(tensor: Any, split_size_or_sections: Any, dim: int = 0) -> tuple[Any, ...]:
    """Parts along `dim`: of one size (the last may be smaller), or of the sizes listed."""
    need_dimension("split", tensor)
    axis = axis_of(dim, tensor._array.ndim)
    length = tensor._array.shape[axis]
    if isinstance(split_size_or_sections, int):
        size = split_size_or_sections
        if size < 0 or (size == 0 and length):
            raise RuntimeError(
                f"split expects split_size be non-negative, but got split_size={size}"
            )
        count = max(-(-length // size), 1) if size else 1
        return _cut(tensor, axis, [min((i + 1) * size, length) for i in range(count)])
    sizes = list(split_size_or_sections)
    if sum(sizes) != length:
        raise RuntimeError(
            f"split_with_sizes expects split_sizes to sum exactly to {length} (input tensor's size "
            f"at dimension {axis}), but got split_sizes={sizes}"
        )
    return _cut(tensor, axis, list(itertools.accumulate(map(int, sizes))))


NAMES["split"] = Tensor.split = split  # type: ignore[attr-defined]
NAMES["split_with_sizes"] = Tensor.split_with_sizes = split  # type: ignore[attr-defined]


@surface
def chunk(input: Any, chunks: int, dim: int = 0) -> tuple[Any, ...]:
    """At most `chunks` parts along `dim`, of equal size but for the last."""
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    need_dimension("chunk", input)
    length = input._array.shape[axis_of(dim, input._array.ndim)]
    size = -(-length // chunks)
    if size == 0:
        return tuple(split(input, 0, dim) * chunks)
    return split(input, size, dim)


NAMES["unsafe_chunk"] = Tensor.unsafe_chunk = chunk  # type: ignore[attr-defined]
NAMES["unsafe_split"] = Tensor.unsafe_split = split  # type: ignore[attr-defined]
NAMES["unsafe_split_with_sizes"] = Tensor.unsafe_split_with_sizes = split  # type: ignore[attr-defined]


@surface
def tensor_split(input: Any, indices_or_sections: Any, dim: int = 0) -> tuple[Any, ...]:
    """Parts along `dim`: so many, as even as can be, or cut at the places listed."""
    if not input._array.ndim:
        raise RuntimeError(
            "tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims"
        )
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
    return tuple(_sliced(input, axis, a, b) for a, b in itertools.pairwise(cuts))


def _split_along(name: str, axis: int) -> None:
    def function(input: Any, indices_or_sections: Any) -> Any:
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
def unbind(input: Any, dim: int = 0) -> tuple[Any, ...]:
    """Every slice along `dim`, without that dimension."""
    axis = axis_of(dim, input._array.ndim)
    if input._array.ndim == 0:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    before = (ALL,) * axis
    return tuple(
        [index.run(input, (*before, i, Ellipsis)) for i in range(input._array.shape[axis])]
    )


@surface
def select(input: Any, dim: int, index: int) -> Any:
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
def narrow(input: Any, dim: int, start: Any, length: int) -> Any:
    """`length` places along `dim` from `start` on."""
    if input._array.ndim == 0:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    axis = axis_of(dim, input._array.ndim)
    size = input._array.shape[axis]
    if isinstance(start, Tensor) and (start._array.ndim or start._array.dtype.kind not in "iu"):
        raise RuntimeError(
            f"start must be an 0-dim integral Tensor, got {start.dtype} of shape "
            f"{list(start._array.shape)}"
        )
    start = int(start)
    if length < 0:
        raise RuntimeError("narrow(): length must be non-negative.")
    if not -size <= start <= size:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-size}, {size}], "
            f"but got {start})"
        )
    start = start + size if start < 0 else start
    if start + length > size:
        raise RuntimeError(f"start ({start}) + length ({length}) exceeds dimension size ({size}).")
    return _sliced(input, axis, start, start + length)


NUMPY_FUNCTIONS.update({np.concatenate: cat, np.stack: stack, np.vstack: vstack, np.hstack: hstack})
