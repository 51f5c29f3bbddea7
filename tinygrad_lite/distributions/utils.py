"""torch.distributions.utils: what the distributions share, under PyTorch's path."""

from __future__ import annotations

from functools import cached_property as lazy_property

import numpy as np

from .._tensor import Tensor
from ._shared import broadcast_all, clamp_probs, logits_to_probs, probs_to_logits

__all__ = [
    "broadcast_all",
    "clamp_probs",
    "lazy_property",
    "logits_to_probs",
    "probs_to_logits",
    "tril_matrix_to_vec",
    "vec_to_tril_matrix",
]


def vec_to_tril_matrix(vec: Tensor, diag: int = 0) -> Tensor:
    """Lower triangular matrices from the rows of their entries, up to the diagonal `diag`."""
    length = vec.shape[-1]
    side = next((n for n in range(1, length + 2 + abs(diag)) if _entries(n, diag) == length), 0)
    if not side:
        raise ValueError(f"The size of last dimension is {length}, which no triangle has")
    rows, columns = np.tril_indices(side, diag)
    matrix: Tensor = vec.new_zeros((*vec.shape[:-1], side, side))
    matrix[..., rows, columns] = vec
    return matrix


def tril_matrix_to_vec(mat: Tensor, diag: int = 0) -> Tensor:
    """Entries of lower triangular matrices, row by row, up to the diagonal `diag`."""
    side = mat.shape[-1]
    if not -side <= diag < side:
        raise ValueError(f"diag ({diag}) provided is outside [{-side}, {side - 1}].")
    rows, columns = np.tril_indices(side, diag)
    return mat[..., rows, columns]


def _entries(side: int, diag: int) -> int:
    """How many entries a square has up to a diagonal."""
    return sum(min(max(row + 1 + diag, 0), side) for row in range(side))
