"""Functions that a watcher may take as one step, instead of the operations they consist of.

A functional that computes places or statistics in plain NumPy leaves no record of how they came
about. Whoever records a run for use elsewhere (`onnx.export`) takes such a call whole.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from ._state import here

__all__ = ["composite"]

F = TypeVar("F", bound=Callable[..., Any])


def composite(function: F) -> F:
    """`function`, offered to the watcher in force, where that takes whole calls."""

    @functools.wraps(function)
    def call(*args: Any, **keywords: Any) -> Any:
        watch = here.state.watch
        if watch is None:
            return function(*args, **keywords)
        whole = getattr(watch, "take_call", None)
        if whole is None:
            return function(*args, **keywords)
        return whole(function, args, keywords)

    return call  # type: ignore[return-value]
