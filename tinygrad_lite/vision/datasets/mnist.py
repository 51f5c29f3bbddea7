"""MNIST and the sets made in its image."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ..._nodes import make
from .base import VisionDataset
from .idx import fetch, read_idx

__all__ = ["KMNIST", "MNIST", "FashionMNIST"]


class MNIST(VisionDataset):
    """70,000 handwritten digits of 28 x 28 pixels, 60,000 of them for training.

    The files lie in root/MNIST/raw, where they are loaded to with `download=True`; `data` holds
    all images as a uint8 tensor, `targets` the digits. A sample is (image, digit).

    Differs from PyTorch's companion: without Pillow involved, an image is an array (28, 28) of
    uint8, which `transforms.ToTensor` and the others take.

    Source: LeCun, Cortes and Burges, "The MNIST database of handwritten digits".
    """

    mirrors: ClassVar[list[str]] = ["https://ossci-datasets.s3.amazonaws.com/mnist/"]
    resources: ClassVar[list[tuple[str, str]]] = [
        ("train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
        ("train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432"),
        ("t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3"),
        ("t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c"),
    ]
    classes: ClassVar[list[str]] = [
        "0 - zero",
        "1 - one",
        "2 - two",
        "3 - three",
        "4 - four",
        "5 - five",
        "6 - six",
        "7 - seven",
        "8 - eight",
        "9 - nine",
    ]

    def __init__(
        self,
        root: str | Path,
        train: bool = True,
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.train = train
        if download:
            self.download()
        images, labels = self._files()
        if images is None or labels is None:
            raise RuntimeError(
                "Dataset not found. You can use download=True to download it: the files "
                f"{', '.join(name for name, _ in self.resources)} belong into {self.raw_folder}"
            )
        pixels, numbers = read_idx(images), read_idx(labels)
        if len(pixels) != len(numbers):
            raise RuntimeError(
                f"{images} has {len(pixels)} images and {labels} {len(numbers)} labels: one of "
                "them is of another set"
            )
        self._pixels, self._numbers = pixels, numbers.astype(np.int64)
        self.data: Any = make(self._pixels, None)
        self.targets: Any = make(self._numbers, None)

    @property
    def raw_folder(self) -> str:
        """Where the files lie."""
        return str(Path(self.root) / type(self).__name__ / "raw")

    def _files(self) -> tuple[Path | None, Path | None]:
        prefix = "train" if self.train else "t10k"
        images, labels = (self._found(f"{prefix}-{kind}") for kind in ("images", "labels"))
        return images, labels

    def _found(self, start: str) -> Path | None:
        """Return the file of this split, unpacked or packed."""
        for name, _ in self.resources:
            if name.startswith(start):
                for path in (
                    Path(self.raw_folder, name.removesuffix(".gz")),
                    Path(self.raw_folder, name),
                ):
                    if path.exists():
                        return path
        return None

    def download(self) -> None:
        """Load the files that are not there yet, and check them."""
        for name, md5 in self.resources:
            packed = Path(self.raw_folder, name)
            if not packed.exists() and not packed.with_suffix("").exists():
                fetch(name, md5, self.mirrors, packed.parent)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return self._transformed(self._pixels[index], int(self._numbers[index]))

    def __len__(self) -> int:
        return len(self._pixels)

    @property
    def class_to_idx(self) -> dict[str, int]:
        """The number of each class."""
        return {name: i for i, name in enumerate(self.classes)}

    def _renamed(self, old: str, new: str) -> Any:
        warnings.warn(f"{old} has been renamed {new}", UserWarning, stacklevel=3)
        return getattr(self, new)

    @property
    def train_data(self) -> Any:
        """The old name of `data`."""
        return self._renamed("train_data", "data")

    @property
    def test_data(self) -> Any:
        """The old name of `data`."""
        return self._renamed("test_data", "data")

    @property
    def train_labels(self) -> Any:
        """The old name of `targets`."""
        return self._renamed("train_labels", "targets")

    @property
    def test_labels(self) -> Any:
        """The old name of `targets`."""
        return self._renamed("test_labels", "targets")

    def extra_repr(self) -> str:
        """Return which part of the set this is."""
        return f"Split: {'Train' if self.train else 'Test'}"


class FashionMNIST(MNIST):
    """70,000 pictures of clothes in ten classes, in MNIST's format.

    Source: Xiao, Rasul and Vollgraf, "Fashion-MNIST: A novel image dataset for benchmarking
    machine learning algorithms" (2017).
    """

    mirrors: ClassVar[list[str]] = ["http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"]
    resources: ClassVar[list[tuple[str, str]]] = [
        ("train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        ("train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe"),
        ("t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79"),
        ("t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310"),
    ]
    classes: ClassVar[list[str]] = [
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ]


class KMNIST(MNIST):
    """70,000 cursive Japanese characters in ten classes, in MNIST's format.

    Source: Clanuwat et al., "Deep learning for classical Japanese literature" (2018).
    """

    mirrors: ClassVar[list[str]] = ["http://codh.rois.ac.jp/kmnist/dataset/kmnist/"]
    resources: ClassVar[list[tuple[str, str]]] = [
        ("train-images-idx3-ubyte.gz", "bdb82020997e1d708af4cf47b453dcf7"),
        ("train-labels-idx1-ubyte.gz", "e144d726b3acfaa3e44228e80efcd344"),
        ("t10k-images-idx3-ubyte.gz", "5c965bf0a639b31b8f53240b1b52f4d7"),
        ("t10k-labels-idx1-ubyte.gz", "7320c461ea6c1c855c0b718fb2a4b134"),
    ]
    classes: ClassVar[list[str]] = ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"]
