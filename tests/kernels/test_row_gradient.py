"""Gradients of large tables stay rows until somebody looks, and nobody can tell."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import tinygrad_lite as torch
from tinygrad_lite._kernels import PLAIN
from tinygrad_lite._kernels.rows import Rows, add_rows
from tinygrad_lite._row_gradient import RowGradient

pytestmark = pytest.mark.skipif(PLAIN, reason="gradients are whole in plain mode")

F, COUNT, WIDTH = torch.nn.functional, 5000, 64


def table(seed=0):
    values = np.random.default_rng(seed).standard_normal((COUNT, WIDTH)).astype("float32")
    return torch.tensor(values, requires_grad=True)


def numbers(*shape, high=COUNT, seed=0):
    return torch.tensor(np.random.default_rng(seed).integers(0, high, shape))


def looked_up(weight, index, seed=1, **settings):
    g = np.random.default_rng(seed).standard_normal((*index.shape, WIDTH)).astype("float32")
    F.embedding(index, weight, **settings).backward(torch.tensor(g))
    whole = np.zeros((COUNT, WIDTH), "float32")
    np.add.at(whole, index.numpy(), g)
    return whole


@pytest.mark.parametrize("high", [COUNT, 20, 1])
@pytest.mark.parametrize("shape", [(7,), (30, 5), (0,), (1000,)])
def test_the_whole_is_the_sum_of_the_rows(shape, high):
    w = table()
    expected = looked_up(w, numbers(*shape, high=high))
    assert type(w.grad) is RowGradient
    assert w.grad.shape == (COUNT, WIDTH)
    assert type(w.grad) is torch.Tensor
    np.testing.assert_allclose(w.grad.numpy(), expected, rtol=1e-5, atol=1e-5)


def test_small_tables_and_full_batches_are_whole_at_once():
    w = table()
    looked_up(w, numbers(COUNT))
    assert type(w.grad) is torch.Tensor


def test_gradients_add_up():
    w = table()
    expected = looked_up(w, numbers(40)) + looked_up(w, numbers(50, seed=5), seed=6)
    np.testing.assert_allclose(w.grad.numpy(), expected, rtol=1e-6, atol=1e-6)
    w.grad = None
    (F.embedding(numbers(9), w).sum() + (w * 2).sum() + F.embedding(numbers(9), w).sum()).backward()
    counted = np.zeros((COUNT, WIDTH), "float32")
    np.add.at(counted, numbers(9).numpy(), 2)
    np.testing.assert_allclose(w.grad.numpy(), counted + 2)


def test_options_and_other_ways_to_a_gradient():
    w, index = table(), numbers(60, high=9)
    F.embedding(index, w, padding_idx=3, scale_grad_by_freq=True).sum().backward()
    seen = np.unique(index.numpy())
    expected = np.zeros((COUNT, WIDTH), "float32")
    expected[seen[seen != 3]] = 1
    np.testing.assert_allclose(w.grad.numpy(), expected, rtol=1e-6)
    (found,) = torch.autograd.grad(F.embedding(index, w).sum(), w)
    counts = np.bincount(index.numpy(), minlength=COUNT)
    np.testing.assert_array_equal(found.sum(1).numpy(), counts * WIDTH)
    (found,) = torch.autograd.grad((F.embedding(index, w) ** 2).sum(), w, create_graph=True)
    assert found.requires_grad
    with torch.autograd.detect_anomaly():
        F.embedding(index, w).sum().backward()


def test_a_hook_sees_the_whole():
    w, seen = table(), []
    w.register_hook(seen.append)
    expected = looked_up(w, numbers(5))
    np.testing.assert_array_equal(seen[0].numpy(), expected)


COPIES = [
    copy.deepcopy, lambda g: pickle.loads(pickle.dumps(g)), lambda g: g.clone(), lambda g: g * 1,
    lambda g: g.detach(),
]  # fmt: skip


@pytest.mark.parametrize("take", COPIES)
def test_copies_are_ordinary_tensors(take):
    w = table()
    expected = looked_up(w, numbers(6))
    np.testing.assert_array_equal(take(w.grad).numpy(), expected)


def test_what_was_handed_in_may_change_afterwards():
    w, g = table(), torch.ones(3, WIDTH)
    F.embedding(torch.tensor([1, 2, 3]), w).backward(g)
    g.zero_()
    assert w.grad[2].sum() == WIDTH


@pytest.mark.parametrize(
    "settings",
    [{}, {"maximize": True}, {"momentum": 0.9}, {"weight_decay": 0.1},
     {"momentum": 0.9, "nesterov": True}],
)  # fmt: skip
def test_sgd_steps_as_with_the_whole(settings):
    fast, slow = table(), table()
    steps = [torch.optim.SGD([w], lr=0.1, **settings) for w in (fast, slow)]
    for k in range(3):
        for w in (fast, slow):
            w.grad = None
            looked_up(w, numbers(100, high=300, seed=k))
        slow.grad += 0  # looks at the whole
        assert type(fast.grad) is RowGradient
        for optimizer in steps:
            optimizer.step()
        np.testing.assert_array_equal(fast.detach().numpy(), slow.detach().numpy())


@pytest.mark.parametrize("name", ["Adam", "AdamW", "RMSprop", "Adagrad", "Adadelta", "Muon"])
def test_other_optimizers_take_the_whole(name):
    fast, slow = table(), table()
    for w in (fast, slow):
        optimizer = getattr(torch.optim, name)([w], lr=0.1)
        looked_up(w, numbers(100))
        if w is slow:
            w.grad += 0
        optimizer.step()
    np.testing.assert_array_equal(fast.detach().numpy(), slow.detach().numpy())


def test_a_step_of_rows_is_seen_as_a_change_in_place():
    w = table()
    out = (w * w).sum()
    looked_up(w, numbers(5))
    torch.optim.SGD([w], lr=0.1).step()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        out.backward()


@pytest.mark.parametrize("count", [0, 3, 500])
def test_rows_beside_arrays(count):
    random = np.random.default_rng(0)
    names, values = random.integers(0, 40, count), random.standard_normal((count, 3))
    rows, whole = Rows(40, names, values), np.zeros((40, 3))
    add_rows(whole, names, values)
    other = random.standard_normal((40, 3))
    np.testing.assert_allclose(rows + other, whole + other)
    np.testing.assert_allclose(other + rows, whole + other)
    np.testing.assert_allclose(np.add(other, rows), whole + other)
    np.testing.assert_allclose(rows + rows, 2 * whole)
    np.testing.assert_allclose(np.multiply(rows, other), whole * other)
    total = other.copy()
    np.add(total, rows, out=total)
    np.testing.assert_allclose(total, whole + other)
