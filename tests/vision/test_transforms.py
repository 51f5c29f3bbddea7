"""Changes of images: shapes, values, randomness; grids and PNG files."""

from __future__ import annotations

import io
import struct
import sys
import zlib

import numpy as np
import pytest

import tinygrad_lite as tgl
from tinygrad_lite.vision import transforms, utils
from tinygrad_lite.vision.transforms import functional as f

RNG = np.random.default_rng(0)
GRAY = RNG.integers(0, 256, (9, 7)).astype("uint8")
COLOUR = RNG.integers(0, 256, (9, 7, 3)).astype("uint8")


@pytest.fixture(autouse=True)
def seed():
    tgl.manual_seed(0)


def test_to_tensor():
    tensor = transforms.ToTensor()(COLOUR)
    assert tensor.shape == (3, 9, 7)
    assert tensor.dtype == tgl.float32
    np.testing.assert_allclose(tensor.numpy(), COLOUR.transpose(2, 0, 1) / 255, rtol=1e-6)
    assert transforms.ToTensor()(GRAY).shape == (1, 9, 7)
    floats = transforms.ToTensor()(COLOUR.astype("float64"))
    assert floats.dtype == tgl.float64
    assert floats.max().item() > 1
    assert transforms.PILToTensor()(GRAY).dtype == tgl.uint8
    with pytest.raises(ValueError, match=r"2/3 dimensional\. Got 1"):
        transforms.ToTensor()(np.zeros(3))
    with pytest.raises(TypeError, match="should be PIL Image or ndarray"):
        transforms.ToTensor()(tensor)


def test_normalize():
    tensor = transforms.ToTensor()(COLOUR)
    done = transforms.Normalize((0.5, 0.4, 0.3), (0.5, 0.2, 0.1))(tensor)
    expected = (tensor.numpy() - np.reshape([0.5, 0.4, 0.3], (3, 1, 1))) / np.reshape(
        [0.5, 0.2, 0.1], (3, 1, 1)
    )
    np.testing.assert_allclose(done.numpy(), expected, rtol=1e-4, atol=1e-5)
    with pytest.raises(TypeError, match="put ToTensor first"):
        transforms.Normalize(0.5, 0.5)(GRAY)
    with pytest.raises(ValueError, match="division by zero"):
        transforms.Normalize((0.5,), (0.0,))(tensor)


def test_arrays_and_tensors_change_alike():
    tensor = transforms.PILToTensor()(COLOUR)
    for change in (
        f.hflip,
        f.vflip,
        lambda x: f.crop(x, 2, 1, 4, 5),
        lambda x: f.crop(x, -2, 3, 14, 9),
        lambda x: f.center_crop(x, 4),
        lambda x: f.center_crop(x, (12, 3)),
        lambda x: f.pad(x, (1, 2, 3, 4)),
        lambda x: f.pad(x, 2, padding_mode="reflect"),
        lambda x: f.resize(x, (5, 11)),
        lambda x: f.resize(x, 4),
        lambda x: f.resize(x, (4, 4), "nearest"),
        lambda x: f.rgb_to_grayscale(x, 3),
    ):
        np.testing.assert_array_equal(change(tensor).numpy(), change(COLOUR).transpose(2, 0, 1))


def test_geometry():
    np.testing.assert_array_equal(f.hflip(GRAY), GRAY[:, ::-1])
    np.testing.assert_array_equal(f.vflip(GRAY), GRAY[::-1])
    np.testing.assert_array_equal(f.crop(GRAY, 2, 1, 3, 4), GRAY[2:5, 1:5])
    outside = f.crop(GRAY, -1, -2, 4, 4)
    assert outside[0].tolist() == [0] * 4
    np.testing.assert_array_equal(outside[1:, 2:], GRAY[:3, :2])
    np.testing.assert_array_equal(f.center_crop(GRAY, 3), GRAY[3:6, 2:5])
    assert f.pad(GRAY, (1, 2)).shape == (13, 9)
    assert f.pad(GRAY, 1, fill=7)[0, 0] == 7
    with pytest.raises(ValueError, match="1, 2, or 4 element tuple, not a 3"):
        f.pad(GRAY, (1, 2, 3))
    assert f.resize(GRAY, 14).shape == (18, 14)
    assert f.resize(GRAY.T, 14).shape == (14, 18)
    with pytest.raises(NotImplementedError, match="not 'lanczos'"):
        transforms.Resize(3, "lanczos")(GRAY)


