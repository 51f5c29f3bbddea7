"""Softmax, attention and normalisation of rows equal their plain twins: shapes, strides, dtypes."""

from __future__ import annotations

import numpy as np
import pytest

from tinygrad_lite._kernels import (
    PLAIN,
    attention as A,
    normalization as N,
    planes as P,
    reduction as R,
    softmax as S,
)

pytestmark = pytest.mark.skipif(PLAIN, reason="the plain twins are running")

SHAPES = [(1, 1), (3, 7), (2, 3, 5), (300, 64), (70, 1000), (5, 20_000), (0, 4), (4, 3, 33, 65)]
TOLERANCE = {"float16": 2e-3, "float32": 2e-6, "float64": 1e-14}
LAYOUTS = {
    "contiguous": lambda x: x,
    "reversed": lambda x: x[::-1],
    "transposed": lambda x: np.ascontiguousarray(x.swapaxes(0, -1)).swapaxes(0, -1),
    "strided": lambda x: np.repeat(x, 2, axis=-1)[..., ::2],
    "fortran": np.asfortranarray,
}


def array(shape, dtype, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def near(found, expected, dtype, scale=1.0):
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE[dtype] * scale)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("shape", SHAPES)
def test_softmax(shape, dtype, layout):
    x = LAYOUTS[layout](array(shape, dtype))
    g = LAYOUTS[layout](array(shape, dtype, 1))
    before = x.copy()
    for axis in {0, x.ndim - 1}:
        for kernel, pull in ((S.softmax, S.softmax_pull), (S.log_softmax, S.log_softmax_pull)):
            expected = kernel.plain(x.astype(float), axis)
            out = kernel(x, axis)
            assert out.dtype == x.dtype
            near(out, expected, dtype, scale=max(1.0, abs(expected).max(initial=0)))
            pulled = pull.plain(g.astype(float), expected, axis)
            size = abs(pulled).max(initial=1) * 4
            near(pull(g, out.astype(dtype), axis), pulled, dtype, scale=size)
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("width", [5, 64, 300])
@pytest.mark.parametrize(
    "values",
    [(70.0, -70.0), (1e30, -1e30), (-1e5, -1e5 - 1), (np.inf, 0.0), (np.nan, 0.0), (-np.inf,)],
)
@pytest.mark.parametrize("rows", [13, 400])
def test_softmax_of_extreme_rows(values, width, rows):
    x = array((rows, width), "float32")
    x[7, : len(values)] = values
    x[8] = values[0]
    x[9:12, 0], x[12, -1] = -np.inf, -np.inf  # masked in front, and behind
    with np.errstate(all="ignore"):
        near(S.softmax(x, 1), S.softmax.plain(x, 1), "float32")


@pytest.mark.parametrize("masked", ["nothing", "future", "past", "a row"])
@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("shape", [(2, 3, 5, 4), (2, 4, 64, 32), (3, 200, 16), (2, 0, 3)])
def test_attention(shape, dtype, masked):
    q, k, v = (array(shape, dtype, s) for s in range(3))
    square = np.ones((shape[-2], shape[-2]), bool)
    kept = {"nothing": square, "future": np.tril(square), "past": np.triu(square)}.get(masked)
    if kept is None:
        kept = square.copy()
        kept[:1] = False
    mask = np.where(kept, 0, -np.inf).astype(dtype)
    with np.errstate(all="ignore"):
        for found, expected in zip(
            A.attention(q, k, v, mask, 0.3), A.attention.plain(q, k, v, mask, 0.3), strict=True
        ):
            near(found, expected, dtype, scale=4)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("shape", [(1, 2), (7, 3), (768, 128), (66, 1024), (3, 70_000)])
def test_row_norm(shape, affine, dtype, layout):
    x, g = LAYOUTS[layout](array(shape, dtype) * 3 + 5), LAYOUTS[layout](array(shape, dtype, 1))
    w, b = array((2, shape[1]), dtype, 2) if affine else (None, None)
    args = (x, w, b)
    exact = N.row_norm.plain(*(a if a is None else a.astype(float) for a in args), 1e-5)
    found = N.row_norm(*args, 1e-5)
    for one, other in zip(found, exact, strict=True):
        near(one, other, dtype, scale=20)
    exact = N.row_norm_pull.plain(*(a if a is None else a.astype(float) for a in (g, x, w)),
                                  *exact[1:], (True,) * 3)  # fmt: skip
    for one, other in zip(N.row_norm_pull(g, x, w, *found[1:], (True,) * 3), exact, strict=True):
        near(one, other, dtype, scale=20 * max(1, abs(other).max()))


