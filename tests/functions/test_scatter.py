"""PyTorch's gathering, scattering and masking: forms of call, repeats, views, errors."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_lite as torch


def leaf(*values):
    return torch.tensor(np.array(values, np.float64), requires_grad=True)


def index(*values):
    return torch.tensor(np.array(values, np.int64))


def test_repeated_places_add_up():
    for function in (
        lambda x: x.gather(0, index(0, 0, 1)),
        lambda x: x.index_select(0, index(0, 0, 1)),
        lambda x: x.take(index(0, 0, 1)),
        lambda x: torch.take_along_dim(x, index(0, 0, 1), dim=0),
        lambda x: x[index(0, 0, 1)],
    ):
        x = leaf(1.0, 2.0, 3.0)
        out = function(x)
        assert out.tolist() == [1, 1, 2]
        (out * torch.tensor([1.0, 2.0, 4.0])).sum().backward()
        assert x.grad.tolist() == [3, 4, 0]


def test_the_last_write_stays_and_every_source_gets_a_gradient():
    x, source = leaf(0.0, 0.0, 0.0), leaf(1.0, 2.0, 3.0)
    out = x.scatter(0, index(0, 0, 1), source)
    assert out.tolist() == [2, 3, 0]
    (out * torch.tensor([1.0, 2.0, 4.0])).sum().backward()
    assert source.grad.tolist() == [1, 1, 2]
    assert x.grad.tolist() == [0, 0, 4]


def test_a_filled_slice_counts_its_value_once():
    value = torch.tensor(5.0, requires_grad=True)
    torch.zeros(3).index_fill(0, index(1, 1, 1), value).sum().backward()
    assert value.grad == 1


def test_tied_extremes():
    x, source = leaf(1.0, 1.0, 1.0), leaf(1.0, 2.0, 3.0)
    x.scatter_reduce(0, index(0, 0, 1), source, "amax").sum().backward()
    assert x.grad.tolist() == [0, 0, 1]
    assert source.grad.tolist() == [0, 1, 1]


@pytest.mark.parametrize(
    ("reduce", "included", "alone"),
    [("sum", [8, 10], [6, 10]), ("prod", [16, 10], [8, 10]), ("mean", [8 / 3, 10], [3, 10]),
     ("amax", [4, 10], [4, 10]), ("amin", [2, 10], [2, 10])],
)  # fmt: skip
def test_scatter_reduce(reduce, included, alone):
    x, source = torch.tensor([2.0, 10.0]), torch.tensor([2.0, 4.0])
    np.testing.assert_allclose(x.scatter_reduce(0, index(0, 0), source, reduce).tolist(), included)
    found = torch.scatter_reduce(x, 0, index(0, 0), source, reduce, include_self=False)
    np.testing.assert_allclose(found.tolist(), alone)


def test_second_derivative_of_a_product_with_two_zeros():
    source = leaf(0.0, 0.0, 3.0)
    out = torch.ones(1, dtype=torch.float64).scatter_reduce(0, index(0, 0, 0), source, "prod")
    (g,) = torch.autograd.grad(out.sum(), source, create_graph=True)
    assert g.tolist() == [0, 0, 0]
    assert torch.autograd.grad(g[0], source)[0].tolist() == [0, 3, 0]


def test_scattering_forms():
    x = torch.zeros(3)
    assert x.scatter(0, index(1), 5.0).tolist() == [0, 5, 0]
    assert x.scatter(0, index(1), value=5).tolist() == [0, 5, 0]
    assert torch.scatter(x, dim=0, index=index(2), src=torch.ones(2)).tolist() == [0, 0, 1]
    assert torch.ones(3).scatter(0, index(1), 5.0, reduce="add").tolist() == [1, 6, 1]
    assert torch.ones(3).scatter(0, index(1), 5.0, reduce="multiply").tolist() == [1, 5, 1]
    labels = index(2, 0)
    assert torch.zeros(2, 3).scatter_(1, labels.unsqueeze(1), 1.0).tolist() == [
        [0, 0, 1],
        [1, 0, 0],
    ]


def test_in_place_forms_change_the_tensor():
    x = torch.zeros(3)
    assert x.index_add_(0, index(0, 0), torch.ones(2)) is x
    assert x.tolist() == [2, 0, 0]
    x.masked_fill_(x == 0, -1.0)
    x.index_fill_(0, index(2), 7.0)
    x.scatter_add_(0, index(1), torch.ones(1))
    x.index_copy_(0, index(0), torch.tensor([4.0]))
    assert x.tolist() == [4, 0, 7]
    x.put_(index(1), torch.tensor([3.0]), accumulate=True)
    x.index_put_((index(0),), torch.tensor([1.0]), accumulate=True)
    x.masked_scatter_(x > 6, torch.tensor([0.0]))
    assert x.tolist() == [5, 3, 0]


def test_masks():
    x = leaf(1.0, 2.0, 3.0)
    mask = torch.tensor([True, False, True])
    assert torch.masked_select(x, mask).tolist() == [1, 3]
    out = x.masked_fill(mask, 0.0)
    assert out.dtype is torch.float64
    out.sum().backward()
    assert x.grad.tolist() == [0, 1, 0]
    assert torch.tensor([1, 2, 3]).masked_fill(mask, 9).dtype is torch.int64


def test_where():
    x = leaf(1.0, -2.0)
    assert torch.where(x > 0, x, 0.0).tolist() == [1, 0]
    assert torch.where(x > 0, 1.0, 0.0).dtype is torch.float32
    assert torch.where(x > 0, 1, 0).dtype is torch.int64
    assert torch.where(x > 0, torch.tensor([1.0, 2.0]), 5).dtype is torch.float32
    (rows,) = torch.where(x > 0)
    assert rows.tolist() == [0]
    assert x.where(x > 0, torch.tensor(9.0, dtype=torch.float64)).tolist() == [1, 9]
    torch.where(x > 0, x * 3, x).sum().backward()
    assert x.grad.tolist() == [3, 1]


def test_places_of_what_is_not_zero():
    x = torch.tensor([[0, 1], [2, 0]])
    assert torch.nonzero(x).tolist() == torch.argwhere(x).tolist() == [[0, 1], [1, 0]]
    rows, columns = x.nonzero(as_tuple=True)
    assert (rows.tolist(), columns.tolist()) == ([0, 1], [1, 0])


def test_into_views():
    x = torch.zeros(2, 3)
    assert x.select_scatter(torch.ones(2), 1, -1).tolist() == [[0, 0, 1], [0, 0, 1]]
    assert x.slice_scatter(torch.ones(2, 2), 1, 0, 3, 2).tolist() == [[1, 0, 1], [1, 0, 1]]
    assert x.diagonal_scatter(torch.ones(2), 1).tolist() == [[0, 1, 0], [0, 0, 1]]
    assert x.sum() == 0


def test_a_gather_that_takes_nothing():
    x = leaf(1.0, 2.0)
    out = x.gather(0, torch.zeros(0, dtype=torch.int64))
    assert out.shape == (0,)
    out.sum().backward()
    assert x.grad.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda x: x.gather(0, index(9)), RuntimeError, "index 9 is out of bounds for dimension 0"),
        (lambda x: x.gather(0, index(-1)), RuntimeError, "index -1 is out of bounds"),
        (lambda x: x.gather(0, torch.tensor([0.0])), RuntimeError, "Expected dtype int64"),
        (lambda x: x.gather(0, index([0])), RuntimeError, "same number of dimensions"),
        (lambda x: x.index_select(0, index(5)), IndexError, "index out of range in self"),
        (lambda x: x.scatter(0, index(0), torch.ones(1).double()), RuntimeError, "dtype"),
        (lambda x: x.scatter_reduce(0, index(0), x, "max"), RuntimeError, "amax or amin"),
        (lambda x: x.masked_fill(x, 0.0), RuntimeError, "only supports boolean masks"),
        (lambda x: x.take(index(4)), IndexError, "tried to access index 4 on a tensor of 3"),
        (lambda x: torch.where(x, x, x), RuntimeError, "boolean tensor"),
        (lambda x: x.masked_scatter(x > 0, torch.ones(1)), RuntimeError, "enough elements"),
        (lambda x: x.select_scatter(x, 0, 0), RuntimeError, "size equal to the slice"),
    ],
)
def test_errors(call, error, words):
    with pytest.raises(error, match=words):
        call(torch.ones(3))
