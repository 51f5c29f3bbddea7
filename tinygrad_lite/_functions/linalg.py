"""Linear algebra at the top of the namespace and as methods: torch.det, x.inverse(), torch.svd."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .. import linalg
from .._kernels import lapack
from .._random import standard_normal
from .._tensor import NUMPY_FUNCTIONS
from ..linalg._arguments import constant, need_floating, need_matrix, need_square
from ..linalg._decomposition import reflect, unpack_lu
from ..ops import decomposition as ops, elementwise as el, reduction, solve as systems
from ..ops.matmul import matmul, swap
from ..ops.shape import expand
from ..return_types import named
from ._dims import axis_of
from ._surface import need_tensor, surface

__all__: list[str] = []

Geqrf = named("geqrf", "a", "tau")
LUUnpack = named("lu_unpack", "P", "L", "U")
QR = named("qr", "Q", "R")
Slogdet = named("slogdet", "sign", "logabsdet")
SVD = named("svd", "U", "S", "V")
Triangular = named("triangular_solve", "solution", "cloned_coefficient")


NUMPY_FUNCTIONS.update({
    np.linalg.inv: linalg.inv, np.linalg.det: linalg.det, np.linalg.solve: linalg.solve,
    np.linalg.cholesky: linalg.cholesky, np.linalg.slogdet: linalg.slogdet,
    np.linalg.eigh: linalg.eigh, np.linalg.eigvalsh: linalg.eigvalsh, np.linalg.qr: linalg.qr,
    np.linalg.svd: linalg.svd, np.linalg.svdvals: linalg.svdvals,
    np.linalg.matrix_power: linalg.matrix_power, np.linalg.multi_dot: linalg.multi_dot,
})  # fmt: skip


# --- what torch.linalg has too ---------------------------------------------------------------


@surface
def det(input: Any) -> Any:
    """The determinant of square matrices; the gradient is right for singular ones too."""
    return linalg.det(input)


@surface
def slogdet(input: Any) -> Any:
    """Sign and logarithm of the size of the determinant."""
    return Slogdet(*linalg.slogdet(input))


@surface
def logdet(input: Any) -> Any:
    """The logarithm of the determinant: -inf for 0, NaN for negative ones."""
    sign, value = linalg.slogdet(input)
    return el.where(sign == -1, np.nan, value) if (sign._array == -1).any() else value


@surface
def inverse(input: Any) -> Any:
    """The inverse of square matrices."""
    return linalg.inv(input)


@surface
def pinverse(input: Any, rcond: Any = 1e-15) -> Any:
    """The pseudoinverse; singular values up to `rcond` times the largest count as zero."""
    return linalg.pinv(input, rcond)


@surface
def matrix_power(input: Any, n: int) -> Any:
    """The product of `n` copies of a matrix; of its inverse for negative `n`."""
    return linalg.matrix_power(input, n)


@surface
def matrix_exp(input: Any) -> Any:
    """Σ Aᵏ/k! of square matrices."""
    return linalg.matrix_exp(input)


@surface(inplace=True)
def renorm(input: Any, p: Any, dim: int, maxnorm: Any) -> Any:
    """Every slice along `dim` scaled down to the p-norm `maxnorm` if it exceeds that."""
    if isinstance(p, complex) or p <= 0:
        raise RuntimeError(f"renorm: non-positive-norm not supported, got p={p}")
    if maxnorm < 0:
        raise RuntimeError(f"renorm: expected maxnorm to be >= 0 but got {maxnorm}")
    if input._array.ndim < 2:
        raise RuntimeError(
            f"renorm: input needs at least 2 dimensions, got {input._array.ndim} dimensions"
        )
    kept = axis_of(input, dim)
    axes = tuple(a for a in range(input._array.ndim) if a != kept)
    size = reduction.norm(input, p=float(p), axis=axes, keepdims=True)
    factor = el.where(size > maxnorm, maxnorm / (size + 1e-7), 1.0)  # 1e-7 as in PyTorch
    return input * factor


@surface(method=False)
def chain_matmul(*matrices: Any) -> Any:
    """The product of matrices in the cheapest order; PyTorch wants linalg.multi_dot instead."""
    warnings.warn(
        "torch.chain_matmul is deprecated and will be removed in a future PyTorch release. Use "
        "torch.linalg.multi_dot instead, which accepts a list of two or more tensors rather than "
        "multiple parameters.",
        UserWarning,
        stacklevel=3,
    )
    for i, m in enumerate(matrices):
        if m.ndim != 2:
            raise RuntimeError(f"Tensor dimension is {m.ndim}, expected 2 (matrix {i})")
    return el.clone(matrices[0]) if len(matrices) == 1 else linalg.multi_dot(matrices)


# --- Cholesky --------------------------------------------------------------------------------


@surface
def cholesky(input: Any, upper: bool = False) -> Any:
    """L of A = L Lᵀ, or U of A = Uᵀ U, for symmetric positive-definite matrices."""
    return linalg.cholesky(input, upper=upper)


@surface
def cholesky_solve(input: Any, L: Any, upper: bool = False) -> Any:
    """X of A X = input, given the Cholesky factor L of A = L Lᵀ (or U of Uᵀ U).

    The factor is taken as it stands, without cutting off its other triangle: so the gradient is
    that of L Lᵀ for any L, as in PyTorch.
    """
    need_matrix("cholesky_solve", input, "b")
    need_square("cholesky_solve", L, "A")
    if input._array.shape[-2] != L._array.shape[-1]:
        raise RuntimeError(
            f"Incompatible matrix sizes for cholesky_solve: each A matrix is "
            f"{L._array.shape[-1]} by {L._array.shape[-1]} but each b matrix is "
            f"{input._array.shape[-2]} by {input._array.shape[-1]}"
        )
    if upper:
        L = swap(L)
    return systems.solve(swap(L), systems.solve(L, input))


@surface
def cholesky_inverse(input: Any, upper: bool = False) -> Any:
    """The inverse of A, given its Cholesky factor."""
    need_square("cholesky_inverse", input)
    eye = np.eye(input._array.shape[-1], dtype=input._array.dtype)
    return cholesky_solve(constant(np.broadcast_to(eye, input._array.shape)), input, upper)


# --- QR and Householder ----------------------------------------------------------------------


@surface
def qr(input: Any, some: bool = True) -> Any:
    """Q and R of A = Q R, reduced if `some`, else complete."""
    return QR(*linalg.qr(input, "reduced" if some else "complete"))


@surface
def geqrf(input: Any) -> Any:
    """The raw result of LAPACK's QR: R above the diagonal, the reflectors below, and their factors.

    There is no gradient: take linalg.qr for one.
    """
    need_matrix("torch.geqrf", input, "input")
    need_floating("torch.geqrf", input)
    h, tau = np.linalg.qr(input._array, "raw")
    return Geqrf(constant(np.ascontiguousarray(np.swapaxes(h, -1, -2))), constant(tau))


@surface
def orgqr(input: Any, input2: Any) -> Any:
    """The first columns of Q, from the reflectors that `geqrf` gave."""
    return linalg.householder_product(input, input2)


@surface
def ormqr(input: Any, tau: Any, other: Any, left: bool = True, transpose: bool = False) -> Any:
    """Q other, Qᵀ other, other Q or other Qᵀ, Q from the reflectors that `geqrf` gave."""
    need_matrix("torch.ormqr", input, "input")
    need_matrix("torch.ormqr", other, "other")
    need_tensor("ormqr", tau, "input2", 2)
    rows = input._array.shape[-2]
    if other._array.shape[-2 if left else -1] != rows:
        raise RuntimeError(
            f"torch.ormqr: other.shape[{-2 if left else -1}] must be equal to input.shape[-2], "
            f"got {other._array.shape[-2 if left else -1]} and {rows}"
        )
    count = tau._array.shape[-1]
    if count > input._array.shape[-1]:
        raise RuntimeError(
            "torch.ormqr: tau.shape[-1] must be less than or equal to input.shape[-1], "
            f"got {count} and {input._array.shape[-1]}"
        )
    if input._array.dtype != tau._array.dtype or input._array.dtype != other._array.dtype:
        raise RuntimeError("torch.ormqr: Expected input, tau and other to have the same dtype")
    x = other if left else swap(other)
    backwards = left != bool(transpose)  # Q = H₁ H₂ ...: the last acts first, unless turned
    found = reflect(input, tau, x, range(count - 1, -1, -1) if backwards else range(count))
    return found if left else swap(found)


# --- LU --------------------------------------------------------------------------------------


@surface(top=False)
def lu(input: Any, pivot: bool = True, get_infos: bool = False) -> Any:
    """L and U in one matrix and the pivots; with `get_infos` the place of a zero pivot too."""
    packed, pivots, info = linalg.lu_factor_ex(input, pivot=pivot)
    return (packed, pivots, info) if get_infos else (packed, pivots)


surface(lu, method=False)


@surface
def lu_solve(input: Any, LU_data: Any, LU_pivots: Any) -> Any:
    """X of A X = input, from the LU factorisation of A."""
    return linalg.lu_solve(LU_data, LU_pivots, input)


@surface(method=False)
def lu_unpack(
    LU_data: Any, LU_pivots: Any, unpack_data: bool = True, unpack_pivots: bool = True
) -> Any:
    """P, L and U from one matrix and the pivots; what is not asked for comes back empty."""
    need_matrix("torch.lu_unpack", LU_data, "LU_data")
    if unpack_pivots and LU_pivots._array.dtype != np.int32:
        raise RuntimeError(
            "torch.lu_unpack: LU_pivots is expected to be a contiguous tensor of torch.int32 "
            f"dtype, got {LU_pivots.dtype!r}. Note: this function is intended to be used with the "
            "output produced by torch.linalg.lu_factor"
        )
    array = LU_data._array
    empty = constant(np.empty(0, array.dtype))
    lower, upper = unpack_lu(LU_data) if unpack_data else (empty, empty)
    order = empty
    if unpack_pivots:
        order = constant(lapack.permutation_matrix(LU_pivots._array, array.shape[-2], array.dtype))
    return LUUnpack(order, lower, upper)


@surface
def triangular_solve(
    input: Any, A: Any, upper: bool = True, transpose: bool = False, unitriangular: bool = False
) -> Any:
    """X of T X = input, T a triangle of A, or its transpose; and A itself.

    PyTorch wants linalg.solve_triangular instead.
    """
    need_square("triangular_solve", A)
    need_matrix("triangular_solve", input, "b")
    if A._array.shape[-1] != input._array.shape[-2]:
        raise RuntimeError(
            f"Incompatible matrix sizes for triangular_solve: each A matrix is "
            f"{A._array.shape[-1]} by {A._array.shape[-1]} but each b matrix is "
            f"{input._array.shape[-2]} by {input._array.shape[-1]}"
        )
    a, side = (swap(A), not upper) if transpose else (A, upper)
    solution = systems.solve_triangular(a, input, upper=side, unitriangular=unitriangular)
    shape = (*solution._array.shape[:-2], *A._array.shape[-2:])
    return Triangular(solution, el.clone(expand(A, shape=shape)))


# --- singular values -------------------------------------------------------------------------


@surface
def svd(input: Any, some: bool = True, compute_uv: bool = True) -> Any:
    """U, the descending singular values and V (not its transpose) of A = U diag(S) Vᵀ.

    Without `compute_uv` U and V are zeros. PyTorch wants linalg.svd instead.
    """
    need_matrix("svd", input, "input")
    u, s, vh = ops.svd(input, full_matrices=not some)
    if compute_uv:
        return SVD(u, s, swap(vh))
    rows, columns = input._array.shape[-2:]
    batch = input._array.shape[:-2]
    zeros = (constant(np.zeros((*batch, n, n), input._array.dtype)) for n in (rows, columns))
    return SVD(next(zeros), s, next(zeros))


@surface(method=False)
def svd_lowrank(A: Any, q: int | None = 6, niter: int | None = 2, M: Any = None) -> Any:
    """U, S and V of the `q` largest singular values, by random projection and `niter` iterations.

    The random matrix comes from torch's generator, so the result depends on the seed where the
    rank of A exceeds `q`.
    """
    return _low_rank(
        A if M is None else A - M, 6 if q is None else q, 2 if niter is None else niter
    )


def _low_rank(A: Any, q: int, niter: int) -> Any:
    if A._array.shape[-2] < A._array.shape[-1]:
        u, s, v = _low_rank(swap(A), q, niter)
        return v, s, u
    space = _range_of(A, q, niter)
    u, s, vh = linalg.svd(matmul(swap(space), A), full_matrices=False)
    return matmul(space, u), s, swap(vh)


def _range_of(A: Any, q: int, niter: int) -> Any:
    """Orthonormal columns that nearly span the range of A."""
    random = constant(standard_normal((A._array.shape[-1], q), None, A._array.dtype))
    space = linalg.qr(matmul(A, random)).Q
    for _ in range(niter):
        space = linalg.qr(matmul(swap(A), space)).Q
        space = linalg.qr(matmul(A, space)).Q
    return space


@surface(method=False)
def pca_lowrank(A: Any, q: int | None = None, center: bool = True, niter: int = 2) -> Any:
    """U, S and V of the `q` principal directions of the rows of A, centred if `center`."""
    need_tensor("pca_lowrank", A, "A", 1)
    rows, columns = A._array.shape[-2:]
    q = min(6, rows, columns) if q is None else q
    if not 0 <= q <= min(rows, columns):
        raise ValueError(
            f"q(={q}) must be non-negative integer and not greater than min(m, n)="
            f"{min(rows, columns)}"
        )
    if niter < 0:
        raise ValueError(f"niter(={niter}) must be non-negative integer")
    return svd_lowrank(A - A.mean(-2, keepdim=True) if center else A, q, niter)
