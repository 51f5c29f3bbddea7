"""Basic changes of images: arrays (H, W) or (H, W, C), as PIL has them, or tensors (C, H, W)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..._dtypes import default_numpy
from ..._nodes import make
from ..._tensor import Tensor

__all__ = [
    "center_crop",
    "convert_image_dtype",
    "crop",
    "five_crop",
    "get_image_size",
    "hflip",
    "normalize",
    "pad",
    "pil_to_tensor",
    "resize",
    "resized_crop",
    "rgb_to_grayscale",
    "ten_crop",
    "to_pil_image",
    "to_tensor",
    "vflip",
]

Array = np.ndarray[Any, Any]


def pixels_of(image: Any) -> tuple[Array, int]:
    """Return the values of an image, and its axis of rows (columns are the next)."""
    if isinstance(image, Tensor):
        return np.asarray(image._array), image.ndim - 2
    array = np.asarray(image)
    if array.ndim not in (2, 3):
        raise ValueError(f"pic should be 2/3 dimensional. Got {array.ndim} dimensions.")
    return array, 0


def real_type(array: Array) -> Any:
    """Return the type to compute in: double for doubles, single for all else."""
    return np.float64 if array.dtype == np.float64 else np.float32


def like(image: Any, array: Array) -> Any:
    """Return new values as what the image was: a tensor, or an array."""
    return make(np.ascontiguousarray(array), None) if isinstance(image, Tensor) else array


def get_size(image: Any) -> tuple[int, int]:
    """Return height and width."""
    array, axis = pixels_of(image)
    return array.shape[axis], array.shape[axis + 1]


def get_image_size(image: Any) -> list[int]:
    """Return width and height, in this order."""
    rows, columns = get_size(image)
    return [columns, rows]


def to_tensor(image: Any) -> Any:
    """Return an image as a tensor (C, H, W); bytes are divided by 255."""
    array = _channels_first(image)
    if array.dtype == np.uint8:
        return make(np.ascontiguousarray(array, default_numpy()) / default_numpy().type(255), None)
    return make(np.ascontiguousarray(array), None)


def pil_to_tensor(image: Any) -> Any:
    """Return an image as a tensor (C, H, W) of its own dtype."""
    return make(np.ascontiguousarray(_channels_first(image)), None)


def _channels_first(image: Any) -> Array:
    if isinstance(image, Tensor):
        raise TypeError(f"pic should be PIL Image or ndarray. Got {type(image)}")
    array, _ = pixels_of(image)
    array = array.astype(np.uint8) * 255 if array.dtype == np.bool_ else array
    return array[None] if array.ndim == 2 else array.transpose(2, 0, 1)


def to_pil_image(image: Any, mode: str | None = None) -> Any:
    """Return a tensor (C, H, W) with values 0..1, or an array, as an image of Pillow."""
    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError(
            "an image of Pillow needs Pillow, which is not installed: pip install pillow"
        ) from error
    found = Image.fromarray(to_pixels(image))
    return found if mode is None else found.convert(mode)


def convert_image_dtype(image: Any, dtype: Any) -> Any:
    """Convert between bytes 0..255 and floating-point numbers 0..1."""
    array, kind = np.asarray(image._array), dtype.numpy
    if array.dtype.kind in "ui" and kind.kind == "f":
        return make(array.astype(kind) / kind.type(np.iinfo(array.dtype).max), None)
    if array.dtype.kind == "f" and kind.kind in "ui":
        return make((array * (np.iinfo(kind).max + 1 - 1e-3)).astype(kind), None)
    return make(array.astype(kind), None)


def normalize(tensor: Any, mean: Any, std: Any, inplace: bool = False) -> Any:
    """Return (x − mean) / std for each channel."""
    if not isinstance(tensor, Tensor):
        raise TypeError(f"img should be Tensor Image. Got {type(tensor)}: put ToTensor first")
    array = np.asarray(tensor._array)
    if array.dtype.kind != "f":
        raise TypeError(f"Input tensor should be a float tensor. Got {tensor.dtype}.")
    shift, scale = (np.asarray(x, array.dtype).reshape(-1, 1, 1) for x in (mean, std))
    if (scale == 0).any():
        raise ValueError("std evaluated to zero, leading to division by zero.")
    if inplace:
        tensor.copy_(make((array - shift) / scale, None))
        return tensor
    return make((array - shift) / scale, None)


def hflip(image: Any) -> Any:
    """Swap left and right."""
    array, axis = pixels_of(image)
    return like(image, np.flip(array, axis + 1))


def vflip(image: Any) -> Any:
    """Swap top and bottom."""
    array, axis = pixels_of(image)
    return like(image, np.flip(array, axis))


def crop(image: Any, top: int, left: int, height: int, width: int) -> Any:
    """Cut out a rectangle; what lies outside the image is 0."""
    array, axis = pixels_of(image)
    rows, columns = array.shape[axis], array.shape[axis + 1]
    around = (
        max(-left, 0),
        max(-top, 0),
        max(left + width - columns, 0),
        max(top + height - rows, 0),
    )
    if any(around):
        image = pad(image, around)
        array, top, left = pixels_of(image)[0], max(top, 0), max(left, 0)
    before = (slice(None),) * axis
    key = (*before, slice(top, top + height), slice(left, left + width))
    return like(image, array[key])


def center_crop(image: Any, size: int | Sequence[int]) -> Any:
    """Cut out the middle."""
    height, width = pair(size)
    rows, columns = get_size(image)
    if height > rows or width > columns:
        across, down = max(width - columns, 0), max(height - rows, 0)
        image = pad(image, (across // 2, down // 2, (across + 1) // 2, (down + 1) // 2))
        rows, columns = get_size(image)
    return crop(image, round((rows - height) / 2.0), round((columns - width) / 2.0), height, width)


def five_crop(image: Any, size: int | Sequence[int]) -> tuple[Any, ...]:
    """Cut out the four corners and the middle."""
    height, width = pair(size)
    rows, columns = get_size(image)
    if width > columns or height > rows:
        raise ValueError(f"Requested crop size {size} is bigger than input size {(rows, columns)}")
    corners = [
        crop(image, top, left, height, width)
        for top in (0, rows - height)
        for left in (0, columns - width)
    ]
    return *corners, center_crop(image, (height, width))


def ten_crop(image: Any, size: int | Sequence[int], vertical_flip: bool = False) -> tuple[Any, ...]:
    """Cut out five parts of the image and five of its mirror image."""
    flipped = vflip(image) if vertical_flip else hflip(image)
    return five_crop(image, size) + five_crop(flipped, size)


def resized_crop(
    image: Any,
    top: int,
    left: int,
    height: int,
    width: int,
    size: int | Sequence[int],
    interpolation: Any = "bilinear",
    antialias: bool | None = True,
) -> Any:
    """Cut out a rectangle and change its size."""
    part = crop(image, top, left, height, width)
    return resize(part, size, interpolation, antialias=antialias)


def pad(
    image: Any, padding: int | Sequence[int], fill: float = 0, padding_mode: str = "constant"
) -> Any:
    """Add a border: one number, (horizontal, vertical), or (left, top, right, bottom)."""
    sides = [padding] if isinstance(padding, int) else list(padding)
    if len(sides) not in (1, 2, 4):
        raise ValueError(
            "Padding must be an int or a 1, 2, or 4 element tuple, not a "
            f"{len(sides)} element tuple"
        )
    left, top, right, bottom = (sides * (4 // len(sides)))[:4]
    array, axis = pixels_of(image)
    widths = [(0, 0)] * array.ndim
    widths[axis], widths[axis + 1] = (top, bottom), (left, right)
    modes = {"constant": "constant", "edge": "edge", "reflect": "reflect", "symmetric": "symmetric"}
    if padding_mode not in modes:
        raise ValueError("Padding mode should be either constant, edge, reflect or symmetric")
    options = {"constant_values": fill} if padding_mode == "constant" else {}
    return like(image, np.pad(array, widths, mode=padding_mode, **options))  # type: ignore[call-overload]


def resize(
    image: Any,
    size: int | Sequence[int],
    interpolation: Any = "bilinear",
    max_size: int | None = None,
    antialias: bool | None = True,
) -> Any:
    """Change the size to (height, width); one number is the length of the shorter side.

    "bilinear" or "bicubic", the neighbourhood widened when the image shrinks (`antialias`), or
    "nearest". With `max_size` the longer side is at most so long.
    """
    array, axis = pixels_of(image)
    target = output_size(array.shape[axis], array.shape[axis + 1], size, max_size)
    mode = getattr(interpolation, "value", interpolation)
    if mode not in ("nearest", "bilinear", "bicubic"):
        raise NotImplementedError(f"resize offers nearest, bilinear and bicubic, not {mode!r}")
    if mode == "nearest":
        for i, length in enumerate(target):
            index = np.arange(length) * array.shape[axis + i] // length
            array = array.take(index, axis + i)
        return like(image, array)
    result: Any = array.astype(real_type(array))
    for i, length in enumerate(target):
        cubic, old = mode == "bicubic", array.shape[axis + i]
        weights = _weights(old, length, antialias=bool(antialias), cubic=cubic)
        weights = weights.astype(result.dtype)
        result = np.moveaxis(np.tensordot(weights, result, (1, axis + i)), 0, axis + i)
    if array.dtype.kind in "ui":
        limits = np.iinfo(array.dtype)
        result = np.clip(np.floor(result + 0.5), limits.min, limits.max)
    return like(image, result.astype(array.dtype))


def output_size(
    rows: int, columns: int, size: int | Sequence[int], max_size: int | None = None
) -> tuple[int, int]:
    """Return the new height and width."""
    if not isinstance(size, int) and len(size) == 2:
        if max_size is not None:
            raise ValueError(
                "max_size should only be passed if size specifies the length of the smaller edge, "
                f"i.e. one number, got {size}"
            )
        return int(size[0]), int(size[1])
    short = size if isinstance(size, int) else int(size[0])
    long = int(short * max(rows, columns) / min(rows, columns))
    if max_size is not None:
        if max_size <= short:
            raise ValueError(f"max_size = {max_size} must be greater than the smaller edge {short}")
        if long > max_size:
            short, long = int(max_size * short / long), max_size
    return (short, long) if rows <= columns else (long, short)


def _weights(old: int, new: int, *, antialias: bool, cubic: bool = False) -> Array:
    """Return the matrix that takes `old` samples to `new` by overlapping triangles, or cubics."""
    scale = old / new
    reach = max(scale, 1.0) if antialias else 1.0
    centres = (np.arange(new)[:, None] + 0.5) * scale
    if cubic and not antialias:
        return _cubic_at(centres[:, 0] - 0.5, old)
    if not antialias:
        centres = np.clip(centres, 0.5, old - 0.5)
    distance = np.abs(np.arange(old)[None, :] + 0.5 - centres) / reach
    weights = _cubic(distance, -0.5) if cubic else np.maximum(1.0 - distance, 0.0)
    result: Array = weights / weights.sum(1, keepdims=True)
    return result


def _cubic(distance: Array, a: float) -> Array:
    """Return Keys' cubic: 1 at 0, with slope `a` at 1, 0 from 2 on."""
    near = ((a + 2) * distance - (a + 3)) * distance**2 + 1
    far = a * (((distance - 5) * distance + 8) * distance - 4)
    return np.where(distance < 1, near, np.where(distance < 2, far, 0.0))


