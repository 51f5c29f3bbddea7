"""The finished drawing as SVG text: no script, no id, no reference outside."""

from __future__ import annotations

import hashlib
import itertools
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from .cards import HEADER, HEADER_HEIGHT, LEFT, RIGHT, ROW_HEIGHT, TEXT, Face, count
from .compose import NARROWEST
from .glyphs import write_glyph
from .kinds import KINDS
from .metrics import measure, shorten
from .overlay import FAILED, PASSED, RAMP, WORDS
from .theme import write_style
from .words import number

if TYPE_CHECKING:
    from .._graph import Graph
    from .compose import Drawing, Path
    from .options import Options
    from .scene import Entity, Scene

MARGIN = 20.0
TITLE_HEIGHT = 30.0
LINE_HEIGHT = 18.0
LEGEND_LINE = 22.0
RADIUS = 6.0

_ROLES = {
    "muted": "u", "param": "pa", "grad": "gr", "value": "va", "out": "", "plain": "", "both": "gr",
}  # fmt: skip


def write_svg(scene: Scene, drawing: Drawing, options: Options) -> str:
    """The picture as one SVG element."""
    return _Page(scene, drawing, options).write()


class _Page:
    def __init__(self, scene: Scene, drawing: Drawing, options: Options) -> None:
        self.scene = scene
        self.graph = scene.graph
        self.drawing = drawing
        self.options = options
        self.parts: list[str] = []
        self.kinds: set[str] = set()
        self.bars: set[str] = set()
        self.largest = max((node.bytes or 0 for node in scene.graph.nodes), default=0)
        self.width = max(drawing.width, NARROWEST) + 2 * MARGIN

    def write(self) -> str:
        head = self._write_head()
        top = MARGIN + TITLE_HEIGHT + LINE_HEIGHT * len(head) + 8
        left = (self.width - self.drawing.width) / 2
        self.parts.append(f'<g transform="translate({_n(left)} {_n(top)})">')
        for frame in self.scene.frames[1:]:
            self._write_frame(frame)
        for path in self.drawing.paths:
            self._write_path(path)
        for frame in self.scene.frames[1:]:
            self._write_frame_title(frame)
        for card in self.scene.cards:
            self._write_card(card, self.drawing.faces[id(card)])
        self._write_labels()
        for mark in self.drawing.marks:
            self.parts.append(
                f'<circle class="mk" cx="{_n(mark.x)}" cy="{_n(mark.y)}" r="10"/>'
                f'<text class="m mt" x="{_n(mark.x)}" y="{_n(mark.y + 4)}">{mark.number}</text>'
            )
        self.parts.append("</g>")
        height = self._write_legend(top + self.drawing.height + 26)
        return self._wrap(head, height)

    def _wrap(self, head: list[str], height: float) -> str:
        body = "".join(self.parts)
        title = self._title()
        digest = hashlib.sha256(f"{body}{title}{head}{self.options.theme}".encode()).hexdigest()
        scope = f"tg{digest[:10]}"
        style = write_style(scope, self.options.theme, sorted(self.kinds))
        first = MARGIN + TITLE_HEIGHT + 14
        lines = [
            f'<text class="u" x="{_n(MARGIN)}" y="{_n(first + i * LINE_HEIGHT)}">{_e(line)}</text>'
            for i, line in enumerate(head)
        ]
        size = f'width="{_n(self.width)}" height="{_n(height)}"'
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="{scope}" role="img" {size} '
            f'viewBox="0 0 {_n(self.width)} {_n(height)}" style="max-width:100%;height:auto">'
            f"<title>{_e(title)}</title><desc>{_e(self._describe())}</desc>"
            f"<style>{style}</style>"
            f'<rect class="p" width="{_n(self.width)}" height="{_n(height)}"/>'
            f'<text class="t" x="{_n(MARGIN)}" y="{_n(MARGIN + 20)}">'
            f"{_e(shorten(title, 17, self.width - 2 * MARGIN, bold=True))}</text>"
            f"{''.join(lines)}{body}</svg>\n"
        )

    # -- head -------------------------------------------------------------------------

    def _title(self) -> str:
        return self.options.title or self.graph.title or "Graph"

    def _describe(self) -> str:
        frames = [f"{f.item.title} {f.item.name}".strip() for f in self.scene.frames[1:] if f.item]
        return f"{repr(self.graph)[6:-1]}. Open: {', '.join(frames) or 'nothing'}."

    def _write_head(self) -> list[str]:
        facts = [*_count_facts(self.scene), *_state_facts(self.graph)]
        lines = [*_wrap_words(facts, self.width - 2 * MARGIN), *_rank_gradients(self.graph)]
        return [*lines, *self.graph.notes]

    # -- frames and cards -------------------------------------------------------------

    def _write_frame(self, frame: Entity) -> None:
        face = self.drawing.faces[id(frame)]
        x, y = frame.x - frame.width / 2, frame.y - frame.height / 2
        style = "f0" if frame.depth % 2 else "f1"
        box = _write_box(x, y, frame.width, frame.height, style, 8)
        if face.badge:
            box = _write_behind(x, y, frame.width, frame.height, style, 8) + box
        path = f' data-path="{_e(frame.item.name, quote=True)}"' if frame.item else ""
        self.parts.append(f'<g class="fr"{path}>{box}</g>')

    def _write_frame_title(self, frame: Entity) -> None:
        """Titles come after the wires, with a halo, because a wire may pass through them."""
        face = self.drawing.faces[id(frame)]
        x, y = frame.x - frame.width / 2, frame.y - frame.height / 2
        words = [(face.title, "h", measure(face.title, HEADER, bold=True) + 8)]
        words += [(face.name, "u", measure(face.name, TEXT) + 12)] if face.name else []
        words += [(row.left, "u", measure(row.left, TEXT) + 12) for row in face.rows]
        badge = measure(face.badge, TEXT, bold=True) + 14 if face.badge else 0.0
        places = self._find_gaps(frame, [width for *_, width in words], x + frame.width - badge)
        title = [
            f'<text class="{style}" x="{_n(at)}" y="{_n(y + 17)}">{_e(text)}</text>'
            for (text, style, _), at in zip(words, places, strict=True)
        ]
        if face.badge:
            title.append(_write_badge(face.badge, x + frame.width - 12, y + 17))
        halo = "hf0" if frame.depth % 2 else "hf1"
        hint = f"<title>{_e(chr(10).join(face.hint))}</title>" if face.hint else ""
        self.parts.append(f'<g class="{halo}">{hint}{"".join(title)}</g>')

    def _find_gaps(self, frame: Entity, widths: list[float], right: float) -> list[float]:
        """Places for the words of a title between the wires that pass it, if there is room."""
        left, top = frame.x - frame.width / 2, frame.y - frame.height / 2
        at, found = left + 12, []
        for width in widths:
            for wire in self._wires_at(top + 12, left, right):
                if at - 3 < wire < at + width - 4:
                    at = wire + 7
            found.append(at)
            at += width
        if at - 10 > right:  # the last word needs no gap behind it
            return [left + 12 + sum(widths[:place]) for place in range(len(widths))]
        return found

    def _wires_at(self, y: float, left: float, right: float) -> list[float]:
        """Where upright pieces of wires pass a height, from left to right."""
        found = set()
        for path in self.drawing.paths:
            for (x0, y0), (x1, y1) in itertools.pairwise(path.points):
                if abs(x0 - x1) < 0.5 and min(y0, y1) <= y <= max(y0, y1) and left < x0 < right:
                    found.add(x0)
        return sorted(found)

    def _write_card(self, card: Entity, face: Face) -> None:
        self.kinds.add(face.kind)
        x, y = card.x - card.width / 2, card.y - card.height / 2
        style = "ch" if card.form in {"chain", "constant", "input", "output"} else "b"
        parts = []
        if face.badge or card.form == "group":
            parts.append(_write_behind(x, y, card.width, card.height, style, RADIUS))
        parts.append(_write_box(x, y, card.width, card.height, style, RADIUS))
        parts.append(_write_stripe(x, y, card.height, face))
        parts.append(write_glyph(face.kind, x + 18, y + 13))
        parts.append(_write_header(face, x, y, card.width))
        for place, row in enumerate(face.rows):
            base = _n(y + HEADER_HEIGHT + ROW_HEIGHT * place + 11)
            role = _ROLES[row.role]
            if row.left:
                muted = {"param": "pa", "both": "pa"}.get(row.role, "u")
                at = _n(x + LEFT)
                parts.append(f'<text class="{muted}" x="{at}" y="{base}">{_e(row.left)}</text>')
            if row.right:
                at = _n(x + card.width - RIGHT)
                kind = f"e {role}" if role else "e"
                parts.append(f'<text class="{kind}" x="{at}" y="{base}">{_e(row.right)}</text>')
        parts.append(self._write_bar(face, x + card.width - 8, y + 5, card.height - 10))
        if face.broken:
            right = x + card.width
            corner = f"M{_n(right - 16)},{_n(y)}H{_n(right)}V{_n(y + 16)}z"
            parts.append(f'<path class="x" d="{corner}"/>')
        hint = f"<title>{_e(chr(10).join(face.hint))}</title>" if face.hint else ""
        self.parts.append(f'<g class="c"{_write_data(card)}>{hint}{"".join(parts)}</g>')

    def _write_bar(self, face: Face, x: float, y: float, height: float) -> str:
        if face.bar == "none":
            return ""
        self.bars.add(face.bar)
        track = f'<rect class="gt" x="{_n(x)}" y="{_n(y)}" width="4" height="{_n(height)}" rx="1"/>'
        if face.bar == "zero":
            cross = f"M{_n(x)},{_n(y)}l4,{_n(height)}m0,{_n(-height)}l-4,{_n(height)}"
            return f'{track}<path class="gt" d="{cross}"/>'
        if face.bar == "missing":
            return track
        filled = max(2.0, height * (0.08 + 0.92 * face.level))
        return (
            f'{track}<rect class="gb" x="{_n(x)}" y="{_n(y + height - filled)}" width="4" '
            f'height="{_n(filled)}" rx="1"/>'
        )

    # -- wires ------------------------------------------------------------------------

    def _write_path(self, path: Path) -> None:
        style = "w" if path.differentiable else "wd"
        sideways = self.options.direction == "LR"
        if path.spline:
            data = _write_spline(path.points)
        else:
            data = _write_way(path.points, sideways=sideways, arrow=path.arrow)
        self.parts.append(f'<path class="{style}"{self._write_width(path)} d="{data}"/>')
        if path.arrow:
            x, y = path.points[-1]
            tip = f"M{_n(x)},{_n(y)}l-7,-3.5v7z" if sideways else f"M{_n(x)},{_n(y)}l-3.5,-7h7z"
            self.parts.append(f'<path class="a" d="{tip}"/>')

    def _write_width(self, path: Path) -> str:
        """Three widths by the size of the value, where memory is what is looked at."""
        kind, place, _ = path.key
        if self.options.color != "bytes" or kind != "node":
            return ""
        size = self.graph.nodes[place].bytes or 0
        step = 1 + (size > 0.02 * self.largest) + (size > 0.25 * self.largest)
        return f' style="stroke-width:{step}px"'

    def _write_labels(self) -> None:
        for path in self._find_labelled():
            if path.label:
                x, y = path.points[-1]
                x, y = (x - 16, y - 5) if self.options.direction == "LR" else (x + 5, y - 4)
                label = _e(path.label)
                self.parts.append(f'<text class="u hl" x="{_n(x)}" y="{_n(y)}">{label}</text>')

    def _find_labelled(self) -> list[Path]:
        """Wires whose numbers have room beside each other; where one has none, none is written."""
        rows: dict[float, list[Path]] = {}
        for path in self.drawing.paths:
            if path.label:
                rows.setdefault(path.points[-1][1], []).append(path)
        crowded = set()
        for row in rows.values():
            row.sort(key=lambda path: path.points[-1][0])
            for one, other in itertools.pairwise(row):
                gap = other.points[-1][0] - one.points[-1][0]
                if gap < measure(one.label, TEXT) + 6 and one.key != other.key:
                    crowded |= {id(one), id(other)}
        ends = {path.points[-1][1] for row in rows.values() for path in row if id(path) in crowded}
        return [path for path in self.drawing.paths if path.points[-1][1] not in ends]

    # -- legend -----------------------------------------------------------------------

    def _write_legend(self, top: float) -> float:
        if self.options.legend is False:
            return top - 10
        used = [kind for kind in KINDS if kind in self.kinds]
        entries = [(write_glyph(kind, 6, 0), KINDS[kind].word) for kind in used]
        entries += self._explain_lines()
        x, y = MARGIN, top
        for sign, words in entries:
            width = 20 + measure(words, TEXT) + 18
            if x + width > self.width - MARGIN and x > MARGIN:
                x, y = MARGIN, y + LEGEND_LINE
            self.parts.append(
                f'<g transform="translate({_n(x)} {_n(y)})">{sign}'
                f'<text class="u" x="20" y="4">{_e(words)}</text></g>'
            )
            x += width
        return y + 22

    def _explain_lines(self) -> list[tuple[str, str]]:
        found = []
        if any(not path.differentiable for path in self.drawing.paths):
            found.append(('<path class="wd" d="M0,0h16"/>', "no gradient flows"))
        if "filled" in self.bars:
            bar = '<rect class="gt" x="6" y="-7" width="4" height="14"/>'
            bar += '<rect class="gb" x="6" y="-1" width="4" height="8"/>'
            found.append((bar, "gradient (root mean square), logarithmic"))
        if "missing" in self.bars:
            bar = '<rect class="gt" x="6" y="-7" width="4" height="14"/>'
            found.append((bar, "gradient not computed"))
        if "zero" in self.bars:
            bar = '<rect class="gt" x="6" y="-7" width="4" height="14"/>'
            bar += '<path class="gt" d="M6,-7l4,14m0,-14l-4,14"/>'
            found.append((bar, "gradient exactly zero"))
        found += self._explain_tints()
        if self.drawing.marks:
            sign = '<circle class="mk" cx="8" cy="0" r="8"/><text class="m mt" x="8" y="4">1</text>'
            found.append((sign, "continues at the same number"))
        if any(face.broken for face in self.drawing.faces.values()):
            found.append(('<path class="x" d="M2,-6h12v12z"/>', "NaN or infinity"))
        return found

    def _explain_tints(self) -> list[tuple[str, str]]:
        color = self.options.color
        if color == "kind" or not any(face.tint for face in self.drawing.faces.values()):
            return []
        word = WORDS.get(str(color), "chosen colour")
        colors = (PASSED, FAILED) if color == "gradcheck" else RAMP
        width = 16 / len(colors)
        boxes = (
            f'<rect fill="{c}" x="{_n(i * width)}" y="-6" width="{_n(width)}" height="12"/>'
            for i, c in enumerate(colors)
        )
        scale = "within tolerance, beyond it" if color == "gradcheck" else "small to large"
        return [("".join(boxes), f"{word}: {scale}")]


