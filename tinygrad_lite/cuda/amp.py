"""The older spelling of torch.amp."""

from __future__ import annotations

from typing import Any

from ..amp import GradScaler, autocast as _autocast, custom_bwd, custom_fwd

__all__ = ["GradScaler", "autocast", "custom_bwd", "custom_fwd"]


class autocast(_autocast):  # noqa: N801 - torch's spelling
    """A block without effect."""

    def __init__(self, enabled: bool = True, dtype: Any = None, cache_enabled: bool = True) -> None:
        super().__init__("cuda", dtype, enabled, cache_enabled)
