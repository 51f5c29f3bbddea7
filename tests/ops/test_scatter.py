"""Gathering and scattering on plain arrays: loops as oracle, slopes, repeated places."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from tests.ops.pulling import pull
from tests.ops.slopes import check_slopes
from tinygrad_lite._kernels.rows import add_rows
from tinygrad_lite.ops import gathering, scatter as ops

RANDOM = np.random.default_rng(0)
X = RANDOM.standard_normal((4, 5, 3))
INDEX = RANDOM.integers(0, 3, (2, 5, 2))  # fits every axis, with repeated places
SOURCE = RANDOM.standard_normal(INDEX.shape)
AXES = [0, 1, 2, -1]


def named(axis):
    """Pairs of a place in INDEX and the place in X that it names along `axis`."""
    for at in itertools.product(*map(range, INDEX.shape)):
        to = list(at)
        to[axis] = INDEX[at]
        yield at, tuple(to)


@pytest.mark.parametrize("axis", AXES)
def test_gather(axis):
    expected = np.empty(INDEX.shape)
    for at, to in named(axis):
        expected[at] = X[to]
    np.testing.assert_array_equal(gathering.gather(X, INDEX, axis=axis), expected)
    check_slopes(gathering.gather, (X, INDEX), {"axis": axis})
    check_slopes(gathering.ungather, (SOURCE, INDEX), {"shape": X.shape, "axis": axis})


@pytest.mark.parametrize("axis", AXES)
def test_scatter(axis):
    expected = X.copy()
    for at, to in named(axis):
        expected[to] = SOURCE[at]
    np.testing.assert_array_equal(ops.scatter(X, INDEX, SOURCE, axis=axis), expected)
    once = np.argsort(RANDOM.standard_normal(X.shape), axis=axis)
    check_slopes(ops.scatter, (X, once[:2, :, :2], SOURCE), {"axis": axis})
    check_slopes(ops.scatter_fill, (X, INDEX), {"value": 2.0, "axis": axis})


def test_every_repeated_source_gets_the_gradient():
    x, index, source = np.zeros(3), np.array([0, 0, 1]), np.array([1.0, 2.0, 3.0])
    out, (gx, _, gs) = pull(ops.scatter, (x, index, source), {"axis": 0}, np.array([1.0, 2, 3]))
    np.testing.assert_array_equal(out, [2, 3, 0])
    np.testing.assert_array_equal(gx, [0, 0, 3])
    np.testing.assert_array_equal(gs, [1, 1, 2])


@pytest.mark.parametrize("axis", AXES)
def test_scatter_add(axis):
    expected = X.copy()
    for at, to in named(axis):
        expected[to] += SOURCE[at]
    np.testing.assert_allclose(ops.scatter_add(X, INDEX, SOURCE, axis=axis), expected)
    check_slopes(ops.scatter_add, (X, INDEX, SOURCE), {"axis": axis})


@pytest.mark.parametrize("include_self", [True, False])
@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize(
    ("op", "settings", "combine"),
    [
        (ops.scatter_mean, {}, np.mean),
        (ops.scatter_prod, {}, np.prod),
        (ops.scatter_extreme, {"largest": True}, np.max),
        (ops.scatter_extreme, {"largest": False}, np.min),
    ],
    ids=["mean", "prod", "amax", "amin"],
)
def test_reductions_into_places(op, settings, combine, axis, include_self):
    brought: dict = {}
    for at, to in named(axis):
        brought.setdefault(to, [X[to]] if include_self else []).append(SOURCE[at])
    expected = X.copy()
    for to, values in brought.items():
        expected[to] = combine(values)
    settings = {**settings, "axis": axis, "include_self": include_self}
    np.testing.assert_allclose(op(X, INDEX, SOURCE, **settings), expected)
    check_slopes(op, (X, INDEX, SOURCE), settings)


@pytest.mark.parametrize("include_self", [True, False])
def test_product_into_places_with_zeros(include_self):
    source = np.where(SOURCE > 0.5, 0, SOURCE)
    x = np.where(X > 1, 0, X)
    settings = {"axis": 1, "include_self": include_self}
    check_slopes(ops.scatter_prod, (x, INDEX, source), settings)


def test_tied_extremes_share_the_gradient():
    x, index, source = np.ones(3), np.array([0, 0, 1]), np.array([1.0, 2.0, 3.0])
    settings = {"axis": 0, "largest": True, "include_self": True}
    _, (gx, _, gs) = pull(ops.scatter_extreme, (x, index, source), settings, np.ones(3))
    np.testing.assert_array_equal(gx, [0, 0, 1])
    np.testing.assert_array_equal(gs, [0, 1, 1])
    _, (gx, _, gs) = pull(ops.scatter_extreme, (x, index, np.ones(3)), settings, np.ones(3))
    np.testing.assert_allclose(gx, [1 / 3, 1 / 2, 1])
    np.testing.assert_allclose(gs, [1 / 3, 1 / 3, 1 / 2])


@pytest.mark.parametrize("axis", AXES)
def test_slices(axis):
    index = np.array([2, 0, 2, 1])
    picked = np.take(X, index, axis)
    source = RANDOM.standard_normal(picked.shape)
    np.testing.assert_array_equal(ops.index_select(X, index, axis=axis), picked)
    check_slopes(ops.index_select, (X, index), {"axis": axis})
    check_slopes(ops.index_unselect, (source, index), {"shape": X.shape, "axis": axis})
    added, copied = X.copy(), X.copy()
    for i, place in enumerate(index):
        key = [slice(None)] * 3
        key[axis] = place
        added[tuple(key)] += 2.5 * np.take(source, i, axis)
        copied[tuple(key)] = np.take(source, i, axis)
    found = ops.index_add(X, index, source, axis=axis, alpha=2.5)
    np.testing.assert_allclose(found, added)
    np.testing.assert_array_equal(ops.index_copy(X, index, source, axis=axis), copied)
    check_slopes(ops.index_add, (X, index, source), {"axis": axis, "alpha": 2.5})
    check_slopes(ops.index_copy, (X, index[1:], np.take(source, [1, 2, 3], axis)), {"axis": axis})


@pytest.mark.parametrize("axis", AXES)
def test_filled_slices_count_the_value_once(axis):
    index = np.array([1, 0, 1])
    expected = X.copy()
    expected[tuple([slice(None)] * (axis % 3) + [[0, 1]])] = 7
    operands = (X, index, np.array(7.0))
    np.testing.assert_array_equal(ops.index_fill(*operands, axis=axis), expected)
    check_slopes(ops.index_fill, operands, {"axis": axis})
    check_slopes(ops.index_clear, (X, index), {"axis": axis})
    check_slopes(ops.index_keep, (X, index), {"axis": axis})


def test_many_rows_by_both_ways_of_adding():
    rows = RANDOM.integers(0, 40_000, 3000)
    rows[:50] = 7
    values = RANDOM.standard_normal((3000, 64))
    out, expected = np.zeros((40_000, 64)), np.zeros((40_000, 64))
    add_rows(out, rows, values)
    np.add.at(expected, rows, values)
    np.testing.assert_allclose(out, expected)
    small, expected = np.zeros((9, 64)), np.zeros((9, 64))
    add_rows(small, rows % 9, values)
    np.add.at(expected, rows % 9, values)
    np.testing.assert_allclose(small, expected)


def test_flat_places():
    index = np.array([[0, 59, -1], [7, 7, 3]])
    np.testing.assert_array_equal(ops.take(X, index), X.reshape(-1)[index])
    check_slopes(ops.take, (X, index))
    check_slopes(ops.pick_places, (X, index))
    check_slopes(ops.fill_places, (SOURCE[0, :3, :2].T.copy(), index), {"shape": X.shape})
    source = RANDOM.standard_normal(index.shape)
    expected = X.copy().reshape(-1)
    np.add.at(expected, index, source)
    added = ops.put(X, index, source, accumulate=True)
    np.testing.assert_allclose(added, expected.reshape(X.shape))
    check_slopes(ops.put, (X, index, source), {"accumulate": True})
    check_slopes(ops.put, (X, index[0, :2], source[0, :2]), {"accumulate": False})
    check_slopes(ops.clear_places, (X, index))


def test_masks():
    mask = X > 0
    value = np.array(2.5)
    np.testing.assert_array_equal(ops.masked_fill(X, mask, value), np.where(mask, 2.5, X))
    check_slopes(ops.masked_fill, (X, mask, value))
    np.testing.assert_array_equal(ops.masked_select(X, mask), X[mask])
    row = np.array([True, False, True])
    np.testing.assert_array_equal(ops.masked_select(X, row), X[..., row].reshape(-1))
    check_slopes(ops.masked_select, (X, mask))
    check_slopes(ops.masked_select, (X[:1], mask))
    source = RANDOM.standard_normal(70)
    expected = X.copy()
    expected[mask] = source[: mask.sum()]
    np.testing.assert_array_equal(ops.masked_scatter(X, mask, source), expected)
    check_slopes(ops.masked_scatter, (X, mask, source))
    check_slopes(ops.unmask, (source, mask), {"shape": X.shape})
    check_slopes(ops.lengthen, (SOURCE,), {"size": 99})


@pytest.mark.parametrize("offset", [-2, 0, 1])
def test_diagonals(offset):
    settings = {"offset": offset, "axis1": 1, "axis2": 0}
    source = np.ones_like(np.diagonal(X, **settings))
    found = ops.diagonal_scatter(X, source, **settings)
    np.testing.assert_array_equal(np.diagonal(found, **settings), source)
    assert np.count_nonzero(found != X) == source.size
    check_slopes(ops.diagonal_scatter, (X, source), settings)
    check_slopes(ops.diagonal_clear, (X,), settings)


@pytest.mark.parametrize("wrong", [-1, 4])
def test_places_outside(wrong):
    with pytest.raises(RuntimeError, match=f"index {wrong} is out of bounds for dimension 0"):
        gathering.gather(X, np.full((1, 1, 1), wrong), axis=0)
    with pytest.raises(IndexError, match=r"tried to access index 60 on a tensor of 60 elements"):
        ops.take(X, np.array([60]))


def test_types_are_kept():
    x = X.astype(np.float32)
    source = SOURCE.astype(np.float32)
    for op, settings in (
        (ops.scatter_add, {}), (ops.scatter_mean, {}), (ops.scatter_prod, {}),
        (ops.scatter_extreme, {"largest": True}), (ops.scatter, {}),
    ):  # fmt: skip
        out, (gx, _, gs) = pull(
            op,
            (x, INDEX, source),
            {"axis": 0, "include_self": True, **settings}
            if op not in (ops.scatter, ops.scatter_add)
            else {"axis": 0},
        )
        assert out.dtype == gx.dtype == gs.dtype == np.float32


def test_integers():
    x, index, source = np.array([5, 5]), np.array([0, 0]), np.array([2, 4])
    assert ops.scatter_mean(x, index, source, axis=0).tolist() == [3, 5]
    assert ops.scatter_prod(x, index, source, axis=0).tolist() == [40, 5]
    settings = {"axis": 0, "largest": False, "include_self": False}
    assert ops.scatter_extreme(x, index, source, **settings).tolist() == [2, 5]
    assert math.prod(ops.scatter_add(x, index, source, axis=0).tolist()) == 55


def test_a_nan_gets_the_gradient_of_its_place():
    x, index, source = np.zeros(2), np.array([0, 0]), np.array([1.0, np.nan])
    settings = {"axis": 0, "largest": True, "include_self": True}
    out, (gx, _, gs) = pull(ops.scatter_extreme, (x, index, source), settings, np.ones(2))
    assert np.isnan(out[0])
    np.testing.assert_array_equal(gx, [0, 1])
    np.testing.assert_array_equal(gs, [0, 1])
