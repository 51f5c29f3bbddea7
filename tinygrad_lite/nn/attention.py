"""Which kernel computes attention: PyTorch's switches, for the one kernel there is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Any

__all__ = ["SDPBackend", "sdpa_kernel"]


class SDPBackend(Enum):
    """The kernels that PyTorch knows."""

    ERROR = -1
    MATH = 0
    FLASH_ATTENTION = 1
    EFFICIENT_ATTENTION = 2
    CUDNN_ATTENTION = 3
    OVERRIDEABLE = 4


@contextmanager
def sdpa_kernel(backends: Any, set_priority: bool = False) -> Iterator[None]:
    """Do nothing: there is one kernel, and it serves every request."""
    given = backends if isinstance(backends, list | tuple) else [backends]
    for backend in given:
        if not isinstance(backend, SDPBackend):
            raise TypeError(
                "Backend must be an instance of SDPBackend or a list of SDPBackend instances, "
                f"got {type(backend).__name__}"
            )
    yield
