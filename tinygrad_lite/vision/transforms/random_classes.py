"""Random changes of colour and shape as objects. They draw from the global generator."""

# ruff: noqa: D102 - a class says what calling it does
from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..._random import generator_of
from . import _basic as f, color, geometry
from .classes import InterpolationMode, _Described

__all__ = [
    "ColorJitter",
    "FiveCrop",
    "GaussianBlur",
    "RandomAffine",
    "RandomAutocontrast",
    "RandomGrayscale",
    "RandomInvert",
    "RandomOrder",
    "RandomPosterize",
    "RandomRotation",
    "RandomSolarize",
    "TenCrop",
]

Transform = Callable[[Any], Any]
Range = tuple[float, float]


def _symmetric(name: str, value: Any) -> Range:
    """Return a range from one number (both sides of 0) or two."""
    if isinstance(value, (int, float)):
        if value < 0:
            raise ValueError(f"If {name} is a single number, it must be positive.")
        return -float(value), float(value)
    if len(value) != 2:
        raise ValueError(f"{name} should be a sequence of length 2.")
    return float(value[0]), float(value[1])


class RandomRotation(_Described):
    """The image turned by an angle from (−degrees, degrees), or from a range."""

    _shown = ("degrees", "interpolation", "expand", "fill")

    def __init__(
        self,
        degrees: Any,
        interpolation: Any = InterpolationMode.NEAREST,
        expand: bool = False,
        center: Sequence[float] | None = None,
        fill: Any = 0,
    ) -> None:
        self.degrees = list(_symmetric("degrees", degrees))
        self.interpolation = getattr(interpolation, "value", interpolation)
        self.expand, self.center, self.fill = expand, center, fill

    def __call__(self, image: Any) -> Any:
        low, high = self.degrees
        angle = generator_of(None).uniform(low, high)
        return geometry.rotate(
            image, angle, self.interpolation, self.expand, self.center, self.fill
        )


class RandomAffine(_Described):
    """The image turned, moved, scaled and sheared, each by a number from its range."""

    _shown = ("degrees", "translate", "scale", "shear")

    def __init__(
        self,
        degrees: Any,
        translate: Sequence[float] | None = None,
        scale: Sequence[float] | None = None,
        shear: Any = None,
        interpolation: Any = InterpolationMode.NEAREST,
        fill: Any = 0,
        center: Sequence[float] | None = None,
    ) -> None:
        if translate is not None and not all(0 <= part <= 1 for part in translate):
            raise ValueError("translation values should be between 0 and 1")
        if scale is not None and not all(part > 0 for part in scale):
            raise ValueError("scale values should be positive")
        self.degrees = list(_symmetric("degrees", degrees))
        self.translate, self.scale = translate, scale
        self.shear = self._slants(shear)
        self.interpolation = getattr(interpolation, "value", interpolation)
        self.fill, self.center = fill, center

    @staticmethod
    def _slants(shear: Any) -> list[float] | None:
        if shear is None or (not isinstance(shear, (int, float)) and len(shear) == 4):
            return None if shear is None else list(shear)
        return [*_symmetric("shear", shear), 0.0, 0.0]

    def __call__(self, image: Any) -> Any:
        rng, (rows, columns) = generator_of(None), f.get_size(image)
        angle = rng.uniform(self.degrees[0], self.degrees[1])
        moved = (0.0, 0.0)
        if self.translate is not None:
            across, down = self.translate[0] * columns, self.translate[1] * rows
            moved = round(rng.uniform(-across, across)), round(rng.uniform(-down, down))
        scale = 1.0 if self.scale is None else rng.uniform(self.scale[0], self.scale[1])
        slants = (0.0, 0.0)
        if self.shear is not None:
            low, high, low_down, high_down = self.shear
            slants = rng.uniform(low, high), rng.uniform(low_down, high_down)
        return geometry.affine(
            image, angle, moved, scale, slants, self.interpolation, self.fill, self.center
        )


class ColorJitter(_Described):
    """Brightness, contrast, saturation and hue changed by factors, in random order.

    One number b stands for factors from max(0, 1 − b) to 1 + b; for the hue, from −b to b.
    """

    _shown = ("brightness", "contrast", "saturation", "hue")

    def __init__(
        self, brightness: Any = 0, contrast: Any = 0, saturation: Any = 0, hue: Any = 0
    ) -> None:
        self.brightness = _around("brightness", brightness)
        self.contrast = _around("contrast", contrast)
        self.saturation = _around("saturation", saturation)
        self.hue = _around("hue", hue, middle=0.0, low=-0.5, high=0.5)

    def __call__(self, image: Any) -> Any:
        rng = generator_of(None)
        changes = [
            (color.adjust_brightness, self.brightness),
            (color.adjust_contrast, self.contrast),
            (color.adjust_saturation, self.saturation),
            (color.adjust_hue, self.hue),
        ]
        for i in rng.permutation(4):
            change, bounds = changes[i]
            if bounds is not None:
                image = change(image, rng.uniform(*bounds))
        return image


