"""Reductions on plain arrays: values against NumPy, slopes against differences, corners."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.ops.pulling import pull
from tests.ops.slopes import check_slopes, pull_with
from tinygrad_lite.ops import reduction as ops

X = np.random.default_rng(0).standard_normal((3, 4, 2))
AXES = [None, 0, 1, -1, (0, 2), (2, 0, 1)]
ORDERS = [1, 2, 3, 1.5, 0.5, -1, math.inf, -math.inf]


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize(
    ("op", "reference"),
    [(ops.sum, np.sum), (ops.mean, np.mean), (ops.amax, np.max), (ops.amin, np.min),
     (ops.all, np.all), (ops.any, np.any), (ops.count_nonzero, np.count_nonzero)],
    ids=lambda v: getattr(v, "name", ""),
)  # fmt: skip
def test_value_is_numpys(op, reference, axis, keepdims):
    x = np.where(X > 1, 0, X)
    np.testing.assert_allclose(
        op(x, axis=axis, keepdims=keepdims), reference(x, axis=axis, keepdims=keepdims)
    )


@pytest.mark.parametrize("correction", [0, 1, 1.5])
@pytest.mark.parametrize("axis", AXES)
def test_variance_is_numpys(axis, correction):
    expected = np.var(X, axis=axis, ddof=correction)
    np.testing.assert_allclose(ops.var(X, axis=axis, correction=correction), expected)
    np.testing.assert_allclose(ops.std(X, axis=axis, correction=correction), np.sqrt(expected))


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
def test_product_and_positions_are_numpys(axis):
    np.testing.assert_allclose(ops.prod(X, axis=axis), np.prod(X, axis=axis))
    assert np.array_equal(ops.argmax(X, axis=axis), np.argmax(X, axis=axis))
    assert np.array_equal(ops.argmin(X, axis=axis), np.argmin(X, axis=axis))


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("p", [*ORDERS, 0])
def test_norm_by_its_definition(p, axis):
    size = np.abs(X)
    expected = {
        0: lambda: np.sum(size != 0, axis=axis),
        math.inf: lambda: np.max(size, axis=axis),
        -math.inf: lambda: np.min(size, axis=axis),
    }.get(p, lambda: np.sum(size**p, axis=axis) ** (1 / p))()
    np.testing.assert_allclose(ops.norm(X, p=p, axis=axis), expected)


def test_logsumexp_does_not_overflow():
    x = np.array([[1000.0, 1000.0], [-1000.0, -1001.0], [-np.inf, -np.inf], [-np.inf, 2.0]])
    found = ops.logsumexp(x, axis=1)
    np.testing.assert_allclose(
        found, [1000 + math.log(2), -1000 + math.log1p(math.exp(-1)), -math.inf, 2.0]
    )


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize(
    "op", [ops.sum, ops.mean, ops.amax, ops.amin, ops.var, ops.std, ops.logsumexp],
    ids=lambda op: op.name,
)  # fmt: skip
def test_slopes(op, axis, keepdims):
    check_slopes(op, (X,), {"axis": axis, "keepdims": keepdims})


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("op", [ops.max_along, ops.min_along, ops.prod], ids=lambda op: op.name)
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_slopes_along_one_axis(op, axis, keepdims):
    check_slopes(op, (X,), {"axis": axis, "keepdims": keepdims})


@pytest.mark.parametrize("op", [ops.max, ops.min, ops.prod], ids=lambda op: op.name)
def test_slopes_of_all(op):
    check_slopes(op, (X,))


@pytest.mark.parametrize("axis", [None, 0, (0, 2)])
@pytest.mark.parametrize("p", ORDERS)
def test_slopes_of_norms(p, axis):
    check_slopes(ops.norm, (X,), {"p": p, "axis": axis})


def grad(op, x, g=None, **settings):
    """The gradient of the first operand for ones."""
    out = op(x, **settings)
    first = out[0] if op.outputs else out
    g = np.ones_like(first) if g is None else g
    return pull_with(op, (x,), settings, (g, None) if op.outputs else g)[1][0]


def test_ties_of_all_share_the_gradient():
    x = np.array([1.0, 3.0, 3.0, 0.0])
    np.testing.assert_array_equal(grad(ops.max, x), [0, 0.5, 0.5, 0])
    np.testing.assert_array_equal(grad(ops.amax, x), [0, 0.5, 0.5, 0])
    np.testing.assert_array_equal(grad(ops.min, -x), [0, 0.5, 0.5, 0])
    np.testing.assert_array_equal(grad(ops.amax, np.stack([x, x]), axis=1), [[0, 0.5, 0.5, 0]] * 2)


def test_seventy_thousand_ties_in_half_precision():
    x = np.ones(70_000, np.float16)
    g = grad(ops.amax, x)
    assert g.dtype == np.float16
    np.testing.assert_allclose(g.astype(np.float64), 1 / 70_000, rtol=1e-2)


def test_ties_along_an_axis_go_to_the_first():
    x = np.array([[3.0, 1.0, 3.0], [2.0, 2.0, 0.0]])
    values, indices = ops.max_along(x, axis=1)
    np.testing.assert_array_equal(values, [3, 2])
    np.testing.assert_array_equal(indices, [0, 0])
    np.testing.assert_array_equal(grad(ops.max_along, x, axis=1), [[1, 0, 0], [1, 0, 0]])
    np.testing.assert_array_equal(grad(ops.min_along, -x, axis=1), [[1, 0, 0], [1, 0, 0]])


def test_nan_wins_and_gets_the_gradient():
    x = np.array([1.0, np.nan, 3.0])
    assert np.isnan(ops.max(x))
    assert np.isnan(ops.amin(x, axis=0))
    np.testing.assert_array_equal(grad(ops.max, x), [0, 1, 0])
    values, indices = ops.min_along(x, axis=0)
    assert np.isnan(values)
    assert indices == 1


@pytest.mark.parametrize(
    ("x", "expected"),
    [([2.0, 0.0, 3.0], [0, 6, 0]), ([0.0, 0.0, 3.0], [0, 0, 0]), ([2.0, 4.0], [4, 2])],
)
def test_product_at_zeros(x, expected):
    np.testing.assert_array_equal(grad(ops.prod, np.array(x), axis=0), expected)
    np.testing.assert_array_equal(grad(ops.prod, np.array(x)), expected)


def test_deviation_and_norms_at_zero_have_no_slope():
    zeros = np.zeros((2, 3))
    np.testing.assert_array_equal(grad(ops.std, zeros + 5, axis=1), zeros)
    for p in (1, 1.5, 2, 3, 0.5, 0):
        np.testing.assert_array_equal(grad(ops.norm, zeros, p=p, axis=1), zeros)


def test_largest_norm_shares_ties_with_sign():
    x = np.array([-2.0, 1.0, 2.0])
    np.testing.assert_array_equal(grad(ops.norm, x, p=math.inf), [-0.5, 0, 0.5])


def test_one_element_has_no_deviation():
    assert np.isnan(ops.std(np.array([3.0])))
    assert np.isnan(grad(ops.std, np.array([3.0]), np.array(1.0))).all()


@pytest.mark.parametrize("kind", ["bool", "uint8", "int8", "int32", "int64"])
def test_integers_add_and_multiply_in_int64(kind):
    x = np.ones((2, 3), kind)
    for op in (ops.sum, ops.prod):
        assert op(x).dtype == np.int64
        assert op(x, axis=0).dtype == np.int64
    assert ops.sum(np.full(300, 200).astype("uint8")) == 60_000


def test_halves_add_in_single_precision():
    x = np.full(100_000, 0.1, np.float16)
    assert ops.sum(x) == np.float16(10_000)
    assert ops.mean(np.full(70_000, 1.0, np.float16)) == 1


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize(
    "op", [ops.sum, ops.mean, ops.var, ops.std, ops.amax, ops.prod, ops.norm, ops.logsumexp],
    ids=lambda op: op.name,
)  # fmt: skip
def test_types_are_kept(op, dtype):
    x = X.astype(dtype)
    for axis in (None, 1):
        out, (g,) = pull(op, (x,), {"axis": axis})
        assert out.dtype == dtype
        assert g.dtype == dtype


def test_nothing_to_reduce():
    x = np.zeros((0, 3))
    assert ops.sum(x) == 0
    assert ops.prod(x) == 1
    assert np.isnan(ops.mean(x))
    assert ops.norm(x) == 0
    assert ops.logsumexp(x) == -math.inf
    np.testing.assert_array_equal(ops.sum(x, axis=0), [0, 0, 0])
    for op in (ops.sum, ops.mean, ops.prod, ops.norm, ops.logsumexp, ops.var):
        assert grad(op, x, np.ones(3), axis=0).shape == (0, 3)


def test_a_single_number():
    x = np.array(3.0)
    assert ops.sum(x, axis=0) == 3
    assert ops.max_along(x, axis=0) == (3, 0)
    for op in (ops.sum, ops.mean, ops.amax, ops.prod, ops.norm, ops.logsumexp):
        assert grad(op, x, np.array(2.0), axis=0) == 2


def test_the_gradient_of_a_large_sum_is_a_view():
    g = np.ones(4)
    spread = grad(ops.sum, np.zeros((3000, 4)), g, axis=0)
    assert np.shares_memory(spread, g)


@pytest.mark.parametrize("length", [1_000_000, 1_000_003, 1500])
def test_long_columns_do_not_lose_digits(length):
    x = np.full((length, 2), 0.1, np.float32)
    roundings = 64 * np.finfo(np.float32).eps / 2  # as many as a block has elements
    exact = np.float64(np.float32(0.1)) * length
    np.testing.assert_allclose(ops.sum(x, axis=0), exact, rtol=roundings)
    np.testing.assert_allclose(ops.sum(x, axis=0, keepdims=True), [[exact] * 2], rtol=roundings)
    np.testing.assert_allclose(ops.mean(x, axis=0), 0.1, rtol=roundings)
    np.testing.assert_allclose(ops.var(x, axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(ops.norm(x, axis=0) ** 2, exact * 0.1, rtol=2 * roundings)
