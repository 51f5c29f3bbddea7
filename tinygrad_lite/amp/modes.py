"""autocast: computes in the tensors' own types."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

__all__ = ["autocast", "custom_bwd", "custom_fwd", "is_autocast_available"]


class autocast:  # noqa: N801 - torch's spelling
    """A block or decorator without effect: everything is computed in the tensors' own types."""

    def __init__(
        self,
        device_type: str = "cpu",
        dtype: Any = None,
        enabled: bool = True,
        cache_enabled: bool | None = None,
    ) -> None:
        self.device, self.fast_dtype, self.enabled = device_type, dtype, enabled

    def __enter__(self) -> autocast:
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, run as it is."""

        @functools.wraps(function)
        def call(*args: Any, **keywords: Any) -> Any:
            return function(*args, **keywords)

        return call


def is_autocast_available(device_type: str) -> bool:
    """False: no lower precision is chosen automatically."""
    return False


def custom_fwd(fwd: Any = None, **keywords: Any) -> Any:
    """Mark a Function's forward for autocast; returns it unchanged."""
    return fwd if fwd is not None else lambda f: custom_fwd(f, **keywords)


def custom_bwd(bwd: Any = None, **keywords: Any) -> Any:
    """Mark a Function's backward for autocast; returns it unchanged."""
    return bwd if bwd is not None else lambda f: custom_bwd(f, **keywords)
