"""Raw memory, coordinates and segments: forms of call and errors."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_lite as torch


def test_as_strided():
    x = torch.arange(6.0, requires_grad=True)
    windows = x.as_strided((3, 2), (2, 1))
    assert windows.tolist() == [[0, 1], [2, 3], [4, 5]]
    assert torch.as_strided(x, (2, 2), (1, 1), 3).tolist() == [[3, 4], [4, 5]]
    x.as_strided((3, 3), (1, 1)).sum().backward()
    assert x.grad.tolist() == [1, 2, 3, 2, 1, 0]
    y = torch.arange(6.0).reshape(2, 3)
    assert y.T.as_strided((6,), (1,)).tolist() == [0, 1, 2, 3, 4, 5]
    y.as_strided((2,), (1,))[0] = 9.0
    assert y[0, 0] == 9


def test_slices_of_memory_are_refused():
    x = torch.arange(6.0)[2:]
    assert x.as_strided((2,), (1,)).tolist() == [2, 3]
    with pytest.raises(NotImplementedError, match="start of the memory"):
        x.as_strided((2,), (1,), 0)
    with pytest.raises(RuntimeError, match="out of bounds for storage"):
        torch.zeros(2).as_strided((3,), (1,))


def test_coordinates():
    rows, columns = torch.unravel_index(torch.tensor([5, 2]), (2, 3))
    assert (rows.tolist(), columns.tolist()) == ([1, 0], [2, 2])
    found = torch.nonzero_static(torch.tensor([0, 3, 0, 4]), size=3)
    assert found.tolist() == [[1], [3], [-1]]


@pytest.mark.parametrize(
    ("reduce", "expected"),
    [("sum", [3, 0, 3]), ("mean", [1.5, np.nan, 3]), ("max", [2, -np.inf, 3]),
     ("min", [1, np.inf, 3]), ("prod", [2, 1, 3])],
)  # fmt: skip
def test_segments(reduce, expected):
    x = torch.tensor([1.0, 2.0, 3.0])
    lengths, offsets = torch.tensor([2, 0, 1]), torch.tensor([0, 2, 2, 3])
    for keywords in ({"lengths": lengths}, {"offsets": offsets}):
        found = torch.segment_reduce(x, reduce, **keywords)
        np.testing.assert_array_equal(found.numpy(), expected)
    with pytest.raises(RuntimeError, match="lengths along axis to sum"):
        torch.segment_reduce(x, reduce, lengths=torch.tensor([1]))
