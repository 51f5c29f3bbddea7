"""Gathering, scattering and masking in PyTorch's words."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .._composite import composite
from .._dtypes import of, result_type
from .._keys import translate
from .._needs import NUMBERS, fill_number
from .._nodes import make
from .._record import to_type
from .._tensor import Tensor
from ..ops import elementwise as el, gathering, indexing, scatter as ops
from ..ops.shape import diagonal, expand, reshape
from ._dims import axis_of, integer
from ._surface import need_tensor, surface
from .arithmetic import BOOL, as_constant, of_one_type

__all__: list[str] = []


# --- along one dimension ---------------------------------------------------------------------


def _check_index(name: str, x: Any, index: Any, axis: int, beside: int | None = None) -> None:
    """Raise unless `index` can name places in `x` along `axis`."""
    need_tensor(name, index, "index", 3)
    if not index._array.size:
        return
    if index._array.dtype not in (np.int64, np.int32):
        raise RuntimeError(
            f"{name}(): Expected dtype int64 for index, got {index.dtype!r}: use index.long()"
        )
    if max(index._array.ndim, 1) != max(x._array.ndim, 1):
        raise RuntimeError(
            f"Index tensor must have the same number of dimensions as input tensor: {name}() got "
            f"{index._array.ndim} and {x._array.ndim}"
        )
    for a, (n, size) in enumerate(zip(index._array.shape, x._array.shape, strict=False)):
        if a != axis and n > size:
            raise RuntimeError(
                f"Size does not match at dimension {a} expected index {list(index._array.shape)} "
                f"to be no larger than self {list(x._array.shape)} apart from dimension {axis}"
            )


def _one_axis(x: Any) -> Any:
    """A tensor without dimensions as one of a single element."""
    return x if x._array.ndim else reshape(x, shape=(1,))


@surface
def gather(input: Any, dim: Any, index: Any, *, sparse_grad: bool = False) -> Any:
    """out[i][j] = input[index[i][j]][j] for dim 0: the elements that `index` names along `dim`.

    Gradient: an element named twice gets both.
    """
    axis = axis_of(input, dim)
    _check_index("gather", input, index, axis)
    if not index._array.size:
        return _empty_part(input, index)
    if input._array.ndim and index._array.ndim:
        return gathering.gather.run(input, index, axis)
    found = gathering.gather(_one_axis(input), _one_axis(index), axis=axis)
    return found if index._array.ndim else reshape(found, shape=())


def _empty_part(x: Any, index: Any) -> Any:
    """No elements, in the shape of `index`, still a part of `x` for the gradient."""
    flat = ops.pick_places(x, make(np.zeros(0, np.int64), None))
    return reshape(flat, shape=index._array.shape)


def _source(name: str, x: Any, index: Any, src: Any) -> Any:
    """What to scatter, cut to the shape of `index`; a number fills that shape."""
    shape = index._array.shape or (1,)
    if not isinstance(src, Tensor):
        return make(np.full(shape, fill_number(src, x._array.dtype)), None)
    if src._array.dtype != x._array.dtype:
        raise RuntimeError(
            f"{name}(): Expected self.dtype to be equal to src.dtype, got {x.dtype!r} and "
            f"{src.dtype!r}"
        )
    src = _one_axis(src)
    if src._array.ndim != len(shape):
        raise RuntimeError(
            "Index tensor must have the same number of dimensions as src tensor: "
            f"{name}() got {len(shape)} and {src._array.ndim}"
        )
    if any(n > m for n, m in zip(shape, src._array.shape, strict=True)):
        raise RuntimeError(
            f"Expected index {list(shape)} to be no larger than src {list(src._array.shape)}"
        )
    if src._array.shape == shape:
        return src
    return indexing.index(src, key=tuple(slice(0, n) for n in shape))


def _scattered(name: str, op: Any, x: Any, dim: Any, index: Any, src: Any, **settings: Any) -> Any:
    """A scattering operation on tensors of any shape, also without dimensions."""
    axis = axis_of(x, dim)
    _check_index(name, x, index, axis)
    if not index._array.size:
        return el.clone(x)
    source = _source(name, x, index, src)
    found = op(_one_axis(x), _one_axis(index), source, axis=axis, **settings)
    return found if x._array.ndim else reshape(found, shape=())


@surface(inplace=True)
def scatter(
    input: Any, dim: Any, index: Any, src: Any = None, *, value: Any = None, reduce: Any = None
) -> Any:
    """A copy with out[index[i][j]][j] = src[i][j] for dim 0; `src` may be a number.

    Where an index repeats, the last value stays. Gradient: every named element of `src` gets its
    place's gradient. `reduce` may be "add" or "multiply".
    """
    src = value if src is None else src
    if reduce is None:
        return _scattered("scatter", ops.scatter, input, dim, index, src)
    if reduce == "add":
        return _scattered("scatter", ops.scatter_add, input, dim, index, src)
    if reduce == "multiply":
        return _scattered("scatter", ops.scatter_prod, input, dim, index, src)
    raise RuntimeError("reduce argument must be either add or multiply.")


@surface(inplace=True)
def scatter_add(input: Any, dim: Any, index: Any, src: Any) -> Any:
    """A copy with out[index[i][j]][j] += src[i][j] for dim 0; repeated places add up."""
    need_tensor("scatter_add", src, "src", 4)
    return _scattered("scatter_add", ops.scatter_add, input, dim, index, src)


@surface(inplace=True)
def scatter_reduce(
    input: Any, dim: Any, index: Any, src: Any, reduce: Any, *, include_self: bool = True
) -> Any:
    """A copy whose places named by `index` hold the sum, prod, mean, amax or amin of `src` there.

    With `include_self` the old element takes part. Gradient: ties of amax and amin share it.
    """
    return _reduced("scatter_reduce", input, dim, index, src, reduce, include_self)


def _reduced(
    name: str, x: Any, dim: Any, index: Any, src: Any, reduce: Any, include_self: bool
) -> Any:
    """Scatter with a reduction, chosen by its name."""
    if reduce == "sum":
        if not include_self:
            axis = axis_of(x, dim)
            _check_index(name, x, index, axis)
            x = _cleared(x, index, axis)
        return _scattered(name, ops.scatter_add, x, dim, index, src)
    if reduce not in {"prod", "mean", "amax", "amin"}:
        raise RuntimeError(
            f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}"
        )
    keywords: dict[str, Any] = {"include_self": bool(include_self)}
    if reduce in {"amax", "amin"}:
        keywords["largest"] = reduce == "amax"
        return _scattered(name, ops.scatter_extreme, x, dim, index, src, **keywords)
    if reduce == "mean" and x._array.dtype.kind == "b":
        raise NotImplementedError("\"scatter_reduce mean\" not implemented for 'Bool'")
    op = ops.scatter_prod if reduce == "prod" else ops.scatter_mean
    return _scattered(name, op, x, dim, index, src, **keywords)


def _cleared(x: Any, index: Any, axis: int) -> Any:
    """`x` with zeros at the places that `index` names."""
    if not index._array.size:
        return x
    found = ops.scatter_fill(_one_axis(x), _one_axis(index), value=0, axis=axis)
    return found if x._array.ndim else reshape(found, shape=())


# --- whole slices ----------------------------------------------------------------------------


def _rows_of(name: str, x: Any, dim: Any, index: Any) -> tuple[int, Any]:
    """The axis, and a checked index of slices, negative ones refused."""
    axis = axis_of(x, dim)
    need_tensor(name, index, "index", 3)
    array = index._array
    if array.dtype not in (np.int64, np.int32):
        raise RuntimeError(f"{name}(): Expected dtype int32/int64 for index, got {index.dtype!r}")
    if array.ndim > 1:
        raise IndexError(f"{name}(): Index is supposed to be a vector, got shape {array.shape}")
    return axis, index


def _check_rows(name: str, x: Any, axis: int, index: Any) -> None:
    """Raise unless every index names a slice of `x`."""
    array = index._array
    size = x._array.shape[axis] if x._array.ndim else 1
    if array.size and not gathering.all_below(size, array):
        raise IndexError(
            f"index out of range in self: {name}() got an index outside 0 .. {size - 1}"
        )


@surface
def index_select(input: Any, dim: Any, index: Any) -> Any:
    """The slices along `dim` that `index` names. Gradient: a slice named twice gets both."""
    axis, index = _rows_of("index_select", input, dim, index)
    if not input._array.ndim and index._array.size != 1:
        raise RuntimeError(
            "index_select(): Index to scalar can have only 1 value, got "
            f"{index._array.size} value(s)"
        )
    if input._array.ndim and index._array.size and not input._array.shape[axis]:
        raise RuntimeError("index_select(): self indexing axis dim should be positive")
    _check_rows("index_select", input, axis, index)
    return ops.index_select.run(input, index, axis)


def _check_slices(name: str, x: Any, axis: int, index: Any, source: Any) -> None:
    """Raise unless `source` holds one slice of `x` for every index."""
    need_tensor(name, source, "source", 4)
    if source._array.dtype != x._array.dtype:
        raise RuntimeError(
            f"{name}(): self ({x.dtype!r}) and source ({source.dtype!r}) must have the same "
            "scalar type"
        )
    here, there = x._array.shape, source._array.shape
    expected = (*here[:axis], index._array.size, *here[axis + 1 :]) if here else there
    count = there[axis] if there and axis < len(there) else 1
    same = there == expected or (not there and index._array.size == 1 and len(here) <= 1)
    if not same:
        if count != index._array.size:
            kind = RuntimeError if name == "index_add" else IndexError
            raise kind(
                f"{name}(): Number of indices ({index._array.size}) should be equal to "
                f"source.size(dim) ({count})"
            )
        raise RuntimeError(
            f"{name}(): source tensor shape must match self tensor shape, excluding the specified "
            f"dimension. Got self.shape = {list(here)} source.shape = {list(there)}"
        )
    _check_rows(name, x, axis, index)


@surface(inplace=True)
def index_add(input: Any, dim: Any, index: Any, source: Any, *, alpha: Any = 1) -> Any:
    """A copy with `alpha` times the slices of `source` added where `index` says."""
    axis, index = _rows_of("index_add", input, dim, index)
    _check_slices("index_add", input, axis, index, source)
    return ops.index_add(input, index, source, axis=axis, alpha=alpha)


@surface(inplace=True)
def index_copy(input: Any, dim: Any, index: Any, source: Any) -> Any:
    """A copy with the slices of `source` written where `index` says; the last of equals stays."""
    axis, index = _rows_of("index_copy", input, dim, index)
    _check_slices("index_copy", input, axis, index, source)
    return ops.index_copy(input, index, source, axis=axis)


@surface(inplace=True)
def index_fill(input: Any, dim: Any, index: Any, value: Any) -> Any:
    """A copy with `value` all over the slices that `index` names."""
    axis = axis_of(input, dim)
    need_tensor("index_fill", index, "index", 3)
    if index._array.dtype != np.int64:
        raise IndexError("index_fill_(): Expected dtype int64 for index.")
    index = make(_counted(index._array, input._array.shape, axis), None)
    if isinstance(value, Tensor):
        if value._array.ndim:
            raise RuntimeError(
                "index_fill_ only supports a 0-dimensional value tensor, but got tensor with "
                f"{value._array.ndim} dimension(s)."
            )
        value = to_type(value, input._array.dtype)
    else:
        value = np.asarray(fill_number(value, input._array.dtype))
    return ops.index_fill(input, index, value, axis=axis)


@composite
def _counted(index: Any, shape: tuple[int, ...], axis: int) -> Any:
    """Indices counted from the front; IndexError if one lies outside."""
    size = shape[axis] if shape else 1
    if index.size and (index.min() < -size or index.max() >= size):
        raise IndexError(f"index out of range: an index lies outside {-size} .. {size - 1}")
    return np.where(index < 0, index + size, index)


@surface(inplace=True)
def index_reduce(
    input: Any, dim: Any, index: Any, source: Any, reduce: Any, *, include_self: bool = True
) -> Any:
    """A copy whose slices named by `index` hold the prod, mean, amax or amin of `source` there."""
    if reduce not in {"prod", "mean", "amax", "amin"}:
        raise RuntimeError(
            f"index_reduce(): Expected reduce to be one of prod, mean, amax or amin but "
            f"got {reduce}"
        )
    axis, index = _rows_of("index_reduce", input, dim, index)
    _check_slices("index_reduce", input, axis, index, source)
    shape = _one_axis(source)._array.shape
    rows = index._array.reshape([-1 if a == axis else 1 for a in range(len(shape))])
    places = make(np.ascontiguousarray(np.broadcast_to(rows, shape)), None)
    if not input._array.ndim:
        places = reshape(places, shape=(index._array.size,))
    return _reduced("index_reduce", input, dim, places, source, reduce, include_self)


# --- by NumPy's kind of index ----------------------------------------------------------------


@surface(inplace=True)
def index_put(input: Any, indices: Any, values: Any, accumulate: bool = False) -> Any:
    """A copy with input[indices] = values, or += with `accumulate`, where repeats add up."""
    basic, key = translate(tuple(indices), input._array.ndim)
    if key is None:
        key = basic
    elif basic is not None:
        raise IndexError("index_put: indices must be tensors")
    if values._array.dtype != input._array.dtype:
        raise RuntimeError(
            "Index put requires the source and destination dtypes match, got "
            f"{input.dtype!r} for the destination and {values.dtype!r} for the source."
        )
    shape = input._array[key].shape
    try:
        values = expand(values, shape=shape) if values._array.shape != shape else values
    except ValueError:
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(values._array.shape)} cannot be "
            f"broadcast to indexing result of shape {list(shape)}"
        ) from None
    if accumulate:
        if input._array.dtype.kind == "b":
            return el.logical_or(input, make(_marked(input._array, key, values._array), None))
        return el.add(input, indexing.unindex(values, shape=input._array.shape, key=key))
    return indexing.assign(input, values, key=key)


def _marked(array: Any, key: Any, values: Any) -> Any:
    """Which places of a boolean array some value makes true."""
    found = np.zeros(array.shape, np.int64)
    np.add.at(found, key, values)
    return found > 0


@surface
def take(input: Any, index: Any) -> Any:
    """The elements, read row by row, at the places of `index`."""
    need_tensor("take", index, "index", 2)
    if index._array.dtype != np.int64:
        raise RuntimeError(
            f"take(): Expected a long tensor for index, but got {index.dtype!r}: use index.long()"
        )
    if index._array.size and not input._array.size:
        raise IndexError("take(): tried to take from an empty tensor")
    return ops.take(input, index)


@surface(inplace=True)
def put(input: Any, index: Any, source: Any, accumulate: bool = False) -> Any:
    """A copy with `source` written (or added) at the places of `index`, counted row by row."""
    need_tensor("put", index, "index", 2)
    if index._array.dtype != np.int64:
        raise RuntimeError(f"put_(): Expected a long tensor for index, but got {index.dtype!r}")
    if source._array.dtype != input._array.dtype:
        raise RuntimeError(
            "put_(): self and source expected to have the same dtype, but got self.dtype = "
            f"{input.dtype!r} and source.dtype = {source.dtype!r}"
        )
    if index._array.size != source._array.size:
        raise IndexError(
            "put_(): Expected source and index to have the same number of elements, but got "
            f"source.numel() = {source._array.size}, index.numel() = {index._array.size}"
        )
    return ops.put(input, index, source, accumulate=bool(accumulate))


@surface(numpy=(np.take_along_axis,))
def take_along_dim(input: Any, indices: Any, dim: Any = None) -> Any:
    """The elements that `indices` names along `dim`; everything else broadcasts."""
    need_tensor("take_along_dim", indices, "indices", 2)
    if indices._array.dtype.kind not in "iu":
        raise RuntimeError(
            f"torch.take_along_dim(): dtype of indices should be Long but got {indices.dtype!r}"
        )
    if dim is None:
        flat = reshape(input, shape=(-1,))
        places = _counted(indices._array.reshape(-1), flat._array.shape, 0)
        return gather(flat, 0, make(places, None))
    if input._array.ndim != indices._array.ndim:
        raise RuntimeError(
            "torch.take_along_dim(): input and indices should have the same number of dimensions, "
            f"but got {input._array.ndim} dimensions for input, and {indices._array.ndim} "
            "dimensions for indices"
        )
    axis = axis_of(input, dim)
    a, b = list(input._array.shape), list(indices._array.shape)
    indices = make(_counted(indices._array, input._array.shape, axis), None)
    if not a:
        return gather(input, 0, indices)
    length, asked = a[axis], b[axis]
    a[axis] = b[axis] = 1
    shape = list(np.broadcast_shapes(tuple(a), tuple(b)))
    mine, theirs = shape.copy(), shape.copy()
    mine[axis], theirs[axis] = length, asked
    return gather(expand(input, shape=tuple(mine)), axis, expand(indices, shape=tuple(theirs)))


# --- masks -----------------------------------------------------------------------------------


def _as_mask(name: str, mask: Any) -> Any:
    need_tensor(name, mask, "mask", 2)
    if mask._array.dtype.kind != "b":
        raise RuntimeError(
            f"{name} only supports boolean masks, but got mask with dtype {mask.dtype!r}: "
            "use mask.bool()"
        )
    return mask


@surface(inplace=True)
def masked_fill(input: Any, mask: Any, value: Any) -> Any:
    """A copy with `value` where `mask` is true; `value` is a number or a 0-d tensor."""
    _as_mask("masked_fill", mask)
    number = as_constant(value, input._array.dtype)
    if number is not None:
        return ops.masked_fill.run(input, mask, number)
    if isinstance(value, Tensor):
        if value._array.ndim:
            raise RuntimeError(
                "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with "
                f"{value._array.ndim} dimension(s)."
            )
        value = to_type(value, input._array.dtype)
    else:
        value = np.asarray(fill_number(value, input._array.dtype))
    return ops.masked_fill.run(input, mask, value)


@surface
def masked_select(input: Any, mask: Any) -> Any:
    """The elements where `mask` is true, in one dimension; both broadcast."""
    return ops.masked_select(input, _as_mask("masked_select", mask))


@surface(inplace=True)
def masked_scatter(input: Any, mask: Any, source: Any) -> Any:
    """A copy with the elements of `source` in order where `mask` is true."""
    _as_mask("masked_scatter", mask)
    need_tensor("masked_scatter", source, "source", 3)
    if source._array.dtype != input._array.dtype:
        raise RuntimeError(
            "masked_scatter: expected self and source to have same dtypes but got "
            f"{input.dtype!r} and {source.dtype!r}"
        )
    return ops.masked_scatter(input, mask, source)


@surface(method=False, numpy=(np.where,))
def where(condition: Any, input: Any = None, other: Any = None) -> Any:
    """`input` where the condition holds, `other` elsewhere; with the condition alone, its places.

    Gradient: it goes to the chosen side alone.
    """
    if condition.__class__ is Tensor and condition._array.dtype is BOOL:
        pair = of_one_type(input, other)
        if pair is not None:
            return el.where.run(condition, *pair)
    if not isinstance(condition, np.ndarray):
        need_tensor("where", condition, "condition")
    if input is None and other is None:
        return nonzero(condition, as_tuple=True)
    mask = condition._array if isinstance(condition, Tensor) else condition
    if mask.dtype == np.uint8:
        warnings.warn(
            "where received a uint8 condition tensor. This behavior is deprecated and will be "
            "removed in a future version of PyTorch. Use a boolean condition instead.",
            UserWarning,
            stacklevel=3,
        )
        mask = mask.astype(bool)
        condition = make(mask, None)
    if mask.dtype.kind != "b":
        raise RuntimeError(
            "where expected condition to be a boolean tensor, but got a tensor with dtype "
            f"{of(mask.dtype)!r}: compare it, such as x != 0"
        )
    target = result_type([v._array if isinstance(v, Tensor) else v for v in (input, other)])
    whole = target.kind in "iu"
    input, other = (
        fill_number(v, target) if whole and v.__class__ in NUMBERS else to_type(v, target)
        for v in (input, other)
    )
    return el.where(condition if isinstance(condition, Tensor) else make(mask, None), input, other)


def _where_method(self: Any, condition: Any, other: Any) -> Any:
    """`self` where the condition holds, `other` elsewhere."""
    return where(condition, self, other)


Tensor.where = _where_method  # type: ignore[attr-defined]


@surface(numpy=(np.nonzero,))
def nonzero(input: Any, *, as_tuple: bool = False) -> Any:
    """The places of what is not zero: one row for each, or one tensor for each dimension."""
    array = np.asarray(input._array)
    if as_tuple:
        places = np.nonzero(array if array.ndim else array.reshape(1))
        return tuple(make(p, None) for p in places)
    if not array.ndim:
        return make(np.zeros((int(bool(array)), 0), np.int64), None)
    return make(np.argwhere(array), None)


@surface(numpy=(np.argwhere,))
def argwhere(input: Any) -> Any:
    """The places of what is not zero, one row for each."""
    return nonzero(input)


# --- into views ------------------------------------------------------------------------------


@surface
def select_scatter(input: Any, src: Any, dim: Any, index: Any) -> Any:
    """A copy with `src` written over the slice `index` along `dim`."""
    axis, index = axis_of(input, dim), integer(index)
    size = input._array.shape[axis]
    if not -size <= index < size:
        raise IndexError(
            f"select(): index {index} out of range for tensor of size {list(input._array.shape)} "
            f"at dimension {axis}"
        )
    return _written(input, src, (*(slice(None),) * axis, index, Ellipsis))


def _written(x: Any, src: Any, key: Any) -> Any:
    """A copy with `src` written at a key that makes a view."""
    shape = x._array[key].shape
    if src._array.shape != shape:
        raise RuntimeError(
            "expected src to have a size equal to the slice of self. src size = "
            f"{list(src._array.shape)}, slice size = {list(shape)}"
        )
    return indexing.assign(x, to_type(src, x._array.dtype), key=key)


@surface
def slice_scatter(
    input: Any, src: Any, dim: Any = 0, start: Any = None, end: Any = None, step: int = 1
) -> Any:
    """A copy with `src` written over start:end:step along `dim`."""
    axis = axis_of(input, dim)
    if step <= 0:
        raise RuntimeError("slice step must be positive")
    start, end = (None if v is None else integer(v) for v in (start, end))
    return _written(input, src, (*(slice(None),) * axis, slice(start, end, step), Ellipsis))


@surface
def diagonal_scatter(input: Any, src: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    """A copy with `src` written on a diagonal of two dimensions."""
    axes = axis_of(input, dim1), axis_of(input, dim2)
    if axes[0] == axes[1]:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    settings = {"offset": offset, "axis1": axes[0], "axis2": axes[1]}
    shape = diagonal.forward(input._array, **settings).shape
    if src._array.shape != shape:
        raise RuntimeError(
            "expected src to have a size equal to the slice of self. src size = "
            f"{list(src._array.shape)}, slice size = {list(shape)}"
        )
    return ops.diagonal_scatter(input, to_type(src, input._array.dtype), **settings)
