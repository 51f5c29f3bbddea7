"""The surface of tensors: PyTorch's functions and methods, by family."""

from __future__ import annotations

from . import (
    activation,
    arithmetic,
    combination,
    compare,
    convert,
    einsum,
    linalg,
    matmul,
    pointwise,
    product,
    reduction,
    scan,
    scatter,
    shape,
    sorting,
    special,
)
from ._surface import NAMES

__all__ = [
    "NAMES",
    "activation",
    "arithmetic",
    "combination",
    "compare",
    "convert",
    "einsum",
    "linalg",
    "matmul",
    "pointwise",
    "product",
    "reduction",
    "scan",
    "scatter",
    "shape",
    "sorting",
    "special",
]
