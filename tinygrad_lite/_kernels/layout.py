"""How a kernel moves over an image, and the image that it meets: padded, with its channels last."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from .faces import channels_last

__all__ = ["Layout", "inside", "pad_last", "padded_zeros", "pieces"]


class Layout(NamedTuple):
    """How the kernel moves over the image, one entry per spatial axis."""

    stride: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    dilation: tuple[int, ...]
    groups: int

    def output_size(self, size: tuple[int, ...], kernel: tuple[int, ...]) -> tuple[int, ...]:
        """The spatial size of the result for an image of `size`."""
        return tuple(
            (n + lo + hi - d * (k - 1) - 1) // s + 1
            for n, k, s, (lo, hi), d in zip(
                size, kernel, self.stride, self.padding, self.dilation, strict=True
            )
        )

    def offsets(
        self, kernel: tuple[int, ...], outs: tuple[int, ...]
    ) -> Iterator[tuple[tuple[int, ...], tuple[slice, ...]]]:
        """Each offset of the kernel, with the part of the padded image that it meets."""
        for at in product(*map(range, kernel)):
            yield (
                at,
                tuple(
                    slice(a * d, a * d + (o - 1) * s + 1 if o else a * d, s)
                    for a, d, s, o in zip(at, self.dilation, self.stride, outs, strict=True)
                ),
            )

    def padded_size(self, size: tuple[int, ...]) -> list[int]:
        """The spatial size of the padded image."""
        return [n + lo + hi for n, (lo, hi) in zip(size, self.padding, strict=True)]


def pad_last(x: Any, layout: Layout) -> Any:
    """The padded image with its channels last, contiguous."""
    last = channels_last(x)
    if not any(lo or hi for lo, hi in layout.padding):
        return np.ascontiguousarray(last)
    out = np.zeros((x.shape[0], *layout.padded_size(x.shape[2:]), x.shape[1]), x.dtype)
    out[inside(x.shape[2:], layout)] = last
    return out


def padded_zeros(
    count: int, channels: int, size: tuple[int, ...], layout: Layout, dtype: Any
) -> Any:
    """Zeros in the form of `count` padded images of `size`, channels last."""
    return np.zeros((count, *layout.padded_size(size), channels), dtype)


def inside(size: tuple[int, ...], layout: Layout) -> tuple[slice, ...]:
    """Where the image lies in its padded form."""
    return (
        slice(None),
        *(slice(lo, lo + n) for n, (lo, _) in zip(size, layout.padding, strict=True)),
    )


def pieces(padded: Any, shape: tuple[int, ...], strides: tuple[int, ...], length: int) -> Any:
    """Copies (*shape, length) of `length` neighbouring elements from where `strides` lead.

    Each piece is copied as one element: an inner loop over so few takes half as long again.
    """
    out = np.empty((*shape, length), padded.dtype)
    if out.size:
        whole = np.dtype((np.void, length * padded.itemsize))
        seen = np.ndarray(shape, whole, padded, strides=strides)
        np.copyto(np.ndarray(shape, whole, out), seen)
    return out
