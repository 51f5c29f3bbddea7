"""Sizes and places for a whole scene: innermost frames first, then what holds them.

A frame is laid out alone; outside it is one box whose wires end at its ports. A frame that would be
too tall is broken into columns: where a value continues in another column, both ends carry the
same number.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .cards import FRAME_PAD, FRAME_TITLE, HEADER, LEFT, RIGHT, TEXT, Face, Writer, measure_face
from .layout import Arrangement, Box, Wire, arrange, rank_boxes
from .metrics import measure

if TYPE_CHECKING:
    from .options import Options
    from .scene import Entity, Scene, Source

TALLEST = 2260.0  # of the drawing; title and legend come on top of it
WIDEST = 1160.0
SLIMMEST = 3.4  # height over width from which a drawing is broken into columns
NARROWEST = 520.0  # room for title and legend
COLUMN_GAP = 44.0
MARK = 22.0
EFFORT = 150_000  # comparisons for the order of all frames together, about 0.1 s


@dataclass(slots=True)
class Mark:
    """One end of a value that continues in another column."""

    number: int
    x: float
    y: float
    source: bool


@dataclass(slots=True)
class Path:
    """A drawn wire with its way in the coordinates of the picture."""

    points: list[tuple[float, float]]
    differentiable: bool
    label: str
    key: Source
    arrow: bool
    spline: bool = False


@dataclass(slots=True)
class Drawing:
    """The finished picture: everything with its place."""

    width: float
    height: float
    faces: dict[int, Face]
    paths: list[Path] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    crossings: int = 0

    @property
    def excess(self) -> float:
        """How many times a page it needs: 1 and less fits."""
        return max(self.width / WIDEST, self.height / TALLEST)


@dataclass(slots=True)
class _Plan:
    """A laid-out frame: boxes and wires relative to the frame's inner corner."""

    boxes: list[tuple[Entity, Box]]
    wires: list[tuple[Wire, bool, str, bool]]
    marks: list[tuple[int, Box, bool]]
    width: float
    height: float
    crossings: int


def compose(scene: Scene, options: Options, effort: int = EFFORT) -> Drawing:
    """Lay the scene out; `effort` bounds the search for orders with few crossings."""
    return _Composer(scene, options, effort).run()


def _is_tall(root: Entity) -> bool:
    slim = root.height > SLIMMEST * max(root.width, NARROWEST)
    return root.height > TALLEST or slim


