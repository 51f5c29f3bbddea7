"""Adam for tables of which each step touches a few rows."""

from __future__ import annotations

import numpy as np

from .._nodes import make
from .._record import stamp
from .._tensor import Tensor
from ._checks import check_fraction, check_number, number
from .optimizer import Array, Closure, Group, Optimizer, Params, State, buffer, gradient

__all__ = ["SparseAdam"]


class SparseAdam(Optimizer):
    """Adam that leaves rows without a gradient alone, moments and all.

    m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g² and p ← p − lr · m̂ / (√v̂ + eps), each only in
    the rows (along the first axis) whose gradient is not zero; the step number t of the
    corrections counts all steps. Meant for large embeddings.

    Differs from PyTorch: there the gradient has to be a sparse tensor, and the rows it names are
    touched. Gradients are dense here, so a named row whose gradient is exactly zero is not.

    >>> import tinygrad_lite as torch
    >>> table = torch.nn.Embedding(3, 1, _weight=torch.ones(3, 1), sparse=True)
    >>> optimizer = SparseAdam(table.parameters(), lr=0.1)
    >>> table(torch.tensor([2])).sum().backward()
    >>> optimizer.step()
    >>> (table.weight < 1).flatten()  # which rows have moved
    tensor([False, False,  True])
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        maximize: bool = False,
    ) -> None:
        for value, title, name in ((lr, "learning rate", "lr"), (eps, "epsilon value", "eps")):
            check_number(value, title, name)
            if not number(value) > 0:
                raise ValueError(f"Invalid {title}: {value}; {name} must be greater than 0")
        for i, beta in enumerate(betas):
            check_fraction(beta, "beta parameter", f"betas[{i}]", index=i)
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "maximize": maximize})

    def step(self, closure: Closure | None = None) -> object:
        """Update the parameters once; `closure` recomputes the loss, which is returned."""
        loss = self._evaluate(closure)
        for group, param in self._walk():
            self._step_one(group, param)
        return loss

    def _step_one(self, group: Group, param: Tensor) -> None:
        p, g, state = np.atleast_1d(buffer(param)), gradient(param), self.state[param]
        if not state:
            state["step"] = 0
            state["exp_avg"] = make(np.zeros(g.shape, p.dtype), None)
            state["exp_avg_sq"] = make(np.zeros(g.shape, p.dtype), None)
        state["step"] += 1
        g = np.atleast_1d(-g if group["maximize"] else g)
        rows = np.flatnonzero(g.reshape(g.shape[0], -1).any(axis=1))
        if rows.size:
            p[rows] -= _change(group, state, rows, g[rows])
            stamp(p, "SparseAdam.step()")


def _change(group: Group, state: State, rows: Array, g: Array) -> Array:
    """Move the moments of `rows` towards those of `g`, and return the step of these rows."""
    beta1, beta2 = group["betas"]
    means, squares = (np.atleast_1d(buffer(state[name])) for name in ("exp_avg", "exp_avg_sq"))
    m, v = means[rows], squares[rows]
    m += (1 - beta1) * (g - m)
    v += (1 - beta2) * (g * g - v)
    means[rows], squares[rows] = m, v
    step = state["step"]
    rate = number(group["lr"]) * (1 - beta2**step) ** 0.5 / (1 - beta1**step)
    change: Array = rate * m / (np.sqrt(v) + group["eps"])
    return change
