"""The whole check of one subject, from its behaviour to the report."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from .behaviour import Behaviour, Fault, differ
from .diagnosis import NO_PATTERN, diagnose
from .examine import Findings, compare_at, compare_single, examine, probe_branches
from .kinks import is_bent
from .noise import measure_noise
from .report import WORST, Entry, GradcheckReport, InputReport, Maps
from .subject import Flat, magnitudes
from .table import KINK, UNDECIDED, WRONG, Table

if TYPE_CHECKING:
    from .subject import Settings, Subject, Vector


EPS32 = float(np.finfo(np.float32).eps)


def check_subject(subject: Subject, settings: Settings, call: str | None = None) -> GradcheckReport:
    """Behaviour, then derivatives at the given point, then around it, then in the given dtype."""
    began = time.perf_counter()
    report = start_report(subject, settings)
    report.call = call or report.call
    behaviour = Behaviour(subject, settings)
    with np.errstate(all="ignore"):
        fault = behaviour.check()
        report.forwards, report.backwards = behaviour.forwards, behaviour.backwards
        if fault:
            enter_fault(report, fault)
        else:
            compare(report, subject, settings)
            if behaviour.weak and report.ok:
                enter_fault(report, behaviour.weak)
            elif behaviour.weak and report.cause == NO_PATTERN:
                report.cause = f"precision, or {behaviour.weak.cause}"
                report.hint = f"{behaviour.weak.hint}: backward rounds or clips; {report.hint}"
    report.notes += [*behaviour.notes, *settings.notes]
    report.seconds = time.perf_counter() - began
    return report


def start_report(subject: Subject, settings: Settings) -> GradcheckReport:
    """A report that knows the inputs and nothing else."""
    inputs = [
        InputReport(operand.name, operand.shape, str(operand.value.dtype), operand.value.size)
        for operand in subject.operands
    ]
    return GradcheckReport(subject.name, order=settings.order, seed=settings.seed, inputs=inputs)


def enter_fault(report: GradcheckReport, fault: Fault) -> None:
    """Misbehaviour as the verdict."""
    report.ok, report.cause, report.hint = False, fault.cause, fault.hint
    if fault.operand is not None and fault.index:
        report.inputs[fault.operand].elements.append(fault.index)


def compare(report: GradcheckReport, subject: Subject, settings: Settings) -> None:
    """Numbers against numbers, in float64 where the function allows it."""
    flat = choose_precision(report, subject)
    findings = examine(flat, settings)
    if findings.wrong and only_kinks(flat, findings, settings):
        accept_kinks(findings)
        report.notes.append(
            "several kinks meet here: no slope of the whole tells right from wrong, but every "
            "operation's rule is right by itself, and so is the whole beside this point"
        )
    report.resolution = resolution(findings)
    shown = findings
    if not findings.wrong:
        if findings.noise.single:
            report.notes.append("float32 inside: the function moves in steps of float32")
        fault = state_after(flat, findings)
        if fault:
            enter_fault(report, fault)
        elif settings.probe:
            shown = probe(report, flat, findings, settings)
    enter_findings(report, flat, shown, settings)
    if report.ok:
        compare_given(report, subject, flat, findings)
    report.forwards += flat.forwards
    report.backwards += flat.backwards


def only_kinks(flat: Flat, findings: Findings, settings: Settings) -> bool:
    """Whether nothing is wrong but that kinks of several operations meet in the given point.

    At the input zero of relu(x W) V all units switch at once, and the gradient of zero that each of
    them may return is no slope of the whole. So where the function is bent, its parts are asked one
    by one, and the whole at a point beside.
    """
    ask = getattr(flat.subject, "rules_right", None)
    if ask is None or settings.kinks == "error":
        return False
    rng = np.random.default_rng(settings.seed + 3)
    rows = np.zeros(len(findings.gradient), dtype=bool)
    for table in findings.tables:
        if table is not None:
            rows |= (table.state == WRONG).any(axis=1)
    bent = is_bent(findings.line, findings.gradient, findings.cotangents, rng)
    if not bent[rows].all() or not ask(flat.split(findings.line.x), settings.seed):
        return False
    _, typical = magnitudes(flat, findings.line.x)
    beside = flat.cast(findings.line.x + 1e-2 * typical * rng.standard_normal(flat.size))
    y = flat.value(beside)
    return not compare_at(
        flat, beside, y, measure_noise(flat, beside, y, rng), settings, rng, place="beside"
    ).wrong


def accept_kinks(findings: Findings) -> None:
    """Count what seemed wrong as met at a kink."""
    for table in findings.tables:
        if table is not None:
            table.state[table.state == WRONG] = KINK


def choose_precision(report: GradcheckReport, subject: Subject) -> Flat:
    """The subject in float64, or as given where it refuses."""
    flat = Flat(subject)
    if all(operand.value.dtype == np.float64 for operand in subject.operands):
        return flat
    given = min((operand.value.dtype for operand in subject.operands), key=lambda d: d.itemsize)
    try:
        flat.pull(flat.start, np.zeros((0, 0)))
    except Exception:  # noqa: BLE001 - a function may refuse float64 in any way it likes
        report.notes.append(
            f"it does not run in float64: checked in {given}, to a resolution of about 1e-3"
        )
        return Flat(subject, given.type)
    return flat


def resolution(findings: Findings) -> float:
    """Relative size of the smallest error that could have been seen, noise of a step included."""
    with np.errstate(all="ignore"):
        quotient = findings.noise.sigma / np.abs(findings.line.y)
    worst = float(np.nanmax(np.where(np.isfinite(quotient), quotient, 0.0), initial=0.0))
    return float(max(1e-10, worst ** (2 / 3)))


def state_after(flat: Flat, findings: Findings) -> Fault | None:
    """Whether the function still gives at the end what it gave in the beginning."""
    if differ([findings.line.y], [flat.value(findings.line.x)], 0.0) is None:
        return None
    return Fault(
        "state kept between calls",
        "after some calls the function gives another result for the same inputs",
    )


def probe(report: GradcheckReport, flat: Flat, findings: Findings, settings: Settings) -> Findings:
    """Findings at a probed point, when there the gradient is wrong."""
    if settings.fast or not flat.size:
        return findings
    beyond, _ = probe_branches(flat, settings)
    if beyond is None:
        return findings
    report.place = beyond.place
    return beyond


def compare_given(
    report: GradcheckReport, subject: Subject, flat: Flat, findings: Findings
) -> None:
    """Gradients computed in the dtype given, against those in float64."""
    dtypes = {operand.value.dtype for operand in subject.operands}
    smaller = [d for d in dtypes if d.itemsize < 8]
    if not smaller or flat.working is not np.float64 or not flat.size:
        return
    given = min(smaller, key=lambda d: d.itemsize)
    single = Flat(subject, given.type)
    ratio = compare_single(flat, single, findings)
    flat.forwards += single.forwards
    if not ratio.size or not (ratio > 1).any():
        return
    if draws_differently(single, findings):
        report.notes.append(f"in {given} the function draws other random numbers: not compared")
        return
    ask = getattr(subject, "rules_right", None)
    if np.isfinite(ratio).all() and ask and ask(single.split(findings.line.x), report.seed):
        report.notes.append(
            f"in {given} rounding leaves little of {int((ratio > 1).any(axis=0).sum())} elements' "
            f"gradients, though each operation's rule is right in {given}: their terms cancel"
        )
        return
    report.ok = False
    report.cause = f"{given} gradient: precision lost"
    report.hint = (
        f"in float64 the gradient is right, in {given} it is off by {ratio.max():.1e} times what "
        "rounding explains; avoid the difference of large numbers, or an overflow, in backward"
    )
    for part, one in zip(flat.slices, report.inputs, strict=True):
        bad = np.flatnonzero((ratio[:, part] > 1).any(axis=0))
        one.wrong, one.elements = len(bad), [place(int(k), one.shape) for k in bad]


def draws_differently(single: Flat, findings: Findings) -> bool:
    """Whether the results in the dtype given are others altogether, as after other random draws."""
    y = findings.line.y
    gap = np.abs(single.value(findings.line.x) - y)
    size = float(np.max(np.abs(y), where=np.isfinite(y), initial=0.0))
    coarse = float(np.finfo(single.working).eps) / EPS32
    return bool((gap[np.isfinite(gap)] > 0.01 * coarse * size).any()) and size > 0


def place(column: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Index of an element from its place in the flattened array."""
    return tuple(int(i) for i in np.unravel_index(column, shape))


