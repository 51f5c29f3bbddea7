"""Which mistake explains the wrong entries? Candidates are tried, cheapest first.

Each candidate is a rule of thumb about how backwards go wrong, stated as an equation between the
analytic and the numerical Jacobian. The first that holds to 1e-4 is named.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from . import patterns
from .ladder import Line
from .screen import mirrored
from .table import KINK, RIGHT, UNDECIDED, WRONG, measure_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .examine import Findings
    from .subject import Flat, Vector
    from .table import Table

EXPLAINED = 1e-4
NO_PATTERN = "no simple pattern: wrong formula or a missing term"
# One wrong element beside more than so many right ones is no matter of digits.
FEW = 8


class Cause(NamedTuple):
    """A likely cause, and what speaks for it or what to change."""

    cause: str
    hint: str


@dataclass
class Case:
    """One input with wrong entries, and all that a candidate may look at."""

    flat: Flat
    findings: Findings
    number: int
    table: Table

    @property
    def analytic(self) -> Vector:
        """Rows are cotangents, columns elements of the input."""
        return self.table.analytic

    @property
    def numeric(self) -> Vector:
        """As `analytic`, measured."""
        return self.table.numeric

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the input."""
        return self.flat.shapes[self.number]

    @property
    def name(self) -> str:
        """Name of the input."""
        return self.flat.subject.operands[self.number].name

    @property
    def x(self) -> Vector:
        """Elements of the input that the table covers."""
        part = self.flat.slices[self.number]
        return np.asarray(self.findings.line.x[part][self.table.columns])

    @property
    def complete(self) -> bool:
        """Whether the table covers every element, so that shapes mean something."""
        return bool(self.table.columns.size == int(np.prod(self.shape)))

    @property
    def by_output(self) -> bool:
        """Whether each row is one output element, so that the output's shape means something."""
        return self.findings.line.cotangents is None

    @property
    def output_shape(self) -> tuple[int, ...] | None:
        """Shape of the only output, when rows are its elements."""
        return self.lone_shape if self.by_output else None

    @property
    def lone_shape(self) -> tuple[int, ...] | None:
        """Shape of the only output."""
        shapes = self.flat.output_shapes
        return shapes[0] if len(shapes) == 1 else None

    @property
    def wrong(self) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
        """Entries found wrong."""
        return np.asarray(self.table.state == WRONG)

    @property
    def judged(self) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
        """Entries on which the numerical value is trusted."""
        return np.asarray((self.table.state != UNDECIDED) & (self.table.state != KINK))

    def explains(self, guess: Vector) -> bool:
        """Whether `guess`, computed from numerical values, gives the analytic ones."""
        return patterns.close(guess, self.analytic, self.table.bar, self.tolerance, self.judged)

    @property
    def tolerance(self) -> float:
        """What counts as explained: finer where the error itself is small."""
        with np.errstate(all="ignore"):
            error = np.abs(self.analytic - self.numeric) / np.maximum(np.abs(self.numeric), 1e-300)
        worst = float(np.nanmax(np.where(self.wrong, error, 0.0), initial=0.0))
        return min(EXPLAINED, 0.02 * worst)

    def sizes(self) -> dict[int, str]:
        """Numbers that a wrong factor may stem from, and what they are."""
        found: dict[int, str] = {}
        for shape, what in ((self.shape, repr(self.name)), *self.other_shapes()):
            for axis, size in enumerate(shape):
                found.setdefault(size, f"the size of axis {axis} of {what}")
            found.setdefault(math.prod(shape), f"the number of elements of {what}")
        return found

    def other_shapes(self) -> list[tuple[tuple[int, ...], str]]:
        """Shapes of the outputs and of the other inputs."""
        outputs = [(shape, "the output") for shape in self.flat.output_shapes]
        names = [repr(operand.name) for operand in self.flat.subject.operands]
        return outputs + list(zip(self.flat.shapes, names, strict=True))


