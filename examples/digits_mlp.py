"""A classifier of handwritten digits, from raw pixels to its accuracy on digits it has not seen.

Every line below the imports is also PyTorch; with `import torch` in place of the first one, and the
digits from elsewhere, it runs there unchanged.

    python examples/digits_mlp.py
"""

from __future__ import annotations

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
    """Share of the digits in `part` that the model recognises."""
    x, y = part[:]
    with torch.no_grad():
        return (model(x).argmax(dim=1) == y).float().mean().item()


for epoch in range(1, EPOCHS + 1):
    for x, y in DataLoader(train, batch_size=32, shuffle=True):
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
    if epoch % 5 == 0:
        print(f"epoch {epoch:2}  loss {loss.item():.4f}  train {accuracy(train):.1%}")

print(f"recognised of the digits held back: {accuracy(test):.1%}")
if accuracy(test) < 0.95:
    raise SystemExit("something is wrong: 97 % is usual here")