def _n(value: float) -> str:
    """A coordinate with one decimal, the same on every machine."""
    text = f"{value:.1f}"
    return text.removesuffix(".0")


def _e(text: str, *, quote: bool = False) -> str:
    """Text safe inside XML; characters that XML forbids become U+FFFD."""
    clean = "".join(c if c >= " " or c in "\n\t" else "\ufffd" for c in text)
    return escape(clean, {'"': "&quot;"}) if quote else escape(clean)


def _write_box(x: float, y: float, width: float, height: float, style: str, radius: float) -> str:
    return (
        f'<rect class="{style}" x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" '
        f'height="{_n(height)}" rx="{_n(radius)}"/>'
    )


def _write_behind(x: float, y: float, width: float, height: float, style: str, r: float) -> str:
    """Two sheets that look out behind a stack or a folded module."""
    return _write_box(x + 5, y + 5, width, height, style, r) + _write_box(
        x + 2.5, y + 2.5, width, height, style, r
    )


def _write_stripe(x: float, y: float, height: float, face: Face) -> str:
    """The stripe at the left: its kind's colour, or broader in the colour of an overlay."""
    low, right = y + height, x + (9 if face.tint else 5)
    paint = f'fill="{_e(face.tint, quote=True)}"' if face.tint else f'class="k-{face.kind}"'
    return (
        f'<path {paint} d="M{_n(right)},{_n(y)}H{_n(x + 5)}A5,5 0 0 0 {_n(x)},{_n(y + 5)}'
        f'V{_n(low - 5)}A5,5 0 0 0 {_n(x + 5)},{_n(low)}H{_n(right)}z"/>'
    )


