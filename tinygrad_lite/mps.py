"""torch.mps on a machine without one: the answers of a CPU-only PyTorch."""

from __future__ import annotations

from ._random import manual_seed

__all__ = ["device_count", "empty_cache", "is_available", "manual_seed", "synchronize"]


def is_available() -> bool:
    """False."""
    return False


def device_count() -> int:
    """0."""
    return 0


def synchronize() -> None:
    """Nothing to wait for."""


def empty_cache() -> None:
    """Nothing is cached."""
