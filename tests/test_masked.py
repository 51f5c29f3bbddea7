"""Masked reductions: what is hidden neither counts nor gets a gradient."""

from __future__ import annotations

import math

import pytest

import tinygrad_lite as torch

X = [[1.0, 2.0, 6.0], [3.0, 5.0, 7.0]]
SHOWN = [[True, True, False], [False, False, False]]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("sum", [3, 0]), ("prod", [2, 1]), ("amax", [2, -math.inf]), ("amin", [1, math.inf]),
     ("argmax", [1, 0]), ("argmin", [0, 0]), ("mean", [1.5, math.nan]), ("var", [0.5, math.nan]),
     ("std", [math.sqrt(0.5), math.nan]), ("norm", [math.sqrt(5), 0]),
     ("logsumexp", [math.log(math.e + math.e**2), -math.inf]), ("median", [1, math.nan])],
)  # fmt: skip
def test_values(name, expected):
    x, mask = torch.tensor(X), torch.tensor(SHOWN)
    found = getattr(torch.masked, name)(x, dim=1, mask=mask)
    assert found.tolist() == pytest.approx(expected, nan_ok=True)


def test_what_is_hidden_gets_no_gradient():
    x = torch.tensor(X, requires_grad=True)
    torch.masked.mean(x, mask=torch.tensor(SHOWN)).backward()
    assert x.grad.tolist() == [[0.5, 0.5, 0], [0, 0, 0]]


def test_along_a_dimension():
    x, mask = torch.tensor(X), torch.tensor([True, False, True])
    assert torch.masked.cumsum(x, 1, mask=mask).tolist() == [[1, 1, 7], [3, 3, 10]]
    assert torch.masked.cumprod(x, 1, mask=mask).tolist() == [[1, 1, 6], [3, 3, 21]]
    assert torch.masked.softmax(x, 1, mask=mask)[:, 1].tolist() == [0, 0]
    assert torch.masked.softmin(x, 1, mask=mask)[:, 1].tolist() == [0, 0]
    assert torch.masked.log_softmax(x, 1, mask=mask)[0, 1] == -math.inf
    found = torch.masked.normalize(x, 2.0, 1, mask=mask)
    assert found.norm(dim=1).tolist() == pytest.approx([1, 1])
