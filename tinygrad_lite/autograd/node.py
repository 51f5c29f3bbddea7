"""What PyTorch's `grad_fn` offers beyond the edges: hooks, metadata, saved values.

Few programs ask for them, so plain nodes have no room for them.  A node that somebody attends to
changes its class to one of the same layout, whose pull-back runs the hooks and opens packed
values; what belongs to it lies beside the hooks of its tensor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from .._functions.hooks import RemovableHandle
from .._nodes import FREED, Leaf, Node, Pick, Recorded, WideNode, make
from .._stamps import NEWEST
from .._tensor import Tensor
from .._walk import check_kept, free, pulled
from .function import CallNode

__all__ = ["AttendedCall", "AttendedNode", "AttendedWide", "Packed", "attend", "maker_of"]


class Extras:
    """What belongs to an attended node; it lies in `node.hooks` and lets gradients pass."""

    last = 2  # after the tensor's own hooks and that of retain_grad

    def __init__(self) -> None:
        self.before: dict[int, Any] = {}
        self.behind: dict[int, Any] = {}
        self.metadata: dict[Any, Any] = {}
        self.incoming: tuple[Any, ...] = ()
        self.on_leaf = False

    def __call__(self, g: Any) -> Any:
        if not self.on_leaf:
            return None
        (g,) = self.incoming = self.replaced((g,))
        return g

    def replaced(self, gradients: tuple[Any, ...]) -> tuple[Any, ...]:
        """The incoming gradients after the hooks that may replace them."""
        for hook in tuple(self.before.values()):
            found = hook(gradients)
            if found is not None:
                gradients = _same_count(found, gradients)
        return gradients

    def result(self, found: tuple[Any, ...]) -> tuple[Any, ...]:
        """The outgoing gradients after the hooks that may replace them."""
        for hook in tuple(self.behind.values()):
            changed = hook(found, self.incoming)
            if changed is not None:
                found = _same_count(changed, found)
        return found


def _same_count(given: Any, expected: tuple[Any, ...]) -> tuple[Any, ...]:
    found: tuple[Any, ...] = (given,) if isinstance(given, Tensor) else tuple(given)
    if len(found) != len(expected):
        raise RuntimeError(
            f"a hook has returned an incorrect number of values (got {len(found)}, but expected "
            f"{len(expected)})"
        )
    return found


EXTRAS = 2  # clocks are never positive: this key in `node.hooks` is nobody else's


def maker_of(node: Any) -> Any:
    """The operation behind a node, which may be one of its results."""
    return node.parent if node.__class__ is Pick else node


def _extras(node: Any) -> Extras:
    """What belongs to a node, made at the first use."""
    node = maker_of(node)
    if node.hooks is None:
        node.hooks = {}
    if EXTRAS not in node.hooks:
        node.hooks[EXTRAS] = Extras()
        node.hooks[EXTRAS].on_leaf = node.__class__ is Leaf
    return node.hooks[EXTRAS]  # type: ignore[no-any-return]


def attend(node: Any) -> Extras:
    """Let a node run hooks and open packed values from now on."""
    node = maker_of(node)
    attended = ATTENDED.get(node.__class__)
    if attended is not None:
        node.__class__ = attended
    return _extras(node)


# Packed values


class Packed:
    """A kept value as a pack hook left it."""

    __slots__ = ("node", "unpack", "value")

    def __init__(self, value: Any, unpack: Callable[[Any], Any], node: Any = None) -> None:
        self.value, self.unpack, self.node = value, unpack, node

    def open(self) -> Any:
        """The array again."""
        found = self.unpack(self.value)
        if not isinstance(found, Tensor):
            raise TypeError(
                "Output of saved tensor unpack_hook expected to be a Tensor but got result of type "
                f"{type(found)}"
            )
        return found._array


def _opened(kept: Any) -> Any:
    if kept.__class__ is tuple:
        return tuple(map(_opened, kept))
    return kept.open() if kept.__class__ is Packed else kept


# Nodes of the same layout that pull by themselves


def _pull(node: Any, g: Any, create_graph: bool, plain: type, slots: tuple[str, ...]) -> Any:
    """Gradients for all operands, with the hooks around and the kept values opened."""
    extras = _extras(node)
    several = node.results > 0
    if extras.before or extras.behind:
        parts = list(g) if several else [g]
        shown = [i for i in range(len(parts)) if not several or _is_float(node.dtype[i])]
        extras.incoming = extras.replaced(tuple(_as_tensor(parts[i]) for i in shown))
        for i, part in zip(shown, extras.incoming, strict=True):
            parts[i] = _as_given(part, create_graph)
        g = parts if several else parts[0]
    double = _opened_copy(node, plain, slots)
    if node.clock > NEWEST[0]:
        check_kept(double)
    by_parent = pulled(double, g, create_graph, origin=node)
    found = _in_order(node, by_parent)
    if extras.behind:
        changed = extras.result(tuple(map(_as_tensor, found)))
        found = tuple(_as_given(part, create_graph) for part in changed)
    extras.incoming = ()
    return found


def _opened_copy(node: Any, plain: type, slots: tuple[str, ...]) -> Any:
    """A plain node with the opened values; the node itself may be walked by other threads."""
    double: Any = object.__new__(plain)
    for layout in plain.__mro__:
        for slot in getattr(layout, "__slots__", ()):
            if slot != "__weakref__":
                setattr(double, slot, getattr(node, slot))
    for slot in slots:
        setattr(double, slot, _opened(getattr(node, slot)))
    return double


def _in_order(node: Any, by_parent: list[Any]) -> tuple[Any, ...]:
    """Gradients by operand; operands without one have None."""
    gradients = iter(by_parent)
    found: list[Any] = []
    waiting = next(gradients, None)
    for parent in node.parents:
        if waiting is not None and parent is waiting[0]:
            found.append(waiting[1])
            waiting = next(gradients, None)
        else:
            found.append(None)
    return tuple(found)


def _as_tensor(g: Any) -> Any:
    return g if g is None or isinstance(g, Tensor) else make(g, None)


def _is_float(dtype: Any) -> bool:
    return dtype is not None and dtype.kind == "f"


def _as_given(g: Any, as_tensor: bool) -> Any:
    return g._array if isinstance(g, Tensor) and not as_tensor else g


class AttendedNode(Node):
    """A plain node that is attended to."""

    __slots__ = ()
    results = 0

    @property
    def parents(self) -> tuple[Any, ...]:
        """The nodes of the operands."""
        return (self.x, self.y)

    @property
    def shapes(self) -> tuple[Any, ...]:
        """The shapes of the operands; None where no axis was repeated."""
        return self.sx, self.sy

    def pull(self, g: Any, create_graph: bool) -> Any:
        """Gradients for the operands."""
        return _pull(self, g, create_graph, Node, ("kx", "ky"))

    def release(self) -> None:
        """Let go of what is kept."""
        free(self, Node)


class AttendedWide(WideNode):
    """A node of any number of operands that is attended to."""

    __slots__ = ()

    def pull(self, g: Any, create_graph: bool) -> Any:
        """Gradients for the operands."""
        return _pull(self, g, create_graph, WideNode, ("kept", "kept_again"))

    def release(self) -> None:
        """Let go of what is kept."""
        free(self, WideNode)


class AttendedCall(CallNode):
    """A call of a Function that is attended to."""

    __slots__ = ()

    def pull(self, g: Any, create_graph: bool) -> Any:
        """Gradients for the inputs."""
        return _pull(self, g, create_graph, CallNode, ())

    def release(self) -> None:
        """Let go of what is kept."""
        CallNode.release(self)


ATTENDED: dict[type, type] = {
    Node: AttendedNode, WideNode: AttendedWide, CallNode: AttendedCall,
}  # fmt: skip


# What grad_fn offers


def register_hook(self: Any, fn: Callable[[Any, Any], Any]) -> RemovableHandle:
    """Call `fn(grad_inputs, grad_outputs)` after the gradients for the operands are worked out.

    What it returns replaces them.  On the accumulation of a leaf it runs after `.grad` is updated.
    """
    if self.__class__ is Leaf:
        return _hook_on_leaf(self, fn)
    handle = RemovableHandle(attend(self).behind)
    handle.hooks[handle.id] = fn
    return handle


def _hook_on_leaf(leaf: Leaf, fn: Callable[[Any, Any], Any]) -> RemovableHandle:
    extras = _extras(leaf)
    leaf.after = {} if leaf.after is None else leaf.after
    handle = RemovableHandle(leaf.after)
    leaf.after[handle.id] = lambda _: fn((), extras.incoming)
    return handle


def register_prehook(self: Any, fn: Callable[[Any], Any]) -> RemovableHandle:
    """Call `fn(grad_outputs)` before the node is served; what it returns replaces them."""
    handle = RemovableHandle(attend(self).before)
    handle.hooks[handle.id] = fn
    return handle


class OutputMetadata(NamedTuple):
    """Shape and type of one result of a node."""

    shape: tuple[int, ...]
    dtype: Any


def _results(node: Any) -> list[OutputMetadata]:
    node = maker_of(node)
    if node.__class__ is Leaf:
        array = node.variable._array
        return [OutputMetadata(array.shape, array.dtype)]
    if getattr(node, "results", 0):
        return [OutputMetadata(*pair) for pair in zip(node.shape, node.dtype, strict=True)]
    return [OutputMetadata(node.shape, node.dtype)]


def _saved(node: Any, what: str, which: Any) -> Any:
    """A kept value as a tensor, by where it comes from."""
    node = maker_of(node)
    for rule, kept in _kept_by_rule(node):
        for source, value in zip(rule.sources, kept, strict=False):
            if (source.what, source.which) == (what, which):
                if value is FREED:
                    raise RuntimeError(
                        "Trying to access saved tensors after they have already been freed: call "
                        "backward(retain_graph=True)"
                    )
                return _as_tensor(_opened(value))
    raise AttributeError(f"{node.name()} keeps no such value")


def _kept_by_rule(node: Any) -> list[tuple[Any, tuple[Any, ...]]]:
    """Each rule of a node with what is kept for it."""
    op = node.op
    if isinstance(node, Node):
        rules, values = op.rules, [node.kx, node.ky]
    elif op.shared is not None:
        rules, values = [op.shared], [node.kept]
    else:
        rules = op.rules
        values = [FREED] * len(rules) if node.kept is FREED else list(node.kept)
    pairs = [(r, k) for r, k in zip(rules, values, strict=False) if r and k is not None]
    return [(r, k if k.__class__ is tuple else (k,) * len(r.sources)) for r, k in pairs]


def _attach() -> None:
    """Give all nodes what PyTorch's have."""
    offered = {
        "register_hook": register_hook,
        "register_prehook": register_prehook,
        "metadata": property(lambda self: _extras(self).metadata),
        "requires_grad": property(lambda self: True),
        "_sequence_nr": lambda self: -self.clock,
        "_input_metadata": property(_results),
        "_saved_self": property(lambda self: _saved(self, "operand", 0)),
        "_saved_other": property(lambda self: _saved(self, "operand", 1)),
        "_saved_result": property(lambda self: _saved(self, "out", None)),
    }
    for name, value in offered.items():
        setattr(Recorded, name, value)


_attach()
