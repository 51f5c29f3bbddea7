"""Image sets read from files the tests write, and fetched from a server on this machine."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import struct
import threading
from typing import ClassVar

import numpy as np
import pytest

import tinygrad_lite as tgl
from tinygrad_lite.utils.data import DataLoader
from tinygrad_lite.vision import datasets, transforms
from tinygrad_lite.vision.datasets.idx import read_idx

KINDS = {
    "uint8": 0x08,
    "int8": 0x09,
    "int16": 0x0B,
    "int32": 0x0C,
    "float32": 0x0D,
    "float64": 0x0E,
}


def idx(array):
    """An array in the IDX format."""
    header = bytes([0, 0, KINDS[array.dtype.name], array.ndim])
    values = array.astype(array.dtype.newbyteorder(">")).tobytes()
    return header + struct.pack(f">{array.ndim}I", *array.shape) + values


@pytest.fixture
def files():
    """The four files of a small MNIST, packed."""
    rng = np.random.default_rng(0)
    made = {}
    for split, n in (("train", 12), ("t10k", 5)):
        images = rng.integers(0, 256, (n, 28, 28)).astype("uint8")
        labels = rng.integers(0, 10, n).astype("uint8")
        made[f"{split}-images-idx3-ubyte.gz"] = gzip.compress(idx(images))
        made[f"{split}-labels-idx1-ubyte.gz"] = gzip.compress(idx(labels))
    return made


def small(files, mirror):
    """A data set class for these files, at this address."""

    class SmallMNIST(datasets.MNIST):
        mirrors: ClassVar = [mirror]
        resources: ClassVar = [
            (name, hashlib.md5(data).hexdigest()) for name, data in sorted(files.items())
        ]

    return SmallMNIST


@pytest.fixture
def server(files):
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            name = self.path.lstrip("/")
            asked.append(name)
            if name not in files:
                self.send_error(404)
                return
            self.send_response(200)
            self.end_headers()
            self.wfile.write(files[name])

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}/", asked
        running.shutdown()


@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize("packed", [False, True])
def test_files_of_every_type(tmp_path, kind, packed):
    array = np.arange(24).reshape(2, 3, 4).astype(kind)
    path = tmp_path / ("a.gz" if packed else "a")
    path.write_bytes(gzip.compress(idx(array)) if packed else idx(array))
    found = read_idx(path)
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: data[:-3], "announces 24 bytes .* there are 21"),
        (lambda data: data + b"x", "there are 25"),
        (lambda data: data[:6], "damaged"),
        (lambda data: b"", "no IDX file: it begins with nothing"),
        (lambda data: b"\x89PNG" + data, "no IDX file: it begins with 89 50 4e 47"),
        (lambda data: data[:2] + b"\x07" + data[3:], "no IDX file"),
    ],
)
def test_damaged_files(tmp_path, damage, message):
    path = tmp_path / "a"
    path.write_bytes(damage(idx(np.zeros((2, 3, 4), "uint8"))))
    with pytest.raises(RuntimeError, match=message):
        read_idx(path)
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(idx(np.zeros(100, "uint8")))[:-9])
    with pytest.raises(RuntimeError, match=r"a\.gz is damaged"):
        read_idx(path)


def test_a_set_is_fetched_once_and_read(tmp_path, files, server):
    address, asked = server
    kind = small(files, address)
    train = kind(tmp_path, train=True, download=True)
    assert sorted(asked) == sorted(files)
    assert len(train) == 12
    image, label = train[3]
    assert image.shape == (28, 28)
    assert image.dtype == np.uint8
    assert type(label) is int
    assert train.data.shape == (12, 28, 28)
    assert train.data.dtype == tgl.uint8
    assert train.targets.dtype == tgl.int64
    assert train.targets[3].item() == label
    test = kind(tmp_path, train=False, download=True)
    assert len(test) == 5
    assert len(asked) == 4
    assert "SmallMNIST" in repr(test)
    assert "Split: Test" in repr(test)
    assert test.class_to_idx["7 - seven"] == 7
    with pytest.warns(UserWarning, match="renamed targets"):
        assert test.test_labels is test.targets


def test_unpacked_files_are_read_too(tmp_path, files):
    kind = small(files, "http://127.0.0.1:1/")
    folder = tmp_path / "SmallMNIST" / "raw"
    folder.mkdir(parents=True)
    for name, data in files.items():
        (folder / name.removesuffix(".gz")).write_bytes(gzip.decompress(data))
    assert len(kind(tmp_path, download=True)) == 12


def test_a_corrupted_download_is_refused_and_leaves_nothing(tmp_path, files, server):
    address, _ = server
    kind = small(files, address)
    name = "train-images-idx3-ubyte.gz"
    files[name] = files[name][:-1] + b"?"
    with pytest.raises(RuntimeError, match=r"checksum \w+, expected \w+ \(file corrupted\)"):
        kind(tmp_path, download=True)
    assert name not in [path.name for path in (tmp_path / "SmallMNIST" / "raw").iterdir()]


def test_the_next_mirror_is_tried(tmp_path, files, server):
    address, _ = server
    kind = small(files, address)
    kind.mirrors = ["http://127.0.0.1:1/", address + "missing/", address]
    assert len(kind(tmp_path, download=True)) == 12


def test_without_a_connection(tmp_path, files):
    kind = small(files, "http://127.0.0.1:1/")
    with pytest.raises(RuntimeError, match=r"(?s)Error downloading.*refused.*put the file into"):
        kind(tmp_path, download=True)
    with pytest.raises(RuntimeError, match=r"Dataset not found\. You can use download=True"):
        kind(tmp_path)


def test_images_and_labels_of_different_sets(tmp_path, files, server):
    address, _ = server
    files["train-labels-idx1-ubyte.gz"] = gzip.compress(idx(np.zeros(3, "uint8")))
    with pytest.raises(RuntimeError, match=r"12 images and .* 3 labels"):
        small(files, address)(tmp_path, download=True)


def test_a_set_in_a_loader(tmp_path, files, server):
    transform = transforms.Compose(
        [transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))]
    )
    data = small(files, server[0])(tmp_path, download=True, transform=transform)
    images, labels = next(iter(DataLoader(data, batch_size=4)))
    assert images.shape == (4, 1, 28, 28)
    assert images.dtype == tgl.float32
    expected = (data.data[:4].numpy() / 255 - 0.1307) / 0.3081
    np.testing.assert_allclose(images.numpy()[:, 0], expected, rtol=1e-4, atol=1e-5)
    assert labels.tolist() == data.targets[:4].tolist()


def test_digits_come_with_the_package():
    train = datasets.Digits(transform=transforms.ToTensor())
    test = datasets.Digits(train=False)
    assert len(train) + len(test) == 1797
    image, label = train[0]
    assert image.shape == (1, 8, 8)
    assert image.max().item() == pytest.approx(15 / 16, abs=0.01)
    assert label == 0


def test_fake_images_repeat():
    data = datasets.FakeData(4, (3, 5, 6), 7, transform=transforms.ToTensor())
    assert data[1][0].shape == (3, 5, 6)
    assert data[1][0].tolist() == data[1][0].tolist()
    assert data[1][0].tolist() != data[2][0].tolist()
    with pytest.raises(IndexError, match="4 of 4"):
        data[4]


def test_made_up_points():
    for make, classes in ((datasets.moons, 2), (datasets.spirals, 2), (datasets.blobs, 3)):
        x, y = make(60, generator=tgl.Generator().manual_seed(1))
        assert x.shape == (60, 2)
        assert x.dtype == tgl.float32
        assert np.bincount(y.numpy()).tolist() == [60 // classes] * classes
        again, _ = make(60, generator=tgl.Generator().manual_seed(1))
        assert again.tolist() == x.tolist()
    x, y = datasets.moons(200, noise=0.0)
    upper = x.numpy()[y.numpy() == 0]
    np.testing.assert_allclose((upper**2).sum(1), 1.0, rtol=1e-5)
