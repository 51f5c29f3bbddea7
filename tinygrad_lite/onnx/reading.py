"""What a reader of one node works with, and the table of readers.

A reader is a function of a `Call` and the node's inputs; missing optional inputs are None. It calls
the library's functions, so that what it computes is recorded and differentiated like anything else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeVar

import numpy as np

from .._creation import from_numpy
from .._dtypes import of
from .._tensor import Tensor
from .errors import UnsupportedOperatorError
from .patterns import TYPES

__all__ = ["READERS", "Call", "NodeData", "as_ints", "as_tensor", "reads", "type_of"]

F = TypeVar("F", bound=Callable[..., Any])

READERS: dict[str, Callable[..., Any]] = {}
"""How each ONNX operator runs here."""


def reads(*names: str) -> Callable[[F], F]:
    """Register a reader."""

    def register(function: F) -> F:
        READERS.update(dict.fromkeys(names, function))
        return function

    return register


@dataclass(frozen=True)
class NodeData:
    """One node of a file as plain data."""

    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any] = field(default_factory=dict)
    name: str = ""


@dataclass
class Call:
    """One node being run."""

    node: NodeData
    opset: int
    run: Callable[..., Any]  # runs a graph held in an attribute: (graph, values) -> results
    training: bool = False

    def __getitem__(self, name: str) -> Any:
        """An attribute, None where it is not given."""
        return self.node.attributes.get(name)

    def get(self, name: str, default: Any) -> Any:
        """An attribute or its default."""
        return self.node.attributes.get(name, default)

    def ints(self, name: str, value: Any, default: Any = None) -> Any:
        """Whole numbers that newer versions take as an input and older ones as an attribute."""
        if value is not None:
            return as_ints(value)
        return self.node.attributes.get(name, default)

    @property
    def count(self) -> int:
        """Number of outputs asked for."""
        return len(self.node.outputs)

    def refuse(self, reason: str) -> NoReturn:
        """Raise: this node cannot be run."""
        raise UnsupportedOperatorError(
            f"onnx.load: node {self.node.name or self.node.outputs[0]!r}, {self.node.op} of opset "
            f"{self.opset}: {reason}"
        )


def as_ints(value: Any) -> list[int]:
    """A tensor of whole numbers as a list."""
    found = np.asarray(getattr(value, "_array", value)).reshape(-1).tolist()
    return [int(n) for n in found]


def as_tensor(value: Any) -> Tensor:
    """An array or a number as a tensor."""
    return value if isinstance(value, Tensor) else from_numpy(np.asarray(value))


NUMBERS = {number: name for name, number in TYPES.items()}


def type_of(number: int) -> Any:
    """The dtype with a number in ONNX; None where the library has none like it."""
    name = NUMBERS.get(number)
    if name is None:
        return None
    try:
        return of(np.dtype(name))
    except (KeyError, TypeError, ValueError):
        return None
