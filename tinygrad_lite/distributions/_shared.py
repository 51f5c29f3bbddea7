"""Helpers that several distributions use."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._creation import as_tensor
from .._dtypes import default_numpy
from .._nodes import make
from .._random import generator_of, uniform
from .._tensor import Tensor
from ..nn.functional import logsigmoid

__all__ = ["broadcast_all", "draw", "logits_to_probs", "probs_to_logits", "sum_rightmost"]

EULER = 0.5772156649015329


def broadcast_all(*values: Any) -> tuple[Any, ...]:
    """Return numbers and tensors as tensors of one shape."""
    for value in values:
        if not isinstance(value, (Tensor, int, float, np.number)):
            raise ValueError(  # noqa: TRY004 - PyTorch's class
                "Input arguments must all be instances of Number or torch.Tensor, got "
                f"{type(value).__name__}"
            )
    dtype = next((v._array.dtype for v in values if isinstance(v, Tensor)), default_numpy())
    tensors: list[Any] = [v if isinstance(v, Tensor) else wrap(np.array(v, dtype)) for v in values]
    shape = np.broadcast_shapes(*(t._array.shape for t in tensors))
    return tuple(t if t._array.shape == shape else t.expand(shape) for t in tensors)


def wrap(array: Any) -> Any:
    """Return an array, or one of NumPy's numbers, as a tensor without history."""
    return make(np.asarray(array), None)


def parameter(value: Any) -> Any:
    """Return a parameter as a tensor."""
    return as_tensor(value)


def draw(name: str, *args: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """Draw from one of NumPy's distributions with the global generator, in a dtype."""
    method = getattr(generator_of(None), name)
    return wrap(np.asarray(method(*args, size=tuple(shape)), dtype))


def array_of(tensor: Any) -> Any:
    """Return the values of a tensor without its history."""
    return np.asarray(tensor._array)


def sum_rightmost(value: Any, dims: int) -> Any:
    """Sum over the last `dims` axes."""
    return value.sum(tuple(range(-dims, 0))) if dims else value


def clamp_probs(probs: Any) -> Any:
    """Keep probabilities away from 0 and 1, so that their logarithms are finite."""
    eps = float(np.finfo(probs._array.dtype).eps)
    return probs.clamp(min=eps, max=1 - eps)


def probs_to_logits(probs: Any, is_binary: bool = False) -> Any:
    """Return log p, or for two outcomes log(p / (1 − p))."""
    clamped = clamp_probs(probs)
    return clamped.log() - (-clamped).log1p() if is_binary else clamped.log()


def logits_to_probs(logits: Any, is_binary: bool = False) -> Any:
    """Return the probabilities: sigmoid, or softmax over the last axis."""
    return logits.sigmoid() if is_binary else logits.softmax(-1)


def softplus(x: Any) -> Any:
    """Return log(1 + eˣ) without overflow; its slope at 0 is ½."""
    return -logsigmoid(-x)


def log_beta(a: Any, b: Any) -> Any:
    """Return log B(a, b)."""
    return a.lgamma() + b.lgamma() - (a + b).lgamma()


def open_uniform(shape: Any, dtype: Any) -> Any:
    """Uniform numbers in (0, 1): neither end, so that their logarithms are finite."""
    info = np.finfo(dtype)
    drawn = uniform(tuple(shape), None, dtype)
    return wrap(drawn.clip(float(info.tiny), 1 - float(info.eps)))
