"""Switching the recording of gradients off and on: for the current thread, in a block."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from .._state import here

__all__ = [
    "enable_grad",
    "inference_mode",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "no_grad",
    "set_grad_enabled",
]


class _Mode:
    """A context manager and decorator that sets whether gradients are recorded."""

    on = False

    def __init__(self) -> None:
        self.before: list[bool] = []

    def __enter__(self) -> Any:
        state = here.state
        self.before.append(state.grad)
        state.grad = self.on
        state.plain = self.on and state.watch is None
        return self

    def __exit__(self, *exception: object) -> None:
        state = here.state
        state.grad = before = self.before.pop()
        state.plain = before and state.watch is None

    def _fresh(self) -> _Mode:
        """A mode of the same kind for one call of a decorated function."""
        return self.__class__()

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        if inspect.isclass(function):
            setattr(function, "__init__", self(function.__init__))  # noqa: B010 - typed as fixed
            return function
        if inspect.isgeneratorfunction(function):
            return _stepwise(function, self._fresh)

        @functools.wraps(function)
        def call(*args: Any, **keywords: Any) -> Any:
            with self._fresh():
                return function(*args, **keywords)

        return call


def _stepwise(function: Callable[..., Any], mode: Callable[[], _Mode]) -> Callable[..., Any]:
    """Wrap a generator function: the mode holds inside its steps and not between them."""

    @functools.wraps(function)
    def call(*args: Any, **keywords: Any) -> Any:
        generator = function(*args, **keywords)
        with mode():
            try:
                item = next(generator)
            except StopIteration as end:
                return end.value
        while True:
            try:
                sent = yield item
            except GeneratorExit:
                with mode():
                    generator.close()
                raise
            except BaseException as error:  # noqa: BLE001 - handed on to the generator
                step = functools.partial(generator.throw, error)
            else:
                step = functools.partial(generator.send, sent)
            with mode():
                try:
                    item = step()
                except StopIteration as end:
                    return end.value

    return call


class no_grad(_Mode):  # noqa: N801 - torch's spelling
    """Record no gradients: `with torch.no_grad():`, or as a decorator."""

    def __new__(cls, function: Any = None) -> Any:
        """A mode, or the function that is decorated without parentheses."""
        made = super().__new__(cls)
        if function is None:
            return made
        made.__init__()  # type: ignore[misc]
        return made(function)

    def __init__(self, function: Any = None) -> None:
        super().__init__()


class enable_grad(no_grad):  # noqa: N801
    """Record gradients again inside a `no_grad` block."""

    on = True


class set_grad_enabled(_Mode):  # noqa: N801
    """Record gradients or not, from now on, or in a block."""

    def __init__(self, mode: bool) -> None:
        super().__init__()
        self.on = bool(mode)
        self.before.append(here.state.grad)
        here.grad = self.on

    def __enter__(self) -> Any:
        here.grad = self.on
        return self

    def __exit__(self, *exception: object) -> None:
        here.grad = self.before[-1]

    def _fresh(self) -> _Mode:
        return set_grad_enabled(self.on)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Decorate a function: the mode holds in its calls."""
        here.grad = self.before[-1]  # as a decorator it changes nothing by being made
        return super().__call__(function)


class inference_mode(_Mode):  # noqa: N801
    """Record no gradients; `inference_mode(False)` changes nothing."""

    def __new__(cls, mode: Any = True) -> Any:
        """A mode, or the function that is decorated without parentheses."""
        made = super().__new__(cls)
        if isinstance(mode, bool):
            return made
        made.__init__()  # type: ignore[misc]
        return made(mode)

    def __init__(self, mode: Any = True) -> None:
        super().__init__()
        self.mode = mode if isinstance(mode, bool) else True

    def __enter__(self) -> Any:
        state = here.state
        self.before.append(state.grad)
        if self.mode:
            here.grad = False
        return self

    def _fresh(self) -> _Mode:
        return inference_mode(self.mode)


def is_grad_enabled() -> bool:
    """Whether gradients are being recorded in this thread."""
    return here.state.grad


def is_inference_mode_enabled() -> bool:
    """Whether an `inference_mode` block is open; here it is the same as `no_grad`."""
    return here.state.inference
