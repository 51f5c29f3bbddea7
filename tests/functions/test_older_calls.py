"""Calls of PyTorch's first years that it still takes: a number before the tensors."""

from __future__ import annotations

import pytest

import tinygrad_lite as torch

A = [1.0, 2.0, 4.0]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (lambda x, y: x.add_(-0.5, y), lambda x, y: x.add_(y, alpha=-0.5)),
        (lambda x, y: x.add(2, y), lambda x, y: x.add(y, alpha=2)),
        (lambda x, y: torch.add(x, 2, y), lambda x, y: torch.add(x, y, alpha=2)),
        (lambda x, y: x.add_(1, 2), lambda x, y: x.add_(2)),
        (lambda x, y: x.sub_(3, y), lambda x, y: x.sub_(y, alpha=3)),
        (lambda x, y: torch.sub(x, 3, y), lambda x, y: torch.sub(x, y, alpha=3)),
        (lambda x, y: x.addcmul_(0.5, y, y), lambda x, y: x.addcmul_(y, y, value=0.5)),
        (lambda x, y: x.addcdiv_(-0.5, y, x), lambda x, y: x.addcdiv_(y, x, value=-0.5)),
        (lambda x, y: torch.addcdiv(x, 2, y, x), lambda x, y: torch.addcdiv(x, y, x, value=2)),
    ],
)
def test_the_number_may_come_first(old, new):
    x, y = torch.tensor(A), torch.tensor(A) * 3
    expected = new(x.clone(), y)
    with pytest.warns(UserWarning, match="deprecated: give the number last") as seen:
        found = old(x.clone(), y)
    assert seen[0].filename == __file__
    assert found.tolist() == expected.tolist()


@pytest.mark.filterwarnings("ignore:This overload")
def test_a_training_step_of_those_years():
    """Adam as it stood in many a repository."""
    p = torch.tensor(A, requires_grad=True)
    (p * p).sum().backward()
    grad, mean, square = p.grad.data, torch.zeros(3), torch.zeros(3)
    mean.mul_(0.9).add_(1 - 0.9, grad)
    square.mul_(0.999).addcmul_(1 - 0.999, grad, grad)
    p.data.addcdiv_(-0.1, mean, square.sqrt().add_(1e-8))
    expected = torch.tensor(A) - 0.1 * 0.1 * grad / ((0.001 * grad * grad).sqrt() + 1e-8)
    assert torch.allclose(p.data, expected)


def test_three_tensors_are_no_such_call():
    x = torch.tensor(A)
    for call in (lambda: x.add(x, x), lambda: x.addcmul(x, x, x)):
        with pytest.raises(TypeError, match="invalid combination of arguments"):
            call()


def test_numbers_may_be_copied():
    assert torch.tensor(A).copy_(3).tolist() == [3, 3, 3]
    x = torch.tensor(A, requires_grad=True)
    y = x * 1
    y[1:].copy_(0.5)
    y.sum().backward()
    assert y.tolist() == [1, 0.5, 0.5]
    assert x.grad.tolist() == [1, 0, 0]
