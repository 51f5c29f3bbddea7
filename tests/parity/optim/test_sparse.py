"""SparseAdam with our dense gradients beside PyTorch's with its sparse ones."""

from __future__ import annotations

import pytest

from tests.parity.expressions.twins import agree


@pytest.mark.parametrize("padding_idx", [None, 2])
@pytest.mark.parametrize("options", [{}, {"maximize": True, "betas": (0.5, 0.6), "eps": 1e-3}])
def test_rows_of_an_embedding(padding_idx, options):
    def run(torch, h):
        table = h.fill(torch.nn.Embedding(6, 3, padding_idx=padding_idx, sparse=True))
        optimizer = torch.optim.SparseAdam(table.parameters(), lr=0.1, **options)
        for step in range(5):
            optimizer.zero_grad()
            (table(h.x(4, dtype="int64", hi=5)) * h.x(4, 3)).sum().backward()
            optimizer.step()
            if step == 2:
                state = optimizer.state_dict()
                optimizer = torch.optim.SparseAdam(table.parameters(), lr=0.1)
                optimizer.load_state_dict(state)
        return table.weight, optimizer.state_dict(), repr(optimizer)

    agree(run)


@pytest.mark.parametrize("wrong", [{"lr": 0.0}, {"eps": 0.0}, {"betas": (1.0, 0.9)}], ids=str)
def test_wrong_settings_are_refused(wrong):
    agree(lambda torch, _: torch.optim.SparseAdam([torch.ones(1, requires_grad=True)], **wrong))
