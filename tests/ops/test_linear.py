"""The affine map on plain arrays: values and gradients against PyTorch."""

from __future__ import annotations

import numpy as np
import pytest

from tests.ops.pulling import pull
from tinygrad_lite.ops.linear import linear, linear_without_bias

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("shape", [(3,), (4, 3), (2, 5, 3), (0, 3), (2, 0, 3)])
@pytest.mark.parametrize("bias", [True, False])
def test_linear(shape, bias):
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(s) for s in (shape, (6, 3), (6,))][: 3 if bias else 2]
    tensors = [torch.tensor(a, requires_grad=True) for a in arrays]
    g = rng.standard_normal((*shape[:-1], 6))
    out, grads = pull(linear if bias else linear_without_bias, arrays, g=g)
    expected = torch.nn.functional.linear(*tensors)
    np.testing.assert_allclose(out, expected.detach(), rtol=1e-13)
    for ours, theirs in zip(
        grads, torch.autograd.grad(expected, tensors, torch.tensor(g)), strict=True
    ):
        assert ours.shape == tuple(theirs.shape)
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-14)
