"""torch.profiler: accepted; `tinygrad_lite.profile` measures models."""

from __future__ import annotations

import enum
from pathlib import Path
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


class Measured(list[Any]):
    """What was measured: nothing."""

    def table(self, *args: Any, **keywords: Any) -> str:
        """Return a sentence in place of a table."""
        return "torch.profiler measures nothing here: tinygrad_lite.profile times models"

    __str__ = table


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

    def key_averages(self, *args: Any, **keywords: Any) -> Measured:
        """Return no measurements."""
        return Measured()

    events = total_average = key_averages

    def table(self, *args: Any, **keywords: Any) -> str:
        """Return a sentence in place of a table."""
        return Measured().table()

    def export_chrome_trace(self, path: Any) -> None:
        """Write a trace without events."""
        Path(path).write_text('{"traceEvents": []}\n', encoding="utf-8")

    def export_stacks(self, path: Any, metric: str = "self_cpu_time_total") -> None:
        """Write no stacks."""
        Path(path).write_text("", encoding="utf-8")


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
