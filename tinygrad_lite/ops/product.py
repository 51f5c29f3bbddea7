"""Products and distances that are operations of their own."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._op import op
from .matmul import matmul, swap
from .reduction import divide_or_zero, sum
from .scan import cumprod
from .shape import cat, expand, flip, reshape


@op(kind="linear", dtypes="common")
def block_diag(*xs: Any) -> Any:
    """Matrices along the diagonal, zeros elsewhere."""
    out = np.zeros(
        (np.sum([x.shape[0] for x in xs]), np.sum([x.shape[1] for x in xs])), xs[0].dtype
    )
    row = column = 0
    for x in xs:
        out[row : row + x.shape[0], column : column + x.shape[1]] = x
        row, column = row + x.shape[0], column + x.shape[1]
    return out


@block_diag.joint
def _(g: Any, xs_shape: Any) -> Any:
    parts = []
    row = column = 0
    for rows, columns in xs_shape:
        parts.append(g[row : row + rows, column : column + columns])
        row, column = row + rows, column + columns
    return tuple(parts)


def powers(x: Any, *, count: int, falling: bool) -> Any:
    """1, x, x², ... of every element, `count` of them along a new last axis."""
    ones = np.ones((*x.shape, min(count, 1)), getattr(x.dtype, "numpy", x.dtype))
    column = reshape(x, shape=(*x.shape, 1))
    rest = expand(column, shape=(*x.shape, max(count - 1, 0)))
    rising = cat(ones, cumprod(rest, axis=x.ndim), axis=-1)
    return flip(rising, axis=(x.ndim,)) if falling else rising


@op(label="‖x − y‖")
def euclidean_distances(x: Any, y: Any) -> Any:
    """The distance of every row of `x` to every row of `y`, by one matrix product.

    ‖x‖² + ‖y‖² − 2 x·y, which loses digits where rows are close. Gradient: 0 where they are equal.
    """
    x_square = np.vecdot(x, x)[..., :, None]
    y_square = np.vecdot(y, y)[..., None, :]
    square = x_square + y_square - 2 * np.matmul(x, np.swapaxes(y, -1, -2))
    return np.sqrt(np.maximum(square, 0))


@euclidean_distances.joint
def _(g: Any, x: Any, y: Any, out: Any) -> Any:
    pull = divide_or_zero(g, out)
    by_x = x * sum(pull, axis=-1, keepdims=True) - matmul(pull, y)
    by_y = y * swap(sum(pull, axis=-2, keepdims=True)) - matmul(swap(pull), x)
    return by_x, by_y


__all__ = ["block_diag", "euclidean_distances", "powers"]
