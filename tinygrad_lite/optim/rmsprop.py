"""RMSprop: steps divided by the root of the mean square of recent gradients."""

from __future__ import annotations

import numpy as np

from .._tensor import Tensor
from ._checks import check_number, number
from ._elementwise import Elementwise, Scalars, decayed
from .optimizer import Array, Group, Params

__all__ = ["RMSprop"]


class RMSprop(Elementwise):
    """Steps divided by the root of the mean square of recent gradients.

    v ← α v + (1 − α) g²; p ← p − lr · g / (√v + eps). When `centered`, v loses the square of the
    mean gradient; with momentum, b ← momentum · b + g / (√v + eps) and p ← p − lr · b.

    Source: Hinton's lecture 6e (2012); centered: Graves, "Generating sequences with recurrent
    neural networks" (2013), section 4.2.
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_number(lr, "learning rate", "lr")
        check_number(eps, "epsilon value", "eps")
        check_number(momentum, "momentum value", "momentum")
        check_number(weight_decay, "weight_decay value", "weight_decay")
        check_number(alpha, "alpha value", "alpha")
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "alpha": alpha,
            "eps": eps,
            "centered": centered,
            "weight_decay": weight_decay,
            "capturable": capturable,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _names(self, group: Group) -> tuple[str, ...]:
        names = ["square_avg"]
        if group["momentum"] > 0:
            names.append("momentum_buffer")
        if group["centered"]:
            names.append("grad_avg")
        return tuple(names)

    def _scalars(self, group: Group, phase: int) -> Scalars:
        return (number(group["lr"]),)

    def _update(self, group: Group, scalars: Scalars, p: Array, g: Array, *arrays: Array) -> None:
        (lr,) = scalars
        v, *others = arrays
        alpha = group["alpha"]
        g = decayed(g, p, number(group["weight_decay"]), maximize=group["maximize"])
        v *= alpha
        v += (1 - alpha) * (g * g)
        if group["centered"]:
            mean = others[-1]
            mean += (1 - alpha) * (g - mean)
            v = v - mean * mean
        step = g / (np.sqrt(v) + group["eps"])
        if group["momentum"] > 0:
            velocity = others[0]
            velocity *= group["momentum"]
            velocity += step
            step = velocity
        p -= lr * step
