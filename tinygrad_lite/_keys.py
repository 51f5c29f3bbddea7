"""torch's index expressions, translated into NumPy's.

Numbers, slices, None and `...` make views and are applied first; index tensors, lists, ranges and
masks are applied to what is left.  Doing the two one after the other is torch's rule for mixed
keys, and where the new axes go in `x[0, :, [0, 1]]` is the one thing NumPy decides differently.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ._op import Op

__all__ = ["restated", "translate"]

ALL = slice(None)


def translate(key: Any, ndim: int) -> tuple[Any, Any]:
    """A key as (basic NumPy key or None, advanced NumPy key or None), to be applied in turn."""
    if key.__class__ is int or (key.__class__ is slice and _is_plain(key)):
        return (key, Ellipsis), None
    parts = [_part(p) for p in _as_tuple(key)]
    if not any(isinstance(p, np.ndarray) for p in parts):
        return (*parts, *(() if _has_ellipsis(parts) else (Ellipsis,))), None
    parts = _spell_out(parts, ndim)
    basic = tuple(q for p in parts for q in _kept_open(p))
    advanced = [p if isinstance(p, np.ndarray) else ALL for p in parts if not isinstance(p, int)]
    while advanced and isinstance(advanced[-1], slice):
        advanced.pop()
    only_open = all(isinstance(b, slice) and b == ALL for b in basic)
    return (None if only_open else (*basic, Ellipsis)), tuple(advanced)


def _is_plain(s: slice) -> bool:
    return all(v is None or v.__class__ is int for v in (s.start, s.stop, s.step))


def _has_ellipsis(parts: list[Any]) -> bool:
    return any(p is Ellipsis for p in parts)


def _as_tuple(key: Any) -> tuple[Any, ...]:
    """The parts of a key; a list that holds lists or slices stands for a tuple, as in torch."""
    if isinstance(key, tuple):
        return key
    if isinstance(key, list) and any(isinstance(p, (list, tuple, slice)) or p is None for p in key):
        return tuple(key)
    return (key,)


def _part(p: Any) -> Any:
    """One part of a key: an int, slice, None, `...`, or an array of integers or booleans."""
    if p is None or p is Ellipsis:
        return p
    if isinstance(p, slice):
        return slice(_bound(p.start), _bound(p.stop), _bound(p.step))
    if isinstance(p, Op.tensor_class):
        p = p._array  # type: ignore[attr-defined]
        if p.ndim == 0 and p.dtype.kind in "iu":
            return int(p)
    if isinstance(p, (bool, np.bool_)):
        return np.array(p)
    if isinstance(p, (int, np.integer)):
        return int(p)
    if isinstance(p, (list, tuple, range, np.ndarray, np.generic)):
        return _array(p)
    try:
        return operator.index(p)
    except TypeError:
        raise IndexError(
            "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are "
            f"valid indices (got {p.__class__.__name__})"
        ) from None


def _bound(bound: Any) -> int | None:
    if bound is None:
        return None
    try:
        return operator.index(bound)
    except TypeError:
        raise TypeError(
            "slice indices must be integers or None or have an __index__ method, "
            f"got {bound.__class__.__name__}"
        ) from None


def _array(p: Any) -> Any:
    """A list, range or array as an array of indices or a mask."""
    if isinstance(p, (list, tuple)):
        p = [q._array if isinstance(q, Op.tensor_class) else q for q in p]  # type: ignore[attr-defined]
    array = np.asarray(p)
    if array.dtype.kind == "b":
        return array
    if array.dtype == np.uint8:  # once torch's masks
        return array.astype(bool)
    if array.dtype.kind in "iu":
        return array.astype(np.int64, copy=False)
    if array.size == 0:
        return array.astype(np.int64)
    raise IndexError(
        f"tensors used as indices must be long, int, byte or bool tensors, got {array.dtype}"
    )


def _spell_out(parts: list[Any], ndim: int) -> list[Any]:
    """Replace `...` by the slices it stands for."""
    used = sum(p.ndim if _is_mask(p) else 1 for p in parts if p is not None and p is not Ellipsis)
    if used > ndim:
        raise IndexError(f"too many indices for tensor of dimension {ndim}")
    if not _has_ellipsis(parts):
        return parts
    place = next(i for i, p in enumerate(parts) if p is Ellipsis)
    rest = [p for p in parts[place + 1 :] if p is not Ellipsis]
    return [*parts[:place], *[ALL] * (ndim - used), *rest]


def _is_mask(p: Any) -> bool:
    return isinstance(p, np.ndarray) and p.dtype.kind == "b"


def _kept_open(p: Any) -> tuple[Any, ...]:
    """The part of the basic key that leaves the axes of an index array as they are."""
    if not isinstance(p, np.ndarray):
        return (p,)
    return (ALL,) * (p.ndim if _is_mask(p) else 1)


def restated(error: IndexError, key: Any, shape: tuple[int, ...]) -> IndexError:
    """PyTorch's error for one of NumPy's about a key."""
    text = str(error)
    if "too many indices for array" in text:
        text = f"too many indices for tensor of dimension {len(shape)}"
        if not shape and isinstance(key, int):
            text = (
                "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or "
                "`tensor.item<T>()` in C++ to convert a 0-dim tensor to a number"
            )
        elif not shape and isinstance(key, slice):
            text = "slice() cannot be applied to a 0-dim tensor."
    elif "boolean index did not match" in text:
        mask, axis = next(_masks(key), ((), 0))
        text = (
            f"The shape of the mask {list(mask)} at index {axis} does not match the shape of the "
            f"indexed tensor {list(shape)} at index {axis}"
        )
    return IndexError(text.replace("out of bounds for axis", "out of bounds for dimension"))


def _masks(key: Any) -> Any:
    """Walk over the shapes of the masks of a key, with the axis where each stands."""
    axis = 0
    for part in _as_tuple(key):
        array: Any = getattr(part, "_array", part)
        if isinstance(array, (list, np.ndarray)) and np.asarray(array).dtype.kind == "b":
            yield np.asarray(array).shape, axis
            axis += np.asarray(array).ndim
        elif part is not None:
            axis += 1
