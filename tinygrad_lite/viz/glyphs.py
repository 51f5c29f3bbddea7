"""The small sign of each kind, drawn with paths so that no font can change it."""

from __future__ import annotations

from .kinds import KINDS

# Paths about the origin within a square of 12; "o" ones are outlines, "k" ones are filled.
_SHAPES: dict[str, tuple[str, str]] = {
    "square": ("k", "M-5,-5h10v10h-10z"),
    "diamond": ("k", "M0,-6L6,0L0,6L-6,0z"),
    "hexagon": ("k", "M-3,-5.4H3L6,0L3,5.4H-3L-6,0z"),
    "circle": ("k", "M-5,0a5,5 0 1 0 10,0a5,5 0 1 0 -10,0z"),
    "wedge": ("k", "M-6,-5H6L0,6z"),
    "star": (
        "k",
        "M0,-6.5L1.9,-2.2L6.5,-1.8L3,1.3L4,6L0,3.5L-4,6L-3,1.3L-6.5,-1.8L-1.9,-2.2z",
    ),
    "bar": ("k", "M-6,-4h12v3h-12zM-6,1h12v3h-12z"),
    "grid": ("k", "M-5,-5h4v4h-4zM1,-5h4v4h-4zM-5,1h4v4h-4zM1,1h4v4h-4z"),
    "dice": ("o", "M-5,-5h10v10h-10zM-2,-2h.1M2,2h.1"),
    "target": ("o", "M-5,0a5,5 0 1 0 10,0a5,5 0 1 0 -10,0zM-1,0a1,1 0 1 0 2,0a1,1 0 1 0 -2,0z"),
    "stack": ("o", "M-5,-2h8v7h-8zM-2,-2v-3h8v7h-3"),
    "ring": ("o", "M-4.5,0a4.5,4.5 0 1 0 9,0a4.5,4.5 0 1 0 -9,0z"),
    "arrow": ("k", "M-5,-3H0V-6L6,0L0,6V3H-5z"),
    "key": ("o", "M-5,0a2.5,2.5 0 1 0 5,0a2.5,2.5 0 1 0 -5,0zM0,0H6M4,0v3"),
    "dot": ("k", "M-3.5,0a3.5,3.5 0 1 0 7,0a3.5,3.5 0 1 0 -7,0z"),
}


def write_glyph(kind: str, x: float, y: float) -> str:
    """The sign of `kind` with its centre at (x, y)."""
    style, path = _SHAPES[KINDS[kind].glyph]
    return f'<path class="{style}-{kind}" transform="translate({x:g} {y:g})" d="{path}"/>'
