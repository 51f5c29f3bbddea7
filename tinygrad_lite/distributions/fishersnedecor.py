"""Fisher and Snedecor's F-distribution."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from . import constraints
from ._shared import array_of, broadcast_all
from .distribution import Distribution
from .gamma import Gamma

__all__ = ["FisherSnedecor"]


class FisherSnedecor(Distribution):
    """The quotient of two chi-squared numbers, each divided by its degrees of freedom.

    >>> FisherSnedecor(4.0, 5.0).mean.item()
    1.6666666269302368
    """

    arg_constraints: ClassVar = {"df1": constraints.positive, "df2": constraints.positive}
    support = constraints.positive
    has_rsample = True

    def __init__(self, df1: Any, df2: Any, validate_args: bool | None = None) -> None:
        self.df1, self.df2 = broadcast_all(df1, df2)
        self._gamma1 = Gamma(self.df1 * 0.5, self.df1, validate_args=False)
        self._gamma2 = Gamma(self.df2 * 0.5, self.df2, validate_args=False)
        super().__init__(self.df1.shape, validate_args=validate_args)

    @property
    def mean(self) -> Any:
        """The mean; NaN up to two degrees of freedom below."""
        found = self.df2 / (self.df2 - 2)
        return found.masked_fill(self.df2 <= 2, math.nan)

    @property
    def mode(self) -> Any:
        """The most likely value; NaN up to two degrees of freedom above."""
        found = (self.df1 - 2) / self.df1 * self.df2 / (self.df2 + 2)
        return found.masked_fill(self.df1 <= 2, math.nan)

    @property
    def variance(self) -> Any:
        """The variance; NaN up to four degrees of freedom below."""
        a, b = self.df1, self.df2
        found = 2 * b.pow(2) * (a + b - 2) / (a * (b - 2).pow(2) * (b - 4))
        return found.masked_fill(b <= 4, math.nan)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Draw a quotient of two gamma numbers."""
        shape = self._extended_shape(sample_shape)
        batch = tuple(shape)[: len(shape) - len(self._batch_shape)]
        above, below = self._gamma1.rsample(batch), self._gamma2.rsample(batch)
        tiny = float(np.finfo(array_of(below).dtype).tiny)
        return (above / below.clamp(min=tiny)).clamp(min=tiny)

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the density."""
        self._validate_sample(value)
        half1, half2 = self.df1 * 0.5, self.df2 * 0.5
        ratio = self.df1 / self.df2
        norm = (half1 + half2).lgamma() - half1.lgamma() - half2.lgamma()
        inside = half1 * ratio.log() + (half1 - 1) * value.log()
        return norm + inside - (half1 + half2) * (ratio * value).log1p()
