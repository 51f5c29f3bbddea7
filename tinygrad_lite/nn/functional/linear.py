"""Affine and bilinear maps."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..._advice import for_features
from ...ops import linear as ops
from ...ops.elementwise import cast
from ...ops.matmul import matmul, swap
from ...ops.reduction import sum
from ...ops.shape import reshape
from ._arguments import count, need_tensor

if TYPE_CHECKING:
    from ..._tensor import Tensor

__all__ = ["bilinear", "linear"]


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x Wᵀ + b over the last axis.

    Shapes: input (…, in), weight (out, in) or (in), bias (out) -> (…, out) or (…)

    >>> import tinygrad_lite as torch
    >>> torch.nn.functional.linear(torch.tensor([1.0, 2.0]), torch.tensor([[3.0, 4.0]]))
    tensor([11.])
    """
    try:  # the usual call, which is made for every layer of every sample
        if weight._array.ndim == 2 and bias._array.ndim == 1:  # type: ignore[union-attr]
            return ops.linear.run(input, weight, bias)  # type: ignore[no-any-return]
    except (AttributeError, IndexError, RuntimeError, ValueError):
        pass  # no tensor, or shapes that do not fit: found out again, with care
    return _linear(input, weight, bias)


def _linear(input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Every other call, checked."""
    need_tensor("linear", input)
    need_tensor("linear", weight, "weight")
    if bias is not None:
        need_tensor("linear", bias, "bias")
    if weight.ndim == 1:
        product = matmul(input, weight)
        return product if bias is None else product + bias  # type: ignore[no-any-return]
    if not input.ndim:
        raise RuntimeError(
            "both arguments to linear need to be at least 1D, but they are 0D and "
            f"{weight.ndim}D: give the features an axis, as in input.reshape(1)"
        )
    if weight.ndim != 2 or input.shape[-1] != weight.shape[1]:
        raise RuntimeError(
            "mat1 and mat2 shapes cannot be multiplied: linear expects input (…, in) and weight "
            f"(out, in), got {tuple(input.shape)} and {tuple(weight.shape)}"
            + (
                f"; {for_features(input.shape, weight.shape[1], weight.shape[0])}"
                if weight.ndim == 2
                else ""
            )
        )
    if bias is None:
        return ops.linear_without_bias(input, weight)  # type: ignore[no-any-return]
    if bias.ndim == 1 and count(bias) not in {1, weight.shape[0]}:
        raise RuntimeError(
            f"The expanded size of the tensor ({weight.shape[0]}) must match the existing size "
            f"({count(bias)}) at non-singleton dimension {input.ndim - 1}: linear expects a bias "
            f"for each of the {weight.shape[0]} rows of weight, got {count(bias)}"
        )
    if bias.ndim > 1:
        return ops.linear_without_bias(input, weight) + bias  # type: ignore[no-any-return]
    return ops.linear(input, weight, bias)  # type: ignore[no-any-return]


def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x₁ᵀ W[k] x₂ + b[k] for every k.

    Shapes: input1 (…, in₁), input2 (…, in₂), weight (out, in₁, in₂), bias (out) -> (…, out)
    """
    need_tensor("bilinear", input1, "input1")
    need_tensor("bilinear", input2, "input2")
    need_tensor("bilinear", weight, "weight")
    if input1.shape[:-1] != input2.shape[:-1]:
        raise RuntimeError(
            "bilinear(): input batch dimensions do not match: got "
            f"{list(input1.shape[:-1])} and {list(input2.shape[:-1])}"
        )
    if weight.shape[1:] != (input1.shape[-1], input2.shape[-1]):
        raise RuntimeError(
            f"bilinear(): weight of shape (out, {input1.shape[-1]}, {input2.shape[-1]}) expected, "
            f"got {tuple(weight.shape)}"
        )
    samples = math.prod(input1.shape[:-1])
    first = reshape(input1, shape=(samples, input1.shape[-1]))
    second = reshape(input2, shape=(samples, input2.shape[-1]))
    # (out, N, in₂): x₁ᵀ W[k], then the row-wise product with x₂
    rows = swap(sum(matmul(first, weight) * second, axis=-1))
    out = reshape(rows, shape=(*input1.shape[:-1], weight.shape[0]))
    if input1._array.dtype.kind != "f":  # sums of small integers are wider
        out = cast(out, dtype=input1._array.dtype)
    return out if bias is None else out + bias  # type: ignore[no-any-return]
