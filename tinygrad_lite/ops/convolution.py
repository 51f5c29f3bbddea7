"""Convolution and its transposes: three bilinear operations whose rules are one another.

(N, C, spatial) with (O, C/groups, kernel); settings have one entry per spatial axis, `padding` a
pair.  What deep learning calls a convolution is a cross-correlation: the kernel is not turned.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from .._kernels import convolution as kernels
from .._kernels.broadcast import column_sums
from .._kernels.convolution import Layout
from .._kernels.faces import channels_last, pixels_of
from .._op import op
from .shape import reshape, unexpand

Sizes = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]


def _with_bias(out: Any, bias: Any) -> Any:
    return out if bias is None else out + bias.reshape(-1, *[1] * (out.ndim - 2))


def _pull_bias(g: Any) -> Any:
    if g.__class__ is np.ndarray:
        last = channels_last(g)
        if last.flags.c_contiguous:
            return column_sums(pixels_of(g))
    total = unexpand(g, shape=(1, g.shape[1], *[1] * (g.ndim - 2)))
    return reshape(total, shape=(g.shape[1],))


@op(kind="bilinear", label="conv", onnx="Conv", aux=("columns",))
def convolution(
    x: Any, weight: Any, bias: Any, *, stride: Sizes, padding: Pairs, dilation: Sizes,
    groups: int = 1, places: Sizes | None = None,
) -> Any:  # fmt: skip
    """The kernel at each place of the image: Σ over channels and offsets, plus the bias or None.

    `places` is the spatial size of the result where it is not the usual one.
    """
    layout, outs = _laid_out(stride, padding, dilation, groups, x.shape[2:], weight.shape[2:])
    return kernels.forward(x, weight, bias, layout, places or outs)


@lru_cache(maxsize=1024)
def _laid_out(
    stride: Sizes, padding: Pairs, dilation: Sizes, groups: int, size: Sizes, kernel: Sizes
) -> tuple[Layout, Sizes]:
    """The layout, and the size of the result."""
    layout = Layout(stride, padding, dilation, groups)
    return layout, layout.output_size(size, kernel)


@op(kind="bilinear", label="convᵀ", onnx="ConvTranspose")
def transposed_convolution(
    x: Any, weight: Any, bias: Any, *, size: Sizes, stride: Sizes, padding: Pairs,
    dilation: Sizes, groups: int = 1,
) -> Any:  # fmt: skip
    """What convolution does to an image of `size`, transposed: each element stamps the kernel."""
    layout = Layout(stride, padding, dilation, groups)
    return _with_bias(kernels.backward_input(x, weight, size, layout), bias)


@op(kind="bilinear", label="conv weights")
def convolution_weight(
    x: Any, y: Any, *, kernel: Sizes, stride: Sizes, padding: Pairs, dilation: Sizes,
    groups: int = 1,
) -> Any:  # fmt: skip
    """The gradient of the kernel for an image `x` and a gradient `y` of the result."""
    return kernels.backward_weight(x, y, kernel, Layout(stride, padding, dilation, groups))


@convolution.rule("x")
def _(
    g: Any, weight: Any, x_shape: Any,
    stride: Sizes, padding: Pairs, dilation: Sizes, groups: int,
) -> Any:  # fmt: skip
    return transposed_convolution(
        g, weight, None, size=x_shape[2:], stride=stride, padding=padding, dilation=dilation,
        groups=groups,
    )  # fmt: skip


@convolution.rule("weight")
def _(
    g: Any, x: Any, weight_shape: Any, columns: Any,
    stride: Sizes, padding: Pairs, dilation: Sizes, groups: int,
) -> Any:  # fmt: skip
    layout = Layout(stride, padding, dilation, groups)
    return kernels.backward_weight(x, g, weight_shape[2:], layout, columns)


@convolution.again("weight")
def _(
    g: Any, x: Any, weight_shape: Any,
    stride: Sizes, padding: Pairs, dilation: Sizes, groups: int,
) -> Any:  # fmt: skip
    return convolution_weight(
        x, g, kernel=weight_shape[2:], stride=stride, padding=padding, dilation=dilation,
        groups=groups,
    )  # fmt: skip


convolution.rule(_pull_bias, "bias")


@transposed_convolution.rule("x")
def _(
    g: Any, weight: Any, x_shape: Any,
    stride: Sizes, padding: Pairs, dilation: Sizes, groups: int,
) -> Any:  # fmt: skip
    return convolution(
        g, weight, None, stride=stride, padding=padding, dilation=dilation, groups=groups,
        places=x_shape[2:],
    )  # fmt: skip


@transposed_convolution.rule("weight")
def _(
    g: Any, x: Any, weight_shape: Any,
    stride: Sizes, padding: Pairs, dilation: Sizes, groups: int,
) -> Any:  # fmt: skip
    return convolution_weight(
        g, x, kernel=weight_shape[2:], stride=stride, padding=padding, dilation=dilation,
        groups=groups,
    )  # fmt: skip


transposed_convolution.rule(_pull_bias, "bias")


@convolution_weight.rule("x")
def _(
    g: Any, y: Any, x_shape: Any,
    stride: Sizes, padding: Pairs, dilation: Sizes, groups: int,
) -> Any:  # fmt: skip
    return transposed_convolution(
        y, g, None, size=x_shape[2:], stride=stride, padding=padding, dilation=dilation,
        groups=groups,
    )  # fmt: skip


@convolution_weight.rule("y")
def _(
    g: Any, x: Any, y_shape: Any,
    stride: Sizes, padding: Pairs, dilation: Sizes, groups: int,
) -> Any:  # fmt: skip
    return convolution(
        x, g, None, stride=stride, padding=padding, dilation=dilation, groups=groups,
        places=y_shape[2:],
    )  # fmt: skip
