"""Figures as SVG: panels side by side, with curves, points, images or text in them."""

from __future__ import annotations

import base64
import math
import textwrap
from collections.abc import Sequence
from html import escape
from itertools import pairwise
from pathlib import Path

import numpy as np

from tinygrad_lite.vision.utils import png

# Okabe and Ito (2008), "Color Universal Design": apart for every common colour blindness.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7a5195", "#5b6875",
           "#b3a100", "#8c510a")  # fmt: skip
STYLE = """
.fig { font: 12px system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: #1c2733 }
.soft { fill: #5b6875 }  .title { font-size: 15px; font-weight: 600 }  .head { font-weight: 600 }
.mono { font-family: ui-monospace, "DejaVu Sans Mono", monospace; white-space: pre }
.grid { stroke: #dfe4e9 }  .ground { fill: #ffffff }
@media (prefers-color-scheme: dark) {
  .fig { fill: #e8edf2 }  .soft { fill: #9fadba }  .grid { stroke: #37424d }
  .ground { fill: #14191f } }
"""
WIDTH, HEIGHT = 340, 260  # of what a panel shows, without title and axes
LEFT, TOP, RIGHT, BOTTOM = 56, 84, 24, 48


def text(
    x: float, y: float, words: str, kind: str = "", anchor: str = "start", more: str = ""
) -> str:
    """Words at a point."""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}" {more}>'
        f"{escape(words)}</text>"
    )


def ticks(low: float, high: float, count: int = 4) -> list[float]:
    """Round numbers between `low` and `high`."""
    raw = (high - low) / count
    power = 10.0 ** math.floor(math.log10(raw))
    step = power * next(m for m in (1, 2, 2.5, 5, 10) if m * power >= raw)
    return [
        step * i for i in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)
    ]


class Panel:
    """One part of a figure; what is added to it is drawn when the figure is saved."""

    def __init__(self, title: str, x: str = "", y: str = "", equal: bool = False) -> None:
        self.title, self.x, self.y, self.equal = title, x, y, equal
        self.curves: list[tuple[np.ndarray, np.ndarray, str, str, str]] = []
        self.parts: list[str] = []

    def line(self, xs: Sequence[float], ys: Sequence[float], name: str = "", dashed: bool = False,
             colour: int | None = None) -> None:  # fmt: skip
        """A curve through points."""
        self._add(xs, ys, name, "dashed" if dashed else "line", colour)

    def points(self, xs: Sequence[float], ys: Sequence[float], name: str = "",
               colour: int | None = None) -> None:  # fmt: skip
        """Points that are not joined."""
        self._add(xs, ys, name, "points", colour)

    def _add(self, xs: Sequence[float], ys: Sequence[float], name: str, kind: str,
             colour: int | None) -> None:  # fmt: skip
        index = len(self.curves) if colour is None else colour
        hue = COLOURS[index % len(COLOURS)]
        self.curves.append((np.asarray(xs, float), np.asarray(ys, float), name, kind, hue))

    def images(
        self, images: Sequence[np.ndarray], captions: Sequence[str] = (), columns: int = 0
    ) -> None:
        """Grey images of one size, 0 white to 1 black, in rows; captions stand below them."""
        columns = columns or math.ceil(math.sqrt(len(images)))
        rows = math.ceil(len(images) / columns)
        below = 22 if captions else 6
        side = min(WIDTH / columns - 6, HEIGHT / rows - below)
        for i, pixels in enumerate(images):
            x, y = i % columns * (side + 6), i // columns * (side + below)
            self.parts.append(picture(pixels, x, y, side))
        for i, caption in enumerate(captions):
            x, y = i % columns * (side + 6), i // columns * (side + below)
            self.parts.append(text(x + side / 2, y + side + 15, caption, "soft", "middle"))

    def words(self, lines: Sequence[str], size: float = 11) -> None:
        """Lines of text in letters of one width; lines longer than the panel are broken."""
        room = int(WIDTH / (0.61 * size))
        broken = [part for line in lines for part in textwrap.wrap(line, room) or [""]]
        fits = int(HEIGHT / (1.35 * size))
        self.parts += [
            text(0, (i + 1) * 1.35 * size, line, "mono", more=f'font-size="{size}"')
            for i, line in enumerate(broken[:fits])
        ]

    def draw(self, left: float) -> list[str]:
        """The panel as SVG, `left` from the figure's edge."""
        body = [*self._plot(), *self.parts] if self.curves else self.parts
        return [
            f'<g transform="translate({left} {TOP})">', text(0, -20, self.title, "head"), *body,
            "</g>",
        ]  # fmt: skip

    def _plot(self) -> list[str]:
        xs = np.concatenate([curve[0] for curve in self.curves])
        ys = np.concatenate([curve[1] for curve in self.curves])
        (x0, x1), (y0, y1) = bounds(xs), bounds(ys, 0.05)
        if self.equal:
            unit = max((x1 - x0) / WIDTH, (y1 - y0) / HEIGHT) / 2
            x, y = (x0 + x1) / 2, (y0 + y1) / 2
            x0, x1, y0, y1 = (
                x - unit * WIDTH, x + unit * WIDTH, y - unit * HEIGHT, y + unit * HEIGHT,
            )  # fmt: skip
        place = (lambda x: (x - x0) / (x1 - x0) * WIDTH), (lambda y: HEIGHT * (y1 - y) / (y1 - y0))
        parts = [
            text(WIDTH / 2, HEIGHT + 38, self.x, "soft", "middle"),
            text(0, -4, self.y, "soft"),
        ]
        for y in ticks(y0, y1):
            parts.append(f'<path class="grid" d="M0 {place[1](y):.1f}h{WIDTH}"/>')
            parts.append(text(-8, place[1](y) + 4, f"{y:g}", "soft", "end"))
        parts += [text(place[0](x), HEIGHT + 20, f"{x:g}", "soft", "middle") for x in ticks(x0, x1)]
        for curve in self.curves:
            parts.append(drawn(curve, *place))
        return parts + self._names(place)

    def _names(self, place: tuple) -> list[str]:
        """The curves' names at their ends, moved apart where they would overlap."""
        named = [curve for curve in self.curves if curve[2]]
        order = sorted(named, key=lambda curve: place[1](curve[1][-1]))
        heights = [place[1](curve[1][-1]) for curve in order]
        for above, below in pairwise(range(len(heights))):
            heights[below] = max(heights[below], heights[above] + 14)
        return [
            text(WIDTH + 6, y + 4, name, "head", more=f'style="fill:{hue}"')
            for (_, _, name, _, hue), y in zip(order, heights, strict=True)
        ]


