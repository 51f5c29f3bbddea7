"""What a writer of one operation works with: its operands, its settings, and the graph."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

import numpy as np

from .builder import Builder, Value
from .errors import UnsupportedOperatorError
from .patterns import type_code
from .sizes import Size, is_fixed

__all__ = ["WHOLE", "WRITERS", "Context", "Numbered", "taken_whole", "writes"]

F = TypeVar("F", bound=Callable[..., Any])

WRITERS: dict[str, Callable[..., Any]] = {}
"""How each operation of the catalogue is written; takes a Context and the operands."""

FLOATS_ONLY = {
    "Conv", "ConvTranspose", "AveragePool", "MaxPool", "Softmax", "LogSoftmax", "IsNaN", "IsInf",
}  # fmt: skip

WHOLE: dict[str, tuple[Callable[..., Any], Callable[..., bool]]] = {}
"""How functions taken whole are written, and whether one with these arguments can be."""


def writes(*names: str) -> Callable[[F], F]:
    """Register a writer of operations."""

    def register(function: F) -> F:
        WRITERS.update(dict.fromkeys(names, function))
        return function

    return register


def taken_whole(*names: str, when: Callable[..., bool]) -> Callable[[F], F]:
    """Register a writer of function calls; `when` says whether it can write one."""

    def register(function: F) -> F:
        WHOLE.update(dict.fromkeys(names, (function, when)))
        return function

    return register


@dataclass
class Numbered:
    """A value inside a setting: an index array of a key."""

    value: Value


@dataclass
class Context:
    """One step being written.

    `numbers` and `made` are the tape's numbers of operands and results. `lasts` names, for the
    number of a value that has rows of all steps of a recurrence, the rows of its last step where
    they are all there is, and whether that is the first step in time.
    """

    op: str
    settings: dict[str, Any]
    results: tuple[Value, ...]
    builder: Builder
    place: str
    path: str
    numbers: tuple[int, ...]
    made: tuple[int, ...]
    lasts: dict[int, tuple[str, bool]]

    def __getitem__(self, name: str) -> Any:
        """A setting that must be the same in every run."""
        value = self.settings[name]
        if not is_fixed(value):
            self.refuse(f"its setting {name} depends on the size of the inputs")
        return value

    @property
    def out(self) -> Value:
        """The first result as the runs had it."""
        return self.results[0]

    def emit(self, op: str, *inputs: Any, outputs: int = 1, **attributes: Any) -> Any:
        """Add a node; Python numbers among the inputs become constants like the first value."""
        first = next((i for i in inputs if isinstance(i, Value)), None)
        if op in FLOATS_ONLY and first is not None and first.dtype.kind != "f":
            self.refuse(f"ONNX's {op} takes floating-point numbers only, got {first.dtype}")
        like = next((i.dtype for i in inputs if isinstance(i, Value)), np.dtype(np.float32))
        made = [
            self.builder.constant(i, like) if isinstance(i, (bool, int, float)) else i
            for i in inputs
        ]
        return self.builder.emit(op, *made, outputs=outputs, **attributes)

    def constant(self, value: Any, dtype: Any = None) -> str:
        """A constant, like the result unless told otherwise."""
        return self.builder.constant(value, self.out.dtype if dtype is None else dtype)

    def ints(self, values: Any) -> str:
        """A vector of whole numbers."""
        return self.builder.ints(values)

    def cast(self, x: Any, dtype: Any) -> str:
        """`x` as elements of another type."""
        return str(self.builder.emit("Cast", x, to=type_code(dtype)))

    def value(self, operand: Any, like: Any = None) -> Value:
        """An operand, numbers made constants of the type of `like`."""
        if isinstance(operand, Value):
            return operand
        dtype = np.asarray(operand).dtype if like is None else np.dtype(like)
        array = np.asarray(operand, dtype)
        return Value(self.builder.constant(array), array.shape, array.dtype)

    def reshape(self, x: Value | str, shape: Any, near: tuple[Value, ...] = ()) -> str:
        """`x` under another shape; one size that depends on the inputs may be left to ONNX."""
        own = x.shape if isinstance(x, Value) else ()
        wanted: list[Any] = list(shape)
        free = [i for i, n in enumerate(wanted) if isinstance(n, Size)]
        same = [i for i in free if i < len(own) and own[i] == wanted[i]]
        if free and len(free) - len(same) <= 1 and 0 not in wanted:
            for i in free:
                wanted[i] = 0 if i in same else -1
            return str(self.builder.emit("Reshape", x, self.ints(wanted)))
        if len(free) == 1 and 0 not in wanted:
            wanted[free[0]] = -1
            return str(self.builder.emit("Reshape", x, self.ints(wanted)))
        near = (x, *near) if isinstance(x, Value) else near
        zero = 1 if 0 in wanted else None
        return str(
            self.builder.emit("Reshape", x, self.builder.sizes(wanted, near), allowzero=zero)
        )

    def transpose(self, x: Any, axes: Any) -> Any:
        """`x` with its axes in another order."""
        if list(axes) == list(range(len(axes))):
            return x
        return self.builder.emit("Transpose", x, perm=list(axes))

    def refuse(self, reason: str) -> NoReturn:
        """Raise: this step cannot be written."""
        where = f" in {self.path}" if self.path else ""
        raise UnsupportedOperatorError(
            f"onnx.export: {self.op} ({self.place}{where}) cannot be written: {reason}"
        )
