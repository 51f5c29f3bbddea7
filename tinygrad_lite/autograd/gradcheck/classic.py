"""The comparison with one fixed step and fixed tolerances, as PyTorch documents it.

Tests that name their own `eps`, `atol` or `rtol` keep their meaning: central differences in the
dtype of the inputs, and |analytic − numeric| ≤ atol + rtol |numeric| for every entry.
"""

from __future__ import annotations

import time
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._nodes import make
from ..._tensor import Tensor
from .behaviour import distance
from .report import WORST, Entry, GradcheckError, GradcheckReport, InputReport
from .standstill import tables_held
from .tensors import TensorRun, TensorSubject, apart, borrowed, stand_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from .subject import Array, Vector


def check(
    fn: Callable[..., Any],
    inputs: list[Any],
    *,
    eps: float,
    atol: float,
    rtol: float,
    raise_exception: bool,
    nondet_tol: float,
    report: bool,
    fast: bool = False,
    cheaper: Callable[..., Any] | None = None,
) -> bool | GradcheckReport:
    """True, or the report, or GradcheckError: the verdict of fixed step and tolerances."""
    began = time.perf_counter()
    args = apart([stand_in(v) if isinstance(v, Tensor) and v.requires_grad else v for v in inputs])
    chosen = [k for k, v in enumerate(args) if isinstance(v, Tensor) and v.requires_grad]
    if not chosen:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of the "
            "them have requires_grad=True."
        )
    tensors = [args[k] for k in chosen]
    warn_of_single(chosen, tensors)
    with borrowed(tensors), tables_held():
        names = [f"x{k}" for k in chosen]
        subject = TensorSubject(
            lambda: with_gradient(fn(*args)),
            tensors,
            names,
            "fn",
            cheaper=None if cheaper is None else lambda: with_gradient(cheaper(*args)),
            compared=True,
            watches_calls=False,
        )
        found = (compare_along if fast else compare)(subject, eps, atol, rtol, nondet_tol)
        if found.ok and not multiplies_upstream(subject):
            found.ok, found.cause = False, "backward not multiplied by grad_output"
    found.seconds = time.perf_counter() - began
    if raise_exception and not found.ok:
        raise GradcheckError(f"{found.cause}\n{found}", found)
    return found if report or not found.ok else True


def with_gradient(result: Any) -> Any:
    """The result; a constant 0 in place of tensors that can have no gradient, as PyTorch has it."""
    several = result if isinstance(result, tuple | list) else (result,)
    whole = all(isinstance(one, Tensor) and one._array.dtype.kind in "iub" for one in several)
    return make(np.zeros(0), None) if several and whole else result


def multiplies_upstream(subject: TensorSubject) -> bool:
    """Whether an upstream gradient of zero gives none."""
    run = subject.run([np.array(operand.value) for operand in subject.operands])
    found = run.pull([np.zeros_like(y) for y in run.outputs])
    return all(gradient is None or not gradient.any() for gradient in found)


def warn_of_single(chosen: list[int], tensors: list[Tensor]) -> None:
    """Warn of inputs in which a fixed step drowns."""
    for number, tensor in zip(chosen, tensors, strict=True):
        if tensor._array.dtype != np.float64:
            warnings.warn(
                f"Input #{number} requires gradient and is not a double precision floating point "
                "or complex. This check will likely fail if all the inputs are not of double "
                "precision floating point or complex. ",
                stacklevel=5,
            )


