"""Checks of the numbers that optimizers are given."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._tensor import Tensor


def number(value: Any) -> float:
    """Return a setting as a Python number; a one-element tensor gives its element."""
    return float(value.item()) if isinstance(value, Tensor) else value


def check_number(value: Any, title: str, name: str) -> None:
    """Raise unless `value` is a finite number >= 0, or a tensor of one such number."""
    if isinstance(value, Tensor):
        if value._array.size != 1:
            raise ValueError(f"Tensor {name} must be 1-element, got shape {tuple(value.shape)}")
        value = value.item()
    if not isinstance(value, (int, float, np.number, np.bool_)):
        kind = type(value).__name__
        raise TypeError(
            f"Invalid {title}: {name} must be a finite number >= 0, got {value!r} ({kind})"
        )
    if not (value >= 0 and math.isfinite(value)):
        raise ValueError(f"Invalid {title}: {value}; {name} must be a finite number >= 0")


def check_fraction(value: Any, title: str, name: str, *, index: int | None = None) -> None:
    """Raise unless 0 <= `value` < 1."""
    value = number(value)
    if not 0.0 <= value < 1.0:
        where = "" if index is None else f" at index {index}"
        raise ValueError(f"Invalid {title}{where}: {value}; {name} must lie in [0, 1)")


def check_implementation(*, fused: Any, foreach: Any, differentiable: Any) -> None:
    """Raise when two implementations are asked for at once; all are the same one here."""
    if fused and differentiable:
        raise RuntimeError("`fused` does not support `differentiable`")
    if fused and foreach:
        raise RuntimeError("`fused` and `foreach` cannot be `True` together.")


def check_tensor_settings(lr: Any, betas: Any, *, foreach: Any, capturable: bool) -> None:
    """Raise where PyTorch's Adam takes numbers only, so that a script runs there as well."""
    if isinstance(betas[0], Tensor) != isinstance(betas[1], Tensor):
        raise ValueError("betas must be either both floats or both Tensors")
    if foreach and not capturable:
        for name, value in (("lr", lr), ("betas[0]", betas[0]), ("betas[1]", betas[1])):
            if isinstance(value, Tensor):
                raise ValueError(  # noqa: TRY004 - PyTorch's class
                    f"{name} as a Tensor is not supported for capturable=False and foreach=True"
                )


def check_betas(betas: Any) -> None:
    """Raise unless both decay rates lie in [0, 1)."""
    if len(betas) != 2:
        raise ValueError(f"Invalid betas: {betas!r}; two decay rates are expected")
    for i, beta in enumerate(betas):
        check_fraction(beta, "beta parameter", f"betas[{i}]", index=i)
