"""Convolutions, pooling, sliding windows and linear maps."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..._kernels.pooling import Window
from ..._kernels.resampling import places_of
from ..builder import Value
from ..context import Context, writes
from ..sizes import Size, is_fixed, unify
from .shape import padded


@writes("linear")
def write_linear(c: Context, x: Value, weight: Value, bias: Value) -> Any:
    if x.ndim == 2:
        return c.emit("Gemm", x, weight, bias, transB=1)
    product = c.emit("MatMul", x, c.emit("Transpose", weight, perm=[1, 0]))
    return c.emit("Add", product, bias)


@writes("linear_without_bias")
def write_linear_without_bias(c: Context, x: Value, weight: Value) -> Any:
    return c.emit("MatMul", x, c.emit("Transpose", weight, perm=[1, 0]))


@writes("matmul")
def write_matmul(c: Context, x: Any, y: Any) -> Any:
    return c.emit("MatMul", c.value(x), c.value(y))


@writes("matmul_transposed")
def write_matmul_transposed(c: Context, x: Any, y: Any) -> Any:
    return c.emit("MatMul", c.emit("Transpose", c.value(x), perm=[1, 0]), c.value(y))


@writes("blend")
def write_blend(c: Context, x: Value, matrix: Any) -> Any:
    """The axis moved to the end, times the transposed matrix, and moved back."""
    axis = c["axis"]
    order = [a for a in range(x.ndim) if a != axis] + [axis]
    turned = c.emit("Transpose", c.value(matrix, x.dtype), perm=[1, 0])
    if isinstance(matrix, Value) and matrix.dtype != x.dtype:
        turned = c.cast(turned, x.dtype)
    mixed = c.emit("MatMul", c.transpose(x, order), turned)
    return c.transpose(mixed, [order.index(a) for a in range(x.ndim)])


@writes("nearest")
def write_nearest(c: Context, x: Value) -> Any:
    """The places along one axis after the other."""
    grid = c["grid"]
    for axis, places in enumerate(places_of(grid), x.ndim - len(grid.size)):
        x = c.emit("Gather", x, c.ints(places.tolist()), axis=axis)
    return x


def _ends(pairs: Any) -> list[int]:
    return [low for low, _ in pairs] + [high for _, high in pairs]


@writes("convolution")
def write_convolution(c: Context, x: Value, weight: Value, bias: Any) -> Any:
    source, pads = x, _ends(c["padding"])
    if min(pads) < 0:
        source, pads = padded(c, x, [(0, 0), (0, 0), *c["padding"]], 0.0), [0] * len(pads)
    return c.emit(
        "Conv", source, weight, bias, kernel_shape=list(weight.shape[2:]),
        strides=list(c["stride"]), pads=pads, dilations=list(c["dilation"]), group=c["groups"],
    )  # fmt: skip


@writes("transposed_convolution")
def write_transposed_convolution(c: Context, x: Value, weight: Value, bias: Any) -> Any:
    """What the size asked for has beyond the usual one is left uncut at the far ends.

    Where that is not enough zeros follow, as ONNX adds them itself where they are fewer than the
    stride.
    """
    pads, zeros = [], []
    extra = _extra_sizes(c, x, weight)
    for (low, high), more in zip(c["padding"], extra, strict=True):
        pads.append((low, max(0, high - more)))
        zeros.append(max(0, more - high))
    usual = all(n < s for n, s in zip(zeros, c["stride"], strict=True))
    out = c.emit(
        "ConvTranspose", x, weight, bias if usual else None, kernel_shape=list(weight.shape[2:]),
        strides=list(c["stride"]), pads=_ends(pads), dilations=list(c["dilation"]),
        group=c["groups"], output_padding=zeros if usual and any(zeros) else None,
    )  # fmt: skip
    if usual:
        return out
    out = padded(c, out, [(0, 0), (0, 0), *((0, n) for n in zeros)], 0.0)
    face = [-1, *[1] * len(zeros)]
    return out if bias is None else c.emit("Add", out, c.emit("Reshape", bias, c.ints(face)))


def _extra_sizes(c: Context, x: Value, weight: Value) -> list[int]:
    """By how much the size asked for exceeds the usual one, along each axis and in every run."""
    extra = []
    for n, m, k, s, (low, high), d in zip(
        x.shape[2:], c.out.shape[2:], weight.shape[2:], c["stride"], c["padding"], c["dilation"],
        strict=True,
    ):  # fmt: skip
        ins = n.values if isinstance(n, Size) else (n,)
        outs = m.values if isinstance(m, Size) else (m,) * len(ins)
        more = {
            o - ((i - 1) * s - low - high + d * (k - 1) + 1) for i, o in zip(ins, outs, strict=True)
        }
        if len(more) != 1:
            c.refuse("its output size does not follow from that of its input")
        extra.append(more.pop())
    return extra


# Pooling


def _window(c: Context, x: Value) -> dict[str, Any]:
    """How the window moves; what rounding up adds is padding, wherever the sizes are known.

    Runtimes and ONNX's own inference of shapes differ in how they round.
    """
    window = Window(*c["window"])
    low, high, ceil = list(window.padding), list(window.padding), int(window.ceil)
    if ceil and is_fixed(x.shape[2:]):
        ends = _ends_of_windows(x, window)
        fits = [end < k for end, k in zip(ends, window.kernel, strict=True)]  # as ONNX demands
        high = [e if fit else p for e, fit, p in zip(ends, fits, window.padding, strict=True)]
        ceil = int(not all(fits))
    return {
        "kernel_shape": list(window.kernel), "strides": list(window.stride), "pads": low + high,
        "ceil_mode": ceil, "dilations": list(window.dilation),
    }  # fmt: skip


def _ends_of_windows(x: Value, window: Window) -> list[int]:
    """How far the last windows reach beyond the image."""
    return [
        max(0, (m - 1) * s + d * (k - 1) + 1 - n - p)
        for n, m, k, s, p, d in zip(
            x.shape[2:], window.places(x.shape[2:]), window.kernel, window.stride, window.padding,
            window.dilation, strict=True,
        )
    ]  # fmt: skip


@writes("max_pool")
def write_max_pool(c: Context, x: Value) -> Any:
    return c.emit("MaxPool", x, **_window(c, x))


@writes("max_pool_with_indices")
def write_max_pool_with_indices(c: Context, x: Value) -> Any:
    """ONNX counts places over the whole batch, PyTorch within each image."""
    values, places = c.emit("MaxPool", x, **_window(c, x), outputs=2)
    sizes = [c.builder.size(n, (x,)) for n in x.shape[2:]]
    count = sizes[0]
    for size in sizes[1:]:
        count = c.emit("Mul", count, size)
    return values, c.emit("Mod", places, count)


@writes("avg_pool")
def write_avg_pool(c: Context, x: Value) -> Any:
    include, divisor, window = c["include_padding"], c["divisor"], Window(*c["window"])
    if divisor is not None or (window.ceil and include and any(window.padding)):
        return _sum_pool(c, x, window, divisor)
    # without padding nothing is to be counted but the image
    counted = int(include and any(window.padding))
    return c.emit("AveragePool", x, **_window(c, x), count_include_pad=counted)


def _sum_pool(c: Context, x: Value, window: Window, divisor: int | None) -> Any:
    """Sums of windows by a convolution with ones, over the number that each counts."""
    axes = len(window.kernel)
    if x.dtype.kind != "f":
        c.refuse(f"ONNX's AveragePool takes floating-point numbers only, got {x.dtype}")
    if any(isinstance(n, Size) for n in x.shape[2:]):
        c.refuse("the number of elements a window counts depends on the size of the inputs")
    outs, ends = window.places(x.shape[2:]), _ends_of_windows(x, window)
    planes = c.reshape(x, (_product(x.shape[:2]), 1, *x.shape[2:]))
    ones = c.constant(np.ones((1, 1, *window.kernel)))
    sums = c.emit("Conv", planes, ones, strides=list(window.stride),
                  pads=[*window.padding, *ends], kernel_shape=list(window.kernel))  # fmt: skip
    counts: Any = np.full((1,) * axes, divisor or 1.0)
    if divisor is None:
        counts = np.ones(())
        for n, m, s, k, p in zip(
            x.shape[2:], outs, window.stride, window.kernel, window.padding, strict=True
        ):
            start = np.arange(m) * s - p
            counts = counts[..., None] * (np.minimum(start + k, n + p) - start)
    means = c.emit("Div", sums, c.constant(counts))
    return c.reshape(means, c.out.shape, (x,))


def _product(shape: Any) -> Any:
    """The product of sizes."""
    if all(isinstance(n, int) for n in shape):
        return math.prod(shape)
    runs = max(len(n.values) for n in shape if isinstance(n, Size))
    columns = [n.values if isinstance(n, Size) else (n,) * runs for n in shape]
    return unify(tuple(math.prod(column) for column in zip(*columns, strict=True)))


@writes("unpool")
def write_unpool(c: Context, x: Value, places: Value) -> Any:
    zeros = c.emit("Expand", c.constant(0), c.builder.sizes(c.out.shape, (x,)))
    return c.emit("ScatterElements", zeros, places, x, axis=x.ndim - 1)


# Columns


def _stamps(c: Context, kernel: tuple[int, ...]) -> str:
    """A kernel for each offset, with a single one there."""
    count = math.prod(kernel)
    return c.constant(np.eye(count).reshape(count, 1, *kernel))


def _layout(c: Context) -> dict[str, Any]:
    return {
        "kernel_shape": list(c["kernel"]), "strides": list(c["stride"]),
        "pads": list(c["padding"]) * 2, "dilations": list(c["dilation"]),
    }  # fmt: skip


@writes("unfold")
def write_unfold(c: Context, x: Value) -> Any:
    """A convolution of every channel with one kernel for each offset."""
    planes = c.reshape(x, (_product(x.shape[:2]), 1, *x.shape[2:]))
    columns = c.emit("Conv", planes, _stamps(c, c["kernel"]), **_layout(c))
    return c.reshape(columns, c.out.shape, (x,))


@writes("fold")
def write_fold(c: Context, x: Value) -> Any:
    """The transpose of that convolution."""
    kernel, size = c["kernel"], c["size"]
    channels = c.out.shape[1]
    batch = _product((x.shape[0], channels))
    columns = c.reshape(x, (batch, math.prod(kernel), *c["places"]))
    extra = [
        n - ((m - 1) * s - 2 * p + d * (k - 1) + 1)
        for n, m, s, p, d, k in zip(
            size, c["places"], c["stride"], c["padding"], c["dilation"], kernel, strict=True
        )
    ]
    layout = _layout(c)
    planes = c.emit(
        "ConvTranspose", columns, _stamps(c, kernel), **layout,
        output_padding=extra if any(extra) else None,
    )  # fmt: skip
    return c.reshape(planes, c.out.shape, (x,))


@writes("attention")
def write_attention(c: Context, q: Value, k: Value, v: Value, mask: Any) -> Any:
    order = [*range(k.ndim - 2), k.ndim - 1, k.ndim - 2]
    scaled = c.emit("Mul", q, float(c["scale"]))
    scores = c.emit("MatMul", scaled, c.transpose(k, order))
    if mask is not None:
        scores = c.emit("Add", scores, c.value(mask, q.dtype))
    return c.emit("MatMul", c.emit("Softmax", scores, axis=-1), v)
