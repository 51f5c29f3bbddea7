"""The affine map equals its plain twin on every shape, layout and type."""

from __future__ import annotations

import numpy as np
import pytest

from tinygrad_lite._kernels import PLAIN, affine as kernels

pytestmark = pytest.mark.skipif(PLAIN, reason="the plain twins are running")

SHAPES = [
    (1, 128, 512), (2, 700, 3), (2, 700, 900), (7, 30, 400), (16, 64, 256), (16, 63, 256),
    (32, 128, 512), (32, 127, 512), (32, 128, 511), (32, 200, 256), (2, 4000, 700),
    (5, 100, 1000), (13, 300, 300),
    (33, 300, 300), (96, 400, 13), (97, 400, 13), (128, 10, 4), (0, 5, 3), (3, 0, 4),
    (10_000, 5, 10), (4099, 3, 31), (2048, 4, 64),
]  # fmt: skip


def spaced(array):
    """The same values with gaps between the rows."""
    wide = np.zeros((array.shape[0], array.shape[1] + 3), array.dtype)
    wide[:, : array.shape[1]] = array
    return wide[:, : array.shape[1]]


@pytest.mark.parametrize("layout", [np.ascontiguousarray, np.asfortranarray, spaced])
@pytest.mark.parametrize(
    ("dtype", "gap"), [("float16", 3e-2), ("float32", 2e-5), ("float64", 1e-12)]
)
@pytest.mark.parametrize("shape", SHAPES)
def test_equals_the_twin(shape, dtype, gap, layout):
    rows, terms, columns = shape
    random = np.random.default_rng(0)
    x, weight = (
        layout((random.standard_normal((n, terms)) / max(terms, 1) ** 0.5).astype(dtype))
        for n in (rows, columns)
    )
    bias = random.standard_normal(columns).astype(dtype)
    given = [a.copy() for a in (x, weight, bias)]
    found, expected = kernels.affine(x, weight, bias), kernels.affine.plain(x, weight, bias)
    bare, bare_expected = kernels.product(x, weight), kernels.product.plain(x, weight)
    for one, other in ((found, expected), (bare, bare_expected)):
        assert one.dtype == dtype
        assert one.flags.c_contiguous
        assert one.flags.owndata
        np.testing.assert_allclose(one, other, rtol=gap, atol=gap)
    for one, other in zip((x, weight, bias), given, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("layout", [np.ascontiguousarray, np.asfortranarray, spaced])
@pytest.mark.parametrize(("dtype", "gap"), [("float32", 2e-5), ("float64", 1e-12)])
@pytest.mark.parametrize(
    "shape",
    [
        (1, 1024, 256),
        (2, 1024, 1024),
        (4, 1024, 300),
        (8, 1024, 256),
        (16, 1024, 256),
        (17, 512, 128),
        (16, 512, 128),
        (3, 0, 4),
        (0, 3, 4),
        (16, 5000, 30),
    ],
)
def test_the_product_on_the_way_back(shape, dtype, gap, layout):
    rows, terms, columns = shape
    random = np.random.default_rng(0)
    g, weight = (
        layout((random.standard_normal(s) / max(terms, 1) ** 0.5).astype(dtype))
        for s in ((rows, terms), (terms, columns))
    )
    found = kernels.times(g, weight)
    assert (found.dtype, found.flags.c_contiguous, found.flags.owndata) == (dtype, True, True)
    np.testing.assert_allclose(found, kernels.times.plain(g, weight), rtol=gap, atol=gap)


def test_a_bias_of_one_number():
    random = np.random.default_rng(0)
    x, weight = (random.standard_normal((n, 128)).astype("float32") for n in (16, 256))
    bias = np.ones(1, "float32")
    np.testing.assert_allclose(
        kernels.affine(x, weight, bias), kernels.affine.plain(x, weight, bias), rtol=2e-5, atol=2e-5
    )
