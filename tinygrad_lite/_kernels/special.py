"""The normal distribution, the gamma function and its kin, and zeta, which NumPy lacks.

Everything is computed in float64 and rounded once to the type of the operand.  Ranges have
polynomials of their own (`special_tables`); whatever grows or decays like an exponential is
divided by it first, so that the error stays relative.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from . import special_tables as tables
from .erf import erf, erfc, polynomial

__all__ = [
    "digamma", "erfcx", "erfinv", "lgamma", "log_ndtr", "ndtr", "ndtri", "piecewise", "polygamma",
    "rounded_once", "trigamma", "zeta",
]  # fmt: skip

Kernel = Callable[..., Any]

ROOT_HALF = math.sqrt(0.5)


def rounded_once(kernel: Kernel) -> Kernel:
    """The kernel in float64, silent about 0/0 and overflow, its result in the operands' type."""

    @functools.wraps(kernel)
    def run(*operands: Any) -> Any:
        wide = [np.asarray(x, np.float64) for x in operands]
        with np.errstate(all="ignore"):
            return kernel(*wide).astype(operands[0].dtype, copy=False)

    return run


def piecewise(x: Any, *pieces: tuple[Any, Kernel], fill: float = math.nan) -> Any:
    """Each function on the elements of its mask; `fill` where no mask holds."""
    out = np.full(x.shape, fill)
    for mask, function in pieces:
        if mask.any():
            out[mask] = function(x[mask])
    return out


def over(table: tuple[float, ...], x: Any, low: float, high: float) -> Any:
    """A table's polynomial of an argument that runs from `low` to `high`."""
    return polynomial(table, (2 * x - (low + high)) / (high - low))


# --- the normal distribution -----------------------------------------------------------------


def exp_square(x: Any, sign: float) -> Any:
    """exp(sign x²) with x² to twice the precision, for its error would be multiplied by x²."""
    head = np.rint(x * 1024) / 1024
    return np.exp(sign * head * head) * np.exp(sign * (x - head) * (x + head))


@rounded_once
def erfcx(x: Any) -> Any:
    """Compute exp(x²) erfc(x), which stays finite where erfc underflows."""
    return piecewise(
        x,
        (x < -26.7, lambda v: np.full(v.shape, math.inf)),
        ((x >= -26.7) & (x < 0.5), lambda v: exp_square(v, 1) * erfc(v)),
        (x >= 0.5, _erfcx_right),
    )


def _erfcx_right(x: Any) -> Any:
    inside = np.minimum(x, 1e300)
    return polynomial(tables.ERFCX, (inside - 3.75) / (inside + 3.75)) / (1 + 2 * x)


@rounded_once
def ndtr(x: Any) -> Any:
    """½ erfc(−x/√2): the chance that a standard normal number lies below `x`."""
    y = x * ROOT_HALF
    inner = np.abs(y) < 0.5
    # x/√2 carries a rounding error that e^(−x²/2) multiplies by x²: e^ is taken of x itself
    size = np.abs(x)
    tail = 0.5 * np.exp(-0.5 * (size - _head(size)) * (size + _head(size)))
    tail = tail * np.exp(-0.5 * _head(size) ** 2) * _erfcx_right(np.maximum(np.abs(y), 0.5))
    tail = np.where(np.isinf(x), 0, tail)
    return np.where(inner, 0.5 + 0.5 * erf(y), np.where(x < 0, tail, 1 - tail))


def _head(x: Any) -> Any:
    """The leading bits of `x`, whose square is exact."""
    return np.rint(np.minimum(x, 1e5) * 1024) / 1024


@rounded_once
def log_ndtr(x: Any) -> Any:
    """Log of `ndtr`, exact where that underflows."""
    return piecewise(
        x,
        (x < -1, lambda v: np.log(_erfcx_right(-v * ROOT_HALF) / 2) - v * v / 2),
        (x >= -1, lambda v: np.log1p(-ndtr(-v))),
    )


@rounded_once
def ndtri(p: Any) -> Any:
    """The x with ndtr(x) = p: ∓inf at 0 and 1, NaN outside."""
    tail = np.minimum(p, 1 - p)
    inside = tail > 0
    w = np.where(
        tail > 0.25,
        -np.log1p(-((1 - 2 * tail) ** 2)),
        -np.log(np.where(inside, tail, 0.25)) - np.log(4 * (1 - tail)),
    )
    x = (1 - 2 * tail) * _erfinv_ratio(w) / ROOT_HALF
    x = np.where(p < 0.5, -x, x)
    return np.where(inside, x, np.where(p == 0, -np.inf, np.where(p == 1, np.inf, np.nan)))


