"""The affine map of a matrix of rows.

A batch is mostly thin: 32 rows against a weight of 512 by 128. Before BLAS multiplies it copies
both factors into the order in which its inner loop reads them, and of a transposed weight that
copy takes as long as the product. With the weight as the first factor and the rows transposed the
long copy runs along the memory: (32, 784) by (256, 784) takes 123 microseconds against 190,
(16, 784) by (1000, 784) 320 against 600. The sum with the bias, which is due anyway, writes the
result in the usual order.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import instead_of

__all__ = ["affine", "is_thin", "product"]

# Up to that many elements of a result (and from 32 terms a sum) OpenBLAS copies nothing.
DIRECT = 1200
# To turn a row of the result round costs as much as is gained on three to four terms of the sums.
# Measured in float32; in float64 the product itself takes twice as long, and nothing is gained.
TERMS_A_ROW, ROWS = 4, 96


def is_thin(x: Any, columns: int) -> bool:
    """Whether the product with a weight of so many rows is faster the other way round."""
    rows, terms = x.shape
    fits = 1 < rows <= ROWS and rows * TERMS_A_ROW <= terms
    return fits and rows * columns > DIRECT and x.itemsize == 4


def _product(x: Any, weight: Any) -> Any:
    return x.dot(weight.T)


@instead_of(_product)
def product(x: Any, weight: Any) -> Any:
    """x Wᵀ of matrices (rows, terms) and (columns, terms)."""
    if is_thin(x, len(weight)):
        return np.ascontiguousarray(weight.dot(x.T).T)
    return x.dot(weight.T)


def _affine(x: Any, weight: Any, bias: Any) -> Any:
    return x.dot(weight.T) + bias


@instead_of(_affine)
def affine(x: Any, weight: Any, bias: Any) -> Any:
    """x Wᵀ + b of matrices (rows, terms) and (columns, terms)."""
    rows = len(x)
    if rows > 1 and is_thin(x, len(weight)):
        return np.add(weight.dot(x.T).T, bias, order="C")
    out = x.dot(weight.T)
    if rows == 1:  # one sample: to add vectors takes half the time
        row = out[0]
        row += bias
    else:
        out += bias
    return out
