"""What is being checked, as NumPy sees it: named arrays in, arrays out, and a way back."""

from __future__ import annotations

import itertools
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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
        self.edges = edges_of([operand.value for operand in subject.operands])
        self.size = self.edges[-1]  # of all inputs together
        # Where each input lies in the vector.
        self.slices = [slice(*pair) for pair in itertools.pairwise(self.edges)]
        self.start = self.join([operand.value for operand in subject.operands])
        self.output_shapes: list[tuple[int, ...]] = []
        self.forwards = 0
        self.backwards = 0
        self.missing: set[int] = set()
        # Relative rounding of the results; coarser once float32 was found inside.
        self.unit = float(np.finfo(working).eps)
        # The outputs at the given point, once they are known.
        self.usual: Vector | None = None
        # The sizes of the elements of the point asked for last.
        self.sizes: tuple[Vector, Vector, Vector] | None = None

    def join(self, arrays: Sequence[Array]) -> Vector:
        """One float64 vector of all `arrays`."""
        if len(arrays) == 1:  # a third of the time
            return np.array(arrays[0], dtype=np.float64).reshape(-1)
        parts = [np.asarray(array, dtype=np.float64).ravel() for array in arrays]
        return np.concatenate(parts) if parts else np.zeros(0)

    def split(self, x: Vector) -> list[Array]:
        """Fresh arrays of the inputs' shapes, so that nobody can change `x`."""
        working = self.working
        return [
            np.array(x[part].reshape(shape), dtype=working)
            for part, shape in zip(self.slices, self.shapes, strict=True)
        ]

    def cast(self, x: Vector) -> Vector:
        """`x` as the working precision stores it."""
        return x if self.working is np.float64 else x.astype(self.working).astype(np.float64)

    def value(self, x: Vector) -> Vector:
        """All outputs at `x`, as one vector."""
        return self.values((x,))[0]

    def values(self, points: Iterable[Vector]) -> list[Vector]:
        """All outputs at each of the points, as one vector each."""
        evaluate, found = self.subject.evaluate, []
        with np.errstate(all="ignore"):
            for x in points:
                self.forwards += 1
                outputs = evaluate(self.split(x))
                self.output_shapes = [output.shape for output in outputs]
                found.append(self.join(outputs))
        return found

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
        whole = []
        for number, (gradient, shape) in enumerate(zip(gradients, self.shapes, strict=True)):
            if gradient is None:
                self.missing.add(number)
                whole.append(np.zeros(shape))
            else:
                fits = np.shape(gradient) == shape
                whole.append(gradient if fits else np.broadcast_to(gradient, shape))
        return self.join(whole)

    def shape_upstream(self, outputs: Sequence[Array], row: Vector) -> list[Array]:
        """One upstream gradient per output, of its shape and dtype, cut from one vector."""
        return [
            np.array(row[low:high].reshape(output.shape), dtype=output.dtype)
            for output, (low, high) in zip(
                outputs, itertools.pairwise(edges_of(outputs)), strict=True
            )
        ]

    def locate(self, column: int) -> tuple[int, tuple[int, ...]]:
        """Which input, and which of its elements, a place in the vector is."""
        which = bisect_right(self.edges, column) - 1
        inside = column - self.edges[which]
        return which, tuple(int(i) for i in np.unravel_index(inside, self.shapes[which]))

    def locate_output(self, row: int) -> tuple[int, tuple[int, ...]]:
        """Which output, and which of its elements, a place in the output vector is."""
        edges = np.cumsum([0, *(int(np.prod(shape)) for shape in self.output_shapes)])
        which = int(np.searchsorted(edges, row, side="right")) - 1
        inside = row - int(edges[which])
        return which, tuple(int(i) for i in np.unravel_index(inside, self.output_shapes[which]))


def edges_of(arrays: Sequence[Array]) -> list[int]:
    """Where each of `arrays` begins in the vector of all of them, and where the last one ends."""
    return list(itertools.accumulate((array.size for array in arrays), initial=0))


def magnitudes(flat: Flat, x: Vector) -> tuple[Vector, Vector]:
    """The size of each element and the typical size of its input, both free of zeros."""
    known = flat.sizes
    if known is None or known[0] is not x:
        known = flat.sizes = (x, *measure_sizes(flat, x))
    return known[1:]


def measure_sizes(flat: Flat, x: Vector) -> tuple[Vector, Vector]:
    """What `magnitudes` returns, for a point not asked for before."""
    typical = np.ones(flat.size)
    counted = np.isfinite(x) & (x != 0)
    sizes = np.abs(x)
    for part in flat.slices:
        inside = sizes[part][counted[part]]
        typical[part] = median(inside) if inside.size else 1.0
    return np.where(counted, sizes, typical), typical


def median(values: Vector) -> float:
    """Median of finite numbers, of which there is one at least; `np.median` takes 20 µs."""
    middle, odd = divmod(values.size, 2)
    if odd:
        return float(np.partition(values, middle)[middle])
    low, high = np.partition(values, (middle - 1, middle))[middle - 1 : middle + 1]
    return float((low + high) / 2)
