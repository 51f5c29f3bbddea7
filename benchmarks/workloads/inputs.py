"""Random inputs and weights that are the same for every library."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

__all__ = ["array_of", "fill", "normal", "numbers"]


def normal(*shape: int, seed: int = 1) -> Any:
    """Standard normal float32 numbers."""
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


def numbers(high: int, *shape: int, seed: int = 2) -> Any:
    """Whole numbers below `high`."""
    return np.random.default_rng(seed).integers(0, high, shape)


def fill(torch: Any, model: Any) -> Any:
    """Give the parameters of a model random values that depend on their order and shapes only."""
    rng = np.random.default_rng(0)
    with torch.no_grad():
        for parameter in model.parameters():
            shape = tuple(parameter.shape)
            values = rng.standard_normal(shape, dtype=np.float32)
            if len(shape) > 1:
                values /= np.float32(math.sqrt(math.prod(shape[1:])))
            else:
                values = values * np.float32(0.1) + np.float32(0.5)
            parameter.copy_(torch.tensor(values))
    return model


def array_of(tensor: Any) -> Any:
    """A copy of a tensor's values."""
    return np.array(tensor.detach().numpy())
