"""Pooling over any number of axes: passes over strided parts of the image, one per offset.

No padded copy is made: each offset of the window is applied where it meets the image.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from itertools import product
from operator import mod
from typing import Any, NamedTuple

import numpy as np

from . import PLAIN, instead_of
from .choice import keep_where
from .faces import channels_last, channels_second

__all__ = ["Window", "pick", "put", "strongest", "total", "total_back"]


class Window(NamedTuple):
    """How a window moves over the image, one entry per spatial axis."""

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    ceil: bool = False

    @lru_cache(maxsize=256)  # noqa: B019 - windows are a few numbers; 0.3 microseconds against 3
    def places(self, size: tuple[int, ...]) -> tuple[int, ...]:
        """How many windows there are along each axis of an image of `size`."""
        found = []
        for n, k, s, p, d in zip(
            size, self.kernel, self.stride, self.padding, self.dilation, strict=True
        ):
            room = n + 2 * p - d * (k - 1) - 1
            count = (room + (s - 1 if self.ceil else 0)) // s + 1
            if self.ceil and (count - 1) * s >= n + p:  # a window must start inside
                count -= 1
            found.append(count)
        return tuple(found)

    def parts(
        self, size: tuple[int, ...]
    ) -> Iterator[tuple[tuple[int, ...], tuple[Any, ...], tuple[Any, ...]]]:
        """Each offset with the windows it applies to and the part of the image it meets."""
        outs = self.places(size)
        for at in product(*map(range, self.kernel)):
            seen, met = [], []
            for a, n, m, s, p, d in zip(
                at, size, outs, self.stride, self.padding, self.dilation, strict=True
            ):
                start = a * d - p
                first = max(0, -(start // s)) if start < 0 else 0
                last = min(m - 1, (n - 1 - start) // s)
                seen.append(slice(first, last + 1))
                met.append(slice(start + first * s, start + last * s + 1, s))
                if last < first:
                    break
            else:
                yield at, (..., *seen), (..., *met)

    @property
    def apart(self) -> bool:
        """Whether no two windows meet the same element."""
        return all(
            s >= d * (k - 1) + 1
            for k, s, d in zip(self.kernel, self.stride, self.dilation, strict=True)
        )

    @lru_cache(maxsize=256)  # noqa: B019 - likewise
    def tiles(self, size: tuple[int, ...]) -> bool:
        """Whether the windows cover an image of `size` once, without gap, edge or overlap."""
        if self.kernel != self.stride or any(self.padding) or max(self.dilation) > 1:
            return False
        return not any(map(mod, size, self.stride))


def empty_like(x: Any, size: tuple[int, ...], dtype: Any = None) -> Any:
    """An array for (N, C, size) whose axes lie in memory in the order of those of `x`."""
    shape = (*x.shape[:2], *size)
    order = sorted(range(x.ndim), key=lambda a: -abs(x.strides[a]))
    made = np.empty([shape[a] for a in order], dtype or x.dtype)
    return made.transpose(np.argsort(order))


def _lowest(dtype: Any) -> Any:
    if dtype.kind == "f":
        return -np.inf
    return 0 if dtype.kind == "b" else np.iinfo(dtype).min


SMALL = 8192  # elements up to which a few calls for all offsets beat fewer passes: 6 against 60 µs


def _is_small(x: Any, size: tuple[int, ...], window: Window) -> bool:
    """Whether windows that tile an image of `size` are worth laying out offset by offset."""
    few = x.size <= SMALL and math.prod(window.kernel) < 256
    return few and x.flags.c_contiguous and window.tiles(size)


def _split(x: Any, size: tuple[int, ...], window: Window) -> tuple[tuple[int, ...], list[int]]:
    """The shape of (N, C, size) with each axis as windows by offsets, and the offsets' axes."""
    shape = [*x.shape[:2]]
    for n, k in zip(size, window.kernel, strict=True):
        shape += [n // k, k]
    return tuple(shape), list(range(3, len(shape), 2))


def _tiles_of(x: Any, window: Window) -> Any:
    """(N, C, size) -> (offsets, N, C, windows), copied."""
    size = x.shape[2:]
    shape, offsets = _split(x, size, window)
    turned = x.reshape(shape).transpose(*offsets, 0, 1, *range(2, len(shape), 2))
    return turned.reshape(math.prod(window.kernel), *x.shape[:2], *window.places(size))


def _image_of(tiles: Any, size: tuple[int, ...], window: Window) -> Any:
    """(offsets, N, C, windows) -> (N, C, size), copied."""
    _, n, c, *outs = tiles.shape
    axes = len(size)
    split = tiles.reshape(*window.kernel, n, c, *outs)
    pairs = [a for k in range(axes) for a in (axes + 2 + k, k)]
    return split.transpose(axes, axes + 1, *pairs).reshape(n, c, *size)


# Small images with windows of any kind: all elements of all windows by one table of places, where a
# pass for each offset takes 15 microseconds. (2, 3, 8, 8) by 3 with stride 2: 143 down to 15.

TABLE = 1 << 14  # places in a table that is kept
MAXIMA, SUMS = 1 << 17, 1 << 14  # elements to be taken up to which the table is the quicker way


@lru_cache(maxsize=128)
def _table(size: tuple[int, ...], window: Window) -> Any:
    """Flat places (offsets, windows), one behind the last where a window meets no pixel.

    None if there are too many.
    """
    outs, pixels = window.places(size), math.prod(size)
    shape = (math.prod(window.kernel), *outs)
    if not 0 < math.prod(shape) <= TABLE:
        return None
    places, grid = np.full(shape, pixels), np.arange(pixels).reshape(size)
    for at, seen, met in window.parts(size):
        number = int(np.ravel_multi_index(at, window.kernel))
        places[number][seen] = grid[met]
    return places.reshape(shape[0], -1)


@lru_cache(maxsize=128)
def _table_back(size: tuple[int, ...], window: Window) -> Any:
    """The other way round: the window (offsets, pixels) that meets a pixel there, or the last."""
    places = _table(size, window)
    found = np.full((len(places), math.prod(size) + 1), places.shape[1])
    for row, place in zip(found, places, strict=True):
        row[place] = np.arange(places.shape[1])
    return found[:, :-1]


def _table_for(x: Any, size: tuple[int, ...], window: Window, work: int) -> Any:
    """The table if there is little work, and the channels of `x` lie second or last in memory."""
    planes = x.shape[0] * x.shape[1]
    if planes * math.prod(size) > MAXIMA:
        return None
    if not x.flags.c_contiguous:
        if not _lies_last(x):
            return None
        work = max(work, 4 * SUMS)  # whole pixels are taken
    table = _table(size, window)
    return None if table is None or table.size * planes > work else table


def _lies_last(x: Any) -> bool:
    """Whether the channels lie last in memory (of one pixel or channel both is true)."""
    return not x.flags.c_contiguous and bool(channels_last(x).flags.c_contiguous)


def _flat(x: Any, last: bool) -> Any:
    """(N, C, places) as (images, places, channels): of either one is all, the other 1."""
    n, c = x.shape[:2]
    if last:
        return channels_last(x).reshape(n, math.prod(x.shape[2:]), c)
    return x.reshape(n * c, math.prod(x.shape[2:]), 1)


def _unflat(flat: Any, x: Any, size: tuple[int, ...], last: bool) -> Any:
    """The way back to (N, C, size), with as many images and channels as `x`."""
    n, c = x.shape[:2]
    return channels_second(flat.reshape(n, *size, c)) if last else flat.reshape(n, c, *size)


def _taken(flat: Any, table: Any, rest: Any) -> Any:
    """(images, offsets, windows, channels); places behind the last are `rest`."""
    more = np.full((len(flat), 1, flat.shape[2]), rest, flat.dtype)
    return np.concatenate((flat, more), 1).take(table, 1)


def _strongest_by_table(x: Any, window: Window, table: Any) -> tuple[Any, Any] | None:
    """The same as `strongest`; None where padding may have won, or there is a NaN."""
    last, lowest = _lies_last(x), _lowest(x.dtype)
    parts = _taken(_flat(x, last), table, lowest)
    best = np.maximum.reduce(parts, axis=1)
    if not (best > lowest).all():
        return None
    # the first of equals by bytes: argmax takes 4 nanoseconds for each element, this 1
    outs, count = window.places(x.shape[2:]), len(table)
    ahead = (parts == best[:, None]).view(np.uint8)
    ahead *= count - _offsets(count, 2)
    code = count - np.maximum.reduce(ahead, axis=1)
    return _unflat(best, x, outs, last), _unflat(code, x, outs, last)


def _put_by_table(g: Any, code: Any, size: tuple[int, ...], table: Any) -> Any:
    """The same as `put`; None where a window meets no pixel at all."""
    if code.size and np.maximum.reduce(code, axis=None) >= len(table):
        return None
    last, pixels = _lies_last(code), math.prod(size)
    numbers = _flat(code, last).astype(np.intp)  # bytes would overflow
    windows = np.arange(table.shape[1])[:, None]
    places = table.reshape(-1).take(numbers * table.shape[1] + windows)  # none is padding
    images, _, channels = numbers.shape
    places += (np.arange(images) * pixels)[:, None, None]
    if channels > 1:
        places = places * channels + np.arange(channels)
    out = np.zeros(images * pixels * channels, g.dtype)
    np.add.at(out, places.reshape(-1), _flat(g, last).reshape(-1))
    return _unflat(out, code, size, last)


def _strongest_of_tiles(x: Any, window: Window) -> tuple[Any, Any] | None:
    """The same as `strongest` where windows tile a small image; None where there is a NaN."""
    tiles = _tiles_of(x, window)
    best = np.maximum.reduce(tiles, axis=0)
    if not (best == best).all():  # noqa: PLR0124 - NaN differs from itself
        return None
    return best, tiles.argmax(0).astype(np.uint8)


def _code_type(window: Window) -> Any:
    return np.uint8 if math.prod(window.kernel) < 256 else np.int32


def _strongest(x: Any, window: Window) -> tuple[Any, Any]:
    """The largest element of each window and the number of its offset: the first of equals."""
    outs = window.places(x.shape[2:])
    best = np.full((*x.shape[:2], *outs), _lowest(x.dtype), x.dtype)
    code = np.full(best.shape, -1, np.int32)
    for at, seen, met in window.parts(x.shape[2:]):
        values = x[met]
        better = (values > best[seen]) | (values != values) | (code[seen] < 0)  # noqa: PLR0124
        best[seen] = np.where(better, values, best[seen])
        code[seen] = np.where(better, np.ravel_multi_index(at, window.kernel), code[seen])
    return best, code.astype(_code_type(window))


def _padded(x: Any, window: Window) -> tuple[Any, Window]:
    """The image with the least number around it, wide enough for all windows."""
    size, outs = x.shape[2:], window.places(x.shape[2:])
    ends = [
        (m - 1) * s + d * (k - 1) + 1
        for m, k, s, d in zip(outs, window.kernel, window.stride, window.dilation, strict=True)
    ]
    if not any(window.padding) and all(e <= n for e, n in zip(ends, size, strict=True)):
        return x, window
    wide = [max(e, n + p) for e, n, p in zip(ends, size, window.padding, strict=True)]
    out = empty_like(x, tuple(wide))
    out.fill(_lowest(x.dtype))
    inner = tuple(slice(p, p + n) for n, p in zip(size, window.padding, strict=True))
    out[(..., *inner)] = x
    return out, window._replace(padding=(0,) * len(size), ceil=False)


@instead_of(_strongest)
def strongest(x: Any, window: Window) -> tuple[Any, Any]:
    """The largest element of each window and the number of its offset: the first of equals.

    The elements of each offset are first copied side by side: all comparisons then run over
    contiguous memory, where strided ones would take an inner loop for every pixel.
    """
    if math.prod(window.kernel) > 255:
        return _strongest(x, window)
    if _is_small(x, x.shape[2:], window):
        found = _strongest_of_tiles(x, window)
        if found is not None:
            return found
    elif (table := _table_for(x, x.shape[2:], window, MAXIMA)) is not None:
        found = _strongest_by_table(x, window, table)
        if found is not None:
            return found
    outs = window.places(x.shape[2:])
    padded, inside = _padded(x, window)
    parts = []
    for a in np.ndindex(*window.kernel):
        part = empty_like(x, outs)
        part[...] = padded[(..., *_met(a, outs, inside))]
        parts.append(part)
    best = parts[0].copy("K") if len(parts) == 1 else np.maximum(parts[0], parts[1])
    for part in parts[2:]:
        np.maximum(best, part, out=best)
    taken = parts[0] == best
    code = np.zeros_like(taken, np.uint8)
    for number, part in enumerate(parts[1:], 1):
        equal = part == best
        won = np.greater(equal, taken)  # equal and not yet taken
        taken |= equal
        code += won.view(np.uint8) * np.uint8(number)
    lowest = padded is not x and (best == _lowest(x.dtype)).any()
    if lowest or not taken.all():  # padding may have won, or there is a NaN
        return _strongest(x, window)
    return best, code


def _met(at: tuple[int, ...], outs: tuple[int, ...], window: Window) -> tuple[slice, ...]:
    """The part of the padded image that an offset meets."""
    return tuple(
        slice(a * d, a * d + (m - 1) * s + 1, s)
        for a, m, s, d in zip(at, outs, window.stride, window.dilation, strict=True)
    )


@lru_cache(maxsize=64)
def _offsets(count: int, ndim: int) -> Any:
    """The numbers of offsets, as `code` has them, on an axis before `ndim` others."""
    return np.arange(min(count, 256)).astype(np.uint8).reshape(-1, *[1] * ndim)


def put(g: Any, code: Any, size: tuple[int, ...], window: Window) -> Any:
    """Each element of `g` at the offset of its window that `code` names; meetings add up."""
    if _is_small(g, size, window) and not PLAIN:
        offsets = _offsets(math.prod(window.kernel), g.ndim)
        return _image_of(np.where(code == offsets, g, g.dtype.type(0)), size, window)
    if not PLAIN and math.prod(window.kernel) < 256:
        table = _table_for(code, size, window, MAXIMA)
        found = None if table is None else _put_by_table(g, code, size, table)
        if found is not None:
            return found
    out = empty_like(code, size, g.dtype)
    if not window.tiles(size):
        out.fill(0)
    for at, seen, met in window.parts(size):
        chosen = code[seen] == int(np.ravel_multi_index(at, window.kernel))
        if window.apart:
            out[met] = keep_where(chosen, g[seen])
        else:
            part = out[met]
            part += keep_where(chosen, g[seen])
    return out


def pick(x: Any, code: Any, window: Window) -> Any:
    """The element of each window at the offset that `code` names: the transpose of `put`."""
    out = empty_like(x, code.shape[2:])
    for at, seen, met in window.parts(x.shape[2:]):
        chosen = code[seen] == int(np.ravel_multi_index(at, window.kernel))
        np.copyto(out[seen], x[met], where=chosen)
    return out


def flat_places(code: Any, size: tuple[int, ...], window: Window) -> Any:
    """The places in the flattened image that the numbers of offsets stand for."""
    offsets = np.unravel_index(code, window.kernel)
    flat = np.zeros(code.shape, np.int64)
    for axis, (n, s, p, d) in enumerate(
        zip(size, window.stride, window.padding, window.dilation, strict=True)
    ):
        start = np.arange(code.shape[2 + axis]) * s - p
        start = start.reshape(-1, *[1] * (len(size) - axis - 1))
        flat = flat * n + (start + offsets[axis] * d)
    return flat


def total(x: Any, window: Window) -> Any:
    """The sum of each window, zeros outside the image."""
    if _is_small(x, x.shape[2:], window) and not PLAIN:
        return np.add.reduce(_tiles_of(x, window), axis=0, dtype=x.dtype)
    table = None if PLAIN else _table_for(x, x.shape[2:], window, SUMS)
    if table is not None:
        last = _lies_last(x)
        sums = np.add.reduce(_taken(_flat(x, last), table, 0), axis=1, dtype=x.dtype)
        return _unflat(sums, x, window.places(x.shape[2:]), last)
    out = empty_like(x, window.places(x.shape[2:]))
    out.fill(0)
    for _, seen, met in window.parts(x.shape[2:]):
        part = out[seen]
        part += x[met]
    return out


def total_back(g: Any, size: tuple[int, ...], window: Window) -> Any:
    """Each element of `g` at all places of its window: the transpose of `total`."""
    if _is_small(g, size, window) and not PLAIN:
        shape, offsets = _split(g, size, window)
        out = np.empty(shape, g.dtype)
        out[...] = g.reshape([1 if a in offsets else n for a, n in enumerate(shape)])
        return out.reshape(*g.shape[:2], *size)
    table = None if PLAIN else _table_for(g, size, window, SUMS)
    if table is not None:
        last, back = _lies_last(g), _table_back(size, window)
        sums = np.add.reduce(_taken(_flat(g, last), back, 0), axis=1, dtype=g.dtype)
        return _unflat(sums, g, size, last)
    out = empty_like(g, size)
    out.fill(0)
    for _, seen, met in window.parts(size):
        part = out[met]
        part += g[seen]
    return out
