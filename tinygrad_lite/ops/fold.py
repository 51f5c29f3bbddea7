"""Sliding windows as columns, columns summed back into an image, and padding."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._op import op

Sizes = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]


@op(kind="linear", onnx="Pad")
def pad_constant(x: Any, *, pads: Pairs, value: float = 0.0) -> Any:
    """`x` with a number around it: a pair for each axis, of which negative entries cut off."""
    out = np.full([max(0, n + lo + hi) for n, (lo, hi) in zip(x.shape, pads, strict=True)], value,
                  x.dtype)  # fmt: skip
    inner, outer = [], []
    for n, (lo, hi) in zip(x.shape, pads, strict=True):
        inner.append(slice(max(0, -lo), n - max(0, -hi)))
        outer.append(slice(max(0, lo), max(0, n + lo + hi) - max(0, hi)))
    out[tuple(outer)] = x[tuple(inner)]
    return out


@pad_constant.rule
def _(g: Any, pads: Pairs) -> Any:
    return pad_constant(g, pads=tuple((-lo, -hi) for lo, hi in pads))


def _parts(kernel: Sizes, places: Sizes, stride: Sizes, dilation: Sizes) -> Any:
    """Each offset of a kernel and the part of the padded image that it meets."""
    for at in np.ndindex(*kernel):
        yield (
            at,
            tuple(
                slice(a * d, a * d + (m - 1) * s + 1, s)
                for a, d, m, s in zip(at, dilation, places, stride, strict=True)
            ),
        )


@op(kind="linear", label="unfold")
def unfold(
    x: Any, *, kernel: Sizes, places: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes
) -> Any:
    """Every window of an image as a column: (N, C, H, W) -> (N, C · kernel, windows)."""
    around = tuple((p, p) for p in padding)
    padded = np.pad(x, ((0, 0), (0, 0), *around)) if any(padding) else x
    out = np.empty((*x.shape[:2], *kernel, *places), x.dtype)
    for at, part in _parts(kernel, places, stride, dilation):
        out[(slice(None), slice(None), *at)] = padded[(..., *part)]
    return out.reshape(x.shape[0], x.shape[1] * math.prod(kernel), math.prod(places))


@op(kind="linear", label="fold")
def fold(
    x: Any, *, size: Sizes, kernel: Sizes, places: Sizes, stride: Sizes, padding: Sizes,
    dilation: Sizes,
) -> Any:  # fmt: skip
    """Columns added up where their windows lie: the transpose of `unfold`."""
    channels = x.shape[1] // math.prod(kernel)
    columns = x.reshape(x.shape[0], channels, *kernel, *places)
    wide = [n + 2 * p for n, p in zip(size, padding, strict=True)]
    out: Any = np.zeros((x.shape[0], channels, *wide), x.dtype)
    for at, part in _parts(kernel, places, stride, dilation):
        seen = out[(..., *part)]
        seen += columns[(slice(None), slice(None), *at)]
    return out[(..., *(slice(p, p + n) for n, p in zip(size, padding, strict=True)))]


@unfold.rule
def _(
    g: Any, x_shape: Any, kernel: Sizes, places: Sizes, stride: Sizes, padding: Sizes,
    dilation: Sizes,
) -> Any:  # fmt: skip
    return fold(
        g, size=tuple(x_shape[2:]), kernel=kernel, places=places, stride=stride, padding=padding,
        dilation=dilation,
    )  # fmt: skip


@fold.rule
def _(g: Any, kernel: Sizes, places: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes) -> Any:
    return unfold(
        g, kernel=kernel, places=places, stride=stride, padding=padding, dilation=dilation
    )
