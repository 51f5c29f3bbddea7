"""Activations together with their slopes, in pieces that stay in the cache.

The slope is worked out while its operands are at hand, so that the way back is one product.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from . import instead_of
from .chunks import PIECE, flat_pieces
from .erf import erf

__all__ = ["gelu", "gelu_tanh", "silu"]

ROOT_HALF = math.sqrt(0.5)
DENSITY = 1 / math.sqrt(2 * math.pi)
ROOT_2_OVER_PI, CUBIC = math.sqrt(2 / math.pi), 0.044715

# erfc(z) = e^(−z²) t P(t), t = 3 / (3 + z), to 1e-7 in 8 terms: a Chebyshev fit on z = 0 … 10
COMPLEMENT = (
    0.18814972113822243, 0.18627116126172868, 0.19315407484572056, 0.08312355426611734,
    0.3346814310584759, -0.26109094420859835, 0.4000782961927515, -0.12436739586492189,
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


def _in_pieces(x: Any, piece: Any) -> tuple[Any, Any]:
    """Value and slope by `piece(x, out, slope, spare)`, which fills its buffers."""
    x = np.asarray(x)
    flat = x.reshape(-1) if x.flags.c_contiguous else np.ascontiguousarray(x).reshape(-1)
    out, slope = np.empty_like(flat), np.empty_like(flat)
    spare = np.empty(min(PIECE, flat.size), flat.dtype)
    for part in flat_pieces(flat.size):
        chunk = flat[part]
        piece(chunk, out[part], slope[part], spare[: chunk.size])
    return out.reshape(x.shape), slope.reshape(x.shape)


def _gelu_piece(x: Any, out: Any, slope: Any, spare: Any) -> None:
    np.abs(x, out=spare)
    spare *= ROOT_HALF / 3
    spare += 1
    np.reciprocal(spare, out=spare)  # t
    share = out
    share.fill(COMPLEMENT[-1])
    for c in COMPLEMENT[-2::-1]:
        share *= spare
        share += c
    share *= spare
    np.multiply(x, x, out=slope)
    slope *= -0.5
    np.exp(slope, out=slope)
    share *= slope  # erfc(|x| / √2)
    share *= -0.5
    share += 0.5
    np.copysign(share, x, out=share)
    share += 0.5  # Φ
    slope *= DENSITY
    slope *= x
    slope += share
    out *= x


@instead_of(_gelu)
def gelu(x: Any) -> tuple[Any, Any]:
    """x Φ(x) and its slope Φ(x) + x φ(x); in float32 to 1e-7."""
    return _in_pieces(x, _gelu_piece) if x.dtype == np.float32 else _gelu(x)


def _gelu_tanh_piece(x: Any, out: Any, slope: Any, spare: Any) -> None:
    np.multiply(x, x, out=spare)
    np.multiply(spare, CUBIC, out=slope)
    slope += 1
    slope *= x
    slope *= ROOT_2_OVER_PI
    curve = np.tanh(slope, out=slope)
    spare *= 3 * CUBIC * ROOT_2_OVER_PI * 0.5
    spare += ROOT_2_OVER_PI * 0.5
    spare *= x
    np.multiply(curve, curve, out=out)
    np.subtract(1, out, out=out)
    spare *= out  # ½ x (1 − tanh²) times the inner slope
    curve *= 0.5
    curve += 0.5
    np.multiply(curve, x, out=out)
    slope += spare


@instead_of(_gelu_tanh)
def gelu_tanh(x: Any) -> tuple[Any, Any]:
    """½ x (1 + tanh(√(2/π) (x + 0.044715 x³))) and its slope."""
    return _in_pieces(x, _gelu_tanh_piece)


def _silu_piece(x: Any, out: Any, slope: Any, spare: Any) -> None:
    gate = np.negative(x, out=slope)
    np.exp(gate, out=gate)
    gate += 1
    np.reciprocal(gate, out=gate)
    np.multiply(x, gate, out=out)
    np.multiply(out, gate, out=spare)
    slope += out  # σ + x σ − x σ²
    slope -= spare


@instead_of(_silu)
def silu(x: Any) -> tuple[Any, Any]:
    """x σ(x) and its slope σ (1 + x (1 − σ))."""
    return _in_pieces(x, _silu_piece)
