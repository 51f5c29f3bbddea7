"""Results as lines of a Markdown table."""

from __future__ import annotations

from .interleaving import Result
from .workloads import Workload

__all__ = ["HEAD", "lines_of"]

HEAD = (
    "| workload | library | ms | ratio | middle half | target | peak MB | of it import |\n"
    "|---|---|---|---|---|---|---|---|"
)


def lines_of(name: str, workload: Workload, results: list[Result]) -> list[str]:
    """One line for each library; the ratio is to the first one."""
    return [_line(name, workload, result) for result in results]


def _line(name: str, workload: Workload, result: Result) -> str:
    title = f"{name} {workload.title}"
    if result.problem:
        return f"| {title} | {result.library} | {result.problem} | | | | | |"
    ours = result.library == "tinygrad_lite"
    target = f"{workload.target:.2f}" if ours and workload.target is not None else ""
    mark = ""
    if target:
        mark = " ✓" if result.ratio <= (workload.target or 0) else " ✗"
    return (
        f"| {title} | {result.library} | {result.time * 1e3:.3f} | {result.ratio:.2f}{mark} "
        f"| {result.low:.2f}-{result.high:.2f} | {target} "
        f"| {result.peak:.0f} | {result.start:.0f} |"
    )
