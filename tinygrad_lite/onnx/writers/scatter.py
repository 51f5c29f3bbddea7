"""Gathering and scattering by index arrays, embeddings, losses of classes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..builder import Value
from ..context import Context, writes
from ..sizes import is_fixed


def _long(c: Context, index: Any) -> Any:
    value = c.value(index)
    return value if value.dtype == np.int64 else c.cast(value, np.int64)


@writes("embedding")
def write_embedding(c: Context, weight: Value, indices: Any) -> Any:
    return c.emit("Gather", weight, _long(c, indices), axis=0)


@writes("gather")
def write_gather(c: Context, x: Value, index: Any) -> Any:
    return c.emit("GatherElements", x, _long(c, index), axis=c["axis"])


@writes("index_select")
def write_index_select(c: Context, x: Value, index: Any) -> Any:
    places = c.emit("Reshape", _long(c, index), c.ints([-1]))
    if not x.ndim:
        return c.emit("Identity", x)
    return c.emit("Gather", x, places, axis=c["axis"])


@writes("take")
def write_take(c: Context, x: Value, index: Any) -> Any:
    flat = c.emit("Reshape", x, c.ints([-1]))
    return c.emit("Gather", flat, _long(c, index), axis=0)


def _same_face(c: Context, x: Value, index: Any, source: Any) -> Any:
    """The updates of a scatter, cut to the shape of the index."""
    index = c.value(index)
    source = c.value(source, c.out.dtype)
    if not source.ndim and index.ndim:
        return c.emit("Expand", source, c.builder.sizes(index.shape, (index, x)))
    if source.shape == index.shape:
        return source
    ends = c.builder.sizes(index.shape, (index, x))
    axes = list(range(index.ndim))
    return c.emit("Slice", source, c.ints([0] * index.ndim), ends, c.ints(axes))


@writes("scatter")
def write_scatter(c: Context, x: Value, index: Any, source: Any) -> Any:
    updates = _same_face(c, x, index, source)
    return c.emit("ScatterElements", x, _long(c, index), updates, axis=c["axis"])


@writes("scatter_fill")
def write_scatter_fill(c: Context, x: Value, index: Any) -> Any:
    updates = _same_face(c, x, index, c["value"])
    return c.emit("ScatterElements", x, _long(c, index), updates, axis=c["axis"])


@writes("scatter_add", "scatter_prod", "scatter_extreme")
def write_scatter_reduced(c: Context, x: Value, index: Any, source: Any) -> Any:
    if not c.settings.get("include_self", True):
        c.refuse("ONNX always counts the elements scattered to (include_self=True)")
    kind = {"scatter_add": "add", "scatter_prod": "mul"}.get(c.op)
    kind = kind or ("max" if c["largest"] else "min")
    updates = _same_face(c, x, index, source)
    return c.emit("ScatterElements", x, _long(c, index), updates, axis=c["axis"], reduction=kind)


@writes("index_add", "index_copy")
def write_index_rows(c: Context, x: Value, index: Any, source: Any) -> Any:
    """Slices written along an axis: the index repeated over the slices' other axes."""
    source = c.value(source, c.out.dtype)
    if not source.ndim or source.ndim != x.ndim:
        c.refuse("the source must have the axes of the input")
    axis = c["axis"] % x.ndim
    flat = c.emit("Reshape", _long(c, index), c.ints([-1]))
    column = c.emit("Unsqueeze", flat, c.ints([a for a in range(x.ndim) if a != axis]))
    wide = c.emit("Expand", column, c.builder.sizes(source.shape, (source,)))
    kind = "none"
    updates: Any = source
    if c.op == "index_add":
        kind = "add"
        if c["alpha"] != 1:
            updates = c.emit("Mul", source, c.constant(c["alpha"]))
    return c.emit("ScatterElements", x, wide, updates, axis=axis, reduction=kind)


@writes("index_fill")
def write_index_fill(c: Context, x: Value, index: Any, value: Any) -> Any:
    """Where the place along the axis is among those named, the value."""
    axis = c["axis"] % max(1, x.ndim)
    if not x.ndim or not is_fixed(x.shape[axis]):
        c.refuse("the axis filled depends on the size of the inputs")
    flat = c.emit("Reshape", _long(c, index), c.ints([-1, 1]))
    size = x.shape[axis]
    places = c.constant(np.arange(size)[None, :], np.int64)
    wrapped = c.emit("Mod", flat, c.constant(size, np.int64))
    same = c.cast(c.emit("Equal", wrapped, places), np.int32)
    named = c.cast(c.emit("ReduceMax", same, c.ints([0]), keepdims=0), np.bool_)
    face = [-1 if a == axis else 1 for a in range(x.ndim)]
    mask = c.emit("Reshape", named, c.ints(face))
    return c.emit("Where", mask, c.value(value, c.out.dtype), x)


