"""Gradient checks in float64, of the full Jacobian, as PyTorch does by default."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from .inputs import normal

__all__ = ["convolution", "linear"]


class Check:
    """autograd.gradcheck of a function of several inputs."""

    def __init__(self, torch: Any, function: Any, *shapes: tuple[int, ...]) -> None:
        self.gradcheck = import_module(f"{torch.__name__}.autograd").gradcheck
        self.function = function
        self.inputs = tuple(
            torch.tensor(normal(*shape, seed=i).astype("float64"), requires_grad=True)
            for i, shape in enumerate(shapes)
        )

    def step(self) -> Any:
        """Check once."""
        return self.gradcheck(self.function, self.inputs)

    def evidence(self) -> dict[str, Any]:
        """Whether it passed."""
        return {"passed": np.array(bool(self.step()))}


def linear(torch: Any) -> Any:
    """tanh of a linear layer 20 x 20, batch 5."""
    return Check(torch, lambda x, w: torch.tanh(x @ w.T), (5, 20), (20, 20))


def convolution(torch: Any) -> Any:
    """A 3x3 convolution of two 6x6 images."""
    conv2d = torch.nn.functional.conv2d
    return Check(torch, conv2d, (2, 2, 6, 6), (3, 2, 3, 3))
