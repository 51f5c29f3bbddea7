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


CLOSED_FROM = 256  # degree from which Chebyshev's polynomials are taken from their closed forms
HIGHEST = {"hermite_polynomial_h": 512, "hermite_polynomial_he": 512}  # NaN above, as in PyTorch
STEPS = 200_000  # that a recurrence may take


def evaluate(family: str, x: Any, n: Any) -> Any:
    """The polynomial of degree `n` (0 for negative degrees) at `x`, in float64 and rounded once."""
    first, step, shifted = FAMILIES[family]
    result_type = x.dtype
    x, degree = np.broadcast_arrays(x.astype(np.float64), np.trunc(n).astype(np.int64))
    if shifted:
        x = 2 * x - 1
    with np.errstate(all="ignore"):
        before, now = np.ones(x.shape), first(x)
        out = np.where(degree >= 2, np.nan, np.where(degree == 1, now, 0.0))
        out = np.where(degree == 0, before, out)
        open_ = (degree >= 2) & (degree <= HIGHEST.get(family, degree.max(initial=0)))
        if "chebyshev" in family:
            far = open_ & (degree > CLOSED_FROM)
            out = np.where(far, _closed(family[-1], x, degree), out)
            open_ = open_ & ~far
        top = int(degree[open_].max(initial=0))
        for k in range(1, min(top, STEPS)):
            before, now = now, step(x, k, now, before)
            out = np.where(open_ & (degree == k + 1), now, out)
            if not k % 64 and np.isnan(now[open_ & (degree > k)]).all():
                return out.astype(result_type)  # of values that overflowed nothing comes back
    if top > STEPS:
        raise NotImplementedError(
            f"{family}: degrees above {STEPS:,} are not supported, got {top:,}"
        )
    return out.astype(result_type)


def _closed(kind: str, x: Any, degree: Any) -> Any:
    """Chebyshev's polynomials of the kinds t, u, v, w from cosines and sines of multiples.

    NaN where they overflow, as the recurrence ends there.
    """
    m, size = degree.astype(np.float64), np.abs(x)
    found = _multiple(kind, m, size)
    if kind in "vw":  # which change places where x changes its sign
        found = np.where(x < 0, _multiple("w" if kind == "v" else "v", m, size), found)
    found = np.where((x < 0) & (degree % 2 == 1), -found, found)
    return np.where(np.isinf(found), np.nan, found)


def _multiple(kind: str, m: Any, x: Any) -> Any:
    """The closed forms for x from 0 on: trigonometric up to 1, hyperbolic beyond."""
    inside = x <= 1
    angle = np.where(inside, np.arccos(np.minimum(x, 1)), np.arccosh(np.maximum(x, 1)))

    def cosine(a: Any) -> Any:
        return np.where(inside, np.cos(a), np.cosh(a))

    def sine(a: Any) -> Any:
        return np.where(inside, np.sin(a), np.sinh(a))

    if kind == "t":
        return cosine(m * angle)
    if kind == "v":
        return cosine((m + 0.5) * angle) / cosine(angle / 2)
    if kind == "u":
        return np.where(x == 1, m + 1, sine((m + 1) * angle) / sine(angle))
    return np.where(x == 1, 2 * m + 1, sine((m + 0.5) * angle) / sine(angle / 2))
