"""Walking back from results to leaves.

Whatever was computed from a node is newer, thus served before it: no topological sort and no
recursion, however deep the graph.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush, heappushpop
from typing import Any

import numpy as np

from ._dtypes import of
from ._kernels.patches import Patch
from ._kernels.products import Products
from ._kernels.rows import Rows
from ._nodes import FREED, Leaf, Node, Pick, WideNode, make
from ._op import Op, Rule
from ._stamps import NEWEST, STAMPS, line_of, root_of
from .ops.elementwise import passes
from .ops.shape import unexpand

__all__ = ["Walk", "pulled", "run_hooks"]

ndarray = np.ndarray  # one look-up instead of two, several times for every node
ANOMALY = [False]  # whether every gradient is searched for NaN: detect_anomaly

# An entry of a walk is a list [node, its gradient so far, whether that array is only ours]: a list
# costs a quarter of an object with slots, and one is made for every node.


def add_to(entry: list[Any], g: Any) -> None:
    """Add another gradient to an entry, in place where the sum is nobody else's."""
    total = entry[1]
    if entry[2]:
        total += g
    else:
        entry[1] = total = total + g
        entry[2] = total.__class__ is ndarray


class Walk:
    """One way back from some results to the leaves.

    `waiting` holds an entry for every node that has received a gradient, by clock; `heap` the
    clocks of those to be served; `leaves` the clocks of the leaves reached.  `needed` restricts
    the walk to these nodes (None: all).
    """

    needed: set[Any] | None = None

    def __init__(self, *, retain: bool, create_graph: bool) -> None:
        self.waiting: dict[int, list[Any]] = {}
        self.heap: list[int] = []
        self.leaves: list[int] = []
        self.retain, self.create_graph = retain, create_graph

    def deliver(self, node: Any, g: Any, fresh: bool = False) -> None:
        """Hand a gradient to a node; what is there already is added up."""
        clock = node.clock
        entry = self.waiting.get(clock)
        if entry is not None:
            add_to(entry, g)
            return
        if node.__class__ is Leaf:
            self.leaves.append(clock)
        else:
            heappush(self.heap, clock)
            if g.__class__ is Products:  # only a leaf's wait to be multiplied together
                g = g.__array__()
        if g.__class__ is Patch:  # nothing is there yet that it could be added to
            g, fresh = g.__array__(), True
        self.waiting[clock] = [node, g, fresh]

    def deliver_part(self, pick: Pick, g: Any) -> None:
        """Hand the gradient of one of several results to the operation that made them."""
        parent = pick.parent
        entry = self.waiting.get(parent.clock)
        if entry is None:
            entry = self.waiting[parent.clock] = [parent, [None] * parent.results, False]
            heappush(self.heap, parent.clock)
        present = entry[1][pick.which]
        entry[1][pick.which] = g if present is None else present + g

    def run(self, wanted: dict[Any, Any] | None = None) -> None:
        """Serve waiting nodes, newest first, until only leaves are left.

        `wanted` maps nodes to None and is filled with their gradients.
        """
        heap, take, needed = self.heap, self.waiting.pop, self.needed
        newest, anomaly, create = NEWEST[0], ANOMALY[0], self.create_graph
        while heap:
            node, g, _ = take(heappop(heap))
            plain = node.__class__ is Node
            if plain or node.__class__ is Pick or not node.results:
                if node.hooks is not None:
                    g = run_hooks(node, g)
                if wanted is not None and node in wanted:
                    wanted[node] = g
            if needed is not None and node not in needed:
                continue
            if node.__class__ is Pick:
                self.deliver_part(node, g)
                continue
            if node.clock > newest:
                check_kept(node)
            found = _pulled_plain(node, g, create, node) if plain else pulled(node, g, create)
            for parent, gx, fresh in found:
                if anomaly:
                    _refuse_nan(node, gx)
                if needed is None or parent in needed or (wanted is not None and parent in wanted):
                    self.deliver(parent, gx, fresh)
            if not self.retain:
                free(node)

    def run_fast(self) -> None:  # noqa: PLR0915 - both edges unrolled on purpose, see below
        """Do what `run` does for arrays, with the edges of plain nodes in the open.

        Without the generator and the calls a node of small arrays costs a third: 0.3 against
        0.9 microseconds beside the rules themselves.  `entry` is the newest that waits and lies
        beside the heap, which sees only what has to wait longer: in a chain nothing.
        """
        if ANOMALY[0]:
            self.run()
            return
        heap, waiting, leaves = self.heap, self.waiting, self.leaves
        take, get = waiting.pop, waiting.get
        newest, spend, needed = NEWEST[0], not self.retain, self.needed
        entry: Any = take(heappop(heap)) if heap else None
        while entry is not None:
            node, g, _ = entry
            if node.__class__ is not Node or node.hooks is not None or node.clock > newest:
                self._serve(entry)
                entry = take(heappop(heap)) if heap else None
                continue
            rules, entry = node.op.rules, None
            parent = node.x
            if parent is not None and (needed is None or parent in needed):
                kept = node.kx
                if kept.__class__ is ndarray:
                    gx = rules[0].function(g, kept)
                    if spend:
                        node.kx = FREED
                elif kept is None:
                    rule = rules[0].function
                    gx = g if rule is passes else rule(g)
                elif kept is FREED:
                    raise freed_error(node)
                else:
                    gx = rules[0].function(g, *kept)
                    if spend and rules[0].holds:
                        node.kx = FREED
                    if gx.__class__ is Patch and parent.clock not in waiting:
                        gx = gx.__array__()
                if node.sx is not None and gx.shape != node.sx:
                    gx = reduce_to(gx, node.sx, node, 0)
                clock = parent.clock
                if parent.__class__ is Leaf:
                    found = get(clock)
                    if found is not None:
                        add_to(found, gx)
                    else:
                        waiting[clock] = [parent, gx, _is_fresh(gx, g)]
                        leaves.append(clock)
                elif heap and (found := get(clock)) is not None:
                    add_to(found, gx)
                else:
                    entry = [parent, gx, False]
            parent = node.y
            if parent is not None and (needed is None or parent in needed):
                kept = node.ky
                if kept.__class__ is ndarray:
                    gx = rules[1].function(g, kept)
                    if spend:
                        node.ky = FREED
                elif kept is None:
                    rule = rules[1].function
                    gx = g if rule is passes else rule(g)
                elif kept is FREED:
                    raise freed_error(node)
                else:
                    gx = rules[1].function(g, *kept)
                    if spend and rules[1].holds:
                        node.ky = FREED
                if node.sy is not None and gx.shape != node.sy:
                    gx = reduce_to(gx, node.sy, node, 1)
                clock = parent.clock
                if parent.__class__ is Leaf:
                    found = get(clock)
                    if found is not None:
                        add_to(found, gx)
                    else:
                        waiting[clock] = [parent, gx, _is_fresh(gx, g)]
                        leaves.append(clock)
                elif heap and (found := get(clock)) is not None:
                    add_to(found, gx)
                elif entry is None:
                    entry = [parent, gx, False]
                elif entry[0] is parent:
                    add_to(entry, gx)
                else:  # two wait: the older one goes to the heap
                    other = entry[0].clock
                    if clock < other:
                        waiting[other], entry = entry, [parent, gx, False]
                        heappush(heap, other)
                    else:
                        waiting[clock] = [parent, gx, False]
                        heappush(heap, clock)
            if heap:
                if entry is None:
                    entry = take(heappop(heap))
                elif heap[0] < (clock := entry[0].clock):
                    waiting[clock] = entry
                    entry = take(heappushpop(heap, clock))

    def _serve(self, entry: list[Any]) -> None:
        """Serve one node the general way."""
        node, g, _ = entry
        if node.hooks is not None and g.__class__ is not list:  # a list: hooks are the results'
            g = run_hooks(node, g)
        if node.__class__ is Pick:
            self.deliver_part(node, g)
            return
        if node.clock > NEWEST[0]:
            check_kept(node)
        if node.__class__ is WideNode and node.op.trusted:
            self._serve_wide(node, tuple(g) if node.results else g)
            return
        for parent, gx, fresh in pulled(node, g, self.create_graph):
            if self.needed is None or parent in self.needed:
                self.deliver(parent, gx, fresh)
        if not self.retain:
            free(node)

    def _serve_wide(self, node: WideNode, g: Any) -> None:
        """Serve an operation of this library: its rules return what they should, unchecked."""
        kept, op, shapes, needed = node.kept, node.op, node.shapes, self.needed
        if kept is FREED:
            raise freed_error(node)
        rules = op.rules
        if not self.retain and op.facts.holds:  # first, for the last rules overwrite what is kept
            node.kept, node.kept_again, rules = FREED, None, op.rules_last
        shared = None if op.shared is None else op.shared.function(g, *kept)
        for i, parent in enumerate(node.parents):
            if parent is None or (needed is not None and parent not in needed):
                continue
            if shared is not None:
                gx = shared[i]
            else:
                arguments = kept[i]
                gx = None if arguments is None else rules[i].function(g, *arguments)
            if gx is None:
                continue
            if gx.shape != shapes[i]:
                gx = reduce_to(gx, shapes[i], node, i)
            self.deliver(parent, gx, gx is not g and _is_fresh(gx, g))

    def results(self) -> Iterator[list[Any]]:
        """The entries of the leaves reached."""
        return (self.waiting[clock] for clock in self.leaves)


