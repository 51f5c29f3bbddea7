"""PyTorch's scans, differences and integrals: forms of call and corners."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_lite as torch


def test_running_sums():
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert x.cumsum(0).tolist() == torch.cumsum(x, dim=0).tolist() == [[1, 2], [4, 6]]
    assert x.cumsum(axis=1, dtype=torch.float64).dtype is torch.float64
    assert x.clone().cumsum_(0).tolist() == [[1, 2], [4, 6]]
    assert np.cumsum(x).tolist() == [1, 3, 6, 10]


def test_running_extremes_are_named():
    found = torch.tensor([1.0, 3.0, 2.0]).cummax(0)
    assert found.values.tolist() == [1, 3, 3]
    assert found.indices.tolist() == [0, 1, 1]


def test_differences():
    x = torch.tensor([1.0, 4.0, 9.0, 16.0], requires_grad=True)
    assert x.diff().tolist() == [3, 5, 7]
    assert x.diff(n=2).tolist() == [2, 2]
    assert x.diff(n=9).shape == (0,)
    assert x.diff(prepend=torch.zeros(1)).tolist() == [1, 3, 5, 7]
    assert torch.tensor([True, False, False]).diff().tolist() == [True, False]
    (x.diff() * torch.tensor([1.0, 2.0, 4.0])).sum().backward()
    assert x.grad.tolist() == [-1, -1, -2, 4]


def test_integrals():
    y = torch.tensor([1.0, 2.0, 3.0])
    assert torch.trapezoid(y) == 4
    assert torch.trapz(y, dx=2) == 8
    assert torch.trapezoid(y, torch.tensor([0.0, 1.0, 3.0])) == 6.5
    assert torch.cumulative_trapezoid(y).tolist() == [1.5, 4]


def test_numerical_derivatives():
    x = torch.tensor([0.0, 1.0, 4.0, 9.0])
    (g,) = torch.gradient(x)
    assert g.tolist() == [1, 2, 4, 5]
    (g,) = torch.gradient(x, edge_order=2)
    assert g.tolist() == [0, 2, 4, 6]
    (g,) = torch.gradient(x, spacing=[torch.tensor([0.0, 1.0, 2.0, 3.0])], edge_order=2)
    np.testing.assert_allclose(g.tolist(), [0, 2, 4, 6])


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: torch.ones(2).cumsum(3), IndexError, "Dimension out of range"),
        (lambda: torch.ones(2).diff(n=-1), RuntimeError, "non-negative"),
        (lambda: torch.tensor(1.0).diff(), RuntimeError, "at least one-dimensional"),
        (lambda: torch.gradient(torch.ones(2), edge_order=3), RuntimeError, "edge_order=1 and"),
        (lambda: torch.gradient(torch.ones(1)), RuntimeError, r"edge_order\+1"),
    ],
)
def test_errors(call, error, words):
    with pytest.raises(error, match=words):
        call()
