"""Heat maps of a report, as SVG written by hand.

Two hues that colour-blind eyes tell apart stand for the signs; kinks are hatched, undecided cells
grey, guilty ones outlined.
"""

from __future__ import annotations

import html
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .table import KINK, RIGHT, UNDECIDED, WRONG

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .report import GradcheckReport, InputReport, Maps
    from .subject import Vector

WHITE, GREY = "#ffffff", "#bbbbbb"
POSITIVE, NEGATIVE, ERROR = (179, 88, 6), (33, 102, 172), (90, 24, 110)
CELL, GAP, MARGIN, LARGEST = 14, 28, 16, 40
STYLE = "font-family:system-ui,sans-serif;font-size:11px"


@dataclass
class Picture:
    """An SVG drawing."""

    svg: str

    def __str__(self) -> str:
        return self.svg

    def _repr_svg_(self) -> str:
        return self.svg

    def save(self, path: str | Path) -> Path:
        """Write the SVG file."""
        path = Path(path)
        path.write_text(self.svg, encoding="utf-8")
        return path


def draw_report(report: GradcheckReport) -> Picture:
    """Three maps per input, one input below the other."""
    parts: list[str] = []
    top, width = float(MARGIN), 320.0
    for one in report.inputs:
        if one.maps is None:
            continue
        drawn, right, height = draw_input(one, top)
        parts.append(drawn)
        top, width = top + height, max(width, right)
    if parts:
        drawn, right = draw_legend(report, top)
        parts.append(drawn)
        top, width = top + 18, max(width, right)
    else:
        parts, top = [text(MARGIN, top + 12, report.verdict())], top + 24
    return Picture(frame("".join(parts), width + MARGIN, top + MARGIN))


def frame(body: str, width: float, height: float) -> str:
    """A complete SVG document, with the hatching of kinks defined."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}" style="{STYLE};max-width:100%" role="img">'
        '<title>Gradient check</title><defs><pattern id="kink" width="4" height="4" '
        'patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><line x1="0" y1="0" x2="0" '
        'y2="4" stroke="#222" stroke-width="1.2"/></pattern></defs>'
        f'<rect width="{width:g}" height="{height:g}" fill="#ffffff"/>{body}</svg>'
    )


def draw_legend(report: GradcheckReport, top: float) -> tuple[str, float]:
    """What the colours and marks in use mean: SVG and its right edge."""
    maps = [one.maps for one in report.inputs if one.maps is not None]
    states = {int(state) for one in maps for state in np.unique(one.state)}
    entries = [
        (colour(1.0, 1.0, signed=True), RIGHT, "positive"),
        (colour(-1.0, 1.0, signed=True), RIGHT, "negative"),
    ]
    if WRONG in states:
        entries.append((WHITE, WRONG, "wrong"))
    if KINK in states:
        entries.append((WHITE, KINK, "accepted at a kink"))
    if UNDECIDED in states:
        entries.append((GREY, UNDECIDED, "undecided"))
    left, parts = float(MARGIN), []
    for fill, state, words in entries:
        parts += [cell(left, top, fill, state, words), text(left + 19, top + 11, words)]
        left += 34 + 6.2 * len(words)
    return "".join(parts), left


def draw_input(one: InputReport, top: float) -> tuple[str, float, float]:
    """The three maps of one input: SVG, right edge, height."""
    maps = one.maps
    if maps is None:
        return "", 0.0, 0.0
    wrong = f", {one.wrong} wrong" if one.wrong else ""
    head = f"{one.name} {one.shape}{wrong}"
    parts = [text(MARGIN, top + 11, head, weight="bold")]
    axes = "" if is_plain(maps) else f"rows: the result, columns: elements of {one.name}"
    parts.append(text(MARGIN + 24 + 6.6 * len(head), top + 11, axes))
    left = float(MARGIN)
    with np.errstate(all="ignore"):
        logarithm = np.log10(np.maximum(maps.ratio, 1e-3))
    for title, values, signed in (
        ("analytic", maps.analytic, True),
        ("numeric", maps.numeric, True),
        ("log10 error / tolerance", logarithm, False),
    ):
        drawn, size = draw_map(maps, values, left, top + 34, signed=signed)
        parts += [text(left, top + 28, title), drawn]
        left += max(size[0], 8 * len(title)) + GAP
        height = size[1]
    return "".join(parts), left, height + 58


def is_plain(maps: Maps) -> bool:
    """Whether the map can have the input's own shape: there is one output, and nothing left out."""
    return len(maps.state) == 1 and maps.complete and len(maps.shape) > 1


