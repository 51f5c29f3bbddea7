"""The loss of sequences that are not aligned with their labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...ops import alignment as ops
from ...ops.elementwise import where
from ...ops.reduction import mean, sum as _sum
from ._arguments import array_of, need_floats

if TYPE_CHECKING:
    from ..._tensor import Tensor

__all__ = ["ctc_loss"]


def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    """−log of the probability of all alignments of `targets` with the T steps of `log_probs`.

    An alignment may repeat a label and put blanks between labels.  The mean divides each loss by
    the length of its target; with `zero_infinity` impossible targets count 0.

    Shapes: log_probs (T, N, C) or (T, C), targets (N, S) or all labels in a row.
    Source: Graves et al., Connectionist Temporal Classification (2006).
    """
    if reduction not in {"none", "mean", "sum"}:
        raise ValueError(f"{reduction} is not a valid value for reduction")
    need_floats("ctc_loss", log_probs)
    if log_probs.ndim not in {2, 3}:
        raise RuntimeError(
            f"Expected 3-dimensional tensor, but got {log_probs.ndim}-dimensional tensor for "
            f"argument #1 'log_probs': ctc_loss takes (T, N, C) or (T, C), got "
            f"{list(log_probs.shape)}"
        )
    alone = log_probs.ndim == 2
    probs: Any = log_probs[:, None] if alone else log_probs
    steps, batch, classes = probs.shape
    lengths = _lengths(input_lengths, batch, "input_lengths")
    sizes = _lengths(target_lengths, batch, "target_lengths")
    if not 0 <= blank < classes:
        raise RuntimeError("blank must be in label range")
    if lengths.size and lengths.max() > steps:
        raise RuntimeError(
            f"Expected input_lengths to have value at most {steps}, but got value {lengths.max()}"
        )
    labels = _labels(array_of(targets), sizes)
    losses = ops.ctc(probs, labels, lengths, sizes, blank=blank)
    if zero_infinity:
        losses = where(array_of(losses) == np.inf, 0.0, losses)
    if reduction == "mean":
        return mean(losses / np.maximum(sizes, 1).astype(array_of(losses).dtype))  # type: ignore[no-any-return]
    if reduction == "sum":
        return _sum(losses)  # type: ignore[no-any-return]
    return losses[0] if alone else losses  # type: ignore[no-any-return]


def _lengths(given: Any, batch: int, name: str) -> Any:
    lengths = np.atleast_1d(array_of(given))
    if lengths.dtype.kind not in "iu":
        raise TypeError(f"{name} must be whole numbers, got {lengths.dtype}: use .long()")
    lengths = lengths.astype(np.int64)
    if lengths.shape != (batch,):
        raise RuntimeError(f"{name} must be of size batch_size {batch}, got {lengths.shape}")
    return lengths


def _labels(targets: Any, sizes: Any) -> Any:
    """The labels of each sample as a row, filled up with 0."""
    if targets.ndim == 2:
        return targets.astype(np.int64)
    if targets.size < sizes.sum():
        raise RuntimeError(f"Expected {sizes.sum()} labels in a row, got {targets.size}")
    rows = np.zeros((len(sizes), int(sizes.max(initial=0))), np.int64)
    starts = np.cumsum(sizes) - sizes
    for row, start, size in zip(rows, starts, sizes, strict=True):
        row[:size] = targets[start : start + size]
    return rows
