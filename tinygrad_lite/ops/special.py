"""Special functions: the error function's family, gamma, Bessel, entropy and their derivatives.

Values come from `_kernels`, to the last bits of float64.  Differs from PyTorch: the Bessel
functions have gradients here; those without one raise where PyTorch raises, in the backward pass.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._kernels import bessel, incomplete_gamma, polynomials, special as kernels
from .._kernels.erf import erf as erf_kernel, erfc as erfc_kernel
from .._op import Op, binary, op, unary
from .elementwise import no_derivative, where

TWO_OVER_ROOT_PI = 2 / math.sqrt(math.pi)
ROOT_HALF = math.sqrt(0.5)
ROOT_TAU = math.sqrt(2 * math.pi)
NEAR = 0.05  # where Bessel's derivatives are summed as series

# The error function and the normal distribution

erf = unary(
    "erf", erf_kernel, lambda g, x: g * (np.exp(-(x * x)) * TWO_OVER_ROOT_PI), onnx="Erf",
    formula="g 2/√π e^(−x²)",
)  # fmt: skip
erfc = unary(
    "erfc", erfc_kernel, lambda g, x: g * (np.exp(-(x * x)) * -TWO_OVER_ROOT_PI),
    formula="−g 2/√π e^(−x²)",
)  # fmt: skip
erfinv = unary(
    "erfinv", kernels.erfinv, lambda g, out: g * (np.exp(out * out) / TWO_OVER_ROOT_PI),
    formula="g √π/2 e^(out²)",
)  # fmt: skip
erfcx = unary(
    "erfcx", kernels.erfcx, lambda g, x, out: g * (x * out * 2 - TWO_OVER_ROOT_PI),
    formula="g (2 x out − 2/√π)",
)  # fmt: skip
ndtr = unary(
    "ndtr", kernels.ndtr, lambda g, x: g * (np.exp(x * x * -0.5) / ROOT_TAU), label="Φ",
    formula="g φ(x)",
)  # fmt: skip
ndtri = unary(
    "ndtri", kernels.ndtri, lambda g, out: g * (np.exp(out * out * 0.5) * ROOT_TAU), label="Φ⁻¹",
    formula="g / φ(out)",
)  # fmt: skip


def _hazard(x: Any, out: Any) -> Any:
    """φ(x)/Φ(x): by logarithms above 0, where erfcx grows, and by erfcx below, where Φ vanishes."""
    above = x > 0
    low = 2 / (ROOT_TAU * erfcx(where(above, 0.0, x) * -ROOT_HALF))
    return where(above, np.exp(x * x * -0.5 - out) / ROOT_TAU, low)


log_ndtr = unary(
    "log_ndtr", kernels.log_ndtr, lambda g, x, out: g * _hazard(x, out), label="log Φ",
    formula="g φ(x) / Φ(x)",
)  # fmt: skip

# The gamma function's family

lgamma = unary(
    "lgamma", kernels.lgamma, lambda g, x: g * digamma(x), label="log Γ", formula="g ψ(x)"
)
digamma = unary(
    "digamma", kernels.digamma, lambda g, x: g * polygamma(x, n=1), label="ψ", formula="g ψ′(x)"
)


@op(kind="elementwise", label="ψ⁽ⁿ⁾", dtypes="float", formula="g ψ⁽ⁿ⁺¹⁾(x)")
def polygamma(x: Any, *, n: int) -> Any:
    """The derivative of order `n` of the digamma function at `x`."""
    return kernels.polygamma(x, n)


polygamma.rule(lambda g, x, n: g * polygamma(x, n=n + 1))


zeta = binary(
    "zeta", kernels.zeta, no_derivative("zeta", "self"),
    lambda g, x, y: g * (-x * zeta(x + 1, y)), dtypes="float", label="ζ",
)  # fmt: skip


def _gamma_density(x: Any, y: Any) -> Any:
    """yˣ⁻¹ e⁻ʸ / Γ(x), the derivative of igamma(x, y) in y."""
    return np.exp((x - 1) * np.log(y) - y - lgamma(x))


igamma = binary(
    "igamma", incomplete_gamma.igamma, no_derivative("igamma", "input"),
    lambda g, x, y: g * _gamma_density(x, y), dtypes="float", label="P",
)  # fmt: skip
igammac = binary(
    "igammac", incomplete_gamma.igammac, no_derivative("igammac", "input"),
    lambda g, x, y: -g * _gamma_density(x, y), dtypes="float", label="Q",
)  # fmt: skip

# Bessel functions


def divide_odd(odd: Any, x: Any) -> Any:
    """odd(x)/x for an odd function with slope ½ at 0, and its limit there."""
    zero = x == 0
    return where(zero, 0.5, odd / where(zero, 1.0, x))


def _slope_of_i1(x: Any, out: Any) -> Any:
    """I₀(x) − out/x, by its series near 0, where the terms cancel; ½ for NaN, as in PyTorch."""
    away = abs(x) > NEAR
    safe = where(away, x, 1.0)
    return where(away, i0(safe) - out / safe, _series(x))


def _slope_of_i1e(x: Any, out: Any) -> Any:
    """e^(−|x|) I₁′(x) − sign(x) out, I₁′ as above."""
    away = abs(x) > NEAR
    safe = where(away, x, 1.0)
    near = where(abs(x) <= NEAR, x, 0.0)
    close = _series(x) * np.exp(-abs(near)) - np.sign(near) * i1e(near)
    return where(away, i0e(safe) - out * (np.sign(x) + 1 / safe), close)


def _series(x: Any) -> Any:
    """I₁′ near 0, to x⁶: the rest is below the rounding of float64 there; ½ elsewhere."""
    square = where(abs(x) <= NEAR, x, 0.0) ** 2
    return 0.5 + square * (3 / 16 + square * (5 / 384 + square * (7 / 18432)))


i0 = unary("i0", bessel.i0, lambda g, x: g * i1(x), label="I₀", formula="g I₁(x)")
i1 = unary(
    "i1", bessel.i1, lambda g, x, out: g * _slope_of_i1(x, out), label="I₁",
    formula="g (I₀(x) − out / x)",
)  # fmt: skip
i0e = unary("i0e", bessel.i0e, lambda g, x, out: g * (i1e(x) - np.sign(x) * out))
i1e = unary("i1e", bessel.i1e, lambda g, x, out: g * _slope_of_i1e(x, out))
bessel_j0 = unary("bessel_j0", bessel.j0, lambda g, x: -g * bessel_j1(x), label="J₀")
bessel_j1 = unary(
    "bessel_j1", bessel.j1, lambda g, x, out: g * (bessel_j0(x) - divide_odd(out, x)), label="J₁"
)
bessel_y0 = unary("bessel_y0", bessel.y0, lambda g, x: -g * bessel_y1(x), label="Y₀")
bessel_y1 = unary(
    "bessel_y1", bessel.y1, lambda g, x, out: g * (bessel_y0(x) - out / x), label="Y₁"
)
modified_bessel_k0 = unary(
    "modified_bessel_k0", bessel.k0, lambda g, x: -g * modified_bessel_k1(x), label="K₀"
)
modified_bessel_k1 = unary(
    "modified_bessel_k1", bessel.k1,
    lambda g, x, out: -g * (modified_bessel_k0(x) + out / x), label="K₁",
)  # fmt: skip
scaled_modified_bessel_k0 = unary(
    "scaled_modified_bessel_k0", bessel.k0e,
    lambda g, x, out: g * (out - scaled_modified_bessel_k1(x)),
)  # fmt: skip
scaled_modified_bessel_k1 = unary(
    "scaled_modified_bessel_k1", bessel.k1e,
    lambda g, x, out: g * (out - out / x - scaled_modified_bessel_k0(x)),
)  # fmt: skip
airy_ai = unary("airy_ai", bessel.airy_ai, no_derivative("airy_ai", "x"), label="Ai")

# sin(x)/x


@op(kind="elementwise", dtypes="float")
def sinc(x: Any, *, order: int = 0) -> Any:
    """sin(πx)/(πx), 1 at 0, or its derivative of the given order in `x`."""
    value = _sinc(np.asarray(x, np.float64) * math.pi, order) * math.pi**order
    return value.astype(x.dtype)


@sinc.rule
def _(g: Any, x: Any, order: int) -> Any:
    pulled = g * sinc(x, order=order + 1)
    return pulled if order % 2 else where(x == 0, 0.0, pulled)  # flat at 0: nothing, not 0 · ∞


@sinc.again
def _(g: Any, x: Any, order: int) -> Any:
    return g * sinc(x, order=order + 1)  # a choice at 0 would hide the second derivative there


@op(kind="elementwise", dtypes="float")
def spherical_bessel_j0(x: Any, *, order: int = 0) -> Any:
    """sin(x)/x, 1 at 0, or its derivative of the given order."""
    z = np.asarray(x, np.float64)
    return np.where(np.isinf(z), 0.0, _sinc(z, order)).astype(x.dtype)


spherical_bessel_j0.rule(lambda g, x, order: g * spherical_bessel_j0(x, order=order + 1))


def _sinc(z: Any, order: int) -> Any:
    """The derivative of sin(z)/z: its Taylor series near 0, else z s⁽ⁿ⁾ + n s⁽ⁿ⁻¹⁾ = sin⁽ⁿ⁾."""
    if order == 0:
        return np.where(z == 0, 1.0, np.sin(z) / np.where(z == 0, 1.0, z))
    near = np.abs(z) < order + 1
    return kernels.piecewise(
        z, (near, lambda v: _sinc_series(v, order)), (~near, lambda v: _sinc_away(v, order))
    )


def _sinc_away(z: Any, order: int) -> Any:
    sine, cosine = np.sin(z), np.cos(z)
    value = sine / z
    for n in range(1, order + 1):
        value = ((sine, cosine, -sine, -cosine)[n % 4] - n * value) / z
    return value


def _sinc_series(z: Any, order: int) -> Any:
    total = np.zeros_like(z)
    for k in range((order + 1) // 2, order + 14):
        power = 2 * k - order
        size = math.factorial(2 * k) / (math.factorial(power) * math.factorial(2 * k + 1))
        total += (-1) ** k * size * z**power
    return total


# Logarithms


@op(kind="elementwise", dtypes="float", formula="g / (x (1 − x))")
def logit(x: Any, *, eps: float | None = None) -> Any:
    """log(x / (1 − x)); with `eps`, `x` is first limited to [eps, 1 − eps]."""
    if eps is not None:
        x = np.minimum(np.maximum(x, eps), 1 - eps)
    return np.log(x / (1 - x))


@logit.rule
def _(g: Any, x: Any, eps: float | None) -> Any:
    if eps is None:
        return where((x >= 0) & (x <= 1), g / (x * (1 - x)), math.nan)
    inside = (x >= eps) & (x <= 1 - eps)
    held = where(inside, x, 0.5)
    return where(inside, g / (held * (1 - held)), 0.0)


def _entr(x: Any) -> Any:
    value = -x * np.log(np.where(x > 0, x, 1).astype(x.dtype))
    return np.where(x < 0, -math.inf, value)


entr = unary("entr", _entr, lambda g, x: g * (-np.log(x) - 1), formula="−g (1 + log x)")


def _times_log(x: Any, y: Any, log: Any) -> Any:
    """Product x log y, 0 where `x` is 0 unless `y` is NaN."""
    return np.where((x == 0) & ~np.isnan(y), x.dtype.type(0), x * log)


xlogy = binary(
    "xlogy",
    lambda x, y: _times_log(x, y, np.log(y)),
    lambda g, x, y: where((x == 0) & (y <= 0), 0.0, g * np.log(where((x == 0) & (y <= 0), 1.0, y))),
    lambda g, x, y: g * x / y,
    dtypes="float",
)
xlog1py = binary(
    "xlog1py",
    lambda x, y: _times_log(x, y, np.log1p(y)),
    lambda g, x, y: where(
        (x == 0) & (y <= -1), 0.0, g * np.log1p(where((x == 0) & (y <= -1), 1.0, y))
    ),
    lambda g, x, y: g * x / (y + 1),
    dtypes="float",
)

# Orthogonal polynomials


def _polynomial(family: str) -> Op:
    """The operation of one family of polynomials."""
    return binary(
        family,
        lambda x, y: polynomials.evaluate(family, x, y),
        no_derivative(family, "x"),
        no_derivative(family, "n"),
        dtypes="float",
    )


chebyshev_polynomial_t = _polynomial("chebyshev_polynomial_t")
chebyshev_polynomial_u = _polynomial("chebyshev_polynomial_u")
chebyshev_polynomial_v = _polynomial("chebyshev_polynomial_v")
chebyshev_polynomial_w = _polynomial("chebyshev_polynomial_w")
shifted_chebyshev_polynomial_t = _polynomial("shifted_chebyshev_polynomial_t")
shifted_chebyshev_polynomial_u = _polynomial("shifted_chebyshev_polynomial_u")
shifted_chebyshev_polynomial_v = _polynomial("shifted_chebyshev_polynomial_v")
shifted_chebyshev_polynomial_w = _polynomial("shifted_chebyshev_polynomial_w")
hermite_polynomial_h = _polynomial("hermite_polynomial_h")
hermite_polynomial_he = _polynomial("hermite_polynomial_he")
laguerre_polynomial_l = _polynomial("laguerre_polynomial_l")
legendre_polynomial_p = _polynomial("legendre_polynomial_p")
