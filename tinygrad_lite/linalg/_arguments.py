"""Checks and small conversions that the functions of this package share."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._dtypes import of
from .._functions._dims import legacy_name
from .._functions._surface import surface
from .._nodes import make
from .._tensor import Tensor

__all__ = [
    "constant", "legacy_name", "need_floating", "need_matrix", "need_same_dtype", "need_square",
    "need_tensors", "published",
]  # fmt: skip


def published(function: Any) -> Any:
    """Give a function of torch.linalg what all functions have: `out=` and other spellings."""
    return surface(function, top=False, method=False)


def constant(array: Any) -> Any:
    """A tensor without history around an array."""
    return make(np.asarray(array), None)


def need_tensors(name: str, **operands: Any) -> None:
    """Raise torch's TypeError unless every operand is a tensor."""
    for position, (argument, value) in enumerate(operands.items(), 1):
        if not isinstance(value, Tensor):
            raise TypeError(
                f"{name.replace('.', '_')}(): argument '{argument}' (position {position}) must be "
                f"Tensor, not {type(value).__name__}"
            )


def need_matrix(name: str, x: Any, argument: str = "A") -> None:
    """Raise unless `x` is a tensor of at least two dimensions."""
    need_tensors(name, **{argument: x})
    if x._array.ndim < 2:
        raise RuntimeError(
            f"{name}: The input tensor {argument} must have at least 2 dimensions, "
            f"got shape {list(x._array.shape)}."
        )


def need_square(name: str, x: Any, argument: str = "A") -> None:
    """Raise unless `x` holds square matrices."""
    need_matrix(name, x, argument)
    rows, columns = x._array.shape[-2:]
    if rows != columns:
        raise RuntimeError(
            f"{name}: {argument} must be batches of square matrices, "
            f"but they are {rows} by {columns} matrices"
        )


def need_floating(name: str, x: Any) -> None:
    """Raise unless `x` has a floating-point type."""
    if x._array.dtype.kind != "f":
        raise RuntimeError(
            f"{name}: Expected a floating point or complex tensor as input. "
            f"Got {legacy_name(x)}: convert it with .float()"
        )


def need_same_dtype(name: str, x: Any, y: Any) -> None:
    """Raise unless both tensors have the same type."""
    if x._array.dtype != y._array.dtype:
        raise RuntimeError(
            f"{name}: Expected A and B to have the same dtype, but found "
            f"{of(x._array.dtype)!r} and {of(y._array.dtype)!r} instead"
        )
