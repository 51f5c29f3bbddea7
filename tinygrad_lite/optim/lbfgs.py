"""L-BFGS: quasi-Newton steps from the last gradients, with a line search."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._nodes import make
from .._record import stamp
from .._tensor import Tensor
from ._checks import check_number, number
from .optimizer import Array, Closure, Group, Optimizer, Params, State, buffer

__all__ = ["LBFGS"]

Evaluate = Callable[[float], tuple[float, Array]]
_MEMORY = ("old_dirs", "old_stps", "ro")


class LBFGS(Optimizer):
    """Steps along −H g, where H is the inverse Hessian as the last `history_size` steps show it.

    A call of `step(closure)` makes up to `max_iter` such steps and calls the closure up to
    `max_eval` times; the closure must clear the gradients, compute the loss, call backward() and
    return the loss. The step length is `lr` (in the first step at most lr / ‖g‖₁), or found by a
    search for the strong Wolfe conditions. It stops early when no gradient exceeds
    `tolerance_grad` or the change falls below `tolerance_change`. All parameters form one group.

    Source: Nocedal and Wright, "Numerical optimization" (2006), algorithms 7.4, 3.5 and 3.6.
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        check_number(lr, "learning rate", "lr")
        defaults = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        super().__init__(params, defaults)
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")

    def step(self, closure: Closure | None = None) -> Any:
        """Minimise for up to `max_iter` steps; return the loss at the beginning."""
        if closure is None:
            raise TypeError("LBFGS.step() needs a closure that recomputes the loss: step(closure)")
        (group,) = self.param_groups
        if group["line_search_fn"] not in (None, "strong_wolfe"):
            raise RuntimeError("only 'strong_wolfe' is supported")
        state = self.state[group["params"][0]]  # one state for all, kept with the first
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        first_loss = self._evaluate(closure)
        state["func_evals"] += 1
        gradient = self._gradient()
        if _largest(gradient) > group["tolerance_grad"]:
            self._doubtful = range(len(group["params"]))
            run = _Run.recall(state, float(first_loss), gradient)
            self._minimise(run, group, state, closure)
            run.store(state, group["history_size"])
            self._doubtful = ()
        return first_loss

    def _minimise(self, run: _Run, group: Group, state: State, closure: Closure) -> None:
        evaluations, lr = 1, number(group["lr"])
        for turn in range(1, group["max_iter"] + 1):
            state["n_iter"] += 1
            run.choose_direction(first=state["n_iter"] == 1, history=group["history_size"])
            start, run.previous, run.previous_loss = run.loss, run.gradient.copy(), run.loss
            near = min(1.0, 1.0 / float(np.abs(run.gradient).sum())) if state["n_iter"] == 1 else 1
            run.length = near * lr
            slope = float(run.gradient @ run.direction)
            if slope > -group["tolerance_change"]:
                return
            used = self._advance(run, group, closure, slope, evaluations, turn)
            evaluations += used
            state["func_evals"] += used
            if (
                evaluations >= group["max_eval"]
                or _largest(run.gradient) <= group["tolerance_grad"]
                or _largest(run.direction * run.length) <= group["tolerance_change"]
                or abs(run.loss - start) < group["tolerance_change"]
            ):
                return

    def _advance(
        self,
        run: _Run,
        group: Group,
        closure: Closure,
        slope: float,
        evaluations: int,
        turn: int,
    ) -> int:
        """Go along the direction; return how often the closure was called."""
        if group["line_search_fn"] is not None:
            here = [buffer(param).copy() for param in group["params"]]

            def evaluate(length: float) -> tuple[float, Array]:
                self._move(run.direction, length)
                loss = float(self._call(closure))
                gradient = self._gradient()
                self._restore(here)
                return loss, gradient

            found = _search(evaluate, run, slope, most=group["max_eval"] - evaluations)
            run.loss, run.gradient, run.length = found.loss, found.gradient, found.at
            self._move(run.direction, run.length)
            return found.calls
        self._move(run.direction, run.length)
        if turn == group["max_iter"]:  # nobody would use the new gradient
            return 0
        run.loss = float(self._call(closure))
        run.gradient = self._gradient()
        return 1

    def _call(self, closure: Closure) -> Any:
        doubtful, self._doubtful = self._doubtful, ()  # the closure may look at the optimizer
        try:
            return self._evaluate(closure)
        finally:
            self._doubtful = doubtful

    def _gradient(self) -> Array:
        """Return all gradients as one vector; a parameter without one counts as zeros."""
        parts = [
            np.zeros(param.numel(), param._array.dtype)
            if param._grad is None
            else np.reshape(param._grad._array, -1)
            for param in self.param_groups[0]["params"]
        ]
        return np.concatenate(parts)

    def _move(self, direction: Array, length: float) -> None:
        """Add `length` times the direction to the parameters."""
        start = 0
        for param in self.param_groups[0]["params"]:
            p = buffer(param)
            p += (length * direction[start : start + p.size]).reshape(p.shape)
            stamp(p, "LBFGS.step()")
            start += p.size

    def _restore(self, values: list[Array]) -> None:
        for param, value in zip(self.param_groups[0]["params"], values, strict=True):
            p = buffer(param)
            p[...] = value
            stamp(p, "LBFGS.step()")


