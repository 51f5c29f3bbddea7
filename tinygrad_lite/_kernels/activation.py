"""Activations together with their slopes, in pieces that stay in the cache.

The slope is worked out while its operands are at hand, so that the way back is one product.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from . import instead_of
from .chunks import SHORT_CHAIN, flat_pieces, piece_size
from .erf import erf
from .memory import aligned
from .team import is_shared, side_by_side

__all__ = ["gelu", "gelu_tanh", "silu", "times_slope"]

BUFFERS = 3  # that a piece may use for its steps in between

ROOT_HALF = math.sqrt(0.5)
DENSITY = 1 / math.sqrt(2 * math.pi)
LOG_DENSITY = math.log(DENSITY)
ROOT_2_OVER_PI, CUBIC = math.sqrt(2 / math.pi), 0.044715

# Φ(x) = ½ + ½ tanh(x P(x²)), P fitted to ½ log(Φ(x) / Φ(−x)) / x for the least error of Φ on
# x = −6 … 6: 3e-8, in float32 1e-7 (constant term first)
TO_TANH = (
    0.7978849414912351, 0.03633308440174605, -3.259473575663703e-05, -5.53063209453529e-05,
    3.964774007616117e-06, -1.3226635424137508e-07, 1.7562797454734497e-09,
)  # fmt: skip


def _gelu(x: Any) -> tuple[Any, Any]:
    share = erf(x * ROOT_HALF) * 0.5 + 0.5
    return x * share, share + x * np.exp(x * x * -0.5) * DENSITY


def _gelu_tanh(x: Any) -> tuple[Any, Any]:
    curve = np.tanh((x + x * x * x * CUBIC) * ROOT_2_OVER_PI)
    steep = (x * x * (3 * CUBIC) + 1) * ROOT_2_OVER_PI
    slope = (curve + 1) * 0.5 + x * 0.5 * (1 - curve * curve) * steep
    return x * 0.5 * (curve + 1), slope


def _silu(x: Any) -> tuple[Any, Any]:
    gate = 1 / (np.exp(-x) + 1)
    return x * gate, gate * (x * (1 - gate) + 1)


def _in_pieces(x: Any, piece: Any, numbers: Any) -> tuple[Any, Any]:
    """Value and slope by `piece(x, out, slope, buffers, numbers)`, which fills the two.

    A product that is stored to a border between lines of the cache takes twice the time: steps in
    between go to buffers that begin at one, and each result is copied once to where it belongs.
    """
    x = np.asarray(x)
    flat = np.ascontiguousarray(x).reshape(-1)
    out, slope = np.empty(x.shape, x.dtype), np.empty(x.shape, x.dtype)
    values, slopes = out.reshape(-1), slope.reshape(-1)
    constants = _constants(numbers, x.dtype)
    size = piece_size(flat.size)
    if flat.size <= size:
        piece(flat, values, slopes, np.empty((BUFFERS, flat.size), x.dtype), constants)
        return out, slope

    def work(parts: Iterable[slice]) -> None:
        room = aligned(BUFFERS * size, x.dtype).reshape(BUFFERS, size)
        for part in parts:
            chunk = flat[part]
            piece(chunk, values[part], slopes[part], room[:, : chunk.size], constants)

    side_by_side(flat_pieces(flat.size, size), flat.size, work)
    return out, slope


@functools.cache
def _constants(numbers: tuple[float, ...], dtype: Any) -> tuple[Any, ...]:
    """Numbers as arrays without axes: a ufunc takes 0.3 microseconds to convert Python's."""
    return tuple(np.array(number, dtype) for number in numbers)


@functools.cache
def _exponential() -> tuple[Callable[..., Any], float]:
    """The faster exponential of float32, and the logarithm of e to its base.

    With AVX-512 exp2 takes 0.25 ns per element and exp 0.44; elsewhere exp2 has no vector code.
    """
    found = np.lib.introspect.opt_func_info("^exp2$", "^float32$").get("exp2", {})
    fast = any("baseline" not in code["current"] for code in found.values())
    return (np.exp2, 1 / math.log(2)) if fast else (np.exp, 1.0)


