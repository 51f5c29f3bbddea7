"""Images in folders, read by a loader of one's own or by Pillow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tinygrad_lite.vision import datasets, transforms
from tinygrad_lite.vision.utils import png


@pytest.fixture
def root(tmp_path):
    rng = np.random.default_rng(0)
    for name, count in (("cat", 2), ("dog", 3)):
        (tmp_path / name / "more").mkdir(parents=True)
        for i in range(count):
            place = tmp_path / name / ("more" if i else ".") / f"{i}.PNG"
            place.write_bytes(png(rng.integers(0, 256, (5, 6, 3)).astype("uint8")))
    (tmp_path / "cat" / "notes.txt").write_text("no image")
    return tmp_path


def test_files_by_class_in_order(root):
    data = datasets.DatasetFolder(root, lambda path: Path(path).stat().st_size, (".png",))
    assert data.classes == ["cat", "dog"]
    assert data.targets == [0, 0, 1, 1, 1]
    assert [Path(path).name for path, _ in data.samples] == [
        "0.PNG",
        "1.PNG",
        "0.PNG",
        "1.PNG",
        "2.PNG",
    ]
    assert data[4][1] == 1
    assert len(data) == 5


def test_images_by_pillow(root):
    pytest.importorskip("PIL")
    data = datasets.ImageFolder(
        root, transforms.Compose([transforms.Resize(4), transforms.ToTensor()])
    )
    image, label = data[3]
    assert tuple(image.shape) == (3, 4, 4)
    assert (label, data.imgs) == (1, data.samples)
    assert len(datasets.ImageFolder(root, is_valid_file=lambda path: path.endswith("0.PNG"))) == 2


def test_folders_without_images_are_named(root, tmp_path):
    (root / "emu").mkdir()
    with pytest.raises(FileNotFoundError, match="emu"):
        datasets.DatasetFolder(root, str, (".png",))
    assert datasets.DatasetFolder(root, str, (".png",), allow_empty=True).classes[-1] == "emu"
    (tmp_path / "nothing").mkdir()
    with pytest.raises(FileNotFoundError, match="any class folder"):
        datasets.DatasetFolder(tmp_path / "nothing", str, (".png",))
    with pytest.raises(ValueError, match="Both extensions and is_valid_file"):
        datasets.DatasetFolder(root, str)
