"""Second derivatives of special functions where their formulas cancel or overflow."""

import pytest

import tinygrad_lite as torch


def second(function, at):
    x = torch.tensor(at, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(function(x), x, create_graph=True)
    return torch.autograd.grad(slope, x)[0].item()


@pytest.mark.parametrize("at", [0.0, 1e-300, 1e-8, 1e-3, 0.04999, 0.05001])
def test_bessel_near_zero(at):
    expected = 3 / 8 * at + 5 / 96 * at**3  # from the series of I1
    assert second(torch.special.i1, at) == pytest.approx(expected, rel=1e-6, abs=1e-300)


@pytest.mark.parametrize("at", [100.0, 800.0, 1e300])
def test_the_normal_distribution_far_above(at):
    assert second(torch.special.log_ndtr, at) == 0
