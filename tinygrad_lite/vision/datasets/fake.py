"""Sets that need no download."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import datasets
from ..._nodes import make
from .base import VisionDataset

__all__ = ["Digits", "FakeData"]


class FakeData(VisionDataset):
    """Random images with random labels; image i is the same each time."""

    def __init__(
        self,
        size: int = 1000,
        image_size: tuple[int, int, int] = (3, 224, 224),
        num_classes: int = 10,
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
        random_offset: int = 0,
    ) -> None:
        super().__init__(None, transform=transform, target_transform=target_transform)
        self.size, self.num_classes, self.image_size = size, num_classes, image_size
        self.random_offset = random_offset

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        if not 0 <= index < self.size:
            raise IndexError(f"{type(self).__name__} index out of range: {index} of {self.size}")
        rng = np.random.default_rng(index + self.random_offset)
        channels, height, width = self.image_size
        image = rng.integers(0, 256, (height, width, channels), np.uint8)
        return self._transformed(image, int(rng.integers(self.num_classes)))

    def __len__(self) -> int:
        return self.size


class Digits(VisionDataset):
    """1,797 handwritten digits of 8 x 8 pixels, which lie inside the package.

    The first four fifths are for training. A sample is (image, digit), the image an array (8, 8)
    of bytes from 0 to 255.
    """

    def __init__(
        self,
        train: bool = True,
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
    ) -> None:
        super().__init__(None, transform=transform, target_transform=target_transform)
        images, labels = datasets.digits()
        cut = len(images) * 4 // 5
        part = slice(cut) if train else slice(cut, None)
        self._pixels = (images._array[part] * (255 / 16) + 0.5).astype(np.uint8)
        self._numbers = labels._array[part]
        self.train = train
        self.classes = [str(digit) for digit in range(10)]
        self.data: Any = make(self._pixels, None)
        self.targets: Any = make(self._numbers, None)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return self._transformed(self._pixels[index], int(self._numbers[index]))

    def __len__(self) -> int:
        return len(self._pixels)