@rounded_once
def erfinv(y: Any) -> Any:
    """The x with erf(x) = y: ±inf at ±1, NaN beyond."""
    size = np.abs(y)
    low = size < 0.5
    w = np.where(low, -np.log1p(-y * y), -np.log((1 - size) * (1 + size)))
    inside = size < 1
    x = y * _erfinv_ratio(np.where(inside, w, 0))
    return np.where(inside, x, np.where(size == 1, np.copysign(np.inf, y), np.nan))


def _erfinv_ratio(w: Any) -> Any:
    """erfinv(x)/x of w = −log(1 − x²)."""
    s = np.sqrt(w)
    return piecewise(
        s,
        (w <= 5, lambda v: over(tables.ERFINV_1, v * v, 0, 5)),
        ((w > 5) & (s <= 6.1), lambda v: over(tables.ERFINV_2, v, math.sqrt(5), 6.1)),
        (s > 6.1, lambda v: over(tables.ERFINV_3, v, 6.1, 28)),
    )


# --- the gamma function's logarithm and its derivatives --------------------------------------


def sin_pi(x: Any) -> Any:
    """sin(πx), 0 at whole numbers."""
    r = x - np.rint(x)
    return np.where(np.rint(x) % 2 == 0, 1, -1) * np.sin(math.pi * r)


@rounded_once
def lgamma(x: Any) -> Any:
    """Logarithm of |Γ(x)|; inf at 0, −1, −2, ..."""
    positive = x > 0
    y = np.where(positive, x, 1 - x)
    value = piecewise(
        y,
        (y < 1, lambda v: _lgamma_low(v + 1) - np.log(v)),
        ((y >= 1) & (y < 3), _lgamma_low),
        ((y >= 3) & (y < 6), lambda v: over(tables.LGAMMA_3, v, 3, 6)),
        ((y >= 6) & (y < 12), lambda v: over(tables.LGAMMA_6, v, 6, 12)),
        ((y >= 12) & (y < math.inf), stirling),
        (y == math.inf, lambda v: v),
    )
    if positive.all():
        return value + 0.0  # no −0 at 1
    mirror = np.log(math.pi / np.abs(sin_pi(x))) - value
    mirror = np.where(np.isinf(x), math.inf, np.where(x == np.rint(x), math.inf, mirror))
    # near 0 from below, Γ(x) = Γ(1 + x)/x keeps the small logarithm that 1 − x rounds away
    small = (x < 0) & (x > -0.5)
    near = np.where(small, x, -0.25)
    mirror = np.where(small, lgamma_one(near) - np.log(-near), mirror)
    return np.where(positive | np.isnan(x), value, mirror) + 0.0  # no −0 at 1


def _lgamma_low(x: Any) -> Any:
    return (x - 1) * (x - 2) * polynomial(tables.LGAMMA_1, x - 2)


def lgamma_one(x: Any) -> Any:
    """Compute lgamma(1 + x) for |x| <= 1 without rounding 1 + x away."""
    up = x >= 0
    y = np.where(up, x, 1 + x)
    value = y * (y - 1) * polynomial(tables.LGAMMA_1, y - 1)
    # Γ(1 + x) = Γ(2 + x)/(1 + x)
    return np.where(up, value, (1 + x) * x * polynomial(tables.LGAMMA_1, x) - np.log1p(x))


def stirling(x: Any) -> Any:
    """Compute lgamma from Stirling's series, for x >= 10."""
    return (x - 0.5) * np.log(x) - x + 0.5 * math.log(2 * math.pi) + stirling_rest(x)


_STIRLING = (
    1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156, -3617 / 122400,
    43867 / 244188,
)  # fmt: skip


def stirling_rest(x: Any) -> Any:
    """What Stirling's formula leaves out: Σ B₂ₖ / (2k (2k − 1) x²ᵏ⁻¹)."""
    return polynomial(_STIRLING, 1 / (x * x)) / x


_PSI_SERIES = (
    1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12, -3617 / 8160, 43867 / 14364,
)  # fmt: skip


@rounded_once
def digamma(x: Any) -> Any:
    """Γ'(x)/Γ(x); ∓inf at ±0, NaN at −1, −2, ..."""
    positive = x > 0
    y = np.where(positive, x, 1 - x)
    value = piecewise(
        y,
        (y < 1, lambda v: _digamma_low(v + 1) - 1 / v),
        ((y >= 1) & (y < 3), _digamma_low),
        ((y >= 3) & (y < 6), lambda v: over(tables.PSI_3, v, 3, 6)),
        ((y >= 6) & (y < 12), lambda v: over(tables.PSI_6, v, 6, 12)),
        (y >= 12, _digamma_far),
    )
    if positive.all():
        return value
    r = x - np.rint(x)
    mirror = np.where(r == 0, math.nan, value - math.pi / np.tan(math.pi * r))
    mirror = np.where(x == 0, np.copysign(math.inf, -x), mirror)
    return np.where(positive | np.isnan(x), value, mirror)


