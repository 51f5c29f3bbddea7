"""The way back from pooling."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..._composite import composite
from ...ops import pooling as ops
from ...ops.shape import reshape
from ._arguments import array_of, need_tensor, spread
from .pooling import Sizes, _batched, _unbatched

if TYPE_CHECKING:
    from ..._tensor import Tensor

__all__ = ["max_unpool1d", "max_unpool2d", "max_unpool3d"]


@composite
def _max_unpool(
    axes: int,
    input: Any,
    indices: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    output_size: Any,
) -> Any:
    need_tensor(f"max_unpool{axes}d", input)
    need_tensor(f"max_unpool{axes}d", indices, "indices")
    kernel = spread(kernel_size, axes, "kernel_size")
    steps = kernel if stride is None else spread(stride, axes, "stride")
    pads = spread(padding, axes, "padding")
    usual = tuple(
        (n - 1) * s + k - 2 * p
        for n, k, s, p in zip(input.shape[-axes:], kernel, steps, pads, strict=True)
    )
    outs = usual if output_size is None else _allowed(tuple(output_size), usual, steps)
    batch, alone = _batched(f"max_unpool{axes}d", axes, input)
    places = array_of(indices)
    if places.shape != tuple(input.shape):
        raise RuntimeError(
            f"Expected shape of indices to be: {list(input.shape)} but got: {list(places.shape)}"
        )
    count = math.prod(outs)
    if places.size and not 0 <= places.min() <= places.max() < count:
        wrong = places.min() if places.min() < 0 else places.max()
        raise RuntimeError(
            f"Found an invalid max index: {wrong} (output volumes are of size {outs})"
        )
    flat = reshape(batch, shape=(*batch.shape[:2], math.prod(batch.shape[2:])))
    out = ops.unpool(flat, places.reshape(flat.shape), count=count)
    return _unbatched(reshape(out, shape=(*batch.shape[:2], *outs)), alone)


def _allowed(size: tuple[int, ...], usual: tuple[int, ...], stride: Any) -> tuple[int, ...]:
    """The spatial size asked for, which may differ from the usual one by less than a stride."""
    size = size[-len(usual) :]
    for n, m, s in zip(size, usual, stride, strict=True):
        if not m - s < n < m + s:
            raise ValueError(
                f"invalid output_size {size}: each entry must lie within a stride of {usual}"
            )
    return size


def max_unpool1d(
    input: Tensor,
    indices: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    output_size: Any = None,
) -> Tensor:
    """Zeros with the elements of `input` at the places that max_pool1d returned."""
    return _max_unpool(1, input, indices, kernel_size, stride, padding, output_size)  # type: ignore[no-any-return]


def max_unpool2d(
    input: Tensor,
    indices: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    output_size: Any = None,
) -> Tensor:
    """Zeros with the elements of `input` at the places that max_pool2d returned."""
    return _max_unpool(2, input, indices, kernel_size, stride, padding, output_size)  # type: ignore[no-any-return]


def max_unpool3d(
    input: Tensor,
    indices: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    output_size: Any = None,
) -> Tensor:
    """Zeros with the elements of `input` at the places that max_pool3d returned."""
    return _max_unpool(3, input, indices, kernel_size, stride, padding, output_size)  # type: ignore[no-any-return]
