"""Calls of a layer that is one operation.

For one sample a layer computes for a microsecond; `Module.__call__`, `forward` and the functional
take two more. Most calls need none of them: no hooks, nobody watches, the layer's own `forward`.
Such a call notes which module is at work and hands its operands to the operation's recorder; where
nothing is recorded it computes at once. Whatever is unusual (hooks, another `forward`, other
types, an error) goes through `Module.__call__`, which is the plain twin as well: with
TINYGRAD_LITE_PLAIN=1 there are no quick calls.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..._kernels import PLAIN
from ..._nodes import make
from ..._op import Op
from ..._state import State, here
from ..._tensor import Tensor
from ._hooks import everywhere
from ._scope import note_module
from .module import Module

__all__ = ["quick_affine", "quick_unary"]

Call = Callable[..., Any]
# What the careful way answers or explains: no tensor, no bias, shapes that do not fit.
MISTAKES = (AttributeError, IndexError, RuntimeError, ValueError)


def enter(state: State, module: Module) -> Any:
    """Note that `module` is at work, as Module.__call__ does; return what was before."""
    parent = state.scope
    if parent is None:
        state.scope = [module, None, 0, 0]
    else:
        number = parent[3]
        parent[3] = number + 1
        state.scope = [module, parent, number, 0]
    return parent


def quick_unary(op: Op, forward: Call) -> Call:
    """`__call__` of a layer that applies an elementwise operation; its `forward` is given."""
    compute = op.forward

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        state = here.state
        if len(args) == 1 and not (kwargs or self._hooked or everywhere.hooked):
            (x,) = args
            own = self.__dict__
            if (
                x.__class__ is Tensor
                and state.watch is None
                and self.__class__.forward is forward
                and "forward" not in own
                and not own.get("inplace")
                and x._array.dtype.kind == "f"
            ):
                if state.grad:
                    return _recorded(self, state, op, x)
                if x._view is None and x._array.ndim:
                    return make(compute(x._array), None)
        return Module.__call__(self, *args, **kwargs)

    return Module.__call__ if PLAIN else call


def _recorded(module: Module, state: State, op: Op, x: Any) -> Any:
    parent = enter(state, module)
    try:
        return op.run(x)
    except BaseException as error:
        note_module(error, state.scope)
        raise
    finally:
        state.scope = parent


def quick_affine(op: Op, forward: Call) -> Call:
    """`__call__` of a layer whose operation takes an input, a weight and a bias."""
    compute = op.forward

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        state = here.state
        if len(args) == 1 and not (kwargs or self._hooked or everywhere.hooked):
            (x,) = args
            if (
                x.__class__ is Tensor
                and state.watch is None
                and self.__class__.forward is forward
                and "forward" not in self.__dict__
            ):
                try:
                    weight, bias = self.weight, self.bias
                    if state.grad:
                        if weight._array.ndim == 2 and bias._array.ndim == 1:
                            return _recorded_affine(self, state, op, (x, weight, bias))
                    elif x._view is None and x._array.dtype is bias._array.dtype:
                        return make(compute(x._array, weight._array, bias._array), None)
                except MISTAKES:
                    pass
        return Module.__call__(self, *args, **kwargs)

    return Module.__call__ if PLAIN else call


def _recorded_affine(module: Module, state: State, op: Op, operands: tuple[Any, Any, Any]) -> Any:
    parent = enter(state, module)
    try:
        return op.run(*operands)
    except MISTAKES:
        if parent is not None:
            parent[3] -= 1  # this call did not take place: the careful way will be the first
        raise
    finally:
        state.scope = parent
