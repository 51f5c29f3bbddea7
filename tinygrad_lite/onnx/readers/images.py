"""Convolutions, pooling, resizing and sampling."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..._creation import from_numpy
from ..._kernels.pooling import Window
from ...ops import convolution as conv_ops, pooling as pool_ops
from ...ops.resample import blend
from ..reading import Call, as_ints, reads
from .names import F, T


def _spatial(c: Call, count: int, name: str, default: int) -> list[int]:
    return list(c.get(name, [default] * count))


def _pads(c: Call, size: Any, kernel: Any, stride: Any, dilation: Any) -> list[tuple[int, int]]:
    """Padding at both ends of every axis, worked out where it is automatic."""
    count, auto = len(kernel), c.get("auto_pad", "NOTSET")
    if auto == "VALID":
        return [(0, 0)] * count
    if auto in {"NOTSET", ""}:
        given = c.get("pads", [0] * (2 * count))
        return list(zip(given[:count], given[count:], strict=True))
    found = []
    for n, k, s, d in zip(size, kernel, stride, dilation, strict=True):
        total = max(0, (-(-n // s) - 1) * s + (k - 1) * d + 1 - n)
        low = total // 2 if auto == "SAME_UPPER" else -(-total // 2)
        found.append((low, total - low))
    return found


@reads("Conv")
def read_conv(c: Call, x: Any, weight: Any, bias: Any = None) -> Any:
    kernel = tuple(weight.shape[2:])
    stride = _spatial(c, len(kernel), "strides", 1)
    dilation = _spatial(c, len(kernel), "dilations", 1)
    pads = _pads(c, x.shape[2:], kernel, stride, dilation)
    return conv_ops.convolution(
        x, weight, bias, stride=tuple(stride), padding=tuple(pads), dilation=tuple(dilation),
        groups=c.get("group", 1),
    )  # fmt: skip


@reads("ConvTranspose")
def read_conv_transpose(c: Call, x: Any, weight: Any, bias: Any = None) -> Any:
    kernel = tuple(weight.shape[2:])
    count = len(kernel)
    stride, dilation = _spatial(c, count, "strides", 1), _spatial(c, count, "dilations", 1)
    extra = _spatial(c, count, "output_padding", 0)
    full = [
        (n - 1) * s + (k - 1) * d + 1 + e
        for n, s, k, d, e in zip(x.shape[2:], stride, kernel, dilation, extra, strict=True)
    ]
    wanted, auto = c["output_shape"], c.get("auto_pad", "NOTSET")
    if wanted is not None or auto.startswith("SAME"):
        sizes = wanted or [n * s for n, s in zip(x.shape[2:], stride, strict=True)]
        total = [f - n for f, n in zip(full, sizes, strict=True)]
        low = [t // 2 if auto == "SAME_UPPER" or wanted is None else t - t // 2 for t in total]
        if auto in {"NOTSET", ""}:
            low = [t // 2 for t in total]
        # what is missing is added at the far end
        pads = [(a, t - a) if t > 0 else (0, t) for a, t in zip(low, total, strict=True)]
    else:
        pads = _pads(c, x.shape[2:], kernel, stride, dilation)
    cuts = [(max(0, low), max(0, high)) for low, high in pads]
    size = tuple(f - low - high for f, (low, high) in zip(full, cuts, strict=True))
    more = [max(0, -n) for pair in reversed(pads) for n in pair]
    out = conv_ops.transposed_convolution(
        x, weight, None if any(more) else bias, size=size, stride=tuple(stride),
        padding=tuple(cuts), dilation=tuple(dilation), groups=c.get("group", 1),
    )  # fmt: skip
    if not any(more):
        return out
    out = F.pad(out, more)
    return out if bias is None else out + bias.reshape((-1, *[1] * count))


# Pooling


def _window(c: Call, x: Any, fill: float) -> tuple[Any, Window, list[int]]:
    """The image, padded where the padding is uneven, the window, and how many results there are."""
    kernel = c["kernel_shape"]
    stride, dilation = (_spatial(c, len(kernel), n, 1) for n in ("strides", "dilations"))
    pads = _pads(c, x.shape[2:], kernel, stride, dilation)
    ceil = bool(c.get("ceil_mode", 0))
    outs = []
    for n, k, s, d, (low, high) in zip(x.shape[2:], kernel, stride, dilation, pads, strict=True):
        room = n + low + high - d * (k - 1) - 1
        count = (room + (s - 1 if ceil else 0)) // s + 1
        outs.append(count - (ceil and (count - 1) * s >= n + low))
    window = Window(tuple(kernel), tuple(stride), tuple(low for low, _ in pads), tuple(dilation))
    needed = [
        max(0, (m - 1) * s + d * (k - 1) + 1 - n - low)
        for m, s, d, k, n, (low, _) in zip(
            outs, stride, dilation, kernel, x.shape[2:], pads, strict=True
        )
    ]
    even = all(low == high for low, high in pads) and not ceil
    even = even and all(2 * low <= k for (low, _), k in zip(pads, kernel, strict=True))
    if not even:
        flat = [n for (low, _), more in reversed(list(zip(pads, needed, strict=True)))
                for n in (low, more)]  # fmt: skip
        x = F.pad(x, flat, value=fill)
        window = window._replace(padding=(0,) * len(kernel))
    return x, window, outs


def _cut(x: Any, outs: list[int]) -> Any:
    return x[(..., *(slice(0, n) for n in outs))]


@reads("MaxPool")
def read_max_pool(c: Call, x: Any) -> Any:
    low = -math.inf if x.is_floating_point() else np.iinfo(x._array.dtype).min
    size = tuple(x.shape[2:])
    wide, window, outs = _window(c, x, low)
    if c.count == 1:
        return _cut(pool_ops.max_pool(wide, window=window), outs)
    values, places = pool_ops.max_pool_with_indices(wide, window=window)
    values, places = _cut(values, outs), _cut(places, outs)
    shift = [0] * len(size)
    if wide is not x:
        kernel = c["kernel_shape"]
        ones = [1] * len(kernel)
        shift = [a for a, _ in _pads(c, size, kernel, c.get("strides", ones),
                                     c.get("dilations", ones))]  # fmt: skip
    at = np.unravel_index(places._array, tuple(wide.shape[2:]))
    at = tuple(a - s for a, s in zip(at, shift, strict=True))
    if c.get("storage_order", 0):
        flat = np.ravel_multi_index(at[::-1], size[::-1])
    else:
        flat = np.ravel_multi_index(at, size)
    planes = np.arange(x.shape[0] * x.shape[1]).reshape((*x.shape[:2], *[1] * len(size)))
    return values, from_numpy(np.ascontiguousarray(flat + planes * math.prod(size)))


@reads("AveragePool")
def read_average_pool(c: Call, x: Any) -> Any:
    wide, window, outs = _window(c, x, 0.0)
    whole = math.prod(window.kernel)
    sums = _cut(_sums(wide, window), outs)
    ones = T.ones((1, 1, *x.shape[2:]), dtype=x.dtype)
    if c.get("count_include_pad", 0):
        kernel = window.kernel
        pads = _pads(c, x.shape[2:], kernel, window.stride, window.dilation)
        flat = [n for low, high in reversed(pads) for n in (low, high)]
        ones = T.ones_like(F.pad(ones, flat))
        more = [
            max(0, (m - 1) * s + d * (k - 1) + 1 - n)
            for m, s, d, k, n in zip(
                outs, window.stride, window.dilation, kernel, ones.shape[2:], strict=True
            )
        ]
        ones = F.pad(ones, [n for extra in reversed(more) for n in (0, extra)])
        counts = _cut(_sums(ones, window._replace(padding=(0,) * len(kernel))), outs)
    else:
        counted, own, _ = _window(c, ones, 0.0)
        counts = _cut(_sums(counted, own), outs)
    if float(counts._array.min()) == whole:
        return sums / whole
    return sums / counts


def _sums(x: Any, window: Window) -> Any:
    """Sums of windows, whose elements may lie apart."""
    if all(d == 1 for d in window.dilation):
        return pool_ops.avg_pool(x, window=window, divisor=1)
    channels = x.shape[1]
    ones = T.ones((channels, 1, *window.kernel), dtype=x.dtype)
    return conv_ops.convolution(
        x, ones, None, stride=window.stride, padding=tuple((p, p) for p in window.padding),
        dilation=window.dilation, groups=channels,
    )  # fmt: skip


@reads("LpPool")
def read_lp_pool(c: Call, x: Any) -> Any:
    p = c.get("p", 2)
    wide, window, outs = _window(c, x.abs() ** p, 0.0)
    return _cut(_sums(wide, window), outs) ** (1 / p)


def _all_spatial(x: Any) -> tuple[int, ...]:
    return tuple(range(2, x.ndim))


@reads("GlobalAveragePool")
def read_global_average(c: Call, x: Any) -> Any:
    return x.mean(_all_spatial(x), True)


@reads("GlobalMaxPool")
def read_global_max(c: Call, x: Any) -> Any:
    return x.amax(_all_spatial(x), True)


@reads("GlobalLpPool")
def read_global_lp(c: Call, x: Any) -> Any:
    p = c.get("p", 2)
    return (x.abs() ** p).sum(_all_spatial(x), True) ** (1 / p)


@reads("MaxUnpool")
def read_unpool(c: Call, x: Any, places: Any, shape: Any = None) -> Any:
    kernel = c["kernel_shape"]
    stride = _spatial(c, len(kernel), "strides", 1)
    pads = c.get("pads", [0] * (2 * len(kernel)))
    count = len(kernel)
    usual = [
        (n - 1) * s - low - high + k
        for n, s, k, low, high in zip(
            x.shape[2:], stride, kernel, pads[:count], pads[count:], strict=True
        )
    ]
    # places are counted in the image of the usual size
    at = places._array % math.prod(usual)
    outs = usual if shape is None else as_ints(shape)[2:]
    flat = np.ravel_multi_index(np.unravel_index(at, usual), outs)
    rows = x.reshape((*x.shape[:2], -1))
    index = from_numpy(np.ascontiguousarray(flat.reshape(rows.shape)))
    made = pool_ops.unpool(rows, index, count=math.prod(outs))
    return made.reshape((*x.shape[:2], *outs))


# Resizing


@reads("Resize", "Upsample")
def read_resize(c: Call, x: Any, roi: Any = None, scales: Any = None, sizes: Any = None) -> Any:
    """Every axis by itself, as a matrix of weights or by places."""
    if c.node.op == "Upsample" or (c.opset < 11):
        scales, roi = roi, None
    factors, outs = _resize_target(c, x, scales, sizes)
    if c.get("coordinate_transformation_mode", "half_pixel") == "tf_crop_and_resize":
        c.refuse("cropping while resizing has no counterpart")
    if c.get("antialias", 0) and any(f < 1 for f in factors):
        c.refuse("antialiasing has no counterpart")
    for axis, (factor, out) in enumerate(zip(factors, outs, strict=True)):
        if factor == 1 and out == x.shape[axis]:
            continue
        source = _coordinates(c, x.shape[axis], out, factor)
        x = _resample(c, x, axis, source)
    return x


def _resize_target(c: Call, x: Any, scales: Any, sizes: Any) -> tuple[list[float], list[int]]:
    axes = [a % x.ndim for a in c.get("axes", range(x.ndim))]
    factors, outs = [1.0] * x.ndim, list(x.shape)
    if sizes is not None and sizes.numel():
        wanted = as_ints(sizes)
        ratios = [n / x.shape[a] for a, n in zip(axes, wanted, strict=True)]
        policy = c.get("keep_aspect_ratio_policy", "stretch")
        if policy != "stretch":
            ratio = min(ratios) if policy == "not_larger" else max(ratios)
            wanted = [int(x.shape[a] * ratio + 0.5) for a in axes]
            ratios = [ratio] * len(axes)
        for a, n, r in zip(axes, wanted, ratios, strict=True):
            factors[a], outs[a] = r, n
        return factors, outs
    given = c["scales"] if scales is None else scales._array.astype(float).tolist()
    for a, factor in zip(axes, given, strict=True):
        factors[a], outs[a] = factor, math.floor(x.shape[a] * factor)
    return factors, outs


def _coordinates(c: Call, size: int, out: int, factor: float) -> Any:
    """Where each result lies in the input."""
    at = np.arange(out, dtype=np.float64)
    usual = "half_pixel" if c.opset >= 11 else "asymmetric"
    mode = c.get("coordinate_transformation_mode", usual)
    if mode == "align_corners":
        last = size * factor - 1
        return at * ((size - 1) / last) if last > 0 else at * 0
    if mode == "asymmetric":
        return at / factor
    if mode == "pytorch_half_pixel" and out <= 1:
        return at * 0
    if mode == "half_pixel_symmetric":
        adjust = out / (factor * size)
        centre = size / 2
        return centre * (1 - adjust) + (at + 0.5) / factor - 0.5
    return (at + 0.5) / factor - 0.5


def _resample(c: Call, x: Any, axis: int, source: Any) -> Any:
    size, mode = x.shape[axis], c.get("mode", "nearest")
    if mode == "nearest":
        rule = c.get("nearest_mode", "round_prefer_floor" if c.opset >= 11 else "floor")
        rules: dict[str, Any] = {
            "floor": np.floor, "ceil": np.ceil,
            "round_prefer_floor": lambda v: np.ceil(v - 0.5),
            "round_prefer_ceil": lambda v: np.floor(v + 0.5),
        }  # fmt: skip
        index = np.clip(rules[rule](source), 0, size - 1).astype(np.int64)
        return T.index_select(x, axis, from_numpy(index))
    floor = np.floor(source).astype(np.int64)
    part = source - floor
    if mode == "cubic":
        sharp = c.get("cubic_coeff_a", -0.75)
        taps = [(k, _cubic(np.abs(part - k), sharp)) for k in (-1, 0, 1, 2)]
    else:
        taps = [(0, 1 - part), (1, part)]
    matrix = np.zeros((len(source), size))
    for offset, weight in taps:
        place = floor + offset
        inside = (place >= 0) & (place < size)
        if c.get("exclude_outside", 0):
            np.add.at(matrix, (np.arange(len(source))[inside], place[inside]), weight[inside])
            continue
        np.add.at(matrix, (np.arange(len(source)), np.clip(place, 0, size - 1)), weight)
    if c.get("exclude_outside", 0):
        matrix /= matrix.sum(1, keepdims=True)
    return blend(x, matrix.astype(x._array.dtype), axis=axis)


def _cubic(d: Any, a: float) -> Any:
    near = ((a + 2) * d - (a + 3)) * d * d + 1
    far = ((d - 5) * d + 8) * d * a - 4 * a
    return np.where(d <= 1, near, np.where(d < 2, far, 0.0))


@reads("GridSample")
def read_grid_sample(c: Call, x: Any, grid: Any) -> Any:
    names = {"linear": "bilinear", "cubic": "bicubic"}
    mode = c.get("mode", "linear")
    return F.grid_sample(
        x, grid, mode=names.get(mode, mode), padding_mode=c.get("padding_mode", "zeros"),
        align_corners=bool(c.get("align_corners", 0)),
    )  # fmt: skip


@reads("AffineGrid")
def read_affine_grid(c: Call, theta: Any, size: Any) -> Any:
    return F.affine_grid(theta, as_ints(size), align_corners=bool(c.get("align_corners", 0)))


@reads("Col2Im")
def read_columns(c: Call, x: Any, image: Any, block: Any) -> Any:
    size, kernel = as_ints(image), as_ints(block)
    count = len(kernel)
    pads = c.get("pads", [0] * (2 * count))
    if count != 2 or pads[:count] != pads[count:]:
        c.refuse("only images with the same padding at both ends have a counterpart")
    return F.fold(
        x, size, kernel, c.get("dilations", [1] * count), pads[:count],
        c.get("strides", [1] * count),
    )  # fmt: skip
