"""Finding the operation that made the first NaN: torch.autograd.detect_anomaly."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._stamps import line_of, outside
from .._state import here
from .._tensor import Tensor
from .._walk import ANOMALY

__all__ = ["detect_anomaly", "set_detect_anomaly"]


def _has_nan(x: Any) -> bool:
    array = x._array if isinstance(x, Tensor) else x
    if not isinstance(array, np.ndarray) or array.dtype.kind != "f":
        return False
    total = np.add.reduce(array, axis=None)  # half the time of isnan; NaN also for inf - inf
    return bool(total != total) and bool(np.isnan(array).any())  # noqa: PLR0124 - NaN is not itself


def _check_forward(op: Any, operands: Any, settings: Any, result: Any) -> None:
    """Raise where NaN comes out of an operation that none went into."""
    results = result if result.__class__ is tuple else (result,)
    if not any(map(_has_nan, results)) or any(map(_has_nan, operands)):
        return
    frame = outside()
    found = next(r for r in results if _has_nan(r))
    place = tuple(int(i) for i in np.argwhere(np.isnan(found._array))[0])
    raise RuntimeError(
        f"{op.name} at {line_of(frame.f_code, frame.f_lasti)} made the first NaN: element "
        f"{list(place)} of a result of shape {list(found.shape)}"
    )


class detect_anomaly:  # noqa: N801 - torch's spelling
    """A block in which the first NaN, forward or backward, raises and names its line.

    In the backward pass the error also names the line of the forward operation.
    """

    def __init__(self, check_nan: bool = True) -> None:
        self.check_nan = check_nan
        self.before: list[Any] = []

    def __enter__(self) -> None:
        self.before.append((here.watch, ANOMALY[0]))
        _switch(self.check_nan)

    def __exit__(self, *exception: object) -> None:
        here.watch, ANOMALY[0] = self.before.pop()


class set_detect_anomaly(detect_anomaly):  # noqa: N801
    """Look for NaN from now on (or no longer), or in a block."""

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        super().__init__(check_nan)
        self.before.append((here.watch, ANOMALY[0]))
        _switch(mode and check_nan)

    def __enter__(self) -> None:
        pass


def _switch(on: bool) -> None:
    ANOMALY[0] = on
    here.watch = _check_forward if on else None
