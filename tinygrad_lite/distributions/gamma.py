"""The gamma distribution, and chi-squared as a case of it."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from .._state import here
from ..special import gammainc
from . import constraints
from ._shared import array_of, broadcast_all, draw
from .distribution import Distribution

__all__ = ["Chi2", "Gamma"]


class Gamma(Distribution):
    """p(x) = rate^c x^(c − 1) e^(−rate x) / Γ(c) with the concentration c.

    Differs from PyTorch: `rsample` is differentiable in the rate only; with a concentration that
    requires a gradient it raises.
    """

    arg_constraints: ClassVar = {
        "concentration": constraints.positive,
        "rate": constraints.positive,
    }
    support = constraints.nonnegative
    has_rsample = True

    def __init__(self, concentration: Any, rate: Any, validate_args: bool | None = None) -> None:
        self.concentration, self.rate = broadcast_all(concentration, rate)
        super().__init__(self.rate.shape, validate_args=validate_args)

    @property
    def mean(self) -> Any:
        """The mean."""
        return self.concentration / self.rate

    @property
    def mode(self) -> Any:
        """The most likely value."""
        return ((self.concentration - 1) / self.rate).clamp(min=0)

    @property
    def variance(self) -> Any:
        """The variance."""
        return self.concentration / self.rate.pow(2)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Draw at rate 1 and divide by the rate."""
        shape = self._extended_shape(sample_shape)
        return standard_gamma(self.concentration, shape) / self.rate

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the density."""
        self._validate_sample(value)
        c = self.concentration
        return c.xlogy(self.rate) + (c - 1).xlogy(value) - self.rate * value - c.lgamma()

    def cdf(self, value: Any) -> Any:
        """Return the probability of at most `value`."""
        self._validate_sample(value)
        return gammainc(self.concentration, self.rate * value)

    def entropy(self) -> Any:
        """Return c − log rate + log Γ(c) + (1 − c) ψ(c)."""
        c = self.concentration
        return c - self.rate.log() + c.lgamma() + (1.0 - c) * c.digamma()


class Chi2(Gamma):
    """The sum of `df` squares of standard normal numbers."""

    arg_constraints: ClassVar = {"df": constraints.positive}

    def __init__(self, df: Any, validate_args: bool | None = None) -> None:
        (self.df,) = broadcast_all(df)
        super().__init__(0.5 * self.df, 0.5, validate_args=validate_args)


def standard_gamma(concentration: Any, shape: Any) -> Any:
    """Draw from the gamma distribution at rate 1, never exactly 0."""
    if concentration.requires_grad and here.grad:
        raise NotImplementedError(
            "gamma samples have no gradient in the concentration here: use sample(), or "
            "detach() the concentration"
        )
    c = array_of(concentration)
    drawn = draw("standard_gamma", c, shape=shape, dtype=c.dtype)
    np.maximum(drawn._array, np.finfo(c.dtype).tiny, out=drawn._array)
    return drawn
