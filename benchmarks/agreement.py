"""Whether two libraries computed the same."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["disagreement"]

NOUGHT = 1e-3  # a gradient this much smaller than the largest one counts as rounding


def disagreement(found: dict[str, Any], expected: dict[str, Any], tolerance: float) -> str:
    """The first array that differs, in words; empty where all agree.

    Arrays are compared by the root mean square of their difference over that of the array: a
    parameter whose gradient is mere rounding moves either way under Adam, and tells nothing.  An
    adapter may show fewer arrays than the others, but not none.
    """
    shared = [name for name in expected if name in found]
    if not shared:
        return "nothing to compare"
    slopes = [_size(expected[name]) for name in shared if name.startswith("gradient")]
    least = NOUGHT * max(slopes, default=0.0)
    for name in shared:
        a, b = np.asarray(found[name], float), np.asarray(expected[name], float)
        if a.shape != b.shape:
            return f"{name}: shape {a.shape} instead of {b.shape}"
        gap = _size(a - b) / max(_size(b), least if name.startswith("gradient") else 0, 1e-12)
        if not gap <= tolerance:
            return f"{name}: differs by {gap:.1e} of its size"
    return ""


def _size(array: Any) -> float:
    """The root mean square."""
    return float(np.sqrt(np.mean(np.square(array, dtype=float)))) if np.size(array) else 0.0
