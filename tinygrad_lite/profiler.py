"""torch.profiler: accepted; `tinygrad_lite.profile` measures models."""

from __future__ import annotations

import enum
from typing import Any

__all__ = [
    "ProfilerActivity",
    "profile",
    "record_function",
    "schedule",
    "tensorboard_trace_handler",
]


class ProfilerActivity(enum.Enum):
    """What could be profiled."""

    CPU = "cpu"
    CUDA = "cuda"


class profile:  # noqa: N801 - torch's spelling
    """A block without effect."""

    def __init__(self, *args: Any, **keywords: Any) -> None:
        self.step_num = 0

    def __enter__(self) -> profile:
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def start(self) -> None:
        """Nothing to start."""

    def stop(self) -> None:
        """Nothing to stop."""

    def step(self) -> None:
        """Count a step."""
        self.step_num += 1

    def key_averages(self, **keywords: Any) -> Any:
        """Not measured here."""
        raise NotImplementedError("torch.profiler measures nothing here: use tinygrad_lite.profile")


class record_function:  # noqa: N801 - torch's spelling
    """A named block without effect."""

    def __init__(self, name: str, args: str | None = None) -> None:
        self.name = name

    def __enter__(self) -> record_function:
        return self

    def __exit__(self, *exception: object) -> None:
        pass


def schedule(**keywords: Any) -> Any:
    """A schedule that never records."""
    return lambda step: None


def tensorboard_trace_handler(dir_name: str, **keywords: Any) -> Any:
    """A handler that is never called."""
    return lambda prof: None
