"""A look at what the backward of a custom Function returns, before the engine tidies it up.

The engine sums a gradient of the broadcast shape down to the input's shape and converts its dtype.
That is kind, and hides a missing sum.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..._tensor import Tensor
from ..function import CallNode, Function
from .behaviour import Fault, broadcast_axes, coarser, same

if TYPE_CHECKING:
    from collections.abc import Sequence


class CallSpy:
    """Stands in for a Function in one recorded call, and looks at what backward does."""

    def __init__(self, node: CallNode) -> None:
        self.function = node.function
        self.__name__ = node.function.__name__
        self.shapes = node.shapes
        self.dtypes = tuple(dtype_behind(parent) for parent in node.parents)
        self.fault: Fault | None = None

    def backward(self, ctx: Any, *upstream: Any) -> Any:
        """What the Function's backward returns; noted if it needs forgiving."""
        function = self.function
        back = function.vjp if function.backward is Function.backward else function.backward
        before = [np.array(g._array) if isinstance(g, Tensor) else None for g in upstream]
        returned = back(ctx, *upstream)
        if self.fault is None:
            self.fault = self.changed(before, upstream) or self.forgiven(returned)
        return returned

    vjp = backward

    def changed(self, before: Sequence[Any], upstream: Sequence[Any]) -> Fault | None:
        """A fault if backward changed the gradient it was given."""
        for array, g in zip(before, upstream, strict=True):
            if array is not None and not same(array, np.asarray(g._array)):
                return Fault(
                    "upstream gradient modified in place by backward",
                    f"{self.__name__}.backward changes grad_output; others still read it: write "
                    "g = g * ... instead of g.mul_(...)",
                )
        return None

    def forgiven(self, returned: Any) -> Fault | None:
        """A fault if a gradient lacks the shape or dtype of its input."""
        gradients = returned if isinstance(returned, tuple) else (returned,)
        beyond = gradients[len(self.shapes) :]  # may be None, as in PyTorch
        if len(gradients) < len(self.shapes) or any(g is not None for g in beyond):
            return Fault(
                "wrong number of gradients",
                f"{self.__name__}.backward returned {len(gradients)} for {len(self.shapes)} "
                "inputs; return one per input of forward, None for those without a gradient",
            )
        for number, (g, shape, dtype) in enumerate(
            zip(gradients, self.shapes, self.dtypes, strict=False)
        ):
            if not isinstance(g, Tensor) or dtype is None:
                continue
            if tuple(g.shape) != tuple(shape):
                return self.unsummed(number, tuple(g.shape), tuple(shape))
            if coarser(g._array.dtype, dtype):
                return Fault(
                    "wrong dtype of the gradient",
                    f"{self.__name__}.backward returned {g._array.dtype} as gradient {number} for "
                    f"an input of {dtype}; the engine converts it, precision may be lost",
                )
        return None

    def unsummed(self, number: int, got: tuple[int, ...], shape: tuple[int, ...]) -> Fault:
        """The fault of a gradient of the broadcast shape."""
        axes = ", ".join(map(str, broadcast_axes(shape, got)))
        if not axes:
            return Fault(
                "wrong shape of the gradient",
                f"{self.__name__}.backward returned the shape {got} as gradient {number} for an "
                f"input of shape {shape}",
            )
        return Fault(
            f"missing sum over the broadcast axis {axes} (missing unbroadcast, wrong shape)",
            f"{self.__name__}.backward returned the shape {got} as gradient {number} for an input "
            f"of shape {shape}; the engine forgives it by summing, others do not",
        )


def dtype_behind(node: Any) -> Any:
    """The dtype of the tensor that a node made, None where no gradient is wanted."""
    if node is None:
        return None
    if hasattr(node, "tensor"):
        tensor = node.tensor()
        return None if tensor is None else tensor._array.dtype
    return node.dtype


def spy_on(results: Sequence[Any]) -> list[CallSpy]:
    """Place spies into all calls of Functions behind `results`."""
    found, seen = [], set()
    stack = [result._node for result in results if result._node is not None]
    while stack:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, CallNode):
            spy = CallSpy(node)
            node.function = spy  # type: ignore[assignment]
            found.append(spy)
        stack += [parent for parent, _ in node.edges()]
    return found
