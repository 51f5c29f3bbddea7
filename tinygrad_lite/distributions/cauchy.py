"""The Cauchy distribution."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from . import constraints
from ._shared import array_of, broadcast_all, draw
from .distribution import Distribution

__all__ = ["Cauchy"]


class Cauchy(Distribution):
    """p(x) = 1 / (π scale (1 + ((x − loc) / scale)²)); it has no mean."""

    arg_constraints: ClassVar = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.real
    has_rsample = True

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = broadcast_all(loc, scale)
        super().__init__(self.loc.shape, validate_args=validate_args)

    @property
    def mean(self) -> Any:
        """NaN."""
        return self.loc * math.nan

    @property
    def mode(self) -> Any:
        """The most likely value."""
        return self.loc

    @property
    def variance(self) -> Any:
        """Infinite."""
        return self.scale * math.inf

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Draw loc + scale · ε."""
        shape, dtype = self._extended_shape(sample_shape), array_of(self.loc).dtype
        return self.loc + draw("standard_cauchy", shape=shape, dtype=dtype) * self.scale

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the density."""
        self._validate_sample(value)
        away = (value - self.loc) / self.scale
        return -math.log(math.pi) - self.scale.log() - (away**2).log1p()

    def cdf(self, value: Any) -> Any:
        """Return the probability of at most `value`."""
        self._validate_sample(value)
        return ((value - self.loc) / self.scale).atan() / math.pi + 0.5

    def icdf(self, value: Any) -> Any:
        """Return the quantile."""
        return (math.pi * (value - 0.5)).tan() * self.scale + self.loc

    def entropy(self) -> Any:
        """Return log(4 π scale)."""
        return math.log(4 * math.pi) + self.scale.log()
