"""What differs between runs of a model on inputs of different sizes, and what it depends on.

The same program runs on inputs of several sizes. A number that is the same in all runs is a
constant; one that differs is a `Size`, for which a formula in sizes of the inputs must be found.
"""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Extent", "Formula", "Size", "Varying", "find_formula", "is_fixed", "unify"]


class Size(NamedTuple):
    """A whole number that differs between runs: its value in each."""

    values: tuple[int, ...]


class Varying(NamedTuple):
    """Anything else that differs between runs: its value in each."""

    values: tuple[Any, ...]


Extent = int | Size


class Formula(NamedTuple):
    """`factor` times the product of some terms, plus `offset`; `terms` are their numbers."""

    factor: int
    terms: tuple[int, ...]
    offset: int


def unify(values: tuple[Any, ...]) -> Any:
    """One value for all runs; where they differ a `Size`, within tuples a tuple with sizes."""
    first = values[0]
    if all(_equal(v, first) for v in values[1:]):
        return first
    kinds = {type(v) for v in values}
    if kinds <= {int, np.int64}:
        return Size(tuple(int(v) for v in values))
    if kinds <= {tuple, list} and len({len(v) for v in values}) == 1:
        return tuple(unify(parts) for parts in zip(*values, strict=True))
    if kinds == {slice}:
        ends = [unify(tuple(getattr(v, end) for v in values)) for end in ("start", "stop", "step")]
        return slice(*ends)
    return Varying(values)


def _equal(x: Any, y: Any) -> bool:
    if isinstance(x, np.ndarray) or isinstance(y, np.ndarray):
        same = isinstance(x, np.ndarray) and isinstance(y, np.ndarray)
        return same and x.dtype == y.dtype and np.array_equal(x, y, equal_nan=x.dtype.kind == "f")
    if isinstance(x, (tuple, list)) and isinstance(y, (tuple, list)):
        return len(x) == len(y) and all(_equal(a, b) for a, b in zip(x, y, strict=True))
    return type(x) is type(y) and bool(x == y or (x != x and y != y))  # noqa: PLR0124 - NaN


def is_fixed(value: Any) -> bool:
    """Whether nothing in a unified value differs between runs."""
    if isinstance(value, (Size, Varying)):
        return False
    if isinstance(value, (tuple, list)):
        return all(is_fixed(v) for v in value)
    if isinstance(value, slice):
        return all(is_fixed(v) for v in (value.start, value.stop, value.step))
    return True


def find_formula(wanted: Size, terms: list[tuple[int, ...]]) -> Formula | None:
    """The simplest formula for `wanted` in up to three of the terms, checked on every run.

    Two runs determine factor and offset; the others must agree.
    """
    for count in (1, 2, 3):
        for chosen in combinations(range(len(terms)), count):
            columns = (terms[i] for i in chosen)
            product = [math.prod(column) for column in zip(*columns, strict=True)]
            line = _fit_line(product, wanted.values)
            if line is not None:
                return Formula(line[0], chosen, line[1])
    return None


def _fit_line(xs: list[int], ys: tuple[int, ...]) -> tuple[int, int] | None:
    other = next((i for i, x in enumerate(xs) if x != xs[0]), None)
    if other is None or (ys[other] - ys[0]) % (xs[other] - xs[0]):
        return None
    factor = (ys[other] - ys[0]) // (xs[other] - xs[0])
    offset = ys[0] - factor * xs[0]
    same = all(factor * x + offset == y for x, y in zip(xs, ys, strict=True))
    return (factor, offset) if factor and same else None
