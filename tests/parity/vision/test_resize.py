"""Resizing of tensors beside PyTorch's interpolation."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_lite as tgl
from tinygrad_lite.vision.transforms import functional as f

torch = pytest.importorskip("torch", reason="compares with PyTorch, which is not installed")


@pytest.mark.parametrize("size", [(4, 4), (9, 7), (3, 20), (30, 2), (18, 14)])
@pytest.mark.parametrize("antialias", [True, False])
def test_bilinear(size, antialias):
    image = np.random.default_rng(0).uniform(size=(3, 9, 7))
    wanted = torch.nn.functional.interpolate(
        torch.tensor(image)[None], size, mode="bilinear", antialias=antialias
    )[0]
    got = f.resize(tgl.tensor(image), size, antialias=antialias)
    np.testing.assert_allclose(got.numpy(), wanted.numpy(), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("size", [(4, 4), (3, 20), (30, 2)])
def test_nearest(size):
    image = np.random.default_rng(0).uniform(size=(3, 9, 7))
    wanted = torch.nn.functional.interpolate(torch.tensor(image)[None], size, mode="nearest")[0]
    got = f.resize(tgl.tensor(image), size, "nearest")
    np.testing.assert_array_equal(got.numpy(), wanted.numpy())
