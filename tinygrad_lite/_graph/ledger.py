"""The book that a capture keeps: leaves and module calls by identity, nodes in order."""

from __future__ import annotations

import inspect
import linecache
import os
import sys
from typing import Any

from .._nodes import Leaf as TapeLeaf
from .._tensor import Tensor
from .measure import summarize
from .parts import Call, Leaf, Node, Operand
from .value import Graph

PACKAGE = __name__.partition(".")[0]


class Ledger:
    """Collects a graph. While it lives it holds what it names, so that no identity is reused."""

    def __init__(self, names: dict[int, str] | None = None, *, stats: bool = False) -> None:
        self.stats = stats
        self.nodes: list[Node] = []
        self.leaves: list[Leaf] = []
        self.calls: list[Call] = []
        self.names = names or {}
        self.places: dict[int, int] = {}
        self.held: list[Any] = []
        self.call_places: dict[int, int] = {}
        self.counts: dict[tuple[int, str], int] = {}
        self.roots: dict[int, dict[int, str]] = {}
        self.root_modules: list[Any] = []
        self.owned: dict[int, tuple[str, str]] = {}

    # -- module calls -------------------------------------------------------------------

    def enter(self, scope: Any) -> int:
        """Number of a module call, its outer calls entered first."""
        if scope is None:
            return -1
        chain = []
        while scope is not None and id(scope) not in self.call_places:
            chain.append(scope)
            scope = scope[1]
        for call in reversed(chain):
            self._add_call(call)
        return self.call_places[id(chain[0])] if chain else self.call_places[id(scope)]

    def _add_call(self, call: Any) -> None:
        module, outer = call[0], call[1]
        parent = self.call_places[id(outer)] if outer is not None else -1
        root = call
        while root[1] is not None:
            root = root[1]
        path = self._find_path(root[0], module, self.calls[parent].path if parent >= 0 else "")
        count = self.counts[id(root[0]), path] = self.counts.get((id(root[0]), path), 0) + 1
        self.call_places[id(call)] = len(self.calls)
        self.held.append(call)
        self.calls.append(Call(path, count, type(module).__name__, parent))

    def add_call(self, path: str, module: str) -> int:
        """Number of a call that stands for no module of the user's."""
        self.calls.append(Call(path, 1, module))
        return len(self.calls) - 1

    def _find_path(self, root: Any, module: Any, outer: str) -> str:
        names = self.roots.get(id(root))
        if names is None:
            names = self.add_root(root)
        found = names.get(id(module))
        if found is not None:
            return found
        name = type(module).__name__
        return f"{outer}.{name}" if outer else name

    def add_root(self, root: Any) -> dict[int, str]:
        """Learn the names of a model's modules, parameters and buffers."""
        names = self.roots[id(root)] = {id(m): str(name) for name, m in root.named_modules()}
        self.root_modules.append(root)
        for name, tensor in root.named_parameters():
            self.owned.setdefault(id(tensor), ("parameter", str(name)))
        for name, tensor in root.named_buffers():
            self.owned.setdefault(id(tensor), ("buffer", str(name)))
        return names

    # -- leaves -------------------------------------------------------------------------

    def add_tensor(self, tensor: Any, fallback: str = "", *, known: bool = False) -> int:
        """Number of the leaf of a tensor that no recorded operation made."""
        place = self.places.get(id(tensor))
        if place is None:
            self.held += (tensor, tensor._array)
            place = self.places[id(tensor)] = self._add(self._describe(tensor, fallback, known))
            self.places[id(tensor._array)] = place
        return place

    def _describe(self, tensor: Any, fallback: str, known: bool) -> Leaf:
        array = tensor._array
        role, name = self.owned.get(id(tensor), ("", ""))
        given = self.names.get(id(tensor), "")
        trained = tensor._node is not None
        if not role:
            named = known or bool(given) or trained
            role = "parameter" if _is_parameter(tensor) else "input" if named else "constant"
            name = given or fallback
        gradient = tensor._grad
        return Leaf(
            name,
            role,
            tuple(array.shape),
            str(array.dtype),
            trained,
            summarize(array) if self.stats or array.ndim == 0 else None,
            None if gradient is None else summarize(gradient._array),
            array.item() if array.ndim == 0 else None,
        )

    def add_array(self, name: str, array: Any, role: str = "constant") -> int:
        """Number of the leaf of a plain array."""
        place = self.places.get(id(array))
        if place is None:
            self.held.append(array)
            scalar = array.item() if array.ndim == 0 else None
            given = self.names.get(id(array))
            role = "input" if given else role
            leaf = Leaf(given or name, role, tuple(array.shape), str(array.dtype), scalar=scalar)
            place = self.places[id(array)] = self._add(leaf)
        return place

    def add_unknown(
        self,
        name: str,
        shape: tuple[int, ...],
        role: str,
        dtype: str = "",
        *,
        trained: bool = False,
    ) -> int:
        """Number of a leaf of which only the shape is still known."""
        return self._add(Leaf(name, role, shape, dtype, trained))

    def _add(self, leaf: Leaf) -> int:
        self.leaves.append(leaf)
        return len(self.leaves) - 1

    # -- the end ------------------------------------------------------------------------

    def close(self, outputs: tuple[Operand, ...], *, title: str = "", freed: bool = False) -> Graph:
        """The graph of everything entered."""
        return Graph(
            tuple(self.nodes),
            tuple(self.leaves),
            tuple(self.calls),
            outputs,
            title or self._find_title(),
            freed,
            any(leaf.gradient is not None for leaf in self.leaves)
            or any(node.gradient is not None for node in self.nodes),
        )

    def _find_title(self) -> str:
        """The outermost module with the most parameters, unless another has nearly as many."""
        sizes = [sum(p.numel() for p in module.parameters()) for module in self.root_modules]
        largest = sorted(sizes, reverse=True)
        if not sizes or (len(sizes) > 1 and largest[1] * 2 > largest[0]):
            return ""
        return type(self.root_modules[sizes.index(largest[0])]).__name__


