"""Keeping gradients small."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from ... import _creation as creation
from ..._tensor import Tensor
from ...autograd import no_grad

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "clip_grad_norm",
    "clip_grad_norm_",
    "clip_grad_value_",
    "clip_grads_with_norm_",
    "get_total_norm",
]


def _listed(tensors: Any) -> list[Any]:
    if isinstance(tensors, Tensor):
        return [tensors]
    given = list(tensors)
    if not given and not isinstance(tensors, list | tuple):
        warnings.warn(
            "`parameters` is an empty generator, no gradient clipping will occur: "
            "has it been used up? Pass model.parameters() anew at every step.",
            stacklevel=3,
        )
    return given


def _gradients(parameters: Any) -> list[Any]:
    return [p.grad for p in _listed(parameters) if p.grad is not None]


def _norm(array: Any, order: float) -> float:
    flat = np.asarray(array).reshape(-1)
    if flat.dtype == np.float16:
        flat = flat.astype(np.float32)
    if order == math.inf:
        return float(np.abs(flat).max(initial=0.0))
    if order == 2.0:
        return math.sqrt(float(flat.dot(flat)))
    return float(np.linalg.norm(flat, order))


def get_total_norm(
    tensors: Tensor | Iterable[Tensor],
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """The norm of all tensors together, as if they were one vector."""
    order, given = float(norm_type), _listed(tensors)
    if not given:
        return creation.tensor(0.0)
    norms = np.array([_norm(t.detach().numpy(), order) for t in given])
    total = _norm(norms, order)
    if error_if_nonfinite and not math.isfinite(total):
        raise RuntimeError(
            f"The total norm of order {order} for gradients from `parameters` is non-finite, so it "
            "cannot be clipped. To disable this error and scale the gradients by the non-finite "
            "norm anyway, set `error_if_nonfinite=False`"
        )
    return creation.tensor(total, dtype=given[0].dtype)


def clip_grads_with_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    total_norm: Tensor,
    foreach: bool | None = None,
) -> None:
    """Scale the gradients in place by max_norm / (total_norm + 1e-6), where that is below 1."""
    max_norm = _checked(max_norm)
    factor = max_norm / (float(total_norm) + 1e-6)
    if factor >= 1.0:
        return
    with no_grad():
        for grad in _gradients(parameters):
            grad.mul_(factor)


def _checked(max_norm: Any) -> float:
    wanted = float(max_norm)
    if wanted < 0:
        raise ValueError(
            f"max_norm must not be negative, got {max_norm}: that would turn the gradients round"
        )
    return wanted


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale the gradients in place so that their total norm is at most `max_norm`.

    Returns the norm before. The gradients of all parameters count as one vector.

    Differs from PyTorch: a negative `max_norm` raises ValueError.

    >>> import tinygrad_lite as torch
    >>> w = torch.zeros(2, requires_grad=True)
    >>> w.grad = torch.tensor([3.0, 4.0])
    >>> torch.nn.utils.clip_grad_norm_([w], 1.0)
    tensor(5.)
    >>> w.grad
    tensor([0.6000, 0.8000])
    """
    parameters = _listed(parameters)
    _checked(max_norm)
    grads = _gradients(parameters)
    total = get_total_norm(grads, norm_type, error_if_nonfinite)
    clip_grads_with_norm_(parameters, max_norm, total)
    return total


def clip_grad_norm(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """The old name of `clip_grad_norm_`."""
    warnings.warn(
        "`torch.nn.utils.clip_grad_norm` is now deprecated in favor of "
        "`torch.nn.utils.clip_grad_norm_`.",
        FutureWarning,
        stacklevel=2,
    )
    return clip_grad_norm_(parameters, max_norm, norm_type, error_if_nonfinite, foreach)


def clip_grad_value_(
    parameters: Tensor | Iterable[Tensor], clip_value: float, foreach: bool | None = None
) -> None:
    """Hold every element of the gradients between ±clip_value, in place."""
    bound = float(clip_value)
    with no_grad():
        for grad in _gradients(parameters):
            grad.clamp_(-bound, bound)
