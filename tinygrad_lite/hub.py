"""torch.hub by name: its imports do not fail, its calls say what to do instead."""

from __future__ import annotations

from typing import Any, NoReturn

__all__ = ["download_url_to_file", "get_dir", "load", "load_state_dict_from_url", "set_dir"]


def _refused(name: str) -> Any:
    def function(*_: Any, **__: Any) -> NoReturn:
        raise NotImplementedError(
            f"torch.hub.{name} is not supported: nothing is downloaded here; load a file with "
            "torch.load and load_state_dict"
        )

    function.__name__ = function.__qualname__ = name
    function.__doc__ = "Not supported: raises NotImplementedError."
    return function


download_url_to_file = _refused("download_url_to_file")
get_dir = _refused("get_dir")
load = _refused("load")
load_state_dict_from_url = _refused("load_state_dict_from_url")
set_dir = _refused("set_dir")
