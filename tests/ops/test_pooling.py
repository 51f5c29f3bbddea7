"""Pooling kernels against their plain twins and their transposes."""

from __future__ import annotations

import numpy as np
import pytest

from tinygrad_lite._kernels import pooling as kernels
from tinygrad_lite._kernels.pooling import Window
from tinygrad_lite.ops import pooling as P

RNG = np.random.default_rng(0)
WINDOWS = [  # size, kernel, stride, padding, dilation, ceil
    ((6,), (2,), (2,), (0,), (1,), False),
    ((7,), (2,), (3,), (0,), (1,), True),
    ((8,), (3,), (1,), (1,), (2,), False),
    ((4, 6), (2, 3), (2, 3), (0, 0), (1, 1), False),
    ((5, 7), (2, 2), (2, 2), (0, 0), (1, 1), True),
    ((5, 7), (3, 2), (2, 1), (1, 1), (1, 2), True),
    ((6, 6), (2, 2), (3, 3), (0, 0), (1, 1), False),
    ((3, 4, 5), (2, 2, 2), (1, 2, 2), (1, 0, 1), (1, 1, 1), True),
]


def image(size, last=False, values=None):
    x = RNG.integers(0, 4, (2, 3, *size)) if values is None else values
    x = x.astype(np.float64)
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 1, -1)), -1, 1) if last else x


@pytest.mark.parametrize("last", [False, True], ids=["channels first", "channels last"])
@pytest.mark.parametrize(("size", "window"), [(w[0], Window(*w[1:])) for w in WINDOWS], ids=str)
def test_strongest_equals_its_plain_twin_with_many_ties(size, window, last):
    plain = getattr(kernels.strongest, "plain", kernels.strongest)
    for values in (None, np.full((2, 3, *size), -np.inf), RNG.standard_normal((2, 3, *size))):
        x = image(size, last, values)
        if values is not None and np.isfinite(values).all():
            x.reshape(-1)[::7] = np.nan
        for fast, slow in zip(kernels.strongest(x, window), plain(x, window), strict=True):
            np.testing.assert_array_equal(fast, slow)


@pytest.mark.parametrize("last", [False, True], ids=["channels first", "channels last"])
@pytest.mark.parametrize(("size", "window"), [(w[0], Window(*w[1:])) for w in WINDOWS], ids=str)
def test_transposes(size, window, last):
    """<pick(x), y> = <x, put(y)> and <mean(x), y> = <x, spread(y)>."""
    x = image(size, last, RNG.standard_normal((2, 3, *size)))
    values, code = kernels.strongest(x, window)
    y = RNG.standard_normal(values.shape)
    np.testing.assert_array_equal(P.pick_strongest(x, code, window=window), values)
    placed = P.place_strongest(y, code, size=size, window=window)
    assert placed.shape == x.shape
    np.testing.assert_allclose(np.vdot(values, y), np.vdot(x, placed))
    if set(window.dilation) == {1}:
        for include in (True, False):
            settings = {"window": window, "include_padding": include}
            means = P.avg_pool(x, **settings)
            back = P.spread_mean(y, size=size, **settings)
            np.testing.assert_allclose(np.vdot(means, y), np.vdot(x, back))


def rounded(size, last, dtype):
    return image(size, last, RNG.standard_normal((2, 3, *size)).round(1)).astype(dtype)


@pytest.mark.skipif(kernels.PLAIN, reason="there are no tables")
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
@pytest.mark.parametrize("last", [False, True], ids=["channels first", "channels last"])
@pytest.mark.parametrize(("size", "window"), [(w[0], Window(*w[1:])) for w in WINDOWS], ids=str)
def test_tables_equal_the_passes_over_the_image(size, window, last, dtype, monkeypatch):
    x = rounded(size, last, dtype)

    def run():
        values, code = kernels.strongest(x, window)
        g = np.arange(values.size).reshape(values.shape).astype(dtype)
        back = kernels.put(g, code, size, window), kernels.total_back(g, size, window)
        return values, code, kernels.total(x, window), *back

    assert kernels._table_for(x, size, window, kernels.SUMS) is not None
    few = run()
    monkeypatch.setattr(kernels, "MAXIMA", 0)
    assert kernels._table_for(x, size, window, kernels.SUMS) is None
    for found, expected in zip(few, run(), strict=True):
        assert found.dtype == expected.dtype
        assert found.strides == expected.strides
        np.testing.assert_allclose(found, expected, rtol=1e-5 if dtype == "float32" else 1e-12)


@pytest.mark.skipif(kernels.PLAIN, reason="the plain twins are running")
def test_an_infinite_gradient_of_a_small_image_goes_to_the_strongest_alone():
    window = Window((2, 2), (2, 2), (0, 0), (1, 1))
    _, code = kernels.strongest(np.arange(16.0).reshape(1, 1, 4, 4), window)
    placed = kernels.put(np.full((1, 1, 2, 2), np.inf), code, (4, 4), window)
    expected = np.zeros((1, 1, 4, 4))
    expected[..., 1::2, 1::2] = np.inf
    np.testing.assert_array_equal(placed, expected)
