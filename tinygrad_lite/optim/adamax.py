"""Adamax: Adam in the infinity norm."""

from __future__ import annotations

import numpy as np

from .._tensor import Tensor
from ._checks import check_betas, check_number, number
from ._elementwise import Elementwise, Scalars, decayed
from .optimizer import Array, Group, Params

__all__ = ["Adamax"]


class Adamax(Elementwise):
    """Adam with the largest recent gradient in place of the root of the mean square.

    m ← β₁ m + (1 − β₁) g and u ← max(β₂ u, |g| + eps); p ← p − lr / (1 − β₁ᵗ) · m / u.

    Source: Kingma and Ba, "Adam: A method for stochastic optimization" (2015), section 7.1.
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_number(lr, "learning rate", "lr")
        check_number(eps, "epsilon value", "eps")
        check_betas(betas)
        check_number(weight_decay, "weight_decay value", "weight_decay")
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def _names(self, group: Group) -> tuple[str, ...]:
        return "exp_avg", "exp_inf"

    def _scalars(self, group: Group, phase: int) -> Scalars:
        return (number(group["lr"]) / (1 - group["betas"][0] ** phase),)

    def _update(self, group: Group, scalars: Scalars, p: Array, g: Array, *arrays: Array) -> None:
        (rate,) = scalars
        m, u = arrays
        beta1, beta2 = group["betas"]
        g = decayed(g, p, number(group["weight_decay"]), maximize=group["maximize"])
        m += (1 - beta1) * (g - m)
        u *= beta2
        np.maximum(u, np.abs(g) + group["eps"], out=u)
        p -= rate * (m / u)
