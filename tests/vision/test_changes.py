"""Changes of colour and shape, against what they must do by definition."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_lite as torch
from tinygrad_lite.vision import transforms
from tinygrad_lite.vision.transforms import functional as f

RNG = np.random.default_rng(0)
BYTES = RNG.integers(0, 256, (3, 9, 12)).astype("uint8")
NUMBERS = RNG.random((3, 9, 12)).astype("float32")
BOTH = pytest.mark.parametrize("planes", [BYTES, NUMBERS], ids=["bytes", "numbers"])


def through(change, planes):
    """The same change of a tensor (C, H, W) and of an array (H, W, C)."""
    tensor = change(torch.tensor(planes)).numpy()
    array = change(planes.transpose(1, 2, 0))
    np.testing.assert_array_equal(tensor, np.asarray(array).transpose(2, 0, 1))
    return tensor


@BOTH
@pytest.mark.parametrize(
    "change", [f.adjust_brightness, f.adjust_contrast, f.adjust_saturation, f.adjust_gamma]
)
def test_a_factor_of_one_changes_nothing(change, planes):
    np.testing.assert_allclose(through(lambda x: change(x, 1.0), planes), planes, atol=1e-6)


@BOTH
def test_extremes(planes):
    assert through(lambda x: f.adjust_brightness(x, 0.0), planes).max() == 0
    grey = through(lambda x: f.adjust_saturation(x, 0.0), planes)
    assert (grey[0] == grey[1]).all()
    assert (grey[1] == grey[2]).all()
    flat = through(lambda x: f.adjust_contrast(x, 0.0), planes)
    assert flat.min() == flat.max()
    np.testing.assert_allclose(through(lambda x: f.invert(f.invert(x)), planes), planes, atol=1e-6)
    stretched = through(f.autocontrast, planes)
    assert stretched.min() == 0
    assert abs(stretched.max() - (255 if planes.dtype == np.uint8 else 1)) < 1e-6


def test_hue_turns_red_into_green_and_blue():
    red = np.zeros((3, 2, 2), "float32")
    red[0] = 1
    green = through(lambda x: f.adjust_hue(x, 1 / 3), red)
    np.testing.assert_allclose(green, red[[1, 0, 2]], atol=1e-6)
    blue = through(lambda x: f.adjust_hue(x, -1 / 3), red)
    np.testing.assert_allclose(blue, red[[1, 2, 0]], atol=1e-6)
    np.testing.assert_allclose(f.adjust_hue(torch.tensor(NUMBERS), 0.0).numpy(), NUMBERS, atol=1e-5)


def test_bits_and_thresholds():
    assert set(np.unique(through(lambda x: f.posterize(x, 1), BYTES))) == {0, 128}
    np.testing.assert_array_equal(
        through(lambda x: f.solarize(x, 128), BYTES), np.where(BYTES >= 128, 255 - BYTES, BYTES)
    )


@BOTH
@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
def test_right_angles_are_exact(planes, mode):
    square = planes[:, :, :9]
    for angle, times in ((0, 0), (90, 1), (180, 2), (270, 3), (-90, 3)):
        turned = through(lambda x, a=angle: f.rotate(x, a, mode), square)
        np.testing.assert_allclose(turned, np.rot90(square, times, (1, 2)), atol=1e-5)


@BOTH
def test_affine_moves_and_fills(planes):
    moved = through(lambda x: f.affine(x, 0, (2, 1), 1.0, 0.0, fill=7), planes)
    np.testing.assert_array_equal(moved[:, 1:, 2:], planes[:, :-1, :-2])
    assert (moved[:, 0] == 7).all()
    assert (moved[:, :, :2] == 7).all()
    same = through(lambda x: f.affine(x, 0, (0, 0), 1.0, (0.0, 0.0), "bilinear"), planes)
    np.testing.assert_allclose(same, planes, atol=1e-5)


def test_a_turned_image_fits_when_expanded():
    white = np.ones((1, 10, 20), "float32")
    turned = f.rotate(torch.tensor(white), 45, "bilinear", expand=True).numpy()
    side = 30 / np.sqrt(2)
    assert abs(turned.shape[1] - side) <= 1
    assert abs(turned.shape[2] - side) <= 1
    assert abs(turned.sum() / 200 - 1) < 0.02


@BOTH
def test_blurring_keeps_the_mean_of_a_plain_and_smooths(planes):
    plain = np.full_like(planes, 3)
    np.testing.assert_allclose(through(lambda x: f.gaussian_blur(x, 5), plain), plain, atol=1e-6)
    blurred = through(lambda x: f.gaussian_blur(x, (3, 5), 2.0), planes)
    assert blurred.std() < planes.std() / 2
    with pytest.raises(ValueError, match="odd"):
        f.gaussian_blur(planes[0], 4)


def test_bicubic_keeps_straight_lines():
    """With Keys' slope of -1/2; that of -3/4, which goes without `antialias`, bends them."""
    ramp = np.tile(np.arange(20.0), (1, 20, 1)).astype("float32")
    expected = ((np.arange(40) + 0.5) / 2 - 0.5)[4:-4]
    large = f.resize(torch.tensor(ramp), (20, 40), "bicubic").numpy()
    np.testing.assert_allclose(large[0, 5, 4:-4], expected, atol=1e-4)
    bent = f.resize(torch.tensor(ramp), (20, 40), "bicubic", antialias=False).numpy()
    shift = np.tile([-3 / 64, 3 / 64], 16)
    np.testing.assert_allclose(bent[0, 5, 4:-4], expected + shift, atol=1e-4)


