"""Rounding inside a function that short steps take for its slope.

1 + tanh(−6.8) is a small multiple of 1.1e-16: times x it is a staircase whose stairs slope, and
short steps see one stair. Long steps see the function, but it bends within them. So there the
gradient is judged by its integral: over each long step it must give what the function gains.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .ladder import Flags, Line, Slopes
    from .subject import Vector

LONG = (0, 1)
# As many of the longest steps are looked at where the stairs are known, and a climb of so many
# stairs hides their edges.
LONGEST = 4
MANY = 5
AGREEMENT = 0.05
EPS = float(np.finfo(np.float64).eps)
NODES, WEIGHTS = np.polynomial.legendre.leggauss(5)


def find_staircase(line: Line, slopes: Slopes, u: Vector, claimed: Vector, wrong: Flags) -> Flags:
    """Those of the `wrong` cotangents whose gradient, integrated, explains what long steps gain.

    It must do so at both of the longest steps; or, where a stair of rounding was found, at the
    shortest step that climbs many of them, for the integral over a longer one may be too coarse.
    Where no step climbs many, none may contradict by more than a stair.
    """
    short = slopes.central[-1]
    longest = slopes.central[list(LONG)]
    far = np.abs(longest - short) > 0.1 * np.abs(short)
    if not (wrong & far[0]).any():
        return np.zeros_like(wrong)
    stair = stair_height(line, slopes, claimed)
    suspect = np.asarray(wrong & far[0] & (far[1] | (stair > 0)))
    rows = np.flatnonzero(suspect)
    if not rows.size:
        return suspect
    stair = stair[rows]
    fits, high = compare_gains(line, slopes, u, rows, stair)
    plain = fits[list(LONG)].all(axis=0) & (longest[:, rows] != 0).all(axis=0)
    last = len(high) - 1 - np.argmax(high[::-1], axis=0)
    climbed = np.where(high.any(axis=0), fits[last, np.arange(rows.size)], fits.all(axis=0))
    suspect[rows] = (plain & far[1][rows]) | (climbed & (stair > 0))
    return suspect


def compare_gains(
    line: Line, slopes: Slopes, u: Vector, rows: np.ndarray, stair: Vector
) -> tuple[Flags, Flags]:
    """For each of the longest steps, whether the integral fits it, and whether it climbs much."""
    fits, high = [], []
    for rung in range(LONGEST if stair.any() else len(LONG)):
        gained = slopes.central[rung][rows]
        step = float(slopes.steps[rung])
        mean = mean_slope(line, u, step, rows)
        fits.append(np.abs(mean - gained) <= AGREEMENT * np.abs(gained) + stair / step)
        high.append(np.abs(gained) * step >= MANY * stair)
    return np.array(fits), np.array(high)


def stair_height(line: Line, slopes: Slopes, claimed: Vector) -> Vector:
    """The smallest jump off the stair on which short steps stay; 0 where it is no rounding.

    Less than a fifth of what the gradient claims is the slope of a stair, and no jump.
    """
    steps = slopes.steps[:, None]
    short = slopes.central[-1]
    with np.errstate(all="ignore"):
        jumps = np.abs(np.array([slopes.right - short, slopes.left - short]) * steps)
    size = np.abs(line.project(line.y))
    least = np.maximum(64 * EPS * size, 0.2 * np.abs(claimed) * steps)
    jumps = np.where(np.isfinite(jumps) & (jumps > least), jumps, np.inf)
    height = jumps.min(axis=(0, 1))
    # What was rounded may be as large as anything that goes in or comes out.
    largest = max(np.abs(part[np.isfinite(part)]).max(initial=0.0) for part in (line.x, line.y))
    rounding = 16 * EPS * np.maximum(size, largest)
    return np.asarray(np.where(height <= rounding, height, 0.0))


def mean_slope(line: Line, u: Vector, step: float, rows: np.ndarray) -> Vector:
    """Mean over a long step of the slope that the gradient claims."""
    cotangents = np.eye(line.y.size) if line.cotangents is None else line.cotangents
    claimed = [line.flat.pull(line.x + t * step * u, cotangents[rows]) @ u for t in NODES]
    return np.asarray(WEIGHTS @ np.array(claimed) / 2)
