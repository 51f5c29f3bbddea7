"""The transforms as objects, to be composed. Random ones draw from the global generator."""

# ruff: noqa: D102 - a class says what calling it does
from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from typing import Any

import numpy as np

from ..._nodes import make
from ..._random import generator_of
from . import _basic as f

Transform = Callable[[Any], Any]
Size = int | Sequence[int]


class InterpolationMode(Enum):
    """How `Resize` finds values between pixels."""

    NEAREST = "nearest"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"


class _Described:
    """Shows its settings, as PyTorch's companion does."""

    _shown: tuple[str, ...] = ()

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={getattr(self, name)}" for name in self._shown)
        return f"{type(self).__name__}({settings})"


class Compose:
    """Several transforms, one after the other.

    >>> Compose([Resize(4), ToTensor()])(np.zeros((8, 8), np.uint8)).shape
    torch.Size([1, 4, 4])
    """

    def __init__(self, transforms: Iterable[Transform]) -> None:
        self.transforms = list(transforms)

    def __call__(self, image: Any) -> Any:
        for transform in self.transforms:
            image = transform(image)
        return image

    def __repr__(self) -> str:
        lines = [f"    {transform}" for transform in self.transforms]
        return "\n".join([f"{type(self).__name__}(", *lines, ")"])


class ToTensor(_Described):
    """An image (H, W) or (H, W, C) of bytes as a tensor (C, H, W) of numbers 0..1."""

    def __call__(self, image: Any) -> Any:
        return f.to_tensor(image)


class PILToTensor(_Described):
    """An image (H, W) or (H, W, C) as a tensor (C, H, W), its values unchanged."""

    def __call__(self, image: Any) -> Any:
        return f.pil_to_tensor(image)


class ToPILImage(_Described):
    """A tensor (C, H, W) with values 0..1, or an array, as an image of Pillow."""

    def __init__(self, mode: str | None = None) -> None:
        self.mode = mode

    def __call__(self, image: Any) -> Any:
        return f.to_pil_image(image, self.mode)


class ConvertImageDtype(_Described):
    """A tensor of another dtype, bytes 0..255 becoming numbers 0..1 or back."""

    def __init__(self, dtype: Any) -> None:
        self.dtype = dtype

    def __call__(self, image: Any) -> Any:
        return f.convert_image_dtype(image, self.dtype)


class Normalize(_Described):
    """(x − mean) / std for each channel of a tensor."""

    _shown = ("mean", "std")

    def __init__(self, mean: Any, std: Any, inplace: bool = False) -> None:
        self.mean, self.std, self.inplace = mean, std, inplace

    def __call__(self, tensor: Any) -> Any:
        return f.normalize(tensor, self.mean, self.std, self.inplace)


class Resize(_Described):
    """Another size; one number is the length of the shorter side."""

    _shown = ("size", "interpolation", "antialias")

    def __init__(
        self,
        size: Size,
        interpolation: Any = InterpolationMode.BILINEAR,
        max_size: int | None = None,
        antialias: bool | None = True,
    ) -> None:
        self.size, self.max_size = size, max_size
        self.interpolation = getattr(interpolation, "value", interpolation)
        self.antialias = antialias

    def __call__(self, image: Any) -> Any:
        return f.resize(image, self.size, self.interpolation, self.max_size, self.antialias)


class CenterCrop(_Described):
    """The middle of the image."""

    _shown = ("size",)

    def __init__(self, size: Size) -> None:
        self.size = f.pair(size)

    def __call__(self, image: Any) -> Any:
        return f.center_crop(image, self.size)


class Pad(_Described):
    """A border around the image."""

    _shown = ("padding", "fill", "padding_mode")

    def __init__(self, padding: Size, fill: float = 0, padding_mode: str = "constant") -> None:
        self.padding, self.fill, self.padding_mode = padding, fill, padding_mode

    def __call__(self, image: Any) -> Any:
        return f.pad(image, self.padding, self.fill, self.padding_mode)


class RandomCrop(_Described):
    """A rectangle of the image, or of the image with a border, from a random place."""

    _shown = ("size", "padding")

    def __init__(
        self,
        size: Size,
        padding: Size | None = None,
        pad_if_needed: bool = False,
        fill: float = 0,
        padding_mode: str = "constant",
    ) -> None:
        self.size, self.padding, self.pad_if_needed = f.pair(size), padding, pad_if_needed
        self.fill, self.padding_mode = fill, padding_mode

    def __call__(self, image: Any) -> Any:
        if self.padding is not None:
            image = f.pad(image, self.padding, self.fill, self.padding_mode)
        height, width = self.size
        rows, columns = f.get_size(image)
        if self.pad_if_needed and (rows < height or columns < width):
            border = (max(width - columns, 0), max(height - rows, 0))
            image = f.pad(image, border, self.fill, self.padding_mode)
            rows, columns = f.get_size(image)
        if rows < height or columns < width:
            raise ValueError(
                f"Required crop size {self.size} is larger than input image size {(rows, columns)}"
            )
        rng = generator_of(None)
        top, left = rng.integers(rows - height + 1), rng.integers(columns - width + 1)
        return f.crop(image, int(top), int(left), height, width)


