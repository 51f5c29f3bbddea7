"""The two faces of images and kernels in memory: channels second, as in PyTorch, and last."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

__all__ = ["channels_last", "channels_second", "pixels_of", "weight_first", "weight_last"]


@cache
def _to_last(ndim: int) -> tuple[int, ...]:
    return (0, *range(2, ndim), 1)


@cache
def _to_second(ndim: int) -> tuple[int, ...]:
    return (0, ndim - 1, *range(1, ndim - 1))


def channels_last(x: Any) -> Any:
    """(N, C, places) -> (N, places, C), as a view; `np.moveaxis` takes ten times as long."""
    return x.transpose(_to_last(x.ndim))


def channels_second(x: Any) -> Any:
    """(N, places, C) -> (N, C, places), as a view."""
    return x.transpose(_to_second(x.ndim))


def pixels_of(x: Any) -> Any:
    """(N, C, places) -> (pixels, C); no copy where the channels lie last in memory."""
    last = channels_last(x)
    return last.reshape(math.prod(last.shape[:-1]), x.shape[1])


def weight_last(weight: Any) -> Any:
    """(O, C, kernel) -> (kernel, C, O), as a view."""
    return weight.transpose((*range(2, weight.ndim), 1, 0))


def weight_first(weight: Any) -> Any:
    """(kernel, C, O) -> (O, C, kernel), as a view."""
    last = weight.ndim - 1
    return weight.transpose((last, last - 1, *range(last - 1)))
