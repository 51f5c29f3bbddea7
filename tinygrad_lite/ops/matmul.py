"""Matrix products."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._op import op
from .shape import reshape, transpose


def swap(x: Any) -> Any:
    """The last two axes exchanged: the transpose of every matrix in a stack."""
    order = tuple(range(x.ndim - 2))
    return transpose(x, axes=(*order, x.ndim - 1, x.ndim - 2))


def _rows(x: Any) -> Any:
    """A stack of matrices as one long matrix."""
    return reshape(x, shape=(math.prod(x.shape[:-1]), x.shape[-1]))


@op(kind="bilinear", label="@", onnx="MatMul", dtypes="same", formula="g yᵀ, xᵀ g")
def matmul(x: Any, y: Any) -> Any:
    """NumPy's matrix product: vectors, matrices and stacks of matrices that broadcast."""
    if x.ndim == y.ndim <= 2:
        return x.dot(y)  # half the overhead of matmul on small operands
    return np.matmul(x, y)


@matmul.rule
def _(g: Any, y: Any, x_shape: tuple[int, ...]) -> Any:
    if y.ndim == 1:  # out = x @ y is one dimension short: g gets it back
        return reshape(g, shape=(*g.shape, 1)) * y if len(x_shape) > 1 else g * y
    if len(x_shape) == 1:
        if y.ndim == 2:
            return matmul(y, g)
        g = reshape(g, shape=(*g.shape[:-1], 1, g.shape[-1]))
        rows = matmul(g, swap(y))
        return reshape(rows, shape=(*rows.shape[:-2], rows.shape[-1]))
    if g.__class__ is np.ndarray and g.ndim == y.ndim == 2:
        return g.dot(y.T)
    return matmul(g, swap(y))


@matmul.rule
def _(g: Any, x: Any, y_shape: tuple[int, ...]) -> Any:
    if g.__class__ is np.ndarray and g.ndim == x.ndim == 2:
        return x.T.dot(g)
    if x.ndim == 1 and len(y_shape) == 1:
        return g * x
    if x.ndim == 1:
        return reshape(x, shape=(x.shape[0], 1)) * reshape(g, shape=(*g.shape[:-1], 1, g.shape[-1]))
    if len(y_shape) == 1:
        rows = math.prod(x.shape[:-1])
        return matmul(reshape(g, shape=(rows,)), reshape(x, shape=(rows, x.shape[-1])))
    if x.ndim > len(y_shape) == 2:
        rows = math.prod(x.shape[:-1])
        x = reshape(x, shape=(rows, x.shape[-1]))
        g = reshape(g, shape=(rows, g.shape[-1]))
    return matmul(swap(x), g)


@op(kind="bilinear", label="xᵀ@", dtypes="same", formula="y gᵀ, x g")
def matmul_transposed(x: Any, y: Any) -> Any:
    """Xᵀ y of matrices (n, a) and (n, b): how the weight of a linear map gets its gradient.

    One operation instead of two where that gradient is itself differentiated.
    """
    return x.T.dot(y)


@matmul_transposed.rule
def _(g: Any, y: Any) -> Any:
    return y.dot(g.T) if g.__class__ is np.ndarray else matmul(y, swap(g))


@matmul_transposed.rule
def _(g: Any, x: Any) -> Any:
    return matmul(x, g)


__all__ = ["matmul", "matmul_transposed", "swap"]
