"""Factorisations: Cholesky, QR, LU, eigenvalues, singular values, Householder products."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._kernels import lapack
from ..ops import decomposition as ops, solve as systems
from ..ops.elementwise import where
from ..ops.matmul import matmul, swap
from ..ops.shape import tril, triu
from . import _results as results
from ._arguments import constant, need_floating, need_matrix, need_square, published

__all__ = [
    "cholesky", "cholesky_ex", "eig", "eigh", "eigvals", "eigvalsh", "householder_product",
    "ldl_factor", "ldl_factor_ex", "ldl_solve", "like_eye", "lu", "lu_factor", "lu_factor_ex",
    "qr", "reflect", "svd", "svdvals", "unpack_lu",
]  # fmt: skip


@published
def cholesky(A: Any, *, upper: bool = False) -> Any:
    """L of A = L Lᵀ, or U of A = Uᵀ U, for symmetric positive-definite matrices.

    Gradient: symmetric. Errors: LinAlgError where A is not positive-definite.

    >>> import tinygrad_lite as torch
    >>> torch.linalg.cholesky(torch.tensor([[4.0, 2.0], [2.0, 5.0]]))
    tensor([[2., 0.],
            [1., 2.]])
    """
    need_square("linalg.cholesky", A)
    return swap(systems.cholesky(swap(A))) if upper else systems.cholesky(A)


@published
def cholesky_ex(A: Any, *, upper: bool = False, check_errors: bool = False) -> Any:
    """`cholesky`, and instead of an error the order of the first leading minor that fails."""
    need_square("linalg.cholesky_ex", A)
    try:
        factor = cholesky(A, upper=upper)
    except lapack.LinAlgError:
        if check_errors:
            raise
    else:
        return results.Cholesky(factor, constant(np.zeros(A._array.shape[:-2], np.int32)))
    array = np.swapaxes(A._array, -1, -2) if upper else A._array
    info = lapack.cholesky_info(array)
    failed = (info != 0)[..., None, None]
    held = np.where(failed, np.eye(array.shape[-1], dtype=array.dtype), array)
    factor = np.where(failed, array.dtype.type(np.nan), np.linalg.cholesky(held))
    return results.Cholesky(
        constant(np.swapaxes(factor, -1, -2) if upper else factor), constant(info)
    )


@published
def qr(A: Any, mode: str = "reduced") -> Any:
    """Q with orthonormal columns and the upper triangular R of A = Q R.

    `mode` is "reduced", "complete" or "r" (R alone, Q empty). R's diagonal may be negative.
    """
    need_matrix("linalg.qr", A)
    if mode == "r":
        return results.QR(constant(np.empty(0, A._array.dtype)), ops.qr_r(A))
    if mode not in {"reduced", "complete"}:
        raise RuntimeError(
            f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', "
            "or 'complete'"
        )
    return results.QR(*ops.qr(A, mode=mode))


def _triangle(UPLO: str, name: str) -> bool:
    """Whether the upper triangle is to be read."""
    if not isinstance(UPLO, str) or UPLO.upper() not in {"L", "U"}:
        raise RuntimeError(f"Expected UPLO argument to be 'L' or 'U', but got {UPLO}")
    return UPLO.upper() == "U"


@published
def eigh(A: Any, UPLO: str = "L") -> Any:
    """Ascending eigenvalues and orthonormal eigenvectors of symmetric matrices.

    Gradient: infinite or NaN for the vectors of repeated eigenvalues, right for the values.
    """
    need_square("linalg.eigh", A)
    return results.Eigh(*ops.eigh(A, upper=_triangle(UPLO, "linalg.eigh")))


@published
def eigvalsh(A: Any, UPLO: str = "L") -> Any:
    """Ascending eigenvalues of symmetric matrices."""
    need_square("linalg.eigvalsh", A)
    return ops.eigh(A, upper=_triangle(UPLO, "linalg.eigvalsh"))[0]


def eig(A: Any) -> Any:
    """Not available: eigenvalues of general matrices are complex."""
    raise NotImplementedError(
        "linalg.eig gives complex numbers, which are not supported; for symmetric matrices use "
        "linalg.eigh"
    )


def eigvals(A: Any) -> Any:
    """Not available: eigenvalues of general matrices are complex."""
    raise NotImplementedError(
        "linalg.eigvals gives complex numbers, which are not supported; for symmetric matrices "
        "use linalg.eigvalsh"
    )


@published
def svd(A: Any, full_matrices: bool = True, *, driver: str | None = None) -> Any:
    """U, the descending singular values S and Vᵀ of A = U diag(S) Vᵀ.

    Gradient: infinite or NaN for the vectors of repeated singular values; that of the additional
    columns of full U and V is left out. `driver` is ignored.
    """
    need_matrix("linalg.svd", A)
    return results.SVD(*ops.svd(A, full_matrices=bool(full_matrices)))


@published
def svdvals(A: Any, *, driver: str | None = None) -> Any:
    """The descending singular values."""
    need_matrix("linalg.svdvals", A)
    return ops.svd(A, full_matrices=False)[1]


def need_pivot(name: str, pivot: bool) -> None:
    """Raise as torch does on a CPU for LU without pivoting."""
    if not pivot:
        raise RuntimeError(f"{name}: LU without pivoting is not implemented on the CPU")


@published
def lu_factor_ex(A: Any, *, pivot: bool = True, check_errors: bool = False) -> Any:
    """L and U in one matrix, the pivots, and the first zero on U's diagonal, counted from 1."""
    need_matrix("linalg.lu_factor_ex", A)
    need_pivot("linalg.lu_factor_ex", pivot)
    lu, pivots = systems.lu_factor(A)
    info = lapack.lu_info(lu._array)
    if check_errors and info.any():
        raise lapack.LinAlgError(
            "torch.linalg.lu_factor_ex: the input matrix is singular: U has a zero on its diagonal"
        )
    return results.LUInfo(lu, pivots, constant(info))


