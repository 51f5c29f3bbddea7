"""The uniform distribution."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from .._random import uniform
from . import constraints
from ._shared import array_of, broadcast_all, wrap
from .distribution import Distribution

__all__ = ["Uniform"]


class Uniform(Distribution):
    """All values of [low, high) alike: p(x) = 1 / (high − low)."""

    arg_constraints: ClassVar = {"low": constraints.dependent, "high": constraints.dependent}
    has_rsample = True

    def __init__(self, low: Any, high: Any, validate_args: bool | None = None) -> None:
        self.low, self.high = broadcast_all(low, high)
        # each bound depends on the other
        self.__dict__["arg_constraints"] = {
            "low": constraints.less_than(self.high),
            "high": constraints.greater_than(self.low),
        }
        super().__init__(self.low.shape, validate_args=validate_args)

    @property
    def support(self) -> Any:
        """The values that can occur."""
        return constraints.interval(self.low, self.high)

    @property
    def mean(self) -> Any:
        """The mean."""
        return (self.high + self.low) / 2

    @property
    def mode(self) -> Any:
        """NaN: all values are equally likely."""
        return self.high * math.nan

    @property
    def variance(self) -> Any:
        """The variance."""
        return (self.high - self.low) ** 2 / 12

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Draw low + u (high − low)."""
        shape = tuple(self._extended_shape(sample_shape))
        u = wrap(uniform(shape, None, array_of(self.low).dtype))
        return self.low + u * (self.high - self.low)

    def log_prob(self, value: Any) -> Any:
        """Return −log(high − low) inside, −∞ outside."""
        self._validate_sample(value)
        x = array_of(value)
        inside = (array_of(self.low) <= x) & (x < array_of(self.high))
        indicator = wrap(inside.astype(array_of(self.low).dtype))
        return indicator.log() - (self.high - self.low).log()

    def cdf(self, value: Any) -> Any:
        """Return the probability of at most `value`."""
        self._validate_sample(value)
        return ((value - self.low) / (self.high - self.low)).clamp(min=0, max=1)

    def icdf(self, value: Any) -> Any:
        """Return the quantile."""
        return value * (self.high - self.low) + self.low

    def entropy(self) -> Any:
        """Return log(high − low)."""
        return (self.high - self.low).log()
