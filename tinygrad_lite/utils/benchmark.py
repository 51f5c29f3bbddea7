"""Timing of small pieces of code, as torch.utils.benchmark spells it.

`Timer` runs a statement over and over, `Measurement` is what it found, and `Compare` prints several
side by side.

Differs from PyTorch: the thread count is that of the process, since NumPy's pool of threads reads
it once; instructions are not counted, and there are no random inputs (Fuzzer).
"""

from __future__ import annotations

import math
import statistics
import sys
import textwrap
import timeit
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from time import perf_counter
from typing import Any

import numpy as np

__all__ = ["Compare", "Measurement", "TaskSpec", "Timer", "timer"]

timer = perf_counter

UNITS = (
    (1.0, "s", "seconds"), (1e-3, "ms", "milliseconds"), (1e-6, "us", "microseconds"),
    (1e-9, "ns", "nanoseconds"),
)  # fmt: skip
SPREAD, WIDE_SPREAD = 0.1, 0.25  # parts of the median from which a measurement carries a warning
GREEN, BOLD, FAINT, RED, PLAIN = "\033[92m", "\033[1m", "\033[2m", "\033[91m", "\033[0m"


def unit_of(seconds: float) -> tuple[float, str, str]:
    """The unit in which a time is read best: its length, its sign and its name."""
    return next((unit for unit in UNITS if seconds >= unit[0]), UNITS[-1])


@dataclass(frozen=True)
class TaskSpec:
    """What was timed, and what it is called in tables."""

    stmt: str
    setup: str
    global_setup: str = ""
    label: str | None = None
    sub_label: str | None = None
    description: str | None = None
    env: str | None = None
    num_threads: int = 1

    @property
    def title(self) -> str:
        """The label, or the statement if it is short."""
        if self.label is not None:
            return self.label + (f": {self.sub_label}" if self.sub_label else "")
        return self.stmt if "\n" not in self.stmt else "[multi-line statement]"

    def summarize(self) -> str:
        """The title, the description and the setup, line by line."""
        setup = textwrap.indent(self.setup, "  ") if "\n" in self.setup else self.setup
        head = f"setup:\n{setup}" if "\n" in self.setup else f"setup: {setup}"
        lines = [self.title, self.description or "", head if self.setup != "pass" else ""]
        return "\n".join(line for line in lines if line)


@dataclass
class Measurement:
    """Times of one statement; `raw_times` are those of whole blocks of `number_per_run` runs."""

    number_per_run: int
    raw_times: list[float]
    task_spec: TaskSpec
    metadata: dict[Any, Any] | None = field(default=None, repr=False)

    def __getattr__(self, name: str) -> Any:
        """What the task says: label, description, num_threads and so on."""
        if name.startswith("__") or name == "task_spec":
            raise AttributeError(name)
        return getattr(self.task_spec, name)

    @property
    def times(self) -> list[float]:
        """Seconds per run of each block."""
        return [t / self.number_per_run for t in self.raw_times]

    @property
    def median(self) -> float:
        """The middle of the times."""
        return statistics.median(self.times)

    @property
    def mean(self) -> float:
        """The average of the times."""
        return statistics.fmean(self.times)

    @property
    def iqr(self) -> float:
        """The width of the middle half of the times."""
        low, high = self._quartiles()
        return high - low

    def _quartiles(self) -> tuple[float, float]:
        low, high = np.percentile(self.times, [25, 75])
        return float(low), float(high)

    @property
    def has_warnings(self) -> bool:
        """Whether the times spread so much that something disturbed them."""
        return len(self.times) > 1 and self.iqr > SPREAD * self.median

    def meets_confidence(self, threshold: float = SPREAD) -> bool:
        """Whether there are enough times, and their middle half is narrow enough."""
        return len(self.times) >= 4 and self.iqr <= threshold * self.median

    @property
    def significant_figures(self) -> int:
        """How many figures of the median the spread leaves standing."""
        if len(self.times) < 2 or not self.iqr:
            return 1 if len(self.times) < 2 else 5
        error = 1.7 * self.iqr / 1.349 / math.sqrt(len(self.times))  # 90 % of a normal error
        figures = math.floor(-math.log10(max(error / self.median, 1e-5)))
        return min(5, max(1, figures))

    @property
    def as_row_name(self) -> str:
        """The name of the row in a table."""
        return self.task_spec.sub_label or self.task_spec.stmt or "[unknown]"

    def __repr__(self) -> str:
        lines = [f"<{type(self).__module__}.Measurement object at {id(self):#x}>"]
        lines.append(self.task_spec.summarize())
        scale, sign, _ = unit_of(self.median)
        count, threads = len(self.times), self.task_spec.num_threads
        if count > 1:
            low, high = self._quartiles()
            lines.append(f"  Median: {self.median / scale:.2f} {sign}")
            spread = f"({low / scale:.2f} to {high / scale:.2f})"
            lines.append(f"  IQR:    {self.iqr / scale:.2f} {sign} {spread}")
        else:
            lines.append(f"  {self.median / scale:.2f} {sign}")
        runs = f"{self.number_per_run} runs {'per measurement' * (count > 1)}".rstrip()
        lines.append(
            f"  {count} measurement{'s' * (count > 1)}, {runs}, "
            f"{threads} thread{'s' * (threads > 1)}"
        )
        if self.has_warnings:
            share = self.iqr / self.median
            cause = "significant" if share > WIDE_SPREAD else "some"
            lines += [
                f"  WARNING: Interquartile range is {share:.1%} of the median measurement.",
                f"           This suggests {cause} environmental influence.",
            ]
        return "\n".join(lines)

    @staticmethod
    def merge(measurements: Iterable[Measurement]) -> list[Measurement]:
        """One measurement for each task, of the times of all that timed it."""
        found: dict[TaskSpec, list[float]] = {}
        for one in measurements:
            found.setdefault(one.task_spec, []).extend(one.times)
        return [Measurement(1, times, task) for task, times in found.items()]