@published
def lu_factor(A: Any, *, pivot: bool = True) -> Any:
    """L and U of P A = L U in one matrix, and LAPACK's pivots, counted from 1."""
    need_matrix("linalg.lu_factor", A)
    need_pivot("linalg.lu_factor", pivot)
    return results.LUFactor(*systems.lu_factor(A))


def unpack_lu(lu: Any) -> tuple[Any, Any]:
    """L and U of the one matrix that holds both."""
    rows, columns = lu._array.shape[-2:]
    count = min(rows, columns)
    lower = tril(lu[..., :count], k=-1) + np.eye(rows, count, dtype=lu._array.dtype)
    return lower, triu(lu[..., :count, :])


@published
def lu(A: Any, *, pivot: bool = True) -> Any:
    """P, L and U of A = P L U."""
    need_matrix("linalg.lu", A)
    need_pivot("linalg.lu", pivot)
    packed, pivots = systems.lu_factor(A)
    order = lapack.permutation_matrix(pivots._array, A._array.shape[-2], A._array.dtype)
    return results.LU(constant(order), *unpack_lu(packed))


@published
def ldl_factor_ex(A: Any, *, hermitian: bool = False, check_errors: bool = False) -> Any:
    """`ldl_factor`, and the place of the first zero block of D, counted from 1, or 0."""
    need_square("torch.linalg.ldl_factor_ex", A)
    found = results.LDLInfo(*systems.ldl_factor(A))
    if check_errors and found.info._array.any():
        raise lapack.LinAlgError(
            "torch.linalg.ldl_factor_ex: the factorization has a zero block on its diagonal: the "
            "matrix is singular"
        )
    return found


