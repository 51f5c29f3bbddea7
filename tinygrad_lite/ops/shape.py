"""Operations that only rearrange: shapes, axes, joins, diagonals and triangles.

Operations of kind "view" share the memory of their operand whenever NumPy can.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from .._kernels.broadcast import fold
from .._op import op


@op(kind="view", onnx="Reshape")
def reshape(x: Any, *, shape: tuple[int, ...]) -> Any:
    """The same elements in the same order under another shape."""
    return x.reshape(shape)


reshape.rule(lambda g, x_shape: reshape(g, shape=x_shape))


@op(kind="view", onnx="Transpose")
def transpose(x: Any, *, axes: tuple[int, ...]) -> Any:
    """Axis `i` of the result is axis `axes[i]` of `x`."""
    return x.transpose(axes)


@transpose.rule
def _(g: Any, axes: tuple[int, ...]) -> Any:
    back = [0] * len(axes)
    for place, axis in enumerate(axes):
        back[axis] = place
    return transpose(g, axes=tuple(back))


@op(kind="view", onnx="Expand")
def expand(x: Any, *, shape: tuple[int, ...]) -> Any:
    """`x` repeated along axes of length 1 and new leading axes, without a copy (stride 0)."""
    steps = _steps(x, shape)
    if steps is not None and math.prod(shape) != x.size:
        return np.ndarray(shape, x.dtype, x, 0, steps)  # NumPy's broadcast takes five times as long
    out = np.broadcast_to(x, shape)
    # Where nothing is repeated the view can be written to, and NumPy's broadcast cannot.
    return out if out.size != x.size else x.reshape(shape)


def _steps(x: Any, shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """Strides that show a contiguous array under another shape; None where others are needed."""
    if x.__class__ is not np.ndarray or not x.flags.c_contiguous or not x.size:
        return None
    here, lead = x.shape, len(shape) - x.ndim
    if here == shape[lead:]:
        return (0,) * lead + x.strides
    steps = [0] * len(shape)
    for axis, n in enumerate(here):
        if n != 1:
            if n != shape[lead + axis]:
                return None
            steps[lead + axis] = x.strides[axis]
    return tuple(steps)


expand.rule(lambda g, x_shape: unexpand(g, shape=x_shape))


@op(kind="linear", label="Σ", onnx="ReduceSum")
def unexpand(x: Any, *, shape: tuple[int, ...]) -> Any:
    """Sum over the axes along which an operand of `shape` was broadcast to the shape of `x`."""
    return fold(x, shape)


unexpand.rule(lambda g, x_shape: expand(g, shape=x_shape))


@op(kind="linear", onnx="Concat")
def cat(*xs: Any, axis: int = 0) -> Any:
    """The operands one after the other along `axis`."""
    return np.concatenate(xs, axis=axis)


@cat.joint
def _(g: Any, xs_shape: tuple[tuple[int, ...], ...], axis: int, needs: tuple[bool, ...]) -> Any:
    parts, start = [], 0
    before = (slice(None),) * (axis % g.ndim)
    for shape, needed in zip(xs_shape, needs, strict=True):
        stop = start + shape[axis]
        parts.append(g[(*before, slice(start, stop))] if needed else None)
        start = stop
    return tuple(parts)


@op(kind="linear")
def stack(*xs: Any, axis: int = 0) -> Any:
    """The operands side by side along a new axis."""
    shape = xs[0].shape
    place = axis % (len(shape) + 1)
    wide = (*shape[:place], 1, *shape[place:])
    # np.stack takes twice as long
    return np.concatenate([x.reshape(wide) for x in xs], axis=place)


@stack.joint
def _(g: Any, axis: int, needs: tuple[bool, ...]) -> Any:
    before = (slice(None),) * (axis % g.ndim)
    return tuple(g[(*before, i)] if needed else None for i, needed in enumerate(needs))


@op(kind="linear")
def flip(x: Any, *, axis: tuple[int, ...]) -> Any:
    """`x` in reverse order along the axes."""
    return np.flip(x, axis).copy()


flip.rule(lambda g, axis: flip(g, axis=axis))


@op(kind="linear")
def roll(x: Any, *, shift: Any, axis: Any = None) -> Any:
    """`x` shifted along `axis`; what leaves at one end enters at the other."""
    return np.roll(x, shift, axis)


@roll.rule
def _(g: Any, shift: Any, axis: Any) -> Any:
    back = tuple(-s for s in shift) if isinstance(shift, tuple) else -shift
    return roll(g, shift=back, axis=axis)


KEPT = 1 << 14  # elements up to which masks are kept


@lru_cache(maxsize=16)
def _small_lower(rows: int, columns: int, k: int) -> Any:
    return np.tri(rows, columns, k, bool)


def _lower(rows: int, columns: int, k: int) -> Any:
    """A mask of the lower triangle up to diagonal `k`, to be read only."""
    if rows * columns <= KEPT:
        return _small_lower(rows, columns, k)
    return np.tri(rows, columns, k, bool)


@op(kind="linear", onnx="Trilu")
def tril(x: Any, *, k: int = 0) -> Any:
    """The lower triangle of the last two axes, up to diagonal `k`; zeros above."""
    return np.where(_lower(x.shape[-2], x.shape[-1], k), x, np.zeros(1, x.dtype))


tril.rule(lambda g, k: tril(g, k=k))


@op(kind="linear", onnx="Trilu")
def triu(x: Any, *, k: int = 0) -> Any:
    """The upper triangle of the last two axes, from diagonal `k`; zeros below."""
    return np.where(_lower(x.shape[-2], x.shape[-1], k - 1), np.zeros(1, x.dtype), x)


triu.rule(lambda g, k: triu(g, k=k))


@op(kind="view")
def diagonal(x: Any, *, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The diagonal of two axes as a new last axis."""
    out = x.diagonal(offset, axis1, axis2)
    if x.flags.writeable:  # NumPy gives it to be read only
        out.flags.writeable = True
    return out


