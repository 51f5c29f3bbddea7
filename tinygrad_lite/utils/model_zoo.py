"""torch.utils.model_zoo: an old name of what `torch.hub` has."""

from __future__ import annotations

from ..hub import load_state_dict_from_url as load_url

__all__ = ["load_url"]
