"""torch.accelerator: there is none."""

from __future__ import annotations

from typing import Any

from ._device import check_device


def is_available() -> bool:
    """False."""
    return False


def device_count() -> int:
    """0."""
    return 0


def current_accelerator(check_available: bool = False) -> None:
    """None."""


def synchronize(device: Any = None) -> None:
    """Nothing to wait for."""


def set_device_index(device: Any) -> None:
    """An error: there is no accelerator."""
    check_device("cuda")


def current_device_index() -> int:
    """An error: there is no accelerator."""
    check_device("cuda")
    return 0
