"""Gathering and scattering."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..._creation import from_numpy
from ..reading import Call, as_tensor, reads
from .names import F, T


def _counted(index: Any, size: int) -> Any:
    """Places counted from the front."""
    places = index._array.astype(np.int64, copy=False)
    return from_numpy(np.where(places < 0, places + size, places))


@reads("Gather")
def read_gather(c: Call, x: Any, index: Any) -> Any:
    axis = c.get("axis", 0) % x.ndim
    places = _counted(index, x.shape[axis])
    if axis == 0 and x.ndim == 2:
        return F.embedding(places, x)
    if not places.ndim:
        return x.select(axis, int(places.item()))
    found = T.index_select(x, axis, places.reshape(-1))
    return found.reshape((*x.shape[:axis], *places.shape, *x.shape[axis + 1 :]))


@reads("GatherElements")
def read_gather_elements(c: Call, x: Any, index: Any) -> Any:
    axis = c.get("axis", 0) % x.ndim
    return T.gather(x, axis, _counted(index, x.shape[axis]))


@reads("GatherND")
def read_gather_nd(c: Call, x: Any, index: Any) -> Any:
    batch, width = c.get("batch_dims", 0), index.shape[-1]
    places = index._array.astype(np.int64)
    if not batch:
        return x[tuple(from_numpy(places[..., i]) for i in range(width))]
    face = index.shape[:-1]
    lead = np.indices(face[:batch])
    first = [
        from_numpy(np.broadcast_to(g.reshape((*g.shape, *[1] * (len(face) - batch))), face).copy())
        for g in lead
    ]
    return x[tuple(first + [from_numpy(places[..., i]) for i in range(width)])]


KINDS = {"add": "sum", "mul": "prod", "max": "amax", "min": "amin"}


@reads("ScatterElements", "Scatter")
def read_scatter(c: Call, x: Any, index: Any, updates: Any) -> Any:
    axis = c.get("axis", 0) % x.ndim
    places = _counted(index, x.shape[axis])
    kind = c.get("reduction", "none")
    if kind == "none":
        return T.scatter(x, axis, places, updates)
    return T.scatter_reduce(x, axis, places, updates, KINDS[kind])


@reads("ScatterND")
def read_scatter_nd(c: Call, x: Any, index: Any, updates: Any) -> Any:
    """The places as flat numbers, written to or added to."""
    places = index._array.astype(np.int64)
    width = places.shape[-1]
    sizes = np.array(x.shape[:width], np.int64)
    places = np.where(places < 0, places + sizes, places)
    rest = int(np.prod(x.shape[width:], dtype=np.int64))
    flat = np.ravel_multi_index(tuple(np.moveaxis(places, -1, 0)), x.shape[:width])
    spread = flat.reshape(-1, 1) * rest + np.arange(rest)
    where = from_numpy(np.ascontiguousarray(spread.reshape(-1)))
    kind = c.get("reduction", "none")
    row, values = x.reshape((-1,)), updates.reshape((-1,))
    if kind == "none":
        return T.scatter(row, 0, where, values).reshape(x.shape)
    return T.scatter_reduce(row, 0, where, values, KINDS[kind]).reshape(x.shape)


@reads("Compress")
def read_compress(c: Call, x: Any, condition: Any) -> Any:
    places = from_numpy(np.flatnonzero(condition._array))
    if c["axis"] is None:
        return x.reshape((-1,))[places]
    return T.index_select(x, c["axis"] % x.ndim, places)


@reads("OneHot")
def read_one_hot(c: Call, index: Any, depth: Any, values: Any) -> Any:
    count = int(np.asarray(depth._array).reshape(-1)[0])
    axis = c.get("axis", -1) % (index.ndim + 1)
    places = index._array.astype(np.int64)
    places = np.where(places < 0, places + count, places)
    face = [1] * (index.ndim + 1)
    face[axis] = count
    hot = np.expand_dims(places, axis) == np.arange(count).reshape(face)
    return T.where(as_tensor(hot), values[1], values[0])


@reads("TensorScatter")
def read_tensor_scatter(c: Call, past: Any, update: Any, places: Any = None) -> Any:
    if c.get("mode", "linear") != "linear":
        c.refuse("a circular cache has no counterpart")
    axis = c.get("axis", -2) % past.ndim
    length = update.shape[axis]
    rows = []
    starts = [0] * past.shape[0] if places is None else places.tolist()
    for row, new, start in zip(past, update, starts, strict=True):
        along = axis - 1
        after = row.shape[along] - start - length
        rows.append(
            T.cat(
                [row.narrow(along, 0, start), new, row.narrow(along, start + length, after)], along
            )
        )
    return T.stack(rows)
