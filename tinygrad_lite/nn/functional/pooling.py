"""Pooling along one, two and three axes."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._composite import composite
from ..._kernels.pooling import Window
from ..._state import here
from ...ops import pooling as ops
from ...ops.activation import relu
from ...ops.elementwise import abs as absolute, power, sign
from ...ops.gathering import gather
from ...ops.reduction import mean
from ...ops.resample import blend
from ...ops.shape import reshape
from ._arguments import array_of, as_floats, need_floats, need_tensor, spread, tensor_of
from ._draw import uniform_array

if TYPE_CHECKING:
    from ..._tensor import Tensor

__all__ = [
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "adaptive_max_pool1d",
    "adaptive_max_pool1d_with_indices", "adaptive_max_pool2d", "adaptive_max_pool2d_with_indices",
    "adaptive_max_pool3d", "adaptive_max_pool3d_with_indices", "avg_pool1d", "avg_pool2d",
    "avg_pool3d", "fractional_max_pool2d", "fractional_max_pool2d_with_indices",
    "fractional_max_pool3d", "fractional_max_pool3d_with_indices", "lp_pool1d", "lp_pool2d",
    "lp_pool3d", "max_pool1d", "max_pool1d_with_indices", "max_pool2d", "max_pool2d_with_indices",
    "max_pool3d", "max_pool3d_with_indices",
]  # fmt: skip

Sizes = int | tuple[int, ...]
KEPT = 1 << 14  # elements of a matrix of averages that is kept


def _batched(name: str, axes: int, input: Any) -> tuple[Any, bool]:
    """`input` with a batch axis, and whether it came without one."""
    need_tensor(name, input)
    if input.ndim == axes + 2:
        return input, False
    if input.ndim != axes + 1:
        raise RuntimeError(
            f"{name}: Expected {axes + 1}D or {axes + 2}D input (unbatched or batched), but got "
            f"input of size {list(input.shape)}"
        )
    return reshape(input, shape=(1, *input.shape)), True


def _unbatched(out: Any, alone: bool) -> Any:
    return reshape(out, shape=out.shape[1:]) if alone else out


def _window(name: str, input: Any, *given: Any) -> Window:
    """The window, checked against the input: once for a layer and its batches."""
    shape = input._array.shape
    try:
        return _known_window(name, shape, *given)
    except TypeError:  # of a list
        return _checked_window(name, shape, *given)


def _checked_window(
    name: str,
    shape: tuple[int, ...],
    kernel_size: Any,
    stride: Any,
    padding: Any,
    dilation: Any = 1,
    ceil_mode: bool = False,
) -> Window:
    """The window, checked against the shape of the input."""
    axes = len(shape) - 2
    kernel = spread(kernel_size, axes, "kernel_size")
    missing = stride is None or (isinstance(stride, (tuple, list)) and not stride)
    window = Window(
        kernel,
        kernel if missing else spread(stride, axes, "stride"),
        spread(padding, axes, "padding"),
        spread(dilation, axes, "dilation"),
        bool(ceil_mode),
    )
    if min(kernel) <= 0:
        raise RuntimeError(
            f"{name}: kernel size should be greater than zero, but got {kernel_size}"
        )
    if min(window.stride) <= 0:
        raise RuntimeError(f"{name}: stride should be greater than zero, but got {stride}")
    if min(window.dilation) <= 0:
        raise RuntimeError(f"{name}: dilation should be greater than zero, but got {dilation}")
    for p, k, d in zip(window.padding, kernel, window.dilation, strict=True):
        if p < 0:
            raise RuntimeError(f"pad must be non-negative, but got pad: {p}")
        if p > k // 2:  # of the kernel without its gaps, whatever PyTorch's message says
            raise RuntimeError(
                "pad should be at most half of effective kernel size, but got "
                f"pad={p}, kernel_size={k} and dilation={d}"
            )
    if not math.prod(shape[1:]):
        raise RuntimeError(
            f"{name}: Expected input with non-zero size for all dimensions but the batch, got "
            f"{list(shape)}"
        )
    if min(window.places(shape[2:])) <= 0:
        raise RuntimeError(
            f"Given input size: {tuple(shape[1:])}. Calculated output size: "
            f"{(shape[1], *window.places(shape[2:]))}. Output size is too small"
        )
    return window


_known_window = lru_cache(maxsize=256)(_checked_window)


def _max_pool(
    axes: int,
    input: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    ceil_mode: bool,
    return_indices: bool,
) -> Any:
    name = f"max_pool{axes}d"
    if axes == 1 and not return_indices:  # the others take integers
        need_floats(name, input)
    batch, alone = _batched(name, axes, input)
    window = _window(name, batch, kernel_size, stride, padding, dilation, ceil_mode)
    if not return_indices:
        return _unbatched(ops.max_pool.run(batch, window), alone)
    values, indices = ops.max_pool_with_indices(batch, window=window)
    return _unbatched(values, alone), _unbatched(indices, alone)


def max_pool1d(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of each window along one axis; the rest as in `max_pool2d`."""
    return _max_pool(1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool2d(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of each window; `stride` is the kernel size unless given.

    With `return_indices` also its place in the flattened image, as `max_unpool2d` takes it.

    Shapes: (N, C, H, W) or (C, H, W); H′ = ⌊(H + 2 p − d (k − 1) − 1) / s⌋ + 1, or with
    `ceil_mode` rounded up, as long as the window starts inside.

    Gradient: to the first of equal elements.
    """
    return _max_pool(2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool3d(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of each window along three axes; the rest as in `max_pool2d`."""
    return _max_pool(3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool1d_with_indices(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """`max_pool1d` with return_indices=True."""
    return _max_pool(1, input, kernel_size, stride, padding, dilation, ceil_mode, True)


def max_pool2d_with_indices(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """`max_pool2d` with return_indices=True."""
    return _max_pool(2, input, kernel_size, stride, padding, dilation, ceil_mode, True)


def max_pool3d_with_indices(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """`max_pool3d` with return_indices=True."""
    return _max_pool(3, input, kernel_size, stride, padding, dilation, ceil_mode, True)


# Means


def _avg_pool(
    axes: int,
    input: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None = None,
) -> Any:
    name = f"avg_pool{axes}d"
    batch, alone = _batched(name, axes, input)
    window = _window(name, batch, kernel_size, stride, padding, 1, ceil_mode)
    if divisor_override == 0:
        raise RuntimeError("divisor must be not zero")
    out = ops.avg_pool.run(batch, window, bool(count_include_pad), divisor_override)
    return _unbatched(out, alone)


def avg_pool1d(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """The mean of each window along one axis; the rest as in `avg_pool2d`."""
    return _avg_pool(1, input, kernel_size, stride, padding, ceil_mode, count_include_pad)  # type: ignore[no-any-return]


def avg_pool2d(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of each window; zeros of the padding count unless `count_include_pad` is False.

    `divisor_override` replaces the number of elements.  Shapes as in `max_pool2d`.
    """
    return _avg_pool(  # type: ignore[no-any-return]
        2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def avg_pool3d(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of each window along three axes; the rest as in `avg_pool2d`."""
    return _avg_pool(  # type: ignore[no-any-return]
        3, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def _lp_pool(
    axes: int, input: Any, norm_type: float, kernel_size: Any, stride: Any, ceil_mode: bool
) -> Any:
    need_tensor(f"lp_pool{axes}d", input)
    kernel = spread(kernel_size, axes, "kernel_size")
    if isinstance(norm_type, float):  # a power that is whole keeps integers what they are
        input = as_floats(input)
    means = _avg_pool(axes, power(input, exponent=norm_type), kernel, stride, 0, ceil_mode, True)
    sums = sign(means) * relu(absolute(means)) * math.prod(kernel)
    return power(as_floats(sums), exponent=1 / norm_type)


def lp_pool1d(
    input: Tensor,
    norm_type: float,
    kernel_size: int,
    stride: Sizes | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """(Σ xᵖ)^(1/p) over each window, p = `norm_type`."""
    return _lp_pool(1, input, norm_type, kernel_size, stride, ceil_mode)  # type: ignore[no-any-return]


def lp_pool2d(
    input: Tensor,
    norm_type: float,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """(Σ xᵖ)^(1/p) over each window, p = `norm_type`."""
    return _lp_pool(2, input, norm_type, kernel_size, stride, ceil_mode)  # type: ignore[no-any-return]


def lp_pool3d(
    input: Tensor,
    norm_type: float,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """(Σ xᵖ)^(1/p) over each window, p = `norm_type`."""
    return _lp_pool(3, input, norm_type, kernel_size, stride, ceil_mode)  # type: ignore[no-any-return]


# Windows that adapt to the wanted size


def _wanted(output_size: Any, input: Any, axes: int) -> tuple[int, ...]:
    """The spatial size asked for; None keeps that of the input."""
    if isinstance(output_size, (tuple, list)) and input.ndim <= len(output_size):
        raise ValueError(
            f"Input dimension should be at least {len(output_size) + 1}, got {input.ndim}"
        )
    sizes = output_size if isinstance(output_size, (tuple, list)) else (output_size,) * axes
    if len(sizes) == 1:
        sizes = tuple(sizes) * axes
    if len(sizes) != axes:
        raise RuntimeError(f"output_size must be a number or {axes} of them, got {output_size}")
    outs = tuple(
        n if s is None else int(s) for s, n in zip(sizes, input.shape[-axes:], strict=True)
    )
    if min(outs) < 0:
        raise RuntimeError(
            f"elements of output_size must be greater than or equal to 0, got {outs}"
        )
    if not math.prod(input.shape[-axes:]):
        raise RuntimeError(
            "Expected input to have non-zero size for non-batch dimensions, but input has sizes "
            f"{list(input.shape)}"
        )
    return outs


def _adaptive_avg_pool(axes: int, input: Any, output_size: Any) -> Any:
    name = f"adaptive_avg_pool{axes}d"
    need_floats(name, input)
    outs = _wanted(output_size, input, axes)
    if outs == (1, 1) and input.ndim > 1:  # of any number of dimensions, as in PyTorch
        return mean(input, axis=(input.ndim - 2, input.ndim - 1), keepdims=True)
    batch, alone = _batched(name, axes, input)
    size = batch.shape[2:]
    if all(m == 1 for m in outs):
        return _unbatched(mean(batch, axis=tuple(range(2, axes + 2)), keepdims=True), alone)
    if all(m and n % m == 0 for n, m in zip(size, outs, strict=True)):
        kernel = tuple(n // m for n, m in zip(size, outs, strict=True))
        window = Window(kernel, kernel, (0,) * axes, (1,) * axes)
        return _unbatched(ops.avg_pool(batch, window=window), alone)
    for axis, (n, m) in enumerate(zip(size, outs, strict=True), 2):
        matrix = _known_averages(n, m) if n * m <= KEPT else _averages(n, m)
        if here.state.watch is None:  # which is to see no tensor of ours
            matrix = tensor_of(matrix)
        batch = blend.run(batch, matrix, axis)
    return _unbatched(batch, alone)


def _averages(size: int, outs: int) -> Any:
    """The matrix whose rows average the windows that share `size` elements among `outs`."""
    (starts,), (ends,) = ops.adaptive_bounds((size,), (outs,))
    places = np.arange(size)
    inside = (places >= starts[:, None]) & (places < ends[:, None])
    return inside / np.maximum(ends - starts, 1)[:, None]


# 25 microseconds each, and the same for all images of a size.
_known_averages = lru_cache(maxsize=64)(_averages)


def adaptive_avg_pool1d(input: Tensor, output_size: Sizes) -> Tensor:
    """Means of as many windows along the axis as asked for."""
    return _adaptive_avg_pool(1, input, output_size)  # type: ignore[no-any-return]


def adaptive_avg_pool2d(input: Tensor, output_size: Any) -> Tensor:
    """Means of as many windows as asked for; window i of m over n covers ⌊i n/m⌋ … ⌈(i+1) n/m⌉.

    An entry None of `output_size` keeps that axis as it is.
    """
    return _adaptive_avg_pool(2, input, output_size)  # type: ignore[no-any-return]


def adaptive_avg_pool3d(input: Tensor, output_size: Any) -> Tensor:
    """Means of as many windows along three axes as asked for."""
    return _adaptive_avg_pool(3, input, output_size)  # type: ignore[no-any-return]


@composite
def _adaptive_max_pool(axes: int, input: Any, output_size: Any, return_indices: bool) -> Any:
    name = f"adaptive_max_pool{axes}d"
    need_floats(name, input)
    outs = _wanted(output_size, input, axes)
    batch, alone = _batched(name, axes, input)
    starts, ends = ops.adaptive_bounds(tuple(batch.shape[2:]), outs)
    values, indices = _gather_maxima(batch, starts, ends, outs)
    if return_indices:
        return _unbatched(values, alone), _unbatched(indices, alone)
    return _unbatched(values, alone)


def _gather_maxima(batch: Any, starts: Any, ends: Any, outs: tuple[int, ...]) -> tuple[Any, Any]:
    """The largest element of each window, and its place in the flattened image."""
    places = ops.window_maxima(array_of(batch), starts, ends)
    count = math.prod(batch.shape[2:])
    flat = reshape(batch, shape=(*batch.shape[:2], count))
    shape = (*batch.shape[:2], *outs)
    values = reshape(gather(flat, places, axis=2), shape=shape)
    return values, tensor_of(places.reshape(shape))


def adaptive_max_pool1d(input: Tensor, output_size: Sizes, return_indices: bool = False) -> Any:
    """The largest elements of as many windows along the axis as asked for."""
    return _adaptive_max_pool(1, input, output_size, return_indices)


def adaptive_max_pool2d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """The largest elements of as many windows as asked for, placed as by adaptive_avg_pool2d."""
    return _adaptive_max_pool(2, input, output_size, return_indices)


def adaptive_max_pool3d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """The largest elements of as many windows along three axes as asked for."""
    return _adaptive_max_pool(3, input, output_size, return_indices)


def adaptive_max_pool1d_with_indices(
    input: Tensor, output_size: Sizes, return_indices: bool = False
) -> Any:
    """`adaptive_max_pool1d` with return_indices=True."""
    return _adaptive_max_pool(1, input, output_size, True)


def adaptive_max_pool2d_with_indices(
    input: Tensor, output_size: Any, return_indices: bool = False
) -> Any:
    """`adaptive_max_pool2d` with return_indices=True."""
    return _adaptive_max_pool(2, input, output_size, True)


def adaptive_max_pool3d_with_indices(
    input: Tensor, output_size: Any, return_indices: bool = False
) -> Any:
    """`adaptive_max_pool3d` with return_indices=True."""
    return _adaptive_max_pool(3, input, output_size, True)


# Windows at random places


@composite
def _fractional(
    axes: int,
    input: Any,
    kernel_size: Any,
    output_size: Any,
    output_ratio: Any,
    return_indices: bool,
    samples: Any,
) -> Any:
    name = f"fractional_max_pool{axes}d"
    if output_size is None and output_ratio is None:
        raise ValueError(f"{name} requires specifying either an output_size or an output_ratio")
    batch, alone = _batched(name, axes, input)
    if output_size is None:
        ratios = output_ratio if isinstance(output_ratio, (tuple, list)) else (output_ratio,) * axes
        outs = tuple(int(n * r) for n, r in zip(batch.shape[2:], ratios, strict=True))
    else:
        outs = spread(output_size, axes, "output_size")
    kernel = spread(kernel_size, axes, "kernel_size")
    for n, k, m in zip(batch.shape[2:], kernel, outs, strict=True):
        if m + k - 1 > n:
            raise RuntimeError(f"{name}: kernel size {k} is too large relative to input size {n}")
    if samples is None:
        drawn = uniform_array((*batch.shape[:2], axes), array_of(batch).dtype)
    else:
        drawn = array_of(samples)
    order = range(axes) if axes == 3 else range(axes - 1, -1, -1)
    lines = [
        _fractional_starts(drawn[..., j], n, m, k)
        for j, n, m, k in zip(order, batch.shape[2:], outs, kernel, strict=True)
    ]
    starts = _crossed(lines, outs)
    ends = [s + k for s, k in zip(starts, kernel, strict=True)]
    values, indices = _gather_maxima(batch, starts, ends, outs)
    if return_indices:
        return _unbatched(values, alone), _unbatched(indices, alone)
    return _unbatched(values, alone)


def _fractional_starts(samples: Any, size: int, outs: int, kernel: int) -> Any:
    """Where the windows begin: ⌊(i + u) α⌋ − ⌊u α⌋, the last at the end (N, C, outs)."""
    starts = np.full((*samples.shape, outs), size - kernel)
    if outs > 1:
        alpha = samples.dtype.type((size - kernel) / (outs - 1))
        steps = np.arange(outs - 1, dtype=samples.dtype)
        first = (samples * alpha).astype(np.int64)
        starts[..., :-1] = ((samples[..., None] + steps) * alpha).astype(np.int64)
        starts[..., :-1] -= first[..., None]
    return starts


def _crossed(lines: list[Any], outs: tuple[int, ...]) -> list[Any]:
    """The starts along each axis for every window, flattened (N, C, windows)."""
    grids = np.meshgrid(*(np.arange(m) for m in outs), indexing="ij")
    return [line[..., g.reshape(-1)] for line, g in zip(lines, grids, strict=True)]


def fractional_max_pool2d(
    input: Tensor,
    kernel_size: Sizes,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> Any:
    """The largest elements of windows at pseudo-random distances.

    Source: Graham, Fractional Max-Pooling (2014).
    """
    return _fractional(
        2, input, kernel_size, output_size, output_ratio, return_indices, _random_samples
    )


def fractional_max_pool3d(
    input: Tensor,
    kernel_size: Sizes,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> Any:
    """`fractional_max_pool2d` along three axes."""
    return _fractional(
        3, input, kernel_size, output_size, output_ratio, return_indices, _random_samples
    )


def fractional_max_pool2d_with_indices(
    input: Tensor,
    kernel_size: Sizes,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> Any:
    """`fractional_max_pool2d` with return_indices=True."""
    return _fractional(2, input, kernel_size, output_size, output_ratio, True, _random_samples)


def fractional_max_pool3d_with_indices(
    input: Tensor,
    kernel_size: Sizes,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> Any:
    """`fractional_max_pool3d` with return_indices=True."""
    return _fractional(3, input, kernel_size, output_size, output_ratio, True, _random_samples)
