"""Views of raw memory by shape, strides and offset, all counted in elements."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._op import op

__all__ = ["as_strided", "unstrided"]


def strided_places(shape: tuple[int, ...], strides: tuple[int, ...], offset: int) -> Any:
    """The flat places that a shape, strides and an offset name."""
    places: Any = np.full(shape, offset)
    for a, (n, stride) in enumerate(zip(shape, strides, strict=True)):
        places += (np.arange(n) * stride).reshape([-1 if b == a else 1 for b in range(len(shape))])
    return places


@op(kind="view")
def as_strided(x: Any, *, shape: tuple[int, ...], strides: tuple[int, ...], offset: int = 0) -> Any:
    """The elements of `x`, read row by row, at offset + Σ index · stride; a view if contiguous."""
    if not x.flags.c_contiguous:  # strides count on the memory, not on the view of it
        x = np.ascontiguousarray(x)
    size = x.itemsize
    return np.lib.stride_tricks.as_strided(
        x.reshape(-1)[offset:], shape, tuple(s * size for s in strides)
    )


@op(kind="linear")
def unstrided(x: Any, *, shape: tuple[int, ...], strides: tuple[int, ...], offset: int = 0) -> Any:
    """Zeros of `shape` with the elements of `x` added where the strides say."""
    out = np.zeros(math.prod(shape), x.dtype)
    places = strided_places(x.shape, strides, offset)
    np.add.at(out, places.reshape(-1), x.reshape(-1))
    return out.reshape(shape)


@as_strided.rule
def _(g: Any, x_shape: Any, strides: tuple[int, ...], offset: int) -> Any:
    return unstrided(g, shape=x_shape, strides=strides, offset=offset)


@unstrided.rule
def _(g: Any, x_shape: Any, strides: tuple[int, ...], offset: int) -> Any:
    return as_strided(g, shape=x_shape, strides=strides, offset=offset)
