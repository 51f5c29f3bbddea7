"""RAdam: Adam that waits until its averages can be trusted."""

from __future__ import annotations

import numpy as np

from .._tensor import Tensor
from ._checks import check_betas, check_number, number
from ._elementwise import Elementwise, Scalars, decayed
from .optimizer import Array, Group, Params

__all__ = ["RAdam"]


class RAdam(Elementwise):
    """Adam whose step is rectified for the variance of its own early averages.

    With ρ∞ = 2 / (1 − β₂) − 1 and ρ = ρ∞ − 2 t β₂ᵗ / (1 − β₂ᵗ): while ρ ≤ 5,
    p ← p − lr · m̂; afterwards p ← p − lr · r · m̂ / (√v̂ + eps / √(1 − β₂ᵗ)), where
    r² = (ρ − 4)(ρ − 2) ρ∞ / ((ρ∞ − 4)(ρ∞ − 2) ρ).

    Source: Liu et al., "On the variance of the adaptive learning rate and beyond" (2020).
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
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
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _names(self, group: Group) -> tuple[str, ...]:
        return "exp_avg", "exp_avg_sq"

    def _scalars(self, group: Group, phase: int) -> Scalars:
        lr, (beta1, beta2) = number(group["lr"]), group["betas"]
        rate, correction = lr / (1 - beta1**phase), 1 - beta2**phase
        longest = 2 / (1 - beta2) - 1
        length = longest - 2 * phase * beta2**phase / correction
        rectified = length > 5.0
        if rectified:
            rate *= (correction * _rectification(length) / _rectification(longest)) ** 0.5
        return lr, rate, rectified

    def _update(self, group: Group, scalars: Scalars, p: Array, g: Array, *arrays: Array) -> None:
        lr, rate, rectified = scalars
        m, v = arrays
        beta1, beta2 = group["betas"]
        decay = number(group["weight_decay"])
        if decay and group["decoupled_weight_decay"]:
            p *= 1 - lr * decay
            decay = 0
        g = decayed(g, p, decay, maximize=group["maximize"])
        m += (1 - beta1) * (g - m)
        v *= beta2
        v += (1 - beta2) * (g * g)
        p -= rate * m / (np.sqrt(v) + group["eps"]) if rectified else rate * m


def _rectification(length: float) -> float:
    """Return (ρ − 4)(ρ − 2) / ρ for a moving average over about ρ steps."""
    return (length - 4) * (length - 2) / length
