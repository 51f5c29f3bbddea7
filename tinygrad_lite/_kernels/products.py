"""Sums of matrix products that are multiplied together.

A weight that every step of a loop uses receives one product of gradients and inputs from each.
Of thin factors, 32 rows for a weight of 512 by 128, such a product takes 42 microseconds and its
sum with the earlier ones 6; of the factors of eight steps, one below the other, 29 a step; and
with one row a step 2 against 25.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import PLAIN
from .blocks import DIRECT_PRODUCTS, tall_gram

__all__ = ["Products", "product_of"]

THIN, SIZE = 128, 16_384  # rows up to which, and elements from which, it pays to wait
ROWS = 256  # that many are multiplied at once: more gain nothing and would take memory


class Products:
    """The matrix Σ leftᵀ right over pairs of matrices, most of them not yet multiplied.

    Only the gradient of a leaf stays like this while the walk goes on. Sums with other pairs are
    taken in place; NumPy sees an array wherever it asks for one.
    """

    __slots__ = ("dtype", "lefts", "rights", "rows", "shape", "total")
    ndim = 2

    def __init__(self, left: Any, right: Any) -> None:
        self.shape, self.dtype = (left.shape[1], right.shape[1]), left.dtype
        self.lefts, self.rights, self.rows = [left], [right], len(left)
        self.total: Any = None

    def __add__(self, other: Any) -> Any:
        if other.__class__ is not Products or other.total is not None:  # somebody has looked
            return self.__array__() + np.asarray(other)
        self.lefts += other.lefts
        self.rights += other.rights
        self.rows += other.rows
        if self.rows >= ROWS:
            self._multiply()
        return self

    __radd__ = __add__

    def _multiply(self) -> None:
        lefts, rights = self.lefts, self.rights
        if len(lefts) == 1:
            made = tall_gram(lefts[0], rights[0])
        else:
            made = tall_gram(np.concatenate(lefts), np.concatenate(rights))
        self.total = made if self.total is None else np.add(self.total, made, out=self.total)
        self.lefts, self.rights, self.rows = [], [], 0

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        """The sum; it is multiplied once and then kept."""
        if self.lefts:
            self._multiply()
        total = self.total
        return total if dtype is None or total.dtype == dtype else total.astype(dtype)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **settings: Any) -> Any:
        """Compute with the sum."""
        arrays = (x.__array__() if isinstance(x, Products) else x for x in inputs)
        return getattr(ufunc, method)(*arrays, **settings)


def product_of(left: Any, right: Any) -> Any:
    """leftᵀ right: an array, or for thin factors something that becomes one."""
    rows, size = len(left), left.shape[1] * right.shape[1]
    if PLAIN or rows > THIN or size < SIZE:
        return left.T.dot(right) if rows * size <= DIRECT_PRODUCTS else tall_gram(left, right)
    return Products(left, right)