def diagnose(flat: Flat, findings: Findings) -> Cause:
    """The most likely cause of the wrong entries of the input with the most of them."""
    cases = [
        Case(flat, findings, number, table.counted_from(flat.slices[number].start))
        for number, table in enumerate(findings.tables)
        if table is not None and (table.state == WRONG).any()
    ]
    cases.sort(key=lambda case: -int(case.wrong.sum()))
    smooth = [case for case in cases if not (case.wrong <= case.table.bent).all()]
    cases = smooth or cases
    for candidate in CANDIDATES:
        if candidate is at_kink and smooth:
            continue
        for case in cases:
            cause = candidate(case)
            if cause is not None:
                return cause
    hint = formula_hint(cases[0])
    if findings.place:
        return Cause("one branch", f"the gradient is right at the given inputs only; {hint}")
    return Cause(NO_PATTERN, hint)


def not_finite(case: Case) -> Cause | None:
    """NaN or infinite gradients where the function has a slope."""
    bad = case.wrong & ~np.isfinite(case.analytic)
    if not bad.any():
        return None
    what = "NaN" if np.isnan(case.analytic[bad]).any() else "infinite"
    return Cause(
        f"{what} gradient",
        f"the gradient of {case.name!r} is {what} where the function is smooth; guard the "
        "denominator, root or logarithm in backward",
    )


def is_zero(case: Case) -> Cause | None:
    """No gradient at all."""
    if case.analytic.any():
        return None
    if case.number in case.flat.missing:
        return Cause(
            "None gradient: disconnected",
            f"backward gives no gradient for {case.name!r}, but the output depends on it",
        )
    return Cause(
        "zero gradient", f"the gradient of {case.name!r} is zero, but the output depends on it"
    )


def at_kink(case: Case) -> Cause:
    """Wrong only where the slope jumps."""
    return Cause(
        "kink, not a subgradient",
        f"at a kink or a tie the gradient of {case.name!r} must lie between the one-sided slopes, "
        "also along directions (a tie counts once in all)",
    )


def nothing_there(case: Case) -> Cause | None:
    """A gradient where the function does not move at all."""
    if not case.judged.any() or (case.judged & (np.abs(case.numeric) > 3 * case.table.bar)).any():
        return None
    return Cause(
        "one branch: mask missing, the true gradient is zero",
        f"forward does not depend on {case.name!r} here (a constant branch, a rounding, a part "
        "cut off), but backward returns a gradient: multiply by the mask of forward, or return "
        "zeros",
    )


def constant_ratio(case: Case) -> Cause | None:
    """Analytic = c times numeric."""
    ratio = patterns.common_ratio(case.analytic, case.numeric, case.table.bar, case.judged)
    if ratio is None or (case.analytic.size == 1 and not patterns.simple(ratio, case.sizes())):
        return None
    if abs(ratio + 1) < EXPLAINED:
        return Cause(
            "sign: the gradient is negated", f"multiply the gradient of {case.name!r} by −1"
        )
    axis = mean_axis(case, ratio)
    if axis:
        return axis
    return Cause(
        f"constant factor {patterns.name_factor(ratio, case.sizes())}",
        f"the gradient of {case.name!r} is {ratio:.6g} times the true one; divide by it",
    )


def mean_axis(case: Case, ratio: float) -> Cause | None:
    """The factor is one over the size of an axis over which the input was broadcast."""
    axes = broadcast(case)
    if not axes or ratio <= 0:
        return None
    shape = case.lone_shape or ()
    sizes = {axis: shape[axis] for axis in axes}
    total = math.prod(sizes.values())
    for axis, size in sizes.items():
        if size > 1 and abs(ratio * size - 1) < EXPLAINED:
            return mean_cause(case, str(axis))
    if total > 1 and abs(ratio * total - 1) < EXPLAINED:
        return mean_cause(case, ", ".join(map(str, axes)))
    return None


def mean_cause(case: Case, axes: str) -> Cause:
    """Mean taken where a sum is due."""
    return Cause(
        f"mean instead of sum over the broadcast axis {axes}",
        f"the gradient of {case.name!r} {case.shape} is summed over the axes it was broadcast "
        "along: write g.sum(...) for g.mean(...)",
    )


def broadcast(case: Case) -> list[int]:
    """Axes of the output over which the input was broadcast."""
    return patterns.lacking_axes(case.shape, case.lone_shape)


