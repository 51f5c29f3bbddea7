"""The surface of tensors: PyTorch's functions and methods, by family."""

from __future__ import annotations

from . import arithmetic, pointwise, reduction, scan
from ._surface import NAMES

__all__ = ["NAMES", "arithmetic", "pointwise", "reduction", "scan"]
