"""Optimizers, with PyTorch's names, options and state dicts."""

from __future__ import annotations

from .optimizer import Optimizer
from .sgd import SGD

__all__ = ["SGD", "Optimizer"]
