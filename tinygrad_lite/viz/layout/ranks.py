"""Ranks of a layered drawing: every edge leads down, and the edges are as short as they can be.

Network simplex over a spanning tree of tight edges. The cut value of a tree edge is the sum of
(outgoing - incoming) over one of its sides, because edges inside that side cancel; so one pass over
the tree gives all of them.
"""

from __future__ import annotations

Edge = tuple[int, int]

SIMPLEX_LIMIT = 400  # nodes; a pivot costs one pass over the graph, larger graphs only tighten


def assign_ranks(count: int, edges: list[Edge], *, top: set[int], bottom: set[int]) -> list[int]:
    """Rank of each node, from 0; nodes of `top` come first and those of `bottom` last.

    `edges` must be acyclic.
    """
    ranks = _rank_by_longest_path(count, edges)
    if count <= SIMPLEX_LIMIT:
        ranks = _shorten(count, edges, ranks)
    else:
        _tighten(count, edges, ranks)
    return _pin(ranks, top, bottom)


def _rank_by_longest_path(count: int, edges: list[Edge]) -> list[int]:
    targets: list[list[int]] = [[] for _ in range(count)]
    waiting = [0] * count
    for tail, head in edges:
        targets[tail].append(head)
        waiting[head] += 1
    ranks = [0] * count
    ready = [node for node in range(count) if not waiting[node]]
    for node in ready:
        below = ranks[node] + 1
        for head in targets[node]:
            ranks[head] = max(ranks[head], below)
            waiting[head] -= 1
            if not waiting[head]:
                ready.append(head)
    if len(ready) != count:
        message = "a layered layout needs a graph without cycles"
        raise ValueError(message)
    return ranks


def _tighten(count: int, edges: list[Edge], ranks: list[int]) -> None:
    """Move nodes with more readers than sources down to their readers, and back up."""
    above: list[list[int]] = [[] for _ in range(count)]
    below: list[list[int]] = [[] for _ in range(count)]
    for tail, head in edges:
        below[tail].append(head)
        above[head].append(tail)
    order = sorted(range(count), key=ranks.__getitem__, reverse=True)
    for node in order:
        if below[node] and len(below[node]) > len(above[node]):
            ranks[node] = min(ranks[head] for head in below[node]) - 1


def _pin(ranks: list[int], top: set[int], bottom: set[int]) -> list[int]:
    others = [rank for node, rank in enumerate(ranks) if node not in top and node not in bottom]
    if not others:
        return [1 if node in bottom and top else 0 for node in range(len(ranks))]
    first, last = min(others), max(others)
    shift = 1 - first if top else -first
    pinned = [rank + shift for rank in ranks]
    for node in top:
        pinned[node] = 0
    for node in bottom:
        pinned[node] = last + shift + 1
    return pinned


class _Tree:
    """A spanning tree of tight edges, as parent links with the tree edges beside them."""

    def __init__(self, count: int, edges: list[Edge], ranks: list[int]) -> None:
        self.count = count
        self.edges = edges
        self.ranks = ranks
        self.inside: set[int] = set()
        self.links: list[set[int]] = [set() for _ in range(count)]
        self.surplus = [0] * count
        for tail, head in edges:
            self.surplus[tail] += 1
            self.surplus[head] -= 1
        self.incident: list[list[int]] = [[] for _ in range(count)]
        for index, (tail, head) in enumerate(edges):
            self.incident[tail].append(index)
            self.incident[head].append(index)

    def slack(self, index: int) -> int:
        tail, head = self.edges[index]
        return self.ranks[head] - self.ranks[tail] - 1

    def link(self, index: int) -> None:
        self.inside.add(index)
        for node in self.edges[index]:
            self.links[node].add(index)

    def unlink(self, index: int) -> None:
        self.inside.discard(index)
        for node in self.edges[index]:
            self.links[node].discard(index)

    def across(self, index: int, node: int) -> int:
        tail, head = self.edges[index]
        return head if node == tail else tail

    def walk(self, root: int, without: int = -1) -> list[tuple[int, int]]:
        """(node, tree edge to its parent) of the part that hangs on `root`, parents first."""
        found = [(root, -1)]
        for node, came_by in found:
            onward = self.links[node] - {came_by, without}
            found += [(self.across(index, node), index) for index in sorted(onward)]
        return found


def _shorten(count: int, edges: list[Edge], ranks: list[int]) -> list[int]:
    """Ranks with the least total edge length, one connected part after the other."""
    tree = _Tree(count, edges, ranks)
    seen: set[int] = set()
    for root in range(count):
        if root not in seen:
            seen.update(_grow(tree, root))
            _pivot(tree, root)
    return _normalise(tree, ranks)


def _normalise(tree: _Tree, ranks: list[int]) -> list[int]:
    """Each connected part starts at rank 0."""
    seen: set[int] = set()
    for root in range(tree.count):
        if root in seen:
            continue
        part = [node for node, _ in tree.walk(root)]
        seen.update(part)
        first = min(ranks[node] for node in part)
        for node in part:
            ranks[node] -= first
    return ranks


def _grow(tree: _Tree, root: int) -> set[int]:
    """Grow a tight tree over the connected part of `root`, shifting it where an edge is loose."""
    reached = {root}
    frontier = [root]
    while True:
        for node in frontier:
            for index in tree.incident[node]:
                other = tree.across(index, node)
                if other not in reached and tree.slack(index) == 0:
                    reached.add(other)
                    frontier.append(other)
                    tree.link(index)
        loose = [
            index
            for node in sorted(reached)
            for index in tree.incident[node]
            if tree.across(index, node) not in reached
        ]
        if not loose:
            return reached
        index = min(loose, key=lambda i: (tree.slack(i), i))
        shift = tree.slack(index) if tree.edges[index][0] in reached else -tree.slack(index)
        for node in reached:
            tree.ranks[node] += shift
        frontier = [node for node in tree.edges[index] if node in reached]


def _pivot(tree: _Tree, root: int) -> None:
    """Exchange tree edges with a negative cut value until none is left."""
    for _ in range(4 * tree.count):
        leaving = _find_negative(tree, root)
        if leaving is None:
            return
        index, below_is_tail, part = leaving
        entering = _find_entering(tree, part, below_is_tail=below_is_tail)
        if entering is None:
            return
        shift = tree.slack(entering)
        for node in part:
            tree.ranks[node] += -shift if below_is_tail else shift
        tree.unlink(index)
        tree.link(entering)


def _find_negative(tree: _Tree, root: int) -> tuple[int, bool, set[int]] | None:
    walk = tree.walk(root)
    total = {node: tree.surplus[node] for node, _ in walk}
    best: tuple[int, int] | None = None
    for node, index in reversed(walk):
        if index < 0:
            continue
        total[tree.across(index, node)] += total[node]
        value = total[node] if tree.edges[index][0] == node else -total[node]
        if value < 0 and (best is None or (value, index) < best):
            best = (value, index)
    if best is None:
        return None
    index = best[1]
    below = next(node for node, link in walk if link == index)
    part = {node for node, _ in tree.walk(below, without=index)}
    return index, tree.edges[index][0] == below, part


def _find_entering(tree: _Tree, part: set[int], *, below_is_tail: bool) -> int | None:
    """Loosest-bound edge that leads the other way across the cut."""
    candidates = []
    for node in sorted(part):
        for index in tree.incident[node]:
            tail, head = tree.edges[index]
            other = tail if node == head else head
            if other in part or index in tree.inside:
                continue
            if (node == head) == below_is_tail:
                candidates.append(index)
    return min(candidates, key=lambda i: (tree.slack(i), i), default=None)
