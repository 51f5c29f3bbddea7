"""Scaled dot-product attention as one operation."""

from __future__ import annotations

from typing import Any

from .._kernels import attention as kernels
from .._op import op
from .activation import softmax, total
from .matmul import matmul, swap


@op(kind="general", label="attention", onnx="Attention", aux=("weights",))
def attention(q: Any, k: Any, v: Any, mask: Any, *, scale: float) -> Any:
    """softmax(q kᵀ · scale + mask) v: (…, L, E), (…, S, E), (…, S, V) -> (…, L, V).

    The mask is a constant that is added to the scores, or None.
    """
    return kernels.attention(q, k, v, mask, scale)


@attention.joint
def _(g: Any, q: Any, k: Any, v: Any, weights: Any, scale: float) -> Any:
    return (*kernels.attention_pull(g, q, k, v, weights, scale), None)


@attention.joint_again
def _(g: Any, q: Any, k: Any, v: Any, mask: Any, scale: float) -> Any:
    scores = matmul(q, swap(k)) * scale
    weights = softmax(scores if mask is None else scores + mask, axis=scores.ndim - 1)
    inner = matmul(g, swap(v))
    slopes = weights * (inner - total(inner * weights, (weights.ndim - 1,))) * scale
    return matmul(slopes, k), matmul(swap(slopes), q), matmul(swap(weights), g), None
