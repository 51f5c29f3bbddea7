"""The graph as a tree of items: operations inside module calls inside module calls.

An item that merges others keeps the indices of all their operations, so that every operation of
the graph belongs to exactly one item of each level and counts always add up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .kinds import RESHAPERS, classify

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .._graph import Graph


class Item:
    """One operation, several folded into one, or a group with children.

    `form` is "op", "chain" (reshaping), "constant", "run", or "group". `instances` holds the equal
    items that a stack stands for, this one first.
    """

    __slots__ = ("call", "children", "form", "instances", "lead", "name", "ops", "title")

    def __init__(self, form: str, ops: list[int], *, call: int = -1, name: str = "") -> None:
        self.form = form
        self.ops = ops
        self.call = call
        self.name = name
        self.title = ""
        self.lead = ops[-1] if ops else -1
        self.children: list[Item] = []
        self.instances: list[Item] = []

    @property
    def is_group(self) -> bool:
        """Whether there are children to show."""
        return self.form == "group"

    @property
    def count(self) -> int:
        """Number of equal items this one stands for."""
        return len(self.instances) or 1

    def all_ops(self) -> Iterator[int]:
        """Operations of this item and of the further instances of its stack."""
        if not self.instances:
            yield from self.ops
        for instance in self.instances:
            yield from instance.ops


def build_tree(graph: Graph, *, modules: bool) -> Item:
    """The root item: operations in execution order, grouped by module call."""
    root = Item("group", list(range(len(graph.nodes))))
    if not modules:
        root.children = [Item("op", [index]) for index in range(len(graph.nodes))]
        return root
    last: dict[int, tuple[Item, int]] = {}  # call -> its newest item and place below its parent
    for index, node in enumerate(graph.nodes):
        holder = _open(graph, root, node.call, last)
        holder.children.append(Item("op", [index]))
    _collect_ops(root)
    return root


def _open(graph: Graph, root: Item, call: int, last: dict[int, tuple[Item, int]]) -> Item:
    """The item of a call; a new one when something else has run in between.

    Reopening the old item could close a circle between it and what ran in between.
    """
    chain = []
    while call >= 0:
        chain.append(call)
        call = graph.calls[call].parent
    holder = root
    for inner in reversed(chain):
        found = last.get(inner)
        if found is None or not holder.children or holder.children[-1] is not found[0]:
            name = graph.calls[inner].name
            found = (Item("group", [], call=inner, name=name), len(holder.children))
            found[0].title = graph.calls[inner].module
            holder.children.append(found[0])
            last[inner] = found
        holder = found[0]
    return holder


def list_groups(root: Item) -> list[Item]:
    """All groups, each before its children."""
    found = [root]
    for item in found:
        found.extend(child for child in item.children if child.is_group)
    return found


def _collect_ops(root: Item) -> None:
    for group in reversed(list_groups(root)):
        group.ops = [op for child in group.children for op in child.ops]
        group.lead = group.ops[-1] if group.ops else -1


def simplify(graph: Graph, root: Item) -> None:
    """Fold what needs no card of its own, innermost groups first."""
    for group in reversed(list_groups(root)):
        owner = {op: place for place, child in enumerate(group.children) for op in child.ops}
        _shrink_constants(graph, group, owner)
        _chain_reshapes(graph, group)
        group.children = [_unwrap(child) for child in group.children]


def _unwrap(item: Item) -> Item:
    """A module with one child is that child, under the module's name."""
    while item.is_group and len(item.children) == 1:
        child = item.children[0]
        if child.is_group:
            child.name = child.name or item.name
        else:
            child.name = item.name
            child.title = item.title
        child.call = child.call if child.call >= 0 else item.call
        item = child
    return item


def _shrink_constants(graph: Graph, group: Item, owner: dict[int, int]) -> None:
    """Merge what carries no gradient into its only reader of the same sort.

    Merging into the only reader can never close a circle.
    """
    if not any(graph.nodes[op].differentiable for op in group.ops):
        return
    children = group.children
    for place in range(len(children) - 1, -1, -1):
        item = children[place]
        if item.is_group or any(graph.nodes[op].differentiable for op in item.ops):
            continue
        item.form = "constant" if item.form == "op" else item.form
        readers = _find_readers(graph, item, owner)
        if len(readers) == 1:
            target = children[readers.pop()]
            if target.form == "constant":
                target.ops = sorted(item.ops + target.ops)
                owner.update(dict.fromkeys(item.ops, children.index(target)))
                item.ops = []
    group.children = [item for item in children if item.ops]
    _attach_counters(graph, group)


def _attach_counters(graph: Graph, group: Item) -> None:
    """Merge constants that nobody reads (counters, running statistics) into the operation beside.

    Into the next one, or the one just before: all that a counter reads ran earlier than either,
    so no circle arises.
    """
    kept: list[Item] = []
    waiting: list[int] = []
    for item in group.children:
        if item.form == "constant" and not _is_read(graph, item):
            waiting += item.ops
        else:
            if waiting and item.form == "op":
                item.ops = sorted(item.ops + waiting)
                waiting = []
            kept.append(item)
    if waiting and kept and kept[-1].form == "op":
        kept[-1].ops = sorted(kept[-1].ops + waiting)
        waiting = []
    if not waiting:
        group.children = kept


def _is_read(graph: Graph, item: Item) -> bool:
    ends = {operand.node for operand in graph.outputs}
    return any(
        op in ends
        or any(
            reader not in item.ops
            for output in range(len(graph.nodes[op].shapes))
            for reader in graph.consumers.get(("node", op, output), ())
        )
        for op in item.ops
    )


def _find_readers(graph: Graph, item: Item, owner: dict[int, int]) -> set[int]:
    """Places of the siblings that read the item; -1 stands for readers outside the group."""
    readers = set()
    for op in item.ops:
        for output in range(len(graph.nodes[op].shapes)):
            for reader in graph.consumers.get(("node", op, output), ()):
                readers.add(owner.get(reader, -1))
        if any(out.node == op for out in graph.outputs):
            readers.add(-1)
    readers.discard(owner[item.ops[0]])
    return readers if -1 not in readers else set()


def _chain_reshapes(graph: Graph, group: Item) -> None:
    """Merge runs of reshaping operations where each is the only reader of the one before."""
    owner = {op: child for child in group.children for op in child.ops}
    merged: set[int] = set()
    for item in group.children:
        if item.form != "op" or graph.nodes[item.lead].op not in RESHAPERS:
            continue
        node = graph.nodes[item.lead]
        before = next((o.node for o in node.operands if o.node >= 0), -1)
        source = owner.get(before)
        if source is None or source is item or source.lead != before:
            continue
        if source.form not in {"op", "chain"} or graph.nodes[before].op not in RESHAPERS:
            continue
        if len(graph.consumers.get(("node", before, 0), ())) != 1:
            continue
        item.ops = source.ops + item.ops
        item.form = "chain"
        merged.add(id(source))
        for op in item.ops:
            owner[op] = item
    group.children = [item for item in group.children if id(item) not in merged]


def name_kind(graph: Graph, item: Item) -> str:
    """Kind of an item for its colour and glyph."""
    if item.is_group:
        return "module"
    if item.form == "chain":
        return "shape"
    if item.form == "constant":
        return "constant"
    node = graph.nodes[item.lead]
    return classify(node.op, node.kind)
