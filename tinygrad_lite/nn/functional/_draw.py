"""Random arrays for functionals, in the type of a tensor."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..._random import default_generator
from ._arguments import array_of

__all__ = ["bernoulli", "gumbel", "uniform", "uniform_array"]


def _random(shape: tuple[int, ...], dtype: Any) -> Any:
    """Numbers from [0, 1) in the type asked for."""
    wide = np.float64 if dtype.itemsize > 4 else np.float32
    return default_generator._rng.random(shape, wide).astype(dtype, copy=False)


def uniform(like: Any, low: float, high: float) -> Any:
    """Numbers from [low, high) in the shape of a tensor."""
    array = array_of(like)
    return _random(array.shape, array.dtype) * (high - low) + low


def uniform_array(shape: tuple[int, ...], dtype: Any) -> Any:
    """Numbers from [0, 1)."""
    return _random(shape, dtype)


def gumbel(like: Any) -> Any:
    """Samples of the standard Gumbel distribution, −log(−log U), in the shape of a tensor."""
    array = array_of(like)
    tiny = np.finfo(array.dtype).tiny
    return -np.log(-np.log(np.maximum(_random(array.shape, array.dtype), tiny)))


def bernoulli(shape: tuple[int, ...], probability: float) -> Any:
    """True with a probability, for each element of a shape; the same draws for every type."""
    return _random(shape, np.dtype(np.float32)) < probability
