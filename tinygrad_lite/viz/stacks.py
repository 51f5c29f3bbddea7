"""Repeats: equal consecutive siblings, and equal consecutive sections, become one stack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .items import Item, list_groups

if TYPE_CHECKING:
    from collections.abc import Hashable

    from .._graph import Graph, Node

Source = tuple[str, int, int]
LONGEST_PERIOD = 48
CROWDED = 12  # children from which on sections of several siblings are looked for


def stack_repeats(graph: Graph, root: Item, *, sections: bool) -> None:
    """Stack repeats in every group, innermost first, so that equal groups stay equal.

    Modules always stack (those of one operation if there are many); operations, and sections of
    several siblings, only where asked, because a small graph is read more easily in full.
    """
    signatures = _Signatures(graph)
    for group in reversed(list_groups(root)):
        names = [signatures.of(child) for child in group.children]
        chained = _find_chained(graph, group.children)
        read = [_list_sources(graph, child) for child in group.children] if sections else []
        periods = LONGEST_PERIOD if sections and len(names) > CROWDED else 1
        group.children = _stack(group.children, names, chained, read, periods, single=sections)


def _list_sources(graph: Graph, item: Item) -> frozenset[Source]:
    """Values from outside that an item reads, parameters included."""
    inside = set(item.ops)
    return frozenset(
        operand.source
        for op in item.ops
        for operand in graph.nodes[op].operands
        if operand.leaf >= 0 or (operand.node >= 0 and operand.node not in inside)
    )


def _find_chained(graph: Graph, children: list[Item]) -> list[set[int]]:
    """For each child the places of the siblings that it reads."""
    owner = {op: place for place, child in enumerate(children) for op in child.all_ops()}
    found = []
    for place, child in enumerate(children):
        reads = (operand.node for op in child.ops for operand in graph.nodes[op].operands)
        found.append({owner[node] for node in reads if node in owner} - {place})
    return found


def _stack(
    children: list[Item],
    names: list[int],
    chained: list[set[int]],
    read: list[frozenset[Source]],
    longest: int,
    *,
    single: bool,
) -> list[Item]:
    """Stack modules that repeat; sections where each reads the one before, or all the same."""
    found: list[Item] = []
    at = 0
    while at < len(children):
        period, times = _find_repeat(names, at, longest)
        called = children[at].title and times > CROWDED  # a module of one operation in a loop
        module = period == 1 and (children[at].is_group or called)
        linked = all(
            any(
                at + (k - 1) * period <= before < at + k * period
                for place in range(at + k * period, at + (k + 1) * period)
                for before in chained[place]
            )
            for k in range(1, times)
        )
        parallel = single and period == 1 and all(read[at] == read[at + k] for k in range(1, times))
        worth = period > 1 or (single and times > 2)
        if times > 1 and (module or ((linked or parallel) and worth)):
            sections = [
                _make_section(children[at + k * period : at + (k + 1) * period])
                for k in range(times)
            ]
            first = sections[0]
            first.instances = sections
            found.append(first)
            at += period * times
        else:
            found.append(children[at])
            at += 1
    return found


def _find_repeat(names: list[int], at: int, longest: int) -> tuple[int, int]:
    """(period, times) of the repeat at `at` that covers most, the shorter period first."""
    best = (1, 1)
    count = len(names)
    for period in range(1, min(longest, (count - at) // 2) + 1):
        if names[at] != names[at + period]:
            continue
        end = at + period
        while end < count and names[end] == names[end - period]:
            end += 1
        times = (end - at) // period
        if times > 1 and period * times > best[0] * best[1] and (period == 1 or times > 2):
            best = (period, times)
    return best


def _make_section(children: list[Item]) -> Item:
    if len(children) == 1:
        return children[0]
    section = Item("group", [op for child in children for op in child.ops])
    section.children = children
    section.title = "repeat"
    return section


def _keep_settings(node: Node) -> Hashable:
    """Settings that make a difference: which slice is taken does not, its shape does."""
    return () if node.op in SLICES else node.settings


SLICES = frozenset({"index", "select", "narrow"})


class _Signatures:
    """Numbers items so that equal structure means equal number.

    Structure is: operations, settings, shapes, shapes of parameters, and the wiring, where inner
    sources count from the item's first operation and outer ones by order of appearance.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.numbers: dict[Hashable, int] = {}
        self.rows: list[tuple[int, ...]] = [
            (self._number((n.op, _keep_settings(n), n.shapes, n.dtypes, len(n.operands))),)
            for n in graph.nodes
        ]

    def _number(self, key: Hashable) -> int:
        return self.numbers.setdefault(key, len(self.numbers))

    def of(self, item: Item) -> int:
        first = item.ops[0]
        inside = {op: place for place, op in enumerate(item.ops)}
        outer: dict[tuple[str, int, int], int] = {}
        written: list[Hashable] = [item.form, item.title]
        for op in item.ops:
            written.append(self.rows[op])
            for operand in self.graph.nodes[op].operands:
                if operand.node >= first and operand.node in inside:
                    written.append((inside[operand.node], operand.output))
                elif operand.node >= 0:
                    place = outer.setdefault(operand.source, len(outer))
                    written.append(("outer", place))
                elif operand.leaf >= 0:
                    written.append(self._write_leaf(operand.leaf, operand.source, outer))
                else:
                    written.append(("scalar", str(operand.scalar)))
        return self._number(tuple(written))

    def _write_leaf(
        self, leaf: int, source: tuple[str, int, int], outer: dict[tuple[str, int, int], int]
    ) -> Hashable:
        entry = self.graph.leaves[leaf]
        place = outer.setdefault(source, len(outer))
        if entry.role == "input":
            return ("outer", place)
        return (entry.role, entry.shape, entry.dtype, place)