def _digamma_low(x: Any) -> Any:
    apart = (x - tables.PSI_ROOT[0]) - tables.PSI_ROOT[1]
    return apart * polynomial(tables.PSI_1, x - 2)


def _digamma_far(x: Any) -> Any:
    square = 1 / (x * x)
    return np.log(x) - 0.5 / x - square * polynomial(_PSI_SERIES, square)


# --- Hurwitz zeta ----------------------------------------------------------------------------

# B₂ₖ / (2k)!
_BERNOULLI = (
    1 / 12, -1 / 720, 1 / 30240, -1 / 1209600, 1 / 47900160, -691 / 1307674368000,
    1 / 74724249600, -3617 / 10670622842880000, 43867 / 5109094217170944000,
    -174611 / 802857662698291200000,
)  # fmt: skip


@rounded_once
def zeta(s: Any, q: Any) -> Any:
    """Σ (k + q)⁻ˢ over k = 0, 1, ...: inf at s = 1 and at the poles, NaN for s < 1.

    The first terms are added up until q exceeds 10, the rest is Euler and Maclaurin's formula.
    """
    s, q = np.broadcast_arrays(s, q)
    pole = (q <= 0) & (q == np.floor(q))
    bad = np.isnan(s) | np.isnan(q) | (s < 1) | ((q <= 0) & ~pole & (s != np.floor(s)))
    usable = ~(pole | bad | (s == 1) | (s == math.inf))
    out = np.where(bad, math.nan, math.inf)
    out = np.where((s == math.inf) & (q >= 1), np.where(q == 1, 1.0, 0.0), out)
    if usable.any():
        out[usable] = _zeta_sum(s[usable], q[usable])
    return np.asarray(out)


def _zeta_sum(s: Any, q: Any) -> Any:
    total, q = np.zeros(q.shape), q.copy()
    enough = 10 + np.minimum(s, 1000)
    below = q < enough
    while below.any():
        term = q[below] ** -s[below]
        total[below] += term
        q[below] += 1
        more = (q[below] <= 0) | (np.abs(term) > 1e-18 * np.abs(total[below]))
        below[below] = (q[below] < enough[below]) & more
    power = q**-s
    total += power * (q / (s - 1) + 0.5)
    factor = s * power / q
    for k, b in enumerate(_BERNOULLI):
        total += b * factor
        factor = factor * (s + 2 * k + 1) * (s + 2 * k + 2) / (q * q)
    return np.where(np.isinf(q), math.nan, total)  # as in PyTorch, where the limit is 0


# B₂ₖ, of which the term behind the last is below the rounding of float64 from 10 on
_EVEN = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)


def _inverse_squares(q: Any) -> Any:
    """Σ (k + q)⁻² for positive q: ten terms, and Euler and Maclaurin's formula for the rest."""
    total = 1 / (q * q)
    for k in range(1, 10):
        total += 1 / ((q + k) * (q + k))
    inverse = 1 / (q + 10)
    return total + inverse * (1 + inverse * (0.5 + inverse * polynomial(_EVEN, inverse * inverse)))


PI = {np.dtype(kind): np.dtype(kind).type(math.pi) for kind in ("float16", "float32", "float64")}


def trigamma(x: Any) -> Any:
    """The second derivative of lgamma, by reflection for negative `x`.

    At −1, −2, ... it is infinite; the result there is what PyTorch gives, π / sin(πx) squared with
    π rounded to the type of `x`: large, and never NaN in a product with 0.
    """
    wide = np.asarray(x, np.float64)
    with np.errstate(all="ignore"):
        y = np.where(wide > 0, wide, 1 - wide)
        value = np.where(np.isinf(y), 0, _inverse_squares(y))
        mirror = (math.pi / sin_pi(wide)) ** 2 - value
        pole = np.where(wide == 0, math.inf, (PI[x.dtype] / np.sin(PI[x.dtype] * x)) ** 2)
        mirror = np.where(wide == np.rint(wide), pole, mirror)
        return np.where((wide > 0) | np.isnan(wide), value, mirror).astype(x.dtype, copy=False)


def polygamma(x: Any, n: int) -> Any:
    """The derivative of order `n` of digamma: (−1)ⁿ⁺¹ n! ζ(n + 1, x)."""
    if n == 0:
        return digamma(x)
    if n == 1:
        return trigamma(x)
    wide = np.asarray(x, np.float64)
    series = zeta(np.full(wide.shape, float(n + 1)), wide)
    return (series * ((-1) ** (n + 1) * math.factorial(n))).astype(x.dtype, copy=False)
