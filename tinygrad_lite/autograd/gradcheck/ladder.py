"""Derivatives along a line from a ladder of steps, and what they say about a candidate value.

No single step is right: too long, and the curve bends; too short, and rounding drowns the slope.
A checker has what a differentiator lacks, a candidate value. So the question is not "what is the
derivative" but "do two neighbouring steps agree with the candidate", and only when none do,
"do the steps agree among themselves on something else".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .subject import Vector

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from .subject import Flat

    Flags = NDArray[np.bool_]

RUNGS = 10
LONGEST, SHORTEST = 1e-1, 1e-8
RATIO = (LONGEST / SHORTEST) ** (1 / (RUNGS - 1))
STEPS = LONGEST / RATIO ** np.arange(RUNGS)
# Where those find the gradient wrong, shorter ones have a say: large inputs may vary within 1e-9.
SHORT_STEPS = STEPS[-1] / RATIO ** np.arange(1, 5)
# A quotient whose noise exceeds this part of it proves nothing.
SHARP = 1e-4
# A first step at which truncation (its square) is well below the tolerance, and noise as well.
FIRST_STEP = 6e-6


@dataclass
class Slopes:
    """Difference quotients of every cotangent along one line, one row per step."""

    steps: Vector
    central: Vector
    right: Vector
    left: Vector
    noise: Vector

    def followed_by(self, other: Slopes) -> Slopes:
        """The ladder with more rungs below."""
        names = ("steps", "central", "right", "left", "noise")
        return Slopes(*(np.concatenate([getattr(self, n), getattr(other, n)]) for n in names))

    @property
    def extrapolated(self) -> Vector:
        """Central quotients freed of their leading error by those of the next step."""
        freed = self.central[1:] + (self.central[1:] - self.central[:-1]) / (RATIO**2 - 1)
        return np.asarray(freed)


@dataclass
class Verdict:
    """What the ladder says of each cotangent: right, wrong, or neither."""

    right: Flags
    wrong: Flags
    best: Vector
    bar: Vector


class Line:
    """The function along one direction through a point, seen through cotangents."""

    def __init__(
        self, flat: Flat, x: Vector, y: Vector, cotangents: Vector | None, sigma: Vector
    ) -> None:
        self.flat, self.x, self.y = flat, x, y
        self.cotangents = cotangents
        self.output_sigma = sigma
        self.sigma = project_noise(cotangents, sigma)
        # Zeros shut out what is not finite; where there are none, nothing has to be left out.
        self.all_seen = cotangents is not None and bool(cotangents.all())

    def project(self, change: Vector) -> Vector:
        """`change` of the outputs, seen through each cotangent."""
        if self.cotangents is None:
            return change
        used = self.cotangents * change
        if not self.all_seen:
            used = np.where(self.cotangents != 0, used, 0.0)
        return np.asarray(np.add.reduce(used, axis=1))

    def pair(self, u: Vector, step: float) -> tuple[Vector, Vector, Vector, Vector]:
        """Changes of the outputs ahead and behind, and the ways really gone to either side."""
        move = step * u
        ahead, behind = self.flat.cast(self.x + move), self.flat.cast(self.x - move)
        first, second = self.flat.values((ahead, behind))
        right, left = self.project(first - self.y), self.project(self.y - second)
        return right, left, ahead - self.x, self.x - behind

    def pairs(
        self, columns: NDArray[np.intp], moves: Vector
    ) -> Iterator[tuple[Vector, Vector, float, float]]:
        """What `pair` gives for each of the columns moved alone, without a vector for each move."""
        flat, x = self.flat, self.x
        ends = flat.cast(x + moves), flat.cast(x - moves)
        points = flat.cast(x + 0.0), flat.cast(x - 0.0)
        for column in columns:
            found = []
            for point, end in zip(points, ends, strict=True):
                kept, point[column] = point[column], end[column]
                found.append(flat.value(point))
                point[column] = kept
            right, left = self.project(found[0] - self.y), self.project(self.y - found[1])
            yield right, left, ends[0][column] - x[column], x[column] - ends[1][column]

    def climb(self, u: Vector, gradient: Vector, steps: Vector) -> Slopes:
        """Quotients along `u` for each step. `gradient` corrects for the rounding of the points."""
        moved = np.flatnonzero(u)
        only = int(moved[0]) if moved.size == 1 else None
        shape = (len(steps), 2, len(gradient))
        changes, lengths = np.empty(shape), np.empty((len(steps), 2, 1))
        for rung, step in enumerate(map(float, steps)):
            right, left, *ways = self.pair(u, step)
            for side, (change, way) in enumerate(zip((right, left), ways, strict=True)):
                length, extra = true_length(u, only, way, step, gradient)
                changes[rung, side] = change - extra
                lengths[rung, side] = length
        both = lengths[:, 0] + lengths[:, 1]
        central = (changes[:, 0] + changes[:, 1]) / both
        sides = changes / lengths
        return Slopes(steps, central, sides[:, 0], sides[:, 1], 2 * self.sigma / both)


def project_noise(cotangents: Vector | None, sigma: Vector) -> Vector:
    """Noise of each cotangent's sum of outputs, independent from output to output."""
    if cotangents is None:
        return sigma
    return np.asarray(2 * np.sqrt((cotangents**2) @ (sigma**2)))


