"""Images sampled at points of a grid."""

from __future__ import annotations

import math
import warnings
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._composite import composite
from ...ops.elementwise import abs as absolute, where
from ...ops.gathering import gather
from ...ops.matmul import matmul, swap
from ...ops.shape import reshape
from ._arguments import array_of, need_tensor, tensor_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..._tensor import Tensor

__all__ = ["affine_grid", "grid_sample"]

CUBIC = -0.75


def affine_grid(theta: Tensor, size: Sequence[int], align_corners: bool | None = None) -> Tensor:
    """Where each pixel of an image of `size` comes from under an affine map of [−1, 1]ᵈ.

    Shapes: theta (N, 2, 3) with size (N, C, H, W) -> (N, H, W, 2); with one axis more, (N, 3, 4)
    -> (N, D, H, W, 3).  With `align_corners` ±1 are the centres of the corner pixels, else the
    outer edges.
    """
    align = _aligned("affine_grid", align_corners)
    size = tuple(int(n) for n in size)
    axes = len(size) - 2
    if axes not in {2, 3}:
        raise NotImplementedError(
            "affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, "
            f"respectively. Got size {size}."
        )
    if not theta.dtype.is_floating_point:
        raise ValueError(f"Expected theta to have floating point type, but got {theta.dtype}")
    if theta.ndim != 3 or tuple(theta.shape[1:]) != (axes, axes + 1):
        raise ValueError(
            f"Expected a batch of {axes}D affine matrices of shape Nx{axes}x{axes + 1} for size "
            f"{size}. Got {list(theta.shape)}."
        )
    if min(size) <= 0:
        raise ValueError(f"Expected non-zero, positive output size. Got {size}")
    dtype = array_of(theta).dtype
    lines = [_centres(n, align) for n in size[2:]]
    grids = np.meshgrid(*lines, indexing="ij")
    points = np.stack([*reversed(grids), np.ones(size[2:])], axis=-1).astype(dtype)
    flat = points.reshape(1, math.prod(size[2:]), axes + 1)
    return reshape(matmul(flat, swap(theta)), shape=(size[0], *size[2:], axes))  # type: ignore[no-any-return]


def _aligned(name: str, align_corners: bool | None) -> bool:
    if align_corners is None:
        warnings.warn(
            f"Default grid_sample and affine_grid behavior has changed to align_corners=False "
            f"since 1.3.0. Please specify align_corners=True if the old behavior is desired. See "
            f"the documentation of {name} for details.",
            stacklevel=3,
        )
    return bool(align_corners)


def _centres(count: int, align: bool) -> Any:
    """Where the pixels of an axis lie in [−1, 1]."""
    if count <= 1:
        return np.zeros(count)
    line = np.linspace(-1, 1, count)
    return line if align else line * (count - 1) / count


