"""Dense factorisations: NumPy's where it has them, our own where it has not, with torch's errors.

NumPy calls LAPACK in float64 for float32 too; the results are rounded back.  LU with its pivots,
triangular systems and the matrix exponential are written here in blocks of matrix products.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = [
    "LinAlgError", "cholesky", "cholesky_info", "eigh", "expm", "inv", "lu_factor", "lu_info",
    "permutation_matrix", "pinv", "qr", "solve", "solve_triangular", "svd",
]  # fmt: skip

PANEL = 32  # columns factored one by one before a block product
TRIANGLE = 64  # triangular systems up to this size go to LAPACK whole


class LinAlgError(RuntimeError):
    """A matrix is singular, not positive-definite, or an iteration found no result."""


def need_floats(name: str, *arrays: Any) -> None:
    """Raise torch's RuntimeError unless the operands are float32 or float64, all alike."""
    for x in arrays:
        if x.dtype.kind != "f":
            raise RuntimeError(
                f"{name}: Expected a floating point or complex tensor as input. Got {x.dtype}: "
                "convert it with .float()"
            )
        if x.dtype.itemsize == 2:
            raise RuntimeError(
                f"{name}: Low precision dtypes not supported. Got {x.dtype}: use .float()"
            )
        if x.dtype != arrays[0].dtype:
            raise RuntimeError(
                f"{name}: Expected all inputs to have the same dtype, "
                f"got {arrays[0].dtype} and {x.dtype}"
            )


def _place(flags: Any) -> str:
    """The batch element at which a stack of matrices first failed, as torch's messages name it."""
    return f"(Batch element {int(np.argmax(flags))}): " if flags.ndim else ""


# --- LU --------------------------------------------------------------------------------------


def lu_factor(a: Any) -> tuple[Any, Any]:
    """P A = L U with partial pivoting: L below the diagonal of U, and LAPACK's pivots from 1."""
    rows, columns = a.shape[-2:]
    count = min(rows, columns)
    out = np.array(a.reshape(math.prod(a.shape[:-2]), rows, columns))
    pivots = np.empty((len(out), count), np.int32)
    for start in range(0, count, PANEL):
        stop = min(start + PANEL, count)
        _factor_panel(out, pivots, start, stop)
        if stop < columns:
            _update_right(out, start, stop)
    return out.reshape(a.shape), pivots.reshape(*a.shape[:-2], count)


def _factor_panel(a: Any, pivots: Any, start: int, stop: int) -> None:
    """Factor columns start to stop in place, rows exchanged over the whole width."""
    if len(a) == 1:
        _factor_single(a[0], pivots[0], start, stop)
        return
    batch = np.arange(len(a))
    for j in range(start, stop):
        chosen = j + np.argmax(np.abs(a[:, j:, j]), axis=1)
        pivots[:, j] = chosen + 1
        kept = a[batch, j].copy()
        a[batch, j] = a[batch, chosen]
        a[batch, chosen] = kept
        pivot = a[:, j, j, None]
        a[:, j + 1 :, j] /= np.where(pivot == 0, 1, pivot)
        a[:, j + 1 :, j + 1 : stop] -= a[:, j + 1 :, j, None] * a[:, j, None, j + 1 : stop]


def _factor_single(a: Any, pivots: Any, start: int, stop: int) -> None:
    """The same for one matrix, without fancy indexing: a quarter of the time."""
    for j in range(start, stop):
        chosen = j + int(np.abs(a[j:, j]).argmax())
        pivots[j] = chosen + 1
        if chosen != j:
            kept = a[j].copy()
            a[j] = a[chosen]
            a[chosen] = kept
        if a[j, j] != 0:
            a[j + 1 :, j] /= a[j, j]
        a[j + 1 :, j + 1 : stop] -= a[j + 1 :, j, None] * a[j, j + 1 : stop]


def _update_right(a: Any, start: int, stop: int) -> None:
    """The rows of U beside a finished panel, and what they take from the rest."""
    for j in range(start + 1, stop):
        a[:, j, stop:] -= np.matmul(a[:, None, j, start:j], a[:, start:j, stop:])[:, 0]
    a[:, stop:, stop:] -= a[:, stop:, start:stop] @ a[:, start:stop, stop:]


