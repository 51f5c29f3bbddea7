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
    """A sum of products of terms, each with a factor, plus `offset`; terms go by their numbers."""

    parts: tuple[tuple[int, tuple[int, ...]], ...]
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
    """The simplest formula for `wanted`, checked on every run.

    First a · m + b for a product m of up to three terms, then a · m + b · n for two such products:
    two runs determine a and b, the others must agree.
    """
    products = {}
    for count in (1, 2, 3):
        for chosen in combinations(range(len(terms)), count):
            columns = (terms[i] for i in chosen)
            products[chosen] = [math.prod(column) for column in zip(*columns, strict=True)]
    ones = [1] * len(wanted.values)
    for chosen, product in products.items():
        line = _fit(product, ones, wanted.values)
        if line is not None and line[0]:
            return Formula(((line[0], chosen),), line[1])
    for first, second in combinations(products, 2):
        line = _fit(products[first], products[second], wanted.values)
        if line is not None and all(line):
            return Formula(((line[0], first), (line[1], second)), 0)
    return None


def _fit(xs: list[int], ys: list[int], wanted: tuple[int, ...]) -> tuple[int, int] | None:
    """Whole numbers a and b with a · x + b · y = wanted in every run."""
    for other in range(1, len(xs)):
        area = xs[0] * ys[other] - xs[other] * ys[0]
        if not area:
            continue
        a, rest = divmod(wanted[0] * ys[other] - wanted[other] * ys[0], area)
        b, more = divmod(xs[0] * wanted[other] - xs[other] * wanted[0], area)
        same = all(a * x + b * y == w for x, y, w in zip(xs, ys, wanted, strict=True))
        return None if rest or more or not same or len(xs) < 3 else (a, b)
    return None
