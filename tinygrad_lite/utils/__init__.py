"""Helpers around training: data loading, hooks."""

from __future__ import annotations

import importlib
from typing import Any

from . import hooks

__all__ = ["data", "hooks"]


def __getattr__(name: str) -> Any:
    """Import the rest when it is first asked for: optimizers need only the hooks."""
    if name in {"benchmark", "checkpoint", "data", "dlpack", "model_zoo", "tensorboard"}:
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
