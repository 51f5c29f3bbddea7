"""Gathering and scattering: elements taken from, and put to, places that an index array names.

Places named twice get both contributions wherever a sum is meant.  An index array is an operand
without a gradient; where places are flat, they count elements in row-major order.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._kernels.choice import choose
from .._kernels.rows import add_rows
from .._op import op
from .elementwise import where
from .gathering import gather, places
from .scan import recurrence, shift
from .shape import cat, diagonal, reshape

__all__ = [
    "clear_places",
    "diagonal_clear",
    "diagonal_scatter",
    "fill_places",
    "index_add",
    "index_clear",
    "index_copy",
    "index_fill",
    "index_keep",
    "index_select",
    "index_unselect",
    "lengthen",
    "masked_fill",
    "masked_scatter",
    "masked_select",
    "pick_places",
    "put",
    "scatter",
    "scatter_add",
    "scatter_extreme",
    "scatter_fill",
    "scatter_mean",
    "scatter_prod",
    "take",
    "unmask",
]


# --- along one axis --------------------------------------------------------------------------


@op(kind="general", onnx="ScatterElements")
def scatter(x: Any, index: Any, source: Any, *, axis: int) -> Any:
    """A copy of `x` with `source` written where `index` says; the last of equal places stays."""
    out = np.array(x, order="C")
    out.reshape(-1)[places(index, x.shape, axis).reshape(-1)] = source.reshape(-1)
    return out


@op(kind="general")
def scatter_fill(x: Any, index: Any, *, value: Any, axis: int) -> Any:
    """A copy of `x` with the number `value` written where `index` says."""
    out = np.array(x, order="C")
    out.reshape(-1)[places(index, x.shape, axis).reshape(-1)] = value
    return out


def _without(g: Any, index: Any, axis: int) -> Any:
    """The gradient of what was not written over."""
    return scatter_fill(g, index, value=0, axis=axis)


scatter.rule(_without)
scatter_fill.rule(_without)
scatter.rule(lambda g, index, axis: gather(g, index, axis=axis), "source")


@op(kind="linear")
def scatter_add(x: Any, index: Any, source: Any, *, axis: int) -> Any:
    """A copy of `x` with `source` added where `index` says."""
    out = np.array(x, order="C")
    flat = places(index, x.shape, axis).reshape(-1)
    if x.dtype.kind == "b":
        np.logical_or.at(out.reshape(-1), flat, source.reshape(-1))
    else:
        np.add.at(out.reshape(-1), flat, source.reshape(-1))
    return out


scatter_add.rule(lambda g: g, "x")
scatter_add.rule(lambda g, index, axis: gather(g, index, axis=axis), "source")


# --- reductions into places ------------------------------------------------------------------


def _start(x: Any, flat: Any, include_self: bool, neutral: Any) -> Any:
    """A flat copy of `x`, the places that `flat` names made `neutral` unless `include_self`."""
    out = np.array(x, order="C").reshape(-1)
    if not include_self:
        out[flat] = neutral
    return out


def counts(x: Any, index: Any, axis: int, include_self: bool) -> Any:
    """How many values meet at each place of `x`, at least one."""
    found = np.full(x.size, int(include_self), np.int64)
    np.add.at(found, places(index, x.shape, axis).reshape(-1), 1)
    return np.maximum(found, 1).reshape(x.shape)


@op(kind="general", aux=("count",))
def scatter_mean(x: Any, index: Any, source: Any, *, axis: int, include_self: bool = True) -> Any:
    """Mean of what `source` brings to each place, with the element of `x` if `include_self`."""
    flat = places(index, x.shape, axis).reshape(-1)
    out = _start(x, flat, include_self, 0)
    np.add.at(out, flat, source.reshape(-1))
    count = counts(x, index, axis, include_self)
    out = out.reshape(x.shape)
    if x.dtype.kind == "f":
        count = count.astype(x.dtype)
        return out / count, count
    return out // count.astype(x.dtype), count


@scatter_mean.rule
def _(g: Any, index: Any, count: Any, axis: int, include_self: bool) -> Any:
    return _self_part(g / count, index, axis, include_self)


@scatter_mean.rule("source")
def _(g: Any, index: Any, count: Any, axis: int) -> Any:
    return gather(g / count, index, axis=axis)


def _self_part(g: Any, index: Any, axis: int, include_self: bool) -> Any:
    """The gradient of `x` is that of the result, save where its element was left out."""
    return g if include_self else _without(g, index, axis)


@op(kind="general", aux=("own", "brought"))
def scatter_extreme(
    x: Any, index: Any, source: Any, *, axis: int, largest: bool, include_self: bool = True
) -> Any:
    """Largest or smallest of what `source` brings to each place; ties share the gradient evenly."""
    flat = places(index, x.shape, axis).reshape(-1)
    out = _start(x, flat, include_self, _worst(x.dtype, largest))
    (np.maximum if largest else np.minimum).at(out, flat, source.reshape(-1))
    return (out.reshape(x.shape), *_tie_shares(x, out, flat, source))


def _worst(dtype: Any, largest: bool) -> Any:
    """The value that every other one beats."""
    if dtype.kind == "f":
        return -math.inf if largest else math.inf
    if dtype.kind == "b":
        return not largest
    return np.iinfo(dtype).min if largest else np.iinfo(dtype).max


def _equal(x: Any, y: Any) -> Any:
    """Whether elements are equal, NaN to NaN too."""
    return (x == y) | (np.isnan(x) & np.isnan(y)) if x.dtype.kind == "f" else x == y


def _tie_shares(x: Any, out: Any, flat: Any, source: Any) -> tuple[Any, Any]:
    """The shares of the elements of `x` and `source` in the extremes at their places."""
    own, brought = _equal(x.reshape(-1), out), _equal(source.reshape(-1), out[flat])
    count = own.astype(np.int64)
    np.add.at(count, flat, brought)
    count = np.maximum(count, 1)
    kind = x.dtype if x.dtype.kind == "f" else np.float32
    shares = (own / count).reshape(x.shape), (brought / count[flat]).reshape(source.shape)
    return shares[0].astype(kind), shares[1].astype(kind)


@scatter_extreme.rule
def _(g: Any, index: Any, own: Any, axis: int, include_self: bool) -> Any:
    return _self_part(g * own, index, axis, include_self)


@scatter_extreme.rule("source")
def _(g: Any, index: Any, brought: Any, axis: int) -> Any:
    return gather(g, index, axis=axis) * brought


@op(kind="general")
def scatter_prod(x: Any, index: Any, source: Any, *, axis: int, include_self: bool = True) -> Any:
    """Product of what `source` brings to each place, with the element of `x` if `include_self`."""
    flat = places(index, x.shape, axis).reshape(-1)
    out = _start(x, flat, include_self, 1)
    (np.logical_and if x.dtype.kind == "b" else np.multiply).at(out, flat, source.reshape(-1))
    return out.reshape(x.shape)


@scatter_prod.joint
def _(g: Any, x: Any, index: Any, source: Any, out: Any, axis: int, include_self: bool) -> Any:
    if not ((x == 0).any() or (source == 0).any()):
        pull = g * out
        mine = _self_part(pull / x if include_self else g, index, axis, include_self)
        return mine, None, gather(pull, index, axis=axis) / source
    if not include_self:
        x = scatter_fill(x, index, value=1, axis=axis)
    own, brought = _others(x, index, source, axis)
    return (
        _self_part(g * own, index, axis, include_self),
        None,
        gather(g, index, axis=axis) * brought,
    )


def _others(x: Any, index: Any, source: Any, axis: int) -> tuple[Any, Any]:
    """For each element of `x` and `source` the product of the others at its place.

    All elements are lined up place by place; running products from both ends, broken where a new
    place begins, give the product of the others without a division.
    """
    flat = places(np.asarray(index), tuple(x.shape), axis).reshape(-1)
    target = np.concatenate([np.arange(math.prod(x.shape)), flat])
    order = np.argsort(target, kind="stable")
    back = np.argsort(order)
    line = cat(reshape(x, shape=(-1,)), reshape(source, shape=(-1,)), axis=0)
    line = pick_places(line, order)
    new = np.ones(order.size, bool)
    new[1:] = target[order][1:] != target[order][:-1]
    last = np.ones(order.size, bool)
    last[:-1] = new[1:]
    others = _running_others(line, new, False) * _running_others(line, last, True)
    others = pick_places(others, back)
    count = math.prod(x.shape)
    return reshape(others[:count], shape=x.shape), reshape(others[count:], shape=source.shape)


def _running_others(line: Any, edge: Any, reverse: bool) -> Any:
    """Product of the elements before each one, 1 at an `edge` where a new run begins."""
    before = shift(line, axis=0, by=-1 if reverse else 1)
    return recurrence(where(edge, 0.0, before), edge, axis=0, reverse=reverse)


# --- flat places -----------------------------------------------------------------------------


@op(kind="linear")
def pick_places(x: Any, index: Any) -> Any:
    """The elements of `x` at flat places, in the shape of `index`."""
    return x.reshape(-1).take(index)


@op(kind="linear")
def fill_places(x: Any, index: Any, *, shape: tuple[int, ...]) -> Any:
    """Zeros of `shape` with every element of `x` added at its flat place."""
    out = np.zeros(math.prod(shape), x.dtype)
    np.add.at(out, index.reshape(-1), x.reshape(-1))
    return out.reshape(shape)


pick_places.rule(lambda g, index, x_shape: fill_places(g, index, shape=x_shape), "x")


@fill_places.rule("x")
def _(g: Any, index: Any) -> Any:
    return pick_places(g, index)


def _check_flat(index: Any, size: int) -> None:
    """Raise if a flat place lies outside -size .. size - 1."""
    if not index.size:
        return
    low, high = np.minimum.reduce(index, axis=None), np.maximum.reduce(index, axis=None)
    if low < -size or high >= size:
        wrong = int(high if high >= size else low)
        raise IndexError(
            f"out of range: tried to access index {wrong} on a tensor of {size} elements."
        )


@op(kind="linear")
def take(x: Any, index: Any) -> Any:
    """The elements of `x`, read row by row, at the places of `index`."""
    _check_flat(index, x.size)
    return x.reshape(-1).take(index)


take.rule(lambda g, index, x_shape: fill_places(g, index, shape=x_shape), "x")


@op(kind="general")
def put(x: Any, index: Any, source: Any, *, accumulate: bool = False) -> Any:
    """A copy of `x` with `source` written, or added, at the flat places of `index`."""
    _check_flat(index, x.size)
    out = np.array(x, order="C")
    if accumulate:
        np.add.at(out.reshape(-1), index.reshape(-1), source.reshape(-1))
    else:
        out.reshape(-1)[index.reshape(-1)] = source.reshape(-1)
    return out


@op(kind="linear")
def clear_places(x: Any, index: Any) -> Any:
    """A copy of `x` with zeros at the flat places of `index`."""
    out = np.array(x, order="C")
    out.reshape(-1)[index.reshape(-1)] = 0
    return out


@clear_places.rule("x")
def _(g: Any, index: Any) -> Any:
    return clear_places(g, index)


put.rule(lambda g, index, accumulate: g if accumulate else clear_places(g, index), "x")


@put.rule("source")
def _(g: Any, index: Any, source_shape: Any) -> Any:
    return reshape(pick_places(g, index), shape=source_shape)


# --- whole slices ----------------------------------------------------------------------------


def _front(x: Any, axis: int) -> Any:
    """`x` with `axis` in front; a single element counts as one slice."""
    return np.moveaxis(x, axis, 0) if x.ndim else x.reshape(1)


def _back(x: Any, axis: int, shape: tuple[int, ...]) -> Any:
    """The front axis in its place again."""
    return np.moveaxis(x, 0, axis) if shape else x.reshape(())


@op(kind="linear", onnx="Gather")
def index_select(x: Any, index: Any, *, axis: int) -> Any:
    """The slices of `x` along `axis` that `index` names."""
    if x.ndim and index.ndim == 1:
        return x.take(index, axis)
    return np.take(x if x.ndim else x.reshape(1), index.reshape(-1), axis).reshape(
        x.shape if not x.ndim else _replaced(x.shape, axis, index.size)
    )


def _replaced(shape: tuple[int, ...], axis: int, n: int) -> tuple[int, ...]:
    """`shape` with `n` along `axis`."""
    axis %= len(shape)
    return (*shape[:axis], n, *shape[axis + 1 :])


@op(kind="linear")
def index_unselect(x: Any, index: Any, *, shape: tuple[int, ...], axis: int) -> Any:
    """Zeros of `shape` with the slices of `x` added where `index` says."""
    if shape and axis % len(shape) == 0:
        out = np.zeros(shape, x.dtype)
        add_rows(out, index.reshape(-1), x)
        return out
    out = np.zeros(_front(np.broadcast_to(0, shape), axis).shape, x.dtype)
    add_rows(out, index.reshape(-1), _front(x, axis))
    return _back(out, axis, shape)


@index_select.rule("x")
def _(g: Any, index: Any, x_shape: Any, axis: int) -> Any:
    return index_unselect(g, index, shape=x_shape, axis=axis)


index_unselect.rule(lambda g, index, axis: index_select(g, index, axis=axis), "x")


@op(kind="linear")
def index_add(x: Any, index: Any, source: Any, *, axis: int, alpha: Any = 1) -> Any:
    """A copy of `x` with `alpha` times the slices of `source` added where `index` says."""
    out = np.array(_front(x, axis), order="C")
    source = _front(source, axis)
    if x.dtype.kind == "b":
        np.logical_or.at(out, index.reshape(-1), source & bool(alpha))
    else:
        scale = np.asarray(alpha).astype(x.dtype)  # -1 wraps in unsigned integers, as in torch
        add_rows(out, index.reshape(-1), source if alpha == 1 else source * scale)
    return _back(out, axis, x.shape)


index_add.rule(lambda g: g, "x")


@index_add.rule("source")
def _(g: Any, index: Any, source_shape: Any, axis: int, alpha: Any) -> Any:
    pull = reshape(index_select(g, index, axis=axis), shape=source_shape)
    return pull if alpha == 1 else pull * alpha


@op(kind="general")
def index_copy(x: Any, index: Any, source: Any, *, axis: int) -> Any:
    """A copy of `x` with the slices of `source` written where `index` says."""
    out = np.array(_front(x, axis), order="C")
    out[index.reshape(-1)] = _front(source, axis)
    return _back(out, axis, x.shape)


@op(kind="general")
def index_fill(x: Any, index: Any, value: Any, *, axis: int) -> Any:
    """A copy of `x` with `value` all over the slices that `index` names."""
    out = np.array(_front(x, axis), order="C")
    out[index.reshape(-1)] = value
    return _back(out, axis, x.shape)


@op(kind="linear")
def index_clear(x: Any, index: Any, *, axis: int) -> Any:
    """A copy of `x` with zeros all over the slices that `index` names."""
    return index_fill.forward(x, index, 0, axis=axis)


@op(kind="linear")
def index_keep(x: Any, index: Any, *, axis: int) -> Any:
    """A copy of `x` with zeros outside the slices that `index` names."""
    out = np.zeros(_front(x, axis).shape, x.dtype)
    rows = index.reshape(-1)
    out[rows] = _front(x, axis)[rows]
    return _back(out, axis, x.shape)


def _outside(g: Any, index: Any, axis: int) -> Any:
    """The gradient of the slices that were not written over."""
    return index_clear(g, index, axis=axis)


index_clear.rule(_outside, "x")
index_copy.rule(_outside, "x")
index_fill.rule(_outside, "x")
index_keep.rule(lambda g, index, axis: index_keep(g, index, axis=axis), "x")
# a slice named twice is filled once: its gradient counts once
index_fill.rule(lambda g, index, axis: index_keep(g, index, axis=axis), "value")


@index_copy.rule("source")
def _(g: Any, index: Any, source_shape: Any, axis: int) -> Any:
    return reshape(index_select(g, index, axis=axis), shape=source_shape)


# --- masks and views -------------------------------------------------------------------------


@op(kind="general")
def masked_fill(x: Any, mask: Any, value: Any) -> Any:
    """`value` where `mask` is true, `x` elsewhere, in the type of `x`."""
    return choose(mask, np.asarray(value).astype(x.dtype, copy=False), x)


masked_fill.rule(lambda g, mask: where(mask, 0.0, g), "x")
masked_fill.rule(lambda g, mask: where(mask, g, 0.0), "value")


@op(kind="linear")
def masked_select(x: Any, mask: Any) -> Any:
    """The elements of `x` where `mask` is true, in order; both are broadcast."""
    x, mask = np.broadcast_arrays(x, mask)
    return x[mask]


@op(kind="linear")
def unmask(x: Any, mask: Any, *, shape: tuple[int, ...]) -> Any:
    """Zeros of `shape`, the elements of `x` in order where `mask` is true."""
    out = np.zeros(shape, x.dtype)
    mask = np.broadcast_to(mask, shape)
    out[mask] = x[: np.count_nonzero(mask)]
    return out


@masked_select.rule("x")
def _(g: Any, mask: Any, x_shape: Any) -> Any:
    return unmask(g, mask, shape=np.broadcast_shapes(x_shape, tuple(mask.shape)))


def _first(g: Any, mask: Any, x_shape: tuple[int, ...]) -> Any:
    """What `mask` selects of `g`, in an array of `x_shape` that may be larger: zeros follow."""
    return lengthen(masked_select(g, mask), size=math.prod(x_shape))


@op(kind="linear")
def lengthen(x: Any, *, size: int) -> Any:
    """`x` in one row of `size`, zeros at the end."""
    out = np.zeros(size, x.dtype)
    out[: x.size] = x.reshape(-1)
    return out


unmask.rule(_first, "x")
lengthen.rule(lambda g, x_shape: reshape(g[: math.prod(x_shape)], shape=x_shape))


@op(kind="general")
def masked_scatter(x: Any, mask: Any, source: Any) -> Any:
    """A copy of `x` with the elements of `source` in order where `mask` is true."""
    shape = np.broadcast_shapes(x.shape, mask.shape)
    out = np.array(np.broadcast_to(x, shape), order="C")
    mask = np.broadcast_to(mask, shape)
    count = np.count_nonzero(mask)
    if source.size < count:
        raise RuntimeError(
            "masked_scatter: expected self and source to have same dtypes and enough elements: "
            f"the mask is true {count} times, source has {source.size} elements"
        )
    out[mask] = source.reshape(-1)[:count]
    return out


masked_scatter.rule(lambda g, mask: where(mask, 0.0, g), "x")


@masked_scatter.rule("source")
def _(g: Any, mask: Any, source_shape: Any) -> Any:
    return reshape(_first(g, mask, source_shape), shape=source_shape)


@op(kind="general")
def diagonal_scatter(
    x: Any, source: Any, *, offset: int = 0, axis1: int = 0, axis2: int = 1
) -> Any:
    """A copy of `x` with `source` on the diagonal of two axes."""
    out = np.array(x, order="C")
    diagonal.forward(out, offset=offset, axis1=axis1, axis2=axis2)[...] = source
    return out


@op(kind="linear")
def diagonal_clear(x: Any, *, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """A copy of `x` with zeros on the diagonal of two axes."""
    return diagonal_scatter.forward(x, 0, offset=offset, axis1=axis1, axis2=axis2)


def _off_diagonal(g: Any, offset: int, axis1: int, axis2: int) -> Any:
    return diagonal_clear(g, offset=offset, axis1=axis1, axis2=axis2)


diagonal_clear.rule(_off_diagonal)
diagonal_scatter.rule(_off_diagonal)


@diagonal_scatter.rule
def _(g: Any, offset: int, axis1: int, axis2: int) -> Any:
    return diagonal(g, offset=offset, axis1=axis1, axis2=axis2)
