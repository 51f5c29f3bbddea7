"""NAdam: Adam with Nesterov momentum."""

from __future__ import annotations

import numpy as np

from .._tensor import Tensor
from ._checks import check_betas, check_number, number
from ._elementwise import Arrays, Elementwise, Scalars, count, decayed, scalar
from .optimizer import Array, Group, Params, buffer

__all__ = ["NAdam"]


class NAdam(Elementwise):
    """Adam that looks one momentum step ahead.

    With μₜ = β₁ (1 − ½ · 0.96^(t · momentum_decay)) and Mₜ = μ₁ ⋯ μₜ:
    p ← p − lr · ((1 − μₜ) / (1 − Mₜ) · g + μₜ₊₁ / (1 − Mₜ₊₁) · m) / (√v̂ + eps),
    where m and v̂ are Adam's.

    Source: Dozat, "Incorporating Nesterov momentum into Adam" (2016).
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
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
        check_number(momentum_decay, "momentum_decay value", "momentum_decay")
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _recall(self, group: Group, param: Tensor) -> tuple[Arrays, Scalars]:
        state = self._begin(param, "mu_product", "exp_avg", "exp_avg_sq")
        step = count(state)
        if step == 1:
            state["mu_product"] = scalar(1.0)
        lr, (beta1, beta2) = number(group["lr"]), group["betas"]
        mu, following = (_momentum(beta1, t, group["momentum_decay"]) for t in (step, step + 1))
        product = state["mu_product"]
        product._array = product._array * mu
        so_far = float(product._array)
        scalars = (
            lr,
            lr * (1 - mu) / (1 - so_far),
            lr * following / (1 - so_far * following),
            1 - beta2**step,
        )
        return (buffer(state["exp_avg"]), buffer(state["exp_avg_sq"])), scalars

    def _update(self, group: Group, scalars: Scalars, p: Array, g: Array, *arrays: Array) -> None:
        lr, rate_g, rate_m, correction = scalars
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
        p -= (rate_g * g + rate_m * m) / (np.sqrt(v / correction) + group["eps"])


def _momentum(beta: float, step: int, decay: float) -> float:
    """Return μ of a step: half of `beta` at first, nearing it later."""
    return float(beta * (1.0 - 0.5 * 0.96 ** (step * decay)))
