"""A convolutional network reads handwritten digits; the figure shows what it got wrong.

python examples/digits_cnn.py
"""

from __future__ import annotations

from show import Figure, track

import tinygrad_lite as torch
from tinygrad_lite import nn
from tinygrad_lite.datasets import digits
from tinygrad_lite.utils.data import DataLoader, TensorDataset, random_split

EPOCHS = 15
torch.manual_seed(0)

images, labels = digits()
dataset = TensorDataset(images.unsqueeze(1) / 16, labels)  # one channel, pixels from 0 to 1
train, test = random_split(dataset, [0.8, 0.2])

model = nn.Sequential(
    nn.Conv2d(1, 16, 3, padding=1),
    nn.BatchNorm2d(16),
    nn.ReLU(),
    nn.MaxPool2d(2),  # 8 x 8 pixels become 4 x 4
    nn.Conv2d(16, 32, 3, padding=1),
    nn.BatchNorm2d(32),
    nn.ReLU(),
    nn.MaxPool2d(2),  # and 2 x 2
    nn.Flatten(),
    nn.Dropout(0.25),
    nn.Linear(32 * 2 * 2, 10),
)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS)


@torch.no_grad()
def predict(part: torch.utils.data.Subset) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The digits of `part`, the answers that the model gives, and the right ones."""
    model.eval()
    x, y = part[:]
    return x, model(x).argmax(dim=1), y


losses, accuracies = [], []
for _ in (bar := track(EPOCHS, "epoch")):
    model.train()
    total = 0.0
    for x, y in DataLoader(train, batch_size=32, shuffle=True):
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
    scheduler.step()
    _, answer, y = predict(test)
    losses.append(total / len(train))
    accuracies.append(100 * (answer == y).float().mean().item())
    bar.note(loss=losses[-1], test=accuracies[-1])

x, answer, y = predict(test)
wrong = answer != y
print(f"recognised of the digits held back: {accuracies[-1]:.1f} %, {int(wrong.sum())} misread")

figure = Figure(f"A convolutional network: {accuracies[-1]:.1f} % of unseen digits recognised")
epochs = range(1, EPOCHS + 1)
figure.panel("Training loss", "epoch", "nats").line(epochs, losses)
figure.panel("Recognised of the digits held back", "epoch", "%").line(epochs, accuracies)
captions = [
    f"{right} read as {given}" for given, right in zip(answer[wrong], y[wrong], strict=True)
]
if captions:
    figure.panel("Misread").images(x[wrong][:9, 0].numpy(), captions[:9], columns=3)
figure.save("digits_cnn.svg")
if accuracies[-1] < 96:
    raise SystemExit("something is wrong: 98 % is usual here")
