"""Broadcasting and its undoing on arrays: half of all rules end in one of the two.

Small arrays are filled rather than viewed: `np.broadcast_to` takes 3 microseconds, a new array of
a thousand elements 0.4.  Column sums go to BLAS as a product with ones: (128, 256) in 2.4
microseconds against 6.3 of `np.add.reduce`, which runs through the rows one by one.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from . import instead_of
from .reduction import total

__all__ = ["TALL", "column_sums", "fold", "ones", "shares", "spread"]

SMALL = 4096  # elements up to which a filled array is cheaper than a view
TALL = 4096  # rows beyond which BLAS's running sums lose digits that sums of blocks keep
ONES: dict[tuple[int, Any], Any] = {}
SHARES: dict[tuple[int, Any], Any] = {}
ROOM, LONGEST = 64, 8192  # rows that are kept of each kind: at most 2 MB in float32


def _spread(x: Any, shape: tuple[int, ...]) -> Any:
    return np.broadcast_to(x, shape)


@instead_of(_spread)
def spread(x: Any, shape: tuple[int, ...]) -> Any:
    """`x` repeated to `shape`, to be read only."""
    if math.prod(shape) > SMALL:
        return np.broadcast_to(x, shape)
    out = np.empty(shape, x.dtype)
    out[...] = x
    return out


def ones(count: int, dtype: Any) -> Any:
    """A row of ones, kept for the next time; to be read only."""
    found = ONES.get((count, dtype))
    return _keep(ONES, count, dtype, 1) if found is None else found


def shares(count: int, dtype: Any) -> Any:
    """A row of 1 / count, whose product with a row is its mean; kept like `ones`."""
    found = SHARES.get((count, dtype))
    return _keep(SHARES, count, dtype, 1 / max(1, count)) if found is None else found


def _keep(rows: dict[tuple[int, Any], Any], count: int, dtype: Any, value: float) -> Any:
    made = np.full(count, value, dtype)
    if len(rows) < ROOM and count <= LONGEST:
        rows[count, dtype] = made
    return made


def _column_sums(x: Any) -> Any:
    if x.dtype == np.float16:  # summed in float32, as everywhere
        return _column_sums(x.astype(np.float32)).astype(x.dtype)
    return total(x, 0, keepdims=False)


@instead_of(_column_sums)
def column_sums(x: Any) -> Any:
    """The sums of the columns of a matrix of floats."""
    rows = x.shape[0]
    if rows > TALL or x.dtype.itemsize < 4:
        return _column_sums(x)
    return ones(rows, x.dtype).dot(x)


def _fold(x: Any, shape: tuple[int, ...]) -> Any:
    if x.dtype == np.float16:
        return _fold(x.astype(np.float32), shape).astype(x.dtype)
    for _ in range(x.ndim - len(shape)):
        x = total(x, 0, keepdims=False)
    for axis, n in enumerate(shape):
        if n == 1 and x.shape[axis] != 1:
            x = total(x, axis, keepdims=True)
    return x


@instead_of(_fold)
def fold(x: Any, shape: tuple[int, ...]) -> Any:
    """Sum over the axes along which `shape` was broadcast to the shape of `x`."""
    if x.dtype.kind != "f":
        return _fold(x, shape)
    if x.dtype == np.float16:
        return fold(x.astype(np.float32), shape).astype(x.dtype)
    lead = x.ndim - len(shape)
    if not shape:
        return np.add.reduce(x, axis=None)
    if lead and x.shape[lead:] == shape and (lead == 1 == len(shape) or x.flags.c_contiguous):
        rows = math.prod(x.shape[:lead])
        return column_sums(x.reshape(rows, math.prod(shape))).reshape(shape)
    return _fold(x, shape)
