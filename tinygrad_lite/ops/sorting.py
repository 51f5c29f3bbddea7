"""Order: sorting, selecting by rank, and what counts equal elements.

Indices follow a stable order, and a NaN is larger than every number.  The gradient of a selected
value goes to the one element that `indices` names.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._kernels.order import order, order_at, order_start
from .._op import op
from .gathering import gather, ungather
from .reduction import pull_to_index, pull_to_ties_of_all

__all__ = [
    "argsort",
    "bincount",
    "isin",
    "kthvalue",
    "median",
    "median_along",
    "mode",
    "nanmedian",
    "nanmedian_along",
    "searchsorted",
    "sort",
    "topk",
]


def order_of(x: Any, axis: int, descending: bool) -> Any:
    """Indices that put `x` in order along `axis`, equal elements left as they stand."""
    if not x.ndim:
        return np.zeros((), np.int64)
    return order(x, axis, descending)


def _take(x: Any, indices: Any, axis: int) -> Any:
    return gather.forward(x, indices, axis=axis) if x.ndim else x.copy()


@op(kind="constant")
def argsort(x: Any, *, axis: int = -1, descending: bool = False) -> Any:
    """Indices that put `x` in order along `axis`; equal elements keep theirs."""
    return order_of(x, axis, descending)


@op(kind="reduction", outputs=("values", "indices"))
def sort(x: Any, *, axis: int = -1, descending: bool = False) -> Any:
    """The elements in order along `axis`, and where they stood."""
    indices = order_of(x, axis, descending)
    return _take(x, indices, axis), indices


@op(kind="reduction", outputs=("values", "indices"))
def topk(x: Any, *, k: int, axis: int = -1, largest: bool = True) -> Any:
    """The `k` largest (or smallest) elements along `axis` in order, and where they stood."""
    indices = order_start(x, axis, k, largest) if x.ndim else np.zeros((), np.int64)
    return _take(x, indices, axis), indices


def _pull_to_selected(g: Any, indices: Any, x_shape: Any, axis: int) -> Any:
    """The gradient of each selected element goes where it stood."""
    return ungather(g[0], indices, shape=x_shape, axis=axis, distinct=True)


sort.rule(_pull_to_selected)
topk.rule(_pull_to_selected)


# --- one element by its rank -----------------------------------------------------------------


def _selected(x: Any, indices: Any, axis: int, keepdims: bool) -> tuple[Any, Any]:
    """Values at `indices` (of length one along `axis`), and the indices."""
    values = _take(x, indices, axis)
    if keepdims or not x.ndim:
        return values, indices
    return np.squeeze(values, axis), np.squeeze(indices, axis)


def _rank(x: Any, axis: int, rank: Any) -> Any:
    """Indices, of length one along `axis`, of the elements of one rank, or of each lane's own."""
    if not x.ndim:
        return np.zeros((), np.int64)
    if isinstance(rank, int):
        return order_at(x, axis, rank)
    return np.take_along_axis(order(x, axis, False), rank, axis)


@op(kind="reduction", outputs=("values", "indices"))
def kthvalue(x: Any, *, k: int, axis: int = -1, keepdims: bool = False) -> Any:
    """The `k`-th smallest element along `axis`, counted from 1, and where it is."""
    return _selected(x, _rank(x, axis, k - 1), axis, keepdims)


def _first_nan(x: Any, axis: int) -> tuple[Any, Any]:
    """Whether each lane holds a NaN, and where its first one is."""
    nan = np.isnan(x)
    return np.logical_or.reduce(nan, axis=axis, keepdims=True), np.argmax(
        nan, axis=axis, keepdims=True
    )


