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
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from .blocks import DIRECT_PRODUCTS, ROOM, parts_of, rows_of_block, shares_of, weight_of
from .faces import channels_last, channels_second, weight_first
from .layout import Layout, inside, pad_last, padded_zeros, pieces
from .team import side_by_side

__all__ = ["Bands", "add_bands", "bands_of", "gram_of_bands", "pays_off", "times_bands"]

# Results of more channels than this part of a band's length cost more to add up than is gained.
DEEP = 0.8
SHORT = 16  # elements of a band below which all windows are as quick to write, and to add up
MUCH = 1 << 16  # elements of all windows below which one product is over before bands are laid out
FEW = 1 << 13  # elements of bands below which the calls take longer than the sums
WHOLE = 2 * DIRECT_PRODUCTS  # products for an image that cannot be cut into small ones


class Plan(NamedTuple):
    """How the bands of one image lie, and which of them each row of the kernel meets."""

    shape: tuple[int, ...]  # (front, classes, rows, places, length)
    meetings: tuple[tuple[tuple[int, ...], tuple[Any, ...]], ...]  # row of the kernel, index
    blocked: tuple[int, ...]  # the places as (front, blocks, rows): one product each
    padded: Layout  # so that the rows of the padded image are a multiple of the classes

    def weigh(self, count: int, deep: int) -> int:
        """How many steps of elements the products for `count` images are worth."""
        rows = len(self.meetings) * math.prod(self.blocked)
        return weight_of(count * rows * self.shape[-1] * deep)


class Bands(NamedTuple):
    """The bands of images, what kernel they are for, and the spatial size of the result."""

    array: Any
    kernel: tuple[int, ...]
    outs: tuple[int, ...]
    plan: Plan


