"""An operation with a derivative of one's own: a planet's orbit, fitted by Kepler's equation.

Where a planet is at a given time follows from E − e sin E = M, which has no closed solution.
Newton's method finds E; its derivative needs none of Newton's steps, only the equation at the end:

    dE/dM = 1 / (1 − e cos E)        dE/de = sin E / (1 − e cos E)

    python examples/custom_function.py
"""

from __future__ import annotations

import math

from show import Figure, track

import tinygrad_lite as torch
from tinygrad_lite.autograd import Function, gradcheck

STEPS = 400
torch.manual_seed(2)


class Kepler(Function):
    """The eccentric anomaly E of the mean anomaly M and the eccentricity e."""

    @staticmethod
    def forward(
        ctx: torch.autograd.function.FunctionCtx, m: torch.Tensor, e: torch.Tensor
    ) -> torch.Tensor:
        anomaly = m + e * m.sin()
        for _ in range(20):
            anomaly = anomaly - (anomaly - e * anomaly.sin() - m) / (1 - e * anomaly.cos())
        ctx.save_for_backward(e, anomaly)
        return anomaly

    @staticmethod
    def backward(
        ctx: torch.autograd.function.FunctionCtx, gradient: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        e, anomaly = ctx.saved_tensors
        by_m = gradient / (1 - e * anomaly.cos())
        return by_m, (by_m * anomaly.sin()).sum()


# Derivatives by hand are wrong until they are checked.
m = torch.linspace(-3, 3, 7, dtype=torch.float64, requires_grad=True)
e = torch.tensor(0.6, dtype=torch.float64, requires_grad=True)
gradcheck(Kepler.apply, (m, e))
print("gradcheck: the derivatives agree with differences of Kepler's equation")


def orbit(time: torch.Tensor, size: torch.Tensor, e: torch.Tensor, tilt: torch.Tensor,
          start: torch.Tensor) -> torch.Tensor:  # fmt: skip
    """Places `(n, 2)` of a planet whose year is 1; the sun is at the origin."""
    anomaly = Kepler.apply(2 * math.pi * time + start, e)
    x = size * (anomaly.cos() - e)
    y = size * (1 - e**2).sqrt() * anomaly.sin()
    return torch.stack([x * tilt.cos() - y * tilt.sin(), x * tilt.sin() + y * tilt.cos()], dim=-1)


truth = [torch.tensor(value) for value in (1.5, 0.7, 0.8, 0.4)]
times = torch.rand(40)
seen = orbit(times, *truth) + 0.03 * torch.randn(40, 2)

guess = torch.tensor([1.0, 0.0, 0.0, 0.0], requires_grad=True)  # the eccentricity as its logit
optimizer = torch.optim.Adam([guess], lr=0.02)


def elements() -> tuple[torch.Tensor, ...]:
    """Size, eccentricity, tilt and start of the orbit guessed at."""
    size, logit, tilt, start = guess
    return size, torch.sigmoid(logit), tilt, start


def whole_orbit() -> torch.Tensor:
    """The guessed orbit over a year."""
    with torch.no_grad():
        return orbit(torch.linspace(0, 1, 200), *elements())


losses, first = [], whole_orbit()
for _ in (bar := track(STEPS)):
    loss = ((orbit(times, *elements()) - seen) ** 2).sum(dim=1).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
    bar.note(loss=losses[-1])

found = [value.item() for value in elements()]
for name, value, true in zip(("size", "eccentricity", "tilt", "start"), found, truth, strict=True):
    print(f"{name:12} {value:6.3f}   true {true.item():.3f}")

figure = Figure("An orbit fitted through Kepler's equation")
figure.panel("Error", "step", "log₁₀ of the mean squared distance").line(
    range(1, STEPS + 1), [math.log10(loss) for loss in losses]
)
panel = figure.panel("40 observations of a planet", equal=True)
panel.line(*first.numpy().T, dashed=True, colour=7)
panel.line(*whole_orbit().numpy().T, colour=0)
panel.points(*seen.numpy().T, colour=1)
panel.points([0], [0], colour=4)
figure.save("custom_function.svg")
if abs(found[1] - 0.7) > 0.05:
    raise SystemExit("something is wrong: the eccentricity is found to 0.01")
