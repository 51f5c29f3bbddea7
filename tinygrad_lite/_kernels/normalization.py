"""Layer and batch normalisation, forward and pulled back."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from . import instead_of

__all__ = ["channel_norm", "channel_norm_pull", "row_norm", "row_norm_pull"]


def _row_norm(x: Any, weight: Any, bias: Any, eps: float) -> tuple[Any, Any, Any]:
    mean = x.mean(axis=1, keepdims=True)
    scale = 1 / np.sqrt(((x - mean) ** 2).mean(axis=1, keepdims=True) + eps)
    out = (x - mean) * scale
    if weight is not None:
        out = out * weight
    return (out if bias is None else out + bias), mean, scale


@instead_of(_row_norm)
def row_norm(x: Any, weight: Any, bias: Any, eps: float) -> tuple[Any, Any, Any]:
    """Each row of a matrix less its mean, over its deviation, times `weight`, plus `bias`.

    Also the means and one over the deviations, as columns.
    """
    count = x.dtype.type(max(1, x.shape[1]))
    mean = np.add.reduce(x, axis=1, keepdims=True)
    mean /= count
    out = x - mean
    scale = np.vecdot(out, out)[:, None]
    scale /= count
    scale += eps
    np.sqrt(scale, out=scale)
    np.reciprocal(scale, out=scale)
    out *= scale
    if weight is not None:
        out *= weight
    if bias is not None:
        out += bias
    return out, mean, scale


def _row_norm_pull(g: Any, x: Any, weight: Any, mean: Any, scale: Any, needs: Any) -> Any:
    normal = (x - mean) * scale
    inner = g if weight is None else g * weight
    back = inner - inner.mean(axis=1, keepdims=True)
    gx = (back - normal * (inner * normal).mean(axis=1, keepdims=True)) * scale
    return gx, (g * normal).sum(axis=0), g.sum(axis=0)


@instead_of(_row_norm_pull)
def row_norm_pull(g: Any, x: Any, weight: Any, mean: Any, scale: Any, needs: Any) -> Any:
    """Gradients of the rows, the weight and the bias; None for what is not needed."""
    normal = x - mean
    normal *= scale
    gw = gb = gx = None
    ones = np.ones(len(x), x.dtype)
    if needs[1]:
        gw = ones.dot(g * normal)
    if needs[2]:
        gb = ones.dot(g)
    if needs[0]:
        count = x.dtype.type(max(1, x.shape[1]))
        gx = g.copy() if weight is None else g * weight
        along = np.vecdot(gx, normal)[:, None]
        along /= count
        level = np.add.reduce(gx, axis=1, keepdims=True)
        level /= count
        normal *= along
        gx -= normal
        gx -= level
        gx *= scale
    return gx, gw, gb


def _faces(x: Any, *vectors: Any) -> tuple[Any, ...]:
    """Vectors over channels, shaped to stand beside (N, C, …)."""
    shape = (1, -1, *[1] * (x.ndim - 2))
    return tuple(v if v is None else v.reshape(shape) for v in vectors)


def _channel_norm(x: Any, weight: Any, bias: Any, eps: float) -> tuple[Any, Any, Any, Any]:
    axes = (0, *range(2, x.ndim))
    mean = x.mean(axis=axes, keepdims=True)
    var = ((x - mean) ** 2).mean(axis=axes, keepdims=True)
    scale = 1 / np.sqrt(var + eps)
    weight, bias = _faces(x, weight, bias)
    out = (x - mean) * scale
    if weight is not None:
        out = out * weight
    if bias is not None:
        out = out + bias
    return out, mean.reshape(-1), var.reshape(-1), scale.reshape(-1)


def _channel_norm_pull(g: Any, x: Any, weight: Any, mean: Any, scale: Any, needs: Any) -> Any:
    axes = (0, *range(2, x.ndim))
    mean, scale, weight = _faces(x, mean, scale, weight)
    normal = (x - mean) * scale
    inner = g if weight is None else g * weight
    back = inner - inner.mean(axis=axes, keepdims=True)
    gx = (back - normal * (inner * normal).mean(axis=axes, keepdims=True)) * scale
    return gx, (g * normal).sum(axis=axes), g.sum(axis=axes)


def _pixels(x: Any) -> Any:
    """(N, C, …) as rows (pixels, C): no copy where the channels lie last in memory."""
    last = np.moveaxis(x, 1, -1)
    return last.reshape(math.prod(last.shape[:-1]), x.shape[1])


def _image(rows: Any, like: Any) -> Any:
    shape = (like.shape[0], *like.shape[2:], like.shape[1])
    return np.moveaxis(rows.reshape(shape), -1, 1)


@instead_of(_channel_norm)
def channel_norm(x: Any, weight: Any, bias: Any, eps: float) -> tuple[Any, Any, Any, Any]:
    """Each channel less its mean, over its deviation, times `weight`, plus `bias`.

    Also the means, the variances and one over the deviations.  Sums over pixels are products with
    a row of ones: a third of the time of add.reduce.
    """
    rows = _pixels(x)
    share = np.full(len(rows), 1 / max(1, len(rows)), x.dtype)
    mean = share.dot(rows)
    out = rows - mean
    var = share.dot(out * out)
    scale = 1 / np.sqrt(var + eps)
    out *= scale if weight is None else scale * weight
    if bias is not None:
        out += bias
    return _image(out, x), mean, var, scale


@instead_of(_channel_norm_pull)
def channel_norm_pull(g: Any, x: Any, weight: Any, mean: Any, scale: Any, needs: Any) -> Any:
    """Gradients of the image, the weight and the bias, in three passes over the image.

    With h the normal image, gx = s w (g − mean(g) − h mean(g h)): the means are the gradients of
    bias and weight over the number of pixels.
    """
    rows, slopes = _pixels(x), _pixels(g)
    ones = np.ones(len(rows), x.dtype)
    normal = rows - mean
    normal *= scale
    gb, gw = ones.dot(slopes), ones.dot(slopes * normal)
    if not needs[0]:
        return None, gw, gb
    share = x.dtype.type(1 / max(1, len(rows)))
    normal *= gw * share
    np.subtract(slopes, normal, out=normal)
    normal -= gb * share
    normal *= scale if weight is None else scale * weight
    return _image(normal, x), gw, gb