def pulled(
    node: Any, g: Any, create_graph: bool, origin: Any = None
) -> list[tuple[Any, Any, bool]]:
    """Gradients for the nodes behind `node`: (parent, gradient, whether the array is only ours).

    A node may stand in for its `origin`, to which second derivatives flow.
    """
    if node.__class__ is Node:
        return _pulled_plain(node, g, create_graph, origin or node)
    if node.__class__ is not WideNode:  # a call of an autograd.Function pulls by itself
        return _checked_all(node, node.pull(g, create_graph), g)
    if node.kept is FREED:
        raise freed_error(node)
    op = node.op
    if node.results:
        g = tuple(g)
    twin = create_graph and node.kept_again is not None
    kept = node.kept_again if twin else node.kept
    shared = (op.shared_again if twin else op.shared) or op.shared
    if shared is not None:
        arguments = _tensors(node, shared, kept, origin) if create_graph else kept
        gradients = shared.function(g, *arguments)
        _check_count(op, gradients, len(node.parents))
    else:
        rules = op.rules_again if twin else op.rules
        gradients = []
        for i, parent in enumerate(node.parents):
            rule, arguments = rules[i] or op.rules[i], kept[i]
            if parent is None or arguments is None:
                gradients.append(None)
                continue
            if create_graph:
                arguments = _tensors(node, rule, arguments, origin)
            gradients.append(rule.function(g, *arguments))
    return _checked_all(node, gradients, g)


