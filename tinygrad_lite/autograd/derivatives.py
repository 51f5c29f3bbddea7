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


def _stand_in(edge: Any) -> Any:
    """A tensor without values that has the shape, type and history of one result of a node."""
    node, which = edge.node, edge.output_nr
    if node.__class__ is Leaf:
        return node.tensor()
    shape, dtype = node.shape, node.dtype
    if getattr(node, "results", 0):
        shape, dtype, node = shape[which], dtype[which], Pick(node, which)
    return make(np.empty(shape, dtype), node)


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
    if not inputs:
        raise RuntimeError("`inputs` argument to `grad()` cannot be empty.")
    if is_grads_batched:
        return _batched(outputs, inputs, weights, create_graph, allow_unused, materialize_grads)
    found = gradients_of(outputs, weights, inputs, retain_graph, create_graph)
    if materialize_grads:
        return tuple(
            _zeros(x, create_graph) if g is None else g for g, x in zip(found, inputs, strict=True)
        )
    if not allow_unused and any(g is None for g in found):
        place = next(i for i, g in enumerate(found) if g is None)
        raise RuntimeError(
            f"The differentiated Tensor at index {place} appears to not have been used in the "
            "graph. Set allow_unused=True if this is the desired behavior."
        )
    return tuple(found)


def _zeros(x: Tensor, create: bool) -> Any:
    made = make(np.zeros_like(x._array), None)
    return made.requires_grad_() if create else made


def _batched(
    outputs: Any, inputs: Any, weights: Any, create: bool, unused: Any, materialize: bool
) -> tuple[Any, ...]:
    count = _batch_size(outputs, weights)
    if not count:
        return tuple(make(np.zeros((0, *x._array.shape), x._array.dtype), None) for x in inputs)
    rows = [
        grad(
            outputs, inputs, [w[i] for w in weights], True, create,
            allow_unused=unused or materialize,
        )
        for i in range(count)
    ]  # fmt: skip
    return tuple(
        apply(stack, column, {"axis": 0}) if column[0] is not None
        else _zeros(x, create) if materialize else None  # not one for each vector, as in PyTorch
        for x, column in zip(inputs, zip(*rows, strict=True), strict=True)
    )  # fmt: skip


def _batch_size(outputs: Any, weights: Any) -> int:
    """How many vectors there are in every one of `grad_outputs`."""
    sizes = set()
    for output, weight in zip(outputs, weights, strict=True):
        if weight is None or not weight._array.ndim:
            raise ValueError(
                "is_grads_batched=True wants a tensor in grad_outputs for every output, whose "
                "first dimension counts the vectors"
            )
        if weight._array.shape[1:] != output._array.shape:
            raise RuntimeError(
                "If `is_grads_batched=True`, we interpret the first dimension of each grad_output "
                "as the batch dimension. The sizes of the remaining dimensions are expected to "
                f"match the shape of corresponding output, but got {list(weight._array.shape)} for "
                f"an output of shape {list(output._array.shape)}"
            )
        sizes.add(len(weight._array))
    if len(sizes) > 1:
        raise ValueError(f"grad_outputs hold different numbers of vectors: {sorted(sizes)}")
    return sizes.pop() if sizes else 0


def Variable(data: Any, requires_grad: bool = False, volatile: bool = False) -> Tensor:
    """A tensor, as before PyTorch 0.4; `volatile` is accepted and ignored."""
    made = data.detach() if isinstance(data, Tensor) else data
    if not isinstance(made, Tensor):
        raise TypeError(f"Variable data has to be a tensor, but got {type(data).__name__}")
    return made.requires_grad_(requires_grad)
