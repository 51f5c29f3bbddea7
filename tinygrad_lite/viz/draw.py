"""`draw`: from a tensor, a module or a graph to a picture."""

from __future__ import annotations

from typing import Any

from .._graph import Call, Graph, Leaf, Node, Operand, graph, trace
from .._tensor import Tensor
from .options import make_options
from .picture import Picture


def draw(target: Any, *inputs: Any, **options: Any) -> Picture:
    """A picture of a computation; `.save("graph.svg")` writes it, notebooks show it.

    `target` is a tensor (or several) that a computation ended in, a module or function together
    with its `inputs`, a `Graph`, or a module alone, of which the tree of its parts is drawn.
    Options: `budget`, `depth`, `expand`, `collapse`, `fold`, `group`, `show`, `color`,
    `direction`, `columns`, `theme`, `engine`, `title`, `legend`, `stats`.

    Nothing is changed by drawing: parameters, gradients, buffers and random state stay.

    >>> import tinygrad_lite as torch
    >>> from tinygrad_lite import viz
    >>> a, b = (torch.tensor(v, requires_grad=True) for v in (2.0, 3.0))
    >>> viz.draw(a * b + a)
    Picture(untitled: 2 operations, 2 shown, 0 folded)
    """
    stats = bool(options.pop("stats", False))
    checked = make_options(options)
    return Picture(_find_graph(target, inputs, stats=stats), checked)


def _find_graph(target: Any, inputs: tuple[Any, ...], *, stats: bool) -> Graph:
    if isinstance(target, Picture):
        return target.graph
    if isinstance(target, Graph):
        return target
    if isinstance(target, Tensor):
        return graph(target, stats=stats)
    if isinstance(target, (list, tuple)) and target and all(isinstance(t, Tensor) for t in target):
        return graph(list(target), stats=stats)
    if hasattr(target, "named_modules") and not inputs:
        return _list_modules(target)
    if callable(target):
        return trace(target, *inputs, stats=stats)
    raise TypeError(
        f"draw: expected a tensor, a module, a function with its inputs, or a Graph, got "
        f"{type(target).__name__}"
    )


def _list_modules(module: Any) -> Graph:
    """The tree of a module's parts; each part without children stands as one operation."""
    calls: list[Call] = []
    places: dict[str, int] = {}
    nodes: list[Node] = []
    leaves: list[Leaf] = []
    for name, part in module.named_modules():
        parent = places.get(name.rpartition(".")[0], -1) if name else -1
        places[name] = len(calls)
        calls.append(Call(name, 1, type(part).__name__, parent))
        own = list(part.named_parameters(recurse=False))
        if any(True for _ in part.children()) and not own:
            continue
        operands = [Operand(node=len(nodes) - 1)] if nodes else []
        for key, tensor in own:
            path = f"{name}.{key}" if name else key
            leaves.append(Leaf(path, "parameter", tuple(tensor.shape), str(tensor._array.dtype)))
            operands.append(Operand(leaf=len(leaves) - 1, name=key))
        nodes.append(Node(type(part).__name__, tuple(operands), call=places[name]))
    note = "Modules in the order of their definition; draw(model, x) shows how data flows."
    title = type(module).__name__
    return Graph(tuple(nodes), tuple(leaves), tuple(calls), title=title, notes=(note,))