def _cubic_at(places: Array, old: int) -> Array:
    """Return the matrix of four neighbours each; beyond the edge stands the edge."""
    first, matrix = np.floor(places).astype(np.int64), np.zeros((len(places), old))
    for step in (-1, 0, 1, 2):
        weight = _cubic(np.abs(places - (first + step)), -0.75)
        np.add.at(matrix, (np.arange(len(places)), (first + step).clip(0, old - 1)), weight)
    return matrix


def rgb_to_grayscale(image: Any, num_output_channels: int = 1) -> Any:
    """Return the luminance: 0.2989 red + 0.587 green + 0.114 blue."""
    array, axis = pixels_of(image)
    if array.ndim == 2:
        return image
    channels = 2 if axis == 0 else array.ndim - 3
    weights = np.array([0.2989, 0.587, 0.114], real_type(array))
    gray = np.tensordot(array, weights, (channels, 0))
    gray = gray if array.dtype.kind == "f" else gray.astype(array.dtype)
    if axis == 0 and num_output_channels == 1:
        return gray
    return like(image, np.repeat(np.expand_dims(gray, channels), num_output_channels, channels))


def pair(size: int | Sequence[int]) -> tuple[int, int]:
    """Return height and width from one number or two."""
    if isinstance(size, (int, np.integer)):
        return int(size), int(size)
    return int(size[0]), int(size[-1])


def to_pixels(image: Any) -> Array:
    """Return a tensor (C, H, W) with values 0..1, or bytes, as an array (H, W) or (H, W, C)."""
    array, axis = pixels_of(image)
    if array.dtype.kind == "f":
        array = (array * 255).astype(np.uint8)
    if axis == 0 and not isinstance(image, Tensor):
        return array
    array = array if array.ndim == 2 else array.transpose(1, 2, 0)
    return array[:, :, 0] if array.ndim == 3 and array.shape[2] == 1 else array


def random_area(rng: Any, rows: int, columns: int, scale: Any, ratio: Any) -> tuple[int, ...]:
    """Draw a rectangle (top, left, height, width) of a share of the area and a ratio of sides."""
    low, high = (math.log(side) for side in ratio)
    for _ in range(10):
        area = rows * columns * rng.uniform(*scale)
        aspect = math.exp(rng.uniform(low, high))
        width, height = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if 0 < width <= columns and 0 < height <= rows:
            top, left = rng.integers(rows - height + 1), rng.integers(columns - width + 1)
            return int(top), int(left), height, width
    width = min(columns, round(rows * ratio[1]))
    height = min(rows, round(columns / ratio[0]))
    return (rows - height) // 2, (columns - width) // 2, height, width