@published
def ldl_factor(A: Any, *, hermitian: bool = False) -> Any:
    """P A Pᵀ = L D Lᵀ of symmetric matrices, of which the lower triangle is read; no gradient.

    L stands below D's diagonal of blocks of one and two; a negative pair of pivots marks a two.
    """
    need_square("torch.linalg.ldl_factor", A)
    return results.LDL(*systems.ldl_factor(A)[:2])


@published
def ldl_solve(LD: Any, pivots: Any, B: Any, *, hermitian: bool = False) -> Any:
    """X of A X = B, from `ldl_factor(A)`; no gradient."""
    need_square("torch.linalg.ldl_solve", LD, "LD")
    if B._array.ndim < 2:
        raise RuntimeError(
            "torch.linalg.ldl_solve: Expected B to have at least 2 dimensions, "
            f"but it has {B._array.ndim} dimensions instead"
        )
    if pivots._array.shape != LD._array.shape[:-1]:
        raise RuntimeError(
            "torch.linalg.ldl_solve: Expected LD.shape[:-1] and pivots.shape to be the same, but "
            f"got pivots with shape {list(pivots._array.shape)} instead"
        )
    if pivots._array.dtype.kind not in "iu":
        raise RuntimeError(
            f"torch.linalg.ldl_solve: Expected pivots to be integers. Got {pivots.dtype!r}"
        )
    if LD._array.dtype != B._array.dtype:
        raise RuntimeError(
            f"torch.linalg.ldl_solve: LD dtype {LD.dtype!r} does not match b dtype {B.dtype!r}"
        )
    return systems.ldl_solve(LD, pivots, B)


@published
def householder_product(A: Any, tau: Any) -> Any:
    """The first columns of H₁ H₂ ... Hₖ, Hᵢ = 1 − tauᵢ vᵢ vᵢᵀ, vᵢ below the diagonal of A."""
    need_matrix("torch.linalg.householder_product", A, "input")
    need_floating("torch.linalg.householder_product", A)
    rows, columns = A._array.shape[-2:]
    count = tau._array.shape[-1]
    if rows < columns:
        raise RuntimeError(
            "torch.linalg.householder_product: input.shape[-2] must be greater than or equal to "
            f"input.shape[-1], got {list(A._array.shape)}"
        )
    if count > columns:
        raise RuntimeError(
            "torch.linalg.householder_product: input.shape[-1] must be greater than or equal to "
            f"tau.shape[-1], got {columns} and {count}"
        )
    if A._array.ndim - tau._array.ndim != 1 or A._array.shape[:-2] != tau._array.shape[:-1]:
        raise RuntimeError(
            "torch.linalg.householder_product: Expected tau to have one dimension less than input "
            f"and the same batch, got {list(tau._array.shape)} and {list(A._array.shape)}"
        )
    if A._array.dtype != tau._array.dtype:
        raise RuntimeError(
            "torch.linalg.householder_product: tau dtype must match input dtype, got "
            f"{tau.dtype!r} and {A.dtype!r}"
        )
    start = like_eye(A)
    return reflect(A, tau, start, range(count - 1, -1, -1))


def like_eye(A: Any) -> Any:
    """Identity matrices in the shape of `A`, that carry its gradient, which is zero."""
    eye = np.eye(*A._array.shape[-2:], dtype=A._array.dtype)
    return where(np.zeros(1, bool), A, eye)


def reflect(A: Any, tau: Any, x: Any, order: Any) -> Any:
    """`x` with the reflections kept in `A` and `tau` applied from the left, in the given order."""
    for i in order:
        v = _reflector(A, i)
        x = x - tau[..., i : i + 1, None] * matmul(v, matmul(swap(v), x))
    return x


def _reflector(A: Any, i: int) -> Any:
    """Column i below the diagonal, 1 on it and 0 above, as a column."""
    rows = A._array.shape[-2]
    one = np.zeros((rows, 1), A._array.dtype)
    one[i] = 1
    below = np.arange(rows)[:, None] > i
    return A[..., i : i + 1] * below + one
