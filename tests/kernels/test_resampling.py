"""Resizing to the nearest elements and back equals its plain twin, to the bit where it copies."""

import numpy as np
import pytest

from tinygrad_lite._kernels import PLAIN, resampling as K
from tinygrad_lite._kernels.faces import channels_last, channels_second

pytestmark = pytest.mark.skipif(PLAIN, reason="the plain twins are running")

SIZES = [(1,), (5,), (3, 4), (8, 8), (1, 7), (2, 3, 4)]
FACTORS = [0.4, 0.5, 1, 1.5, 2, 3, 2.7, 9]
LAYOUTS = {
    "contiguous": lambda x: x,
    "channels last": lambda x: channels_second(np.ascontiguousarray(channels_last(x))),
    "transposed": lambda x: np.ascontiguousarray(x.T).T,
    "strided": lambda x: np.repeat(x, 2, axis=-1)[..., ::2],
}


def grids(size):
    for factor in FACTORS:
        outs = tuple(max(1, int(n * factor)) for n in size)
        for scales in ((None,) * len(size), (factor,) * len(size)):
            for exact in (False, True):
                yield K.Grid(size, outs, scales, exact)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_equals_the_plain_twin(size, layout):
    draw = np.random.default_rng(0)
    for grid in grids(size):
        for dtype in (np.float32, np.float64, np.uint8):
            x = LAYOUTS[layout]((draw.standard_normal((2, 3, *size)) * 50).astype(dtype))
            found = K.pick_nearest(x, grid)
            np.testing.assert_array_equal(found, K.pick_nearest.plain(x, grid))
            assert found.dtype == dtype
            assert not np.may_share_memory(found, x)
        g = LAYOUTS[layout](draw.standard_normal((2, 3, *grid.outs)))
        back = K.sum_nearest(g, grid)
        np.testing.assert_allclose(back, K.sum_nearest.plain(g, grid), rtol=1e-12, atol=1e-12)
        assert not np.may_share_memory(back, g)


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (2, 5), ()])
def test_any_number_of_leading_axes(shape):
    grid = K.Grid((3, 2), (7, 4), (None, None), False)
    x, g = np.ones((*shape, 3, 2), np.float32), np.ones((*shape, 7, 4), np.float32)
    np.testing.assert_array_equal(K.pick_nearest(x, grid), K.pick_nearest.plain(x, grid))
    np.testing.assert_array_equal(K.sum_nearest(g, grid), K.sum_nearest.plain(g, grid))


def test_in_pieces():
    x = np.random.default_rng(0).standard_normal((40, 3, 33, 20)).astype(np.float32)
    grid = K.Grid((33, 20), (66, 31), (None, None), False)
    np.testing.assert_array_equal(K.pick_nearest(x, grid), K.pick_nearest.plain(x, grid))


def test_an_infinite_gradient_stays_where_it_is():
    g = np.ones((1, 1, 7))
    g[..., 3] = np.inf
    back = K.sum_nearest(g, K.Grid((4,), (7,), (None,), False))
    assert np.isinf(back).sum() == 1
    assert not np.isnan(back).any()


@pytest.mark.parametrize("factor", [1.3, 2.2])
def test_sizes_kept_or_doubled_do_not_look_at_the_scale(factor):
    torch = pytest.importorskip("torch")
    x = np.arange(34.0, dtype=np.float32).reshape(1, 1, 17, 2)
    grid = K.Grid((17, 2), (int(17 * factor), int(2 * factor)), (factor, factor), False)
    expected = torch.nn.functional.interpolate(torch.from_numpy(x), scale_factor=factor)
    np.testing.assert_array_equal(K.pick_nearest(x, grid), expected.numpy())
