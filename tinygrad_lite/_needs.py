"""What the functions that make tensors ask of their arguments."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from ._errors import type_name

__all__ = [
    "NUMBERS", "fill_number", "need_fractions", "need_integer", "need_order", "need_range",
]  # fmt: skip


def need_integer(argument: str, value: Any) -> int:
    """`value` as an int, if it is a whole number; True and False are none."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(
            f"received an invalid combination of arguments: argument '{argument}' must be int, not "
            f"{type_name(value)}, got {value!r}"
        )
    return operator.index(value)


# Numbers up to here become an element without overflow, and rounded once: the usual ones, at once.
USUAL: dict[Any, int] = {
    np.dtype(np.float32): 2**53, np.dtype(np.float64): 2**53, np.dtype(np.int64): 2**63 - 1,
    np.dtype(np.int32): 2**31 - 1,
}  # fmt: skip
NUMBERS: frozenset[Any] = frozenset({int, float})


def fill_number(value: Any, kind: np.dtype[Any]) -> Any:
    """A number as an element of a type; unsigned types wrap negative ones, as PyTorch's do."""
    if value.__class__ in NUMBERS and abs(value) <= USUAL.get(kind, -1):
        return kind.type(value)
    if not isinstance(value, int | float | np.generic):
        raise TypeError(
            f"argument 'fill_value' must be Number, not {type(value).__name__}: got {value!r}"
        )
    if not isinstance(value, np.generic | bool):
        low, high = _range_of(kind, value)
        if not low <= value <= high and (kind.kind in "iu" or math.isfinite(value)):  # NaN too
            raise RuntimeError(
                f"value cannot be converted to type {kind.name} without overflow: got {value}, "
                f"and the range is {low} to {high}"
            )
        value = int(value) if kind.kind in "iu" else value
    with np.errstate(all="ignore"):
        return np.asarray(value).astype(kind)[()]


def _range_of(kind: np.dtype[Any], value: Any) -> tuple[float, float]:
    """The smallest and largest number of a type; whole ones below 0 wrap in unsigned types."""
    if kind.kind == "f":
        limits = np.finfo(kind)
        return float(limits.min), float(limits.max)
    if kind.kind == "b":
        return -math.inf, math.inf
    whole = np.iinfo(kind)
    wraps = kind.kind == "u" and isinstance(value, int)
    return (-whole.max if wraps else whole.min), whole.max


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
