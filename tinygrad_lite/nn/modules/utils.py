"""Settings given as one number, for every spatial dimension: PyTorch's helpers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ._sizes import sizes

__all__ = ["_ntuple", "_pair", "_quadruple", "_single", "_triple"]


def _ntuple(n: int) -> Callable[[Any], tuple[Any, ...]]:
    """A function that repeats one number `n` times and leaves a sequence as it is."""
    return lambda given: sizes(given, n)


_single, _pair, _triple, _quadruple = (_ntuple(n) for n in (1, 2, 3, 4))
