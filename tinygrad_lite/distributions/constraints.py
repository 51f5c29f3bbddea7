"""What parameters and values of distributions must satisfy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._nodes import make

__all__ = [
    "Constraint",
    "boolean",
    "cat",
    "corr_cholesky",
    "dependent",
    "dependent_property",
    "greater_than",
    "greater_than_eq",
    "half_open_interval",
    "independent",
    "integer_interval",
    "interval",
    "is_dependent",
    "less_than",
    "lower_cholesky",
    "lower_triangular",
    "multinomial",
    "nonnegative",
    "nonnegative_integer",
    "one_hot",
    "positive",
    "positive_definite",
    "positive_integer",
    "positive_semidefinite",
    "real",
    "real_vector",
    "simplex",
    "square",
    "stack",
    "symmetric",
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
        kind: str = "",
        **settings: Any,
    ) -> None:
        self._text = text
        self._holds = holds
        self.kind = kind  # what `biject_to` goes by, with the settings as attributes
        self.__dict__.update(settings)
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
    return Constraint(
        f"GreaterThan(lower_bound={lower_bound})",
        lambda x: low < x,
        kind="greater_than",
        lower_bound=lower_bound,
    )


def greater_than_eq(lower_bound: Any) -> Constraint:
    """x >= lower_bound."""
    low = _number(lower_bound)
    return Constraint(
        f"GreaterThanEq(lower_bound={lower_bound})",
        lambda x: low <= x,
        kind="greater_than",
        lower_bound=lower_bound,
    )


def less_than(upper_bound: Any) -> Constraint:
    """x < upper_bound."""
    high = _number(upper_bound)
    return Constraint(
        f"LessThan(upper_bound={upper_bound})",
        lambda x: x < high,
        kind="less_than",
        upper_bound=upper_bound,
    )


def interval(lower_bound: Any, upper_bound: Any) -> Constraint:
    """lower_bound <= x <= upper_bound."""
    low, high = _number(lower_bound), _number(upper_bound)
    text = f"Interval(lower_bound={lower_bound}, upper_bound={upper_bound})"
    bounds = {"lower_bound": lower_bound, "upper_bound": upper_bound}
    return Constraint(text, lambda x: (low <= x) & (x <= high), kind="interval", **bounds)


def half_open_interval(lower_bound: Any, upper_bound: Any) -> Constraint:
    """lower_bound <= x < upper_bound."""
    low, high = _number(lower_bound), _number(upper_bound)
    text = f"HalfOpenInterval(lower_bound={lower_bound}, upper_bound={upper_bound})"
    bounds = {"lower_bound": lower_bound, "upper_bound": upper_bound}
    return Constraint(text, lambda x: (low <= x) & (x < high), kind="interval", **bounds)


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
        kind="independent",
        base_constraint=base,
        reinterpreted_batch_ndims=dims,
    )


def cat(
    cseq: Sequence[Constraint], dim: int = 0, lengths: Sequence[int] | None = None
) -> Constraint:
    """Hold part by part: each constraint over its length along `dim`."""
    parts, sizes = list(cseq), list(lengths or [1] * len(cseq))
    cuts = np.cumsum(sizes)[:-1]

    def holds(x: Array) -> Any:
        pieces = np.split(x, cuts, axis=dim)
        found = [part._holds(piece) for part, piece in zip(parts, pieces, strict=True)]
        return np.concatenate(found, axis=dim)

    return Constraint(
        f"Cat({parts}, dim={dim})",
        holds,
        event_dim=max(part.event_dim for part in parts),
        is_discrete=any(part.is_discrete for part in parts),
        kind="cat",
        cseq=parts,
        dim=dim,
        lengths=sizes,
    )


def stack(cseq: Sequence[Constraint], dim: int = 0) -> Constraint:
    """Hold one by one along `dim`."""
    parts = list(cseq)

    def holds(x: Array) -> Any:
        rows = np.moveaxis(x, dim, 0)
        found = [part._holds(row) for part, row in zip(parts, rows, strict=True)]
        return np.stack(found, axis=dim)

    deep = max(part.event_dim for part in parts)
    return Constraint(
        f"Stack({parts}, dim={dim})",
        holds,
        event_dim=deep + 1 if dim + deep < 0 else deep,
        is_discrete=any(part.is_discrete for part in parts),
        kind="stack",
        cseq=parts,
        dim=dim,
    )


class dependent_property(property):  # noqa: N801 - PyTorch's spelling
    """A property `support` that depends on the parameters; on the class it is `dependent`."""

    def __init__(
        self, fn: Any = None, *, is_discrete: bool | None = None, event_dim: int | None = None
    ) -> None:
        super().__init__(fn)
        self.is_discrete, self.event_dim = is_discrete, event_dim

    def __call__(self, fn: Any) -> dependent_property:
        """Decorate a method, where there were settings."""
        return dependent_property(fn, is_discrete=self.is_discrete, event_dim=self.event_dim)


def is_dependent(constraint: Any) -> bool:
    """Whether a constraint depends on the parameters."""
    return constraint is dependent or isinstance(constraint, dependent_property)


def _symmetric_positive(x: Array) -> Any:
    return _symmetric(x) & (np.linalg.eigvalsh(x).min(-1) > 0)


def _symmetric(x: Array) -> Any:
    return np.isclose(x, np.swapaxes(x, -2, -1), atol=1e-6).all((-2, -1))


def _semidefinite(x: Array) -> Any:
    return _symmetric(x) & (np.linalg.eigvalsh(x).min(-1) >= 0)


def _corr_cholesky(x: Array) -> Any:
    tolerance = np.finfo(x.dtype).eps * x.shape[-1] * 10  # as PyTorch
    unit = np.abs(np.linalg.norm(x, axis=-1) - 1) < tolerance
    return unit.all(-1) & _lower_cholesky(x)


def _lower_cholesky(x: Array) -> Any:
    diagonal = np.diagonal(x, axis1=-2, axis2=-1)
    return (np.tril(x) == x).all((-2, -1)) & (diagonal > 0).all(-1)


real = Constraint("Real()", lambda x: x == x, kind="real")  # noqa: PLR0124 - false for NaN
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
    "Simplex()",
    lambda x: (x >= 0).all(-1) & (np.abs(x.sum(-1) - 1) < 1e-6),
    event_dim=1,
    kind="simplex",
)
one_hot = Constraint(
    "OneHot()",
    lambda x: ((x == 0) | (x == 1)).all(-1) & (x.sum(-1) == 1),
    event_dim=1,
    is_discrete=True,
)
lower_cholesky = Constraint("LowerCholesky()", _lower_cholesky, event_dim=2, kind="lower_cholesky")
lower_triangular = Constraint(
    "LowerTriangular()", lambda x: (np.tril(x) == x).all((-2, -1)), event_dim=2
)
corr_cholesky = Constraint("CorrCholesky()", _corr_cholesky, event_dim=2, kind="corr_cholesky")
square = Constraint(
    "Square()", lambda x: np.full(x.shape[:-2], x.shape[-2] == x.shape[-1]), event_dim=2
)
symmetric = Constraint("Symmetric()", _symmetric, event_dim=2)
positive_semidefinite = Constraint("PositiveSemidefinite()", _semidefinite, event_dim=2)
positive_definite = Constraint(
    "PositiveDefinite()", _symmetric_positive, event_dim=2, kind="positive_definite"
)
dependent = Constraint("Dependent()", np.isfinite)  # depends on parameters: checked elsewhere