@pytest.mark.parametrize("size", [(4, 4), (9, 7), (3, 20), (30, 2), (18, 14)])
def test_resizing_of_bytes_is_that_of_pillow(size):
    image_module = pytest.importorskip("PIL.Image", reason="compares with Pillow")
    for array in (GRAY, COLOUR):
        image = image_module.fromarray(array).resize(size[::-1], image_module.Resampling.BILINEAR)
        difference = np.abs(f.resize(array, size).astype(int) - np.asarray(image))
        assert difference.max() <= 1  # Pillow rounds twice


def test_images_of_pillow_are_taken():
    image_module = pytest.importorskip("PIL.Image", reason="uses Pillow")
    image = image_module.fromarray(COLOUR)
    np.testing.assert_array_equal(f.hflip(image), COLOUR[:, ::-1])
    assert transforms.ToTensor()(image).tolist() == transforms.ToTensor()(COLOUR).tolist()
    back = transforms.ToPILImage()(transforms.ToTensor()(COLOUR))
    assert np.abs(np.asarray(back).astype(int) - COLOUR).max() <= 1
    assert transforms.ToPILImage()(transforms.ToTensor()(GRAY)).mode == "L"


def test_random_flips():
    flipped = [np.array_equal(transforms.RandomHorizontalFlip()(GRAY), GRAY) for _ in range(400)]
    assert 120 < sum(flipped) < 280
    np.testing.assert_array_equal(transforms.RandomVerticalFlip(1.0)(GRAY), GRAY[::-1])
    np.testing.assert_array_equal(transforms.RandomVerticalFlip(0.0)(GRAY), GRAY)


def test_random_crops_come_from_everywhere():
    image = np.arange(25).reshape(5, 5).astype("uint8")
    corners = {int(transforms.RandomCrop(3)(image)[0, 0]) for _ in range(300)}
    assert corners == {0, 1, 2, 5, 6, 7, 10, 11, 12}
    assert transforms.RandomCrop(5, padding=2)(image).shape == (5, 5)
    assert transforms.RandomCrop((8, 6), pad_if_needed=True)(image).shape == (8, 6)
    with pytest.raises(ValueError, match=r"\(6, 6\) is larger than input image size \(5, 5\)"):
        transforms.RandomCrop(6)(image)
    for _ in range(50):
        assert transforms.RandomResizedCrop(4)(COLOUR).shape == (4, 4, 3)


def test_random_choices():
    add, double = (lambda x: x + 1), (lambda x: x * 2)
    found = {transforms.RandomChoice([add, double])(5) for _ in range(50)}
    assert found == {6, 10}
    assert {transforms.RandomApply([add, double], p=0.5)(5) for _ in range(50)} == {5, 12}
    assert transforms.RandomChoice([add, double], p=[0, 1])(5) == 10
    erased = transforms.RandomErasing(p=1.0, value=-1.0)(tgl.zeros(3, 20, 20))
    assert 0.02 * 400 * 0.5 < (erased.numpy()[0] == -1).sum() < 0.4 * 400


def test_random_transforms_repeat_with_the_seed():
    def draw():
        tgl.manual_seed(3)
        return [transforms.RandomCrop(3)(GRAY).tolist() for _ in range(5)]

    assert draw() == draw()


