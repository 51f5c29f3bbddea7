"""Figures as SVG text: one palette for light and dark, safe for colour-blind readers."""

from __future__ import annotations

from html import escape

# Blue and vermilion of Okabe and Ito (2008), "Color Universal Design", which stay apart for every
# common kind of colour blindness; the lighter sky blue and orange on dark ground.
STYLE = """
.fig { --ground:#ffffff; --ink:#1c2733; --soft:#5b6875; --line:#d5dbe1;
       --first:#0072b2; --second:#d55e00; --paper:#f4f6f8;
       font-family: system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif }
@media (prefers-color-scheme: dark) {
  .fig { --ground:#14191f; --ink:#e8edf2; --soft:#9fadba; --line:#37424d;
         --first:#56b4e9; --second:#e69f00; --paper:#1d242c } }
.fig text { fill: var(--ink); font-size: 12px }
.fig .soft { fill: var(--soft) }
.fig .title { font-size: 14px; font-weight: 600 }
.fig .number { font-variant-numeric: tabular-nums }
.fig .grid { stroke: var(--line); stroke-width: 1 }
.fig .ground { fill: var(--ground) }
.fig .first { stroke: var(--first); fill: none; stroke-width: 2.25; stroke-linejoin: round }
.fig .second { stroke: var(--second); fill: none; stroke-width: 2.25; stroke-linejoin: round;
               stroke-dasharray: 6 3 }
.fig .dot1 { fill: var(--first) }  .fig .dot2 { fill: var(--second) }
.fig .label1 { fill: var(--first); font-weight: 600 }
.fig .label2 { fill: var(--second); font-weight: 600 }
.fig .paper { fill: var(--paper) }  .fig .pixel { fill: var(--ink) }
""".strip()


def figure(width: int, height: int, title: str, description: str, body: list[str]) -> str:
    """A whole SVG file; `title` and `description` are for those who cannot see it."""
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="fig" role="img" width="{width}" '
            f'height="{height}" viewBox="0 0 {width} {height}">',
            f"<title>{escape(title)}</title>",
            f"<desc>{escape(description)}</desc>",
            f"<style>{STYLE}</style>",
            f'<rect class="ground" width="{width}" height="{height}"/>',
            *body,
            "</svg>",
            "",
        ]
    )


def text(x: float, y: float, content: str, kind: str = "", anchor: str = "start") -> str:
    """Text at a point; `anchor` is start, middle or end."""
    place = f'x="{x:g}" y="{y:g}" text-anchor="{anchor}"'
    return f'<text {place} class="{kind}">{escape(content)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, kind: str = "grid") -> str:
    """A straight line."""
    return f'<line class="{kind}" x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}"/>'


def polyline(points: list[tuple[float, float]], kind: str) -> str:
    """A line through `points`."""
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline class="{kind}" points="{path}"/>'


def rectangle(
    x: float, y: float, width: float, height: float, kind: str, opacity: float = 1.0
) -> str:
    """A filled rectangle."""
    return (
        f'<rect class="{kind}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" '
        f'fill-opacity="{opacity:.3g}"/>'
    )


def circle(x: float, y: float, radius: float, kind: str) -> str:
    """A filled circle."""
    return f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}"/>'
