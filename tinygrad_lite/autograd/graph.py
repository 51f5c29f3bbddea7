"""The recorded graph and what it keeps: torch.autograd.graph.

Nodes are PyTorch's `grad_fn`; hooks on saved tensors decide in what form values wait for the way
back.  Outside their blocks nothing is slower: the blocks watch the operations that run inside.
"""

from __future__ import annotations

import sys
import threading
import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from .. import _backward, _inplace
from .._functions.hooks import RemovableHandle
from .._nodes import Node as PlainNode, Pick, Recorded, WideNode, make
from .._stamps import stamp
from .._state import here
from .._tensor import Tensor
from .derivatives import GradientEdge
from .function import CallNode
from .node import Packed, attend, maker_of

__all__ = [
    "GradientEdge",
    "Node",
    "allow_mutation_on_saved_tensors",
    "disable_saved_tensors_hooks",
    "get_gradient_edge",
    "increment_version",
    "register_multi_grad_hook",
    "save_on_cpu",
    "saved_tensors_hooks",
    "set_warn_on_accumulate_grad_stream_mismatch",
]

Node = Recorded


def get_gradient_edge(tensor: Tensor) -> GradientEdge:
    """Where the gradient of a tensor enters the graph: for `autograd.grad` and `backward`.

    >>> import tinygrad_lite as torch
    >>> from tinygrad_lite import autograd
    >>> x = torch.ones(2, requires_grad=True)
    >>> y = x * 3
    >>> edge = autograd.graph.get_gradient_edge(y)
    >>> autograd.grad((y * y).sum(), edge)
    (tensor([6., 6.]),)
    """
    if not tensor.requires_grad:
        raise RuntimeError(
            "It is not possible to get the gradient edge for a Tensor that does not require "
            "gradients: call requires_grad_() on it first"
        )
    node: Any = tensor._node
    if node.__class__ is Pick:
        return GradientEdge(node.parent, node.which)
    return GradientEdge(node, 0)


def increment_version(tensor: Tensor | Iterable[Tensor]) -> None:
    """Say that the memory of a tensor was changed by other means, such as NumPy.

    A backward() that would use the old content then raises instead of giving a wrong gradient.
    """
    for one in [tensor] if isinstance(tensor, Tensor) else tensor:
        stamp(one._array, "increment_version")


# Saved tensors


class Here(threading.local):
    """The saved-tensor hooks of this thread: innermost last, and the reason why they are off."""

    def __init__(self) -> None:
        self.hooks: list[Any] = []
        self.disabled: str | None = None


mine = Here()


class saved_tensors_hooks:  # noqa: N801 - torch's spelling
    """A block in which each value kept for backward goes through `pack_hook`.

    backward gets it back through `unpack_hook`.  Only the innermost block's hooks are called.

    >>> import tinygrad_lite as torch
    >>> from tinygrad_lite import autograd
    >>> half = lambda t: t.half(), lambda t: t.float()
    >>> x = torch.ones(2, requires_grad=True)
    >>> with autograd.graph.saved_tensors_hooks(*half):
    ...     y = (x * x).sum()
    >>> y.backward()
    >>> x.grad
    tensor([2., 2.])
    """

    def __init__(
        self, pack_hook: Callable[[Any], Any], unpack_hook: Callable[[Any], Any]
    ) -> None:  # fmt: skip
        self.pack_hook, self.unpack_hook = pack_hook, unpack_hook
        self.watchers: list[Any] = []

    def __enter__(self) -> Any:
        if mine.disabled is not None:
            raise RuntimeError(mine.disabled)
        self.watchers.append(here.watch)
        mine.hooks.append(self)
        here.watch = self._see
        return self

    def __exit__(self, *exception: object) -> None:
        here.watch = self.watchers.pop()
        mine.hooks.pop()

    def _see(self, op: Any, operands: tuple[Any, ...], settings: Any, result: Any) -> None:
        before = here.watch
        here.watch = None
        try:
            if mine.hooks and mine.hooks[-1] is self:
                self._pack_all(result)
            if self.watchers[-1] is not None:
                self.watchers[-1](op, operands, settings, result)
        finally:
            here.watch = before

    def _pack_all(self, result: Any) -> None:
        """Pack what the node of a result keeps."""
        first = result[0] if isinstance(result, tuple) and result else result
        node = maker_of(first._node) if isinstance(first, Tensor) else None
        if node.__class__ is PlainNode:
            node.kx, node.ky = self._packed(node.kx, {}), self._packed(node.ky, {})
        elif node.__class__ is WideNode:
            done: dict[int, Any] = {}
            node.kept = self._packed(node.kept, done)
            node.kept_again = self._packed(node.kept_again, done)
        elif node.__class__ is CallNode:
            node.ctx._saved = tuple(map(self._packed_tensor, node.ctx._saved or ()))
        else:
            return
        attend(node)

    def _packed(self, kept: Any, done: dict[int, Any]) -> Any:
        if kept.__class__ is tuple:
            return tuple(self._packed(k, done) for k in kept)
        if kept.__class__ is not np.ndarray:
            return kept
        if id(kept) not in done:
            copied = np.array(kept) if _within_a_change() else kept
            done[id(kept)] = Packed(self.pack_hook(make(copied, None)), self.unpack_hook)
        return done[id(kept)]

    def _packed_tensor(self, saved: Any) -> Any:
        """What a Function saved, packed."""
        if isinstance(saved, Tensor):
            value = self.pack_hook(make(saved._array, None))
            return Packed(value, self.unpack_hook, (saved._node, None))
        if saved is None or saved.__class__ is Packed:
            return saved
        value = self.pack_hook(make(saved.array, None))
        return Packed(value, self.unpack_hook, (None, saved.which))


