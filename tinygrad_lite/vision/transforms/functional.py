"""Changes of single images as functions."""

from __future__ import annotations

from ._basic import (
    center_crop,
    convert_image_dtype,
    crop,
    five_crop,
    get_image_size,
    hflip,
    normalize,
    pad,
    pil_to_tensor,
    resize,
    resized_crop,
    rgb_to_grayscale,
    ten_crop,
    to_pil_image,
    to_tensor,
    vflip,
)
from .classes import InterpolationMode
from .color import (
    adjust_brightness,
    adjust_contrast,
    adjust_gamma,
    adjust_hue,
    adjust_saturation,
    autocontrast,
    invert,
    posterize,
    solarize,
)
from .geometry import (
    affine,
    gaussian_blur,
    rotate,
)

to_grayscale = rgb_to_grayscale

__all__ = [
    "InterpolationMode",
    "adjust_brightness",
    "adjust_contrast",
    "adjust_gamma",
    "adjust_hue",
    "adjust_saturation",
    "affine",
    "autocontrast",
    "center_crop",
    "convert_image_dtype",
    "crop",
    "five_crop",
    "gaussian_blur",
    "get_image_size",
    "hflip",
    "invert",
    "normalize",
    "pad",
    "pil_to_tensor",
    "posterize",
    "resize",
    "resized_crop",
    "rgb_to_grayscale",
    "rotate",
    "solarize",
    "ten_crop",
    "to_grayscale",
    "to_pil_image",
    "to_tensor",
    "vflip",
]
