"""Scaled dot-product attention as one operation."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._kernels import attention as kernels
from .._kernels.softmax import softmax_pull
from .._op import op
from .activation import softmax, total
from .matmul import matmul, swap


@op(kind="general", label="attention", onnx="Attention", aux=("weights",))
def attention(q: Any, k: Any, v: Any, mask: Any, *, scale: float) -> Any:
    """softmax(q kᵀ · scale + mask) v: (…, L, E), (…, S, E), (…, S, V) -> (…, L, V).

    The mask is added to the scores, or None.
    """
    return kernels.attention(q, k, v, mask, scale)


@attention.joint
def _(g: Any, q: Any, k: Any, v: Any, weights: Any, needs: Any, scale: float) -> Any:
    by_mask = softmax_pull(np.matmul(g, swap(v)), weights, weights.ndim - 1) if needs[3] else None
    return (*kernels.attention_pull(g, q, k, v, weights, scale), by_mask)


@attention.joint_again
def _(g: Any, q: Any, k: Any, v: Any, mask: Any, needs: Any, scale: float) -> Any:
    scores = matmul(q, swap(k)) * scale
    weights = softmax(scores if mask is None else scores + mask, axis=scores.ndim - 1)
    inner = matmul(g, swap(v))
    by_mask = weights * (inner - total(inner * weights, (weights.ndim - 1,)))
    slopes = by_mask * scale
    by_values = matmul(swap(weights), g)
    return matmul(slopes, k), matmul(swap(slopes), q), by_values, by_mask if needs[3] else None
