"""Bessel functions of order 0 and 1, and Airy's function, which NumPy lacks.

Inside a radius the entire part is a polynomial; beyond it the function is its asymptotic form
times a polynomial in 1/x or 1/x².  All is computed in float64 and rounded once.  At infinity the
unscaled functions are NaN, as PyTorch's are.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from . import special_tables as tables
from .special import over, piecewise, rounded_once

__all__ = [
    "airy_ai", "i0", "i0e", "i1", "i1e", "j0", "j1", "k0", "k0e", "k1", "k1e", "y0", "y1",
]  # fmt: skip


# --- modified, first kind --------------------------------------------------------------------


@rounded_once
def i0e(x: Any) -> Any:
    """exp(−|x|) I₀(x)."""
    return _scaled_i0(np.abs(x))


def _scaled_i0(x: Any) -> Any:
    return piecewise(
        x,
        (x <= 8, lambda v: over(tables.I0E_0, v, 0, 8)),
        (x > 8, lambda v: over(tables.I0E_8, 1 / v, 0, 1 / 8) / np.sqrt(v)),
    )


def _scaled_i1(x: Any) -> Any:
    return piecewise(
        x,
        (x <= 8, lambda v: v * over(tables.I1E_0, v, 0, 8)),
        (x > 8, lambda v: over(tables.I1E_8, 1 / v, 0, 1 / 8) / np.sqrt(v)),
    )


@rounded_once
def i0(x: Any) -> Any:
    """Solution of x² y″ + x y′ = x² y that is 1 at 0."""
    size = np.abs(x)
    return _unscale(_scaled_i0(size), size)


@rounded_once
def i1e(x: Any) -> Any:
    """exp(−|x|) I₁(x)."""
    return np.copysign(1, x) * _scaled_i1(np.abs(x))


@rounded_once
def i1(x: Any) -> Any:
    """The derivative of I₀."""
    size = np.abs(x)
    return np.copysign(1, x) * _unscale(_scaled_i1(size), size)


def _unscale(scaled: Any, size: Any) -> Any:
    """The scaled value times e^size, in two halves so that the product alone overflows."""
    half = np.exp(size / 2)
    return scaled * half * half


# --- modified, second kind -------------------------------------------------------------------


def _small_k0(x: Any) -> Any:
    square = x * x
    log = np.log(x / 2)
    return over(tables.K0_0, square, 0, 4) - log * over(tables.I0_SMALL, square, 0, 4)


def _small_k1(x: Any) -> Any:
    square = x * x
    log = np.log(x / 2)
    return over(tables.K1_0, square, 0, 4) / x + log * x * over(tables.I1_SMALL, square, 0, 4)


def _large_k(table: tuple[float, ...], x: Any) -> Any:
    """Exp(x) K(x) beyond 2."""
    return over(table, 1 / x, 0, 0.5) / np.sqrt(x)


@rounded_once
def k0(x: Any) -> Any:
    """Solution of x² y″ + x y′ = x² y that decays; inf at 0, NaN below."""
    return piecewise(
        x,
        (x == 0, lambda v: np.full(v.shape, math.inf)),
        ((x > 0) & (x <= 2), _small_k0),
        (x > 2, lambda v: np.exp(-v) * _large_k(tables.K0_2, v)),
    )


@rounded_once
def k0e(x: Any) -> Any:
    """exp(x) K₀(x)."""
    return piecewise(
        x,
        (x == 0, lambda v: np.full(v.shape, math.inf)),
        ((x > 0) & (x <= 2), lambda v: np.exp(v) * _small_k0(v)),
        (x > 2, lambda v: _large_k(tables.K0_2, v)),
    )


@rounded_once
def k1(x: Any) -> Any:
    """−K₀′(x)."""
    return piecewise(
        x,
        (x == 0, lambda v: np.full(v.shape, math.inf)),
        ((x > 0) & (x <= 2), _small_k1),
        (x > 2, lambda v: np.exp(-v) * _large_k(tables.K1_2, v)),
    )


@rounded_once
def k1e(x: Any) -> Any:
    """exp(x) K₁(x)."""
    return piecewise(
        x,
        (x == 0, lambda v: np.full(v.shape, math.inf)),
        ((x > 0) & (x <= 2), lambda v: np.exp(v) * _small_k1(v)),
        (x > 2, lambda v: _large_k(tables.K1_2, v)),
    )


# --- first and second kind -------------------------------------------------------------------


def _wave(x: Any, p: tuple[float, ...], q: tuple[float, ...], order: int) -> tuple[Any, Any]:
    """J and Y beyond 8: √(2/πx) (P cos χ − Q sin χ, P sin χ + Q cos χ), χ = x − (2n + 1) π/4."""
    ratio = 8 / x
    square = ratio * ratio
    p_value, q_value = over(p, square, 0, 1), ratio * over(q, square, 0, 1)
    sine, cosine = np.sin(x), np.cos(x)
    # χ itself would be rounded: its sine and cosine are taken from those of x
    sin_chi, cos_chi = (
        (sine - cosine, sine + cosine) if order == 0 else (-sine - cosine, sine - cosine)
    )
    scale = 1 / np.sqrt(math.pi * x)
    return scale * (p_value * cos_chi - q_value * sin_chi), scale * (
        p_value * sin_chi + q_value * cos_chi
    )


def _small_j0(x: Any) -> Any:
    return over(tables.J0_0, x * x, 0, 64)


def _small_j1(x: Any) -> Any:
    return x * over(tables.J1_0, x * x, 0, 64)


@rounded_once
def j0(x: Any) -> Any:
    """Solution of x² y″ + x y′ + x² y = 0 that is 1 at 0."""
    size = np.abs(x)
    return piecewise(
        size,
        (size <= 8, _small_j0),
        ((size > 8) & (size < math.inf), lambda v: _wave(v, tables.P0, tables.Q0, 0)[0]),
    )


@rounded_once
def j1(x: Any) -> Any:
    """−J₀′(x)."""
    size = np.abs(x)
    return np.copysign(1, x) * piecewise(
        size,
        (size <= 8, _small_j1),
        ((size > 8) & (size < math.inf), lambda v: _wave(v, tables.P1, tables.Q1, 1)[0]),
    )


def _small_y0(x: Any) -> Any:
    return over(tables.Y0_0, x * x, 0, 64) + 2 / math.pi * np.log(x) * _small_j0(x)


def _small_y1(x: Any) -> Any:
    wave = x * over(tables.Y1_0, x * x, 0, 64)
    return wave + 2 / math.pi * (np.log(x) * _small_j1(x) - 1 / x)


@rounded_once
def y0(x: Any) -> Any:
    """The second solution beside J₀; −inf at 0, NaN below."""
    return piecewise(
        x,
        (x == 0, lambda v: np.full(v.shape, -math.inf)),
        ((x > 0) & (x <= 8), _small_y0),
        ((x > 8) & (x < math.inf), lambda v: _wave(v, tables.P0, tables.Q0, 0)[1]),
    )


@rounded_once
def y1(x: Any) -> Any:
    """−Y₀′(x)."""
    return piecewise(
        x,
        (x == 0, lambda v: np.full(v.shape, -math.inf)),
        ((x > 0) & (x <= 8), _small_y1),
        ((x > 8) & (x < math.inf), lambda v: _wave(v, tables.P1, tables.Q1, 1)[1]),
    )


# --- Airy ------------------------------------------------------------------------------------

_Z_AT_8 = 2 / 3 * 8**1.5


@rounded_once
def airy_ai(x: Any) -> Any:
    """Solution of y″ = x y that decays for positive `x`."""
    return piecewise(
        x,
        ((x < -8) & (x > -math.inf), _airy_wave),
        ((x >= -8) & (x < -5), lambda v: over(tables.AIRY_M8, v, -8, -5)),
        ((x >= -5) & (x < -2), lambda v: over(tables.AIRY_M5, v, -5, -2)),
        ((x >= -2) & (x < 2), lambda v: over(tables.AIRY_M2, v, -2, 2)),
        ((x >= 2) & (x < math.inf), _airy_decay),
    )


def _airy_wave(x: Any) -> Any:
    z = 2 / 3 * (-x) ** 1.5
    ratio = _Z_AT_8 / z
    a = over(tables.AIRY_N0, ratio * ratio, 0, 1)
    b = ratio * over(tables.AIRY_N1, ratio * ratio, 0, 1)
    angle = z - math.pi / 4
    return (a * np.cos(angle) + b * np.sin(angle)) / (math.sqrt(math.pi) * (-x) ** 0.25)


def _airy_decay(x: Any) -> Any:
    z = 2 / 3 * x**1.5
    rest = over(tables.AIRY_P, 1 / z, 0, _TOP)
    return rest * np.exp(-z) / (2 * math.sqrt(math.pi) * x**0.25)


_TOP = 1.5 / 2**1.5  # 1/z at x = 2
