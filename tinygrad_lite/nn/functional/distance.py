"""Distances and angles between vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..._composite import composite
from ..._dtypes import of, result_type
from ..._functions._surface import write_out
from ...ops.elementwise import cast, clamp
from ...ops.indexing import index
from ...ops.reduction import norm, sum as _sum
from ...ops.shape import expand, reshape
from ._arguments import array_of, common_shape, need_tensor, wrap_axis

if TYPE_CHECKING:
    from ..._tensor import Tensor

__all__ = ["cdist", "cosine_similarity", "normalize", "pairwise_distance", "pdist"]


def normalize(
    input: Tensor,
    p: float = 2.0,
    dim: int | tuple[int, ...] = 1,
    eps: float = 1e-12,
    out: Tensor | None = None,
) -> Tensor:
    """x / max(‖x‖ₚ, eps), the norm taken along `dim`."""
    need_tensor("normalize", input)
    if input._array.dtype.kind != "f":
        raise RuntimeError(
            "normalize: linalg.vector_norm: Expected a floating point or complex tensor as input. "
            f"Got {input.dtype}: convert with .float()"
        )
    if isinstance(dim, (tuple, list)):
        axis: Any = tuple(wrap_axis(d, input.ndim) for d in dim)
    else:
        axis = wrap_axis(dim, input.ndim)
    result = input / clamp(norm(input, p=p, axis=axis, keepdims=True), low=eps)
    return result if out is None else write_out(out, result)  # type: ignore[no-any-return]


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """x₁ · x₂ / (‖x₁‖ ‖x₂‖) along `dim`, either norm counting as at least `eps`.

    Gradient: of a zero vector, the other's direction over `eps`.
    """
    need_tensor("cosine_similarity", x1, "x1")
    need_tensor("cosine_similarity", x2, "x2")
    if x1._array.dtype.kind != "f" or x2._array.dtype.kind != "f":
        x1, x2 = _of_floats(x1, x2)
    ndim = max(x1.ndim, x2.ndim)
    axis = wrap_axis(dim, ndim)
    x1, x2 = (reshape(x, shape=(1,) * (ndim - x.ndim) + x.shape) for x in (x1, x2))
    shape = common_shape("cosine_similarity", x1, x2)
    if not ndim:
        return _unit(x1, None, eps) * _unit(x2, None, eps)  # type: ignore[no-any-return]
    if x1.shape[axis] != x2.shape[axis]:
        x1, x2 = expand(x1, shape=shape), expand(x2, shape=shape)
    return _sum(_unit(x1, axis, eps) * _unit(x2, axis, eps), axis=axis)  # type: ignore[no-any-return]


def _of_floats(x1: Any, x2: Any) -> tuple[Any, Any]:
    """Both in their common type; the error where it is none of fractions."""
    kind = result_type([x1._array, x2._array])
    if kind.kind != "f":
        raise RuntimeError(
            "cosine_similarity: expected common dtype to be floating point, yet common dtype is "
            f"{of(kind)}: convert with .float()"
        )
    return cast(x1, dtype=kind), cast(x2, dtype=kind)


@composite
def _unit(x: Any, axis: int | None, eps: float) -> Any:
    """`x` over its norm, which is raised to `eps` in value only: the gradient does not see it."""
    length = norm(x, axis=axis, keepdims=True)
    missing = np.maximum(eps - array_of(length), 0).astype(array_of(length).dtype)
    return x / (length + missing) if missing.any() else x / length


def pairwise_distance(
    x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Tensor:
    """‖x₁ − x₂ + eps‖ₚ along the last axis."""
    return norm(x1 - x2 + eps, p=p, axis=-1, keepdims=keepdim)  # type: ignore[no-any-return]


def pdist(input: Tensor, p: float = 2.0) -> Tensor:
    """Distances of all pairs of rows i < j, in the order of the upper triangle.

    Shapes: (N, M) -> (N (N − 1) / 2).  Gradient: 0 where two rows are equal.
    """
    need_tensor("pdist", input)
    if input.ndim != 2:
        raise RuntimeError(f"pdist only supports 2D tensors, got: {input.ndim}D")
    if p < 0:
        raise RuntimeError("pdist only supports non-negative p values")
    first, second = np.triu_indices(input.shape[0], 1)
    return norm(_rows(input, first) - _rows(input, second), p=p, axis=1)  # type: ignore[no-any-return]


def _rows(x: Any, rows: Any) -> Any:
    return index(x, key=rows)


def cdist(
    x1: Tensor,
    x2: Tensor,
    p: float = 2.0,
    compute_mode: str = "use_mm_for_euclid_dist_if_necessary",
) -> Tensor:
    """Distances of every row of x₁ to every row of x₂: (…, P, M), (…, R, M) -> (…, P, R).

    Differs from PyTorch: differences are always taken, never the less exact ‖x‖² + ‖y‖² − 2 x·y.
    Gradient: 0 where two rows are equal.
    """
    need_tensor("cdist", x1, "x1")
    need_tensor("cdist", x2, "x2")
    if x1.ndim < 2 or x2.ndim < 2:
        raise RuntimeError(
            f"cdist only supports at least 2D tensors, got {x1.ndim}D and {x2.ndim}D"
        )
    if x1.shape[-1] != x2.shape[-1]:
        raise RuntimeError(
            f"X1 and X2 must have the same number of columns. X1: {x1.shape[-1]} X2: {x2.shape[-1]}"
        )
    if p < 0:
        raise RuntimeError("cdist only supports non-negative p values")
    left = reshape(x1, shape=(*x1.shape[:-1], 1, x1.shape[-1]))
    right = reshape(x2, shape=(*x2.shape[:-2], 1, *x2.shape[-2:]))
    return norm(left - right, p=p, axis=-1)  # type: ignore[no-any-return]