def _checked_all(node: Any, gradients: Any, g: Any) -> list[tuple[Any, Any, bool]]:
    """A rule's results for the operands that want one, checked and summed to their shapes."""
    found = []
    trusted = node.__class__ is WideNode and node.op.trusted
    for i, (parent, gx) in enumerate(zip(node.parents, gradients, strict=False)):
        if parent is None or gx is None:
            continue
        if not trusted:
            checked(gx, node, i)
        shape = node.shapes[i]
        summed = gx if shape is None or shape_of(gx) == shape else reduce_to(gx, shape, node, i)
        found.append((parent, summed, trusted and _is_fresh(gx, g)))
    return found


def _pulled_plain(
    node: Node, g: Any, create_graph: bool, origin: Any
) -> list[tuple[Any, Any, bool]]:
    found = []
    for i, parent, kept, shape in ((0, node.x, node.kx, node.sx), (1, node.y, node.ky, node.sy)):
        if parent is None:
            continue
        rule = node.op.rules[i]
        if kept is None:
            gx = rule.function(g)
        elif kept.__class__ is ndarray:
            gx = rule.function(g, _connected(node, rule, kept, origin) if create_graph else kept)
        elif kept is FREED:
            raise freed_error(node)
        else:
            arguments = _tensors(node, rule, kept, origin) if create_graph else kept
            gx = rule.function(g, *arguments)
        if shape is not None and shape_of(gx) != shape:
            gx = reduce_to(gx, shape, node, i)
        found.append((parent, gx, not create_graph and _is_fresh(gx, g)))
    return found