@lru_cache(maxsize=1024)
def plan_of(
    size: tuple[int, ...], weight: tuple[int, ...], outs: tuple[int, ...], layout: Layout
) -> Plan:
    """The plan for images of `size` and a weight of the shape (O, C, kernel)."""
    deep, channels, *kernel = weight
    length, step, reach = channels * kernel[-1], layout.stride[-2], layout.dilation[-2]
    front = layout._replace(stride=layout.stride[:-2], dilation=layout.dilation[:-2])
    meetings = []
    for at, part in front.offsets(tuple(kernel[:-2]), outs[:-2]):
        for i in range(kernel[-2]):
            first, place = divmod(i * reach, step)
            rows = slice(first, first + outs[-2])
            meetings.append(((*at, i), (slice(None), *part, place, rows)))
    padded = _in_classes(size, layout)
    *ahead, high, _ = padded.padded_size(size)
    return Plan(
        (*ahead, step, high // step, outs[-1], length),
        tuple(meetings),
        _blocked(outs, length, deep),
        padded,
    )


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


def bands_of(x: Any, weight: Any, outs: tuple[int, ...], layout: Layout) -> Bands:
    """The bands of an image (N, C, size)."""
    plan = plan_of(x.shape[2:], weight.shape, outs, layout)
    padded = pad_last(x, plan.padded)
    *first, row, place, _ = padded.strides
    strides = (*first, row, row * layout.stride[-2], place * layout.stride[-1])
    array = pieces(padded, (len(x), *plan.shape[:-1]), strides, plan.shape[-1])
    return Bands(array, weight.shape[2:], outs, plan)


def _in_classes(size: tuple[int, ...], layout: Layout) -> Layout:
    """The layout with so much padding that the rows are a multiple of the step."""
    step, (low, high) = layout.stride[-2], layout.padding[-2]
    more = -(size[-2] + low + high) % step
    if not more:
        return layout
    padding = (*layout.padding[:-2], (low, high + more), layout.padding[-1])
    return layout._replace(padding=padding)


def _rows_of_kernel(weight: Any, *, turned: bool = False) -> Any:
    """(O, C, kernel) -> (rows of the kernel, width · C, O), or turned (…, O, width · C)."""
    *rows, width = range(2, weight.ndim)
    order = (*rows, 0, width, 1) if turned else (*rows, width, 1, 0)
    ordered = np.ascontiguousarray(weight.transpose(order))
    deep = len(weight)
    return ordered.reshape(*weight.shape[2:-1], *((deep, -1) if turned else (-1, deep)))


def times_bands(bands: Bands, weight: Any) -> Any:
    """The convolution: (N, places, O)."""
    array, plan, kernels = bands.array, bands.plan, _rows_of_kernel(weight)
    count, length = len(array), array.shape[-1]
    out = np.empty((count, *plan.blocked, len(weight)), weight.dtype)

    def work(parts: Iterable[slice]) -> None:
        for images in parts:
            sums, term = out[images], None
            for at, index in plan.meetings:
                seen = array[images][index].reshape(-1, *plan.blocked, length)
                if term is None:
                    np.matmul(seen, kernels[at], out=sums)
                    term = np.empty_like(sums)
                else:
                    sums += np.matmul(seen, kernels[at], out=term)

    side_by_side(shares_of(count, _images_at_once(plan)), plan.weigh(count, len(weight)), work)
    return out.reshape(count, *bands.outs, len(weight))


def _images_at_once(plan: Plan) -> int:
    """How many images to work on before the next, so that their bands stay in the cache."""
    return max(1, ROOM // max(1, math.prod(plan.shape)))


def _blocked(outs: tuple[int, ...], length: int, deep: int) -> tuple[int, ...]:
    """The places cut into products of their own: (front, blocks, rows)."""
    rows = _height(outs, length, deep) or outs[-2]
    return (*outs[:-2], outs[-2] // rows, rows * outs[-1])


def gram_of_bands(bands: Bands, g: Any) -> Any:
    """The gradient of the weights (O, C, kernel) for that of the result, (N, O, places)."""
    (count, deep), array, plan = g.shape[:2], bands.array, bands.plan
    length, rows = array.shape[-1], bands.kernel[:-1]
    given = np.ascontiguousarray(channels_last(g)).reshape(count, *plan.blocked, deep)
    shares = list(shares_of(count))
    sums = np.zeros((len(shares), *rows, length, deep), g.dtype)

    def work(parts: Iterable[tuple[int, slice]]) -> None:
        for number, share in parts:
            for images in parts_of(share, math.prod(plan.blocked[:-1]) * length * deep):
                for at, index in plan.meetings:
                    seen = array[images][index].reshape(-1, *plan.blocked, length)
                    terms = np.matmul(seen.swapaxes(-1, -2), given[images])
                    sums[(number, *at)] += np.add.reduce(terms.reshape(-1, length, deep), axis=0)

    side_by_side(enumerate(shares), plan.weigh(count, deep), work)
    total = sums[0] if len(sums) == 1 else np.add.reduce(sums, axis=0)
    return weight_first(total.reshape(*bands.kernel, -1, deep))


def add_bands(g: Any, weight: Any, size: tuple[int, ...], layout: Layout) -> Any:
    """The gradient of the image (N, C, size) for that of the result, (N, O, places)."""
    (count, deep), plan = g.shape[:2], plan_of(size, weight.shape, g.shape[2:], layout)
    length = plan.shape[-1]
    given = np.ascontiguousarray(channels_last(g)).reshape(count, *plan.blocked, deep)
    kernels = _rows_of_kernel(weight, turned=True)
    padded = padded_zeros(count, weight.shape[1], size, plan.padded, g.dtype)

    def work(parts: Iterable[slice]) -> None:
        for images in parts:
            part = given[images]
            bands = np.zeros((len(part), *plan.shape), g.dtype)
            term = np.empty((len(part), *plan.blocked, length), g.dtype)
            for at, index in plan.meetings:
                seen = bands[index]
                seen += np.matmul(part, kernels[at], out=term).reshape(seen.shape)
            _lay_down(bands, padded[images], layout)

    side_by_side(shares_of(count, _images_at_once(plan)), plan.weigh(count, deep), work)
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
