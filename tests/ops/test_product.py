"""Products and distances on plain arrays: values and gradients against PyTorch."""

from __future__ import annotations

import numpy as np
import pytest

from tests.ops.pulling import gather, settle
from tinygrad_lite.ops import product

torch = pytest.importorskip("torch")
RNG = np.random.default_rng(2)


def gradients(op, arrays, settings, g):
    result = op.forward(*arrays, **settings)
    arguments = gather(op.shared, op, arrays, settings, result, (True,) * len(arrays))
    return op.shared.function(g, *arguments)


@pytest.mark.parametrize("shapes", [[(2, 3), (4, 1)], [(1, 1)], [(0, 2), (3, 3), (2, 0)]])
def test_block_diag(shapes):
    arrays = [RNG.standard_normal(s) for s in shapes]
    tensors = [torch.tensor(a, requires_grad=True) for a in arrays]
    expected = torch.block_diag(*tensors)
    out = product.block_diag(*arrays)
    np.testing.assert_array_equal(out, expected.detach().numpy())
    g = RNG.standard_normal(out.shape)
    theirs = torch.autograd.grad(expected, tensors, torch.tensor(g))
    for a, b in zip(gradients(product.block_diag, arrays, {}, g), theirs, strict=True):
        np.testing.assert_array_equal(a, b.numpy())


@pytest.mark.parametrize("shapes", [[(40, 3), (30, 3)], [(2, 40, 3), (5, 3)], [(40, 0), (30, 0)]])
def test_euclidean_distances(shapes):
    arrays = [RNG.standard_normal(s) for s in shapes]
    tensors = [torch.tensor(a, requires_grad=True) for a in arrays]
    expected = torch.cdist(*tensors, compute_mode="donot_use_mm_for_euclid_dist")
    out = product.euclidean_distances(*arrays)
    np.testing.assert_allclose(out, expected.detach().numpy(), rtol=1e-10)
    g = RNG.standard_normal(out.shape)
    theirs = torch.autograd.grad(expected, tensors, torch.tensor(g))
    for a, b in zip(gradients(product.euclidean_distances, arrays, {}, g), theirs, strict=True):
        np.testing.assert_allclose(settle(a, tuple(b.shape)), b.numpy(), rtol=1e-8, atol=1e-10)


def test_equal_rows_have_distance_and_gradient_zero():
    x = np.array([[1.0, 2.0], [1.0, 2.0]])
    out = product.euclidean_distances(x, x)
    assert not out.any()
    for g in gradients(product.euclidean_distances, [x, x], {}, np.ones((2, 2))):
        assert not g.any()


@pytest.mark.parametrize("count", [0, 1, 2, 5])
@pytest.mark.parametrize("falling", [True, False])
def test_powers(count, falling):
    x = np.array([0.0, 2.0, -3.0, np.inf], np.float32)
    out = product.powers(x, count=count, falling=falling)
    assert out.dtype == np.float32
    np.testing.assert_array_equal(out, np.vander(x, count, increasing=not falling))
