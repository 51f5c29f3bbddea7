"""What `dim=`, `dtype=` and their kind mean: checked and translated for the catalogue."""

from __future__ import annotations

import operator
from typing import Any

from .._dtypes import of, to_numpy
from .._record import to_type

__all__ = ["LEGACY_NAMES", "as_dtype", "axes_of", "axis_of", "integer", "legacy_name"]

LEGACY_NAMES = {
    "float32": "Float", "float64": "Double", "float16": "Half", "int64": "Long", "int32": "Int",
    "int16": "Short", "int8": "Char", "uint8": "Byte", "bool": "Bool",
}  # fmt: skip


def legacy_name(x: Any) -> str:
    """The name that torch's messages give the type of a tensor: Long for int64."""
    name = of(x._array.dtype).name
    return LEGACY_NAMES.get(name, name)


def axis_of(x: Any, dim: Any) -> Any:
    """One dimension as a non-negative axis of `x`; IndexError if `x` has none such."""
    return wrapped(x._array.ndim, dim)


def wrapped(ndim: int, dim: Any) -> Any:
    """One dimension of `ndim` as a non-negative axis; 0 and -1 of a 0-d tensor are allowed."""
    if dim.__class__ is not int:
        dim = integer(dim)
    n = ndim or 1
    if not -n <= dim < n:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-n}, {n - 1}], but got {dim})"
        )
    return dim + n if dim < 0 else dim


def integer(dim: Any) -> int:
    """A whole number given for a dimension; names and fractions are refused."""
    if isinstance(dim, str):
        raise NotImplementedError(
            f"named dimensions are not supported, got {dim!r}: give its number"
        )
    if isinstance(dim, bool):
        raise TypeError(f"argument 'dim' must be int, not bool (got {dim})")
    try:
        return operator.index(dim)
    except TypeError:
        raise TypeError(f"argument 'dim' must be int, not {type(dim).__name__}") from None


def axes_of(x: Any, dim: Any) -> Any:
    """Dimensions as the catalogue takes them: None for all, an int, or a tuple of distinct ints."""
    if dim is None:
        return None
    if not isinstance(dim, (tuple, list)):
        return axis_of(x, dim)
    if not dim:
        return None
    axes = tuple(axis_of(x, d) for d in dim)
    if len(set(axes)) < len(axes):
        twice = next(a for a in axes if axes.count(a) > 1)
        raise RuntimeError(f"dim {twice} appears multiple times in the list of dims")
    return axes


def as_dtype(x: Any, dtype: Any) -> Any:
    """A tensor in another type, or itself if none is asked for; the cast is recorded."""
    if dtype is None:
        return x
    return to_type(x, to_numpy(dtype))
