"""Helpers around modules: gradients, vectors, sequences."""

from __future__ import annotations

from . import rnn

__all__ = ["rnn"]
