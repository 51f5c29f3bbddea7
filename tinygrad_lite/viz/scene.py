"""What is drawn, before anything has a place: cards, frames, and the wires between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .items import Item, list_groups
from .kinds import keeps_order

if TYPE_CHECKING:
    from .._graph import Graph, Operand
    from .options import Options

Source = tuple[str, int, int]


@dataclass(slots=True, eq=False)
class Entity:
    """A card, a frame, or a port on the border of a frame.

    `form` is "op", "chain", "constant", "run", "group" (closed), "frame", "input", "shared",
    "output", "port" or "mark".
    """

    form: str
    item: Item | None = None
    parent: Entity | None = None
    leaf: int = -1
    key: Source | None = None
    name: str = ""
    pin: str = ""
    children: list[Entity] = field(default_factory=list)
    links: dict[tuple[int, int, Source], Link] = field(default_factory=dict)
    ports: dict[tuple[str, Source], Entity] = field(default_factory=dict)
    parameters: list[int] = field(default_factory=list)
    depth: int = 0
    order: int = 0
    x: float = 0.0
    y: float = 0.0
    width: float = 0.0
    height: float = 0.0
    number: int = 0
    repeats: int = 1

    def get_item(self) -> Item:
        """What the card or frame stands for; ports and leaves stand for no operation."""
        if self.item is None:
            raise LookupError(f"a {self.form} stands for no operation")
        return self.item


@dataclass(slots=True, eq=False)
class Link:
    """A value led from one child of a frame to another."""

    tail: Entity
    head: Entity
    key: Source
    differentiable: bool = True
    labels: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Scene:
    """The whole picture: the root frame, and which card each operation is found on."""

    graph: Graph
    root: Entity
    cards: list[Entity]
    frames: list[Entity]
    card_of: dict[int, Entity]
    shown: int
    folded: int


def build_scene(graph: Graph, root: Item, opened: set[int], options: Options) -> Scene:
    """Cards for the visible items, rows for parameters, wires for the values."""
    builder = _Builder(graph, opened)
    builder.add_items(root)
    builder.add_leaves()
    builder.add_wires()
    builder.add_outputs()
    scene = builder.make_scene()
    for frame in scene.frames:
        frame.links = _sort_links(frame)
    return scene


def _sort_links(frame: Entity) -> dict[tuple[int, int, Source], Link]:
    """The order of links must not depend on object ids, only on the order of the graph."""
    place = {id(child): number for number, child in enumerate(frame.children)}
    ordered = sorted(
        frame.links.items(),
        key=lambda item: (place[id(item[1].tail)], place[id(item[1].head)], item[1].key),
    )
    return dict(ordered)


class _Builder:
    def __init__(self, graph: Graph, opened: set[int]) -> None:
        self.graph = graph
        self.opened = opened
        self.cards: list[Entity] = []
        self.frames: list[Entity] = []
        self.card_of: dict[int, Entity] = {}
        self.first: dict[int, int] = {}  # operation of a further instance -> that of the first
        self.turn: dict[int, tuple[int, int]] = {}  # the same -> (stack, instance)
        self.leaf_cards: dict[int, Entity] = {}

    def add_items(self, root: Item) -> None:
        top = Entity("frame", root)
        self.frames.append(top)
        work = [(top, root)]
        while work:
            frame, group = work.pop()
            for child in group.children:
                self._note_stack(child)
                entity = self._add_child(frame, child)
                if entity.form == "frame":
                    work.append((entity, child))
        self.frames.sort(key=lambda frame: (frame.depth, frame.order))
        self.cards.sort(key=lambda card: card.order)

    def _add_child(self, frame: Entity, child: Item) -> Entity:
        is_open = child.is_group and id(child) in self.opened
        entity = Entity("frame" if is_open else child.form, child, frame, depth=frame.depth + 1)
        entity.order = child.ops[0]
        frame.children.append(entity)
        if is_open:
            self.frames.append(entity)
        else:
            self.cards.append(entity)
            for op in child.ops:
                self.card_of[op] = entity
        return entity

    def _note_stack(self, item: Item) -> None:
        for number, instance in enumerate(item.instances):
            for op, first in zip(instance.ops, item.ops, strict=True):
                self.turn[op] = (id(item), number)
                if number:
                    self.first[op] = first

    def _resolve(self, op: int) -> tuple[int, dict[int, int]]:
        """The operation drawn in place of `op`, and which instance of each stack `op` is in."""
        turns = {}
        while op in self.turn:
            stack, number = self.turn[op]
            if stack in turns:
                break
            turns[stack] = number
            op = self.first.get(op, op)
        return op, turns

    def add_leaves(self) -> None:
        """Inputs get cards; parameters become rows of their only reader, or a shared card."""
        readers: dict[int, list[Entity]] = {}
        uses: dict[int, set[tuple[int, int]]] = {}
        for index, node in enumerate(self.graph.nodes):
            leaves = [operand.leaf for operand in node.operands if operand.leaf >= 0]
            if not leaves:
                continue
            op, turns = self._find_drawn(index)
            for place, operand in enumerate(node.operands):
                if operand.leaf >= 0:
                    uses.setdefault(operand.leaf, set()).add((op, place) if turns else (-1, index))
            for leaf in leaves:
                found = readers.setdefault(leaf, [])
                if self.card_of[op] not in found:
                    found.append(self.card_of[op])
                    if not any(turns.values()) or self._is_data(leaf):
                        self.card_of[op].parameters.append(leaf)
        shared: dict[tuple[int, ...], Entity] = {}
        alike: dict[object, Entity] = {}
        for leaf, cards in readers.items():
            if self._is_data(leaf):
                self._add_input(leaf, cards, uses[leaf], alike)
            elif len(cards) > 1 and self.graph.leaves[leaf].role == "parameter":
                together = tuple(sorted(id(card) for card in cards))
                known = shared.get(together)
                if known is None:
                    shared[together] = self._add_leaf_card(leaf, cards)
                else:
                    self._join_leaf_card(known, leaf, cards)

    def _find_drawn(self, op: int) -> tuple[int, dict[int, int]]:
        drawn, turns = self._resolve(op)
        return drawn, turns

    def _is_data(self, leaf: int) -> bool:
        return self.graph.leaves[leaf].role == "input"

    def _add_input(
        self,
        leaf: int,
        cards: list[Entity],
        uses: set[tuple[int, int]],
        alike: dict[object, Entity],
    ) -> None:
        """One card for the inputs that the turns of a stack read alike, such as time steps."""
        found = self.graph.leaves[leaf]
        plain = found.gradient is None and found.scalar is None and not found.requires_grad
        mark = (found.name, found.shape, found.dtype, frozenset(uses))
        known = alike.get(mark) if plain and min(uses)[0] >= 0 else None
        if known is None:
            alike[mark] = self._add_leaf_card(leaf, cards)
            return
        known.repeats += 1
        self.leaf_cards[leaf] = known
        for reader in cards:
            if leaf in reader.parameters:
                reader.parameters.remove(leaf)

    def _join_leaf_card(self, card: Entity, leaf: int, cards: list[Entity]) -> None:
        """Parameters that the same cards share stand on one card, and one wire leads to each."""
        card.parameters.append(leaf)
        self.leaf_cards[leaf] = card
        for reader in cards:
            if leaf in reader.parameters:
                reader.parameters.remove(leaf)

    def _add_leaf_card(self, leaf: int, cards: list[Entity]) -> Entity:
        parent = self.frames[0]
        form = "input" if self._is_data(leaf) else "shared"
        if form == "shared":
            parent = _find_common(cards)
        card = Entity(form, None, parent, leaf, depth=parent.depth + 1)
        card.order = -len(self.graph.leaves) + leaf
        parent.children.append(card)
        self.cards.append(card)
        self.leaf_cards[leaf] = card
        for reader in cards:
            if leaf in reader.parameters:
                reader.parameters.remove(leaf)
        return card

    def add_wires(self) -> None:
        for index, node in enumerate(self.graph.nodes):
            if not node.operands:
                continue
            op, turns = self._find_drawn(index)
            head = self.card_of[op]
            number = len(
                {o.source for o in node.operands if o.node >= 0 or o.leaf in self.leaf_cards}
            )
            for place, operand in enumerate(node.operands):
                tail, key = self._find_tail(operand, turns)
                if tail is None or tail is head:
                    continue
                label = ""
                if number > 1 and head.form == "op" and keeps_order(node.op):
                    label = str(place + 1)
                self._connect(tail, head, key, label, differentiable=operand.differentiable)

    def _find_tail(self, operand: Operand, turns: dict[int, int]) -> tuple[Entity | None, Source]:
        if operand.node >= 0:
            op, others = self._find_drawn(operand.node)
            for stack, number in others.items():
                if turns.get(stack, number) != number:
                    return None, operand.source  # from one instance to the next: the stack says so
            return self.card_of[op], ("node", op, operand.output)
        card = self.leaf_cards.get(operand.leaf)
        return card, operand.source if card is None else ("leaf", card.leaf, 0)

    def _connect(
        self, tail: Entity, head: Entity, key: Source, label: str, *, differentiable: bool
    ) -> None:
        """Lead a value out of the frames around `tail` and into those around `head`."""
        common = _find_common([tail, head])
        while tail.parent is not common:
            frame = tail.parent
            if frame is None:
                return
            port = self._add_port(frame, "bottom", key)
            self._add_link(frame, tail, port, key, "", differentiable=differentiable)
            tail = frame
        entering = []
        while head.parent is not common:
            entering.append(head)
            if head.parent is None:
                return
            head = head.parent
        last = head if not entering else None
        given = label if last is not None else ""
        self._add_link(common, tail, head, key, given, differentiable=differentiable)
        for inner in reversed(entering):
            frame = inner.parent
            if frame is None:
                return
            port = self._add_port(frame, "top", key)
            given = label if inner is entering[0] else ""
            self._add_link(frame, port, inner, key, given, differentiable=differentiable)

    def _add_port(self, frame: Entity, pin: str, key: Source) -> Entity:
        port = frame.ports.get((pin, key))
        if port is None:
            port = Entity("port", None, frame, key=key, pin=pin)
            frame.ports[pin, key] = port
            frame.children.append(port)
        return port

    def _add_link(
        self,
        frame: Entity,
        tail: Entity,
        head: Entity,
        key: Source,
        label: str,
        *,
        differentiable: bool,
    ) -> None:
        name = (id(tail), id(head), key)
        link = frame.links.get(name)
        if link is None:
            link = frame.links[name] = Link(tail, head, key, differentiable)
        link.differentiable = link.differentiable or differentiable
        if label and label not in link.labels:
            link.labels.append(label)

    def add_outputs(self) -> None:
        """A chip below every output that is no number; a number stands in its card."""
        for place, operand in enumerate(self.graph.outputs):
            if operand.node < 0 or self.graph.nodes[operand.node].shapes[operand.output] == ():
                continue
            op, _ = self._find_drawn(operand.node)
            parent = self.frames[0]
            chip = Entity("output", None, parent, depth=1, order=len(self.graph.nodes) + place)
            chip.key = ("node", operand.node, operand.output)
            chip.name = operand.name
            parent.children.append(chip)
            self.cards.append(chip)
            key = ("node", op, operand.output)
            self._connect(self.card_of[op], chip, key, "", differentiable=operand.differentiable)

    def make_scene(self) -> Scene:
        items = [card for card in self.cards if card.item is not None]
        total = len(self.graph.nodes)
        return Scene(
            self.graph,
            self.frames[0],
            self.cards,
            self.frames,
            self.card_of,
            len(items),
            total - len(items),
        )


def _find_common(entities: list[Entity]) -> Entity:
    """The innermost frame that holds all of them."""
    chains = []
    for entity in entities:
        chain, frame = [], entity.parent
        while frame is not None:
            chain.append(frame)
            frame = frame.parent
        chains.append(chain[::-1])
    common = chains[0][0]
    for level in zip(*chains, strict=False):
        if any(frame is not level[0] for frame in level):
            break
        common = level[0]
    return common


def count_ops(entity: Entity) -> int:
    """Operations a card or frame stands for, further instances included."""
    return sum(1 for _ in entity.item.all_ops()) if entity.item is not None else 0


def list_open_groups(root: Item, opened: set[int]) -> list[Item]:
    """Groups drawn as frames."""
    return [group for group in list_groups(root) if id(group) in opened]