def _connected(node: Node, rule: Rule, kept: Any, origin: Any) -> Any:
    """The one array that a rule keeps, as a tensor with the history it had."""
    behind = origin if rule.keeps == "out" else node.x if rule.keeps == "x" else node.y
    return connect(kept, behind)


def shape_of(g: Any) -> Any:
    """The shape of an array or tensor as a plain tuple, which a tensor's own is not."""
    return g._array.shape if isinstance(g, Op.tensor_class) else g.shape  # type: ignore[attr-defined]


def _is_fresh(gx: Any, g: Any) -> bool:
    """Whether a rule's result is an array of its own, which sums may be added into."""
    if gx.__class__ is not ndarray or gx is g or gx.base is not None or gx.ndim == 0:
        return False
    return g.__class__ is not tuple or all(gx is not part for part in g)  # of several results


def _check_count(op: Op, gradients: Any, count: int) -> None:
    if not isinstance(gradients, (tuple, list)) or len(gradients) != count:
        got = len(gradients) if isinstance(gradients, (tuple, list)) else gradients.__class__
        raise RuntimeError(
            f"the joint rule of {op.name} returned an incorrect number of gradients "
            f"(expected {count}, got {got})"
        )


def checked(gx: Any, node: Any, position: int) -> Any:
    """A rule's result as something the walk can use; an error that names the rule otherwise."""
    if isinstance(gx, (np.ndarray, np.generic, Op.tensor_class, Products, Patch, Rows)):
        return gx
    raise TypeError(
        f"the rule of {node.op.name} for operand {node.op.operands[position]!r} must return an "
        f"array, got {gx.__class__.__name__}"
    )


def reduce_to(g: Any, shape: tuple[int, ...], node: Any, position: int) -> Any:
    """Undo broadcasting: sum a gradient over the axes along which the operand was repeated."""
    given = shape_of(g)
    lead = len(given) - len(shape)
    fits = lead >= 0 and all(n in (1, m) for n, m in zip(shape, given[lead:], strict=True))
    if not fits:
        op = node.op
        name = op.operands[position] if position < len(op.operands) else f"{position}"
        raise RuntimeError(
            f"the rule of {op.name} for operand {name!r} returned an invalid gradient: "
            f"got shape {list(given)} but expected shape compatible with {list(shape)}"
        )
    return unexpand(g, shape=shape)


def freed_error(node: Any) -> RuntimeError:
    """The error for a second walk over a graph whose kept values are gone."""
    return RuntimeError(
        "Trying to backward through the graph a second time (or directly access saved tensors "
        f"after they have already been freed): the values that {node.op.name}{place_of(node)} "
        "kept were let go by the first backward(). Compute the loss again, or pass "
        "retain_graph=True the first time; a hidden state carried over from an earlier step "
        "wants h = h.detach()."
    )


def free(node: Any, layout: type | None = None) -> None:
    """Let go of the arrays a node keeps; without any it can be walked again."""
    layout = layout or node.__class__
    if layout is Node:
        rules = node.op.rules
        if node.kx is not None and rules[0].holds:
            node.kx = FREED
        if node.ky is not None and rules[1].holds:
            node.ky = FREED
    elif layout is WideNode:
        if node.op.facts.holds:
            node.kept, node.kept_again = FREED, None
    elif layout is not Pick:
        node.release()


