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
AGREEMENT = 0.05
EPS = float(np.finfo(np.float64).eps)
NODES, WEIGHTS = np.polynomial.legendre.leggauss(5)


def find_staircase(line: Line, slopes: Slopes, u: Vector, wrong: Flags) -> Flags:
    """Those of the `wrong` cotangents whose gradient, integrated, explains what long steps gain."""
    short = slopes.central[-1]
    far = np.abs(slopes.central[list(LONG)] - short) > 0.1 * np.abs(short)
    suspect = np.asarray(wrong & far.all(axis=0))
    rows = np.flatnonzero(suspect)
    if not rows.size:
        return suspect
    stair = stair_height(line, slopes, u)[rows]
    for rung in LONG:
        gained = slopes.central[rung][rows]
        step = float(slopes.steps[rung])
        mean = mean_slope(line, u, step, rows)
        fits = np.abs(mean - gained) <= AGREEMENT * np.abs(gained) + stair / step
        suspect[rows] &= fits & (gained != 0)
    return suspect


def stair_height(line: Line, slopes: Slopes, u: Vector) -> Vector:
    """The smallest jump off the stair on which short steps stay; 0 where it is no rounding."""
    steps = slopes.steps[:, None]
    short = slopes.central[-1]
    with np.errstate(all="ignore"):
        jumps = np.abs(np.array([slopes.right - short, slopes.left - short]) * steps)
    size = np.abs(line.project(line.y))
    jumps = np.where(np.isfinite(jumps) & (jumps > 4 * EPS * size), jumps, np.inf)
    height = jumps.min(axis=(0, 1))
    rounding = 16 * EPS * np.maximum(size, np.abs(u * (line.x != 0)).max())
    return np.asarray(np.where(height <= rounding, height, 0.0))


def mean_slope(line: Line, u: Vector, step: float, rows: np.ndarray) -> Vector:
    """Mean over a long step of the slope that the gradient claims."""
    cotangents = np.eye(line.y.size) if line.cotangents is None else line.cotangents
    claimed = [line.flat.pull(line.x + t * step * u, cotangents[rows]) @ u for t in NODES]
    return np.asarray(WEIGHTS @ np.array(claimed) / 2)
