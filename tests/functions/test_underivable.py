"""Operations without a derivative: the way back through them raises, as in PyTorch."""

import pytest

import tinygrad_lite as torch


@pytest.mark.parametrize("function", [lambda x: x // 2, lambda x: torch.heaviside(x, x)])
def test_the_way_back_raises(function):
    x = torch.tensor([3.0, -5.0], requires_grad=True)
    y = function(x)
    assert y.requires_grad
    with pytest.raises(RuntimeError, match="derivative"):
        (y.sum() + x.sum()).backward()
    x.sum().backward()
    assert x.grad.tolist() == [1.0, 1.0]
    assert not (x.detach() // 2).requires_grad
