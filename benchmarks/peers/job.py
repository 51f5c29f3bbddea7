"""A training step of a peer: its loss and gradients, and an optimizer in plain NumPy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .functions import MODELS, filled

__all__ = ["Job", "job_of"]


class Optimizer:
    """SGD, with or without momentum, and Adam, each in place on whole arrays."""

    def __init__(self, kind: str, lr: float) -> None:
        self.kind, self.lr, self.count = kind, lr, 0
        self.memory: dict[str, tuple[Any, Any]] = {}

    def step(self, params: dict[str, Any], gradients: dict[str, Any]) -> None:
        """Change the parameters."""
        self.count += 1
        for name, p in params.items():
            self._update(name, p, gradients[name])

    def _update(self, name: str, p: Any, g: Any) -> None:
        if self.kind == "sgd":
            p -= self.lr * g
            return
        m, v = self.memory.setdefault(name, (np.zeros_like(p), np.zeros_like(p)))
        if self.kind == "momentum":
            m *= 0.9
            m += g
            p -= self.lr * m
            return
        if self.kind == "adamw":
            p *= 1 - self.lr * 0.01
        m += (g - m) * 0.1
        v *= 0.999
        v += 0.001 * g * g
        scale = math.sqrt(1 - 0.999**self.count)
        p -= (self.lr / (1 - 0.9**self.count)) * m / (np.sqrt(v) / scale + 1e-8)


class Job:
    """Gradients from the library's kit, then a step."""

    def __init__(self, kit: Any, model: Any) -> None:
        shapes, loss, (kind, lr) = model(kit)
        self.params = filled(shapes)
        self.optimizer = Optimizer(kind, lr)
        self.differentiate = kit.differentiate(loss)

    def step(self) -> tuple[Any, dict[str, Any]]:
        """Train once; return the loss and the gradients."""
        loss, gradients = self.differentiate(self.params)
        gradients = {name: np.asarray(g) for name, g in gradients.items()}
        self.optimizer.step(self.params, gradients)
        return float(loss), gradients

    def evidence(self) -> dict[str, Any]:
        """Losses of two steps, the gradients of the first, the parameters after both."""
        loss, gradients = self.step()
        found = {"loss 1": np.array(loss)}
        found |= {f"gradient of {name}": g for name, g in gradients.items()}
        found["loss 2"] = np.array(self.step()[0])
        found |= {f"{name} after two steps": p.copy() for name, p in self.params.items()}
        return found


def job_of(kit: Any, workload: str) -> Job | None:
    """The workload in a kit; None where it is none of the models."""
    absent = workload not in MODELS or workload in kit.without
    return None if absent else Job(kit, MODELS[workload])
