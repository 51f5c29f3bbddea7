"""Which groups are open: breadth first, as far as the budget of cards reaches."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from .items import Item, build_tree, list_groups, simplify
from .stacks import stack_repeats

if TYPE_CHECKING:
    from .._graph import Graph
    from .options import Options

LIMIT = 300  # cards up to which a picture may be opened by hand and still pans smoothly


def prepare(graph: Graph, options: Options) -> tuple[Item, set[int]]:
    """The folded tree and the ids of its open groups (by `id`, the tree keeps them alive)."""
    root = build_tree(graph, modules=options.group == "module")
    if options.group == "function":
        _group_by_function(graph, root)
    if options.expand == "all" or not options.fold:
        for group in reversed(list_groups(root)):
            group.children = [_name_single(child) for child in group.children]
        return root, {id(group) for group in list_groups(root)}
    simplify(graph, root)
    crowded = count_cards(root) > options.budget
    stack_repeats(graph, root, sections=crowded)
    for group in list_groups(root):
        if len(group.children) > options.budget:
            _compress(graph, group, options.budget)
    return root, _open(graph, root, options)


def _name_single(item: Item) -> Item:
    """A module call of one operation is drawn as that operation."""
    while item.is_group and len(item.children) == 1:
        child = item.children[0]
        child.name, child.title = child.name or item.name, child.title or item.title
        item = child
    return item


def count_cards(root: Item) -> int:
    """Cards of the tree with everything open."""
    return sum(not child.is_group for group in list_groups(root) for child in group.children)


def _compress(graph: Graph, group: Item, budget: int) -> None:
    """Bring a long flat sequence within the budget: elementwise runs, then plain sections."""
    group.children = _fold_runs(graph, group.children)
    count = len(group.children)
    if count <= budget:
        return
    pieces = min(budget, max(2, budget // 3))
    length = -(-count // pieces)
    group.children = [
        _make_section(graph, group.children[at : at + length]) for at in range(0, count, length)
    ]


def _make_section(graph: Graph, children: list[Item]) -> Item:
    if len(children) == 1:
        return children[0]
    section = Item("group", sorted(op for child in children for op in child.ops))
    section.ops = sorted(op for child in children for op in child.all_ops())
    section.children = children
    section.title = _name_section(graph, section.ops)
    section.name = f"operations {section.ops[0] + 1}–{section.ops[-1] + 1}"
    return section


def _name_section(graph: Graph, ops: list[int]) -> str:
    """The most frequent operations of a section, most frequent first."""
    counts: dict[str, int] = {}
    for op in ops:
        counts[graph.nodes[op].op] = counts.get(graph.nodes[op].op, 0) + 1
    names = sorted(counts, key=lambda name: (-counts[name], name))
    return ", ".join(names[:2]) + (" …" if len(names) > 2 else "")


def _fold_runs(graph: Graph, children: list[Item]) -> list[Item]:
    """Merge elementwise operations that each have one source and one reader."""
    found: list[Item] = []
    for item in children:
        before = found[-1] if found else None
        if before is not None and _continues(graph, before, item):
            before.ops += item.ops
            before.lead = item.lead
            before.form = "run"
        else:
            found.append(item)
    return found


def _continues(graph: Graph, before: Item, item: Item) -> bool:
    if item.form != "op" or before.form not in {"op", "run"} or item.instances or before.instances:
        return False
    node, source = graph.nodes[item.lead], graph.nodes[before.lead]
    sources = {operand.node for operand in node.operands if operand.node >= 0}
    if sources != {before.lead} or node.shape != source.shape:
        return False
    readers = set(graph.consumers.get(("node", before.lead, 0), ()))
    return readers == {item.lead} and not any(o.leaf >= 0 for o in node.operands)


def _group_by_function(graph: Graph, root: Item) -> None:
    """Group consecutive operations that the same function called."""
    found: list[Item] = []
    for item in root.children:
        where = graph.nodes[item.lead].function
        if found and found[-1].is_group and found[-1].name == where and where:
            found[-1].children.append(item)
            found[-1].ops += item.ops
        elif where:
            group = Item("group", list(item.ops), name=where)
            group.children, group.title = [item], "function"
            found.append(group)
        else:
            found.append(item)
    root.children = found


def _open(graph: Graph, root: Item, options: Options) -> set[int]:
    opened = {id(root)}
    shown = len(root.children)
    level = [child for child in root.children if child.is_group]
    depth = 1
    while level:
        following: list[Item] = []
        for batch in _order_batches(level):
            groups, cost = _choose(graph, batch, shown, depth, options)
            shown += cost
            opened.update(id(group) for group in groups)
            following += [child for group in groups for child in group.children if child.is_group]
        level = following
        depth += 1
    return opened


def _order_batches(level: list[Item]) -> list[list[Item]]:
    """The first group of every sort by itself, then the others of each sort together.

    So a reader sees the inside of every sort of block before any sort is shown twice, and of
    equal blocks either all further ones are open or none.
    """
    alike: dict[tuple[str, int], list[Item]] = {}
    for group in level:
        alike.setdefault((group.title, len(group.children)), []).append(group)
    firsts = [groups[:1] for groups in alike.values()]
    return firsts + [groups[1:] for groups in alike.values() if len(groups) > 1]


def _choose(
    graph: Graph, batch: list[Item], shown: int, depth: int, options: Options
) -> tuple[list[Item], int]:
    """The groups of a batch to open, and how many cards they add."""
    asked, open_to = [], []
    for group in batch:
        wish = _is_asked_for(graph, group, options)
        if wish is None and options.depth is not None:
            wish = depth <= options.depth
        if wish:
            asked.append(group)
        elif wish is None:
            open_to.append(group)
    cost = sum(len(group.children) - 1 for group in asked)
    if shown + cost > LIMIT:
        asked, cost = [], 0
    further = sum(len(group.children) - 1 for group in open_to)
    if shown + cost + further <= options.budget:
        return asked + open_to, cost + further
    return asked, cost


def _is_asked_for(graph: Graph, group: Item, options: Options) -> bool | None:
    """True: must open; False: must stay closed; None: as the budget allows."""
    path = get_path(graph, group)
    if any(_matches(path, group.title, pattern) for pattern in options.collapse):
        return False
    if isinstance(options.expand, tuple):
        for pattern in options.expand:
            if _matches(path, group.title, pattern) or _leads_to(path, pattern):
                return True
    return None


def get_path(graph: Graph, group: Item) -> str:
    """Path of the call a group stands for, without the call number."""
    return graph.calls[group.call].path if group.call >= 0 else group.name


def _matches(path: str, title: str, pattern: str) -> bool:
    return fnmatchcase(path, pattern) or fnmatchcase(title, pattern)


def _leads_to(path: str, pattern: str) -> bool:
    """Whether the path lies on the way to what a pattern names."""
    parts, wanted = path.split("."), pattern.split(".")
    if not path:
        return True
    return len(parts) < len(wanted) and all(
        fnmatchcase(part, want) for part, want in zip(parts, wanted, strict=False)
    )