def test_the_longer_side_may_be_limited():
    wide = torch.zeros(1, 10, 40)
    assert tuple(f.resize(wide, 8, max_size=20).shape) == (1, 5, 20)
    with pytest.raises(ValueError, match="max_size"):
        transforms.Resize((4, 4), max_size=9)(wide)


def test_crops_of_corners_and_middle():
    crops = transforms.FiveCrop((2, 3))(torch.tensor(BYTES))
    np.testing.assert_array_equal(crops[0].numpy(), BYTES[:, :2, :3])
    np.testing.assert_array_equal(crops[3].numpy(), BYTES[:, -2:, -3:])
    assert len(transforms.TenCrop(4)(torch.tensor(BYTES))) == 10
    with pytest.raises(ValueError, match="bigger than input"):
        transforms.FiveCrop(50)(torch.tensor(BYTES))
    assert tuple(f.center_crop(torch.tensor(BYTES), (20, 11)).shape) == (3, 20, 11)


RANDOM = [
    transforms.RandomRotation(20),
    transforms.RandomRotation((-5, 90), expand=False, fill=0.5),
    transforms.RandomAffine(10, (0.1, 0.2), (0.8, 1.2), 5),
    transforms.RandomAffine(0, shear=(-25, 25, -13, 13)),
    transforms.ColorJitter(0.4, 0.4, 0.4, 0.1),
    transforms.ColorJitter(brightness=(0.5, 1.5)),
    transforms.RandomGrayscale(0.5),
    transforms.RandomInvert(),
    transforms.RandomAutocontrast(),
    transforms.RandomSolarize(0.5),
    transforms.GaussianBlur(3),
    transforms.RandomOrder([transforms.RandomHorizontalFlip(1.0), transforms.RandomInvert(1.0)]),
]


@pytest.mark.parametrize("transform", RANDOM, ids=lambda t: type(t).__name__)
def test_random_changes_keep_shape_and_follow_the_seed(transform):
    x = torch.tensor(NUMBERS)
    torch.manual_seed(3)
    first = [transform(x) for _ in range(4)]
    torch.manual_seed(3)
    again = [transform(x) for _ in range(4)]
    for one, other in zip(first, again, strict=True):
        assert one.shape == x.shape
        assert one.dtype == x.dtype
        assert one.tolist() == other.tolist()
    assert any(one.tolist() != x.tolist() for one in first)


def test_jitter_of_nothing_is_nothing():
    x = torch.tensor(NUMBERS)
    assert transforms.ColorJitter()(x).tolist() == x.tolist()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: transforms.RandomRotation(-1), "must be positive"),
        (lambda: transforms.RandomAffine(0, translate=(2, 0)), "between 0 and 1"),
        (lambda: transforms.RandomAffine(0, scale=(0, 1)), "positive"),
        (lambda: transforms.ColorJitter(hue=0.7), "hue values"),
        (lambda: transforms.ColorJitter(brightness=-1), "non negative"),
        (lambda: transforms.GaussianBlur(4), "odd"),
        (lambda: f.adjust_hue(torch.tensor(NUMBERS), 0.6), "hue_factor"),
        (lambda: f.adjust_brightness(torch.tensor(NUMBERS), -1), "non-negative"),
    ],
)
def test_settings_out_of_range(make, words):
    with pytest.raises(ValueError, match=words):
        make()
