"""Loss and accuracy over the epochs, on digits learnt from and on digits held back."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .svg import circle, figure, line, polyline, text

if TYPE_CHECKING:
    from .training import History

WIDTH, HEIGHT = 884, 340
PANEL = 270  # width of the plotted area; the labels of the curves stand to its right
TOP, BOTTOM = 56, 292
LABEL_GAP = 16

Scale = Callable[[float], float]


@dataclass
class Axis:
    """Where values go vertically, and which of them are marked."""

    place: Scale
    ticks: list[float]
    name: Scale | Callable[[float], str]


def draw_curves(history: History) -> str:
    """SVG of two panels: the loss, by powers of ten, and the accuracy."""
    losses = [history.train_loss, history.test_loss]
    accuracies = [history.train_accuracy, history.test_accuracy]
    body = [
        *panel(60, "Loss (cross-entropy)", losses, loss_axis(losses), "{:.2g}"),
        *panel(496, "Accuracy", accuracies, accuracy_axis(accuracies), "{:.2%}"),
    ]
    return figure(WIDTH, HEIGHT, "Loss and accuracy after each epoch", summary(history), body)


def summary(history: History) -> str:
    """The curves in words."""
    return (
        f"After {len(history)} epochs: training loss {history.train_loss[-1]:.2g}, "
        f"test loss {history.test_loss[-1]:.2g}; training accuracy "
        f"{history.train_accuracy[-1]:.2%}, test accuracy {history.test_accuracy[-1]:.2%}."
    )


def loss_axis(curves: list[list[float]]) -> Axis:
    """Powers of ten around all values."""
    values = [max(value, 1e-12) for curve in curves for value in curve]
    low = math.floor(math.log10(min(values)))
    high = max(low + 1, math.ceil(math.log10(max(values))))
    ticks = [10.0**power for power in range(low, high + 1, max(1, (high - low) // 5))]
    return Axis(scale(low, high, lambda value: math.log10(max(value, 1e-12))), ticks, "{:g}".format)


def accuracy_axis(curves: list[list[float]]) -> Axis:
    """From the round number below all values up to 100 %."""
    lowest = min(value for curve in curves for value in curve)
    step = next((step for step in (0.01, 0.02, 0.05, 0.1) if 1 - lowest <= 5 * step), 0.2)
    count = max(1, math.ceil((1 - lowest) / step - 1e-9))
    ticks = [1 - step * i for i in range(count + 1)]
    return Axis(scale(ticks[-1], 1.0, float), ticks, "{:.0%}".format)


def scale(low: float, high: float, measure: Scale) -> Scale:
    """Function from a value to its height in the picture."""
    return lambda value: BOTTOM - (measure(value) - low) / (high - low) * (BOTTOM - TOP)


def panel(left: int, title: str, curves: list[list[float]], axis: Axis, form: str) -> list[str]:
    """One pair of curves with its axes."""
    epochs = len(curves[0])

    def across(epoch: float) -> float:
        return left + PANEL * (epoch - 1) / max(1, epochs - 1)

    parts = [text(left, 30, title, "title"), *rulers(left, axis)]
    parts += epoch_marks(left, epochs, across)
    for kind, curve in zip(("first", "second"), curves, strict=True):
        points = [(across(i), axis.place(value)) for i, value in enumerate(curve, start=1)]
        parts.append(polyline(points, kind))
        parts.append(circle(*points[-1], 3.5, "dot1" if kind == "first" else "dot2"))
    return parts + end_labels(left + PANEL + 10, [curve[-1] for curve in curves], axis, form)


def rulers(left: int, axis: Axis) -> list[str]:
    """Horizontal lines with their values."""
    parts = []
    for tick in axis.ticks:
        height = axis.place(tick)
        parts.append(line(left, height, left + PANEL, height))
        parts.append(text(left - 8, height + 4, str(axis.name(tick)), "soft number", "end"))
    return parts


def epoch_marks(left: int, epochs: int, across: Scale) -> list[str]:
    """Numbers of some epochs below the panel."""
    step = max(1, math.ceil(epochs / 6 / 5) * 5) if epochs > 6 else 1
    marked = sorted({1, *range(step, epochs + 1, step)})
    parts = [text(across(n), BOTTOM + 20, str(n), "soft number", "middle") for n in marked]
    return [*parts, text(left + PANEL / 2, BOTTOM + 40, "epoch", "soft", "middle")]


def end_labels(x: float, values: list[float], axis: Axis, form: str) -> list[str]:
    """Name and last value of each curve beside its end, moved apart where they would overlap."""
    heights = [axis.place(value) + 4 for value in values]
    missing = LABEL_GAP - abs(heights[0] - heights[1])
    if missing > 0:
        up = 0 if heights[0] <= heights[1] else 1
        heights[up] -= missing / 2
        heights[1 - up] += missing / 2
    names = [("train", "label1"), ("test", "label2")]
    return [
        text(x, height, f"{name} {form.format(value)}", f"{kind} number")
        for (name, kind), height, value in zip(names, heights, values, strict=True)
    ]
