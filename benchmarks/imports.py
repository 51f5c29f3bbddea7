"""W11: what importing a library costs."""

from __future__ import annotations

import statistics
import subprocess
import sys

__all__ = ["import_lines"]

PROGRAM = """
import time
cpu = time.process_time()
import {name}
from benchmarks.child import memory
print(time.process_time() - cpu, memory("VmHWM"))
"""


def import_lines(libraries: list[str], repeats: int = 7) -> list[str]:
    """A table of processor time and peak memory of `import`, NumPy first."""
    names = ["numpy", *dict.fromkeys(x.removesuffix("_jit") for x in libraries)]
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    for _ in range(repeats):
        for name in names:
            try:
                found[name].append(_import(name))
            except subprocess.CalledProcessError:
                continue  # DeZero asks NumPy for names that it has no more
    lines = ["| W11 import | processor ms | peak MB |", "|---|---|---|"]
    for name, values in found.items():
        if not values:
            lines.append(f"| {name} | cannot be imported as it is | |")
            continue
        seconds = statistics.median(t for t, _ in values)
        lines.append(f"| {name} | {seconds * 1e3:.0f} | {values[0][1]:.0f} |")
    return lines


def _import(name: str) -> tuple[float, float]:
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(name=name)],
        capture_output=True,
        text=True,
        check=True,
    )
    seconds, peak = run.stdout.split()
    return float(seconds), float(peak)
