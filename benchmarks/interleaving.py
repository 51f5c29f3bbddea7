"""Libraries that take turns at a workload, and what their times say."""

from __future__ import annotations

import statistics
from typing import NamedTuple

from .agreement import disagreement
from .process import Absent, Child, Failed
from .workloads import Workload

__all__ = ["Result", "compared"]


class Result(NamedTuple):
    """A library at a workload; times in seconds per step, memory in MB."""

    library: str
    time: float = 0.0
    ratio: float = 0.0
    low: float = 0.0
    high: float = 0.0
    start: float = 0.0
    peak: float = 0.0
    problem: str = ""


def compared(
    name: str, workload: Workload, libraries: list[str], threads: int, rounds: int, seconds: float
) -> list[Result]:
    """Run the first library, the measure, and the others that have the workload, in turns."""
    children: list[Child] = []
    problems: list[Result] = []
    try:
        expected = None
        for library in libraries:
            try:
                child = Child(library, name, threads)
                children.append(child)
                found = child.evidence()
                expected = found if expected is None else expected
                problem = disagreement(found, expected, workload.tolerance)
            except Absent:
                continue
            except Failed as error:
                problem = str(error)
            if problem:
                problems.append(Result(library, problem=problem))
                if children and children[-1].library == library:
                    children.pop().__exit__(None, None, None)
        return _timed(children, threads, rounds, seconds) + problems
    finally:
        for child in children:
            child.__exit__(None, None, None)


def _timed(children: list[Child], threads: int, rounds: int, seconds: float) -> list[Result]:
    """Medians of one thread's processor time, or the fastest tenth of several threads' time."""
    counts = [max(1, round(seconds / _first(child))) for child in children]
    times: list[list[float]] = [[] for _ in children]
    for _ in range(rounds):
        for child, count, found in zip(children, counts, times, strict=True):
            answer = child.ask(f"run {count}")
            found.append(
                statistics.median(answer["cpu"]) if threads == 1 else _tenth(answer["wall"])
            )
    results = []
    for child, found in zip(children, times, strict=True):
        ratios = sorted(a / b for a, b in zip(found, times[0], strict=True))
        middle = statistics.median(found) if threads == 1 else min(found)
        ratio = statistics.median(ratios) if threads == 1 else middle / min(times[0])
        memory = child.ask("memory")
        quarter = len(ratios) // 4
        low, high = ratios[quarter], ratios[-1 - quarter]
        results.append(
            Result(child.library, middle, ratio, low, high, memory["start"], memory["peak"])
        )
    return results


def _first(child: Child) -> float:
    """The time of a step after a few to warm up."""
    child.ask("run 2")
    return max(1e-6, min(child.ask("run 3")["wall"]))


def _tenth(times: list[float]) -> float:
    return sorted(times)[len(times) // 10]
