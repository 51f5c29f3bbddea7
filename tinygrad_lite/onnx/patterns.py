"""Constants whose size depends on the inputs: filled with one value, counting, or triangular.

A causal mask or `torch.arange(n)` is a constant of the run, of another size in every run. Only
those whose rule is plain to see become computations; anything else is refused.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from .builder import Builder
from .sizes import Extent, Size, unify

__all__ = ["generate", "type_code"]


def generate(builder: Builder, arrays: tuple[Any, ...]) -> str | None:
    """The name of a value that equals each run's array in that run; None where no rule is seen."""
    arrays = tuple(np.asarray(a) for a in arrays)
    if len({(a.ndim, a.dtype) for a in arrays}) > 1 or any(not a.size for a in arrays):
        return None
    shape = unify(tuple(a.shape for a in arrays))
    if not arrays[0].ndim:
        return _make_number(builder, arrays)
    if not any(isinstance(n, Size) for n in shape):
        return None
    return _make_repeated(builder, arrays, shape)


def _make_number(builder: Builder, arrays: tuple[Any, ...]) -> str | None:
    """A number that is a size, or one over a size."""
    dtype = arrays[0].dtype
    values = [float(a) for a in arrays]
    for inverse in (False, True):
        if inverse and not all(values):
            return None
        wholes = [1 / v if inverse else v for v in values]
        rounded = [round(w) for w in wholes]
        if not np.allclose(wholes, rounded, rtol=1e-6, atol=0):
            continue
        number = builder.scalar(Size(tuple(rounded)))
        number = builder.emit("Cast", number, to=type_code(dtype))
        return str(builder.emit("Reciprocal", number) if inverse else number)
    return None


def _make_repeated(builder: Builder, arrays: tuple[Any, ...], shape: Any) -> str | None:
    """What is left once axes that only repeat are taken away, and then repeated."""
    kept, lost = list(arrays), list[int]()
    for axis, extent in enumerate(shape):
        cut = [a.take([0], axis=axis) for a in kept]
        if isinstance(extent, Size) and all(
            np.array_equal(np.broadcast_to(c, a.shape), a, equal_nan=a.dtype.kind == "f")
            for c, a in zip(cut, kept, strict=True)
        ):
            kept, lost = cut, [*lost, axis]
    core = _make_core(builder, tuple(kept))
    if core is None or not lost:
        return core
    return str(builder.emit("Expand", core, builder.sizes(shape)))


def _make_core(builder: Builder, arrays: tuple[Any, ...]) -> str | None:
    shape = unify(tuple(a.shape for a in arrays))
    free = [axis for axis, extent in enumerate(shape) if isinstance(extent, Size)]
    if not free:
        same = all(np.array_equal(a, arrays[0], equal_nan=a.dtype.kind == "f") for a in arrays)
        return builder.constant(arrays[0]) if same else None
    if len(free) == 1 and all(a.size == a.shape[free[0]] for a in arrays):
        return _make_count(builder, arrays, shape, free[0])
    longer = [axis for axis, extent in enumerate(shape) if extent != 1]
    if len(longer) == 2:
        return _make_triangle(builder, arrays, shape, longer)
    return None


def _range(builder: Builder, extent: Extent) -> str:
    zero, one = builder.constant(np.int64(0)), builder.constant(np.int64(1))
    return str(builder.emit("Range", zero, builder.scalar(extent), one))


def _along(builder: Builder, vector: str, axis: int, ndim: int) -> str:
    others = [a for a in range(ndim) if a != axis]
    return str(builder.emit("Unsqueeze", vector, builder.ints(others))) if others else vector


def _make_count(builder: Builder, arrays: Any, shape: Any, axis: int) -> str | None:
    """start + step · i along one axis."""
    lines = [a.reshape(-1) for a in arrays]
    dtype = arrays[0].dtype
    longest = max(lines, key=len)
    if dtype.kind == "b" or len(longest) < 2:
        return None
    start, step = longest[0], longest[1] - longest[0]
    for line in lines:
        if not np.allclose(start + step * np.arange(len(line)), line, rtol=1e-6, atol=1e-6):
            return None
    vector = _range(builder, shape[axis])
    if dtype != np.int64:
        vector = builder.emit("Cast", vector, to=type_code(dtype))
    if step != 1:
        vector = builder.emit("Mul", vector, builder.constant(step, dtype))
    if start:
        vector = builder.emit("Add", vector, builder.constant(start, dtype))
    return _along(builder, vector, axis, len(shape))


def _make_triangle(builder: Builder, arrays: Any, shape: Any, axes: list[int]) -> str | None:
    """One value where column − row is at least some number, another elsewhere."""
    squares = [a.reshape(a.shape[axes[0]], a.shape[axes[1]]) for a in arrays]
    largest = max(squares, key=lambda s: s.size)
    values = np.unique(largest)
    if len(values) != 2:
        return None
    rows, columns = largest.shape
    for k, turned in product(range(-rows + 1, columns), (False, True)):
        low, high = values[::-1] if turned else values
        if all(np.array_equal(_triangle(s.shape, k, low, high), s) for s in squares):
            row = _along(builder, _range(builder, shape[axes[0]]), axes[0], len(shape))
            column = _along(builder, _range(builder, shape[axes[1]]), axes[1], len(shape))
            apart = builder.emit("Sub", column, row)
            inside = builder.emit("GreaterOrEqual", apart, builder.constant(np.int64(k)))
            dtype = largest.dtype
            if dtype.kind == "b":
                return str(inside if high else builder.emit("Not", inside))
            ends = builder.constant(high, dtype), builder.constant(low, dtype)
            return str(builder.emit("Where", inside, *ends))
    return None


def _triangle(shape: tuple[int, int], k: int, low: Any, high: Any) -> Any:
    apart = np.arange(shape[1]) - np.arange(shape[0])[:, None]
    return np.where(apart >= k, high, low)


TYPES = {
    "float32": 1, "uint8": 2, "int8": 3, "uint16": 4, "int16": 5, "int32": 6, "int64": 7,
    "bool": 9, "float16": 10, "float64": 11, "uint32": 12, "uint64": 13,
}  # fmt: skip


def type_code(dtype: Any) -> int:
    """The number of an element type in ONNX."""
    return TYPES[np.dtype(dtype).name]
