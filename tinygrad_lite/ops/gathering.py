"""Gathering along an axis and its transpose, and flat places, on which all scattering stands."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._op import op

__all__ = ["gather", "places", "ungather"]


def places(index: Any, shape: tuple[int, ...], axis: int) -> Any:
    """Flat places in an array of `shape`: those of `index` along `axis`, straight on elsewhere."""
    if not shape:
        return index.reshape(index.shape) * 0
    axis %= len(shape)
    _check_range(index, shape[axis], axis)
    found = index * math.prod(shape[axis + 1 :])
    for a, n in enumerate(index.shape):
        if a != axis:
            step = np.arange(n) * math.prod(shape[a + 1 :])
            found = found + step.reshape([-1 if b == a else 1 for b in range(len(shape))])
    return found


def _check_range(index: Any, size: int, axis: int) -> None:
    """Raise if an index lies outside 0 .. size - 1."""
    if not index.size:
        return
    low, high = np.minimum.reduce(index, axis=None), np.maximum.reduce(index, axis=None)
    if low < 0 or high >= size:
        wrong = int(low if low < 0 else high)
        raise RuntimeError(f"index {wrong} is out of bounds for dimension {axis} with size {size}")


@op(kind="linear", onnx="GatherElements")
def gather(x: Any, index: Any, *, axis: int) -> Any:
    """x[.., index[.., i, ..], ..]: for every place of `index` the element of `x` it names."""
    return x.reshape(-1).take(places(index, x.shape, axis))


@op(kind="linear")
def ungather(x: Any, index: Any, *, shape: tuple[int, ...], axis: int) -> Any:
    """Zeros of `shape` with every element of `x` added where `index` says."""
    out = np.zeros(math.prod(shape), x.dtype)
    np.add.at(out, places(index, shape, axis).reshape(-1), x.reshape(-1))
    return out.reshape(shape)


gather.rule(lambda g, index, x_shape, axis: ungather(g, index, shape=x_shape, axis=axis), "x")
ungather.rule(lambda g, index, axis: gather(g, index, axis=axis), "x")
