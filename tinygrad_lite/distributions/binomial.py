"""The binomial distribution."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from .._creation import arange
from .._size import Size
from . import constraints
from ._either import ProbsOrLogits
from ._shared import array_of, broadcast_all, draw, softplus
from .distribution import Distribution

__all__ = ["Binomial"]


class Binomial(ProbsOrLogits):
    """The number of successes among `total_count`, each with probability `probs`."""

    arg_constraints: ClassVar = {
        "total_count": constraints.nonnegative_integer,
        "probs": constraints.unit_interval,
        "logits": constraints.real,
    }
    has_enumerate_support = True

    def __init__(
        self,
        total_count: Any = 1,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        (given,) = broadcast_all(self._take(probs, logits))
        count, given = broadcast_all(total_count, given)
        self.total_count: Any = count.to(given.dtype)
        self.__dict__[self._given] = given
        super().__init__(given.shape, validate_args=validate_args)

    @property
    def support(self) -> Any:
        """The values that can occur."""
        return constraints.integer_interval(0, self.total_count)

    @property
    def mean(self) -> Any:
        """The mean."""
        return self.total_count * self.probs

    @property
    def mode(self) -> Any:
        """The most likely value."""
        return ((self.total_count + 1) * self.probs).floor().minimum(self.total_count)

    @property
    def variance(self) -> Any:
        """The variance."""
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Any:
        """Draw numbers of successes, as floating-point numbers."""
        n, p = array_of(self.total_count).astype(np.int64), array_of(self.probs)
        return draw("binomial", n, p, shape=self._extended_shape(sample_shape), dtype=p.dtype)

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the probability."""
        self._validate_sample(value)
        n = self.total_count
        ways = (n + 1).lgamma() - (value + 1).lgamma() - (n - value + 1).lgamma()
        return ways + value * self.logits - n * softplus(self.logits)

    def entropy(self) -> Any:
        """Return the entropy."""
        log_prob = self.log_prob(self.enumerate_support(expand=False))
        return -(log_prob.exp() * log_prob).sum(0)

    def enumerate_support(self, expand: bool = True) -> Any:
        """Return 0, 1, ..., total_count, which must be the same for the whole batch."""
        counts = array_of(self.total_count)
        if counts.size and counts.min() != counts.max():
            raise NotImplementedError("Inhomogeneous total count not supported by `entropy`.")
        values = arange(int(counts.max()) + 1, dtype=self.total_count.dtype)
        return self._enumerated(values, expand)

    def _settings(self, shape: Size) -> dict[str, Any]:
        return {"total_count": self.total_count.expand(shape)}

    def expand(self, batch_shape: Any, _instance: Any = None) -> Distribution:
        """Return the distribution with its parameters repeated to a batch shape."""
        return super().expand(batch_shape)
