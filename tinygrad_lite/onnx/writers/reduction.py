"""Reductions, scans and sorting."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...ops.reduction import axes_of
from ..builder import Value
from ..context import Context, writes
from ..sizes import Size


def reduce(c: Context, op: str, x: Any, axes: Any, keepdims: Any) -> Any:
    """A reduction of `x` over axes; of none, `x` itself."""
    if not axes:
        return c.emit("Identity", x)
    return c.emit(op, x, c.ints(axes), keepdims=int(keepdims))


def axes_in(c: Context, x: Value) -> tuple[int, ...]:
    """The axes that a step reduces."""
    return axes_of(c.settings.get("axis"), x.ndim)


NAMES = {
    "sum": "ReduceSum", "mean": "ReduceMean", "amax": "ReduceMax", "amin": "ReduceMin",
    "max": "ReduceMax", "min": "ReduceMin", "prod": "ReduceProd", "logsumexp": "ReduceLogSumExp",
}  # fmt: skip


@writes(*NAMES)
def write_reduction(c: Context, x: Value) -> Any:
    source: Any = x
    if x.dtype.kind != "f" and x.dtype != c.out.dtype:
        source = c.cast(x, c.out.dtype)
    elif x.dtype.kind == "b":
        whole = reduce(c, NAMES[c.op], c.cast(x, np.int32), axes_in(c, x), c.settings["keepdims"])
        return c.cast(whole, np.bool_)
    keepdims = c.settings.get("keepdims", False)
    return reduce(c, NAMES[c.op], source, axes_in(c, x), keepdims)


def _count(c: Context, x: Value, axes: tuple[int, ...]) -> Any:
    """How many elements meet in one result: a number, or a value of the graph."""
    if any(isinstance(x.shape[a], Size) for a in axes):
        parts = [c.builder.size(x.shape[a], (x,)) for a in axes]
        product = parts[0]
        for part in parts[1:]:
            product = c.emit("Mul", product, part)
        return c.cast(c.emit("Squeeze", product, c.ints([0])), x.dtype)
    return c.builder.constant(math.prod(x.shape[a] for a in axes), x.dtype)


@writes("var", "std")
def write_variance(c: Context, x: Value) -> Any:
    axes, keepdims = axes_in(c, x), c["keepdims"]
    apart = c.emit("Sub", x, reduce(c, "ReduceMean", x, axes, True))
    squares = reduce(c, "ReduceSumSquare", apart, axes, keepdims)
    freedom = c.emit("Sub", _count(c, x, axes), c.constant(c["correction"]))
    out = c.emit("Div", squares, c.emit("Max", freedom, c.constant(0)))
    return out if c.op == "var" else c.emit("Sqrt", out)


@writes("norm")
def write_norm(c: Context, x: Value) -> Any:
    p, axes, keepdims = c["p"], axes_in(c, x), c["keepdims"]
    if not axes:
        return c.emit("Abs", x)
    if p in {1, 2}:
        return reduce(c, f"ReduceL{int(p)}", x, axes, keepdims)
    if p == 0:
        other = c.cast(c.emit("Not", c.emit("Equal", x, 0.0)), x.dtype)
        return reduce(c, "ReduceSum", other, axes, keepdims)
    size = c.emit("Abs", x)
    if math.isinf(p):
        return reduce(c, "ReduceMax" if p > 0 else "ReduceMin", size, axes, keepdims)
    total = reduce(c, "ReduceSum", c.emit("Pow", size, c.constant(p)), axes, keepdims)
    return c.emit("Pow", total, c.constant(1 / p))


@writes("any", "all", "count_nonzero")
def write_truth(c: Context, x: Value) -> Any:
    true: Any = x if x.dtype.kind == "b" else c.cast(x, np.bool_)
    kind = np.int64 if c.op == "count_nonzero" else np.int32
    op = {"any": "ReduceMax", "all": "ReduceMin", "count_nonzero": "ReduceSum"}[c.op]
    found = reduce(c, op, c.cast(true, kind), axes_in(c, x), c["keepdims"])
    return found if c.op == "count_nonzero" else c.cast(found, np.bool_)


@writes("argmax", "argmin")
def write_place(c: Context, x: Value) -> Any:
    axis = c["axis"]
    op = "ArgMax" if c.op == "argmax" else "ArgMin"
    if axis is None:
        flat = c.emit("Reshape", x, c.ints([-1]))
        found = c.emit(op, flat, axis=0, keepdims=0)
        return c.reshape(found, c.out.shape)
    return c.emit(op, x, axis=axis, keepdims=int(c["keepdims"]))


@writes("max_along", "min_along")
def write_extreme_along(c: Context, x: Value) -> Any:
    kind, axis, keepdims = c.op[:3].capitalize(), c["axis"], int(c["keepdims"])
    if not x.ndim:
        return c.emit("Identity", x), c.constant(0, np.int64)
    values = c.emit(f"Reduce{kind}", x, c.ints([axis]), keepdims=keepdims)
    return values, c.emit(f"Arg{kind}", x, axis=axis, keepdims=keepdims)


@writes("cumsum")
def write_cumsum(c: Context, x: Value) -> Any:
    source = x if x.dtype == c.out.dtype else c.cast(x, c.out.dtype)
    if not x.ndim:
        return c.emit("Identity", source)
    return c.emit("CumSum", source, c.constant(c["axis"], np.int64), reverse=int(c["reverse"]))


@writes("logcumsumexp")
def write_logcumsumexp(c: Context, x: Value) -> Any:
    if not x.ndim:
        return c.emit("Identity", x)
    top = reduce(c, "ReduceMax", x, (c["axis"],), True)
    grown = c.emit("Exp", c.emit("Sub", x, top))
    place = c.constant(c["axis"], np.int64)
    total = c.emit("CumSum", grown, place, reverse=int(c["reverse"]))
    return c.emit("Add", c.emit("Log", total), top)


# Sorting


def _ordered(c: Context, x: Value, axis: int, count: Any, largest: bool) -> Any:
    source: Any = x if x.dtype.kind != "b" else c.cast(x, np.int32)
    values, places = c.emit(
        "TopK", source, count, axis=axis, largest=int(largest), sorted=1, outputs=2
    )
    return (values if x.dtype.kind != "b" else c.cast(values, np.bool_)), places


def _of_one(c: Context, x: Value) -> Any:
    """A number in order, and its place."""
    return c.emit("Identity", x), c.constant(0, np.int64)


@writes("sort", "argsort")
def write_sort(c: Context, x: Value) -> Any:
    if not x.ndim:
        values, places = _of_one(c, x)
    else:
        axis = c["axis"] % x.ndim
        count = c.builder.sizes([x.shape[axis]], (x,))
        values, places = _ordered(c, x, axis, count, c["descending"])
    return places if c.op == "argsort" else (values, places)


@writes("topk")
def write_topk(c: Context, x: Value) -> Any:
    if not x.ndim:
        return _of_one(c, x)
    return _ordered(c, x, c["axis"] % x.ndim, c.ints([c["k"]]), c["largest"])


@writes("kthvalue", "median_along")
def write_kth(c: Context, x: Value) -> Any:
    if not x.ndim:
        return _of_one(c, x)
    axis = c["axis"] % x.ndim
    size = x.shape[axis]
    if isinstance(size, Size):
        c.refuse("its place in the order depends on the size of the inputs")
    k = c["k"] if c.op == "kthvalue" else (size + 1) // 2
    values, places = _ordered(c, x, axis, c.ints([k]), False)
    found = [c.emit("Gather", v, c.ints([k - 1]), axis=axis) for v in (values, places)]
    if c["keepdims"]:
        return tuple(found)
    return tuple(c.emit("Squeeze", v, c.ints([axis])) for v in found)


@writes("median")
def write_median(c: Context, x: Value) -> Any:
    size = math.prod(n if isinstance(n, int) else 0 for n in x.shape)
    if any(isinstance(n, Size) for n in x.shape):
        c.refuse("its place in the order depends on the size of the inputs")
    k = (size + 1) // 2
    flat = c.emit("Reshape", x, c.ints([-1]))
    values, _ = c.emit("TopK", flat, c.ints([k]), axis=0, largest=0, sorted=1, outputs=2)
    return c.emit("Squeeze", c.emit("Gather", values, c.ints([k - 1]), axis=0), c.ints([0]))
