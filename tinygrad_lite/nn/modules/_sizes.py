"""Settings that may be one number or one for each spatial dimension."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import repeat
from typing import Any

__all__ = ["sizes"]


def sizes(given: Any, dims: int) -> tuple[Any, ...]:
    """`given` for each of `dims` dimensions: repeated when it is one number."""
    if isinstance(given, Iterable):
        return tuple(given)
    return tuple(repeat(given, dims))
