"""The Gumbel distribution: the largest of many."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from . import constraints
from ._shared import EULER, array_of, broadcast_all, draw
from .distribution import Distribution

__all__ = ["Gumbel"]


class Gumbel(Distribution):
    """P(x ≤ y) = exp(−exp(−(y − loc) / scale))."""

    arg_constraints: ClassVar = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.real
    has_rsample = True

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = broadcast_all(loc, scale)
        super().__init__(self.loc.shape, validate_args=validate_args)

    @property
    def mean(self) -> Any:
        """The mean."""
        return self.loc + self.scale * EULER

    @property
    def mode(self) -> Any:
        """The most likely value."""
        return self.loc

    @property
    def stddev(self) -> Any:
        """The standard deviation."""
        return (math.pi / math.sqrt(6)) * self.scale

    @property
    def variance(self) -> Any:
        """The variance."""
        return self.stddev.pow(2)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Draw loc + scale · ε."""
        shape, dtype = self._extended_shape(sample_shape), array_of(self.loc).dtype
        return self.loc + self.scale * draw("gumbel", shape=shape, dtype=dtype)

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the density."""
        self._validate_sample(value)
        y = (self.loc - value) / self.scale
        return y - y.exp() - self.scale.log()

    def cdf(self, value: Any) -> Any:
        """Return the probability of at most `value`."""
        self._validate_sample(value)
        return (-((self.loc - value) / self.scale).exp()).exp()

    def icdf(self, value: Any) -> Any:
        """Return the quantile."""
        return self.loc - self.scale * (-value.log()).log()

    def entropy(self) -> Any:
        """Return log scale + 1 + γ."""
        return self.scale.log() + (1 + EULER)