def test_composition_and_text():
    chain = transforms.Compose(
        [transforms.Resize(4), transforms.ToTensor(), transforms.Lambda(lambda x: x * 2)]
    )
    assert chain(GRAY).shape == (1, 5, 4)
    text = repr(transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))]))
    assert text == "Compose(\n    ToTensor()\n    Normalize(mean=(0.5,), std=(0.5,))\n)"
    with pytest.raises(TypeError, match="should be callable, got 'int'"):
        transforms.Lambda(3)


def test_converting_dtypes():
    tensor = transforms.PILToTensor()(GRAY)
    floats = transforms.ConvertImageDtype(tgl.float32)(tensor)
    assert floats.max().item() <= 1
    assert transforms.ConvertImageDtype(tgl.uint8)(floats).tolist() == tensor.tolist()
    assert transforms.Grayscale()(COLOUR).shape == (9, 7)
    assert transforms.Grayscale()(transforms.ToTensor()(COLOUR)).shape == (1, 9, 7)


def test_grids():
    images = tgl.tensor(RNG.uniform(size=(5, 1, 4, 3)).astype("float32"))
    grid = utils.make_grid(images, nrow=3, padding=2, pad_value=0.5)
    assert grid.shape == (3, 2 * 6 + 2, 3 * 5 + 2)
    second = grid.numpy()[0, 8:12, 7:10]
    np.testing.assert_array_equal(second, images.numpy()[4, 0])
    assert grid[0, 0, 0].item() == 0.5
    assert utils.make_grid(images[0]).shape == (3, 4, 3)
    assert utils.make_grid([images[0], images[1]], padding=0).shape == (3, 4, 6)
    stretched = utils.make_grid(images * 10 - 3, normalize=True)
    assert stretched.max().item() == pytest.approx(1.0)
    ranged = utils.make_grid(images, normalize=True, value_range=(0.0, 2.0))
    assert ranged.max().item() <= 0.5
    with pytest.raises(TypeError, match="tensor or list of tensors expected"):
        utils.make_grid(GRAY)


def read_png(data):
    """The pixels of a PNG file without filters."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, body, header = 8, b"", None
    while at < len(data):
        size, name = struct.unpack(">I4s", data[at : at + 8])
        content = data[at + 8 : at + 8 + size]
        (crc,) = struct.unpack(">I", data[at + 8 + size : at + 12 + size])
        assert crc == zlib.crc32(name + content)
        header = struct.unpack(">IIBB", content[:10]) if name == b"IHDR" else header
        body += content if name == b"IDAT" else b""
        at += 12 + size
    width, height, depth, kind = header
    assert depth == 8
    lines = np.frombuffer(zlib.decompress(body), "uint8").reshape(height, -1)
    assert not lines[:, 0].any()
    return lines[:, 1:].reshape(height, width, {0: 1, 2: 3}[kind])


def test_other_formats_are_written_by_pillow(tmp_path, monkeypatch):
    tensor = transforms.ToTensor()(COLOUR)
    image = pytest.importorskip("PIL.Image")
    utils.save_image(tensor, tmp_path / "a.jpg")
    with image.open(tmp_path / "a.jpg") as found:
        assert (found.format, found.size) == ("JPEG", COLOUR.shape[1::-1])
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ImportError, match=r"name ending in \.png, or pip install pillow"):
        utils.save_image(tensor, tmp_path / "b.jpg")


def test_images_are_saved(tmp_path):
    tensor = transforms.ToTensor()(COLOUR)
    utils.save_image(tensor, tmp_path / "a.png")
    np.testing.assert_array_equal(read_png((tmp_path / "a.png").read_bytes()), COLOUR)
    file = io.BytesIO()
    utils.save_image(tensor.unsqueeze(0).repeat(4, 1, 1, 1) * 2 - 0.5, file, nrow=2)
    assert read_png(file.getvalue()).shape == (2 * 11 + 2, 2 * 9 + 2, 3)
    assert read_png(utils.png(GRAY))[..., 0].tolist() == GRAY.tolist()
