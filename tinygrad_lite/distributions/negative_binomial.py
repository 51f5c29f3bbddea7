"""The negative binomial distribution."""

from __future__ import annotations

from typing import Any, ClassVar

from . import constraints
from ._either import ProbsOrLogits
from ._shared import array_of, broadcast_all, draw, softplus

__all__ = ["NegativeBinomial"]


class NegativeBinomial(ProbsOrLogits):
    """Successes of probability `probs` before the `total_count`-th failure."""

    arg_constraints: ClassVar = {
        "total_count": constraints.greater_than_eq(0),
        "probs": constraints.half_open_interval(0.0, 1.0),
        "logits": constraints.real,
    }
    support = constraints.nonnegative_integer

    def __init__(
        self,
        total_count: Any,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        self.total_count, given = broadcast_all(total_count, self._take(probs, logits))
        self.total_count = self.total_count.to(given.dtype)
        self.__dict__[self._given] = given
        super().__init__(given.shape, validate_args=validate_args)

    def _settings(self, shape: Any) -> dict[str, Any]:
        return {"total_count": self.total_count.expand(shape)}

    @property
    def mean(self) -> Any:
        """The mean."""
        return self.total_count * self.logits.exp()

    @property
    def mode(self) -> Any:
        """The most likely value."""
        return ((self.total_count - 1) * self.logits.exp()).floor().clamp(min=0.0)

    @property
    def variance(self) -> Any:
        """The variance."""
        return self.mean / (-self.logits).sigmoid()

    def sample(self, sample_shape: Any = ()) -> Any:
        """Draw Poisson numbers whose rates are gamma numbers."""
        shape, counts = self._extended_shape(sample_shape), array_of(self.total_count)
        rates = draw("standard_gamma", counts, shape=shape, dtype=counts.dtype)._array
        rates = rates * array_of(self.logits.exp())
        return draw("poisson", rates, shape=tuple(shape), dtype=counts.dtype)

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the probability."""
        self._validate_sample(value)
        count = self.total_count
        weights = count * (-softplus(self.logits)) - value * softplus(-self.logits)
        norm = -(count + value).lgamma() + (1.0 + value).lgamma() + count.lgamma()
        return weights - norm.masked_fill(count + value == 0.0, 0.0)
