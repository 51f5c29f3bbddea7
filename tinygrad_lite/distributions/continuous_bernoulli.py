"""The continuous Bernoulli distribution."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from . import constraints
from ._either import ProbsOrLogits
from ._shared import array_of, broadcast_all, clamp_probs, open_uniform, softplus

__all__ = ["ContinuousBernoulli"]


class ContinuousBernoulli(ProbsOrLogits):
    """p(x) = C λˣ (1 − λ)^(1 − x) on [0, 1], with λ = `probs`.

    C = 2 atanh(1 − 2λ) / (1 − 2λ), and its Taylor series within `lims`, where that is 0/0.

    **Source** Loaiza-Ganem and Cunningham (2019), "The continuous Bernoulli: fixing a pervasive
    error in variational autoencoders".
    """

    arg_constraints: ClassVar = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.unit_interval
    has_rsample = True

    def __init__(
        self,
        probs: Any = None,
        logits: Any = None,
        lims: tuple[float, float] = (0.499, 0.501),
        validate_args: bool | None = None,
    ) -> None:
        (given,) = broadcast_all(self._take(probs, logits))
        self.__dict__[self._given] = given
        self._lims = lims
        super().__init__(given.shape, validate_args=validate_args)
        if self._given == "probs":
            self.probs = clamp_probs(given)

    def _settings(self, shape: Any) -> dict[str, Any]:
        return {"lims": self._lims}

    def _outside(self) -> Any:
        return (self.probs <= self._lims[0]) | (self.probs > self._lims[1])

    def _cut(self) -> Any:
        """Return λ with the middle moved to its edge, so that nothing divides by 0."""
        return self.probs.where(self._outside(), self.probs * 0 + self._lims[0])

    def _log_norm(self) -> Any:
        """Return log C."""
        cut = self._cut()
        low = cut.clamp(max=0.5)
        high = cut.clamp(min=0.5)
        exact = ((-cut).log1p() - cut.log()).abs().log() - (
            (-2.0 * low).log1p().where(cut <= 0.5, (2.0 * high - 1.0).log())
        )
        x = (self.probs - 0.5).pow(2)
        taylor = math.log(2.0) + (4.0 / 3.0 + 104.0 / 45.0 * x) * x
        return exact.where(self._outside(), taylor)

    @property
    def mean(self) -> Any:
        """The mean."""
        cut = self._cut()
        exact = cut / (2.0 * cut - 1.0) + 1.0 / ((-cut).log1p() - cut.log())
        x = self.probs - 0.5
        taylor = 0.5 + (1.0 / 3.0 + 16.0 / 45.0 * x.pow(2)) * x
        return exact.where(self._outside(), taylor)

    @property
    def variance(self) -> Any:
        """The variance."""
        cut = self._cut()
        exact = cut * (cut - 1.0) / (1.0 - 2.0 * cut).pow(2) + 1.0 / (
            (-cut).log1p() - cut.log()
        ).pow(2)
        x = (self.probs - 0.5).pow(2)
        taylor = 1.0 / 12.0 - (1.0 / 15.0 - 128.0 / 945.0 * x) * x
        return exact.where(self._outside(), taylor)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Draw with a gradient in λ."""
        shape = self._extended_shape(sample_shape)
        return self.icdf(open_uniform(shape, array_of(self.probs).dtype))

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the density."""
        self._validate_sample(value)
        likelihood = value * self.logits - softplus(self.logits)
        return likelihood + self._log_norm()

    def cdf(self, value: Any) -> Any:
        """Return the probability of at most `value`."""
        self._validate_sample(value)
        cut = self._cut()
        exact = (cut.pow(value) * (1.0 - cut).pow(1.0 - value) + cut - 1.0) / (2.0 * cut - 1.0)
        found = exact.where(self._outside(), value)
        return found.masked_fill(value <= 0, 0.0).masked_fill(value >= 1, 1.0)

    def icdf(self, value: Any) -> Any:
        """Return the quantile."""
        cut = self._cut()
        exact = ((-cut + value * (2.0 * cut - 1.0)).log1p() - (-cut).log1p()) / (
            cut.log() - (-cut).log1p()
        )
        return exact.where(self._outside(), value)

    def entropy(self) -> Any:
        """Return the entropy."""
        log0, log1 = (-self.probs).log1p(), self.probs.log()
        return self.mean * (log0 - log1) - self._log_norm() - log0
