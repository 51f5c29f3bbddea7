"""The affine map of a matrix of rows.

A batch is mostly thin: 32 rows against a weight of 512 by 128. Before BLAS multiplies it copies
both factors into the order in which its inner loop reads them, and of a transposed weight that
copy takes as long as the product. Two ways round it, in float32 (in float64 the product itself
takes twice as long, and neither gains anything):

In blocks. OpenBLAS multiplies small matrices without a copy, as long as the result is small. So
the result is cut into blocks of columns: 8 rows of 256 by a weight of (1024, 256) take 49
microseconds instead of 170, 16 rows 86 instead of 190.

Turned round. With the weight as the first factor and the rows transposed the long copy runs along
the memory: (32, 784) by (256, 784) takes 123 microseconds instead of 190. The sum with the bias,
which is due anyway, writes the result in the usual order.

On the way back there is no transposed weight, and blocks pay for fewer rows still: 8 rows of 1,024
by (1024, 256) take 43 microseconds instead of 95.

Of many rows and a small weight the blocks are of rows (see `blocks`), and the weight is copied once
into the order that small products like: (128, 256) by (10, 256) takes 12 microseconds instead of
18.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import instead_of
from .blocks import DIRECT_PRODUCTS, tall_times
from .chunks import stretched

__all__ = ["affine", "is_turned", "product", "times"]

DIRECT = 1200  # elements of a result up to which OpenBLAS takes a transposed factor as it lies
# Blocks pay for up to so many rows, and weights of 128 KB or more with sums that are not short.
BLOCK_ROWS, BLOCK_INPUT, LARGE_WEIGHT, SHORT_SUM = 32, 1 << 14, 1 << 15, 48
# To turn a row of the result round costs as much as is gained on three to four terms of the sums.
TERMS_A_ROW, TURNED_ROWS = 4, 96
# From so many rows on a weight of so many elements is worth a copy.
MANY_ROWS, SMALL_WEIGHT = 64, range(1 << 9, 1 << 13)
# Blocks have no fewer columns than this; of longer sums of narrower rows several are seen as one:
# (10000, 10) plus a bias takes 27 microseconds instead of 62.
NARROW, LONG_SUM = 64, 1 << 16


TURNED = -1


def _plan(x: Any, weight: Any) -> int:
    """How many columns of x Wᵀ make a block; 0 for no blocks, TURNED for (W xᵀ)ᵀ."""
    rows, terms = x.shape
    columns = len(weight)
    if not 1 < rows <= TURNED_ROWS or rows * columns <= DIRECT or x.itemsize != 4:
        return 0
    large = terms >= SHORT_SUM and terms * columns >= LARGE_WEIGHT and weight.flags.c_contiguous
    if large and rows <= BLOCK_ROWS and rows * terms <= BLOCK_INPUT:
        width: int = min(DIRECT, DIRECT_PRODUCTS // terms) // rows
        if width >= 16:
            return width - width % 16
    return TURNED if rows * TERMS_A_ROW <= terms else 0


def is_turned(x: Any, weight: Any) -> bool:
    """Whether x Wᵀ is faster as (W xᵀ)ᵀ."""
    return _plan(x, weight) == TURNED


def _multiply_blocks(x: Any, weight: Any, width: int) -> Any:
    columns, terms = weight.shape
    rows, out = len(x), np.empty((len(x), columns), x.dtype)
    count = columns // width
    end = count * width
    blocks = weight[:end].reshape(count, width, terms).swapaxes(1, 2)
    np.matmul(x, blocks, out=out[:, :end].reshape(rows, count, width).swapaxes(0, 1))
    if end < columns:
        np.matmul(x, weight[end:].T, out=out[:, end:])
    return out


def _times_transposed(x: Any, weight: Any) -> Any:
    """X Wᵀ at once, or in blocks of rows."""
    rows, size = len(x), weight.size
    if rows * size > DIRECT_PRODUCTS:
        return tall_times(x, weight.T)
    if rows >= MANY_ROWS and size in SMALL_WEIGHT:
        return x.dot(weight.T.copy())
    return x.dot(weight.T)


def _product(x: Any, weight: Any) -> Any:
    return x.dot(weight.T)


@instead_of(_product)
def product(x: Any, weight: Any) -> Any:
    """x Wᵀ of matrices (rows, terms) and (columns, terms)."""
    plan = _plan(x, weight)
    if plan == TURNED:
        return np.ascontiguousarray(weight.dot(x.T).T)
    return _multiply_blocks(x, weight, plan) if plan else _times_transposed(x, weight)


def _affine(x: Any, weight: Any, bias: Any) -> Any:
    return x.dot(weight.T) + bias


@instead_of(_affine)
def affine(x: Any, weight: Any, bias: Any) -> Any:
    """x Wᵀ + b of matrices (rows, terms) and (columns, terms)."""
    if len(x) == 1:  # one sample: to add vectors takes half the time
        out = x.dot(weight.T)
        row = out[0]
        row += bias
        return out
    plan = _plan(x, weight)
    if plan == TURNED:
        return np.add(weight.dot(x.T).T, bias, order="C")
    out = _multiply_blocks(x, weight, plan) if plan else _times_transposed(x, weight)
    if out.size < LONG_SUM or len(bias) > NARROW:
        out += bias
    else:
        wide, repeated = stretched(out, bias)
        wide += repeated
    return out


BACK_ROWS = 12  # rows up to which blocks pay


def _times(g: Any, weight: Any) -> Any:
    return g.dot(weight)


@instead_of(_times)
def times(g: Any, weight: Any) -> Any:
    """G W of matrices (rows, terms) and (terms, columns)."""
    rows, terms = g.shape
    if rows > BACK_ROWS:
        small = rows * weight.size <= DIRECT_PRODUCTS
        return g.dot(weight) if small else tall_times(g, weight)
    if rows < 2 or g.itemsize != 4 or not weight.flags.c_contiguous:
        return g.dot(weight)
    columns = weight.shape[1]
    width = DIRECT_PRODUCTS // (rows * terms or 1)
    width -= width % 16
    if not NARROW <= width < columns:
        return g.dot(weight)
    out, count = np.empty((rows, columns), g.dtype), columns // width
    end = count * width
    blocks = weight[:, :end].reshape(terms, count, width).swapaxes(0, 1)
    np.matmul(g, blocks, out=out[:, :end].reshape(rows, count, width).swapaxes(0, 1))
    if end < columns:
        np.matmul(g, weight[:, end:], out=out[:, end:])
    return out
