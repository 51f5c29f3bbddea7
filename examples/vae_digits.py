"""A variational autoencoder lays handwritten digits out on a plane, and draws new ones from it.

python examples/vae_digits.py
"""

from __future__ import annotations

from show import Figure, track

import tinygrad_lite as torch
from tinygrad_lite import nn
from tinygrad_lite.datasets import digits
from tinygrad_lite.distributions import Bernoulli, Normal, kl_divergence
from tinygrad_lite.utils.data import DataLoader, TensorDataset
from tinygrad_lite.vision.utils import make_grid

EPOCHS = 60
torch.manual_seed(0)


class VAE(nn.Module):
    """64 pixels to a point of the plane with its uncertainty, and back to 64 pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 4))
        self.decoder = nn.Sequential(
            nn.Linear(2, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 64)
        )

    def encode(self, x: torch.Tensor) -> Normal:
        """q(z | x): where on the plane a digit may lie."""
        mean, log_scale = self.encoder(x).chunk(2, dim=-1)
        return Normal(mean, log_scale.exp())

    def decode(self, z: torch.Tensor) -> Bernoulli:
        """p(x | z): which pixels are black."""
        return Bernoulli(logits=self.decoder(z), validate_args=False)  # pixels may be grey


model = VAE()
prior = Normal(torch.zeros(2), torch.ones(2))
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS)
images, labels = digits()
pixels = images.reshape(-1, 64) / 16

histories = {"pixels": [], "position": []}
for _ in (bar := track(EPOCHS, "epoch")):
    sums = [0.0, 0.0]
    for (x,) in DataLoader(TensorDataset(pixels), batch_size=64, shuffle=True):
        q = model.encode(x)
        z = q.rsample()  # differentiable in the mean and in the scale
        costs = -model.decode(z).log_prob(x).sum(), kl_divergence(q, prior).sum()
        optimizer.zero_grad()
        (sum(costs) / len(x)).backward()
        optimizer.step()
        sums = [total + cost.item() for total, cost in zip(sums, costs, strict=True)]
    scheduler.step()
    for history, total in zip(histories.values(), sums, strict=True):
        history.append(total / len(pixels))
    bar.note(pixels=histories["pixels"][-1], position=histories["position"][-1])

figure = Figure("A variational autoencoder with a plane as its latent space")
panel = figure.panel("Cost of a digit", "epoch", "nats")
for name, history in histories.items():
    panel.line(range(1, EPOCHS + 1), history, name)

panel = figure.panel("Where the digits lie", equal=True)
with torch.no_grad():
    places = model.encode(pixels).mean
for digit in range(10):
    its = places[labels == digit][:80]
    panel.points(*its.numpy().T, str(digit))

quantiles = prior.icdf(torch.linspace(0.03, 0.97, 12).unsqueeze(-1).expand(-1, 2))
x, y = torch.meshgrid(quantiles[:, 0], quantiles[:, 1].flip(0), indexing="xy")
with torch.no_grad():
    drawn = model.decode(torch.stack([x, y], dim=-1).view(-1, 2)).probs.view(-1, 1, 8, 8)
panel = figure.panel("What it draws all over the plane")
panel.images([make_grid(drawn, nrow=12, padding=0)[0].numpy()])
figure.save("vae_digits.svg")
if sum(history[-1] for history in histories.values()) > 30:
    raise SystemExit("something is wrong: less than 27 nats are usual here")