class _Composer:
    def __init__(self, scene: Scene, options: Options, effort: int) -> None:
        self.scene = scene
        self.options = options
        self.sideways = options.direction == "LR"
        self.faces: dict[int, Face] = {}
        self.plans: dict[int, _Plan] = {}
        self.effort = effort
        self.ports: dict[tuple[int, str, object], float] = {}

    def run(self) -> Drawing:
        writer = Writer(self.scene, self.options)
        for card in self.scene.cards:
            face = self.faces[id(card)] = writer.write(card)
            card.width, card.height = measure_face(face)
        for frame in self.scene.frames:
            self.faces[id(frame)] = writer.write_title(frame)
        asked = self.options.columns
        columns = {id(self.scene.root): asked} if isinstance(asked, int) else {}
        self._lay_all(columns)
        if asked == "auto" and not self.sideways:
            self._break_columns(columns)
        return self._collect()

    def _lay_all(self, columns: dict[int, int]) -> None:
        """Lay out every frame, innermost first."""
        for frame in reversed(self.scene.frames):
            self._lay_frame(frame, columns.get(id(frame), 1))

    def _break_columns(self, columns: dict[int, int]) -> None:
        """Break the frame that makes the picture too tall, until it fits or gets no better."""
        root = self.scene.root
        for _ in range(4):
            if not _is_tall(root):
                return
            frame = self._find_tall(root)
            before = (root.width, root.height)
            columns[id(frame)] = columns.get(id(frame), 1) + 1
            self._lay_all(columns)
            if root.width > max(WIDEST, before[0]) and before[1] <= TALLEST * 1.1:
                columns[id(frame)] -= 1
                self._lay_all(columns)
                return

    def _find_tall(self, frame: Entity) -> Entity:
        """The innermost frame that no single child fills."""
        while True:
            frames = [child for child in frame.children if child.form == "frame"]
            tallest = max(frames, key=lambda child: child.height, default=None)
            if tallest is None or tallest.height < 0.6 * frame.height:
                return frame
            frame = tallest

    def _lay_frame(self, frame: Entity, columns: int) -> None:
        is_root = frame is self.scene.root
        plan = self._lay_columns(frame, columns)
        self.plans[id(frame)] = plan
        if is_root:
            frame.width, frame.height = plan.width, plan.height
            return
        face = self.faces[id(frame)]
        title = LEFT + measure(face.title, HEADER, bold=True) + RIGHT
        title += measure(face.name, TEXT) + 8 if face.name else 0
        title += sum(measure(row.left, TEXT) + 12 for row in face.rows)
        title += measure(face.badge, TEXT, bold=True) + 14 if face.badge else 0
        if self.sideways:
            self._fit_sideways(frame, plan, title)
        else:
            self._fit_upright(frame, plan, title)
        for (pin, key), port in frame.ports.items():
            box = next(box for entity, box in plan.boxes if entity is port)
            at = box.y - frame.height / 2 if self.sideways else box.x - frame.width / 2
            self.ports[id(frame), pin, key] = at

    def _fit_upright(self, frame: Entity, plan: _Plan, title: float) -> None:
        """Give the frame its size around the plan, with the title above."""
        width = max(plan.width + 2 * FRAME_PAD, title)
        pins = {pin for pin, _ in frame.ports}
        above = 0.0 if "top" in pins else FRAME_PAD / 2  # ports bring their own distance
        self._shift(plan, (width - plan.width) / 2, FRAME_TITLE + above)
        self._lead_through_title(plan)
        below = 0.0 if "bottom" in pins else FRAME_PAD
        frame.width, frame.height = width, plan.height + FRAME_TITLE + above + below

    def _fit_sideways(self, frame: Entity, plan: _Plan, title: float) -> None:
        """The same for ranks that run to the right; ports lie on the left and right border."""
        frame.width = max(plan.width + 2 * FRAME_PAD, title)
        frame.height = plan.height + FRAME_TITLE + FRAME_PAD
        left = (frame.width - plan.width) / 2
        self._shift(plan, left, FRAME_TITLE)
        pinned = {pin: [b.x for _, b in plan.boxes if b.pin == pin] for pin in ("top", "bottom")}
        for wire, *_ in plan.wires:
            x, y = wire.points[0]
            if any(abs(x - port) < 1e-6 for port in pinned["top"]):
                wire.points[0] = (0.0, y)
            x, y = wire.points[-1]
            if any(abs(x - port) < 1e-6 for port in pinned["bottom"]):
                wire.points[-1] = (frame.width, y)

    # -- one frame --------------------------------------------------------------------

    def _lay_columns(self, frame: Entity, columns: int) -> _Plan:
        entities = list(frame.children)
        boxes = [self._make_box(entity) for entity in entities]
        place = {id(entity): number for number, entity in enumerate(entities)}
        wires, notes = [], []
        for link in frame.links.values():
            wire = Wire(place[id(link.tail)], place[id(link.head)], link.key)
            wire.tail_at = self.ports.get((id(link.tail), "bottom", link.key), 0.0)
            wire.head_at = self.ports.get((id(link.head), "top", link.key), 0.0)
            arrow = link.head.form not in {"port", "frame"}
            label = ",".join(link.labels) if arrow else ""
            wires.append(wire)
            notes.append((link.differentiable, label, arrow))
        if columns == 1 or self.sideways:
            return self._lay_one(entities, boxes, wires, notes)
        return self._lay_several(entities, boxes, wires, notes, columns)

    def _make_box(self, entity: Entity) -> Box:
        width, height = entity.width, entity.height
        if self.sideways:
            width, height = height, width
        return Box(width, height, pin=entity.pin, fixed=entity.form in {"frame", "port", "mark"})

    def _lay_one(
        self,
        entities: list[Entity],
        boxes: list[Box],
        wires: list[Wire],
        notes: list[tuple[bool, str, bool]],
    ) -> _Plan:
        found = self._arrange(boxes, wires)
        if self.sideways:
            found = _turn(found, boxes, wires)
        drawn = [(wire, *note) for wire, note in zip(wires, notes, strict=True)]
        both = list(zip(entities, boxes, strict=True))
        return _Plan(both, drawn, [], found.width, found.height, found.crossings)

    def _lay_several(
        self,
        entities: list[Entity],
        boxes: list[Box],
        wires: list[Wire],
        notes: list[tuple[bool, str, bool]],
        columns: int,
    ) -> _Plan:
        ranks = rank_boxes(boxes, wires)
        column_of = _cut_ranks(boxes, wires, ranks, columns)
        used = max(column_of) + 1
        names = {key: n + 1 for n, key in enumerate(_find_split(wires, column_of))}
        plan = _Plan([], [], [], 0.0, 0.0, 0)
        for column in range(used):
            members = [i for i in range(len(boxes)) if column_of[i] == column]
            local = {index: n for n, index in enumerate(members)}
            piece = [boxes[i] for i in members]
            marks: dict[tuple[tuple[int, object], str], int] = {}
            lines: list[Wire] = []
            said: list[tuple[bool, str, bool]] = []
            for wire, note in zip(wires, notes, strict=True):
                cut = self._cut_wire(wire, column_of, column, local, piece, marks)
                if cut is not None and (cut.tail, cut.head, cut.key) not in {
                    (w.tail, w.head, w.key) for w in lines
                }:
                    lines.append(cut)
                    ends_in_mark = cut.head >= len(members)
                    label = "" if ends_in_mark else note[1]
                    said.append((note[0], label, note[2] and not ends_in_mark))
            found = self._arrange(piece, lines)
            plan.height = max(plan.height, found.height)
            at = plan.width + (COLUMN_GAP if column else 0.0)
            for box in piece:
                box.x += at
            for line in lines:
                line.points = [(x + at, y) for x, y in line.points]
            plan.boxes += [(entities[i], boxes[i]) for i in members]
            plan.wires += [(line, *note) for line, note in zip(lines, said, strict=True)]
            plan.marks += [
                (names[key], piece[place], pin == "bottom") for (key, pin), place in marks.items()
            ]
            plan.width = at + found.width
            plan.crossings += found.crossings
        _lower_ports(plan)
        return plan

    def _arrange(self, boxes: list[Box], wires: list[Wire]) -> Arrangement:
        """Lay out one frame with a part of what effort the picture has left."""
        found = arrange(boxes, wires, effort=self.effort // 3)
        self.effort -= found.effort
        return found

    def _cut_wire(
        self,
        wire: Wire,
        column_of: list[int],
        column: int,
        local: dict[int, int],
        piece: list[Box],
        marks: dict[tuple[tuple[int, object], str], int],
    ) -> Wire | None:
        """The part of a wire that lies in one column, ending in a mark where it goes on."""
        tail_here, head_here = column_of[wire.tail] == column, column_of[wire.head] == column
        if not tail_here and not head_here:
            return None
        name = (wire.tail, wire.key)
        tail = local[wire.tail] if tail_here else _add_mark(piece, marks, name, "top")
        head = local[wire.head] if head_here else _add_mark(piece, marks, name, "bottom")
        return Wire(
            tail,
            head,
            wire.key,
            wire.tail_at if tail_here else 0.0,
            wire.head_at if head_here else 0.0,
        )

    def _lead_through_title(self, plan: _Plan) -> None:
        """Start the wires of the upper ports at the frame's border, not below its title."""
        for wire, *_ in plan.wires:
            if abs(wire.points[0][1] - FRAME_TITLE) < 1e-6:  # only ports have no height
                wire.points[0] = (wire.points[0][0], 0.0)

    # -- the picture ------------------------------------------------------------------

    def _shift(self, plan: _Plan, x: float, y: float) -> None:
        for _, box in plan.boxes:
            box.x += x
            box.y += y
        for _, box, _ in plan.marks:
            box.x += x
            box.y += y
        for wire, *_ in plan.wires:
            wire.points = [(a + x, b + y) for a, b in wire.points]

    def _collect(self) -> Drawing:
        root = self.scene.root
        drawing = Drawing(root.width, root.height, self.faces)
        root.x, root.y = root.width / 2, root.height / 2
        used = 0
        for frame in self.scene.frames:
            plan = self.plans[id(frame)]
            left, top = frame.x - frame.width / 2, frame.y - frame.height / 2
            for entity, box in plan.boxes:
                entity.x, entity.y = box.x + left, box.y + top
            for wire, differentiable, label, arrow in plan.wires:
                points = [(x + left, y + top) for x, y in wire.points]
                drawing.paths.append(Path(points, differentiable, label, wire.key, arrow))  # type: ignore[arg-type]
            highest = 0
            for number, box, source in plan.marks:
                drawing.marks.append(Mark(number + used, box.x + left, box.y + top, source))
                highest = max(highest, number)
            used += highest
            drawing.crossings += plan.crossings
        return drawing


def _lower_ports(plan: _Plan) -> None:
    """Lead the wires of the lower ports of every column down to the common border."""
    lowered = {id(box): box.y for _, box in plan.boxes if box.pin == "bottom"}
    for wire, *_ in plan.wires:
        x, y = wire.points[-1]
        if any(abs(y - low) < 1e-6 for low in lowered.values()) and y < plan.height:
            wire.points[-1] = (x, plan.height)
    for _, box in plan.boxes:
        if box.pin == "bottom":
            box.y = plan.height


def _turn(found: Arrangement, boxes: list[Box], wires: list[Wire]) -> Arrangement:
    """Exchange the axes: ranks run to the right."""
    for box in boxes:
        box.x, box.y = box.y, box.x
        box.width, box.height = box.height, box.width
    for wire in wires:
        wire.points = [(y, x) for x, y in wire.points]
    return Arrangement(found.height, found.width, found.crossings)


def _add_mark(
    piece: list[Box],
    marks: dict[tuple[tuple[int, object], str], int],
    name: tuple[int, object],
    pin: str,
) -> int:
    place = marks.get((name, pin))
    if place is None:
        place = marks[name, pin] = len(piece)
        piece.append(Box(MARK, MARK, pin=pin, fixed=True))
    return place


def _find_split(wires: list[Wire], column_of: list[int]) -> list[tuple[int, object]]:
    """Values that continue in another column, in the order of their sources."""
    found: dict[tuple[int, object], None] = {}
    for wire in wires:
        if column_of[wire.tail] != column_of[wire.head]:
            found[wire.tail, wire.key] = None
    return list(found)


def _cut_ranks(boxes: list[Box], wires: list[Wire], ranks: list[int], columns: int) -> list[int]:
    """Column of each box: cuts between ranks, near equal heights, through few wires."""
    last = max(ranks)
    heights = [0.0] * (last + 1)
    for box, rank in zip(boxes, ranks, strict=True):
        heights[rank] = max(heights[rank], box.height + 30.0)
    through = _count_through(wires, ranks, last)
    total = sum(heights)
    cuts: list[int] = []
    for number in range(1, columns):
        goal = total * number / columns
        best = None
        at = 0.0
        for rank in range(last):
            at += heights[rank]
            if cuts and rank <= cuts[-1]:
                continue
            cost = abs(at - goal) / (total / columns) + 0.25 * (through[rank] - 1)
            if best is None or cost < best[0]:
                best = (cost, rank)
        if best is not None:
            cuts.append(best[1])
    return [sum(rank > cut for cut in cuts) for rank in ranks]


def _count_through(wires: list[Wire], ranks: list[int], last: int) -> list[int]:
    """Number of values that pass below each rank."""
    reach: dict[tuple[int, object], int] = {}
    for wire in wires:
        name = (wire.tail, wire.key)
        reach[name] = max(reach.get(name, 0), ranks[wire.head])
    steps = [0] * (last + 2)
    for (tail, _), end in reach.items():
        steps[ranks[tail]] += 1
        steps[end] -= 1
    found, now = [], 0
    for step in steps[: last + 1]:
        now += step
        found.append(now)
    return found
