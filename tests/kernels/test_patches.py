"""Parts of gradients equal their sum as whole arrays, in every place where they can end up."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_lite as torch
from tinygrad_lite._kernels import PLAIN
from tinygrad_lite._kernels.patches import LARGE, Patch, is_large

SHAPE = (256, 160)  # large enough
KEYS = [
    3, -1, (slice(None), 2), slice(5, 40, 3), (slice(None, None, -1), slice(4, 9)), (..., 7),
    (None, 4), (2, 5), (slice(3, 3), 1), (),
]  # fmt: skip


def part_of(key):
    return np.random.default_rng(0).standard_normal(np.zeros(SHAPE)[key].shape)


def whole_of(key, part):
    whole = np.zeros(SHAPE)
    whole[key] = part
    return whole


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_sums(key):
    part = part_of(key)
    patch, whole = Patch(SHAPE, key, part), whole_of(key, part)
    assert (patch.shape, patch.ndim, patch.dtype) == (SHAPE, 2, part.dtype)
    np.testing.assert_array_equal(np.asarray(patch), whole)
    given = np.random.default_rng(1).standard_normal(SHAPE)
    before, target, third = given.copy(), given.copy(), np.empty(SHAPE)
    for found in (
        given + patch,
        patch + given,
        np.add(given, patch),
        np.add(given, patch, out=third),
    ):
        np.testing.assert_array_equal(found, before + whole)
    np.testing.assert_array_equal(third, before + whole)
    assert np.add(target, patch, out=target) is target
    np.testing.assert_array_equal(target, before + whole)
    np.testing.assert_array_equal(patch + Patch(SHAPE, key, part), 2 * whole)
    np.testing.assert_array_equal(given * patch, before * whole)
    np.testing.assert_array_equal(given, before)
    np.testing.assert_array_equal(part, part_of(key))


@pytest.mark.skipif(PLAIN, reason="there are no patches in plain mode")
def test_what_is_large():
    assert is_large((64, LARGE // 64))
    assert not is_large((63, LARGE // 64))


def gradients(cut, through, size=SHAPE, **settings):
    """An array that is cut up, with its gradient; what was cut up, and the loss."""
    x = torch.randn(size, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    x.requires_grad_()
    whole = through(x)
    loss = sum(((part * (k + 1)) ** 2).sum() for k, part in enumerate(cut(whole)))
    loss.backward(**settings)
    return x, whole, loss


def expected(cut, through, size=SHAPE):
    """The same without cutting: each element weighs as much as the part that it is in."""
    x = torch.randn(size, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    weight = torch.zeros(size, dtype=torch.float64)
    for k, part in enumerate(cut(weight)):
        part.add_((k + 1) ** 2)
    x.requires_grad_()
    (weight * through(x) ** 2).sum().backward()
    return x.grad


CUTS = [
    lambda x: x.chunk(4, dim=1), lambda x: x.split([10, 30, 120], dim=1), lambda x: x.unbind(0),
    lambda x: [x[t] for t in range(0, len(x), 5)], lambda x: [x[:, 3]],
    lambda x: [x[2:9], x[..., 10:20].t()[3:4]],
]  # fmt: skip
WAYS = [lambda x: x, lambda x: x * 1.5, lambda x: x.tanh(), lambda x: x.clone()]


def disjoint(cut):
    """Whether no element is cut out twice."""
    count = torch.zeros(SHAPE)
    for part in cut(count):
        part.add_(1)
    return count.max() <= 1


@pytest.mark.parametrize("through", WAYS)
@pytest.mark.parametrize("cut", [cut for cut in CUTS if disjoint(cut)])
def test_gradients_of_what_is_cut_up(cut, through):
    x, _, loss = gradients(cut, through, retain_graph=True)
    wanted = expected(cut, through)
    torch.testing.assert_close(x.grad, wanted, rtol=1e-12, atol=1e-12)
    loss.backward()
    torch.testing.assert_close(x.grad, 2 * wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("cut", CUTS)
def test_parts_that_overlap_and_other_uses(cut):
    x = torch.randn(SHAPE, dtype=torch.float64, requires_grad=True)

    def loss(y):
        return sum((part**2).sum() for part in cut(y)) + (y**3).sum() + (y[1:] * y[:-1]).sum()

    (first,) = torch.autograd.grad(loss(x * 1), [x], create_graph=True)
    loss(x * 1).backward()
    torch.testing.assert_close(x.grad, first.detach(), rtol=1e-12, atol=1e-12)
    x.grad = None
    loss(x).backward()
    torch.testing.assert_close(x.grad, first.detach(), rtol=1e-12, atol=1e-12)
    y = x * 1
    found = torch.autograd.grad(loss(y), [x, y])
    for one in found:
        torch.testing.assert_close(one, first.detach(), rtol=1e-12, atol=1e-12)


def test_hooks_and_anomalies():
    seen = []
    x = torch.randn(SHAPE, requires_grad=True)
    y = x * 2
    y.retain_grad()
    y.register_hook(lambda g: seen.append(g.clone()))
    part = y[:3]
    part.register_hook(lambda g: g * 2)
    with torch.autograd.detect_anomaly():
        (part.sum() + y[10:].sum()).backward()
    wanted = torch.zeros(SHAPE)
    wanted[:3], wanted[10:] = 2, 1
    torch.testing.assert_close(y.grad, wanted)
    torch.testing.assert_close(seen[0], wanted)
    torch.testing.assert_close(x.grad, 2 * wanted)