def picture(pixels: np.ndarray, x: float, y: float, side: float) -> str:
    """A grey image as SVG, its longer side `side` long."""
    shades = (255 * (1 - np.clip(np.asarray(pixels), 0, 1))).astype(np.uint8)
    rows, columns = shades.shape
    scale = side / max(rows, columns)
    return (
        f'<image x="{x:.1f}" y="{y:.1f}" width="{columns * scale:.1f}" '
        f'height="{rows * scale:.1f}" style="image-rendering:pixelated" '
        f'href="data:image/png;base64,{base64.b64encode(png(shades)).decode()}"/>'
    )


def bounds(values: np.ndarray, margin: float = 0.0) -> tuple[float, float]:
    """The range of values and a little more; never of length zero."""
    low, high = float(values.min()), float(values.max())
    room = (high - low) * margin or (1.0 if high == low else 0.0)
    return low - room, high + room


def drawn(curve: tuple, across: object, up: object) -> str:
    """A curve as SVG."""
    xs, ys, _, kind, hue = curve
    places = [(across(x), up(y)) for x, y in zip(xs, ys, strict=True)]
    if kind == "points":
        dots = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in places)
        return f'<path d="{dots}" stroke="{hue}" stroke-width="5" stroke-linecap="round"/>'
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    dash = ' stroke-dasharray="5 4"' if kind == "dashed" else ""
    style = f'fill="none" stroke="{hue}" stroke-width="2" stroke-linejoin="round"{dash}'
    return f'<path d="{path}" {style}/>'


class Figure:
    """A row of panels under a title."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.panels: list[Panel] = []

    def panel(self, title: str, x: str = "", y: str = "", equal: bool = False) -> Panel:
        """One more panel; `x` and `y` name its axes, `equal` gives both the same scale."""
        self.panels.append(Panel(title, x, y, equal))
        return self.panels[-1]

    def save(self, path: str) -> None:
        """Write the figure and say where it is."""
        gaps = [
            RIGHT + 10 * max((len(c[2]) for c in p.curves), default=0) * 0.75 for p in self.panels
        ]
        lefts = [LEFT + i * (LEFT + WIDTH) + sum(gaps[:i]) for i in range(len(self.panels))]
        width, height = lefts[-1] + WIDTH + gaps[-1], TOP + HEIGHT + BOTTOM
        body = [
            part
            for panel, left in zip(self.panels, lefts, strict=True)
            for part in panel.draw(left)
        ]
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="fig" role="img" '
            f'viewBox="0 0 {width:.0f} {height}" width="{width:.0f}" height="{height}">'
        )
        ground = f'<rect class="ground" width="{width:.0f}" height="{height}"/>'
        title = text(LEFT, 34, self.title, "title")
        about = f"<title>{escape(self.title)}</title><style>{STYLE}</style>"
        Path(path).write_text("\n".join([head, about, ground, title, *body, "</svg>\n"]), "utf-8")
        print(f"figure: {path}")
