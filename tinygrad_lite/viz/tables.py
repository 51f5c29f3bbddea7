"""Tables in place of pictures: the layers of a model, and where time and memory go."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .._graph import trace
from .._graph.parts import write_shape
from .cards import write_bytes
from .words import number, write_name

if TYPE_CHECKING:
    from .._graph import Graph, Node, Operand


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under headings; `print` shows it, `rows` gives it to programs."""

    heads: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    notes: tuple[str, ...] = ()
    written: tuple[tuple[str, ...], ...] = field(default=(), repr=False)

    def __str__(self) -> str:
        lines = [self.heads, *self.written]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.heads))]
        text = [_join(line, widths) for line in lines]
        rule = "─" * (sum(widths) + 2 * (len(widths) - 1))
        return "\n".join([text[0], rule, *text[1:], rule, *self.notes])

    __repr__ = __str__


def _join(cells: tuple[str, ...], widths: list[int]) -> str:
    first = cells[0].ljust(widths[0])
    others = [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True)]
    return "  ".join([first, *others]).rstrip()


def summary(model: Any, *inputs: Any) -> Table:
    """The table of a model's layers for given inputs.

    For each module call: result shape, parameters of its own, multiply-adds, bytes of its
    results. A module that is called twice has two rows; its parameters count once.

    Multiply-adds are those of matrix products and convolutions; the elementwise rest is not
    counted.
    """
    graph = trace(model, *inputs)
    seen: set[int] = set()
    rows, written = [], []
    for place, call in enumerate(graph.calls):
        inside = [n for n in graph.nodes if _lies_in(graph, n.call, place)]
        own = [n for n in graph.nodes if n.call == place]
        fresh = {o.leaf for n in own for o in n.operands if _is_parameter(graph, o.leaf)} - seen
        seen |= fresh
        parameters = sum(graph.leaves[leaf].size for leaf in fresh)
        macs = sum(count_macs(graph, n) for n in own)
        memory = sum(n.bytes or 0 for n in own)
        shape = inside[-1].shape if inside else None
        depth = _find_depth(graph, place)
        rows.append((call.name, call.module, shape, parameters, macs, memory))
        name = "  " * depth + (call.name.rpartition(".")[2] or "(model)")
        cells = (number(parameters), number(macs), write_bytes(memory))
        written.append((f"{name}: {call.module}", write_shape(shape), *cells))
    return Table(
        ("layer", "result", "parameters", "multiply-adds", "memory"),
        tuple(rows),
        _sum_up(graph, model),
        tuple(written),
    )


def _sum_up(graph: Graph, model: Any) -> tuple[str, ...]:
    total = sum(leaf.size for leaf in graph.parameters)
    trained = sum(leaf.size for leaf in graph.parameters if leaf.requires_grad)
    unused = sum(1 for _ in model.parameters()) - len(graph.parameters)
    macs = sum(count_macs(graph, node) for node in graph.nodes)
    memory = sum(node.bytes or 0 for node in graph.nodes)
    notes = [
        f"parameters: {number(total)}, trained: {number(trained)}",
        f"multiply-adds: {number(macs)}, results: {write_bytes(memory)}",
    ]
    if unused > 0:
        notes.append(f"parameters not used by this call: {unused} tensors")
    return tuple(notes)


def _lies_in(graph: Graph, call: int, outer: int) -> bool:
    while call >= 0:
        if call == outer:
            return True
        call = graph.calls[call].parent
    return False


def _find_depth(graph: Graph, call: int) -> int:
    depth = 0
    while graph.calls[call].parent >= 0:
        call = graph.calls[call].parent
        depth += 1
    return depth


def _is_parameter(graph: Graph, leaf: int) -> bool:
    return leaf >= 0 and graph.leaves[leaf].role == "parameter"


def count_macs(graph: Graph, node: Node) -> int:
    """Multiply-adds of a matrix product or a convolution, 0 for other operations."""
    if node.shape is None:
        return 0
    size = 1
    for extent in node.shape:
        size *= extent
    shapes = [_find_shape(graph, operand) for operand in node.operands]
    if node.op.startswith("linear") or node.op == "matmul":
        return size * (shapes[0][-1] if shapes and shapes[0] else 0)
    if node.op == "matmul_transposed":
        return size * (shapes[0][0] if shapes and shapes[0] else 0)
    if node.op.startswith("conv") and len(shapes) > 1 and shapes[1]:
        inner = 1
        for extent in shapes[1][1:]:
            inner *= extent
        return size * inner
    return 0


def _find_shape(graph: Graph, operand: Operand) -> tuple[int, ...] | None:
    if operand.node >= 0:
        return graph.nodes[operand.node].shapes[operand.output]
    return graph.leaves[operand.leaf].shape if operand.leaf >= 0 else None


def profile(model: Any, *inputs: Any, repeat: int = 5) -> Table:
    """Where the time and memory of `model(*inputs)` go, by module and operation.

    Each operation's time is the median of `repeat` runs, measured from the end of the operation
    before, so Python's own work between two operations counts to the later one.
    """
    runs = [trace(model, *inputs) for _ in range(max(repeat, 1))]
    graph = runs[0]
    times = [_find_median([run.nodes[i].seconds or 0.0 for run in runs]) for i in range(len(graph))]
    total = sum(times) or 1.0
    sums: dict[tuple[str, str], list[float]] = {}
    for node, seconds in zip(graph.nodes, times, strict=True):
        entry = sums.setdefault((graph.path(node), write_name(node)), [0, 0.0, 0])
        entry[0] += 1
        entry[1] += seconds
        entry[2] += node.bytes or 0
    ordered = sorted(sums.items(), key=lambda item: -item[1][1])
    rows = tuple((*key, int(n), seconds, int(size)) for key, (n, seconds, size) in ordered)
    written = tuple(
        (path or "(outside)", op, str(n), f"{s * 1e6:.1f} µs", f"{s / total:.1%}", write_bytes(b))
        for path, op, n, s, b in rows
    )
    memory = sum(node.bytes or 0 for node in graph.nodes)
    note = f"{len(graph)} operations, {total * 1e3:.3g} ms, results {write_bytes(memory)}"
    heads = ("module", "operation", "calls", "time", "share", "memory")
    return Table(heads, rows, (note,), written)


def _find_median(values: list[float]) -> float:
    ordered = sorted(values)
    return ordered[len(ordered) // 2]
