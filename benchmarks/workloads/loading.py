"""Batches from a DataLoader."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from .inputs import array_of, normal, numbers

__all__ = ["epoch"]


class Epoch:
    """10,000 rows of 784 in shuffled batches of 64."""

    def __init__(self, torch: Any) -> None:
        data = import_module(f"{torch.__name__}.utils.data")
        rows = data.TensorDataset(
            torch.tensor(normal(10_000, 784)), torch.tensor(numbers(10, 10_000))
        )
        self.shuffled = data.DataLoader(rows, batch_size=64, shuffle=True)
        self.ordered = data.DataLoader(rows, batch_size=64)

    def step(self) -> Any:
        """Take all batches."""
        for x, _ in self.shuffled:
            last = x
        return last

    def evidence(self) -> dict[str, Any]:
        """The last batch of an epoch that is not shuffled."""
        *_, (x, y) = self.ordered
        return {"x": array_of(x), "y": array_of(y)}


def epoch(torch: Any) -> Any:
    """One epoch."""
    return Epoch(torch)
