"""Inverses and linear systems."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._dtypes import of
from .._kernels import lapack
from .._tensor import Tensor
from ..ops import decomposition as ops, determinant, solve as systems
from ..ops.matmul import matmul, swap
from ..ops.reduction import sum as sum_over
from ..ops.shape import reshape, transpose
from . import _results as results
from ._arguments import (
    constant,
    need_floating,
    need_matrix,
    need_same_dtype,
    need_square,
    need_tensors,
    published,
)  # fmt: skip
from ._decomposition import unpack_lu

__all__ = [
    "inv", "inv_ex", "lstsq", "lu_solve", "pinv", "solve", "solve_ex", "solve_triangular",
    "tensorinv", "tensorsolve",
]  # fmt: skip


@published
def inv(A: Any) -> Any:
    """The inverse of square matrices. Errors: LinAlgError for a singular matrix."""
    need_square("linalg.inv", A)
    return determinant.inv(A)


@published
def inv_ex(A: Any, *, check_errors: bool = False) -> Any:
    """`inv`, and instead of an error the place of the first zero pivot, counted from 1."""
    need_square("linalg.inv_ex", A)
    try:
        return results.Inv(inv(A), constant(np.zeros(A._array.shape[:-2], np.int32)))
    except lapack.LinAlgError:
        if check_errors:
            raise
    info = lapack.lu_info(lapack.lu_factor(A._array)[0])
    return results.Inv(determinant.inverse_or_infinite(A), constant(info))


def _is_vector(A: Any, B: Any) -> Any:
    """Whether `B` is one right-hand side per matrix of `A`, by torch's rule."""
    return B._array.ndim == 1 or (
        A._array.ndim - 1 == B._array.ndim and B._array.shape == A._array.shape[:-1]
    )


def _need_rows(name: str, A: Any, B: Any, left: bool) -> None:
    rows = B._array.shape[-2 if left else -1]
    if A._array.shape[-1] != rows:
        a, b = (f"{x._array.shape[-2]}x{x._array.shape[-1]}" for x in (A, B))
        raise RuntimeError(
            f"{name}: Incompatible shapes of A and B for the equation "
            f"{'AX = B' if left else 'XA = B'} ({a} and {b})"
        )


@published
def solve(A: Any, B: Any, *, left: bool = True) -> Any:
    """X of A X = B, or of X A = B with `left=False`; stacks of matrices broadcast.

    B may be one vector for every matrix. Errors: LinAlgError for a singular A.

    >>> import tinygrad_lite as torch
    >>> torch.linalg.solve(torch.tensor([[2.0, 0.0], [0.0, 4.0]]), torch.tensor([2.0, 2.0]))
    tensor([1.0000, 0.5000])
    """
    need_square("linalg.solve", A)
    need_tensors("linalg.solve", A=A, B=B)
    need_floating("linalg.solve", A)
    need_same_dtype("linalg.solve", A, B)
    if _is_vector(A, B):
        if not left:
            raise RuntimeError(
                "linalg.solve: Vector broadcasting of the left hand side is not supported for "
                "left=False. In this case linalg.solve is equivalent to B / A.squeeze(-1)"
            )
        _need_rows("linalg.solve", A, B[..., None], True)
        return systems.solve(A, B[..., None])[..., 0]
    _need_rows("linalg.solve", A, B, left)
    return systems.solve(A, B) if left else swap(systems.solve(swap(A), swap(B)))


@published
def solve_ex(A: Any, B: Any, *, left: bool = True, check_errors: bool = False) -> Any:
    """`solve`, and instead of an error the place of the first zero pivot, counted from 1."""
    need_square("linalg.solve_ex", A)
    try:
        return results.Solve(
            solve(A, B, left=left), constant(np.zeros(A._array.shape[:-2], np.int32))
        )
    except lapack.LinAlgError:
        if check_errors:
            raise
    info = lapack.lu_info(lapack.lu_factor(A._array)[0])
    flags = (info != 0)[..., None, None]
    held = constant(np.where(flags, np.eye(A._array.shape[-1], dtype=A._array.dtype), A._array))
    found = solve(held, B.detach(), left=left)._array
    if found.ndim < info.ndim + 2:
        flags = flags[..., 0]
    return results.Solve(
        constant(np.where(flags, found.dtype.type(math.nan), found)), constant(info)
    )


