"""Views of raw memory on plain arrays."""

from __future__ import annotations

import numpy as np
import pytest

from tests.ops.slopes import check_slopes
from tinygrad_lite.ops import strided as ops

X = np.random.default_rng(0).standard_normal((3, 4))


@pytest.mark.parametrize(
    ("shape", "strides", "offset"),
    [((2, 2), (1, 2), 0), ((3,), (4,), 1), ((5, 3), (1, 1), 2), ((2, 3), (0, 1), 0), ((), (), 7)],
)
def test_as_strided(shape, strides, offset):
    settings = {"strides": strides, "offset": offset}
    found = ops.as_strided(X, shape=shape, **settings)
    for at in np.ndindex(shape):
        place = offset + sum(i * s for i, s in zip(at, strides, strict=True))
        assert found[at] == X.reshape(-1)[place]
    assert np.shares_memory(found, X)
    check_slopes(ops.as_strided, (X,), {"shape": shape, **settings})
    check_slopes(ops.unstrided, (np.array(found),), {"shape": X.shape, **settings})
