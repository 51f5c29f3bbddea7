"""Averaged stochastic gradient descent."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._nodes import make
from .._tensor import Tensor
from ._checks import check_number, number
from ._elementwise import Elementwise, Scalars, decayed, scalar
from .optimizer import Array, Group, Params, State, buffer

__all__ = ["ASGD"]


class ASGD(Elementwise):
    """Stochastic gradient descent that also keeps the average of its path, in `state["ax"]`.

    p ← (1 − lambd · η) p − η g, where η = lr / (1 + lambd · lr · t)^alpha. The average is the
    newest p until step `t0`, and the mean of all p after it.

    Source: Polyak and Juditsky, "Acceleration of stochastic approximation by averaging" (1992).
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_number(lr, "learning rate", "lr")
        check_number(weight_decay, "weight_decay value", "weight_decay")
        defaults = {
            "lr": lr,
            "lambd": lambd,
            "alpha": alpha,
            "t0": t0,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def _names(self, group: Group) -> tuple[str, ...]:
        return ("ax",)

    def _start(self, group: Group, param: Tensor) -> State:
        counters = {"step": scalar(0.0), "eta": scalar(number(group["lr"])), "mu": scalar(1.0)}
        return {**counters, "ax": make(np.zeros_like(buffer(param)), None)}

    def _advance(self, group: Group, param: Tensor) -> tuple[float, float]:
        """Return η and μ of this step, and store those of the next."""
        step, lr = super()._advance(group, param), number(group["lr"])
        state = self.state[param]
        phase = _value(state["eta"]), _value(state["mu"])
        _store(state, "eta", lr / (1 + group["lambd"] * lr * step) ** group["alpha"])
        _store(state, "mu", 1 / max(1, step - group["t0"]))
        return phase

    def _scalars(self, group: Group, phase: tuple[float, float]) -> Scalars:
        return phase

    def _update(self, group: Group, scalars: Scalars, p: Array, g: Array, *arrays: Array) -> None:
        eta, mu = scalars
        (average,) = arrays
        g = decayed(g, p, number(group["weight_decay"]), maximize=group["maximize"])
        p *= 1 - group["lambd"] * eta
        p -= eta * g
        if mu == 1:
            average[...] = p
        else:
            average += mu * (p - average)


def _value(value: Any) -> float:
    return float(value._array if isinstance(value, Tensor) else value)


def _store(state: State, name: str, value: float) -> None:
    """Keep the number for the next step, rounded as PyTorch's state rounds it."""
    rounded = scalar(value)
    if isinstance(state[name], Tensor):
        state[name]._array = np.array(rounded._array, state[name]._array.dtype)
    else:
        state[name] = rounded
