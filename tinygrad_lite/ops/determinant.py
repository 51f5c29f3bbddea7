"""Determinants and inverses, with gradients that hold for singular matrices too."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._kernels import lapack
from .._op import op
from .matmul import matmul, swap
from .reduction import sum
from .shape import reshape


def as_matrix(x: Any) -> Any:
    """A number per matrix, shaped to multiply every entry."""
    return reshape(x, shape=(*x.shape, 1, 1))


def trace_of_product(x: Any, y: Any) -> Any:
    """tr(Xᵀ Y), shaped to multiply every entry."""
    return sum(x * y, axis=(-2, -1), keepdims=True)


@op(label="A⁻¹", formula="−outᵀ g outᵀ")
def inv(x: Any) -> Any:
    """The inverse of every matrix."""
    lapack.need_floats("linalg.inv", x)
    return lapack.inv(x)


@inv.rule
def _(g: Any, out: Any) -> Any:
    turned = swap(out)
    return -matmul(matmul(turned, g), turned)


@op(label="det", onnx="Det", formula="g · cofactors")
def det(x: Any) -> Any:
    """The determinant of every matrix.

    Gradient: the cofactors, which exist for singular matrices too.
    """
    lapack.need_floats("linalg.det", x)
    return np.linalg.det(x)


det.rule(lambda g, x: as_matrix(g) * cofactors(x))


@op
def cofactors(x: Any) -> Any:
    """The matrices of cofactors, det(X) X⁻ᵀ; by singular values where X has no inverse."""
    try:
        value = np.linalg.det(x)[..., None, None] * np.swapaxes(np.linalg.inv(x), -1, -2)
    except np.linalg.LinAlgError:
        pass
    else:
        if np.isfinite(value).all() or not np.isfinite(x).all():
            return value
    u, s, vh, sign = _signed_svd(x)
    others = np.prod(np.where(np.eye(s.shape[-1], dtype=bool), 1, s[..., None, :]), axis=-1)
    return (u * (sign * others)[..., None, :] @ vh).astype(x.dtype)


def _signed_svd(x: Any) -> tuple[Any, Any, Any, Any]:
    """U, s, Vᵀ and det(U) det(V), a sign per matrix with one axis more."""
    u, s, vh = lapack.svd(x, full_matrices=False)
    return u, s, vh, np.rint(np.linalg.det(u) * np.linalg.det(vh))[..., None]


cofactors.rule(lambda g, x: second_cofactors(g, x))


@op
def second_cofactors(x: Any, y: Any) -> Any:
    """Σₖₗ Xₖₗ ∂cof(Y)ₖₗ/∂Y: with C the cofactors, (tr(XᵀC) C − C Xᵀ C) / det Y.

    In the basis of Y's singular vectors the division turns into products of the other singular
    values, so that it holds for singular Y.
    """
    u, s, vh, sign = _signed_svd(y)
    turned = np.swapaxes(u, -1, -2) @ x @ np.swapaxes(vh, -1, -2)
    pairs = _products_without_two(s) * sign[..., None]
    own = np.diagonal(turned, axis1=-2, axis2=-1)
    out = -np.swapaxes(turned, -1, -2) * pairs
    step = np.arange(s.shape[-1])
    out[..., step, step] = (pairs * own[..., None, :]).sum(-1)
    return (u @ out @ vh).astype(y.dtype)


def _products_without_two(s: Any) -> Any:
    """Πₖ sₖ over k other than i and j, for every i and j; 0 where i = j."""
    n = s.shape[-1]
    same = np.eye(n, dtype=bool)
    left_out = same[:, None, :] | same[None, :, :]
    products = np.prod(np.where(left_out, 1, s[..., None, None, :]), axis=-1)
    return np.where(same, 0, products)


second_cofactors.rule(lambda g, y: second_cofactors(g, y), "x")


@second_cofactors.rule("y")
def _(g: Any, x: Any, y: Any) -> Any:
    # by the inverse: the third derivative of det at a singular matrix raises
    w = swap(inv(y))
    by_x, by_g = (matmul(matmul(w, swap(a)), w) for a in (x, g))
    along_x, along_g = trace_of_product(x, w), trace_of_product(g, w)
    both = matmul(matmul(w, swap(x)), by_g), matmul(matmul(w, swap(g)), by_x)
    mixed = along_x * along_g - trace_of_product(g, by_x)
    return as_matrix(det(y)) * (mixed * w - along_g * by_x - along_x * by_g + both[0] + both[1])


@op(outputs=("sign", "logabsdet"), label="log|det|", formula="g X⁻ᵀ")
def slogdet(x: Any) -> Any:
    """Sign and logarithm of the absolute value of every determinant; 0 and −inf when singular."""
    lapack.need_floats("linalg.slogdet", x)
    sign, value = np.linalg.slogdet(x)
    return sign, value


@slogdet.joint
def _(g: Any, x: Any) -> Any:
    if g[1] is None:
        return (None,)
    return (as_matrix(g[1]) * swap(inverse_or_infinite(x)),)


@op
def inverse_or_infinite(x: Any) -> Any:
    """The inverse of every matrix, filled with infinity where there is none."""
    try:
        return np.linalg.inv(x)
    except np.linalg.LinAlgError:
        regular = lapack.lu_info(lapack.lu_factor(x)[0]) == 0
        held = np.where(regular[..., None, None], x, np.eye(x.shape[-1], dtype=x.dtype))
        return np.where(regular[..., None, None], np.linalg.inv(held), x.dtype.type(np.inf))


@inverse_or_infinite.rule
def _(g: Any, out: Any) -> Any:
    turned = swap(out)
    return -matmul(matmul(turned, g), turned)
