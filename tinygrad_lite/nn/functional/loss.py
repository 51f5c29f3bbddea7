"""Losses of regression and of pairs, under PyTorch's names."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._composite import composite
from ..._functions._dims import legacy_name
from ...ops import loss as ops
from ...ops.elementwise import (
    abs as absolute,
    cast,
    clamp,
    eq,
    exp,
    log,
    log1p,
    minimum,
    ne,
    sqrt,
    where,
)
from ...ops.reduction import sum as _sum
from ...ops.shape import reshape
from ._arguments import (
    array_of,
    choose_reduction,
    common_shape,
    need_tensor,
    not_for,
    same_sizes,
)
from .distance import pairwise_distance

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..._tensor import Tensor

__all__ = [
    "cosine_embedding_loss", "gaussian_nll_loss", "hinge_embedding_loss", "huber_loss", "l1_loss",
    "margin_ranking_loss", "mse_loss", "poisson_nll_loss", "smooth_l1_loss", "soft_margin_loss",
    "triplet_margin_loss", "triplet_margin_with_distance_loss",
]  # fmt: skip


def _take_floats(name: str, input: Any, target: Any) -> None:
    """Raise unless both are tensors, the input of fractions, which the result has."""
    need_tensor(name, input)
    need_tensor(name, target, "target")
    if not input.dtype.is_floating_point:
        raise RuntimeError(
            f"{name}: result type Float can't be cast to the desired output type "
            f"{legacy_name(input)}: the input has dtype {input.dtype}, convert it with .float()"
        )


def _one_of_floats(name: str, input: Any, target: Any) -> None:
    need_tensor(f"{name}_loss", input)
    need_tensor(f"{name}_loss", target, "target")
    if input._array.dtype.kind != "f" and target._array.dtype.kind != "f":
        raise not_for(name, input)


def _have_mean(name: str, reduction: str, input: Any) -> None:
    """Raise where the mean of whole numbers is asked for."""
    if reduction == "mean":
        raise RuntimeError(
            f"{name}: mean(): could not infer output dtype. Input dtype must be either a floating "
            f"point or complex dtype. Got: {legacy_name(input)} ({input.dtype}): convert the input "
            "with .float()"
        )


def _weighted(errors: Any, weight: Any, reduction: str, shape: Any, *, normalise: bool) -> Tensor:
    """The reduced errors, each counted `weight` times; `shape` is that of the input."""
    if weight is None:
        return ops.reduced(errors, reduction)  # type: ignore[no-any-return]
    if weight.shape != shape:
        raise ValueError(
            "Weights and input must have the same size. "
            f"Got {tuple(weight.shape)} for an input of {tuple(shape)}"
        )
    errors = errors * weight
    if reduction == "mean" and normalise:
        return _sum(errors) / _sum(weight)  # type: ignore[no-any-return]
    return ops.reduced(errors, reduction)  # type: ignore[no-any-return]


def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """|x − y|, its mean or its sum; gradient 0 where both are equal."""
    reduction = choose_reduction(size_average, reduce, reduction)
    need_tensor("l1_loss", input)
    need_tensor("l1_loss", target, "target")
    if input._array.dtype.kind != "f" and target._array.dtype.kind != "f":
        _have_mean("l1_loss", reduction, input)
    same_sizes("l1_loss", input, target)
    return _weighted(absolute(input - target), weight, reduction, input.shape, normalise=True)


def mse_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """(x − y)², its mean or its sum.

    The sum of squared errors of the textbooks, ½ Σ (y − t)², is half of reduction="sum"; its
    gradient y − t is half of what this loss gives.

    >>> import tinygrad_lite as torch
    >>> torch.nn.functional.mse_loss(torch.tensor([1.0, 2.0]), torch.tensor([0.0, 0.0]))
    tensor(2.5000)
    """
    _one_of_floats("mse", input, target)
    reduction = choose_reduction(size_average, reduce, reduction)
    same_sizes("mse_loss", input, target)
    if weight is None:
        return ops.mse_loss(input, target, reduction=reduction)  # type: ignore[no-any-return]
    errors = ops.mse_loss(input, target, reduction="none")
    return _weighted(errors, weight, reduction, input.shape, normalise=True)


def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    """½ (x − y)² / beta up to |x − y| = beta, beyond it |x − y| − beta/2.

    Source: Girshick, Fast R-CNN (2015).
    """
    reduction = choose_reduction(size_average, reduce, reduction)
    _one_of_floats("smooth_l1", input, target)
    same_sizes("smooth_l1_loss", input, target)
    if beta < 0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    return ops.reduced(ops.smooth_l1(input, target, beta=beta), reduction)  # type: ignore[no-any-return]


def huber_loss(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    delta: float = 1.0,
    weight: Tensor | None = None,
) -> Tensor:
    """½ (x − y)² up to |x − y| = delta, beyond it delta (|x − y| − delta/2).

    Source: Huber, Robust Estimation of a Location Parameter (1964).
    """
    reduction = choose_reduction(None, None, reduction)
    _one_of_floats("huber", input, target)
    _take_floats("huber_loss", input, target)
    same_sizes("huber_loss", input, target)
    if delta <= 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    errors = ops.huber(input, target, delta=delta)
    return _weighted(errors, weight, reduction, input.shape, normalise=False)


def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """−log of the Poisson probability of `target`: eˣ − t x, or x − t log(x + eps) of a plain rate.

    With `full`, Stirling's approximation of log t! is added for targets above 1.
    """
    reduction = choose_reduction(size_average, reduce, reduction)
    loss = exp(input) - target * input if log_input else input - target * log(input + eps)
    if full:
        large = target > 1
        safe = where(large, target, 1)
        stirling = safe * log(safe) - safe + 0.5 * log(2 * math.pi * safe)
        loss = loss + where(large, stirling, 0.0)
    return ops.reduced(loss, reduction)  # type: ignore[no-any-return]


@composite
def gaussian_nll_loss(
    input: Tensor,
    target: Tensor,
    var: Tensor | float,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:
    """½ (log var + (x − t)² / var): −log of the normal density up to a constant.

    The variance counts as at least `eps`, which is not differentiated.
    """
    need_tensor("gaussian_nll_loss", input)
    need_tensor("gaussian_nll_loss", target, "target")
    spread: Any = var
    if isinstance(var, (int, float)):
        spread = np.full(input.shape, var, array_of(input).dtype)
    if bool((array_of(spread) < 0).any()):
        raise ValueError("var has negative entry/entries")
    if spread.shape != input.shape:
        if spread.shape == input.shape[:-1]:
            spread = reshape(spread, shape=(*spread.shape, 1))
        elif spread.ndim != input.ndim or [
            size for wide, size in zip(input.shape, spread.shape, strict=True) if wide != size
        ] != [1]:  # one axis may be shared, and only one
            raise ValueError(
                f"var is of incorrect size: {tuple(spread.shape)} for an input of "
                f"{tuple(input.shape)}"
            )
    if reduction not in {"none", "mean", "sum"}:
        raise ValueError(reduction + " is not valid")
    # the bound moves the value and not the gradient
    values = array_of(spread)
    floor = spread + np.maximum(eps - values, 0).astype(values.dtype)
    error = input - target
    loss = (log(floor) + error * error / floor) * 0.5
    if full:
        loss = loss + 0.5 * math.log(2 * math.pi)
    return ops.reduced(loss, reduction)  # type: ignore[no-any-return]


def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """x where the target is 1, max(0, margin − x) where it is −1."""
    reduction = choose_reduction(size_average, reduce, reduction)
    need_tensor("hinge_embedding_loss", input)
    need_tensor("hinge_embedding_loss", target, "target")
    apart = _rectified(margin - input)
    if not input.dtype.is_floating_point:  # whole numbers stay so, and have no mean
        _have_mean("hinge_embedding_loss", reduction, input)
        apart = cast(apart, dtype=array_of(input).dtype)
    apart = where(ne(target, 1), apart, 0)
    return ops.reduced(where(ne(target, -1), input, 0) + apart, reduction)  # type: ignore[no-any-return]


def _rectified(x: Any) -> Any:
    """max(x, 0) with gradient 1 at 0, as PyTorch's losses have it."""
    return clamp(x, low=0)


