"""What is being checked, as NumPy sees it: named arrays in, arrays out, and a way back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

Array = NDArray[Any]
Vector = NDArray[np.float64]


class Run(Protocol):
    """One forward pass, of which gradients can be asked any number of times."""

    outputs: list[Array]

    def pull(self, upstream: Sequence[Array]) -> list[Array | None]:
        """One gradient per input for one upstream gradient per output."""


@dataclass
class Operand:
    """An input whose gradient is checked: its name, and its value as the caller gave it."""

    name: str
    value: Array

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the value."""
        return self.value.shape


class Subject(Protocol):
    """A function with its backward, evaluated at one precision."""

    name: str
    operands: list[Operand]

    def evaluate(self, values: list[Array]) -> list[Array]:
        """Outputs at `values`, nothing recorded."""

    def run(self, values: list[Array]) -> Run:
        """Outputs at `values`, and the way back from them."""


@dataclass
class Settings:
    """How strictly and where a subject is checked."""

    rtol: float = 1e-6
    seed: int = 0
    kinks: str = "subgradient"
    probe: bool = True
    strict: bool = False
    fast: bool | None = None
    nondet_tol: float = 0.0
    check_dtypes: bool = True
    order: int = 1
    beyond: bool = False
    notes: list[str] = field(default_factory=list)


class Flat:
    """A subject as one function from a vector of all inputs to a vector of all outputs."""

    def __init__(self, subject: Subject, working: type = np.float64) -> None:
        self.subject = subject
        self.working = working
        self.shapes = [operand.shape for operand in subject.operands]
        sizes = [operand.value.size for operand in subject.operands]
        self.edges = np.cumsum([0, *sizes])
        self.start = self.join([operand.value for operand in subject.operands])
        self.output_shapes: list[tuple[int, ...]] = []
        self.forwards = 0
        self.backwards = 0
        self.missing: set[int] = set()
        # Relative rounding of the results; coarser once float32 was found inside.
        self.unit = float(np.finfo(working).eps)

    @property
    def size(self) -> int:
        """Number of elements of all inputs together."""
        return int(self.edges[-1])

    @property
    def slices(self) -> list[slice]:
        """Where each input lies in the vector."""
        pairs = zip(self.edges[:-1], self.edges[1:], strict=True)
        return [slice(int(low), int(high)) for low, high in pairs]

    def join(self, arrays: Sequence[Array]) -> Vector:
        """One float64 vector of all `arrays`."""
        parts = [np.asarray(array, dtype=np.float64).ravel() for array in arrays]
        return np.concatenate(parts) if parts else np.zeros(0)

    def split(self, x: Vector) -> list[Array]:
        """Fresh arrays of the inputs' shapes, so that nobody can change `x`."""
        return [
            np.array(x[part].reshape(shape), dtype=self.working)
            for part, shape in zip(self.slices, self.shapes, strict=True)
        ]

    def cast(self, x: Vector) -> Vector:
        """`x` as the working precision stores it."""
        return x if self.working is np.float64 else x.astype(self.working).astype(np.float64)

    def value(self, x: Vector) -> Vector:
        """All outputs at `x`, as one vector."""
        self.forwards += 1
        with np.errstate(all="ignore"):
            outputs = self.subject.evaluate(self.split(x))
        self.output_shapes = [output.shape for output in outputs]
        return self.join(outputs)

    def pull(self, x: Vector, cotangents: Vector) -> Vector:
        """Row c is the gradient of cotangent c with respect to all inputs, at `x`."""
        self.forwards += 1
        with np.errstate(all="ignore"):
            run = self.subject.run(self.split(x))
            rows = [self._pull_one(run, row) for row in cotangents]
        return np.array(rows).reshape(len(cotangents), self.size)

    def _pull_one(self, run: Run, row: Vector) -> Vector:
        self.backwards += 1
        gradients = run.pull(self.shape_upstream(run.outputs, row))
        self.missing.update(i for i, gradient in enumerate(gradients) if gradient is None)
        return self.join(
            [
                np.zeros(shape) if gradient is None else np.broadcast_to(gradient, shape)
                for gradient, shape in zip(gradients, self.shapes, strict=True)
            ]
        )

    def shape_upstream(self, outputs: Sequence[Array], row: Vector) -> list[Array]:
        """One upstream gradient per output, of its shape and dtype, cut from one vector."""
        edges = np.cumsum([0, *(output.size for output in outputs)])
        return [
            np.array(row[low:high].reshape(output.shape), dtype=output.dtype)
            for output, low, high in zip(outputs, edges[:-1], edges[1:], strict=True)
        ]

    def locate(self, column: int) -> tuple[int, tuple[int, ...]]:
        """Which input, and which of its elements, a place in the vector is."""
        which = int(np.searchsorted(self.edges, column, side="right")) - 1
        inside = column - int(self.edges[which])
        return which, tuple(int(i) for i in np.unravel_index(inside, self.shapes[which]))

    def locate_output(self, row: int) -> tuple[int, tuple[int, ...]]:
        """Which output, and which of its elements, a place in the output vector is."""
        edges = np.cumsum([0, *(int(np.prod(shape)) for shape in self.output_shapes)])
        which = int(np.searchsorted(edges, row, side="right")) - 1
        inside = row - int(edges[which])
        return which, tuple(int(i) for i in np.unravel_index(inside, self.output_shapes[which]))


def magnitudes(flat: Flat, x: Vector) -> tuple[Vector, Vector]:
    """The size of each element and the typical size of its input, both free of zeros."""
    typical = np.ones(flat.size)
    for part in flat.slices:
        sizes = np.abs(x[part])
        sizes = sizes[(sizes > 0) & np.isfinite(sizes)]
        typical[part] = float(np.median(sizes)) if sizes.size else 1.0
    own = np.where((x != 0) & np.isfinite(x), np.abs(x), typical)
    return own, typical
