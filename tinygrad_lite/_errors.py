"""Helpers that word errors alike everywhere."""

from __future__ import annotations

from typing import Any

__all__ = ["shape_text", "type_name"]


def type_name(x: Any) -> str:
    """The class name of `x`, as error messages show it."""
    return str(x.__class__.__name__)


def shape_text(shape: tuple[int, ...]) -> str:
    """A shape as torch's messages show it: [2, 3]."""
    return str(list(shape))
