"""torch.jit: functions and modules run as they are written."""

from __future__ import annotations

from typing import Any

__all__ = ["export", "ignore", "is_scripting", "is_tracing", "script", "trace", "unused"]


def script(obj: Any, *args: Any, **keywords: Any) -> Any:
    """`obj` unchanged."""
    return obj


def trace(func: Any, example_inputs: Any = None, *args: Any, **keywords: Any) -> Any:
    """`func` unchanged."""
    return func


def ignore(drop: Any = False, **keywords: Any) -> Any:
    """The function unchanged."""
    return drop if callable(drop) else lambda f: f


def export(fn: Any) -> Any:
    """`fn` unchanged."""
    return fn


unused = export


def is_scripting() -> bool:
    """False."""
    return False


def is_tracing() -> bool:
    """False."""
    return False
