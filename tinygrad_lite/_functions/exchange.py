"""Memory shared with other libraries: DLPack both ways, buffers and files."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._device import check_device
from .._dtypes import default_numpy, of, to_numpy
from .._nodes import make
from .._tensor import Tensor
from ._surface import NAMES, method

__all__ = ["from_dlpack", "to_dlpack"]


def _shared(tensor: Any) -> Any:
    """The array of a tensor for others to read and write; what wants a gradient is refused."""
    if tensor.requires_grad:
        raise BufferError(
            "Can't export tensors that require gradient, use tensor.detach(): the other library "
            "would not record what it does"
        )
    return np.asarray(tensor._array)


@method
def __dlpack__(self: Any, **keywords: Any) -> Any:  # noqa: N807 - the protocol's name
    """A DLPack capsule of the memory, for another library's `from_dlpack`."""
    stream = keywords.pop("stream", None)
    if stream not in (None, -1):
        raise ValueError(f"stream must be None for a tensor on the CPU, got {stream!r}")
    return _shared(self).__dlpack__(**keywords)


@method
def __dlpack_device__(self: Any) -> tuple[int, int]:  # noqa: N807 - the protocol's name
    """(1, 0): the CPU."""
    return (1, 0)


class _Carrier:
    """A bare DLPack capsule as an object with the protocol's two methods."""

    def __init__(self, capsule: Any) -> None:
        self.capsule = capsule

    def __dlpack__(self, **_: Any) -> Any:
        return self.capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return (1, 0)


def from_dlpack(ext_tensor: Any, *, device: Any = None, copy: bool | None = None) -> Any:
    """A tensor that shares the memory of another library's array, or of a DLPack capsule.

    >>> import numpy as np
    >>> from_dlpack(np.arange(3))
    tensor([0, 1, 2])
    """
    check_device(device)
    if not hasattr(ext_tensor, "__dlpack__"):
        if type(ext_tensor).__name__ != "PyCapsule":
            raise AttributeError(
                f"'{type(ext_tensor).__name__}' object has no attribute '__dlpack__': give an "
                "array or tensor of a library that knows DLPack"
            )
        ext_tensor = _Carrier(ext_tensor)
    array = np.from_dlpack(ext_tensor)
    of(array.dtype)  # complex numbers are refused
    return make(np.array(array) if copy else array, None)


def to_dlpack(tensor: Any) -> Any:
    """A DLPack capsule of the tensor's memory; `from_dlpack` takes the tensor itself too."""
    return tensor.__dlpack__()


def frombuffer(
    buffer: Any, *, dtype: Any, count: int = -1, offset: int = 0, requires_grad: bool = False
) -> Any:
    """A 1-d tensor that shares the memory of a bytearray or other writable buffer."""
    kind, size = to_numpy(dtype), memoryview(buffer).nbytes
    if size == 0 or count == 0:
        raise ValueError(f"both buffer length ({size}) and count ({count}) must not be 0")
    if not 0 <= offset < size:
        raise ValueError(
            f"offset ({offset} bytes) must be non-negative and no greater than buffer length "
            f"({size} bytes) minus 1"
        )
    room = size - offset
    if count < 0 and room % kind.itemsize:
        raise ValueError(
            f"buffer length ({room} bytes) after offset ({offset} bytes) must be a multiple of "
            f"element size ({kind.itemsize})"
        )
    if count > 0 and count * kind.itemsize > room:
        raise ValueError(
            f"requested buffer length ({count} * {kind.itemsize} bytes) after offset ({offset} "
            f"bytes) must not be greater than actual buffer length ({size} bytes)"
        )
    made = make(np.frombuffer(buffer, kind, count, offset), None)
    return made.requires_grad_() if requires_grad else made


def from_file(
    filename: str, shared: bool | None = None, size: int = 0, *, dtype: Any = None,
    layout: Any = None, device: Any = None, pin_memory: bool = False,
) -> Any:  # fmt: skip
    """The first `size` elements of a file; with `shared`, writing to them changes the file."""
    check_device(device)
    kind = default_numpy() if dtype is None else to_numpy(dtype)
    if not shared:
        return make(np.fromfile(filename, kind, size), None)
    with open(filename, "ab") as file:  # noqa: PTH123 - pathlib takes milliseconds to import
        file.truncate(max(file.tell(), size * kind.itemsize))
    mapped = np.memmap(filename, kind, "r+", shape=(size,))
    return make(np.asarray(mapped), None)


NAMES.update(from_dlpack=from_dlpack, to_dlpack=to_dlpack, frombuffer=frombuffer)
NAMES["from_file"] = from_file
Tensor.is_shared = lambda self: False  # type: ignore[attr-defined]
Tensor.share_memory_ = lambda self: self  # type: ignore[attr-defined]
