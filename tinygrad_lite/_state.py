"""What the current thread is doing, and the clock that numbers everything recorded."""

from __future__ import annotations

from _thread import _local as thread_local  # without threading, which takes 1 ms to import
from collections.abc import Callable
from itertools import count
from typing import Any

__all__ = ["State", "here", "tick"]

tick: Callable[[], int] = count(0, -1).__next__  # atomic, so safe between threads


class State:
    """What a thread is doing: recording gradients or not, watched or not, inside which module."""

    __slots__ = ("grad", "held", "inference", "plain", "scope", "watch")

    def __init__(self) -> None:
        self.grad = True
        self.watch: Callable[..., None] | None = None
        self.scope: Any = None
        self.held: dict[Any, Any] | None = None  # during a gradient check: rows held still
        self.inference = False
        self.plain = True  # gradients on and nobody watching: the one check of the hot path

    def settle(self) -> None:
        """Work out `plain` after a change of `grad` or `watch`."""
        self.plain = self.grad and self.watch is None


class Here(thread_local):
    """The state of the current thread; a new thread starts with gradients on."""

    def __init__(self) -> None:
        self.state = State()

    @property
    def grad(self) -> bool:
        """Whether operations are recorded for differentiation."""
        return self.state.grad

    @grad.setter
    def grad(self, on: bool) -> None:
        self.state.grad = on
        self.state.settle()

    @property
    def watch(self) -> Callable[..., None] | None:
        """A callable that sees (op, operands, settings, result) of every operation, or None."""
        return self.state.watch

    @watch.setter
    def watch(self, watcher: Callable[..., None] | None) -> None:
        self.state.watch = watcher
        self.state.settle()

    @property
    def scope(self) -> Any:
        """The module call in progress, or None."""
        return self.state.scope

    @scope.setter
    def scope(self, call: Any) -> None:
        self.state.scope = call


here = Here()
