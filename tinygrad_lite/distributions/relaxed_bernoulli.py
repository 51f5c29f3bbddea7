"""The relaxed Bernoulli distribution: almost 0 or almost 1, with a gradient."""

from __future__ import annotations

from typing import Any, ClassVar

from .._creation import as_tensor
from .._size import Size
from . import constraints
from ._either import ProbsOrLogits
from ._shared import array_of, broadcast_all, open_uniform, softplus
from ._transforms import SigmoidTransform
from .transformed_distribution import TransformedDistribution

__all__ = ["LogitRelaxedBernoulli", "RelaxedBernoulli"]


class LogitRelaxedBernoulli(ProbsOrLogits):
    """The logit of a relaxed Bernoulli number: (logits + log u − log(1 − u)) / temperature.

    **Source** Maddison, Mnih and Teh (2017), "The Concrete Distribution".
    """

    arg_constraints: ClassVar = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.real
    has_rsample = True

    def __init__(
        self,
        temperature: Any,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        self.temperature = as_tensor(temperature)
        (given,) = broadcast_all(self._take(probs, logits))
        self.__dict__[self._given] = given
        super().__init__(given.shape, validate_args=validate_args)

    def _settings(self, shape: Any) -> dict[str, Any]:
        return {"temperature": self.temperature}

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Draw with a gradient in the logits."""
        shape = self._extended_shape(sample_shape)
        drawn = open_uniform(shape, array_of(self.logits).dtype)
        return (drawn.log() - (-drawn).log1p() + self.logits) / self.temperature

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the density."""
        self._validate_sample(value)
        away = self.logits - value * self.temperature
        return self.temperature.log() + away - 2 * softplus(away)


class RelaxedBernoulli(TransformedDistribution):
    """A number in (0, 1), the nearer to 0 or 1 the lower the temperature."""

    arg_constraints: ClassVar = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.unit_interval
    has_rsample = True

    def __init__(
        self,
        temperature: Any,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        base = LogitRelaxedBernoulli(temperature, probs, logits)
        super().__init__(base, SigmoidTransform(), validate_args=validate_args)

    @property
    def temperature(self) -> Any:
        """How far from 0 and 1."""
        return self.base_dist.temperature

    @property
    def logits(self) -> Any:
        """The logits of 1."""
        return self.base_dist.logits

    @property
    def probs(self) -> Any:
        """The probabilities of 1."""
        return self.base_dist.probs

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with its parameters repeated to a batch shape."""
        logits = self.logits.expand(Size(batch_shape))
        return type(self)(self.temperature, logits=logits, validate_args=False)
