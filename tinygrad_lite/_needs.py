"""What the functions that make tensors ask of their arguments."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from ._errors import type_name

__all__ = ["fill_number", "need_fractions", "need_integer", "need_order", "need_range"]


def need_integer(argument: str, value: Any) -> int:
    """`value` as an int, if it is a whole number; True and False are none."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(
            f"received an invalid combination of arguments: argument '{argument}' must be int, not "
            f"{type_name(value)}, got {value!r}"
        )
    return operator.index(value)


def fill_number(value: Any, kind: np.dtype[Any]) -> Any:
    """A number as an element of a type; unsigned types wrap negative ones, as PyTorch's do."""
    if not isinstance(value, int | float | np.generic):
        raise TypeError(
            f"argument 'fill_value' must be Number, not {type(value).__name__}: got {value!r}"
        )
    if kind.kind in "iu" and not isinstance(value, np.generic | bool):
        limits = np.iinfo(kind)
        low = limits.min if kind.kind == "i" else -limits.max
        if not low <= value <= limits.max:  # NaN too
            raise RuntimeError(
                f"value cannot be converted to type {kind.name} without overflow: got {value}, "
                f"and the range is {low} to {limits.max}"
            )
        value = int(value)
    with np.errstate(all="ignore"):
        return np.asarray(value).astype(kind)[()]


def need_range(first: Any, last: Any) -> None:
    """Raise unless both ends of a range are finite."""
    if not (math.isfinite(first) and math.isfinite(last)):
        raise RuntimeError(f"unsupported range: {first} -> {last}: both ends must be finite")


def need_order(shape: Any, order: list[int]) -> list[int]:
    """`order`, which must name each dimension of `shape` once."""
    if len(order) != len(shape):
        raise RuntimeError(
            "Number of dimensions in size does not match the length of the physical_layout; i.e. "
            f"len(size) = {len(shape)} is not equal to len(physical_layout) = {len(order)}"
        )
    for place, axis in enumerate(order):
        if not 0 <= axis < len(shape):
            raise RuntimeError(
                f"Dimension out of range (expected to be between 0 and {len(shape) - 1}, but got "
                f"{axis} at index {place})"
            )
    if len(set(order)) < len(order):
        raise RuntimeError(f"Duplicate dim not allowed, got physical_layout {order}")
    return order


def need_fractions(name: str, input: Any) -> None:
    """Raise unless a tensor holds floating-point numbers."""
    if not np.issubdtype(input._array.dtype, np.floating):
        raise RuntimeError(
            f"{name} only supports floating-point dtypes for input, got: {input.dtype}: convert it "
            "with .float()"
        )
