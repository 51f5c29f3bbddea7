"""Weights whose columns (or rows) stay orthonormal while they are trained."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import _creation as creation, _draws as draws, linalg
from ..._functions.linalg import geqrf
from ..._tensor import Tensor
from ...autograd import no_grad
from ...ops.shape import cat
from ..modules.module import Module
from .parametrize import register_parametrization

__all__ = ["orthogonal"]

MAPS = ("matrix_exp", "cayley", "householder")


class _Orthogonal(Module):
    """A matrix with orthonormal columns (rows, when it is wide) from an unconstrained one.

    The lower triangle of X gives a skew matrix A = L − Lᵀ, and exp(A) or the Cayley transform
    (I − A/2)⁻¹ (I + A/2) is orthogonal; or its columns are Householder reflectors. With a `base`
    the result is multiplied by that, so that training starts from any orthogonal matrix.
    """

    base: Any

    def __init__(self, weight: Any, orthogonal_map: str, *, use_trivialization: bool) -> None:
        super().__init__()
        self.shape, self.orthogonal_map = weight.shape, orthogonal_map
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, X: Any) -> Any:
        """Return the matrix with orthonormal columns or rows."""
        wide = X.shape[-2] < X.shape[-1]
        X = X.mT if wide else X
        made = _reflected(X) if self.orthogonal_map == "householder" else self._rotation(X)
        if "base" in self._buffers:
            made = self.base @ made
        return made.mT if wide else made

    def _rotation(self, X: Any) -> Any:
        rows, columns = X.shape[-2:]
        lower = X.tril()
        if rows != columns:
            rest = creation.zeros((*X.shape[:-1], rows - columns), dtype=X.dtype)
            lower = cat(lower, rest, axis=-1)
        skew = lower - lower.mT
        if self.orthogonal_map == "matrix_exp":
            made = linalg.matrix_exp(skew)
        else:
            unit = creation.eye(rows, dtype=X.dtype)
            made = linalg.solve(unit - skew / 2, unit + skew / 2)
        return made[..., :columns]

    def right_inverse(self, Q: Any) -> Any:
        """Return the matrix that `forward` turns into `Q`, or into the nearest found by QR."""
        if tuple(Q.shape) != tuple(self.shape):
            raise ValueError(
                f"Expected a matrix or batch of matrices of shape {self.shape}. "
                f"Got a tensor of shape {Q.shape}."
            )
        with no_grad():
            if "base" in self._buffers:
                return self._rebased(Q)
            if self.orthogonal_map != "householder":
                raise NotImplementedError(
                    "It is not possible to assign to the matrix exponential or the Cayley "
                    "parametrizations when use_trivialization=False."
                )
            wide = Q.shape[-2] < Q.shape[-1]
            made = _reflectors(Q.mT if wide else Q)
            return made.mT if wide else made

    def _rebased(self, Q: Any) -> Any:
        """Make `Q` the base, completed to a square; the start is then the identity's."""
        tall = Q.mT if Q.shape[-2] < Q.shape[-1] else Q
        rows, columns = tall.shape[-2:]
        if rows != columns:
            more = draws.randn((*tall.shape[:-1], rows - columns), dtype=tall.dtype)
            self.base = _orthonormalised(cat(tall, more, axis=-1))
        else:
            self.base = tall.clone() if _is_orthogonal(tall) else _orthonormalised(tall)
        start = creation.zeros_like(Q)
        start.diagonal(dim1=-2, dim2=-1).fill_(-1.0)  # -1: what the reflectors take for identity
        return start


def _reflected(X: Any) -> Any:
    """The product of the reflectors below the diagonal; the diagonal holds signs."""
    below = X.tril(-1)
    scale = 2.0 / (1.0 + (below * below).sum(dim=-2))
    signs = X.detach().diagonal(dim1=-2, dim2=-1).trunc().unsqueeze(-2)
    return linalg.householder_product(below, scale) * signs


def _reflectors(Q: Any) -> Any:
    """The reflectors of QR, with the signs of R on the diagonal, so that they give `Q` back."""
    reflectors, scale = geqrf(Q)
    signs = reflectors.diagonal(dim1=-2, dim2=-1)
    signs.sign_()
    signs.mul_(1.0 - 2.0 * (scale == 0).to(Q.dtype))
    return reflectors


def _orthonormalised(X: Any) -> Any:
    """Q of X = QR with a positive diagonal of R."""
    q, r = linalg.qr(X)
    return q * r.diagonal(dim1=-2, dim2=-1).sgn().unsqueeze(-2)


def _is_orthogonal(Q: Any) -> bool:
    size = Q.shape[-1]
    unit = creation.eye(size, dtype=Q.dtype)
    near = 10 * size * np.finfo(Q.dtype.numpy).eps
    return bool((Q.mT @ Q - unit).abs().max() <= near)


def orthogonal(
    module: Module,
    name: str = "weight",
    orthogonal_map: str | None = None,
    *,
    use_trivialization: bool = True,
) -> Module:
    """Keep the columns of `module.<name>`, or its rows when it is wide, orthonormal.

    `orthogonal_map` says how an unconstrained matrix becomes such a one: "matrix_exp" (for square
    ones unless said otherwise), "cayley" or "householder". With `use_trivialization` the map only
    describes the way from the present weight.

    Source: Lezcano-Casado and Martínez-Rubio, "Cheap orthogonal constraints in neural networks"
    (2019); Lezcano-Casado, "Trivializations for gradient-based optimization on manifolds" (2019).
    """
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(  # noqa: TRY004 - PyTorch's class
            f"Module '{module}' has no parameter or buffer with name '{name}'"
        )
    if weight.ndim < 2:
        raise ValueError(
            f"Expected a matrix or batch of matrices. Got a tensor of {weight.ndim} dimensions."
        )
    if orthogonal_map is None:
        square = weight.shape[-2] == weight.shape[-1]
        orthogonal_map = "matrix_exp" if square else "householder"
    if orthogonal_map not in MAPS:
        raise ValueError(
            'orthogonal_map has to be one of "matrix_exp", "cayley", "householder". '
            f"Got: {orthogonal_map}"
        )
    made = _Orthogonal(weight, orthogonal_map, use_trivialization=use_trivialization)
    register_parametrization(module, name, made, unsafe=True)
    return module
