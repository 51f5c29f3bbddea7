"""Images: resizing, windows as columns, channels and pixels exchanged."""

from __future__ import annotations

import math
import warnings
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._composite import composite
from ..._nodes import make
from ..._state import here
from ...ops import fold as ops
from ...ops.elementwise import clone
from ...ops.resample import Grid, blend, nearest
from ...ops.shape import reshape, transpose
from ._arguments import need_tensor, not_for, spread
from .pooling import adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d

if TYPE_CHECKING:
    from ..._tensor import Tensor

__all__ = [
    "channel_shuffle", "fold", "interpolate", "native_channel_shuffle", "pixel_shuffle",
    "pixel_unshuffle", "unfold", "upsample", "upsample_bilinear", "upsample_nearest",
]  # fmt: skip

AXES = {"linear": 1, "bilinear": 2, "bicubic": 2, "trilinear": 3}
FREE = {"nearest", "area", "nearest-exact"}  # of any number of axes, without corners
KEPT = 1 << 16  # elements of a matrix of weights that is kept
SHARPNESS, SMOOTH_SHARPNESS = -0.75, -0.5  # of the cubic, without and with antialiasing


@composite
def interpolate(
    input: Tensor,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """(N, C, spatial) resized to `size`, or by `scale_factor`.

    `mode`: "nearest", "nearest-exact", "linear" (one axis), "bilinear" and "bicubic" (two),
    "trilinear" (three), "area" (means).  With `align_corners` the centres of the corner pixels
    stay, else the outer edges.  `antialias` widens the filter when shrinking (bilinear, bicubic).
    """
    need_tensor("interpolate", input)
    axes = input.ndim - 2
    if mode in FREE and align_corners is not None:
        raise ValueError(
            "align_corners option can only be set with the interpolating modes: "
            "linear | bilinear | bicubic | trilinear"
        )
    outs, scales = _target(input.shape[2:], size, scale_factor, recompute_scale_factor)
    if not 1 <= axes <= 3:
        raise NotImplementedError(
            "Input Error: Only 3D, 4D and 5D input Tensors supported "
            f"(got {input.ndim}D) for the modes: nearest | linear | bilinear | bicubic | trilinear "
            "| area | nearest-exact"
        )
    _check_mode(mode, axes, antialias)
    _check_sizes(input.shape[2:], outs)
    _check_type(input, mode)
    if mode == "area":
        pools: Any = (adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d)
        return pools[axes - 1](input, outs)  # type: ignore[no-any-return]
    if input._array.dtype == np.uint8 and mode in {"bilinear", "bicubic"}:
        matrices = [
            _weights(n, m, s, mode, bool(align_corners), antialias)
            for n, m, s in zip(input.shape[2:], outs, scales, strict=True)
        ]
        return _mixed_bytes(input, matrices)  # type: ignore[no-any-return]
    if mode.startswith("nearest"):
        grid = Grid(tuple(input._array.shape[2:]), outs, scales, mode == "nearest-exact")
        return nearest.run(input, grid)  # type: ignore[no-any-return]
    result: Any = input
    kind = np.float64 if input._array.dtype == np.float64 else np.float32
    for axis, (n, m, s) in enumerate(zip(input.shape[2:], outs, scales, strict=True), 2):
        # where the size stays PyTorch copies, whatever the scale
        copied = n == m and (mode != "bicubic" or input._array.shape[2:] == outs) and not antialias
        scale = None if copied else s
        matrix = _known_weights(n, m, scale, mode, bool(align_corners), antialias, kind)
        if here.state.watch is None:  # which is to see no tensor of ours
            matrix = make(matrix, None)
        result = blend.run(result, matrix, axis)
    return result  # type: ignore[no-any-return]


def _mixed_bytes(image: Any, matrices: Any) -> Any:
    """An image of bytes mixed along its last axis, then the one before, rounded after each."""
    array = image._array
    for axis, matrix in zip((-1, -2), reversed(matrices), strict=True):
        digits = _digits(matrix)
        weights = np.floor(matrix * 2.0**digits + 0.5).astype(np.int64)  # fixed point, as PyTorch
        total = np.moveaxis(np.tensordot(array.astype(np.int64), weights, axes=(axis, 1)), -1, axis)
        array = np.clip((total + (1 << (digits - 1))) >> digits, 0, 255).astype(np.uint8)
    return make(array, None)


def _digits(matrix: Any) -> int:
    """Binary digits after the point with which the largest weight still fits into 16 bits."""
    digits = 0
    while digits < 22 and math.floor(0.5 + matrix.max() * (1 << (digits + 1))) < 1 << 15:
        digits += 1
    return digits


def _check_type(input: Any, mode: str) -> None:
    """Raise unless the elements can be mixed; image bytes can in the modes for images."""
    kind = input._array.dtype
    bytes_too = mode not in {"linear", "trilinear", "area"}
    if kind.kind != "f" and not (bytes_too and kind == np.uint8):
        raise not_for(f"upsample_{mode}", input)


def _check_mode(mode: str, axes: int, antialias: bool) -> None:
    if mode not in FREE and mode not in AXES:
        raise NotImplementedError(f"Input Error: unknown interpolation mode {mode!r}")
    if AXES.get(mode, axes) != axes:
        raise NotImplementedError(
            f"Got {axes + 2}D input, but {mode} mode needs {AXES[mode] + 2}D input"
        )
    if antialias and not (mode in {"bilinear", "bicubic"} and axes == 2):
        raise ValueError(
            "Anti-alias option is restricted to bilinear and bicubic modes and requires a 4-D "
            "tensor as input"
        )


def _target(shape: Any, size: Any, scale_factor: Any, recompute: bool | None) -> tuple[Any, Any]:
    """The spatial size wanted, and what scale was asked for along each axis (or None)."""
    axes = len(shape)
    if size is not None and scale_factor is not None:
        raise ValueError("only one of size or scale_factor should be defined")
    if size is not None:
        if isinstance(size, (tuple, list)) and len(size) != axes:
            raise ValueError(
                f"Input and output must have the same number of spatial dimensions, but got input "
                f"with spatial dimensions of {list(shape)} and output size of {size}."
            )
        outs = spread(size, axes, "size")
        scales: tuple[float | None, ...] = (None,) * axes
    elif scale_factor is not None:
        given = scale_factor if isinstance(scale_factor, (tuple, list)) else [scale_factor] * axes
        if len(given) != axes:
            raise ValueError(
                "Input and scale_factor must have the same number of spatial dimensions, but got "
                f"input with spatial dimensions of {list(shape)} and scale_factor of "
                f"shape {scale_factor}."
            )
        outs = tuple(math.floor(float(n) * float(s)) for n, s in zip(shape, given, strict=True))
        scales = (None,) * axes if recompute else tuple(float(s) for s in given)
    else:
        raise ValueError("either size or scale_factor should be defined")
    return outs, scales


def _check_sizes(shape: Any, outs: Any) -> None:
    if min(outs) <= 0 or min(shape) <= 0:
        raise RuntimeError(
            f"Input and output sizes should be greater than 0, but got input {list(shape)} and "
            f"output {list(outs)}"
        )


def _step(size: int, outs: int, scale: float | None) -> float:
    """How far apart neighbouring results lie in the input."""
    return size / outs if scale is None else 1 / scale


def _known_weights(size: int, outs: int, *how: Any) -> Any:
    """The matrix of `_weights`, once for all images of a size: 60 microseconds against 0.3.

    Large ones are not kept: to mix by them takes longer than to make them.
    """
    return (_kept_weights if size * outs <= KEPT else _weights)(size, outs, *how)


def _weights(
    size: int,
    outs: int,
    scale: float | None,
    mode: str,
    align: bool,
    antialias: bool,
    kind: Any = np.float64,
) -> Any:
    """The matrix (outs, size) whose rows say how each result is mixed.

    Places are worked out in the type of the image, as PyTorch does.
    """
    corners = (size - 1) / (outs - 1) if outs > 1 else 0.0
    step = kind(corners if align else _step(size, outs, scale))
    if antialias:
        return _wide_weights(size, outs, step, mode)
    at = np.arange(outs, dtype=kind)
    # rounded once after both steps, like the fused multiply-add of a processor
    source = at * step if align else ((at + 0.5) * np.float64(step) - 0.5).astype(kind)
    if mode != "bicubic":
        source = np.clip(source, 0, size - 1)
    floor = np.floor(source)
    part = source - floor
    taps = _cubic_taps(part) if mode == "bicubic" else [(0, 1 - part), (1, part)]
    matrix = np.zeros((outs, size))
    for offset, weight in taps:
        place = np.clip(floor.astype(np.int64) + offset, 0, size - 1)
        np.add.at(matrix, (np.arange(outs), place), weight)
    return matrix


_kept_weights = lru_cache(maxsize=64)(_weights)


def _cubic(distance: Any, sharpness: float) -> Any:
    """Keys' cubic convolution kernel at a distance."""
    d = np.abs(distance)
    near = ((sharpness + 2) * d - (sharpness + 3)) * d * d + 1
    far = ((d - 5) * d + 8) * d * sharpness - 4 * sharpness
    return np.where(d <= 1, near, np.where(d < 2, far, 0.0))


def _cubic_taps(part: Any) -> list[tuple[int, Any]]:
    return [(k, _cubic(part - k, SHARPNESS)) for k in (-1, 0, 1, 2)]


def _wide_weights(size: int, outs: int, step: Any, mode: str) -> Any:
    """The same with a filter as wide as the step, so that every input counts when shrinking."""
    reach = 2 if mode == "bicubic" else 1
    kind = type(step)
    width = max(step, kind(1))
    centre = (np.arange(outs, dtype=kind) + kind(0.5)) * step
    first = np.maximum((centre - reach * width + 0.5).astype(np.int64), 0)
    last = np.minimum((centre + reach * width + 0.5).astype(np.int64), size)
    places = np.arange(size)
    distance = (places.astype(kind) - centre[:, None] + kind(0.5)) / width
    if mode == "bicubic":
        matrix = _cubic(distance, SMOOTH_SHARPNESS)
    else:
        matrix = np.maximum(1 - np.abs(distance), 0)
    matrix = np.where((places >= first[:, None]) & (places < last[:, None]), matrix, 0.0)
    return matrix / matrix.sum(axis=1, keepdims=True)


def upsample(
    input: Tensor,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> Tensor:
    """`interpolate` under its old name."""
    warnings.warn(
        "`nn.functional.upsample` is deprecated. Use `nn.functional.interpolate` instead.",
        stacklevel=2,
    )
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """`interpolate` with mode="nearest"."""
    warnings.warn(
        "`nn.functional.upsample_nearest` is deprecated. Use `nn.functional.interpolate` instead.",
        stacklevel=2,
    )
    return interpolate(input, size, scale_factor, "nearest")


def upsample_bilinear(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """`interpolate` with mode="bilinear" and align_corners=True."""
    warnings.warn(
        "`nn.functional.upsample_bilinear` is deprecated. Use `nn.functional.interpolate` instead.",
        stacklevel=2,
    )
    return interpolate(input, size, scale_factor, "bilinear", align_corners=True)


# Windows as columns


def _sliding(name: str, size: Any, kernel: Any, dilation: Any, padding: Any, stride: Any) -> Any:
    """How many windows there are along each axis."""
    if min(*kernel, *stride, *dilation) <= 0 or min(padding) < 0:
        raise RuntimeError(
            f"{name}: kernel_size, stride and dilation must be greater than zero and padding not "
            f"negative, but got {kernel}, {stride}, {dilation} and {padding}"
        )
    places = tuple(
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, d, p, s in zip(size, kernel, dilation, padding, stride, strict=True)
    )
    if min(places) < 1:
        raise RuntimeError(
            f"Given input with spatial size {tuple(size)}, kernel_size={kernel}, "
            f"dilation={dilation}, padding={padding}, stride={stride}, calculated shape of the "
            f"array of sliding blocks as {places}, but its components must be at least one."
        )
    return places


def unfold(
    input: Tensor, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Tensor:
    """Every window of an image as a column: (N, C, H, W) -> (N, C · kernel, windows)."""
    need_tensor("im2col", input)
    if input._array.dtype.kind not in "fb":
        raise not_for("im2col_out", input)
    if input.ndim == 3:
        columns = unfold(input[None], kernel_size, dilation, padding, stride)
        return columns[0]
    if input.ndim != 4:
        raise RuntimeError(
            f"Expected 3D or 4D (batch mode) tensor for input, but got: {list(input.shape)}"
        )
    kernel, stride = spread(kernel_size, 2, "kernel_size"), spread(stride, 2, "stride")
    dilation, padding = spread(dilation, 2, "dilation"), spread(padding, 2, "padding")
    places = _sliding("unfold", input.shape[2:], kernel, dilation, padding, stride)
    return ops.unfold(  # type: ignore[no-any-return]
        input, kernel=kernel, places=places, stride=stride, padding=padding, dilation=dilation
    )


def fold(
    input: Tensor,
    output_size: Any,
    kernel_size: Any,
    dilation: Any = 1,
    padding: Any = 0,
    stride: Any = 1,
) -> Tensor:
    """Columns added up where their windows lie: (N, C · kernel, windows) -> (N, C, output_size)."""
    need_tensor("col2im", input)
    if input._array.dtype.kind not in "fb":
        raise not_for("col2im_out", input)
    if input.ndim == 2:
        return fold(input[None], output_size, kernel_size, dilation, padding, stride)[0]
    if input.ndim != 3:
        raise RuntimeError(
            f"Expected 2D or 3D (batch mode) tensor for input, but got: {list(input.shape)}"
        )
    size = spread(output_size, 2, "output_size")
    kernel, stride = spread(kernel_size, 2, "kernel_size"), spread(stride, 2, "stride")
    dilation, padding = spread(dilation, 2, "dilation"), spread(padding, 2, "padding")
    places = _sliding("fold", size, kernel, dilation, padding, stride)
    if input.shape[1] % math.prod(kernel):
        raise RuntimeError(
            "Expected size of input's dimension 1 to be divisible by the product of kernel_size, "
            f"but got input.size(1)={input.shape[1]} and kernel_size={kernel}."
        )
    if input.shape[2] != math.prod(places):
        raise RuntimeError(
            f"Given output_size={size}, kernel_size={kernel}, dilation={dilation}, "
            f"padding={padding}, stride={stride}, expected size of input's dimension 2 to match "
            f"the calculated number of sliding blocks {places[0]} * {places[1]} = "
            f"{math.prod(places)}, but got input.size(2)={input.shape[2]}."
        )
    return ops.fold(  # type: ignore[no-any-return]
        input, size=size, kernel=kernel, places=places, stride=stride, padding=padding,
        dilation=dilation,
    )  # fmt: skip


# Channels and pixels


def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """Channels as pixels: (…, C r², H, W) -> (…, C, H r, W r).

    Source: Shi et al., Real-Time Single Image Super-Resolution (2016).
    """
    need_tensor("pixel_shuffle", input)
    r = upscale_factor
    if input.ndim < 3:
        raise RuntimeError(
            "pixel_shuffle expects input to have at least 3 dimensions, but got input with "
            f"{input.ndim} dimension(s)"
        )
    if r <= 0:
        raise RuntimeError(f"pixel_shuffle expects a positive upscale_factor, but got {r}")
    *lead, channels, h, w = input.shape
    if channels % (r * r):
        raise RuntimeError(
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square "
            f"of upscale_factor, but input.size(-3)={channels} is not divisible by {r * r}"
        )
    k, c = len(lead), channels // (r * r)
    split = reshape(input, shape=(*lead, c, r, r, h, w))
    turned = transpose(split, axes=(*range(k), k, k + 3, k + 1, k + 4, k + 2))
    return _apart(reshape(turned, shape=(*lead, c, h * r, w * r)), input)


def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """Pixels as channels: (…, C, H r, W r) -> (…, C r², H, W)."""
    need_tensor("pixel_unshuffle", input)
    r = downscale_factor
    if input.ndim < 3:
        raise RuntimeError(
            "pixel_unshuffle expects input to have at least 3 dimensions, but got input with "
            f"{input.ndim} dimension(s)"
        )
    if r <= 0:
        raise RuntimeError(f"pixel_unshuffle expects a positive downscale_factor, but got {r}")
    *lead, c, h, w = input.shape
    if h % r or w % r:
        raise RuntimeError(
            "pixel_unshuffle expects height and width to be divisible by downscale_factor, but "
            f"input.size(-2)={h} and input.size(-1)={w} are not both divisible by {r}"
        )
    k = len(lead)
    split = reshape(input, shape=(*lead, c, h // r, r, w // r, r))
    turned = transpose(split, axes=(*range(k), k, k + 2, k + 4, k + 1, k + 3))
    return _apart(reshape(turned, shape=(*lead, c * r * r, h // r, w // r)), input)


def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """Channels of different groups next to each other: (N, g c, …) read as (N, c, g, …).

    Source: Zhang et al., ShuffleNet (2018).
    """
    need_tensor("channel_shuffle", input)
    if input.ndim < 3:
        raise RuntimeError(
            "channel_shuffle expects input with > 2 dims, but got input with sizes "
            f"{list(input.shape)}"
        )
    if groups <= 0:
        raise RuntimeError(
            f"Number of groups to divide channels in must be positive. Value of groups:{groups}"
        )
    n, c, *rest = input.shape
    if c % groups:
        raise RuntimeError(
            f"Number of channels must be divisible by groups. Got {c} channels and {groups} groups."
        )
    split = reshape(input, shape=(n, groups, c // groups, *rest))
    turned = transpose(split, axes=(0, 2, 1, *range(3, 3 + len(rest))))
    return _apart(reshape(turned, shape=(n, c, *rest)), input)


def _apart(x: Any, source: Tensor) -> Tensor:
    """`x` with memory of its own, where reshaping left it a view of `source`."""
    return clone(x) if np.may_share_memory(x._array, source._array) else x  # type: ignore[no-any-return]


native_channel_shuffle = channel_shuffle
