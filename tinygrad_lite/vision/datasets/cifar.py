"""CIFAR-10 and CIFAR-100."""

from __future__ import annotations

import hashlib
import io
import pickle
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from .base import VisionDataset
from .idx import fetch

__all__ = ["CIFAR10", "CIFAR100"]


class CIFAR10(VisionDataset):
    """60,000 photographs of 32 x 32 pixels in ten classes, 50,000 of them for training.

    The files lie in root/cifar-10-batches-py, where they are loaded to with `download=True`;
    `data` holds all images as an array (N, 32, 32, 3) of bytes, `targets` the list of classes. A
    sample is (image, class).

    Differs from PyTorch's companion: an image is an array, which the transforms take. The files
    are pickles; they are read by a reader that knows arrays and nothing else, so that no file can
    run code.

    Source: Krizhevsky, "Learning multiple layers of features from tiny images" (2009).
    """

    base_folder = "cifar-10-batches-py"
    mirrors: ClassVar[list[str]] = ["https://www.cs.toronto.edu/~kriz/"]
    filename = "cifar-10-python.tar.gz"
    tgz_md5 = "c58f30108f718f92721af3b95e74349a"
    train_list: ClassVar[list[tuple[str, str]]] = [
        ("data_batch_1", "c99cafc152244af753f735de768cd75f"),
        ("data_batch_2", "d4bba439e000b95fd0a9bffe97cbabec"),
        ("data_batch_3", "54ebc095f3ab1f0389bbae665268c751"),
        ("data_batch_4", "634d18415352ddfa80567beed471001a"),
        ("data_batch_5", "482c414d41f54cd18b22e5b47cb7c3cb"),
    ]
    test_list: ClassVar[list[tuple[str, str]]] = [
        ("test_batch", "40351d587109b95175f43aff81a1287e"),
    ]
    meta: ClassVar[dict[str, str]] = {
        "filename": "batches.meta",
        "key": "label_names",
        "md5": "5ff9c542aee3614f3951f8cda6e48888",
    }
    _label_key = "labels"

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
        self._need_files()
        batches = [self._read(name) for name, _ in (self.train_list if train else self.test_list)]
        pixels = np.concatenate([batch["data"] for batch in batches]).reshape(-1, 3, 32, 32)
        self.data = np.ascontiguousarray(pixels.transpose(0, 2, 3, 1))
        self.targets: list[int] = [
            int(label) for batch in batches for label in batch[self._label_key]
        ]
        self.classes: list[str] = self._read(self.meta["filename"])[self.meta["key"]]
        self.class_to_idx = {name: i for i, name in enumerate(self.classes)}

    @property
    def _folder(self) -> Path:
        return Path(self.root, self.base_folder)

    def _all_files(self) -> list[tuple[str, str]]:
        return [*self.train_list, *self.test_list, (self.meta["filename"], self.meta["md5"])]

    def _need_files(self) -> None:
        missing = [name for name, _ in self._all_files() if not (self._folder / name).is_file()]
        if missing:
            raise RuntimeError(
                "Dataset not found or corrupted. You can use download=True to download it: "
                f"{', '.join(missing)} belong into {self._folder}"
            )

    def _check_integrity(self) -> bool:
        """Say whether all files are there and are the right ones."""
        return all(
            (self._folder / name).is_file() and md5_of(self._folder / name) == md5
            for name, md5 in self._all_files()
        )

    def download(self) -> None:
        """Load and unpack the archive, unless all files are there and right."""
        if self._check_integrity():
            return
        archive = Path(self.root, self.filename)
        if not archive.exists() or md5_of(archive) != self.tgz_md5:
            fetch(self.filename, self.tgz_md5, self.mirrors, archive.parent)
        with tarfile.open(archive) as packed:
            packed.extractall(self.root, filter="data")

    def _read(self, name: str) -> Any:
        path = self._folder / name
        try:
            return ArrayUnpickler(io.BytesIO(path.read_bytes()), encoding="latin1").load()
        except (pickle.UnpicklingError, EOFError, ValueError, KeyError, IndexError) as error:
            raise RuntimeError(
                f"{path} is damaged: {error}. Delete it and download again"
            ) from error

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return self._transformed(self.data[index], self.targets[index])

    def __len__(self) -> int:
        return len(self.data)

    def extra_repr(self) -> str:
        """Return which part of the set this is."""
        return f"Split: {'Train' if self.train else 'Test'}"


class CIFAR100(CIFAR10):
    """60,000 photographs of 32 x 32 pixels in a hundred classes."""

    base_folder = "cifar-100-python"
    filename = "cifar-100-python.tar.gz"
    tgz_md5 = "eb9058c3a382ffc7106e4002c42a8d85"
    train_list: ClassVar[list[tuple[str, str]]] = [("train", "16019d7e3df5f24257cddd939b257f8d")]
    test_list: ClassVar[list[tuple[str, str]]] = [("test", "f0ef6b0ae62326f3e7ffdfab6717acfc")]
    meta: ClassVar[dict[str, str]] = {
        "filename": "meta",
        "key": "fine_label_names",
        "md5": "7973b15100ade9c7d40fb424638fde48",
    }
    _label_key = "fine_labels"


class ArrayUnpickler(pickle.Unpickler):
    """Reads arrays, numbers, texts, lists and dictionaries; everything else is refused."""

    KNOWN: ClassVar[dict[tuple[str, str], Any]] = {
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
    }

    def find_class(self, module: str, name: str) -> Any:
        """Return what arrays are rebuilt with."""
        if name == "_reconstruct" and module.startswith("numpy."):
            return np.ndarray.__reduce__(np.empty(0))[0]
        if (module, name) == ("_codecs", "encode"):
            return _bytes_of
        found = self.KNOWN.get((module, name))
        if found is None:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no data set needs")
        return found


def _bytes_of(text: str, encoding: str) -> bytes:
    """Return bytes that the oldest pickle formats hold as text of one byte each."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"bytes are held as latin1, not as {encoding}")
    return text.encode("latin1")


def md5_of(path: Path) -> str:
    """Return the checksum of a file."""
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
