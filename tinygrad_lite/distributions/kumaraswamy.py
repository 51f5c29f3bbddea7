"""The Kumaraswamy distribution."""

from __future__ import annotations

from typing import Any, ClassVar

from . import constraints
from ._shared import EULER, array_of, broadcast_all, open_uniform
from .distribution import Distribution

__all__ = ["Kumaraswamy"]


class Kumaraswamy(Distribution):
    """P(X > x) = (1 − xᵃ)ᵇ on [0, 1], with a = concentration1 and b = concentration0."""

    arg_constraints: ClassVar = {
        "concentration1": constraints.positive,
        "concentration0": constraints.positive,
    }
    support = constraints.unit_interval
    has_rsample = True

    def __init__(
        self, concentration1: Any, concentration0: Any, validate_args: bool | None = None
    ) -> None:
        self.concentration1, self.concentration0 = broadcast_all(concentration1, concentration0)
        super().__init__(self.concentration0.shape, validate_args=validate_args)

    def _moment(self, n: int) -> Any:
        """Return E[xⁿ] = b B(1 + n/a, b)."""
        a, b = self.concentration1, self.concentration0
        value = 1 + n / a
        return (value.lgamma() + b.lgamma() - (value + b).lgamma()).exp() * b

    @property
    def mean(self) -> Any:
        """The mean."""
        return self._moment(1)

    @property
    def mode(self) -> Any:
        """The most likely value; NaN where the density has none inside."""
        a, b = self.concentration1, self.concentration0
        found = ((a - 1) / (a * b - 1)).pow(a.reciprocal())
        return found.masked_fill((a < 1) | (b < 1), float("nan"))

    @property
    def variance(self) -> Any:
        """The variance."""
        return self._moment(2) - self.mean.pow(2)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Draw (1 − u^(1/b))^(1/a)."""
        shape = self._extended_shape(sample_shape)
        return self.icdf(open_uniform(shape, array_of(self.concentration0).dtype))

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the density."""
        self._validate_sample(value)
        a, b = self.concentration1, self.concentration0
        return a.log() + b.log() + (a - 1) * value.log() + (b - 1) * (-value.pow(a)).log1p()

    def cdf(self, value: Any) -> Any:
        """Return 1 − (1 − xᵃ)ᵇ."""
        self._validate_sample(value)
        return 1 - (1 - value.pow(self.concentration1)).pow(self.concentration0)

    def icdf(self, value: Any) -> Any:
        """Return the quantile."""
        inside = 1 - (1 - value).pow(self.concentration0.reciprocal())
        return inside.pow(self.concentration1.reciprocal())

    def entropy(self) -> Any:
        """Return 1 − 1/b + (1 − 1/a) (ψ(b + 1) + γ) − log(a b)."""
        a, b = self.concentration1, self.concentration0
        harmonic = (b + 1).digamma() + EULER
        return 1 - b.reciprocal() + (1 - a.reciprocal()) * harmonic - a.log() - b.log()