def _tensors(node: Any, rule: Rule, kept: tuple[Any, ...], origin: Any) -> tuple[Any, ...]:
    """What a rule keeps, as tensors that are connected to the graph they came from."""
    origin = origin or node
    parents = (node.x, node.y) if node.__class__ is Node else node.parents
    made = list(kept)
    for i in rule.arrays:
        (what, which), value = rule.sources[i], kept[i]
        if what == "operands":
            made[i] = tuple(connect(v, p) for v, p in zip(value, parents, strict=True))
        elif what == "out":
            made[i] = connect(value, origin if which is None else Pick(origin, which))
        elif isinstance(value, (ndarray, np.generic)):
            made[i] = connect(value, parents[which] if which < len(parents) else None)
    return tuple(made)


def connect(array: Any, node: Any) -> Any:
    """A tensor of `array` that `node` made (the leaf itself where it is still there)."""
    if node is None or array.dtype.kind != "f":
        node = None
    elif node.__class__ is Leaf:
        tensor = node.tensor()
        if tensor is not None and tensor._array is array:
            return tensor
    return make(array, node)


def run_hooks(node: Any, g: Any) -> Any:
    """Show a gradient to the hooks of a node; what they return replaces it."""
    as_array = not isinstance(g, Op.tensor_class)
    if as_array:
        g = make(g, None)
    for hook in sorted(node.hooks.values(), key=_runs_last):
        found = hook(g)
        if found is not None:
            if not hasattr(found, "_array"):
                name = type(found).__name__
                raise TypeError(f"expected Variable, but hook returned '{name}': return a tensor")
            if tuple(found.shape) != tuple(g.shape):
                raise RuntimeError(
                    f"a hook has changed the size of value: got {list(found.shape)}, expected "
                    f"{list(g.shape)}"
                )
            g = found
    return g._array if as_array else g


def _runs_last(hook: Any) -> bool:
    """Whether a hook only looks at the final gradient (that of retain_grad)."""
    return getattr(hook, "last", False)


def _refuse_nan(node: Any, gx: Any) -> None:
    """Raise if a rule made NaN, naming the line of the operation it belongs to."""
    array = gx._array if isinstance(gx, Op.tensor_class) else gx  # type: ignore[attr-defined]
    if np.isnan(array).any():
        raise RuntimeError(
            f"Function '{node.name()}' returned nan values in its gradient: the rule of "
            f"{node.op.name}, recorded{place_of(node) or ' at an unknown line'}"
        )


def place_of(node: Any) -> str:
    """Where a node was recorded, as ` (model.py:31)`; empty where that is not known."""
    code = getattr(node, "code", None)
    return "" if code is None else f" ({line_of(code, node.at)})"


def check_kept(node: Any) -> None:
    """Raise if a value that the rules of `node` keep was changed after it was kept."""
    if node.__class__ is Node:
        kept: tuple[Any, ...] = (node.kx, node.ky)
    elif node.__class__ is WideNode:
        kept = (node.kept, node.kept_again)
    else:
        return
    for value in _arrays(kept):
        found = STAMPS.get(id(root_of(value)))
        if found is not None and node.clock > found.last.clock:
            last = found.last
            remedy = "Use the out-of-place form there, such as y = y + 1, or clone() first."
            if last.name.endswith(".step()"):
                remedy = "Call step() after the last backward(), or compute the loss again after it"
            raise RuntimeError(
                "one of the variables needed for gradient computation has been modified by an "
                f"inplace operation: {node.op.name}{place_of(node)} keeps a value of type "
                f"{of(value.dtype)!r} and shape {list(value.shape)}, which {last.name} "
                f"({line_of(last.code, last.at)}) changed; it is at version {found.count}. "
                f"{remedy}"
            )


def _arrays(values: tuple[Any, ...]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, tuple):
            yield from _arrays(value)
        elif isinstance(value, np.ndarray):
            yield value
