"""Explicit tolerances: PyTorch's own verdict, call by call."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_lite
from tinygrad_lite.autograd.gradcheck import gradcheck

torch = pytest.importorskip("torch")

X = np.random.default_rng(3).standard_normal((2, 3))
# name: function of tensors, factor on its gradient
FUNCTIONS = {
    "right": (lambda x: x * x * x, 1.0),
    "per mille": (lambda x: x * x * x, 1.001),
    "ten per mille": (lambda x: x * x * x, 1.01),
    "half": (lambda x: x * x * x, 0.5),
    "stiff": (lambda x: (20 * x).tanh(), 1.0),
}
TOLERANCES = [
    {"eps": 1e-6},
    {"eps": 1e-3, "atol": 1e-4},
    {"atol": 1e-2},
    {"rtol": 1e-5, "atol": 1e-8},
    {"rtol": 0.02},
    {"eps": 1e-2, "atol": 1e-6, "rtol": 1e-6},
]


def scaled(home, function, factor):
    """The function with its gradient times a factor, as a Function of either library."""

    class Scaled(home.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return function(x)

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            with home.enable_grad():
                y = x.detach().requires_grad_()
                (gradient,) = home.autograd.grad(function(y), y, g)
            return gradient * factor

    return Scaled.apply


@pytest.mark.parametrize("tolerances", TOLERANCES, ids=str)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_same_verdict(name, tolerances):
    function, factor = FUNCTIONS[name]
    ours = tinygrad_lite.tensor(X).requires_grad_()
    theirs = torch.tensor(X, requires_grad=True)
    expected = torch.autograd.gradcheck(
        scaled(torch, function, factor), (theirs,), raise_exception=False, **tolerances
    )
    found = gradcheck(
        scaled(tinygrad_lite, function, factor), (ours,), raise_exception=False, **tolerances
    )
    assert bool(found) is expected


@pytest.mark.filterwarnings("ignore:Input #0")
@pytest.mark.parametrize("eps", [1e-6, 1e-3, 1e-1])
def test_same_verdict_in_float32(eps):
    values = X.astype(np.float32)
    ours = tinygrad_lite.tensor(values).requires_grad_()
    theirs = torch.tensor(values, requires_grad=True)
    expected = torch.autograd.gradcheck(
        lambda x: (x * x).sum(), (theirs,), eps=eps, atol=1e-3, raise_exception=False
    )
    found = gradcheck(lambda x: (x * x).sum(), (ours,), eps=eps, atol=1e-3, raise_exception=False)
    assert bool(found) is expected


def test_nondeterminism_and_its_tolerance():
    def noisy(home, size):
        class Noisy(home.autograd.Function):
            rng = np.random.default_rng(0)

            @staticmethod
            def forward(ctx, x):
                return x * 2

            @staticmethod
            def backward(ctx, g):
                return g * (2 + size * Noisy.rng.standard_normal())

        return Noisy.apply

    for size, tolerance in ((1e-7, 0.0), (1e-7, 1e-5), (0.0, 0.0)):
        found, expected = (
            gradcheck_of(
                noisy(home, size), (x,), eps=1e-6, nondet_tol=tolerance, raise_exception=False
            )
            for home, gradcheck_of, x in (
                (tinygrad_lite, gradcheck, tinygrad_lite.tensor(X).requires_grad_()),
                (torch, torch.autograd.gradcheck, torch.tensor(X, requires_grad=True)),
            )
        )
        assert bool(found) is expected


def test_unused_inputs_and_several_outputs():
    def function(x, y):
        return x * 2, (x * y).sum(), x.detach()

    ours = [tinygrad_lite.tensor(X).requires_grad_() for _ in range(2)]
    theirs = [torch.tensor(X, requires_grad=True) for _ in range(2)]
    expected = torch.autograd.gradcheck(function, theirs, eps=1e-6, raise_exception=False)
    assert bool(gradcheck(function, ours, eps=1e-6, raise_exception=False)) is expected


@pytest.mark.parametrize("home", [torch, tinygrad_lite], ids=["torch", "ours"])
def test_none_for_inputs_that_do_not_exist_is_right_as_in_pytorch(home):
    class Twice(home.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * 2, None, None

    assert home.autograd.gradcheck(
        Twice.apply, home.ones(2, requires_grad=True, dtype=home.float64)
    )
