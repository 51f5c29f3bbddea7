"""Norms, determinants, ranks and condition numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._functions._dims import as_dtype, axes_of
from .._kernels import lapack
from ..ops import decomposition as ops, determinant, elementwise as el, reduction
from ..ops.shape import reshape, transpose
from . import _results as results
from ._arguments import constant, need_floating, need_matrix, need_square, need_tensors, published
from ._system import inv, tolerances

__all__ = [
    "cond", "det", "matrix_norm", "matrix_rank", "norm", "slogdet", "vector_norm",
]  # fmt: skip


@published
def det(A: Any) -> Any:
    """The determinant of square matrices.

    Gradient: the cofactors. Differs from PyTorch: right for singular matrices too.
    """
    need_square("linalg.det", A)
    return determinant.det(A)


@published
def slogdet(A: Any) -> Any:
    """Sign and logarithm of the size of the determinant: 0 and -inf for a singular matrix."""
    need_square("linalg.slogdet", A)
    return results.Slogdet(*determinant.slogdet(A))


def _converted(name: str, x: Any, dtype: Any) -> Any:
    """`x` in the floating type in which a norm is asked for."""
    need_tensors(name, x=x)
    if dtype is None:
        need_floating(name, x)
        return x
    if not dtype.is_floating_point:
        raise RuntimeError(f"{name}: dtype should be floating point or complex. Got {dtype!r}")
    if x._array.dtype.kind == "f" and dtype.itemsize < x._array.dtype.itemsize:
        raise RuntimeError(
            f"{name}: the dtype of the input ({x.dtype!r}) should be convertible without "
            f"narrowing to the specified dtype ({dtype!r})"
        )
    return as_dtype(x, dtype)


@published
def vector_norm(
    x: Any, ord: Any = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None
) -> Any:
    """(Σ |x|ᵒʳᵈ)^(1/ord) over `dim`; the largest and smallest |x| at ±inf, a count at 0.

    Gradient: 0 where the norm is 0; ties at ±inf share it.
    """
    x = _converted("linalg.vector_norm", x, dtype)
    if isinstance(ord, str) or ord is None:
        raise TypeError(f"linalg_vector_norm(): argument 'ord' must be Number, not {ord!r}")
    axis = axes_of(x, dim)
    _need_identity(x, float(ord), axis)
    return reduction.norm(x, p=float(ord), axis=axis, keepdims=bool(keepdim))


def _need_identity(x: Any, ord: float, axis: Any) -> None:
    """Raise for a norm of nothing that has no value."""
    if x._array.size or not (ord < 0 or ord == math.inf):
        return
    if axis is None:
        raise RuntimeError(
            f"linalg.vector_norm cannot compute the {ord} norm on an empty tensor because the "
            "operation does not have an identity"
        )
    for a in axis if isinstance(axis, tuple) else (axis,):
        if x._array.ndim and not x._array.shape[a]:
            raise RuntimeError(
                f"linalg.vector_norm cannot compute the {ord} norm on the dimension {a} because "
                "this dimension is empty and the operation does not have an identity"
            )


@published
def matrix_norm(
    A: Any, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, *, dtype: Any = None
) -> Any:
    """A norm of matrices: "fro", "nuc", or ±1, ±2, ±inf.

    "nuc", 2 and -2 are of the singular values, 1 and inf of the sums of columns and rows.
    """
    need_matrix("linalg.matrix_norm", A)
    A = _converted("linalg.matrix_norm", A, dtype)
    axes = axes_of(A, tuple(dim))
    if axes is None or isinstance(axes, int) or len(axes) != 2:
        raise RuntimeError(f"linalg.matrix_norm: dim must be a 2-tuple. Got {dim}")
    if ord == "fro":
        return reduction.norm(A, p=2.0, axis=axes, keepdims=bool(keepdim))
    if ord == "nuc" or (not isinstance(ord, str) and abs(ord) == 2):
        return _of_singular_values(A, ord, axes, bool(keepdim))
    if isinstance(ord, str) or abs(ord) not in {1, math.inf}:
        raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported.")
    row, column = axes
    along, over = (row, column) if abs(ord) == 1 else (column, row)
    sums = reduction.sum(el.abs(A), axis=along, keepdims=True)
    if not A._array.shape[over]:
        raise RuntimeError(
            f"linalg.matrix_norm: cannot take the norm of order {ord} over an empty dimension"
        )
    found = (reduction.amax if ord > 0 else reduction.amin)(sums, axis=over, keepdims=True)
    return found if keepdim else _without(found, axes)


def _without(x: Any, axes: tuple[int, ...]) -> Any:
    """`x` without axes of length one."""
    return reshape(x, shape=tuple(n for a, n in enumerate(x._array.shape) if a not in axes))


def _of_singular_values(A: Any, ord: Any, axes: tuple[int, int], keepdim: bool) -> Any:
    """Sum ("nuc"), largest (2) or smallest (-2) singular value."""
    rest = [a for a in range(A._array.ndim) if a not in axes]
    values = ops.svd(transpose(A, axes=(*rest, *axes)), full_matrices=False)[1]
    if ord == "nuc":
        found = reduction.sum(values, axis=-1)
    elif not values._array.shape[-1]:
        raise RuntimeError(
            f"linalg.matrix_norm: cannot take the norm of order {ord} of an empty matrix"
        )
    else:
        found = (reduction.amax if ord > 0 else reduction.amin)(values, axis=-1)
    if not keepdim:
        return found
    return reshape(found, shape=tuple(1 if a in axes else n for a, n in enumerate(A._array.shape)))


@published
def norm(
    A: Any, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: Any = None
) -> Any:
    """A vector norm over one dimension or all, a matrix norm over two.

    `ord` None is the 2-norm over whatever `dim` says.
    """
    need_tensors("linalg.norm", A=A)
    if ord is None:
        return vector_norm(A, 2, dim, keepdim, dtype=dtype)
    count = None if dim is None else 1 if not isinstance(dim, (tuple, list)) else len(dim)
    if count is None:
        count = A._array.ndim
        if count not in {1, 2}:
            raise RuntimeError(
                "linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. "
                f"Got {count}D."
            )
        dim = None if count == 1 else (0, 1)
    elif count not in {1, 2}:
        raise RuntimeError(
            f"linalg.norm: If dim is specified, it must be of length 1 or 2. Got {dim}"
        )
    if count == 2 or isinstance(ord, str):
        if isinstance(ord, str) and count != 2:
            raise RuntimeError(
                f"linalg.norm: If ord is specified as {ord!r}, dim must be a 2-tuple. Got {dim}"
            )
        return matrix_norm(A, ord, tuple(dim), keepdim, dtype=dtype)
    return vector_norm(A, ord, dim, keepdim, dtype=dtype)


@published
def cond(A: Any, p: Any = None) -> Any:
    """‖A‖ ‖A⁻¹‖ in the norm `p`; None and ±2 by singular values. inf for a singular matrix."""
    need_matrix("linalg.cond", A)
    need_floating("linalg.cond", A)
    if p is None or (not isinstance(p, str) and abs(p) == 2):
        values = ops.svd(A, full_matrices=False)[1]
        if not values._array.shape[-1]:
            return reduction.sum(values, axis=-1)
        if p == -2:
            return values[..., -1] / values[..., 0]
        return values[..., 0] / values[..., -1]
    need_square(f"linalg.cond(ord={p})", A)
    if not A._array.size:
        return constant(np.zeros(A._array.shape[:-2], A._array.dtype))
    try:
        inverse = inv(A)
    except lapack.LinAlgError:
        inverse = determinant.inverse_or_infinite(A)
    return matrix_norm(A, p) * matrix_norm(inverse, p)


@published
def matrix_rank(
    A: Any, tol: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None
) -> Any:
    """How many singular values exceed max(atol, rtol · largest); int64, without gradient."""
    need_matrix("linalg.matrix_rank", A, "input")
    need_floating("linalg.matrix_rank", A)
    if hermitian:
        need_square("linalg.matrix_rank", A)
    low, relative = tolerances(A, atol, rtol, tol)
    if not A._array.size:
        return constant(np.zeros(A._array.shape[:-2], np.int64))
    if hermitian:
        values = np.abs(np.linalg.eigvalsh(A._array))
    else:
        values = np.linalg.svd(A._array, compute_uv=False)
    cutoff = np.maximum(low, relative * values.max(-1))
    return constant((values > cutoff[..., None]).sum(-1))
