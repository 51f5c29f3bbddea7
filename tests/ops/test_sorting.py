"""Order on plain arrays: stable, NaN last, gradients to the one element chosen."""

from __future__ import annotations

import numpy as np
import pytest

from tests.ops.pulling import pull
from tests.ops.slopes import check_slopes, pull_with
from tinygrad_lite.ops import sorting as ops

X = np.random.default_rng(0).standard_normal((4, 5, 3))
AXES = [0, 1, -1]
TIES = np.array([3, 1, 2, 3, 1, 2, 2])


@pytest.mark.parametrize("axis", AXES)
def test_sort(axis):
    values, indices = ops.sort(X, axis=axis)
    np.testing.assert_array_equal(values, np.sort(X, axis))
    np.testing.assert_array_equal(np.take_along_axis(X, indices, axis), values)
    down, order = ops.sort(X, axis=axis, descending=True)
    np.testing.assert_array_equal(down, np.flip(values, axis))
    np.testing.assert_array_equal(np.take_along_axis(X, order, axis), down)
    for descending in (False, True):
        check_slopes(ops.sort, (X,), {"axis": axis, "descending": descending})


def test_equal_elements_keep_their_order():
    assert ops.argsort(TIES).tolist() == [1, 4, 2, 5, 6, 0, 3]
    assert ops.argsort(TIES, descending=True).tolist() == [0, 3, 2, 5, 6, 1, 4]
    low = np.array([np.iinfo(np.int64).min, 0, 1])
    assert ops.argsort(low, descending=True).tolist() == [2, 1, 0]


def test_nan_is_largest():
    x = np.array([np.nan, 1.0, np.inf])
    assert ops.argsort(x).tolist() == [1, 2, 0]
    assert ops.argsort(x, descending=True).tolist() == [0, 2, 1]


@pytest.mark.parametrize("largest", [True, False])
@pytest.mark.parametrize("axis", AXES)
def test_topk(axis, largest):
    values, indices = ops.topk(X, k=2, axis=axis, largest=largest)
    ordered = np.sort(X, axis)
    ordered = np.flip(ordered, axis) if largest else ordered
    np.testing.assert_array_equal(values, np.take(ordered, [0, 1], axis))
    np.testing.assert_array_equal(np.take_along_axis(X, indices, axis), values)
    check_slopes(ops.topk, (X,), {"k": 2, "axis": axis, "largest": largest})


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", AXES)
def test_one_by_its_rank(axis, keepdims):
    settings = {"axis": axis, "keepdims": keepdims}
    ordered = np.sort(X, axis)
    lane = X.shape[axis]
    for k in range(1, lane + 1):
        values, _ = ops.kthvalue(X, k=k, **settings)
        np.testing.assert_array_equal(np.squeeze(values), np.take(ordered, k - 1, axis))
    values, indices = ops.median_along(X, **settings)
    np.testing.assert_array_equal(np.squeeze(values), np.take(ordered, (lane - 1) // 2, axis))
    place = indices if keepdims else np.expand_dims(indices, axis)
    np.testing.assert_array_equal(np.squeeze(np.take_along_axis(X, place, axis)),
                                  np.squeeze(values))  # fmt: skip
    check_slopes(ops.kthvalue, (X,), {"k": 2, **settings})
    for op in (ops.median_along, ops.nanmedian_along, ops.mode):
        check_slopes(op, (X,), settings)


def test_median_of_all():
    assert ops.median(np.array([4.0, 1.0, 3.0, 2.0])) == 2
    x = np.array([2.0, 1.0, 2.0, 2.0, 5.0])
    _, (g,) = pull(ops.median, (x,), {}, np.array(1.0))
    np.testing.assert_allclose(g, [1 / 3, 0, 1 / 3, 1 / 3, 0])
    check_slopes(ops.median, (X,))
    check_slopes(ops.nanmedian, (X,))


def test_medians_and_nan():
    x = np.array([[1.0, np.nan, 3.0, 2.0], [np.nan, np.nan, np.nan, np.nan]])
    values, indices = ops.median_along(x, axis=1)
    assert np.isnan(values).all()
    assert indices.tolist() == [1, 0]
    values, indices = ops.nanmedian_along(x, axis=1)
    np.testing.assert_array_equal(values, [2, np.nan])
    assert indices[0] == 3
    assert np.isnan(ops.median(x))
    assert ops.nanmedian(x) == 2


def test_mode():
    values, indices = ops.mode(TIES, axis=0)
    assert (values, indices) == (2, 6)
    values, indices = ops.mode(np.array([[3, 1, 3, 1], [0, 9, 9, 0]]), axis=1)
    assert values.tolist() == [1, 0]
    assert indices.tolist() == [3, 3]
    x = np.array([1.0, 2.0, 2.0])
    _, (g,) = pull_with(ops.mode, (x,), {"axis": 0}, (np.array(1.0), None))
    np.testing.assert_array_equal(g, [0, 0, 1])


def test_searching():
    rows = np.array([[1, 3, 3, 5], [0, 2, 4, 6]])
    asked = np.array([[3, 0, 9], [4, 5, 0]])
    assert ops.searchsorted(rows, asked).tolist() == [[1, 0, 4], [2, 3, 0]]
    assert ops.searchsorted(rows, asked, right=True).tolist() == [[3, 0, 4], [3, 3, 1]]
    assert ops.searchsorted(rows[0], np.array(3)) == 1
    assert ops.searchsorted(np.zeros((0, 0)), np.zeros((0, 0))).shape == (0, 0)


def test_counting():
    assert ops.bincount(np.array([0, 2, 2])).tolist() == [1, 0, 2]
    weighted = ops.bincount(np.array([0, 2, 2]), weights=np.array([1.0, 2.0, 3.0]), minlength=4)
    assert weighted.tolist() == [1, 0, 5, 0]
    assert ops.isin(TIES, np.array([1, 3])).tolist() == [
        True,
        True,
        False,
        True,
        True,
        False,
        False,
    ]


def test_a_single_number():
    x = np.array(3.0)
    assert ops.sort(x, axis=0) == (3, 0)
    assert ops.topk(x, k=1, axis=0) == (3, 0)
    for op in (ops.median_along, ops.nanmedian_along, ops.mode):
        assert op(x, axis=0) == (3, 0)
    assert ops.kthvalue(x, k=1, axis=0) == (3, 0)
