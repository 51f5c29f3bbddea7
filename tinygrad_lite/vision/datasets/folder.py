"""Images in folders, a folder for each class."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from .base import VisionDataset

__all__ = ["IMG_EXTENSIONS", "DatasetFolder", "ImageFolder", "default_loader"]

IMG_EXTENSIONS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")


class DatasetFolder(VisionDataset):
    """Files in root/class/..., read by `loader`: samples are (what it returns, class number).

    `samples` lists (path, number) in the order of their names, `classes` the folders' names.

    **Errors** FileNotFoundError when there is no folder, or a folder without a valid file.
    """

    def __init__(
        self,
        root: str | Path,
        loader: Callable[[str], Any],
        extensions: tuple[str, ...] | None = None,
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
        is_valid_file: Callable[[str], bool] | None = None,
        allow_empty: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        if (extensions is None) == (is_valid_file is None):
            raise ValueError(
                "Both extensions and is_valid_file cannot be None or not None at the same time"
            )
        self.loader, self.extensions = loader, extensions
        self.classes, self.class_to_idx = self.find_classes(self.root)
        valid = is_valid_file or (lambda path: path.lower().endswith(extensions or ()))
        self.samples = list(self._found(valid))
        self.targets = [number for _, number in self.samples]
        empty = sorted(set(range(len(self.classes))) - set(self.targets))
        if empty and not allow_empty:
            names = ", ".join(self.classes[number] for number in empty)
            expected = f" Supported extensions are: {', '.join(extensions)}" if extensions else ""
            raise FileNotFoundError(f"Found no valid file for the classes {names}.{expected}")

    def find_classes(self, directory: str | Path) -> tuple[list[str], dict[str, int]]:
        """Return the names of the folders, and the number of each."""
        classes = sorted(entry.name for entry in Path(directory).iterdir() if entry.is_dir())
        if not classes:
            raise FileNotFoundError(f"Couldn't find any class folder in {directory}.")
        return classes, {name: i for i, name in enumerate(classes)}

    def _found(self, valid: Callable[[str], bool]) -> Iterable[tuple[str, int]]:
        for name, number in self.class_to_idx.items():
            for path in sorted(Path(self.root, name).rglob("*")):
                if path.is_file() and valid(str(path)):
                    yield str(path), number

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        path, number = self.samples[index]
        return self._transformed(self.loader(path), number)

    def __len__(self) -> int:
        return len(self.samples)


def default_loader(path: str) -> Any:
    """Return an image of Pillow with red, green and blue."""
    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError(
            "ImageFolder reads images with Pillow, which is not installed: pip install pillow"
        ) from error
    with Image.open(path) as image:
        return image.convert("RGB")


class ImageFolder(DatasetFolder):
    """Images in root/class/name.png: a sample is (image, number of the class)."""

    def __init__(
        self,
        root: str | Path,
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
        loader: Callable[[str], Any] = default_loader,
        is_valid_file: Callable[[str], bool] | None = None,
        allow_empty: bool = False,
    ) -> None:
        extensions = IMG_EXTENSIONS if is_valid_file is None else None
        super().__init__(
            root, loader, extensions, transform, target_transform, is_valid_file, allow_empty
        )
        self.imgs = self.samples
