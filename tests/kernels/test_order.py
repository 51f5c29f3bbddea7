"""Orders, products, sums of squares and added rows: each fast form equals its plain twin."""

from __future__ import annotations

import numpy as np
import pytest

from tinygrad_lite._kernels import PLAIN, order as kernels
from tinygrad_lite._kernels.reduction import product, square_sum
from tinygrad_lite._kernels.rows import add_rows

pytestmark = pytest.mark.skipif(PLAIN, reason="the plain twins are running")

RANDOM = np.random.default_rng(0)
SHAPES = [(5000,), (50, 130), (3, 70, 40)]
KINDS = ["float16", "float32", "float64", "int8", "uint8", "int32", "uint32", "int64", "bool"]


def array(shape, kind, special):
    """Elements with ties and, if `special`, with zeros of both signs, NaN and infinities."""
    x = RANDOM.standard_normal(shape) * 40
    x = x.astype(kind) if kind != "bool" else x > 0
    if special and x.dtype.kind == "f":
        flat = x.reshape(-1)
        for value in (np.nan, -np.nan, np.inf, -np.inf, 0.0, -0.0):
            flat[RANDOM.integers(0, flat.size, flat.size // 20)] = value
    return x


@pytest.mark.parametrize("special", [False, True])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", SHAPES)
def test_orders(shape, kind, special):
    x = array(shape, kind, special)
    for axis in range(x.ndim):
        for descending in (False, True):
            full = kernels.order.plain(x, axis, descending)
            np.testing.assert_array_equal(kernels.order(x, axis, descending), full)
            for count in {0, 1, 3, min(16, x.shape[axis]), x.shape[axis]}:
                found = kernels.order_start(x, axis, count, descending)
                np.testing.assert_array_equal(found, np.take(full, np.arange(count), axis))
        rank = x.shape[axis] // 2
        expected = kernels.order_at.plain(x, axis, rank)
        np.testing.assert_array_equal(kernels.order_at(x, axis, rank), expected)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", [None, 0, 1, 2, -1])
@pytest.mark.parametrize("length", [5, 64, 65, 1001])
def test_products_and_squares(length, axis, keepdims, dtype):
    x = RANDOM.uniform(0.8, 1.2, (3, 2, length)).astype(dtype)
    rtol = {"float32": 2e-5, "float64": 1e-12}[dtype]
    for kernel in (product, square_sum):
        found, expected = kernel(x, axis, keepdims), kernel.plain(x, axis, keepdims)
        np.testing.assert_allclose(found, expected, rtol=rtol)
        assert found.dtype == expected.dtype
        assert found.shape == expected.shape
        turned = np.transpose(x)
        np.testing.assert_allclose(
            kernel(turned, axis, keepdims), kernel.plain(turned, axis, keepdims), rtol=rtol
        )


@pytest.mark.parametrize("names", [3, 5000])
@pytest.mark.parametrize("width", [(), (1,), (3, 2), (100,), (500,)])
def test_added_rows(width, names):
    rows = RANDOM.integers(0, names, 600)
    values = RANDOM.standard_normal((600, *width))
    found, expected = np.zeros((names, *width)), np.zeros((names, *width))
    add_rows(found, rows, values)
    add_rows.plain(expected, rows, values)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_rows_of_nothing():
    out = np.zeros((3, 0))
    add_rows(out, np.array([0, 1]), np.zeros((2, 0)))
    assert out.shape == (3, 0)