def _is_parameter(tensor: Any) -> bool:
    return type(tensor).__name__ == "Parameter"


def find_user_frame(depth: int = 1) -> Any:
    """The innermost frame outside this package."""
    frame = sys._getframe(depth)
    while frame.f_back is not None and _is_ours(frame.f_globals.get("__name__", "")):
        frame = frame.f_back
    return frame


def _is_ours(name: str) -> bool:
    return name == PACKAGE or name.startswith(f"{PACKAGE}.")


def name_variables(frame: Any) -> dict[int, str]:
    """Names of the tensors, and of their arrays, in a frame's variables; local ones win."""
    names: dict[int, str] = {}
    for variables in (frame.f_globals, frame.f_locals):
        for name, value in list(variables.items()):
            if isinstance(value, Tensor) and not name.startswith("_"):
                names[id(value)] = names[id(value._array)] = name
    _drop_snapshot(frame)
    return names


def _drop_snapshot(frame: Any) -> None:
    """Before Python 3.13 reading a function's `f_locals` leaves a dictionary that holds them."""
    if frame.f_code.co_flags & inspect.CO_OPTIMIZED and isinstance(frame.f_locals, dict):
        frame.f_locals.clear()


def write_place(code: Any, at: int) -> str:
    """`train.py:31`, without the folder."""
    line = code.co_firstlineno
    for start, end, number in code.co_lines():
        if start <= at < end and number is not None:
            line = number
    return f"{os.path.basename(code.co_filename)}:{line}"  # noqa: PTH119 - text only, and fast


def read_line(code: Any, place: str) -> str:
    """The line of code at a place, empty where its file cannot be read."""
    number = int(place.rpartition(":")[2] or 0)
    return linecache.getline(code.co_filename, number).strip()


def is_leaf(node: Any) -> bool:
    """Whether the tape ends here."""
    return node.__class__ is TapeLeaf
