"""A policy learns to balance a pole on a cart by policy gradient, 32 carts at a time.

python examples/policy_gradient.py
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from show import Figure, track

import tinygrad_lite as torch
from tinygrad_lite import nn
from tinygrad_lite.distributions import Categorical

UPDATES, CARTS, LONGEST, DISCOUNT = 40, 32, 200, 0.98
torch.manual_seed(0)


@dataclass
class Poles:
    """Poles on carts, after Barto, Sutton and Anderson (1983); a pole has fallen at 12 degrees.

    Each row of `state` is one cart: its place and speed, the pole's angle and its speed.
    """

    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))

    def reset(self, count: int) -> np.ndarray:
        """Set up `count` carts, almost upright."""
        self.state = self.rng.uniform(-0.05, 0.05, (count, 4))
        return self.state

    def step(self, push_right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Push every cart with 10 N for 20 ms; the new states, and which poles still stand."""
        gravity, pole_mass, mass, half_length, dt = 9.8, 0.1, 1.1, 0.5, 0.02
        _, speed, angle, turning = self.state.T
        force = np.where(push_right, 10.0, -10.0)
        sin, cos = np.sin(angle), np.cos(angle)
        thrust = (force + pole_mass * half_length * turning**2 * sin) / mass
        lever = half_length * (4 / 3 - pole_mass * cos**2 / mass)
        bending = (gravity * sin - cos * thrust) / lever
        pull = thrust - pole_mass * half_length * bending * cos / mass
        self.state = self.state + dt * np.stack([speed, pull, turning, bending], axis=1)
        return self.state, (abs(self.state[:, 0]) < 2.4) & (abs(self.state[:, 2]) < np.pi / 15)


policy = nn.Sequential(nn.Linear(4, 32), nn.Tanh(), nn.Linear(32, 2))
optimizer = torch.optim.Adam(policy.parameters(), lr=0.01)
poles = Poles()


def play(count: int) -> tuple[torch.Tensor, torch.Tensor, np.ndarray]:
    """Balance until all poles have fallen: log-probabilities, who stood when, angles."""
    state, standing = poles.reset(count), np.ones(count, bool)
    logs, stood, angles = [], [], []
    while standing.any() and len(logs) < LONGEST:
        choice = Categorical(logits=policy(torch.tensor(state, dtype=torch.float32)))
        action = choice.sample()
        logs.append(choice.log_prob(action))
        stood.append(torch.tensor(standing))
        angles.append(np.where(standing, np.degrees(state[:, 2]), np.nan))
        state, still = poles.step(action.numpy() == 1)
        standing = standing & still
    return torch.stack(logs), torch.stack(stood).float(), np.array(angles)


def returns_of(rewards: torch.Tensor) -> torch.Tensor:
    """What is still to come at every step, discounted."""
    coming, found = torch.zeros(rewards.shape[1]), []
    for reward in rewards.flip(0):
        coming = reward + DISCOUNT * coming
        found.append(coming)
    return torch.stack(found).flip(0)


_, _, before = play(8)
lengths = []
for _ in (bar := track(UPDATES, "update")):
    logs, stood, _ = play(CARTS)
    returns = returns_of(stood)
    baseline = returns.sum(dim=1, keepdim=True) / stood.sum(dim=1, keepdim=True).clamp(min=1)
    advantage = (returns - baseline) * stood
    loss = -(logs * advantage / (advantage.std() + 1e-6)).sum() / stood.sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    lengths.append(stood.sum(dim=0).mean().item())
    bar.note(balanced=lengths[-1])
_, _, after = play(8)

figure = Figure("Policy gradient: from falling at once to balancing")
panel = figure.panel("Balanced, mean of 32 carts", "update", "steps of 20 ms")
panel.line(range(1, UPDATES + 1), lengths)
for title, angles in (("Eight poles before learning", before), ("and after", after)):
    panel = figure.panel(title, "step", "angle in degrees")
    for pole in angles.T:
        seen = pole[~np.isnan(pole)]
        panel.line(range(len(seen)), seen)
figure.save("policy_gradient.svg")
if max(lengths) < 150:
    raise SystemExit("something is wrong: 190 steps and more are usual here")
