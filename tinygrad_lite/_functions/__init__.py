"""The surface of tensors: PyTorch's functions and methods, by family."""

from __future__ import annotations

from . import (
    activation,
    arithmetic,
    combination,
    compare,
    convert,
    einsum,
    hooks,
    join,
    legacy,
    linalg,
    matmul,
    pointwise,
    product,
    rearrange,
    reduction,
    sampling,
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
    "hooks",
    "join",
    "legacy",
    "linalg",
    "matmul",
    "pointwise",
    "product",
    "rearrange",
    "reduction",
    "sampling",
    "scan",
    "scatter",
    "shape",
    "sorting",
    "special",
]
