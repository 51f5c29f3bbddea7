"""Infinite and NaN gradients at a choice: the side not chosen gets 0, as PyTorch's, not 0 · ∞."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_lite

torch = pytest.importorskip("torch")

INF, NAN = float("inf"), float("nan")
TOLERANCE = {"float16": 1e-2, "float32": 1e-5, "float64": 1e-7}  # PyTorch's 1/6 is a float32
EDGES = [-INF, -7.0, -3.0, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 3.0, 6.0, 7.0, INF, NAN]
CALM = [-3.0, -1.0, -0.0, 0.0, 0.5, 3.0, 3.0]

CHOICES = {
    "relu": lambda m, x: m.relu(x),
    "relu6": lambda m, x: m.nn.functional.relu6(x),
    "leaky_relu": lambda m, x: m.nn.functional.leaky_relu(x, 0.0),
    "prelu": lambda m, x: m.nn.functional.prelu(x[None], m.zeros(len(x), dtype=x.dtype)),
    "elu": lambda m, x: m.nn.functional.elu(x),
    "selu": lambda m, x: m.nn.functional.selu(x),
    "celu": lambda m, x: m.nn.functional.celu(x, 0.5),
    "hardtanh": lambda m, x: m.nn.functional.hardtanh(x),
    "hardshrink": lambda m, x: m.nn.functional.hardshrink(x),
    "softshrink": lambda m, x: m.nn.functional.softshrink(x),
    "hardsigmoid": lambda m, x: m.nn.functional.hardsigmoid(x),
    "hardswish": lambda m, x: m.nn.functional.hardswish(x),
    "threshold": lambda m, x: m.nn.functional.threshold(x, 0.5, 9.0),
    "clamp": lambda m, x: x.clamp(-1, 1),
    "abs": lambda m, x: x.abs(),
    "where": lambda m, x: m.where(x > 0, x, m.zeros((), dtype=x.dtype)),
    "masked_fill": lambda m, x: x.masked_fill(x > 0, 2.0),
    "dropout": lambda m, x: m.nn.functional.dropout(x, 1.0),
    "maximum": lambda m, x: m.maximum(x, m.zeros(len(x), dtype=x.dtype)),
    "minimum": lambda m, x: m.minimum(x, m.zeros(len(x), dtype=x.dtype)),
    "tanh": lambda m, x: x.tanh(),
    "smooth_l1": lambda m, x: m.nn.functional.smooth_l1_loss(x, x.detach() * 2, reduction="none"),
    "huber": lambda m, x: m.nn.functional.huber_loss(x, x.detach() * 2, reduction="none"),
}
EXTREMES = {
    "max": lambda m, x: x.max(),
    "min": lambda m, x: x.min(),
    "median": lambda m, x: x.median(),
    "max_along": lambda m, x: x.max(0).values,
    "xlogy": lambda m, x: m.xlogy(x, m.zeros(len(x), dtype=x.dtype) - 1),
}


def slope(module, function, values, upstream, dtype):
    x = module.tensor(values, dtype=getattr(module, dtype), requires_grad=True)
    out = function(module, x)
    out.backward(module.full(tuple(out.shape), upstream, dtype=out.dtype))
    return np.array(x.grad.tolist())


@pytest.mark.parametrize("repeats", [1, 20], ids=["small", "large"])  # relu chooses in two ways
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize("upstream", [INF, -INF, NAN, 1.0])
@pytest.mark.parametrize("name", CHOICES)
def test_elements_that_are_not_chosen_get_nothing(name, upstream, dtype, repeats):
    # of NaN PyTorch's vectors and its remainders think differently: only its remainders are asked
    values = EDGES if repeats == 1 else EDGES[:-1] * repeats
    expected = slope(torch, CHOICES[name], values, upstream, dtype)
    found = slope(tinygrad_lite, CHOICES[name], values, upstream, dtype)
    np.testing.assert_allclose(found, expected, rtol=TOLERANCE[dtype])


@pytest.mark.parametrize("upstream", [INF, -INF, NAN, 1.0])
@pytest.mark.parametrize("name", EXTREMES)
def test_one_extreme_of_all(name, upstream):
    expected = slope(torch, EXTREMES[name], CALM, upstream, "float64")
    found = slope(tinygrad_lite, EXTREMES[name], CALM, upstream, "float64")
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("size", [3, 300])
@pytest.mark.parametrize("create", [False, True])
def test_the_root_of_what_relu_cut_off_trains(size, create):
    """The slope of the root is infinite at 0, and relu's is 0 there: 0 flows back."""
    x = tinygrad_lite.tensor([-1.0, 0.0, 4.0] * size, requires_grad=True)
    (g,) = tinygrad_lite.autograd.grad(x.relu().sqrt().sum(), x, create_graph=create)
    assert g.tolist() == [0.0, 0.0, 0.25] * size


@pytest.mark.parametrize("shape", [(16, 20), (20, 16)])
def test_relu_in_other_layouts(shape):
    x = np.random.default_rng(0).standard_normal(shape[::-1])
    g = np.random.default_rng(1).standard_normal(shape)
    t = tinygrad_lite.tensor(x, requires_grad=True)
    t.T.relu().backward(tinygrad_lite.tensor(g))
    np.testing.assert_array_equal(t.grad.numpy(), np.where(x > 0, g.T, 0))
    t.grad = None
    t.relu().sum(0).sum().backward()  # a gradient of stride 0
    np.testing.assert_array_equal(t.grad.numpy(), (x > 0) * 1.0)


