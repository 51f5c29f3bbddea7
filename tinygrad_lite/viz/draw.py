"""`draw`: from a tensor, a module or a graph to a picture."""

from __future__ import annotations

from importlib import import_module
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
    `direction`, `columns`, `theme`, `engine`, `title`, `legend`, `embed_source`; `stats` takes
    statistics of values and gradients, `backward` draws the operations of the way back as well.
    `color="gradcheck"` checks the rule of every operation and shows the verdict on its card, as
    does the report of `gradcheck(loss)` given in place of the loss.

    Nothing is changed by drawing: parameters, gradients, buffers and random state stay.

    >>> import tinygrad_lite as torch
    >>> from tinygrad_lite import viz
    >>> a, b = (torch.tensor(v, requires_grad=True) for v in (2.0, 3.0))
    >>> viz.draw(a * b + a)
    Picture(untitled: 2 operations, 2 shown, 0 folded)
    """
    stats, backward = (bool(options.pop(name, False)) for name in ("stats", "backward"))
    verdict = getattr(target, "errors", None)
    if isinstance(verdict, dict) and isinstance(getattr(target, "graph", None), Graph):
        options = {"color": "gradcheck", "errors": verdict, **options}
        target = target.graph
    checked = make_options(options)
    if checked.color == "gradcheck" and not checked.errors:
        return _draw_checked(target, inputs, options)
    lines = checked.embed_source
    if backward or (lines and _holds_tensors(target)):
        if not _holds_tensors(target):
            raise TypeError("draw: backward=True needs the tensor to go back from, as a loss")
        results = [target] if isinstance(target, Tensor) else list(target)
        return Picture(graph(results, stats=stats, backward=backward, lines=lines), checked)
    return Picture(_find_graph(target, inputs, stats=stats, lines=lines), checked)


def _draw_checked(target: Any, inputs: tuple[Any, ...], options: dict[str, Any]) -> Picture:
    """The picture of a run, or of what is behind a tensor, after every rule in it was checked."""
    if isinstance(target, Picture):
        target = target.graph
    home = import_module(f"{__package__.rpartition('.')[0]}.autograd.gradcheck")
    report = home.check_nodes(target, *inputs, raise_exception=False, report=True)
    return draw(report.graph, **{**options, "errors": report.errors or {-1: 0.0}})


def _holds_tensors(target: Any) -> bool:
    """Whether `target` is a tensor or several."""
    several = target if isinstance(target, (list, tuple)) else (target,)
    return bool(several) and all(isinstance(one, Tensor) for one in several)


def _find_graph(target: Any, inputs: tuple[Any, ...], *, stats: bool, lines: bool) -> Graph:
    if isinstance(target, Picture):
        return target.graph
    if isinstance(target, Graph):
        return target
    if _holds_tensors(target):
        return graph(target, stats=stats)
    if hasattr(target, "named_modules") and not inputs:
        return _list_modules(target)
    if callable(target):
        return trace(target, *inputs, stats=stats, lines=lines)
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