def _write_header(face: Face, x: float, y: float, width: float) -> str:
    base = _n(y + 17)
    parts = [f'<text class="h" x="{_n(x + LEFT)}" y="{base}">{_e(face.title)}</text>']
    if face.name:
        at = x + LEFT + measure(face.title, HEADER, bold=True) + 8
        parts.append(f'<text class="u" x="{_n(at)}" y="{base}">{_e(face.name)}</text>')
    if face.badge:
        parts.append(_write_badge(face.badge, x + width - RIGHT, y + 17))
    return "".join(parts)


def _write_badge(text: str, right: float, base: float) -> str:
    return f'<text class="bg e" x="{_n(right)}" y="{_n(base)}">{_e(text)}</text>'


def _write_data(card: Entity) -> str:
    """Attributes for tests and for scripts: which operations the card stands for."""
    if card.item is None:
        return f' data-form="{card.form}"'
    item = card.item
    total = sum(1 for _ in item.all_ops())
    return f' data-form="{card.form}" data-op="{item.lead}" data-count="{total}"'


def _write_way(points: list[tuple[float, float]], *, sideways: bool, arrow: bool) -> str:
    """Upright pieces as lines, bent pieces as curves with upright ends."""
    x, y = points[0]
    data = [f"M{_n(x)},{_n(y)}"]
    for place, (nx, ny) in enumerate(points[1:], 1):
        if arrow and place == len(points) - 1:
            nx, ny = (nx - 5, ny) if sideways else (nx, ny - 5)  # noqa: PLW2901 - room for the tip
        if abs(nx - x) < 0.05 and abs(ny - y) < 0.05:
            continue
        if (abs(ny - y) if sideways else abs(nx - x)) < 0.5:
            data.append(f"L{_n(nx)},{_n(ny)}")
        elif sideways:
            bend = (x + nx) / 2
            data.append(f"C{_n(bend)},{_n(y)} {_n(bend)},{_n(ny)} {_n(nx)},{_n(ny)}")
        else:
            bend = (y + ny) / 2
            data.append(f"C{_n(x)},{_n(bend)} {_n(nx)},{_n(bend)} {_n(nx)},{_n(ny)}")
        x, y = nx, ny
    return "".join(data)


