"""Recurrent networks: 64 steps, batch 32, 128 inputs and 128 hidden units."""

from __future__ import annotations

from typing import Any

from .inputs import fill, normal
from .training import Training

__all__ = ["gru_layer", "lstm_layer", "lstm_loop", "lstm_plain"]

STEPS, BATCH, SIZE = 64, 32, 128


def _job(torch: Any, model: Any, forward: Any) -> Training:
    model = fill(torch, model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    x = torch.tensor(normal(STEPS, BATCH, SIZE))
    return Training(model, lambda model, x: (forward(model, x) ** 2).mean(), optimizer, x)


def lstm_layer(torch: Any) -> Any:
    """nn.LSTM."""
    return _job(torch, torch.nn.LSTM(SIZE, SIZE), lambda model, x: model(x)[0])


def gru_layer(torch: Any) -> Any:
    """nn.GRU."""
    return _job(torch, torch.nn.GRU(SIZE, SIZE), lambda model, x: model(x)[0])


def lstm_loop(torch: Any) -> Any:
    """nn.LSTMCell in a Python loop."""

    def forward(cell: Any, x: Any) -> Any:
        h = c = torch.zeros(BATCH, SIZE)
        seen = []
        for t in range(STEPS):
            h, c = cell(x[t], (h, c))
            seen.append(h)
        return torch.stack(seen)

    return _job(torch, torch.nn.LSTMCell(SIZE, SIZE), forward)


def lstm_plain(torch: Any) -> Any:
    """A cell of linear layers, sigmoid and tanh in a Python loop."""
    nn = torch.nn

    class Cell(nn.Module):
        def __init__(self):
            super().__init__()
            self.inputs, self.state = nn.Linear(SIZE, 4 * SIZE), nn.Linear(SIZE, 4 * SIZE)

        def forward(self, x, h, c):
            i, f, g, o = (self.inputs(x) + self.state(h)).chunk(4, dim=1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            return torch.sigmoid(o) * torch.tanh(c), c

    def forward(cell: Any, x: Any) -> Any:
        h = c = torch.zeros(BATCH, SIZE)
        seen = []
        for t in range(STEPS):
            h, c = cell(x[t], h, c)
            seen.append(h)
        return torch.stack(seen)

    return _job(torch, Cell(), forward)
