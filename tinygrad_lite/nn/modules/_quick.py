"""Calls of a layer that is one operation, where nothing is recorded.

For one sample a layer computes for a microsecond; `Module.__call__`, `forward`, the functional and
the operation's recorder take two more. Under no_grad they have nothing to do: there is no node
that would want the module's name, and no watcher. Such a call computes at once. Whatever is
unusual (hooks, another `forward`, other types, an error) goes through `Module.__call__`, which is
the plain twin as well: with TINYGRAD_LITE_PLAIN=1 there are no quick calls.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..._kernels import PLAIN
from ..._nodes import make
from ..._op import Op
from ..._state import here
from ..._tensor import Tensor
from ._hooks import everywhere
from .module import Module

__all__ = ["quick_affine", "quick_unary"]

Call = Callable[..., Any]


def quick_unary(op: Op, forward: Call) -> Call:
    """`__call__` of a layer that applies an elementwise operation; its `forward` is given."""
    compute = op.forward

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        state = here.state
        if not (state.grad or kwargs or self._hooked or everywhere.hooked) and len(args) == 1:
            (x,) = args
            if (
                x.__class__ is Tensor
                and x._view is None
                and state.watch is None
                and getattr(self.forward, "__func__", None) is forward
            ):
                array = x._array
                if array.dtype.kind == "f" and array.ndim and not self.__dict__.get("inplace"):
                    return make(compute(array), None)
        return Module.__call__(self, *args, **kwargs)

    return Module.__call__ if PLAIN else call


def quick_affine(op: Op, forward: Call) -> Call:
    """`__call__` of a layer whose operation takes an input, a weight and a bias."""
    compute = op.forward

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        state = here.state
        if not (state.grad or kwargs or self._hooked or everywhere.hooked):
            try:
                (x,) = args
                array, bias = x._array, self.bias._array
                if (
                    array.dtype is bias.dtype
                    and x.__class__ is Tensor
                    and x._view is None
                    and state.watch is None
                    and getattr(self.forward, "__func__", None) is forward
                ):
                    return make(compute(array, self.weight._array, bias), None)
            except (AttributeError, IndexError, RuntimeError, ValueError):
                pass  # no bias, no tensor, other shapes: the general way answers or explains
        return Module.__call__(self, *args, **kwargs)

    return Module.__call__ if PLAIN else call
