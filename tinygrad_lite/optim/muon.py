"""Muon: momentum whose matrix is made orthogonal before the step."""

from __future__ import annotations

import math

import numpy as np

from .._nodes import make
from .._record import stamp
from .._tensor import Tensor
from ._checks import check_number, number
from .optimizer import (
    Array,
    Closure,
    Group,
    Optimizer,
    Params,
    buffer,
    gradient,
)

__all__ = ["Muon"]

Coefficients = tuple[float, float, float]


class Muon(Optimizer):
    """Momentum for the matrices of hidden layers, each step close to an orthogonal matrix.

    b ← b + (1 − momentum)(g − b); u = b, or, with Nesterov, g + momentum (b − g);
    p ← (1 − lr · weight_decay) p − lr · scale · O(u). O brings the singular values of u near 1 by
    `ns_steps` rounds of X ← a X + (b A + c A²) X with A = X Xᵀ, from X = u / ‖u‖. `scale` is
    √max(1, rows / columns), or 0.2 √max(rows, columns) for "match_rms_adamw".

    Source: Jordan et al., "Muon: An optimizer for hidden layers in neural networks" (2024).

    Differs from PyTorch: the rounds are computed in the parameter's own dtype, not in bfloat16, so
    that steps agree to two digits only. Nothing else differs: when PyTorch's do not round either,
    ten steps in float64 agree to nine digits.
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: Coefficients = (3.4445, -4.775, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        check_number(lr, "learning rate", "lr")
        check_number(momentum, "momentum value", "momentum")
        check_number(weight_decay, "weight_decay value", "weight_decay")
        if adjust_lr_fn not in (None, "original", "match_rms_adamw"):
            raise ValueError(
                f"Adjust learning rate function {adjust_lr_fn} is not supported: "
                "use 'original' or 'match_rms_adamw'"
            )
        defaults = {
            "lr": lr,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "nesterov": nesterov,
            "ns_coefficients": ns_coefficients,
            "eps": eps,
            "ns_steps": ns_steps,
            "adjust_lr_fn": adjust_lr_fn,
        }
        super().__init__(params, defaults)
        for group in self.param_groups:
            for param in group["params"]:
                if param.ndim != 2:
                    raise ValueError(
                        "Muon only supports 2D parameters whereas we found a parameter with size: "
                        f"{tuple(param.shape)}. Give biases and embeddings to AdamW"
                    )

    def step(self, closure: Closure | None = None) -> object:
        """Update the parameters once; `closure` recomputes the loss, which is returned."""
        loss = self._evaluate(closure)
        for group, param in self._walk():
            self._step_one(group, param)
        return loss

    def _step_one(self, group: Group, param: Tensor) -> None:
        p = buffer(param)
        g = gradient(param)
        state, momentum, lr = self.state[param], group["momentum"], number(group["lr"])
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = make(np.zeros_like(p), None)
        velocity = buffer(state["momentum_buffer"])
        velocity += (1 - momentum) * (g - velocity)
        update = g + momentum * (velocity - g) if group["nesterov"] else velocity
        update = orthogonal(update, group["ns_coefficients"], group["ns_steps"], group["eps"])
        p *= 1 - lr * group["weight_decay"]
        p -= lr * _scale(group["adjust_lr_fn"], p.shape) * update
        stamp(p, "Muon.step()")


def orthogonal(matrix: Array, coefficients: Coefficients, steps: int, eps: float) -> Array:
    """Bring the singular values of a matrix near 1 by Newton-Schulz rounds."""
    if steps >= 100:
        raise ValueError("Number of steps must be less than 100 for computational efficiency")
    a, b, c = coefficients
    wide = matrix.shape[0] <= matrix.shape[1]
    x = matrix if wide else matrix.T
    x = x / max(float(np.linalg.norm(x)), eps)
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * (gram @ gram)) @ x
    return x if wide else x.T


def _scale(name: str | None, shape: tuple[int, ...]) -> float:
    rows, columns = shape
    if name == "match_rms_adamw":
        return 0.2 * math.sqrt(max(rows, columns))
    return math.sqrt(max(1, rows / columns))
