"""A trained network on the page itself: the reader draws a digit, and the browser answers."""

from __future__ import annotations

import json
from html import escape

from tinygrad_lite import Tensor
from tinygrad_lite.nn import Linear, ReLU, Sequential

__all__ = ["Pad"]


class Pad:
    """A field to draw in, and the answer of `model`: linear layers with ReLU between them."""

    def __init__(self, model: Sequential, hint: str, clear: str) -> None:
        other = [layer for layer in model if not isinstance(layer, Linear | ReLU)]
        if other:
            raise TypeError(f"the page computes Linear and ReLU only, not {other[0]}")
        self.layers = [layer for layer in model if isinstance(layer, Linear)]
        self.hint, self.clear = hint, clear

    def _repr_html_(self) -> str:
        weights = [{"weight": rounded(x.weight), "bias": rounded(x.bias)} for x in self.layers]
        rows = "".join(f"<div><span>{digit}</span><i></i></div>" for digit in range(10))
        return (
            f'<div class="pad" data-layers="{escape(json.dumps(weights))}">'
            '<canvas width="240" height="240" role="img" '
            f'aria-label="{escape(self.hint)}"></canvas>'
            f'<div class="shares" aria-live="polite">{rows}</div>'
            f"<p>{escape(self.hint)} <button type=button>{escape(self.clear)}</button></p></div>"
        )


def rounded(values: Tensor) -> list:
    """Numbers with four digits after the point."""
    return [rounded(row) if row.dim() else round(row.item(), 4) for row in values.detach()]
