"""The graph of a result, read off the tape that autograd keeps anyway."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .._backward import gradients_of
from .._nodes import FREED, Node as TapeNode, Pick, make
from .._tensor import Tensor
from .ledger import Ledger, find_user_frame, is_leaf, name_variables, read_line, write_place
from .measure import list_settings
from .parts import Node, Operand

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .value import Graph


def graph(
    result: Tensor | Sequence[Tensor],
    *,
    names: dict[str, Tensor] | None = None,
    stats: bool = False,
    backward: bool = False,
    lines: bool = False,
    title: str = "",
) -> Graph:
    """The operations behind `result`, in the order in which they ran.

    Only operations that carry a gradient are on the tape; `viz.trace` and `record` see the
    others too. `names` gives names to tensors; without it the caller's variables do.
    `stats` takes statistics of the leaves; those of gradients are always taken. `backward` adds
    the operations that lead from the sum of `result` to the gradients of the leaves, in a module
    of their own named backward; `.grad` stays as it is. `lines` takes the line of code of each.

    Errors: ValueError when nothing was recorded, as under `no_grad()`.

    >>> import tinygrad_lite as torch
    >>> a = torch.tensor(2.0, requires_grad=True)
    >>> [node.op for node in torch.graph((a * a).exp())]
    ['mul', 'exp']
    """
    results = [result] if isinstance(result, Tensor) else list(result)
    known = name_variables(find_user_frame(2)) if names is None else {}
    for name, tensor in (names or {}).items():
        known[id(tensor)] = name
    _require_history(results)
    reader = _Reader(Ledger(known, stats=stats), lines=lines)
    ends = list(results)
    if backward:
        before = {id(node) for node in reader.collect(results)}
        gradients = _go_back(reader, results)
        reader.forward = before
        ends += [gradient for _, gradient in gradients]
    reader.read([tensor._node for tensor in ends])
    if backward:
        for leaf, gradient in gradients:
            place = reader.ledger.add_tensor(leaf)
            name = reader.ledger.leaves[place].name or "input"
            known[id(gradient)] = f"gradient of {name}"
    return reader.close(ends, title)


def _go_back(reader: _Reader, results: list[Any]) -> list[tuple[Any, Any]]:
    """Leaves and their gradients, as results of recorded operations."""
    leaves = [node.tensor() for node in reader.collect(results, leaves=True)]
    wanted = [leaf for leaf in leaves if leaf is not None and leaf.requires_grad]
    upstream = [make(np.ones_like(tensor._array), None) for tensor in results]
    found = gradients_of(results, upstream, wanted, retain_graph=True, create_graph=True)
    return [
        (leaf, gradient)
        for leaf, gradient in zip(wanted, found, strict=True)
        if gradient is not None and gradient._node is not None
    ]


def _require_history(results: Iterable[Any]) -> None:
    for tensor in results:
        if not isinstance(tensor, Tensor):
            raise TypeError(f"graph: expected a Tensor or several, got {type(tensor).__name__}")
        if tensor._view is not None:
            tensor._view.refresh(tensor)
        if tensor._node is None:
            raise ValueError(
                "graph: nothing was recorded for this tensor: it was computed under no_grad(), "
                "or from tensors that do not require a gradient. Use viz.trace(fn, *inputs), which "
                "sees every operation"
            )


class _Reader:
    def __init__(self, ledger: Ledger, *, lines: bool = False) -> None:
        self.ledger = ledger
        self.lines = lines
        self.index: dict[int, int] = {}
        self.freed = False
        self.forward: set[int] | None = None
        self.call = -1  # of the way back

    def collect(self, results: list[Any], *, leaves: bool = False) -> list[Any]:
        """Every operation behind tensors, or every leaf, oldest first: the clock runs downwards."""
        found = self._gather([tensor._node for tensor in results])
        ordered = sorted(found.values(), key=lambda n: n.clock, reverse=True)
        return [node for node in ordered if is_leaf(node) is leaves]

    def _gather(self, ends: list[Any]) -> dict[int, Any]:
        found: dict[int, Any] = {}
        work = [_find_maker(end)[0] for end in ends]
        while work:
            node = work.pop()
            if id(node) in found:
                continue
            found[id(node)] = node
            if not is_leaf(node):
                work += [_find_maker(parent)[0] for parent, _ in node.edges()]
        return found

    def read(self, ends: list[Any]) -> None:
        """Enter every node behind `ends`, oldest first: the clock runs downwards."""
        found = self._gather(ends)
        ordered = sorted(found.values(), key=lambda n: n.clock, reverse=True)
        for node in ordered:
            if not is_leaf(node):
                self.ledger.enter(node.scope)
        for node in ordered:
            if not is_leaf(node):
                self.index[id(node)] = len(self.ledger.nodes)
                self.ledger.nodes.append(self._make_node(node))

    def _find_call(self, node: Any) -> int:
        """The module call of an operation, or that which stands for the way back."""
        if self.forward is None or id(node) in self.forward:
            return self.ledger.enter(node.scope)
        if self.call < 0:
            self.call = self.ledger.add_call("backward", "Gradients")
        return self.call

    def _make_node(self, node: Any) -> Node:
        op = node.op
        shapes, dtypes = _list_results(node)
        kept = _list_kept(node)
        self.freed = self.freed or any(value is FREED for _, value in kept)
        place = write_place(node.code, node.at)
        return Node(
            op.name,
            self._list_operands(node, dict(kept)),
            shapes,
            dtypes,
            list_settings(node.settings),
            op.label,
            op.kind,
            self._find_call(node),
            place,
            node.code.co_qualname,
            bytes=sum(count_bytes(s, d) for s, d in zip(shapes, dtypes, strict=True)),
            saved=tuple(dict.fromkeys(name for name, _ in kept)),
            scalar=_find_scalar(node, shapes, dict(kept)),
            formula=op.formula or "",
            line=read_line(node.code, place) if self.lines else "",
        )

    def _list_operands(self, node: Any, kept: dict[str, Any]) -> tuple[Operand, ...]:
        parents = {place: parent for parent, place in node.edges()}
        op = node.op
        count = len(op.operands) if not op.variadic else 0
        count = max(count, len(getattr(node, "parents", ())), *parents, 0)
        first = not any(not is_leaf(parent) for parent in parents.values())
        operands = []
        for place in range(max(count, *(p + 1 for p in parents))):
            name = op.operands[place] if place < len(op.operands) and not op.variadic else ""
            parent = parents.get(place)
            if parent is not None:
                operands.append(self._read_parent(parent, name, _find_shape(node, place)))
            else:
                operands.append(self._read_other(node, place, name, kept, first=first))
        return tuple(operands)

    def _read_parent(self, parent: Any, name: str, shape: Any) -> Operand:
        maker, output = _find_maker(parent)
        if not is_leaf(maker):
            return Operand(self.index[id(maker)], output=output, name=name)
        tensor = maker.tensor()
        if tensor is None:
            self.ledger.places.setdefault(id(maker), -1)
            if self.ledger.places[id(maker)] < 0:
                self.ledger.held.append(maker)
                self.ledger.places[id(maker)] = self.ledger.add_unknown(
                    "", shape, "input", trained=True
                )
            return Operand(leaf=self.ledger.places[id(maker)], name=name)
        return Operand(leaf=self.ledger.add_tensor(tensor, name), name=name)

    def _read_other(
        self, node: Any, place: int, name: str, kept: dict[str, Any], *, first: bool
    ) -> Operand:
        """An operand without a gradient: known as far as some rule kept it."""
        value = kept.get(name)
        starts = first and (place == 0 or len(node.op.operands) <= 2)
        role = "input" if starts else "constant"
        if isinstance(value, (np.ndarray, np.generic)):
            if value.ndim == 0:
                return Operand(scalar=value.item(), name=name, differentiable=False)
            leaf = self.ledger.add_array(name, value, role)
            return Operand(leaf=leaf, name=name, differentiable=False)
        shapes = getattr(node, "shapes", None)
        if shapes is not None and place < len(shapes) and shapes[place] is not None:
            if shapes[place] == ():
                return Operand(name=name, differentiable=False)
            leaf = self.ledger.add_unknown(name, tuple(shapes[place]), role)
            return Operand(leaf=leaf, name=name, differentiable=False)
        return Operand(name=name, differentiable=False)

    def close(self, results: list[Any], title: str) -> Graph:
        outputs = []
        for tensor in results:
            maker, output = _find_maker(tensor._node)
            if is_leaf(maker):
                outputs.append(Operand(leaf=self.ledger.add_tensor(tensor)))
                continue
            place = self.index[id(maker)]
            outputs.append(
                Operand(place, output=output, name=self.ledger.names.get(id(tensor), ""))
            )
            if tensor._array.ndim == 0:
                node = self.ledger.nodes[place]
                self.ledger.nodes[place] = _with_scalar(node, tensor._array.item())
        return self.ledger.close(tuple(outputs), title=title, freed=self.freed)


def _with_scalar(node: Node, value: Any) -> Node:
    return replace(node, scalar=value)


def _find_maker(node: Any) -> tuple[Any, int]:
    """The operation behind a tape entry, and which of its results is meant."""
    if node.__class__ is Pick:
        return node.parent, node.which
    return node, 0


def _find_shape(node: Any, place: int) -> tuple[int, ...]:
    """Shape of an operand as far as its reader knows it; elementwise ones have the result's."""
    if type(node) is TapeNode:
        shape = (node.sx, node.sy)[place] if place < 2 else None
    else:
        shapes = getattr(node, "shapes", None)
        shape = shapes[place] if shapes is not None and place < len(shapes) else None
    return tuple(node.shape if shape is None else shape)