def bags(m, weight):
    rows, starts = m.tensor([0, 2, 1, 2, 3]), m.tensor([0, 3])
    return m.nn.functional.embedding_bag(rows, weight, starts, mode="sum", padding_idx=2)


def recurrent(m, x):
    layer = m.nn.RNN(3, 2, nonlinearity="relu").double()
    for k, p in enumerate(layer.parameters()):
        p.data = m.tensor([0.7, -0.5, 0.2, -0.9, 0.4, -0.3])[: p.numel()].double().reshape(p.shape)
        p.data = p.data * (1 + k)
    return layer(x)[0]


def cell(m, x):
    layer = m.nn.RNNCell(3, 2, nonlinearity="relu").double()
    for p in layer.parameters():
        p.data = m.tensor([0.7, -0.5, 0.2, -0.9, 0.4, -0.3])[: p.numel()].double().reshape(p.shape)
    return layer(x)


def entropy(reduction):
    return lambda m, x: m.nn.functional.cross_entropy(
        x, m.tensor([0, 2, 1, 1]), ignore_index=2, reduction=reduction
    )


# Where an infinite gradient arrives, the operands' values, and what is done to them
SPREAD = {
    "max_pool1d": ((2, 2, 9), lambda m, x: m.nn.functional.max_pool1d(x, 3, 2, 1)),
    "max_pool1d apart": ((1, 2, 9), lambda m, x: m.nn.functional.max_pool1d(x, 2, 3)),
    "max_pool2d": ((1, 2, 7, 6), lambda m, x: m.nn.functional.max_pool2d(x, 3, 2, 1)),
    "max_pool2d tiles": ((1, 2, 4, 6), lambda m, x: m.nn.functional.max_pool2d(x, 2)),
    "max_pool3d": ((1, 1, 5, 5, 4), lambda m, x: m.nn.functional.max_pool3d(x, 2, 1)),
    "max_pool indices": (
        (1, 2, 9), lambda m, x: m.nn.functional.max_pool1d(x, 3, 2, return_indices=True)[0],
    ),
    "rnn": ((3, 2, 3), recurrent),
    "rnn cell": ((2, 3), cell),
    "padding row": (
        (4, 3), lambda m, x: m.nn.functional.embedding(m.tensor([[1, 0], [1, 3]]), x, 1),
    ),
    "padding row of bags": ((4, 3), bags),
    "ignored target": ((4, 3), entropy("none")),
    "ignored target of a mean": ((4, 3), entropy("mean")),
}  # fmt: skip
ZEROS = {
    "sinc": ([0.0, 1.0, -0.5, -0.0, 2.3], lambda m, x: m.sinc(x)),
    "prod of two zeros": ([0.0, 2.0, 0.0, 3.0], lambda m, x: x.prod()),
    "prod of a zero": ([0.0, 2.0, 4.0, 3.0], lambda m, x: x.prod()),
    "prod along": ([0.0, 2.0, 4.0, 3.0], lambda m, x: x.prod(0)),
    "cumprod of a zero": ([2.0, 0.0, 3.0, -1.0], lambda m, x: x.cumprod(0)),
    "cumprod of two zeros": ([2.0, 0.0, 3.0, 0.0, 4.0], lambda m, x: x.cumprod(0)),
    "cumprod of zeros in front": ([0.0, 0.0, 3.0], lambda m, x: x.cumprod(0)),
    "cumprod of rows": ([2.0, 0.0, 3.0, 5.0, 1.0, 0.0], lambda m, x: x.reshape(2, 3).cumprod(1)),
}  # fmt: skip


def slope_of_places(m, function, x, upstream):
    """Gradients for upstream gradients of ones that are `upstream` at one place after another."""
    found = []
    out = function(m, x)
    for at in range(0, out.numel(), 1 + out.numel() // 9):
        g = np.ones(tuple(out.shape))
        g.reshape(-1)[at] = upstream
        x.grad = None
        function(m, x).backward(m.tensor(g, dtype=x.dtype))
        found.append(x.grad.tolist())
    return found


def same_slopes(function, x, upstream):
    ours = tinygrad_lite.tensor(x, requires_grad=True)
    theirs = torch.tensor(x, requires_grad=True)
    found = slope_of_places(tinygrad_lite, function, ours, upstream)
    expected = slope_of_places(torch, function, theirs, upstream)
    sound = ~np.isnan(np.array(expected))  # where PyTorch says NaN a number may stand
    np.testing.assert_allclose(np.array(found)[sound], np.array(expected)[sound], rtol=1e-6)


@pytest.mark.parametrize("upstream", [INF, -INF, NAN])
@pytest.mark.parametrize("name", SPREAD)
def test_an_infinite_gradient_stays_where_it_belongs(name, upstream):
    shape, function = SPREAD[name]
    x = np.random.default_rng(5).permutation(np.prod(shape)).reshape(shape) * 0.1 - 1
    same_slopes(function, x, upstream)


@pytest.mark.parametrize("upstream", [INF, -INF, NAN])
@pytest.mark.parametrize("name", ZEROS)
def test_zeros_stop_an_infinite_gradient(name, upstream):
    values, function = ZEROS[name]
    same_slopes(function, np.array(values), upstream)
