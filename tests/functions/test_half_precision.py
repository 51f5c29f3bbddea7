"""float16: sums are taken in float32, and squares do not overflow on the way."""

import numpy as np
import pytest

import tinygrad_lite as torch
from tinygrad_lite.nn import functional as F


def test_the_gradient_of_what_was_broadcast():
    bias = torch.zeros(3, dtype=torch.float16, requires_grad=True)
    rows = torch.full((4000, 3), 0.1, dtype=torch.float16)
    (rows * (bias + 1)).sum(0).sum().backward()
    exact = 4000 * float(np.float16(0.1))
    assert bias.grad.tolist() == pytest.approx([exact] * 3, rel=1e-3)


def test_root_mean_square_of_large_numbers():
    x = torch.tensor([[300.0, -400.0]], dtype=torch.float16, requires_grad=True)
    out = F.rms_norm(x, (2,))
    assert out.dtype is torch.float16
    assert out.tolist()[0] == pytest.approx([0.8485, -1.1314], rel=1e-3)
    out[0, 0].backward()
    assert np.isfinite(x.grad.numpy()).all()


def test_bilinear_maps_of_integers_stay_integers():
    ones = torch.ones(2, 3, dtype=torch.int8)
    out = F.bilinear(ones, ones, torch.ones(4, 3, 3, dtype=torch.int8))
    assert out.dtype is torch.int8
    assert out.tolist() == [[9] * 4] * 2
