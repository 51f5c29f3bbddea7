"""Modules without their starting values."""

from __future__ import annotations

import inspect
from typing import Any

from ..modules.module import Module

__all__ = ["skip_init"]


def skip_init(module_cls: type[Any], *args: Any, **kwargs: Any) -> Any:
    """A module whose parameters are yet to be filled, such as by `load_state_dict`.

    Differs from PyTorch: the parameters hold their usual starting values, not arbitrary ones.
    """
    if not issubclass(module_cls, Module):
        raise RuntimeError(f"Expected a Module; got {module_cls}")  # noqa: TRY004 - PyTorch's
    if "device" not in inspect.signature(module_cls).parameters:
        raise RuntimeError(
            "Module must support a 'device' arg to skip initialization: "
            f"{module_cls.__name__} does not"
        )
    return module_cls(*args, **kwargs)
