"""CUDA is absent; its flags can be assigned."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace
from typing import Any

matmul = SimpleNamespace(allow_tf32=False, allow_fp16_reduced_precision_reduction=True)


def is_built() -> bool:
    """False."""
    return False


def sdp_kernel(*args: Any, **keywords: Any) -> contextlib.AbstractContextManager[None]:
    """A block without effect: attention has one implementation."""
    return contextlib.nullcontext()


def flash_sdp_enabled() -> bool:
    """False."""
    return False


def enable_flash_sdp(enabled: bool) -> None:
    """Nothing to enable."""


def enable_mem_efficient_sdp(enabled: bool) -> None:
    """Nothing to enable."""


def enable_math_sdp(enabled: bool) -> None:
    """Nothing to enable."""
