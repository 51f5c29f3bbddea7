"""Products of vectors and matrices: torch.mm, bmm, dot, outer, addmm, kron, tensordot and kin."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._nodes import make
from .._record import apply, to_type
from .._tensor import Tensor, as_operand
from ..ops import elementwise as el, product as ops, reduction
from ..ops.matmul import matmul as product
from ..ops.shape import diagonal, reshape, roll, transpose
from ._dims import axis_of, legacy_name
from ._surface import NAMES, need_tensor, surface
from .matmul import multiply

__all__ = ["crossed", "need_dims"]


def need_dims(x: Any, count: int, text: str) -> None:
    """Raise `text` unless `x` has so many dimensions."""
    if x._array.ndim != count:
        raise RuntimeError(f"{text}, got shape {list(x._array.shape)}")


def _need_same(name: str, x: Any, y: Any) -> None:
    if x._array.dtype != y._array.dtype:
        raise RuntimeError(
            f"{name}: expected both operands to have the same dtype, but got: {legacy_name(x)} and "
            f"{legacy_name(y)}; convert one of them, such as x.to(y.dtype)"
        )


# --- two matrices or vectors -----------------------------------------------------------------


@surface
def mm(input: Any, mat2: Any) -> Any:
    """The product of two matrices; no broadcasting."""
    need_tensor("mm", mat2, "mat2", 2)
    need_dims(input, 2, "self must be a matrix")
    need_dims(mat2, 2, "mat2 must be a matrix")
    return multiply(input, mat2)


NAMES["spmm"] = mm  # of dense matrices, which it takes in PyTorch as well


@surface
def mv(input: Any, vec: Any) -> Any:
    """The product of a matrix and a vector."""
    need_tensor("mv", vec, "vec", 2)
    if input._array.ndim != 2 or vec._array.ndim != 1:
        raise RuntimeError(
            "vector + matrix @ vector expected, got "
            f"1, {input._array.ndim}, {vec._array.ndim} dimensions"
        )
    rows, columns = input._array.shape
    if columns != vec._array.shape[0]:
        raise RuntimeError(
            f"size mismatch, got input ({rows}), mat ({rows}x{columns}), "
            f"vec ({vec._array.shape[0]})"
        )
    return multiply(input, vec)


@surface
def bmm(input: Any, mat2: Any) -> Any:
    """The products of two equally long stacks of matrices; no broadcasting."""
    need_tensor("bmm", mat2, "mat2", 2)
    need_dims(input, 3, "batch1 must be a 3D tensor")
    need_dims(mat2, 3, "batch2 must be a 3D tensor")
    a, b = input._array.shape, mat2._array.shape
    if a[0] != b[0] or a[2] != b[1]:
        raise RuntimeError(
            "Expected size for first two dimensions of batch2 tensor to be: "
            f"[{a[0]}, {a[2]}] but got: [{b[0]}, {b[1]}]."
        )
    return multiply(input, mat2)


def _dot(name: str, x: Any, y: Any) -> Any:
    need_tensor(name, y, "tensor", 2)
    if x._array.ndim != 1 or y._array.ndim != 1:
        raise RuntimeError(
            f"1D tensors expected, but got {x._array.ndim}D and {y._array.ndim}D tensors"
        )
    if x._array.dtype != y._array.dtype:
        raise RuntimeError(
            f"{name} : expected both vectors to have same dtype, but found {legacy_name(x)} and "
            f"{legacy_name(y)}"
        )
    return multiply(x, y)


@surface
def dot(input: Any, tensor: Any) -> Any:
    """Σ xᵢ yᵢ of two vectors."""
    return _dot("dot", input, tensor)


@surface(numpy=(np.vdot,))
def vdot(input: Any, other: Any) -> Any:
    """Σ xᵢ yᵢ of two vectors: for real numbers the same as `dot`."""
    return _dot("vdot", input, other)


@surface(names=("ger",), numpy=(np.outer,))
def outer(input: Any, vec2: Any) -> Any:
    """xᵢ yⱼ of two vectors."""
    need_tensor("outer", vec2, "vec2", 2)
    for x in (input, vec2):
        need_dims(x, 1, "outer: Expected 1-D arguments")
    return reshape(input, shape=(input._array.size, 1)) * vec2


@surface(numpy=(np.inner,))
def inner(input: Any, other: Any) -> Any:
    """Σ over the last dimension of both; with a number of no dimensions, the product."""
    need_tensor("inner", other, "other", 2)
    if not input._array.ndim or not other._array.ndim:
        return input * other
    if input._array.shape[-1] != other._array.shape[-1]:
        raise RuntimeError(
            "inner() the last dimension must match on both input tensors but got shapes "
            f"{list(input._array.shape)} and {list(other._array.shape)}"
        )
    return tensordot(input, other, dims=([-1], [-1]))


# --- products added to something -------------------------------------------------------------


def _need_fit(input: Any, shape: tuple[int, ...], name: str) -> None:
    """Raise unless `input` broadcasts to the shape of the product."""
    own = input._array.shape
    lead = len(shape) - len(own)
    if lead < 0 or any(a not in {1, n} for a, n in zip(own, shape[lead:], strict=True)):
        raise RuntimeError(
            f"{name}: The expanded size of the tensor must match the existing size: input of shape "
            f"{list(own)} cannot be expanded to {list(shape)}"
        )


def _added(name: str, input: Any, found: Any, beta: Any, alpha: Any) -> Any:
    """beta · input + alpha · found; beta 0 leaves `input` out, NaN and all."""
    _need_fit(input, found._array.shape, name)
    _need_same(name, input, found)
    alpha, beta = as_operand(alpha), as_operand(beta)
    if found._array.dtype.kind != "f":  # torch cuts the factors of whole numbers off
        alpha, beta = int(alpha), int(beta)
    if alpha != 1:
        found = found * alpha
    if beta == 0:
        return found
    return (input if beta == 1 else input * beta) + found


@surface(inplace=True)
def addmm(input: Any, mat1: Any, mat2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """`beta * input + alpha * mat1 @ mat2`; with beta 0, `input` counts for nothing."""
    return _added("addmm", input, mm(mat1, mat2), beta, alpha)


@surface(inplace=True)
def addmv(input: Any, mat: Any, vec: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """`beta * input + alpha * mat @ vec`; with beta 0, `input` counts for nothing."""
    return _added("addmv", input, mv(mat, vec), beta, alpha)


@surface(inplace=True)
def addr(input: Any, vec1: Any, vec2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """`beta * input + alpha * outer(vec1, vec2)`; with beta 0, `input` counts for nothing."""
    found = outer(vec1, vec2)
    _need_fit(input, found._array.shape, "addr")
    alpha, beta = as_operand(alpha), as_operand(beta)
    if input._array.dtype.kind == found._array.dtype.kind == "b":
        return (found & bool(alpha)) | (input & bool(beta))
    found = found if alpha == 1 else found * alpha
    if beta == 0:
        zero = make(np.zeros((1, 1), input._array.dtype), None)
        return found if found._array.dtype == input._array.dtype else found + zero
    return (input if beta == 1 else input * beta) + found


@surface(inplace=True)
def baddbmm(input: Any, batch1: Any, batch2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """`beta * input + alpha * batch1 @ batch2`, stack by stack."""
    return _added("baddbmm", input, bmm(batch1, batch2), beta, alpha)


@surface(inplace=True)
def addbmm(input: Any, batch1: Any, batch2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """`beta * input + alpha * Σ batch1[i] @ batch2[i]`."""
    found = reduction.sum(bmm(batch1, batch2), axis=0)
    if found._array.dtype != batch1._array.dtype:
        found = el.cast(found, dtype=batch1._array.dtype)
    return _added("addbmm", input, found, beta, alpha)


# --- several dimensions ----------------------------------------------------------------------


def _pairs(a: Any, b: Any, dims: Any) -> tuple[list[int], list[int]]:
    """The dimensions of both operands that `tensordot` sums over."""
    if isinstance(dims, Tensor):
        dims = dims.tolist() if dims._array.size > 1 else int(dims.item())
    if isinstance(dims, (int, np.integer)):
        if dims < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
        if dims > min(a._array.ndim, b._array.ndim):
            raise RuntimeError(
                "tensordot expects dims < ndim_a or ndim_b, "
                f"but got dims={dims} for {a._array.ndim}D and {b._array.ndim}D"
            )
        return list(range(a._array.ndim - dims, a._array.ndim)), list(range(dims))
    first, second = ([d] if isinstance(d, int) else list(d) for d in dims)
    if len(first) != len(second):
        raise RuntimeError(
            f"both dimension lists should have same length, got {first} and {second}"
        )
    return [axis_of(a, d) for d in first], [axis_of(b, d) for d in second]


def _aligned(a: Any, b: Any, of_a: list[int], of_b: list[int]) -> tuple[Any, Any]:
    """Both operands with equal lengths of the paired dimensions; length one broadcasts."""
    for i, j in zip(of_a, of_b, strict=True):
        m, n = a._array.shape[i], b._array.shape[j]
        if m == n:
            continue
        if m == 1:
            b = reduction.sum(b, axis=j, keepdims=True)
        elif n == 1:
            a = reduction.sum(a, axis=i, keepdims=True)
        else:
            raise RuntimeError(
                f"contracted dimensions need to match, but first has size {m} in dim {i} and "
                f"second has size {n} in dim {j}"
            )
    return a, b


@surface(method=False, numpy=(np.tensordot,))
def tensordot(a: Any, b: Any, dims: Any = 2) -> Any:
    """Σ over the last `dims` dimensions of `a` and the first of `b`, or over two lists of them."""
    need_tensor("tensordot", a, "a", 1)
    need_tensor("tensordot", b, "b", 2)
    _need_same("tensordot", a, b)
    of_a, of_b = _pairs(a, b, dims)
    kind = a._array.dtype
    a, b = (to_type(x, kind) for x in _aligned(a, b, of_a, of_b))  # a sum of int32 is int64
    free_a = [i for i in range(a._array.ndim) if i not in of_a]
    free_b = [j for j in range(b._array.ndim) if j not in of_b]
    rows = [a._array.shape[i] for i in free_a]
    columns = [b._array.shape[j] for j in free_b]
    inside = math.prod(a._array.shape[i] for i in of_a)
    left = reshape(transpose(a, axes=(*free_a, *of_a)), shape=(math.prod(rows), inside))
    right = reshape(transpose(b, axes=(*of_b, *free_b)), shape=(inside, math.prod(columns)))
    return reshape(product(left, right), shape=(*rows, *columns))


@surface(numpy=(np.kron,))
def kron(input: Any, other: Any) -> Any:
    """Kronecker's product: every element of `input` times the whole of `other`."""
    need_tensor("kron", other, "other", 2)
    ndim = max(input._array.ndim, other._array.ndim)
    a, b = ((1,) * (ndim - x._array.ndim) + x._array.shape for x in (input, other))
    left = reshape(input, shape=tuple(n for m in a for n in (m, 1)))
    right = reshape(other, shape=tuple(n for m in b for n in (1, m)))
    return reshape(left * right, shape=tuple(m * n for m, n in zip(a, b, strict=True)))