def _around(
    name: str, value: Any, middle: float = 1.0, low: float = 0.0, high: float = float("inf")
) -> Range | None:
    """Return the range of a factor, or None when it changes nothing."""
    if isinstance(value, (int, float)):
        if value < 0:
            raise ValueError(f"If {name} is a single number, it must be non negative.")
        bounds = max(middle - value, low) if middle else -float(value), middle + value
    else:
        bounds = float(value[0]), float(value[1])
    if not low <= bounds[0] <= bounds[1] <= high:
        raise ValueError(f"{name} values should be between ({low}, {high}), but got {value}.")
    return None if bounds == (middle, middle) else bounds


class _Sometimes(_Described):
    """Changes the image with probability `p`."""

    _shown: tuple[str, ...] = ("p",)

    def __init__(self, p: float = 0.5) -> None:
        self.p = p

    def _change(self, image: Any) -> Any:
        raise NotImplementedError

    def __call__(self, image: Any) -> Any:
        return self._change(image) if generator_of(None).random() < self.p else image


class RandomGrayscale(_Sometimes):
    """The luminance in every channel, with probability `p`."""

    def __init__(self, p: float = 0.1) -> None:
        super().__init__(p)

    def _change(self, image: Any) -> Any:
        array, axis = f.pixels_of(image)
        if array.ndim == 2:
            return image
        return f.rgb_to_grayscale(image, array.shape[2 if axis == 0 else -3])


class RandomInvert(_Sometimes):
    """Black and white swapped, with probability `p`."""

    def _change(self, image: Any) -> Any:
        return color.invert(image)


class RandomAutocontrast(_Sometimes):
    """Each channel stretched to the whole range, with probability `p`."""

    def _change(self, image: Any) -> Any:
        return color.autocontrast(image)


class RandomSolarize(_Sometimes):
    """What is at least as bright as the threshold inverted, with probability `p`."""

    _shown = ("threshold", "p")

    def __init__(self, threshold: float, p: float = 0.5) -> None:
        super().__init__(p)
        self.threshold = threshold

    def _change(self, image: Any) -> Any:
        return color.solarize(image, self.threshold)


class RandomPosterize(_Sometimes):
    """The highest bits of bytes, with probability `p`."""

    _shown = ("bits", "p")

    def __init__(self, bits: int, p: float = 0.5) -> None:
        super().__init__(p)
        self.bits = bits

    def _change(self, image: Any) -> Any:
        return color.posterize(image, self.bits)


class GaussianBlur(_Described):
    """The image blurred, with a sigma from a range."""

    _shown = ("kernel_size", "sigma")

    def __init__(self, kernel_size: int | Sequence[int], sigma: Any = (0.1, 2.0)) -> None:
        sizes = [kernel_size] * 2 if isinstance(kernel_size, int) else list(kernel_size)
        if any(size <= 0 or size % 2 == 0 for size in sizes):
            raise ValueError("Kernel size value should be an odd and positive number.")
        self.kernel_size = tuple(sizes)
        self.sigma = (sigma, sigma) if isinstance(sigma, (int, float)) else tuple(sigma)
        if not 0 < self.sigma[0] <= self.sigma[1]:
            raise ValueError(f"sigma values should be positive and of the form (min, max): {sigma}")

    def __call__(self, image: Any) -> Any:
        sigma = generator_of(None).uniform(*self.sigma)
        return geometry.gaussian_blur(image, self.kernel_size, sigma)


class RandomOrder(_Described):
    """The transforms in random order."""

    def __init__(self, transforms: Iterable[Transform]) -> None:
        self.transforms = list(transforms)

    def __call__(self, image: Any) -> Any:
        for i in generator_of(None).permutation(len(self.transforms)):
            image = self.transforms[i](image)
        return image


class FiveCrop(_Described):
    """The four corners and the middle, as a tuple."""

    _shown = ("size",)

    def __init__(self, size: int | Sequence[int]) -> None:
        self.size = f.pair(size)

    def __call__(self, image: Any) -> tuple[Any, ...]:
        return f.five_crop(image, self.size)


class TenCrop(_Described):
    """The five crops of the image and the five of its mirror image, as a tuple."""

    _shown = ("size", "vertical_flip")

    def __init__(self, size: int | Sequence[int], vertical_flip: bool = False) -> None:
        self.size, self.vertical_flip = f.pair(size), vertical_flip

    def __call__(self, image: Any) -> tuple[Any, ...]:
        return f.ten_crop(image, self.size, self.vertical_flip)
