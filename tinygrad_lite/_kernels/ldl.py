"""Symmetric indefinite factorisation P A Pᵀ = L D Lᵀ with blocks of one and two (Bunch, Kaufman).

Only the lower triangle is read. Pivots are LAPACK's, from 1: a negative pair marks a block of two.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

__all__ = ["ldl_factor", "ldl_solve"]

ALPHA = (1 + math.sqrt(17)) / 8  # keeps the growth of elements smallest


def ldl_factor(a: Any) -> tuple[Any, Any, Any]:
    """L below and D on the diagonal of one matrix, the pivots, and the first zero block or 0."""
    out = np.tril(a).reshape(math.prod(a.shape[:-2]), *a.shape[-2:])
    pivots = np.zeros(out.shape[:2], np.int32)
    info = np.zeros(len(out), np.int32)
    for i, matrix in enumerate(out):
        info[i] = _factor(matrix, pivots[i])
    return out.reshape(a.shape), pivots.reshape(a.shape[:-1]), info.reshape(a.shape[:-2])


def _factor(a: Any, pivots: Any) -> int:
    k, info = 0, 0
    while k < len(a):
        other, step = _choose(a, k)
        if other < 0:  # the column is zero
            info, other = info or k + 1, k
        else:
            _exchange(a, k, k + step - 1, other)
            (_eliminate_one if step == 1 else _eliminate_two)(a, k)
        pivots[k : k + step] = other + 1 if step == 1 else -(other + 1)
        k += step
    return info


def _choose(a: Any, k: int) -> tuple[int, int]:
    """The row to exchange with, and the size of the block; -1 for a column of zeros."""
    own = abs(a[k, k])
    below = np.abs(a[k + 1 :, k])
    most = below.max(initial=0)
    if max(own, most) == 0:
        return -1, 1
    if own >= ALPHA * most:
        return k, 1
    row = k + 1 + int(below.argmax())
    across = max(np.abs(a[row, k:row]).max(), np.abs(a[row + 1 :, row]).max(initial=0))
    if own >= ALPHA * most * (most / across):
        return k, 1
    return row, 1 if abs(a[row, row]) >= ALPHA * across else 2


def _exchange(a: Any, k: int, j: int, other: int) -> None:
    """Exchange rows and columns j and `other` of what is left, of which the lower half is kept."""
    if other == j:
        return
    low = slice(other + 1, None)
    a[low, j], a[low, other] = a[low, other].copy(), a[low, j].copy()
    between = slice(j + 1, other)
    a[between, j], a[other, between] = a[other, between].copy(), a[between, j].copy()
    a[j, j], a[other, other] = a[other, other], a[j, j]
    if j > k:
        a[j, k], a[other, k] = a[other, k], a[j, k]


def _eliminate_one(a: Any, k: int) -> None:
    column = a[k + 1 :, k]
    a[k + 1 :, k + 1 :] -= np.tril(np.outer(column, column) / a[k, k])
    column /= a[k, k]


def _eliminate_two(a: Any, k: int) -> None:
    low = np.array(a[k + 2 :, k : k + 2])
    block = _block(a, k)
    factors = np.linalg.solve(block, low.T).T.astype(a.dtype)
    a[k + 2 :, k + 2 :] -= np.tril(low @ factors.T)
    a[k + 2 :, k : k + 2] = factors


def _block(a: Any, k: int) -> Any:
    """The symmetric block of two at `k`."""
    return np.array([[a[k, k], a[k + 1, k]], [a[k + 1, k], a[k + 1, k + 1]]])


def ldl_solve(ld: Any, pivots: Any, b: Any) -> Any:
    """X of A X = B from the factorisation of A, for stacks that broadcast."""
    batch = np.broadcast_shapes(ld.shape[:-2], b.shape[:-2])
    out = np.array(np.broadcast_to(b, (*batch, *b.shape[-2:])))
    factors = np.broadcast_to(ld, (*batch, *ld.shape[-2:]))
    order = np.broadcast_to(pivots, (*batch, pivots.shape[-1]))
    for i in np.ndindex(batch):
        _solve(factors[i], order[i], out[i])
    return out


def _solve(a: Any, pivots: Any, x: Any) -> None:
    k = 0
    while k < len(a):
        step = 1 if pivots[k] > 0 else 2
        last = k + step - 1
        other = abs(pivots[last]) - 1
        x[[last, other]] = x[[other, last]]
        x[k + step :] -= a[k + step :, k : k + step] @ x[k : k + step]
        x[k : k + step] = (
            x[k] / a[k, k] if step == 1 else np.linalg.solve(_block(a, k), x[k : k + 2])
        )
        k += step
    k = len(a) - 1
    while k >= 0:
        first = k if pivots[k] > 0 else k - 1
        x[first : k + 1] -= a[k + 1 :, first : k + 1].T @ x[k + 1 :]
        other = abs(pivots[k]) - 1
        x[[k, other]] = x[[other, k]]
        k = first - 1