class Timer:
    """Times a statement given as text, in a namespace of its own.

    >>> Timer("x + 1", globals={"x": 1}).timeit(100).number_per_run
    100
    """

    def __init__(
        self,
        stmt: str = "pass",
        setup: str = "pass",
        global_setup: str = "",
        timer: Callable[[], float] = timer,
        globals: dict[str, Any] | None = None,
        label: str | None = None,
        sub_label: str | None = None,
        description: str | None = None,
        env: str | None = None,
        num_threads: int = 1,
        language: str = "python",
    ) -> None:
        if not isinstance(stmt, str):
            raise ValueError(  # noqa: TRY004 - as PyTorch
                f"stmt must be a str, got {type(stmt).__name__}: pass code as text"
            )
        if str(language).lower() not in {"python", "py", "language.python"} or global_setup:
            raise NotImplementedError("Timer runs Python only; global_setup belongs to C++")
        stmt, setup = (textwrap.dedent(text).strip() for text in (stmt, setup))
        self._task_spec = TaskSpec(
            stmt, setup or "pass", global_setup, label, sub_label, description, env, num_threads
        )
        package = sys.modules[__name__.partition(".")[0]]
        names = {"torch": package, **(globals or {})}  # code written for PyTorch says torch
        self._clock = timer
        self._timer = timeit.Timer(stmt, setup or "pass", timer, names)

    def timeit(self, number: int = 1_000_000) -> Measurement:
        """Run the statement `number` times in one block."""
        self._timer.timeit(max(number // 100, 2))  # to warm up
        return Measurement(number, [self._timer.timeit(number)], self._task_spec)

    def autorange(self, callback: Callable[[int, float], Any] | None = None) -> None:
        """Not offered: use `blocked_autorange`."""
        raise NotImplementedError("See `Timer.blocked_autorange.`")

    def repeat(self, repeat: int = -1, number: int = -1) -> None:
        """Not offered: use `blocked_autorange`."""
        raise NotImplementedError("See `Timer.blocked_autorange.`")

    def collect_callgrind(self, *args: Any, **kwargs: Any) -> None:
        """Not offered: NumPy's instructions are not counted here."""
        raise NotImplementedError("collect_callgrind: instructions are not counted here")

    def blocked_autorange(
        self,
        callback: Callable[[int, float], Any] | None = None,
        min_run_time: float = 0.2,
    ) -> Measurement:
        """Time blocks for at least `min_run_time` seconds in all.

        A block is so long that reading the clock takes less than a thousandth of it.
        """
        number = self._block(min_run_time)
        times: list[float] = []
        total = 0.0
        while total < min_run_time or not times:
            seconds = self._timer.timeit(number)
            times.append(seconds)
            total += seconds
            if callback is not None:
                callback(number, seconds)
        return Measurement(number, times, self._task_spec)

    def adaptive_autorange(
        self,
        threshold: float = SPREAD,
        *,
        min_run_time: float = 0.01,
        max_run_time: float = 10.0,
        callback: Callable[[int, float], Any] | None = None,
    ) -> Measurement:
        """Time blocks until their middle half is narrower than `threshold` of the median."""
        number = self._block(min_run_time)
        found, total = Measurement(number, [], self._task_spec), 0.0
        while total < max_run_time:
            seconds = self._timer.timeit(number)
            found.raw_times.append(seconds)
            total += seconds
            if callback is not None:
                callback(number, seconds)
            if total >= min_run_time and found.meets_confidence(threshold):
                break
        return found

    def _block(self, min_run_time: float) -> int:
        """How many runs make a block: clock readings cost little, and several blocks fit."""
        clock = statistics.median(timeit.Timer(timer=self._clock).timeit(0) for _ in range(5))
        number = 1
        while True:
            seconds = self._timer.timeit(number)
            if seconds >= max(1e3 * clock, 1e-4) or seconds >= min_run_time / 10:
                return number
            number *= 10


class Compare:
    """Several measurements as a table: a row for each sub-label, a column for each description."""

    def __init__(self, results: Sequence[Measurement]) -> None:
        self._results: list[Measurement] = []
        self._trim = self._color = False
        self._rowwise = False
        self.extend_results(results)

    def extend_results(self, results: Iterable[Measurement]) -> None:
        """Add measurements."""
        results = list(results)
        for one in results:
            if not isinstance(one, Measurement):
                raise ValueError(  # noqa: TRY004 - as PyTorch
                    f"Expected an instance of `Measurement`, got {type(one)} instead."
                )
        self._results += results

    def trim_significant_figures(self) -> None:
        """Show only the figures that the spread leaves standing."""
        self._trim = True

    def colorize(self, rowwise: bool = False) -> None:
        """Mark the fastest and the slow of a column, or of a row."""
        self._color, self._rowwise = True, rowwise

    def highlight_warnings(self) -> None:
        """Accepted for PyTorch's sake; the warnings stand in the measurements."""

    def print(self) -> None:
        """Print the table."""
        print(self)  # noqa: T201 - its purpose

    def __str__(self) -> str:
        merged = Measurement.merge(self._results)
        by_label = sorted(merged, key=lambda m: str(m.task_spec.label))
        parts = [
            self._table(label, list(group))
            for label, group in groupby(by_label, key=lambda m: m.task_spec.label)
        ]
        return "\n".join(parts)

    def _table(self, label: str | None, results: list[Measurement]) -> str:
        scale, sign, name = unit_of(min(m.median for m in results))
        columns = list(dict.fromkeys(m.task_spec.description or "" for m in results))
        keys = list(dict.fromkeys(_row_of(m) for m in results))
        cells = {(_row_of(m), m.task_spec.description or ""): m for m in results}
        first = max(10, *(len(row) + 6 for _, row, _ in keys))
        texts = {place: self._text(m, scale) for place, m in cells.items()}
        widths = [max(len(c), *(len(t) for (_, d), t in texts.items() if d == c)) for c in columns]
        head = " " * first + "".join(
            f" |  {c.center(w)}" for c, w in zip(columns, widths, strict=True)
        )
        lines = [_ruled(label or "", len(head)), head]
        for threads, group in groupby(sorted(keys, key=lambda k: k[2]), key=lambda k: k[2]):
            lines.append(f"{threads} threads: ".ljust(len(head), "-"))
            lines += [
                row.rjust(first)
                + "".join(
                    " |  " + self._shown(cells, texts, key, column, width)
                    for column, width in zip(columns, widths, strict=True)
                )
                for key in group
                for _, row, _ in [key]
            ]
        return "\n".join([*lines, "", f"Times are in {name} ({sign}).", ""])

    def _text(self, one: Measurement, scale: float) -> str:
        value = one.median / scale
        if not self._trim:
            return f"{value:.1f}"
        digits = one.significant_figures - 1 - math.floor(math.log10(value))
        return f"{round(value, digits):.{max(0, digits)}f}"

    def _shown(
        self,
        cells: dict[Any, Measurement],
        texts: dict[Any, str],
        key: Any,
        column: str,
        width: int,
    ) -> str:
        one = cells.get((key, column))
        if one is None:
            return " " * width
        text = texts[key, column].rjust(width)
        if not self._color:
            return text
        beside = [
            m.median
            for (row, name), m in cells.items()
            if (row == key if self._rowwise else name == column)
        ]
        if one.median <= min(beside) * (1 + SPREAD):
            return f"{BOLD}{GREEN}{text}{PLAIN}"
        return f"{FAINT}{RED}{text}{PLAIN}" if one.median > 2 * min(beside) else text


def _row_of(one: Measurement) -> tuple[str, str, int]:
    """What a row of a table stands for."""
    task = one.task_spec
    env = f"({task.env}) " if task.env else ""
    return task.stmt, env + one.as_row_name, task.num_threads


def _ruled(title: str, width: int) -> str:
    """A title in the middle of a ruled line."""
    return "[" + f" {title} ".center(max(0, width - 2), "-") + "]"
