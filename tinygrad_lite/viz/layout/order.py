"""Order of the nodes within each rank, with few crossings.

Median sweeps with adjacent exchanges, from several starting orders; the best order met is kept.
All choices are made by counting, none by a clock or by the user's random generator, so the same
graph gets the same order everywhere.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from dataclasses import dataclass, field

Attachment = tuple[int, float]  # neighbour, and where on it the edge ends, between -0.5 and 0.5

STARTS = 40  # starting orders; on random graphs of 100 nodes 60 gain 2 % over 40
SWEEPS = 16
EFFORT = 400_000  # comparisons that the search may take before it settles for what it has


@dataclass
class Layers:
    """Ranks with their nodes in order, and for each node its neighbours above and below."""

    ranks: list[list[int]]
    above: list[list[Attachment]]
    below: list[list[Attachment]]
    position: list[int] = field(default_factory=list)

    def number(self) -> None:
        """Renew `position` from `ranks`."""
        if not self.position:
            self.position = [0] * len(self.above)
        for rank in self.ranks:
            for place, node in enumerate(rank):
                self.position[node] = place

    def copy(self) -> list[list[int]]:
        """The present order."""
        return [rank[:] for rank in self.ranks]


def order_ranks(layers: Layers, effort: int = EFFORT) -> tuple[int, int]:
    """Reorder `layers.ranks` in place: (crossings that remain, effort taken)."""
    best_order, best = layers.copy(), None
    given = budget = max(effort, 4 * len(layers.above))
    for start in range(STARTS):
        layers.ranks = _start(layers, best_order, start)
        layers.number()
        crossings, order, used = _sweep(layers, budget)
        budget -= used
        if best is None or crossings < best:
            best, best_order = crossings, order
        if best == 0 or budget <= 0:
            break
    layers.ranks = best_order
    layers.number()
    return best or 0, given - budget


def count_crossings(layers: Layers) -> int:
    """Number of pairs of edges that cross between neighbouring ranks."""
    return sum(_count_between(layers, rank) for rank in layers.ranks[:-1])


def _count_between(layers: Layers, rank: list[int]) -> int:
    position = layers.position
    ends: list[float] = []
    crossings = 0
    for node in rank:
        leaving = layers.below[node]
        if not leaving:
            continue
        heads = sorted(position[other] + at for other, at in leaving)
        for head in heads:
            crossings += len(ends) - bisect_right(ends, head)
        for head in heads:
            insort(ends, head)
    return crossings


def _start(layers: Layers, best: list[list[int]], number: int) -> list[list[int]]:
    """Starting order: depth first in four ways, then near the best so far, now and then afar."""
    if number < 4:
        return _search(layers, best, reverse=bool(number & 1), upward=bool(number & 2))
    if number % 6:
        return _shuffle([rank[:] for rank in best], number, near=True)
    return _shuffle([rank[:] for rank in best], number, near=False)


def _search(
    layers: Layers, ranks: list[list[int]], *, reverse: bool, upward: bool
) -> list[list[int]]:
    """Nodes of each rank in the order in which a depth-first search meets them."""
    rank_of = [0] * len(layers.above)
    for number, rank in enumerate(ranks):
        for node in rank:
            rank_of[node] = number
    seen = [False] * len(layers.above)
    found: list[list[int]] = [[] for _ in ranks]
    roots = ranks if not upward else ranks[::-1]
    for rank in roots:
        for root in rank:
            stack = [root]
            while stack:
                node = stack.pop()
                if seen[node]:
                    continue
                seen[node] = True
                found[rank_of[node]].append(node)
                near = [*layers.above[node], *layers.below[node]]
                if upward:
                    near.reverse()
                stack.extend(other for other, _ in (near if reverse else near[::-1]))
    return found


def _shuffle(ranks: list[list[int]], seed: int, *, near: bool) -> list[list[int]]:
    """Exchange nodes by a small generator of our own; `near` exchanges neighbours only."""
    state = seed * 2654435761 & 0xFFFFFFFF
    for rank in ranks:
        for place in range(len(rank) - 1, 0, -1):
            state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
            other = place - (state >> 16) % 2 if near else (state >> 16) % (place + 1)
            rank[place], rank[other] = rank[other], rank[place]
    return ranks


def _sweep(layers: Layers, budget: int) -> tuple[int, list[list[int]], int]:
    """Median sweeps from the present order: (fewest crossings, that order, visits taken)."""
    best, order = count_crossings(layers), layers.copy()
    used, idle = len(layers.above), 0
    for sweep in range(SWEEPS):
        if best == 0 or idle >= 4 or used > budget:
            break
        down = sweep % 2 == 0
        _order_by_median(layers, down=down, flip=sweep % 4 >= 2)
        used += 2 * len(layers.above) + _exchange(layers, level=sweep % 4 >= 2)
        crossings = count_crossings(layers)
        idle += 1
        if crossings < best:
            best, order, idle = crossings, layers.copy(), 0
    return best, order, used


def _order_by_median(layers: Layers, *, down: bool, flip: bool) -> None:
    ranks = layers.ranks[1:] if down else layers.ranks[-2::-1]
    near = layers.above if down else layers.below
    position = layers.position
    for rank in ranks:
        if len(rank) < 2:
            continue
        medians = {node: _find_median(near[node], position) for node in rank}
        fixed = [(place, node) for place, node in enumerate(rank) if medians[node] is None]
        moving = [node for node in rank if medians[node] is not None]
        if flip:
            moving.reverse()
        moving.sort(key=medians.__getitem__)  # type: ignore[arg-type]
        for place, node in fixed:
            moving.insert(place, node)
        rank[:] = moving
        for place, node in enumerate(rank):
            position[node] = place


def _find_median(near: list[Attachment], position: list[int]) -> float | None:
    """Median place of the neighbours, drawn to the side where they lie closer together."""
    count = len(near)
    if count == 1:
        return position[near[0][0]] + near[0][1]
    if not count:
        return None
    places = sorted(position[other] + at for other, at in near)
    middle = count // 2
    if count % 2:
        return places[middle]
    if count == 2:
        return (places[0] + places[1]) / 2
    left = places[middle - 1] - places[0]
    right = places[-1] - places[middle]
    if left + right == 0:
        return (places[middle - 1] + places[middle]) / 2
    return (places[middle - 1] * right + places[middle] * left) / (left + right)


def _exchange(layers: Layers, *, level: bool) -> int:
    """Exchange neighbours in a rank as long as that removes crossings; the visits taken.

    With `level`, exchanges that neither gain nor lose are made once too: they leave plateaus.
    """
    position, above, below = layers.position, layers.above, layers.below
    used = 0
    for turn in range(8):
        least = 0 if level and not turn else 1
        gained = 0
        for rank in layers.ranks:
            for place in range(len(rank) - 1):
                left, right = rank[place], rank[place + 1]
                over, over_right = above[left], above[right]
                under, under_right = below[left], below[right]
                used += 1 + len(over) * len(over_right) + len(under) * len(under_right)
                gain = _gain(over, over_right, position) + _gain(under, under_right, position)
                if gain >= least:
                    rank[place], rank[place + 1] = right, left
                    position[left], position[right] = place + 1, place
                    gained += gain
        if not gained:
            break
    return used


def _gain(left: list[Attachment], right: list[Attachment], position: list[int]) -> int:
    """Crossings that vanish when two neighbours change places."""
    gain = 0
    for other, at in left:
        here = position[other] + at
        for another, there in right:
            place = position[another] + there
            if here > place:
                gain += 1
            elif here < place:
                gain -= 1
    return gain
