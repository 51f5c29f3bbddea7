"""The Pareto distribution."""

from __future__ import annotations

from typing import Any, ClassVar

from . import constraints
from ._shared import array_of, broadcast_all, open_uniform
from .distribution import Distribution

__all__ = ["Pareto"]


class Pareto(Distribution):
    """p(x) = α scaleᵅ / x^(α + 1) for x above the scale."""

    arg_constraints: ClassVar = {"alpha": constraints.positive, "scale": constraints.positive}
    has_rsample = True

    def __init__(self, scale: Any, alpha: Any, validate_args: bool | None = None) -> None:
        self.scale, self.alpha = broadcast_all(scale, alpha)
        super().__init__(self.scale.shape, validate_args=validate_args)

    def _parameters(self) -> dict[str, Any]:
        return {"alpha": self.alpha, "scale": self.scale}

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:
        """All numbers from the scale on."""
        return constraints.greater_than_eq(self.scale)

    @property
    def mean(self) -> Any:
        """The mean; infinite for α up to 1."""
        alpha = self.alpha.clamp(min=1)
        return alpha * self.scale / (alpha - 1)

    @property
    def mode(self) -> Any:
        """The scale."""
        return self.scale

    @property
    def variance(self) -> Any:
        """The variance; infinite for α up to 2."""
        alpha = self.alpha.clamp(min=2)
        return self.scale.pow(2) * alpha / ((alpha - 1).pow(2) * (alpha - 2))

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Draw scale · u^(−1/α)."""
        shape = self._extended_shape(sample_shape)
        return self.icdf(open_uniform(shape, array_of(self.scale).dtype))

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the density."""
        self._validate_sample(value)
        return self.alpha.log() + self.alpha * self.scale.log() - (self.alpha + 1) * value.log()

    def cdf(self, value: Any) -> Any:
        """Return 1 − (scale / x)ᵅ."""
        self._validate_sample(value)
        return 1 - (self.scale / value).pow(self.alpha)

    def icdf(self, value: Any) -> Any:
        """Return the quantile."""
        return self.scale * (1 - value).pow(-1 / self.alpha)

    def entropy(self) -> Any:
        """Return log(scale / α) + 1 + 1 / α."""
        return (self.scale / self.alpha).log() + (1 + self.alpha.reciprocal())
