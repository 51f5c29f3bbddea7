"""Fast forms of operations, each beside a plain twin that says what it computes.

With TINYGRAD_LITE_PLAIN=1 in the environment the twins run instead: the same tests pass on both.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from .memory import keep_freed_memory

__all__ = ["PLAIN", "instead_of"]

PLAIN = os.environ.get("TINYGRAD_LITE_PLAIN") == "1"


def instead_of(plain: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Mark a kernel as the fast form of `plain`, which is chosen in plain mode.

    The twin stays reachable as the kernel's `plain`, so that a test can compare the two.
    """

    def choose(kernel: Callable[..., Any]) -> Callable[..., Any]:
        kernel.plain = plain  # type: ignore[attr-defined]
        return plain if PLAIN else kernel

    return choose


if not PLAIN:
    keep_freed_memory()
