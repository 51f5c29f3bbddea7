"""Choices, distances and covariances: torch.combinations, cartesian_prod, vander, cdist, cov."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from .._nodes import make
from .._record import apply
from ..ops import elementwise as el, product as ops, reduction
from ..ops.indexing import index
from ..ops.matmul import matmul, swap
from ..ops.shape import cat, diagonal, expand, reshape
from ._surface import need_tensor, surface
from .product import need_dims

__all__: list[str] = []


@surface(method=False)
def cartesian_prod(*tensors: Any) -> Any:
    """Every combination of one element from each vector, as rows; the last vector runs fastest."""
    for position, t in enumerate(tensors):
        need_tensor("cartesian_prod", t, "tensors", position + 1)
        need_dims(t, 1, "Expect a 1D vector")
    if len(tensors) == 1:
        return tensors[0]
    sizes = tuple(t._array.size for t in tensors)
    columns = []
    for i, t in enumerate(tensors):
        along = reshape(t, shape=tuple(n if i == j else 1 for j, n in enumerate(sizes)))
        columns.append(reshape(expand(along, shape=sizes), shape=(math.prod(sizes), 1)))
    return cat(*columns, axis=1)


@surface
def combinations(input: Any, r: int = 2, with_replacement: bool = False) -> Any:
    """Every choice of `r` elements of a vector, in order, as rows."""
    need_dims(input, 1, "Expect a 1D vector")
    if r < 0:
        raise RuntimeError(f"Expect a non-negative number, but got {r}")
    if r == 0:
        return make(np.empty(0, input._array.dtype), None)
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    rows = np.array(list(choose(range(input._array.size), r)), np.int64)
    return index(input, key=(rows.reshape(-1, r),))


@surface(method=False)
def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """The powers of a vector as columns, falling unless `increasing`."""
    need_tensor("vander", x, "x", 1)
    need_dims(x, 1, "x must be a one-dimensional tensor")
    count = x._array.size if N is None else N
    if count < 0:
        raise RuntimeError(f"N must be non-negative, got {N}")
    return ops.powers(x, count=count, falling=not increasing)


# --- distances -------------------------------------------------------------------------------

MODES = {
    None, "use_mm_for_euclid_dist", "use_mm_for_euclid_dist_if_necessary",
    "donot_use_mm_for_euclid_dist",
}  # fmt: skip
MANY_ROWS = 25  # from here on torch takes Euclidean distances by a matrix product


def _check_rows(x1: Any, x2: Any) -> None:
    for position, (name, x) in enumerate((("X1", x1), ("X2", x2)), 1):
        need_tensor("cdist", x, name.lower(), position)
        if x._array.dtype.kind != "f":
            raise RuntimeError(
                f"cdist only supports floating-point dtypes, {name} got: {x.dtype!r}"
            )
        if x._array.ndim < 2:
            raise RuntimeError(
                f"cdist only supports at least 2D tensors, {name} got: {x._array.ndim}D"
            )
    if x1._array.shape[-1] != x2._array.shape[-1]:
        raise RuntimeError(
            f"X1 and X2 must have the same number of columns. X1: {x1._array.shape[-1]} "
            f"X2: {x2._array.shape[-1]}"
        )


@surface(method=False)
def cdist(x1: Any, x2: Any, p: float = 2.0, compute_mode: str | None = None) -> Any:
    """The p-norm distance of every row of `x1` to every row of `x2`; stacks broadcast.

    Gradient: 0 where two rows are equal. Above 25 rows Euclidean distances come from one matrix
    product, which loses digits where rows are close; `compute_mode` decides otherwise.
    """
    _check_rows(x1, x2)
    if p < 0:
        raise RuntimeError(f"cdist only supports non-negative p values, got {p}")
    if compute_mode not in MODES:
        raise ValueError(f"{compute_mode} is not a valid value for compute_mode")
    many = max(x1._array.shape[-2], x2._array.shape[-2]) > MANY_ROWS
    by_product = compute_mode == "use_mm_for_euclid_dist" or (
        many and compute_mode != "donot_use_mm_for_euclid_dist"
    )
    if p == 2 and by_product:
        return apply(ops.euclidean_distances, (x1, x2), {})
    rows = reshape(x1, shape=(*x1._array.shape[:-1], 1, x1._array.shape[-1]))
    columns = reshape(x2, shape=(*x2._array.shape[:-2], 1, *x2._array.shape[-2:]))
    return reduction.norm(rows - columns, p=float(p), axis=-1)


# --- covariance ------------------------------------------------------------------------------


def _check_weights(input: Any, fweights: Any, aweights: Any) -> None:
    count = input._array.shape[1]
    for name, weights, kinds in (("fweights", fweights, "iu"), ("aweights", aweights, "f")):
        if weights is None:
            continue
        if weights._array.ndim > 1:
            raise RuntimeError(
                f"cov(): expected {name} to have one or fewer dimensions but got {name} with "
                f"{weights._array.ndim} dimensions"
            )
        if weights._array.dtype.kind not in kinds:
            kind = "integral" if kinds == "iu" else "floating point"
            raise RuntimeError(
                f"cov(): expected {name} to have {kind} dtype but got {name} with "
                f"{weights.dtype!r} dtype"
            )
        if weights._array.size != count:
            raise RuntimeError(
                f"cov(): expected {name} to have the same numel as there are observations in the "
                f"input but got {weights._array.size} != {count}"
            )
        if (weights._array < 0).any():
            raise RuntimeError(f"cov(): {name} cannot be negative")


def _centred(x: Any, w: Any, aweights: Any, correction: Any) -> tuple[Any, Any, Any]:
    """Deviations from the mean, weighted deviations, and the number of observations."""
    if w is None:
        apart = x - reduction.mean(x, axis=1, keepdims=True)
        count = max(x._array.shape[1] - correction, 0)
        return apart, apart, make(np.asarray(count, x._array.dtype), None)
    total = reduction.sum(w)
    apart = x - reduction.sum(x * w, axis=1, keepdims=True) / total
    share = 1 if aweights is None else reduction.sum(w * aweights) / total
    count = total - share * correction
    return apart, apart * w, el.where(count > 0, count, 0.0 if count.is_floating_point() else 0)


@surface
def cov(input: Any, *, correction: int = 1, fweights: Any = None, aweights: Any = None) -> Any:
    """The covariance of the rows of `input`, each column one observation."""
    if input._array.ndim > 2:
        raise RuntimeError(
            "cov(): expected input to have two or fewer dimensions but got an input with "
            f"{input._array.ndim} dimensions"
        )
    if input._array.dtype.kind == "b":
        raise RuntimeError("cov(): bool dtype is not supported for input")
    x = input if input._array.ndim == 2 else reshape(input, shape=(1, input._array.size))
    _check_weights(x, fweights, aweights)
    x = x if x._array.dtype.kind == "f" else x * 1.0
    w = aweights if fweights is None else fweights
    if fweights is not None and aweights is not None:
        w = fweights * aweights
    apart, weighted, count = _centred(x, w, aweights, correction)
    if weighted._array.dtype != apart._array.dtype:
        apart = apart + make(np.zeros(1, weighted._array.dtype), None)
    found = matmul(weighted, swap(apart)) / count
    return reshape(found, shape=()) if found._array.shape == (1, 1) else found


@surface(numpy=(np.corrcoef,))
def corrcoef(input: Any) -> Any:
    """The correlation of the rows of `input`, each column one observation, limited to [-1, 1]."""
    if input._array.ndim > 2:
        raise RuntimeError(
            "corrcoef(): expected input to have two or fewer dimensions but got an input with "
            f"{input._array.ndim} dimensions"
        )
    c = cov(input)
    if not c._array.ndim:
        return c / c
    deviation = el.sqrt(diagonal(c))
    scaled = c / reshape(deviation, shape=(deviation._array.size, 1)) / deviation
    return el.clamp(scaled, low=-1, high=1)
