"""NAdam: Adam with Nesterov momentum."""

from __future__ import annotations

import numpy as np

from .._tensor import Tensor
from ._checks import check_betas, check_number, number
from ._elementwise import Elementwise, Scalars, decayed, scalar
from .optimizer import Array, Group, Params, State

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

    def _names(self, group: Group) -> tuple[str, ...]:
        return "exp_avg", "exp_avg_sq"

    def _start(self, group: Group, param: Tensor) -> State:
        counters = {"step": scalar(0.0), "mu_product": scalar(1.0)}
        return {
            **counters,
            **{k: v for k, v in super()._start(group, param).items() if k != "step"},
        }

    def _advance(self, group: Group, param: Tensor) -> tuple[int, float, float]:
        """Return the step, μ of the step, and the product of all μ so far."""
        step = super()._advance(group, param)
        mu = _momentum(group["betas"][0], step, group["momentum_decay"])
        product = self.state[param]["mu_product"]
        if not isinstance(product, Tensor):
            product = self.state[param]["mu_product"] = scalar(product)
        product._array *= mu
        return step, mu, float(product._array)

    def _scalars(self, group: Group, phase: tuple[int, float, float]) -> Scalars:
        step, mu, so_far = phase
        lr, (beta1, beta2) = number(group["lr"]), group["betas"]
        following = _momentum(beta1, step + 1, group["momentum_decay"])
        return (
            lr,
            lr * (1 - mu) / (1 - so_far),
            lr * following / (1 - so_far * following),
            1 - beta2**step,
        )

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
