"""Products: chains, powers and exponentials of matrices, cross products, Vandermonde matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._functions._dims import axis_of
from .._functions.product import crossed
from ..ops import exponential
from ..ops.elementwise import cast, clone
from ..ops.matmul import matmul as product
from ..ops.product import powers
from ..ops.reduction import sum as sum_over
from ..ops.shape import diagonal as diagonal_of, reshape
from ._arguments import need_square, need_tensors, published
from ._decomposition import like_eye
from ._system import inv

__all__ = [
    "cross", "diagonal", "matmul", "matrix_exp", "matrix_power", "multi_dot", "vander", "vecdot",
]  # fmt: skip


@published
def matmul(input: Any, other: Any) -> Any:
    """The matrix product of vectors, matrices or stacks of matrices."""
    return input @ other


@published
def diagonal(A: Any, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    """The diagonal of two dimensions as a new last one; a view."""
    need_tensors("linalg.diagonal", A=A)
    one, two = axis_of(A, dim1), axis_of(A, dim2)
    if one == two:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    return diagonal_of(A, offset=offset, axis1=one, axis2=two)


@published
def vecdot(x: Any, y: Any, *, dim: int = -1) -> Any:
    """Σ x y over `dim`, after broadcasting."""
    need_tensors("linalg.vecdot", x=x, y=y)
    if x._array.dtype != y._array.dtype:
        raise RuntimeError(
            "linalg.vecdot: Expected x and y to have the same dtype, got "
            f"{x.dtype!r} and {y.dtype!r}"
        )
    both = x * y
    return sum_over(both, axis=axis_of(both, dim))


@published
def matrix_exp(A: Any) -> Any:
    """Σ Aᵏ/k! of square matrices."""
    need_square("linalg.matrix_exp", A)
    return exponential.matrix_exp(A)


@published
def matrix_power(A: Any, n: int) -> Any:
    """The product of `n` copies of A; of its inverse for negative `n`, the identity for 0."""
    need_square("linalg.matrix_power", A)
    if n == 0:
        return like_eye(A)
    power = inv(A) if n < 0 else A
    n, out = abs(n), None
    while True:
        if n & 1:
            out = power if out is None else product(out, power)
        n >>= 1
        if not n:
            return clone(A) if out is A else out
        power = product(power, power)


@published
def multi_dot(tensors: Any) -> Any:
    """The product of matrices in the order of least arithmetic; the ends may be vectors."""
    if len(tensors) < 2:
        raise RuntimeError(f"multi_dot(): expected at least 2 tensors but got {len(tensors)}")
    need_tensors("multi_dot", **{f"tensors[{i}]": t for i, t in enumerate(tensors)})
    first, last = tensors[0]._array.ndim, tensors[-1]._array.ndim
    chain = list(tensors)
    for i, t in enumerate(chain):
        end = i in {0, len(chain) - 1}
        if t._array.ndim != 2 and not (end and t._array.ndim == 1):
            raise RuntimeError(
                f"multi_dot(): tensor {i} must be {'1D or 2D' if end else '2D'} "
                f"but got {t._array.ndim}D"
            )
        if t._array.dtype != chain[0]._array.dtype:
            raise RuntimeError(
                "multi_dot(): all tensors must have be the same dtype but tensor 0 is "
                f"{chain[0].dtype!r} and tensor {i} {t.dtype!r}"
            )
    if first == 1:
        chain[0] = reshape(chain[0], shape=(1, -1))
    if last == 1:
        chain[-1] = reshape(chain[-1], shape=(-1, 1))
    sizes = [chain[0]._array.shape[0]]
    for i, t in enumerate(chain):
        if i and t._array.shape[0] != sizes[-1]:
            raise RuntimeError(
                f"multi_dot(): tensors {i - 1} and {i} with shapes "
                f"{list(tensors[i - 1]._array.shape)} and {list(tensors[i]._array.shape)} "
                "cannot be multiplied"
            )
        sizes.append(t._array.shape[1])
    out = _multiply(chain, _best_splits(sizes), 0, len(chain) - 1)
    shape = out._array.shape[first == 1 : 2 - (last == 1)]
    return reshape(out, shape=shape) if shape != out._array.shape else out


def _best_splits(sizes: list[int]) -> dict[tuple[int, int], int]:
    """Where to split every stretch of a chain of matrices for the fewest multiplications."""
    count = len(sizes) - 1
    cost = {(i, i): 0 for i in range(count)}
    split = {}
    for length in range(1, count):
        for i in range(count - length):
            j = i + length
            tries = [
                (cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k)
                for k in range(i, j)
            ]
            cost[i, j], split[i, j] = min(tries)
    return split


def _multiply(chain: list[Any], split: dict[tuple[int, int], int], i: int, j: int) -> Any:
    if i == j:
        return chain[i]
    k = split[i, j]
    return product(_multiply(chain, split, i, k), _multiply(chain, split, k + 1, j))


@published
def cross(input: Any, other: Any, *, dim: int = -1) -> Any:
    """The cross product of vectors of length 3 along `dim`; other dimensions broadcast."""
    need_tensors("linalg.cross", input=input, other=other)
    return crossed(input, other, dim, "linalg.cross")


@published
def vander(x: Any, N: int | None = None) -> Any:
    """Rows 1, x, x², ... up to the power N − 1, of every element of the last dimension."""
    need_tensors("linalg.vander", x=x)
    if N is None and not x._array.ndim:
        raise RuntimeError("linalg.vander: x must have a dimension, or N must be given")
    if not x._array.ndim:
        x = reshape(x, shape=(1,))
    count = x._array.shape[-1] if N is None else N
    if count <= 1 and N is not None:
        raise RuntimeError(f"N must be greater than 1, got {N}")
    if x._array.dtype.kind in "bu":
        x = cast(x, dtype=np.dtype(np.int64))
    return powers(x, count=count, falling=False)
