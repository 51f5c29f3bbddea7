"""Convolution by bands: windows along the last axis only, one product for each row of the kernel.

All windows of an image written out are as many times larger than the image as the kernel has
elements, and to write them takes as long as to multiply them. Windows along the last axis are as
many times larger as the kernel is wide. They lie row below row, so the rows that one row of the
kernel meets are one matrix, and its product with that row of the kernel one term of the sum. The
products are of so few rows that BLAS takes them as they lie (see `blocks`). A 3x3 convolution of
16 channels, 16 images of 32 x 32, takes 1.1 instead of 1.8 milliseconds, a 5x5 one from 6 to 16
channels, 64 images of 14 x 14, 0.4 instead of 1.25.

Where the kernel moves on by s rows, the rows lie in s classes by their number modulo s: those that
one row of the kernel meets are all of one class.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from .blocks import DIRECT_PRODUCTS, ROOM, parts_of, rows_of_block, shares_of
from .faces import channels_last, channels_second
from .layout import Layout, inside, pad_last, padded_zeros, pieces
from .team import side_by_side

__all__ = ["Bands", "add_bands", "bands_of", "gram_of_bands", "pays_off", "times_bands"]

# Results of more channels than this part of a band's length cost more to add up than is gained.
DEEP = 0.8
SHORT = 16  # elements of a band below which all windows are as quick to write, and to add up
MUCH = 1 << 16  # elements of all windows below which one product is over before bands are laid out
FEW = 1 << 13  # elements of bands below which the calls take longer than the sums
WHOLE = 2 * DIRECT_PRODUCTS  # products for an image that cannot be cut into small ones


class Bands(NamedTuple):
    """Bands (N, front, classes, rows, places, width · C) of padded images, and what they are of."""

    array: Any
    kernel: tuple[int, ...]
    outs: tuple[int, ...]
    layout: Layout

    def parts(self) -> Iterator[tuple[tuple[int, ...], Any]]:
        """Each row of the kernel, with the bands that it meets."""
        return bands_met(self.array, self.kernel, self.outs, self.layout)


def bands_met(
    array: Any, kernel: tuple[int, ...], outs: tuple[int, ...], layout: Layout
) -> Iterator[tuple[tuple[int, ...], Any]]:
    """Each row of the kernel, with the bands (N, front, rows, places, length) that it meets."""
    step, reach, high = layout.stride[-2], layout.dilation[-2], outs[-2]
    front = layout._replace(stride=layout.stride[:-2], dilation=layout.dilation[:-2])
    for at, part in front.offsets(kernel[:-2], outs[:-2]):
        for i in range(kernel[-2]):
            first, place = divmod(i * reach, step)
            yield (*at, i), array[(slice(None), *part, place, slice(first, first + high))]


def pays_off(count: int, weight: Any, outs: tuple[int, ...], layout: Layout) -> bool:
    """Whether bands beat the windows of `count` images written out."""
    deep, channels, *kernel = weight.shape
    length = channels * kernel[-1]
    return (
        len(kernel) > 1
        and math.prod(kernel[:-1]) > 1
        and count * math.prod(outs) * math.prod(kernel) * channels >= MUCH
        and layout.dilation[-1] == 1
        and length >= SHORT
        and deep <= DEEP * length
        and weight.itemsize >= 4
        and _height(outs, length, deep) > 0
    )


def _height(outs: tuple[int, ...], length: int, deep: int) -> int:
    """How many rows of places one product takes: all that fit, in equal parts; 0 if too few do."""
    high, wide = outs[-2:]
    whole = high * wide
    step = rows_of_block(whole, length, deep) or whole
    if step == whole and whole * length * deep > WHOLE:
        return 0
    rows = max(1, step // max(1, wide))
    while high % rows:
        rows -= 1
    return rows


def bands_of(x: Any, kernel: tuple[int, ...], outs: tuple[int, ...], layout: Layout) -> Bands:
    """The bands of an image (N, C, size)."""
    padded = pad_last(x, _in_classes(x.shape[2:], layout))
    step, length = layout.stride[-2], kernel[-1] * x.shape[1]
    *front, high = padded.shape[:-2]
    *first, row, place, _ = padded.strides
    strides = (*first, row, row * step, place * layout.stride[-1])
    shape = (*front, step, high // step, outs[-1])
    return Bands(pieces(padded, shape, strides, length), kernel, outs, layout)


def _in_classes(size: tuple[int, ...], layout: Layout) -> Layout:
    """The layout with so much padding that the rows are a multiple of the step."""
    step, (low, high) = layout.stride[-2], layout.padding[-2]
    more = -(size[-2] + low + high) % step
    if not more:
        return layout
    padding = (*layout.padding[:-2], (low, high + more), layout.padding[-1])
    return layout._replace(padding=padding)


def _rows_of_kernel(weight: Any) -> Any:
    """(O, C, kernel) -> (rows of the kernel, width · C, O), contiguous."""
    order = (*range(2, weight.ndim), 1, 0)
    *rows, _, _, deep = (weight.shape[axis] for axis in order)
    return np.ascontiguousarray(weight.transpose(order)).reshape(*rows, -1, deep)


def times_bands(bands: Bands, weight: Any) -> Any:
    """The convolution: (N, places, O)."""
    kernels, array = _rows_of_kernel(weight), bands.array
    (count, *_), length, deep = array.shape, array.shape[-1], len(weight)
    blocked = _blocked(count, bands.outs, length, deep)
    out = np.empty((*blocked, deep), weight.dtype)

    def work(parts: Iterable[slice]) -> None:
        for images in parts:
            sums, term = out[images], None
            for at, seen in bands.parts():
                matrices = seen[images].reshape(-1, *blocked[1:], length)
                if term is None:
                    np.matmul(matrices, kernels[at], out=sums)
                    term = np.empty_like(sums)
                else:
                    sums += np.matmul(matrices, kernels[at], out=term)

    side_by_side(shares_of(count, _images_at_once(array)), array.size, work)
    return out.reshape(count, *bands.outs, deep)


def _images_at_once(bands: Any) -> int:
    """How many images to work on before the next, so that their bands stay in the cache."""
    return max(1, ROOM // max(1, math.prod(bands.shape[1:])))


def _blocked(count: int, outs: tuple[int, ...], length: int, deep: int) -> tuple[int, ...]:
    """The shape of (N, places) cut into products of their own: (N, front, blocks, rows)."""
    rows = _height(outs, length, deep) or outs[-2]
    return (count, *outs[:-2], outs[-2] // rows, rows * outs[-1])


def gram_of_bands(bands: Bands, g: Any) -> Any:
    """The gradient of the weights (O, C, kernel) for that of the result, (N, O, places)."""
    (count, deep), array = g.shape[:2], bands.array
    length, rows = array.shape[-1], bands.kernel[:-1]
    blocked = _blocked(count, bands.outs, length, deep)
    given = np.ascontiguousarray(channels_last(g)).reshape(*blocked, deep)
    shares = list(shares_of(count))
    sums = np.zeros((len(shares), *rows, length, deep), g.dtype)

    def work(parts: Iterable[tuple[int, slice]]) -> None:
        for number, share in parts:
            for images in parts_of(share, math.prod(blocked[1:-1]) * length * deep):
                for at, seen in bands.parts():
                    matrices = seen[images].reshape(-1, *blocked[1:], length).swapaxes(-1, -2)
                    terms = np.matmul(matrices, given[images]).reshape(-1, length, deep)
                    sums[(number, *at)] += np.add.reduce(terms, axis=0)

    side_by_side(enumerate(shares), array.size, work)
    total = sums[0] if len(sums) == 1 else np.add.reduce(sums, axis=0)
    return np.moveaxis(total.reshape(*bands.kernel, -1, deep), (-1, -2), (0, 1))


def add_bands(g: Any, weight: Any, size: tuple[int, ...], layout: Layout) -> Any:
    """The gradient of the image (N, C, size) for that of the result, (N, O, places)."""
    (count, deep), outs, (channels, *kernel) = g.shape[:2], g.shape[2:], weight.shape[1:]
    length, step = kernel[-1] * channels, layout.stride[-2]
    blocked = _blocked(count, outs, length, deep)
    given = np.ascontiguousarray(channels_last(g)).reshape(*blocked, deep)
    kernels = np.ascontiguousarray(_rows_of_kernel(weight).swapaxes(-1, -2))
    padded = padded_zeros(count, channels, size, _in_classes(size, layout), g.dtype)
    *front, high = padded.shape[1:-2]
    shape = (*front, step, high // step, outs[-1], length)

    def work(parts: Iterable[slice]) -> None:
        for images in parts:
            bands = np.zeros((images.stop - images.start, *shape), g.dtype)
            term = np.empty((len(bands), *blocked[1:], length), g.dtype)
            for at, seen in bands_met(bands, tuple(kernel), outs, layout):
                np.matmul(given[images], kernels[at], out=term)
                np.add(seen, term.reshape(seen.shape), out=seen)
            _lay_down(bands, padded[images], layout)

    at_once = max(1, ROOM // max(1, math.prod(shape)))
    side_by_side(shares_of(count, at_once), count * math.prod(shape), work)
    return channels_second(padded[inside(size, layout)])


def _lay_down(bands: Any, padded: Any, layout: Layout) -> None:
    """Add each band where its windows lie: whole windows of one place after the other.

    Where bands are few or short, the same element of all windows at once, one after the other.
    """
    *front, step, high, places, length = bands.shape
    channels, move, reach = padded.shape[-1], layout.stride[-1], layout.dilation[-1]
    rows = padded.reshape(*front, high, step, -1, channels)
    if bands.size < FEW or length < SHORT or reach != 1:
        split = bands.reshape(*front, step, high, places, -1, channels)
        for column in range(length // channels):
            start = column * reach
            seen = rows[..., start : start + (places - 1) * move + 1 : move, :]
            seen += split[..., column, :].swapaxes(-4, -3)
        return
    rows = rows.reshape(*front, high, step, -1)
    for place in range(places):
        start = place * move * channels
        seen = rows[..., start : start + length]
        seen += bands[..., place, :].swapaxes(-2, -3)
