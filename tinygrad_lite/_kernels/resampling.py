"""Resizing an image to its nearest elements, and back: each result is one element's copy."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from . import instead_of
from .chunks import PIECE
from .faces import channels_last, channels_second

__all__ = ["Grid", "pick_nearest", "places_of", "sum_nearest"]

MANY = 8  # copies of one element from which reduceat is quicker than a sum for each copy


class Grid(NamedTuple):
    """How the results lie on the last axes of an image, one entry per axis.

    `scales` are those asked for, or None for the quotient of the sizes; `exact` results stand at
    the middle of their cells, the others at the start.
    """

    size: tuple[int, ...]
    outs: tuple[int, ...]
    scales: tuple[float | None, ...]
    exact: bool


@lru_cache(maxsize=256)
def places_of(grid: Grid) -> tuple[Any, ...]:
    """Which element each result takes along each axis, worked out in float32 like PyTorch's."""
    scales = grid.scales
    if len(scales) == 2 and not grid.exact:  # PyTorch does not look at them in these two cases
        same = (m in {n, 2 * n} for n, m in zip(grid.size, grid.outs, strict=True))
        scales = tuple(None if s else scale for s, scale in zip(same, scales, strict=True))
    return tuple(map(_places, grid.size, grid.outs, scales, [grid.exact] * len(scales)))


def _places(size: int, outs: int, scale: float | None, exact: bool) -> Any:
    step = np.float32(size / outs if scale is None else 1 / scale)
    at = np.arange(outs, dtype=np.float32)
    if exact:
        at = at + np.float32(0.5)
    places = np.minimum(np.floor(at * step).astype(np.int64), size - 1)
    places.flags.writeable = False  # many calls share them
    return places


def _plain_pick_nearest(x: Any, grid: Grid) -> Any:
    return x[(..., *np.ix_(*places_of(grid)))]


@instead_of(_plain_pick_nearest)
def pick_nearest(x: Any, grid: Grid) -> Any:
    """The elements of the last axes of `x` that `grid` names, as an array of its own.

    The last axis first: what follows then copies whole rows, 316 microseconds against 500 for
    (8, 16, 32, 32) doubled. Large images go in pieces, so that the longer rows stay in the cache.
    """
    if _lies_last(x, grid):
        return channels_second(_picked_in_pieces(channels_last(x), grid))
    lead = x.shape[: x.ndim - len(grid.size)]
    out = _picked_in_pieces(x.reshape(math.prod(lead), *grid.size), grid)
    return out.reshape(*lead, *grid.outs)


def _lies_last(x: Any, grid: Grid) -> bool:
    """Whether the channels of images lie last in memory, and so will those of the result."""
    if x.flags.c_contiguous or x.ndim != len(grid.size) + 2:
        return False
    return bool(channels_last(x).flags.c_contiguous)


def _picked_in_pieces(x: Any, grid: Grid) -> Any:
    """The axes after the first resized, a few images at a time."""
    places = places_of(grid)
    shape = (x.shape[0], *grid.outs, *x.shape[len(places) + 1 :])
    each = math.prod(shape[1:])
    if x.shape[0] * each <= PIECE:
        return _picked(x, places)
    out, step = np.empty(shape, x.dtype), max(1, PIECE // each)
    for k in range(0, len(x), step):
        _picked(x[k : k + step], places, out[k : k + step])
    return out


def _picked(x: Any, places: tuple[Any, ...], out: Any = None) -> Any:
    for axis in range(len(places), 1, -1):
        x = x.take(places[axis - 1], axis)
    return x.take(places[0], 1) if out is None else x.take(places[0], 1, out, "clip")


def _plain_sum_nearest(g: Any, grid: Grid) -> Any:
    out = np.zeros((*g.shape[: -len(grid.size)], *grid.size), g.dtype)
    np.add.at(out, (..., *np.ix_(*places_of(grid))), g)
    return out


@instead_of(_plain_sum_nearest)
def sum_nearest(g: Any, grid: Grid) -> Any:
    """Each element of `g` added where it was picked from: the transpose of `pick_nearest`.

    Results of one element stand side by side, so nothing is looked up: (8, 16, 64, 64) to half
    takes 0.3 ms against 3.3 with reduceat and 2.1 with `np.add.at` on rows.
    """
    last = _lies_last(g, grid)
    out, first = (channels_last(g), 1) if last else (g, g.ndim - len(grid.size))
    runs = list(enumerate(_runs(grid), first))
    if math.prod(grid.size) > math.prod(grid.outs):  # the row axes last, when there is most to copy
        runs.reverse()
    for axis, (copies, takes) in runs:
        out = _summed_along(out, axis, copies, takes)
    if out is g or out.base is not None:  # an image as large as the result
        out = out.copy()
    return channels_second(out) if last else out


@lru_cache(maxsize=256)
def _runs(grid: Grid) -> list[tuple[int, Any]]:
    """For each axis how many results all elements have, and what to take for the sums.

    Where they have different numbers of results that is 0, and the r-th take names the r-th
    result of each element, or one after the last where it has fewer.
    """
    found: list[tuple[int, Any]] = []
    for n, p in zip(grid.size, places_of(grid), strict=True):
        counts = np.bincount(p, minlength=n)
        most, starts = int(counts.max()), np.searchsorted(p, np.arange(n))
        if (counts == most).all() and most < MANY:
            found.append((most, None))
        elif most < MANY:
            found.append((0, [np.where(counts > r, starts + r, p.size) for r in range(most)]))
        else:
            there = counts.nonzero()[0]
            found.append((MANY, (n, there, starts[there])))
    return found


def _summed_along(g: Any, axis: int, copies: int, takes: Any) -> Any:
    """Sums of the runs of results along one axis."""
    if copies == 1:
        return g
    lead = (slice(None),) * axis
    if copies == MANY:
        size, there, starts = takes
        out = np.zeros((*g.shape[:axis], size, *g.shape[axis + 1 :]), g.dtype)
        out[(*lead, there)] = np.add.reduceat(g, starts, axis, g.dtype)
        return out
    if copies:
        split = g.reshape(*g.shape[:axis], g.shape[axis] // copies, copies, *g.shape[axis + 1 :])
        total = split[(*lead, slice(None), 0)] + split[(*lead, slice(None), 1)]
        for r in range(2, copies):
            total += split[(*lead, slice(None), r)]
        return total
    # a zero more to take where an element has no r-th result: no place has to be looked up
    more = np.zeros((*g.shape[:axis], 1, *g.shape[axis + 1 :]), g.dtype)
    wide = np.concatenate((g, more), axis)
    total = wide.take(takes[0], axis)
    for places in takes[1:]:
        total += wide.take(places, axis)
    return total