@diagonal.rule
def _(g: Any, x_shape: tuple[int, ...], offset: int, axis1: int, axis2: int) -> Any:
    return undiagonal(g, shape=x_shape, offset=offset, axis1=axis1, axis2=axis2)


@op(kind="linear")
def undiagonal(
    x: Any, *, shape: tuple[int, ...], offset: int = 0, axis1: int = 0, axis2: int = 1
) -> Any:
    """Zeros of `shape` with the last axis of `x` on the diagonal of two axes."""
    out = np.zeros(shape, x.dtype)
    target = diagonal.forward(out, offset=offset, axis1=axis1, axis2=axis2)
    target[...] = x
    return out


@undiagonal.rule
def _(g: Any, offset: int, axis1: int, axis2: int) -> Any:
    return diagonal(g, offset=offset, axis1=axis1, axis2=axis2)


@op(kind="view")
def windows(x: Any, *, axis: int, size: int, step: int) -> Any:
    """Windows of `size` along `axis`, every `step`; places within a window are a new last axis."""
    count = (x.shape[axis] - size) // step + 1
    shape = [*x.shape, size]
    strides = [*x.strides, x.strides[axis]]
    shape[axis] = count
    strides[axis] = strides[axis] * step
    return np.lib.stride_tricks.as_strided(x, shape, strides)


@windows.rule
def _(g: Any, x_shape: tuple[int, ...], axis: int, size: int, step: int) -> Any:
    return unwindows(g, shape=x_shape, axis=axis, size=size, step=step)


@op(kind="linear")
def unwindows(x: Any, *, shape: tuple[int, ...], axis: int, size: int, step: int) -> Any:
    """Windows put back where they came from; where they overlap, their sum."""
    out = np.zeros(shape, x.dtype)
    count = x.shape[axis]
    before = (slice(None),) * axis
    for place in range(size):
        stop = place + (count - 1) * step + 1
        out[(*before, slice(place, stop, step))] += x[..., place]
    return out


@unwindows.rule
def _(g: Any, axis: int, size: int, step: int) -> Any:
    return windows(g, axis=axis, size=size, step=step)
