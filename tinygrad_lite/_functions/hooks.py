"""Hooks on tensors: functions that see gradients as they arrive."""

from __future__ import annotations

import weakref
from typing import Any

from .._nodes import RETAIN, Leaf
from .._state import tick
from ._surface import method

__all__ = ["RemovableHandle"]


class RemovableHandle:
    """What register_hook returns: `remove()` takes the hook away again."""

    def __init__(self, hooks: dict[int, Any]) -> None:
        self.hooks, self.id = hooks, tick()

    def remove(self) -> None:
        """Take the hook away."""
        self.hooks.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exception: object) -> None:
        self.remove()


def _hooks_of(x: Any, action: str) -> Any:
    if x._view is not None:
        x._view.refresh(x)
    if x._node is None:
        raise RuntimeError(f"cannot {action} on a tensor that doesn't require gradient")
    return x._node


@method
def register_hook(self: Any, hook: Any) -> RemovableHandle:
    """Call `hook(grad)` when the gradient is known; what it returns replaces the gradient."""
    node = _hooks_of(self, "register a hook")
    if node.hooks is None:
        node.hooks = {}
    handle = RemovableHandle(node.hooks)
    node.hooks[handle.id] = hook
    return handle


@method
def register_post_accumulate_grad_hook(self: Any, hook: Any) -> RemovableHandle:
    """Call `hook(tensor)` after a leaf's `.grad` was updated."""
    node = _hooks_of(self, "register a hook")
    if node.__class__ is not Leaf:
        raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf tensors")
    if node.after is None:
        node.after = {}
    handle = RemovableHandle(node.after)
    node.after[handle.id] = hook
    return handle


@method
def retain_grad(self: Any) -> None:
    """Keep the gradient of a tensor that is not a leaf in its `.grad`."""
    node = _hooks_of(self, "retain grad")
    if node.__class__ is Leaf or "retain" in self.__dict__:
        return
    self.__dict__["retain"] = True
    node.hooks = {} if node.hooks is None else node.hooks
    node.hooks[RETAIN] = Retainer(self)


class Retainer:
    """The hook behind retain_grad: it runs last, so that it sees what other hooks made."""

    last = True

    def __init__(self, tensor: Any) -> None:
        self.tensor = weakref.ref(tensor)

    def __call__(self, g: Any) -> None:
        tensor = self.tensor()
        if tensor is not None:
            present = tensor._grad
            kept = g.clone() if g.requires_grad else g.detach().clone()
            tensor._grad = kept if present is None else present + kept
