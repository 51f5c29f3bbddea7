"""Student's t-distribution."""  # noqa: N999 - PyTorch's module name

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from . import constraints
from ._shared import array_of, broadcast_all, draw, wrap
from .distribution import Distribution

__all__ = ["StudentT"]


class StudentT(Distribution):
    """The t-distribution with `df` degrees of freedom, moved to `loc` and stretched by `scale`.

    Differs from PyTorch: samples have no gradient in `df`.
    """

    arg_constraints: ClassVar = {
        "df": constraints.positive,
        "loc": constraints.real,
        "scale": constraints.positive,
    }
    support = constraints.real
    has_rsample = True

    def __init__(
        self, df: Any, loc: Any = 0.0, scale: Any = 1.0, validate_args: bool | None = None
    ) -> None:
        self.df, self.loc, self.scale = broadcast_all(df, loc, scale)
        super().__init__(self.df.shape, validate_args=validate_args)

    @property
    def mean(self) -> Any:
        """The mean; NaN up to one degree of freedom."""
        nan = np.where(array_of(self.df) <= 1, math.nan, 0.0).astype(array_of(self.df).dtype)
        return self.loc + wrap(nan)

    @property
    def mode(self) -> Any:
        """The most likely value."""
        return self.loc

    @property
    def variance(self) -> Any:
        """The variance; infinite up to two degrees of freedom, NaN up to one."""
        df = array_of(self.df)
        finite = np.where(df > 2, df / np.where(df > 2, df - 2, 1), math.inf)
        factor = np.where(df > 1, finite, math.nan).astype(df.dtype)
        return self.scale**2 * wrap(factor)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Draw loc + scale · ε."""
        shape, df = self._extended_shape(sample_shape), array_of(self.df)
        return self.loc + self.scale * draw("standard_t", df, shape=shape, dtype=df.dtype)

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the density."""
        self._validate_sample(value)
        y, df = (value - self.loc) / self.scale, self.df
        norm = self.scale.log() + 0.5 * df.log() + 0.5 * math.log(math.pi)
        norm = norm + (0.5 * df).lgamma() - (0.5 * (df + 1.0)).lgamma()
        return -0.5 * (df + 1.0) * (y**2.0 / df).log1p() - norm

    def entropy(self) -> Any:
        """Return the entropy."""
        half, more = self.df / 2, (self.df + 1) / 2
        log_beta = half.lgamma() + math.lgamma(0.5) - more.lgamma()
        return (
            self.scale.log()
            + more * (more.digamma() - half.digamma())
            + 0.5 * self.df.log()
            + log_beta
        )
