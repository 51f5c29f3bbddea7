"""One library and one workload in a process: answers lines on its standard input.

    python -m benchmarks.child LIBRARY WORKLOAD

Its first word is whether it is ready, or that the library is `absent` from this workload.
`evidence PATH` writes the arrays to compare, `run N` times N steps, `memory` reports the peak.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["main"]

OURS = {"torch", "tinygrad_lite"}  # they share names, and thus the models


def job_of(library: str, workload: str) -> Any:
    """The workload in a library, None where it has none.

    One source for the two with PyTorch's names, else an adapter.
    """
    if library in OURS:
        from .workloads import WORKLOADS

        return WORKLOADS[workload].build(import_module(library))
    return import_module(f".peers.{library}", __package__).build(workload)


def memory(field: str) -> float:
    """The process's resident memory in MB: VmHWM, its peak, or VmRSS, what it has now."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
            1 << 20 if sys.platform == "darwin" else 1 << 10
        )
    line = next(x for x in status.read_text().splitlines() if x.startswith(field))
    return int(line.split()[1]) / 1024


def timed(step: Any, count: int) -> dict[str, list[float]]:
    """Seconds of processor time and of wall time of each of `count` steps."""
    cpu, wall = [], []
    for _ in range(count):
        before, start = time.process_time(), time.perf_counter()
        step()
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - before)
    return {"cpu": cpu, "wall": wall}


def main() -> None:
    """Serve until standard input ends."""
    library, workload = sys.argv[1:]
    own = library in OURS
    import_module(library if own else f".peers.{library}", None if own else __package__)
    start = memory("VmRSS")
    job = job_of(library, workload)
    _say({"absent": job is None})
    if job is None:
        return
    for line in sys.stdin:
        order, _, argument = line.strip().partition(" ")
        if order == "run":
            _say(timed(job.step, int(argument)))
        elif order == "evidence":
            np.savez(argument, **job.evidence())
            _say({})
        elif order == "memory":
            _say({"start": start, "peak": memory("VmHWM")})


def _say(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
