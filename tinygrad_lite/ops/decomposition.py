"""Orthogonal decompositions: QR, symmetric eigenvectors, singular values; the pseudoinverse.

Where eigenvalues or singular values repeat, the vectors have no derivative: their gradient is
infinite or NaN, while that of the values is right.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._kernels import lapack
from .._op import op
from .elementwise import where
from .matmul import matmul, swap
from .shape import cat, reshape, tril
from .solve import solve_triangular


def as_row(x: Any) -> Any:
    """A vector per matrix as a row that scales columns."""
    return reshape(x, shape=(*x.shape[:-1], 1, x.shape[-1]))


def as_column(x: Any) -> Any:
    """A vector per matrix as a column that scales rows."""
    return reshape(x, shape=(*x.shape, 1))


def added(*parts: Any) -> Any:
    """The sum of the parts that are not None."""
    total = None
    for part in parts:
        if part is not None:
            total = part if total is None else total + part
    return total


# --- QR --------------------------------------------------------------------------------------


@op(outputs=("q", "r"), label="QR")
def qr(x: Any, *, mode: str = "reduced") -> Any:
    """Q R = X, Q with orthonormal columns, R upper triangular; mode "reduced" or "complete"."""
    lapack.need_floats("linalg.qr", x)
    return lapack.qr(x, mode)


@qr.joint
def _(g: Any, q: Any, r: Any, mode: str, x_shape: Any) -> Any:
    rows, columns = x_shape[-2:]
    if mode == "complete" and rows > columns:
        raise RuntimeError(
            "The QR decomposition is not differentiable when mode='complete' and "
            "nrows > ncols: use mode='reduced'"
        )
    if rows >= columns:
        return (_pull_qr(g[0], g[1], q, r),)
    return (_pull_wide_qr(g[0], g[1], q, r, rows),)


def _pull_qr(g_q: Any, g_r: Any, q: Any, r: Any) -> Any:
    """(gQ + Q sym(R gRᵀ − gQᵀ Q)) R⁻ᵀ, sym mirroring the lower triangle."""
    inner = added(
        None if g_r is None else matmul(r, swap(g_r)),
        None if g_q is None else -matmul(swap(g_q), q),
    )
    mirrored = tril(inner) + swap(tril(inner, k=-1))
    whole = added(g_q, matmul(q, mirrored))
    return solve_triangular(swap(r), whole, upper=False, left=False)


def _pull_wide_qr(g_q: Any, g_r: Any, q: Any, r: Any, rows: int) -> Any:
    """X = [A | B]: Q comes of A alone, and R = [QᵀA | QᵀB]."""
    if g_r is None:
        left = _pull_qr(g_q, None, q, r[..., :rows])
        return cat(left, matmul(q, r[..., rows:]) * 0, axis=-1)
    beside, g_beside = r[..., rows:], g_r[..., rows:]
    right = matmul(q, g_beside)
    g_q = added(g_q, matmul(matmul(q, beside), swap(g_beside)))
    return cat(_pull_qr(g_q, g_r[..., :rows], q, r[..., :rows]), right, axis=-1)


@op(label="R")
def qr_r(x: Any) -> Any:
    """R of X = Q R alone."""
    lapack.need_floats("linalg.qr", x)
    return np.linalg.qr(x, "r")


@qr_r.rule
def _(g: Any) -> Any:
    raise RuntimeError(
        "The derivative of linalg.qr depends on Q, which is not computed when mode='r'. "
        "Please use linalg.qr(A, mode='reduced') if you are going to require gradients through it."
    )


# --- symmetric eigenvalues -------------------------------------------------------------------


@op(outputs=("values", "vectors"), label="eigh")
def eigh(x: Any, *, upper: bool = False) -> Any:
    """Ascending eigenvalues and eigenvectors of symmetric matrices, of which one half is read."""
    lapack.need_floats("linalg.eigh", x)
    return lapack.eigh(x, upper)


@eigh.joint
def _(g: Any, values: Any, vectors: Any) -> Any:
    g_values, g_vectors = g
    if g_vectors is None:
        return (
            (matmul(vectors * as_row(g_values), swap(vectors)),)
            if g_values is not None
            else (None,)
        )
    eye = np.eye(values.shape[-1], dtype=bool)
    gaps = where(eye, 1.0, as_row(values) - as_column(values))
    turned = matmul(swap(vectors), g_vectors)
    inner = where(eye, 0.0, (turned - swap(turned)) * 0.5 / gaps)
    if g_values is not None:
        inner = inner + where(eye, as_row(g_values), 0.0)
    return (matmul(matmul(vectors, inner), swap(vectors)),)


# --- singular values -------------------------------------------------------------------------


@op(outputs=("u", "s", "vh"), label="SVD")
def svd(x: Any, *, full_matrices: bool = True) -> Any:
    """U diag(s) Vᵀ = X, the singular values descending.

    Gradient: that of the extra columns of full U and V is left out, for they are arbitrary.
    """
    lapack.need_floats("linalg.svd", x)
    return lapack.svd(x, full_matrices)


@svd.joint
def _(g: Any, u: Any, s: Any, vh: Any) -> Any:
    count = s.shape[-1]
    u, vh = u[..., :count], vh[..., :count, :]
    g_u, g_s, g_vh = g
    if g_u is None and g_vh is None:
        return (matmul(u * as_row(g_s), vh),) if g_s is not None else (None,)
    g_u = None if g_u is None else g_u[..., :count]
    g_v = None if g_vh is None else swap(g_vh[..., :count, :])
    out = matmul(matmul(u, _pull_core(g_u, g_s, g_v, u, s, vh)), vh)
    if g_u is not None and u.shape[-2] > count:
        scaled = g_u / as_row(s)
        out = out + matmul(scaled - matmul(u, matmul(swap(u), scaled)), vh)
    if g_v is not None and vh.shape[-1] > count:
        scaled = swap(g_v / as_row(s))
        out = out + matmul(u, scaled - matmul(matmul(scaled, swap(vh)), vh))
    return (out,)


def _pull_core(g_u: Any, g_s: Any, g_v: Any, u: Any, s: Any, vh: Any) -> Any:
    """The part of the gradient in the basis of the singular vectors."""
    eye = np.eye(s.shape[-1], dtype=bool)
    row, column = as_row(s), as_column(s)
    gaps = where(eye, 1.0, (row - column) * (row + column))
    inner = None
    if g_u is not None:
        turned = matmul(swap(u), g_u)
        inner = (turned - swap(turned)) / gaps * row
    if g_v is not None:
        turned = matmul(vh, g_v)
        inner = added(inner, column * ((turned - swap(turned)) / gaps))
    return inner if g_s is None else added(inner, where(eye, as_row(g_s), 0.0))


# --- pseudoinverse ---------------------------------------------------------------------------


@op(label="A⁺")
def pinv(x: Any, atol: Any, rtol: Any, *, hermitian: bool = False) -> Any:
    """The pseudoinverse; singular values up to max(atol, rtol · largest) count as zero.

    Gradient: right as long as the rank stays.
    """
    lapack.need_floats("linalg.pinv", x)
    return lapack.pinv(x, atol, rtol, hermitian)


@pinv.rule("x")
def _(g: Any, x: Any, out: Any) -> Any:
    # −Pᵀ g Pᵀ + (1 − X P) gᵀ P Pᵀ + Pᵀ P gᵀ (1 − P X), shortest products first
    turned = swap(out)
    g_turned = swap(g)
    left = matmul(matmul(g_turned, out), turned)
    right = matmul(turned, matmul(out, g_turned))
    return (
        left - matmul(x, matmul(out, left))
        + right - matmul(matmul(right, out), x)
        - matmul(matmul(turned, g), turned)
    )  # fmt: skip
