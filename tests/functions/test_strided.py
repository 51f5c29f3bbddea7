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


def test_as_strided_scatter():
    x = torch.arange(6.0, dtype=torch.float64, requires_grad=True)
    src = torch.tensor([7.0, 8.0], dtype=torch.float64, requires_grad=True)
    found = x.as_strided_scatter(src, (2,), (3,), 1)
    assert found.tolist() == [0, 7, 2, 3, 8, 5]
    (found * found).sum().backward()
    assert x.grad.tolist() == [0, 0, 4, 6, 0, 10]  # PyTorch: [0, 14, 0, 0, 16, 0], which is wrong
    assert src.grad.tolist() == [14, 16]
    assert torch.autograd.gradgradcheck(
        lambda x, y: x.reshape(2, 3).T.as_strided_scatter(y, (2,), (3,), 1) ** 3, (x, src)
    )
    turned = torch.arange(6.0).reshape(2, 3).T  # places are counted in memory
    assert turned.as_strided_scatter(torch.full((2,), 9.0), (2,), (1,), 1).tolist() == [
        [0, 3], [9, 4], [9, 5],
    ]  # fmt: skip
    cube = torch.arange(12.0).reshape(2, 3, 2).permute(2, 0, 1)
    expected = cube.clone()
    expected[1, 0, 2], expected[0, 1, 2] = -1, -2
    assert torch.equal(cube.as_strided_scatter(torch.tensor([-1.0, -2.0]), (2,), (5,), 5), expected)
    assert turned.as_strided_scatter(torch.ones(0), (0,), (1,)).tolist() == turned.tolist()


@pytest.mark.parametrize(
    ("src", "size", "stride", "message"),
    [
        (torch.zeros(2), (2, 2), (2, 1), "expected src to have a size equal to the slice of self"),
        (torch.zeros(2, 2), (2, 2), (0, 1), "refers to a single memory location"),
        (torch.zeros(2, 2), (2, 2), (6, 1), "out of bounds for storage"),
        (torch.zeros(2, 2), (2, 2), (1,), "mismatch in length of strides and shape"),
    ],
)
def test_places_that_cannot_be_written(src, size, stride, message):
    with pytest.raises(RuntimeError, match=message):
        torch.arange(6.0).as_strided_scatter(src, size, stride)


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


def test_resizing_keeps_the_memory_while_there_is_enough():
    x = torch.arange(6.0)
    y = x.view(2, 3)
    assert y.resize_(3, 2) is y
    assert y.tolist() == [[0, 1], [2, 3], [4, 5]]
    y[0, 0] = 9
    assert x[0] == 9
    assert x.resize_(2).tolist() == [9, 1]
    assert x.resize_(2, 2).tolist() == [[9, 1], [0, 0]]
    assert y.resize_as_(torch.zeros(4)).tolist() == [9, 1, 2, 3]
    assert torch.arange(6.0).reshape(2, 3).T.resize_(2).shape == (2,)
    with pytest.raises(RuntimeError, match="require grad"):
        torch.ones(2, requires_grad=True).resize_(1)
