"""A classifier of handwritten digits, from raw pixels to its accuracy on digits it has not seen.

Every line that mentions `torch` or `nn` is also PyTorch: with `import torch` in place of the first
import, and the digits from elsewhere, it runs there unchanged.

    python examples/digits_mlp.py
"""

from __future__ import annotations

from show import Figure, track

import tinygrad_lite as torch
from tinygrad_lite import nn
from tinygrad_lite.datasets import digits
from tinygrad_lite.utils.data import DataLoader, TensorDataset, random_split

EPOCHS = 20
torch.manual_seed(0)

# Load, normalise, split. Pixels are whole numbers from 0 to 16.
images, labels = digits()
dataset = TensorDataset(images.reshape(-1, 64) / 16, labels)
train, test = random_split(dataset, [0.8, 0.2])

model = nn.Sequential(
    nn.Linear(64, 128),
    nn.ReLU(),
    nn.Linear(128, 10),
)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)


def accuracy(part: torch.utils.data.Subset) -> float:
    """Percentage of the digits in `part` that the model recognises."""
    x, y = part[:]
    with torch.no_grad():
        return 100 * (model(x).argmax(dim=1) == y).float().mean().item()


history = []
for _ in (bar := track(EPOCHS, "epoch")):
    for x, y in DataLoader(train, batch_size=32, shuffle=True):
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
    history.append((accuracy(train), accuracy(test)))
    bar.note(loss=loss.item(), train=history[-1][0], test=history[-1][1])

recognised = history[-1][1]
print(f"recognised of the digits held back: {recognised:.1f} %")

figure = Figure(f"Two linear layers: {recognised:.1f} % of unseen digits recognised")
panel = figure.panel("Recognised", "epoch", "%")
for name, curve in zip(("train", "test"), zip(*history, strict=True), strict=True):
    panel.line(range(1, EPOCHS + 1), curve, name)
weights = model[0].weight.detach().reshape(-1, 8, 8).numpy()
strongest = abs(weights).mean(axis=(1, 2)).argsort()[::-1][:16]
figure.panel("What 16 hidden units look for").images(0.5 + weights[strongest])
figure.save("digits_mlp.svg")
if recognised < 95:
    raise SystemExit("something is wrong: 97 % is usual here")
