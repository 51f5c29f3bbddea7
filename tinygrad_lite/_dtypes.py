"""torch's dtypes and promotion rules, on NumPy's types.

Promotion differs from NumPy's in two ways: Python numbers, NumPy scalars and 0-d tensors are
weak (they change the kind of a result, never its width), and an integer meeting a float takes
the float's width whatever it is.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from typing import Any

import numpy as np

__all__ = [
    "DTYPES",
    "dtype",
    "get_default_dtype",
    "of",
    "promote_types",
    "result_type",
    "set_default_dtype",
    "to_numpy",
]


class dtype:  # noqa: N801 - torch's spelling
    """An element type of tensors; `.numpy` is NumPy's type for it.

    >>> float32, float32.numpy
    (torch.float32, dtype('float32'))
    """

    __slots__ = ("itemsize", "kind", "name", "numpy")

    def __init__(self, name: str, itemsize: builtins.int, kind: str, numpy: str | None) -> None:
        self.name, self.itemsize, self.kind = name, itemsize, kind
        self.numpy = None if numpy is None else np.dtype(numpy)

    @property
    def is_floating_point(self) -> builtins.bool:
        """Whether this is a real floating-point type."""
        return self.kind == "f"

    @property
    def is_complex(self) -> builtins.bool:
        """Whether this is a complex type."""
        return self.kind == "c"

    @property
    def is_signed(self) -> builtins.bool:
        """Whether negative numbers can be held."""
        return self.kind in "fci"

    def to_real(self) -> dtype:
        """The real type of a complex one; any other type itself."""
        return {complex64: float32, complex128: float64}.get(self, self)

    def to_complex(self) -> dtype:
        """The complex type of the same precision."""
        return {float32: complex64, float64: complex128}.get(self, self)

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> tuple[Any, ...]:
        return (_by_name, (self.name,))


def _by_name(name: str) -> dtype:
    return DTYPES[name]


float16 = half = dtype("float16", 2, "f", "float16")
bfloat16 = dtype("bfloat16", 2, "f", None)
float32 = float = dtype("float32", 4, "f", "float32")
float64 = double = dtype("float64", 8, "f", "float64")
complex64 = cfloat = dtype("complex64", 8, "c", None)
complex128 = cdouble = dtype("complex128", 16, "c", None)
uint8 = dtype("uint8", 1, "u", "uint8")
uint16 = dtype("uint16", 2, "u", "uint16")
uint32 = dtype("uint32", 4, "u", "uint32")
uint64 = dtype("uint64", 8, "u", "uint64")
int8 = dtype("int8", 1, "i", "int8")
int16 = short = dtype("int16", 2, "i", "int16")
int32 = int = dtype("int32", 4, "i", "int32")
int64 = long = dtype("int64", 8, "i", "int64")
bool = dtype("bool", 1, "b", "bool")

DTYPES: dict[str, dtype] = {
    d.name: d
    for d in (
        float16, bfloat16, float32, float64, complex64, complex128, uint8, uint16, uint32, uint64,
        int8, int16, int32, int64, bool,
    )
}  # fmt: skip
_OF_NUMPY: dict[np.dtype[Any], dtype] = {d.numpy: d for d in DTYPES.values() if d.numpy is not None}

# NumPy's types in which this library computes as they are; halves are summed in a wider one.
WIDE = frozenset({np.dtype("float32"), np.dtype("float64")})

_DEFAULT = [np.dtype("float32")]
_BOOL, _INT64 = np.dtype("bool"), np.dtype("int64")
_ORDER = {"b": 0, "u": 1, "i": 1, "f": 2}  # torch's categories: bool < integer < float


def of(numpy_dtype: np.dtype[Any]) -> dtype:
    """The dtype for one of NumPy's; TypeError for types no tensor can hold."""
    try:
        return _OF_NUMPY[numpy_dtype]
    except KeyError:
        pass
    if numpy_dtype.kind == "c":
        raise NotImplementedError(
            f"complex numbers ({numpy_dtype}) are not supported: split into real and imaginary"
        )
    found = _OF_NUMPY.get(numpy_dtype.newbyteorder("="))
    if found is None:
        raise TypeError(
            f"can't convert an array of type {numpy_dtype}: the supported types are "
            + ", ".join(str(d) for d in _OF_NUMPY)
        )
    return found


