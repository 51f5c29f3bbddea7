"""The exponential distribution."""

from __future__ import annotations

from typing import Any, ClassVar

from . import constraints
from ._shared import array_of, broadcast_all, draw
from .distribution import Distribution

__all__ = ["Exponential"]


class Exponential(Distribution):
    """Waiting times at a rate: p(x) = rate · e^(−rate x)."""

    arg_constraints: ClassVar = {"rate": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True

    def __init__(self, rate: Any, validate_args: bool | None = None) -> None:
        (self.rate,) = broadcast_all(rate)
        super().__init__(self.rate.shape, validate_args=validate_args)

    @property
    def mean(self) -> Any:
        """The mean."""
        return self.rate.reciprocal()

    @property
    def mode(self) -> Any:
        """The most likely value."""
        return self.rate * 0

    @property
    def stddev(self) -> Any:
        """The standard deviation."""
        return self.rate.reciprocal()

    @property
    def variance(self) -> Any:
        """The variance."""
        return self.rate.pow(-2)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Draw a waiting time of rate 1 and divide it by the rate."""
        shape, dtype = self._extended_shape(sample_shape), array_of(self.rate).dtype
        return draw("standard_exponential", shape=shape, dtype=dtype) / self.rate

    def log_prob(self, value: Any) -> Any:
        """Return log rate − rate · x."""
        self._validate_sample(value)
        return self.rate.log() - self.rate * value

    def cdf(self, value: Any) -> Any:
        """Return the probability of at most `value`."""
        self._validate_sample(value)
        return -(-self.rate * value).expm1()

    def icdf(self, value: Any) -> Any:
        """Return the quantile."""
        return -(-value).log1p() / self.rate

    def entropy(self) -> Any:
        """Return 1 − log rate."""
        return 1.0 - self.rate.log()
