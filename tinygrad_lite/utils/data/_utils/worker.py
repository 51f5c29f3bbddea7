"""What a worker knows of itself, under PyTorch's long path."""

from __future__ import annotations

from .._workers import get_worker_info

__all__ = ["get_worker_info"]