@composite
def grid_sample(
    input: Tensor,
    grid: Tensor,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Tensor:
    """`input` at the points of `grid`, whose last axis is (x, y) or (x, y, z) in [−1, 1].

    Shapes: input (N, C, H, W), grid (N, H′, W′, 2) -> (N, C, H′, W′), or one axis more.
    Outside lies 0 ("zeros"), the edge ("border") or a mirror image ("reflection").

    Gradient: to input and grid; "nearest" gives the grid none.
    """
    need_tensor("grid_sampler", input)
    need_tensor("grid_sampler", grid, "grid")
    align = _aligned("grid_sample", align_corners)
    axes = input.ndim - 2
    _check(input, grid, mode, padding_mode, axes)
    size = tuple(input.shape[2:])
    points = reshape(grid, shape=(grid.shape[0], math.prod(grid.shape[1:-1]), axes))
    # the grid counts axes from the last
    at = [_pixels(points[..., axes - 1 - a], n, align) for a, n in enumerate(size)]
    flat = reshape(input, shape=(*input.shape[:2], math.prod(size)))
    look = _Look(flat, size, padding_mode, align)
    out = {"bilinear": _linear, "nearest": _nearest, "bicubic": _bicubic}[mode](look, at)
    return reshape(out, shape=(*input.shape[:2], *grid.shape[1:-1]))  # type: ignore[no-any-return]


def _check(input: Any, grid: Any, mode: str, padding_mode: str, axes: int) -> None:
    if mode not in {"bilinear", "nearest", "bicubic"}:
        raise ValueError(
            f"nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', "
            f"but got: '{mode}'"
        )
    if padding_mode not in {"zeros", "border", "reflection"}:
        raise ValueError(
            "nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or "
            f"'reflection', but got: '{padding_mode}'"
        )
    if axes not in {2, 3} or grid.ndim != input.ndim:
        raise RuntimeError(
            "grid_sampler(): expected 4D or 5D input and grid with same number of dimensions, but "
            f"got input with sizes {list(input.shape)} and grid with sizes {list(grid.shape)}"
        )
    if grid.shape[0] != input.shape[0]:
        raise RuntimeError(
            "grid_sampler(): expected grid and input to have same batch size, but got input with "
            f"sizes {list(input.shape)} and grid with sizes {list(grid.shape)}"
        )
    if grid.shape[-1] != axes:
        raise RuntimeError(
            f"grid_sampler(): expected grid to have size {axes} in last dimension, but got grid "
            f"with sizes {list(grid.shape)}"
        )
    if input.dtype != grid.dtype:
        raise RuntimeError(
            f"grid_sampler(): expected input and grid to have same dtype, but input has "
            f"{input.dtype} and grid has {grid.dtype}"
        )
    if not math.prod(input.shape[2:]):
        raise RuntimeError(
            "grid_sampler(): expected input to have non-empty spatial dimensions, but input has "
            f"sizes {list(input.shape)}"
        )
    if mode == "bicubic" and axes != 2:
        raise RuntimeError("grid_sampler(): bicubic interpolation only supports 4D input")


def _pixels(x: Any, size: int, align: bool) -> Any:
    """Coordinates of [−1, 1] counted in pixels."""
    return (x + 1) * (0.5 * (size - 1)) if align else ((x + 1) * size - 1) * 0.5


def _limited(x: Any, size: int) -> Any:
    """Coordinates moved to the nearest pixel inside; no gradient for those that were moved."""
    x = where(x <= 0, 0.0, x)
    return where(x >= size - 1, float(size - 1), x)


def _reflected(x: Any, size: int, align: bool) -> Any:
    """Coordinates folded back inside at the corner pixels' centres, or at their outer edges."""
    low, span = (0.0, size - 1.0) if align else (-0.5, float(size))
    if span == 0:
        return x * 0
    x = absolute(x - low)
    times = np.floor(array_of(x) / span)
    times = times.astype(array_of(x).dtype)
    rest = x - times * span
    return where(times % 2 == 0, rest + low, span + low - rest)


class _Look:
    """An image to look pixels up in, with what lies outside it."""

    def __init__(self, flat: Any, size: tuple[int, ...], padding: str, align: bool) -> None:
        self.flat, self.size, self.padding, self.align = flat, size, padding, align

    def inside(self, at: list[Any]) -> list[Any]:
        """Coordinates brought inside, unless zeros lie outside."""
        if self.padding == "zeros":
            return at
        if self.padding == "reflection":
            at = [_reflected(x, n, self.align) for x, n in zip(at, self.size, strict=True)]
        return [_limited(x, n) for x, n in zip(at, self.size, strict=True)]

    def __call__(self, at: list[Any]) -> Any:
        """The pixels (N, C, points) at whole coordinates, given as arrays (N, points)."""
        flat = np.zeros(at[0].shape, np.int64)
        valid = np.ones(at[0].shape, bool)
        for x, n in zip(at, self.size, strict=True):
            valid &= (x >= 0) & (x < n)
            # NaN and infinity are no whole numbers
            flat = flat * n + np.clip(np.nan_to_num(x, nan=-1), 0, n - 1).astype(np.int64)
        shape = (flat.shape[0], self.flat.shape[1], flat.shape[1])
        values = gather(self.flat, np.broadcast_to(flat[:, None], shape), axis=2)
        return values if valid.all() else where(valid[:, None], values, 0.0)


def _nearest(look: _Look, at: list[Any]) -> Any:
    values = look([np.rint(array_of(x)) for x in look.inside(at)])
    # the grid takes part, so that its gradient is zeros and not missing
    return where(np.zeros((), bool), at[0][:, None], values)


def _linear(look: _Look, at: list[Any]) -> Any:
    """The corners around each point, weighted by how near they are."""
    at = look.inside(at)
    floors = [np.floor(array_of(x)) for x in at]
    parts = [x - f for x, f in zip(at, floors, strict=True)]
    total = None
    for corner in product((0, 1), repeat=len(at)):
        values = look([f + c for f, c in zip(floors, corner, strict=True)])
        weight: Any = 1
        for p, c in zip(parts, corner, strict=True):
            weight = weight * (p if c else 1 - p)
        term = values * weight[:, None]
        total = term if total is None else total + term
    return total


def _cubic_weights(part: Any) -> list[Any]:
    """The weights of the pixels −1, 0, 1 and 2 from the one to the left."""
    weights = []
    for k in (-1, 0, 1, 2):
        d = part - k if k < 1 else k - part
        if k in {0, 1}:
            weights.append(((CUBIC + 2) * d - (CUBIC + 3)) * d * d + 1)
        else:
            weights.append(((d - 5) * d + 8) * d * CUBIC - 4 * CUBIC)
    return weights


def _bicubic(look: _Look, at: list[Any]) -> Any:
    """Sixteen pixels around each point, by Keys' cubic along each axis."""
    floors = [np.floor(array_of(x)) for x in at]
    weights = [_cubic_weights(x - f) for x, f in zip(at, floors, strict=True)]
    total = None
    for i, j in product(range(4), repeat=2):
        places = [tensor_of(f + k - 1) for f, k in zip(floors, (i, j), strict=True)]
        values = look([array_of(x) for x in look.inside(places)])
        term = values * (weights[0][i] * weights[1][j])[:, None]
        total = term if total is None else total + term
    return total
