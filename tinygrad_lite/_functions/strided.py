"""Views of raw memory, places in it, and segments, in PyTorch's words."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._nodes import make
from .._record import to_type
from .._stamps import root_of
from ..ops import elementwise as el, scatter, strided
from ..ops.indexing import index, write_view
from ..ops.shape import transpose
from ._dims import axis_of, integer
from ._surface import NAMES, method, need_tensor, surface

__all__: list[str] = []


def _in_memory_order(x: Any) -> Any:
    """A tensor as its memory lies: contiguous, or with its axes in the order of their strides."""
    array = x._array
    if array.flags.c_contiguous:
        return x
    axes = tuple(sorted(range(array.ndim), key=lambda a: -array.strides[a]))
    if not array.transpose(axes).flags.c_contiguous:
        raise NotImplementedError(
            "as_strided works on tensors that are whole pieces of memory; this one of shape "
            f"{list(array.shape)} leaves gaps: call contiguous() first"
        )
    return transpose(x, axes=axes)


def _out_of_memory_order(x: Any, like: Any) -> Any:
    """What `_in_memory_order` made of `like`, with its axes where they were."""
    axes = sorted(range(like._array.ndim), key=lambda a: -like._array.strides[a])
    if like._array.flags.c_contiguous:
        return x
    return transpose(x, axes=tuple(axes.index(a) for a in range(len(axes))))


def _layout(x: Any, size: Any, stride: Any, offset: Any) -> tuple[Any, Any, int]:
    """Shape, strides and offset, checked to stay inside the memory of `x`."""
    shape, strides = tuple(integer(n) for n in size), tuple(integer(s) for s in stride)
    offset = 0 if offset is None else integer(offset)
    if len(shape) != len(strides):
        raise RuntimeError(
            f"mismatch in length of strides and shape: got {len(strides)} and {len(shape)}"
        )
    if any(s < 0 for s in strides):
        raise RuntimeError(
            "as_strided: Negative strides are not supported at the moment, got strides: "
            f"{list(strides)}"
        )
    last = offset + math.fsum((n - 1) * s for n, s in zip(shape, strides, strict=True))
    if math.prod(shape) and not (offset >= 0 and last < x._array.size):
        raise RuntimeError(
            f"setStorage: sizes {list(shape)}, strides {list(strides)}, storage offset {offset} "
            f"are out of bounds for storage of {x._array.size} elements"
        )
    return shape, strides, offset


@surface
def as_strided(input: Any, size: Any, stride: Any, storage_offset: Any = None) -> Any:
    """A view of the tensor's memory: element i is at storage_offset + Σ i · stride.

    Gradient: places seen several times get the sum. Differs from PyTorch: the tensor must be a
    whole piece of memory, not a slice of a larger one.
    """
    if storage_offset is not None and root_of(input._array).size != input._array.size:
        raise NotImplementedError(
            "as_strided counts storage_offset from the start of the memory, of which this tensor "
            "is a slice: leave storage_offset out to start where the slice does"
        )
    base = _in_memory_order(input)
    shape, strides, offset = _layout(base, size, stride, storage_offset)
    return strided.as_strided(base, shape=shape, strides=strides, offset=offset)


@surface(method=False)
def as_strided_copy(input: Any, size: Any, stride: Any, storage_offset: Any = None) -> Any:
    """A copy of what `as_strided` shows."""
    return el.clone(as_strided(input, size, stride, storage_offset))


@surface
def as_strided_scatter(
    input: Any, src: Any, size: Any, stride: Any, storage_offset: Any = None
) -> Any:
    """A copy with `src` written over what `as_strided` of these numbers shows.

    Gradient: 0 in `input` where `src` was written. Differs from PyTorch, whose gradient in `input`
    is of those places alone: its own gradcheck refuses it.

    >>> import tinygrad_lite as torch
    >>> torch.zeros(5).as_strided_scatter(torch.tensor([1.0, 2.0]), (2,), (2,), 1)
    tensor([0., 1., 0., 2., 0.])
    """
    need_tensor("as_strided_scatter", src, "src", 2)
    seen = as_strided(input.detach(), size, stride, storage_offset)._array
    if src._array.shape != seen.shape:
        raise RuntimeError(
            "expected src to have a size equal to the slice of self. src size = "
            f"{list(src._array.shape)}, slice size = {list(seen.shape)}"
        )
    if any(n > 1 and s == 0 for n, s in zip(seen.shape, seen.strides, strict=True)):
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a "
            f"single memory location: a stride of {list(stride)} is 0"
        )
    base = _in_memory_order(input)
    shape, strides, offset = _layout(base, size, stride, storage_offset)
    places = strided.strided_places(shape, strides, offset)
    written = write_view(base, to_type(src, base._array.dtype), places=places)
    return _out_of_memory_order(written, input)


@method
def as_strided_(self: Any, size: Any, stride: Any, storage_offset: Any = None) -> Any:
    """Look at the same memory in another shape, in place; not while a gradient is wanted."""
    if self._node is not None:
        raise NotImplementedError(
            "as_strided_ of a tensor that requires grad is not supported: use as_strided()"
        )
    self._array = as_strided(self, size, stride, storage_offset)._array
    return self


NAMES["as_strided_"] = as_strided_


@surface(method=False)
def unravel_index(indices: Any, shape: Any) -> tuple[Any, ...]:
    """Coordinates in a tensor of `shape` of places counted row by row, one tensor for each."""
    need_tensor("unravel_index", indices, "indices")
    if indices._array.dtype.kind not in "iu":
        raise ValueError(f"expected 'indices' to be integers, but got {indices.dtype!r}")
    sizes = (integer(shape),) if np.ndim(shape) == 0 else tuple(integer(n) for n in shape)
    if any(n < 0 for n in sizes):
        raise ValueError(f"'shape' cannot have negative values, but got {sizes}")
    rest, found = indices._array.astype(np.int64), []
    for n in reversed(sizes):
        found.append(make(rest % n, None))
        rest = rest // n
    return tuple(reversed(found))


@surface
def nonzero_static(input: Any, *, size: int, fill_value: int = -1) -> Any:
    """The first `size` places of what is not zero, one row for each; missing ones `fill_value`."""
    if size < 0:
        raise RuntimeError(f"nonzero_static: 'size' must be an non-negative integer, got {size}")
    array = np.asarray(input._array)
    places = np.argwhere(array) if array.ndim else np.zeros((int(bool(array)), 0), np.int64)
    out = np.full((size, array.ndim), fill_value, np.int64)
    count = min(size, len(places))
    out[:count] = places[:count]
    return make(out, None)


# --- segments --------------------------------------------------------------------------------


@surface(method=False, names=("_segment_reduce",))
def segment_reduce(
    data: Any,
    reduce: str,
    *,
    lengths: Any = None,
    indices: Any = None,
    offsets: Any = None,
    axis: int = 0,
    unsafe: bool = False,
    initial: Any = None,
) -> Any:
    """The max, min, mean, sum or prod of consecutive pieces of `data` along `axis`.

    The pieces are given by their `lengths`, or by `offsets` where each begins and the last ends.
    Gradient: ties of max and min share it evenly.
    """
    need_tensor("segment_reduce", data, "data")
    if reduce not in {"max", "min", "mean", "sum", "prod"}:
        raise RuntimeError(f"unsupported reduction given! {reduce}")
    if (lengths is None) == (offsets is None):
        raise RuntimeError("segment_reduce(): one of lengths and offsets must be given")
    a = axis_of(data, axis)
    array = data._array
    pieces = np.diff(offsets._array) if lengths is None else lengths._array
    left = array.shape[a] - pieces.sum(axis=-1, keepdims=True)
    if (left < 0).any() or (not unsafe and left.any()):
        raise RuntimeError(
            "segment_reduce(): Expected all rows of lengths along axis to sum to "
            "data.size(lengths.dim()-1) when !unsafe."
        )
    count = pieces.shape[-1]
    pieces = np.concatenate([pieces, left], axis=-1)  # one more piece, cut off at the end
    shape = (*array.shape[:a], count + 1, *array.shape[a + 1 :])
    rows = _piece_of(pieces, array.shape[: a + 1]).reshape(
        *array.shape[: a + 1], *(1,) * (array.ndim - a - 1)
    )
    places = make(np.ascontiguousarray(np.broadcast_to(rows, array.shape)), None)
    found = _combined(data, places, shape, a, reduce, initial, pieces)
    return index(found, key=(*(slice(None),) * a, slice(0, count)))


def _piece_of(pieces: Any, shape: tuple[int, ...]) -> Any:
    """For each place along the axis the number of its piece."""
    lanes = np.broadcast_to(pieces, (*shape[:-1], pieces.shape[-1])).reshape(-1, pieces.shape[-1])
    names = np.arange(pieces.shape[-1])
    return np.stack([np.repeat(names, lane) for lane in lanes]).reshape(shape)


STARTS = {"max": -math.inf, "min": math.inf, "sum": 0.0, "mean": 0.0, "prod": 1.0}


def _combined(
    data: Any, places: Any, shape: Any, axis: int, reduce: str, initial: Any, pieces: Any
) -> Any:
    """Scatter the data into its pieces."""
    dtype = data._array.dtype
    start = make(np.full(shape, STARTS[reduce] if initial is None else initial, dtype), None)
    if reduce in {"max", "min"}:
        return scatter.scatter_extreme(start, places, data, axis=axis, largest=reduce == "max")
    if reduce == "prod":
        return scatter.scatter_prod(start, places, data, axis=axis)
    total = scatter.scatter_add(start, places, data, axis=axis)
    if reduce == "sum":
        return total
    count = np.broadcast_to(pieces, shape[: axis + 1]).astype(dtype)
    count = count.reshape(*shape[: axis + 1], *(1,) * (len(shape) - axis - 1))
    if initial is not None:
        count = np.maximum(count, 1)
    return el.div(total, make(count, None))
