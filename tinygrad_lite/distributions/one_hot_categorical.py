"""The categorical distribution of one-hot vectors."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from .._creation import eye
from .._size import Size
from . import constraints
from ._shared import array_of, wrap
from .categorical import Categorical
from .distribution import Distribution

__all__ = ["OneHotCategorical", "OneHotCategoricalStraightThrough"]


class OneHotCategorical(Distribution):
    """A vector that is 1 at one place and 0 elsewhere."""

    arg_constraints: ClassVar = {"probs": constraints.simplex, "logits": constraints.real_vector}
    support = constraints.one_hot
    has_enumerate_support = True

    def __init__(
        self, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        self._categorical = Categorical(probs, logits, validate_args=validate_args)
        shape = self._categorical.param_shape
        super().__init__(shape[:-1], shape[-1:], validate_args=validate_args)

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
        return self.probs

    @property
    def mode(self) -> Any:
        """The most likely vector."""
        return self._vectors(self._categorical.mode)

    @property
    def variance(self) -> Any:
        """The variance of each element."""
        return self.probs * (1 - self.probs)

    def _vectors(self, categories: Any) -> Any:
        identity = np.eye(self._event_shape[-1], dtype=array_of(self.probs).dtype)
        return wrap(identity[array_of(categories)])

    def sample(self, sample_shape: Any = ()) -> Any:
        """Draw vectors."""
        return self._vectors(self._categorical.sample(sample_shape))

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the probability."""
        self._validate_sample(value)
        return self._categorical.log_prob(value.argmax(-1))

    def entropy(self) -> Any:
        """Return −Σ p log p."""
        return self._categorical.entropy()

    def enumerate_support(self, expand: bool = True) -> Any:
        """Return all vectors."""
        n = self._event_shape[-1]
        values = eye(n, dtype=self.probs.dtype).reshape((n,) + (1,) * len(self.batch_shape) + (n,))
        return values.expand((n, *self.batch_shape, n)) if expand else values

    def expand(self, batch_shape: Any, _instance: Any = None) -> Distribution:
        """Return the distribution with its parameters repeated to a batch shape."""
        shape = Size(batch_shape) + self._event_shape
        return type(self)(logits=self.logits.expand(shape), validate_args=False)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({repr(self._categorical).partition('(')[2]}"


class OneHotCategoricalStraightThrough(OneHotCategorical):
    """One-hot vectors whose gradient passes to the probabilities as if they were the sample."""

    has_rsample = True

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Draw vectors; their gradient is that of the probabilities."""
        return self.sample(sample_shape) + (self.probs - self.probs.detach())
