"""The Poisson distribution."""

from __future__ import annotations

from typing import Any, ClassVar

from . import constraints
from ._shared import array_of, broadcast_all, draw
from .distribution import Distribution

__all__ = ["Poisson"]


class Poisson(Distribution):
    """The number of events in a unit of time: p(k) = rateᵏ e^(−rate) / k!."""

    arg_constraints: ClassVar = {"rate": constraints.nonnegative}
    support = constraints.nonnegative_integer

    def __init__(self, rate: Any, validate_args: bool | None = None) -> None:
        (self.rate,) = broadcast_all(rate)
        super().__init__(self.rate.shape, validate_args=validate_args)

    @property
    def mean(self) -> Any:
        """The mean."""
        return self.rate

    @property
    def mode(self) -> Any:
        """The most likely value."""
        return self.rate.floor()

    @property
    def variance(self) -> Any:
        """The variance."""
        return self.rate

    def sample(self, sample_shape: Any = ()) -> Any:
        """Draw numbers of events, as floating-point numbers."""
        rate = array_of(self.rate)
        return draw("poisson", rate, shape=self._extended_shape(sample_shape), dtype=rate.dtype)

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the probability."""
        self._validate_sample(value)
        return value.xlogy(self.rate) - self.rate - (value + 1).lgamma()
