"""The Weibull distribution."""

from __future__ import annotations

from typing import Any, ClassVar

from . import constraints
from ._shared import EULER, array_of, broadcast_all, open_uniform
from .distribution import Distribution

__all__ = ["Weibull"]


class Weibull(Distribution):
    """P(X > x) = exp(−(x / scale)ᶜ) with the concentration c."""

    arg_constraints: ClassVar = {
        "scale": constraints.positive,
        "concentration": constraints.positive,
    }
    support = constraints.positive
    has_rsample = True

    def __init__(self, scale: Any, concentration: Any, validate_args: bool | None = None) -> None:
        self.scale, self.concentration = broadcast_all(scale, concentration)
        super().__init__(self.scale.shape, validate_args=validate_args)

    @property
    def mean(self) -> Any:
        """The mean."""
        return self.scale * (1 + self.concentration.reciprocal()).lgamma().exp()

    @property
    def mode(self) -> Any:
        """The most likely value."""
        c = self.concentration
        return self.scale * ((c - 1) / c).pow(c.reciprocal())

    @property
    def variance(self) -> Any:
        """The variance."""
        reciprocal = self.concentration.reciprocal()
        second, first = (1 + 2 * reciprocal).lgamma(), (1 + reciprocal).lgamma()
        return self.scale.pow(2) * (second.exp() - (2 * first).exp())

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Draw scale · (−log u)^(1/c)."""
        shape = self._extended_shape(sample_shape)
        drawn = open_uniform(shape, array_of(self.scale).dtype)
        return self.scale * (-drawn.log()).pow(self.concentration.reciprocal())

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the density."""
        self._validate_sample(value)
        c, ratio = self.concentration, value / self.scale
        return c.log() - self.scale.log() + (c - 1) * ratio.log() - ratio.pow(c)

    def cdf(self, value: Any) -> Any:
        """Return the probability of at most `value`."""
        self._validate_sample(value)
        return -(-(value / self.scale).pow(self.concentration)).expm1()

    def icdf(self, value: Any) -> Any:
        """Return the quantile."""
        return self.scale * (-(-value).log1p()).pow(self.concentration.reciprocal())

    def entropy(self) -> Any:
        """Return γ (1 − 1/c) + log(scale / c) + 1, with Euler's γ."""
        reciprocal = self.concentration.reciprocal()
        return EULER * (1 - reciprocal) + (self.scale * reciprocal).log() + 1