def margin_ranking_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """max(0, −t (x₁ − x₂) + margin): x₁ should rank higher where t is 1, lower where −1."""
    reduction = choose_reduction(size_average, reduce, reduction)
    for label, given in (("input1", input1), ("input2", input2), ("target", target)):
        need_tensor("margin_ranking_loss", given, label)
    if not input1.ndim == input2.ndim == target.ndim:
        raise RuntimeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: "
            f"input1: {input1.shape}, input2: {input2.shape}, target: {target.shape} "
        )
    loss = _rectified(-target * (input1 - input2) + float(margin))
    return ops.reduced(loss, reduction)  # type: ignore[no-any-return]


def soft_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """log(1 + e^(−t x)), t being 1 or −1."""
    _take_floats("soft_margin_loss", input, target)
    shape = common_shape("soft_margin_loss", input, target)
    if shape != tuple(input.shape):
        raise RuntimeError(
            f"soft_margin_loss: output with shape {list(input.shape)} doesn't match the broadcast "
            f"shape {list(shape)}: give the target {list(target.shape)} the input's shape"
        )
    reduction = choose_reduction(size_average, reduce, reduction)
    return ops.reduced(log1p(exp(-target * input)), reduction)  # type: ignore[no-any-return]


def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """1 − cos(x₁, x₂) where the target is 1, max(0, cos(x₁, x₂) − margin) where it is −1."""
    reduction = choose_reduction(size_average, reduce, reduction)
    need_tensor("cosine_embedding_loss", input1, "input1")
    need_tensor("cosine_embedding_loss", input2, "input2")
    need_tensor("cosine_embedding_loss", target, "target")
    if target.ndim not in {0, 1}:
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    if target.ndim == 1 and (input1.ndim != 2 or input2.ndim != 2):
        raise RuntimeError(
            f"1D target tensor expects 2D input tensors, but found inputs with sizes "
            f"{list(input1.shape)} and {list(input2.shape)}."
        )
    cosine = _cosine(input1, input2, -1 if target.ndim == 0 else 1)
    apart = where(eq(target, -1), _rectified(cosine - margin), 0.0)
    return ops.reduced(where(eq(target, 1), 1 - cosine, 0.0) + apart, reduction)  # type: ignore[no-any-return]


