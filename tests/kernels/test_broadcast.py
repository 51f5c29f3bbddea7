"""Spreading and folding: the fast forms equal their plain twins, and keep their digits."""

from __future__ import annotations

import numpy as np
import pytest

from tinygrad_lite._kernels import PLAIN, broadcast

SHAPES = [
    ((), (3,)), ((3,), (2, 3)), ((1, 3), (2, 3)), ((2, 1), (2, 3)), ((1, 1), (2, 3)),
    ((4,), (2, 3, 4)), ((3, 1), (2, 3, 4)), ((3, 4), (2, 3, 4)), ((1,), (5000,)), ((), ()),
    ((0,), (2, 0)), ((1, 3), (0, 3)), ((70,), (100, 70)), ((2, 70), (50, 2, 70)),
]  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16, np.int64])
@pytest.mark.parametrize(("small", "large"), SHAPES)
def test_kernels_equal_their_twins(small, large, dtype):
    rng = np.random.default_rng(0)
    x, y = (np.asarray(rng.integers(-9, 9, shape).astype(dtype)) for shape in (small, large))
    spread = broadcast.spread(x, large)
    np.testing.assert_array_equal(spread, np.broadcast_to(x, large))
    assert spread.dtype == x.dtype
    for z in (y, np.asfortranarray(y), np.repeat(y, 2, axis=-1)[..., ::2] if y.ndim else y):
        folded = broadcast.fold(z, small)
        expected = getattr(broadcast.fold, "plain", broadcast.fold)(z, small)
        np.testing.assert_array_equal(folded, expected)
        assert np.shape(folded) == np.shape(expected) == small


@pytest.mark.skipif(PLAIN, reason="NumPy's own sums down columns add one by one")
@pytest.mark.parametrize("rows", [1000, 5000, 100_000])
def test_tall_columns_keep_their_digits(rows):
    x = np.full((rows, 3), 0.1, np.float32)
    np.testing.assert_allclose(broadcast.column_sums(x), rows * 0.1, rtol=2e-5)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_special_values_stay_in_their_column(value):
    x = np.ones((40, 5), np.float32)
    x[7, 2] = value
    sums = broadcast.column_sums(x)
    np.testing.assert_array_equal(sums[[0, 1, 3, 4]], 40)
    np.testing.assert_array_equal(sums[2], value)