def compare(
    subject: TensorSubject, eps: float, atol: float, rtol: float, nondet_tol: float
) -> GradcheckReport:
    """Analytic and numerical Jacobians of every pair of output and input."""
    values = [np.array(operand.value) for operand in subject.operands]
    inputs = [InputReport(o.name, o.shape, str(o.value.dtype)) for o in subject.operands]
    report = GradcheckReport(subject.name, inputs=inputs)
    report.call = f"gradcheck(fn, inputs, eps={eps:g}, atol={atol:g}, rtol={rtol:g})"
    analytic, connected, steady = analytic_jacobians(subject, values, nondet_tol)
    numeric = numerical_jacobians(subject, values, eps)
    if not connected and any(jacobian.any() for by_input in numeric for jacobian in by_input):
        report.ok = False
        report.cause = "Numerical gradient for function expected to be zero"
    for i, by_input in enumerate(numeric):
        for o, jacobian in enumerate(by_input[k] for k in connected):
            with np.errstate(all="ignore"):
                gap = np.abs(analytic[i][o] - jacobian)
                ratio = gap / (atol + rtol * np.abs(jacobian))
            good = np.isclose(analytic[i][o], jacobian, rtol=rtol, atol=atol)
            enter(inputs[i], values[i], analytic[i][o], jacobian, ratio, good)
            if not good.all() and report.ok:
                report.ok = False
                report.cause = mismatch(o, i, jacobian, analytic[i][o])
    if not steady and report.ok:
        report.ok = False
        report.cause = reentrance(nondet_tol)
    return report


def reentrance(nondet_tol: float) -> str:
    """The message that repeating a backward gives something else."""
    return (
        "Backward is not reentrant, i.e., running backward with same input and grad_output "
        "multiple times gives different values, although analytical gradient matches numerical "
        f"gradient. The tolerance for nondeterminism was {nondet_tol}."
    )


def compare_along(
    subject: TensorSubject, eps: float, atol: float, rtol: float, nondet_tol: float
) -> GradcheckReport:
    """The same along one direction of every input and of every output, of length one.

    The absolute tolerance grows with the directions' sums, as that of all entries together would.
    """
    rng = np.random.default_rng(0)
    values = [np.array(operand.value) for operand in subject.operands]
    inputs = [InputReport(o.name, o.shape, str(o.value.dtype)) for o in subject.operands]
    report = GradcheckReport(subject.name, inputs=inputs)
    report.call = (
        f"gradcheck(fn, inputs, eps={eps:g}, atol={atol:g}, rtol={rtol:g}, fast_mode=True)"
    )
    run = subject.run([value.copy() for value in values])
    for number, value in enumerate(values):
        u = unit_direction(value.shape, rng)
        sides = [moved_outputs(subject, values, number, step * u) for step in (eps, -eps)]
        for o, output in enumerate(run.outputs):
            v = unit_direction(output.shape, rng)
            numeric = float(v.ravel() @ ((sides[0][o] - sides[1][o]) / (2 * eps)))
            analytic, again = (along(run, o, v, number, u) for _ in range(2))
            allowed = atol * float(u.sum()) * float(v.sum())
            if report.ok and not np.isclose(analytic, numeric, rtol=rtol, atol=allowed):
                report.ok, inputs[number].wrong = False, 1
                told = np.array([[numeric]]), np.array([[analytic]])
                report.cause = mismatch(o, number, *told)
            if report.ok and abs(analytic - again) > nondet_tol:
                report.ok, report.cause = False, reentrance(nondet_tol)
    return report


def unit_direction(shape: tuple[int, ...], rng: np.random.Generator) -> Vector:
    """Positive random numbers, of length one together."""
    u = rng.uniform(size=shape)
    return np.asarray(u / max(float(np.linalg.norm(u)), np.finfo(float).tiny))


def along(run: TensorRun, output: int, v: Vector, number: int, u: Vector) -> float:
    """The analytic slope of one output through `v`, of one input along `u`."""
    if output not in run.connected:
        return 0.0
    upstream = [np.zeros_like(y) for y in run.outputs]
    upstream[output] = v.astype(upstream[output].dtype)
    gradient = run.pull(upstream)[number]
    return 0.0 if gradient is None else float((gradient * u).sum())


