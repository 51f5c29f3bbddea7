"""The recorded graph: nodes that point to the nodes of their operands.

Nodes never point to tensors: an activation that no rule keeps dies during the forward pass.
Leaves know their tensor weakly, so there are no reference cycles.  Nodes are numbered by a clock
that runs downwards: the newest node has the smallest number.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np

from ._names import backward_name
from ._op import Op
from ._state import tick

__all__ = ["FREED", "NUMBER", "Leaf", "Node", "Pick", "WideNode", "introduce", "make"]

new, ndarray = object.__new__, np.ndarray

RETAIN = 1  # clocks are never positive: this key of `hooks` is retain_grad's alone


def introduce(tensor_class: type) -> None:
    """Make the class that users hold known to the floors below it."""
    global Tensor
    Op.tensor_class = Tensor = tensor_class


Tensor: Any = None


def make(array: Any, node: Any) -> Any:
    """A tensor of an array (or NumPy scalar) that `node` made; None: no gradient wanted."""
    if array.__class__ is not ndarray:
        array = np.asarray(array)
    tensor: Any = new(Tensor)
    tensor._array = array
    tensor._node = node
    tensor._grad = tensor._view = tensor._family = None
    return tensor


class _ShapeOfNumber(tuple[int, ...]):
    """The shape of a Python number, which tells it from a tensor without axes."""

    __slots__ = ()


NUMBER = _ShapeOfNumber()


class Recorded:
    """What all nodes offer to those who look at the graph as PyTorch's `grad_fn`."""

    __slots__ = ()

    op: Any
    clock: int

    def edges(self) -> Iterator[tuple[Any, int]]:
        """The nodes behind this one and the positions of the operands they made."""
        raise NotImplementedError

    def name(self) -> str:
        """PyTorch's name for the operation, such as AddBackward0."""
        return backward_name(self.op.name, self.op.kind == "custom")

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """The nodes behind this one, each with the number of its result.

        Operands that want no gradient, but could, have None. A number on the left stands on the
        right, as in PyTorch: 2 * x is x * 2.
        """
        found = {position: _as_edge(parent) for parent, position in self.edges()}
        if getattr(self, "sx", None) is NUMBER and 1 in found:
            return found[1], (None, 0)
        if not found or self.op.kind == "custom":
            return tuple(found.values())
        takes = self.op.facts.takes
        count = max(len(self.op.operands), 1 + max(found))
        return tuple(
            found.get(i, (None, 0)) for i in range(count) if i in found or not takes or takes[i]
        )

    def __repr__(self) -> str:
        return f"<{self.name()} object at {id(self):#x}>"


def _as_edge(parent: Any) -> tuple[Any, int]:
    """A node, or the node of several results and the number of the one meant."""
    return (parent.parent, parent.which) if parent.__class__ is Pick else (parent, 0)


class Leaf(Recorded):
    """The end of the road: a tensor made by the user that wants its gradient."""

    __slots__ = ("after", "clock", "hooks", "tensor")

    def __init__(self, tensor: Any) -> None:
        self.clock = tick()
        self.tensor = weakref.ref(tensor)
        self.hooks: dict[int, Any] | None = None
        self.after: dict[int, Any] | None = None  # hooks that run once the gradient is stored

    parents = ()

    def edges(self) -> Iterator[tuple[Any, int]]:
        """Nothing lies behind a leaf."""
        return iter(())

    def name(self) -> str:
        """PyTorch's name for the end of the road."""
        return "AccumulateGrad"

    @property
    def variable(self) -> Any:
        """The tensor whose gradient is wanted, or None if it is gone."""
        return self.tensor()


class Node(Recorded):
    """One recorded operation of one or two operands; 95 % of all, so its edges lie in the open.

    `x` and `y` are the nodes of the operands (None: no gradient wanted), `kx` and `ky` what the
    rules keep (None: nothing; an array; or a tuple of arguments), `sx` and `sy` the operands'
    shapes where they may have been broadcast (`NUMBER` for a number on the left).
    """

    __slots__ = (
        "at", "clock", "code", "dtype", "hooks", "kx", "ky", "op", "scope", "settings", "shape",
        "sx", "sy", "x", "y",
    )  # fmt: skip

    at: Any
    code: Any
    dtype: Any
    hooks: Any
    kx: Any
    ky: Any
    scope: Any
    settings: Any
    shape: Any
    sx: Any
    sy: Any
    x: Any
    y: Any

    @property
    def parents(self) -> tuple[Any, Any]:
        """The nodes of the operands."""
        return self.x, self.y

    def edges(self) -> Iterator[tuple[Any, int]]:
        """The nodes behind this one and the positions of the operands they made."""
        if self.x is not None:
            yield self.x, 0
        if self.y is not None:
            yield self.y, 1


class WideNode(Recorded):
    """A recorded operation of any number of operands, with joint or twin rules, or many results.

    `kept` holds the arguments of the shared rule, or a tuple of arguments for each operand;
    `kept_again` the same for the twins.  `results` is the number of results (0: a plain one).
    """

    __slots__ = (
        "at", "clock", "code", "dtype", "hooks", "kept", "kept_again", "op", "parents", "results",
        "scope", "settings", "shape", "shapes",
    )  # fmt: skip

    at: Any
    code: Any
    dtype: Any
    hooks: Any
    kept: Any
    kept_again: Any
    parents: tuple[Any, ...]
    results: int
    scope: Any
    settings: Any
    shape: Any
    shapes: tuple[Any, ...]

    def edges(self) -> Iterator[tuple[Any, int]]:
        """The nodes behind this one and the positions of the operands they made."""
        for position, parent in enumerate(self.parents):
            if parent is not None:
                yield parent, position


class Pick(Recorded):
    """One result of an operation that has several.

    Made anew whenever a rule's kept result is connected again, so all picks of one result are
    equal, have one clock, between that of the operation and the next, and share their hooks.
    """

    __slots__ = ("clock", "dtype", "parent", "shape", "which")

    def __init__(self, parent: WideNode, which: int) -> None:
        self.clock = parent.clock - (which + 1) / (parent.results + 1)  # type: ignore[assignment]
        self.parent, self.which = parent, which
        self.shape, self.dtype = parent.shape[which], parent.dtype[which]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Pick):
            return NotImplemented
        return other.parent is self.parent and other.which == self.which

    def __hash__(self) -> int:
        return hash((self.parent, self.which))

    @property
    def hooks(self) -> Any:
        """The hooks of this result, which lie with the operation."""
        shared = self.parent.hooks
        return None if shared is None else shared.get(-1 - self.which)

    @hooks.setter
    def hooks(self, hooks: dict[int, Any]) -> None:
        if self.parent.hooks is None:
            self.parent.hooks = {}
        self.parent.hooks[-1 - self.which] = hooks

    @property
    def parents(self) -> tuple[Any]:
        """The operation that had the result."""
        return (self.parent,)

    def __getattr__(self, name: str) -> Any:
        """Whatever else is asked for, the operation has: where it stands, what its ctx holds."""
        if name in Pick.__slots__ or name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.parent, name)

    @property
    def op(self) -> Any:
        """The operation that had the result."""
        return self.parent.op

    def edges(self) -> Iterator[tuple[Any, int]]:
        """The operation that had the result."""
        yield self.parent, 0

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """What lies behind the operation."""
        return self.parent.next_functions


class Freed:
    """Stands where a kept value was until backward() let it go."""

    __slots__ = ()


FREED = Freed()
