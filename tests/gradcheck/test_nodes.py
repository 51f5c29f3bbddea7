"""Node by node: which operation of a recorded run has the wrong rule, and where."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_lite as torch
from tinygrad_lite import nn
from tinygrad_lite._graph import trace
from tinygrad_lite.autograd import Function
from tinygrad_lite.autograd.gradcheck import GradcheckError, check_nodes, gradcheck


class Wrong(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.tanh()

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * (1 + x.tanh() ** 2)


def model(x, broken):
    hidden = nn.functional.relu(x @ x.T) * 2 + 1
    out = Wrong.apply(hidden) if broken else hidden.tanh()
    return (out.exp().sum(dim=1) / 3).log().mean()


@pytest.fixture
def x():
    values = np.random.default_rng(0).standard_normal((3, 4))
    return torch.tensor(values).requires_grad_()


def test_the_wrong_operation_is_named_with_its_line(x):
    with pytest.raises(GradcheckError, match=r"Wrong at test_nodes.py:\d+ wrong, \d+ others fine"):
        check_nodes(lambda x: model(x, broken=True), x)


def test_a_run_with_right_rules_passes(x):
    report = check_nodes(lambda x: model(x, broken=False), x, report=True)
    assert report
    assert len(report.checked) >= 8
    assert not report.skipped


@pytest.mark.parametrize("broken", [False, True])
def test_a_loss_that_was_computed_already(x, broken):
    report = gradcheck(model(x, broken=broken), raise_exception=False, report=True)
    assert bool(report) is not broken
    assert len(report.checked) >= 8
    if broken:
        assert [title.split()[0] for title, _ in report.wrong] == ["Wrong"]


def test_a_graph(x):
    graph = trace(lambda x: model(x, broken=False), x)
    assert gradcheck(graph) is True


def test_a_module(x):
    net = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    assert check_nodes(net, x.float())


@pytest.mark.parametrize(
    "make",
    [
        lambda x: nn.functional.cross_entropy(x, torch.tensor([0, 2])),
        lambda x: nn.functional.dropout(x, 0.5).sum(),
        lambda x: nn.functional.nll_loss(nn.functional.log_softmax(x, 1), torch.tensor([0, 2])),
        lambda x: nn.functional.embedding(torch.tensor([0, 1]), x).sum(),
        lambda x: x.gather(1, torch.tensor([[0], [1]])).sum(),
    ],
)
def test_targets_masks_and_indices_behind_a_loss_are_no_operands_to_bend(make):
    x = torch.linspace(0.5, 2, 6, dtype=torch.float64).reshape(2, 3).requires_grad_()
    report = check_nodes(make(x), report=True)
    assert report.ok
    assert report.checked
    assert not report.skipped


def test_the_leaves_of_a_loss_may_be_gone():
    loss = torch.linspace(0.5, 2, 6, dtype=torch.float64).requires_grad_().tanh().sum()
    assert check_nodes(loss)


def test_a_model_with_dropout_is_right():
    model = nn.Sequential(nn.Linear(4, 6), nn.Dropout(0.5), nn.BatchNorm1d(6))
    assert check_nodes(model, torch.ones(3, 4))
    assert check_nodes(trace(model, torch.ones(3, 4)))