@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize(
    "shape", [(2, 1), (4, 3), (8, 5, 7), (4, 32, 16, 16), (9, 64, 13, 11), (2, 300, 40, 4)]
)
def test_channel_norm(shape, affine, dtype, last):
    x, g = array(shape, dtype) * 2 + 3, array(shape, dtype, 1)
    if last:
        x, g = (np.moveaxis(np.moveaxis(a, 1, -1).copy(), -1, 1) for a in (x, g))
    w, b = array((2, shape[1]), dtype, 2) if affine else (None, None)
    exact = N.channel_norm.plain(*(a if a is None else a.astype(float) for a in (x, w, b)), 1e-5)
    found = N.channel_norm(x, w, b, 1e-5)
    for one, other in zip(found, exact, strict=True):
        assert one.dtype == x.dtype
        near(one, other, dtype, scale=20 * max(1, abs(other).max()))
    _, mean, _, scale = exact
    exact = N.channel_norm_pull.plain(
        *(a if a is None else a.astype(float) for a in (g, x, w)), mean, scale, (True,) * 3
    )
    _, mean, _, scale = found
    for one, other in zip(
        N.channel_norm_pull(g, x, w, mean, scale, (True,) * 3), exact, strict=True
    ):
        near(one, other, dtype, scale=30 * max(1, abs(other).max()))


def wide(*arrays):
    return [a if a is None else a.astype(float) for a in arrays]


IMAGES = [(2, 6), (0, 6, 4), (8, 6, 7), (4, 30, 16, 16), (9, 60, 13, 11), (2, 300, 40, 4)]


@pytest.mark.parametrize("layout", [*LAYOUTS, "channels last"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("shape", IMAGES)
def test_frozen_norm_and_plane_norm(shape, affine, dtype, layout):
    lay = LAYOUTS.get(layout, lambda a: np.moveaxis(np.moveaxis(a, 1, -1).copy(), -1, 1))
    x, g = lay(array(shape, dtype) * 2 + 3), lay(array(shape, dtype, 1))
    w, b = array((2, shape[1]), dtype, 2) if affine else (None, None)
    mean, var = array(shape[1], dtype, 3), abs(array(shape[1], dtype, 4)) + 0.1
    every = (True,) * 3
    found = N.frozen_norm(x, w, b, mean, var, 1e-5)
    exact = N.frozen_norm.plain(*wide(x, w, b, mean, var), 1e-5)
    pulled = N.frozen_norm_pull(g, x, w, mean, found[1], every)
    slopes = N.frozen_norm_pull.plain(*wide(g, x, w, mean), exact[1], every)
    for one, other in zip((*found, *pulled), (*exact, *slopes), strict=True):
        assert one.dtype == x.dtype
        near(one, other, dtype, scale=30 * max(1, abs(other).max(initial=0)))
    for groups in (1, 3, shape[1]):
        if not x.size:
            continue
        found = P.plane_norm(x, groups, w, b, 1e-3)
        exact = P.plane_norm.plain(*wide(x), groups, *wide(w, b), 1e-3)
        pulled = P.plane_norm_pull(g, x, w, *found[1:], every)
        slopes = P.plane_norm_pull.plain(*wide(g, x, w), *exact[1:], every)
        for one, other in zip((*found, *pulled), (*exact, *slopes), strict=True):
            assert one.dtype == x.dtype
            near(one, other, dtype, scale=200 * max(1, abs(other).max(initial=0)))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("shape", [(1,), (40,), (3, 7), (40, 32), (40, 33), (5, 6, 7), (20, 3000)])
def test_row_maxima(shape, layout):
    x = LAYOUTS[layout](array(shape, "float32"))
    x[..., -1] = np.nan if shape[0] == 5 else x[..., -1]
    np.testing.assert_array_equal(R.row_maxima(x), R.row_maxima.plain(x))
    x[:] = -np.inf
    np.testing.assert_array_equal(R.row_maxima(x), R.row_maxima.plain(x))
