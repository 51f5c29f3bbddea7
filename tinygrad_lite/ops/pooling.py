"""Pooling: the strongest or the mean element of each window of an image (N, C, spatial)."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from .._kernels import pooling as kernels
from .._kernels.pooling import Window
from .._op import op
from .gathering import gather

Sizes = tuple[int, ...]

# The strongest


@op(kind="general", label="max pool", onnx="MaxPool", aux=("code",))
def max_pool(x: Any, *, window: Window) -> Any:
    """The largest element of each window; the gradient goes to the first of equals.

    Padding is never chosen, not even where a window holds only −∞.
    """
    return kernels.strongest(x, window)


@op(kind="general", label="max pool", onnx="MaxPool", outputs=("values", "indices"), aux=("code",))
def max_pool_with_indices(x: Any, *, window: Window) -> Any:
    """The largest element of each window, and its place in the flattened image."""
    values, code = kernels.strongest(x, window)
    return values, kernels.flat_places(code, x.shape[2:], window), code


@op(kind="linear", label="max poolᵀ")
def place_strongest(x: Any, code: Any, *, size: Sizes, window: Window) -> Any:
    """An image of `size` with `x` at the offsets of the windows that `code` names."""
    return kernels.put(x, code, size, window)


@op(kind="linear", label="max pool again")
def pick_strongest(x: Any, code: Any, *, window: Window) -> Any:
    """The element of each window of `x` that `code` names."""
    return kernels.pick(x, code, window)


@max_pool.rule
def _(g: Any, code: Any, x_shape: Sizes, window: Window) -> Any:
    return place_strongest(g, code, size=x_shape[2:], window=window)


@max_pool_with_indices.rule
def _(g: Any, code: Any, x_shape: Sizes, window: Window) -> Any:
    return place_strongest(g[0], code, size=x_shape[2:], window=window)


place_strongest.rule(lambda g, code, window: pick_strongest(g, code, window=window), "x")


@pick_strongest.rule("x")
def _(g: Any, code: Any, x_shape: Sizes, window: Window) -> Any:
    return place_strongest(g, code, size=x_shape[2:], window=window)


def window_maxima(x: Any, starts: Any, ends: Any) -> Any:
    """Flat places (N, C, windows) of the largest elements of windows of any size and position.

    `starts` and `ends` have the windows' bounds for each axis: (windows), or (N, C, windows)
    where every image has its own.
    """
    if starts[0].ndim == 1:
        return _common_maxima(x, starts, ends)
    found = np.empty(starts[0].shape, np.int64)
    for at in np.ndindex(found.shape[:2]):
        own = ([s[at] for s in starts], [e[at] for e in ends])
        found[at] = _common_maxima(x[at][None, None], *own)
    return found


def _common_maxima(x: Any, starts: Any, ends: Any) -> Any:
    """The same for windows that all images share."""
    size = x.shape[2:]
    found = np.empty((*x.shape[:2], len(starts[0])), np.int64)
    grid = np.arange(math.prod(size)).reshape(size)
    bounds = [b.tolist() for b in (*starts, *ends)]
    for w, both in enumerate(zip(*bounds, strict=True)):
        box = tuple(map(slice, both[: len(size)], both[len(size) :]))
        places, part = grid[box].reshape(-1), x[(..., *box)]
        # the place by the grid: 3 microseconds, by unravelling and ravelling 11
        found[..., w] = places[part.reshape(*x.shape[:2], places.size).argmax(-1)]
    return found


@lru_cache(maxsize=64)
def adaptive_bounds(size: Sizes, outs: Sizes) -> tuple[list[Any], list[Any]]:
    """Starts and ends of windows that share an image of `size` out among `outs` windows."""
    grids = np.meshgrid(*(np.arange(m) for m in outs), indexing="ij")
    starts = [(g * n // m).reshape(-1) for g, n, m in zip(grids, size, outs, strict=True)]
    ends = [(-(-(g + 1) * n // m)).reshape(-1) for g, n, m in zip(grids, size, outs, strict=True)]
    return starts, ends


@op(kind="linear", label="unpool", onnx="MaxUnpool")
def unpool(x: Any, places: Any, *, count: int) -> Any:
    """Zeros (…, count) with `x` (…, m) at `places`: of places named twice the last stands."""
    out = np.zeros((*x.shape[:-1], count), x.dtype)
    np.put_along_axis(out, places, x, -1)
    return out


unpool.rule(lambda g, places: gather(g, places, axis=g.ndim - 1), "x")

# The mean


def _shares(window: Window, size: Sizes, include_padding: bool, divisor: int | None) -> Any:
    """One over what the sum of each window is divided by, to be broadcast over (N, C)."""
    if divisor is not None:
        return 1 / divisor
    if not any(window.padding) and not window.ceil:  # every window is whole
        return 1 / math.prod(window.kernel)
    counts: Any = np.ones(())
    for n, m, k, s, p in zip(
        size, window.places(size), window.kernel, window.stride, window.padding, strict=True
    ):
        start = np.arange(m) * s - p
        end = np.minimum(start + k, n + p)
        if not include_padding:
            start, end = np.maximum(start, 0), np.minimum(end, n)
        counts = counts[..., None] * (end - start)
    if counts.size and (counts == counts.flat[0]).all():
        return 1 / float(counts.flat[0])
    return 1 / counts


def _scaled(x: Any, shares: Any) -> Any:
    """`x` times the shares, in the type of `x`."""
    return x * (shares if isinstance(shares, float) else np.asarray(shares, x.dtype))


@op(kind="linear", label="avg pool", onnx="AveragePool")
def avg_pool(
    x: Any, *, window: Window, include_padding: bool = True, divisor: int | None = None
) -> Any:
    """The mean of each window; zeros of the padding count if they are included."""
    shares = _shares(window, x.shape[2:], include_padding, divisor)
    sums = kernels.total(x, window)
    if x.dtype.kind == "f":
        return _scaled(sums, shares)
    # 1 / share is a whole number again; integers are divided towards zero
    return np.trunc(sums / np.rint(1 / np.asarray(shares))).astype(x.dtype)


@op(kind="linear", label="avg poolᵀ")
def spread_mean(
    x: Any, *, size: Sizes, window: Window, include_padding: bool = True,
    divisor: int | None = None,
) -> Any:  # fmt: skip
    """Each element of `x` shared out over its window in an image of `size`."""
    shares = _shares(window, size, include_padding, divisor)
    return kernels.total_back(_scaled(x, shares), size, window)


@avg_pool.rule
def _(g: Any, x_shape: Sizes, window: Window, include_padding: bool, divisor: Any) -> Any:
    return spread_mean(
        g, size=x_shape[2:], window=window, include_padding=include_padding, divisor=divisor
    )


@spread_mean.rule
def _(g: Any, window: Window, include_padding: bool, divisor: Any) -> Any:
    return avg_pool(g, window=window, include_padding=include_padding, divisor=divisor)
