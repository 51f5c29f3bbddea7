"""Changes of colour: arrays (H, W) or (H, W, C) of bytes or numbers 0..1, or tensors (C, H, W)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..._tensor import Tensor
from ._basic import Array, like, pixels_of, real_type, rgb_to_grayscale

__all__ = [
    "adjust_brightness",
    "adjust_contrast",
    "adjust_gamma",
    "adjust_hue",
    "adjust_saturation",
    "autocontrast",
    "invert",
    "posterize",
    "solarize",
]


def largest(array: Array) -> float:
    """Return the value of white."""
    return 1.0 if array.dtype.kind == "f" else float(np.iinfo(array.dtype).max)


def on_planes(image: Any, change: Callable[[Array], Array]) -> Any:
    """Apply a function of (..., C, H, W) to an image of either layout."""
    array, _ = pixels_of(image)
    if array.ndim == 2:
        return like(image, change(array[None])[0])
    if isinstance(image, Tensor):
        return like(image, change(array))
    return like(image, np.moveaxis(change(np.moveaxis(array, 2, 0)), 0, 2))


def blend(one: Array, other: Array | float, share: float) -> Array:
    """Return share · one + (1 − share) · other, within the range of the first."""
    kind = real_type(one)
    mixed = kind(share) * one.astype(kind) + kind(1.0 - share) * np.asarray(other, kind)
    result: Array = np.clip(mixed, 0, largest(one)).astype(one.dtype)
    return result


def gray_of(planes: Array) -> Array:
    """Return the luminance as a single plane."""
    if planes.shape[-3] == 1:
        return planes
    array = np.asarray(rgb_to_grayscale(np.moveaxis(planes, -3, -1)))
    return array[..., None, :, :] if array.ndim == planes.ndim - 1 else array


def _need_factor(name: str, factor: float) -> None:
    if factor < 0:
        raise ValueError(f"{name} ({factor}) is not non-negative.")


def adjust_brightness(image: Any, brightness_factor: float) -> Any:
    """Multiply by the factor: 0 is black, 1 the image."""
    _need_factor("brightness_factor", brightness_factor)
    return on_planes(image, lambda x: blend(x, 0.0, brightness_factor))


def adjust_contrast(image: Any, contrast_factor: float) -> Any:
    """Move away from the mean luminance: 0 is grey, 1 the image."""
    _need_factor("contrast_factor", contrast_factor)

    def change(x: Array) -> Array:
        kind = real_type(x)
        mean = gray_of(x).astype(kind).mean((-3, -2, -1), keepdims=True)
        return blend(x, mean, contrast_factor)

    return on_planes(image, change)


def adjust_saturation(image: Any, saturation_factor: float) -> Any:
    """Move away from the luminance of each pixel: 0 is black and white, 1 the image."""
    _need_factor("saturation_factor", saturation_factor)
    return on_planes(
        image, lambda x: x if x.shape[-3] == 1 else blend(x, gray_of(x), saturation_factor)
    )


def adjust_gamma(image: Any, gamma: float, gain: float = 1) -> Any:
    """Return gain · xᵞ of numbers 0..1."""
    _need_factor("gamma", gamma)

    def change(x: Array) -> Array:
        kind = real_type(x)
        white = largest(x)
        y: Array = np.clip(gain * (x.astype(kind) / kind(white)) ** kind(gamma), 0, 1)
        if x.dtype.kind == "f":
            return y.astype(x.dtype)
        y = y * (white + 1 - 1e-3)
        return y.astype(x.dtype)

    return on_planes(image, change)


def adjust_hue(image: Any, hue_factor: float) -> Any:
    """Turn the circle of colours by the factor, −0.5 to 0.5 of it."""
    if not -0.5 <= hue_factor <= 0.5:
        raise ValueError(f"hue_factor ({hue_factor}) is not in [-0.5, 0.5].")

    def change(x: Array) -> Array:
        if x.shape[-3] == 1:
            return x
        kind = real_type(x)
        h, s, v = _hsv(x.astype(kind) / kind(largest(x)))
        turned = _rgb((h + kind(hue_factor)) % 1, s, v)
        if x.dtype.kind == "f":
            return turned.astype(x.dtype)
        return (turned * (largest(x) + 1 - 1e-3)).astype(x.dtype)

    return on_planes(image, change)


def _hsv(rgb: Array) -> tuple[Array, Array, Array]:
    """Return hue, saturation and value of planes 0..1."""
    red, green, blue = (rgb[..., i, :, :] for i in range(3))
    high, low = rgb.max(-3), rgb.min(-3)
    spread = high - low
    flat = spread == 0
    divisor = np.where(flat, 1, spread)
    r, g, b = ((high - part) / divisor for part in (red, green, blue))
    is_red, is_green = high == red, high == green
    hue = np.where(is_red, b - g, np.where(is_green, 2 + r - b, 4 + g - r))
    saturation = spread / np.where(flat, 1, high)
    return (np.where(flat, 0, hue) / 6 + 1) % 1, saturation, high


def _rgb(hue: Array, saturation: Array, value: Array) -> Array:
    """Return planes 0..1 of hue, saturation and value."""
    sector = np.floor(hue * 6)
    f = hue * 6 - sector
    p = np.clip(value * (1 - saturation), 0, 1)
    q = np.clip(value * (1 - saturation * f), 0, 1)
    t = np.clip(value * (1 - saturation * (1 - f)), 0, 1)
    i = sector.astype(np.int64) % 6
    red = np.choose(i, [value, q, p, p, t, value])
    green = np.choose(i, [t, value, value, q, p, p])
    blue = np.choose(i, [p, p, t, value, value, q])
    return np.stack([red, green, blue], axis=-3)


def invert(image: Any) -> Any:
    """Swap black and white."""
    return on_planes(image, lambda x: (x.dtype.type(largest(x)) - x).astype(x.dtype))


def solarize(image: Any, threshold: float) -> Any:
    """Invert what is at least as bright as the threshold."""
    return on_planes(
        image,
        lambda x: np.where(x >= threshold, x.dtype.type(largest(x)) - x, x).astype(x.dtype),
    )


def posterize(image: Any, bits: int) -> Any:
    """Keep the highest bits of bytes."""
    if pixels_of(image)[0].dtype != np.uint8:
        raise TypeError("Only torch.uint8 image tensors are supported: convert_image_dtype first")
    return on_planes(image, lambda x: x & np.uint8(256 - 2 ** (8 - bits)))


def autocontrast(image: Any) -> Any:
    """Stretch each channel to the whole range."""

    def change(x: Array) -> Array:
        kind = real_type(x)
        low, high = (
            bound.astype(kind)
            for bound in (x.min((-2, -1), keepdims=True), x.max((-2, -1), keepdims=True))
        )
        flat = high == low
        scale = np.where(flat, 1, largest(x) / np.where(flat, 1, high - low)).astype(kind)
        stretched: Array = np.clip((x - np.where(flat, 0, low)) * scale, 0, largest(x))
        return stretched.astype(x.dtype)

    return on_planes(image, change)
