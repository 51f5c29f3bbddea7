"""Cross entropy of class indices: the losses of the rows and their gradient in one go."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import instead_of

__all__ = ["cross_entropy"]

FEW_CLASSES = 32  # up to here a transposed copy is faster: 0.25 against 0.34 of PyTorch's time


def _cross_entropy(x: Any, target: Any, valid: Any, share: Any) -> tuple[Any, Any]:
    """Row losses and share · (softmax − one-hot); rows that are not valid give 0 and 0."""
    low = x - x.max(axis=1, keepdims=True)
    log_likelihood = low - np.log(np.exp(low).sum(axis=1, keepdims=True))
    rows = np.arange(len(x))
    slope = np.exp(log_likelihood)
    slope[rows, target] -= 1
    losses = -log_likelihood[rows, target]
    slope *= share
    if valid is not None:
        losses = np.where(valid, losses, 0).astype(x.dtype)
        slope[~valid] = 0
    return losses, slope


@instead_of(_cross_entropy)
def cross_entropy(x: Any, target: Any, valid: Any, share: Any) -> tuple[Any, Any]:
    """Row losses and share · (softmax − one-hot), along the axis that suits the class count."""
    rows, classes = x.shape
    if classes <= FEW_CLASSES:
        places = target * rows
        places += np.arange(rows)
        grown, axis = np.array(x.T, order="C"), 0
    else:
        places = target + np.arange(0, rows * classes, classes)
        grown, axis = np.array(x, order="C"), 1
    grown -= np.maximum.reduce(grown, axis=axis, keepdims=True)
    flat = grown.reshape(-1)
    chosen = flat[places]
    np.exp(grown, out=grown)
    sums = np.add.reduce(grown, axis=axis)
    losses = np.log(sums)
    losses -= chosen
    scale = np.divide(share, sums, dtype=x.dtype)
    grown *= scale if axis == 0 else scale[:, None]  # np.expand_dims takes 8 microseconds
    flat[places] -= share
    slope = grown.T if axis == 0 else grown
    if valid is not None:
        losses[~valid] = 0
        slope[~valid] = 0
    return losses, slope
