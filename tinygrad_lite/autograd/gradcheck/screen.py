"""Large inputs, seen along a few random directions; and the search for what a failure hides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .ladder import STEPS, Line, judge
from .subject import Vector, magnitudes
from .table import first_step

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Flags = NDArray[np.bool_]

DIRECTIONS = 3
# Errors of many elements average out along a direction, and one among thousands is diluted there:
# directions are held to this part of the tolerance of a single element.
FINER = 0.03
# Forwards that the search for guilty elements may cost, and how many it looks for.
SEARCH_FORWARDS = 600
SUSPECTS = 8
SAMPLED = 24


def random_direction(line: Line, part: slice, number: int, rng: np.random.Generator) -> Vector:
    """Gaussian direction within one input, as long as its elements; the last one alike for all.

    Scaled by its own size, no element crosses zero, where most kinks are. The last direction
    moves small elements as far as the others, which would vanish beside them otherwise.
    """
    own, typical = magnitudes(line.flat, line.x)
    scale = typical if number == DIRECTIONS - 1 else np.maximum(own, 1e-6 * typical)
    u = np.zeros(line.flat.size)
    u[part] = rng.standard_normal(part.stop - part.start) * scale[part]
    return u


def miss(line: Line, gradient: Vector, u: Vector, step: float) -> tuple[Vector, Vector, Vector]:
    """By how much each cotangent's gradient misses the change along `u`; what it claims; its size.

    The size is that of the claim's terms, of which many may cancel.
    """
    right, left, ahead, behind = line.pair(u, step)
    way = ahead + behind
    claimed = gradient @ way
    return right + left - claimed, claimed, np.sqrt((gradient**2) @ (way**2))


def screen_input(
    line: Line, gradient: Vector, part: slice, rtol: float, rng: np.random.Generator
) -> bool:
    """Whether the gradient of one input stands along every direction tried."""
    return all(
        stands(line, gradient, random_direction(line, part, number, rng), rtol)
        for number in range(DIRECTIONS)
    )


def stands(line: Line, gradient: Vector, u: Vector, rtol: float) -> bool:
    """Whether the gradient predicts the slope along `u`, and not for noise alone.

    Where the first step is too long for the curve, a step of half its length mostly tells what of
    the error is curvature, the part that falls to an eighth: that spares the ladder's forwards.
    """
    step, noise = first_step(line), 2 * line.sigma
    error, claimed, size = miss(line, gradient, u, step)
    good = np.abs(error) <= FINER * rtol * size + noise
    good &= (noise <= 1e-3 * size) | ((error == 0) & (size == 0))
    if not good.all() and line.flat.working is np.float64:
        straight = (8 * miss(line, gradient, u, step / 2)[0] - error) / 3
        good |= (np.abs(straight) <= FINER * rtol * np.abs(claimed)) & (
            noise <= FINER * rtol * size
        )
    if good.all():
        return True
    slopes = line.climb(u, gradient, STEPS)
    with np.errstate(all="ignore"):
        size = np.sqrt((gradient**2) @ (u**2))
        value = np.abs(line.project(line.y))
    scale = np.maximum(np.where(np.isfinite(size), size, 0.0), 1e-10 * np.nan_to_num(value))
    verdict = judge(slopes, gradient @ u, FINER * rtol, scale)
    return bool((good | verdict.right).all())


def find_suspects(
    line: Line, gradient: Vector, part: slice, rtol: float, rng: np.random.Generator
) -> tuple[NDArray[np.intp], bool]:
    """Columns of one input whose gradient seems wrong, and whether the others then stand.

    Directions masked to half of the elements, again and again, lead to one guilty element among n
    in 2 log₂ n tests; it is taken out, and the search goes on.
    """
    left, clean = np.arange(part.start, part.stop), False
    found: list[int] = []
    zeros, rest = left[line.x[left] == 0], left[line.x[left] != 0]
    if zeros.size and rest.size and not fails(line, gradient, rest, rtol, rng):
        # Zeros are where most kinks are, and there may be thousands of them.
        return np.sort(rng.choice(zeros, min(SAMPLED, zeros.size), replace=False)), True
    if all(fails(line, gradient, few(left, rng), rtol, rng) for _ in range(4)):
        # Wrong wherever one looks: no single element to search for, but a pattern to tell.
        return with_transposes(line, few(left, rng, SAMPLED), part), False
    limit = line.flat.forwards + SEARCH_FORWARDS
    while line.flat.forwards < limit and len(found) < SUSPECTS:
        if not fails(line, gradient, left, rtol, rng):
            clean = True
            break
        guilty = narrow(line, gradient, left, rtol, rng)
        found.append(guilty)
        left = left[left != guilty]
    sample = rng.choice(left, min(SAMPLED, left.size), replace=False)
    return np.sort(np.concatenate([np.array(found, dtype=np.intp), sample])), clean


def few(columns: NDArray[np.intp], rng: np.random.Generator, count: int = 4) -> NDArray[np.intp]:
    """Some of the columns."""
    return np.sort(rng.choice(columns, min(count, columns.size), replace=False))


def with_transposes(line: Line, columns: NDArray[np.intp], part: slice) -> NDArray[np.intp]:
    """The columns, and for a square matrix those at the mirrored places too."""
    shape = line.flat.shapes[line.flat.locate(part.start)[0]]
    if len(shape) != 2 or shape[0] != shape[1]:
        return columns
    return np.union1d(columns, part.start + mirrored(columns - part.start, shape[0]))


def mirrored(columns: NDArray[np.intp], size: int) -> NDArray[np.intp]:
    """Places of a square matrix's elements in its transpose."""
    return np.asarray((columns % size) * size + columns // size)


def narrow(
    line: Line, gradient: Vector, columns: NDArray[np.intp], rtol: float, rng: np.random.Generator
) -> int:
    """One element of failing `columns` that fails by itself."""
    while columns.size > 1:
        half = columns[: columns.size // 2]
        columns = half if fails(line, gradient, half, rtol, rng) else columns[columns.size // 2 :]
    return int(columns[0])


def fails(
    line: Line, gradient: Vector, columns: NDArray[np.intp], rtol: float, rng: np.random.Generator
) -> bool:
    """Whether a random direction within `columns` contradicts the gradient at every step tried."""
    _, typical = magnitudes(line.flat, line.x)
    u = np.zeros(line.flat.size)
    u[columns] = rng.standard_normal(columns.size) * typical[columns]
    good = np.zeros(len(gradient), dtype=bool)
    allowed = 3 * FINER * rtol
    for step in (first_step(line), 1e-7, 1e-4):
        right, left, ahead, behind = line.pair(u, step)
        way = ahead + behind
        with np.errstate(all="ignore"):
            size = np.sqrt((gradient**2) @ (way**2))
            good |= np.abs(right + left - gradient @ way) <= allowed * size + 2 * line.sigma
        if good.all():
            return False
    return True
