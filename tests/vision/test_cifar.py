"""CIFAR read from files the tests write, and fetched from a server on this machine."""

from __future__ import annotations

import functools
import hashlib
import http.server
import io
import os
import pickle
import tarfile
import threading
from typing import ClassVar

import numpy as np
import pytest

from tinygrad_lite.utils.data import DataLoader
from tinygrad_lite.vision import datasets, transforms


def batch(n, seed):
    rng = np.random.default_rng(seed)
    return {
        "data": rng.integers(0, 256, (n, 3072)).astype("uint8"),
        "labels": [int(label) for label in rng.integers(0, 2, n)],
        "batch_label": "a batch",
    }


FILES = {
    "data_batch_1": pickle.dumps(batch(4, 1), protocol=2),
    "data_batch_2": pickle.dumps(batch(3, 2), protocol=2),
    "test_batch": pickle.dumps(batch(2, 3), protocol=2),
    "batches.meta": pickle.dumps({"label_names": ["cat", "dog"]}, protocol=2),
}


def md5(data):
    return hashlib.md5(data).hexdigest()


def archive():
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as packed:
        for name, data in FILES.items():
            info = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            info.size = len(data)
            packed.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


ARCHIVE = archive()


class Small(datasets.CIFAR10):
    tgz_md5 = md5(ARCHIVE)
    train_list: ClassVar = [(n, md5(FILES[n])) for n in ("data_batch_1", "data_batch_2")]
    test_list: ClassVar = [("test_batch", md5(FILES["test_batch"]))]
    meta: ClassVar = {
        "filename": "batches.meta",
        "key": "label_names",
        "md5": md5(FILES["batches.meta"]),
    }


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    for name, data in FILES.items():
        (folder / name).write_bytes(data)
    return tmp_path


def test_images_and_labels(root):
    train, test = Small(root), Small(root, train=False)
    assert (len(train), len(test)) == (7, 2)
    assert train.data.shape == (7, 32, 32, 3)
    assert train.classes == ["cat", "dog"]
    assert train.class_to_idx == {"cat": 0, "dog": 1}
    first, expected = batch(4, 1), train[2]
    np.testing.assert_array_equal(expected[0].transpose(2, 0, 1).ravel(), first["data"][2])
    assert expected[1] == first["labels"][2] == train.targets[2]
    assert "Split: Train" in repr(train)


def test_batches_for_training(root):
    to_tensor = transforms.Compose(
        [
            transforms.RandomCrop(32, padding=4),
            transforms.RandomHorizontalFlip(),
            transforms.ToTensor(),
            transforms.Normalize((0.5, 0.5, 0.5), (0.25, 0.25, 0.25)),
        ]
    )
    x, y = next(iter(DataLoader(Small(root, transform=to_tensor), batch_size=5)))
    assert tuple(x.shape) == (5, 3, 32, 32)
    assert tuple(y.shape) == (5,)


def test_missing_and_damaged_files_are_named(root):
    path = root / "cifar-10-batches-py" / "data_batch_2"
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(RuntimeError, match=r"data_batch_2 is damaged"):
        Small(root)
    path.unlink()
    with pytest.raises(RuntimeError, match=r"download=True.*data_batch_2"):
        Small(root)


class Trap:
    def __reduce__(self):
        return os.mkdir, ("trapped",)


def test_files_cannot_run_code(root, monkeypatch):
    monkeypatch.chdir(root)
    (root / "cifar-10-batches-py" / "test_batch").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(RuntimeError, match=r"asks for \w+\.mkdir"):
        Small(root, train=False)
    assert not (root / "trapped").exists()


@pytest.fixture
def server(tmp_path):
    folder = tmp_path / "served"
    folder.mkdir()
    handler = functools.partial(Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{running.server_port}/"
        running.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def test_download_unpacks_checks_and_is_not_repeated(server, tmp_path, monkeypatch):
    folder, address = server
    monkeypatch.setattr(Small, "mirrors", [address])
    (folder / Small.filename).write_bytes(ARCHIVE)
    root = tmp_path / "data"
    assert len(Small(root, download=True)) == 7
    (folder / Small.filename).unlink()
    assert len(Small(root, train=False, download=True)) == 2
    (root / "cifar-10-batches-py" / "test_batch").unlink()  # unpacked again from the archive
    assert len(Small(root, train=False, download=True)) == 2


def test_a_corrupted_archive_is_refused(server, tmp_path, monkeypatch):
    folder, address = server
    monkeypatch.setattr(Small, "mirrors", [address])
    (folder / Small.filename).write_bytes(ARCHIVE[:-1] + b"x")
    with pytest.raises(RuntimeError, match=r"checksum \w+, expected"):
        Small(tmp_path / "data", download=True)


def test_a_hundred_classes(tmp_path):
    folder = tmp_path / "cifar-100-python"
    folder.mkdir()
    made = {"data": batch(3, 0)["data"], "fine_labels": [1, 0, 1], "coarse_labels": [0, 0, 0]}
    for name in ("train", "test"):
        (folder / name).write_bytes(pickle.dumps(made, protocol=2))
    (folder / "meta").write_bytes(pickle.dumps({"fine_label_names": ["apple", "boy"]}, protocol=2))
    assert datasets.CIFAR100(tmp_path).targets == [1, 0, 1]
    assert datasets.CIFAR100(tmp_path, train=False).classes == ["apple", "boy"]
