"""Stochastic gradient descent, with momentum."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._nodes import make
from .._tensor import Tensor
from ._checks import check_implementation, check_number, number
from ._elementwise import Elementwise, Scalars, decayed
from .optimizer import Array, Group, Params, buffer

__all__ = ["SGD"]


class SGD(Elementwise):
    """Stochastic gradient descent.

    p ← p − lr · d, where d = g + weight_decay · p, or with momentum d = buffer or, for Nesterov,
    d + momentum · buffer; buffer ← momentum · buffer + (1 − dampening) · d, from d at first.

    Source: Sutskever et al., "On the importance of initialization and momentum in deep learning"
    (2013); the momentum buffer is not scaled by `lr` here, as in PyTorch.

    >>> import tinygrad_lite as torch
    >>> w = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = SGD([w], lr=0.5)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.tolist()
    [0.0, 0.0]
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_number(lr, "learning rate", "lr")
        check_number(momentum, "momentum value", "momentum")
        check_number(weight_decay, "weight_decay value", "weight_decay")
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        check_implementation(fused=fused, foreach=foreach, differentiable=differentiable)
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
            "foreach": foreach,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)

    def _leaves_rows(self, group: Group) -> bool:
        plain = not group["momentum"] and not group["weight_decay"]
        return plain and math.isfinite(number(group["lr"]))

    def _names(self, group: Group) -> tuple[str, ...]:
        return ("momentum_buffer",) if group["momentum"] else ()

    def _advance(self, group: Group, param: Tensor) -> bool:
        """Make room for the buffer at the first step, and say whether this is the first."""
        if not group["momentum"] or self.state[param].get("momentum_buffer") is not None:
            return False
        self.state[param]["momentum_buffer"] = make(np.empty_like(buffer(param)), None)
        return True

    def _scalars(self, group: Group, phase: bool) -> Scalars:
        return number(group["lr"]), phase

    def _update(self, group: Group, scalars: Scalars, p: Array, g: Array, *arrays: Array) -> None:
        lr, first = scalars
        d: Any = decayed(g, p, number(group["weight_decay"]), maximize=group["maximize"])
        if arrays:
            (velocity,) = arrays
            momentum = group["momentum"]
            if first:
                velocity[...] = d
            else:
                velocity *= momentum
                velocity += d if group["dampening"] == 0 else (1 - group["dampening"]) * d
            d = d + momentum * velocity if group["nesterov"] else velocity
        p -= np.multiply(d, lr, out=self._scratch_like(p))

    def _update_apart(self, group: Group, params: list[Array], gradients: list[Array]) -> bool:
        """Without momentum and decay: two calls each, and copying them together takes three."""
        if group["momentum"] or group["weight_decay"]:
            return False
        lr = -number(group["lr"]) if group["maximize"] else number(group["lr"])
        rate = np.array(lr, params[0].dtype)  # a product with a number takes twice as long
        for p, g in zip(params, gradients, strict=True):
            np.subtract(p, g * rate, out=p)
        return True
