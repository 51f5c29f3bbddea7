"""Colouring cards by a quantity: gradient, value, time, bytes, or errors of a gradient check."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .._graph import Graph, Node
    from .options import Options
    from .scene import Scene

RAMP = ("#7c8ba1", "#3f86c6", "#2f66c4", "#6a3fc0", "#a3186f")  # each 3:1 on white and on black
FAILED, PASSED = "#e0223c", "#1f8a4c"
TOLERANCE = 1e-3  # relative error from which a derivative counts as wrong

WORDS = {
    "grad": "gradient",
    "value": "value",
    "time": "time",
    "bytes": "memory",
    "gradcheck": "relative error",
}


class Tint(NamedTuple):
    """Colour of a card's stripe and the number behind it."""

    color: str
    amount: float | None


class Overlay:
    """Colours for the cards of one scene; without a quantity every card keeps its kind."""

    def __init__(self, scene: Scene, options: Options) -> None:
        self.graph: Graph = scene.graph
        self.color = options.color
        self.errors = dict(options.errors)
        found = [self._measure(list(c.item.all_ops())) for c in scene.cards if c.item is not None]
        amounts = [amount for amount in found if amount is not None and amount > 0]
        self.low = math.log10(min(amounts)) if amounts else 0.0
        self.high = math.log10(max(amounts)) if amounts else 1.0

    def find(self, ops: list[int]) -> Tint | None:
        """Tint of a card that stands for `ops`."""
        if self.color == "kind":
            return None
        if callable(self.color):
            return self._ask(self.graph.nodes[ops[-1]])
        amount = self._measure(ops)
        if amount is None:
            return None
        if self.color == "gradcheck":
            return Tint(FAILED if not amount <= TOLERANCE else PASSED, amount)
        return Tint(self._pick(amount), amount)

    def _ask(self, node: Node) -> Tint | None:
        answer = self.color(node) if callable(self.color) else None
        if isinstance(answer, str):
            return Tint(answer, None)
        if isinstance(answer, (int, float)):
            place = min(max(float(answer), 0.0), 1.0)
            return Tint(RAMP[round(place * (len(RAMP) - 1))], float(answer))
        return None

    def _measure(self, ops: list[int]) -> float | None:
        nodes = [self.graph.nodes[op] for op in ops]
        if self.color == "grad":
            return max((n.gradient.rms for n in nodes if n.gradient is not None), default=None)
        if self.color == "value":
            return max((n.value.rms for n in nodes if n.value is not None), default=None)
        if self.color == "time":
            times = [n.seconds for n in nodes if n.seconds is not None]
            return sum(times) if times else None
        if self.color == "bytes":
            return float(sum(n.bytes or 0 for n in nodes))
        if self.color == "gradcheck":
            known = [self._find_error(op) for op in ops]
            return max((error for error in known if error is not None), default=None)
        return None

    def _find_error(self, op: int) -> float | None:
        """The error entered for one operation, by its number or by its name."""
        found = self.errors.get(op)
        return found if found is not None else self.errors.get(self.graph.nodes[op].op)

    def _pick(self, amount: float) -> str:
        if amount <= 0 or self.high <= self.low:
            return RAMP[0]
        place = (math.log10(amount) - self.low) / (self.high - self.low)
        return RAMP[round(min(max(place, 0.0), 1.0) * (len(RAMP) - 1))]
