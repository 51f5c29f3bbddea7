"""cuDNN is absent; its flags can be assigned."""

from __future__ import annotations

import contextlib
from typing import Any

enabled = True
benchmark = False
deterministic = False
allow_tf32 = True


def is_available() -> bool:
    """False."""
    return False


def version() -> None:
    """None: there is no cuDNN."""


def flags(**keywords: Any) -> contextlib.AbstractContextManager[None]:
    """A block without effect."""
    return contextlib.nullcontext()
