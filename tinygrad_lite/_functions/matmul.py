"""The matrix product: `a @ b` and torch.matmul."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._nodes import make
from .._tensor import NUMPY_FUNCTIONS, Tensor
from ..ops import matmul as products
from ._surface import need_tensor, surface

__all__ = ["multiply"]


@surface
def matmul(input: Any, other: Any) -> Any:
    """The matrix product of vectors, matrices and stacks of matrices that broadcast.

    Shapes: (n) (n) -> (); (m, n) (n) -> (m); (..., m, n) (..., n, p) -> (..., m, p).
    """
    need_tensor("matmul", other, "other", 2)
    return multiply(input, other)


def multiply(x: Tensor, y: Tensor) -> Any:
    """The matrix product of two tensors, with errors that say what does not fit."""
    a, b = x._array.shape, y._array.shape
    if not a or not b:
        raise RuntimeError(
            f"both arguments to matmul need to be at least 1D, but they are {len(a)}D and {len(b)}D"
        )
    if a[-1] != b[-2 if len(b) > 1 else 0]:
        raise RuntimeError(_mismatch(a, b))
    try:
        return products.matmul.run(x, y)
    except ValueError:
        raise RuntimeError(
            f"the stacks of matrices {list(a)} and {list(b)} do not broadcast: the size of "
            "tensor a must match the size of tensor b in every leading dimension, or be 1"
        ) from None


def _mismatch(a: tuple[int, ...], b: tuple[int, ...]) -> str:
    """Why two shapes cannot be multiplied, in torch's words, and what might be meant."""
    if len(a) == len(b) == 1:
        return (
            "inconsistent tensor size, expected tensor "
            f"[{a[0]}] and src [{b[0]}] to have the same number of elements"
        )
    rows, columns = (a if len(a) > 1 else (1, *a))[-2:], (b if len(b) > 1 else (*b, 1))[-2:]
    text = (
        f"mat1 and mat2 shapes cannot be multiplied ({rows[0]}x{rows[1]} and "
        f"{columns[0]}x{columns[1]}): inner sizes {rows[1]} and {columns[0]} differ"
    )
    if rows[1] == columns[1] and len(b) > 1:
        text += f"; a @ b.mT would give ({rows[0]}, {columns[0]})"
    return text


def _operator(x: Any, y: Any) -> Any:
    if isinstance(y, np.ndarray):
        y = _wrapped(y)
    return multiply(x, y) if isinstance(y, Tensor) else NotImplemented


def _reflected(y: Any, x: Any) -> Any:
    if isinstance(x, np.ndarray):
        x = _wrapped(x)
    return multiply(x, y) if isinstance(x, Tensor) else NotImplemented


def _wrapped(array: Any) -> Any:
    return make(array, None)


setattr(Tensor, "__matmul__", _operator)  # noqa: B010 - typed as fixed
setattr(Tensor, "__rmatmul__", _reflected)  # noqa: B010
NUMPY_FUNCTIONS[np.matmul] = matmul
NUMPY_FUNCTIONS[np.dot] = matmul
