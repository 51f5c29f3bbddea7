"""What a recorded computation consists of: operations, their operands, leaves, module calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

Setting = bool | int | float | str | tuple["Setting", ...] | None
Shape = tuple[int, ...]


class Statistics(NamedTuple):
    """Summary of an array taken while it existed."""

    size: int
    mean: float
    std: float
    min: float
    max: float
    rms: float
    zeros: int
    nans: int
    infs: int
    low: float = 0.0
    high: float = 0.0
    histogram: tuple[int, ...] = ()

    @property
    def finite(self) -> bool:
        """Whether no NaN and no infinity was met."""
        return not (self.nans or self.infs)


class Operand(NamedTuple):
    """Source of one operand: an operation's output, a leaf, or a number written in the code."""

    node: int = -1
    leaf: int = -1
    output: int = 0
    scalar: Setting = None
    name: str = ""
    differentiable: bool = True

    @property
    def source(self) -> tuple[str, int, int]:
        """Hashable identity of the value read."""
        if self.node >= 0:
            return ("node", self.node, self.output)
        return ("leaf", self.leaf, 0)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value that no recorded operation made.

    `role` is "input", "parameter", "buffer" or "constant". `gradient` is None until one was
    computed; `requires_grad` says whether one is to be expected.
    """

    name: str
    role: str = "input"
    shape: Shape = ()
    dtype: str = "float32"
    requires_grad: bool = False
    value: Statistics | None = None
    gradient: Statistics | None = None
    scalar: Setting = None

    @property
    def size(self) -> int:
        """Number of elements."""
        return _product(self.shape)


@dataclass(frozen=True, slots=True)
class Call:
    """One call of one module; `number` counts the calls of the same path from 1."""

    path: str
    number: int = 1
    module: str = ""
    parent: int = -1

    @property
    def name(self) -> str:
        """Path with the call number, `encoder.h.0#2`; the number is left out for the first."""
        return self.path if self.number == 1 else f"{self.path}#{self.number}"


@dataclass(frozen=True, slots=True)
class Node:
    """One recorded operation.

    `shapes` and `dtypes` have one entry per output; a shape is None where the record no longer
    knows it. `saved` names what is kept for the backward pass. `line` is the line of code at
    `source`, where the capture was asked to take it.
    """

    op: str
    operands: tuple[Operand, ...] = ()
    shapes: tuple[Shape | None, ...] = (None,)
    dtypes: tuple[str, ...] = ("float32",)
    settings: tuple[tuple[str, Setting], ...] = ()
    label: str = ""
    kind: str = ""
    call: int = -1
    source: str = ""
    function: str = ""
    differentiable: bool = True
    value: Statistics | None = None
    gradient: Statistics | None = None
    seconds: float | None = None
    bytes: int | None = None
    saved: tuple[str, ...] = ()
    scalar: Setting = None
    formula: str = ""
    line: str = ""

    @property
    def shape(self) -> Shape | None:
        """Shape of the first output."""
        return self.shapes[0] if self.shapes else None

    @property
    def dtype(self) -> str:
        """Dtype of the first output."""
        return self.dtypes[0] if self.dtypes else ""


def _product(shape: Shape) -> int:
    size = 1
    for extent in shape:
        size *= extent
    return size


def write_shape(shape: Shape | None) -> str:
    """`32×64`, `scalar` for the empty shape, `?` where it is not known."""
    if shape is None:
        return "?"
    return "×".join(map(str, shape)) if shape else "scalar"
