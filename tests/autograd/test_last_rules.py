"""Rules that overwrite what was kept do so only where nobody needs it again."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_lite as torch
from tinygrad_lite._kernels import PLAIN
from tinygrad_lite._op import CATALOGUE
from tinygrad_lite.autograd.graph import saved_tensors_hooks

ACTIVATIONS = {
    "silu": torch.nn.functional.silu,
    "gelu": torch.nn.functional.gelu,
    "gelu_tanh": lambda x: torch.nn.functional.gelu(x, approximate="tanh"),
}


@pytest.fixture(params=ACTIVATIONS)
def activation(request):
    return ACTIVATIONS[request.param]


@pytest.fixture(params=["float32", "float64"])
def dtype(request):
    return request.param


@pytest.fixture(params=[(), (5,), (3, 4), (600, 500)], ids=str)
def x(request, dtype):
    values = np.random.default_rng(0).standard_normal(request.param)
    return torch.tensor(np.asarray(values, dtype), requires_grad=True)


def slopes(activation, x):
    """The derivative by the general walk, which overwrites nothing."""
    y = activation(x)
    return torch.autograd.grad(y, x, torch.ones_like(y), create_graph=True)[0].detach().numpy()


def test_every_last_rule_names_what_the_rule_names():
    for op in CATALOGUE.values():
        for rule, last in zip(op.rules, op.rules_last, strict=True):
            assert (rule and rule.sources) == (last and last.sources), op.name


def test_a_graph_that_is_kept_gives_the_same_again(activation, x):
    expected, y = slopes(activation, x), activation(x)
    for _ in range(3):
        x.grad = None
        y.backward(torch.ones_like(y), retain_graph=True)
        np.testing.assert_allclose(x.grad.numpy(), expected, rtol=1e-6, atol=1e-6)
    x.grad = None
    y.backward(torch.ones_like(y))
    np.testing.assert_allclose(x.grad.numpy(), expected, rtol=1e-6, atol=1e-6)
    with pytest.raises(RuntimeError, match="second time"):
        y.backward(torch.ones_like(y))


def test_what_flows_in_stays_as_it_is(activation, x):
    y = activation(x)
    g = torch.full_like(y, 2.0)
    y.backward(g)
    assert bool((g == 2).all())
    np.testing.assert_allclose(x.grad.numpy(), 2 * slopes(activation, x), rtol=1e-6, atol=1e-6)


def test_repeated_gradients(activation, x):
    expected = slopes(activation, x)
    activation(x).sum().backward()  # one number seen as an array
    np.testing.assert_allclose(x.grad.numpy(), expected, rtol=1e-6, atol=1e-6)
    y = activation(x)
    x.grad = None
    (y + y * 3).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), 4 * expected, rtol=1e-5, atol=1e-5)


def test_gradients_of_two_passes_share_no_memory(activation, x):
    first = torch.autograd.grad(activation(x).sum(), x)[0]
    before = first.clone()
    second = torch.autograd.grad(activation(x).sum() * 3, x)[0]
    assert not np.shares_memory(first.numpy(), second.numpy())
    assert torch.equal(first, before)


def test_what_hooks_have_packed_is_not_overwritten(activation, x):
    packed = []
    with saved_tensors_hooks(lambda t: packed.append(t) or t, lambda t: t):
        y = activation(x)
    before = [t.clone() for t in packed]
    y.backward(torch.ones_like(y))
    assert packed
    assert all(torch.equal(a, b) for a, b in zip(packed, before, strict=True))


@pytest.mark.skipif(PLAIN, reason="the careful walk serves in plain mode")
def test_after_an_error_the_graph_is_gone_and_says_so(activation, x, monkeypatch):
    y = activation(x)
    op = CATALOGUE[y.grad_fn.op.name]
    rule = op.rules_last[0]
    whole = rule.function

    def broken(g, slope):
        whole(g, slope)
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(rule, "function", broken)
        with pytest.raises(MemoryError):
            y.backward(torch.ones_like(y))
    with pytest.raises(RuntimeError, match="second time"):
        y.backward(torch.ones_like(y))
