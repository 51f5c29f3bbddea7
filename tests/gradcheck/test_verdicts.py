"""Random calls with explicit tolerances: the verdict, or the class of the error, is PyTorch's."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import tinygrad_lite

torch = pytest.importorskip("torch")

CALLS = 240
STEPS = [
    {"eps": 1e-6}, {"eps": 1e-4}, {"atol": 1e-3}, {"atol": 1e-8, "rtol": 1e-8}, {"rtol": 0.01},
    {"eps": 1e-2, "atol": 1e-5, "rtol": 1e-3}, {"atol": 1.0},
    {"eps": 1e-3, "atol": 1e-2, "rtol": 0.0},
]  # fmt: skip
OPTIONS = [{}, {}, {}, {"fast_mode": True}, {"nondet_tol": 1e-3}, {"check_undefined_grad": False}]
KINDS = [*["plain"] * 6, "bare", "list", "float32", "float16", "constant", "0-d", "zeros",
         "strided", "large", "result", "two", "mixed", "integers", "array"]  # fmt: skip


def broken(home, backward, factor=1.0):
    """A Function of `factor` times x squared with a backward of its own."""

    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x * factor

    def back(ctx, g):
        return backward(g, *ctx.saved_tensors)

    members = {"forward": staticmethod(forward), "backward": staticmethod(back)}
    return type("Broken", (home.autograd.Function,), members).apply


def refuse(g, x):
    raise ValueError("no")


def functions(home):
    """Functions right, wrong and misbehaving, as either library runs them."""
    softmax = home.nn.functional.softmax
    return {
        "exp": lambda x: x.exp(),
        "stiff": lambda x: (5 * x).tanh(),
        "relu": lambda x: x.relu(),
        "abs": lambda x: x.abs(),
        "sum": lambda x: (x**3).sum(),
        "two": lambda x: (x * 2, x.sin()),
        "detached": lambda x: x.detach(),
        "constant": lambda x: home.ones(2, dtype=home.float64),
        "whole": lambda x: x.long(),
        "in place": lambda x: x.clone().mul_(x),
        "view": lambda x: x.reshape(-1),
        "norm": lambda x: x.norm(),
        "softmax": lambda x: softmax(x, -1),
        "clamp": lambda x: x.clamp(-0.5, 0.5),
        "sort": lambda x: x.sort(-1)[0],
        "log": lambda x: x.log(),
        "not a number": lambda x: (x - x) / (x - x) * x,
        "refused": lambda x: x.reshape(7, 11),
        "needs two": lambda x, y: x * y,
        "right": broken(home, lambda g, x: 2 * x * g),
        "per mille": broken(home, lambda g, x: 2 * x * g * 1.0005),
        "two per mille": broken(home, lambda g, x: 2 * x * g * 1.002),
        "half": broken(home, lambda g, x: x * g),
        "negated": broken(home, lambda g, x: -2 * x * g),
        "none": broken(home, lambda g, x: None),
        "zero": broken(home, lambda g, x: 0 * g, 1e-4),
        "shape": broken(home, lambda g, x: (2 * x * g).sum()),
        "dtype": broken(home, lambda g, x: (2 * x * g).to(home.float32)),
        "offset": broken(home, lambda g, x: 2 * x * g + 0.5),
        "raises": broken(home, refuse),
        "too many": broken(home, lambda g, x: (g, g)),
    }


def inputs_of(home, kind, rng):
    """Inputs of one kind."""
    values = rng.standard_normal((2, 3))

    def leaf(array, dtype=home.float64, wanted=True):
        return home.tensor(array, dtype=dtype).requires_grad_(wanted)

    wide = home.tensor(np.tile(values, (1, 2)))
    return {
        "plain": lambda: (leaf(values),),
        "bare": lambda: leaf(values),
        "list": lambda: [leaf(values)],
        "float32": lambda: (leaf(values, home.float32),),
        "float16": lambda: (leaf(values, home.float16),),
        "constant": lambda: (leaf(values, wanted=False),),
        "0-d": lambda: (leaf(values[0, 0]),),
        "zeros": lambda: (leaf(np.zeros((2, 3))),),
        "strided": lambda: (wide[:, ::2].detach().requires_grad_(),),
        "large": lambda: (leaf(values * 1e4),),
        "result": lambda: (leaf(values) * 1.0,),
        "two": lambda: (leaf(values), leaf(values[:1])),
        "mixed": lambda: (leaf(values), home.tensor([[1, 2, 3]])),
        "integers": lambda: (home.tensor([1, 2, 3]),),
        "array": lambda: (values,),
    }[kind]()


def verdict_of(home, number):
    """True, False, or the class of the error of one random call."""
    rng = np.random.default_rng(number)
    every = functions(home)
    name, kind = str(rng.choice(sorted(every))), str(rng.choice(KINDS))
    options = STEPS[rng.integers(len(STEPS))] | OPTIONS[rng.integers(len(OPTIONS))]
    options["raise_exception"] = bool(rng.integers(2))
    function = every[name]
    if kind in {"two", "mixed"} and name != "needs two":
        inner = function

        def function(x, y):
            return inner(x * y)

    try:
        with np.errstate(all="ignore"):
            found = home.autograd.gradcheck(function, inputs_of(home, kind, rng), **options)
    except Exception as error:  # noqa: BLE001 - the class is the answer
        ours = RuntimeError if isinstance(error, RuntimeError) else type(error)
        return name, kind, options, ours
    return name, kind, options, bool(found)


@pytest.mark.parametrize("start", range(0, CALLS, 40))
def test_the_same_answer_as_pytorch(start):
    for number in range(start, start + 40):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = verdict_of(torch, number)
            assert verdict_of(tinygrad_lite, number) == expected