@published
def solve_triangular(
    A: Any, B: Any, *, upper: bool, left: bool = True, unitriangular: bool = False
) -> Any:
    """X of T X = B (or X T = B with `left=False`), T a triangle of A; the other is not read."""
    need_square("linalg.solve_triangular", A)
    need_matrix("linalg.solve_triangular", B, "B")
    need_same_dtype("linalg.solve_triangular", A, B)
    _need_rows("linalg.solve_triangular", A, B, left)
    return systems.solve_triangular(A, B, upper=upper, left=left, unitriangular=unitriangular)


@published
def lu_solve(LU: Any, pivots: Any, B: Any, *, left: bool = True, adjoint: bool = False) -> Any:
    """X of A X = B (Aᵀ X = B with `adjoint`, X A = B with `left=False`) from `lu_factor(A)`."""
    need_square("linalg.lu_solve", LU, "LU")
    need_matrix("linalg.lu_solve", B, "B")
    if pivots._array.dtype != np.int32:
        raise RuntimeError(
            "linalg.lu_solve: pivots should be a Tensor of scalar type torch.int32, "
            f"got {pivots.dtype!r}"
        )
    need_same_dtype("linalg.lu_solve", LU, B)
    if pivots._array.shape != LU._array.shape[:-1]:
        raise RuntimeError(
            "linalg.lu_solve: Number of pivots per batch should be same as the dimension of the "
            f"matrix, got {list(pivots._array.shape)} for {list(LU._array.shape)}"
        )
    _need_rows("linalg.lu_solve", LU, B, left)
    if not left:
        return swap(lu_solve(LU, pivots, swap(B), adjoint=not adjoint))
    lower, upper = unpack_lu(LU)
    order = constant(lapack.permutation_matrix(pivots._array, LU._array.shape[-1], LU._array.dtype))
    if adjoint:
        x = systems.solve_triangular(swap(upper), B, upper=False)
        x = systems.solve_triangular(swap(lower), x, upper=True, unitriangular=True)
        return matmul(order, x)
    x = systems.solve_triangular(lower, matmul(swap(order), B), upper=False, unitriangular=True)
    return systems.solve_triangular(upper, x, upper=True)


def tolerances(A: Any, atol: Any, rtol: Any, tol: Any = None) -> tuple[Any, Any]:
    """Absolute and relative tolerance as arrays; torch's default is eps · max(m, n)."""
    atol = tol if tol is not None else atol
    if rtol is None:
        wanted = atol is None or tol is not None
        if atol is not None and tol is None:
            rtol = np.where(_array(atol) > 0, 0.0, _default_rtol(A))
        elif tol is not None:
            rtol = 0.0
        elif wanted:
            rtol = _default_rtol(A)
    return _array(0.0 if atol is None else atol), _array(rtol)


def _default_rtol(A: Any) -> Any:
    return float(np.finfo(A._array.dtype).eps) * max(A._array.shape[-2:])


def _array(value: Any) -> Any:
    return np.asarray(value._array if isinstance(value, Tensor) else value)


@published
def pinv(
    A: Any, rcond: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None
) -> Any:
    """The Moore-Penrose pseudoinverse; singular values up to max(atol, rtol · largest) are 0.

    Gradient: right as long as the rank does not change.
    """
    need_matrix("linalg.pinv", A)
    need_floating("linalg.pinv", A)
    if hermitian:
        need_square("linalg.pinv", A)
    low, relative = tolerances(A, atol, rtol if rcond is None else rcond)
    return ops.pinv(A, low, relative, hermitian=bool(hermitian))


DRIVERS = {None: "gelsy", "gels": "gels", "gelsy": "gelsy", "gelsd": "gelsd", "gelss": "gelss"}


