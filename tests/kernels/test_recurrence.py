"""The LSTM's steps equal the plain twin, forward, and numerical differences of it, backward."""

from __future__ import annotations

import numpy as np
import pytest

from tinygrad_lite._kernels import PLAIN, recurrence as kernels

pytestmark = pytest.mark.skipif(PLAIN, reason="the plain twins are running")


def operands(sizes, width, hidden, dtype, *, bias=True):
    shapes = [
        (sum(sizes), width), (sizes[0], hidden), (sizes[0], hidden), (4 * hidden, width),
        (4 * hidden, hidden), (4 * hidden,),
    ]  # fmt: skip
    random = np.random.default_rng(0)
    made = [random.standard_normal(s).astype(dtype) for s in shapes]
    return made if bias else [*made[:-1], None]


@pytest.mark.parametrize("layout", [np.ascontiguousarray, np.asfortranarray])
@pytest.mark.parametrize(("dtype", "gap"), [("float32", 3e-6), ("float64", 1e-13)])
@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("sizes", [(3, 3, 3), (4, 3, 1, 1), (1,), (64,) * 5])
def test_forward(sizes, bias, backwards, dtype, gap, layout):
    args = operands(sizes, 5, 7, dtype, bias=bias)
    args = [a if a is None else layout(a) for a in args]
    before = [a if a is None else a.copy() for a in args]
    found = kernels.lstm(*args, sizes, backwards)
    for one, other in zip(found, kernels.lstm.plain(*args, sizes, backwards), strict=True):
        assert one.dtype == dtype
        np.testing.assert_allclose(one, other, rtol=gap, atol=gap)
    for one, other in zip(args, before, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("sizes", [(2, 2), (3, 2, 1)])
def test_backward_equals_differences_of_the_twin(sizes, backwards):
    args = operands(sizes, 2, 3, "float64")
    out = kernels.lstm(*args, sizes, backwards)
    g_hs, g_cs = (np.random.default_rng(k).standard_normal(out[0].shape) for k in (1, 2))
    found = kernels.lstm_pull(g_hs, g_cs, tuple(args[:5]), out[1:], sizes, backwards, (True,) * 6)

    def loss():
        hs, cs, *_ = kernels.lstm.plain(*args, sizes, backwards)
        return (hs * g_hs).sum() + (cs * g_cs).sum()

    for array, gradient in zip(args, found, strict=True):
        flat = array.reshape(-1)
        for place in range(0, flat.size, 3):
            kept = flat[place]
            sides = []
            for step in (1e-5, -1e-5):
                flat[place] = kept + step
                sides.append(loss())
            flat[place] = kept
            slope = (sides[0] - sides[1]) / 2e-5
            np.testing.assert_allclose(gradient.reshape(-1)[place], slope, rtol=1e-6, atol=1e-8)
