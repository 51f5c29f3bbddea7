"""A progress bar on a terminal, a few lines anywhere else."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

WIDTH = 30
LINES = 5  # how many lines a log file gets


class track:  # noqa: N801 - reads as a verb: `for step in track(100)`
    """Count from 1 to `total` and show how far it is; `note(loss=...)` adds facts to the bar."""

    def __init__(self, total: int, name: str = "step") -> None:
        self.total, self.name = total, name
        self.facts = ""
        self.started = self.drawn = time.perf_counter()
        self.live = sys.stdout.isatty()

    def __iter__(self) -> Iterator[int]:
        for count in range(1, self.total + 1):
            yield count
            self._show(count)

    def note(self, **facts: float) -> None:
        """Show these numbers beside the bar."""
        self.facts = "  ".join(f"{name} {value:.4g}" for name, value in facts.items())

    def _show(self, count: int) -> None:
        now, last = time.perf_counter(), count == self.total
        line = f"{self.name} {count:>{len(str(self.total))}}/{self.total}"
        if self.live and (last or now - self.drawn > 0.05):
            done = WIDTH * count // self.total
            bar = "━" * done + "─" * (WIDTH - done)
            ending = f"  {now - self.started:.1f} s\n" if last else ""
            print(f"\r\x1b[2K{line} {bar} {self.facts}", end=ending, flush=True)
            self.drawn = now
        elif not self.live and (last or count % max(1, self.total // LINES) == 0):
            print(f"{line}  {self.facts}", flush=True)
