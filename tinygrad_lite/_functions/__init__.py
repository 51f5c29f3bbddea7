"""The surface of tensors: PyTorch's functions and methods, by family."""

from __future__ import annotations

from . import (
    arithmetic,
    convert,
    pointwise,
    product,
    reduction,
    scan,
    scatter,
    shape,
    sorting,
)
from ._surface import NAMES

__all__ = [
    "NAMES",
    "arithmetic",
    "convert",
    "pointwise",
    "product",
    "reduction",
    "scan",
    "scatter",
    "shape",
    "sorting",
]
