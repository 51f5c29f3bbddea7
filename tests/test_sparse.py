"""PyTorch's names for sparse matrices give dense tensors with the same values and gradients."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_lite

torch = pytest.importorskip("torch")

HOMES = [tinygrad_lite, torch]
PLACES, VALUES = [[0, 1, 1, 1], [2, 0, 2, 0]], [3.0, 4.0, 5.0, 6.0]


def both(run):
    return [np.asarray(run(home)) for home in HOMES]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "run",
    [
        lambda t: t.sparse_coo_tensor(PLACES, VALUES, (2, 4)).to_dense(),
        lambda t: t.sparse_coo_tensor(PLACES, VALUES).to_dense(),
        lambda t: t.sparse_coo_tensor([[0, 2]], [[1.0, 2.0], [3.0, 4.0]]).to_dense(),
        lambda t: t.sparse_coo_tensor((2, 3)).to_dense(),
        lambda t: t.sparse.FloatTensor(
            t.LongTensor(PLACES), t.FloatTensor(VALUES), t.Size([2, 3])
        ).to_dense(),
        lambda t: t.spmm(t.sparse_coo_tensor(PLACES, VALUES), t.ones(3, 2)),
        lambda t: t.sparse.mm(t.eye(3).to_sparse(), t.ones(3, 2)),
        lambda t: t.sparse_coo_tensor(PLACES, VALUES) @ t.ones(3, 1),
        lambda t: t.sparse.sum(t.sparse_coo_tensor(PLACES, VALUES)),
        lambda t: t.spmm(t.ones(2, 3), t.ones(3, 2)),
    ],
)
def test_the_values_are_those_of_pytorch(run):
    ours, theirs = both(run)
    assert (ours.dtype, ours.tolist()) == (theirs.dtype, theirs.tolist())


@pytest.mark.filterwarnings("ignore")
def test_the_gradient_reaches_the_values():
    def gradient(t):
        values = t.tensor(VALUES, requires_grad=True)
        weight = t.tensor([[1.0, 2.0], [3.0, 5.0], [7.0, 11.0]])
        t.sparse.mm(t.sparse_coo_tensor(PLACES, values), weight).pow(2).sum().backward()
        return values.grad

    ours, theirs = both(gradient)
    assert ours.tolist() == theirs.tolist()


def test_wrong_places_are_told():
    with pytest.raises(RuntimeError, match="for dim 1, size is 2 but found index 2"):
        tinygrad_lite.sparse_coo_tensor(PLACES, VALUES, (2, 2))
    with pytest.raises(RuntimeError, match="sparse_dim x nnz"):
        tinygrad_lite.sparse_coo_tensor([0, 1], [1.0, 2.0])
