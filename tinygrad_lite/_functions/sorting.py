"""Sorting, selecting by rank and searching in PyTorch's words."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import return_types
from .._dtypes import result_type
from .._nodes import make
from .._tensor import NUMPY_FUNCTIONS, Tensor
from ..ops import elementwise as el, sorting as ops
from ..ops.gathering import gather
from ..ops.shape import reshape, transpose
from ._dims import axis_of, integer, legacy_name
from ._surface import need_tensor, surface

__all__: list[str] = []


# --- sorting ---------------------------------------------------------------------------------


@surface
def sort(input: Any, dim: Any = -1, descending: Any = False, *, stable: Any = None) -> Any:
    """The elements in order along `dim`, and the indices that put them there.

    The order is always stable; a NaN counts as larger than every number.
    """
    found = ops.sort.run(input, axis_of(input, dim), bool(descending))
    return return_types.sort(*found)


@surface(numpy=(np.argsort,))
def argsort(input: Any, dim: Any = -1, descending: Any = False, *, stable: Any = False) -> Any:
    """Indices that put the elements in order along `dim`; equal elements keep theirs."""
    return ops.argsort.run(input, axis_of(input, dim), bool(descending))


@surface
def msort(input: Any) -> Any:
    """The elements in order along the first dimension."""
    return ops.sort(input, axis=0)[0]


NUMPY_FUNCTIONS[np.sort] = lambda a, axis=-1: ops.sort(a, axis=axis_of(a, axis))[0]


@surface
def topk(input: Any, k: Any, dim: Any = -1, largest: bool = True, sorted: bool = True) -> Any:
    """The `k` largest (or smallest) elements along `dim` in order, and their indices."""
    axis, k = axis_of(input, dim), integer(k)
    length = input._array.shape[axis] if input._array.ndim else 1
    if not 0 <= k <= length:
        raise RuntimeError(
            f"selected index k out of range: k must be between 0 and {length}, got {k}"
        )
    return return_types.topk(*ops.topk.run(input, k, axis, bool(largest)))


# --- one element by its rank -----------------------------------------------------------------


def _need_lane(name: str, x: Any, axis: int) -> None:
    """Raise if there is nothing to choose from along `axis`."""
    if x._array.ndim and x._array.shape[axis] == 0:
        raise IndexError(f"{name}(): Expected reduction dim {axis} to have non-zero size.")


@surface
def kthvalue(input: Any, k: Any, dim: Any = -1, keepdim: bool = False) -> Any:
    """The `k`-th smallest element along `dim`, counted from 1, and its index."""
    axis, k = axis_of(input, dim), integer(k)
    if input._array.dtype.kind == "b":
        raise NotImplementedError("\"kthvalue_cpu\" not implemented for 'Bool': use x.int()")
    _need_lane("kthvalue", input, axis)
    length = input._array.shape[axis] if input._array.ndim else 1
    if not 1 <= k <= length:
        raise RuntimeError(
            f"kthvalue(): selected number k out of range for dimension {axis}: k must be between "
            f"1 and {length}, got {k}"
        )
    return return_types.kthvalue(*ops.kthvalue(input, k=k, axis=axis, keepdims=keepdim))


def _median(name: str, x: Any, dim: Any, keepdim: bool) -> Any:
    if x._array.dtype.kind == "b":
        raise NotImplementedError(f"\"{name}_out_impl\" not implemented for 'Bool': use x.int()")
    if dim is None:
        return getattr(ops, name)(x)
    axis = axis_of(x, dim)
    _need_lane(name, x, axis)
    along = ops.median_along if name == "median" else ops.nanmedian_along
    return getattr(return_types, name)(*along(x, axis=axis, keepdims=keepdim))


@surface
def median(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The lower median of all elements, or (values, indices) along `dim`; NaN if there is one.

    Gradient: equal elements share it in median(x), along a dimension the chosen one gets it.
    """
    return _median("median", input, dim, keepdim)