def _cosine(x: Any, y: Any, axis: int) -> Any:
    """The cosine of the angle, with PyTorch's epsilon under the roots."""
    tiny = 1e-12
    product = _sum(x * y, axis=axis)
    squares = (_sum(x * x, axis=axis) + tiny) * (_sum(y * y, axis=axis) + tiny)
    return product / sqrt(squares)


def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """max(0, d(a, p) − d(a, n) + margin), d the p-norm distance.

    With `swap` the nearer of anchor and positive counts as the distance to the negative.
    Source: Balntas et al., Learning Shallow Convolutional Feature Descriptors (2016).
    """
    reduction = choose_reduction(size_average, reduce, reduction)
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")

    def distance(x: Tensor, y: Tensor) -> Tensor:
        return pairwise_distance(x, y, p, eps)

    return _triplet(anchor, positive, negative, distance, margin, swap, reduction)


def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """max(0, d(a, p) − d(a, n) + margin) with a distance of your own."""
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    reduction = choose_reduction(None, None, reduction)
    distance = distance_function or pairwise_distance
    return _triplet(anchor, positive, negative, distance, margin, swap, reduction)


def _triplet(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    distance: Callable[[Tensor, Tensor], Tensor],
    margin: float,
    swap: bool,
    reduction: str,
) -> Tensor:
    for name, given in (("anchor", anchor), ("positive", positive), ("negative", negative)):
        need_tensor("triplet_margin_loss", given, name)
    if not anchor.ndim == positive.ndim == negative.ndim:
        raise RuntimeError(
            "The anchor, positive, and negative tensors are expected to have the same number of "
            f"dimensions, but got: anchor {anchor.ndim}D, positive {positive.ndim}D, and negative "
            f"{negative.ndim}D inputs"
        )
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = minimum(far, distance(positive, negative))
    return ops.reduced(_rectified(near - far + margin), reduction)  # type: ignore[no-any-return]
