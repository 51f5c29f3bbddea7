"""Images: data sets, transforms and grids, with the names of PyTorch's companion package."""

from __future__ import annotations

from . import datasets, transforms, utils

__all__ = ["datasets", "transforms", "utils"]
