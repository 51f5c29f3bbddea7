"""The categorical distribution."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from .._creation import arange, as_tensor, full_like
from .._draws import multinomial
from . import constraints
from ._either import ProbsOrLogits

__all__ = ["Categorical"]


class Categorical(ProbsOrLogits):
    """One of the numbers 0, ..., K − 1; `probs` over the last axis need not sum to 1.

    >>> from tinygrad_lite.distributions import Categorical
    >>> Categorical(probs=[1.0, 0.0]).sample().item()
    0
    """

    arg_constraints: ClassVar = {"probs": constraints.simplex, "logits": constraints.real_vector}
    has_enumerate_support = True
    _binary = False

    def __init__(
        self, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        given = as_tensor(self._take(probs, logits))
        if given.ndim < 1:
            raise ValueError(f"`{self._given}` parameter must be at least one-dimensional.")
        self._num_events = given.shape[-1]
        self.__dict__[self._given] = self._normalized(given)
        super().__init__(given.shape[:-1], validate_args=validate_args)

    def _normalized(self, given: Any) -> Any:
        if self._given == "probs":
            return given / given.sum(-1, keepdim=True)
        return given - given.logsumexp(-1, keepdim=True)

    @property
    def support(self) -> Any:
        """The values that can occur."""
        return constraints.integer_interval(0, self._num_events - 1)

    @property
    def mean(self) -> Any:
        """NaN: categories have no mean."""
        return self._nan()

    @property
    def mode(self) -> Any:
        """The most likely category."""
        return self.probs.argmax(-1)

    @property
    def variance(self) -> Any:
        """NaN: categories have no variance."""
        return self._nan()

    def _nan(self) -> Any:
        return full_like(self.probs.sum(-1), math.nan)

    def sample(self, sample_shape: Any = ()) -> Any:
        """Draw categories."""
        shape = self._extended_shape(sample_shape)
        rows = self.probs.detach().reshape(-1, self._num_events)
        drawn: Any = multinomial(rows, math.prod(sample_shape), replacement=True)
        return drawn.T.reshape(shape)

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the probability."""
        self._validate_sample(value)
        index = value.long().unsqueeze(-1)
        shape = np.broadcast_shapes(tuple(index.shape)[:-1], tuple(self.logits.shape)[:-1])
        logits = self.logits.expand((*shape, self._num_events))
        return logits.gather(-1, index.expand((*shape, 1))).squeeze(-1)

    def entropy(self) -> Any:
        """Return −Σ p log p."""
        least = float(np.finfo(self.logits._array.dtype).min)
        return -(self.logits.clamp(min=least) * self.probs).sum(-1)

    def enumerate_support(self, expand: bool = True) -> Any:
        """Return 0, ..., K − 1."""
        return self._enumerated(arange(self._num_events), expand)
