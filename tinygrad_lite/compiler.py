"""torch.compile and torch.compiler: functions run as they are written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["compile", "disable", "is_compiling", "reset", "set_stance"]


def compile(model: Any = None, **options: Any) -> Any:
    """`model` unchanged; also a decorator with options."""
    return model if model is not None else lambda m: compile(m, **options)


def disable(fn: Any = None, recursive: bool = True) -> Any:
    """`fn` unchanged."""
    return fn if fn is not None else lambda f: disable(f, recursive)


def is_compiling() -> bool:
    """False."""
    return False


def reset() -> None:
    """Nothing to forget."""


class set_stance:  # noqa: N801 - torch's spelling
    """A block or decorator without effect."""

    def __init__(self, stance: str = "default", **options: Any) -> None:
        self.stance = stance

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exception: object) -> None:
        pass

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function unchanged."""
        return function
