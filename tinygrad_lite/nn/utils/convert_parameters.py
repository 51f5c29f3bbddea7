"""All parameters as one vector, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..._tensor import Tensor
from ...ops.shape import cat

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["parameters_to_vector", "vector_to_parameters"]


def parameters_to_vector(parameters: Iterable[Tensor]) -> Any:
    """The elements of all parameters, one after the other; gradients flow through."""
    return cat(*(p.reshape((p.numel(),)) for p in parameters), axis=0)


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Put the elements of `vec` into the parameters, in the same order."""
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected torch.Tensor, but got: {type(vec).__name__}")
    values, start = vec.detach(), 0
    for p in parameters:
        stop = start + p.numel()
        p.data = values[start:stop].reshape(tuple(p.shape)).clone()
        start = stop
