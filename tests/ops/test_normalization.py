"""Normalisation kernels against their plain twins, and both rules against each other."""

from __future__ import annotations

import numpy as np
import pytest

from tests.ops.pulling import pull
from tinygrad_lite._kernels import activation, normalization as kernels
from tinygrad_lite.ops import normalization as N

RNG = np.random.default_rng(0)


def plain(kernel):
    return getattr(kernel, "plain", kernel)


@pytest.mark.parametrize("shape", [(5, 4), (700, 300), (1, 1), (0, 3)])
@pytest.mark.parametrize("affine", [True, False])
def test_rows_equal_the_plain_twin(shape, affine):
    x, g = RNG.standard_normal((2, *shape)) * 3 + 1
    w, b = RNG.standard_normal((2, shape[1])) if affine else (None, None)
    fast, slow = kernels.row_norm(x, w, b, 1e-5), plain(kernels.row_norm)(x, w, b, 1e-5)
    for ours, theirs in zip(fast, slow, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-10)
    needs = (True, affine, affine)
    arguments = (g, x, w, *slow[1:], needs)
    both = zip(kernels.row_norm_pull(*arguments), plain(kernels.row_norm_pull)(*arguments),
               needs, strict=True)  # fmt: skip
    for ours, theirs, needed in both:
        if needed:
            np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("shape", [(6, 3), (2, 3, 5), (4, 32, 6, 6), (2, 3, 2, 2, 2)])
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("last", [True, False])
def test_channels_equal_the_plain_twin(shape, affine, last):
    x, g = RNG.standard_normal((2, *shape)) * 3 + 1
    if last:
        x = np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 1, -1)), -1, 1)
    w, b = RNG.standard_normal((2, shape[1])) if affine else (None, None)
    fast, slow = kernels.channel_norm(x, w, b, 1e-5), plain(kernels.channel_norm)(x, w, b, 1e-5)
    for ours, theirs in zip(fast, slow, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-10)
    arguments = (g, x, w, slow[1], slow[3], (True, affine, affine))
    both = zip(kernels.channel_norm_pull(*arguments), plain(kernels.channel_norm_pull)(*arguments),
               strict=True)  # fmt: skip
    for ours, theirs in both:
        np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("affine", [True, False])
def test_recorded_rules_equal_the_fast_ones(affine):
    x = RNG.standard_normal((4, 3, 5))
    for op, shape, settings in (
        (N.layer_norm, (3, 5), {"count": 2, "eps": 1e-5}),
        (N.layer_norm, (5,), {"count": 1, "eps": 1e-5}),
    ):
        w, b = RNG.standard_normal((2, *shape)) if affine else (None, None)
        arguments = (x, w, b)
        results = []
        for again in (False, True):
            rule_needs = [a for a in arguments if a is not None]
            _, grads = pull(op, arguments, settings, again=again)
            results.append(grads[: len(rule_needs)])
        for ours, theirs in zip(*results, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("name", ["gelu", "gelu_tanh", "silu"])
@pytest.mark.parametrize("shape", [(0,), (), (7,), (300, 500)])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-6), ("float64", 1e-12)])
def test_smooth_activations_equal_their_plain_twins(name, shape, dtype, tolerance):
    x = (RNG.standard_normal(shape) * 4).astype(dtype)
    kernel = getattr(activation, name)
    for ours, theirs in zip(kernel(np.asarray(x)), plain(kernel)(np.asarray(x)), strict=True):
        assert ours.dtype == dtype
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)
