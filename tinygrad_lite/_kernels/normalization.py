"""Layer and batch normalisation, forward and pulled back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from . import instead_of
from .broadcast import TALL, ones, shares
from .chunks import PIECE, SHORT_CHAIN, long_rows, piece_size, repeated, row_pieces, stretched
from .faces import channels_second, pixels_of
from .memory import aligned
from .planes import (
    centred_products,
    centred_squares,
    planes_of,
    pulled_planes,
    scaled_planes,
    sums_of,
)
from .reduction import row_dots
from .team import side_by_side

__all__ = [
    "channel_norm", "channel_norm_pull", "frozen_norm", "frozen_norm_pull", "row_norm",
    "row_norm_pull",
]  # fmt: skip


SMALL = 8192  # elements up to which pieces and buffers cost more than they save
FEWEST = 8  # rows of a piece: two sums for each then take a quarter of the memory of x at most


def _is_small(x: Any) -> bool:
    """Whether every call of NumPy counts, and sums may be taken in the type of `x`."""
    return bool(x.size <= SMALL and x.dtype.itemsize > 2)


def _row_norm(x: Any, weight: Any, bias: Any, eps: float) -> tuple[Any, Any, Any]:
    mean = x.mean(axis=1, keepdims=True)
    scale = 1 / np.sqrt(((x - mean) ** 2).mean(axis=1, keepdims=True) + eps)
    out = (x - mean) * scale
    if weight is not None:
        out = out * weight
    out = out if bias is None else out + bias
    return out.astype(x.dtype, copy=False), mean, scale


@instead_of(_row_norm)
def row_norm(x: Any, weight: Any, bias: Any, eps: float) -> tuple[Any, Any, Any]:
    """Each row of a matrix less its mean, over its deviation, times `weight`, plus `bias`.

    Also the means and one over the deviations, as columns.
    """
    if _is_small(x):
        return _few_row_norm(x, weight, bias, eps)
    rows, width = x.shape
    out = np.empty(x.shape, x.dtype)
    mean, scale = np.empty((rows, 1), x.dtype), np.empty((rows, 1), x.dtype)
    share = shares(width, x.dtype)

    def work(parts: Iterable[slice]) -> None:
        with long_rows(width):
            for part in parts:
                piece, level, steep = out[part], mean[part], scale[part]
                row_dots(x[part], share, level[:, 0])
                np.subtract(x[part], level, out=piece)
                np.vecdot(piece, piece, out=steep[:, 0])
                steep *= x.dtype.type(1 / max(1, width))
                steep += eps
                np.sqrt(steep, out=steep)
                np.reciprocal(steep, out=steep)
                piece *= steep
                if weight is not None:
                    piece *= weight
                if bias is not None:
                    piece += bias

    size = piece_size(x.size, SHORT_CHAIN, 2 * SHORT_CHAIN)
    side_by_side(row_pieces(rows, width, size), x.size, work)
    return out, mean, scale


def _few_row_norm(x: Any, weight: Any, bias: Any, eps: float) -> tuple[Any, Any, Any]:
    """The same of a small matrix: (100, 16) in 11 microseconds against 20."""
    share = shares(x.shape[1], x.dtype)
    mean = x.dot(share)[:, None]
    out = x - mean
    scale = (out * out).dot(share)
    scale += eps
    np.sqrt(scale, out=scale)
    scale = np.reciprocal(scale, out=scale)[:, None]
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
    if _is_small(x):
        return _few_row_norm_pull(g, x, weight, mean, scale, needs)
    rows, width = x.shape
    gx = np.empty(x.shape, x.dtype) if needs[0] else None
    # The same pieces for any number of threads, for they decide how the sums are rounded.
    step = min(rows, TALL, max(FEWEST, 2 * PIECE // max(1, width)))
    parts = [slice(k, min(k + step, rows)) for k in range(0, rows, step)]
    sums = np.empty((2, len(parts), width), x.dtype)
    share = ones(width, x.dtype) if weight is None else weight
    share = share * x.dtype.type(1 / max(1, width))

    def work(parts: Iterable[slice]) -> None:
        room = aligned(2 * step * width, x.dtype).reshape(2, step, width)
        with long_rows(width):
            for part in parts:
                slopes, steep, number = g[part], scale[part], part.start // step
                centred, product = room[:, : len(slopes)]
                np.subtract(x[part], mean[part], out=centred)
                np.multiply(slopes, centred, out=product)
                np.dot(steep[:, 0], product, out=sums[0, number])
                np.dot(ones(len(slopes), x.dtype), slopes, out=sums[1, number])
                if gx is not None:
                    _row_back(slopes, centred, product, weight, share, steep, gx[part])

    side_by_side(parts, x.size, work)
    gw, gb = np.add.reduce(sums, axis=1)  # in order, whoever took which piece
    return gx, gw if needs[1] else None, gb if needs[2] else None


def _few_row_norm_pull(g: Any, x: Any, weight: Any, mean: Any, scale: Any, needs: Any) -> Any:
    rows, width = x.shape
    normal = x - mean
    normal *= scale
    gw = ones(rows, x.dtype).dot(g * normal) if needs[1] else None
    gb = ones(rows, x.dtype).dot(g) if needs[2] else None
    if not needs[0]:
        return None, gw, gb
    share = shares(width, x.dtype)
    inner = g if weight is None else g * weight
    normal *= (inner * normal).dot(share)[:, None]
    gx = inner - normal
    gx -= inner.dot(share)[:, None]
    gx *= scale
    return gx, gw, gb


def _row_back(
    g: Any, centred: Any, product: Any, weight: Any, share: Any, scale: Any, out: Any
) -> None:
    """s (h − mean(h) − c s² mean(h c)), h = g w, c the centred rows and `product` g c.

    Both means are sums of what is there times w / n, the `share`. c and g c are overwritten.
    """
    along, level = np.empty_like(scale), np.empty_like(scale)
    row_dots(product, share, along[:, 0])
    row_dots(g, share, level[:, 0])
    along *= scale
    along *= scale
    centred *= along
    centred += level
    inner = g if weight is None else np.multiply(g, weight, out=product)
    np.subtract(inner, centred, out=product)
    product *= scale
    np.copyto(out, product)  # from the cache: half the time of a product that is stored there


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
    return out.astype(x.dtype, copy=False), mean.reshape(-1), var.reshape(-1), scale.reshape(-1)


def _channel_norm_pull(g: Any, x: Any, weight: Any, mean: Any, scale: Any, needs: Any) -> Any:
    axes = (0, *range(2, x.ndim))
    mean, scale, weight = _faces(x, mean, scale, weight)
    normal = (x - mean) * scale
    inner = g if weight is None else g * weight
    back = inner - inner.mean(axis=axes, keepdims=True)
    gx = (back - normal * (inner * normal).mean(axis=axes, keepdims=True)) * scale
    return gx, (g * normal).sum(axis=axes), g.sum(axis=axes)


def _image(rows: Any, like: Any) -> Any:
    shape = (like.shape[0], *like.shape[2:], like.shape[1])
    return channels_second(rows.reshape(shape))


def _column_sums(rows: Any) -> Any:
    """Sums down the columns, as a product with ones: a third of the time of add.reduce."""
    return ones(len(rows), rows.dtype).dot(rows)


def _room_for(wide: Any) -> Any:
    """A buffer for the largest piece of rows."""
    first = next(row_pieces(*wide.shape), slice(0, 0))
    return np.empty((first.stop, wide.shape[1]), wide.dtype)


@instead_of(_channel_norm)
def channel_norm(x: Any, weight: Any, bias: Any, eps: float) -> tuple[Any, Any, Any, Any]:
    """Each channel less its mean, over its deviation, times `weight`, plus `bias`.

    Also the means, the variances and one over the deviations.  The result is s x + t with one s
    and t for each channel: two passes instead of four, all in pieces.
    """
    small = _is_small(x)
    planes = None if small else planes_of(x)
    if planes is not None:
        return _channel_norm_of_planes(x, planes, weight, bias, eps)
    rows = pixels_of(x)
    share = x.dtype.type(1 / max(1, len(rows)))
    mean = _column_sums(rows) * share
    if small:
        out = rows - mean
        var = _column_sums(out * out) * share
        scale = 1 / np.sqrt(var + eps)
        out *= scale if weight is None else scale * weight
        if bias is not None:
            out += bias
        return _image(out, x), mean, var, scale
    wide, level = stretched(rows, mean)
    room, var = _room_for(wide), np.zeros(len(mean), x.dtype)
    for part in row_pieces(*wide.shape):
        piece = np.subtract(wide[part], level, out=room[: part.stop - part.start])
        piece *= piece
        var += _column_sums(piece.reshape(-1, len(mean)))
    var *= share
    scale = 1 / np.sqrt(var + eps)
    slope = scale if weight is None else scale * weight
    shift = -mean * slope if bias is None else bias - mean * slope
    wide, steep, lift = stretched(rows, slope, shift)
    out = np.empty_like(wide)
    for part in row_pieces(*wide.shape):
        np.multiply(wide[part], steep, out=out[part])
        out[part] += lift
    return _image(out, x), mean, var, scale


def _channel_norm_of_planes(
    x: Any, planes: Any, weight: Any, bias: Any, eps: float
) -> tuple[Any, Any, Any, Any]:
    """The same of an image whose channels lie second in memory, and so do those of the result."""
    n, c = x.shape[:2]
    share = x.dtype.type(1 / (n * planes.shape[1]))
    mean = sums_of(planes).reshape(n, c).sum(axis=0) * share
    var = centred_squares(planes, repeated(mean, n)).reshape(n, c).sum(axis=0) * share
    scale = 1 / np.sqrt(var + eps)
    slope = scale if weight is None else scale * weight
    shift = -mean * slope if bias is None else bias - mean * slope
    out = scaled_planes(planes, repeated(slope, n), repeated(shift, n))
    return out.reshape(x.shape), mean, var, scale


def _channel_norm_pull_of_planes(
    g: Any, x: Any, planes: Any, weight: Any, mean: Any, scale: Any, needs: Any
) -> Any:
    n, c = x.shape[:2]
    slopes, level = g.reshape(planes.shape), repeated(mean, n)
    gw = centred_products(slopes, planes, level).reshape(n, c).sum(axis=0) * scale
    gb = sums_of(slopes).reshape(n, c).sum(axis=0)
    if not needs[0]:
        return None, gw, gb
    share = x.dtype.type(1 / (n * planes.shape[1]))
    along = scale if weight is None else scale * weight
    columns = (along, -along * scale * gw * share, -along * gb * share)
    gx = pulled_planes(slopes, planes, level, *(repeated(v, n) for v in columns))
    return gx.reshape(x.shape), gw, gb


@instead_of(_channel_norm_pull)
def channel_norm_pull(g: Any, x: Any, weight: Any, mean: Any, scale: Any, needs: Any) -> Any:
    """Gradients of the image, the weight and the bias: two sums, then one pass in pieces.

    With h the normal image, gx = s w (g − mean(g) − h mean(g h)): the means are the gradients of
    bias and weight over the number of pixels.
    """
    small = _is_small(x)
    planes = None if small else planes_of(x)
    if planes is not None:
        return _channel_norm_pull_of_planes(g, x, planes, weight, mean, scale, needs)
    rows, slopes = pixels_of(x), pixels_of(g)
    if small:
        return _few_channel_norm_pull(slopes, rows, x, weight, mean, scale, needs)
    wide, level = stretched(rows, mean)
    slopes = slopes.reshape(wide.shape)
    room, gw, gb = _room_for(wide), np.zeros_like(mean), np.zeros_like(mean)
    for part in row_pieces(*wide.shape):
        piece = np.subtract(wide[part], level, out=room[: part.stop - part.start])
        piece *= slopes[part]
        gw += _column_sums(piece.reshape(-1, len(mean)))
        gb += _column_sums(slopes[part].reshape(-1, len(mean)))
    gw *= scale
    if not needs[0]:
        return None, gw, gb
    share = x.dtype.type(1 / max(1, len(rows)))
    along = scale if weight is None else scale * weight
    vectors = (along, -along * scale * gw * share, -along * gb * share)
    _, steep, across, lift = stretched(rows, *vectors)
    gx = np.empty_like(wide)
    for part in row_pieces(*wide.shape):
        piece = np.subtract(wide[part], level, out=gx[part])
        piece *= across
        piece += np.multiply(slopes[part], steep, out=room[: part.stop - part.start])
        piece += lift
    return _image(gx, x), gw, gb


def _few_channel_norm_pull(
    slopes: Any, rows: Any, x: Any, weight: Any, mean: Any, scale: Any, needs: Any
) -> Any:
    """The same of a small image, given as rows of pixels."""
    piece = rows - mean
    gw, gb = _column_sums(piece * slopes), _column_sums(slopes)
    gw *= scale
    if not needs[0]:
        return None, gw, gb
    share = x.dtype.type(1 / max(1, len(rows)))
    along = scale if weight is None else scale * weight
    piece *= along * scale * gw * -share
    piece += slopes * along
    piece -= along * gb * share
    return _image(piece, x), gw, gb


def _frozen_norm(x: Any, weight: Any, bias: Any, mean: Any, var: Any, eps: float) -> Any:
    scale = 1 / np.sqrt(var + eps)
    out = (x - _faces(x, mean)[0]) * _faces(x, scale)[0]
    weight, bias = _faces(x, weight, bias)
    out = out if weight is None else out * weight
    return out if bias is None else out + bias, scale


@instead_of(_frozen_norm)
def frozen_norm(x: Any, weight: Any, bias: Any, mean: Any, var: Any, eps: float) -> Any:
    """Each channel less a given mean, over a given deviation; also one over the deviations."""
    scale = np.reciprocal(np.sqrt(var + eps))
    slope = scale if weight is None else scale * weight
    shift = mean * slope
    shift = np.negative(shift, out=shift) if bias is None else np.subtract(bias, shift, out=shift)
    if _is_small(x):
        face = (-1, *[1] * (x.ndim - 2))
        out = x * slope.reshape(face)
        out += shift.reshape(face)
        return out, scale
    planes = planes_of(x)
    if planes is not None:
        n = x.shape[0]
        return scaled_planes(planes, repeated(slope, n), repeated(shift, n)).reshape(x.shape), scale
    wide, steep, lift = stretched(pixels_of(x), slope, shift)
    out = np.empty_like(wide)
    for part in row_pieces(*wide.shape):
        np.multiply(wide[part], steep, out=out[part])
        out[part] += lift
    return _image(out, x), scale


def _frozen_norm_pull(g: Any, x: Any, weight: Any, mean: Any, scale: Any, needs: Any) -> Any:
    axes = (0, *range(2, x.ndim))
    level, steep, weight = _faces(x, mean, scale, weight)
    gx = g * steep if weight is None else g * weight * steep
    return gx, (g * (x - level) * steep).sum(axis=axes), g.sum(axis=axes)


@instead_of(_frozen_norm_pull)
def frozen_norm_pull(g: Any, x: Any, weight: Any, mean: Any, scale: Any, needs: Any) -> Any:
    """Gradients of the image, the weight and the bias; None for what is not needed."""
    gx = gw = gb = None
    if needs[0]:
        slope = scale if weight is None else scale * weight
        gx = g * slope.reshape(-1, *[1] * (x.ndim - 2))
    if not (needs[1] or needs[2]):
        return gx, None, None
    planes = None if _is_small(x) else planes_of(x)
    if planes is not None:
        n, c = x.shape[:2]
        slopes = g.reshape(planes.shape)
        if needs[1]:
            products = centred_products(slopes, planes, repeated(mean, n))
            gw = products.reshape(n, c).sum(axis=0) * scale
        return gx, gw, sums_of(slopes).reshape(n, c).sum(axis=0) if needs[2] else None
    rows, slopes = pixels_of(x), pixels_of(g)
    if needs[1]:
        gw = np.zeros_like(mean)
        for part in row_pieces(*rows.shape):
            piece = rows[part] - mean
            piece *= slopes[part]
            gw += _column_sums(piece)
        gw *= scale
    if needs[2]:
        gb = _column_sums(slopes)
    return gx, gw, gb
