"""Coordinates along a rank: as close to the neighbours as the order and the gaps allow.

Within one rank the best places under "keep the order, keep the distances" are an isotonic
regression, which pooling adjacent violators solves exactly in one pass. Sweeping over the ranks
brings the whole drawing to rest.
"""

from __future__ import annotations

from typing import NamedTuple

ROUNDS = 10


class Link(NamedTuple):
    """Neighbour in the next rank, the shift that makes the edge upright, and its pull."""

    node: int
    shift: float
    weight: float


def place_ranks(
    ranks: list[list[int]],
    widths: list[float],
    gaps: list[float],
    above: list[list[Link]],
    below: list[list[Link]],
) -> list[float]:
    """Centre of every node; `gaps` is the room each node wants on its sides."""
    centres = [0.0] * len(widths)
    offsets = [_stack(rank, widths, gaps) for rank in ranks]
    for rank, offset in zip(ranks, offsets, strict=True):
        middle = offset[-1] / 2 if offset else 0.0
        for node, start in zip(rank, offset, strict=True):
            centres[node] = start - middle
    numbers = list(range(len(ranks)))
    rounds = ROUNDS if len(widths) < 4000 else 4
    for turn in range(rounds):
        down = turn % 2 == 0
        both = turn >= rounds - 3
        for number in numbers if down else numbers[::-1]:
            links = (above,) if down else (below,)
            near = (above, below) if both else links
            _settle(ranks[number], offsets[number], centres, near)
    return centres


def _stack(rank: list[int], widths: list[float], gaps: list[float]) -> list[float]:
    """Distance of each centre from the first when all stand as close as they may."""
    offsets, at = [], 0.0
    for place, node in enumerate(rank):
        if place:
            before = rank[place - 1]
            at += (widths[before] + widths[node]) / 2 + (gaps[before] + gaps[node]) / 2
        offsets.append(at)
    return offsets


def _settle(
    rank: list[int],
    offsets: list[float],
    centres: list[float],
    near: tuple[list[list[Link]], ...],
) -> None:
    """Move one rank to where its neighbours pull it."""
    wanted, weights = [], []
    for node, offset in zip(rank, offsets, strict=True):
        total, pull = 0.0, 0.0
        for links in near:
            for other, shift, weight in links[node]:
                total += weight * (centres[other] + shift)
                pull += weight
        if pull == 0.0:
            total, pull = centres[node] * 1e-3, 1e-3  # nothing pulls: stay, but give way
        wanted.append(total / pull - offset)
        weights.append(pull)
    for node, offset, base in zip(rank, offsets, fit_isotonic(wanted, weights), strict=True):
        centres[node] = base + offset


def fit_isotonic(wanted: list[float], weights: list[float]) -> list[float]:
    """Non-decreasing values nearest to `wanted` in weighted squares.

    >>> fit_isotonic([1.0, 3.0, 2.0], [1.0, 1.0, 1.0])
    [1.0, 2.5, 2.5]
    """
    values: list[float] = []
    pulls: list[float] = []
    counts: list[int] = []
    for value, weight in zip(wanted, weights, strict=True):
        count = 1
        while values and values[-1] > value:
            pull = pulls.pop()
            value = (values.pop() * pull + value * weight) / (pull + weight)  # noqa: PLW2901
            weight += pull  # noqa: PLW2901 - the pool takes the place of its members
            count += counts.pop()
        values.append(value)
        pulls.append(weight)
        counts.append(count)
    return [value for value, count in zip(values, counts, strict=True) for _ in range(count)]
