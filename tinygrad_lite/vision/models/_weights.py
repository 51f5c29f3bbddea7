"""Published weights are not fetched here; the error says how to bring one's own."""

from __future__ import annotations

from typing import Any

__all__ = ["refuse"]


def refuse(name: str, weights: Any, settings: dict[str, Any]) -> None:
    """Raise when weights are asked for by name; drop the old spelling `pretrained=False`."""
    if settings.pop("pretrained", False) or weights is not None:
        raise NotImplementedError(
            f"{name}: weights are not downloaded. Save them where PyTorch is installed, "
            "torch.save(model.state_dict(), 'weights.pt'), and load them here: "
            "model.load_state_dict(torch.load('weights.pt')); the names are the same"
        )
    settings.pop("progress", None)
