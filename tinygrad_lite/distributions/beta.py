"""The beta and Dirichlet distributions: fractions of a whole."""

from __future__ import annotations

from typing import Any, ClassVar

from . import constraints
from ._shared import broadcast_all, log_beta
from .distribution import Distribution
from .gamma import standard_gamma

__all__ = ["Beta"]


class Beta(Distribution):
    """p(x) = x^(a − 1) (1 − x)^(b − 1) / B(a, b) on [0, 1].

    Differs from PyTorch: samples have no gradient in the concentrations; `rsample` raises when
    one is wanted.
    """

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
        super().__init__(self.concentration1.shape, validate_args=validate_args)

    @property
    def mean(self) -> Any:
        """The mean."""
        return self.concentration1 / (self.concentration1 + self.concentration0)

    @property
    def variance(self) -> Any:
        """The variance."""
        total = self.concentration1 + self.concentration0
        return self.concentration1 * self.concentration0 / (total.pow(2) * (total + 1))

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Draw the share of one gamma number in the sum of two."""
        shape = self._extended_shape(sample_shape)
        one, other = (standard_gamma(c, shape) for c in (self.concentration1, self.concentration0))
        return one / (one + other)

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the density."""
        self._validate_sample(value)
        a, b = self.concentration1, self.concentration0
        return (a - 1).xlogy(value) + (b - 1).xlogy(1 - value) - log_beta(a, b)

    def entropy(self) -> Any:
        """Return the entropy."""
        a, b = self.concentration1, self.concentration0
        total = a + b
        return (
            log_beta(a, b)
            - (a - 1) * a.digamma()
            - (b - 1) * b.digamma()
            + (total - 2) * total.digamma()
        )
