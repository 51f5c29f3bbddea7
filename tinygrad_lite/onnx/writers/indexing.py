"""Indexing by keys of numbers, slices, new axes, arrays and masks."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..builder import Value
from ..context import Context, writes
from ..sizes import Extent, Size, is_fixed
from .shape import FAR


@writes("index")
def write_index(c: Context, x: Value) -> Any:
    if c.numbers[0] in c.lasts:
        return _take_last(c)
    key = c.settings["key"]
    parts = list(key) if type(key) is tuple else [key]
    parts = _complete(c, parts, x.ndim)
    basic, arrays, ranks = _cut_and_drop(c, x, parts)
    if not arrays:
        return basic
    return _take_arrays(c, basic, arrays, ranks)


def _take_last(c: Context) -> Any:
    """The cell states of the last step."""
    name, backwards = c.lasts[c.numbers[0]]
    key = c.settings["key"]
    part = key[0] if isinstance(key, tuple) else key
    fits = isinstance(part, slice) and (part.start is None if backwards else part.stop is None)
    if not fits:
        c.refuse("of the cell states of an LSTM, ONNX keeps the last only")
    return name


def _width(part: Any) -> int:
    """How many axes of the operand a part of a key takes."""
    if part is None:
        return 0
    if isinstance(part, Value) and part.dtype.kind == "b":
        return part.ndim
    return 1


def _complete(c: Context, parts: list[Any], ndim: int) -> list[Any]:
    """The key with `...` written out as full slices."""
    parts = [_as_value(c, p) for p in parts]
    taken = sum(_width(p) for p in parts if p is not Ellipsis)
    fill = [slice(None)] * (ndim - taken)
    if not any(p is Ellipsis for p in parts):
        return parts + fill
    at = next(i for i, p in enumerate(parts) if p is Ellipsis)
    return parts[:at] + fill + parts[at + 1 :]


def _as_value(c: Context, part: Any) -> Any:
    if isinstance(part, (list, np.ndarray)):
        return c.value(np.asarray(part))
    return part


def _cut_and_drop(c: Context, x: Value, parts: list[Any]) -> Any:
    """Slices, numbers and new axes done; the arrays that are left with the axes they take."""
    out: Any = _slice(c, x, parts)
    together = any(isinstance(p, Value) for p in parts)
    axis, place, dropped, added = 0, 0, [], []
    arrays: list[tuple[int, Any]] = []
    for part in parts:
        if part is None:
            added.append(place)
            place += 1
        elif isinstance(part, Value):
            arrays.append((place, part))
            axis, place = axis + _width(part), place + _width(part)
        elif isinstance(part, slice):
            axis, place = axis + 1, place + 1
        elif together:
            arrays.append((place, Value(c.constant(part, np.int64), (), np.dtype(np.int64))))
            axis, place = axis + 1, place + 1
        else:
            dropped.append(axis)
            axis += 1
    for a in reversed(dropped):
        out = _take_number(c, x, out, parts, a)
    if added:
        out = c.emit("Unsqueeze", out, c.ints(added))
    return (out if out is not x else c.emit("Identity", x)), arrays, place


def _take_number(c: Context, x: Value, out: Any, parts: list[Any], axis: int) -> Any:
    number = [p for p in parts if p is not None][axis]
    if isinstance(number, Size):
        at = c.emit("Squeeze", c.builder.size(number, (x,)), c.ints([0]))
    else:
        at = c.constant(number, np.int64)
    return c.emit("Gather", out, at, axis=axis)


def _slice(c: Context, x: Value, parts: list[Any]) -> Any:
    starts, ends, axes, steps = [], [], [], []
    axis = 0
    for part in parts:
        if isinstance(part, slice) and part != slice(None):
            start, end, step = _bounds(part)
            if (start, end, step) != (0, FAR, 1):
                starts.append(start)
                ends.append(end)
                steps.append(step)
                axes.append(axis)
        axis += _width(part)
    if not axes:
        return x
    limits = (c.builder.sizes(e, (x,)) for e in (starts, ends))
    return c.emit("Slice", x, *limits, c.ints(axes), c.ints(steps))


def _bounds(part: slice) -> tuple[Extent, Extent, int]:
    step = 1 if part.step is None else int(part.step)
    start = (0 if step > 0 else -1) if part.start is None else part.start
    end = (FAR if step > 0 else -FAR) if part.stop is None else part.stop
    return start, end, step


# Arrays


def _take_arrays(c: Context, x: Any, arrays: list[tuple[int, Any]], ndim: int) -> Any:
    """Elements by index arrays; a mask stands for the arrays of its true places."""
    if len(arrays) == 1 and arrays[0][1].dtype.kind != "b":
        axis, places = arrays[0]
        return c.emit("Gather", x, _long(c, places), axis=axis)
    axes, columns, free = _columns(c, arrays)
    rest = [a for a in range(ndim) if a not in axes]
    turned = c.transpose(x, [*axes, *rest])
    found = c.emit("GatherND", turned, columns)
    adjacent = axes == list(range(axes[0], axes[0] + len(axes)))
    lead = [a for a in rest if a < axes[0]]
    if not adjacent or not lead:
        return found
    order = [
        *range(free, free + len(lead)),
        *range(free),
        *range(free + len(lead), free + len(rest)),
    ]
    return c.transpose(found, order)


def _long(c: Context, places: Value) -> Any:
    return places if places.dtype == np.int64 else c.cast(places, np.int64)


def _columns(c: Context, arrays: list[tuple[int, Any]]) -> tuple[list[int], Any, int]:
    """The axes indexed, the places as rows of an index matrix, and the axes of the result."""
    masks = [v for _, v in arrays if v.dtype.kind == "b"]
    if masks:
        if len(arrays) > 1:
            c.refuse("a mask beside other index arrays")
        axis, mask = arrays[0]
        places = c.emit("Transpose", c.emit("NonZero", mask), perm=[1, 0])
        return [axis + i for i in range(mask.ndim)], places, 1
    rank = max(v.ndim for _, v in arrays)
    shape = np.broadcast_shapes(*(_face(v) for _, v in arrays))
    if all(is_fixed(v.shape) for _, v in arrays):
        target: Any = c.ints(shape)
    else:
        whole = _long(c, arrays[0][1])
        for _, other in arrays[1:]:
            whole = c.emit("Add", whole, c.emit("Mul", _long(c, other), c.constant(0, np.int64)))
        target = c.emit("Shape", whole)
    parts = [
        c.emit("Unsqueeze", c.emit("Expand", _long(c, v), target), c.ints([rank]))
        for _, v in arrays
    ]
    return [axis for axis, _ in arrays], c.emit("Concat", *parts, axis=-1), rank


def _face(v: Value) -> tuple[int, ...]:
    return tuple(n.values[0] if isinstance(n, Size) else n for n in v.shape)


@writes("assign")
def write_assign(c: Context, x: Value, value: Any) -> Any:
    """The flat places that the key names, written over by a scatter."""
    key = c.settings["key"]
    if not is_fixed(c.out.shape) or not is_fixed(key):
        return _assign_along(c, x, value, key)
    parts = key if isinstance(key, tuple) else (key,)
    if any(isinstance(p, Value) for p in parts):
        return _assign_arrays(c, x, value, parts)
    count = int(np.prod(c.out.shape, dtype=np.int64))
    places = np.arange(count).reshape(c.out.shape)[key]
    return _write_at(c, x, value, places)


def _write_at(c: Context, x: Value, value: Any, places: Any) -> Any:
    value = c.value(value, c.out.dtype)
    wide: Any = c.emit("Expand", _like_out(c, value), c.ints(places.shape))
    flat = c.emit("Reshape", x, c.ints([-1]))
    updates = c.emit("Reshape", wide, c.ints([-1]))
    made = c.emit("ScatterElements", flat, c.constant(places.reshape(-1), np.int64), updates)
    return c.emit("Reshape", made, c.ints(c.out.shape))


def _like_out(c: Context, value: Value) -> Any:
    return value if value.dtype == c.out.dtype else c.cast(value, c.out.dtype)


def _assign_arrays(c: Context, x: Value, value: Any, parts: tuple[Any, ...]) -> Any:
    if len(parts) == 1 and parts[0].dtype.kind == "b" and not c.value(value).ndim:
        mask = parts[0]
        lost = x.ndim - mask.ndim
        if lost:
            axes = c.ints(range(mask.ndim, x.ndim))
            mask = c.emit("Unsqueeze", mask, axes)
        value = c.value(value, c.out.dtype)
        return c.emit("Where", mask, _like_out(c, value), x)
    return c.refuse("values written to places that arrays name; use index_put's scatter form")


def _assign_along(c: Context, x: Value, value: Any, key: Any) -> Any:
    """A key of full slices and one number or slice, where sizes depend on the inputs."""
    parts = _complete(c, list(key) if isinstance(key, tuple) else [key], x.ndim)
    chosen = [i for i, p in enumerate(parts) if p != slice(None)]
    if len(chosen) != 1 or parts[chosen[0]] is None:
        c.refuse("a key of several parts in a tensor whose size depends on the inputs")
    axis, part = chosen[0], parts[chosen[0]]
    size = x.shape[axis]
    value = c.value(value, c.out.dtype)
    made: Any = _like_out(c, value)
    if isinstance(part, int) and value.ndim:
        made = c.emit("Unsqueeze", made, c.ints([max(0, axis - (x.ndim - 1 - value.ndim))]))
    if isinstance(size, Size) or not is_fixed(part):
        c.refuse("the axis written to depends on the size of the inputs")
    start, stop, step = (
        slice(part, part + 1 or None).indices(size) if isinstance(part, int) else part.indices(size)
    )
    if step != 1:
        c.refuse("a slice with a step in a tensor whose size depends on the inputs")
    face = list(x.shape)
    face[axis] = stop - start
    wide = c.emit("Expand", made, c.builder.sizes(face, (x,)))
    before = c.emit("Slice", x, c.ints([0]), c.ints([start]), c.ints([axis]))
    after = c.emit("Slice", x, c.ints([stop]), c.ints([FAR]), c.ints([axis]))
    return c.emit("Concat", before, wide, after, axis=axis)
