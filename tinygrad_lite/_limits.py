"""torch.finfo and torch.iinfo: the limits of number types."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._dtypes import default_numpy, of, to_numpy

__all__ = ["finfo", "iinfo"]


class finfo:  # noqa: N801 - torch's spelling
    """Limits of a floating-point type: bits, eps, max, min, tiny, smallest_normal, resolution."""

    def __init__(self, type: Any = None) -> None:
        kind = default_numpy() if type is None else to_numpy(type)
        if kind.kind != "f":
            raise TypeError(f"torch.finfo() requires a floating point input type, got {of(kind)!r}")
        limits = np.finfo(kind)
        self.bits, self.dtype = limits.bits, of(kind).name
        self.eps, self.max, self.min = float(limits.eps), float(limits.max), float(limits.min)
        self.tiny = self.smallest_normal = float(limits.smallest_normal)
        self.resolution = float(limits.resolution)

    def __repr__(self) -> str:
        return (
            f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, "
            f"eps={self.eps:g}, smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, "
            f"dtype={self.dtype})"
        )


class iinfo:  # noqa: N801 - torch's spelling
    """Limits of an integer type: bits, max, min."""

    def __init__(self, type: Any) -> None:
        kind = to_numpy(type)
        if kind.kind not in "iu":
            raise TypeError(f"torch.iinfo() requires an integer input type, got {of(kind)!r}")
        limits = np.iinfo(kind)
        self.bits, self.dtype = limits.bits, of(kind).name
        self.max, self.min = int(limits.max), int(limits.min)

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"
