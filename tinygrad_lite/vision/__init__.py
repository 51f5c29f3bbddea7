"""Images: data sets, transforms, networks, grids, with PyTorch's companion package's names."""

from __future__ import annotations

import importlib
from typing import Any

from . import datasets, transforms, utils

__all__ = ["datasets", "models", "transforms", "utils"]


def __getattr__(name: str) -> Any:
    """Import `models` when it is first asked for."""
    if name == "models":
        return importlib.import_module(".models", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
