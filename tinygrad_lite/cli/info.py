"""What a bug report should say about the machine."""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from importlib import metadata
from typing import Any

import numpy as np

from .._version import __version__

OPTIONAL = ("onnx", "onnxruntime", "resvg_py", "torch")
# NumPy's own wheels rename OpenBLAS's functions; distributions keep the plain name.
THREAD_QUERIES = (
    "scipy_openblas_get_num_threads64_",
    "scipy_openblas_get_num_threads",
    "openblas_get_num_threads64_",
    "openblas_get_num_threads",
)
THREAD_SETTINGS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def describe_machine() -> list[str]:
    """Versions, BLAS and threads, one fact to a line."""
    settings = [f"{name}={os.environ[name]}" for name in THREAD_SETTINGS if name in os.environ]
    facts = {
        "tinygrad_lite": __version__,
        "Python": f"{platform.python_version()} ({platform.python_implementation()})",
        "NumPy": np.__version__,
        "graphviz": version_of("graphviz"),
        "optional": ", ".join(f"{name} {version_of(name)}" for name in OPTIONAL),
        "BLAS": describe_blas(),
        "SIMD": describe_simd(),
        "cores": f"{usable_cores()} usable",
        "threads": f"BLAS uses {blas_threads()}; " + (", ".join(settings) or "no limit set"),
        "system": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "path": sys.executable,
    }
    width = max(map(len, facts))
    return [f"{name:<{width}}  {value}" for name, value in facts.items()]


def version_of(package: str) -> str:
    """Version of an installed package, found without importing it."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def numpy_config() -> dict[str, Any]:
    """How NumPy was built."""
    return dict(np.show_config(mode="dicts"))


def describe_blas() -> str:
    """Name and version of the library that multiplies matrices."""
    blas = numpy_config().get("Build Dependencies", {}).get("blas", {})
    named = f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip()
    details = blas.get("openblas configuration", "")
    return f"{named} ({details})" if details and details != "unknown" else named


def describe_simd() -> str:
    """The vector instructions that NumPy found at run time."""
    found = numpy_config().get("SIMD Extensions", {}).get("found", [])
    return " ".join(found) or "baseline only"


def blas_threads() -> str:
    """How many threads OpenBLAS uses; NumPy itself offers no way to ask."""
    core = sys.modules.get("numpy._core._multiarray_umath")
    # A handle on NumPy's core also finds the functions of the libraries it was linked with.
    library = ctypes.CDLL(core.__file__ if core else None)
    for name in THREAD_QUERIES:
        if hasattr(library, name):
            return str(getattr(library, name)())
    return "an unknown number"


def usable_cores() -> int:
    """Number of cores this process may use, which a container can limit."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
