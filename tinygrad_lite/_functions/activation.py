"""The activations that PyTorch also has at the top level and as methods: x.relu(), x.softmax(1)."""

from __future__ import annotations

from typing import Any

from ..ops import activation as ops
from ._dims import as_dtype, axis_of, legacy_name
from ._surface import need_tensor, surface

__all__: list[str] = []


@surface(inplace=True, alone=ops.relu)
def relu(input: Any) -> Any:
    """The larger of 0 and each element; the gradient at 0 is 0."""
    if input._array.dtype.kind == "b":
        raise RuntimeError("Boolean inputs not supported for relu")
    return ops.relu.run(input)


def _along(name: str, op: Any, x: Any, dim: Any, dtype: Any) -> Any:
    if dtype is not None:
        x = as_dtype(x, dtype)
    axis = axis_of(x, dim)
    if x._array.dtype.kind != "f":
        raise NotImplementedError(
            f"\"{name}_lastdim_kernel_impl\" not implemented for '{legacy_name(x)}': "
            "convert with .float(), or pass dtype="
        )
    return op.run(x, axis)


@surface
def softmax(input: Any, dim: int, dtype: Any = None) -> Any:
    """Exponentials along `dim`, divided by their sum."""
    return _along("softmax", ops.softmax, input, dim, dtype)


@surface
def log_softmax(input: Any, dim: int, dtype: Any = None) -> Any:
    """The logarithm of softmax along `dim`, without overflow."""
    return _along("log_softmax", ops.log_softmax, input, dim, dtype)


@surface
def hardshrink(input: Any, lambd: float = 0.5) -> Any:
    """`input` where it lies outside [-lambd, lambd], else 0."""
    return ops.hardshrink.run(input, lambd)


@surface
def prelu(input: Any, weight: Any) -> Any:
    """`input` where positive, else `weight` (one, or one per channel) times it."""
    need_tensor("prelu", weight, "weight", 2)
    if weight._array.size != 1:
        channels = input._array.shape[1] if input._array.ndim > 1 else 1
        if input._array.ndim == 0 or weight._array.size != channels:
            raise RuntimeError(
                f"Mismatch of parameter numbers and input channel size. Found parameter numbers = "
                f"{weight._array.size} and channel size = {channels}."
            )
        weight = weight.reshape((1, -1) + (1,) * (input._array.ndim - 2))
    return ops.prelu.run(input, weight)
