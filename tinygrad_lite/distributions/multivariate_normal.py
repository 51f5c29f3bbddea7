"""The normal distribution of vectors."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from .. import linalg
from .._creation import as_tensor
from .._random import standard_normal
from . import constraints
from ._shared import array_of, wrap
from .distribution import Distribution

__all__ = ["MultivariateNormal"]


class MultivariateNormal(Distribution):
    """The normal distribution of vectors with mean `loc`, given by one of three matrices.

    `covariance_matrix`, its inverse `precision_matrix`, or `scale_tril`, the lower triangular L
    with L Lᵀ the covariance.
    log p(x) = −½ ‖L⁻¹ (x − loc)‖² − Σ log Lᵢᵢ − k/2 · log 2π.
    """

    arg_constraints: ClassVar = {
        "loc": constraints.real_vector,
        "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky,
    }
    support = constraints.real_vector
    has_rsample = True

    def __init__(
        self,
        loc: Any,
        covariance_matrix: Any = None,
        precision_matrix: Any = None,
        scale_tril: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        loc = as_tensor(loc)
        if loc.ndim < 1:
            raise ValueError("loc must be at least one-dimensional.")
        matrices = {
            "covariance_matrix": covariance_matrix,
            "precision_matrix": precision_matrix,
            "scale_tril": scale_tril,
        }
        given = {name: matrix for name, matrix in matrices.items() if matrix is not None}
        if len(given) != 1:
            raise ValueError(
                "Exactly one of covariance_matrix or precision_matrix or scale_tril may be "
                "specified."
            )
        ((self._given, matrix),) = given.items()
        if matrix.ndim < 2:
            raise ValueError(f"{self._given} must be at least two-dimensional")
        batch = np.broadcast_shapes(tuple(matrix.shape)[:-2], tuple(loc.shape)[:-1])
        size = loc.shape[-1]
        self.loc: Any = loc.expand((*batch, size))
        self._matrix: Any = matrix.expand((*batch, size, size))
        super().__init__(batch, (size,), validate_args=validate_args)
        self._tril = self._cholesky()

    def _parameters(self) -> dict[str, Any]:
        return {"loc": self.loc, self._given: self._matrix}

    def _check_parameters(self) -> None:
        self.__dict__[self._given] = self._matrix  # looked up under its own name
        try:
            super()._check_parameters()
        finally:
            del self.__dict__[self._given]

    def _cholesky(self) -> Any:
        """Return L from whichever matrix was given."""
        matrix: Any = self._matrix
        if self._given == "scale_tril":
            return matrix
        if self._given == "covariance_matrix":
            return linalg.cholesky(matrix)
        return linalg.cholesky(linalg.inv(matrix))

    @property
    def scale_tril(self) -> Any:
        """The lower triangular L."""
        return self._tril

    @property
    def covariance_matrix(self) -> Any:
        """L Lᵀ."""
        return self._matrix if self._given == "covariance_matrix" else self._tril @ self._tril.mT

    @property
    def precision_matrix(self) -> Any:
        """The inverse of the covariance."""
        given = self._given == "precision_matrix"
        return self._matrix if given else linalg.inv(self.covariance_matrix)

    @property
    def mean(self) -> Any:
        """The mean."""
        return self.loc

    @property
    def mode(self) -> Any:
        """The most likely value."""
        return self.loc

    @property
    def variance(self) -> Any:
        """The variance of each element."""
        return (self._tril**2).sum(-1)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Draw loc + L ε with standard normal ε."""
        shape = tuple(self._extended_shape(sample_shape))
        noise: Any = wrap(standard_normal(shape, None, array_of(self.loc).dtype))
        return self.loc + (self._tril @ noise.unsqueeze(-1)).squeeze(-1)

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the density."""
        self._validate_sample(value)
        distance = squared_length(self._tril, value - self.loc)
        return -0.5 * (self._event_shape[0] * math.log(2 * math.pi) + distance) - self._half_log()

    def entropy(self) -> Any:
        """Return k/2 · (1 + log 2π) + Σ log Lᵢᵢ."""
        return 0.5 * self._event_shape[0] * (1.0 + math.log(2 * math.pi)) + self._half_log()

    def _half_log(self) -> Any:
        """Return half the logarithm of the covariance's determinant."""
        return self._tril.diagonal(dim1=-2, dim2=-1).log().sum(-1)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Distribution:
        """Return the distribution with its parameters repeated to a batch shape."""
        size = self._event_shape[0]
        tril = self._tril.expand((*batch_shape, size, size))
        loc = self.loc.expand((*batch_shape, size))
        return type(self)(loc, scale_tril=tril, validate_args=False)


def squared_length(tril: Any, x: Any) -> Any:
    """Return ‖L⁻¹ x‖²."""
    solved = linalg.solve_triangular(tril, x.unsqueeze(-1), upper=False)
    return (solved.squeeze(-1) ** 2).sum(-1)
