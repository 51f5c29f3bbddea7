"""The relaxed categorical distribution: an almost one-hot vector, with a gradient."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from .._creation import as_tensor
from .._size import Size
from . import constraints
from ._shared import array_of, open_uniform
from ._transforms import ExpTransform
from .categorical import Categorical
from .distribution import Distribution
from .transformed_distribution import TransformedDistribution

__all__ = ["ExpRelaxedCategorical", "RelaxedOneHotCategorical"]


class ExpRelaxedCategorical(Distribution):
    """The logarithm of a relaxed one-hot vector: log softmax((logits + gumbel) / temperature).

    **Source** Maddison, Mnih and Teh (2017), "The Concrete Distribution".
    """

    arg_constraints: ClassVar = {"probs": constraints.simplex, "logits": constraints.real_vector}
    support = constraints.real_vector
    has_rsample = True

    def __init__(
        self,
        temperature: Any,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        self._categorical = Categorical(probs, logits)
        self.temperature: Any = as_tensor(temperature)
        shape = self._categorical.param_shape
        super().__init__(shape[:-1], shape[-1:], validate_args=validate_args)

    @property
    def logits(self) -> Any:
        """The logarithms of the probabilities."""
        return self._categorical.logits

    @property
    def probs(self) -> Any:
        """The probabilities."""
        return self._categorical.probs

    @property
    def param_shape(self) -> Size:
        """The shape of the parameter that was given."""
        return self._categorical.param_shape

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with its parameters repeated to a batch shape."""
        logits = self.logits.expand((*batch_shape, *self._event_shape))
        return type(self)(self.temperature, logits=logits, validate_args=False)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Draw with a gradient in the logits."""
        shape = self._extended_shape(sample_shape)
        gumbel = -(-open_uniform(shape, array_of(self.logits).dtype).log()).log()
        return ((self.logits + gumbel) / self.temperature).log_softmax(-1)

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the density."""
        self._validate_sample(value)
        k = self._event_shape[0]
        norm = math.lgamma(k) + self.temperature.log() * (k - 1)
        return (self.logits - value * self.temperature).log_softmax(-1).sum(-1) + norm


class RelaxedOneHotCategorical(TransformedDistribution):
    """A vector of parts of a whole, the nearer to one-hot the lower the temperature."""

    arg_constraints: ClassVar = {"probs": constraints.simplex, "logits": constraints.real_vector}
    support = constraints.simplex
    has_rsample = True

    def __init__(
        self,
        temperature: Any,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        base = ExpRelaxedCategorical(temperature, probs, logits, validate_args=validate_args)
        super().__init__(base, ExpTransform(), validate_args=validate_args)

    @property
    def temperature(self) -> Any:
        """How far from one-hot."""
        return self.base_dist.temperature

    @property
    def logits(self) -> Any:
        """The logarithms of the probabilities."""
        return self.base_dist.logits

    @property
    def probs(self) -> Any:
        """The probabilities."""
        return self.base_dist.probs

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with its parameters repeated to a batch shape."""
        logits = self.logits.expand((*batch_shape, *self._event_shape))
        return type(self)(self.temperature, logits=logits, validate_args=False)
