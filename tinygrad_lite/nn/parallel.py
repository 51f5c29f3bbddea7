"""The wrappers for several devices and processes, under PyTorch's path."""

from __future__ import annotations

from .modules.parallel import DataParallel, DistributedDataParallel

__all__ = ["DataParallel", "DistributedDataParallel"]