def _within_a_change() -> bool:
    """Whether an in-place operation is under way, whose buffer is about to be overwritten."""
    frame: Any = sys._getframe(1)
    code = _inplace.change.__code__
    while frame is not None and frame.f_code is not code:
        frame = frame.f_back
    return frame is not None


class save_on_cpu(saved_tensors_hooks):  # noqa: N801 - torch's spelling
    """A block in which kept values are copies; everything is on the CPU already."""

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        super().__init__(lambda tensor: tensor.clone(), lambda packed: packed)


class allow_mutation_on_saved_tensors(saved_tensors_hooks):  # noqa: N801
    """A block in which tensors kept for backward may be changed in place: copies are kept."""

    def __init__(self) -> None:
        super().__init__(lambda tensor: tensor.clone(), lambda packed: packed)


class disable_saved_tensors_hooks:  # noqa: N801
    """A block in which opening `saved_tensors_hooks` raises a RuntimeError with this message."""

    def __init__(self, error_message: str) -> None:
        self.message = error_message
        self.before: list[str | None] = []

    def __enter__(self) -> None:
        if mine.hooks:
            raise RuntimeError(
                "saved tensor hooks are active already: leave their block before disabling them"
            )
        self.before.append(mine.disabled)
        mine.disabled = self.message

    def __exit__(self, *exception: object) -> None:
        mine.disabled = self.before.pop()


# Hooks on several tensors


def register_multi_grad_hook(
    tensors: Sequence[Tensor], fn: Callable[[Any], None], *, mode: str = "all"
) -> RemovableHandle:
    """Call `fn` once in a backward pass: with all gradients of `tensors`, or with the `any` first.

    With "all" it receives a list, with None for tensors that the pass does not reach.
    """
    if mode not in {"all", "any"}:
        raise ValueError(f"Expects mode to be one of ('all', 'any') but got {mode}")
    watch = (_All if mode == "all" else _Any)(fn, [_node_of(t) for t in tensors])
    handles: list[Any] = [
        any_tensor.register_hook(watch.hook(place)) for place, any_tensor in enumerate(tensors)
    ]
    return _Handles(handles)


def _node_of(tensor: Any) -> Any:
    if not tensor.requires_grad:
        raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
    return tensor._node


class _Handles(RemovableHandle):
    """The handles of several hooks as one."""

    def __init__(self, handles: list[Any]) -> None:
        super().__init__({})
        self.handles = handles

    def remove(self) -> None:
        """Take all hooks away."""
        for handle in self.handles:
            handle.remove()


class _Any:
    """Calls a function with the first gradient of each backward pass."""

    def __init__(self, fn: Callable[[Any], None], nodes: list[Any]) -> None:
        self.fn, self.nodes = fn, nodes
        self.lock = threading.Lock()
        self.walk: Any = lambda: None  # a weak reference to the pass in progress
        self.state: Any = None

    def hook(self, place: int) -> Callable[[Any], None]:
        """The hook of one of the tensors."""

        def note(g: Any) -> None:
            entry = _entry()
            with self.lock:
                if self.walk() is not entry["walk"]:
                    self.walk, self.state = weakref.ref(entry["walk"]), self.begin(entry)
                ready = self.take(place, g)
            if ready is not None:
                self.fn(ready)

        return note

    def begin(self, entry: dict[str, Any]) -> Any:
        """What is kept during a pass."""
        return [False]

    def take(self, place: int, g: Any) -> Any:
        """What the function is called with now; None: nothing."""
        done, self.state[0] = self.state[0], True
        return None if done else g


class _All(_Any):
    """Calls a function once the gradients of all tensors that a backward pass reaches are there."""

    def begin(self, entry: dict[str, Any]) -> Any:
        """Gradients so far, and how many are still to come."""
        if "needed" in entry:
            reached = {_key(n) for found in (entry["needed"], entry["wanted"]) for n in found}
        else:
            reached = _behind([t._node for t in entry["tensors"]])
        return [[None] * len(self.nodes), sum(_key(n) in reached for n in self.nodes)]

    def take(self, place: int, g: Any) -> Any:
        """All gradients when the last one has come."""
        found = self.state[0]
        found[place] = g
        self.state[1] -= 1
        if self.state[1]:
            return None
        self.state = None
        return found


ENTRIES = {_backward.backward_from.__code__, _backward.gradients_of.__code__}


def _entry() -> dict[str, Any]:
    """The variables of the backward pass in progress, which knows the results it started from."""
    frame: Any = sys._getframe(2)
    while frame.f_code not in ENTRIES:
        frame = frame.f_back
    return frame.f_locals  # type: ignore[no-any-return]


def _key(node: Any) -> Any:
    return (id(node.parent), node.which) if node.__class__ is Pick else id(node)


def _behind(roots: list[Any]) -> set[Any]:
    """The keys of all nodes behind some."""
    stack, seen = list(roots), {_key(n) for n in roots}
    while stack:
        for parent, _ in stack.pop().edges():
            if _key(parent) not in seen:
                seen.add(_key(parent))
                stack.append(parent)
    return seen


def set_warn_on_accumulate_grad_stream_mismatch(enabled: bool) -> None:
    """Do nothing: there are no streams on the CPU."""