def swapped(case: Case) -> Cause | None:
    """The gradient is that of another input."""
    for number, other in enumerate(case.findings.tables):
        if number == case.number or other is None or not case.complete:
            continue
        if other.numeric.shape != case.analytic.shape or not case.explains(other.numeric):
            continue
        theirs = case.flat.subject.operands[number].name
        return Cause(
            "gradients of two inputs swapped",
            f"the gradient returned for {case.name!r} is that of {theirs!r}; return them in the "
            "order of forward's inputs",
        )
    return None


def rearranged(case: Case) -> Cause | None:
    """Equal after a transposition, flip, roll or permutation of the input's or output's axes."""
    if not case.complete:
        return mirror_image(case)
    for what, guess in patterns.rearrangements(case.numeric, case.shape, case.output_shape):
        if case.explains(guess):
            return Cause(
                f"gradient {what}",
                f"undo it: the gradient of {case.name!r} is right but for its elements' order",
            )
    for what, guess in patterns.shifts(case.analytic, case.numeric, case.wrong, case.shape):
        if case.explains(guess):
            return Cause(
                f"gradient {what}",
                f"an offset is wrong: the window of {case.name!r} begins too early or too late",
            )
    several = int(case.wrong.any(axis=0).sum()) > 1
    if several and patterns.is_permutation(case.analytic, case.numeric, case.table.bar):
        return Cause("gradient permuted", f"its elements belong to other places of {case.name!r}")
    return None


def mirror_image(case: Case) -> Cause | None:
    """A large square matrix, of which only some elements and their mirror images were measured."""
    if len(case.shape) != 2 or case.shape[0] != case.shape[1]:
        return None
    columns = case.table.columns
    across = mirrored(columns, case.shape[0])
    if not np.isin(across, columns).all() or not case.explains(
        case.numeric[:, np.searchsorted(columns, across)]
    ):
        return None
    return Cause(
        "gradient transposed",
        f"undo it: the gradient of {case.name!r} is right but for its elements' order",
    )


def rows_lost(case: Case) -> Cause | None:
    """Entries are right, or zero where they should not be: contributions that were not summed."""
    lost = case.wrong & (case.analytic == 0) & (case.numeric != 0)
    if not lost.any() or (case.wrong & ~lost).any() or not case.by_output:
        return None
    kept = patterns.kept_rows(case.analytic, case.numeric)
    if not kept:
        return None
    return axis_lost(case, lost) or Cause(
        "repeated index assigned, not accumulated",
        f"several outputs read one element of {case.name!r}, and only one of them reaches its "
        "gradient; accumulate with np.add.at instead of gx[index] = g",
    )


def axis_lost(case: Case, lost: np.ndarray[tuple[int, int], np.dtype[np.bool_]]) -> Cause | None:
    """The axis of the output of which only one index contributes."""
    shape = case.output_shape
    if shape is None:
        return None
    for axis in broadcast(case):
        size = shape[axis]
        places = np.indices(shape).reshape(len(shape), -1)[axis]
        kept = np.unique(places[((case.analytic != 0) & (case.numeric != 0)).any(axis=1)])
        if kept.size == 1 and size > 1 and lost.any():
            others = [i for i in range(size) if i != kept[0]]
            rows = f"rows {others[0]}..{others[-1]}" if len(others) > 1 else f"row {others[0]}"
            return Cause(
                f"missing sum over the broadcast axis {axis} of the output {shape} "
                "(missing unbroadcast)",
                f"{rows} contribute nothing to {case.name!r}; write g.sum(axis={axis})",
            )
    return None


def mixture_lost(case: Case) -> Cause | None:
    """A missing sum seen where the rows of the Jacobian are zero for part of an output axis."""
    if not case.wrong.any() or not broadcast(case):
        return None
    zero = case.wrong & (case.analytic == 0)
    return axis_lost(case, zero) if zero.any() else None


def slices_lost(case: Case) -> Cause | None:
    """The same for outputs too many to be taken one by one: three slices of an axis are."""
    shape = case.lone_shape
    if case.by_output or shape is None or not case.wrong.any():
        return None
    for axis in broadcast(case):
        if shape[axis] < 3:
            continue
        kept = slices_kept(case, shape, axis)
        if kept is not None:
            return Cause(
                f"missing sum over the broadcast axis {axis} of the output {shape} "
                "(missing unbroadcast)",
                f"only index {kept} of that axis contributes to {case.name!r}; write "
                f"g.sum(axis={axis})",
            )
    return None


