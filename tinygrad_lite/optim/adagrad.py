"""Adagrad: steps divided by the root of the sum of all squared gradients."""

from __future__ import annotations

import numpy as np

from .._nodes import make
from .._tensor import Tensor
from ._checks import check_implementation, check_number, number
from ._elementwise import Elementwise, Scalars, decayed, scalar
from .optimizer import Array, Group, Params, State, buffer

__all__ = ["Adagrad"]


class Adagrad(Elementwise):
    """Steps divided by the root of the sum of all squared gradients so far.

    s ← s + g²; p ← p − lr / (1 + (t − 1) · lr_decay) · g / (√s + eps).

    Source: Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning and
    stochastic optimization" (2011).
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_number(lr, "learning rate", "lr")
        check_number(lr_decay, "lr_decay value", "lr_decay")
        check_number(weight_decay, "weight_decay value", "weight_decay")
        name = "initial_accumulator_value"
        check_number(initial_accumulator_value, f"{name} value", name)
        check_number(eps, "epsilon value", "eps")
        check_implementation(fused=fused, foreach=foreach, differentiable=differentiable)
        defaults = {
            "lr": lr,
            "lr_decay": lr_decay,
            "eps": eps,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)
        for group in self.param_groups:
            for param in group["params"]:
                self.state[param] = self._start(group, param)

    def _names(self, group: Group) -> tuple[str, ...]:
        return ("sum",)

    def _start(self, group: Group, param: Tensor) -> State:
        initial = np.full_like(buffer(param), group["initial_accumulator_value"])
        return {"step": scalar(0.0), "sum": make(initial, None)}

    def _scalars(self, group: Group, phase: int) -> Scalars:
        return (number(group["lr"]) / (1 + (phase - 1) * group["lr_decay"]),)

    def _update(self, group: Group, scalars: Scalars, p: Array, g: Array, *arrays: Array) -> None:
        (rate,) = scalars
        (total,) = arrays
        g = decayed(g, p, number(group["weight_decay"]), maximize=group["maximize"])
        total += g * g
        p -= rate * g / (np.sqrt(total) + group["eps"])
