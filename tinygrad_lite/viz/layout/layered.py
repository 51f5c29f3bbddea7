"""A layered drawing of boxes and the wires between them.

Wires of one value share their way: from the box that makes it one trunk runs down, and each reader
branches off. So a value read forty times costs one line, not forty, and a branch always means "the
same value".
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .order import EFFORT, Layers, order_ranks
from .place import Link, fit_isotonic, place_ranks
from .ranks import assign_ranks

Point = tuple[float, float]

CARD_GAP = 22.0
TRUNK_GAP = 14.0
RANK_GAP = 20.0
PORT_GAP = 14.0
PORT_MARGIN = 12.0
STIFF = 1000.0  # pull along the longest path: next to it every other pull is a rounding error


@dataclass(slots=True)
class Box:
    """Something with a size; `pin` is "top" or "bottom" for the ports of a frame."""

    width: float
    height: float
    pin: str = ""
    fixed: bool = False  # wires end where they say, not where there is room
    x: float = 0.0
    y: float = 0.0


@dataclass(slots=True)
class Wire:
    """A value on its way from one box to another.

    `key` names the value; `tail_at` and `head_at` are distances from the centres of fixed boxes.
    `points` is the way: upright and bent pieces by turns.
    """

    tail: int
    head: int
    key: object = None
    tail_at: float = 0.0
    head_at: float = 0.0
    points: list[Point] = field(default_factory=list)


@dataclass(slots=True)
class Arrangement:
    """Extent of a finished drawing and how many crossings it kept."""

    width: float
    height: float
    crossings: int
    effort: int = 0


def arrange(boxes: list[Box], wires: list[Wire], *, effort: int = EFFORT) -> Arrangement:
    """Place `boxes` (centres) and route `wires`, in place, from the origin to the extent.

    `effort` bounds the search for an order with few crossings.
    """
    if not boxes:
        return Arrangement(0.0, 0.0, 0)
    sketch = _Sketch(boxes, wires, rank_boxes(boxes, wires))
    crossings, taken = order_ranks(sketch.layers, effort)
    found = sketch.finish(sketch.place(), crossings)
    found.effort = taken
    return found


def rank_boxes(boxes: list[Box], wires: list[Wire]) -> list[int]:
    """Rank of every box."""
    edges = sorted({(wire.tail, wire.head) for wire in wires})
    top = {index for index, box in enumerate(boxes) if box.pin == "top"}
    bottom = {index for index, box in enumerate(boxes) if box.pin == "bottom"}
    return assign_ranks(len(boxes), edges, top=top, bottom=bottom)


class _Sketch:
    """The drawing with its trunks: nodes below `len(boxes)` are boxes, the others trunk points."""

    def __init__(self, boxes: list[Box], wires: list[Wire], ranks: list[int]) -> None:
        self.boxes = boxes
        self.wires = wires
        self.rank = list(ranks)
        self.ways: list[list[int]] = []
        self.trunks: dict[tuple[int, object], list[int]] = {}
        self.pieces: dict[tuple[int, int, float, float], float] = {}
        stiff = self._find_longest_path()
        for wire in wires:
            self._route(wire, stiff=(wire.tail, wire.head) in stiff)
        self._connect()

    def _find_longest_path(self) -> set[tuple[int, int]]:
        """Edges of one longest path: the spine, which is drawn upright."""
        order = sorted(range(len(self.boxes)), key=self.rank.__getitem__)
        above: list[list[int]] = [[] for _ in self.boxes]
        for wire in self.wires:
            above[wire.head].append(wire.tail)
        depth = [0.0] * len(self.boxes)
        came = [-1] * len(self.boxes)
        for node in order:
            for tail in above[node]:
                reach = depth[tail] + 1
                if reach > depth[node]:
                    depth[node], came[node] = reach, tail
        if not order:
            return set()
        node = max(order, key=lambda i: (depth[i], -i))
        spine = set()
        while came[node] >= 0:
            spine.add((came[node], node))
            node = came[node]
        return spine

    def _route(self, wire: Wire, *, stiff: bool) -> None:
        """Lead the wire along the trunk of its value, lengthening the trunk where needed."""
        first, last = self.rank[wire.tail], self.rank[wire.head]
        trunk = self.trunks.setdefault((wire.tail, wire.key), [])
        way = [wire.tail]
        at = self._lean(wire.tail, wire.tail_at)
        for step in range(last - first - 1):
            if step == len(trunk):
                trunk.append(len(self.rank))
                self.rank.append(first + step + 1)
            self._join(way[-1], trunk[step], at, 0.0, 8.0 if way[-1] >= len(self.boxes) else 3.0)
            way.append(trunk[step])
            at = 0.0
        weight = STIFF if stiff and len(way) == 1 else (3.0 if len(way) > 1 else 2.0)
        self._join(way[-1], wire.head, at, self._lean(wire.head, wire.head_at), weight)
        way.append(wire.head)
        self.ways.append(way)

    def _lean(self, box: int, at: float) -> float:
        """Where on a box a wire ends, as a fraction for counting crossings."""
        found = self.boxes[box]
        return 0.9 * at / found.width if found.fixed and found.width else 0.0

    def _join(self, tail: int, head: int, tail_at: float, head_at: float, weight: float) -> None:
        key = (tail, head, tail_at, head_at)
        self.pieces[key] = max(self.pieces.get(key, 0.0), weight)

    def _connect(self) -> None:
        count = len(self.rank)
        above: list[list[tuple[int, float]]] = [[] for _ in range(count)]
        below: list[list[tuple[int, float]]] = [[] for _ in range(count)]
        self.above: list[list[Link]] = [[] for _ in range(count)]
        self.below: list[list[Link]] = [[] for _ in range(count)]
        for (tail, head, tail_at, head_at), weight in self.pieces.items():
            below[tail].append((head, head_at))
            above[head].append((tail, tail_at))
            shift = tail_at / 0.9 * self._width(tail) - head_at / 0.9 * self._width(head)
            self.above[head].append(Link(tail, shift, weight))
            self.below[tail].append(Link(head, -shift, weight))
        ranks: list[list[int]] = [[] for _ in range(max(self.rank) + 1)]
        for node, rank in enumerate(self.rank):
            ranks[rank].append(node)
        self.layers = Layers(ranks, above, below)

    def _width(self, node: int) -> float:
        return self.boxes[node].width if node < len(self.boxes) else 0.0

    def place(self) -> list[float]:
        count = len(self.boxes)
        widths = [self._width(node) for node in range(len(self.rank))]
        gaps = [CARD_GAP if node < count else TRUNK_GAP for node in range(len(self.rank))]
        for node, box in enumerate(self.boxes):
            if box.pin:
                gaps[node] = TRUNK_GAP
        centres = place_ranks(self.layers.ranks, widths, gaps, self.above, self.below)
        self._align_spine(centres, widths, gaps)
        self._straighten(centres, widths, gaps)
        return centres

    def _align_spine(self, centres: list[float], widths: list[float], gaps: list[float]) -> None:
        """Take out the last few pixels by which the sweeps have left the spine crooked."""
        order = sorted(range(len(self.boxes)), key=self.rank.__getitem__)
        for nodes, near in ((order, self.above), (order[::-1], self.below)):
            for node in nodes:
                for other, shift, weight in near[node]:
                    if weight == STIFF:
                        low, high = self._find_room(node, centres, widths, gaps)
                        centres[node] = min(max(centres[other] + shift, low), high)

    def _find_room(
        self, node: int, centres: list[float], widths: list[float], gaps: list[float]
    ) -> tuple[float, float]:
        """How far a node may move between its neighbours."""
        rank, place = self.layers.ranks[self.rank[node]], self.layers.position[node]
        low, high = float("-inf"), float("inf")
        if place:
            left = rank[place - 1]
            low = centres[left] + (widths[left] + widths[node] + gaps[left] + gaps[node]) / 2
        if place + 1 < len(rank):
            right = rank[place + 1]
            high = centres[right] - (widths[right] + widths[node] + gaps[right] + gaps[node]) / 2
        return min(low, centres[node]), max(high, centres[node])

    def _straighten(self, centres: list[float], widths: list[float], gaps: list[float]) -> None:
        """Give every trunk one abscissa where its neighbours leave room for one."""
        for trunk in self.trunks.values():
            if len(trunk) < 2:
                continue
            rooms = [self._find_room(node, centres, widths, gaps) for node in trunk]
            low, high = max(room[0] for room in rooms), min(room[1] for room in rooms)
            if low <= high:
                middle = sorted(centres[node] for node in trunk)[len(trunk) // 2]
                upright = min(max(middle, low), high)
                for node in trunk:
                    centres[node] = upright

    def finish(self, centres: list[float], crossings: int) -> Arrangement:
        self._find_ports(centres)
        tops, bottoms = self._stack_ranks(centres)
        used = set()
        for node, box in enumerate(self.boxes):
            box.x = centres[node]
            top, bottom = tops[self.rank[node]], bottoms[self.rank[node]]
            box.y = (top + bottom) / 2
            if not self.above[node] and not box.pin:
                box.y = bottom - box.height / 2
            used.add(self.rank[node])
        for wire, way in zip(self.wires, self.ways, strict=True):
            self._draw(wire, way, centres, tops, bottoms)
        return self._shift(bottoms[-1], crossings)

    def _find_ports(self, centres: list[float]) -> None:
        """Where wires leave and enter each box, keyed by (box, neighbour piece)."""
        self.leave: dict[tuple[int, object], float] = {}
        self.enter: dict[tuple[int, int, object], float] = {}
        leaving: dict[int, dict[object, list[float]]] = {}
        for wire, way in zip(self.wires, self.ways, strict=True):
            values = leaving.setdefault(wire.tail, {})
            values.setdefault(wire.key, []).append(centres[way[1]])
        for wire in self.wires:
            if self.boxes[wire.tail].fixed:
                self.leave[wire.tail, wire.key] = centres[wire.tail] + wire.tail_at
        for tail, values in leaving.items():
            if not self.boxes[tail].fixed:
                means = {key: sum(found) / len(found) for key, found in values.items()}
                if len(means) == 1:
                    means = dict.fromkeys(means, centres[tail])
                for key, at in self._spread(tail, means, centres).items():
                    self.leave[tail, key] = at
        self._find_entries(centres)

    def _find_entries(self, centres: list[float]) -> None:
        arriving: dict[int, dict[object, float]] = {}
        for wire, way in zip(self.wires, self.ways, strict=True):
            if self.boxes[wire.head].fixed:
                self.enter[wire.head, way[-2], wire.key] = centres[wire.head] + wire.head_at
                continue
            before = way[-2]
            start = self.leave[wire.tail, wire.key] if len(way) == 2 else centres[before]
            arriving.setdefault(wire.head, {})[before, wire.key] = start
        for head, found in arriving.items():
            for name, at in self._spread(head, found, centres).items():
                self.enter[head, name[0], name[1]] = at  # type: ignore[index]

    def _spread(
        self, node: int, wanted: dict[object, float], centres: list[float]
    ) -> dict[object, float]:
        """Places on one side of a box, near the wanted ones and apart from each other."""
        box = self.boxes[node]
        room = max(box.width - 2 * PORT_MARGIN, 0.0)
        names = sorted(wanted, key=lambda name: (wanted[name], str(name)))
        gap = min(PORT_GAP, room / max(len(names) - 1, 1))
        low = centres[node] - room / 2
        high = centres[node] + room / 2 - gap * (len(names) - 1)
        goals = [min(max(wanted[n] - gap * i, low), high) for i, n in enumerate(names)]
        fitted = fit_isotonic(goals, [1.0] * len(goals))
        return {n: at + gap * i for i, (n, at) in enumerate(zip(names, fitted, strict=True))}

    def _stack_ranks(self, centres: list[float]) -> tuple[list[float], list[float]]:
        """Upper and lower border of each rank; slanted wires get taller gaps."""
        heights = [0.0] * len(self.layers.ranks)
        for node, box in enumerate(self.boxes):
            heights[self.rank[node]] = max(heights[self.rank[node]], box.height)
        slants = [0.0] * len(heights)
        for tail, head, _, _ in self.pieces:
            rank = self.rank[tail]
            slants[rank] = max(slants[rank], abs(centres[tail] - centres[head]))
        pins = [all(self._is_pin(node) for node in rank) for rank in self.layers.ranks]
        tops, bottoms, at = [], [], 0.0
        for number, height in enumerate(heights):
            tops.append(at)
            bottoms.append(at + height)
            near = pins[number] or (number + 1 < len(pins) and pins[number + 1])
            base = RANK_GAP * 0.6 if near else RANK_GAP
            at += height + base + min(18.0, 0.06 * max(slants[number] - 60, 0.0))
        return tops, bottoms

    def _is_pin(self, node: int) -> bool:
        return node >= len(self.boxes) or bool(self.boxes[node].pin)

    def _draw(
        self,
        wire: Wire,
        way: list[int],
        centres: list[float],
        tops: list[float],
        bottoms: list[float],
    ) -> None:
        tail, head = self.boxes[wire.tail], self.boxes[wire.head]
        x = self.leave[wire.tail, wire.key]
        points = [(x, tail.y + tail.height / 2), (x, bottoms[self.rank[wire.tail]])]
        for node in way[1:-1]:
            rank = self.rank[node]
            points += [(centres[node], tops[rank]), (centres[node], bottoms[rank])]
        x = self.enter[wire.head, way[-2], wire.key]
        points += [(x, tops[self.rank[wire.head]]), (x, head.y - head.height / 2)]
        wire.points = points

    def _shift(self, height: float, crossings: int) -> Arrangement:
        left = min(box.x - box.width / 2 for box in self.boxes)
        right = max(box.x + box.width / 2 for box in self.boxes)
        for wire in self.wires:
            for x, _ in wire.points:
                left, right = min(left, x), max(right, x)
        for box in self.boxes:
            box.x -= left
        for wire in self.wires:
            wire.points = [(x - left, y) for x, y in wire.points]
        return Arrangement(right - left, height, crossings)
