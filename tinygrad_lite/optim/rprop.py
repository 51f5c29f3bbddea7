"""Resilient backpropagation: step sizes of their own for all elements, from signs alone."""

from __future__ import annotations

import numpy as np

from .._nodes import make
from .._tensor import Tensor
from ._checks import check_number, number
from ._elementwise import Elementwise, Scalars, decayed, scalar
from .optimizer import Array, Group, Params, State, buffer

__all__ = ["Rprop"]


class Rprop(Elementwise):
    """A step size for each element: it grows while the gradient keeps its sign, and else shrinks.

    s ← clip(s · η, step_sizes), where η is etas[1] where g · (previous g) > 0, etas[0] where it
    is < 0 (g then counts as 0), and 1 else; p ← p − s · sign(g).

    Source: Riedmiller and Braun, "A direct adaptive method for faster backpropagation learning:
    The RPROP algorithm" (1993). For whole data sets, not for batches.
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_number(lr, "learning rate", "lr")
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(f"Invalid eta values: {etas[0]}, {etas[1]}; 0 < etas[0] < 1 < etas[1]")
        defaults = {
            "lr": lr,
            "etas": etas,
            "step_sizes": step_sizes,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def _names(self, group: Group) -> tuple[str, ...]:
        return "prev", "step_size"

    def _start(self, group: Group, param: Tensor) -> State:
        p = buffer(param)
        return {
            "step": scalar(0.0),
            "prev": make(np.zeros_like(p), None),
            "step_size": make(np.full_like(p, number(group["lr"])), None),
        }

    def _scalars(self, group: Group, phase: int) -> Scalars:
        return ()

    def _update(self, group: Group, scalars: Scalars, p: Array, g: Array, *arrays: Array) -> None:
        previous, sizes = arrays
        shrink, grow = group["etas"]
        g = decayed(g, p, 0, maximize=group["maximize"])
        agreement = g * previous
        turned = agreement < 0
        sizes[turned] *= shrink
        sizes[agreement > 0] *= grow
        np.clip(sizes, *group["step_sizes"], out=sizes)
        previous[...] = g
        previous[turned] = 0
        p -= sizes * np.sign(previous)
