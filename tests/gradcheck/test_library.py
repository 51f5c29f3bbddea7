"""The library's own operations under its own checker: two orders, kinks, layouts."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_lite as torch
from tinygrad_lite.autograd import gradcheck, gradgradcheck

F = torch.nn.functional
INDEX = torch.tensor([[0, 2], [1, 1]])
LABELS = torch.tensor([1, 0, 2])


def leaf(*shape, seed=0, low=None, dtype=torch.float64):
    rng = np.random.default_rng(seed)
    values = rng.standard_normal(shape) if low is None else rng.uniform(low, low + 1.5, shape)
    return torch.tensor(values, dtype=dtype).requires_grad_()


UNARY = [
    "exp", "expm1", "sin", "cos", "tan", "tanh", "sinh", "cosh", "atan", "sigmoid", "erf", "neg",
    "square", "abs", "relu", "asinh", "sinc", "logsumexp0", "softmax0", "log_softmax0", "cumsum0",
    "flip0", "prod", "sum", "mean", "var", "std", "norm", "amax", "amin", "max", "min", "median",
    "t", "triu", "tril", "sort0", "cumprod0", "diff", "logcumsumexp0", "trace", "diagonal",
]  # fmt: skip
POSITIVE = ["log", "log1p", "log2", "log10", "sqrt", "rsqrt", "reciprocal", "acosh1", "lgamma",
            "digamma", "exp2", "pow2.5"]  # fmt: skip
ACTIVATIONS = [
    "relu", "leaky_relu", "elu", "selu", "celu", "gelu", "silu", "mish", "softplus", "softsign",
    "hardtanh", "hardsigmoid", "hardswish", "relu6", "logsigmoid", "tanhshrink", "softshrink",
    "hardshrink", "threshold",
]  # fmt: skip


def of_name(name):
    """The function that a name with an argument stands for."""
    if name == "pow2.5":
        return lambda x: x**2.5
    if name == "acosh1":
        return lambda x: (x + 1).acosh()
    if name == "sort0":
        return lambda x: x.sort(dim=0)[0]
    if name.endswith("0") and name != "log10":
        return lambda x: getattr(torch, name[:-1])(x, (0,) if name == "flip0" else 0)
    return getattr(torch, name)


def activation(name):
    if name == "threshold":
        return lambda x: F.threshold(x, 0.1, 0.3)
    return getattr(F, name)


CASES = {name: (of_name(name), lambda: (leaf(3, 4),)) for name in UNARY}
CASES |= {name: (of_name(name), lambda: (leaf(3, 4, low=0.4),)) for name in POSITIVE}
CASES |= {f"F.{name}": (activation(name), lambda: (leaf(3, 4),)) for name in ACTIVATIONS}
CASES |= {
    name: (function, lambda: (leaf(3, 4), leaf(4, seed=1)))
    for name, function in {
        "add": lambda x, y: x + y,
        "sub": lambda x, y: x - y,
        "mul": lambda x, y: x * y,
        "maximum": torch.maximum,
        "minimum": torch.minimum,
        "where": lambda x, y: torch.where(x > 0, x * 2, y),
        "matmul": lambda x, y: x @ y,
        "atan2": torch.atan2,
        "cat": lambda x, y: torch.cat([x, y.reshape(1, 4)]),
        "hypot": torch.hypot,
        "logaddexp": torch.logaddexp,
        "mse": lambda x, y: F.mse_loss(x, y.expand(3, 4)),
        "smooth_l1": lambda x, y: F.smooth_l1_loss(x, y.expand(3, 4)),
        "l1": lambda x, y: F.l1_loss(x, y.expand(3, 4)),
        "linear": lambda x, y: F.linear(x, y.reshape(1, 4)),
        "cosine_similarity": lambda x, y: F.cosine_similarity(x, y.expand(3, 4)),
        "einsum": lambda x, y: torch.einsum("ij,j->i", x, y),
    }.items()
}
CASES |= {
    "div": (lambda x, y: x / y, lambda: (leaf(3, 4), leaf(4, seed=1, low=0.5))),
    "pow": (lambda x, y: x**y, lambda: (leaf(3, 4, low=0.5), leaf(4, seed=1))),
    "index": (lambda x: x[INDEX], lambda: (leaf(3, 4),)),
    "gather": (lambda x: x.gather(1, INDEX), lambda: (leaf(3, 4),)),
    "slice": (lambda x: x[1:, ::2], lambda: (leaf(3, 4),)),
    "masked": (lambda x: x[x > 0], lambda: (leaf(3, 4),)),
    "cross_entropy": (lambda x: F.cross_entropy(x, LABELS), lambda: (leaf(3, 4),)),
    "nll": (lambda x: F.nll_loss(F.log_softmax(x, 1), LABELS), lambda: (leaf(3, 4),)),
    "bce": (lambda x: F.binary_cross_entropy_with_logits(x, torch.ones(3, 4).double() * 0.3),
            lambda: (leaf(3, 4),)),
    "layer_norm": (lambda x, w, b: F.layer_norm(x, (4,), w, b),
                   lambda: (leaf(3, 4), leaf(4, seed=1), leaf(4, seed=2))),
    "conv1d": (lambda x, w: F.conv1d(x, w, padding=1, stride=2),
               lambda: (leaf(2, 2, 5), leaf(3, 2, 3))),
    "conv2d": (lambda x, w, b: F.conv2d(x, w, b, padding=1),
               lambda: (leaf(1, 2, 4, 4), leaf(2, 2, 3, 3), leaf(2))),
    "max_pool2d": (lambda x: F.max_pool2d(x, 2), lambda: (leaf(1, 2, 4, 4),)),
    "avg_pool2d": (lambda x: F.avg_pool2d(x, 2), lambda: (leaf(1, 2, 4, 4),)),
    "embedding": (lambda w: F.embedding(INDEX, w), lambda: (leaf(4, 3),)),
    "pad": (lambda x: F.pad(x, (1, 2)), lambda: (leaf(3, 4),)),
    "normalize": (F.normalize, lambda: (leaf(3, 4),)),
    "batch_norm": (lambda x: F.batch_norm(x, None, None, training=True), lambda: (leaf(5, 3),)),
    "stack": (lambda x, y: torch.stack([x, y], 1), lambda: (leaf(3), leaf(3, seed=1))),
    "clamp": (lambda x: x.clamp(-0.5, 0.5), lambda: (leaf(3, 4),)),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_first_order(name):
    function, inputs = CASES[name]
    assert gradcheck(function, inputs())


@pytest.mark.parametrize("name", CASES)
def test_second_order(name):
    function, inputs = CASES[name]
    assert gradgradcheck(function, inputs(), probe=False)


AT_KINKS = ["abs", "relu", "F.leaky_relu", "F.elu", "F.hardtanh", "F.relu6", "F.softshrink",
            "F.hardswish", "amax", "amin", "max", "min", "sort0", "norm", "cumprod0", "prod",
            "F.celu", "median", "sinc"]  # fmt: skip


@pytest.mark.parametrize("name", AT_KINKS)
def test_at_kinks_and_ties(name):
    for values in (np.zeros((2, 3)), np.array([[0.0, 1.0, 1.0], [1.0, -1.0, 0.0]])):
        x = torch.tensor(values).requires_grad_()
        assert gradcheck(CASES[name][0], (x,))


@pytest.mark.parametrize("name", ["exp", "tanh", "abs", "sum", "F.gelu", "F.relu", "square"])
def test_0d_empty_strided_and_float32(name):
    function = CASES[name][0]
    strided = leaf(4, 6).detach()[::2, ::3].requires_grad_()
    for x in (leaf(), leaf(0, 3), strided, leaf(3, 4, dtype=torch.float32)):
        assert gradcheck(function, (x,))
