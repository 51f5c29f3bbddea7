"""backward() and grad() as functions of several tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .._backward import backward_from, gradients_of
from .._nodes import Leaf, Pick, make
from .._record import apply
from .._tensor import Tensor
from ..ops.shape import stack

__all__ = ["Variable", "backward", "grad"]


class GradientEdge(NamedTuple):
    """One result of a node: where a gradient enters, without keeping the tensor alive."""

    node: Any
    output_nr: int
    ownership_token: Any = None


def _several(x: Any) -> list[Any]:
    return [x] if isinstance(x, Tensor) else list(x)


def _at_edges(x: Any) -> list[Any]:
    """Tensors, and stand-ins for the results that a GradientEdge speaks of."""
    given = [x] if isinstance(x, (Tensor, GradientEdge)) else list(x)
    return [_stand_in(e) if isinstance(e, GradientEdge) else e for e in given]


def _stand_in(edge: Any) -> Tensor:
    """A tensor without values that has the shape, type and history of one result of a node."""
    node, which = edge.node, edge.output_nr
    if node.__class__ is Leaf:
        return node.tensor()  # type: ignore[no-any-return]
    shape, dtype = node.shape, node.dtype
    if getattr(node, "results", 0):
        shape, dtype, node = shape[which], dtype[which], Pick(node, which)
    return make(np.empty(shape, dtype), node)  # type: ignore[no-any-return]


def _matched(gradients: Any, count: int) -> list[Any]:
    if gradients is None:
        return [None] * count
    found = _several(gradients)
    if len(found) != count:
        raise RuntimeError(f"got {count} tensors and {len(found)} gradients")
    return found


def backward(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Any = None,
    inputs: Any = None,
) -> None:
    """Add the gradients of the sum of `tensors`, weighted by `grad_tensors`, to the leaves."""
    outputs = _at_edges(tensors)
    inputs = None if inputs is None else _at_edges(inputs)
    weights = grad_tensors if grad_variables is None else grad_variables
    backward_from(outputs, _matched(weights, len(outputs)), retain_graph, create_graph, inputs)


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """The gradients of `outputs` with respect to `inputs`, without touching any `.grad`.

    Inputs that the outputs do not depend on raise, or give None (`allow_unused`) or zeros
    (`materialize_grads`).  With `is_grads_batched` the first axis of `grad_outputs` counts
    vectors, and the results have it too; they are worked out one after the other.
    """
    outputs, inputs = _at_edges(outputs), _at_edges(inputs)
    if materialize_grads and allow_unused is False:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True"
        )
    for x in inputs:
        if not x.requires_grad:
            raise RuntimeError(
                "One of the differentiated Tensors does not require grad: call requires_grad_() "
                "on it before it is used"
            )
    weights = _matched(grad_outputs, len(outputs))
    if is_grads_batched:
        return _batched(outputs, inputs, weights, create_graph, allow_unused)
    found = gradients_of(outputs, weights, inputs, retain_graph, create_graph)
    if materialize_grads:
        return tuple(_zeros(x) if g is None else g for g, x in zip(found, inputs, strict=True))
    if not allow_unused and any(g is None for g in found):
        raise RuntimeError(
            "One of the differentiated Tensors appears to not have been used in the graph. Set "
            "allow_unused=True if this is the desired behavior."
        )
    return tuple(found)


def _zeros(x: Tensor) -> Any:
    return make(np.zeros_like(x._array), None)


def _batched(outputs: Any, inputs: Any, weights: Any, create: bool, unused: Any) -> tuple[Any, ...]:
    rows = [
        grad(outputs, inputs, [w[i] for w in weights], True, create, allow_unused=unused)
        for i in range(len(weights[0]))
    ]
    return tuple(
        None if column[0] is None else apply(stack, column, {"axis": 0})
        for column in zip(*rows, strict=True)
    )


def Variable(data: Any, requires_grad: bool = False, volatile: bool = False) -> Tensor:
    """A tensor, as before PyTorch 0.4; `volatile` is accepted and ignored."""
    made = data.detach() if isinstance(data, Tensor) else data
    if not isinstance(made, Tensor):
        raise TypeError(f"Variable data has to be a tensor, but got {type(data).__name__}")
    return made.requires_grad_(requires_grad)