def _list_results(node: Any) -> tuple[tuple[Any, ...], tuple[str, ...]]:
    if getattr(node, "results", 0):
        shapes = tuple(tuple(shape) for shape in node.shape)
        return shapes, tuple(str(dtype) for dtype in node.dtype)
    return (tuple(node.shape),), (str(node.dtype),)


def _list_kept(node: Any) -> list[tuple[str, Any]]:
    """Names and values of what the rules of a node keep; only arrays count."""
    op, sort = node.op, type(node)
    if sort is TapeNode:
        pairs = [(op.rules[0], node.kx), (op.rules[1] if len(op.rules) > 1 else None, node.ky)]
    elif op.shared is not None:
        pairs = [(op.shared, node.kept)]
    elif node.kept is FREED:
        pairs = [(rule, FREED) for rule in op.rules]
    else:
        pairs = list(zip(op.rules, node.kept, strict=False))
    found = []
    for rule, kept in pairs:
        if rule is None or kept is None:
            continue
        values = kept if isinstance(kept, tuple) else (kept,) * max(len(rule.sources), 1)
        for source, value in zip(rule.sources, values, strict=False):
            if source.what == "operand" and source.which is not None:
                found.append((op.operands[source.which], value))
            elif source.what == "out":
                found.append(("out", value))
    return found


def _find_scalar(node: Any, shapes: tuple[Any, ...], kept: dict[str, Any]) -> Any:
    value = kept.get("out")
    if shapes[0] == () and isinstance(value, (np.ndarray, np.generic)) and value.ndim == 0:
        return value.item()
    return None


def count_bytes(shape: tuple[int, ...], dtype: str) -> int:
    size = 1
    for extent in shape:
        size *= extent
    try:
        return size * np.dtype(dtype).itemsize
    except TypeError:
        return 0