@surface
def nanmedian(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The lower median of what is no NaN, of all elements or (values, indices) along `dim`."""
    return _median("nanmedian", input, dim, keepdim)


@surface
def mode(input: Any, dim: Any = -1, keepdim: bool = False) -> Any:
    """The most frequent element along `dim`, the smallest of several, and its last index."""
    axis = axis_of(input, dim)
    _need_lane("mode", input, axis)
    return return_types.mode(*ops.mode(input, axis=axis, keepdims=keepdim))


# --- quantiles -------------------------------------------------------------------------------


@surface(numpy=(np.quantile,))
def quantile(
    input: Any, q: Any, dim: Any = None, keepdim: bool = False, *, interpolation: str = "linear"
) -> Any:
    """The q-th quantiles along `dim`, of all elements when None; NaN where there is one.

    Between two elements `interpolation` decides: linear, lower, higher, midpoint or nearest.
    """
    return _quantile("quantile", input, q, dim, keepdim, interpolation)


@surface(numpy=(np.nanquantile,))
def nanquantile(
    input: Any, q: Any, dim: Any = None, keepdim: bool = False, *, interpolation: str = "linear"
) -> Any:
    """The q-th quantiles along `dim` of what is no NaN."""
    return _quantile("nanquantile", input, q, dim, keepdim, interpolation)


def _check_quantile(name: str, x: Any, q: Any, interpolation: str) -> Any:
    """`q` as a tensor, after the checks that torch makes."""
    if not x._array.size:
        raise RuntimeError(f"{name}() input tensor must be non-empty")
    if x._array.dtype not in (np.float32, np.float64):
        raise RuntimeError(
            f"{name}() input tensor must be either float or double dtype, got {x.dtype!r}"
        )
    if not isinstance(q, Tensor):
        q = make(np.array(float(q), x._array.dtype), None)
    if q._array.ndim > 1:
        raise RuntimeError(f"{name}() q must be a scalar or 1D tensor")
    if q._array.dtype != x._array.dtype:
        raise RuntimeError(f"{name}() q tensor must be same dtype as the input tensor")
    if interpolation not in {"linear", "lower", "higher", "midpoint", "nearest"}:
        raise RuntimeError(
            f"{name}() interpolation must be one of linear, lower, higher, midpoint or nearest, "
            f"but got {interpolation}"
        )
    if not ((q._array >= 0) & (q._array <= 1)).all():
        raise RuntimeError(f"{name}() q values must be in the range [0, 1]")
    return q


def _quantile(name: str, x: Any, q: Any, dim: Any, keepdim: bool, interpolation: str) -> Any:
    q = _check_quantile(name, x, q, interpolation)
    ndim = x._array.ndim
    axis = 0 if dim is None else axis_of(x, dim)
    lanes = reshape(x, shape=(-1,)) if dim is None or not ndim else x
    left = [1] * ndim if dim is None else [*x._array.shape]
    if ndim:
        left[axis] = 1
    ordered = ops.sort(lanes, axis=axis if lanes._array.ndim > 1 else 0)[0]
    ordered = _last(ordered, axis if lanes._array.ndim > 1 else 0)
    found = _between(ordered, _ranks(ordered, q, name), interpolation)
    if not keepdim:
        left = [] if dim is None else left[:axis] + left[axis + 1 :]
    if q._array.ndim:
        found = _first(found)
        left = [q._array.size, *left]
    return reshape(found, shape=tuple(left))


def _last(x: Any, axis: int) -> Any:
    """`axis` moved to the end."""
    n = x._array.ndim
    return transpose(x, axes=(*(a for a in range(n) if a != axis), axis)) if axis != n - 1 else x


def _first(x: Any) -> Any:
    """The last axis moved to the front."""
    n = x._array.ndim
    return transpose(x, axes=(n - 1, *range(n - 1))) if n > 1 else x


def _ranks(ordered: Any, q: Any, name: str) -> Any:
    """Where in each lane the quantiles lie, one column for each; fractions lie between elements."""
    array = ordered._array
    last = array.shape[-1] - 1
    q = reshape(q, shape=(-1,))
    nan = np.isnan(array)
    if not nan.any():
        return el.mul(q, make(np.full((*array.shape[:-1], 1), last, array.dtype), None))
    if name == "quantile":  # NaN stands last
        ranks = el.mul(q, make(np.full((*array.shape[:-1], 1), last, array.dtype), None))
        return el.where(make(nan[..., -1:], None), float(last), ranks)
    count = np.maximum(np.count_nonzero(~nan, axis=-1, keepdims=True) - 1, 0)
    return el.mul(q, make(count.astype(array.dtype), None))


def _between(ordered: Any, ranks: Any, interpolation: str) -> Any:
    """Elements at fractional ranks."""
    exact = ranks._array
    if interpolation in {"lower", "higher", "nearest"}:
        choose = {"lower": np.floor, "higher": np.ceil, "nearest": np.rint}[interpolation]
        return gather(ordered, choose(exact).astype(np.int64), axis=-1)
    below = np.floor(exact)
    low = gather(ordered, below.astype(np.int64), axis=-1)
    high = gather(ordered, np.ceil(exact).astype(np.int64), axis=-1)
    if interpolation == "midpoint":
        return el.lerp(low, high, make(np.full_like(exact, 0.5), None))
    return el.lerp(low, high, el.sub(ranks, make(below, None)))


# --- equal elements --------------------------------------------------------------------------


@surface
def unique(
    input: Any,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: Any = None,
) -> Any:
    """The distinct elements (or slices along `dim`) in order.

    With `return_inverse` also where each element is found among them, with `return_counts` how
    often each occurs.
    """
    axis = None if dim is None else axis_of(input, dim)
    if axis is not None and not input._array.ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    values, inverse, counts = np.unique(
        input._array, return_inverse=True, return_counts=True, axis=axis, equal_nan=False
    )
    if axis is None:
        inverse = inverse.reshape(input._array.shape)
    return _with_extras(values, inverse.astype(np.int64), counts, return_inverse, return_counts)


def _with_extras(values: Any, inverse: Any, counts: Any, wanted: bool, counted: bool) -> Any:
    """The values alone, or a tuple with what else was asked for."""
    parts = [values, *([inverse] if wanted else []), *([counts] if counted else [])]
    made = tuple(make(p, None) for p in parts)
    return made if len(made) > 1 else made[0]


@surface
def unique_consecutive(
    input: Any, return_inverse: bool = False, return_counts: bool = False, dim: Any = None
) -> Any:
    """The elements (or slices along `dim`) without the repetitions of their predecessor."""
    array = input._array.reshape(-1) if dim is None else input._array
    axis = 0 if dim is None else axis_of(input, dim)
    front = np.moveaxis(array, axis, 0) if array.ndim else array.reshape(1)
    new = np.ones(front.shape[0], bool)
    apart = front[1:] != front[:-1]
    new[1:] = apart.reshape(apart.shape[0], -1).any(axis=1) if apart.size else False
    values = np.moveaxis(front[new], 0, axis)
    inverse = np.cumsum(new) - 1
    starts = np.flatnonzero(new)
    counts = np.diff(np.append(starts, front.shape[0]))
    if dim is None:
        inverse = inverse.reshape(input._array.shape)
    return _with_extras(values, inverse, counts, return_inverse, return_counts)


@surface(method=True)
def bincount(input: Any, weights: Any = None, minlength: int = 0) -> Any:
    """How often each number 0, 1, .. occurs, or the sum of the weights where it does."""
    array = input._array
    if array.ndim != 1 or array.dtype.kind not in "iu" or (array.size and array.min() < 0):
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    if minlength < 0:
        raise RuntimeError("minlength should be >= 0")
    if weights is None:
        return make(np.bincount(array, minlength=minlength), None)
    if weights._array.shape != array.shape:
        raise RuntimeError("weights should be 1-d and have the same length as input")
    total = np.bincount(array, weights._array, minlength)
    kind = np.float32 if weights._array.dtype == np.float32 else np.float64
    return make(total.astype(kind), None)


@surface(method=False)
def isin(
    elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False
) -> Any:
    """Whether each element is among `test_elements`."""
    if not isinstance(elements, Tensor) and not isinstance(test_elements, Tensor):
        raise TypeError("isin(): elements or test_elements must be a Tensor")
    for given in (elements, test_elements):
        if not isinstance(given, (Tensor, int, float, np.generic)):
            raise TypeError(
                f"isin() received an invalid combination of arguments: got {type(given).__name__}, "
                "expected a Tensor or a Number"
            )
    pair = [e._array if isinstance(e, Tensor) else np.asarray(e) for e in (elements, test_elements)]
    return make(np.isin(pair[0], pair[1], invert=invert), None)


# --- searching -------------------------------------------------------------------------------


def _side(right: bool, side: Any) -> bool:
    if side not in (None, "left", "right"):
        raise RuntimeError(f"side can only be 'left' or 'right' but got {side}")
    if right and side == "left":
        raise RuntimeError(
            "side and right can't be set to opposites, got side of left while right was True"
        )
    return bool(right) or side == "right"


@surface(method=False, numpy=(np.searchsorted,))
def searchsorted(
    sorted_sequence: Any,
    input: Any,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: Any = None,
    sorter: Any = None,
) -> Any:
    """Where each element of `input` would have to be inserted into its row of `sorted_sequence`.

    Before equal elements, after them with right=True.
    """
    need_tensor("searchsorted", sorted_sequence, "sorted_sequence")
    rows = sorted_sequence._array
    asked = input._array if isinstance(input, Tensor) else np.asarray(input, rows.dtype)
    _check_search(rows, asked)
    if sorter is not None:
        _check_sorter(rows, sorter)
        rows = np.take_along_axis(rows, sorter._array, -1)
    return _places(rows, asked, _side(right, side), out_int32)


def _places(rows: Any, asked: Any, right: bool, narrow: bool) -> Any:
    """The places found, compared in the common type: NumPy's is float64 where PyTorch's is not."""
    if rows.dtype != asked.dtype:
        common = result_type([rows, asked])
        rows, asked = rows.astype(common), asked.astype(common)
    found = ops.searchsorted(rows, asked, right=right)
    return make(np.asarray(found, np.int32 if narrow else np.int64), None)


def _check_search(rows: Any, asked: Any) -> None:
    if not rows.ndim:
        raise RuntimeError(
            "torch.searchsorted(): input value can be a scalar only when boundaries tensor "
            "dimension is 1; boundaries tensor should have positive dimension"
        )
    if rows.ndim > 1 and rows.shape[:-1] != asked.shape[:-1]:
        raise RuntimeError(
            "torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 "
            "dimensions of boundaries tensor and input value tensor must match, but we got "
            f"boundaries tensor {list(rows.shape)} and input value tensor {list(asked.shape)}"
        )


def _check_sorter(rows: Any, sorter: Any) -> None:
    order = sorter._array
    if order.shape != rows.shape:
        raise RuntimeError(
            "torch.searchsorted(): boundary and sorter must have the same size, but got boundary "
            f"tensor {list(rows.shape)} and got sorter tensor {list(order.shape)}"
        )
    if order.dtype != np.int64:
        raise RuntimeError(
            "torch.searchsorted(): sorter must be a tensor of long dtype but got dtype "
            f"{legacy_name(sorter)}"
        )
    if order.size and (order.min() < 0 or order.max() >= rows.shape[-1]):
        raise RuntimeError("torch.searchsorted(): sorter index out of range")


@surface(method=False, numpy=(np.digitize,))
def bucketize(input: Any, boundaries: Any, *, out_int32: bool = False, right: bool = False) -> Any:
    """The bucket of each element between the sorted `boundaries`."""
    need_tensor("bucketize", boundaries, "boundaries", 2)
    if boundaries._array.ndim != 1:
        raise RuntimeError(
            "bucketize: boundaries tensor must be 1 dimension, but got dim("
            f"{boundaries._array.ndim})"
        )
    asked = input._array if isinstance(input, Tensor) else np.asarray(input)
    return _places(boundaries._array, asked, bool(right), out_int32)


NUMPY_FUNCTIONS[np.digitize] = lambda x, bins, right=False: bucketize(x, bins, right=not right)


# --- histograms ------------------------------------------------------------------------------


@surface
def histc(input: Any, bins: int = 100, min: Any = 0, max: Any = 0) -> Any:
    """How many elements fall into each of `bins` equal bins from `min` to `max`.

    With min = max the range of the elements is taken; elements outside count nowhere.
    """
    array = input._array
    if array.dtype.kind != "f":
        raise NotImplementedError(f"\"histogram_cpu\" not implemented for '{legacy_name(input)}'")
    bins = integer(bins)
    if bins <= 0:
        raise RuntimeError(f"torch.histc(): bins must be > 0, but got {bins}")
    low, high = _range(array, float(min), float(max))
    inside = array[(array >= low) & (array <= high)]
    places = np.minimum(((inside - low) / (high - low) * bins).astype(np.int64), bins - 1)
    return make(np.bincount(places, minlength=bins).astype(array.dtype), None)


def _range(array: Any, low: float, high: float) -> tuple[float, float]:
    """The range of a histogram, the elements' own where none is given."""
    if low == high and array.size:
        low, high = float(array.min()), float(array.max())
    if low == high:
        low, high = low - 1, high + 1
    if not (math.isfinite(low) and math.isfinite(high)):
        raise RuntimeError(f"torch.histc: range of [{low}, {high}] is not finite")
    if low > high:
        raise RuntimeError("torch.histc: max must be larger than min")
    return low, high


@surface
def histogram(
    input: Any, bins: Any, *, range: Any = None, weight: Any = None, density: bool = False
) -> Any:
    """Counts (or sums of weights) between bin edges, and the edges.

    `bins` is a number of equal bins over `range`, or a tensor of edges.
    """
    array = input._array
    if array.dtype.kind != "f":
        raise NotImplementedError(f"\"histogram_cpu\" not implemented for '{legacy_name(input)}'")
    edges = _edges(array, bins, range)
    places, inside = _bins_of(array.reshape(-1), edges)
    weights = None if weight is None else weight._array.reshape(-1)[inside]
    counts: Any = np.bincount(places[inside], weights, edges.size - 1)
    if density:
        counts = counts / counts.sum() / np.diff(edges)
    return return_types.histogram(
        make(counts.astype(array.dtype), None), make(edges.astype(array.dtype), None)
    )


def _bins_of(values: Any, edges: Any) -> tuple[Any, Any]:
    """The bin of each value, the last one closed on both sides, and whether it is in any."""
    places = np.minimum(np.searchsorted(edges, values, side="right") - 1, edges.size - 2)
    return places, (values >= edges[0]) & (values <= edges[-1]) & (places >= 0)


def _edges(array: Any, bins: Any, span: Any) -> Any:
    """The edges of a histogram."""
    if isinstance(bins, Tensor):
        if bins._array.ndim != 1:
            raise RuntimeError(
                "torch.histogram(): bins tensor should have one dimension, but got "
                f"{bins._array.ndim} dimensions"
            )
        return bins._array
    if bins <= 0:
        raise RuntimeError(f"torch.histogram(): bins must be > 0, but got {bins}")
    low, high = (0.0, 0.0) if span is None else span
    if span is None and array.size:
        low, high = float(array.min()), float(array.max())
    if low == high:
        low, high = (low - 0.5, high + 0.5) if array.size or span is not None else (0.0, 1.0)
    return np.linspace(low, high, int(bins) + 1, dtype=array.dtype)


@surface(method=False)
def histogramdd(
    input: Any, bins: Any, range: Any = None, weight: Any = None, density: bool = False
) -> Any:
    """Counts in a grid of bins over the last dimension's coordinates, and the edges of each."""
    array = input._array
    if array.dtype.kind != "f":
        raise NotImplementedError(f"\"histogramdd_cpu\" not implemented for '{legacy_name(input)}'")
    depth = array.shape[-1]
    points = array.reshape(-1, depth)
    bins = list(bins) if isinstance(bins, (tuple, list)) else [bins] * depth
    if len(bins) != depth:
        raise RuntimeError(
            "histogramdd: The size of bins must be equal to the innermost dimension of the input: "
            f"got {len(bins)} and {depth}"
        )
    spans = [None] * depth if range is None else list(zip(range[::2], range[1::2], strict=True))
    columns = points.T
    edges = [_edges(c, b, s) for c, b, s in zip(columns, bins, spans, strict=True)]
    shape = tuple(e.size - 1 for e in edges)
    found = [_bins_of(c, e) for c, e in zip(columns, edges, strict=True)]
    inside = np.logical_and.reduce([f[1] for f in found])
    cells = np.ravel_multi_index([f[0][inside] for f in found], shape)
    weights = None if weight is None else weight._array.reshape(-1)[inside]
    counts: Any = np.bincount(cells, weights, math.prod(shape)).reshape(shape)
    if density:
        counts = counts / counts.sum()
        for axis, e in enumerate(edges):
            counts /= np.diff(e).reshape([-1 if a == axis else 1 for a in np.arange(depth)])
    return return_types.histogramdd(
        make(counts.astype(array.dtype), None), tuple(make(e, None) for e in edges)
    )