def lu_info(lu: Any) -> Any:
    """LAPACK's info of factored matrices: the first zero on the diagonal of U, from 1, or 0."""
    zero = np.diagonal(lu, axis1=-2, axis2=-1) == 0
    return np.where(zero.any(-1), zero.argmax(-1) + 1 if zero.shape[-1] else 0, 0).astype(np.int32)


def permutation_matrix(pivots: Any, size: int, dtype: Any) -> Any:
    """P of A = P L U from the pivots: the exchanges, done in order, on the rows of the identity."""
    flat = pivots.reshape(math.prod(pivots.shape[:-1]), pivots.shape[-1])
    batch = np.arange(len(flat))
    order = np.tile(np.arange(size), (len(flat), 1))
    for j in range(flat.shape[1]):
        other = flat[:, j] - 1
        kept = order[:, j].copy()
        order[:, j] = order[batch, other]
        order[batch, other] = kept
    out = np.zeros((len(flat), size, size), dtype)
    out[batch[:, None], order, np.arange(size)] = 1
    return out.reshape(*pivots.shape[:-1], size, size)


# --- systems ---------------------------------------------------------------------------------


def inv(a: Any) -> Any:
    """The inverses of square matrices."""
    try:
        return np.linalg.inv(a)
    except np.linalg.LinAlgError:
        info = lu_info(lu_factor(a)[0])
        where = int(info.ravel()[np.argmax(info != 0)])
        raise LinAlgError(
            f"linalg.inv: {_place(info != 0)}The diagonal element {where} is zero, the inversion "
            "could not be completed because the input matrix is singular."
        ) from None


def solve(a: Any, b: Any) -> Any:
    """X of A X = B."""
    try:
        return np.linalg.solve(a, b)
    except np.linalg.LinAlgError:
        flags = lu_info(lu_factor(a)[0]) != 0
        raise LinAlgError(
            f"torch.linalg.solve: {_place(flags)}The solver failed because the input matrix is "
            "singular."
        ) from None


def solve_triangular(a: Any, b: Any, upper: bool) -> Any:
    """X of T X = B, T one triangle of A; what stands in the other triangle is not read."""
    if not upper:  # turned by half a circle, a lower triangle is an upper one
        return solve_triangular(a[..., ::-1, ::-1], b[..., ::-1, :], True)[..., ::-1, :]
    n = a.shape[-1]
    if n <= TRIANGLE:
        return _solve_small(np.triu(a), b)
    half = n // 2
    low = solve_triangular(a[..., half:, half:], b[..., half:, :], True)
    high = solve_triangular(
        a[..., :half, :half], b[..., :half, :] - a[..., :half, half:] @ low, True
    )
    return np.concatenate((high, low), axis=-2)


def _solve_small(a: Any, b: Any) -> Any:
    """By LAPACK's LU, which finds nothing to eliminate; by substitution when T is singular."""
    try:
        return np.linalg.solve(a, b)
    except np.linalg.LinAlgError:
        pass
    shape = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    x = np.array(np.broadcast_to(b, (*shape, *b.shape[-2:])))
    with np.errstate(all="ignore"):
        for i in range(a.shape[-1] - 1, -1, -1):
            x[..., i, :] /= a[..., i, i, None]
            x[..., :i, :] -= a[..., :i, i, None] * x[..., i, None, :]
    return x


def cholesky(a: Any) -> Any:
    """L of A = L Lᵀ; only the lower triangle of A is read."""
    try:
        return np.linalg.cholesky(a)
    except np.linalg.LinAlgError:
        info = cholesky_info(a)
        order = int(info.ravel()[np.argmax(info != 0)])
        raise LinAlgError(
            f"linalg.cholesky: {_place(info != 0)}The factorization could not be completed because "
            f"the input is not positive-definite (the leading minor of order {order} is not "
            "positive-definite)."
        ) from None


def cholesky_info(a: Any) -> Any:
    """The order of the first leading minor that is not positive-definite, or 0."""
    flat = a.reshape(math.prod(a.shape[:-2]), *a.shape[-2:])
    info = [_bad_minor(matrix) for matrix in flat]
    return np.array(info, np.int32).reshape(a.shape[:-2])


