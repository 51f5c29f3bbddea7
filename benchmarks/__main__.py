"""The command line: `python -m benchmarks --help`."""

from __future__ import annotations

import argparse
import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from .imports import import_lines
from .interleaving import compared
from .process import is_installed
from .table import HEAD, lines_of
from .workloads import WORKLOADS

PEERS = ("autograd", "mygrad", "dezero", "jax", "jax_jit")


def parsed(words: list[str] | None = None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter turns")
    parser.add_argument("--only", default="", help="workloads, as in W5a,W6")
    parser.add_argument("--threads", default="1", help="numbers of threads, as in 1,2")
    parser.add_argument("--peers", action="store_true", help="also autograd, MyGrad, DeZero, JAX")
    parser.add_argument("--rounds", type=int, default=0, help="turns of each library")
    parser.add_argument("--seconds", type=float, default=0.0, help="length of a turn")
    return parser.parse_args(words)


def processor() -> str:
    """The name of the processor."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def heading(libraries: list[str]) -> str:
    """Date, processor and versions."""
    found = [f"Python {platform.python_version()}"]
    for name in ["numpy", *dict.fromkeys(x.removesuffix("_jit") for x in libraries)]:
        try:
            found.append(f"{name} {version(name.replace('_', '-'))}")
        except PackageNotFoundError:
            continue
    date = datetime.now(UTC).date().isoformat()
    return f"{date}, {processor()}, {platform.system()}; {', '.join(found)}"


def main() -> None:
    """Run what was asked for and print a table line by line."""
    options = parsed()
    chosen = [name for name in options.only.split(",") if name]
    unknown = [name for name in chosen if name not in WORKLOADS and name != "W11"]
    if unknown:
        sys.exit(f"no workload {', '.join(unknown)}; there are W11, {', '.join(WORKLOADS)}")
    libraries = ["torch", "tinygrad_lite", *(PEERS if options.peers else ())]
    missing = [library for library in libraries if not is_installed(library)]
    libraries = [library for library in libraries if library not in missing]
    rounds = options.rounds or (5 if options.quick else 15)
    seconds = options.seconds or (0.05 if options.quick else 0.3)
    print(heading(libraries))
    if missing:
        print(f"not installed, thus left out: {', '.join(missing)}")
    for threads in map(int, options.threads.split(",")):
        time = "processor time" if threads == 1 else "the fastest steps' time"
        print(f"\n{threads} thread{'s' * (threads > 1)}, {time}\n\n{HEAD}", flush=True)
        for name, workload in WORKLOADS.items():
            if (name in chosen) if chosen else (workload.quick or not options.quick):
                found = compared(name, workload, libraries, threads, rounds, seconds)
                print("\n".join(lines_of(name, workload, found)), flush=True)
    if not chosen or "W11" in chosen:
        print("\n" + "\n".join(import_lines(libraries)))


if __name__ == "__main__":
    main()
