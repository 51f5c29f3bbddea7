"""Softmax and its logarithm, forward and pulled back, in as few passes as NumPy allows."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import instead_of
from .chunks import long_rows, row_pieces

__all__ = ["log_softmax", "log_softmax_pull", "softmax", "softmax_pull"]


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


SMALL = 8192  # up to this many elements cutting into pieces costs more than it saves


def _as_rows(axis: int, *arrays: Any) -> list[Any] | None:
    """Contiguous arrays as rows along their last axis; None where they lie otherwise, or small."""
    x = arrays[0]
    if x.size <= SMALL or axis not in {-1, x.ndim - 1}:
        return None
    if not all(a.flags.c_contiguous for a in arrays):
        return None
    return [a.reshape(-1, x.shape[-1]) for a in arrays]


@instead_of(_softmax)
def softmax(x: Any, axis: int) -> Any:
    """eˣ over its sum along `axis`, in one buffer."""
    if not x.size or not x.ndim:
        return np.ones_like(x)
    out = np.empty_like(x)
    both = _as_rows(axis, x, out)
    if both is None:
        _softmax_into(x, out, axis)
        return out
    with long_rows(x.shape[-1]):
        for part in row_pieces(*both[0].shape):
            _softmax_into(both[0][part], both[1][part], 1)
    return out


def _softmax_into(x: Any, out: Any, axis: int) -> None:
    np.subtract(x, np.maximum.reduce(x, axis=axis, keepdims=True), out=out)
    np.exp(out, out=out)
    sums = np.add.reduce(out, axis=axis, keepdims=True)
    out *= np.reciprocal(sums, out=sums)


@instead_of(_softmax_pull)
def softmax_pull(g: Any, out: Any, axis: int) -> Any:
    """out (g − Σ g out), in one buffer."""
    if not out.ndim:
        return np.zeros_like(out)
    gx = np.empty_like(out)
    three = _as_rows(axis, g, out, gx)
    if three is None:
        sums = np.add.reduce(g * out, axis=axis, keepdims=True)
        np.subtract(g, sums, out=gx)
        gx *= out
        return gx
    with long_rows(out.shape[-1]):
        for part in row_pieces(*three[0].shape):
            slopes, shares, result = (a[part] for a in three)
            np.subtract(slopes, np.vecdot(slopes, shares)[:, None], out=result)
            result *= shares
    return gx


@instead_of(_log_softmax)
def log_softmax(x: Any, axis: int) -> Any:
    """x − log Σ eˣ along `axis`, in two buffers."""
    if not x.size or not x.ndim:
        return np.zeros_like(x)
    out = np.empty_like(x)
    both = _as_rows(axis, x, out)
    if both is None:
        _log_softmax_into(x, out, axis)
        return out
    with long_rows(x.shape[-1]):
        for part in row_pieces(*both[0].shape):
            _log_softmax_into(both[0][part], both[1][part], 1)
    return out


def _log_softmax_into(x: Any, out: Any, axis: int) -> None:
    np.subtract(x, np.maximum.reduce(x, axis=axis, keepdims=True), out=out)
    out -= np.log(np.add.reduce(np.exp(out), axis=axis, keepdims=True))


@instead_of(_log_softmax_pull)
def log_softmax_pull(g: Any, out: Any, axis: int) -> Any:
    """g − eᵒᵘᵗ Σ g, in one buffer."""
    if not out.ndim:
        return np.zeros_like(out)
    gx = np.empty_like(out)
    three = _as_rows(axis, g, out, gx)
    if three is None:
        np.exp(out, out=gx)
        gx *= np.add.reduce(g, axis=axis, keepdims=True)
        return np.subtract(g, gx, out=gx)
    with long_rows(out.shape[-1]):
        for part in row_pieces(*three[0].shape):
            slopes, logs, result = (a[part] for a in three)
            np.exp(logs, out=result)
            result *= np.add.reduce(slopes, axis=1, keepdims=True)
            np.subtract(slopes, result, out=result)
    return gx
