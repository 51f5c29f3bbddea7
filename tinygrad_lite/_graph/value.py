"""The recorded run as plain data: operations in execution order, their leaves and module calls.

Nothing here holds a tensor or an array. An operand names its source by number, so the graph is
walked with loops, never by recursion, and two equal graphs compare equal.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any

from . import schema
from .parts import Call, Leaf, Node, Operand, write_shape

if TYPE_CHECKING:
    from collections.abc import Iterator


PACKAGE = __name__.partition(".")[0]


@dataclass(frozen=True)
class Graph:
    """A recorded computation, immutable.

    `nodes` are in execution order, and an operand refers only to earlier nodes. `freed` says that
    a backward pass has already released the kept values.
    """

    nodes: tuple[Node, ...] = ()
    leaves: tuple[Leaf, ...] = ()
    calls: tuple[Call, ...] = ()
    outputs: tuple[Operand, ...] = ()
    title: str = ""
    freed: bool = False
    has_gradients: bool = False
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.nodes)

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def __repr__(self) -> str:
        values = sum(leaf.size for leaf in self.parameters)
        return (
            f"Graph({self.title or 'untitled'}: {len(self.nodes)} operations, "
            f"{len(self.inputs)} inputs, {len(self.parameters)} parameters ({values} values))"
        )

    def __str__(self) -> str:
        return "\n".join(write_tree(self))

    @cached_property
    def inputs(self) -> tuple[Leaf, ...]:
        """The leaves that came from outside and are no parameters."""
        return tuple(leaf for leaf in self.leaves if leaf.role == "input")

    @cached_property
    def parameters(self) -> tuple[Leaf, ...]:
        """The leaves that are parameters, each once."""
        return tuple(leaf for leaf in self.leaves if leaf.role == "parameter")

    @cached_property
    def constants(self) -> tuple[Leaf, ...]:
        """The leaves that are neither inputs nor parameters."""
        return tuple(leaf for leaf in self.leaves if leaf.role in {"constant", "buffer"})

    @cached_property
    def consumers(self) -> dict[tuple[str, int, int], tuple[int, ...]]:
        """For every value the operations that read it, each as often as it reads it."""
        found: dict[tuple[str, int, int], list[int]] = {}
        for index, node in enumerate(self.nodes):
            for operand in node.operands:
                if operand.node >= 0 or operand.leaf >= 0:
                    found.setdefault(operand.source, []).append(index)
        return {source: tuple(readers) for source, readers in found.items()}

    def path(self, node: Node | int) -> str:
        """Module call path of an operation, empty outside every module."""
        call = (self.nodes[node] if isinstance(node, int) else node).call
        return self.calls[call].name if call >= 0 else ""

    def find(self, query: str) -> tuple[Node, ...]:
        """Operations that satisfy every word of `query`.

        `op:relu`, `path:encoder`, `kind:loss` (words of the legend), `param:bias`, `shape:*x64`,
        `grad<1e-6`, `value>3`, `nan`, or a bare word, which is looked for in operation, path and
        parameter names.

        >>> Graph(nodes=(Node("tanh"), Node("add"))).find("op:tanh")[0].op
        'tanh'
        """
        tests = [_Query(word) for word in query.split()]
        return tuple(node for node in self.nodes if all(test(self, node) for test in tests))

    def draw(self, **options: Any) -> Any:
        """The picture of the graph, as `viz.draw`; the drawing code is imported here first."""
        return import_module(f"{PACKAGE}.viz").draw(self, **options)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"image/svg+xml": self.draw().svg(), "text/plain": repr(self)}

    def with_title(self, title: str) -> Graph:
        """The same graph under another title."""
        return replace(self, title=title)

    def json(self, *, indent: int | None = None) -> str:
        """The graph as JSON text; `Graph.from_json` reads it back to an equal graph."""
        return schema.write(vars(self), indent=indent)

    @staticmethod
    def from_json(text: str) -> Graph:
        """The graph that `json()` wrote."""
        return Graph(**schema.read(text))


def write_tree(graph: Graph) -> list[str]:
    """Lines of the indented tree: modules as headings, operations with shapes below them."""
    lines = [repr(graph)]
    open_calls: list[int] = []
    for index, node in enumerate(graph.nodes):
        chain = list_calls(graph, node.call)
        common = 0
        while common < min(len(chain), len(open_calls)) and chain[common] == open_calls[common]:
            common += 1
        for depth, call in enumerate(chain[common:], common):
            entry = graph.calls[call]
            lines.append(f"{'  ' * (depth + 1)}{entry.name or 'module'}: {entry.module}")
        open_calls = chain
        reads = ", ".join(_write_operand(graph, operand) for operand in node.operands)
        shapes = ", ".join(write_shape(shape) for shape in node.shapes)
        lines.append(f"{'  ' * (len(chain) + 1)}%{index} = {node.op}({reads}) -> {shapes}")
    return lines


def list_calls(graph: Graph, call: int) -> list[int]:
    """The call and those around it, outermost first."""
    chain = []
    while call >= 0:
        chain.append(call)
        call = graph.calls[call].parent
    return chain[::-1]


def _write_operand(graph: Graph, operand: Operand) -> str:
    if operand.node >= 0:
        return f"%{operand.node}.{operand.output}" if operand.output else f"%{operand.node}"
    if operand.leaf >= 0:
        leaf = graph.leaves[operand.leaf]
        return f"{leaf.name or leaf.role} {write_shape(leaf.shape)}"
    scalar = operand.scalar
    return f"{scalar:.6g}" if isinstance(scalar, float) else repr(scalar)


class _Query:
    """One word of a search as a test on operations."""

    def __init__(self, word: str) -> None:
        self.word = word
        self.key, _, self.text = word.partition(":")
        self.bound = re.fullmatch(r"(grad|value)([<>])(.*)", word)
        if self.bound:
            try:
                float(self.bound[3])
            except ValueError:
                message = f"find: {word!r} needs a number behind {self.bound[2]}, as in grad<1e-6"
                raise ValueError(message) from None

    def __call__(self, graph: Graph, node: Node) -> bool:
        if self.bound:
            return self._compare(node)
        if self.word == "nan":
            return any(s is not None and not s.finite for s in (node.value, node.gradient))
        if not self.text:
            return self._search(graph, node)
        return self._match(graph, node)

    def _compare(self, node: Node) -> bool:
        which, sign, limit = self.bound.groups()  # type: ignore[union-attr]
        statistics = node.gradient if which == "grad" else node.value
        if statistics is None:
            return False
        return statistics.rms < float(limit) if sign == "<" else statistics.rms > float(limit)

    def _match(self, graph: Graph, node: Node) -> bool:
        if self.key == "op":
            return node.op == self.text
        if self.key == "kind":
            kinds = import_module(f"{PACKAGE}.viz.kinds")
            drawn = kinds.classify(node.op, node.kind)
            return self.text in {node.kind, drawn, kinds.KINDS[drawn].word}
        if self.key == "path":
            return self.text in graph.path(node)
        if self.key == "param":
            return any(self.text in name for name in _parameter_names(graph, node))
        if self.key == "shape":
            pattern = re.escape(self.text).replace(r"\*", ".*")
            written = (write_shape(shape).replace("×", "x") for shape in node.shapes)
            return any(re.fullmatch(pattern, text) for text in written)
        message = f"find: unknown key {self.key!r}; use op, kind, path, param or shape"
        raise ValueError(message)

    def _search(self, graph: Graph, node: Node) -> bool:
        names = [node.op, graph.path(node), *_parameter_names(graph, node)]
        return any(self.word in name for name in names)


def _parameter_names(graph: Graph, node: Node) -> list[str]:
    leaves = (graph.leaves[o.leaf] for o in node.operands if o.leaf >= 0)
    return [leaf.name for leaf in leaves if leaf.role == "parameter"]
