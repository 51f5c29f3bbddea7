"""Reductions, scans and gathering on drawn shapes, layouts and axes: equal to NumPy in double."""

from __future__ import annotations

import warnings

import numpy as np
from hypothesis import given, settings, strategies as st

import tinygrad_lite as torch

FLOATS = st.sampled_from(["float32", "float64"])
TOLERANCE = {"float32": 1e-5, "float64": 1e-12}


@st.composite
def arrays(draw, least=0):
    """An array of 0 to 4 dimensions, also transposed, strided or turned round."""
    shape = draw(st.lists(st.integers(least, 5), min_size=0, max_size=4))
    seed = draw(st.integers(0, 1000))
    dtype = draw(FLOATS)
    x = np.random.default_rng(seed).integers(-3, 4, shape) / 2
    x = np.asarray(x).astype(dtype)
    layout = draw(st.sampled_from(["plain", "transposed", "strided", "turned"]))
    if layout == "transposed":
        return x.T
    if layout == "strided" and x.ndim:
        return np.repeat(x, 2, axis=0)[::2]
    return x[::-1] if layout == "turned" and x.ndim else x


@st.composite
def reductions(draw, least=0):
    """An array, axes to reduce (None, one or several), and whether to keep them."""
    x = draw(arrays(least))
    axes = st.none()
    if x.ndim:
        one = st.integers(-x.ndim, x.ndim - 1)
        some = st.lists(st.integers(0, x.ndim - 1), min_size=1, unique=True).map(tuple)
        axes = st.one_of(axes, one, some)
    return x, draw(axes), draw(st.booleans())


def agree(found, expected, dtype):
    """Same shape, dtype and values."""
    assert tuple(found.shape) == np.shape(expected)
    assert str(found.dtype) == f"torch.{dtype}"
    tolerance = TOLERANCE.get(dtype, 0)
    np.testing.assert_allclose(found.numpy(), expected, rtol=tolerance, atol=tolerance)


@settings(max_examples=300, deadline=None)
@given(reductions())
def test_sums_means_and_truth(case):
    x, axis, keep = case
    wide = x.astype(np.float64)
    t = torch.from_numpy(x.copy(order="K")) if x.size else torch.tensor(x)
    kind = x.dtype.name
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, reference in (("sum", np.sum), ("mean", np.mean), ("nansum", np.nansum)):
            expected = reference(wide, axis=axis, keepdims=keep)
            agree(getattr(torch, name)(t, axis, keepdim=keep), expected, kind)
        agree(torch.all(t, axis, keepdim=keep), np.all(x, axis=axis, keepdims=keep), "bool")
        agree(torch.any(t, axis, keepdim=keep), np.any(x, axis=axis, keepdims=keep), "bool")
        expected = np.count_nonzero(x, axis=axis)
        agree(torch.count_nonzero(t, axis), expected, "int64")
        expected = np.sqrt((wide * wide).sum(axis=axis, keepdims=keep))
        agree(torch.norm(t, 2, axis, keepdim=keep), expected, kind)


@settings(max_examples=200, deadline=None)
@given(reductions(least=1))
def test_extremes_and_spread(case):
    x, axis, keep = case
    t, kind, wide = torch.from_numpy(x.copy(order="K")), x.dtype.name, x.astype(np.float64)
    dim = () if axis is None else axis
    agree(t.amax(dim, keepdim=keep), np.max(x, axis=axis, keepdims=keep), kind)
    agree(t.amin(dim, keepdim=keep), np.min(x, axis=axis, keepdims=keep), kind)
    agree(t.var(axis, correction=0, keepdim=keep), np.var(wide, axis=axis, keepdims=keep), kind)
    if isinstance(axis, int):
        agree(t.max(axis, keep).values, np.max(x, axis=axis, keepdims=keep), kind)
        agree(t.argmin(axis, keep), np.argmin(x, axis=axis, keepdims=keep), "int64")
        agree(t.prod(axis, keep), np.prod(wide, axis=axis, keepdims=keep), kind)


@settings(max_examples=200, deadline=None)
@given(arrays(), st.data())
def test_scans_and_orders(x, data):
    if not x.ndim:
        return
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    t, kind, wide = torch.from_numpy(x.copy(order="K")), x.dtype.name, x.astype(np.float64)
    agree(t.cumsum(axis), np.cumsum(wide, axis), kind)
    agree(t.cumprod(axis), np.cumprod(wide, axis), kind)
    agree(t.sort(axis).values, np.sort(x, axis), kind)
    agree(t.argsort(axis), np.argsort(x, axis, kind="stable"), "int64")
    agree(t.unique(), np.unique(x), kind)
    if x.size:
        agree(t.cummax(axis).values, np.maximum.accumulate(x, axis), kind)


@settings(max_examples=200, deadline=None)
@given(arrays(least=1), st.data())
def test_gathering_and_its_gradient(x, data):
    if not x.ndim:
        return
    axis = data.draw(st.integers(0, x.ndim - 1))
    shape = [data.draw(st.integers(0, 4)) if a == axis else n for a, n in enumerate(x.shape)]
    index = np.random.default_rng(data.draw(st.integers(0, 99))).integers(0, x.shape[axis], shape)
    t = torch.from_numpy(x.copy(order="K")).requires_grad_()
    found = t.gather(axis, torch.tensor(index))
    agree(found.detach(), np.take_along_axis(x, index, axis), x.dtype.name)
    found.sum().backward()
    expected = np.zeros(x.shape)
    places = list(np.indices(shape))
    places[axis] = index
    np.add.at(expected, tuple(places), 1)
    np.testing.assert_array_equal(t.grad.numpy(), expected)
