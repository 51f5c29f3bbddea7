"""Helpers that word errors alike everywhere."""

from __future__ import annotations

from typing import Any

from ._advice import for_shapes

__all__ = ["broadcast_error", "shape_text", "type_name"]


def type_name(x: Any) -> str:
    """The class name of `x`, as error messages show it."""
    return str(x.__class__.__name__)


def shape_text(shape: tuple[int, ...]) -> str:
    """A shape as torch's messages show it: [2, 3]."""
    return str(list(shape))


def broadcast_error(name: str, shapes: list[tuple[int, ...]]) -> RuntimeError | None:
    """The error for shapes that do not broadcast, or None if they do."""
    ndim = max(map(len, shapes), default=0)
    filled = [(1,) * (ndim - len(s)) + tuple(s) for s in shapes]
    for axis in range(ndim):
        sizes = [s[axis] for s in filled if s[axis] != 1]
        if len(set(sizes)) > 1:
            a, b = sizes[0], next(n for n in sizes if n != sizes[0])
            both = " and ".join(map(shape_text, shapes))
            return RuntimeError(
                f"The size of tensor a ({a}) must match the size of tensor b ({b}) at "
                f"non-singleton dimension {axis}: {name} of {both} does not broadcast"
                f"{for_shapes(shapes)}"
            )
    return None
