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
from ..._dtypes import float64, get_default_dtype, set_default_dtype
from ..._nodes import Leaf, make
from ..._tensor import Tensor
from ..modes import enable_grad, no_grad
from .behaviour import Fault, broadcast_axes, same, span
from .spy import CallSpy, spy_on
from .subject import Operand

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .subject import Array


# What is the same but for rounding differs by so many units in the last place of the largest.
ROUNDINGS = 1000


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
    """A function that reads `tensors`, evaluated with other values in them.

    Values alone are had more cheaply than with a way back: without recording, or, for a function
    that differentiates, by `cheaper`, which records nothing beyond its own walk. Where that raises
    it is left alone; and, if `compared`, where it is more than rounding away from a recorded run.
    """

    def __init__(
        self,
        function: Callable[[], Any],
        tensors: Sequence[Tensor],
        names: Sequence[str],
        name: str,
        *,
        cheaper: Callable[[], Any] | None = None,
        compared: bool = False,
        watches_calls: bool = True,
        constants: Sequence[Tensor] = (),
    ) -> None:
        self.function, self.tensors, self.name = function, list(tensors), name
        self.cheaper = (enable_grad(), cheaper) if cheaper else (no_grad(), function)
        self.compared, self.watches_calls = compared, watches_calls
        self.way: tuple[Any, Callable[[], Any]] | None = None
        self.judge_rules: Callable[[Callable[[], Any], int, Any], bool] | None = None
        self.operands = [
            Operand(label, np.array(tensor._array))
            for label, tensor in zip(names, tensors, strict=True)
        ]
        self.smaller = any(operand.value.dtype.itemsize < 8 for operand in self.operands)
        self.constants = [(one, one._array, one._array.astype(np.float64)) for one in constants]

    def lend(self, values: Sequence[Array]) -> None:
        """Put `values` into the tensors; constants go along to float64."""
        for constant, given, wide in self.constants:
            constant._array = wide if self.widens(values) else given
        for tensor, value in zip(self.tensors, values, strict=True):
            tensor._array = value

    def evaluate(self, values: list[Array]) -> list[Array]:
        """Outputs at `values`."""
        if self.way is None:
            self.way = self.choose_way(values)
        return self.go(self.way, values)

    def go(self, way: tuple[Any, Callable[[], Any]], values: list[Array]) -> list[Array]:
        """Outputs at `values`, by one of the ways to evaluate."""
        self.lend(values)
        mode, function = way
        with mode, self.made_along(values):
            results = as_results(function())
        return [np.asarray(result._array) for result in results]

    def choose_way(self, values: list[Array]) -> tuple[Any, Callable[[], Any]]:
        """The cheaper way to evaluate where it serves, otherwise the recorded one.

        A function that asks for gradients itself cannot do without recording.
        """
        recorded = (enable_grad(), self.function)
        try:
            found = self.go(self.cheaper, [value.copy() for value in values])
            if not self.compared:
                return self.cheaper
            wanted = self.go(recorded, [value.copy() for value in values])
        except Exception:  # noqa: BLE001 - without a way back it may raise whatever it likes
            return recorded
        alike = len(found) == len(wanted) and all(map(alike_but_rounding, found, wanted))
        return self.cheaper if alike else recorded

    def rules_right(self, values: list[Array], seed: int) -> bool:
        """Whether every operation's rule is right at what it meets in a run at `values`.

        Each is judged in the dtype of `values`.
        """
        if self.judge_rules is None:
            return False
        self.lend(values)
        dtype = min((value.dtype for value in values), key=lambda d: d.itemsize)
        with enable_grad(), self.made_along(values):
            return self.judge_rules(self.function, seed, dtype)

    def run(self, values: list[Array]) -> TensorRun:
        """Outputs at `values`, and the way back."""
        self.lend(values)
        with enable_grad(), self.made_along(values):
            return TensorRun(self, values, as_results(self.function()))

    def widens(self, values: Sequence[Array]) -> bool:
        """Whether smaller inputs became float64."""
        return self.smaller and all(value.dtype.itemsize == 8 for value in values)

    def made_along(self, values: Sequence[Array]) -> contextlib.AbstractContextManager[None]:
        """Tensors that the function makes, in float64 where smaller inputs became float64."""
        return float64_by_default() if self.widens(values) else contextlib.nullcontext()


@contextlib.contextmanager
def float64_by_default() -> Iterator[None]:
    """The default dtype is float64 meanwhile."""
    usual = get_default_dtype()
    set_default_dtype(float64)
    try:
        yield
    finally:
        set_default_dtype(usual)


def alike_but_rounding(first: Array, second: Array) -> bool:
    """Whether two results differ by no more than two orders of the same few sums would."""
    if first.dtype != second.dtype or first.shape != second.shape:
        return False
    slack = ROUNDINGS * float(np.finfo(first.dtype).eps) * span(second)
    return same(first, second) or float(np.max(np.abs(first - second), initial=0.0)) <= slack


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
def borrowed(tensors: Sequence[Tensor], *, leaves: bool = True) -> Iterator[None]:
    """Give the tensors back as they were: storage, gradient, and whether they want one.

    `leaves`: they all want one meanwhile.
    """
    kept = [(tensor, tensor._array, tensor._node, tensor._grad) for tensor in tensors]
    try:
        for tensor in tensors:
            if leaves and tensor._node is None:
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
