"""Rearranging elements: flips, rolls, triangles, diagonals, windows, grids."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._op import Op
from .._record import apply
from .._tensor import NUMPY_FUNCTIONS
from ..ops import shape as sh
from ._surface import NAMES, method, surface
from .shape import axes_of, axis_of, expanded, listed, ravel, reshaped, starred, transpose

__all__: list[str] = []


@surface(method=False)
def flip(input: Any, dims: Any) -> Any:
    """The order reversed along `dims`."""
    axes = axes_of(dims, input._array.ndim)
    return apply(sh.flip, (input,), {"axis": axes if input._array.ndim else ()})


@method(names=("flip",))
@starred("dims")
def _flip(self: Any, *dims: Any) -> Any:
    """The order reversed along `dims`."""
    return flip(self, listed(dims))


@surface
def fliplr(input: Any) -> Any:
    """Columns in reverse order."""
    if input._array.ndim < 2:
        raise RuntimeError("Input must be >= 2-d.")
    return flip(input, (1,))


@surface
def flipud(input: Any) -> Any:
    """Rows in reverse order."""
    if input._array.ndim < 1:
        raise RuntimeError("Input must be >= 1-d.")
    return flip(input, (0,))


@surface
def rot90(input: Any, k: int = 1, dims: Any = (0, 1)) -> Any:
    """A quarter turn, `k` times, from the first of `dims` towards the second."""
    if len(dims) != 2:
        raise RuntimeError(f"expected total rotation dims == 2, but got dims = {len(dims)}")
    if input._array.ndim < 2:
        raise RuntimeError(f"expected total dims >= 2, but got total dims = {input._array.ndim}")
    a, b = (axis_of(d, input._array.ndim) for d in dims)
    if a == b:
        raise RuntimeError(
            f"expected rotation dims to be different, but got dim0 = {a} and dim1 = {b}"
        )
    k %= 4
    if k == 2:
        return flip(input, (a, b))
    if k == 1:
        return transpose(flip(input, (b,)), a, b)
    return flip(transpose(input, a, b), (b,)) if k else input.clone()


@surface
def roll(input: Any, shifts: Any, dims: Any = None) -> Any:
    """Places shifted along `dims`, round the end (over all elements without `dims`)."""
    shifts = (shifts,) if isinstance(shifts, int) else tuple(shifts)
    if dims is None or dims == ():
        if len(shifts) != 1:
            raise RuntimeError(f"shifts and dimensions must align. shifts: {len(shifts)}, dims:0")
        flat = apply(sh.roll, (ravel(input),), {"shift": shifts[0], "axis": None})
        return reshaped(flat, input._array.shape)
    dims = (dims,) if isinstance(dims, int) else tuple(dims)
    if len(dims) != len(shifts):
        raise RuntimeError(
            f"shifts and dimensions must align. shifts: {len(shifts)}, dims:{len(dims)}"
        )
    if not input._array.ndim:
        raise IndexError(f"Dimension specified as {dims[0]} but tensor has no dimensions")
    axes = tuple(axis_of(d, input._array.ndim) for d in dims)
    return sh.roll.run(input, shifts, axes)


def _triangle(op: Any, name: str) -> None:
    def function(input: Any, diagonal: int = 0) -> Any:
        if input._array.ndim < 2:
            raise RuntimeError(f"{name}: input tensor must have at least 2 dimensions")
        return op.run(input, diagonal)

    function.__name__ = name
    function.__doc__ = op.__doc__
    surface(function, inplace=True)


_triangle(sh.tril, "tril")
_triangle(sh.triu, "triu")


@surface
def diagonal(input: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    """The diagonal of two dimensions, as a last one; a view."""
    ndim = input._array.ndim
    a, b = axis_of(dim1, ndim), axis_of(dim2, ndim)
    if a == b:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    return sh.diagonal.run(input, offset, a, b)


NAMES["linalg_diagonal"] = diagonal


@surface
def diag_embed(input: Any, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    """Matrices with the last dimension of `input` on their diagonals."""
    shape = input._array.shape
    ndim = len(shape) + 1
    a, b = axis_of(dim1, ndim), axis_of(dim2, ndim)
    if a == b:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    n = shape[-1] + abs(offset)
    full = list(shape[:-1])
    for axis in sorted((a, b)):
        full.insert(axis, n)
    settings = {"shape": tuple(full), "offset": offset, "axis1": a, "axis2": b}
    return apply(sh.undiagonal, (input,), settings)


@surface
def diag(input: Any, diagonal: int = 0) -> Any:
    """The diagonal of a matrix, or the matrix with a vector on its diagonal."""
    ndim = input._array.ndim
    if ndim == 1:
        return diag_embed(input, diagonal)
    if ndim != 2:
        raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {ndim}D")
    settings = {"offset": diagonal, "axis1": 0, "axis2": 1}
    return apply(sh.diagonal, (input,), settings).clone()


@surface
def diagflat(input: Any, offset: int = 0) -> Any:
    """The matrix with all elements on its diagonal."""
    return diag_embed(ravel(input), offset)


@method
def unfold(self: Any, dimension: int, size: int, step: int) -> Any:
    """Windows of `size` every `step` along a dimension, their places as a last one; a view."""
    array = self._array
    axis = axis_of(dimension, array.ndim)
    length = array.shape[axis] if array.ndim else 1
    if size > length:
        raise RuntimeError(
            f"maximum size for tensor at dimension {axis} is {length} but size is {size}"
        )
    if step <= 0:
        raise RuntimeError(f"step is {step} but must be > 0")
    x = self if array.ndim else reshaped(self, (1,))
    made = apply(sh.windows, (x,), {"axis": axis, "size": size, "step": step})
    return made if array.ndim else reshaped(made, (size,))


@method
def contiguous(self: Any, memory_format: Any = None) -> Any:
    """`self` if its memory is in order, else a copy that is."""
    if self._array.__class__ is not np.ndarray or self._array.flags.c_contiguous:
        return self
    return apply(CONTIGUOUS, (self,), {})


CONTIGUOUS = Op(np.ascontiguousarray, name="contiguous", operands=("x",), kind="linear")
CONTIGUOUS.trusted = True
CONTIGUOUS.rule(lambda g: g)


@surface(method=False)
def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Any, ...]:
    """A grid for every vector: its values along its own dimension, repeated along the others."""
    tensors = listed(tensors)
    if indexing not in (None, "ij", "xy"):
        raise RuntimeError(
            f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}'
        )
    for x in tensors:
        if x._array.ndim > 1:
            raise RuntimeError(
                "torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got a tensor of "
                f"shape {list(x._array.shape)}"
            )
    swap = indexing == "xy" and len(tensors) >= 2
    if swap:
        tensors = (tensors[1], tensors[0], *tensors[2:])
    shape = tuple(x._array.size for x in tensors)
    grids = [
        expanded(reshaped(x, tuple(n if i == j else 1 for j, n in enumerate(shape))), shape)
        for i, x in enumerate(tensors)
    ]
    if swap:
        grids[0], grids[1] = grids[1], grids[0]
    return tuple(grids)


NUMPY_FUNCTIONS.update({np.roll: roll, np.tril: NAMES["tril"], np.triu: NAMES["triu"]})
