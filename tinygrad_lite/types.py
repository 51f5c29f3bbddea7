"""torch.types: names for annotations."""

from __future__ import annotations

import builtins
import os
from collections.abc import Sequence
from typing import TypeAlias

from ._device import device
from ._dtypes import dtype
from ._size import Size
from ._tensor import Tensor

__all__ = ["Device", "FileLike", "Number", "Size", "Storage"]

Number: TypeAlias = builtins.int | builtins.float | builtins.bool
Device: TypeAlias = device | str | builtins.int | None
FileLike: TypeAlias = str | os.PathLike[str]
Storage: TypeAlias = Tensor
_dtype: TypeAlias = dtype
_device: TypeAlias = device
_size: TypeAlias = Size | Sequence[builtins.int]
_int: TypeAlias = builtins.int
_float: TypeAlias = builtins.float
_bool: TypeAlias = builtins.bool
_TensorOrTensors: TypeAlias = Tensor | Sequence[Tensor]
