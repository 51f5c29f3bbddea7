"""Grids of images, and image files."""

from __future__ import annotations

import io
import math
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from .._nodes import make
from .._tensor import Tensor

__all__ = ["make_grid", "save_image"]

Array = np.ndarray[Any, Any]


def make_grid(
    tensor: Any,
    nrow: int = 8,
    padding: int = 2,
    normalize: bool = False,
    value_range: tuple[float, float] | None = None,
    scale_each: bool = False,
    pad_value: float = 0.0,
) -> Tensor:
    """Put images of one size next to each other, `nrow` in a row, into one image.

    `normalize` maps the values to [0, 1], from their range or from `value_range`; with
    `scale_each` each image by itself.

    **Shapes** (N, C, H, W), (C, H, W), (H, W) or a list of images -> (3 or C, rows, columns);
    one channel becomes three.
    """
    images = _as_batch(tensor)
    if normalize:
        images = _normalized(images, value_range, scale_each=scale_each)
    count, channels, height, width = images.shape
    grid: Array
    if count == 1:
        grid = images[0]
    else:
        columns = min(nrow, count)
        rows = math.ceil(count / columns)
        shape = (
            channels,
            rows * (height + padding) + padding,
            columns * (width + padding) + padding,
        )
        grid = np.full(shape, pad_value, images.dtype)
        for i, image in enumerate(images):
            top = (i // columns) * (height + padding) + padding
            left = (i % columns) * (width + padding) + padding
            grid[:, top : top + height, left : left + width] = image
    result: Tensor = make(np.ascontiguousarray(grid), None)
    return result


def _as_batch(tensor: Any) -> Array:
    """Return the images as an array (N, C, H, W) with three channels where there was one."""
    if isinstance(tensor, (list, tuple)):
        images = np.stack([np.asarray(image._array) for image in tensor])
    elif isinstance(tensor, Tensor):
        images = np.asarray(tensor._array)
    else:
        raise TypeError(f"tensor or list of tensors expected, got {type(tensor)}")
    if images.ndim == 2:
        images = images[None]
    if images.ndim == 3:
        images = images[None]
    if images.ndim != 4:
        raise ValueError(f"images of shape (C, H, W) are expected, got {images.shape[1:]}")
    return np.repeat(images, 3, axis=1) if images.shape[1] == 1 else images


def _normalized(images: Array, value_range: Any, *, scale_each: bool) -> Array:
    if value_range is not None and not isinstance(value_range, tuple):
        raise TypeError(
            "value_range has to be a tuple (min, max) if specified. min and max are numbers"
        )
    axes = (1, 2, 3) if scale_each else None
    low, high = value_range or (images.min(axes, keepdims=True), images.max(axes, keepdims=True))
    span = np.maximum(high - np.asarray(low), 1e-5).astype(images.dtype)
    result: Array = (np.clip(images, low, high) - low) / span
    return result


def save_image(tensor: Any, fp: Any, format: str | None = None, **kwargs: Any) -> None:
    """Write an image, or a grid of images, with values in [0, 1] to a file.

    Further keywords go to `make_grid`. `fp` is a path or a binary file. PNG files are written
    here; other formats by Pillow, where it is installed.
    """
    name = format or ("" if hasattr(fp, "write") else Path(fp).suffix.lstrip("."))
    grid = np.asarray(make_grid(tensor, **kwargs)._array, np.float64)
    pixels = np.clip(np.floor(grid * 255 + 0.5), 0, 255).astype(np.uint8)
    pixels = np.ascontiguousarray(pixels.transpose(1, 2, 0))
    data = png(pixels) if name.lower() in ("", "png") else _by_pillow(pixels, name.lower())
    if hasattr(fp, "write"):
        fp.write(data)
    else:
        Path(fp).write_bytes(data)


def _by_pillow(pixels: Array, name: str) -> bytes:
    """Encode pixels in one of Pillow's formats."""
    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError(
            f"save_image writes PNG files by itself and {name!r} with Pillow, which is not "
            "installed: choose a name ending in .png, or pip install pillow"
        ) from error
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, {"jpg": "jpeg"}.get(name, name))
    return buffer.getvalue()


def png(pixels: Array) -> bytes:
    """Encode pixels (H, W), (H, W, 3) or (H, W, 4) of type uint8 as a PNG file."""
    height, width = pixels.shape[:2]
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    kinds = {1: 0, 2: 4, 3: 2, 4: 6}
    if channels not in kinds:
        raise ValueError(f"an image has 1 to 4 channels, got {channels}")

    def chunk(name: bytes, data: bytes) -> bytes:
        body = name + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, kinds[channels], 0, 0, 0)
    lines = np.zeros((height, 1 + width * channels), np.uint8)  # each line begins with "no filter"
    lines[:, 1:] = pixels.reshape(height, -1)
    parts = (
        chunk(b"IHDR", header),
        chunk(b"IDAT", zlib.compress(lines.tobytes())),
        chunk(b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)
