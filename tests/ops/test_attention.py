"""Fused attention on plain arrays against PyTorch, both rules and the plain twin."""

from __future__ import annotations

import numpy as np
import pytest

from tests.ops.pulling import pull
from tinygrad_lite._kernels import attention as kernels
from tinygrad_lite.ops.attention import attention

torch = pytest.importorskip("torch")
RNG = np.random.default_rng(0)


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("lead", [(), (3,), (2, 3), (0, 2)])
def test_attention(lead, masked, again):
    q, k, v = (RNG.standard_normal((*lead, *s)) for s in ((4, 6), (5, 6), (5, 3)))
    mask = np.where(RNG.random((4, 5)) < 0.3, -np.inf, 0.0) if masked else None
    if masked:
        mask[:, 0] = 0
    g = RNG.standard_normal((*lead, 4, 3))
    out, grads = pull(attention, (q, k, v, mask), {"scale": 0.7}, g, again)
    tensors = [torch.tensor(a, requires_grad=True) for a in (q, k, v)]
    expected = torch.nn.functional.scaled_dot_product_attention(
        *tensors, None if mask is None else torch.tensor(mask), scale=0.7
    )
    np.testing.assert_allclose(out, expected.detach(), rtol=1e-9, atol=1e-12)
    wanted = torch.autograd.grad(expected, tensors, torch.tensor(g))
    for ours, theirs in zip(grads, wanted, strict=False):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)
    twin = getattr(kernels.attention, "plain", kernels.attention)(q, k, v, mask, 0.7)
    np.testing.assert_allclose(out, twin[0], rtol=1e-10)
