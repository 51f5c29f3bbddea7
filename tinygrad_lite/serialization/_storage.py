"""Storages: the flat memory that tensors in PyTorch's files are views of."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from .._creation import from_numpy
from .._dtypes import dtype
from ._layout import widen
from ._machine import Name

__all__ = ["KINDS", "NARROW", "Storage", "rebuild"]

KINDS = {
    "FloatStorage": "float32", "DoubleStorage": "float64", "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16", "LongStorage": "int64", "IntStorage": "int32",
    "ShortStorage": "int16", "CharStorage": "int8", "ByteStorage": "uint8", "BoolStorage": "bool",
    "UntypedStorage": "", "Float8_e5m2Storage": "float8_e5m2",
    "Float8_e4m3fnStorage": "float8_e4m3fn",
}  # fmt: skip
NARROW = {
    "bfloat16": ("BF16", 2), "float8_e5m2": ("F8_E5M2", 1), "float8_e4m3fn": ("F8_E4M3", 1),
}  # fmt: skip


class Storage:
    """The bytes of a storage, and the array of each type that was asked for."""

    def __init__(self, content: Any, kind: str, *, big: bool = False) -> None:
        self.content, self.kind, self.big = content, kind, big
        self.arrays: dict[str, np.ndarray[Any, Any]] = {}

    def array(self, kind: str = "") -> np.ndarray[Any, Any]:
        """The storage as an array; narrow types are widened to float32."""
        kind = kind or self.kind or "uint8"
        if kind not in self.arrays:
            self.arrays[kind] = self._array(kind)
        return self.arrays[kind]

    def _array(self, kind: str) -> np.ndarray[Any, Any]:
        order: Any = ">" if self.big else "<"
        if kind in NARROW:
            short, size = NARROW[kind]
            return widen(np.frombuffer(self.content, f"{order}u{size}"), short)
        found = np.frombuffer(self.content, np.dtype(kind).newbyteorder(order))
        native = found.dtype.newbyteorder("=")
        if found.dtype == native and found.flags.writeable and found.flags.aligned:
            return found
        return found.astype(native)


def item_size(kind: str) -> int:
    """How many bytes an element takes in a file."""
    return NARROW[kind][1] if kind in NARROW else np.dtype(kind or "uint8").itemsize


def rebuild(
    storage: Any, offset: Any, size: Any, stride: Any, requires_grad: Any = False,
    hooks: Any = None, kind: Any = None, *more: Any,
) -> Any:  # fmt: skip
    """The tensor that is a view of a storage, if it lies within it."""
    del hooks, more
    if not isinstance(storage, Storage):
        raise TypeError("a tensor without a storage")
    flat = storage.array(kind.name if isinstance(kind, (dtype, Name)) else "")
    numbers = (offset, *size, *stride)
    if len(size) != len(stride) or not all(type(n) is int and n >= 0 for n in numbers):
        raise ValueError(f"a tensor of shape {size} with strides {stride} at {offset}")
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    if 0 not in size and last >= flat.size:
        raise ValueError(
            f"a tensor of shape {size} with strides {stride} at {offset} does not fit into its "
            f"{flat.size} numbers"
        )
    if 0 in size:
        view = np.empty(size, flat.dtype)
    else:
        steps = [step * flat.itemsize for step in stride]
        view = np.lib.stride_tricks.as_strided(flat[offset:], size, steps)
    tensor = from_numpy(view)
    return tensor.requires_grad_() if requires_grad else tensor


LITTLE = sys.byteorder == "little"
