"""The dropout family."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from ...ops.dropout import dropout as drop
from ._arguments import array_of, in_place, need_tensor
from ._draw import bernoulli

if TYPE_CHECKING:
    from ..._tensor import Tensor

__all__ = [
    "alpha_dropout", "dropout", "dropout1d", "dropout2d", "dropout3d", "feature_alpha_dropout",
]  # fmt: skip

ALPHA = -1.7580993408473766  # what selu tends to on the left: −scale · alpha


def _check(p: float) -> None:
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def _kept(input: Any, p: float, *, features: bool) -> Any:
    """Which elements, or which whole channels, stay."""
    shape = array_of(input).shape
    if features:
        shape = (*shape[:2], *[1] * (len(shape) - 2))
    return bernoulli(shape, 1 - p)


def _drop(input: Any, p: float, training: bool, inplace: bool, *, features: bool = False) -> Any:
    _check(p)
    need_tensor("dropout", input)
    if not training or p == 0 or not array_of(input).size:
        return input
    dtype = array_of(input).dtype
    scale = 0.0 if p == 1 else 1 / (1 - p)
    mask = _kept(input, p, features=features) * np.asarray(scale, dtype)
    result = drop(input, mask)
    return in_place(input, result) if inplace else result


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Each element 0 with probability p, else x / (1 − p), so that the expectation stays.

    Source: Srivastava et al., Dropout (2014).
    """
    return _drop(input, p, training, inplace)  # type: ignore[no-any-return]


def dropout1d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Dropout of whole channels of (N, C, L) or (C, L)."""
    need_tensor("dropout1d", input)
    if input.ndim not in {2, 3}:
        raise RuntimeError(
            f"dropout1d: Expected 2D or 3D input, but received a {input.ndim}D input. "
        )
    if input.ndim == 2:
        return _alone(input, p, training, inplace)  # type: ignore[no-any-return]
    return _drop(input, p, training, inplace, features=True)  # type: ignore[no-any-return]


def _alone(input: Any, p: float, training: bool, inplace: bool) -> Any:
    """Dropout of channels of one sample without a batch axis."""
    result = _drop(input[None], p, training, inplace=False, features=True)[0]
    return in_place(input, result) if inplace else result


def dropout2d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Dropout of whole channels of (N, C, H, W)."""
    _warn_axes("dropout2d", input, {3, 4})
    return _drop(input, p, training, inplace, features=True)  # type: ignore[no-any-return]


def _warn_axes(name: str, input: Any, usual: set[int]) -> None:
    need_tensor(name, input)
    if input.ndim < 2:
        raise RuntimeError("Feature dropout requires at least 2 dimensions in the input")
    if input.ndim not in usual:
        warnings.warn(
            f"{name}: Received a {input.ndim}-D input to {name}, which is deprecated and will "
            "result in an error in a future release.",
            stacklevel=3,
        )


def dropout3d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Dropout of whole channels of (N, C, D, H, W), or of samples of (C, D, H, W)."""
    _warn_axes("dropout3d", input, {4, 5})
    if input.ndim == 4:
        return _alone(input, p, training, inplace)  # type: ignore[no-any-return]
    return _drop(input, p, training, inplace, features=True)  # type: ignore[no-any-return]


def _alpha_drop(input: Any, p: float, training: bool, inplace: bool, *, features: bool) -> Any:
    """Elements set to selu's left limit, then all scaled so that mean 0 and variance 1 stay."""
    _check(p)
    need_tensor("feature_alpha_dropout" if features else "alpha_dropout", input)
    if not training or p == 0 or not array_of(input).size:
        return input
    dtype = array_of(input).dtype
    kept = _kept(input, p, features=features)
    if p == 1:
        result = drop(input, kept * np.zeros((), dtype))
    else:
        scale = 1 / np.sqrt((ALPHA * ALPHA * p + 1) * (1 - p))
        shift = np.where(kept, 0.0, ALPHA * scale) - ALPHA * scale * p
        result = drop(input, kept * np.asarray(scale, dtype)) + shift.astype(dtype)
    return in_place(input, result) if inplace else result


def alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Tensor:
    """Dropout that keeps mean 0 and variance 1, for networks of selu.

    Source: Klambauer et al., Self-Normalizing Neural Networks (2017).
    """
    return _alpha_drop(input, p, training, inplace, features=False)  # type: ignore[no-any-return]


def feature_alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Tensor:
    """`alpha_dropout` of whole channels."""
    need_tensor("feature_alpha_dropout", input)
    if training and p and input.ndim < 2:
        raise RuntimeError("Feature dropout requires at least 2 dimensions in the input")
    return _alpha_drop(input, p, training, inplace, features=True)  # type: ignore[no-any-return]
