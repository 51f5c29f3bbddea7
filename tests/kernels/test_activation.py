"""Activations with their slopes equal their plain twins: shapes, strides, dtypes."""

from __future__ import annotations

import numpy as np
import pytest

from tests.kernels.test_rows import LAYOUTS, array
from tinygrad_lite._kernels import PLAIN, activation as A

pytestmark = pytest.mark.skipif(PLAIN, reason="the plain twins are running")


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("dtype", "gap"), [("float16", 4e-3), ("float32", 2e-6), ("float64", 0)])
@pytest.mark.parametrize("shape", [(1,), (7, 3), (300, 400), (0, 2), (2, 65_536), (65_537,)])
@pytest.mark.parametrize("kernel", [A.gelu, A.gelu_tanh, A.silu])
def test_value_and_slope(kernel, shape, dtype, gap, layout):
    x = LAYOUTS[layout](array(shape, dtype) * 3)
    before = x.copy()
    value, slope = kernel(x)
    expected = kernel.plain(x.astype(float))
    assert value.dtype == slope.dtype == x.dtype
    assert value.shape == slope.shape == x.shape
    np.testing.assert_allclose(value, expected[0], rtol=gap, atol=max(gap, 1e-14))
    np.testing.assert_allclose(slope, expected[1], rtol=gap, atol=max(gap, 1e-14))
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("kernel", [A.gelu, A.gelu_tanh, A.silu])
def test_far_away(kernel):
    x = np.array([30.0, -30.0, 200.0, -200.0, 0.0, -0.0, 1e-30], "float32")
    value, slope = kernel(x)
    np.testing.assert_allclose(value, np.where(x > 1, x, 0), atol=1e-6)
    np.testing.assert_allclose(slope[:4], x[:4] > 0, atol=1e-6)


def test_gelu_is_as_exact_as_float32_allows():
    x = np.linspace(-9, 9, 100_001, dtype="float32")
    value, slope = A.gelu(x)
    exact = A.gelu.plain(x.astype(float))
    np.testing.assert_allclose(value, exact[0], rtol=0, atol=6e-7)
    np.testing.assert_allclose(slope, exact[1], rtol=0, atol=3e-7)
