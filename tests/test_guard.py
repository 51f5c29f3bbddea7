"""Whatever is written into a value that a graph keeps: an error, or the right gradient."""

import numpy as np
import pytest

import tinygrad_lite as torch
from tinygrad_lite.nn import functional as F


def other():
    return torch.linspace(0.5, 1.6, 12, dtype=torch.float64).view(3, 4)


FUNCTIONS = {
    "exp": torch.exp,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "sqrt": torch.sqrt,
    "sin": torch.sin,
    "square": torch.square,
    "power": lambda h: h**3,
    "relu": torch.relu,
    "gelu": F.gelu,
    "softmax": lambda h: F.softmax(h, 1),
    "logsumexp": lambda h: torch.logsumexp(h, 1),
    "product": lambda h: h * other(),
    "itself": lambda h: h * h,
    "quotient": lambda h: other() / h,
    "sum": lambda h: h.sum(0),
    "prod": lambda h: h.prod(1),
    "max": lambda h: h.max(1)[0],
    "sort": lambda h: h.sort(1)[0],
    "cumprod": lambda h: h.cumprod(0),
    "std": lambda h: h.std(1),
    "matmul": lambda h: h @ other().T,
    "linear": lambda h: F.linear(h, other()),
    "layer_norm": lambda h: F.layer_norm(h, (4,)),
    "index": lambda h: h[[0, 0, 2]],
    "gather": lambda h: h.gather(0, torch.tensor([[0, 1, 2, 0]])),
    "where": lambda h: torch.where(h > 0.7, h, h * 2),
    "conv1d": lambda h: F.conv1d(h[None], torch.ones(2, 3, 2, dtype=torch.float64)),
    "max_pool": lambda h: F.max_pool1d(h[None], 2),
    "view": lambda h: h.view(4, 3).T,
    "dropout-like": lambda h: h * (other() > 1),
    "norm": lambda h: h.norm(),
    "maximum": lambda h: torch.maximum(h, other()),
}


def through_an_optimizer(t):
    stand_in = t.detach().requires_grad_()
    stand_in.grad = torch.ones_like(t)
    torch.optim.SGD([stand_in], lr=0.5).step()


def set_item(t):
    t[(0,) * t.ndim] = 5.0


def set_by_mask(t):
    t[t > 0] = 0.25


def swap_rows(t):
    t.copy_(t.flip(0) if t.ndim else t * 2)


WAYS = {
    "add_": lambda t: t.add_(1),
    "mul_": lambda t: t.mul_(3),
    "zero_": lambda t: t.zero_(),
    "fill_": lambda t: t.fill_(0.5),
    "exp_": lambda t: t.exp_(),
    "copy_": swap_rows,
    "item": set_item,
    "mask": set_by_mask,
    "view": lambda t: t.view(-1).add_(1),
    "slice": lambda t: t.reshape(-1)[:1].mul_(4),
    "detach": lambda t: t.detach().mul_(2),
    "data": lambda t: t.data.mul_(2),
    "augmented": lambda t: t.__iadd__(1),
    "out": lambda t: torch.add(t.detach().clone(), 1, out=t.detach()),
    "optimizer": through_an_optimizer,
    "clamp_": lambda t: t.clamp_(0.6, 0.9),
}


def start():
    x = torch.linspace(0.3, 1.4, 12, dtype=torch.float64).view(3, 4).requires_grad_()
    return x, x * 1.0


def slopes(x, y):
    weights = torch.arange(1, y.numel() + 1, dtype=torch.float64).view(y.shape)
    return torch.autograd.grad(y, x, weights)[0].numpy()


def attempt(x, y):
    """The gradient, or the text of the error."""
    try:
        return slopes(x, y), ""
    except RuntimeError as error:
        return None, str(error)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("target", ["operand", "result"])
def test_an_error_or_the_right_gradient(name, way, target):
    x, h = start()
    expected = slopes(x, FUNCTIONS[name](h))
    x, h = start()
    y = FUNCTIONS[name](h)
    with torch.no_grad():
        try:
            WAYS[way](h if target == "operand" else y)
        except RuntimeError:
            return  # refused at once: memory that is expanded or not a single piece
    found, error = attempt(x, y)
    if error:
        assert "modified by an inplace operation" in error
    else:
        np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_recorded_change_of_the_operand(name):
    """In grad mode: what was computed before keeps its history, what comes after has the new."""
    x, h = start()
    before = slopes(x, FUNCTIONS[name](h))
    x, h = start()
    y = FUNCTIONS[name](h)
    h.mul_(2)
    found, error = attempt(x, y)
    if error:
        assert "modified by an inplace operation" in error
    elif name == "view":  # shows what h has become
        np.testing.assert_allclose(found, 2 * before, rtol=1e-12)
    else:
        np.testing.assert_allclose(found, before, rtol=1e-12)
    x, h = start()
    h.mul_(2)
    after = slopes(x, FUNCTIONS[name](h))
    x, _ = start()
    np.testing.assert_allclose(after, slopes(x, FUNCTIONS[name](x * 2.0)), rtol=1e-12)
