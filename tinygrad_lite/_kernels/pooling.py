"""Pooling over any number of axes: passes over strided parts of the image, one per offset.

No padded copy is made: each offset of the window is applied where it meets the image.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from . import instead_of

__all__ = ["Window", "pick", "put", "strongest", "total", "total_back"]


class Window(NamedTuple):
    """How a window moves over the image, one entry per spatial axis."""

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    ceil: bool = False

    def places(self, size: tuple[int, ...]) -> tuple[int, ...]:
        """How many windows there are along each axis of an image of `size`."""
        found = []
        for n, k, s, p, d in zip(
            size, self.kernel, self.stride, self.padding, self.dilation, strict=True
        ):
            room = n + 2 * p - d * (k - 1) - 1
            count = (room + (s - 1 if self.ceil else 0)) // s + 1
            if self.ceil and (count - 1) * s >= n + p:  # a window must start inside
                count -= 1
            found.append(count)
        return tuple(found)

    def parts(
        self, size: tuple[int, ...]
    ) -> Iterator[tuple[tuple[int, ...], tuple[Any, ...], tuple[Any, ...]]]:
        """Each offset with the windows it applies to and the part of the image it meets."""
        outs = self.places(size)
        for at in product(*map(range, self.kernel)):
            seen, met = [], []
            for a, n, m, s, p, d in zip(
                at, size, outs, self.stride, self.padding, self.dilation, strict=True
            ):
                start = a * d - p
                first = max(0, -(start // s)) if start < 0 else 0
                last = min(m - 1, (n - 1 - start) // s)
                seen.append(slice(first, last + 1))
                met.append(slice(start + first * s, start + last * s + 1, s))
                if last < first:
                    break
            else:
                yield at, (..., *seen), (..., *met)

    @property
    def apart(self) -> bool:
        """Whether no two windows meet the same element."""
        return all(
            s >= d * (k - 1) + 1
            for k, s, d in zip(self.kernel, self.stride, self.dilation, strict=True)
        )


def empty_like(x: Any, size: tuple[int, ...], dtype: Any = None) -> Any:
    """An array for (N, C, size) whose axes lie in memory in the order of those of `x`."""
    shape = (*x.shape[:2], *size)
    order = sorted(range(x.ndim), key=lambda a: -abs(x.strides[a]))
    made = np.empty([shape[a] for a in order], dtype or x.dtype)
    return made.transpose(np.argsort(order))


def _lowest(dtype: Any) -> Any:
    if dtype.kind == "f":
        return -np.inf
    return 0 if dtype.kind == "b" else np.iinfo(dtype).min


def _code_type(window: Window) -> Any:
    return np.uint8 if math.prod(window.kernel) < 256 else np.int32


def _strongest(x: Any, window: Window) -> tuple[Any, Any]:
    """The largest element of each window and the number of its offset: the first of equals."""
    outs = window.places(x.shape[2:])
    best = np.full((*x.shape[:2], *outs), _lowest(x.dtype), x.dtype)
    code = np.full(best.shape, -1, np.int32)
    for at, seen, met in window.parts(x.shape[2:]):
        values = x[met]
        better = (values > best[seen]) | (values != values) | (code[seen] < 0)  # noqa: PLR0124
        best[seen] = np.where(better, values, best[seen])
        code[seen] = np.where(better, np.ravel_multi_index(at, window.kernel), code[seen])
    return best, code.astype(_code_type(window))


@instead_of(_strongest)
def strongest(x: Any, window: Window) -> tuple[Any, Any]:
    """The largest element of each window and the number of its offset: the first of equals.

    The offsets are taken backwards, so that among equals the first one is written last.
    """
    size = x.shape[2:]
    outs = window.places(size)
    best = empty_like(x, outs)
    best.fill(_lowest(x.dtype))
    code = empty_like(x, outs, _code_type(window))
    code.fill(0)
    for at, seen, met in reversed(list(window.parts(size))):
        part, values = best[seen], x[met]
        np.maximum(part, values, out=part)
        number = int(np.ravel_multi_index(at, window.kernel))
        np.copyto(code[seen], number, where=values == part)
    if x.dtype.kind == "f" and np.isnan(best).any():
        return _strongest(x, window)
    return best, code


def put(g: Any, code: Any, size: tuple[int, ...], window: Window) -> Any:
    """Each element of `g` at the offset of its window that `code` names; meetings add up."""
    out = empty_like(g, size)
    out.fill(0)
    for at, seen, met in window.parts(size):
        chosen = code[seen] == int(np.ravel_multi_index(at, window.kernel))
        if window.apart:
            np.multiply(g[seen], chosen, out=out[met])
        else:
            part = out[met]
            part += g[seen] * chosen
    return out


def pick(x: Any, code: Any, window: Window) -> Any:
    """The element of each window at the offset that `code` names: the transpose of `put`."""
    out = empty_like(x, code.shape[2:])
    for at, seen, met in window.parts(x.shape[2:]):
        chosen = code[seen] == int(np.ravel_multi_index(at, window.kernel))
        np.copyto(out[seen], x[met], where=chosen)
    return out


def flat_places(code: Any, size: tuple[int, ...], window: Window) -> Any:
    """The places in the flattened image that the numbers of offsets stand for."""
    offsets = np.unravel_index(code, window.kernel)
    flat = np.zeros(code.shape, np.int64)
    for axis, (n, s, p, d) in enumerate(
        zip(size, window.stride, window.padding, window.dilation, strict=True)
    ):
        start = np.arange(code.shape[2 + axis]) * s - p
        start = start.reshape(-1, *[1] * (len(size) - axis - 1))
        flat = flat * n + (start + offsets[axis] * d)
    return flat


def total(x: Any, window: Window) -> Any:
    """The sum of each window, zeros outside the image."""
    out = empty_like(x, window.places(x.shape[2:]))
    out.fill(0)
    for _, seen, met in window.parts(x.shape[2:]):
        part = out[seen]
        part += x[met]
    return out


def total_back(g: Any, size: tuple[int, ...], window: Window) -> Any:
    """Each element of `g` at all places of its window: the transpose of `total`."""
    out = empty_like(g, size)
    out.fill(0)
    for _, seen, met in window.parts(size):
        part = out[met]
        part += g[seen]
    return out
