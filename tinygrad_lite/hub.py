"""torch.hub by name: its imports do not fail, its calls say what to do instead."""

from __future__ import annotations

from ._scope import refusal

__all__ = ["download_url_to_file", "get_dir", "load", "load_state_dict_from_url", "set_dir"]

_REASON = (
    "nothing is downloaded here: fetch the file yourself, then "
    "model.load_state_dict(torch.load(path))"
)

download_url_to_file = refusal("torch.hub.download_url_to_file", _REASON)
get_dir = refusal("torch.hub.get_dir", _REASON)
load = refusal("torch.hub.load", _REASON)
load_state_dict_from_url = refusal("torch.hub.load_state_dict_from_url", _REASON)
set_dir = refusal("torch.hub.set_dir", _REASON)
