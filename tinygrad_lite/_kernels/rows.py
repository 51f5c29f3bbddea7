"""Adding rows to rows that an index names, repeated ones adding up.

`np.add.at` over rows takes 7.7 ms for 4,096 rows of 128; over a flat index, which NumPy has a
quick loop for, 1.6.  Wide rows are added one by one (1,024 of 1,024: 0.9 ms against 2.6), and
where no row is named often, in rounds of distinct rows (4,096 of 128: 1.2).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from . import instead_of

__all__ = ["Rows", "add_rows"]

WIDE, NARROW, ROUNDS, MUCH = 384, 64, 6, 1 << 15


def _plain_add_rows(out: Any, rows: Any, values: Any) -> None:
    np.add.at(out, rows, values)


@instead_of(_plain_add_rows)
def add_rows(out: Any, rows: Any, values: Any) -> None:
    """Add slices of `values` to those of a contiguous `out` that `rows` names on the first axis."""
    if not values.size:
        return
    width = math.prod(out.shape[1:])
    flat, values = out.reshape(-1, width), values.reshape(-1, width)
    if width >= WIDE:
        for row, value in zip(rows.tolist(), values, strict=True):
            target = flat[row]
            target += value
        return
    if width >= NARROW and values.size >= MUCH and _add_in_rounds(flat, rows, values):
        return
    places = rows[:, None] * width + np.arange(width)
    np.add.at(flat.reshape(-1), places.reshape(-1), values.reshape(-1))


def _add_in_rounds(out: Any, rows: Any, values: Any) -> bool:
    """Add the first row of each name at once, then the second ones; False if a name is frequent."""
    order = np.argsort(rows, kind="stable")
    ordered = rows[order]
    count = np.arange(rows.size)
    new = np.ones(rows.size, bool)
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
    turn = count - np.maximum.accumulate(np.where(new, count, 0))
    last = int(turn.max(initial=0))
    if last >= ROUNDS:
        return False
    for k in range(last + 1):
        chosen = order[turn == k]
        out[rows[chosen]] += values[chosen]
    return True


class Rows:
    """An array (rows, width) that is zero but for some rows, each named once.

    The gradient of a table of 50,000 rows, of which a batch looks 4,096 up, takes 25 MB to write
    and as much to read again; its rows take 2.  NumPy sees the whole array wherever it asks for
    one.
    """

    __slots__ = ("dtype", "numbers", "shape", "values")
    ndim = 2
    as_gradient: ClassVar[Callable[[Rows], Any]]  # a tensor of the rows, given by _row_gradient

    def __init__(self, count: int, rows: Any, values: Any) -> None:
        self.shape, self.dtype = (count, values.shape[1]), values.dtype
        self.numbers, self.values = _merged(rows, values)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        """The whole array."""
        out = np.zeros(self.shape, dtype or self.dtype)
        out[self.numbers] = self.values
        return out

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **settings: Any) -> Any:
        """Add the rows to an array in place; everything else computes with the whole array."""
        out = settings.get("out", (None,))[0]
        if ufunc is np.add and inputs[0] is out and inputs[1] is self:
            out[self.numbers] += self.values
            return out
        whole = (np.asarray(x) if isinstance(x, Rows) else x for x in inputs)
        return getattr(ufunc, method)(*whole, **settings)

    def __add__(self, other: Any) -> Any:
        return np.asarray(self) + other

    __radd__ = __add__


def _merged(rows: Any, values: Any) -> tuple[Any, Any]:
    """Rows in order, each once, with the sum of its values."""
    order = np.argsort(rows, kind="stable")
    ordered = rows[order]
    new = np.ones(rows.size, bool)
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
    sums = values[order[new]]
    if len(sums) < len(values):
        again = ~new
        add_rows(sums, (np.cumsum(new) - 1)[again], values[order[again]])
    return ordered[new], sums
