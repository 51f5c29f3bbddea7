"""Handwritten digits as pictures: a sample of each, and those the network got wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .svg import figure, rectangle, text

if TYPE_CHECKING:
    from numpy.typing import NDArray

PIXEL = 8
SIDE = 8 * PIXEL
STEP = SIDE + 20
PER_ROW = 10
MOST_MISTAKES = 20


@dataclass
class Picture:
    """One digit, pixels between 0 and 1, with one or two lines of text below it."""

    pixels: NDArray[Any]
    captions: list[str]


def draw_gallery(pictures: list[Picture], title: str) -> str:
    """SVG of `pictures` in rows of ten."""
    lines = max((len(picture.captions) for picture in pictures), default=0)
    height = SIDE + 18 * lines + 16
    rows = -(-len(pictures) // PER_ROW)
    body: list[str] = []
    for i, picture in enumerate(pictures):
        body += draw_picture(picture, 10 + i % PER_ROW * STEP, 10 + i // PER_ROW * height)
    captions = "; ".join(" ".join(picture.captions) for picture in pictures)
    return figure(PER_ROW * STEP, rows * height + 8, title, captions, body)


def draw_picture(picture: Picture, x: float, y: float) -> list[str]:
    """One digit: a square of ink for each pixel that is not white."""
    parts = [rectangle(x, y, SIDE, SIDE, "paper")]
    for (row, column), value in np.ndenumerate(picture.pixels.reshape(8, 8)):
        if value:
            left, top = x + column * PIXEL, y + row * PIXEL
            parts.append(rectangle(left, top, PIXEL, PIXEL, "pixel", float(value)))
    for i, caption in enumerate(picture.captions):
        kind = "soft number" if i else "number"
        parts.append(text(x + SIDE / 2, y + SIDE + 17 + 17 * i, caption, kind, "middle"))
    return parts


def samples(pixels: NDArray[Any], labels: NDArray[Any]) -> list[Picture]:
    """The first digit of each class."""
    firsts = [int(np.flatnonzero(labels == digit)[0]) for digit in np.unique(labels)]
    return [Picture(pixels[i], [str(labels[i])]) for i in firsts]


def mistakes(pixels: NDArray[Any], labels: NDArray[Any], chances: NDArray[Any]) -> list[Picture]:
    """The digits that were taken for another, those the network was surest of first."""
    answers = chances.argmax(axis=1)
    wrong = np.flatnonzero(answers != labels)
    surest_first = wrong[np.argsort(-chances[wrong, answers[wrong]], kind="stable")]
    pictures = []
    for i in surest_first[:MOST_MISTAKES]:
        captions = [f"{labels[i]}, read as {answers[i]}", f"{chances[i, answers[i]]:.0%} sure"]
        pictures.append(Picture(pixels[i], captions))
    return pictures
