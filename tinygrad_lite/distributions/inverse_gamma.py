"""The inverse gamma distribution."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from . import constraints
from ._shared import broadcast_all
from .distribution import Distribution
from .gamma import Gamma

__all__ = ["InverseGamma"]


class InverseGamma(Distribution):
    """The distribution of 1 / x for x of the gamma distribution."""

    arg_constraints: ClassVar = {
        "concentration": constraints.positive,
        "rate": constraints.positive,
    }
    support = constraints.positive
    has_rsample = True

    def __init__(self, concentration: Any, rate: Any, validate_args: bool | None = None) -> None:
        self.concentration, self.rate = broadcast_all(concentration, rate)
        self.base_dist = Gamma(self.concentration, self.rate, validate_args=False)
        super().__init__(self.rate.shape, validate_args=validate_args)

    @property
    def mean(self) -> Any:
        """The mean; infinite for a concentration up to 1."""
        c = self.concentration
        return (self.rate / (c - 1)).masked_fill(c <= 1, math.inf)

    @property
    def mode(self) -> Any:
        """The most likely value."""
        return self.rate / (self.concentration + 1)

    @property
    def variance(self) -> Any:
        """The variance; infinite for a concentration up to 2."""
        c = self.concentration
        found = self.rate.square() / ((c - 1).square() * (c - 2))
        return found.masked_fill(c <= 2, math.inf)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Draw the reciprocal of a gamma number."""
        return self.base_dist.rsample(sample_shape).reciprocal()

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the density."""
        self._validate_sample(value)
        return self.base_dist.log_prob(value.reciprocal()) - 2 * value.log()

    def cdf(self, value: Any) -> Any:
        """Return the probability of at most `value`."""
        self._validate_sample(value)
        return 1 - self.base_dist.cdf(value.reciprocal())

    def entropy(self) -> Any:
        """Return c + log rate + log Γ(c) − (1 + c) ψ(c)."""
        c = self.concentration
        return c + self.rate.log() + c.lgamma() - (1 + c) * c.digamma()
