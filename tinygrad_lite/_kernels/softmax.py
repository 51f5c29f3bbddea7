"""Softmax and its logarithm, forward and pulled back, in as few passes as NumPy allows."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import instead_of

__all__ = ["log_softmax", "log_softmax_pull", "softmax", "softmax_pull"]


def _softmax(x: Any, axis: int) -> Any:
    grown = np.exp(x - x.max(axis=axis, keepdims=True))
    return grown / grown.sum(axis=axis, keepdims=True)


def _softmax_pull(g: Any, out: Any, axis: int) -> Any:
    return out * (g - (g * out).sum(axis=axis, keepdims=True))


def _log_softmax(x: Any, axis: int) -> Any:
    low = x - x.max(axis=axis, keepdims=True)
    return low - np.log(np.exp(low).sum(axis=axis, keepdims=True))


def _log_softmax_pull(g: Any, out: Any, axis: int) -> Any:
    return g - np.exp(out) * g.sum(axis=axis, keepdims=True)


@instead_of(_softmax)
def softmax(x: Any, axis: int) -> Any:
    """eˣ over its sum along `axis`, in one buffer."""
    if not x.size or not x.ndim:
        return np.ones_like(x)
    out = np.subtract(x, np.maximum.reduce(x, axis=axis, keepdims=True))
    np.exp(out, out=out)
    out /= np.add.reduce(out, axis=axis, keepdims=True)
    return out


@instead_of(_softmax_pull)
def softmax_pull(g: Any, out: Any, axis: int) -> Any:
    """out (g − Σ g out), in one buffer."""
    gx = np.multiply(g, out)
    sums = np.add.reduce(gx, axis=axis, keepdims=True) if gx.ndim else gx
    sums = out * sums
    return np.subtract(gx, sums, out=sums) if gx.ndim else gx - sums


@instead_of(_log_softmax)
def log_softmax(x: Any, axis: int) -> Any:
    """x − log Σ eˣ along `axis`, in two buffers."""
    if not x.size or not x.ndim:
        return np.zeros_like(x)
    out = np.subtract(x, np.maximum.reduce(x, axis=axis, keepdims=True))
    out -= np.log(np.add.reduce(np.exp(out), axis=axis, keepdims=True))
    return out


@instead_of(_log_softmax_pull)
def log_softmax_pull(g: Any, out: Any, axis: int) -> Any:
    """g − eᵒᵘᵗ Σ g, in one buffer."""
    if not out.ndim:
        return np.zeros_like(out)
    gx = np.exp(out)
    gx *= np.add.reduce(g, axis=axis, keepdims=True)
    return np.subtract(g, gx, out=gx)
