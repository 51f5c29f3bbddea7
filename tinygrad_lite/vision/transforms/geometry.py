"""Turning, shearing and blurring of images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ._basic import Array, get_size
from .color import on_planes

__all__ = ["affine", "gaussian_blur", "rotate"]


def rotate(
    image: Any,
    angle: float,
    interpolation: Any = "nearest",
    expand: bool = False,
    center: Sequence[float] | None = None,
    fill: Any = 0,
) -> Any:
    """Turn counter-clockwise by degrees, about the middle or `center` (from left and top).

    With `expand` the result is as large as the whole turned image, else as the image.
    """
    rows, columns = get_size(image)
    middle = (0.0, 0.0) if center is None else (center[0] - columns * 0.5, center[1] - rows * 0.5)
    matrix = _inverse(middle, -angle, (0.0, 0.0), 1.0, (0.0, 0.0))
    size = _room(matrix, rows, columns) if expand else (rows, columns)
    return _warp(image, matrix, size, interpolation, fill)


def affine(
    image: Any,
    angle: float,
    translate: Sequence[float],
    scale: float,
    shear: float | Sequence[float],
    interpolation: Any = "nearest",
    fill: Any = 0,
    center: Sequence[float] | None = None,
) -> Any:
    """Turn clockwise by degrees, shear, scale, and move to the right and down."""
    if scale <= 0.0:
        raise ValueError("Argument scale should be positive")
    slants = (float(shear), 0.0) if isinstance(shear, (int, float)) else tuple(shear)
    slants = slants if len(slants) == 2 else (slants[0], slants[0])
    rows, columns = get_size(image)
    middle = (0.0, 0.0) if center is None else (center[0] - columns * 0.5, center[1] - rows * 0.5)
    matrix = _inverse(middle, angle, (translate[0], translate[1]), scale, slants)
    return _warp(image, matrix, (rows, columns), interpolation, fill)


def _inverse(
    center: tuple[float, float],
    angle: float,
    translate: tuple[float, float],
    scale: float,
    shear: tuple[float, ...],
) -> Array:
    """The 2 x 3 matrix from places in the result to places in the image, both from the middle.

    Forward: x ↦ T C R S C⁻¹ x with turn R, shears S along x and then y, scale in both.
    """
    turn, sx, sy = (math.radians(degrees) for degrees in (angle, *shear))
    a = math.cos(turn - sy) / math.cos(sy)
    b = -math.cos(turn - sy) * math.tan(sx) / math.cos(sy) - math.sin(turn)
    c = math.sin(turn - sy) / math.cos(sy)
    d = -math.sin(turn - sy) * math.tan(sx) / math.cos(sy) + math.cos(turn)
    linear = np.array([[d, -b], [-c, a]]) / scale  # the inverse; the determinant of R S is 1
    middle = np.array(center)
    return np.column_stack([linear, linear @ (-middle - np.array(translate)) + middle])


def _room(matrix: Array, rows: int, columns: int) -> tuple[int, int]:
    """Height and width that hold the whole turned image."""
    x, y = columns / 2, rows / 2
    corners = np.array([[-x, -y, 1], [-x, y, 1], [x, y, 1], [x, -y, 1]]) @ matrix.T
    corners += [x, y]
    tolerance = 1e-4
    low, high = (
        np.trunc(bound / tolerance) * tolerance for bound in (corners.min(0), corners.max(0))
    )
    width, height = np.ceil(high) - np.floor(low)
    return int(height), int(width)


def _warp(image: Any, matrix: Array, size: tuple[int, int], interpolation: Any, fill: Any) -> Any:
    """Fetch each pixel of the result from where the matrix says."""
    mode = getattr(interpolation, "value", interpolation)
    if mode not in ("nearest", "bilinear"):
        raise NotImplementedError(f"this transform offers 'nearest' and 'bilinear', not {mode!r}")
    rows, columns = get_size(image)
    y, x = np.mgrid[: size[0], : size[1]]
    places = np.stack([x - (size[1] - 1) / 2, y - (size[0] - 1) / 2, np.ones(size)])
    across, down = np.tensordot(matrix, places, 1)
    across, down = across + (columns - 1) / 2, down + (rows - 1) / 2
    take = _nearest if mode == "nearest" else _bilinear

    def change(planes: Array) -> Array:
        found, covered = take(planes.astype(np.float64), across, down)
        blank = np.zeros(planes.shape[-3]) + np.asarray(0 if fill is None else fill, float)
        found = found + (1 - covered) * blank[:, None, None]
        rounded: Array = np.rint(found) if planes.dtype.kind in "ui" else found
        return rounded.astype(planes.dtype)

    return on_planes(image, change)


def _nearest(planes: Array, x: Array, y: Array) -> tuple[Array, Array]:
    """The nearest pixel, 0 outside; and which places lie inside."""
    # rounded first, so that places that are halves but for rounding are taken as halves
    columns, rows = (np.rint(np.round(place, 5)).astype(np.int64) for place in (x, y))
    return _picked(planes, columns, rows)


def _picked(planes: Array, columns: Array, rows: Array) -> tuple[Array, Array]:
    height, width = planes.shape[-2:]
    inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    found = planes[..., rows.clip(0, height - 1), columns.clip(0, width - 1)]
    return found * inside, inside.astype(float)


def _bilinear(planes: Array, x: Array, y: Array) -> tuple[Array, Array]:
    """The four pixels around, weighted; and the weight of those inside."""
    left, top = np.floor(x), np.floor(y)
    total, covered = np.zeros((*planes.shape[:-2], *x.shape)), np.zeros(x.shape)
    for dx, dy in ((0, 0), (0, 1), (1, 0), (1, 1)):
        weight = (1 - abs(x - left - dx)) * (1 - abs(y - top - dy))
        place = (left + dx).astype(np.int64), (top + dy).astype(np.int64)
        found, inside = _picked(planes, *place)
        total += weight * found
        covered += weight * inside
    return total, covered


def gaussian_blur(image: Any, kernel_size: int | Sequence[int], sigma: Any = None) -> Any:
    """Blur with a Gaussian cut off at `kernel_size` (across, down), which is odd.

    Without sigma it is 0.15 · kernel_size + 0.35. The image is mirrored at its edges.
    """
    sizes = [kernel_size] * 2 if isinstance(kernel_size, int) else list(kernel_size)
    if any(size % 2 == 0 or size <= 0 for size in sizes):
        raise ValueError(f"kernel_size should have odd and positive integers. Got {sizes}")
    if sigma is None:
        sigma = [size * 0.15 + 0.35 for size in sizes]
    sigmas = [float(sigma)] * 2 if isinstance(sigma, (int, float)) else [float(s) for s in sigma]
    sigmas = sigmas * 2 if len(sigmas) == 1 else sigmas
    if any(s <= 0 for s in sigmas):
        raise ValueError(f"sigma should have positive values. Got {sigmas}")

    def change(planes: Array) -> Array:
        blurred = planes.astype(np.float64)
        for axis, size, width in zip((-1, -2), sizes, sigmas, strict=True):
            blurred = _smoothed(blurred, axis, size, width)
        return (np.rint(blurred) if planes.dtype.kind in "ui" else blurred).astype(planes.dtype)

    return on_planes(image, change)


def _smoothed(planes: Array, axis: int, size: int, sigma: float) -> Array:
    """Weighted sum of neighbours along an axis."""
    half = size // 2
    weights = np.exp(-0.5 * (np.arange(-half, half + 1) / sigma) ** 2)
    widths = [(0, 0)] * planes.ndim
    widths[axis] = (half, half)
    padded = np.pad(planes, widths, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, size, axis)
    result: Array = windows @ (weights / weights.sum())
    return result
