"""Differentiation: torch.autograd."""

from __future__ import annotations

from . import function
from .derivatives import Variable, backward, grad
from .function import Function
from .modes import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from .numerical import numerical_gradient

__all__ = [
    "Function",
    "Variable",
    "backward",
    "enable_grad",
    "function",
    "grad",
    "inference_mode",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "no_grad",
    "numerical_gradient",
    "set_grad_enabled",
]