def enter_findings(
    report: GradcheckReport, flat: Flat, findings: Findings, settings: Settings
) -> None:
    """Counts, worst entries, maps and cause."""
    for number, table in enumerate(findings.tables):
        if table is not None:
            enter_table(report.inputs[number], flat, findings, number, table, settings)
    if findings.wrong:
        report.ok = False
        report.cause, report.hint = diagnose(flat, findings)
        if findings.place:
            report.hint += f" (seen at {findings.place}: the given ones do not enter this branch)"
    undecided = sum(one.undecided for one in report.inputs)
    if undecided or (findings.unsearched and not findings.wrong):
        told = f"{undecided} elements could not be decided" if undecided else "not all decided"
        report.notes.append(f"{told}: no two steps agree; the resolution there is too low")
        if settings.strict and report.ok:
            report.ok, report.cause, report.hint = False, "cannot decide", "strict=True was asked"


def enter_table(
    one: InputReport, flat: Flat, findings: Findings, number: int, table: Table, settings: Settings
) -> None:
    """What one table says of its input."""
    part = flat.slices[number]
    local = table.counted_from(part.start)
    state = local.state
    wrong = np.flatnonzero((state == WRONG).any(axis=0))
    one.checked = local.columns.size
    one.wrong = wrong.size
    one.kinks = int((state == KINK).any(axis=0).sum())
    one.undecided = int(((state == UNDECIDED).any(axis=0) & ~(state == WRONG).any(axis=0)).sum())
    ratio = local.ratio(settings.rtol)
    one.elements = [place(int(local.columns[k]), one.shape) for k in wrong]
    one.worst = worst_entries(flat, findings, local, ratio, findings.line.x[part], one.shape)
    complete = local.columns.size == one.size
    one.maps = Maps(local.analytic, local.numeric, ratio, state, one.shape, complete)


