"""Relations between two Jacobians, as a diagnosis looks for them."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import numpy as np

from .ladder import FIRST_STEP
from .subject import magnitudes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from .diagnosis import Case
    from .subject import Vector

    Flags = NDArray[np.bool_]

FACTORS = {
    2.0: "2",
    0.5: "1/2",
    3.0: "3",
    1 / 3: "1/3",
    4.0: "4",
    0.25: "1/4",
    10.0: "10",
    0.1: "1/10",
    math.pi: "π",
    1 / math.pi: "1/π",
    2 * math.pi: "2π",
    math.e: "e",
    math.log(10): "ln 10",
    1 / math.log(10): "1/ln 10",
    math.log(2): "ln 2",
    1 / math.log(2): "1/ln 2",
    math.sqrt(2): "√2",
    1 / math.sqrt(2): "1/√2",
    math.sqrt(math.pi): "√π",
    2 / math.sqrt(math.pi): "2/√π",
    math.sqrt(math.pi) / 2: "√π/2",
    math.sqrt(2 * math.pi): "√(2π)",
    math.sqrt(2 / math.pi): "√(2/π)",
}


def close(guess: Vector, analytic: Vector, bar: Vector, rtol: float, judged: Flags) -> bool:
    """Whether `guess` equals `analytic` within `rtol` and the error bars, wherever judged."""
    size = np.where(np.isfinite(guess), np.abs(guess), 0.0)
    slack = 1e-6 * rtol * float(size.max(initial=0.0))
    with np.errstate(all="ignore"):
        near = np.abs(guess - analytic) <= rtol * size + 3 * bar + slack
    return bool(near[judged].all()) and bool(judged.any())


def common_ratio(analytic: Vector, numeric: Vector, bar: Vector, judged: Flags) -> float | None:
    """The factor c with analytic = c numeric everywhere, if there is one."""
    firm = judged & (np.abs(numeric) > 10 * bar) & np.isfinite(analytic)
    if not firm.any():
        return None
    size = np.where(firm, np.abs(numeric), 0.0)
    weight = size / size.max()
    with np.errstate(all="ignore"):
        quotients = np.where(firm, analytic / numeric, 0.0)
    ratio = float((quotients * weight).sum() / weight.sum())
    if not np.isfinite(ratio) or ratio == 0 or abs(ratio - 1) < 1e-6:
        return None
    tight = min(1e-4, 0.02 * abs(ratio - 1))
    return ratio if close(ratio * numeric, analytic, abs(ratio) * bar, tight, judged) else None


def name_factor(ratio: float, sizes: dict[int, str]) -> str:
    """A name for a factor: a constant of mathematics, or a number of elements."""
    found = find_name(ratio, sizes)
    return found or f"{ratio:.6g}"


def find_name(ratio: float, sizes: dict[int, str]) -> str | None:
    """The name of a factor, or None."""
    sign = "−" if ratio < 0 else ""
    for size, what in sizes.items():
        if size > 1 and abs(abs(ratio) / size - 1) < 1e-4:
            return f"{sign}{size}, {what}"
        if size > 1 and abs(abs(ratio) * size - 1) < 1e-4:
            link = "and 2 is" if size == 2 else f"{size} being"  # a half need not mean a size
            return f"{sign}1/{size}, {link} {what}"
    for value, name in FACTORS.items():
        if abs(abs(ratio) / value - 1) < 1e-4:
            return sign + name
    return None


def simple(ratio: float, sizes: dict[int, str]) -> bool:
    """Whether a factor seen on one entry alone deserves a name."""
    return abs(ratio + 1) < 1e-4 or find_name(ratio, sizes) is not None


def lacking_axes(shape: tuple[int, ...], result: tuple[int, ...] | None) -> list[int]:
    """Axes of `result` along which an operand of `shape` would be broadcast."""
    if result is None or len(shape) > len(result):
        return []
    lead = len(result) - len(shape)
    axes = list(range(lead))
    for axis, size in enumerate(shape):
        if size == result[lead + axis]:
            continue
        if size != 1:
            return []
        axes.append(lead + axis)
    return axes


def rearrangements(
    numeric: Vector, shape: tuple[int, ...], result: tuple[int, ...] | None
) -> Iterator[tuple[str, Vector]]:
    """Jacobians with the elements of the input, or of the output, in another order."""
    for what, order in reorderings(shape):
        yield f"{what}", numeric[:, order]
    if result is not None:
        for what, order in reorderings(result):
            yield f"{what} (the upstream gradient is, before it is used)", numeric[order]
            if result == shape:
                yield f"{what} (its mask or weights are)", numeric[order][:, order]


def shifts(
    analytic: Vector, numeric: Vector, wrong: Flags, shape: tuple[int, ...]
) -> Iterator[tuple[str, Vector]]:
    """Jacobians with the elements moved by one or two places, what comes in at the edge left open.

    An offset that is wrong by one moves a window over padded memory: no element comes round.
    """
    places = np.arange(math.prod(shape)).reshape(shape)
    for axis, size in enumerate(shape):
        for shift in (1, -1, 2, -2):
            if size < 2 * abs(shift) + 1:
                continue
            edge = np.zeros(shape, bool)
            ends = slice(0, shift) if shift > 0 else slice(shift, None)
            edge[(slice(None),) * axis + (ends,)] = True
            guess = numeric[:, np.roll(places, shift, axis).ravel()]
            guess = np.where(edge.ravel(), analytic, guess)
            if wrong[:, ~edge.ravel()].any(axis=0).sum() > 1:
                yield f"shifted by {shift} along axis {axis}", guess


def is_permutation(analytic: Vector, numeric: Vector, bar: Vector) -> bool:
    """Whether the columns of one Jacobian are those of the other in a different order."""
    if not 2 < analytic.shape[1] <= 128:
        return False
    slack = 1e-4 * np.abs(analytic).max(axis=0, initial=0.0) + 3 * bar.max(axis=0, initial=0.0)
    free = list(range(numeric.shape[1]))
    for column in range(analytic.shape[1]):
        gaps = [np.abs(analytic[:, column] - numeric[:, k]).max(initial=0.0) for k in free]
        best = int(np.argmin(gaps))
        if not gaps[best] <= slack[column]:
            return False
        del free[best]
    return True


def reorderings(shape: tuple[int, ...]) -> Iterator[tuple[str, NDArray[np.intp]]]:
    """Named orders of the elements of an array: transposed, flipped, rolled."""
    places = np.arange(math.prod(shape)).reshape(shape)
    for axes in itertools.permutations(range(len(shape))):
        if len(shape) <= 4 and axes != tuple(range(len(shape))):
            yield "transposed", places.transpose(axes).ravel()
    for axis in range(len(shape)):
        yield f"flipped along axis {axis}", np.flip(places, axis).ravel()
    if len(shape) > 1:
        yield "flipped along all axes", np.flip(places).ravel()
    for axis, size in enumerate(shape):
        for shift in sorted({1, -1, 2, -2, *range(1, min(size, 9))}, key=abs):
            if shift % max(size, 1):
                yield f"rolled by {shift} along axis {axis}", np.roll(places, shift, axis).ravel()
    if len(shape) > 1:
        yield "rolled by 1 through all elements", np.roll(places.ravel(), 1)
        yield "rolled by -1 through all elements", np.roll(places.ravel(), -1)
        yield "transposed (column by column)", places.ravel(order="F")


def kept_rows(analytic: Vector, numeric: Vector) -> bool:
    """Whether in every wrong column some contribution is kept, or several should be there."""
    several = (numeric != 0).sum(axis=0) > 1
    lost = ((analytic == 0) & (numeric != 0)).any(axis=0)
    kept = ((analytic != 0) & (numeric != 0)).any(axis=0)
    return bool((several & kept)[lost].all())


def same_columns(wrong: Flags, analytic: Vector) -> bool:
    """Whether some columns are right and not zero."""
    right = ~wrong.any(axis=0)
    return bool((right & (analytic != 0).any(axis=0)).any())


def separated(values: Vector, wrong: Flags) -> str | None:
    """How one threshold on `values` tells wrong from right, if it does."""
    if not wrong.any() or wrong.all() or not np.isfinite(values).all():
        return None
    bad, good = values[wrong], values[~wrong]
    if bad.min() > good.max():
        return f"above {threshold(good.max(), bad.min()):.3g}"
    if bad.max() < good.min():
        return f"below {threshold(bad.max(), good.min()):.3g}"
    if np.unique(bad).size == 1 and not np.isin(bad[0], good):
        return f"equal to {bad[0]:.3g}"
    inside = (good > bad.min()) & (good < bad.max())
    if bad.size >= 3 and not inside.any() and good.size >= 2:
        return f"between {bad.min():.3g} and {bad.max():.3g}"
    return None


def threshold(low: float, high: float) -> float:
    """A round value between two numbers: 0 or ±1 when they enclose it."""
    for value in (0.0, 1.0, -1.0):
        if low <= value <= high:
            return value
    return (low + high) / 2


def with_transposed(case: Case, number: int) -> Vector:
    """Numerical Jacobian of the case's input with another input's last two axes exchanged."""
    flat, x = case.flat, case.findings.line.x.copy()
    part, shape = flat.slices[number], flat.shapes[number]
    x[part] = np.swapaxes(x[part].reshape(shape), -1, -2).ravel()
    own, _ = magnitudes(flat, x)
    columns = []
    inside = flat.slices[case.number]
    for column in range(inside.start, inside.stop):
        ahead, behind = x.copy(), x.copy()
        ahead[column] += FIRST_STEP * own[column]
        behind[column] -= FIRST_STEP * own[column]
        change = flat.value(ahead) - flat.value(behind)
        columns.append(change / (ahead[column] - behind[column]))
    return np.array(columns).T


def blocks_of_rank_one(matrix: Vector, bar: Vector) -> bool:
    """Whether `matrix` falls into blocks that are outer products, one of them 2 × 2 or more."""
    if not matrix.any() or min(matrix.shape) < 2 or matrix.size > 250_000:
        return False
    large = False
    for rows, columns in components(matrix != 0):
        block = matrix[np.ix_(rows, columns)]
        if min(block.shape) < 2:
            continue
        values = np.linalg.svd(block, compute_uv=False)
        floor = 10 * float(np.linalg.norm(bar[np.ix_(rows, columns)]))
        if values[1] > 1e-5 * values[0] + floor:
            return False
        large = True
    return large


def constant_along_axis(gap: Vector, shape: tuple[int, ...]) -> bool:
    """Whether each row of `gap` is the same along one axis of the input of more than two places."""
    cube = gap.reshape(len(gap), *shape)
    for axis, size in enumerate(shape, start=1):
        if size < 3:
            continue
        spread = np.ptp(cube, axis=axis)
        if np.all(spread <= 1e-5 * np.abs(cube).max(axis=axis)) and gap.any():
            return True
    return False


def is_diagonal(matrix: Vector) -> bool:
    """Whether a square matrix has no entry off its diagonal, and some on it."""
    if matrix.shape[0] != matrix.shape[1] or len(matrix) < 2:
        return False
    return bool(np.count_nonzero(matrix) == np.count_nonzero(np.diag(matrix)) > 0)


def components(linked: Flags) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Groups of rows and columns that hang together."""
    rest = np.asarray(linked.any(axis=1))
    while rest.any():
        rows = np.zeros(len(linked), dtype=bool)
        rows[int(np.argmax(rest))] = True
        while True:
            columns = linked[rows].any(axis=0)
            grown = np.asarray(linked[:, columns].any(axis=1))
            if np.array_equal(grown, rows):
                break
            rows = grown
        yield np.flatnonzero(rows), np.flatnonzero(columns)
        rest &= ~rows


def name_ratio(case: Case) -> str | None:
    """What the analytic gradient has too much or too little of, element by element."""
    firm = case.judged & (np.abs(case.numeric) > 10 * case.table.bar) & (case.analytic != 0)
    if firm.sum() < 2:
        return None
    with np.errstate(all="ignore"):
        quotient = np.where(firm, case.analytic / case.numeric, np.nan)
    shape = case.analytic.shape
    y = case.findings.line.y if case.by_output else None
    candidates = [(case.name, np.broadcast_to(case.x, shape))]
    if y is not None:
        candidates.append(("the output", np.broadcast_to(y[:, None], shape)))
    for what, values in candidates:
        for power, told in ((1, "{} too often as a factor"), (-1, "a factor {} is missing"),
                            (2, "{} twice too often as a factor")):  # fmt: skip
            with np.errstate(all="ignore"):
                match = np.abs(quotient / values**power - 1) < 1e-4
            if match[firm].all():
                return "it has " + told.format(what) if power > 0 else told.format(what)
    return None
