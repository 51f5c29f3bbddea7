"""Made-up points in the plane, for classifiers whose decisions can be drawn."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..._dtypes import default_numpy
from ..._nodes import make
from ..._random import Generator, generator_of

__all__ = ["blobs", "moons", "spirals"]


def moons(n: int = 100, noise: float = 0.1, generator: Generator | None = None) -> tuple[Any, Any]:
    """Return two half circles that reach into each other: points (n, 2) and classes 0 and 1."""
    upper = n // 2
    angles = np.concatenate([np.linspace(0, math.pi, upper), np.linspace(0, math.pi, n - upper)])
    labels = np.repeat([0, 1], [upper, n - upper])
    x = np.where(labels == 0, np.cos(angles), 1 - np.cos(angles))
    y = np.where(labels == 0, np.sin(angles), 0.5 - np.sin(angles))
    return _finished(np.stack([x, y], 1), labels, noise, generator)


def spirals(
    n: int = 100, classes: int = 2, noise: float = 0.05, generator: Generator | None = None
) -> tuple[Any, Any]:
    """Return spirals around the origin, one per class: points (n, 2) and classes."""
    labels = np.arange(n) % classes
    radius = (np.arange(n) // classes + 1) / max(1, math.ceil(n / classes))
    angles = 2 * math.pi * (radius * 1.5 + labels / classes)
    points = np.stack([radius * np.cos(angles), radius * np.sin(angles)], 1)
    return _finished(points, labels, noise, generator)


def blobs(
    n: int = 100,
    classes: int = 3,
    spread: float = 1.0,
    dims: int = 2,
    generator: Generator | None = None,
) -> tuple[Any, Any]:
    """Return clouds around random centres, one per class: points (n, dims) and classes."""
    centres = generator_of(generator).uniform(-10, 10, (classes, dims))
    labels = np.arange(n) % classes
    return _finished(centres[labels], labels, spread, generator)


def _finished(
    points: Any, labels: Any, noise: float, generator: Generator | None
) -> tuple[Any, Any]:
    """Add noise, and mix the order."""
    rng = generator_of(generator)
    points = points + noise * rng.standard_normal(points.shape)
    order = rng.permutation(len(points))
    return make(points[order].astype(default_numpy()), None), make(labels[order], None)