@surface(numpy=(np.trace,))
def trace(input: Any) -> Any:
    """The sum of a matrix's diagonal; integers give int64."""
    if input._array.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {input._array.ndim}")
    return reduction.sum(diagonal(input))


@surface(numpy=(np.cross,))
def cross(input: Any, other: Any, dim: int | None = None) -> Any:
    """The cross product of vectors of length 3 along `dim`, the first such dimension when None."""
    need_tensor("cross", other, "other", 2)
    if dim is None:
        found = [i for i, n in enumerate(input._array.shape) if n == 3]
        if not found:
            raise RuntimeError(
                f"no dimension of size 3 in input, got shape {list(input._array.shape)}"
            )
        dim = found[0]
    return crossed(input, other, dim, "linalg.cross")


def crossed(x: Any, y: Any, dim: int, name: str) -> Any:
    """The cross product along one dimension; the others broadcast."""
    if x._array.ndim != y._array.ndim:
        raise RuntimeError(
            f"{name}: inputs must have the same number of dimensions, "
            f"got {x._array.ndim} and {y._array.ndim}"
        )
    axis = axis_of(x, dim)
    lengths = [a._array.shape[axis] if a._array.ndim else 0 for a in (x, y)]
    if lengths != [3, 3]:
        raise RuntimeError(
            f"{name}: inputs dimension {dim} must have length 3. Got {lengths[0]} and {lengths[1]}"
        )
    ahead = [roll(a, shift=-1, axis=axis) for a in (x, y)]
    behind = [roll(a, shift=-2, axis=axis) for a in (x, y)]
    return ahead[0] * behind[1] - behind[0] * ahead[1]


@surface(method=False)
def block_diag(*tensors: Any) -> Any:
    """Matrices along the diagonal, zeros elsewhere; vectors count as rows."""
    matrices = []
    for position, t in enumerate(tensors):
        need_tensor("block_diag", t, "tensors", position + 1)
        if t._array.ndim > 2:
            raise RuntimeError(
                f"torch.block_diag: Input tensors must have 2 or fewer dimensions. Input "
                f"{position} has {t._array.ndim} dimensions"
            )
        matrices.append(t if t._array.ndim == 2 else reshape(t, shape=(1, t._array.size)))
    if not matrices:
        return make(np.zeros((1, 0), np.float32), None)
    return apply(ops.block_diag, tuple(matrices), {})