@writes("masked_select")
def write_masked_select(c: Context, x: Value, mask: Value) -> Any:
    shape = c.builder.sizes(np.broadcast_shapes(_known(c, x), _known(c, mask)))
    wide = (c.emit("Expand", v, shape) for v in (x, mask))
    flat = [c.emit("Reshape", v, c.ints([-1])) for v in wide]
    return c.emit("Compress", *flat, axis=0)


def _known(c: Context, x: Value) -> tuple[int, ...]:
    if not is_fixed(x.shape):
        c.refuse("the shape depends on the size of the inputs")
    return x.shape


@writes("diagonal_scatter")
def write_diagonal_scatter(c: Context, x: Value, source: Any) -> Any:
    """The flat places of the diagonal, written over."""
    shape = _known(c, x)
    count = int(np.prod(shape, dtype=np.int64))
    grid = np.arange(count).reshape(shape)
    places = np.diagonal(grid, c["offset"], c["axis1"], c["axis2"]).reshape(-1)
    flat = c.emit("Reshape", x, c.ints([-1]))
    updates = c.emit("Reshape", c.value(source, x.dtype), c.ints([-1]))
    made = c.emit("ScatterElements", flat, c.constant(places, np.int64), updates)
    return c.emit("Reshape", made, c.ints(shape))


# Losses


@writes("mse_loss")
def write_mse_loss(c: Context, x: Any, y: Any) -> Any:
    x, y = c.value(x, c.out.dtype), c.value(y, c.out.dtype)
    error = c.emit("Sub", x, y)
    squares = c.emit("Mul", error, error)
    op = {"mean": "ReduceMean", "sum": "ReduceSum"}.get(c["reduction"])
    return c.emit(op, squares, keepdims=0) if op else squares


@writes("huber", "smooth_l1")
def write_huber(c: Context, x: Any, y: Any) -> Any:
    x, y = c.value(x, c.out.dtype), c.value(y, c.out.dtype)
    size = c.emit("Abs", c.emit("Sub", x, y))
    bound = float(c["delta"] if c.op == "huber" else c["beta"])
    if not bound and c.op == "smooth_l1":
        return size
    near = c.emit("Mul", c.emit("Mul", size, size), c.constant(0.5))
    far = c.emit("Sub", size, c.constant(bound / 2))
    if c.op == "huber":
        far = c.emit("Mul", far, c.constant(bound))
    else:
        near = c.emit("Div", near, c.constant(bound))
    return c.emit("Where", c.emit("Less", size, c.constant(bound)), near, far)


@writes("binary_entropy")
def write_binary_entropy(c: Context, x: Any, y: Any) -> Any:
    x, y = c.value(x, c.out.dtype), c.value(y, c.out.dtype)
    one, low = c.constant(1), c.constant(-100)
    yes = c.emit("Max", c.emit("Log", x), low)
    no = c.emit("Max", c.emit("Log", c.emit("Sub", one, x)), low)
    return c.emit("Sub", c.emit("Mul", c.emit("Sub", y, one), no), c.emit("Mul", y, yes))


@writes("logit_entropy")
def write_logit_entropy(c: Context, x: Any, y: Any) -> Any:
    """softplus(x) − x y."""
    x, y = c.value(x, c.out.dtype), c.value(y, c.out.dtype)
    return c.emit("Sub", c.emit("Softplus", x), c.emit("Mul", x, y))


@writes("divergence")
def write_divergence(c: Context, x: Any, y: Any) -> Any:
    x, y = c.value(x, c.out.dtype), c.value(y, c.out.dtype)
    zero = c.emit("Equal", y, c.constant(0))
    logs = c.emit("Log", c.emit("Where", zero, c.constant(1), y))
    return c.emit("Mul", y, c.emit("Sub", logs, x))


@writes("cross_entropy")
def write_cross_entropy(c: Context, x: Value, target: Any) -> Any:
    return c.emit(
        "SoftmaxCrossEntropyLoss", x, _long(c, target), ignore_index=c["ignore_index"],
        reduction=c["reduction"],
    )  # fmt: skip


@writes("euclidean_distances")
def write_distances(c: Context, x: Value, y: Value) -> Any:
    """The norms of all differences of rows."""
    left = c.emit("Unsqueeze", x, c.ints([x.ndim - 1]))
    right = c.emit("Unsqueeze", y, c.ints([y.ndim - 2]))
    return c.emit("ReduceL2", c.emit("Sub", left, right), c.ints([-1]), keepdims=0)


@writes("isin")
def write_isin(c: Context, x: Any, among: Any) -> Any:
    x, among = c.value(x), c.value(among)
    wide = c.emit("Unsqueeze", x, c.ints([x.ndim]))
    same = c.cast(c.emit("Equal", wide, c.emit("Reshape", among, c.ints([-1]))), np.int32)
    found = c.cast(c.emit("ReduceMax", same, c.ints([-1]), keepdims=0), np.bool_)
    return c.emit("Not", found) if c["invert"] else found
