"""A checkpoint in PyTorch's own format: training goes on from it as if it had never stopped.

One network is trained for twenty epochs. Another for ten; then everything goes into a file,
weights, optimiser, schedule and random numbers, and fresh objects take over from the file. Both
arrive at the same weights, to the last bit. PyTorch reads that file too: where it is installed, it
answers alike.

    python examples/checkpoint_transfer.py
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import ModuleType

from show import Figure, track

import tinygrad_lite as torch
from tinygrad_lite import nn
from tinygrad_lite.datasets import digits
from tinygrad_lite.utils.data import DataLoader, TensorDataset, random_split

EPOCHS, STOP = 20, 10
images, labels = digits()
dataset = TensorDataset(images.unsqueeze(1) / 16, labels)
train, test = random_split(dataset, [0.8, 0.2], torch.Generator().manual_seed(0))


def network(nn: ModuleType) -> nn.Module:
    """The same network, from whichever library's `nn`."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.2),
        nn.Linear(128, 10),
    )


class Run:
    """All that a training consists of."""

    def __init__(self) -> None:
        self.model = network(nn)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-2)
        self.scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, EPOCHS)
        self.losses: list[float] = []

    def advance(self, epochs: int) -> None:
        """Train for some epochs."""
        for _ in (bar := track(epochs, "epoch")):
            for x, y in DataLoader(train, batch_size=32, shuffle=True):
                self.optimizer.zero_grad()
                loss = nn.functional.cross_entropy(self.model(x), y)
                loss.backward()
                self.optimizer.step()
                self.losses.append(loss.item())
            self.scheduler.step()
            bar.note(loss=self.losses[-1])

    def save(self, path: Path) -> None:
        """Write everything that the next step depends on."""
        torch.save(
            {
                "model": self.model.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "scheduler": self.scheduler.state_dict(),
                "losses": self.losses,
                "random": torch.get_rng_state(),
            },
            path,
        )

    def load(self, path: Path) -> None:
        """Take over from a file."""
        state = torch.load(path, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scheduler.load_state_dict(state["scheduler"])
        self.losses = state["losses"]
        torch.set_rng_state(state["random"])


def answers(model: nn.Module) -> torch.Tensor:
    """Logits for the digits held back."""
    model.eval()
    with torch.no_grad():
        return model(test[:][0])


def compare_with_pytorch(path: Path, model: nn.Module) -> None:
    """Let PyTorch, where it is installed, load the same file into the same layers."""
    try:
        import torch as pytorch
    except ImportError:
        print("PyTorch is not installed: nothing to compare with")
        return
    other = network(pytorch.nn)
    other.load_state_dict(pytorch.load(path, weights_only=True)["model"])
    theirs = other.eval()(pytorch.from_numpy(test[:][0].numpy())).detach().numpy()
    difference = abs(theirs - answers(model).numpy()).max()
    print(f"PyTorch read the file; its logits differ by {difference:.1e} at most")


print("twenty epochs without a stop")
torch.manual_seed(0)
whole = Run()
whole.advance(EPOCHS)

print("ten epochs, a file, and ten more in new objects")
torch.manual_seed(0)
first = Run()
first.advance(STOP)
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "checkpoint.pt"
    first.save(path)
    size = path.stat().st_size
    compare_with_pytorch(path, first.model)
    torch.manual_seed(12345)  # what the new objects start from does not matter
    second = Run()
    second.load(path)
second.advance(EPOCHS - STOP)

equal = all(
    torch.equal(mine, theirs)
    for mine, theirs in zip(whole.model.parameters(), second.model.parameters(), strict=True)
)
correct = 100 * (answers(second.model).argmax(dim=1) == test[:][1]).float().mean().item()
print(f"same weights to the last bit: {equal}; {correct:.1f} % of unseen digits recognised")

figure = Figure(
    f"A checkpoint of {size / 1000:.0f} kB: training goes on as if it had never stopped"
)
steps = len(train) // 32 + 1


def smooth(losses: list[float]) -> list[float]:
    """Means over an epoch."""
    return [sum(losses[i : i + steps]) / steps for i in range(0, len(losses), steps)]


panel = figure.panel("Training loss", "epoch", "nats")
panel.line(range(1, EPOCHS + 1), smooth(whole.losses), "no stop")
panel.points(range(1, STOP + 1), smooth(first.losses), "until 10", colour=2)
panel.points(range(STOP + 1, EPOCHS + 1), smooth(second.losses)[STOP:], "from the file", colour=1)
held = [f"{name} {tuple(t.shape)}" for name, t in whole.model.state_dict().items()]
figure.panel("The model's part of the file").words(held)
figure.save("checkpoint_transfer.svg")
if not equal:
    raise SystemExit("something is wrong: both runs end with the same weights")