@op(kind="reduction", outputs=("values", "indices"))
def median_along(x: Any, *, axis: int = -1, keepdims: bool = False) -> Any:
    """The lower median along `axis` and where it is; a NaN if there is one."""
    if not x.ndim:
        return x.copy(), np.zeros((), np.int64)
    indices = _rank(x, axis, (x.shape[axis] - 1) // 2)
    if x.dtype.kind == "f":
        has, first = _first_nan(x, axis)
        indices = np.where(has, first, indices)
    return _selected(x, indices, axis, keepdims)


@op(kind="reduction", outputs=("values", "indices"))
def nanmedian_along(x: Any, *, axis: int = -1, keepdims: bool = False) -> Any:
    """The lower median of the numbers along `axis` and where it is; NaN where there are none."""
    if not x.ndim:
        return x.copy(), np.zeros((), np.int64)
    if x.dtype.kind != "f" or not np.isnan(x).any():
        return median_along.forward(x, axis=axis, keepdims=keepdims)
    count = np.count_nonzero(~np.isnan(x), axis=axis, keepdims=True)
    indices = _rank(x, axis, np.maximum(count - 1, 0) // 2)
    return _selected(x, indices, axis, keepdims)


@op(kind="reduction", outputs=("values", "indices"))
def mode(x: Any, *, axis: int = -1, keepdims: bool = False) -> Any:
    """The most frequent element along `axis`, the smallest of several, and where it is last."""
    if not x.ndim:
        return x.copy(), np.zeros((), np.int64)
    lanes = np.moveaxis(x, axis, -1)
    order = np.argsort(lanes, axis=-1, kind="stable")
    ordered = np.take_along_axis(lanes, order, -1)
    n = lanes.shape[-1]
    new = np.ones(lanes.shape, bool)
    new[..., 1:] = ordered[..., 1:] != ordered[..., :-1]
    begin = np.maximum.accumulate(np.where(new, np.arange(n), 0), axis=-1)
    # the first end of a longest run: the smallest of the most frequent, at its last place
    best = np.argmax(np.arange(n) - begin, axis=-1, keepdims=True)
    indices = np.moveaxis(np.take_along_axis(order, best, -1), -1, axis)
    return _selected(x, indices, axis, keepdims)


for _operation in (kthvalue, median_along, nanmedian_along, mode):
    _operation.rule(pull_to_index)


@op(kind="reduction")
def median(x: Any) -> Any:
    """The lower median of all elements, NaN if there is one; equal elements share the gradient."""
    flat = x.reshape(-1)
    return median_along.forward(flat, axis=0)[0] if flat.size else _nothing(x)


@op(kind="reduction")
def nanmedian(x: Any) -> Any:
    """The lower median of the numbers among all elements; equal elements share the gradient."""
    flat = x.reshape(-1)
    return nanmedian_along.forward(flat, axis=0)[0] if flat.size else _nothing(x)


def _nothing(x: Any) -> Any:
    """What torch takes for the median of nothing: NaN, the smallest of int32 and int64, else 0."""
    if x.dtype.kind == "f":
        return x.dtype.type(np.nan)
    return x.dtype.type(np.iinfo(x.dtype).min if x.dtype.itemsize >= 4 else 0)


median.rule(pull_to_ties_of_all)
nanmedian.rule(pull_to_ties_of_all)


# --- counting and finding --------------------------------------------------------------------


@op(kind="constant")
def searchsorted(ordered: Any, x: Any, *, right: bool = False) -> Any:
    """Where each element of `x` would have to be inserted into its row of `ordered`.

    Before equal elements, or after them if `right`.
    """
    side: Any = "right" if right else "left"
    if ordered.ndim == 1:
        return np.searchsorted(ordered, x, side=side)
    lanes = math.prod(ordered.shape[:-1])
    rows, asked = (a.reshape(lanes, a.shape[-1]) for a in (ordered, x))
    found = np.empty(asked.shape, np.int64)
    for row in range(lanes):
        found[row] = np.searchsorted(rows[row], asked[row], side=side)
    return found.reshape(x.shape)


@op(kind="constant")
def bincount(x: Any, *, weights: Any = None, minlength: int = 0) -> Any:
    """How often each number 0, 1, .. occurs in `x`, or the sum of the weights where it does."""
    return np.bincount(x, weights, minlength)


@op(kind="constant")
def isin(x: Any, among: Any, *, invert: bool = False) -> Any:
    """Whether each element of `x` equals one of `among`."""
    return np.isin(x, among, invert=invert)
