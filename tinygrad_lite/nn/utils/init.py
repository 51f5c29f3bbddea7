"""Modules without their starting values."""

from __future__ import annotations

from typing import Any

__all__ = ["skip_init"]


def skip_init(module_cls: type[Any], *args: Any, **kwargs: Any) -> Any:
    """A module whose parameters are yet to be filled, such as by `load_state_dict`.

    Differs from PyTorch: the parameters hold their usual starting values, not arbitrary ones.
    """
    return module_cls(*args, **kwargs)