def worst_entries(
    flat: Flat,
    findings: Findings,
    table: Table,
    ratio: Vector,
    x: Vector,
    shape: tuple[int, ...],
) -> list[Entry]:
    """The wrong entries that exceed their tolerance most, one per element first."""
    rows, columns = np.nonzero(table.state == WRONG)
    order = np.argsort(-np.minimum(ratio[rows, columns], 1e300), kind="stable")
    seen: set[int] = set()
    fresh: list[int] = []
    again: list[int] = []
    for k in order:
        (again if int(columns[k]) in seen else fresh).append(k)
        seen.add(int(columns[k]))
    return [
        entry(flat, findings, table, ratio, x, shape, int(rows[k]), int(columns[k]))
        for k in (fresh + again)[:WORST]
    ]


def entry(
    flat: Flat,
    findings: Findings,
    table: Table,
    ratio: Vector,
    x: Vector,
    shape: tuple[int, ...],
    row: int,
    column: int,
) -> Entry:
    """One entry of the report."""
    at = int(table.columns[column])
    cotangent = findings.cotangents[row]
    single = np.count_nonzero(cotangent) == 1
    output = flat.locate_output(int(np.argmax(cotangent)))[1] if single else None
    values = (table.analytic, table.numeric, table.bar, ratio)
    numbers = (float(v[row, column]) for v in values)
    return Entry(place(at, shape), output, float(x[at]), *numbers)
