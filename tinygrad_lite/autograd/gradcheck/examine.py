"""The comparison of analytic and numerical derivatives at one point, and around it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from .kinks import is_bent
from .ladder import Line
from .noise import EPS, TINY, Noise, measure_noise, measure_wide_noise
from .screen import find_suspects, screen_input, stands
from .subject import Vector, magnitudes
from .table import MOST_ENTRIES, RIGHT, WRONG, Table, measure_table, settle_table

if TYPE_CHECKING:
    from .subject import Flat, Settings

# One backward per output up to here; beyond, three random mixtures of all outputs.
OUTPUTS_ONE_BY_ONE = 64
OUTPUTS_BESIDE_LARGE = 8
MIXTURES = 3
# Inputs of up to this many elements are differenced one by one, as long as all of them together
# stay affordable; larger ones along random directions.
ELEMENTS_ONE_BY_ONE = 64
ELEMENTS_TOGETHER = 192
SMALL_BESIDE_LARGE = 16
LARGE = 1024
# What a failure may cost in detail.
DETAIL_OUTPUTS = 512
AFFORDABLE = 600_000
DETAIL_ELEMENTS = 2048

PROBES = (
    (3.0, "3 times the inputs"),
    (10.0, "10 times the inputs"),
    (0.1, "a tenth of the inputs"),
    (-1.0, "minus the inputs"),
    (0.0, "inputs of zero"),
)


@dataclass
class Findings:
    """What the comparison found at one point: a table for each input looked at in detail."""

    place: str
    line: Line
    cotangents: Vector
    gradient: Vector
    noise: Noise
    tables: list[Table | None]
    screened: list[bool]
    single_guilty: bool = False
    unsearched: list[int] = field(default_factory=list)

    @property
    def wrong(self) -> bool:
        """Whether any entry is wrong."""
        return any(t is not None and bool((t.state == WRONG).any()) for t in self.tables)

    def count(self, state: int) -> int:
        """Number of elements of all inputs with an entry of this state."""
        return sum(int((t.state == state).any(axis=0).sum()) for t in self.tables if t is not None)


def choose_cotangents(y: Vector, size: int, limit: int, rng: np.random.Generator) -> Vector:
    """One row per finite output, or random mixtures of all finite outputs when there are many."""
    finite = np.isfinite(y)
    if y.size <= limit and y.size * size <= AFFORDABLE:
        return np.eye(y.size)[finite]
    return np.asarray(rng.standard_normal((MIXTURES, y.size)) * finite)


def examine(flat: Flat, settings: Settings) -> Findings:
    """Compare at the given point: cheaply first, in detail where that fails."""
    rng = np.random.default_rng(settings.seed)
    y = flat.usual = flat.value(flat.start)
    noise = measure_noise(flat, flat.start, y, rng)
    return compare_at(flat, flat.start, y, noise, settings, rng, place="")


def compare_at(
    flat: Flat,
    x: Vector,
    y: Vector,
    noise: Noise,
    settings: Settings,
    rng: np.random.Generator,
    *,
    place: str,
) -> Findings:
    """Compare at `x`: every input cheaply, then all of them in detail if one fails."""
    limit = OUTPUTS_ONE_BY_ONE if flat.size <= LARGE // 2 else OUTPUTS_BESIDE_LARGE
    findings = prepare(flat, x, y, noise, choose_cotangents(y, flat.size, limit, rng))
    findings.place = place
    one_by_one = choose_one_by_one(flat, settings)
    failed = []
    for number, part in enumerate(flat.slices):
        if one_by_one[number]:
            good = tabulate(findings, number, settings)
        else:
            good = screen_input(findings.line, findings.gradient, part, settings.rtol, rng)
        findings.screened[number] = good
        if not good:
            failed.append(number)
    if not failed:
        return findings
    findings = look_closer(findings, failed, settings, rng)
    if findings.wrong:
        pass_rounding(flat, findings)
    return findings


def pass_rounding(flat: Flat, findings: Findings) -> None:
    """Count as right what is nothing but rounding on a slope of zero.

    Of a softmax that is sure, backward makes p − 1 = −1.1e-16 where the results do not move at all.
    Such a gradient is as large as what rounding the inputs once more changes of it; or the inputs
    would have to grow 1e14 times for it to be seen in the results.
    """
    y = np.nan_to_num(findings.line.y if flat.usual is None else flat.usual)
    # Results that are all zero may be what is left of values as large as the inputs.
    sizes = np.abs(y) if y.any() else np.full(y.shape, np.abs(flat.start).max(initial=0.0))
    seen = np.abs(findings.cotangents) @ sizes
    _, typical = magnitudes(flat, flat.start)
    slope = seen[:, None] / typical
    largest = largest_of_inputs(flat, findings.gradient)
    if not (largest <= 1e-11 * slope).any():
        return
    scatter = largest_of_inputs(flat, scatter_of(flat, findings, 4 * EPS))
    nothing = (largest <= 10 * scatter) & (largest <= 1e-11 * slope)
    nothing |= np.abs(findings.gradient) <= 64 * EPS * slope
    for table in findings.tables:
        if table is not None:
            zero = np.abs(table.numeric) <= np.minimum(table.bar, 1e-11 * slope[:, table.columns])
            wrong = (table.state == WRONG) & zero & nothing[:, table.columns]
            table.state[wrong] = RIGHT


def prepare(flat: Flat, x: Vector, y: Vector, noise: Noise, cotangents: Vector) -> Findings:
    """Analytic gradients at `x`, and the line along which numerical ones are taken."""
    gradient = flat.pull(x, cotangents)
    line = line_through(flat, x, y, noise, cotangents)
    count = len(flat.slices)
    return Findings("", line, cotangents, gradient, noise, [None] * count, [True] * count)


def line_through(flat: Flat, x: Vector, y: Vector, noise: Noise, cotangents: Vector) -> Line:
    """The line through `x`, which sees the outputs as they are when all are taken one by one."""
    everything = len(cotangents) == y.size and np.array_equal(cotangents, np.eye(y.size))
    return Line(flat, x, y, None if everything else cotangents, noise.sigma)


def choose_one_by_one(flat: Flat, settings: Settings) -> list[bool]:
    """Which inputs are differenced element by element."""
    limit = ELEMENTS_ONE_BY_ONE if flat.size <= LARGE else SMALL_BESIDE_LARGE
    spent, chosen = 0, []
    for part in flat.slices:
        size = part.stop - part.start
        small = size <= limit and spent + size <= ELEMENTS_TOGETHER
        take = not settings.fast and (small or size <= 1)
        spent += size if take else 0
        chosen.append(take)
    return chosen


def tabulate(findings: Findings, number: int, settings: Settings) -> bool:
    """Enter the table of one input by first differences; whether they settle all of it."""
    part = findings.line.flat.slices[number]
    columns = np.arange(part.start, part.stop)
    table = measure_table(findings.line, findings.gradient, columns, settings.rtol)
    findings.tables[number] = table
    return bool((table.state == RIGHT).all())


def look_closer(
    findings: Findings, failed: list[int], settings: Settings, rng: np.random.Generator
) -> Findings:
    """Tables of the inputs that failed, and then of the others when an entry is really wrong.

    Outputs mixed so far are taken one by one, as long as there are not too many of them.
    """
    line, flat = findings.line, findings.line.flat
    detailed = choose_cotangents(line.y, flat.size, DETAIL_OUTPUTS, rng)
    if len(detailed) != len(findings.cotangents):
        screened, place = findings.screened, findings.place
        findings = prepare(flat, line.x, line.y, findings.noise, detailed)
        findings.screened, findings.place = screened, place
    settle_inputs(findings, failed, settings, rng)
    if findings.wrong and flat.working is np.float64:
        doubt(findings, failed, settings, rng)
    if findings.wrong:
        rest = [i for i in range(len(flat.slices)) if i not in failed]
        for number in rest:
            part = flat.slices[number]
            if findings.tables[number] is None and part.stop - part.start <= DETAIL_ELEMENTS:
                settle_inputs(findings, [number], settings, rng)
    return findings


def doubt(
    findings: Findings, failed: list[int], settings: Settings, rng: np.random.Generator
) -> None:
    """Settle once more where the function turns out noisier than it seemed."""
    line = findings.line
    wide = measure_wide_noise(line.flat, line.x, findings.noise, rng)
    if (wide.sigma > 10 * findings.noise.sigma).any():
        findings.noise = wide
        findings.line = Line(line.flat, line.x, line.y, line.cotangents, wide.sigma)
        settle_inputs(findings, failed, settings, rng)


def settle_inputs(
    findings: Findings, numbers: list[int], settings: Settings, rng: np.random.Generator
) -> None:
    """Settled tables of some inputs. They share one settlement, for kinks may tie them together."""
    line, parts = findings.line, []
    for number in numbers:
        part = line.flat.slices[number]
        columns, clean = np.arange(part.start, part.stop), True
        if columns.size > DETAIL_ELEMENTS:
            columns, clean = find_suspects(line, findings.gradient, part, settings.rtol, rng)
        if not clean:
            findings.unsearched.append(number)
        parts.append(columns)
    together = measure_table(line, findings.gradient, np.concatenate(parts), settings.rtol)
    settle_table(line, findings.gradient, together, settings, rng)
    for number, columns in zip(numbers, parts, strict=True):
        findings.tables[number] = together.pick(np.isin(together.columns, columns))


def probe_branches(flat: Flat, settings: Settings) -> tuple[Findings | None, list[str]]:
    """The first point beyond the given one where the gradient is wrong; and the points tried.

    No check sees a branch that its inputs never enter. Points the function refuses, or where it is
    not finite, are left out: they may lie outside of its domain.
    """
    rng = np.random.default_rng(settings.seed + 1)
    settings = replace(settings, kinks="skip", beyond=True)
    tried = []
    for factor, place in PROBES:
        x = flat.start * factor
        if np.array_equal(x, flat.start) or (factor == 0 and flat.size > LARGE):
            continue  # at zero every element of a large input may sit at a kink
        findings, reached = probe_at(flat, x, place, settings, rng)
        if reached:
            tried.append(place)
        if findings is not None and findings.wrong:
            return findings, tried
    return None, tried


def probe_at(
    flat: Flat, x: Vector, place: str, settings: Settings, rng: np.random.Generator
) -> tuple[Findings | None, bool]:
    """Findings at a probe whose gradient does not stand along random directions."""
    try:
        y = flat.value(x)
        finite = np.isfinite(y)
        if not finite.any():
            return None, False
        cotangents = choose_cotangents(y, flat.size, 0, rng)
        sizes = np.maximum(4 * flat.unit * np.abs(np.where(finite, y, 0.0)), TINY)
        rough = Noise(sizes, np.zeros(y.size, dtype=bool))
        findings = prepare(flat, x, y, rough, cotangents)
        _, typical = magnitudes(flat, x)
        for _ in range(2):
            u = typical * rng.standard_normal(flat.size)
            if not stands(findings.line, findings.gradient, u, settings.rtol):
                exact = measure_noise(flat, x, y, rng)
                if bent_everywhere(findings, exact, settings):
                    return None, True
                return compare_at(flat, x, y, exact, settings, rng, place=place), True
    except Exception:  # noqa: BLE001 - a function may refuse a point in any way it likes
        return None, False
    return None, True


def bent_everywhere(findings: Findings, noise: Noise, settings: Settings) -> bool:
    """Whether every output sits at a kink, so that nothing at this point can be called wrong.

    Where all elements are tied, as in a pooling of zeros, this spares thousands of forwards.
    """
    line, flat = findings.line, findings.line.flat
    if not np.isfinite(findings.gradient).all():
        return False
    rng = np.random.default_rng(settings.seed + 4)
    cotangents = choose_cotangents(line.y, flat.size, DETAIL_OUTPUTS, rng)
    if len(cotangents) * flat.size > MOST_ENTRIES:
        return False
    through = line_through(flat, line.x, line.y, noise, cotangents)
    return bool(is_bent(through, cotangents, cotangents, rng).all())


def compare_single(flat: Flat, single: Flat, findings: Findings) -> Vector:
    """Error of gradients computed in float32, in units of what float32 allows at this point."""
    findings = with_mixture(findings)
    exact = findings.gradient
    given = single.pull(findings.line.x, findings.cotangents)
    with np.errstate(all="ignore"):
        allowed = allow_single(flat, single, findings)
        gap = np.nan_to_num(np.abs(given - exact))
        if (gap > allowed).any():
            allowed += allow_nothing(flat, single, findings)
        ratio = gap / np.maximum(allowed, np.finfo(np.float32).tiny)
    ratio = np.where(np.isfinite(given) == np.isfinite(exact), ratio, np.inf)
    return np.asarray(np.where(np.isfinite(exact), ratio, 0.0))


def with_mixture(findings: Findings) -> Findings:
    """The findings with one more cotangent, for half precision holds the ones of the others."""
    row = np.random.default_rng(1).standard_normal(len(findings.cotangents))
    return replace(
        findings,
        cotangents=np.vstack([findings.cotangents, row @ findings.cotangents]),
        gradient=np.vstack([findings.gradient, row @ findings.gradient]),
    )


def allow_single(flat: Flat, single: Flat, findings: Findings) -> Vector:
    """What float32 allows for each gradient.

    That is 2e-4 of the value, 2e-5 of the largest, and ten times what rounding the inputs once more
    would change. And 16 roundings of the effect that inputs have on the results at all: a bias
    ahead of a batch norm has none, its gradient is a sum of terms that cancel, and what float32
    leaves of it is small beside everything but itself. So is 1 − p in a softmax that is sure,
    beside what the same input does to other results.
    """
    exact, unit = findings.gradient, float(np.finfo(single.working).eps)
    own, typical = magnitudes(flat, findings.line.x)
    largest = largest_of_inputs(flat, exact)
    coarse = unit / float(np.finfo(np.float32).eps)
    allowed = coarse * (2e-4 * np.abs(exact) + 2e-5 * largest)
    allowed += 10 * scatter_of(flat, findings, unit)
    allowed += 16 * unit * np.abs(exact).max(axis=0, initial=0.0)
    effect = np.max(np.abs(exact) * typical, axis=1, keepdims=True, initial=0.0)
    effect += np.abs(findings.cotangents) @ np.abs(np.nan_to_num(findings.line.y))[:, None]
    allowed += 16 * unit * effect / np.clip(own, typical / 100, typical)
    return np.asarray(allowed + allow_lost(flat, single, findings, largest))


def largest_of_inputs(flat: Flat, gradient: Vector) -> Vector:
    """The largest magnitude in the gradient of each input, at all of its elements."""
    largest = np.zeros_like(gradient)
    for part in flat.slices:
        largest[:, part] = np.abs(gradient[:, part]).max(axis=1, keepdims=True, initial=0.0)
    return largest


def scatter_of(flat: Flat, findings: Findings, unit: float) -> Vector:
    """How far gradients move when the inputs are rounded once more."""
    rng = np.random.default_rng(0)
    x = findings.line.x
    own, _ = magnitudes(flat, x)
    moved = [
        flat.pull(x + unit * own * rng.standard_normal(flat.size), findings.cotangents)
        for _ in range(2)
    ]
    return np.asarray(np.max([np.abs(m - findings.gradient) for m in moved], axis=0))


def allow_lost(flat: Flat, single: Flat, findings: Findings, largest: Vector) -> Vector:
    """Ten times what the results lose in float32: what forward loses, backward cannot know.

    The error of the results counts relative to the largest of them, to themselves where nothing of
    them is left, and as the change of an input that it is worth.
    """
    x, y = findings.line.x, np.nan_to_num(findings.line.y)
    sizes, weights = np.abs(y), np.abs(findings.cotangents)
    gap = np.abs(single.value(x) - findings.line.y)
    lost = np.nan_to_num(np.maximum(gap - 4 * np.finfo(single.working).eps * sizes, 0.0), posinf=0)
    everywhere = lost.max(initial=0.0) / max(sizes.max(initial=0.0), TINY)
    seen = (weights @ lost)[:, None]
    there = seen / np.maximum((weights @ sizes)[:, None], TINY)
    relative = np.maximum(everywhere, np.where(there > 0.01, there, 0.0))
    own, typical = magnitudes(flat, x)
    return np.asarray(10 * (relative * largest + seen / np.maximum(own, typical / 10)))


def allow_nothing(flat: Flat, single: Flat, findings: Findings) -> Vector:
    """What float32 makes of gradients that are nothing but rounding in float64 already.

    The sum of what leaves a batch norm depends on nothing, and no size but that of the rounding
    tells what has cancelled in its gradients.
    """
    largest = largest_of_inputs(flat, findings.gradient)
    scatter = largest_of_inputs(flat, scatter_of(flat, findings, 4 * EPS))
    coarser = float(np.finfo(single.working).eps) / EPS
    return np.asarray(np.where(largest <= 10 * scatter, 10 * coarser * scatter, 0.0))