def _bad_minor(a: Any) -> int:
    low = np.tril(a).astype(np.float64)
    for j in range(len(low)):
        pivot = low[j, j] - low[j, :j] @ low[j, :j]
        if not pivot > 0:
            return j + 1
        low[j, j] = math.sqrt(pivot)
        low[j + 1 :, j] = (low[j + 1 :, j] - low[j + 1 :, :j] @ low[j, :j]) / low[j, j]
    return 0


# --- orthogonal decompositions ---------------------------------------------------------------


def _converging(name: str, function: Callable[[], Any]) -> Any:
    try:
        return function()
    except np.linalg.LinAlgError:
        raise LinAlgError(
            f"{name}: The algorithm failed to converge because the input matrix contained "
            "non-finite values, or is too ill-conditioned."
        ) from None


def qr(a: Any, mode: str) -> tuple[Any, Any]:
    """Q and R by Householder reflections; R's diagonal may be negative."""
    found: Any = np.linalg.qr(a, mode)  # type: ignore[call-overload]
    return found.Q, found.R


def eigh(a: Any, upper: bool) -> tuple[Any, Any]:
    """Ascending eigenvalues and the vectors of symmetric matrices; one triangle is read."""
    found = _converging("linalg.eigh", lambda: np.linalg.eigh(a, "U" if upper else "L"))
    return found.eigenvalues, found.eigenvectors


def svd(a: Any, full_matrices: bool) -> tuple[Any, Any, Any]:
    """U, the descending singular values, and Vᵀ."""
    u, s, vh = _converging("linalg.svd", lambda: np.linalg.svd(a, full_matrices))
    return u, s, vh


def pinv(a: Any, atol: Any, rtol: Any, hermitian: bool) -> Any:
    """The pseudoinverse; singular values up to max(atol, rtol · largest) count as zero."""
    if hermitian:
        values, u = eigh(a, upper=False)
        vh = np.swapaxes(u, -1, -2)
        sizes = np.abs(values)
    else:
        u, values, vh = svd(a, full_matrices=False)
        sizes = values
    largest = sizes.max(-1, initial=0)
    cutoff = np.maximum(atol, rtol * largest)[..., None]
    kept = sizes > cutoff
    scale = np.where(kept, 1 / np.where(kept, values, 1), 0).astype(a.dtype)
    return np.swapaxes(vh, -1, -2) * scale[..., None, :] @ np.swapaxes(u, -1, -2)


# --- exponential -----------------------------------------------------------------------------

_DEGREE = 13
_PADE = [
    math.factorial(2 * _DEGREE - j)
    // (math.factorial(_DEGREE - j) * math.factorial(j))
    / (math.factorial(_DEGREE))
    for j in range(_DEGREE + 1)
]
_REACH = 5.371920351148152  # up to this norm the approximation is exact in float64


def expm(a: Any) -> Any:
    """Matrix exponential by scaling and squaring a rational approximation of degree 13."""
    flat = a.reshape(math.prod(a.shape[:-2]), *a.shape[-2:]).astype(np.float64)
    size = np.abs(flat).sum(-2).max(-1, initial=0)
    finite = np.isfinite(size)
    with np.errstate(divide="ignore"):
        halvings = np.ceil(np.log2(np.where(finite, size, 1) / _REACH))
    halvings = np.maximum(halvings, 0).astype(int)
    out = _pade(np.where(finite[:, None, None], flat * 0.5 ** halvings[:, None, None], 0.0))
    for step in range(int(halvings.max(initial=0))):
        more = halvings > step
        out[more] = out[more] @ out[more]
    out[~finite] = math.nan
    return out.reshape(a.shape).astype(a.dtype)


def _pade(a: Any) -> Any:
    one = np.eye(a.shape[-1])
    b, a2 = _PADE, a @ a
    a4 = a2 @ a2
    a6 = a4 @ a2
    odd = a6 @ (b[13] * a6 + b[11] * a4 + b[9] * a2)
    odd = a @ (odd + b[7] * a6 + b[5] * a4 + b[3] * a2 + b[1] * one)
    even = a6 @ (b[12] * a6 + b[10] * a4 + b[8] * a2)
    even = even + b[6] * a6 + b[4] * a4 + b[2] * a2 + b[0] * one
    return np.linalg.solve(even - odd, even + odd)
