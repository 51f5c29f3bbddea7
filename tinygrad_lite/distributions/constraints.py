"""What parameters and values of distributions must satisfy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._nodes import make

__all__ = [
    "Constraint",
    "boolean",
    "cat",
    "dependent",
    "greater_than",
    "greater_than_eq",
    "half_open_interval",
    "independent",
    "integer_interval",
    "interval",
    "less_than",
    "lower_cholesky",
    "multinomial",
    "nonnegative",
    "nonnegative_integer",
    "one_hot",
    "positive",
    "positive_definite",
    "positive_integer",
    "real",
    "real_vector",
    "simplex",
    "unit_interval",
]

Array = np.ndarray[Any, Any]


class Constraint:
    """A condition on values; over the last `event_dim` axes it gives one answer."""

    def __init__(
        self,
        text: str,
        holds: Callable[[Array], Any],
        *,
        event_dim: int = 0,
        is_discrete: bool = False,
    ) -> None:
        self._text = text
        self._holds = holds
        self.event_dim = event_dim
        self.is_discrete = is_discrete

    def check(self, value: Any) -> Any:
        """Return a tensor of truth values."""
        return make(np.asarray(self._holds(np.asarray(value._array))), None)

    def satisfied(self, value: Any) -> bool:
        """Say whether all values meet the condition."""
        return bool(np.all(self._holds(np.asarray(value._array))))

    def __repr__(self) -> str:
        return self._text


def _number(x: Any) -> Any:
    return x._array if hasattr(x, "_array") else x


def greater_than(lower_bound: Any) -> Constraint:
    """x > lower_bound."""
    low = _number(lower_bound)
    return Constraint(f"GreaterThan(lower_bound={lower_bound})", lambda x: low < x)


def greater_than_eq(lower_bound: Any) -> Constraint:
    """x >= lower_bound."""
    low = _number(lower_bound)
    return Constraint(f"GreaterThanEq(lower_bound={lower_bound})", lambda x: low <= x)


def less_than(upper_bound: Any) -> Constraint:
    """x < upper_bound."""
    high = _number(upper_bound)
    return Constraint(f"LessThan(upper_bound={upper_bound})", lambda x: x < high)


def interval(lower_bound: Any, upper_bound: Any) -> Constraint:
    """lower_bound <= x <= upper_bound."""
    low, high = _number(lower_bound), _number(upper_bound)
    text = f"Interval(lower_bound={lower_bound}, upper_bound={upper_bound})"
    return Constraint(text, lambda x: (low <= x) & (x <= high))


def half_open_interval(lower_bound: Any, upper_bound: Any) -> Constraint:
    """lower_bound <= x < upper_bound."""
    low, high = _number(lower_bound), _number(upper_bound)
    text = f"HalfOpenInterval(lower_bound={lower_bound}, upper_bound={upper_bound})"
    return Constraint(text, lambda x: (low <= x) & (x < high))


def integer_interval(lower_bound: Any, upper_bound: Any) -> Constraint:
    """A whole number, lower_bound <= x <= upper_bound."""
    low, high = _number(lower_bound), _number(upper_bound)
    text = f"IntegerInterval(lower_bound={lower_bound}, upper_bound={upper_bound})"
    return Constraint(text, lambda x: (x % 1 == 0) & (low <= x) & (x <= high), is_discrete=True)


def multinomial(upper_bound: Any) -> Constraint:
    """Counts that sum to upper_bound."""
    total = _number(upper_bound)
    return Constraint(
        "Multinomial()",
        lambda x: (x >= 0).all(-1) & (x.sum(-1) == total),
        event_dim=1,
        is_discrete=True,
    )


def independent(base: Constraint, dims: int) -> Constraint:
    """Hold over the last `dims` axes together."""

    def holds(x: Array) -> Any:
        found = np.asarray(base._holds(x))
        return found.reshape(*found.shape[: found.ndim - dims], -1).all(-1)

    return Constraint(
        f"IndependentConstraint({base}, {dims})",
        holds,
        event_dim=base.event_dim + dims,
        is_discrete=base.is_discrete,
    )


def cat(*_: Any) -> Constraint:
    """Refuse: joined constraints are not offered."""
    raise NotImplementedError("constraints.cat is not implemented")


def _symmetric_positive(x: Array) -> Any:
    symmetric = np.isclose(x, np.swapaxes(x, -2, -1), atol=1e-6).all((-2, -1))
    return symmetric & (np.linalg.eigvalsh(x).min(-1) > 0)


def _lower_cholesky(x: Array) -> Any:
    diagonal = np.diagonal(x, axis1=-2, axis2=-1)
    return (np.tril(x) == x).all((-2, -1)) & (diagonal > 0).all(-1)


real = Constraint("Real()", lambda x: x == x)  # noqa: PLR0124 - false for NaN
real_vector = independent(real, 1)
positive = greater_than(0.0)
nonnegative = greater_than_eq(0.0)
unit_interval = interval(0.0, 1.0)
boolean = Constraint("Boolean()", lambda x: (x == 0) | (x == 1), is_discrete=True)
nonnegative_integer = Constraint(
    "IntegerGreaterThan(lower_bound=0)", lambda x: (x % 1 == 0) & (x >= 0), is_discrete=True
)
positive_integer = Constraint(
    "IntegerGreaterThan(lower_bound=1)", lambda x: (x % 1 == 0) & (x >= 1), is_discrete=True
)
simplex = Constraint(
    "Simplex()", lambda x: (x >= 0).all(-1) & (np.abs(x.sum(-1) - 1) < 1e-6), event_dim=1
)
one_hot = Constraint(
    "OneHot()",
    lambda x: ((x == 0) | (x == 1)).all(-1) & (x.sum(-1) == 1),
    event_dim=1,
    is_discrete=True,
)
lower_cholesky = Constraint("LowerCholesky()", _lower_cholesky, event_dim=2)
positive_definite = Constraint("PositiveDefinite()", _symmetric_positive, event_dim=2)
dependent = Constraint("Dependent()", np.isfinite)  # depends on parameters: checked elsewhere
