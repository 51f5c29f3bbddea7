"""Reading and writing by index.  Keys are NumPy's: the floor of tensors translates torch's."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._kernels.patches import Patch, is_large
from .._kernels.rows import add_rows
from .._op import op
from .shape import reshape


def is_basic(key: Any) -> bool:
    """Whether a key consists of numbers, slices, None and `...` only, so that it makes a view."""
    parts = key if isinstance(key, tuple) else (key,)
    return not any(isinstance(p, (np.ndarray, list)) for p in parts)


@op(kind="view", label="[ ]", onnx="Gather")
def index(x: Any, *, key: Any) -> Any:
    """`x[key]`: a view for numbers and slices, a copy for arrays and masks."""
    return x[key]


@index.rule
def _(g: Any, x_shape: Any, key: Any) -> Any:
    if g.__class__ is np.ndarray and is_large(x_shape) and is_basic(key):
        return Patch(x_shape, key, g)
    return unindex(g, shape=x_shape, key=key)


@op(kind="linear", label="[ ]ᵀ")
def unindex(x: Any, *, shape: tuple[int, ...], key: Any) -> Any:
    """Zeros of `shape` with `x` added at `key`; places named twice get both."""
    out = np.zeros(shape, x.dtype)
    if is_basic(key):
        out[key] = x
    else:
        add_at(out, key, x)
    return out


unindex.rule(lambda g, key: index(g, key=key))


def add_at(out: Any, key: Any, values: Any) -> None:
    """Add `values` at `out[key]` in place; repeated places accumulate."""
    parts = key if isinstance(key, tuple) else (key,)
    arrays = [p for p in parts if isinstance(p, np.ndarray)]
    if all(p.dtype.kind == "b" for p in arrays):  # a mask names no place twice
        out[key] += values
    elif len(parts) == 1 and out.ndim > 1 and arrays[0].size:
        _add_rows(out, arrays[0].reshape(-1), values)
    else:
        np.add.at(out, key, values)


def _add_rows(out: Any, rows: Any, values: Any) -> None:
    """Add rows of values to rows of `out`, counted from the end where negative."""
    if np.minimum.reduce(rows) < 0:
        rows = np.where(rows < 0, rows + out.shape[0], rows)
    if values.size != rows.size * math.prod(out.shape[1:]):
        lead = values.shape[: values.ndim - out.ndim + 1]
        values = np.broadcast_to(values, (*lead, *out.shape[1:]))
    add_rows(out, rows, values.reshape(rows.size, *out.shape[1:]))


@op(kind="general", label="[ ]←", onnx="ScatterND")
def assign(x: Any, value: Any, *, key: Any) -> Any:
    """A copy of `x` with `value` written at `key`."""
    out = np.array(x)
    out[key] = value
    return out


@assign.rule
def _(g: Any, key: Any) -> Any:
    return assign(g, 0.0, key=key)


assign.rule(lambda g, key: index(g, key=key))


@op(kind="general", label="view ←")
def write_view(x: Any, value: Any, *, places: Any) -> Any:
    """A copy of `x` whose elements at flat `places` are those of `value`, a changed view of it."""
    out = np.array(x, order="C")
    out.reshape(-1)[places] = value
    return out


@write_view.rule
def _(g: Any, places: Any) -> Any:
    return write_view(g, 0.0, places=places)


@write_view.rule
def _(g: Any, places: Any) -> Any:
    return index(reshape(g, shape=(-1,)), key=places)
