"""The second derivative of the logarithm of the gamma function, from tiny to huge arguments."""

import numpy as np
import pytest

from tinygrad_lite._kernels import special


@pytest.mark.parametrize("at", [1e-120, 1e-3, 0.5, 9.5, 10.0, 1e8, 1e200])
def test_trigamma_at_every_size(at):
    found = float(special.trigamma(np.array(at)))
    exact = 1 / at if at > 1e7 else 1 / at**2 if at < 1e-100 else None
    if exact is None:  # a sum of many terms, and the integral of those left out
        k = np.arange(200_000)
        exact = float(np.sum(1 / (at + k) ** 2) + 1 / (at + 200_000 - 0.5))
    assert found == pytest.approx(exact, rel=1e-12)