@dataclass
class _Run:
    """Where the minimisation stands, and what it remembers."""

    loss: float
    gradient: Array
    direction: Array
    length: float
    gradients: list[Array]  # differences of gradients, y
    steps: list[Array]  # differences of parameters, s
    curvatures: list[float]  # 1 / yᵀs
    scale: float  # the first guess of H is scale · I
    previous: Array | None
    previous_loss: float | None
    weights: list[float]  # the α of the first loop; kept because PyTorch's state has them

    @classmethod
    def recall(cls, state: State, loss: float, gradient: Array) -> _Run:
        """Go on from the state that an earlier call left."""
        array = {key: buffer(state[key]) for key in ("d", "prev_flat_grad") if key in state}
        gradients, steps, curvatures = (list(state.get(key) or []) for key in _MEMORY)
        return cls(
            loss,
            gradient,
            direction=array.get("d", -gradient),
            length=number(state.get("t", 1.0)),
            gradients=[buffer(y) for y in gradients],
            steps=[buffer(s) for s in steps],
            curvatures=[number(c) for c in curvatures],
            scale=number(state.get("H_diag", 1.0)),
            previous=array.get("prev_flat_grad"),
            previous_loss=state.get("prev_loss"),
            weights=[],
        )

    def store(self, state: State, history: int) -> None:
        """Leave everything in the state, under PyTorch's keys."""
        dtype = self.gradient.dtype
        if self.weights:
            unused = [None] * (history - len(self.weights))
            state["al"] = [make(np.array(weight, dtype), None) for weight in self.weights] + unused
        state["d"] = make(self.direction, None)
        state["t"] = self.length
        state["old_dirs"] = [make(y, None) for y in self.gradients]
        state["old_stps"] = [make(s, None) for s in self.steps]
        state["ro"] = [make(np.array(c, dtype), None) for c in self.curvatures]
        state["H_diag"] = make(np.array(self.scale, dtype), None)
        state["prev_flat_grad"] = None if self.previous is None else make(self.previous, None)
        state["prev_loss"] = self.previous_loss

    def choose_direction(self, *, first: bool, history: int) -> None:
        """Set the direction to −H g, after the last step has been added to what H knows."""
        if first or self.previous is None:
            self.gradients, self.steps, self.curvatures, self.scale = [], [], [], 1.0
            self.direction = -self.gradient
            return
        self._remember(self.gradient - self.previous, self.direction * self.length, history)
        q = -self.gradient
        weights = self.weights = [0.0] * len(self.steps)
        for i in reversed(range(len(self.steps))):
            weights[i] = float(self.steps[i] @ q) * self.curvatures[i]
            q -= weights[i] * self.gradients[i]
        q *= self.scale
        for i, (y, s) in enumerate(zip(self.gradients, self.steps, strict=True)):
            q += (weights[i] - float(y @ q) * self.curvatures[i]) * s
        self.direction = q

    def _remember(self, y: Array, s: Array, history: int) -> None:
        curvature = float(y @ s)
        if curvature <= 1e-10:
            return
        if len(self.steps) == history:
            del self.gradients[0], self.steps[0], self.curvatures[0]
        self.gradients.append(y)
        self.steps.append(s)
        self.curvatures.append(1.0 / curvature)
        self.scale = curvature / float(y @ y)