@functools.cache
def _gelu_numbers() -> tuple[float, ...]:
    base = _exponential()[1]
    return (*TO_TANH, 0.5, -0.5 * base, LOG_DENSITY * base)


def _gelu_piece(x: Any, out: Any, slope: Any, buffers: Any, numbers: Any) -> None:
    """A tanh and an exponential, 22 passes in all.

    By way of erfc, with a fit in 1 / (3 + |x|), it was 33 passes and half as long again.
    """
    square, share, product = buffers
    *series, half, steep, level = numbers
    np.square(x, out=square)
    np.multiply(square, series[-1], out=share)
    share += series[-2]
    for c in series[-3::-1]:
        share *= square
        share += c
    share *= x
    np.tanh(share, out=share)
    share *= half
    share += half  # Φ
    np.multiply(x, share, out=product)
    np.copyto(out, product)
    square *= steep
    square += level
    _exponential()[0](square, out=square)  # φ
    square *= x
    square += share
    np.copyto(slope, square)


@instead_of(_gelu)
def gelu(x: Any) -> tuple[Any, Any]:
    """x Φ(x) and its slope Φ(x) + x φ(x); in float32 to 1e-7."""
    if x.dtype != np.float32:
        return _gelu(x)
    return _in_pieces(x, _gelu_piece, _gelu_numbers())


_TANH_NUMBERS = (
    ROOT_2_OVER_PI, ROOT_2_OVER_PI * CUBIC, 2 * ROOT_2_OVER_PI, 6 * ROOT_2_OVER_PI * CUBIC, 0.5, 1,
)  # fmt: skip


def _gelu_tanh_piece(x: Any, out: Any, slope: Any, buffers: Any, numbers: Any) -> None:
    """With u = x (a + b x²) and P = ½ (1 + tanh u): x P, and P + x P (1 − P) (2 a + 6 b x²)."""
    square, share, product = buffers
    a, b, twice_a, six_b, half, one = numbers
    np.square(x, out=square)
    np.multiply(square, b, out=share)
    share += a
    share *= x
    np.tanh(share, out=share)
    share *= half
    share += half
    square *= six_b
    square += twice_a
    square *= np.subtract(one, share, out=product)  # before x, lest float16 overflow
    np.multiply(x, share, out=product)
    np.copyto(out, product)
    square *= product
    square += share
    np.copyto(slope, square)


@instead_of(_gelu_tanh)
def gelu_tanh(x: Any) -> tuple[Any, Any]:
    """½ x (1 + tanh(√(2/π) (x + 0.044715 x³))) and its slope."""
    return _in_pieces(x, _gelu_tanh_piece, _TANH_NUMBERS)


def _silu_piece(x: Any, out: Any, slope: Any, buffers: Any, numbers: Any) -> None:
    gate, product, steep = buffers
    (one,) = numbers
    np.negative(x, out=gate)
    np.exp(gate, out=gate)
    gate += one
    np.reciprocal(gate, out=gate)
    np.multiply(x, gate, out=product)
    np.copyto(out, product)
    np.subtract(one, gate, out=steep)
    steep *= product
    steep += gate  # σ + x σ (1 − σ): no difference of large numbers
    np.copyto(slope, steep)


@instead_of(_silu)
def silu(x: Any) -> tuple[Any, Any]:
    """x σ(x) and its slope σ (1 + x (1 − σ))."""
    return _in_pieces(x, _silu_piece, (1,))


def _times_slope(g: Any, slope: Any) -> Any:
    return g * slope


@instead_of(_times_slope)
def times_slope(g: Any, slope: Any) -> Any:
    """g times `slope`, which is overwritten: memory at hand saves a third of a large product."""
    if not slope.ndim or g.shape != slope.shape or g.dtype != slope.dtype:
        return g * slope
    if not is_shared(slope.size) or not g.flags.c_contiguous:
        return np.multiply(g, slope, out=slope)
    given, product = g.reshape(-1), slope.reshape(-1)

    def work(parts: Iterable[slice]) -> None:
        for part in parts:
            np.multiply(given[part], product[part], out=product[part])

    side_by_side(flat_pieces(slope.size, SHORT_CHAIN), slope.size, work)
    return slope
