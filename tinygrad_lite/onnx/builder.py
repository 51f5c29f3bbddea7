"""An ONNX graph under construction: nodes, named constants, and sizes worked out at run time."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from .errors import OnnxExporterError
from .sizes import Extent, Formula, Size, find_formula, is_fixed

__all__ = ["CONSTANT", "Builder", "Node", "Symbol", "Value"]


CONSTANT = "constant"  # what arrays are called that the model does not call a parameter


class Value(NamedTuple):
    """A value of the graph: its name, and shape and dtype as the runs had them."""

    name: str
    shape: tuple[Any, ...]  # of `Extent`s
    dtype: np.dtype[Any]

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)


class Symbol(NamedTuple):
    """A size that may differ from call to call: name, value in each run, and where it stands."""

    name: str
    values: tuple[int, ...]
    input: str
    axis: int


class Node(NamedTuple):
    """One node: plain data until the file is written."""

    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]
    name: str


@dataclass
class Builder:
    """Collects the nodes and constants of one graph."""

    symbols: tuple[Symbol, ...] = ()
    runs: int = 1
    nodes: list[Node] = field(default_factory=list)
    constants: dict[str, np.ndarray[Any, Any]] = field(default_factory=dict)
    known: dict[Any, str] = field(default_factory=dict)
    taken: dict[str, int] = field(default_factory=dict)  # names, and the next number of each
    path: str = ""

    def name(self, wish: str) -> str:
        """A name nobody else has: `wish`, or `wish` with a number."""
        found, number = wish, self.taken.get(wish, 0)
        while found in self.taken:
            number += 1
            found = f"{wish}_{number}"
        self.taken[wish] = number
        self.taken.setdefault(found, 0)
        return found

    def emit(self, op: str, *inputs: Any, outputs: int = 1, **attributes: Any) -> Any:
        """Add a node; the name of its output, or their names."""
        names = [getattr(i, "name", i) for i in inputs]
        names = ["" if n is None else n for n in names]
        while names and not names[-1]:
            names.pop()
        stem = f"{self.path}/{op}" if self.path else op
        node = self.name(stem)
        made = tuple(self.name(f"{node}:{i}" if i else f"{node}:out") for i in range(outputs))
        kept = {k: v for k, v in attributes.items() if v is not None}
        self.nodes.append(Node(op, tuple(names), made, kept, node))
        return made[0] if outputs == 1 else made

    def rename(self, old: str, new: str) -> None:
        """Call a value otherwise, where it is made and wherever it is read."""
        for place, node in enumerate(self.nodes):
            if old in node.inputs or old in node.outputs:
                inputs, outputs = (
                    tuple(new if n == old else n for n in names)
                    for names in (node.inputs, node.outputs)
                )
                self.nodes[place] = node._replace(inputs=inputs, outputs=outputs)
        for key, name in self.known.items():
            if name == old:
                self.known[key] = new

    def drop_unused(self, wanted: set[str]) -> None:
        """Leave out nodes that contribute to no output."""
        needed, kept = set(wanted), []
        for node in reversed(self.nodes):
            if not needed.isdisjoint(node.outputs):
                needed.update(node.inputs)
                kept.append(node)
        self.nodes = kept[::-1]

    # -- constants ----------------------------------------------------------------------

    def constant(self, array: Any, dtype: Any = None, *, wish: str = CONSTANT) -> str:
        """The name of an array of the graph; equal small ones are kept once."""
        array = np.asarray(array, dtype)
        key = (array.shape, array.dtype.str, array.tobytes()) if array.size <= 64 else None
        if key is not None and wish == CONSTANT and key in self.known:
            return self.known[key]
        name = self.name(wish)
        self.constants[name] = array
        if key is not None and wish == CONSTANT:
            self.known[key] = name
        return name

    def ints(self, values: Any) -> str:
        """A vector of whole numbers."""
        return self.constant(np.asarray(tuple(values), np.int64))

    # -- sizes --------------------------------------------------------------------------

    def sizes(self, extents: Any, near: tuple[Value, ...] = ()) -> str:
        """A vector of sizes; those that differ between runs follow from `near` or the inputs."""
        extents = tuple(extents)
        if is_fixed(extents):
            return self.ints(extents)
        parts, fixed = [], []
        for extent in (*extents, None):
            if isinstance(extent, (int, np.integer)):
                fixed.append(int(extent))
                continue
            if fixed:
                parts.append(self.ints(fixed))
                fixed = []
            if extent is not None:
                parts.append(self.size(extent, near))
        return parts[0] if len(parts) == 1 else str(self.emit("Concat", *parts, axis=0))

    def size(self, wanted: Extent, near: tuple[Value, ...] = ()) -> str:
        """One size as a vector of length one."""
        if not isinstance(wanted, Size):
            return self.ints([wanted])
        sources = [(v.name, axis, v.shape[axis]) for v in near for axis in range(v.ndim)]
        own = [(n, a, s) for n, a, s in sources if isinstance(s, Size)]
        given = [(s.input, s.axis, Size(s.values)) for s in self.symbols]
        for candidates in (given, own):
            for name, axis, extent in candidates:
                if extent == wanted:
                    return self._read_size(name, axis)
        for candidates in (given, own, given + own):
            terms = [extent.values for *_, extent in candidates]
            formula = find_formula(wanted, terms)
            if formula is not None:
                return self._work_out(formula, candidates)
        found = self._divide(wanted, own + given)
        if found is not None:
            return found
        raise OnnxExporterError(
            f"a size was {', '.join(map(str, wanted.values))} in runs with "
            f"{self._describe_symbols()}, and no formula for it was found"
        )

    def _describe_symbols(self) -> str:
        return "; ".join(f"{s.name} = {', '.join(map(str, s.values))}" for s in self.symbols)

    def _read_size(self, name: str, axis: int) -> str:
        key = ("size", name, axis)
        if key not in self.known:
            self.known[key] = self.emit("Shape", name, start=axis, end=axis + 1)
        return self.known[key]

    def _work_out(self, formula: Formula, sources: list[Any]) -> str:
        summands = []
        for factor, terms in formula.parts:
            names = [self._read_size(*sources[i][:2]) for i in terms]
            if factor != 1:
                names.append(self.ints([factor]))
            product = names[0]
            for name in names[1:]:
                product = self.emit("Mul", product, name)
            summands.append(product)
        result = summands[0]
        for summand in summands[1:]:
            result = self.emit("Add", result, summand)
        if formula.offset:
            result = self.emit("Add", result, self.ints([formula.offset]))
        return result

    def _divide(self, wanted: Size, sources: list[Any]) -> str | None:
        """A size that is ⌊(s + offset) / divisor⌋ of another one, or a product of two divided."""
        for count in (1, 2):
            for chosen in combinations(sources, count):
                product = [math.prod(p) for p in zip(*(s[2].values for s in chosen), strict=True)]
                for divisor in range(2, 65):
                    for offset in (0, -1, 1, divisor - 1):
                        if all(
                            (p + offset) // divisor == w
                            for p, w in zip(product, wanted.values, strict=True)
                        ):
                            names = [self._read_size(*s[:2]) for s in chosen]
                            top = names[0] if count == 1 else self.emit("Mul", *names)
                            if offset:
                                top = self.emit("Add", top, self.ints([offset]))
                            return str(self.emit("Div", top, self.ints([divisor])))
        return None

    def scalar(self, wanted: Extent) -> str:
        """One size as a number."""
        if not isinstance(wanted, Size):
            return self.constant(np.int64(wanted))
        return str(self.emit("Squeeze", self.size(wanted), self.ints([0])))
