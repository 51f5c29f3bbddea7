"""PyTorch's sorting and searching: forms of call, named results, ties, errors."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tinygrad_lite as torch


def leaf(*values):
    return torch.tensor(np.array(values, np.float64), requires_grad=True)


def test_sorting():
    x = leaf(3.0, 1.0, 2.0)
    found = x.sort(descending=True)
    assert found.values.tolist() == [3, 2, 1]
    assert found.indices.tolist() == [0, 2, 1]
    assert torch.sort(x, stable=True).indices.tolist() == x.argsort().tolist() == [1, 2, 0]
    assert torch.msort(x).tolist() == [1, 2, 3]
    assert np.sort(x).tolist() == [1, 2, 3]
    (found.values * torch.tensor([1.0, 10.0, 100.0])).sum().backward()
    assert x.grad.tolist() == [1, 100, 10]
    assert not found.indices.requires_grad


def test_topk_and_kthvalue():
    x = leaf(3.0, 1.0, 2.0)
    assert x.topk(2).values.tolist() == [3, 2]
    assert torch.topk(x, k=2, largest=False).indices.tolist() == [1, 2]
    assert x.kthvalue(2).values == 2
    assert x.kthvalue(2, keepdim=True).indices.tolist() == [2]
    x.topk(2).values.sum().backward()
    assert x.grad.tolist() == [1, 0, 1]


def test_medians_and_mode():
    x = leaf(2.0, 1.0, 2.0, 2.0, 5.0)
    x.median().backward()
    np.testing.assert_allclose(x.grad.tolist(), [1 / 3, 0, 1 / 3, 1 / 3, 0])
    assert x.median(dim=0).values == 2
    assert math.isnan(torch.tensor([1.0, math.nan]).median())
    assert torch.tensor([1.0, math.nan]).nanmedian() == 1
    values, indices = x.mode()
    assert (values, indices) == (2, 3)


def test_quantiles():
    x = leaf(4.0, 1.0, 3.0, 2.0)
    assert x.quantile(0.5) == torch.median(x) + 0.5
    assert x.quantile(torch.tensor([0.0, 1.0], dtype=torch.float64)).tolist() == [1, 4]
    expected = {"lower": 2, "higher": 3, "midpoint": 2.5, "nearest": 2, "linear": 2.2}
    for interpolation, value in expected.items():
        assert float(x.quantile(0.4, interpolation=interpolation)) == pytest.approx(value)
    x.quantile(0.5).backward()
    assert x.grad.tolist() == [0, 0, 0.5, 0.5]
    assert math.isnan(torch.tensor([1.0, math.nan]).quantile(0.5))
    assert torch.tensor([1.0, math.nan, 2.0]).nanquantile(0.5) == 1.5
    assert x.quantile(0.5, dim=0, keepdim=True).shape == (1,)


def test_distinct_elements():
    x = torch.tensor([3, 1, 3, 2])
    assert x.unique().tolist() == [1, 2, 3]
    values, inverse, counts = torch.unique(x, return_inverse=True, return_counts=True)
    assert values[inverse].tolist() == x.tolist()
    assert counts.tolist() == [1, 1, 2]
    rows = torch.tensor([[1, 2], [1, 2], [0, 5]])
    assert rows.unique(dim=0).tolist() == [[0, 5], [1, 2]]
    values, counts = torch.unique_consecutive(torch.tensor([1, 1, 2, 1]), return_counts=True)
    assert values.tolist() == [1, 2, 1]
    assert counts.tolist() == [2, 1, 1]


def test_searching_and_counting():
    edges = torch.tensor([1, 3, 5])
    assert torch.searchsorted(edges, torch.tensor([3, 6])).tolist() == [1, 3]
    assert torch.bucketize(torch.tensor([3]), edges, right=True).tolist() == [2]
    assert torch.searchsorted(edges, 4).item() == 2
    assert torch.bincount(torch.tensor([0, 2])).tolist() == [1, 0, 1]
    assert torch.histc(torch.tensor([0.0, 1.0, 1.0, 4.0]), bins=4, min=0, max=4).tolist() == [
        1,
        2,
        0,
        1,
    ]
    hist, edges = torch.histogram(torch.tensor([1.0, 2.0, 2.0]), bins=2, range=(0.0, 2.0))
    assert hist.tolist() == [0, 3]
    assert edges.tolist() == [0, 1, 2]
    assert torch.isin(torch.tensor([1, 2]), 2).tolist() == [False, True]


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: torch.ones(2).topk(3), RuntimeError, "selected index k out of range"),
        (lambda: torch.ones(2).kthvalue(0), RuntimeError, "out of range for dimension 0"),
        (lambda: torch.ones(2).quantile(1.5), RuntimeError, r"in the range \[0, 1\]"),
        (lambda: torch.ones(2).long().quantile(0.5), RuntimeError, "float or double"),
        (lambda: torch.ones(0).median(0), IndexError, "non-zero size"),
        (lambda: torch.bincount(torch.tensor([-1])), RuntimeError, "non-negative integral"),
        (lambda: torch.ones(2).sort("x"), NotImplementedError, "named dimensions"),
    ],
)
def test_errors(call, error, words):
    with pytest.raises(error, match=words):
        call()