@published
def lstsq(A: Any, B: Any, rcond: Any = None, *, driver: str | None = None) -> Any:
    """The X of least ‖A X − B‖, of least norm where A lacks rank; residuals, rank, singular values.

    The residuals are given for more rows than columns at full rank; "gels" gives no rank, and only
    "gelsd" and "gelss" the singular values. All drivers compute the same pseudoinverse.
    """
    need_matrix("torch.linalg.lstsq", A, "input")
    need_tensors("torch.linalg.lstsq", input=A, other=B)
    need_floating("torch.linalg.lstsq", A)
    if driver not in DRIVERS:
        raise RuntimeError(
            "torch.linalg.lstsq: parameter `driver` should be one of (gels, gelsy, gelsd, gelss), "
            f"got {driver}"
        )
    chosen = DRIVERS[driver]
    if A._array.dtype != B._array.dtype:
        raise RuntimeError(
            "torch.linalg.lstsq: Expected input and other to have the same dtype, but got "
            f"{of(A._array.dtype)!r} and {of(B._array.dtype)!r}"
        )
    vector = _check_sides(A, B)
    right = B[..., None] if vector else B
    low, relative = tolerances(A, None, rcond)
    solution = matmul(ops.pinv(A, low, 0.0 * relative if chosen == "gels" else relative), right)
    rank, values = _rank_of(A._array, relative)
    residuals = _residuals(A, right, solution, rank, chosen)
    if vector and residuals._array.ndim and residuals._array.size:
        residuals = residuals[..., 0]
    empty = np.empty(0, A._array.dtype)
    return results.Lstsq(
        solution[..., 0] if vector else solution,
        residuals,
        constant(np.empty(0, np.int64) if chosen == "gels" else rank),
        constant(values if chosen in {"gelsd", "gelss"} else empty),
    )


def _check_sides(A: Any, B: Any) -> Any:
    """Whether B holds vectors; RuntimeError where its shape does not go with A."""
    gap = A._array.ndim - B._array.ndim
    if B._array.ndim < 1 or not 0 <= gap <= 1:
        raise RuntimeError(
            "torch.linalg.lstsq: input.dim() must be greater or equal to other.dim() and "
            f"(input.dim() - other.dim()) <= 1, got {A._array.ndim} and {B._array.ndim}"
        )
    vector = gap == 1
    rows = B._array.shape[-1 if vector else -2]
    if rows != A._array.shape[-2]:
        raise RuntimeError(
            f"torch.linalg.lstsq: input.size(-2) should match other.size({-1 if vector else -2}), "
            f"got {A._array.shape[-2]} and {rows}"
        )
    return vector


def _rank_of(a: Any, relative: Any) -> tuple[Any, Any]:
    values = np.linalg.svd(a, compute_uv=False) if a.size else np.zeros((*a.shape[:-2], 0), a.dtype)
    cutoff = relative * values.max(-1, initial=0)
    return (values > np.asarray(cutoff)[..., None]).sum(-1), values


def _residuals(A: Any, B: Any, solution: Any, rank: Any, driver: str) -> Any:
    """Squared lengths of A X − B, where torch gives them."""
    rows, columns = A._array.shape[-2:]
    if rows <= columns or driver == "gelsy" or not (rank == columns).all():
        return reshape(solution, shape=(solution._array.size,))[:0]
    apart = matmul(A, solution) - B
    return sum_over(apart * apart, axis=-2)


@published
def tensorinv(A: Any, ind: int = 2) -> Any:
    """The inverse of A as a map from its last dimensions to its first `ind`."""
    need_tensors("linalg.tensorinv", A=A)
    if ind <= 0:
        raise RuntimeError("Expected a strictly positive integer for 'ind'")
    first, last = A._array.shape[:ind], A._array.shape[ind:]
    if math.prod(first) != math.prod(last):
        raise RuntimeError(
            "Expected self to satisfy the requirement prod(self.shape[ind:]) == "
            f"prod(self.shape[:ind]), but got {math.prod(last)} != {math.prod(first)}"
        )
    size = math.prod(first)
    return reshape(determinant.inv(reshape(A, shape=(size, size))), shape=(*last, *first))


@published
def tensorsolve(A: Any, B: Any, dims: Any = None) -> Any:
    """X of tensordot(A, X) = B, over as many dimensions as X has."""
    need_tensors("linalg.tensorsolve", A=A, B=B)
    ndim = A._array.ndim
    if dims is not None:
        dims = [d % ndim for d in dims]
        A = transpose(A, axes=tuple([i for i in range(ndim) if i not in dims] + dims))
    out = A._array.shape[B._array.ndim :]
    size = math.prod(out)
    if size != math.prod(B._array.shape) or size * size != A._array.size:
        raise RuntimeError(
            "Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == "
            f"prod(self.shape[:other.ndim]), but got {list(A._array.shape)} and "
            f"{list(B._array.shape)}"
        )
    found = systems.solve(reshape(A, shape=(size, size)), reshape(B, shape=(size, 1)))
    return reshape(found, shape=out)