def moved_outputs(
    subject: TensorSubject, values: list[Array], number: int, way: Vector
) -> list[Vector]:
    """All outputs as vectors, with one input moved."""
    moved = [v.copy() for v in values]
    moved[number] = np.asarray(moved[number] + way, dtype=moved[number].dtype)
    return [np.array(y, dtype=np.float64).ravel() for y in subject.evaluate(moved)]


def mismatch(output: int, number: int, numeric: Vector, analytic: Vector) -> str:
    """The message that a Jacobian differs."""
    return (
        f"Jacobian mismatch for output {output} with respect to input {number},\n"
        f"numerical:{numeric}\nanalytical:{analytic}\n"
    )


def enter(
    one: InputReport, value: Array, analytic: Vector, numeric: Vector, ratio: Vector, good: Array
) -> None:
    """Counts and worst entries of one Jacobian (rows are elements of the input)."""
    one.checked = one.size
    if not good.size:
        return
    bad = np.flatnonzero(~good.all(axis=1))
    one.wrong = max(one.wrong, bad.size)
    for row in bad[np.argsort(-ratio[bad].max(axis=1))][:WORST]:
        column = int(np.argmax(np.where(good[row], -1.0, np.nan_to_num(ratio[row], nan=np.inf))))
        index = tuple(int(k) for k in np.unravel_index(int(row), one.shape))
        numbers = (v[row, column] for v in (analytic, numeric))
        a, n = (float(v) for v in numbers)
        x = float(value[index])
        one.worst.append(Entry(index, (column,), x, a, n, 0.0, float(ratio[row, column])))
        one.elements.append(index)


def analytic_jacobians(
    subject: TensorSubject, values: list[Array], nondet_tol: float
) -> tuple[list[list[Vector]], list[int], bool]:
    """Jacobians of the outputs that have a gradient; which these are; whether repeating agrees."""
    run = subject.run([value.copy() for value in values])
    first, second = ([one_by_one(run, o, values) for o in run.connected] for _ in range(2))
    gaps = [
        distance(a, b)
        for one, two in zip(first, second, strict=True)
        for a, b in zip(one, two, strict=True)
    ]
    by_input = [[output[i] for output in first] for i in range(len(values))]
    return by_input, run.connected, max(gaps, default=0.0) <= nondet_tol


def one_by_one(run: TensorRun, output: int, values: list[Array]) -> list[Vector]:
    """Jacobian of one output for every input, by one backward per element of the output."""
    size = run.outputs[output].size
    found = [np.zeros((value.size, size)) for value in values]
    for k in range(size):
        upstream = [np.zeros(y.shape, y.dtype) for y in run.outputs]  # whatever the layout
        upstream[output].reshape(-1)[k] = 1
        for jacobian, gradient in zip(found, run.pull(upstream), strict=True):
            if gradient is not None:
                jacobian[:, k] = gradient.ravel()
    return found


def numerical_jacobians(
    subject: TensorSubject, values: list[Array], eps: float
) -> list[list[Vector]]:
    """Jacobians by central differences of one step, in the dtype of the inputs."""
    found = []
    for i, value in enumerate(values):
        rows = [difference(subject, values, i, k, eps) for k in range(value.size)]
        shapes = subject.evaluate([v.copy() for v in values])
        found.append(
            [
                np.array([row[o] for row in rows]).reshape(value.size, y.size)
                for o, y in enumerate(shapes)
            ]
        )
    return found


def difference(
    subject: TensorSubject, values: list[Array], number: int, place: int, eps: float
) -> list[Vector]:
    """Difference quotients of all outputs for one element."""
    sides = []
    for step in (eps, -eps):
        moved = [v.copy() for v in values]
        moved[number].reshape(-1)[place] += step
        sides.append([np.array(y, dtype=np.float64).ravel() for y in subject.evaluate(moved)])
    return [(ahead - behind) / (2 * eps) for ahead, behind in zip(*sides, strict=True)]
