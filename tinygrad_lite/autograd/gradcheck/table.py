"""The Jacobian entry by entry: analytic beside numeric, and a verdict on each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from .kinks import edge_of_domain, find_jump, is_bent, is_mixture, overshoots
from .ladder import FIRST_STEP, SHORT_STEPS, STEPS, Line, judge as judge_ladder
from .staircase import find_staircase
from .subject import Vector, magnitudes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .kinks import Jump
    from .ladder import Slopes, Verdict
    from .subject import Settings

    Flags = NDArray[np.bool_]

RIGHT, OPEN, WRONG, KINK, UNDECIDED = range(5)
# At order two, beyond the given point, an error of this part of an output's usual size passes.
FAINT = 1e-8
EPS = float(np.finfo(np.float64).eps)
# Jacobians of more entries are not searched for mixtures of pieces.
MOST_ENTRIES = 1_000_000


@dataclass
class Table:
    """Entries (cotangent, column) of the Jacobian for some columns of the input vector."""

    columns: NDArray[np.intp]
    cotangents: Vector | None
    analytic: Vector
    numeric: Vector
    bar: Vector
    state: NDArray[np.int8]
    bent: Flags

    def pick(self, inside: Flags) -> Table:
        """The table of some columns."""
        return Table(
            self.columns[inside],
            self.cotangents,
            self.analytic[:, inside],
            self.numeric[:, inside],
            self.bar[:, inside],
            self.state[:, inside],
            self.bent[:, inside],
        )

    def counted_from(self, start: int) -> Table:
        """The same with columns counted from the first element of the input."""
        return replace(self, columns=self.columns - start)

    @property
    def error(self) -> Vector:
        """Distance between analytic and numeric values."""
        return np.asarray(np.abs(self.analytic - self.numeric))

    def ratio(self, rtol: float) -> Vector:
        """Error in units of the tolerance of each entry."""
        sizes = np.maximum(np.abs(self.analytic), np.abs(self.numeric))
        with np.errstate(all="ignore"):
            tolerance = rtol * sizes + self.bar
            ratio = self.error / np.where(tolerance > 0, tolerance, np.finfo(float).tiny)
        return np.where(np.isnan(ratio), np.inf, ratio)


def measure_table(line: Line, gradient: Vector, columns: NDArray[np.intp], rtol: float) -> Table:
    """One central difference per column; entries it does not settle stay open."""
    own, _ = magnitudes(line.flat, line.x)
    changes = np.empty((2, len(gradient), columns.size))
    ways = np.empty((2, columns.size))
    pairs = line.pairs(columns, first_step(line) * own)
    for place, (right, left, ahead, behind) in enumerate(pairs):
        changes[0, :, place], changes[1, :, place] = right, left
        ways[:, place] = ahead, behind
    length = ways[0] + ways[1]
    numeric = (changes[0] + changes[1]) / length
    bar = 2 * line.sigma[:, None] / length
    bent = differs(changes[0] / ways[0], changes[1] / ways[1], bar)
    analytic = gradient[:, columns]
    settled = agrees(analytic, numeric, bar, rtol) & ~bent
    state = np.where(settled, RIGHT, OPEN).astype(np.int8)
    return Table(columns, line.cotangents, analytic, numeric, bar, state, bent)


def differs(right: Vector, left: Vector, bar: Vector) -> Flags:
    """Whether one-sided slopes differ by more than the curvature of a smooth function explains.

    The mean of both, which a rule may well return at a kink, must not pass for a smooth slope.
    """
    gap = np.abs(right - left)
    return np.asarray((gap > 1e-3 * (np.abs(right) + np.abs(left))) & (gap > 4 * bar))


def first_step(line: Line) -> float:
    """Relative length of the first step: longer where the function computes in float32."""
    return FIRST_STEP if line.flat.working is np.float64 else 5e-3


def agrees(analytic: Vector, numeric: Vector, bar: Vector, rtol: float) -> Flags:
    """Whether one difference settles an entry: it agrees, and not merely for its noise."""
    sizes = np.abs(analytic)
    finite = np.where(np.isfinite(sizes), sizes, 0.0)
    scale = 1e-3 * finite.max(axis=1, keepdims=True, initial=0.0)
    with np.errstate(all="ignore"):
        near = np.abs(numeric - analytic) <= rtol * sizes + bar
        sharp = bar <= 1e-3 * np.maximum(sizes, scale)
    return np.asarray(near & (sharp | ((numeric == 0) & (analytic == 0))))


def unit(line: Line, column: int, size: float) -> Vector:
    """Direction of one element, as long as `size`."""
    u = np.zeros(line.flat.size)
    u[column] = size
    return u


def settle_table(
    line: Line, gradient: Vector, table: Table, settings: Settings, rng: np.random.Generator
) -> None:
    """Decide every open entry of `table`: right, wrong, a subgradient at a kink, or undecided."""
    bends = [np.zeros((len(gradient), line.flat.size), dtype=bool) for _ in range(2)]
    for place in np.flatnonzero((table.state == OPEN).any(axis=0)):
        settle_column(line, gradient, table, int(place), settings, bends)
    if settings.kinks == "error":
        table.state[table.state == KINK] = WRONG
    else:
        refine_kinks(line, gradient, table, bends, rng, settings)


def settle_column(
    line: Line,
    gradient: Vector,
    table: Table,
    place: int,
    settings: Settings,
    bends: list[Flags],
) -> None:
    """Climb the ladders of one column, and enter what they say."""
    column = int(table.columns[place])
    verdict, jump = climb_column(line, gradient, column, settings.rtol)
    open_now = table.state[:, place] == OPEN
    analytic = table.analytic[:, place]
    kink = open_now & jump.found
    inside = kink & (jump.holds(analytic, settings.rtol) | (settings.kinks == "skip"))
    state = np.select(
        [inside, kink, verdict.right, verdict.wrong], [KINK, WRONG, RIGHT, WRONG], UNDECIDED
    )
    if settings.beyond and settings.order > 1:
        state[(state == WRONG) & negligible(line, column, analytic, verdict.best)] = UNDECIDED
    diverges = ~np.isfinite(analytic)
    if diverges.any():
        infinite = UNDECIDED if settings.beyond else judge_infinite(line, column, analytic)
        state = np.where(diverges, infinite, state)
    table.state[open_now, place] = state[open_now]
    table.bent[:, place] = kink
    best = np.where(kink, (jump.left + jump.right) / 2, verdict.best)
    bar = np.where(kink, np.abs(jump.left - jump.right) / 2 + jump.bar, verdict.bar)
    known = open_now & np.isfinite(best) & np.isfinite(bar)
    table.numeric[known, place] = best[known]
    table.bar[known, place] = bar[known]
    bends[0][:, column] |= kink & (jump.right > jump.left)
    bends[1][:, column] |= kink & (jump.right < jump.left)


def negligible(line: Line, column: int, analytic: Vector, numeric: Vector) -> Flags:
    """Entries whose error has no effect beside what the outputs usually are.

    Far from the given point something saturates, and a gradient there, as 1 − tanh², is rounding as
    much as slope: the second derivative is right to a part of the gradient's usual size only.
    """
    _, typical = magnitudes(line.flat, line.x)
    sizes = np.where(np.isfinite(line.y), np.abs(line.y), 0.0)
    largest = sizes.max(initial=0.0)
    usual = line.flat.usual
    if usual is not None and usual.shape == sizes.shape:
        sizes = np.maximum(sizes, np.where(np.isfinite(usual), np.abs(usual), 0.0))
    if line.cotangents is not None:
        sizes = np.abs(line.cotangents) @ sizes
    effect = np.abs(analytic - numeric) * typical[column]
    return np.asarray(effect <= np.maximum(FAINT * sizes, 64 * EPS * largest))


def climb_column(line: Line, gradient: Vector, column: int, rtol: float) -> tuple[Verdict, Jump]:
    """Verdict and kink of one column, from the ladder of its own size and of the typical size."""
    own, typical = magnitudes(line.flat, line.x)
    sizes = [float(own[column])]
    if not 0.03 < sizes[0] / typical[column] < 30:
        sizes.append(float(typical[column]))
    found = None
    for size in sizes:
        verdict, jump = climb_once(line, gradient, column, size, rtol)
        found = (verdict, jump) if found is None else prefer(found, (verdict, jump))
    if found is None:
        raise RuntimeError("a ladder needs at least one size")
    return found


def climb_once(
    line: Line, gradient: Vector, column: int, size: float, rtol: float
) -> tuple[Verdict, Jump]:
    """Verdict and kink of one column from one ladder."""
    u, candidate = unit(line, column, size), gradient[:, column]
    scale = zero_scale(line, gradient, column, size)
    slopes = line.climb(u, gradient, STEPS)
    verdict = judge_ladder(slopes, candidate * size, rtol, scale * size)
    if verdict.wrong.any() and line.flat.working is np.float64:
        slopes = slopes.followed_by(line.climb(u, gradient, SHORT_STEPS))
        verdict = judge_ladder(slopes, candidate * size, rtol, scale * size)
    if verdict.wrong.any():
        verdict.wrong &= ~find_staircase(line, slopes, u, candidate * size, verdict.wrong)
    jump = jump_of(slopes)
    climbing = diverges(slopes, candidate * size)
    verdict.wrong, jump.found = verdict.wrong & ~climbing, jump.found & ~climbing
    verdict.best, verdict.bar = verdict.best / size, verdict.bar / size
    jump.right, jump.left, jump.bar = jump.right / size, jump.left / size, jump.bar / size
    return verdict, jump


def diverges(slopes: Slopes, candidate: Vector) -> Flags:
    """Whether slopes keep growing towards a candidate that is steeper than all of them.

    A kink rounded off within 1e-12, as in x / max(|x|, 1e-12), is steeper than any step shows.
    """
    towards = slopes.central[-5:] * np.sign(candidate)
    grows = (towards[1:] > 2 * towards[:-1]).all(axis=0) & (towards[0] > 0)
    return np.asarray(grows & (np.abs(candidate) >= towards[-1]))


def zero_scale(line: Line, gradient: Vector, column: int, size: float) -> Vector:
    """Slopes below this count as zero: beside the rest of their row, or beside the value itself."""
    part = line.flat.slices[line.flat.locate(column)[0]]
    row = np.abs(np.nan_to_num(gradient[:, part], posinf=0.0, neginf=0.0)).max(axis=1)
    scale = np.maximum(1e-3 * row, 1e-10 * np.abs(line.project(line.y)) / size)
    return np.where(np.isfinite(scale), scale, 0.0)


def jump_of(slopes: Slopes) -> Jump:
    """Kink of the ladder's line, the edge of the function's domain included."""
    jump, edge = find_jump(slopes), edge_of_domain(slopes)
    one_way = edge.found & ~jump.found
    for name in ("right", "left", "bar"):
        setattr(jump, name, np.where(one_way, getattr(edge, name), getattr(jump, name)))
    jump.found = jump.found | one_way
    return jump


def prefer(first: tuple[Verdict, Jump], second: tuple[Verdict, Jump]) -> tuple[Verdict, Jump]:
    """The first verdict where it is one, the second elsewhere."""
    (verdict, jump), (other, other_jump) = first, second
    decided = verdict.right | verdict.wrong | jump.found
    for name in ("right", "wrong", "best", "bar"):
        setattr(verdict, name, np.where(decided, getattr(verdict, name), getattr(other, name)))
    for name in ("right", "left", "bar", "found"):
        setattr(jump, name, np.where(decided, getattr(jump, name), getattr(other_jump, name)))
    return verdict, jump


def judge_infinite(line: Line, column: int, analytic: Vector) -> Vector:
    """States of entries that are not finite: an infinite slope may be one, NaN is none."""
    own, _ = magnitudes(line.flat, line.x)
    u = unit(line, column, float(own[column]))
    sizes = []
    for step in (1e-4, 1e-6, 1e-8):
        right, left, _, _ = line.pair(u, step)
        sides = np.array([right / step, left / step])
        sizes.append(np.where(np.isfinite(sides), sides, 0.0))
    steep = np.array(sizes)
    towards = np.sign(np.where(np.isnan(analytic), 0.0, analytic))
    grows = growing(steep * towards)
    # Where some slope is infinite, zero times infinity makes NaN of the others.
    pole = (growing(steep) | growing(-steep)).any() or not np.isfinite(line.y).all()
    unknown = ~np.isfinite(line.project(line.y)) | (np.isnan(analytic) & pole)
    return np.where(np.isinf(analytic) & grows, RIGHT, np.where(unknown, UNDECIDED, WRONG))


def growing(steep: Vector) -> Flags:
    """Whether one-sided slopes keep growing as steps shrink, on either side."""
    return np.asarray((steep[1:] > 5 * np.maximum(steep[:-1], 0)).all(axis=0).any(axis=0))


def refine_kinks(
    line: Line,
    gradient: Vector,
    table: Table,
    bends: list[Flags],
    rng: np.random.Generator,
    settings: Settings,
) -> None:
    """Test gradients at kinks along directions, and let mixtures of smooth pieces pass.

    At points that the caller did not give, what happens exactly at a kink is nobody's concern.
    """
    at_kink = (table.state == KINK).any(axis=1)
    if settings.kinks != "skip" and at_kink.any():
        bad = at_kink & overshoots(line, gradient, bends[0], bends[1], rng)
        hit = bad[:, None] & (table.state == KINK)
        table.state[hit] = WRONG
    suspect = (table.state == WRONG).any(axis=1)
    if suspect.any() and np.isfinite(gradient[suspect]).all() and gradient.size <= MOST_ENTRIES:
        cotangents = np.eye(len(line.y)) if table.cotangents is None else table.cotangents
        test = is_bent if settings.beyond else is_mixture
        fine = suspect & test(line, gradient, cotangents, rng)
        table.state[fine[:, None] & (table.state == WRONG)] = KINK
