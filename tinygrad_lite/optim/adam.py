"""Adam, and its form with decoupled weight decay, AdamW."""

from __future__ import annotations

import numpy as np

from .._tensor import Tensor
from ._checks import (
    check_betas,
    check_implementation,
    check_number,
    check_tensor_settings,
    number,
)
from ._elementwise import Elementwise, Scalars, decayed
from .optimizer import Array, Group, Params

__all__ = ["Adam"]

Betas = tuple[float | Tensor, float | Tensor]


class Adam(Elementwise):
    """Adam: steps scaled by running averages of the gradient and of its square.

    m ← β₁ m + (1 − β₁) g and v ← β₂ v + (1 − β₂) g²; at step t
    p ← p − lr · m̂ / (√v̂ + eps) with m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ). With `amsgrad`
    v̂ comes from the largest v so far. Weight decay is added to g, or, decoupled, p shrinks by
    the factor 1 − lr · weight_decay first.

    Source: Kingma and Ba, "Adam: A method for stochastic optimization" (2015); Reddi et al.,
    "On the convergence of Adam and beyond" (2018).

    >>> import tinygrad_lite as torch
    >>> w = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = Adam([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()  # the first step has the length lr, whatever the gradient
    >>> w
    tensor([0.9000, 1.9000], requires_grad=True)
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-3,
        betas: Betas = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        check_number(lr, "learning rate", "lr")
        check_number(eps, "epsilon value", "eps")
        check_betas(betas)
        check_number(weight_decay, "weight_decay value", "weight_decay")
        check_tensor_settings(lr, betas, foreach=foreach, capturable=capturable)
        check_implementation(fused=fused, foreach=foreach, differentiable=differentiable)
        defaults = {
            "lr": lr,
            "betas": (number(betas[0]), number(betas[1])),
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
            "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults)

    def _names(self, group: Group) -> tuple[str, ...]:
        names = ("exp_avg", "exp_avg_sq")
        return (*names, "max_exp_avg_sq") if group["amsgrad"] else names

    def _scalars(self, group: Group, phase: int) -> Scalars:
        beta1, beta2 = group["betas"]
        lr, root = number(group["lr"]), (1 - beta2**phase) ** 0.5
        # the correction of v moves from the array to the two numbers: one pass less
        return lr, lr / (1 - beta1**phase) * root, group["eps"] * root

    def _update(self, group: Group, scalars: Scalars, p: Array, g: Array, *arrays: Array) -> None:
        lr, rate, eps = scalars
        m, v, *largest = arrays
        beta1, beta2 = group["betas"]
        decay = number(group["weight_decay"])
        if decay and group["decoupled_weight_decay"]:
            p *= 1 - lr * decay
            decay = 0
        g = decayed(g, p, decay, maximize=group["maximize"])
        t = np.subtract(g, m, out=self._scratch_like(p))
        t *= 1 - beta1
        m += t
        np.multiply(g, g, out=t)
        t *= 1 - beta2
        v *= beta2
        v += t
        if largest:
            v = np.maximum(largest[0], v, out=largest[0])
        np.sqrt(v, out=t)
        t += eps
        np.divide(m, t, out=t)
        t *= rate
        p -= t
