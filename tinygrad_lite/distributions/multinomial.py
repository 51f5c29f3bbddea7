"""The multinomial distribution."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from .._creation import arange
from .._random import generator_of
from .._size import Size
from . import constraints
from ._shared import array_of, wrap
from .binomial import Binomial
from .categorical import Categorical
from .distribution import Distribution

__all__ = ["Multinomial"]


class Multinomial(Distribution):
    """How often each category comes up in `total_count` draws."""

    arg_constraints: ClassVar = {"probs": constraints.simplex, "logits": constraints.real_vector}

    def __init__(
        self,
        total_count: int = 1,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        if not isinstance(total_count, int):
            raise NotImplementedError("inhomogeneous total_count is not supported")
        self.total_count = total_count
        self._categorical = Categorical(probs, logits, validate_args=validate_args)
        shape = self._categorical.param_shape
        super().__init__(shape[:-1], shape[-1:], validate_args=validate_args)

    @property
    def support(self) -> Any:
        """The values that can occur."""
        return constraints.multinomial(self.total_count)

    @property
    def probs(self) -> Any:
        """The probabilities."""
        return self._categorical.probs

    @property
    def logits(self) -> Any:
        """Their logarithms."""
        return self._categorical.logits

    @property
    def mean(self) -> Any:
        """The mean."""
        return self.probs * self.total_count

    @property
    def variance(self) -> Any:
        """The variance of each element."""
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Any:
        """Draw counts, as floating-point numbers."""
        probs = array_of(self.probs)
        chances = probs.astype(np.float64)
        chances /= chances.sum(-1, keepdims=True)
        size = (*sample_shape, *self._batch_shape)
        counts = generator_of(None).multinomial(self.total_count, chances, size=size)
        return wrap(counts.astype(probs.dtype))

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the probability."""
        self._validate_sample(value)
        ways = (value.sum(-1) + 1).lgamma() - (value + 1).lgamma().sum(-1)
        impossible = (value == 0) & (self.logits == -math.inf)
        return ways + (self.logits.masked_fill(impossible, 0.0) * value).sum(-1)

    def entropy(self) -> Any:
        """Return the entropy."""
        n = self.total_count
        counts = arange(1.0, n + 1, dtype=self.probs.dtype)
        counts = counts.reshape((-1,) + (1,) * (len(self._batch_shape) + 1))
        chances = Binomial(n, probs=self.probs).log_prob(counts).exp()
        expected = (chances * (counts + 1).lgamma()).sum((0, -1))
        return n * self._categorical.entropy() - math.lgamma(n + 1) + expected

    def expand(self, batch_shape: Any, _instance: Any = None) -> Distribution:
        """Return the distribution with its parameters repeated to a batch shape."""
        shape = Size(batch_shape) + self._event_shape
        logits = self.logits.expand(shape)
        return type(self)(self.total_count, logits=logits, validate_args=False)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"
