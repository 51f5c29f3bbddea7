"""The embedded digits are the published ones."""

import hashlib

import numpy as np

from tinygrad_lite import datasets
from tinygrad_lite.utils.data import TensorDataset, random_split


def test_values_are_the_published_ones():
    images, labels = datasets.digits()
    pixels, digits = images.numpy(), labels.numpy()
    assert pixels.shape == (1797, 8, 8)
    assert pixels.dtype == np.float32
    assert digits.shape == (1797,)
    assert digits.dtype == np.int64
    raw = pixels.astype(np.uint8).tobytes() + digits.astype(np.uint8).tobytes()
    assert hashlib.sha256(raw).hexdigest() == (
        "87ff0c9e40dc7e2c0e34e7257799c2e3f3aec1a016363bb11cad869ec428a826"
    )


def test_nothing_is_scaled():
    images, _ = datasets.digits()
    assert images.min().item() == 0
    assert images.max().item() == 16


def test_classes_are_almost_even():
    _, labels = datasets.digits()
    counts = np.bincount(labels.numpy(), minlength=10)
    assert counts.tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_each_call_gives_its_own_arrays():
    first, _ = datasets.digits()
    first *= 0
    second, _ = datasets.digits()
    assert second.max().item() == 16


def test_the_docstring_s_way_to_a_split():
    images, labels = datasets.digits()
    dataset = TensorDataset(images.reshape(-1, 64) / 16, labels)
    train, test = random_split(dataset, [0.8, 0.2])
    assert (len(train), len(test)) == (1438, 359)
    assert sorted([*train.indices, *test.indices]) == list(range(1797))