def slices_kept(case: Case, shape: tuple[int, ...], axis: int) -> int | None:
    """The only one of three indices of an output axis that reaches the gradient."""
    line, rng = case.findings.line, np.random.default_rng(0)
    places = np.indices(shape).reshape(len(shape), -1)[axis]
    indices = np.array([0, shape[axis] // 2, shape[axis] - 1])
    chosen = rng.standard_normal(places.size) * (places == indices[:, None])
    gradient = case.flat.pull(line.x, chosen)
    through = Line(case.flat, line.x, line.y, chosen, line.output_sigma)
    start = case.flat.slices[case.number].start
    columns = start + case.table.columns[np.flatnonzero(case.wrong.any(axis=0))[:4]]
    table = measure_table(through, gradient, columns, 1e-6)
    moving = (np.abs(table.numeric) > 10 * table.bar).any(axis=1)
    silent = ~table.analytic.any(axis=1)
    kept = np.flatnonzero(~silent & (table.state == RIGHT).all(axis=1))
    return int(indices[kept[0]]) if moving.all() and silent.sum() == 2 and kept.size == 1 else None


def masked(case: Case) -> Cause | None:
    """Wrong exactly where the true gradient is zero."""
    zero = case.judged & (np.abs(case.numeric) <= 3 * case.table.bar)
    active = zero & (case.analytic != 0)
    if not active.any() or not np.array_equal(active, case.wrong):
        return None
    if not patterns.same_columns(case.wrong, case.analytic) and not (case.judged & ~zero).any():
        return None
    return Cause(
        "one branch: mask missing",
        f"the gradient of {case.name!r} is wrong exactly where the true gradient is zero; multiply "
        "by the mask of forward",
    )


def single(case: Case) -> Cause | None:
    """One column of several differs."""
    columns = np.flatnonzero(case.wrong.any(axis=0))
    if columns.size != 1 or case.analytic.shape[1] < 3:
        return None
    place = tuple(int(i) for i in np.unravel_index(int(case.table.columns[columns[0]]), case.shape))
    return Cause(
        "single element",
        f"only element {list(place)} of {case.name!r} is wrong; look for an index or a boundary "
        "that is off by one",
    )


def branch(case: Case) -> Cause | None:
    """Wrong elements are separated from right ones by one threshold."""
    wrong = np.asarray(case.wrong.any(axis=0))
    live = np.asarray((case.judged & ((case.numeric != 0) | (case.analytic != 0))).any(axis=0))
    for what, values in thresholds(case):
        told = patterns.separated(values[live], wrong[live])
        if told:
            return Cause(
                "one branch",
                f"only the elements with {what} {told} are wrong; the other branch is right",
            )
    return None


def thresholds(case: Case) -> Iterator[tuple[str, Vector]]:
    """Quantities that a branch may depend on: the input, its size, and other inputs beside it."""
    yield case.name, case.x
    yield f"|{case.name}|", np.abs(case.x)
    for number, part in enumerate(case.flat.slices):
        other = case.findings.line.x[part].reshape(case.flat.shapes[number])
        if number == case.number or not case.complete:
            continue
        try:
            beside = np.broadcast_to(other, case.shape).ravel()
        except ValueError:
            continue
        name = case.flat.subject.operands[number].name
        yield f"{case.name} − {name}", case.x - beside
        yield name, beside


def operand_transposed(case: Case) -> Cause | None:
    """The gradient is right for another input transposed."""
    if not case.complete or not case.by_output:
        return None
    for number, shape in enumerate(case.flat.shapes):
        if number == case.number or len(shape) < 2 or shape[-1] != shape[-2]:
            continue
        if case.explains(patterns.with_transposed(case, number)):
            name = case.flat.subject.operands[number].name
            return Cause(
                "operand not transposed",
                f"the gradient of {case.name!r} uses {name!r} where its transpose belongs "
                "(or the other way round)",
            )
    return None


def sum_term(case: Case) -> Cause | None:
    """What is missing is one term per slice: constant along an axis, or an outer product."""
    gap = np.where(case.judged, case.analytic - case.numeric, 0.0)
    small = np.abs(gap) <= 10 * case.table.bar + 1e-9 * np.abs(case.numeric)
    gap = np.where(small, 0.0, gap)
    constant = case.complete and patterns.constant_along_axis(gap, case.shape)
    if constant and not patterns.constant_along_axis(case.numeric, case.shape):
        return term_cause(case)
    if not patterns.blocks_of_rank_one(gap, case.table.bar):
        return None
    if patterns.blocks_of_rank_one(case.numeric, case.table.bar):
        return None
    return term_cause(case)


def term_cause(case: Case) -> Cause:
    """A sum or mean too few or too many."""
    return Cause(
        "missing or extra sum/mean term",
        f"the error in {case.name!r} is one term per slice, the same for all of its elements up to "
        "a weight: a sum or mean over an axis is missing, or one too many",
    )


def part_zero(case: Case) -> Cause | None:
    """Wrong elements get no gradient at all, the others the right one."""
    columns = np.asarray(case.wrong.any(axis=0))
    if case.analytic[:, columns].any() or not case.analytic.any():
        return None
    return Cause(
        "zero gradient for some elements",
        f"the gradient of {case.name!r} is zero at {int(columns.sum())} elements on which the "
        "output depends, and right elsewhere: rows left out, a loop that ends early, or a mask too "
        "many",
    )


def one_constant(case: Case) -> Cause | None:
    """The error is one number at some elements, the same for each, and nothing at the others."""
    if not case.complete or not case.by_output:
        return None
    gap = np.where(case.wrong, case.analytic - case.numeric, 0.0)
    found = gap[case.wrong]
    if found.size < 2 or case.wrong[case.judged].all():
        return None
    if np.ptp(found) > 1e-4 * np.abs(found).max() + 3 * case.table.bar[case.wrong].max():
        return None
    return Cause(
        "missing or extra sum/mean term",
        f"some elements of {case.name!r} are off by {found.mean():.4g}, each by the same, the "
        "others are right: a constant term is missing there (a one-hot target not subtracted, a "
        "diagonal)",
    )


def cross_terms(case: Case) -> Cause | None:
    """The gradient is elementwise, but the function mixes elements."""
    if not (case.by_output and case.complete) or case.output_shape != case.shape:
        return None
    mixing = np.where(case.judged, case.numeric, 0.0)
    if not patterns.is_diagonal(case.analytic) or patterns.is_diagonal(mixing):
        return None
    off = case.wrong & ~np.eye(len(case.wrong), dtype=bool)
    if not off.any():
        return None
    return Cause(
        "missing or extra sum/mean term",
        f"each output depends on several elements of {case.name!r}, but backward treats them one "
        "by one: the term that sums over the others is missing",
    )


def low_precision(case: Case) -> Cause | None:
    """Errors are small everywhere."""
    finite = case.judged & (np.abs(case.numeric) > 0)
    if not finite.any() or (case.wrong & ~finite).any():
        return None
    if case.wrong.any(axis=0).sum() == 1 and finite.any(axis=0).sum() > FEW:
        return None
    with np.errstate(all="ignore"):
        relative = np.abs(case.analytic - case.numeric)[finite] / np.abs(case.numeric[finite])
    worst = float(relative.max())
    if not worst < 2e-3:
        return None
    return Cause(
        "precision",
        f"the relative error stays below {worst:.1g}: a constant with too few digits, or float32 "
        "(or float16) inside backward",
    )


def formula_hint(case: Case) -> str:
    """The worst three elements, and a factor that explains the ratio, if there is one."""
    ratio = np.where(case.wrong, case.table.ratio(1e-6), 0.0).max(axis=0)
    worst = np.argsort(-ratio)[:3]
    places = [
        str([int(i) for i in np.unravel_index(int(case.table.columns[c]), case.shape)])
        for c in worst
        if ratio[c] > 0
    ]
    told = patterns.name_ratio(case)
    return f"worst at {', '.join(places)} of {case.name!r}" + (f"; {told}" if told else "")


CANDIDATES = (
    not_finite,
    is_zero,
    at_kink,
    nothing_there,
    constant_ratio,
    low_precision,
    swapped,
    rearranged,
    cross_terms,
    rows_lost,
    mixture_lost,
    slices_lost,
    masked,
    single,
    operand_transposed,
    branch,
    part_zero,
    sum_term,
    one_constant,
)
