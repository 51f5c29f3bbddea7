"""Whether two libraries computed the same."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["disagreement"]


def disagreement(found: dict[str, Any], expected: dict[str, Any], tolerance: float) -> str:
    """The first array that differs, in words; empty where all agree.

    Arrays are compared by their largest difference over their largest element.  An adapter may
    show fewer arrays than the others, but not none.
    """
    shared = [name for name in expected if name in found]
    if not shared:
        return "nothing to compare"
    for name in shared:
        a, b = np.asarray(found[name], float), np.asarray(expected[name], float)
        if a.shape != b.shape:
            return f"{name}: shape {a.shape} instead of {b.shape}"
        scale = max(float(np.abs(b).max(initial=0)), 1e-6)
        gap = float(np.abs(a - b).max(initial=0)) / scale
        if not gap <= tolerance:
            return f"{name}: differs by {gap:.1e} of its largest element"
    return ""
