"""Products of tall matrices, block by block.

Before BLAS multiplies it copies both factors into the order in which its inner loop reads them.
Of a thousand rows and ten columns that copy takes as long as the product. Small products OpenBLAS
takes as they lie; so a tall matrix is cut into blocks of rows, each of which is small: (10000, 64)
by (64, 10) takes 117 microseconds instead of 299, (10000, 128) by (128, 64) 1.0 ms instead of 1.4,
(36864, 25)ᵀ by (36864, 16) 0.38 ms instead of 0.58.

No small product is divided among BLAS's threads. With several of them the blocks are, where there
are enough; fewer are left to BLAS as one product.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from . import instead_of
from .team import count_threads, is_shared, side_by_side

__all__ = [
    "DIRECT_PRODUCTS",
    "ROOM",
    "parts_of",
    "rows_of_block",
    "shares_of",
    "tall_gram",
    "tall_times",
]

DIRECT_PRODUCTS = 1_000_000  # of two numbers: up to here OpenBLAS takes factors as they lie
# Blocks of fewer rows gain nothing; sums over blocks, which are added up afterwards, want more.
LOW, LOW_SUM = 64, 100
PRODUCTS_A_STEP = 32  # that take as long as a step of a ufunc takes for an element
ROOM = 1 << 18  # elements of products that wait to be added up: 1 MB in float32


def rows_of_block(rows: int, terms: int, columns: int, low: int = LOW) -> int:
    """How many of the `rows` of a product to take at once; 0 for all of them."""
    size = terms * columns
    if rows * size <= DIRECT_PRODUCTS or size * low > DIRECT_PRODUCTS:
        return 0
    return rows // -(-rows * size // DIRECT_PRODUCTS)


def shares_of(count: int, most: int | None = None) -> Iterator[slice]:
    """What each thread takes of `count` blocks; no more than `most` at once."""
    each = max(1, -(-count // count_threads()))
    each = each if most is None else max(1, min(each, most))
    for start in range(0, count, each):
        yield slice(start, min(start + each, count))


def weight_of(products: int) -> int:
    """How many steps of elements so many products of two numbers are worth."""
    return products // PRODUCTS_A_STEP


def _usual(x: Any, step: int, products: int) -> bool:
    """Whether to leave a product to BLAS as a whole."""
    shared = count_threads() == 1 or is_shared(weight_of(products))
    return not step or x.itemsize < 4 or not shared


def _tall_times(x: Any, matrix: Any) -> Any:
    return x.dot(matrix)


@instead_of(_tall_times)
def tall_times(x: Any, matrix: Any) -> Any:
    """X M of matrices (rows, terms) and (terms, columns)."""
    rows, terms = x.shape
    if rows * matrix.size <= DIRECT_PRODUCTS:  # what `rows_of_block` asks first
        return x.dot(matrix)
    columns = matrix.shape[1]
    step = rows_of_block(rows, terms, columns)
    if _usual(x, step, rows * matrix.size):
        return x.dot(matrix)
    matrix = np.ascontiguousarray(matrix)  # transposed it takes half as long again in every block
    out = np.empty((rows, columns), x.dtype)
    count, end = rows // step, rows - rows % step
    blocks, results = x[:end].reshape(count, step, terms), out[:end].reshape(count, step, columns)

    def work(parts: Iterable[slice]) -> None:
        for part in parts:
            np.matmul(blocks[part], matrix, out=results[part])

    side_by_side(shares_of(count), weight_of(rows * matrix.size), work)
    if end < rows:
        np.matmul(x[end:], matrix, out=out[end:])
    return out


def _tall_gram(left: Any, right: Any) -> Any:
    return left.T.dot(right)


@instead_of(_tall_gram)
def tall_gram(left: Any, right: Any) -> Any:
    """Leftᵀ right of matrices (rows, terms) and (rows, columns)."""
    (rows, terms), columns = left.shape, right.shape[1]
    if rows * terms * columns <= DIRECT_PRODUCTS:
        return left.T.dot(right)
    step = rows_of_block(rows, terms, columns, LOW_SUM)
    if _usual(left, step, rows * terms * columns):
        return left.T.dot(right)
    count, end = rows // step, rows - rows % step
    blocks = left[:end].reshape(count, step, terms).swapaxes(1, 2)
    others = right[:end].reshape(count, step, columns)
    shares = list(shares_of(count))
    sums = np.zeros((len(shares), terms, columns), left.dtype)

    def work(parts: Iterable[tuple[int, slice]]) -> None:
        for number, share in parts:
            for part in parts_of(share, terms * columns):
                sums[number] += np.add.reduce(np.matmul(blocks[part], others[part]), axis=0)

    side_by_side(enumerate(shares), weight_of(rows * terms * columns), work)
    total = sums[0] if len(sums) == 1 else np.add.reduce(sums, axis=0)
    if end < rows:
        total += left[end:].T.dot(right[end:])
    return total


def parts_of(share: slice, size: int) -> Iterator[slice]:
    """A share in parts whose products, of `size` elements each, have room side by side."""
    step = max(1, ROOM // size)
    for start in range(share.start, share.stop, step):
        yield slice(start, min(start + step, share.stop))
