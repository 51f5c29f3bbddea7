"""What stands on a card, and how large it is for that."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .._graph.parts import write_shape
from .items import name_kind
from .kinds import classify
from .metrics import measure, shorten
from .overlay import WORDS, Overlay
from .scene import Entity, count_ops
from .words import (
    find_key,
    get_word,
    number,
    squeeze,
    write_key,
    write_name,
    write_scalars,
    write_setting,
    write_value,
)

if TYPE_CHECKING:
    from .._graph import Graph, Leaf, Node, Statistics
    from .items import Item
    from .options import Options
    from .scene import Scene

HEADER = 13.0
TEXT = 11.0
HEADER_HEIGHT = 23.0
ROW_HEIGHT = 15.0
LEFT = 32.0  # stripe, glyph and their margins
RIGHT = 14.0  # margin and gradient bar
COLUMN_GAP = 14.0
WIDEST = 264.0
STEPS = (96.0, 120.0, 144.0, 168.0, 192.0, 224.0, 264.0)  # widths, so that columns look even
FRAME_TITLE = 25.0
FRAME_PAD = 14.0

SHARED_ROWS = 6
# Kinds of operation by which a reader recognises a module, most telling first.
_TELLING = ("weighted", "attention", "normal", "activation", "loss", "reduction")

PLURALS = {"op": "ops", "call": "calls", "layer": "layers", "value": "values", "more": "more"}


@dataclass(slots=True)
class Row:
    """One line of a card: text at the left, text at the right, and its role for the style."""

    left: str
    right: str = ""
    role: str = "plain"


@dataclass(slots=True)
class Face:
    """The text of a card. `bar` is "none", "missing", "zero", "hollow" or "filled"."""

    kind: str
    title: str
    name: str = ""
    badge: str = ""
    rows: list[Row] = field(default_factory=list)
    bar: str = "none"
    level: float = 0.0
    broken: bool = False
    tint: str = ""
    hint: list[str] = field(default_factory=list)


def count(value: int, word: str) -> str:
    """`1 op`, `7 ops`."""
    return f"{number(value)} {word if value == 1 else PLURALS.get(word, word + 's')}"


def write_bytes(size: float) -> str:
    """`512 B`, `3.1 KB`."""
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.3g} {unit}"
        size /= 1000
    return ""


class Writer:
    """Writes the faces of the cards of one scene."""

    def __init__(self, scene: Scene, options: Options) -> None:
        self.scene = scene
        self.graph = scene.graph
        self.options = options
        self.show = options.show
        self.overlay = Overlay(scene, options)
        self.main_dtype = find_main_dtype(self.graph)
        self.levels = _find_levels(self.graph)
        self.has_flow = any(node.gradient is not None for node in self.graph.nodes)

    def write(self, card: Entity) -> Face:
        """The face of a card."""
        if card.form in {"input", "shared"}:
            return self._write_leaf(card)
        if card.form == "output":
            return self._write_output(card)
        if card.form == "group":
            return self._write_group(card)
        return self._write_op(card)

    def write_title(self, frame: Entity) -> Face:
        """The face of a frame: its title line."""
        item = frame.get_item()
        face = Face("module", item.title or "group", get_local_name(frame))
        face.badge = f"×{item.count}" if item.count > 1 else ""
        face.rows = [Row(self._count_repeats(frame), role="muted")] if item.count > 1 else []
        face.hint = _name_instances(item)
        return face

    # -- kinds of cards ---------------------------------------------------------------

    def _write_op(self, card: Entity) -> Face:
        item = card.get_item()
        node = self.graph.nodes[item.lead]
        kind = name_kind(self.graph, item)
        face = Face(kind, self._write_title(card, node), get_local_name(card))
        if card.form == "constant":
            face.title = " → ".join(squeeze([self.graph.nodes[op].op for op in item.ops], limit=3))
        if item.count > 1:
            face.badge = f"×{number(item.count)}"
        if card.form == "chain" and face.title == "shape":
            names = [get_word(self.graph.nodes[op].op) for op in item.ops]
            face.rows.append(Row(" → ".join(squeeze(names)), role="muted"))
            keys = [key for key in (find_key(self.graph.nodes[op]) for op in item.ops) if key]
            face.rows += [Row(keys[0], role="muted")] if len(keys) == 1 else []
        self._add_settings(face, node, card)
        self._add_parameters(face, card)
        self._add_output(face, item.lead)
        self._add_extras(face, node)
        self._add_gradient(face, card)
        if card.form == "op" and len(item.ops) > 1:
            more = count(len(item.ops) - 1, "counter")
            face.rows.insert(0, Row(f"and {more}", role="muted"))
        face.hint = [self._list_ops(item.ops)] if len(item.ops) > 1 else []
        self._add_tint(face, list(item.all_ops()))
        return face

    def _write_title(self, card: Entity, node: Node) -> str:
        item = card.get_item()
        names = [get_word(self.graph.nodes[op].op) for op in item.ops]
        if card.form == "chain":
            return " → ".join(squeeze(names)) if len(set(names)) < 3 else "shape"
        if card.form == "run":
            return " → ".join(squeeze(names, limit=3))
        return write_name(node) + write_scalars(node)

    def _write_group(self, card: Entity) -> Face:
        item = card.get_item()
        face = Face("module", item.title or "module", get_local_name(card))
        face.badge = f"×{number(item.count)}" if item.count > 1 else ""
        ops = count_ops(card)
        face.rows.append(Row(count(len(item.ops), "op") + " inside", role="muted"))
        face.rows += self._list_contents(item.ops)
        leaves = self._gather_parameters(item.ops)
        if leaves:
            total = sum(leaf.size for leaf in leaves)
            face.rows.append(Row("parameters", number(total)))
        if item.count > 1:
            face.rows.append(Row(self._count_repeats(card), role="muted"))
            face.rows.append(Row("in all", count(ops, "op"), role="muted"))
        self._add_output(face, item.lead)
        self._add_gradient(face, card)
        self._add_tint(face, list(item.all_ops()))
        face.hint = [f"{leaf.name} {write_shape(leaf.shape)}" for leaf in leaves]
        face.hint += _name_instances(item)
        return face

    def _list_contents(self, ops: list[int]) -> list[Row]:
        """The two sorts of operation that say most about a closed module, counted."""
        counts: dict[str, int] = {}
        weights: dict[str, int] = {}
        for op in ops:
            node = self.graph.nodes[op]
            name, kind = write_name(node), classify(node.op, node.kind)
            counts[name] = counts.get(name, 0) + 1
            weights[name] = _TELLING.index(kind) if kind in _TELLING else len(_TELLING)
        telling = sorted(
            (name for name in counts if weights[name] < len(_TELLING)),
            key=lambda name: (weights[name], -counts[name], name),
        )
        words = [name if counts[name] == 1 else f"{counts[name]} {name}" for name in telling[:2]]
        return [Row(" · ".join(words), role="muted")] if words and len(counts) > 1 else []

    def _count_repeats(self, card: Entity) -> str:
        """Own weights make N layers, the same weights one layer that is called N times."""
        item = card.get_item()
        first = {leaf.name for leaf in self._gather_parameters(item.instances[0].ops)}
        second = {leaf.name for leaf in self._gather_parameters(item.instances[1].ops)}
        if item.title == "repeat":
            same = ", same weights" if first and first == second else ""
            return f"{number(item.count)} times{same}, one shown"
        if first and first == second:
            return f"1 layer, {count(item.count, 'call')}"
        if first:
            return f"{count(item.count, 'layer')}, one shown"
        return f"{number(item.count)} times, one shown"

    def _gather_parameters(self, ops: list[int]) -> list[Leaf]:
        found: dict[int, Leaf] = {}
        for op in ops:
            for operand in self.graph.nodes[op].operands:
                if operand.leaf >= 0 and self.graph.leaves[operand.leaf].role == "parameter":
                    found[operand.leaf] = self.graph.leaves[operand.leaf]
        return list(found.values())

    def _write_leaf(self, card: Entity) -> Face:
        leaf = self.graph.leaves[card.leaf]
        if card.parameters:
            return self._write_several(card)
        kind = "shared" if card.form == "shared" else "input"
        word = "shared parameter" if card.form == "shared" else "input"
        if card.repeats > 1:
            word = f"{number(card.repeats)} inputs, one for each"
        face = Face(kind, leaf.name or word, word if leaf.name else "")
        text = write_shape(leaf.shape)
        if leaf.scalar is not None:
            text = write_value(leaf.scalar)
        left = "value" if leaf.scalar is not None else "shape"
        face.rows.append(Row(left, text + self._dtype(leaf.dtype), "out"))
        self._add_leaf_gradient(face, leaf)
        return face

    def _write_several(self, card: Entity) -> Face:
        """Parameters that are shared together, one row each."""
        leaves = [self.graph.leaves[leaf] for leaf in (card.leaf, *card.parameters)]
        lead = _common_path([leaf.name for leaf in leaves])
        face = Face("shared", "shared parameters", lead.rstrip("."))
        for leaf in leaves[:SHARED_ROWS]:
            name, shape = leaf.name[len(lead) :], write_shape(leaf.shape) + self._dtype(leaf.dtype)
            if leaf.gradient is None:
                face.rows.append(Row(name, shape, "param"))
            else:
                size = write_size(leaf.gradient)
                face.rows.append(Row(f"{name} {shape}", f"grad {size}", "both"))
        if len(leaves) > SHARED_ROWS:
            total = sum(leaf.size for leaf in leaves)
            more = f"and {count(len(leaves) - SHARED_ROWS, 'more')}"
            face.rows.append(Row(more, f"{number(total)} in all", "muted"))
        face.hint = [f"{leaf.name} {write_shape(leaf.shape)}" for leaf in leaves]
        self._set_bar(face, [leaf.gradient for leaf in leaves if leaf.gradient is not None])
        return face

    def _write_output(self, card: Entity) -> Face:
        word, _, of = card.name.partition(" of ")
        face = Face("input", word, of) if of else Face("input", "output", card.name)
        if card.key is not None:
            _, place, output = card.key
            node = self.graph.nodes[place]
            shape = write_shape(node.shapes[output]) + self._dtype(node.dtypes[output])
            face.rows.append(Row("shape", shape, "out"))
        return face

    # -- rows -------------------------------------------------------------------------

    def _add_settings(self, face: Face, node: Node, card: Entity) -> None:
        if card.form != "op":
            return
        words: list[str] = []
        for name, value in node.settings:
            text = write_key(value) if name == "key" else write_setting(name, value)
            if text and sum(map(len, words)) + len(text) <= 28:
                words.append(text)
        if words:
            face.rows.append(Row(" · ".join(words), role="muted"))

    def _add_parameters(self, face: Face, card: Entity) -> None:
        if "params" not in self.show:
            return
        buffers: list[str] = []
        for leaf in card.parameters:
            entry = self.graph.leaves[leaf]
            name = entry.name.rpartition(".")[2] or entry.role
            if entry.role == "constant":
                scalar = entry.scalar
                text = write_value(scalar) if scalar is not None else write_shape(entry.shape)
                face.rows.append(Row(name or "constant", text, "muted"))
                continue
            if entry.role == "buffer":
                buffers.append(write_shape(entry.shape))
                continue
            shape = write_shape(entry.shape)
            if entry.gradient is None:
                face.rows.append(Row(name, shape, "param"))
            else:
                size = write_size(entry.gradient)
                face.rows.append(Row(f"{name} {shape}", f"grad {size}", "both"))

        if buffers:
            shapes = ", ".join(dict.fromkeys(buffers))
            face.rows.append(Row(count(len(buffers), "buffer"), shapes, "muted"))

    def _is_read(self, lead: int, output: int) -> bool:
        """Whether anybody reads a further output; by-products that nobody reads are left out."""
        named = any((o.node, o.output) == (lead, output) for o in self.graph.outputs)
        return named or ("node", lead, output) in self.graph.consumers

    def _add_output(self, face: Face, lead: int) -> None:
        if "shape" not in self.show:
            return
        node = self.graph.nodes[lead]
        for place, shape in enumerate(node.shapes):
            dtype = self._dtype(node.dtypes[place] if place < len(node.dtypes) else "")
            if shape is None or (place and not self._is_read(lead, place)):
                continue
            left = f"out {place + 1}" if place else "out"
            if shape == () and node.scalar is not None:
                face.rows.append(Row("value", write_value(node.scalar) + dtype, "value"))
            else:
                face.rows.append(Row(left, write_shape(shape) + dtype, "out"))

    def _dtype(self, dtype: str) -> str:
        if "dtype" in self.show or (dtype and dtype != self.main_dtype):
            return f" {dtype}"
        return ""

    def _add_extras(self, face: Face, node: Node) -> None:
        if "values" in self.show and node.value is not None and node.scalar is None:
            face.rows.append(Row("value", _write_statistics(node.value), "muted"))
        if "grads" in self.show and node.gradient is not None:
            face.rows.append(Row("gradient", _write_statistics(node.gradient), "grad"))
        if "saved" in self.show and node.saved:
            face.rows.append(Row("saved", ", ".join(node.saved), "muted"))
        if "bytes" in self.show and node.bytes is not None:
            face.rows.append(Row("memory", write_bytes(node.bytes), "muted"))
        if "time" in self.show and node.seconds is not None:
            face.rows.append(Row("time", f"{node.seconds * 1e6:.3g} µs", "muted"))
        if "formula" in self.show and node.formula:
            face.rows.append(Row("derivative", node.formula, "muted"))
        if "source" in self.show and node.source:
            face.rows.append(Row("at", node.source, "muted"))
        if self.options.embed_source and node.line:
            face.rows.append(Row(node.line, role="muted"))

    def _add_tint(self, face: Face, ops: list[int]) -> None:
        """Colour of the overlay, and the number it stands for."""
        tint = self.overlay.find(ops)
        if tint is None:
            return
        face.tint = tint.color
        word = WORDS.get(str(self.options.color))
        if word is None or tint.amount is None:
            return
        if self.options.color == "gradcheck" and not tint.amount:
            face.rows.append(Row("gradient check", "right", "muted"))
            return
        amounts = {"time": f"{tint.amount * 1e6:.3g} µs", "memory": write_bytes(tint.amount)}
        face.rows.append(Row(word, amounts.get(word, f"{tint.amount:.2g}"), "muted"))

    def _list_ops(self, ops: list[int]) -> str:
        return ", ".join(self.graph.nodes[op].op for op in ops[:200])

    # -- gradient bars ----------------------------------------------------------------

    def _add_gradient(self, face: Face, card: Entity) -> None:
        item = card.get_item()
        nodes = [self.graph.nodes[op] for op in item.ops]
        face.broken = any(
            statistics is not None and not statistics.finite
            for node in nodes
            for statistics in (node.value, node.gradient)
        )
        if not any(node.differentiable for node in nodes):
            face.bar = "none"
            return
        found = [node.gradient for node in nodes if node.gradient is not None]
        found += [p.gradient for p in self._gather_parameters(item.ops) if p.gradient is not None]
        learns = any(self.graph.leaves[leaf].requires_grad for leaf in card.parameters)
        if found or self.has_flow or learns:
            self._set_bar(face, found)

    def _add_leaf_gradient(self, face: Face, leaf: Leaf) -> None:
        if not leaf.requires_grad:
            return
        if leaf.gradient is not None:
            face.rows.append(Row("grad", write_size(leaf.gradient), "grad"))
        self._set_bar(face, [leaf.gradient] if leaf.gradient is not None else [])

    def _set_bar(self, face: Face, found: list[Statistics]) -> None:
        if not found:
            face.bar = "missing" if self.graph.has_gradients else "none"
            return
        largest = max(statistics.rms for statistics in found)
        if largest == 0.0:
            face.bar = "zero"
            return
        face.bar = "filled"
        face.broken = face.broken or any(not statistics.finite for statistics in found)
        low, high = self.levels
        span = high - low
        level = (_log(largest) - low) / span if span > 0 else 1.0
        face.level = min(max(level, 0.0), 1.0)


def _name_instances(item: Item) -> list[str]:
    """Which modules a stack stands for; shapes and structure are those of the one shown."""
    names = [instance.name for instance in item.instances if instance.name]
    return [f"stands for {', '.join(names)}"] if names else []


def get_local_name(entity: Entity) -> str:
    """Module path without what the frames around it already say."""
    name = entity.item.name if entity.item is not None else ""
    frame = entity.parent
    while frame is not None and frame.item is not None:
        outer = frame.item.name.partition("#")[0]
        if outer and name.startswith(f"{outer}."):
            return name[len(outer) + 1 :]
        frame = frame.parent
    return name


def _common_path(names: list[str]) -> str:
    """The module path that all names begin with, its dot included."""
    first = names[0].rpartition(".")[0]
    while first and not all(name.startswith(f"{first}.") for name in names):
        first = first.rpartition(".")[0]
    return f"{first}." if first else ""


def write_size(statistics: Statistics) -> str:
    """A single number with its sign; the root mean square of several."""
    if statistics.size == 1:
        return f"{statistics.mean:.4g}"
    return f"{statistics.rms:.2g}"


def _write_statistics(statistics: Statistics) -> str:
    if statistics.size == 1:
        return f"{statistics.mean:.4g}"
    return f"{statistics.mean:.2g} ± {statistics.std:.2g}"


def find_main_dtype(graph: Graph) -> str:
    """The most frequent dtype; it is not written on the cards."""
    counts: dict[str, int] = {}
    for node in graph.nodes:
        for dtype in node.dtypes:
            counts[dtype] = counts.get(dtype, 0) + 1
    return max(counts, key=lambda name: (counts[name], name), default="")


def _find_levels(graph: Graph) -> tuple[float, float]:
    """Logarithms of the smallest and largest gradient of the graph, at least two decades apart."""
    gradients = [node.gradient for node in graph.nodes] + [leaf.gradient for leaf in graph.leaves]
    found = [g.rms for g in gradients if g is not None and g.rms > 0]
    levels = [_log(value) for value in found if value < float("inf")]
    if not levels:
        return (-4.0, 0.0)
    high = max(levels)
    return (min(min(levels) - 0.3, high - 2.0), high)


def _log(value: float) -> float:
    return math.log10(value) if 0 < value < float("inf") else 0.0


def measure_face(face: Face) -> tuple[float, float]:
    """Width and height of a card; texts wider than the widest card are shortened in place."""
    room = WIDEST - LEFT - RIGHT
    badge = measure(face.badge, TEXT, bold=True) + 12 if face.badge else 0.0
    face.title = shorten(face.title, HEADER, room - badge, bold=True)
    head = measure(face.title, HEADER, bold=True)
    if face.name:
        face.name = shorten(face.name, TEXT, max(room - head - badge - 8, 60.0))
        head += 8 + measure(face.name, TEXT)
    widest = head + badge
    for row in face.rows:
        row.right = shorten(row.right, TEXT, room * 0.72)
        left = room - (measure(row.right, TEXT) + COLUMN_GAP if row.right else 0.0)
        row.left = shorten(row.left, TEXT, left)
        wide = measure(row.left, TEXT) + (COLUMN_GAP + measure(row.right, TEXT) if row.right else 0)
        widest = max(widest, wide)
    wanted = LEFT + widest + RIGHT
    width = next((step for step in STEPS if step >= wanted), wanted)
    height = HEADER_HEIGHT + ROW_HEIGHT * len(face.rows) + (5 if face.rows else 2)
    return float(round(width)), height
