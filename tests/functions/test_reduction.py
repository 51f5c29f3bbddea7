"""PyTorch's reductions: forms of call, named results, corners, second order, errors."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tinygrad_lite as torch

INF, NAN = math.inf, math.nan


def leaf(*values):
    """A float64 leaf that wants its gradient."""
    return torch.tensor(np.array(values, np.float64), requires_grad=True)


def gradient(function, *values):
    """The gradient of the sum of what `function` makes of a leaf."""
    x = leaf(*values)
    function(x).sum().backward()
    return x.grad.tolist()


def second(function, *values):
    """The Hessian of `function`, which makes one number of a leaf."""
    x = leaf(*values)
    (g,) = torch.autograd.grad(function(x), x, create_graph=True)
    rows = [torch.autograd.grad(g[i], x, retain_graph=True)[0].tolist() for i in range(len(values))]
    np.testing.assert_allclose(rows, np.transpose(rows))
    return rows


def test_ways_to_call():
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    for found in (
        torch.sum(x, 1),
        x.sum(1),
        x.sum(dim=-1),
        x.sum(axis=1),
        torch.sum(input=x, dim=1),
    ):
        assert found.tolist() == [3, 7]
    assert x.sum(dim=(0, 1), keepdim=True).shape == (1, 1)
    assert x.sum(axis=0, keepdims=True).shape == (1, 2)
    assert x.sum(dim=()) == 10
    assert x.amax(()) == 4
    assert x.var(0, False).tolist() == x.var(dim=0, correction=0).tolist() == [1, 1]
    assert x.std(False) == x.std(unbiased=False) == x.std(correction=0)
    assert torch.max(x, torch.tensor(2.5)).tolist() == [[2.5, 2.5], [3, 4]]
    assert x.norm() == torch.norm(x, p=2) == torch.norm(x, "fro")
    out = torch.empty(0)
    assert torch.sum(x, 0, out=out) is out
    assert out.tolist() == [4, 6]


def test_numpys_functions_record():
    x = leaf(1.0, 2.0, 6.0)
    for function in (np.sum, np.mean, np.prod, np.max, np.std, np.var, np.cumsum):
        expected = function(x.detach().numpy())
        found = function(x)
        assert found.requires_grad
        np.testing.assert_allclose(found.detach().numpy(), expected)


def test_named_results():
    x = torch.tensor([[3.0, 1.0], [2.0, 9.0]])
    found = x.max(dim=1)
    assert found.values.tolist() == found[0].tolist() == [3, 9]
    assert found.indices.tolist() == [0, 1]
    assert found.indices.dtype is torch.int64
    values, indices = torch.min(x, 0, keepdim=True)
    assert values.shape == indices.shape == (1, 2)
    low, high = torch.aminmax(x)
    assert (low, high) == (1, 9)
    assert repr(found).startswith("torch.return_types.max(\nvalues=tensor([3., 9.]),\nindices=")


def test_types():
    for dtype in (torch.bool, torch.uint8, torch.int32):
        ones = torch.ones(3, dtype=dtype)
        for found in (ones.sum(), ones.prod(), ones.cumsum(0), ones.cumprod(0)):
            assert found.dtype is torch.int64
        assert ones.sum(dtype=torch.float64).dtype is torch.float64
    assert torch.ones(3, dtype=torch.uint8).all().dtype is torch.uint8
    assert torch.ones(3, dtype=torch.int32).any().dtype is torch.bool
    assert torch.full((100_000,), 0.1, dtype=torch.float16).sum() == 10_000
    assert torch.ones(3, dtype=torch.int64).logsumexp(0).dtype is torch.float32


def test_what_has_no_gradient():
    x = leaf(1.0, 2.0)
    for found in (x.argmax(), x.count_nonzero(), x.any(), x.all(), x.max(0).indices):
        assert not found.requires_grad


@pytest.mark.parametrize(
    ("function", "values", "expected"),
    [
        (lambda x: x.max(), [1, 3, 3], [0, 0.5, 0.5]),
        (lambda x: x.amin(0), [1, 1, 3], [0.5, 0.5, 0]),
        (lambda x: x.max(0).values, [1, 3, 3], [0, 1, 0]),
        (lambda x: x.max(), [1, NAN, 3], [0, 1, 0]),
        (lambda x: x.nansum(), [1, NAN, 3], [1, 0, 1]),
        (lambda x: x.nanmean(), [1, NAN, 3], [0.5, 0, 0.5]),
        (lambda x: x.std(), [2, 2, 2], [0, 0, 0]),
        (lambda x: x.norm(), [0, 0], [0, 0]),
        (lambda x: x.norm(1), [0, -2], [0, -1]),
        (lambda x: x.norm(INF), [-2, 1, 2], [-0.5, 0, 0.5]),
        (lambda x: torch.dist(x, x.detach()), [1, 2], [0, 0]),
        (lambda x: x.prod(), [2, 0, 3], [0, 6, 0]),
        (lambda x: x.prod(), [0, 0, 3], [0, 0, 0]),
        (lambda x: x.cumprod(0), [2, 0, 3], [1, 8, 0]),
        (lambda x: x.cummax(0).values, [1, 2, 2, 1], [1, 1, 2, 0]),
        (lambda x: x.logsumexp(0), [-INF, 0], [0, 1]),
        (lambda x: x.logsumexp(0), [-INF, -INF], [NAN, NAN]),
        (lambda x: x.logcumsumexp(0), [-INF, 0], [0, 1]),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_corners(function, values, expected):
    np.testing.assert_array_equal(gradient(function, *values), expected)


def test_second_derivatives_of_products_at_zeros():
    product = lambda x: x.prod()
    assert second(product, 0.0, 0.0, 3.0) == [[0, 3, 0], [3, 0, 0], [0, 0, 0]]
    assert second(product, 2.0, 0.0, 3.0) == [[0, 3, 0], [3, 0, 2], [0, 2, 0]]
    assert second(product, 2.0, 5.0) == [[0, 1], [1, 0]]
    along = lambda x: x.prod(0)
    assert second(along, 0.0, 0.0, 3.0) == second(product, 0.0, 0.0, 3.0)
    running = lambda x: x.cumprod(0)[2]
    assert second(running, 0.0, 0.0, 3.0) == second(product, 0.0, 0.0, 3.0)


def test_third_derivative_of_a_product_at_zeros():
    x = leaf(0.0, 0.0, 0.0)
    (g,) = torch.autograd.grad(x.prod(), x, create_graph=True)
    (h,) = torch.autograd.grad(g[0], x, create_graph=True)
    (third,) = torch.autograd.grad(h[1], x)
    assert third.tolist() == [0, 0, 1]


def test_second_derivatives():
    spread = second(lambda x: x.var(), 1.0, 2.0, 4.0)
    np.testing.assert_allclose(spread, np.eye(3) - 1 / 3)
    size = second(lambda x: x.norm(), 3.0, 4.0)
    np.testing.assert_allclose(size, [[0.128, -0.096], [-0.096, 0.072]])
    soft = second(lambda x: x.logsumexp(0), 0.0, 0.0)
    np.testing.assert_allclose(soft, [[0.25, -0.25], [-0.25, 0.25]])
    cubes = second(lambda x: x.norm(3) ** 3 / 3, -1.0, 2.0)
    np.testing.assert_allclose(cubes, [[2, 0], [0, 4]], atol=1e-12)


def test_nothing_and_a_single_number():
    empty = torch.zeros(0, 3, dtype=torch.float64, requires_grad=True)
    assert empty.sum() == 0
    assert empty.prod() == 1
    assert math.isnan(empty.mean())
    (empty.sum(0) + empty.norm(dim=0)).sum().backward()
    assert empty.grad.shape == (0, 3)
    x = torch.tensor(2.0, requires_grad=True)
    (x.sum(0) + x.max(0).values + x.prod(-1) + x.cumsum(0)).backward()
    assert x.grad == 4


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: torch.ones(2, dtype=torch.int64).mean(), RuntimeError, "Got: Long"),
        (lambda: torch.ones(2, 3).sum(2), IndexError, r"range of \[-2, 1\], but got 2"),
        (lambda: torch.ones(2, 3).sum((0, 0)), RuntimeError, "appears multiple times"),
        (lambda: torch.ones(0).max(), RuntimeError, r"input.numel\(\) == 0"),
        (lambda: torch.ones(0, 2).amax(0), IndexError, "dim 0 to have non-zero size"),
        (lambda: torch.sum([1.0]), TypeError, "must be Tensor, not list"),
        (lambda: torch.ones(2).sum(0.5), TypeError, "must be int, not float"),
        (lambda: torch.ones(2, dtype=torch.int64).std(), RuntimeError, "floating point"),
        (lambda: torch.ones(2, dtype=torch.int64).norm(), RuntimeError, "floating point"),
    ],
)
def test_errors(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_too_little_freedom_warns():
    with pytest.warns(UserWarning, match="degrees of freedom"):
        assert math.isnan(torch.ones(1).std())
