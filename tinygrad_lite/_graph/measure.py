"""Statistics of an array, taken while it exists."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .parts import Setting, Statistics

BINS = 32


def summarize(array: Any) -> Statistics:
    """Mean, spread, extremes, zeros, NaNs and a histogram; of the finite part where not all is.

    >>> import numpy as np
    >>> summarize(np.array([1.0, -1.0])).rms
    1.0
    """
    values = np.asarray(array)
    size = int(values.size)
    if not size:
        nan = math.nan
        return Statistics(0, nan, nan, nan, nan, nan, 0, 0, 0)
    values = values.astype(np.float64, copy=False).reshape(-1)
    zeros = size - int(np.count_nonzero(values))
    nans = infs = 0
    total = float(np.dot(values, values))
    if not math.isfinite(total):
        nans, infs = int(np.isnan(values).sum()), int(np.isinf(values).sum())
        values = values[np.isfinite(values)]
        total = float(np.dot(values, values))
    if not values.size:
        nan = math.nan
        return Statistics(size, nan, nan, nan, nan, nan, zeros, nans, infs)
    low, high, mean = float(values.min()), float(values.max()), float(values.mean())
    square = total / values.size
    spread = math.sqrt(max(square - mean * mean, 0.0))
    bins = _count_bins(values, low, high)
    return Statistics(
        size, mean, spread, low, high, math.sqrt(square), zeros, nans, infs, low, high, bins
    )


def _count_bins(values: Any, low: float, high: float) -> tuple[int, ...]:
    if high <= low or not math.isfinite(high - low):
        return (int(values.size),)
    places = ((values - low) * (BINS / (high - low))).astype(np.int64)
    counts = np.bincount(np.minimum(places, BINS - 1), minlength=BINS)
    return tuple(int(count) for count in counts)


def simplify_setting(value: Any) -> Setting:
    """A setting as plain data; arrays by their shape, everything else by its name."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.generic):
        return simplify_setting(value.item())
    if isinstance(value, (tuple, list)):
        return tuple(simplify_setting(item) for item in value)
    if isinstance(value, slice):
        ends = (value.start, value.stop, value.step)
        texts = ["" if end is None else str(end) for end in ends]
        return ":".join(texts if texts[2] else texts[:2])
    if value is Ellipsis:
        return "..."
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple):
        return f"array {'×'.join(map(str, shape))}"
    return getattr(value, "__name__", None) or type(value).__name__


def list_settings(settings: dict[str, Any] | None) -> tuple[tuple[str, Setting], ...]:
    """The settings of a call as plain data."""
    if not settings:
        return ()
    return tuple((name, simplify_setting(value)) for name, value in settings.items())
