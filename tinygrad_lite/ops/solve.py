"""Linear systems and the factorisations that solve them: Cholesky, LU, triangular systems."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._kernels import lapack, ldl
from .._op import op
from .matmul import matmul, swap
from .shape import cat, tril, triu


@op(label="A⁻¹B", formula="A⁻ᵀ g, −(A⁻ᵀ g) outᵀ")
def solve(a: Any, b: Any) -> Any:
    """X of A X = B, for stacks of matrices that broadcast."""
    lapack.need_floats("linalg.solve", a, b)
    return lapack.solve(a, b)


@solve.joint
def _(g: Any, a: Any, out: Any) -> Any:
    by_b = solve(swap(a), g)
    return -matmul(by_b, swap(out)), by_b


@op(label="T⁻¹B")
def solve_triangular(
    a: Any, b: Any, *, upper: bool, left: bool = True, unitriangular: bool = False
) -> Any:
    """X of T X = B (`left`) or X T = B, T the upper or lower triangle of A.

    With `unitriangular` the diagonal of T is taken as ones.  A zero on the diagonal divides:
    the result is infinite or NaN.
    """
    lapack.need_floats("linalg.solve_triangular", a, b)
    if unitriangular:
        eye = np.eye(a.shape[-1], dtype=bool)
        a = np.where(eye, a.dtype.type(1), a)
    if left:
        return lapack.solve_triangular(a, b, upper)
    return np.swapaxes(
        lapack.solve_triangular(np.swapaxes(a, -1, -2), np.swapaxes(b, -1, -2), not upper), -1, -2
    )


@solve_triangular.joint
def _(g: Any, a: Any, out: Any, upper: bool, left: bool, unitriangular: bool) -> Any:
    by_b = solve_triangular(swap(a), g, upper=not upper, left=left, unitriangular=unitriangular)
    by_a = -matmul(by_b, swap(out)) if left else -matmul(swap(out), by_b)
    side = 1 if unitriangular else 0
    return triu(by_a, k=side) if upper else tril(by_a, k=-side), by_b


def half_triangle(x: Any) -> Any:
    """The lower triangle with half the diagonal."""
    return (tril(x) + tril(x, k=-1)) * 0.5


@op(label="chol")
def cholesky(x: Any) -> Any:
    """L of X = L Lᵀ; the gradient is symmetric."""
    lapack.need_floats("linalg.cholesky", x)
    return lapack.cholesky(x)


@cholesky.rule
def _(g: Any, out: Any) -> Any:
    inner = half_triangle(matmul(swap(out), g))
    inner = solve_triangular(swap(out), inner, upper=True)
    inner = solve_triangular(out, inner, upper=False, left=False)
    return (inner + swap(inner)) * 0.5


@op(outputs=("ld", "pivots", "info"))
def ldl_factor(x: Any) -> Any:
    """P X Pᵀ = L D Lᵀ: L and D in one matrix, LAPACK's pivots, the place of a zero block."""
    lapack.need_floats("torch.linalg.ldl_factor", x)
    return ldl.ldl_factor(x)


@ldl_factor.joint
def _(g: Any) -> Any:
    raise NotImplementedError("the derivative for linalg.ldl_factor is not implemented")


@op
def ldl_solve(x: Any, pivots: Any, b: Any) -> Any:
    """Y of A Y = B, from the factorisation of A."""
    lapack.need_floats("torch.linalg.ldl_solve", x, b)
    return ldl.ldl_solve(x, pivots, b)


@ldl_solve.joint
def _(g: Any) -> Any:
    raise NotImplementedError("the derivative for linalg.ldl_solve is not implemented")


@op(outputs=("lu", "pivots"))
def lu_factor(x: Any) -> Any:
    """P X = L U: L below U in one matrix, and LAPACK's pivots, counted from 1."""
    lapack.need_floats("linalg.lu_factor", x)
    return lapack.lu_factor(x)


@lu_factor.joint
def _(g: Any, lu: Any, pivots: Any) -> Any:
    if g[0] is None:
        return (None,)
    rows, columns = lu.shape[-2:]
    if rows > columns:
        inner = _pull_tall(g[0], lu, columns)
    elif rows < columns:
        inner = _pull_wide(g[0], lu, rows)
    else:
        inner = _pull_square(tril(g[0], k=-1), triu(g[0]), lu)
    return (matmul(permutation(pivots, like=lu, size=rows), inner),)


@op(kind="constant")
def permutation_of(pivots: Any, *, size: int, dtype: Any) -> Any:
    """P of X = P L U as a matrix, from LAPACK's pivots."""
    return lapack.permutation_matrix(pivots, size, dtype)


def permutation(pivots: Any, *, like: Any, size: int) -> Any:
    """P in the type of `like`."""
    dtype = np.dtype(getattr(like.dtype, "numpy", like.dtype))
    return permutation_of(pivots, size=size, dtype=dtype)


def _pull_square(g_lower: Any, g_upper: Any, lu: Any) -> Any:
    """L⁻ᵀ (strictly lower part of Lᵀ gL + upper part of gU Uᵀ) U⁻ᵀ."""
    lower = tril(lu, k=-1) + np.eye(lu.shape[-1], dtype=bool)
    upper = triu(lu)
    inner = tril(matmul(swap(lower), g_lower), k=-1) + triu(matmul(g_upper, swap(upper)))
    inner = solve_triangular(swap(lower), inner, upper=True, unitriangular=True)
    return solve_triangular(swap(upper), inner, upper=False, left=False)


def _pull_tall(g: Any, lu: Any, n: int) -> Any:
    """More rows than columns: the rows below the square are L₂ = A₂ U⁻¹."""
    square, below, g_square, g_below = lu[..., :n, :], lu[..., n:, :], g[..., :n, :], g[..., n:, :]
    upper = triu(square)
    low = solve_triangular(swap(upper), g_below, upper=False, left=False)
    g_upper = triu(g_square) - triu(matmul(swap(below), low))
    high = _pull_square(tril(g_square, k=-1), g_upper, square)
    return cat(high, low, axis=-2)


def _pull_wide(g: Any, lu: Any, n: int) -> Any:
    """More columns than rows: the columns beside the square are U₂ = L⁻¹ A₂."""
    square, beside = lu[..., :n], lu[..., n:]
    g_square, g_beside = g[..., :n], g[..., n:]
    right = solve_triangular(swap(tril(square, k=-1)), g_beside, upper=True, unitriangular=True)
    g_lower = tril(g_square, k=-1) - tril(matmul(right, swap(beside)), k=-1)
    left = _pull_square(g_lower, triu(g_square), square)
    return cat(left, right, axis=-1)
