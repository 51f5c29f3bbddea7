"""Which digit was taken for which."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from .svg import figure, line, rectangle, text

if TYPE_CHECKING:
    from numpy.typing import NDArray

CELL = 40
LEFT, TOP = 92, 84
CLASSES = 10
SIDE = CELL * CLASSES


def count_confusions(truth: NDArray[Any], answers: NDArray[Any]) -> NDArray[np.int64]:
    """Matrix whose row is the digit that was written and whose column is the answer."""
    counts = np.bincount(truth * CLASSES + answers, minlength=CLASSES * CLASSES)
    return counts.reshape(CLASSES, CLASSES).astype(np.int64)


def draw_confusion(counts: NDArray[np.int64]) -> str:
    """SVG of the matrix, right answers in one colour and confusions in another."""
    right, total = int(np.trace(counts)), int(counts.sum())
    body = [*headings(), *cells(counts), *shares(counts)]
    description = f"{right} of {total} digits were recognised. " + worst(counts)
    return figure(LEFT + SIDE + 96, TOP + SIDE + 24, "Confusion matrix", description, body)


def headings() -> list[str]:
    """Names of both axes and the digits along them."""
    middle = TOP + SIDE / 2
    parts = [
        text(LEFT + SIDE / 2, 36, "answer of the network", "title", "middle"),
        f'<text class="title" text-anchor="middle" transform="translate(36 {middle:g}) '
        'rotate(-90)">digit that was written</text>',
        text(LEFT + SIDE + 14, TOP - 14, "recognised", "soft"),
    ]
    for digit in range(CLASSES):
        centre = digit * CELL + CELL / 2
        parts.append(text(LEFT + centre, TOP - 14, str(digit), "number", "middle"))
        parts.append(text(LEFT - 14, TOP + centre + 4, str(digit), "number", "end"))
    return parts


def cells(counts: NDArray[np.int64]) -> list[str]:
    """A square for each pair, its strength by the count, the count written into it."""
    parts = []
    largest_error = max(1, int((counts - np.diag(np.diag(counts))).max()))
    for row, column in np.ndindex(counts.shape):
        x, y, count = LEFT + column * CELL, TOP + row * CELL, int(counts[row, column])
        parts.append(rectangle(x + 1, y + 1, CELL - 2, CELL - 2, "paper"))
        if count:
            parts.append(tint(x, y, count, int(counts[row].max()), largest_error, row == column))
            parts.append(text(x + CELL / 2, y + CELL / 2 + 4, str(count), "number", "middle"))
    return parts


def tint(x: float, y: float, count: int, most: int, most_wrong: int, is_right: bool) -> str:
    """The colour of a cell; light enough for its number to be read in both themes."""
    strength = 0.2 + 0.25 * count / most if is_right else 0.3 + 0.35 * count / most_wrong
    kind = "dot1" if is_right else "dot2"
    return rectangle(x + 1, y + 1, CELL - 2, CELL - 2, kind, strength)


def shares(counts: NDArray[np.int64]) -> list[str]:
    """For each row the share that was recognised."""
    parts = [line(LEFT + SIDE + 6, TOP, LEFT + SIDE + 6, TOP + SIDE)]
    for digit, row in enumerate(counts):
        share = row[digit] / row.sum() if row.sum() else math.nan
        height = TOP + digit * CELL + CELL / 2 + 4
        label = "none" if math.isnan(share) else f"{share:.1%}"
        parts.append(text(LEFT + SIDE + 78, height, label, "number", "end"))
    return parts


def worst(counts: NDArray[np.int64]) -> str:
    """The most frequent confusion in words."""
    wrong = counts - np.diag(np.diag(counts))
    if not wrong.any():
        return "None was taken for another."
    written, answer = np.unravel_index(int(wrong.argmax()), wrong.shape)
    count = int(wrong[written, answer])
    if count == 1:
        return "No digit was taken for the same other one twice."
    return f"Most often a {written} was taken for a {answer}: {count} times."
