"""The kit of operations over a NumPy-like namespace: autograd's and JAX's."""

from __future__ import annotations

import math
from typing import Any

__all__ = ["Numeric"]


class Numeric:
    """Operations over `xp`; `erf` and the convolution are the library's own."""

    def __init__(self, xp: Any, erf: Any) -> None:
        self.xp, self.erf = xp, erf
        for name in ("tanh", "matmul", "reshape", "transpose", "sum"):
            setattr(self, name, getattr(xp, name))

    def constant(self, x: Any) -> Any:
        """An array that wants no gradient."""
        return x

    def linear(self, x: Any, weight: Any, bias: Any) -> Any:
        """x Wᵀ + b."""
        return self.xp.matmul(x, weight.T) + bias

    def relu(self, x: Any) -> Any:
        """x where positive."""
        return self.xp.maximum(x, 0)

    def sigmoid(self, x: Any) -> Any:
        """1 / (1 + e^−x), by tanh."""
        return self.xp.tanh(x * 0.5) * 0.5 + 0.5

    def gelu(self, x: Any) -> Any:
        """By the error function."""
        return x * (self.erf(x * math.sqrt(0.5)) * 0.5 + 0.5)

    def softmax(self, x: Any) -> Any:
        """Along the last axis."""
        grown = self.xp.exp(x - self.xp.max(x, axis=-1, keepdims=True))
        return grown / self.xp.sum(grown, axis=-1, keepdims=True)

    def layer_norm(self, x: Any, weight: Any, bias: Any) -> Any:
        """Along the last axis."""
        low = x - self.xp.mean(x, axis=-1, keepdims=True)
        variance = self.xp.mean(low * low, axis=-1, keepdims=True)
        return low / self.xp.sqrt(variance + 1e-5) * weight + bias

    def cross_entropy(self, x: Any, y: Any) -> Any:
        """The mean over rows."""
        low = x - self.xp.max(x, axis=1, keepdims=True)
        logs = low - self.xp.log(self.xp.sum(self.xp.exp(low), axis=1, keepdims=True))
        return -self.xp.sum(logs[self.xp.arange(len(y)), y]) / len(y)