def true_length(
    u: Vector, only: int | None, way: Vector, step: float, gradient: Vector
) -> tuple[float, Vector | float]:
    """Length of a step as it was stored, and what its rounding changes along a direction.

    A single coordinate is divided by the step that was really taken. A direction has one length
    only; what rounding adds elsewhere is told from the candidate gradient.
    """
    if only is not None:
        length = float(way[only] / u[only])
        return (length if length > 0 else np.nan), 0.0
    off = way - step * u
    correction = gradient @ (off if np.isfinite(off).all() else np.nan_to_num(off))
    return step, np.where(np.isfinite(correction), correction, 0.0)


def judge(slopes: Slopes, candidate: Vector, rtol: float, scale: Vector) -> Verdict:
    """Compare each cotangent's `candidate` slope with its ladder of quotients.

    `scale` is the size below which a slope counts as zero as far as sharpness goes.
    """
    accepted_at = last_agreement(slopes, candidate, rtol, scale)
    denial = find_denial(slopes, candidate, rtol)
    denied_at = denial.at
    best, bar = plateau(slopes)
    consistent = np.abs(best - candidate) <= rtol * np.abs(candidate) + bar
    with np.errstate(all="ignore"):
        steepest = np.nan_to_num(np.abs(slopes.central), posinf=0.0).max(axis=0)
    sizes = np.maximum(np.abs(candidate), np.abs(best))
    sharp = bar <= 1e-3 * np.maximum(np.maximum(sizes, scale), 1e-3 * steepest)
    accepted = accepted_at >= 0
    right = np.where(
        accepted,
        ~denial.firm & ((denied_at <= accepted_at) | denial.still),
        (denied_at < 0) & consistent & sharp,
    ).astype(bool)
    wrong = ~right & (denied_at >= 0) & ~consistent & ~seen_from_afar(slopes, candidate)
    return Verdict(right, wrong, best, bar)


def last_agreement(slopes: Slopes, candidate: Vector, rtol: float, scale: Vector) -> Vector:
    """The shortest step at which it and its neighbour agree with the candidate, or -1."""
    found = np.full(candidate.shape, -1)
    sizes = np.maximum(np.abs(candidate), scale)
    for values, noise in (
        (slopes.central, slopes.noise),
        (slopes.extrapolated, slopes.noise[1:] * (1 + 2 / RATIO**2)),
    ):
        with np.errstate(all="ignore"):
            near = np.abs(values - candidate) <= rtol * np.abs(candidate) + noise
            near &= noise <= SHARP * sizes
        both = near[1:] & near[:-1]
        for k in range(len(both)):
            found = np.where(both[k], k + 1, found)
    return found


def seen_from_afar(slopes: Slopes, candidate: Vector) -> Flags:
    """Whether two neighbouring longer steps roughly agree with a candidate that shorter ones deny.

    Rounding inside, as in 1 + tanh(−6), makes a staircase that is later scaled by something smooth:
    short steps see the slope of one stair. Ahead and behind the long steps must see the same, or
    it is a kink that they average.
    """
    size = np.abs(candidate)
    near = np.abs(slopes.central - candidate) <= 0.01 * size
    near &= np.abs(slopes.right - slopes.left) <= 0.2 * size
    short = np.abs(slopes.central[-3:] - candidate) > 0.1 * size
    return np.asarray((near[1:] & near[:-1]).any(axis=0) & short.all(axis=0) & (size > 0))


@dataclass
class Denial:
    """Where three neighbouring steps agree among themselves but not with the candidate.

    `at`: the shortest of them, or -1. `still`: they agree on exactly nothing; a staircase seen from
    one of its steps does so too, and such a witness does not count against longer steps. `firm`:
    every shorter step is consistent with them, so that only noise can speak for the candidate.
    """

    at: Vector
    still: Flags
    firm: Flags


def find_denial(slopes: Slopes, candidate: Vector, rtol: float) -> Denial:
    """The denial of each candidate by the shortest steps that make one."""
    values, noise = slopes.central, slopes.noise
    at = np.full(candidate.shape, -1)
    still = np.zeros(candidate.shape, dtype=bool)
    firm = np.zeros(candidate.shape, dtype=bool)
    for k in range(len(values) - 2):
        three = values[k : k + 3]
        with np.errstate(all="ignore"):
            middle = three.mean(axis=0)
            bar = np.ptp(three, axis=0) + noise[k + 2] + rtol * np.abs(candidate)
            denied = np.abs(middle - candidate) > 5 * bar
            rest = np.abs(values[k + 3 :] - middle) <= bar + 1.5 * noise[k + 3 :]
        at = np.where(denied, k + 2, at)
        still = np.where(denied, ~three.any(axis=0), still)
        firm |= denied & rest.all(axis=0)
    return Denial(at, still, firm & ~still)


def plateau(slopes: Slopes) -> tuple[Vector, Vector]:
    """The quotient on which neighbouring steps agree best, and how well."""
    values = np.concatenate([slopes.central, slopes.extrapolated])
    noise = np.concatenate([slopes.noise, slopes.noise[1:] * 1.1])
    with np.errstate(all="ignore"):
        bars = np.abs(np.diff(values, axis=0)) + noise[1:] + noise[:-1]
    bars[len(slopes.central) - 1] = (
        np.inf
    )  # the last plain value is no neighbour of an extrapolated
    bars = np.where(np.isfinite(bars), bars, np.inf)
    pick = np.argmin(bars, axis=0)
    columns = np.arange(values.shape[1])
    return values[pick + 1, columns], bars[pick, columns]
