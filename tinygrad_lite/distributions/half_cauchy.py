"""The half-Cauchy distribution."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from . import constraints
from ._shared import broadcast_all
from .cauchy import Cauchy
from .distribution import Distribution

__all__ = ["HalfCauchy"]


class HalfCauchy(Distribution):
    """The size of a Cauchy number around 0."""

    arg_constraints: ClassVar = {"scale": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True

    def __init__(self, scale: Any, validate_args: bool | None = None) -> None:
        (self.scale,) = broadcast_all(scale)
        self.base_dist = Cauchy(0.0, self.scale, validate_args=False)
        super().__init__(self.scale.shape, validate_args=validate_args)

    @property
    def mean(self) -> Any:
        """Infinite."""
        return self.scale.new_full(self.scale.shape, math.inf)

    @property
    def mode(self) -> Any:
        """0."""
        return self.scale * 0

    @property
    def variance(self) -> Any:
        """Infinite."""
        return self.base_dist.variance

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Draw the size of a Cauchy number."""
        return self.base_dist.rsample(sample_shape).abs()

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the density; −∞ below 0."""
        self._validate_sample(value)
        found = self.base_dist.log_prob(value) + math.log(2)
        return found.masked_fill(value < 0, -math.inf)

    def cdf(self, value: Any) -> Any:
        """Return the probability of at most `value`."""
        self._validate_sample(value)
        return 2 * self.base_dist.cdf(value) - 1

    def icdf(self, value: Any) -> Any:
        """Return the quantile."""
        return self.base_dist.icdf((value + 1) / 2)

    def entropy(self) -> Any:
        """Return the entropy of the Cauchy less log 2."""
        return self.base_dist.entropy() - math.log(2)
