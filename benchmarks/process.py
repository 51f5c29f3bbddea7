"""The parent's end of a child: a library that runs one workload in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

__all__ = ["Absent", "Child", "Failed", "is_installed"]

THREADS = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS",
)  # fmt: skip


class Failed(Exception):  # noqa: N818 - what the child said is the message
    """A child that could not do what it was asked."""


class Absent(Failed):
    """A library that has no such workload: nothing to report."""


def is_installed(library: str) -> bool:
    """Whether a library can be imported here."""
    return find_spec(library.removesuffix("_jit")) is not None


def environment(threads: int) -> dict[str, str]:
    """The environment with all pools of threads limited, also that of XLA."""
    made = dict(os.environ, **dict.fromkeys(THREADS, str(threads)))
    multi = "true" if threads > 1 else "false"
    made["XLA_FLAGS"] = (
        f"--xla_cpu_multi_thread_eigen={multi} intra_op_parallelism_threads={threads}"
    )
    made["JAX_PLATFORMS"] = "cpu"
    return made


class Child:
    """A running child, to be used in a `with`."""

    def __init__(self, library: str, workload: str, threads: int) -> None:
        self.library, self.workload = library, workload
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed in __exit__
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.child", library, workload],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            env=environment(threads),
            cwd=Path(__file__).parents[1],
        )
        if self._answer()["absent"]:
            self.__exit__(None, None, None)
            raise Absent(f"{library}: no workload {workload}")

    def __enter__(self) -> Child:
        return self

    def __exit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.errors):
            stream.close()  # type: ignore[union-attr]

    def ask(self, order: str) -> Any:
        """Give an order and wait for the answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(order + "\n")
        self.process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if line:
            return json.loads(line)
        self.process.wait()
        self.errors.seek(0)
        said = self.errors.read().strip().splitlines()
        raise Failed(f"{self.library}: {said[-1] if said else 'ended without a word'}")

    def evidence(self) -> dict[str, Any]:
        """The arrays that must agree between libraries."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "evidence.npz"
            self.ask(f"evidence {path}")
            with np.load(path) as found:
                return dict(found)
