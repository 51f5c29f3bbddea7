"""Scaled dot-product attention, forward and pulled back, with the weights in one buffer."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import instead_of
from .softmax import SMALL, softmax, softmax_pull, softmax_rows

__all__ = ["attention", "attention_pull"]


def _turned(x: Any) -> Any:
    return x.swapaxes(-1, -2)


def _attention(q: Any, k: Any, v: Any, mask: Any, scale: float) -> tuple[Any, Any]:
    scores = np.matmul(q, _turned(k)) * scale
    weights = softmax(scores if mask is None else scores + mask, scores.ndim - 1)
    return np.matmul(weights, v), weights


@instead_of(_attention)
def attention(q: Any, k: Any, v: Any, mask: Any, scale: float) -> tuple[Any, Any]:
    """softmax(q kᵀ · scale + mask) v, and the weights."""
    weights = np.matmul(q * q.dtype.type(scale), _turned(k))
    if mask is not None:
        weights += mask
    if weights.size <= SMALL:
        weights = softmax(weights, weights.ndim - 1)
    else:
        rows = weights.reshape(-1, weights.shape[-1])
        softmax_rows(rows, rows)
    return np.matmul(weights, v), weights


def attention_pull(g: Any, q: Any, k: Any, v: Any, weights: Any, scale: float) -> Any:
    """The gradients of q, k and v."""
    slopes = softmax_pull(np.matmul(g, _turned(v)), weights, weights.ndim - 1)
    slopes *= slopes.dtype.type(scale)
    return (
        np.matmul(slopes, k),
        np.matmul(_turned(slopes), q),
        np.matmul(_turned(weights), g),
    )
