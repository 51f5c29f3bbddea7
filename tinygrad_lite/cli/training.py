"""The task itself: digits in, a trained classifier out. It reads as a user's own script would."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .. import Generator, manual_seed, nn, optim
from ..autograd import no_grad
from ..datasets import digits
from ..utils.data import DataLoader, TensorDataset, random_split

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

    from .._tensor import Tensor

BRIGHTEST = 16  # pixels are whole numbers from 0 to 16
HELD_BACK = 0.2
MOMENTUM = 0.9
WEIGHT_DECAY = 1e-4


class DivergenceError(Exception):
    """The loss is no longer a number."""


@dataclass
class Task:
    """What is learnt from, what is held back, and the generator that shuffles."""

    train: TensorDataset
    test: TensorDataset
    generator: Generator


@dataclass
class History:
    """Losses and accuracies after each epoch."""

    train_loss: list[float] = field(default_factory=list)
    test_loss: list[float] = field(default_factory=list)
    train_accuracy: list[float] = field(default_factory=list)
    test_accuracy: list[float] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.train_loss)

    def note(self, train: tuple[float, float], test: tuple[float, float]) -> None:
        """Append loss and accuracy on both parts."""
        self.train_loss.append(train[0])
        self.train_accuracy.append(train[1])
        self.test_loss.append(test[0])
        self.test_accuracy.append(test[1])


def normalise(images: Tensor) -> Tensor:
    """Images as rows of 64 pixels between 0 and 1."""
    rows: Tensor = images.reshape(-1, 64) / BRIGHTEST
    return rows


def prepare_task(seed: int) -> Task:
    """The digits, loaded, normalised and split at random."""
    manual_seed(seed)
    generator = Generator().manual_seed(seed)
    images, labels = digits()
    inputs = normalise(images)
    whole = TensorDataset(inputs, labels)
    parts = random_split(whole, [1 - HELD_BACK, HELD_BACK], generator=generator)
    train, test = (TensorDataset(inputs[part.indices], labels[part.indices]) for part in parts)
    return Task(train, test, generator)


def make_model(inputs: int = 64) -> nn.Sequential:
    """An untrained network with one hidden layer and one output for each digit."""
    return nn.Sequential(
        nn.Linear(inputs, 128),
        nn.ReLU(),
        nn.Linear(128, 10),
    )


def train_epochs(
    model: nn.Module,
    task: Task,
    options: argparse.Namespace,
    step_done: Callable[[float], None],
) -> Iterator[History]:
    """The history so far, after each epoch; `step_done` receives the loss of each mini-batch."""
    loader: DataLoader[list[Tensor]] = DataLoader(
        task.train, batch_size=options.batch_size, shuffle=True, generator=task.generator
    )
    criterion = nn.CrossEntropyLoss()
    optimizer = optim.SGD(
        model.parameters(), lr=options.lr, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY
    )
    history = History()
    for _ in range(options.epochs):
        for images, labels in loader:
            optimizer.zero_grad()
            loss = criterion(model(images), labels)
            loss.backward()
            optimizer.step()
            step_done(loss.item())
        history.note(measure(model, task.train), measure(model, task.test))
        require_finite(history, options.lr)
        yield history


def require_finite(history: History, rate: float) -> None:
    """Raise when training has run away."""
    if not math.isfinite(history.train_loss[-1]):
        raise DivergenceError(
            f"the loss is {history.train_loss[-1]} after epoch {len(history)}: steps of "
            f"--lr {rate:g} are too long; 0.2 works here"
        )


@no_grad()
def measure(model: nn.Module, data: TensorDataset) -> tuple[float, float]:
    """Mean loss and accuracy of `model` on `data`."""
    images, labels = data.tensors
    scores = model(images)
    correct = scores.argmax(dim=1) == labels
    return nn.CrossEntropyLoss()(scores, labels).item(), correct.float().mean().item()
