"""Convolution over any number of axes, and its two transposes.

Images lie with their channels last in memory, behind the face (N, C, spatial axes) that strides
give: a row of a window is then one contiguous piece, and the gradient of the weights one matrix
product.  Every function takes and returns arrays in the usual order of axes.

The plain twins add one product per offset of the kernel.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from . import instead_of
from .bands import Bands, add_bands, bands_of, gram_of_bands, pays_off, times_bands
from .blocks import tall_gram, tall_times
from .broadcast import column_sums
from .chunks import row_pieces, stretched
from .faces import channels_last, channels_second, pixels_of, weight_first, weight_last
from .layout import Layout, inside, pad_last, padded_zeros, pieces

__all__ = ["Layout", "backward_input", "backward_weight", "forward"]

SHORT_BAND = 8  # elements; below, columns lie with the pixels last, which is written faster
MANY = 1 << 15  # elements from which it pays to copy bands as pieces, to lengthen rows
KEEP_BYTES = 1 << 26  # columns up to 64 MB are kept for the gradient of the weights


def windows(padded: Any, kernel: tuple[int, ...], outs: tuple[int, ...], layout: Layout) -> Any:
    """A view (N, places, kernel, C) of a padded image, contiguous, with its channels last."""
    first, *steps, channel = padded.strides
    moves = [s * n for s, n in zip(steps, layout.stride, strict=True)]
    reach = [s * n for s, n in zip(steps, layout.dilation, strict=True)]
    shape = (padded.shape[0], *outs, *kernel, padded.shape[-1])
    return np.ndarray(shape, padded.dtype, padded, 0, (first, *moves, *reach, channel))


# Plain twins: one product for each offset of the kernel


def _grouped(weight: Any, groups: int) -> Any:
    """(O, C/g, kernel) -> (kernel, g, C/g, O/g)."""
    split = weight.reshape(groups, -1, *weight.shape[1:])
    return np.moveaxis(split, (0, 2, 1), (-3, -2, -1))


def _split(x: Any, groups: int) -> Any:
    """(…, C) -> (…, g, C/g)."""
    return x.reshape(*x.shape[:-1], groups, x.shape[-1] // groups)


def _forward(
    x: Any, weight: Any, bias: Any, layout: Layout, outs: tuple[int, ...]
) -> tuple[Any, Any]:
    padded, kernels = pad_last(x, layout), _grouped(weight, layout.groups)
    out = np.zeros((x.shape[0], *outs, weight.shape[0]), x.dtype)
    for at, part in layout.offsets(weight.shape[2:], outs):
        seen = _split(padded[(slice(None), *part)], layout.groups)
        out += np.einsum("...gc,gco->...go", seen, kernels[at]).reshape(out.shape)
    if bias is not None:
        out += bias
    return channels_second(out), None


def _backward_input(g: Any, weight: Any, size: tuple[int, ...], layout: Layout) -> Any:
    last, kernels = channels_last(g), _grouped(weight, layout.groups)
    padded = padded_zeros(len(g), weight.shape[1] * layout.groups, size, layout, g.dtype)
    grouped = _split(last, layout.groups)
    for at, part in layout.offsets(weight.shape[2:], g.shape[2:]):
        seen = padded[(slice(None), *part)]
        seen += np.einsum("...go,gco->...gc", grouped, kernels[at]).reshape(seen.shape)
    return channels_second(padded[inside(size, layout)])


def _backward_weight(
    x: Any, g: Any, kernel: tuple[int, ...], layout: Layout, columns: Any = None
) -> Any:
    padded = pad_last(x, layout)
    groups = layout.groups
    pixels = g.shape[0] * math.prod(g.shape[2:])
    last = channels_last(g).reshape(pixels, groups, g.shape[1] // groups)
    out: Any = np.zeros((groups, last.shape[-1], x.shape[1] // groups, *kernel), g.dtype)
    for at, part in layout.offsets(kernel, g.shape[2:]):
        seen = padded[(slice(None), *part)].reshape(pixels, groups, x.shape[1] // groups)
        out[(slice(None), slice(None), slice(None), *at)] = np.einsum("pgc,pgo->goc", seen, last)
    return out.reshape(g.shape[1], x.shape[1] // groups, *kernel)


# The fast forms


def _columns(x: Any, kernel: tuple[int, ...], outs: tuple[int, ...], layout: Layout) -> Any:
    """Every window as a row: (pixels, kernel · C), the smaller of the two laid out last."""
    padded = pad_last(x, layout)
    view, middle = windows(padded, kernel, outs, layout), 1 + len(outs)
    pixels, length = math.prod(view.shape[:middle]), math.prod(kernel) * x.shape[1]
    band = kernel[-1] * x.shape[1]
    if band >= SHORT_BAND:
        if view.size < MANY or layout.dilation[-1] != 1 or band == length:
            return view.reshape(pixels, length)
        return pieces(padded, view.shape[:-2], view.strides[:-2], band).reshape(pixels, length)
    order = (*range(middle, view.ndim), *range(middle))
    return view.transpose(order).reshape(length, pixels).T


def _depthwise(weight: Any, layout: Layout) -> bool:
    """Whether each group sees one channel: products by offset beat thin matrix products."""
    return layout.groups > 1 and weight.shape[1] == 1


@instead_of(_forward)
def forward(
    x: Any, weight: Any, bias: Any, layout: Layout, outs: tuple[int, ...]
) -> tuple[Any, Any]:
    """The convolution (cross-correlation), and the columns it was multiplied out of, or None."""
    if layout.groups > 1:
        grouped = _depthwise_forward if _depthwise(weight, layout) else _forward_groups
        return grouped(x, weight, bias, layout, outs), None
    kernel, columns = weight.shape[2:], None
    if pays_off(len(x), weight, outs, layout):
        columns = bands_of(x, weight, outs, layout)
        out, size = times_bands(columns, weight), columns.array.nbytes
    else:
        columns = _columns(x, kernel, outs, layout)
        matrix = weight_last(weight).reshape(columns.shape[1], weight.shape[0])
        out, size = tall_times(columns, matrix), columns.nbytes
    if bias is not None:
        if out.size >= MANY:
            pixels, repeated = stretched(out.reshape(-1, weight.shape[0]), bias)
            pixels += repeated
        else:
            out += bias
    out = channels_second(out.reshape(x.shape[0], *outs, weight.shape[0]))
    return out, columns if size <= KEEP_BYTES else None


def _forward_groups(x: Any, weight: Any, bias: Any, layout: Layout, outs: tuple[int, ...]) -> Any:
    """One convolution for each group, written side by side."""
    out = np.empty((x.shape[0], *outs, weight.shape[0]), x.dtype)
    alone = layout._replace(groups=1)
    for part, image, kernels in _by_group(x, weight, layout.groups):
        result, _ = forward(image, kernels, None, alone, outs)
        out[..., part] = channels_last(result)
    if bias is not None:
        out += bias
    return channels_second(out)


def _by_group(x: Any, weight: Any, groups: int) -> Iterator[tuple[slice, Any, Any]]:
    """The output channels, the input channels and the kernels of each group."""
    wide, deep = x.shape[1] // groups, weight.shape[0] // groups
    for i in range(groups):
        part = slice(i * deep, (i + 1) * deep)
        yield part, x[:, i * wide : (i + 1) * wide], weight[part]


def _depthwise_forward(
    x: Any, weight: Any, bias: Any, layout: Layout, outs: tuple[int, ...]
) -> Any:
    padded = _each_for(pad_last(x, layout), len(weight))
    out = np.zeros((x.shape[0], *outs[:-1], outs[-1] * len(weight)), x.dtype)
    for images in _few_images(out):
        sums, term = out[images], np.empty_like(out[images])
        offsets = layout.offsets(weight.shape[2:], outs)
        for (_, part), row in zip(offsets, _kernel_rows(weight, outs[-1]), strict=True):
            sums += np.multiply(_long(padded[(images, *part)]), row, out=term)
    out = out.reshape(x.shape[0], *outs, len(weight))
    if bias is not None:
        out += bias
    return channels_second(out)


def _each_for(padded: Any, deep: int) -> Any:
    """A padded image with each channel as often as there are kernels for it."""
    times = deep // padded.shape[-1]
    return np.repeat(padded, times, axis=-1) if times > 1 else padded


def _kernel_rows(weight: Any, places: int) -> Any:
    """(O, 1, kernel) -> (offsets, places · O): what a row of pixels is multiplied with."""
    deep, offsets = len(weight), math.prod(weight.shape[2:])
    out = np.empty((offsets, places, deep), weight.dtype)
    out[...] = weight.reshape(deep, offsets).T[:, None]
    return out.reshape(offsets, places * deep)


def _few_images(out: Any) -> Iterator[slice]:
    """Images whose results stay in the cache from one offset of the kernel to the next."""
    return row_pieces(len(out), math.prod(out.shape[1:]))


def _long(x: Any) -> Any:
    """The last two axes as one: inner loops over whole rows of pixels and not over channels."""
    return x.reshape(*x.shape[:-2], x.shape[-2] * x.shape[-1])


@instead_of(_backward_input)
def backward_input(g: Any, weight: Any, size: tuple[int, ...], layout: Layout) -> Any:
    """The transpose with respect to the image: (N, O, places) -> (N, C, size)."""
    if layout.groups > 1:
        return _backward_input_groups(g, weight, size, layout)
    if _mirrors(weight, size, g.shape[2:], layout):
        return _as_convolution(g, weight, size, layout)
    if math.prod(weight.shape[2:]) == 1:
        return _spread_pixels(g, weight, size, layout)
    if len(size) > 1:
        return add_bands(g, weight, size, layout)
    flat = Layout((1, *layout.stride), ((0, 0), *layout.padding), (1, *layout.dilation), 1)
    return add_bands(g[:, :, None], weight[:, :, None], (1, *size), flat)[:, :, 0]


def _spread_pixels(g: Any, weight: Any, size: tuple[int, ...], layout: Layout) -> Any:
    """The transpose of a kernel of one element: no two windows meet."""
    (channels,), outs = weight.shape[1:2], g.shape[2:]
    padded = padded_zeros(len(g), channels, size, layout, g.dtype)
    products = tall_times(pixels_of(g), weight.reshape(len(weight), channels))
    ((_, part),) = layout.offsets((1,) * len(outs), outs)
    padded[(slice(None), *part)] = products.reshape(len(g), *outs, channels)
    return channels_second(padded[inside(size, layout)])


def _mirrors(weight: Any, size: tuple[int, ...], outs: tuple[int, ...], layout: Layout) -> bool:
    """Whether the transpose pays off as a convolution: as many pixels, not many more channels."""
    return (
        all(s == 1 for s in layout.stride)
        and math.prod(outs) >= math.prod(size)
        and weight.shape[0] <= 2 * weight.shape[1]
        and all(lo >= 0 and hi >= 0 for lo, hi in _mirrored(weight, size, outs, layout))
    )


def _mirrored(
    weight: Any, size: tuple[int, ...], outs: tuple[int, ...], layout: Layout
) -> tuple[tuple[int, int], ...]:
    """How the gradient is padded to be convolved back to an image of `size`."""
    axes = zip(size, outs, weight.shape[2:], layout.dilation, layout.padding, strict=True)
    return tuple((d * (k - 1) - lo, n + lo - o) for n, o, k, d, (lo, _) in axes)


def _as_convolution(g: Any, weight: Any, size: tuple[int, ...], layout: Layout) -> Any:
    """The same as a convolution of the padded gradient with the kernel turned round."""
    spatial = tuple(range(2, weight.ndim))
    turned = np.flip(weight, spatial).swapaxes(0, 1)
    padding = _mirrored(weight, size, g.shape[2:], layout)
    back = Layout((1,) * len(size), padding, layout.dilation, 1)
    return forward(g, turned, None, back, size)[0]


def _backward_input_groups(g: Any, weight: Any, size: tuple[int, ...], layout: Layout) -> Any:
    if _depthwise(weight, layout):
        return _depthwise_input(g, weight, size, layout)
    wide, alone = weight.shape[1], layout._replace(groups=1)
    out = np.empty((g.shape[0], *size, wide * layout.groups), g.dtype)
    deep = weight.shape[0] // layout.groups
    for i in range(layout.groups):
        part = slice(i * deep, (i + 1) * deep)
        result = backward_input(g[:, part], weight[part], size, alone)
        out[..., i * wide : (i + 1) * wide] = channels_last(result)
    return channels_second(out)


def _depthwise_input(g: Any, weight: Any, size: tuple[int, ...], layout: Layout) -> Any:
    padded = padded_zeros(len(g), layout.groups, size, layout, g.dtype)
    last, outs = np.ascontiguousarray(channels_last(g)), g.shape[2:]
    times = len(weight) // layout.groups
    together = layout.stride[-1] == 1 and times == 1  # rows of pixels are one piece there too
    for images in _few_images(last):
        slopes = _long(last[images])
        term = np.empty_like(slopes)
        offsets = layout.offsets(weight.shape[2:], outs)
        for (_, part), row in zip(offsets, _kernel_rows(weight, outs[-1]), strict=True):
            np.multiply(slopes, row, out=term)
            seen = padded[(images, *part)]
            if together:
                seen = _long(seen)
                seen += term
            else:
                terms = term.reshape(*slopes.shape[:-1], outs[-1], -1)
                for k in range(times):  # a sum over so short an axis takes ten times as long
                    seen += terms[..., k::times]
    return channels_second(padded[inside(size, layout)])


@instead_of(_backward_weight)
def backward_weight(
    x: Any, g: Any, kernel: tuple[int, ...], layout: Layout, columns: Any = None
) -> Any:
    """The transpose with respect to the weights: -> (O, C/groups, kernel)."""
    if layout.groups > 1:
        return _backward_weight_groups(x, g, kernel, layout)
    if columns is None:
        columns = _columns(x, kernel, g.shape[2:], layout)
    elif columns.__class__ is Bands:
        return gram_of_bands(columns, g)
    matrix = tall_gram(columns, pixels_of(g))
    return weight_first(matrix.reshape(*kernel, x.shape[1], g.shape[1]))


def _backward_weight_groups(x: Any, g: Any, kernel: tuple[int, ...], layout: Layout) -> Any:
    groups = layout.groups
    wide, deep = x.shape[1] // groups, g.shape[1] // groups
    if wide == 1:
        return _depthwise_weight(x, g, kernel, layout)
    out = np.empty((g.shape[1], wide, *kernel), g.dtype)
    alone = layout._replace(groups=1)
    for i in range(groups):
        part = slice(i * deep, (i + 1) * deep)
        image = x[:, i * wide : (i + 1) * wide]
        out[part] = backward_weight(image, g[:, part], kernel, alone)
    return out


def _depthwise_weight(x: Any, g: Any, kernel: tuple[int, ...], layout: Layout) -> Any:
    padded = _each_for(pad_last(x, layout), g.shape[1])
    last, deep = np.ascontiguousarray(channels_last(g)), g.shape[1]
    out: Any = np.zeros((deep, 1, *kernel), g.dtype)
    for images in _few_images(last):
        slopes = _long(last[images])
        term = np.empty_like(slopes)
        for at, part in layout.offsets(kernel, g.shape[2:]):
            np.multiply(_long(padded[(images, *part)]), slopes, out=term)
            out[(slice(None), 0, *at)] += column_sums(term.reshape(-1, deep))
    return out
