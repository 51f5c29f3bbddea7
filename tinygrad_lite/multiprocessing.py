"""torch.multiprocessing: Python's own, and `spawn`."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from multiprocessing import *  # noqa: F403
from multiprocessing import get_context, set_start_method
from multiprocessing.connection import wait
from typing import Any

__all__ = [
    "ProcessContext",
    "ProcessRaisedException",
    "get_context",
    "set_start_method",
    "spawn",
]


class ProcessRaisedException(Exception):  # noqa: N818 - torch's spelling
    """A process of `spawn` failed."""


class ProcessContext:
    """The processes that `spawn` started."""

    def __init__(self, processes: list[Any], reports: list[Any]) -> None:
        self.processes, self._reports = processes, reports

    def pids(self) -> list[int]:
        """The processes' numbers."""
        return [process.pid for process in self.processes]

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the processes; False when some still run after `timeout` seconds.

        **Errors** When one fails the others are ended, and ProcessRaisedException tells its story.
        """
        while (running := self._running()) and self._failed() is None:
            if not wait([process.sentinel for process in running], timeout):
                return False
        failed = self._failed()
        if failed is None:
            return True
        for process in self._running():
            process.terminate()
            process.join()
        raise ProcessRaisedException(self._story(failed))

    def _running(self) -> list[Any]:
        return [process for process in self.processes if process.exitcode is None]

    def _failed(self) -> int | None:
        codes = (process.exitcode for process in self.processes)
        return next((i for i, code in enumerate(codes) if code), None)

    def _story(self, index: int) -> str:
        report = self._reports[index]
        told = report.get() if not report.empty() else "it left no traceback"
        code = self.processes[index].exitcode
        return f"Process {index} terminated with exit code {code}:\n\n{told}"


def _run(fn: Callable[..., Any], index: int, args: tuple[Any, ...], report: Any) -> None:
    """Call the function in its process; what it raises goes to whoever waits."""
    try:
        fn(index, *args)
    except Exception:  # noqa: BLE001 - raised again on the other side
        report.put(traceback.format_exc())
        sys.exit(1)


def spawn(
    fn: Callable[..., Any],
    args: tuple[Any, ...] = (),
    nprocs: int = 1,
    join: bool = True,
    daemon: bool = False,
    start_method: str = "spawn",
) -> ProcessContext | None:
    """Run `fn(i, *args)` in `nprocs` processes; with `join`, wait for them and return None."""
    context: Any = get_context(start_method)
    reports = [context.SimpleQueue() for _ in range(nprocs)]
    processes = [
        context.Process(target=_run, args=(fn, i, args, report), daemon=daemon)
        for i, report in enumerate(reports)
    ]
    for process in processes:
        process.start()
    started = ProcessContext(processes, reports)
    if not join:
        return started
    started.join()
    return None
