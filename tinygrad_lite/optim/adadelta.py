"""Adadelta: step sizes from the sizes of recent steps."""

from __future__ import annotations

import numpy as np

from .._tensor import Tensor
from ._checks import check_number, number
from ._elementwise import Elementwise, Scalars, decayed
from .optimizer import Array, Group, Params

__all__ = ["Adadelta"]


class Adadelta(Elementwise):
    """Steps in proportion to the root mean square of recent steps.

    v ← ρ v + (1 − ρ) g²; Δ = √(u + eps) / √(v + eps) · g; u ← ρ u + (1 − ρ) Δ²;
    p ← p − lr · Δ.

    Source: Zeiler, "ADADELTA: An adaptive learning rate method" (2012).
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_number(lr, "learning rate", "lr")
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}; rho must lie in [0, 1]")
        check_number(eps, "epsilon value", "eps")
        check_number(weight_decay, "weight_decay value", "weight_decay")
        defaults = {
            "lr": lr,
            "rho": rho,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "capturable": capturable,
            "foreach": foreach,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _names(self, group: Group) -> tuple[str, ...]:
        return "square_avg", "acc_delta"

    def _scalars(self, group: Group, phase: int) -> Scalars:
        return (number(group["lr"]),)

    def _update(self, group: Group, scalars: Scalars, p: Array, g: Array, *arrays: Array) -> None:
        (lr,) = scalars
        v, u = arrays
        rho, eps = group["rho"], group["eps"]
        g = decayed(g, p, number(group["weight_decay"]), maximize=group["maximize"])
        v *= rho
        v += (1 - rho) * (g * g)
        delta = np.sqrt(u + eps) / np.sqrt(v + eps) * g
        u *= rho
        u += (1 - rho) * (delta * delta)
        p -= lr * delta
