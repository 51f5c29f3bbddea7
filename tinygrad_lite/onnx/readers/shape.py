"""Shapes, axes, joins, slices and padding."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..._creation import from_numpy
from ...ops.shape import tril, triu
from ..reading import Call, as_ints, reads
from .names import F, T


@reads("Shape")
def read_shape(c: Call, x: Any) -> Any:
    found = np.array(x.shape, np.int64)
    return from_numpy(found[c.get("start", 0) : c.get("end", None)])


@reads("Size")
def read_size(c: Call, x: Any) -> Any:
    return from_numpy(np.array(math.prod(x.shape), np.int64))


@reads("Reshape")
def read_reshape(c: Call, x: Any, shape: Any = None) -> Any:
    wanted = c.ints("shape", shape)
    if not c.get("allowzero", 0):
        wanted = [x.shape[i] if n == 0 else n for i, n in enumerate(wanted)]
    return x.reshape(tuple(wanted))


@reads("Flatten")
def read_flatten(c: Call, x: Any) -> Any:
    axis = c.get("axis", 1)
    axis = axis + x.ndim if axis < 0 else axis
    return x.reshape((math.prod(x.shape[:axis]), math.prod(x.shape[axis:])))


@reads("Squeeze")
def read_squeeze(c: Call, x: Any, axes: Any = None) -> Any:
    chosen = c.ints("axes", axes)
    if chosen is None:
        return x.squeeze()
    lost = {a % x.ndim for a in chosen}
    return x.reshape(tuple(n for a, n in enumerate(x.shape) if a not in lost))


@reads("Unsqueeze")
def read_unsqueeze(c: Call, x: Any, axes: Any = None) -> Any:
    chosen = c.ints("axes", axes)
    rank = x.ndim + len(chosen)
    new = {a % rank for a in chosen}
    rest = iter(x.shape)
    return x.reshape(tuple(1 if a in new else next(rest) for a in range(rank)))


@reads("Transpose")
def read_transpose(c: Call, x: Any) -> Any:
    return x.permute(tuple(c.get("perm", range(x.ndim)[::-1])))


@reads("Concat")
def read_concat(c: Call, *xs: Any) -> Any:
    return T.cat(list(xs), c.get("axis", 1))


@reads("Split")
def read_split(c: Call, x: Any, split: Any = None) -> Any:
    axis = c.get("axis", 0)
    sizes = c.ints("split", split)
    if sizes is None:
        count = c.get("num_outputs", c.count)
        each = -(-x.shape[axis] // count)
        sizes = [max(0, min(each, x.shape[axis] - i * each)) for i in range(count)]
    return tuple(T.split(x, sizes, axis))


@reads("Slice")
def read_slice(
    c: Call, x: Any, starts: Any = None, ends: Any = None, axes: Any = None, steps: Any = None
) -> Any:
    begin, end = c.ints("starts", starts), c.ints("ends", ends)
    along = c.ints("axes", axes, list(range(len(begin))))
    by = c.ints("steps", steps, [1] * len(begin))
    key: list[Any] = [slice(None)] * x.ndim
    turned = []
    for start, stop, axis, step in zip(begin, end, along, by, strict=True):
        places = range(*slice(start, stop, step).indices(x.shape[axis]))
        if step < 0:  # the same places counted up, and turned round
            turned.append(axis % x.ndim)
            places = places[::-1]
        key[axis] = slice(places.start, max(places.stop, places.start), places.step)
    out = x[tuple(key)]
    return T.flip(out, turned) if turned else out


@reads("Expand")
def read_expand(c: Call, x: Any, shape: Any) -> Any:
    return x.expand(np.broadcast_shapes(tuple(x.shape), tuple(as_ints(shape))))


@reads("Tile")
def read_tile(c: Call, x: Any, repeats: Any) -> Any:
    return x.repeat(as_ints(repeats)) if x.ndim else x


@reads("Pad")
def read_pad(c: Call, x: Any, pads: Any = None, value: Any = None, axes: Any = None) -> Any:
    sides = c.ints("pads", pads, c["paddings"])
    along = [a % x.ndim for a in c.ints("axes", axes, list(range(x.ndim)))]
    count = len(along)
    both = dict(zip(along, zip(sides[:count], sides[count:], strict=True), strict=True))
    number = c.get("value", 0.0) if value is None else value.item()
    mode = c.get("mode", "constant")
    if mode == "constant":
        flat = [n for axis in reversed(range(x.ndim)) for n in both.get(axis, (0, 0))]
        return F.pad(x, flat, value=number)
    for axis, (low, high) in both.items():
        if low or high:
            places = np.pad(
                np.arange(x.shape[axis]),
                (low, high),
                mode={"edge": "edge", "wrap": "wrap"}.get(mode, mode),
            )
            x = T.index_select(x, axis, from_numpy(places))
    return x


@reads("CenterCropPad")
def read_center(c: Call, x: Any, shape: Any) -> Any:
    wanted = as_ints(shape)
    axes = [a % x.ndim for a in c.get("axes", range(x.ndim))]
    for axis, size in zip(axes, wanted, strict=True):
        more = size - x.shape[axis]
        low = more // 2 if more > 0 else -(-more // 2)
        flat = [0] * (2 * (x.ndim - axis))
        flat[-2:] = low, more - low
        x = F.pad(x, flat)
    return x


@reads("Trilu")
def read_trilu(c: Call, x: Any, k: Any = None) -> Any:
    function = triu if c.get("upper", 1) else tril
    return function(x, k=0 if k is None else int(k.item()))


@reads("DepthToSpace")
def read_depth_to_space(c: Call, x: Any) -> Any:
    b, (n, channels, h, w) = c["blocksize"], x.shape
    each = channels // (b * b)
    if c.get("mode", "DCR") == "CRD":
        return F.pixel_shuffle(x, b)
    parts = x.reshape((n, b, b, each, h, w)).permute((0, 3, 4, 1, 5, 2))
    return parts.reshape((n, each, h * b, w * b))


@reads("SpaceToDepth")
def read_space_to_depth(c: Call, x: Any) -> Any:
    b, (n, channels, h, w) = c["blocksize"], x.shape
    if c.get("mode", "DCR") == "CRD":
        return F.pixel_unshuffle(x, b)
    parts = x.reshape((n, channels, h // b, b, w // b, b)).permute((0, 3, 5, 1, 2, 4))
    return parts.reshape((n, channels * b * b, h // b, w // b))


@reads("ReverseSequence")
def read_reverse(c: Call, x: Any, lengths: Any) -> Any:
    batch, time = c.get("batch_axis", 1), c.get("time_axis", 0)
    size = x.shape[time]
    places = np.broadcast_to(np.arange(size), (x.shape[batch], size)).copy()
    for row, length in zip(places, as_ints(lengths), strict=True):
        row[:length] = row[:length][::-1]
    if batch > time:
        places = places.T
    face = [1] * x.ndim
    face[batch], face[time] = x.shape[batch], size
    wide = np.broadcast_to(places.reshape(face), x.shape)
    return T.gather(x, time, from_numpy(np.ascontiguousarray(wide)))
