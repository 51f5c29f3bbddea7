"""An LSTM continues waves that it has never seen: it hears 40 points and says the next 40 itself.

python examples/lstm_waves.py
"""

from __future__ import annotations

import math

from show import Figure, track

import tinygrad_lite as torch
from tinygrad_lite import nn

STEPS, BATCH, LENGTH, HEARD = 400, 32, 80, 40
torch.manual_seed(1)


def waves(count: int, length: int) -> torch.Tensor:
    """Sines of random period and phase, `(count, length, 1)`."""
    period, phase = 15 + 15 * torch.rand(count, 1), 2 * math.pi * torch.rand(count, 1)
    return torch.sin(2 * math.pi * torch.arange(length) / period + phase).unsqueeze(-1)


class Forecaster(nn.Module):
    """The next value at every place of a sequence."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(input_size=1, hidden_size=32, batch_first=True)
        self.head = nn.Linear(32, 1)

    def forward(self, x: torch.Tensor, state: tuple | None = None) -> tuple[torch.Tensor, tuple]:
        hidden, state = self.lstm(x, state)
        return x + self.head(hidden), state  # the head says by how much the value changes

    @torch.no_grad()
    def go_on(self, heard: torch.Tensor, count: int) -> torch.Tensor:
        """Continue sequences, fed with nothing but its own words."""
        values, state = self(heard)
        said = [values[:, -1:]]
        for _ in range(count - 1):
            value, state = self(said[-1], state)
            said.append(value)
        return torch.cat(said, dim=1)


model = Forecaster()
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)

losses = []
for _ in (bar := track(STEPS)):
    x = waves(BATCH, LENGTH + 1)
    forecast, _ = model(x[:, :-1])
    loss = criterion(forecast, x[:, 1:])
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    scheduler.step()
    losses.append(loss.item())
    bar.note(loss=losses[-1])

new = waves(200, 80)
said = model.go_on(new[:, :HEARD], 40)
errors = (said - new[:, HEARD:]).abs().mean(dim=(0, 2))
print(f"mean error of the first 10 points it says: {errors[:10].mean().item():.3f}, "
      f"of the last 10: {errors[-10:].mean().item():.3f}")  # fmt: skip

figure = Figure("An LSTM of 32 units continues waves it has never seen")
figure.panel("Loss", "step", "log₁₀ of the mean squared error").line(
    range(1, STEPS + 1), [math.log10(loss) for loss in losses]
)
panel = figure.panel("Heard until 40, then its own words (dashed)", "time")
for i in range(3):
    height = 2.5 * (2 - i)
    panel.line(range(80), new[i, :, 0].numpy() + height, colour=7)
    panel.line(range(HEARD, 80), said[i, :, 0].numpy() + height, dashed=True, colour=1)
figure.panel("Mean error over 200 new waves", "points after the last one heard").line(
    range(1, 41), errors.numpy()
)
figure.save("lstm_waves.svg")
if errors[:10].mean() > 0.2:
    raise SystemExit("something is wrong: 0.02 is usual here")
