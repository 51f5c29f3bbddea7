"""Convolution by bands against the plain twins, over a grid of layouts, and with more threads."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tinygrad_lite._kernels import PLAIN, bands, convolution, team
from tinygrad_lite._kernels.layout import Layout

RNG = np.random.default_rng(0)
GRID = list(itertools.product((1, 2, 3), ((0, 0), (1, 2)), (1, 2), ((3, 3), (2, 4), (5, 1))))


@pytest.fixture(params=[1, 3])
def _threads(request, monkeypatch):
    monkeypatch.setattr(team._Team, "count", request.param)
    monkeypatch.setattr(team, "MUCH", 10)


@pytest.fixture
def _always(monkeypatch):
    """Bands for the smallest images too, a few of which are worked on at once."""
    for name, value in {"MUCH": 0, "SHORT": 1, "DEEP": 100, "ROOM": 500}.items():
        monkeypatch.setattr(bands, name, value)
    bands.plan_of.cache_clear()


def compare(x, weight, layout, exact=1e-10):
    kernel = weight.shape[2:]
    outs = layout.output_size(x.shape[2:], kernel)
    g = RNG.standard_normal((len(x), len(weight), *outs)).astype(x.dtype)
    bias = RNG.standard_normal(len(weight)).astype(x.dtype)
    out, columns = convolution.forward(x, weight, bias, layout, outs)
    pairs = [
        (out, convolution._forward(x, weight, bias, layout, outs)[0]),
        (
            convolution.backward_weight(x, g, kernel, layout, columns),
            convolution._backward_weight(x, g, kernel, layout),
        ),
        (
            convolution.backward_input(g, weight, x.shape[2:], layout),
            convolution._backward_input(g, weight, x.shape[2:], layout),
        ),
    ]
    for fast, plain in pairs:
        assert fast.dtype == x.dtype
        np.testing.assert_allclose(fast, plain, rtol=exact, atol=exact * 100)
    return columns


@pytest.mark.usefixtures("_threads", "_always")
@pytest.mark.parametrize(("stride", "padding", "dilation", "kernel"), GRID, ids=str)
def test_two_axes(stride, padding, dilation, kernel):
    layout = Layout((stride, 3 - stride or 1), (padding, (1, 0)), (dilation, 1), 1)
    x = RNG.standard_normal((3, 4, 11, 9))
    compare(x, RNG.standard_normal((5, 4, *kernel)), layout)


@pytest.mark.usefixtures("_threads", "_always")
@pytest.mark.parametrize("dilation", [(1, 1), (1, 3), (2, 2)])
@pytest.mark.parametrize("channels", [1, 6])
def test_dilated_columns(channels, dilation):
    layout = Layout((1, 2), ((2, 1), (0, 3)), dilation, 1)
    x = RNG.standard_normal((2, channels, 12, 13))
    compare(x, RNG.standard_normal((3, channels, 3, 3)), layout)


@pytest.mark.usefixtures("_threads", "_always")
@pytest.mark.parametrize("stride", [(1, 1, 1), (2, 1, 2), (1, 3, 1)])
def test_three_axes(stride):
    layout = Layout(stride, ((1, 0), (0, 2), (1, 1)), (1, 2, 1), 1)
    x = RNG.standard_normal((2, 3, 5, 8, 6))
    compare(x, RNG.standard_normal((4, 3, 2, 3, 3)), layout)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("size", "channels", "deep"), [(16, 6, 12), (32, 16, 16), (18, 32, 64)])
def test_images_of_usual_size_go_by_bands(size, channels, deep, dtype):
    """Channels first and last in memory; rows of an image in several products."""
    layout = Layout((1, 1), ((1, 1), (1, 1)), (1, 1), 1)
    x = RNG.standard_normal((8, channels, size, size)).astype(dtype)
    weight = (RNG.standard_normal((deep, channels, 3, 3)) * 0.1).astype(dtype)
    exact = {np.float32: 2e-5, np.float64: 1e-12}[dtype]
    last = np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    for image in (x, last):
        columns = compare(image, weight, layout, exact)
        assert PLAIN or isinstance(columns, bands.Bands)


def test_bands_take_a_third_of_the_memory():
    layout = Layout((1, 1), ((1, 1), (1, 1)), (1, 1), 1)
    x = np.zeros((8, 16, 32, 32), np.float32)
    weight = np.zeros((16, 16, 3, 3), np.float32)
    made = bands.bands_of(x, weight, (32, 32), layout).array
    assert made.size == 8 * 34 * 32 * 3 * 16
