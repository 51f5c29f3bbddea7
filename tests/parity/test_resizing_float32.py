"""Resizing float32 images: the places are worked out in float32, as PyTorch's are."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import tinygrad_lite as ours  # noqa: E402 - torch decides whether this module is imported


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
@pytest.mark.parametrize(
    "settings",
    [
        {"size": (270, 27)},
        {"size": (270, 27), "align_corners": True},
        {"size": (33, 20), "antialias": True},
        {"scale_factor": 1.3},
    ],
)
def test_large_images(mode, settings):
    x = torch.randn(1, 1, 345, 45, generator=torch.Generator().manual_seed(0))
    expected = torch.nn.functional.interpolate(x, mode=mode, **settings)
    found = ours.nn.functional.interpolate(ours.from_numpy(x.numpy()), mode=mode, **settings)
    np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-5, atol=1e-5)
