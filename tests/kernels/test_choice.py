"""Choices by bits and bent lines equal their plain twins, signs of zero and NaN included."""

import numpy as np
import pytest

from tinygrad_lite._kernels import PLAIN, choice, elu as bent

pytestmark = pytest.mark.skipif(PLAIN, reason="the plain twins are running")

SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-40, -1e-40, 3.0, -3.0, 1e30, -1e30]
SHAPES = [(), (3,), (0, 4), (40, 30), (7, 11, 30), (300, 300)]


def array(shape, dtype, seed=0):
    draw = np.random.default_rng(seed)
    x = np.asarray(draw.standard_normal(shape) * 3).astype(dtype)
    odd = draw.random(shape) < 0.3
    return np.asarray(np.where(odd, draw.choice(SPECIAL, shape).astype(dtype), x))


def same(found, expected):
    """Equal to the bit, but for what a NaN carries."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)
    held = ~np.isnan(expected) if expected.dtype.kind == "f" else np.ones(expected.shape, bool)
    np.testing.assert_array_equal(np.signbit(found[held]), np.signbit(expected[held]))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int64", "bool"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_choose(shape, dtype):
    x, y = array(shape, "float32"), array(shape, "float32", 1)
    with np.errstate(all="ignore"):
        x, y = x.astype(dtype), y.astype(dtype)
    mask = np.random.default_rng(2).random(shape) < 0.5
    numbers = [0.0, -0.0, 2.5, -1, np.zeros((), dtype), np.ones((), dtype)]
    for a in (x, *numbers):
        for b in (y, *numbers):
            same(choice.choose(mask, a, b), choice.choose.plain(mask, a, b))


def test_choose_of_shapes_that_broadcast():
    x, y = array((5, 60, 30), "float32"), array((60, 30), "float32", 1)
    draw = np.random.default_rng(2)
    for shape in [(5, 60, 30), (60, 30), (5, 60, 1), (2, 5, 60, 30), (1, 60, 30)]:
        mask = draw.random(shape) < 0.5
        for a, b in ((x, y), (y, x), (x, 0.0), (y, 0.0), (y, y), (x, y.astype(np.float64))):
            same(choice.choose(mask, a, b), choice.choose.plain(mask, a, b))
    mask = draw.random((60, 40)) < 0.5
    with pytest.raises(ValueError, match="broadcast"):
        choice.choose(mask, x, y)


def test_choose_keeps_its_operands():
    x, y = array((60, 60), "float32"), array((60, 60), "float32", 1)
    mask = np.random.default_rng(2).random((60, 60)) < 0.5
    before = x.copy(), y.copy(), mask.copy()
    for a, b in ((x.T, y), (x[::-1], y.T), (x, y)):
        found = choice.choose(mask, a, b)
        same(found, np.where(mask, a, b))
        assert not np.may_share_memory(found, x)
        assert not np.may_share_memory(found, y)
    for array_, copy in zip((x, y, mask), before, strict=True):
        np.testing.assert_array_equal(array_, copy)


SETTINGS = [
    (1.0, 1.0, 1.0), (1.6732632423543772, 1.0507009873554805, 1.0), (0.5, 1.0, 2.0),
    (-1.0, 1.0, -1.0), (0.0, 1.0, 1.0), (np.inf, 1.0, 1.0), (-2.0, 1.0, 1.0),
]  # fmt: skip


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_elu(shape, dtype, setting):
    x, g = array(shape, dtype), array(shape, dtype, 1)
    with np.errstate(all="ignore"):
        for a, b in ((x, g), (x.T, g.T), (np.repeat(x[None], 2, 0)[0], g)):
            same(bent.elu(a, *setting), bent.elu.plain(a, *setting))
            found, expected = bent.elu_pull(b, a, *setting), bent.elu_pull.plain(b, a, *setting)
            near = 1e-6 if dtype == "float32" else 1e-14  # and the last digit of denormal ones
            np.testing.assert_allclose(found, expected, rtol=near, atol=1e-44)
