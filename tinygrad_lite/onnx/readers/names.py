"""The library's functions under one name, for readers: what users reach as `torch.f`."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from ... import _creation, _random
from ..._functions import NAMES
from ...nn import functional as F

__all__ = ["F", "T"]

T: Any = SimpleNamespace(
    **{name: getattr(_creation, name) for name in _creation.__all__},
    **{name: getattr(_random, name) for name in ("rand", "randn") if hasattr(_random, name)},
)
for _name, _function in NAMES.items():
    setattr(T, _name, _function)
