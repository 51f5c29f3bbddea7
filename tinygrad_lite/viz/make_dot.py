"""`make_dot`, spelt as in torchviz, so that a script runs with only its import changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._graph import graph

if TYPE_CHECKING:
    from .._graph import Graph, Leaf, Node

COLORS = {"leaf": "lightblue", "result": "darkolivegreen1", "saved": "orange"}


def make_dot(
    var: Any,
    params: dict[str, Any] | None = None,
    show_attrs: bool = False,
    show_saved: bool = False,
    max_attr_chars: int = 50,
) -> Any:
    """A `graphviz.Digraph` of the operations behind `var`, tensors as boxes of their own.

    `params` names tensors, best `dict(model.named_parameters())`; without it the modules' own
    names are used. `show_attrs` lists settings, `show_saved` what is kept for the way back.
    `viz.draw` makes the better picture; this one is for scripts written for torchviz.

    Differs from PyTorch's torchviz: nodes are called by the operation (`mul`), not by the class
    of its backward (`MulBackward0`), and inputs that want no gradient are shown too.
    """
    import graphviz

    found = graph(var if not isinstance(var, tuple) else list(var), names=params)
    digraph = graphviz.Digraph(
        node_attr={
            "style": "filled",
            "shape": "box",
            "align": "left",
            "fontsize": "10",
            "ranksep": "0.1",
            "height": "0.2",
            "fontname": "monospace",
        },
        graph_attr={"size": "12,12"},
    )
    _add_nodes(digraph, found, show_attrs=show_attrs, limit=max_attr_chars, saved=show_saved)
    _add_edges(digraph, found)
    return digraph


def _add_nodes(digraph: Any, found: Graph, *, show_attrs: bool, limit: int, saved: bool) -> None:
    for place, leaf in enumerate(found.leaves):
        digraph.node(f"leaf{place}", _write_leaf(leaf), fillcolor=COLORS["leaf"])
    for place, node in enumerate(found.nodes):
        label = node.op + (_write_attributes(node, limit) if show_attrs else "")
        digraph.node(f"op{place}", label, fillcolor="lightgrey")
        if saved:
            for name in node.saved:
                digraph.node(f"op{place}.{name}", name, fillcolor=COLORS["saved"])
                digraph.edge(f"op{place}", f"op{place}.{name}", dir="none")
    for place, operand in enumerate(found.outputs):
        shape = found.nodes[operand.node].shapes[operand.output] if operand.node >= 0 else ()
        label = f" {_write_shape(shape)}"
        digraph.node(f"out{place}", label, fillcolor=COLORS["result"])


def _add_edges(digraph: Any, found: Graph) -> None:
    for place, node in enumerate(found.nodes):
        for operand in node.operands:
            if operand.leaf >= 0:
                digraph.edge(f"leaf{operand.leaf}", f"op{place}")
            elif operand.node >= 0:
                digraph.edge(f"op{operand.node}", f"op{place}")
    for place, operand in enumerate(found.outputs):
        source = f"op{operand.node}" if operand.node >= 0 else f"leaf{operand.leaf}"
        digraph.edge(source, f"out{place}")


def _write_leaf(leaf: Leaf) -> str:
    return f"{leaf.name}\n {_write_shape(leaf.shape)}" if leaf.name else _write_shape(leaf.shape)


def _write_shape(shape: tuple[int, ...] | None) -> str:
    return f"({', '.join(map(str, shape or ()))})"


def _write_attributes(node: Node, limit: int) -> str:
    lines = [f"{name}: {str(value)[:limit]}" for name, value in node.settings]
    return "\n" + "-" * 20 + "\n" + "\n".join(lines) if lines else ""
