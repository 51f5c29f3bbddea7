"""What a result depends on besides the program: versions, linear algebra, threads, the processor.

The same seed gives the same bits where all of these are the same. A checkpoint keeps them, and
resuming elsewhere warns with the names of what differs.
"""

from __future__ import annotations

import os
import platform
import warnings
import zlib
from typing import Any

import numpy as np

from .._random import initial_seed
from .._tensor import Tensor
from .._version import __version__

__all__ = ["DeterminismWarning", "compare_receipts", "receipt", "weights_hash"]

THREADS = (
    "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
)  # fmt: skip
IGNORED = {"seed", "weights"}  # part of the state, and compared with it


class DeterminismWarning(UserWarning):
    """Something is different from when a checkpoint was written, so that the bits may be too."""


def receipt(state: Any = None) -> dict[str, Any]:
    """Seed, versions, BLAS with its threads, processor, and a hash of the weights in `state`.

    >>> sorted(receipt())
    ['blas', 'library', 'numpy', 'processor', 'python', 'seed', 'threads']
    """
    found = {
        "seed": initial_seed(),
        "library": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": _blas(),
        "threads": _threads(),
        "processor": f"{platform.system()} {platform.machine()} {_features()}",
    }
    return found if state is None else {**found, "weights": weights_hash(state)}


def _blas() -> str:
    try:
        config: Any = np.show_config(mode="dicts")
        blas = config["Build Dependencies"]["blas"]
        return f"{blas['name']} {blas['version']}"
    except (KeyError, TypeError):
        return "unknown"


def _threads() -> str:
    """How many threads a matrix product uses, as far as it can be known without asking the BLAS."""
    for name in THREADS:
        if os.environ.get(name):
            return f"{name}={os.environ[name]}"
    return f"{available_cpus()} (one per processor)"


def available_cpus() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _features() -> str:
    """The widest instructions that NumPy uses here: they decide in which order it adds."""
    try:
        config: Any = np.show_config(mode="dicts")
        return str(config["SIMD Extensions"]["found"][-1])
    except (KeyError, TypeError, IndexError):
        return "baseline"


def weights_hash(state: Any) -> str:
    """A CRC32 over names, shapes and bytes of all tensors in a structure."""
    return f"{_hashed(state, 0):08x}"


def _hashed(value: Any, crc: int) -> int:
    if isinstance(value, dict):
        for key, item in value.items():
            crc = _hashed(item, zlib.crc32(str(key).encode(), crc))
    elif isinstance(value, (list, tuple)):
        for item in value:
            crc = _hashed(item, crc)
    elif isinstance(value, Tensor):
        array = np.ascontiguousarray(value._array)
        crc = zlib.crc32(f"{array.dtype}{value._array.shape}".encode(), crc)
        crc = zlib.crc32(array.tobytes(), crc)
    return crc


def compare_receipts(then: dict[str, Any], where: str) -> list[str]:
    """Warn of what is different now, and return it as lines."""
    now = receipt()
    lines = [
        f"{name} was {then[name]}, is {now[name]}"
        for name in now
        if name not in IGNORED and name in then and then[name] != now[name]
    ]
    if lines:
        warnings.warn(
            f"{where} was written under other conditions: {'; '.join(lines)}. The training goes "
            "on, but not necessarily with the same bits",
            DeterminismWarning,
            stacklevel=4,
        )
    return lines
