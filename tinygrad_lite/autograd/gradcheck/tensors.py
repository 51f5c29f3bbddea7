"""Functions of tensors as subjects of a check.

The tensors under check lend their storage: every evaluation puts arrays of its own into them, so
that functions which read a tensor from where it is kept (a layer its weight) see them as well, and
everything is put back at the end.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._backward import gradients_of
from ..._nodes import Leaf, make
from ..._tensor import Tensor
from ..modes import enable_grad, no_grad
from .behaviour import Fault, broadcast_axes
from .spy import CallSpy, spy_on
from .subject import Operand

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .subject import Array


class TensorRun:
    """One recorded forward."""

    def __init__(self, subject: TensorSubject, values: list[Array], results: list[Any]) -> None:
        self.subject, self.values = subject, values
        self.results = results
        self.outputs = [np.asarray(result._array) for result in results]
        self.connected = [k for k, result in enumerate(results) if result.requires_grad]
        self.spies: list[CallSpy] = spy_on(results) if subject.watches_calls else []

    def pull(self, upstream: Sequence[Array]) -> list[Array | None]:
        """Gradients of the tensors under check, as the engine hands them out."""
        subject = self.subject
        if not self.connected:
            return [None] * len(subject.tensors)
        subject.lend(self.values)
        found = gradients_of(
            [self.results[k] for k in self.connected],
            [make(upstream[k], None) for k in self.connected],
            subject.tensors,
            retain_graph=True,
            create_graph=False,
        )
        return [None if g is None else np.asarray(g._array) for g in found]

    def complaint(self) -> Fault | None:
        """What a custom Function did that the engine forgives."""
        for spy in self.spies:
            if spy.fault is not None:
                return spy.fault
        return None


class TensorSubject:
    """A function that reads `tensors`, evaluated with other values in them."""

    def __init__(
        self,
        function: Callable[[], Any],
        tensors: Sequence[Tensor],
        names: Sequence[str],
        name: str,
        *,
        record: bool = False,
        watches_calls: bool = True,
    ) -> None:
        self.function, self.tensors, self.name = function, list(tensors), name
        self.record, self.watches_calls = record, watches_calls
        self.judge_rules: Callable[[Callable[[], Any], int], bool] | None = None
        self.operands = [
            Operand(label, np.array(tensor._array))
            for label, tensor in zip(names, tensors, strict=True)
        ]

    def lend(self, values: Sequence[Array]) -> None:
        """Put `values` into the tensors."""
        for tensor, value in zip(self.tensors, values, strict=True):
            tensor._array = value

    def evaluate(self, values: list[Array]) -> list[Array]:
        """Outputs at `values`."""
        self.lend(values)
        with enable_grad() if self.record else no_grad():
            results = as_results(self.function())
        return [np.asarray(result._array) for result in results]

    def rules_right(self, values: list[Array], seed: int) -> bool:
        """Whether every operation's rule is right at what it meets in a run at `values`."""
        if self.judge_rules is None:
            return False
        self.lend(values)
        with enable_grad():
            return self.judge_rules(self.function, seed)

    def run(self, values: list[Array]) -> TensorRun:
        """Outputs at `values`, and the way back."""
        self.lend(values)
        with enable_grad():
            return TensorRun(self, values, as_results(self.function()))


def as_results(result: Any) -> list[Any]:
    """The floating-point tensors among what a function returned."""
    several = result if isinstance(result, tuple | list) else (result,)
    found = [one for one in several if isinstance(one, Tensor) and one._array.dtype.kind == "f"]
    if not found:
        got = ", ".join(type(one).__name__ for one in several) or "nothing"
        raise TypeError(
            f"gradcheck needs a function that returns floating-point tensors, it returned {got}"
        )
    return found


@contextlib.contextmanager
def borrowed(tensors: Sequence[Tensor]) -> Iterator[None]:
    """Give the tensors back as they were: storage, gradient, and whether they want one."""
    kept = [(tensor, tensor._array, tensor._node, tensor._grad) for tensor in tensors]
    try:
        for tensor in tensors:
            if tensor._node is None:
                tensor.requires_grad_()
        yield
    finally:
        for tensor, array, node, grad in kept:
            tensor._array, tensor._node, tensor._grad = array, node, grad


def lendable(tensor: Tensor) -> bool:
    """Whether a tensor's own storage can be exchanged: a leaf that views no other tensor."""
    return tensor._view is None and (tensor._node is None or tensor._node.__class__ is Leaf)


def stand_in(tensor: Any) -> Tensor:
    """The tensor itself, or a leaf with its values where it is a view, a result or an array."""
    if isinstance(tensor, Tensor) and lendable(tensor):
        return tensor
    array = tensor._array if isinstance(tensor, Tensor) else tensor
    leaf: Tensor = make(np.array(array), None)
    return leaf.requires_grad_()


def apart(values: Sequence[Any]) -> list[Any]:
    """The values with a leaf of its own for every place at which a tensor stands once more.

    Each place is an input of its own, and one tensor cannot be moved at one of them only.
    """
    seen: set[int] = set()
    found = []
    for value in values:
        again = isinstance(value, Tensor) and value.requires_grad and id(value) in seen
        seen.add(id(value))
        found.append(stand_in(value._array) if again else value)
    return found


__all__ = [
    "TensorRun",
    "TensorSubject",
    "apart",
    "as_results",
    "borrowed",
    "broadcast_axes",
    "stand_in",
]
