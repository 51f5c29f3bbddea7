"""Adafactor: second moments of a matrix from its row and column sums."""

from __future__ import annotations

import numpy as np

from .._nodes import make
from .._record import stamp
from .._tensor import Tensor
from ._checks import check_number, number
from ._elementwise import count, scalar
from .optimizer import (
    Array,
    Closure,
    Group,
    Optimizer,
    Params,
    State,
    buffer,
    gradient,
)

__all__ = ["Adafactor"]


class Adafactor(Optimizer):
    """Adam without momentum whose second moments need n + m instead of n · m numbers.

    The mean squares of the last two axes, R over rows and C over columns, give v = R C / mean(R);
    vectors keep v whole. u = g / √v, scaled down to root mean square d; p ← p − α u with
    α = max(eps[1], rms(p)) · min(lr, 1 / √t). `eps[0]` is the dtype's precision when None.

    Source: Shazeer and Stern, "Adafactor: Adaptive learning rates with sublinear memory cost"
    (2018).
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        check_number(lr, "learning rate", "lr")
        if not beta2_decay <= 0.0:
            raise ValueError(f"beta2_decay should be <= 0 but is: {beta2_decay}")
        if eps[0] is not None and not eps[0] >= 0.0:
            raise ValueError(f"epsilon1 should be >= 0 but is: {eps[0]}")
        if not eps[1] >= 0.0:
            raise ValueError(f"epsilon2 should be >= 0 but is: {eps[1]}")
        if not d >= 1.0:
            raise ValueError(f"Clipping threshold d should be >= 1 but is: {d}")
        check_number(weight_decay, "weight_decay value", "weight_decay")
        defaults = {
            "lr": lr,
            "beta2_decay": beta2_decay,
            "eps": eps,
            "d": d,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def step(self, closure: Closure | None = None) -> object:
        """Update the parameters once; `closure` recomputes the loss, which is returned."""
        loss = self._evaluate(closure)
        for group, param in self._walk():
            self._step_one(group, param)
        return loss

    def _step_one(self, group: Group, param: Tensor) -> None:
        p = buffer(param)
        g = gradient(param)
        g = -g if group["maximize"] else g
        state, (tiny, smallest) = self.state[param], group["eps"]
        if not state:
            _begin(state, g)
        step, lr = count(state), number(group["lr"])
        tiny = float(np.finfo(p.dtype).eps) if tiny is None else tiny
        rate = max(smallest, _rms(p)) * min(lr, 1 / step**0.5)
        if group["weight_decay"]:
            p *= 1 - lr * group["weight_decay"]
        moment = _second_moment(state, g, float(step) ** group["beta2_decay"], tiny)
        update = g / np.sqrt(np.maximum(moment, tiny * tiny))
        p -= rate / max(1.0, _rms(update) / group["d"]) * update
        stamp(p, "Adafactor.step()")


def _begin(state: State, g: Array) -> None:
    state["step"] = scalar(0.0)
    if g.ndim > 1:
        state["row_var"] = make(np.zeros_like(g[..., :1]), None)
        state["col_var"] = make(np.zeros_like(g[..., :1, :]), None)
    else:
        state["variance"] = make(np.zeros_like(g), None)


def _second_moment(state: State, g: Array, weight: float, tiny: float) -> Array:
    """Move the averages of g² towards the newest by `weight`, and return the estimate."""
    squares = g * g
    if g.ndim < 2:
        variance = buffer(state["variance"])
        variance += weight * (squares - variance)
        return variance
    rows, columns = buffer(state["row_var"]), buffer(state["col_var"])
    rows += weight * (squares.mean(axis=-1, keepdims=True) - rows)
    columns += weight * (squares.mean(axis=-2, keepdims=True) - columns)
    mean = np.maximum(rows.mean(axis=-2, keepdims=True), tiny)
    estimate: Array = rows @ columns / mean
    return estimate


def _rms(x: Array) -> float:
    """Return the root of the mean square."""
    flat = x.reshape(-1)
    return float(np.sqrt(np.dot(flat, flat) / max(flat.size, 1)))
