"""The regularised incomplete gamma functions P(a, x) and Q(a, x) = 1 − P.

Below x = a + 1 the power series gives P, beyond it Legendre's continued fraction gives Q, and
near the origin a series of its own gives Q without cancellation.  For a > 10⁶, where both would
need thousands of steps, Temme's uniform expansion takes over; there two terms reach the last bit.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .erf import erfc, polynomial
from .special import lgamma, lgamma_one, rounded_once, stirling_rest

__all__ = ["density", "igamma", "igammac"]

_LARGE = 1e6


@rounded_once
def igamma(a: Any, x: Any) -> Any:
    """1/Γ(a) ∫₀ˣ tᵃ⁻¹ e⁻ᵗ dt."""
    return _both(a, x)[0]


@rounded_once
def igammac(a: Any, x: Any) -> Any:
    """1/Γ(a) ∫ₓ^∞ tᵃ⁻¹ e⁻ᵗ dt."""
    return _both(a, x)[1]


def _both(a: Any, x: Any) -> tuple[Any, Any]:
    """P and Q; NaN for negative operands and where both are 0 or infinite.

    As in PyTorch a limit wins over a NaN operand: P(NaN, 0) = 0, P(inf, NaN) = 0.
    """
    a, x = np.broadcast_arrays(a, x)
    lower = np.full(a.shape, math.nan)
    valid = ~((a < 0) | (x < 0))
    lower[valid & (((a == 0) & (x > 0)) | (x == math.inf))] = 1
    lower[valid & ((x == 0) | (a == math.inf))] = 0
    lower[valid & (x == a) & ((a == 0) | (a == math.inf))] = math.nan
    upper = np.asarray(1 - lower)  # of no axes NumPy makes a scalar, which takes no items
    ordinary = valid & (a > 0) & (x > 0) & (a < math.inf) & (x < math.inf)
    for mask, method in _regions(a, x, ordinary):
        if mask.any():
            lower[mask], upper[mask] = method(a[mask], x[mask])
    return lower, upper


def _regions(a: Any, x: Any, ordinary: Any) -> Any:
    large = a > _LARGE
    origin = (x < 1.1) & (a < 1)
    inside = x < a + 1
    yield ordinary & large, _uniform
    yield ordinary & ~large & origin, _near_origin
    yield ordinary & ~large & ~origin & inside, _series
    yield ordinary & ~large & ~origin & ~inside, _fraction


def density(a: Any, x: Any) -> Any:
    """xᵃ e⁻ˣ / Γ(a + 1), for large `a` without the difference of large logarithms."""
    m = (x - a) / a
    big = np.exp(a * _log1p_rest(m) - stirling_rest(np.maximum(a, 10))) / np.sqrt(2 * math.pi * a)
    small = np.exp(a * np.log(x) - x - lgamma(a + 1))
    return np.where(a >= 10, big, small)


_ODD = tuple(1 / (2 * k + 3) for k in range(16))


def _log1p_rest(m: Any) -> Any:
    """log(1 + m) − m, without cancellation near 0."""
    z = m / (2 + m)
    near = 2 * z * z * z * polynomial(_ODD, z * z) - m * z
    return np.where(np.abs(m) < 0.4, near, np.log1p(m) - m)


def _series(a: Any, x: Any) -> tuple[Any, Any]:
    """P = density Σ xⁿ / ((a + 1) ... (a + n))."""
    total, term, n = np.ones(a.shape), np.ones(a.shape), a.copy()
    while (term > 1e-17 * total).any():
        n += 1
        term *= x / n
        total += term
    lower = density(a, x) * total
    return lower, 1 - lower


def _near_origin(a: Any, x: Any) -> tuple[Any, Any]:
    """P and Q from Σ (−x)ⁿ / (n! (a + n)), for x < 1.1 and a < 1."""
    term, total = np.ones(a.shape), np.zeros(a.shape)
    for n in range(1, 26):
        term = term * (-x / n)
        total = total + term / (a + n)
    log = a * np.log(x) - lgamma_one(a)
    power = np.exp(log)
    return power * (1 + a * total), -np.expm1(log) - power * a * total


def _fraction(a: Any, x: Any) -> tuple[Any, Any]:
    """Q = a density / (x + 1 − a − 1 (1 − a)/(x + 3 − a − ...)), by Lentz's method.

    Places that have converged leave the loop: a few near x = a + 1 take thousands of steps.
    """
    result, places, rest = np.empty(a.shape), np.arange(a.size), a
    b = x + 1 - a
    c, d = np.full(a.shape, 1e300), 1 / b
    value, n = d, 0
    while places.size and n < 100_000:
        n += 1
        factor = -n * (n - rest)
        b = b + 2
        d = factor * d + b
        d = 1 / np.where(np.abs(d) < 1e-300, 1e-300, d)
        c = b + factor / c
        c = np.where(np.abs(c) < 1e-300, 1e-300, c)
        change = c * d
        value = value * change
        if n % 8 == 0:
            left = np.abs(change - 1) > 1e-15
            result[places[~left]] = value[~left]
            places, rest, b, c, d, value = (v[left] for v in (places, rest, b, c, d, value))
    result[places] = value
    upper = a * density(a, x) * result
    return 1 - upper, upper


def _uniform(a: Any, x: Any) -> tuple[Any, Any]:
    """Temme's expansion: ½ erfc(±η √(a/2)) and a correction, ½ η² = m − log(1 + m), m = x/a − 1."""
    m = (x - a) / a
    half = -_log1p_rest(m)
    eta = np.copysign(np.sqrt(2 * half), m)
    near = np.abs(eta) < 1e-3
    away = np.where(near, 1.0, eta)
    first = np.where(
        near, -1 / 3 + eta / 12 - 2 / 135 * eta * eta, 1 / np.where(near, 1.0, m) - 1 / away
    )
    rest = np.exp(-a * half) / np.sqrt(2 * math.pi * a) * (first - 1 / (540 * a))
    edge = eta * np.sqrt(a / 2)
    return 0.5 * erfc(-edge) - rest, 0.5 * erfc(edge) + rest
