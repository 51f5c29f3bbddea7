"""The geometric distribution."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from .._random import uniform
from ..special import xlog1py
from . import constraints
from ._either import ProbsOrLogits
from ._shared import array_of, broadcast_all, softplus, wrap

__all__ = ["Geometric"]


class Geometric(ProbsOrLogits):
    """The number of failures before the first success: p(k) = (1 − p)ᵏ p."""

    arg_constraints: ClassVar = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.nonnegative_integer

    def __init__(
        self, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        (given,) = broadcast_all(self._take(probs, logits))
        self.__dict__[self._given] = given
        super().__init__(given.shape, validate_args=validate_args)
        if self._validate_args and probs is not None and not np.all(array_of(given) > 0):
            raise ValueError(f"Expected parameter probs of {self!r} to be greater than 0")

    @property
    def mean(self) -> Any:
        """The mean."""
        return 1.0 / self.probs - 1.0

    @property
    def mode(self) -> Any:
        """The most likely value."""
        return self.probs * 0

    @property
    def variance(self) -> Any:
        """The variance."""
        return (1.0 / self.probs - 1.0) / self.probs

    def sample(self, sample_shape: Any = ()) -> Any:
        """Draw numbers of failures."""
        p, shape = array_of(self.probs), tuple(self._extended_shape(sample_shape))
        u = np.maximum(uniform(shape, None, p.dtype), np.finfo(p.dtype).tiny)
        with np.errstate(divide="ignore"):
            return wrap(np.floor(np.log(u) / np.log1p(-p)).astype(p.dtype))

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the probability."""
        self._validate_sample(value)
        return xlog1py(value, -self.probs) + self.probs.log()

    def entropy(self) -> Any:
        """Return the entropy."""
        return (softplus(self.logits) - self.probs * self.logits) / self.probs
