"""How a function and its backward behave, before any number is compared.

Misbehaviour makes numbers meaningless (noise, state) or right by luck (an upstream gradient that
happens to be one), so these checks come first, and the first fault found ends them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .subject import median

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .subject import Array, Run, Settings, Subject


# Relative deviation from linearity that rounding inside backward may cause.
COARSE = 5e-3
SIGNS = np.array([-1, 1])


@dataclass
class Fault:
    """One kind of misbehaviour: what it is, and what to do about it."""

    cause: str
    hint: str
    operand: int | None = None
    index: tuple[int, ...] = ()


def same(first: Array | None, second: Array | None) -> bool:
    """Whether two arrays are equal to the bit, NaN included."""
    if first is None or second is None:
        return first is second
    if first.shape != second.shape:
        return False
    if (first == second).all():  # the usual case, in a tenth of the time
        return True
    return np.array_equal(first, second, equal_nan=first.dtype.kind == "f")


def distance(first: Array, second: Array) -> float:
    """Largest difference between two arrays."""
    if first.shape != second.shape:
        return float("inf")
    with np.errstate(all="ignore"):
        gap = np.abs(first.astype(np.float64) - second.astype(np.float64))
    return float(np.nanmax(gap, initial=0.0))


def differ(first: Sequence[Any], second: Sequence[Any], tolerance: float) -> int | None:
    """Number of the first pair of arrays that differ by more than `tolerance`."""
    for number, (a, b) in enumerate(zip(first, second, strict=True)):
        if not same(a, b) and (a is None or b is None or distance(a, b) > tolerance):
            return number
    return None


class Behaviour:
    """The checks, in the order in which a fault hides the next."""

    def __init__(self, subject: Subject, settings: Settings) -> None:
        self.subject, self.settings = subject, settings
        self.rng = np.random.default_rng(settings.seed + 2)
        self.values = [np.array(operand.value) for operand in subject.operands]
        self.forwards = self.backwards = 0
        self.notes: list[str] = []
        self.weak: Fault | None = None
        self.largest = 0.0

    def fresh(self) -> list[Array]:
        """Copies of the inputs."""
        return [value.copy() for value in self.values]

    def start(self, values: list[Array]) -> Run:
        """A recorded forward at `values`."""
        self.forwards += 1
        with np.errstate(all="ignore"):
            return self.subject.run(values)

    def pull(self, run: Run, upstream: list[Array]) -> list[Array | None]:
        """Gradients for `upstream`."""
        self.backwards += 1
        with np.errstate(all="ignore"):
            return run.pull(upstream)

    def upstream_for(self, run: Run) -> list[Array]:
        """Random upstream gradients, no two elements alike."""
        return [
            np.asarray(
                self.rng.uniform(0.5, 1.5, o.shape) * SIGNS[self.rng.integers(0, 2, o.shape)]
            )
            .astype(o.dtype)
            .reshape(o.shape)
            for o in run.outputs
        ]

    def check(self) -> Fault | None:
        """The first fault, or None."""
        values = self.fresh()
        run = self.start(values)
        first = [np.array(output) for output in run.outputs]
        self.largest = max(span(output) for output in first)
        upstream = self.upstream_for(run)
        steps: list[Callable[[], Fault | None]] = [
            lambda: self.inputs_kept(values, "forward"),
            lambda: self.forward_repeats(first),
        ]
        for step in steps:
            fault = step()
            if fault:
                return fault
        return self.check_backward(run, values, upstream, first)

    def check_backward(
        self, run: Run, values: list[Array], upstream: list[Array], first: list[Array]
    ) -> Fault | None:
        """Faults of the backward of one run."""
        given = [np.array(u) for u in upstream]
        complaint = getattr(run, "complaint", lambda: None)
        try:
            raw = self.pull(run, upstream)
        except Exception as error:  # noqa: BLE001 - whatever backward raises is its fault
            return complaint() or Fault(
                f"backward raises {type(error).__name__}", str(error).splitlines()[0]
            )
        fault = self.form(raw) or self.inputs_kept(values, "backward")
        fault = fault or self.upstream_kept(given, upstream)
        if fault:
            return fault
        gradients = [None if g is None else np.array(g) for g in raw]
        return (
            complaint()
            or self.backward_repeats(run, given, gradients)
            or self.outputs_kept(run, first)
            or self.fresh_repeats(given, gradients)
            or self.unrelated_forward(given, gradients)
            or self.linear(given, gradients)
        )

    def inputs_kept(self, values: list[Array], part: str) -> Fault | None:
        """Whether the inputs are still what they were."""
        number = differ(self.values, values, 0.0)
        if number is None:
            return None
        name = self.subject.operands[number].name
        where = np.argwhere(~((self.values[number] == values[number]) | np.isnan(values[number])))
        return Fault(
            f"input modified in place by {part}",
            f"{part} changed {name!r} itself; work on a copy of it",
            number,
            tuple(int(i) for i in where[0]) if len(where) else (),
        )

    def upstream_kept(self, given: list[Array], upstream: list[Array]) -> Fault | None:
        """Whether the upstream gradient is still what it was."""
        if differ(given, upstream, 0.0) is None:
            return None
        return Fault(
            "upstream gradient modified in place by backward",
            "others still read it; write g = g * ... instead of g *= ...",
        )

    def outputs_kept(self, run: Run, first: list[Array]) -> Fault | None:
        """Whether backward left the outputs alone."""
        if differ(first, run.outputs, 0.0) is None:
            return None
        return Fault(
            "output modified in place by backward",
            "backward changed the result of forward; work on a copy of it",
        )

    def forward_repeats(self, first: list[Array]) -> Fault | None:
        """Whether a second forward gives the same."""
        values = self.fresh()
        second = [np.array(output) for output in self.start(values).outputs]
        if len(first) != len(second):
            return Fault("non-deterministic forward", "it returns a varying number of outputs")
        number = differ(first, second, self.settings.nondet_tol)
        if number is None:
            return None
        gap = distance(first[number], second[number])
        return Fault(
            "non-deterministic forward",
            f"two calls with the same inputs differ by {gap:.2g}; a random number must be drawn "
            "outside, or from a generator seeded in the function, and no state may be kept between "
            "calls",
        )

    def backward_repeats(
        self, run: Run, given: list[Array], gradients: list[Array | None]
    ) -> Fault | None:
        """Whether backward gives the same again over the same graph."""
        again = self.pull(run, [u.copy() for u in given])
        return self.compare(
            gradients,
            again,
            "non-deterministic backward",
            "two backward passes over one forward differ by {gap:.2g}: it draws random numbers, or "
            "changes what forward saved (state kept between calls)",
        )

    def fresh_repeats(self, given: list[Array], gradients: list[Array | None]) -> Fault | None:
        """Whether a new forward and backward give the same."""
        again = self.pull(self.start(self.fresh()), [u.copy() for u in given])
        return self.compare(
            gradients,
            again,
            "non-deterministic backward",
            "a second forward and backward with the same inputs differ by {gap:.2g}: it draws "
            "random numbers, or keeps state between calls",
        )

    def unrelated_forward(self, given: list[Array], gradients: list[Array | None]) -> Fault | None:
        """Whether a forward with other inputs in between leaves this backward alone."""
        if getattr(self.subject, "keeps_state", False):
            return None
        run = self.start(self.fresh())
        others = [
            value + np.asarray(0.25 * np.abs(value) + 0.125, dtype=value.dtype)
            for value in self.values
        ]
        try:
            self.start(others)
        except Exception:  # noqa: BLE001 - a function may refuse the other point in any way
            return None
        again = self.pull(run, [u.copy() for u in given])
        return self.compare(
            gradients,
            again,
            "state kept between calls",
            "an unrelated forward in between changes the gradient by {gap:.2g}: forward must save "
            "what backward needs per call, not on the class or in a global",
        )

    def compare(
        self,
        gradients: list[Array | None],
        again: list[Array | None],
        cause: str,
        hint: str,
    ) -> Fault | None:
        """A fault if two sets of gradients differ."""
        number = differ(gradients, again, self.settings.nondet_tol)
        if number is None:
            return None
        first, second = gradients[number], again[number]
        gap = float("inf") if first is None or second is None else distance(first, second)
        return Fault(cause, hint.format(gap=gap), number)

    def form(self, gradients: list[Array | None]) -> Fault | None:
        """Whether there is one gradient of the right shape and dtype per input."""
        operands = self.subject.operands
        if len(gradients) != len(operands):
            return Fault(
                "wrong number of gradients",
                f"backward returned {len(gradients)} for {len(operands)} inputs; return one per "
                "input of forward, None for those without a gradient",
            )
        for number, (operand, gradient) in enumerate(zip(operands, gradients, strict=True)):
            fault = gradient is not None and self.form_of(number, operand.name, gradient)
            if fault:
                return fault
        return None

    def form_of(self, number: int, name: str, gradient: Any) -> Fault | None:
        """Whether one gradient has the shape and dtype of its input."""
        value = self.values[number]
        if not isinstance(gradient, np.ndarray | np.generic):
            return Fault(
                "wrong type of gradient", f"{name!r} got a {type(gradient).__name__}", number
            )
        if gradient.shape != value.shape:
            return self.wrong_shape(number, name, gradient)
        if self.settings.check_dtypes and coarser(gradient.dtype, value.dtype):
            return Fault(
                "wrong dtype of the gradient",
                f"the gradient of {name!r} is {gradient.dtype}, the input {value.dtype}",
                number,
            )
        return None

    def wrong_shape(self, number: int, name: str, gradient: Any) -> Fault:
        """The fault of a gradient of another shape: not summed over a broadcast axis, or else."""
        shape = self.values[number].shape
        axes = broadcast_axes(shape, gradient.shape)
        if axes:
            listed = ", ".join(map(str, axes))
            return Fault(
                f"missing sum over the broadcast axis {listed} (missing unbroadcast, wrong shape)",
                f"backward returned the shape {gradient.shape} for {name!r} {shape}; sum it over "
                f"axis {listed}",
                number,
            )
        return Fault(
            "wrong shape of the gradient",
            f"backward returned the shape {gradient.shape} for {name!r} {shape}",
            number,
        )

    def linear(self, given: list[Array], gradients: list[Array | None]) -> Fault | None:
        """Whether backward is linear in the upstream gradient."""
        run = self.start(self.fresh())
        other = self.upstream_for(run)
        points = {
            "zero": [np.zeros_like(u) for u in given],
            "double": [-2 * u for u in given],
            "apart": [u.copy() for u in other],
            "both": [a + b for a, b in zip(given, other, strict=True)],
            "jittered": [self.jittered(u) for u in given],
        }
        pulled = {what: self.pull(run, upstream) for what, upstream in points.items()}
        pulled["once"] = gradients
        for number in range(len(gradients)):
            row = {what: g[number] for what, g in pulled.items()}
            if all(g is not None for g in row.values()):
                fault = self.linear_in_one(number, {k: np.asarray(g) for k, g in row.items()})
                if fault and self.only_rounding(number, given, gradients):
                    return None
                if fault:
                    return self.repeats_often(run, given, gradients) or fault
        return None

    def only_rounding(self, number: int, given: list[Array], gradients: list[Array | None]) -> bool:
        """Whether a gradient is nothing but what rounding left of terms that cancel.

        Such a one changes altogether when its inputs are rounded once more.
        """
        values = [
            np.asarray(v * (1 + 4 * np.finfo(v.dtype).eps * self.rng.uniform(-1, 1, v.shape)))
            for v in self.fresh()
        ]
        values = [v.astype(f.dtype) for v, f in zip(values, self.values, strict=True)]
        again = self.pull(self.start(values), [u.copy() for u in given])
        first, second = gradients[number], again[number]
        if first is None or second is None or first.shape != second.shape:
            return False
        eps = float(np.finfo(first.dtype).eps)
        tiny = span(first) <= 1e4 * eps * max(span(u) for u in given)
        return tiny and gap_between(first, second) >= 0.1 * span(first)

    def repeats_often(
        self, run: Run, given: list[Array], gradients: list[Array | None]
    ) -> Fault | None:
        """Whether what seems nonlinear is random: a rare draw repeats itself once, not for long."""
        for _ in range(8):
            fault = self.backward_repeats(run, given, gradients)
            if fault:
                return fault
        return None

    def steepest(self, number: int) -> float:
        """The slope of the largest output over the size of an input: what may have cancelled."""
        sizes = np.abs(self.values[number].astype(np.float64))
        sizes = sizes[(sizes > 0) & np.isfinite(sizes)]
        return self.largest / median(sizes) if sizes.size else self.largest

    def jittered(self, upstream: Array) -> Array:
        """The upstream gradient moved by some hundred units in its last place."""
        unit = 500 * float(np.finfo(upstream.dtype).eps)
        moved = upstream * (1 + unit * self.rng.uniform(-1, 1, upstream.shape))
        return np.asarray(moved, dtype=upstream.dtype)

    def linear_in_one(self, number: int, pulled: dict[str, Array]) -> Fault | None:
        """Whether one gradient scales and adds as the upstream gradient does."""
        once, zero, double = pulled["once"], pulled["zero"], pulled["double"]
        name = self.subject.operands[number].name
        from_nothing = bool(np.any(np.isfinite(zero) & (zero != 0)))
        if from_nothing and np.array_equal(once, double, equal_nan=True):
            return Fault(
                "upstream gradient ignored",
                f"the gradient of {name!r} is the same for g, −2g and 0; multiply by g",
                number,
            )
        size = max(span(once), span(pulled["apart"]))
        unit = float(np.finfo(once.dtype).eps) if once.dtype.kind == "f" else 0.0
        slack = 1e4 * unit * size + 10 * gap_between(once, pulled["jittered"])
        slack += 1e3 * unit * self.steepest(number)
        if unit:  # below it numbers lose digits one by one
            slack += 1e4 * float(np.finfo(once.dtype).smallest_subnormal)
        scaled = gap_between(double, -2 * once)
        added = gap_between(pulled["both"], once + pulled["apart"])
        if not from_nothing and max(scaled, added) <= slack:
            return None
        told = (
            "an upstream gradient of zero gives a gradient that is not zero"
            if from_nothing
            else "backward(−2g) is not −2 backward(g)"
            if scaled > slack
            else "backward(g + h) is not backward(g) + backward(h)"
        )
        fault = Fault("nonlinear in the upstream gradient", f"for {name!r}, {told}", number)
        if not from_nothing and max(scaled, added) <= COARSE * size:
            # As much as float16 or float32 inside backward would do: the numbers will tell.
            self.weak = fault if max(scaled, added) > 1e-6 * size else self.weak
            return None
        return fault


def gap_between(first: Array, second: Array) -> float:
    """Largest difference of two arrays where both are finite."""
    gap = np.abs(first.astype(np.float64) - second.astype(np.float64))
    return float(np.max(gap, where=np.isfinite(gap), initial=0.0))


def coarser(dtype: np.dtype[Any], wanted: np.dtype[Any]) -> bool:
    """Whether a gradient's dtype holds less than the input's: too wide a one loses nothing."""
    return dtype.kind != "f" or dtype.itemsize < wanted.itemsize


def span(array: Array) -> float:
    """Largest finite magnitude."""
    return float(np.max(np.abs(np.where(np.isfinite(array), array, 0)), initial=0.0))


def broadcast_axes(shape: tuple[int, ...], result: tuple[int, ...]) -> list[int]:
    """Axes of `result` over which an operand of `shape` was broadcast; empty when it was not."""
    lead = len(result) - len(shape)
    if lead < 0:
        return []
    axes = list(range(lead))
    for axis, size in enumerate(shape):
        if size != result[lead + axis]:
            if size != 1:
                return []
            axes.append(lead + axis)
    return axes
