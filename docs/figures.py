"""Figures on the pages: panels that stand side by side or below each other, and sliders."""

from __future__ import annotations

from html import escape

from show import figure as drawing

__all__ = ["Figure", "Slider"]

# Panels of a page are smaller than those of a report: on a phone one fills the width.
drawing.WIDTH, drawing.HEIGHT = 260, 190
ABOVE = 40  # room for the panel's title and the name of its upright axis

# Shows the frame that the slider points to, and reads its title to who cannot see it.
CHOOSE = (
    "const frames = this.closest('.frames').querySelectorAll('.drawing');"
    "frames.forEach((frame, i) => frame.hidden = i != this.value);"
    "this.ariaValueText = frames[this.value].querySelector('p').textContent"
)


class Figure(drawing.Figure):
    """Panels under a title; the last expression of a cell shows them."""

    def _repr_html_(self, hidden: bool = False) -> str:
        panels = "".join(
            svg(panel, ": ".join(filter(None, (self.title, panel.title)))) for panel in self.panels
        )
        hide = ' hidden="hidden"' if hidden else ""
        return (
            f'<div class="drawing"{hide}><p>{escape(self.title)}</p>'
            f'<div class="panels">{panels}</div></div>'
        )


class Slider:
    """Figures of one shape; a slider named `name` chooses which of them is shown."""

    def __init__(self, name: str, start: int = 0) -> None:
        self.name, self.start = name, start
        self.figures: list[Figure] = []

    def figure(self, title: str) -> Figure:
        """One more figure."""
        self.figures.append(Figure(title))
        return self.figures[-1]

    def _repr_html_(self) -> str:
        frames = "".join(
            figure._repr_html_(hidden=i != self.start) for i, figure in enumerate(self.figures)
        )
        return (
            f'<div class="frames"><label>{escape(self.name)} <input type="range" min="0" '
            f'max="{len(self.figures) - 1}" value="{self.start}" autocomplete="off" '
            f'oninput="{CHOOSE}"/></label>{frames}</div>'
        )


def svg(panel: drawing.Panel, name: str) -> str:
    """Return one panel as SVG, no larger than what stands in it."""
    left, right, below = 8.0, 8.0, 8.0
    if panel.curves:  # axes, and the names of the curves at their ends
        names = max(length(curve[2]) for curve in panel.curves)
        left, right, below = drawing.LEFT, drawing.RIGHT + names, drawing.BOTTOM
    above = ABOVE if panel.title or panel.y else 8
    width, height = left + drawing.WIDTH + right, above + drawing.HEIGHT + below
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="fig" role="img" width="{width:.0f}" '
        f'height="{height:.0f}" viewBox="0 {drawing.TOP - above} {width:.0f} {height:.0f}">'
        f"<title>{escape(name)}</title><style>{drawing.STYLE}</style>"
        f"{''.join(panel.draw(left))}</svg>"
    )


def length(words: str) -> float:
    """Return about how long bold words are; Hangul is as wide as it is high."""
    return sum(12.5 if ord(letter) >= 0x1100 else 7.5 for letter in words)
