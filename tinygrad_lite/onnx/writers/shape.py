"""Operations that rearrange: shapes, axes, joins, diagonals, windows."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..builder import Value
from ..context import Context, writes
from ..sizes import Size

FAR = np.iinfo(np.int64).max


@writes("reshape")
def write_reshape(c: Context, x: Value) -> Any:
    return c.reshape(x, c.out.shape)


@writes("transpose")
def write_transpose(c: Context, x: Value) -> Any:
    return c.emit("Transpose", x, perm=list(c["axes"])) if x.ndim else c.emit("Identity", x)


@writes("expand")
def write_expand(c: Context, x: Value) -> Any:
    x = c.value(x)
    return c.emit("Expand", x, c.builder.sizes(c.out.shape, (x,)))


@writes("unexpand")
def write_unexpand(c: Context, x: Value) -> Any:
    lead = x.ndim - c.out.ndim
    axes = [*range(lead)]
    axes += [i + lead for i, n in enumerate(c.out.shape) if n == 1 and x.shape[i + lead] != 1]
    total = c.emit("ReduceSum", x, c.ints(axes), keepdims=1) if axes else x
    return c.emit("Squeeze", total, c.ints(range(lead))) if lead else c.emit("Identity", total)


@writes("cat")
def write_cat(c: Context, *xs: Any) -> Any:
    dtype = c.out.dtype
    values = [c.value(x, dtype) for x in xs]
    parts = [v if v.dtype == dtype else c.cast(v, dtype) for v in values if 0 not in v.shape[:1]]
    if c["axis"] % c.out.ndim:
        parts = [v if v.dtype == dtype else c.cast(v, dtype) for v in values]
    return c.emit("Concat", *parts or values, axis=c["axis"])


@writes("stack")
def write_stack(c: Context, *xs: Any) -> Any:
    axis = c["axis"] % c.out.ndim
    wide = [c.emit("Unsqueeze", c.value(x, c.out.dtype), c.ints([axis])) for x in xs]
    return c.emit("Concat", *wide, axis=axis)


@writes("flip")
def write_flip(c: Context, x: Value) -> Any:
    axes = c["axis"]
    axes = axes if isinstance(axes, tuple) else (axes,)
    count = len(axes)
    if not count or not x.ndim:
        return c.emit("Identity", x)
    lows = [-FAR] * count
    return c.emit(
        "Slice", x, c.ints([-1] * count), c.ints(lows), c.ints(axes), c.ints([-1] * count)
    )


def cut(c: Context, x: Any, axis: int, start: int, stop: int | None, step: int = 1) -> Any:
    """A slice of `x` along one axis."""
    ends = FAR if stop is None else stop
    return c.emit("Slice", x, *(c.ints([n]) for n in (start, ends, axis, step)))


@writes("roll")
def write_roll(c: Context, x: Value) -> Any:
    shift, axis = c["shift"], c["axis"]
    if axis is None:
        flat = c.emit("Reshape", x, c.ints([-1]))
        return c.reshape(_rolled(c, flat, shift, 0), c.out.shape, (x,))
    pairs = zip(*(v if isinstance(v, tuple) else (v,) for v in (shift, axis)), strict=True)
    out: Any = x
    for by, along in pairs:
        size = x.shape[along]
        out = _rolled(c, out, by if isinstance(size, Size) or not size else by % size, along)
    return c.emit("Identity", out)


def _rolled(c: Context, x: Any, by: int, axis: int) -> Any:
    if not by:
        return x
    return c.emit("Concat", cut(c, x, axis, -by, None), cut(c, x, axis, 0, -by), axis=axis)


@writes("tril", "triu")
def write_triangle(c: Context, x: Value) -> Any:
    k = c.constant(c["k"], np.int64)
    return c.emit("Trilu", x, k, upper=int(c.op == "triu"))


@writes("diagonal")
def write_diagonal(c: Context, x: Value) -> Any:
    """The last two axes as one, of which every (n + 1)th element is taken."""
    first, second = c["axis1"] % x.ndim, c["axis2"] % x.ndim
    rest = [a for a in range(x.ndim) if a not in {first, second}]
    rows, columns = x.shape[first], x.shape[second]
    if isinstance(rows, Size) or isinstance(columns, Size):
        c.refuse("the size of the diagonal depends on the size of the inputs")
    offset = c["offset"]
    at = max(-offset, 0) * columns + max(offset, 0)
    count = c.out.shape[-1]
    moved = c.transpose(x, [*rest, first, second])
    face = tuple(x.shape[a] for a in rest)
    flat = c.reshape(moved, (*face, rows * columns), (x,))
    places = c.constant(at + (columns + 1) * np.arange(count), np.int64)
    return c.emit("Gather", flat, places, axis=len(face))


@writes("undiagonal")
def write_undiagonal(c: Context, x: Value) -> Any:
    first, second = c["axis1"] % c.out.ndim, c["axis2"] % c.out.ndim
    rows, columns = c.out.shape[first], c.out.shape[second]
    if isinstance(rows, Size) or isinstance(columns, Size):
        c.refuse("the size of the diagonal depends on the size of the inputs")
    offset, count = c["offset"], x.shape[-1]
    at = np.zeros((rows * columns, count))
    places = (np.arange(count) + max(-offset, 0)) * columns + np.arange(count) + max(offset, 0)
    at[places, np.arange(count)] = 1
    flat = c.emit("MatMul", x, c.constant(at.T))
    face = x.shape[:-1]
    square = c.reshape(flat, (*face, rows, columns), (x,))
    rest = [a for a in range(c.out.ndim) if a not in {first, second}]
    order = [*rest, first, second]
    return c.transpose(square, [order.index(a) for a in range(c.out.ndim)])


@writes("windows")
def write_windows(c: Context, x: Value) -> Any:
    """Places start · step + offset along the axis, gathered, the offsets moved to the end."""
    axis, size, step = c["axis"], c["size"], c["step"]
    count = c.out.shape[axis]
    offsets = c.constant(np.arange(size)[None, :], np.int64)
    if isinstance(count, Size):
        limits = (c.constant(0, np.int64), c.builder.scalar(count), c.constant(1, np.int64))
        starts = c.emit("Unsqueeze", c.emit("Range", *limits), c.ints([1]))
        starts = c.emit("Mul", starts, c.constant(step, np.int64))
    else:
        starts = c.constant(np.arange(count)[:, None] * step, np.int64)
    found = c.emit("Gather", x, c.emit("Add", starts, offsets), axis=axis)
    order = [a for a in range(x.ndim + 1) if a != axis + 1]
    return c.transpose(found, [*order, axis + 1])


@writes("as_strided")
def write_as_strided(c: Context, x: Value) -> Any:
    shape, strides = c["shape"], c["strides"]
    places = np.full(shape, c["offset"], np.int64)
    for axis, (count, stride) in enumerate(zip(shape, strides, strict=True)):
        face = [-1 if a == axis else 1 for a in range(len(shape))]
        places = places + (np.arange(count) * stride).reshape(face)
    flat = c.emit("Reshape", x, c.ints([-1]))
    return c.emit("Gather", flat, c.builder.constant(places), axis=0)


@writes("block_diag")
def write_block_diag(c: Context, *xs: Value) -> Any:
    rows = []
    width, left = c.out.shape[1], 0
    for x in xs:
        columns = x.shape[1]
        rows.append(c.emit("Pad", x, c.ints([0, left, 0, width - left - columns])))
        left += columns
    return c.emit("Concat", *rows, axis=0)


@writes("pad_constant")
def write_pad(c: Context, x: Value) -> Any:
    return padded(c, x, c["pads"], c["value"])


def padded(c: Context, x: Any, pads: Any, value: float) -> Any:
    """`x` with a number around it; what is negative is cut off first."""
    cuts = [(a, max(0, -low), max(0, -high)) for a, (low, high) in enumerate(pads)]
    cuts = [(a, low, high) for a, low, high in cuts if low or high]
    if cuts:
        axes, starts, ends = zip(*cuts, strict=True)
        stops = c.ints([-n if n else FAR for n in ends])
        x = c.emit("Slice", x, c.ints(starts), stops, c.ints(axes))
    sides = [max(0, low) for low, _ in pads] + [max(0, high) for _, high in pads]
    if not any(sides):
        return x if cuts else c.emit("Identity", x)
    return c.emit("Pad", x, c.ints(sides), c.constant(value))


@writes("shift")
def write_shift(c: Context, x: Value) -> Any:
    axis, by = c["axis"], c["by"]
    if not by or not x.ndim:
        return c.emit("Identity", x)
    return padded(c, x, [(by, -by) if a == axis else (0, 0) for a in range(x.ndim)], c["fill"])