def grid(maps: Maps, values: NDArray[Any]) -> NDArray[Any]:
    """Values in two dimensions: one output in the input's shape, else outputs × elements."""
    return values.reshape(-1, maps.shape[-1]) if is_plain(maps) else values


def thin(states: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """At most LARGEST rows and columns of a map, evenly spread, guilty ones among them."""
    wrong = states == WRONG
    return spread(wrong.any(axis=1)), spread(wrong.any(axis=0))


def spread(guilty: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Places to show: all, or half of them guilty ones where there are too many."""
    if guilty.size <= LARGEST:
        return np.arange(guilty.size)
    chosen = np.flatnonzero(guilty)[: LARGEST // 2]
    even = np.linspace(0, guilty.size - 1, LARGEST - chosen.size).astype(np.intp)
    return np.union1d(chosen, even)


def draw_map(
    maps: Maps, values: Vector, left: float, top: float, *, signed: bool
) -> tuple[str, tuple[float, float]]:
    """One heat map: SVG and its size."""
    cells, states = grid(maps, values), grid(maps, maps.state)
    if not cells.size:
        return text(left, top + 10, "(empty)"), (40.0, 14.0)
    rows, columns = thin(states)
    finite = np.abs(cells[np.isfinite(cells)])
    largest = float(finite.max(initial=0.0)) or 1.0
    size = (len(columns) * CELL, len(rows) * CELL)
    parts = [
        f'<rect x="{left - 1:g}" y="{top - 1:g}" width="{size[0] + 1}" height="{size[1] + 1}" '
        'fill="none" stroke="#ddd"/>'
    ]
    for down, row in enumerate(rows):
        for across, column in enumerate(columns):
            value = float(cells[row, column])
            state = int(states[row, column])
            x, y = left + across * CELL, top + down * CELL
            fill = colour(value, largest, signed=signed) if state != UNDECIDED else GREY
            if fill == WHITE and state == RIGHT:
                continue  # the frame of the map shows it
            parts.append(cell(x, y, fill, state, f"[{row}, {column}] {value:.6g}"))
    return "".join(parts), size


def cell(x: float, y: float, fill: str, state: int, title: str) -> str:
    """One square: hatched at a kink, outlined when guilty."""
    edge = 'stroke="#000" stroke-width="2"' if state == WRONG else 'stroke="#ddd"'
    square = f'x="{x:g}" y="{y:g}" width="{CELL - 1}" height="{CELL - 1}"'
    hatch = f'<rect {square} fill="url(#kink)"/>' if state == KINK else ""
    return f'<g><title>{html.escape(title)}</title><rect {square} fill="{fill}" {edge}/>{hatch}</g>'


def colour(value: float, largest: float, *, signed: bool) -> str:
    """White at zero, towards one hue for each sign; NaN is black."""
    if math.isnan(value):
        return "#000000"
    part = min(abs(value) / largest, 1.0)
    if not signed:
        value, part = 1.0, min(max((value + 3) / 9, 0.0), 1.0)
    hue = (POSITIVE if value >= 0 else NEGATIVE) if signed else ERROR
    mixed = (round(255 + (channel - 255) * part**0.6) for channel in hue)
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def text(x: float, y: float, words: str, weight: str = "normal") -> str:
    """A line of text."""
    return (
        f'<text x="{x:g}" y="{y:g}" font-weight="{weight}" fill="#222">{html.escape(words)}</text>'
    )


def page_body(report: GradcheckReport) -> str:
    """The report's text and pictures as one HTML element."""
    mark = "#1b7837" if report.ok else "#b2182b"
    words = html.escape(str(report))
    return (
        f'<div style="border-left:4px solid {mark};padding-left:8px">'
        f'<pre style="white-space:pre-wrap">{words}</pre>{draw_report(report).svg}</div>'
    )


def page(report: GradcheckReport) -> str:
    """A complete HTML page."""
    title = html.escape(report.verdict())
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{title}</title></head><body>{page_body(report)}</body></html>\n"
    )