# -- line search ----------------------------------------------------------------------------------


@dataclass
class _Point:
    """A place on the line: its distance, the loss, the gradient, and the slope along the line."""

    at: float
    loss: float
    gradient: Array
    slope: float
    calls: int = 0


@dataclass
class _Line:
    """The line from a start, with the strong Wolfe conditions c₁ = 10⁻⁴ and c₂ = 0.9."""

    evaluate: Evaluate
    direction: Array
    start: _Point
    calls: int = 0

    def try_at(self, at: float) -> _Point:
        loss, gradient = self.evaluate(at)
        self.calls += 1
        return _Point(at, loss, gradient, float(gradient @ self.direction))

    def too_high(self, point: _Point) -> bool:
        return point.loss > self.start.loss + 1e-4 * point.at * self.start.slope

    def flat(self, point: _Point) -> bool:
        return abs(point.slope) <= -0.9 * self.start.slope


def _search(evaluate: Evaluate, run: _Run, slope: float, most: int) -> _Point:
    """Find a point where the loss has fallen enough and the slope has flattened enough."""
    start = _Point(0.0, run.loss, run.gradient.copy(), slope)
    line = _Line(evaluate, run.direction, start)
    bracket, turns = _bracket(line, line.try_at(run.length), most)
    found = bracket[0] if len(bracket) == 1 else _zoom(line, bracket, turns, most)
    found.calls = line.calls
    return found


def _bracket(line: _Line, point: _Point, most: int) -> tuple[list[_Point], int]:
    """Go further until the wanted point lies between two, or is found."""
    before = line.start
    for turn in range(most):
        if line.too_high(point) or (turn > 1 and point.loss >= before.loss):
            return [before, point], turn
        if line.flat(point):
            return [point], turn
        if point.slope >= 0:
            return [before, point], turn
        reach = (point.at + 0.01 * (point.at - before.at), point.at * 10)
        before, point = point, line.try_at(_cubic_minimum(before, point, reach))
    return [line.start, point], most


def _zoom(line: _Line, bracket: list[_Point], turn: int, most: int) -> _Point:
    """Shrink the bracket until its lower end meets the conditions; return that end."""
    size, stuck, low = _largest(line.direction), False, _lower(bracket)
    while turn < most and abs(bracket[1].at - bracket[0].at) * size >= 1e-9:
        at, stuck = _trial(bracket[0], bracket[1], stuck)
        point = line.try_at(at)
        turn += 1
        if line.too_high(point) or point.loss >= bracket[low].loss:
            bracket[1 - low] = point
            low = _lower(bracket)
            continue
        if line.flat(point):
            return point
        if point.slope * (bracket[1 - low].at - bracket[low].at) >= 0:
            bracket[1 - low] = bracket[low]
        bracket[low] = point
    return bracket[low]


def _lower(bracket: list[_Point]) -> int:
    return 0 if bracket[0].loss <= bracket[1].loss else 1


def _trial(a: _Point, b: _Point, stuck: bool) -> tuple[float, bool]:
    """Return where to try next; not twice close to an end of the bracket."""
    at = _cubic_minimum(a, b, None)
    near, far = min(a.at, b.at), max(a.at, b.at)
    margin = 0.1 * (far - near)
    if min(far - at, at - near) >= margin:
        return at, False
    if stuck or at >= far or at <= near:
        return (far - margin if abs(at - far) < abs(at - near) else near + margin), False
    return at, True


def _cubic_minimum(a: _Point, b: _Point, reach: tuple[float, float] | None) -> float:
    """Return where the cubic through two points with their slopes is least, within `reach`."""
    a, b = (a, b) if a.at <= b.at else (b, a)
    least, most = reach or (a.at, b.at)
    d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.at - b.at) if a.at != b.at else math.nan
    square = d1 * d1 - a.slope * b.slope
    if not square >= 0:
        return (least + most) / 2
    d2 = math.sqrt(square)
    at = b.at - (b.at - a.at) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2))
    return min(max(at, least), most)


def _largest(x: Array) -> float:
    return float(np.abs(x).max()) if x.size else 0.0
