"""The library's functions under one name, for readers: what users reach as `torch.f`."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from ... import _creation, _draws
from ..._functions import NAMES
from ...nn import functional as F

__all__ = ["F", "T"]

T: Any = SimpleNamespace()
for _module in (_creation, _draws):
    for _name in _module.__all__:
        setattr(T, _name, getattr(_module, _name))
for _name, _function in NAMES.items():
    setattr(T, _name, _function)
