"""Classical orthogonal polynomials of a whole-numbered degree that may differ per element.

All follow a recurrence of three terms, p(k + 1) = (a x + b) p(k) − c p(k − 1).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["FAMILIES", "evaluate"]

Step = Callable[[Any, int, Any, Any], Any]


def _twice(x: Any, k: int, now: Any, before: Any) -> Any:
    return 2 * x * now - before


FAMILIES: dict[str, tuple[Callable[[Any], Any], Step, bool]] = {
    # name: (degree 1, step from k to k + 1, argument shifted from [0, 1])
    "chebyshev_polynomial_t": (lambda x: x, _twice, False),
    "chebyshev_polynomial_u": (lambda x: 2 * x, _twice, False),
    "chebyshev_polynomial_v": (lambda x: 2 * x - 1, _twice, False),
    "chebyshev_polynomial_w": (lambda x: 2 * x + 1, _twice, False),
    "shifted_chebyshev_polynomial_t": (lambda x: x, _twice, True),
    "shifted_chebyshev_polynomial_u": (lambda x: 2 * x, _twice, True),
    "shifted_chebyshev_polynomial_v": (lambda x: 2 * x - 1, _twice, True),
    "shifted_chebyshev_polynomial_w": (lambda x: 2 * x + 1, _twice, True),
    "hermite_polynomial_h": (lambda x: 2 * x, lambda x, k, p, q: 2 * x * p - 2 * k * q, False),
    "hermite_polynomial_he": (lambda x: x, lambda x, k, p, q: x * p - k * q, False),
    "laguerre_polynomial_l": (
        lambda x: 1 - x, lambda x, k, p, q: ((2 * k + 1 - x) * p - k * q) / (k + 1), False,
    ),
    "legendre_polynomial_p": (
        lambda x: x, lambda x, k, p, q: ((2 * k + 1) * x * p - k * q) / (k + 1), False,
    ),
}  # fmt: skip


def evaluate(family: str, x: Any, n: Any) -> Any:
    """The polynomial of degree `n` (0 for negative degrees) at `x`, in float64 and rounded once."""
    first, step, shifted = FAMILIES[family]
    result_type = x.dtype
    x, degree = np.broadcast_arrays(x.astype(np.float64), np.trunc(n).astype(np.int64))
    if shifted:
        x = 2 * x - 1
    before, now = np.ones(x.shape), first(x)
    out = np.where(degree == 0, before, np.where(degree == 1, now, 0.0))
    with np.errstate(all="ignore"):
        for k in range(1, int(degree.max(initial=0))):
            before, now = now, step(x, k, now, before)
            out = np.where(degree == k + 1, now, out)
    return out.astype(result_type)
