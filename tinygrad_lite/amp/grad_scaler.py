"""GradScaler: scales by 1, as PyTorch's does when it is disabled."""

from __future__ import annotations

from typing import Any

__all__ = ["GradScaler"]


class GradScaler:
    """The loss is not scaled; `step` steps the optimizer."""

    def __init__(self, device: str = "cuda", *args: Any, **keywords: Any) -> None:
        self._enabled = False

    def scale(self, outputs: Any) -> Any:
        """`outputs` as they are."""
        return outputs

    def unscale_(self, optimizer: Any) -> None:
        """Nothing to undo."""

    def step(self, optimizer: Any, *args: Any, **keywords: Any) -> Any:
        """One step of the optimizer."""
        return optimizer.step(*args, **keywords)

    def update(self, new_scale: Any = None) -> None:
        """Nothing to adapt."""

    def get_scale(self) -> float:
        """1.0."""
        return 1.0

    def is_enabled(self) -> bool:
        """False."""
        return False

    def state_dict(self) -> dict[str, Any]:
        """Nothing to save."""
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Nothing to load."""
