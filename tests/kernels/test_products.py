"""Products that wait equal their sum taken at once, in every place where a gradient can end up."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_lite as torch
from tinygrad_lite._kernels import PLAIN
from tinygrad_lite._kernels.products import ROWS, SIZE, Products, product_of

SIDE = 128  # a weight of 128 by 128 waits


def pairs(rows, dtype, width=SIDE):
    random = np.random.default_rng(0)
    return [tuple(random.standard_normal((n, width)).astype(dtype) for _ in range(2)) for n in rows]


@pytest.mark.parametrize(("dtype", "gap"), [("float32", 1e-3), ("float64", 1e-10)])
@pytest.mark.parametrize("rows", [(1,), (3, 5), (32,) * 20, (1,) * (ROWS + 3), (128, 1, 127, 128)])
def test_the_sum(rows, dtype, gap):
    given = pairs(rows, dtype)
    kept = [(left.copy(), right.copy()) for left, right in given]
    waiting = Products(*given[0])
    for left, right in given[1:]:
        waiting = waiting + Products(left, right)
        assert waiting.rows < ROWS
    expected = sum(left.T.astype("float64") @ right for left, right in given)
    for _ in range(2):
        found = np.asarray(waiting)
        assert (found.dtype, found.shape) == (dtype, waiting.shape)
        np.testing.assert_allclose(found, expected, rtol=gap, atol=gap)
    for one, other in zip(given, kept, strict=True):
        np.testing.assert_array_equal(one, other)


def test_sums_with_arrays():
    (left, right), (other_left, other_right) = pairs((4, 6), "float64")
    product, other = left.T @ right, other_left.T @ other_right
    np.testing.assert_allclose(Products(left, right) + other, product + other)
    np.testing.assert_allclose(other + Products(left, right), product + other)
    target = other.copy()
    assert np.add(target, Products(left, right), out=target) is target
    np.testing.assert_allclose(target, product + other)
    waiting = Products(left, right) + Products(other_left, other_right)
    np.testing.assert_allclose(waiting + other, product + 2 * other)


@pytest.mark.skipif(PLAIN, reason="nothing waits in plain mode")
def test_what_waits():
    left, right = np.ones((8, SIDE)), np.ones((8, SIDE))
    assert SIDE * SIDE >= SIZE
    assert isinstance(product_of(left, right), Products)
    assert isinstance(product_of(np.ones((129, SIDE)), np.ones((129, SIDE))), np.ndarray)
    assert isinstance(product_of(left[:, :5], right), np.ndarray)


class Loop:
    """Steps h ← tanh(h Wᵀ + b), and the same with a product that never waits."""

    def __init__(self, steps=12, rows=4):
        generator = torch.Generator().manual_seed(0)
        draw = lambda *shape: torch.randn(*shape, generator=generator, dtype=torch.float64)
        self.w = (draw(SIDE, SIDE) / SIDE**0.5).requires_grad_()
        self.b = draw(SIDE).requires_grad_()
        self.h, self.steps = draw(rows, SIDE), steps

    def loss(self, weight, *, plain=False):
        h = self.h
        for _ in range(self.steps):
            if plain:
                h = (h.matmul(weight.t()) + self.b).tanh()
            else:
                h = torch.nn.functional.linear(h, weight, self.b).tanh()
        return (h * h).sum()

    def gradient(self, through=lambda w: w):
        self.w.grad = None
        self.loss(through(self.w), plain=True).backward()
        found = self.w.grad
        self.w.grad = self.b.grad = None
        return found


@pytest.fixture
def loop():
    return Loop()


def close(one, other):
    torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)


def test_gradient_of_a_leaf(loop):
    expected = loop.gradient()
    loop.loss(loop.w).backward()
    close(loop.w.grad, expected)
    assert loop.w.grad.is_contiguous()
    assert loop.w.grad.numpy().flags.writeable
    loop.loss(loop.w).backward()
    close(loop.w.grad, 2 * expected)


def test_gradient_asked_for(loop):
    expected = loop.gradient()
    (found,) = torch.autograd.grad(loop.loss(loop.w), [loop.w])
    close(found, expected)
    loop.loss(loop.w).backward(inputs=[loop.w])
    close(loop.w.grad, expected)
    assert loop.b.grad is None


@pytest.mark.parametrize(
    "through", [lambda w: w * 2, lambda w: w.t(), lambda w: w.clone(), lambda w: w.chunk(1)[0]]
)
def test_a_weight_that_was_computed(loop, through):
    expected = loop.gradient(through)
    weight = through(loop.w)
    weight.retain_grad()
    loop.loss(weight).backward()
    close(loop.w.grad, expected)
    assert weight.grad.shape == weight.shape


def test_a_weight_with_other_uses(loop):
    expected = loop.gradient() + 2 * loop.w.detach()
    for early in (True, False):
        loop.w.grad = None
        parts = [(loop.w * loop.w).sum() if early else 0, loop.loss(loop.w)]
        total = parts[0] + parts[1] if early else parts[1] + (loop.w * loop.w).sum()
        total.backward()
        close(loop.w.grad, expected)


def test_hooks_see_the_whole_sum_once(loop):
    expected, seen, after = loop.gradient(), [], []
    loop.w.register_hook(lambda g: seen.append(g.clone()) or g * 3)
    loop.w.register_post_accumulate_grad_hook(lambda p: after.append(p.grad.clone()))
    loop.loss(loop.w).backward()
    assert (len(seen), len(after)) == (1, 1)
    close(seen[0], expected)
    close(loop.w.grad, 3 * expected)
    close(after[0], 3 * expected)


def test_the_graph_walked_twice(loop):
    expected, loss = loop.gradient(), loop.loss(loop.w)
    loss.backward(retain_graph=True)
    loss.backward()
    close(loop.w.grad, 2 * expected)
    with pytest.raises(RuntimeError, match="a second time"):
        loss.backward()


def test_second_derivatives():
    loop = Loop(steps=3, rows=2)
    direction = torch.ones_like(loop.w) / 7

    def curvature(*, plain):
        (g,) = torch.autograd.grad(loop.loss(loop.w, plain=plain), [loop.w], create_graph=True)
        return torch.autograd.grad((g * direction).sum(), [loop.w])[0]

    close(curvature(plain=False), curvature(plain=True))


def test_anomalies_are_looked_for(loop):
    with torch.autograd.detect_anomaly():
        expected = loop.gradient()
        loop.loss(loop.w).backward()
    close(loop.w.grad, expected)


def test_hooks_of_nodes_get_tensors(loop):
    expected, shapes = loop.gradient(), []
    h = torch.nn.functional.linear(loop.h, loop.w, loop.b)
    h.grad_fn.register_hook(
        lambda given, received: shapes.extend(g.shape for g in given if g is not None)
    )
    loop.h = h.tanh()
    loop.steps -= 1
    loop.loss(loop.w).backward()
    close(loop.w.grad, expected)
    assert (SIDE, SIDE) in [tuple(shape) for shape in shapes]


def test_an_intermediate_result_among_the_inputs(loop):
    h = loop.h.clone().requires_grad_() * 1
    loop.h = h
    expected = torch.autograd.grad(loop.loss(loop.w, plain=True), [h, loop.w], retain_graph=True)
    found = torch.autograd.grad(loop.loss(loop.w), [h, loop.w])
    for one, other in zip(found, expected, strict=True):
        close(one, other)
