"""How far a function's values scatter by rounding: the floor under every difference quotient.

A table of differences of a few closely spaced values separates noise from slope: differences of
high order of a smooth function vanish, those of noise grow by known factors (R. W. Hamming,
*Numerical Methods for Scientists and Engineers*, 1962, and J. J. Moré and S. M. Wild, *Estimating
computational noise*, SIAM J. Sci. Comput. 33, 2011).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .subject import Vector, magnitudes

if TYPE_CHECKING:
    from .subject import Flat

POINTS = 7
# Spacings relative to each element. The first serves float64 throughout; a function that returns
# the same value at all seven points is a staircase there, and wider spacings find its steps.
SPACINGS = (1e-12, 1e-9, 3e-7, 1e-4)
EPS = float(np.finfo(np.float64).eps)
# Results below this are rounded more coarsely than their size tells.
TINY = 1e-306
SINGLE = float(np.finfo(np.float32).eps)


@dataclass
class Noise:
    """Scatter of each output, and which outputs move in steps coarser than float64's."""

    sigma: Vector
    coarse: np.ndarray[tuple[int], np.dtype[np.bool_]]

    @property
    def single(self) -> bool:
        """Whether some output moves in steps as coarse as float32's."""
        return bool(self.coarse.any())


def difference_scatter(values: Vector) -> Vector:
    """Standard deviation of the noise in each column of equally spaced `values`.

    The differences of order k have the variance (2k)! / (k!)² of one value. The smallest of the
    orders 3 to 5 is taken: each holds what slope is left as well, and none can be too small by
    more than chance.
    """
    table = values
    found: list[Vector] = []
    for order in range(1, POINTS - 1):
        table = table[1:] - table[:-1]
        if order >= 3:
            gain = math.comb(2 * order, order)
            found.append(np.sqrt(np.add.reduce(table**2, axis=0) / len(table) / gain))
    return np.asarray(np.minimum(np.minimum(found[0], found[1]), found[2]))


def in_coarse_steps(values: Vector, largest: float) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which columns move by float32's rounding at least; what saturates moves by float64's.

    The rest of a cancellation moves by float64's rounding of what cancelled, at most of `largest`.
    """
    moves = np.abs(np.diff(values, axis=0))
    with np.errstate(all="ignore"):
        steps = moves / np.abs(values[1:])
    steps[moves <= 4 * EPS * largest] = 0.0
    shortest = np.where(moves > 0, steps, np.inf).min(axis=0)
    return np.asarray(np.isfinite(shortest) & (shortest >= SINGLE / 4))


def measure_noise(flat: Flat, x: Vector, y: Vector, rng: np.random.Generator) -> Noise:
    """Scatter of every output around `x`, at least half a unit in its last place."""
    own, _ = magnitudes(flat, x)
    largest = float(np.max(np.abs(y), where=np.isfinite(y), initial=0.0))
    inward = float(np.max(np.abs(x), where=np.isfinite(x), initial=0.0))
    # A result of exactly zero is no less noisy than what cancelled in it.
    sigma = np.maximum(flat.unit * np.where(y == 0, largest, np.abs(y)), TINY * (largest > 0))
    coarse = np.zeros(y.size, dtype=bool)
    if not flat.size:
        return Noise(sigma, coarse)
    direction = own * rng.choice([-1.0, 1.0], flat.size) * rng.uniform(0.5, 1.0, flat.size)
    still = np.ones(y.size, dtype=bool)
    for spacing in SPACINGS if flat.working is np.float64 else SPACINGS[2:]:
        values = np.array(flat.values(x + spacing * k * direction for k in range(-3, POINTS - 3)))
        moved = np.any(values != values[0], axis=0)
        fresh = still & moved
        if spacing >= SPACINGS[2] and flat.working is np.float64:
            coarse |= fresh & in_coarse_steps(values, max(largest, inward))
        scatter = difference_scatter(values)
        sigma = np.where(fresh & np.isfinite(scatter), np.maximum(sigma, scatter), sigma)
        still &= ~moved
        if not still.any() or not depends(y, still):
            break
    # What no spacing moved may be the rest of a cancellation among values as large as the largest.
    sigma = np.where(still, np.maximum(sigma, flat.unit * largest), sigma)
    if coarse.any():
        flat.unit = SINGLE
        sigma = np.maximum(sigma, np.where(coarse | still, SINGLE, 0.0) * np.abs(y))
    return Noise(np.where(np.isfinite(sigma), sigma, 0.0), coarse)


def measure_wide_noise(flat: Flat, x: Vector, noise: Noise, rng: np.random.Generator) -> Noise:
    """Scatter found with wider spacings, asked before anything is called wrong.

    A cancellation inside moves in steps that the narrow spacing may miss. Noise is the same for
    both wide spacings; the bend of a kink grows with them, and is none.
    """
    own, _ = magnitudes(flat, x)
    direction = own * rng.choice([-1.0, 1.0], flat.size) * rng.uniform(0.5, 1.0, flat.size)
    found = []
    for spacing in (3e-8, 3e-7):
        values = flat.values(x + spacing * k * direction for k in range(-3, POINTS - 3))
        found.append(difference_scatter(np.array(values)))
    noisy = np.isfinite(found[1]) & (found[1] < 4 * found[0])
    return Noise(np.where(noisy, np.maximum(noise.sigma, found[1]), noise.sigma), noise.coarse)


def depends(y: Vector, still: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> bool:
    """Whether an output that did not move is worth a wider spacing: exact zeros are not."""
    return bool(np.any(still & (y != 0)))