def _write_spline(points: list[tuple[float, float]]) -> str:
    """Cubic curves through every third point, and a straight end for the tip."""
    data = [f"M{_n(points[0][0])},{_n(points[0][1])}"]
    data += [
        "C" + " ".join(f"{_n(x)},{_n(y)}" for x, y in points[at : at + 3])
        for at in range(1, len(points) - 2, 3)
    ]
    return "".join(data)


def _wrap_words(facts: list[str], room: float) -> list[str]:
    lines = [""]
    for fact in facts:
        joined = f"{lines[-1]}  ·  {fact}" if lines[-1] else fact
        if measure(joined, TEXT) > room and lines[-1]:
            lines.append(fact)
        else:
            lines[-1] = joined
    return lines


def _count_facts(scene: Scene) -> list[str]:
    graph = scene.graph
    facts = [count(len(graph.nodes), "operation")]
    if scene.folded:
        facts[0] += f" = {number(scene.shown)} shown + {number(scene.folded)} folded"
    values = sum(leaf.size for leaf in graph.parameters)
    if graph.parameters:
        tensors = count(len(graph.parameters), "tensor")
        facts.append(f"{count(values, 'parameter')} in {tensors}")
    return facts


def _state_facts(graph: Graph) -> list[str]:
    facts = []
    for operand in graph.outputs:
        node = graph.nodes[operand.node] if operand.node >= 0 else None
        if node is not None and node.shape == () and node.scalar is not None:
            scalar = node.scalar
            text = f"{scalar:.6g}" if isinstance(scalar, float) else str(scalar)
            facts.append(f"result {text}")
    if any(node.differentiable for node in graph.nodes):
        facts.append("gradients computed" if graph.has_gradients else "gradients not computed")
    if graph.freed:
        facts.append("kept values freed by backward")
    return facts


def _rank_gradients(graph: Graph) -> list[str]:
    found = [(p.gradient.rms, p.name) for p in graph.parameters if p.gradient is not None]
    if len(found) < 2:
        return []
    low, high = min(found), max(found)
    return [f"smallest gradient: {low[1]} {low[0]:.2g}  ·  largest: {high[1]} {high[0]:.2g}"]


PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>:root{{color-scheme:{scheme}}}body{{margin:0;text-align:center}}svg{{margin:0 auto}}</style>
</head><body>
{svg}
</body></html>
"""


def write_page(svg: str, title: str) -> str:
    """An HTML page around a picture; the page follows the theme that the picture was drawn in."""
    scheme = "light dark" if "prefers-color-scheme" in svg else "light"
    return PAGE.format(title=_e(title), svg=svg, scheme=scheme)
