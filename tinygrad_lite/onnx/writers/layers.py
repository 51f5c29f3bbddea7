"""Normalisations, and functions taken whole: resizing and sampling of images."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..builder import Value
from ..context import Context, taken_whole, writes
from ..sizes import Size


@writes("layer_norm")
def write_layer_norm(c: Context, x: Value, weight: Any, bias: Any) -> Any:
    count = c["count"]
    scale = weight
    if scale is None:
        face = x.shape[x.ndim - count :]
        if any(isinstance(n, Size) for n in face):
            scale = c.emit("Expand", c.constant(1), c.builder.sizes(face, (x,)))
        else:
            scale = c.constant(np.ones(face))
    return c.emit("LayerNormalization", x, scale, bias, axis=-count, epsilon=float(c["eps"]))


@writes("batch_norm")
def write_batch_norm(c: Context, x: Value, weight: Any, bias: Any) -> Any:
    """With the statistics of the batch itself, worked out beforehand.

    ONNX's own training mode is left alone: ONNX Runtime ignores it.
    """
    channels = x.shape[1]
    axes = c.ints([0, *range(2, x.ndim)])
    mean = c.emit("ReduceMean", x, axes, keepdims=1)
    apart = c.emit("Sub", x, mean)
    variance = c.emit("ReduceMean", c.emit("Mul", apart, apart), axes, keepdims=0)
    mean = c.emit("Squeeze", mean, axes)
    one, zero = (c.constant(np.full(channels, n)) for n in (1, 0))
    out = c.emit(
        "BatchNormalization", x, one if weight is None else weight, zero if bias is None else bias,
        mean, variance, epsilon=float(c["eps"]),
    )  # fmt: skip
    return out, mean, variance


@writes("rms_scale")
def write_rms_scale(c: Context, x: Value) -> Any:
    axes = c.ints(range(-c["count"], 0))
    square = c.emit("ReduceMean", c.emit("Mul", x, x), axes, keepdims=1)
    return c.emit("Div", x, c.emit("Sqrt", c.emit("Add", square, c.constant(c["eps"]))))


def _always(**arguments: Any) -> bool:
    return True


@taken_whole("_with_statistics", when=_always)
def write_batch_norm_of_statistics(
    c: Context, x: Value, mean: Value, var: Value, weight: Any, bias: Any, eps: float
) -> Any:
    channels = x.shape[1]
    one, zero = (c.constant(np.full(channels, n)) for n in (1, 0))
    return c.emit(
        "BatchNormalization", x, one if weight is None else weight, zero if bias is None else bias,
        mean, var, epsilon=float(eps),
    )  # fmt: skip


def _can_resize(input: Any, mode: str, scale_factor: Any, antialias: bool, **rest: Any) -> bool:
    """Not where a scale leaves a size as it is: ONNX Runtime then hands the input on."""
    if mode in {"area", "nearest-exact"} or antialias:
        return False
    if scale_factor is None:
        return True
    sizes = input.shape[2:]
    factors = scale_factor
    if not isinstance(factors, (tuple, list)):
        factors = [factors] * len(sizes)
    return all(f == 1 or int(n * f) != n for n, f in zip(sizes, factors, strict=True))


MODES = {"nearest": "nearest", "bicubic": "cubic"}


@taken_whole("interpolate", when=_can_resize)
def write_interpolate(
    c: Context, input: Value, size: Any, scale_factor: Any, mode: str, align_corners: Any,
    recompute_scale_factor: Any, antialias: bool,
) -> Any:  # fmt: skip
    if mode == "nearest":
        places = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    elif align_corners:
        places = {"coordinate_transformation_mode": "align_corners"}
    else:
        places = {"coordinate_transformation_mode": "half_pixel"}
    axes = input.ndim - 2
    settings: dict[str, Any] = {"mode": MODES.get(mode, "linear"), "cubic_coeff_a": -0.75, **places}
    if scale_factor is not None and not recompute_scale_factor:
        factors = scale_factor if isinstance(scale_factor, (tuple, list)) else [scale_factor] * axes
        scales = c.builder.constant(np.array([1, 1, *map(float, factors)], np.float32))
        return c.emit("Resize", input, None, scales, **settings)
    sizes = c.builder.sizes(c.out.shape, (input,))
    return c.emit("Resize", input, None, None, sizes, **settings)


@taken_whole("grid_sample", when=_always)
def write_grid_sample(
    c: Context, input: Value, grid: Value, mode: str, padding_mode: str, align_corners: Any
) -> Any:
    names = {"bilinear": "linear", "bicubic": "cubic", "nearest": "nearest"}
    return c.emit(
        "GridSample", input, grid, mode=names[mode], padding_mode=padding_mode,
        align_corners=int(bool(align_corners)),
    )  # fmt: skip