class RandomResizedCrop(_Described):
    """A random part of the image, resized."""

    _shown = ("size", "scale", "ratio")

    def __init__(
        self,
        size: Size,
        scale: tuple[float, float] = (0.08, 1.0),
        ratio: tuple[float, float] = (3 / 4, 4 / 3),
        interpolation: Any = InterpolationMode.BILINEAR,
        antialias: bool | None = True,
    ) -> None:
        self.size, self.scale, self.ratio = f.pair(size), scale, ratio
        self.interpolation = getattr(interpolation, "value", interpolation)
        self.antialias = antialias

    def __call__(self, image: Any) -> Any:
        rows, columns = f.get_size(image)
        area = f.random_area(generator_of(None), rows, columns, self.scale, self.ratio)
        top, left, height, width = area
        part = f.crop(image, top, left, height, width)
        return f.resize(part, self.size, self.interpolation, antialias=bool(self.antialias))


class RandomHorizontalFlip(_Described):
    """Left and right swapped, with probability `p`."""

    _shown = ("p",)

    def __init__(self, p: float = 0.5) -> None:
        self.p = p

    def __call__(self, image: Any) -> Any:
        return f.hflip(image) if generator_of(None).random() < self.p else image


class RandomVerticalFlip(_Described):
    """Top and bottom swapped, with probability `p`."""

    _shown = ("p",)

    def __init__(self, p: float = 0.5) -> None:
        self.p = p

    def __call__(self, image: Any) -> Any:
        return f.vflip(image) if generator_of(None).random() < self.p else image


class RandomErasing(_Described):
    """A random rectangle of a tensor filled with `value`, with probability `p`."""

    _shown = ("p", "scale", "ratio", "value")

    def __init__(
        self,
        p: float = 0.5,
        scale: tuple[float, float] = (0.02, 0.33),
        ratio: tuple[float, float] = (0.3, 3.3),
        value: float = 0,
        inplace: bool = False,
    ) -> None:
        self.p, self.scale, self.ratio, self.value, self.inplace = p, scale, ratio, value, inplace

    def __call__(self, image: Any) -> Any:
        rng = generator_of(None)
        if rng.random() >= self.p:
            return image
        top, left, height, width = f.random_area(rng, *f.get_size(image), self.scale, self.ratio)
        array = np.array(image._array)
        array[..., top : top + height, left : left + width] = self.value
        return image.copy_(make(array, None)) if self.inplace else make(array, None)


class RandomApply(_Described):
    """Several transforms in turn, all or none, with probability `p`."""

    _shown = ("p", "transforms")

    def __init__(self, transforms: Iterable[Transform], p: float = 0.5) -> None:
        self.transforms, self.p = list(transforms), p

    def __call__(self, image: Any) -> Any:
        if generator_of(None).random() < self.p:
            for transform in self.transforms:
                image = transform(image)
        return image


class RandomChoice(_Described):
    """One of several transforms."""

    _shown = ("transforms",)

    def __init__(self, transforms: Iterable[Transform], p: Sequence[float] | None = None) -> None:
        self.transforms, self.p = list(transforms), p

    def __call__(self, image: Any) -> Any:
        weights = None if self.p is None else np.asarray(self.p) / np.sum(self.p)
        return self.transforms[generator_of(None).choice(len(self.transforms), p=weights)](image)


class Grayscale(_Described):
    """The luminance of a colour image."""

    _shown = ("num_output_channels",)

    def __init__(self, num_output_channels: int = 1) -> None:
        self.num_output_channels = num_output_channels

    def __call__(self, image: Any) -> Any:
        return f.rgb_to_grayscale(image, self.num_output_channels)


class Lambda(_Described):
    """Any function as a transform."""

    def __init__(self, lambd: Any) -> None:
        if not callable(lambd):
            kind = type(lambd).__name__
            raise TypeError(f"Argument lambd should be callable, got {kind!r}")
        self.lambd = lambd

    def __call__(self, image: Any) -> Any:
        return self.lambd(image)
