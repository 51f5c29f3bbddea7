"""Writing into memory that is being read, through `out=` and in place: refused as PyTorch does."""

import numpy as np
import pytest

import tinygrad_lite as torch

OVERLAP = "refer to a single memory location"


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x[1:].copy_(x[:-1]),
        lambda x: x[1:].add_(x[:-1]),
        lambda x: x.view(2, 3).add_(x[:3]),
        lambda x: x.view(2, 3).t().copy_(x.view(3, 2)),
        lambda x: torch.add(x[:-1], 1, out=x[1:]),
        lambda x: torch.cat([x[:2], x[2:]], out=x),
        lambda x: x.index_add_(0, torch.tensor([0, 1]), x[:2]),
    ],
)
def test_a_part_of_what_is_written_may_not_be_read(change):
    x = torch.arange(6.0)
    with pytest.raises(RuntimeError, match=OVERLAP):
        change(x)
    assert x.tolist() == [0, 1, 2, 3, 4, 5]


def test_the_whole_of_it_and_other_elements_may():
    x = torch.arange(6.0)
    assert x.add_(x).tolist() == [0, 2, 4, 6, 8, 10]
    assert torch.exp(x, out=x)[0] == 1
    x[::2].mul_(x[1::2])
    x.masked_fill_(x > 1, x[0])
    assert x[:3].mul_(x[3:]).shape == (3,)


def test_expanding_to_the_same_size_can_be_written():
    x = torch.zeros(3)
    x.expand(1, 3).add_(1)
    assert x.tolist() == [1, 1, 1]
    with pytest.raises(RuntimeError, match="single memory location"):
        x.expand(2, 3).add_(1)


def test_factories_write_into_the_memory_of_out():
    base = torch.ones(2, 3)
    made = torch.zeros(3, out=base[0])
    assert base[0].tolist() == [0, 0, 0]
    assert np.shares_memory(made.numpy(), base.numpy())
    with pytest.raises(RuntimeError, match="does not match dtype of out"):
        torch.full((2,), 1.5, dtype=torch.float64, out=torch.zeros(2))


def test_operations_that_do_not_cast_want_an_out_of_their_type():
    with pytest.raises(RuntimeError, match="Expected out tensor to have dtype float32"):
        torch.mm(torch.ones(2, 2), torch.ones(2, 2), out=torch.ones(2, 2).double())
    assert torch.add(1, torch.ones(2), out=torch.zeros(2).double()).dtype is torch.float64


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x.sort()[0],
        lambda x: x.topk(1)[0],
        lambda x: x.cumsum(0),
        lambda x: x.cumprod(0),
        lambda x: x.logcumsumexp(0),
        lambda x: x.cummax(0)[0],
        lambda x: x.max(0)[0],
        lambda x: x.median(0)[0],
        lambda x: x.nanmedian(0)[0],
        lambda x: x.mode()[0],
        lambda x: x.kthvalue(1)[0],
    ],
)
def test_results_of_a_number_have_memory_of_their_own(function):
    x = torch.tensor(2.0)
    function(x).mul_(3)
    assert x.item() == 2
