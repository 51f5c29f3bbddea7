"""Transforms of vectors and matrices: simplexes, triangles, and parts joined along an axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from .._functions.join import cat, stack
from . import constraints
from ._shared import softplus, wrap
from ._transforms import Plain, Transform
from .utils import tril_matrix_to_vec, vec_to_tril_matrix

__all__ = [
    "CatTransform",
    "CorrCholeskyTransform",
    "LowerCholeskyTransform",
    "PositiveDefiniteTransform",
    "SoftmaxTransform",
    "StackTransform",
    "StickBreakingTransform",
]


class SoftmaxTransform(Plain):
    """y = softmax x over the last axis; the inverse is one of many."""

    domain, codomain = constraints.real_vector, constraints.simplex

    def _call(self, x: Any) -> Any:
        return x.softmax(-1)

    def _inverse(self, y: Any) -> Any:
        return y.log()

    def forward_shape(self, shape: Any) -> Any:
        """Return the shape, which needs an axis."""
        return _with_axes(shape, 1)

    inverse_shape = forward_shape


class StickBreakingTransform(Plain):
    """k numbers to k + 1 that are positive and sum to 1: each takes its share of what is left."""

    domain, codomain = constraints.real_vector, constraints.simplex
    bijective = True

    def _call(self, x: Any) -> Any:
        share = (x - _left_logs(x.shape[-1], x)).sigmoid()
        left = (1 - share).cumprod(-1)
        return _padded(share, 1.0, after=True) * _padded(left, 1.0, after=False)

    def _inverse(self, y: Any) -> Any:
        y_crop = y[..., :-1]
        left = (1 - y_crop.cumsum(-1)).clamp(min=float(np.finfo(y._array.dtype).tiny))
        return y_crop.log() - left.log() + _left_logs(y_crop.shape[-1], y)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """Return the sum of −u + log σ(u) + log y, with u = x − log of the parts left."""
        u = x - _left_logs(x.shape[-1], x)
        return (-u - softplus(-u) + y[..., :-1].log()).sum(-1)

    def forward_shape(self, shape: Any) -> Any:
        """Return the shape with one more in the last axis."""
        shape = _with_axes(shape, 1)
        return (*shape[:-1], shape[-1] + 1)

    def inverse_shape(self, shape: Any) -> Any:
        """Return the shape with one less in the last axis."""
        shape = _with_axes(shape, 1)
        return (*shape[:-1], shape[-1] - 1)


def _left_logs(count: int, like: Any) -> Any:
    """Logarithms of count, count − 1, ..., 1."""
    return wrap(np.log(np.arange(count, 0, -1)).astype(like._array.dtype))


def _padded(x: Any, value: float, *, after: bool) -> Any:
    edge = x.new_full((*x.shape[:-1], 1), value)
    return cat([x, edge] if after else [edge, x], dim=-1)


def _with_axes(shape: Any, count: int) -> tuple[int, ...]:
    if len(shape) < count:
        raise ValueError("Too few dimensions on input")
    return tuple(shape)


class LowerCholeskyTransform(Plain):
    """Lower triangular matrices with positive diagonals, by eˣ on the diagonal."""

    domain, codomain = constraints.independent(constraints.real, 2), constraints.lower_cholesky

    def _call(self, x: Any) -> Any:
        return x.tril(-1) + x.diagonal(dim1=-2, dim2=-1).exp().diag_embed()

    def _inverse(self, y: Any) -> Any:
        return y.tril(-1) + y.diagonal(dim1=-2, dim2=-1).log().diag_embed()


class PositiveDefiniteTransform(Plain):
    """Positive definite matrices, as L Lᵀ of the lower triangular L above."""

    domain = constraints.independent(constraints.real, 2)
    codomain = constraints.positive_definite

    def _call(self, x: Any) -> Any:
        lower = LowerCholeskyTransform()(x)
        return lower @ lower.mT

    def _inverse(self, y: Any) -> Any:
        return LowerCholeskyTransform().inv(y.cholesky())


class CorrCholeskyTransform(Plain):
    """Cholesky factors of correlation matrices from d (d − 1) / 2 numbers.

    tanh x are partial correlations z; row by row each takes its share of the unit length left.
    """

    domain, codomain = constraints.real_vector, constraints.corr_cholesky
    bijective = True

    def _call(self, x: Any) -> Any:
        eps = float(np.finfo(x._array.dtype).eps)
        z = vec_to_tril_matrix(x.tanh().clamp(min=-1 + eps, max=1 - eps), diag=-1)
        left = (1 - z * z).sqrt().cumprod(-1)
        eye = wrap(np.eye(z.shape[-1], dtype=x._array.dtype))
        return (z + eye) * _padded(left[..., :-1], 1.0, after=False)

    def _inverse(self, y: Any) -> Any:
        left = 1 - (y * y).cumsum(-1)
        before = _padded(left[..., :-1], 1.0, after=False)
        lower = tril_matrix_to_vec(y, diag=-1)
        room: Any = tril_matrix_to_vec(before, diag=-1)
        t = lower / room.sqrt()
        return (t.log1p() - t.neg().log1p()) / 2

    def log_abs_det_jacobian(self, x: Any, y: Any, intermediates: Any = None) -> Any:
        """Return the logarithm over the entries below the diagonal."""
        left = 1 - (y * y).cumsum(-1)
        lower: Any = tril_matrix_to_vec(left, diag=-2)
        growth = -2 * (x + softplus(-2 * x) - math.log(2.0)).sum(-1)
        return growth + 0.5 * lower.log().sum(-1)

    def forward_shape(self, shape: Any) -> Any:
        """Return the square's shape for the number of its entries."""
        shape = _with_axes(shape, 1)
        side = round((0.25 + 2 * shape[-1]) ** 0.5 + 0.5)
        if side * (side - 1) // 2 != shape[-1]:
            raise ValueError("Input is not a flattened lower-diagonal number")
        return (*shape[:-1], side, side)

    def inverse_shape(self, shape: Any) -> Any:
        """Return the number of entries for the square's shape."""
        shape = _with_axes(shape, 2)
        if shape[-2] != shape[-1]:
            raise ValueError("Input is not square")
        return (*shape[:-2], shape[-1] * (shape[-1] - 1) // 2)


class _Parts(Transform):
    """What joins transforms along an axis."""

    def __init__(self, tseq: Sequence[Transform], dim: int = 0, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.transforms = [part.with_cache(cache_size) for part in tseq]
        self.dim = dim

    @property
    def bijective(self) -> bool:  # type: ignore[override]
        """Whether all parts are."""
        return all(part.bijective for part in self.transforms)

    def _split(self, x: Any) -> list[Any]:
        raise NotImplementedError

    def _join(self, parts: list[Any]) -> Any:
        raise NotImplementedError

    def _call(self, x: Any) -> Any:
        pairs = zip(self.transforms, self._split(x), strict=True)
        return self._join([part(piece) for part, piece in pairs])

    def _inverse(self, y: Any) -> Any:
        pairs = zip(self.transforms, self._split(y), strict=True)
        return self._join([part.inv(piece) for part, piece in pairs])


class CatTransform(_Parts):
    """Transforms over stretches of an axis, `lengths` long."""

    def __init__(
        self,
        tseq: Sequence[Transform],
        dim: int = 0,
        lengths: Sequence[int] | None = None,
        cache_size: int = 0,
    ) -> None:
        super().__init__(tseq, dim, cache_size)
        self.lengths = list(lengths or [1] * len(self.transforms))

    @property
    def event_dim(self) -> int:
        """The deepest of the parts."""
        return max(part.event_dim for part in self.transforms)

    @property
    def length(self) -> int:
        """The length of all stretches."""
        return sum(self.lengths)

    @property
    def domain(self) -> Any:
        """The parts' domains, one after the other."""
        return constraints.cat([t.domain for t in self.transforms], self.dim, self.lengths)

    @property
    def codomain(self) -> Any:
        """The parts' codomains, one after the other."""
        return constraints.cat([t.codomain for t in self.transforms], self.dim, self.lengths)

    def _split(self, x: Any) -> list[Any]:
        ends = np.cumsum([0, *self.lengths])
        return [x.narrow(self.dim, int(a), int(b - a)) for a, b in pairwise(ends)]

    def _join(self, parts: list[Any]) -> Any:
        return cat(parts, dim=self.dim)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """Return the parts', one after the other; summed where the axis belongs to the event."""
        logs = []
        for part, a, b in zip(self.transforms, self._split(x), self._split(y), strict=True):
            found = part.log_abs_det_jacobian(a, b)
            extra = self.event_dim - part.event_dim
            logs.append(found.sum(tuple(range(-extra, 0))) if extra else found)
        dim = (self.dim if self.dim < 0 else self.dim - x.ndim) + self.event_dim
        return cat(logs, dim=dim) if dim < 0 else sum(logs)


class StackTransform(_Parts):
    """One transform for each place of an axis."""

    @property
    def domain(self) -> Any:
        """The parts' domains."""
        return constraints.stack([t.domain for t in self.transforms], self.dim)

    @property
    def codomain(self) -> Any:
        """The parts' codomains."""
        return constraints.stack([t.codomain for t in self.transforms], self.dim)

    def _split(self, x: Any) -> list[Any]:
        return list(x.unbind(self.dim))

    def _join(self, parts: list[Any]) -> Any:
        return stack(parts, dim=self.dim)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """Return the parts', stacked."""
        triples = zip(self.transforms, self._split(x), self._split(y), strict=True)
        return self._join([part.log_abs_det_jacobian(a, b) for part, a, b in triples])
