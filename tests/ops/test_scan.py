"""Scans on plain arrays: values, slopes, zeros and ties."""

from __future__ import annotations

import numpy as np
import pytest

from tests.ops.slopes import check_slopes, pull_with
from tinygrad_lite.ops import scan as ops

X = np.random.default_rng(0).standard_normal((3, 4, 2))


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_values(axis):
    np.testing.assert_allclose(ops.cumsum(X, axis=axis), np.cumsum(X, axis))
    np.testing.assert_allclose(ops.cumprod(X, axis=axis), np.cumprod(X, axis))
    np.testing.assert_allclose(
        ops.logcumsumexp(X, axis=axis), np.log(np.cumsum(np.exp(X), axis)), rtol=1e-12
    )
    np.testing.assert_array_equal(
        ops.cumsum(X, axis=axis, reverse=True), np.flip(np.cumsum(np.flip(X, axis), axis), axis)
    )
    np.testing.assert_array_equal(
        ops.cumprod(X, axis=axis, reverse=True), np.flip(np.cumprod(np.flip(X, axis), axis), axis)
    )


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("op", [ops.cumsum, ops.cumprod, ops.logcumsumexp], ids=lambda op: op.name)
def test_slopes(op, axis, reverse):
    check_slopes(op, (X,), {"axis": axis, "reverse": reverse})


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_slopes_of_extremes(axis):
    check_slopes(ops.cummax, (X,), {"axis": axis})
    check_slopes(ops.cummin, (X,), {"axis": axis})


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("axis", [0, 1])
def test_recurrence(axis, reverse):
    a, b = X[..., 0], X[..., 1]
    y = ops.recurrence(a, b, axis=axis, reverse=reverse)
    step = -1 if reverse else 1
    before = ops.shift(y, axis=axis, by=step)
    np.testing.assert_allclose(y, b + a * before)
    check_slopes(ops.recurrence, (a, b), {"axis": axis, "reverse": reverse})


@pytest.mark.parametrize("by", [-5, -1, 0, 1, 2, 4])
def test_shift(by):
    x = np.arange(1.0, 5.0)
    expected = [x[i - by] if 0 <= i - by < 4 else 9 for i in range(4)]
    np.testing.assert_array_equal(ops.shift(x, axis=0, by=by, fill=9), expected)
    check_slopes(ops.shift, (x,), {"axis": 0, "by": by, "fill": 9})


def grad(op, x, g, **settings):
    return pull_with(op, (x,), settings, g)[1][0]


def test_running_product_at_zeros():
    ones = np.ones(3)
    np.testing.assert_array_equal(grad(ops.cumprod, np.array([2.0, 0, 3]), ones, axis=0), [1, 8, 0])
    np.testing.assert_array_equal(grad(ops.cumprod, np.array([2.0, 0, 0]), ones, axis=0), [1, 2, 0])
    x = np.where(X > 0.5, 0, X)
    assert (x == 0).any()
    check_slopes(ops.cumprod, (x,), {"axis": 1})
    check_slopes(ops.cumprod, (x,), {"axis": 1, "reverse": True})


def test_later_ties_get_the_credit():
    x = np.array([1.0, 2.0, 2.0, 1.0])
    values, indices = ops.cummax(x, axis=0)
    np.testing.assert_array_equal(values, [1, 2, 2, 2])
    np.testing.assert_array_equal(indices, [0, 1, 2, 2])
    np.testing.assert_array_equal(grad(ops.cummax, x, (np.ones(4), None), axis=0), [1, 1, 2, 0])


def test_nan_stays():
    values, indices = ops.cummin(np.array([1.0, np.nan, 0.0]), axis=0)
    np.testing.assert_array_equal(values, [1, np.nan, np.nan])
    np.testing.assert_array_equal(indices, [0, 1, 1])


def test_log_of_running_sums_at_the_ends():
    x = np.array([-np.inf, 0.0, 1000.0, -np.inf])
    out = ops.logcumsumexp(x, axis=0)
    np.testing.assert_allclose(out, [-np.inf, 0, 1000, 1000])
    g = grad(ops.logcumsumexp, x, np.ones(4), axis=0)
    np.testing.assert_allclose(g, [0, 1, 2, 0])


def test_types():
    for kind in ("bool", "uint8", "int32"):
        assert ops.cumsum(np.ones(3, kind), axis=0).dtype == np.int64
        assert ops.cumprod(np.ones(3, kind), axis=0).dtype == np.int64
    half = ops.cumsum(np.full(4000, 0.1, np.float16), axis=0)
    assert half.dtype == np.float16
    assert half[-1] == np.float16(400)
    for op in (ops.cumsum, ops.cumprod, ops.logcumsumexp):
        x = X.astype(np.float32)
        assert op(x, axis=0).dtype == np.float32
        assert grad(op, x, x, axis=0).dtype == np.float32


def test_a_single_number_and_nothing():
    for op in (ops.cumsum, ops.cumprod, ops.logcumsumexp):
        assert op(np.array(3.0), axis=0) == 3
        assert op(np.zeros((0, 2)), axis=0).shape == (0, 2)
        assert grad(op, np.zeros((0, 2)), np.zeros((0, 2)), axis=0).shape == (0, 2)


def test_long_sums_do_not_lose_digits():
    x = np.full(1_000_000, 0.1, np.float32)
    assert ops.cumsum(x, axis=0)[-1] == pytest.approx(100_000, rel=1e-6)
