"""Constructors from before torch.tensor: torch.Tensor(2, 3), torch.FloatTensor([2, 3])."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from .. import _creation, _dtypes
from .._device import check_device
from .._dtypes import of, to_numpy
from .._nodes import make
from .._record import to_type
from .._size import Size
from .._tensor import Tensor
from ._surface import NAMES, method

__all__ = ["LegacyType"]

LEGACY = {
    "FloatTensor": _dtypes.float32, "DoubleTensor": _dtypes.float64, "HalfTensor": _dtypes.float16,
    "LongTensor": _dtypes.int64, "IntTensor": _dtypes.int32, "ShortTensor": _dtypes.int16,
    "CharTensor": _dtypes.int8, "ByteTensor": _dtypes.uint8, "BoolTensor": _dtypes.bool,
}  # fmt: skip
TYPE_NAMES = {dtype: name for name, dtype in LEGACY.items()}


@method(names=("type",))
def _type(self: Any, dtype: Any = None, non_blocking: bool = False) -> Any:
    """The legacy type name such as 'torch.FloatTensor', or `self` converted to a dtype."""
    if dtype is None:
        return f"torch.{TYPE_NAMES[self.dtype]}"
    if isinstance(dtype, str):
        name = dtype.rpartition(".")[2]
        if name not in LEGACY or "cuda" in dtype:
            raise ValueError(f"invalid type: {dtype!r}")
        dtype = LEGACY[name]
    return to_type(self, to_numpy(getattr(dtype, "legacy_dtype", dtype)))


class LegacyType(type):
    """The type of torch.FloatTensor and its kin: isinstance asks for the dtype."""

    legacy_dtype: _dtypes.dtype

    def __instancecheck__(cls, x: Any) -> bool:
        return isinstance(x, Tensor) and x.dtype is cls.legacy_dtype

    def __call__(cls, *args: Any, **keywords: Any) -> Any:
        return _legacy(cls.legacy_dtype.numpy, *args, **keywords)


def _legacy(kind: Any, *args: Any, size: Any = None, device: Any = None) -> Any:
    """A tensor of a shape given as numbers, or of values given as a list, array or tensor."""
    check_device(device)
    if size is not None:
        args = (size,)
    if not args:
        return make(np.empty(0, kind), None)
    first = args[0]
    if len(args) == 1 and isinstance(first, Tensor):
        return make(first._array if first._array.dtype is kind else first._array.astype(kind), None)
    if len(args) == 1 and isinstance(first, np.ndarray) and first.dtype == kind:
        return make(first, None)
    if len(args) == 1 and not isinstance(first, (int, np.integer)) and not isinstance(first, Size):
        if isinstance(first, float):
            raise TypeError("new(): data must be a sequence (got float)")
        return make(_creation._values(first, of(kind)), None)
    return make(
        np.empty(tuple(map(operator.index, args[0] if isinstance(first, Size) else args)), kind),
        None,
    )


def _legacy_default(*args: Any, **keywords: Any) -> Any:
    return _legacy(_dtypes.default_numpy(), *args, **keywords)


Tensor.legacy = staticmethod(_legacy_default)
for _name, _dtype in LEGACY.items():
    NAMES[_name] = LegacyType(
        _name, (), {"legacy_dtype": _dtype, "__doc__": f"Legacy constructor of {_dtype!r} tensors."}
    )