def to_numpy(given: Any) -> np.dtype[Any]:
    """NumPy's type for a dtype (NumPy's own types and Python's bool, int, float also pass)."""
    if given.__class__ is dtype:
        if given.numpy is not None:
            return given.numpy
        if given.kind == "c":
            raise NotImplementedError(f"complex numbers ({given!r}) are not supported")
        raise NotImplementedError(f"NumPy has no {given.name}: use torch.float32 or torch.float16")
    if given is builtins.float:
        return _DEFAULT[0]
    try:
        return of(np.dtype(given)).numpy  # type: ignore[return-value]
    except TypeError:
        raise TypeError(
            f"dtype must be a torch.dtype such as torch.float32, got {given!r}"
        ) from None


def get_default_dtype() -> dtype:
    """The dtype of tensors made from Python floats, torch.float32 at first."""
    return _OF_NUMPY[_DEFAULT[0]]


def set_default_dtype(d: dtype) -> None:
    """Choose the dtype of tensors made from Python floats; a floating-point type."""
    wanted = to_numpy(d)
    if wanted.kind != "f":
        raise TypeError(
            f"only floating-point types are supported as the default type, got {of(wanted)!r}"
        )
    _DEFAULT[0] = wanted


def default_numpy() -> np.dtype[Any]:
    """NumPy's type for the default dtype."""
    return _DEFAULT[0]


def promote_pair(a: np.dtype[Any], b: np.dtype[Any]) -> np.dtype[Any]:
    """The type of two equally strong operands: a float's width beats any integer's."""
    if a is b:
        return a
    if a.kind == "f" and b.kind != "f":
        return a
    if b.kind == "f" and a.kind != "f":
        return b
    found = np.promote_types(a, b)
    if found.kind == "f" and a.kind != "f":  # int64 and uint64: NumPy leaves the integers
        raise RuntimeError(f"Promotion for {of(a).name} and {of(b).name} is not supported")
    return found


def promote_types(type1: dtype, type2: dtype) -> dtype:
    """The smallest dtype that holds both, by torch's table.

    >>> promote_types(int64, float16)
    torch.float16
    """
    return of(promote_pair(to_numpy(type1), to_numpy(type2)))


def result_type(operands: Iterable[Any]) -> np.dtype[Any]:
    """NumPy's type in which `operands` (arrays, NumPy scalars as 0-d arrays, Python numbers) meet.

    Arrays with dimensions decide; 0-d arrays, then Python numbers, count only where they are of
    a higher category (bool < integer < float).
    """
    strong = zero = weak = None
    for x in operands:
        if isinstance(x, (np.ndarray, np.generic)):
            if x.ndim:
                strong = x.dtype if strong is None else promote_pair(strong, x.dtype)
            else:
                zero = x.dtype if zero is None else promote_pair(zero, x.dtype)
        else:
            found = number_type(x)
            weak = found if weak is None else promote_pair(weak, found)
    return _combine(strong, _combine(zero, weak)) or _DEFAULT[0]


def number_type(x: Any) -> np.dtype[Any]:
    """The type a Python number brings: bool, int64 or the default float."""
    if isinstance(x, builtins.bool):
        return _BOOL
    if isinstance(x, builtins.int):
        return _INT64
    if isinstance(x, builtins.float):
        return _DEFAULT[0]
    if isinstance(x, complex):
        raise NotImplementedError(f"complex numbers are not supported, got {x!r}")
    raise TypeError(f"expected a tensor or a number, got {x.__class__.__name__}")


def _combine(higher: np.dtype[Any] | None, lower: np.dtype[Any] | None) -> np.dtype[Any] | None:
    """A weaker group counts only when its category is above the stronger group's."""
    if higher is None or lower is None:
        return higher if lower is None else lower
    return lower if _ORDER[lower.kind] > _ORDER[higher.kind] else higher
