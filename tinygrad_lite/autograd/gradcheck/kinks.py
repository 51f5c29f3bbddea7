"""Points where the slope jumps: which gradients may a rule return there?

Any value between the two one-sided slopes is a subgradient as far as one coordinate can tell. All
coordinates together can tell more: a tie counted twice lies between the slopes element by element,
yet no direction through the point climbs as fast as it claims. And a rule may follow any of the
smooth pieces that meet in the point, or a mixture of them; these are sampled around it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .ladder import RATIO, Line, Slopes
from .subject import Vector, magnitudes

if TYPE_CHECKING:
    from .ladder import Flags
    from .subject import Flat

DIRECTIONS = 12
SAMPLES = 24
MOST_SAMPLES = 200
# Above so many elements no number of samples meets all pieces.
MANY_PIECES = 32
# Sampled points lie this far away, relative to each input's typical size ...
NEAR = 1e-5
# ... and the hull of their gradients is trusted to about their change over that distance.
HULL_TOLERANCE = 1e-3


@dataclass
class Jump:
    """One-sided slopes of each cotangent, their error bars, and whether they really differ."""

    right: Vector
    left: Vector
    bar: Vector
    found: Flags

    def holds(self, candidate: Vector, rtol: float) -> Flags:
        """Whether each candidate lies between the two slopes."""
        slack = self.bar + 10 * rtol * np.maximum(np.abs(self.left), np.abs(self.right))
        low = np.minimum(self.left, self.right) - slack
        high = np.maximum(self.left, self.right) + slack
        return np.asarray((low <= candidate) & (candidate <= high))


def one_sided(values: Vector, noise: Vector) -> tuple[Vector, Vector]:
    """The value on which extrapolated one-sided quotients agree best, and how well."""
    with np.errstate(all="ignore"):
        freed = values[1:] + (values[1:] - values[:-1]) / (RATIO - 1)
        bars = np.abs(np.diff(freed, axis=0)) + 3 * noise[2:]
    bars = np.where(np.isfinite(bars), bars, np.inf)
    pick = np.argmin(bars, axis=0)
    columns = np.arange(values.shape[1])
    return freed[pick + 1, columns], bars[pick, columns]


def find_jump(slopes: Slopes) -> Jump:
    """Whether the slopes ahead and behind settle on two values, down to the shortest steps."""
    right, right_bar = one_sided(slopes.right, 2 * slopes.noise)
    left, left_bar = one_sided(slopes.left, 2 * slopes.noise)
    bar = right_bar + left_bar
    with np.errstate(all="ignore"):
        gap = np.abs(right - left)
        open_now = np.abs(slopes.right - slopes.left)
        clear = slopes.noise <= 0.05 * gap
        lasting = np.where(clear, open_now >= 0.5 * gap, True).all(axis=0)
        found = (gap > 5 * bar) & (gap > 1e-5 * (np.abs(right) + np.abs(left))) & lasting
    return Jump(right, left, bar, np.asarray(found & clear.any(axis=0)))


def edge_of_domain(slopes: Slopes) -> Jump:
    """The slope on the one side on which the function is defined, given as both sides."""
    right, right_bar = one_sided(slopes.right, 2 * slopes.noise)
    left, left_bar = one_sided(slopes.left, 2 * slopes.noise)
    ahead, behind = np.isfinite(slopes.right).any(axis=0), np.isfinite(slopes.left).any(axis=0)
    value, bar = np.where(ahead, right, left), np.where(ahead, right_bar, left_bar)
    with np.errstate(all="ignore"):
        settled = bar <= np.maximum(0.1 * np.abs(value), 3 * slopes.noise[-1])
    return Jump(value, value, bar, np.asarray((ahead != behind) & settled))


def directions_through(
    flat: Flat, columns: np.ndarray, scale: Vector, rng: np.random.Generator
) -> list[Vector]:
    """Directions that move `columns` together: all one way, random signs, random lengths."""
    found = []
    for k in range(DIRECTIONS):
        u = np.zeros(flat.size)
        if k == 0:
            u[columns] = 1.0
        elif k % 2:
            u[columns] = rng.choice([-1.0, 1.0], columns.size)
        else:
            u[columns] = rng.standard_normal(columns.size)
        found.append(u * scale)
    return found


def overshoots(
    line: Line, gradient: Vector, convex: np.ndarray, concave: np.ndarray, rng: np.random.Generator
) -> Flags:
    """Cotangents whose gradient leaves the one-sided slopes of some direction through the point.

    `convex` and `concave` mark (cotangent, element) pairs whose slope jumps up or down. A direction
    speaks only about cotangents whose kinks along it all bend one way: where two bend against each
    other, the slopes along it may well exclude the sum of two right subgradients.
    """
    _, typical = magnitudes(line.flat, line.x)
    bad = np.zeros(len(gradient), dtype=bool)
    anywhere = convex | concave
    supports = [anywhere.any(axis=0), convex.any(axis=0), concave.any(axis=0)]
    for number, support in enumerate(supports):
        columns = np.flatnonzero(support)
        if not columns.size or any(np.array_equal(support, s) for s in supports[:number]):
            continue
        some_up = np.asarray(convex[:, columns].any(axis=1))
        some_down = np.asarray(concave[:, columns].any(axis=1))
        up, down = some_up & ~some_down, some_down & ~some_up
        for u in directions_through(line.flat, columns, typical, rng):
            bad |= leaves_slopes(line, gradient, u, up, down)
    return bad


def leaves_slopes(line: Line, gradient: Vector, u: Vector, up: Flags, down: Flags) -> Flags:
    """Whether the slope a gradient claims along `u` is steeper than the function on either side."""
    steps = np.array([1e-4, 1e-4 / RATIO, 1e-4 / RATIO**2])
    slopes = line.climb(u, gradient, steps)
    right, right_bar = one_sided(slopes.right, 2 * slopes.noise)
    left, left_bar = one_sided(slopes.left, 2 * slopes.noise)
    claimed = gradient @ u
    bar = (
        right_bar + left_bar + 1e-5 * (np.abs(right) + np.abs(left) + np.abs(gradient) @ np.abs(u))
    )
    with np.errstate(all="ignore"):
        above = (claimed > right + bar) | (claimed < left - bar)
        below = (claimed > left + bar) | (claimed < right - bar)
        bends_up, bends_down = right >= left - bar, right <= left + bar
    return np.asarray((up & bends_up & above) | (down & bends_down & below))


def is_mixture(line: Line, gradient: Vector, cotangents: Vector, rng: np.random.Generator) -> Flags:
    """Cotangents whose gradient mixes those of smooth pieces that meet in the point.

    Asked only where the slope along random directions jumps; the pieces count only where their own
    gradients stand a numerical test.
    """
    flat, x = line.flat, line.x
    _, typical = magnitudes(flat, x)
    bent = is_bent(line, gradient, cotangents, rng)
    if not bent.any():
        return bent
    tested: list[tuple[Vector, Flags]] = []
    inside = np.zeros(len(gradient), dtype=bool)
    few = flat.size > MANY_PIECES
    most = SAMPLES if few else min(SAMPLES * max(1, flat.size // 2), MOST_SAMPLES)
    while len(tested) < most and not inside[bent].all():
        for _ in range(min(SAMPLES, most - len(tested))):
            point = flat.cast(x + NEAR * typical * rng.standard_normal(flat.size))
            piece = flat.pull(point, cotangents)
            tested.append((piece, stands_test(line, point, piece, NEAR * 1e-3 * typical, rng)))
        for c in np.flatnonzero(bent & ~inside):
            inside[c] = in_hull([p[c] for p, t in tested if t[c]], gradient[c])
    return inside


def is_bent(line: Line, gradient: Vector, _cotangents: Vector, rng: np.random.Generator) -> Flags:
    """Cotangents whose slopes along two directions do not add up to that along their sum.

    However short the steps are: what is smooth becomes linear, what is bent stays so.
    """
    bent = np.zeros(len(gradient), dtype=bool)
    _, typical = magnitudes(line.flat, line.x)
    directions = typical * rng.standard_normal((4, 2, line.flat.size))
    for first, second in directions:
        if bent.all():
            break
        apart = np.ones(len(gradient), dtype=bool)
        for step in (1e-5, 1e-7):
            changes = [line.pair(u, step)[:2] for u in (first, second, first + second)]
            for side in (0, 1):
                a, b, both = (change[side] for change in changes)
                size = np.abs(a) + np.abs(b) + np.abs(both)
                gap = np.abs(a + b - both)
                if side == 0:
                    seen = (gap > 1e-3 * size) & (gap > 10 * line.sigma)
                else:
                    seen |= (gap > 1e-3 * size) & (gap > 10 * line.sigma)
            apart &= seen
        bent |= apart
    return bent


def stands_test(
    line: Line, point: Vector, piece: Vector, reach: Vector, rng: np.random.Generator
) -> Flags:
    """Cotangents whose gradient at a sampled point predicts the slope along two directions."""
    there = Line(line.flat, point, line.flat.value(point), line.cotangents, line.output_sigma)
    good = np.ones(len(piece), dtype=bool)
    for _ in range(2):
        u = reach * rng.standard_normal(line.flat.size)
        right, left, ahead, behind = there.pair(u, 1.0)
        way = ahead + behind
        with np.errstate(all="ignore"):
            error = np.abs(right + left - piece @ way)
            good &= error <= 1e-3 * np.sqrt((piece**2) @ (way**2)) + 4 * line.sigma
    return good


def in_hull(points: list[Vector], target: Vector) -> bool:
    """Whether `target` is a weighted mean of `points`, up to the curvature between them."""
    if not points or not np.isfinite(target).all():
        return False
    corners = np.array(points)
    size = float(np.abs(corners).max(initial=0.0))
    if not np.isfinite(size) or size == 0:
        return bool(np.isfinite(size)) and not target.any()
    nearest = np.abs(corners - target).max(axis=1).min()
    if nearest <= HULL_TOLERANCE * size:
        return True
    weights = mixture_weights(corners / size, target / size)
    return bool(np.abs(weights @ corners - target).max() <= HULL_TOLERANCE * size)


def mixture_weights(corners: Vector, target: Vector) -> Vector:
    """Nonnegative weights of sum one that bring the mean of `corners` nearest to `target`.

    Active sets after C. L. Lawson and R. J. Hanson, *Solving Least Squares Problems*, chapter 23;
    the sum is one more equation, of great weight.
    """
    matrix = np.vstack([corners.T, 1e3 * np.ones(len(corners))])
    goal = np.append(target, 1e3)
    weights = np.zeros(len(corners))
    used = np.zeros(len(corners), dtype=bool)
    for _ in range(3 * len(corners)):
        descent = matrix.T @ (goal - matrix @ weights)
        descent[used] = -np.inf
        if used.all() or descent.max() <= 1e-9:
            break
        used[int(np.argmax(descent))] = True
        weights, used = feasible_solution(matrix, goal, weights, used)
    return weights


def feasible_solution(
    matrix: Vector, goal: Vector, weights: Vector, used: Flags
) -> tuple[Vector, Flags]:
    """Least squares over the `used` weights, giving up those that would turn negative."""
    while True:
        trial = np.zeros_like(weights)
        trial[used] = np.linalg.lstsq(matrix[:, used], goal, rcond=None)[0]
        if not used.any() or trial[used].min() > 0:
            return trial, used
        falling = used & (trial <= 0)
        with np.errstate(all="ignore"):
            ratios = np.where(falling, weights / (weights - trial), np.inf)
        weights = weights + float(np.nanmin(ratios)) * (trial - weights)
        used = used & (weights > 1e-12)
