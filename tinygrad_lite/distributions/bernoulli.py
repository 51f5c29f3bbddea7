"""The Bernoulli distribution."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from .._creation import arange
from .._random import uniform
from . import constraints
from ._either import ProbsOrLogits
from ._shared import array_of, broadcast_all, softplus, wrap

__all__ = ["Bernoulli"]


class Bernoulli(ProbsOrLogits):
    """1 with probability `probs`, else 0."""

    arg_constraints: ClassVar = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.boolean
    has_enumerate_support = True

    def __init__(
        self, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        (given,) = broadcast_all(self._take(probs, logits))
        self.__dict__[self._given] = given
        super().__init__(given.shape, validate_args=validate_args)

    @property
    def mean(self) -> Any:
        """The mean."""
        return self.probs

    @property
    def mode(self) -> Any:
        """The most likely value; NaN where both are."""
        p = array_of(self.probs)
        return wrap(np.where(p == 0.5, math.nan, p >= 0.5).astype(p.dtype))

    @property
    def variance(self) -> Any:
        """The variance."""
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Any:
        """Draw zeros and ones, as floating-point numbers."""
        p, shape = array_of(self.probs), tuple(self._extended_shape(sample_shape))
        return wrap((uniform(shape, None, p.dtype) < p).astype(p.dtype))

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the probability."""
        self._validate_sample(value)
        return value * self.logits - softplus(self.logits)

    def entropy(self) -> Any:
        """Return the entropy."""
        return softplus(self.logits) - self.probs * self.logits

    def enumerate_support(self, expand: bool = True) -> Any:
        """Return 0 and 1."""
        kind = self.__dict__[self._given].dtype
        return self._enumerated(arange(2, dtype=kind), expand)
