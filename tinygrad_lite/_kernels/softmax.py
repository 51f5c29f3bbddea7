"""Softmax and its logarithm, forward and pulled back, in as few passes as NumPy allows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

import numpy as np

from . import instead_of
from .broadcast import ones
from .chunks import SHORT_CHAIN, long_rows, piece_size, row_pieces
from .reduction import row_maxima
from .team import side_by_side

__all__ = ["log_softmax", "log_softmax_pull", "softmax", "softmax_pull", "softmax_rows"]


def _softmax(x: Any, axis: int) -> Any:
    if not x.ndim:
        return np.ones_like(x)
    grown = np.exp(x - x.max(axis=axis, keepdims=True, initial=-np.inf))
    return grown / grown.sum(axis=axis, keepdims=True)


def _softmax_pull(g: Any, out: Any, axis: int) -> Any:
    return out * (g - (g * out).sum(axis=axis, keepdims=True)) if out.ndim else g * 0


def _log_softmax(x: Any, axis: int) -> Any:
    if not x.ndim:
        return np.zeros_like(x)
    low = x - x.max(axis=axis, keepdims=True, initial=-np.inf)
    return low - np.log(np.exp(low).sum(axis=axis, keepdims=True))


def _log_softmax_pull(g: Any, out: Any, axis: int) -> Any:
    return g - np.exp(out) * g.sum(axis=axis, keepdims=True) if out.ndim else g * 0


HARMLESS = 60.0  # e^60 a million times is a float32 still, and so is e^-60
SMALL = 8192  # up to this many elements cutting into pieces costs more than it saves


def _as_rows(axis: int, *arrays: Any) -> list[Any] | None:
    """Contiguous arrays as rows along their last axis; None where they lie otherwise, or small."""
    x = arrays[0]
    if x.size <= SMALL or axis not in {-1, x.ndim - 1}:
        return None
    if not all(a.flags.c_contiguous for a in arrays):
        return None
    return [a.reshape(-1, x.shape[-1]) for a in arrays]


def _widened(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """Do half precision in float32: its sums stand still once they are 2,048 times an element."""

    @wraps(kernel)
    def widened(*arguments: Any) -> Any:
        x = arguments[0]
        if x.dtype.itemsize != 2:  # comparing types takes four times as long
            return kernel(*arguments)
        wide = (a.astype(np.float32) if isinstance(a, np.ndarray) else a for a in arguments)
        return kernel(*wide).astype(np.float16)

    return widened


@instead_of(_softmax)
@_widened
def softmax(x: Any, axis: int) -> Any:
    """eˣ over its sum along `axis`, in one buffer."""
    if not x.size or not x.ndim:
        return np.ones_like(x)
    if _few_rows(axis, x):
        return _small_softmax(x)
    out = np.empty_like(x)
    both = _as_rows(axis, x, out)
    if both is None:
        _softmax_into(x, out, axis)
        return out
    softmax_rows(*both)
    return out


def _few_rows(axis: int, x: Any) -> bool:
    """Whether `x` is small and its last axis is meant, whose elements lie side by side."""
    along = axis in {-1, x.ndim - 1}
    return along and x.size <= SMALL and x.shape[-1] > 1 and x.flags.c_contiguous


def _small_softmax(x: Any) -> Any:
    """The same of a few rows, where each call of NumPy counts: 7 microseconds against 21."""
    rows = x if x.ndim == 2 else x.reshape(-1, x.shape[-1])
    out = np.exp(rows if _is_harmless(rows) else rows - row_maxima(rows)[:, None])
    sums = out.dot(ones(x.shape[-1], x.dtype))
    out *= np.reciprocal(sums, out=sums)[:, None]
    return out if x.ndim == 2 else out.reshape(x.shape)


def _is_harmless(rows: Any) -> bool:
    """Whether every element, and so every row, lies where no exponential over- or underflows."""
    return bool(
        np.maximum.reduce(rows, axis=None) <= HARMLESS
        and np.minimum.reduce(rows, axis=None) >= -HARMLESS
    )


def softmax_rows(x: Any, out: Any) -> None:
    """The softmax of the rows of a contiguous matrix, written to `out` (which may be `x`).

    The maximum is subtracted only to prevent overflow, and left out where no element is above 60
    and every row holds one above -60, which its first or last element shows.  In rows of 64 it
    takes 2 of 3.3 ns per element, and that look 0.1; `dot` adds rows up in a sixth of the time of
    add.reduce.
    """
    every = ones(x.shape[1], x.dtype)

    def work(parts: Iterable[slice]) -> None:
        with long_rows(x.shape[1]):
            for part in parts:
                piece, result = x[part], out[part]
                if _needs_shift(piece):
                    _softmax_into(piece, result, 1)
                    continue
                np.exp(piece, out=result)
                sums = result.dot(every)
                result *= np.reciprocal(sums, out=sums)[:, None]

    side_by_side(row_pieces(len(x), x.shape[1], SHORT_CHAIN), x.size, work)


def _needs_shift(rows: Any) -> bool:
    """Whether exponentials of the rows may overflow, or a sum of them vanish."""
    if rows.itemsize < 4 or not np.maximum.reduce(rows, axis=None) <= HARMLESS:  # or NaN
        return True
    ends = (np.minimum.reduce(rows[:, k]) for k in (0, -1))
    return not any(low >= -HARMLESS for low in ends)


def _softmax_into(x: Any, out: Any, axis: int) -> None:
    np.subtract(x, np.maximum.reduce(x, axis=axis, keepdims=True), out=out)
    np.exp(out, out=out)
    sums = np.add.reduce(out, axis=axis, keepdims=True)
    out *= np.reciprocal(sums, out=sums)


@instead_of(_softmax_pull)
@_widened
def softmax_pull(g: Any, out: Any, axis: int) -> Any:
    """out (g − Σ g out), in one buffer."""
    if not out.ndim:
        return np.zeros_like(out)
    if _few_rows(axis, out):
        gx = g * out
        sums = gx.dot(ones(gx.shape[-1], gx.dtype))
        np.subtract(g, sums[..., None], out=gx)
        gx *= out
        return gx
    gx = np.empty_like(out)
    three = _as_rows(axis, g, out, gx)
    if three is None:
        sums = np.add.reduce(g * out, axis=axis, keepdims=True)
        np.subtract(g, sums, out=gx)
        gx *= out
        return gx

    def work(parts: Iterable[slice]) -> None:
        with long_rows(out.shape[-1]):
            for part in parts:
                slopes, shares, result = (a[part] for a in three)
                np.subtract(slopes, np.vecdot(slopes, shares)[:, None], out=result)
                result *= shares

    piece = piece_size(out.size, SHORT_CHAIN, 2 * SHORT_CHAIN)
    side_by_side(row_pieces(len(three[0]), out.shape[-1], piece), out.size, work)
    return gx


@instead_of(_log_softmax)
@_widened
def log_softmax(x: Any, axis: int) -> Any:
    """x − log Σ eˣ along `axis`, in two buffers."""
    if not x.size or not x.ndim:
        return np.zeros_like(x)
    if _few_rows(axis, x):
        return _small_log_softmax(x)
    out = np.empty_like(x)
    both = _as_rows(axis, x, out)
    if both is None:
        _log_softmax_into(x, out, axis)
        return out

    def work(parts: Iterable[slice]) -> None:
        with long_rows(x.shape[-1]):
            for part in parts:
                _log_softmax_into(both[0][part], both[1][part], 1)

    side_by_side(row_pieces(len(both[0]), x.shape[-1], SHORT_CHAIN), x.size, work)
    return out


def _small_log_softmax(x: Any) -> Any:
    out = x - row_maxima(x)[..., None]
    out -= np.log(np.exp(out).dot(ones(x.shape[-1], x.dtype)))[..., None]
    return out


def _log_softmax_into(x: Any, out: Any, axis: int) -> None:
    np.subtract(x, np.maximum.reduce(x, axis=axis, keepdims=True), out=out)
    out -= np.log(np.add.reduce(np.exp(out), axis=axis, keepdims=True))


@instead_of(_log_softmax_pull)
@_widened
def log_softmax_pull(g: Any, out: Any, axis: int) -> Any:
    """g − eᵒᵘᵗ Σ g, in one buffer."""
    if not out.ndim:
        return np.zeros_like(out)
    if _few_rows(axis, out):
        gx = np.exp(out)
        gx *= g.dot(ones(g.shape[-1], g.dtype))[..., None]
        return np.subtract(g, gx, out=gx)
    gx = np.empty_like(out)
    three = _as_rows(axis, g, out, gx)
    if three is None:
        np.exp(out, out=gx)
        gx *= np.add.reduce(g, axis=axis, keepdims=True)
        return np.subtract(g, gx, out=gx)

    def work(parts: Iterable[slice]) -> None:
        with long_rows(out.shape[-1]):
            for part in parts:
                slopes, logs, result = (a[part] for a in three)
                np.exp(logs, out=result)
                result *= np.add.reduce(slopes, axis=1, keepdims=True)
                np.subtract(slopes, result, out=result)

    side_by_side(row_pieces(len(three[0]), out.shape[-1], SHORT_CHAIN), out.size, work)
    return gx
