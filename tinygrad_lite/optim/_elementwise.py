"""The common step of the optimizers that treat every element of a parameter alike.

An optimizer of this kind says what it remembers of a parameter (`_recall`) and how a piece of the
parameter changes (`_update`, in place). The walk over the parameters, the pieces, and the flag of
an interrupted step are here, once.

Pieces: ten passes over an array that does not fit the processor's cache wait for memory ten times.
Run on 32,768 elements at a time they wait once: a step of Adam over 800,000 parameters takes 0.65
of PyTorch's time in pieces and 0.99 in whole arrays (benchmarks/optim.py measures both).
"""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from .._dtypes import get_default_dtype
from .._nodes import make
from .._record import stamp
from .._tensor import Tensor
from .optimizer import Array, Closure, Group, Optimizer, State, buffer, parameters_with_gradient

if TYPE_CHECKING:
    from collections.abc import Iterable

_PIECE = 32_768
_PLAIN = bool(os.environ.get("TINYGRAD_LITE_PLAIN"))

Arrays: TypeAlias = tuple[Array, ...]
Scalars: TypeAlias = tuple[Any, ...]


class Elementwise(Optimizer):
    """An optimizer whose update of an element depends on that element alone."""

    def step(self, closure: Closure | None = None) -> Any:
        """Update the parameters once; `closure` recomputes the loss, which is returned."""
        loss = self._evaluate(closure)
        position = 0
        for group in self.param_groups:
            _check_differentiable(group)
            for param in parameters_with_gradient(group):
                self._updating = position
                self._step_one(group, param)
                position += 1
        self._updating = None
        return loss

    def _step_one(self, group: Group, param: Tensor) -> None:
        p = buffer(param)
        g = np.asarray(param._grad._array)
        arrays, scalars = self._recall(group, param)
        for piece in pieces(p.shape):
            self._update(group, scalars, p[piece], g[piece], *(a[piece] for a in arrays))
        stamp(p, f"{type(self).__name__}.step()", depth=4)

    def _begin(self, param: Tensor, *names: str) -> State:
        """Return the state of a parameter; at its first step a counter, and zeros for `names`."""
        state = self.state[param]
        if not state:
            state["step"] = scalar(0.0)
            for name in names:
                state[name] = make(np.zeros_like(buffer(param)), None)
        return state

    def _recall(self, group: Group, param: Tensor) -> tuple[Arrays, Scalars]:
        """Return the state's arrays and this step's numbers; begin the state at the first step."""
        raise NotImplementedError

    def _update(self, group: Group, scalars: Scalars, p: Array, g: Array, *arrays: Array) -> None:
        """Change a piece of a parameter and of its state in place."""
        raise NotImplementedError


def pieces(shape: tuple[int, ...]) -> Iterable[Any]:
    """Cut the first axis so that a piece has about 32,768 elements; a 0-d array becomes 1-d."""
    if not shape:
        return (None,)
    size = math.prod(shape)
    if _PLAIN or size <= _PIECE:
        return (...,)
    rows = max(1, _PIECE // (size // shape[0]))
    return (slice(start, start + rows) for start in range(0, shape[0], rows))


def count(state: State) -> int:
    """Advance the step counter of a parameter and return it."""
    step = state["step"]
    if not isinstance(step, Tensor):  # PyTorch kept a plain number before 1.12
        step = state["step"] = scalar(step)
    step._array = step._array + 1
    return int(step._array)


def scalar(value: float) -> Tensor:
    """Return a number of the state as PyTorch keeps it: a tensor of the default dtype."""
    return make(np.array(value, get_default_dtype().numpy), None)


def decayed(g: Array, p: Array, decay: float, *, maximize: bool) -> Array:
    """Return the direction to go against: the gradient, its sign turned to maximize, plus decay."""
    if maximize:
        g = -g
    return g + decay * p if decay else g


def _check_differentiable(group: Group) -> None:
    if group.get("differentiable"):
        raise NotImplementedError(
            "differentiable=True: a step cannot be recorded here. Write the update with tensor "
            "operations, for instance p - lr * g with g from autograd.grad(..., create_graph=True)"
        )
