"""torch.utils.model_zoo: for imports; weights are read from files."""

from __future__ import annotations

from typing import Any, NoReturn

__all__ = ["load_url"]


def load_url(url: str, *args: Any, **keywords: Any) -> NoReturn:
    """Not available: nothing is downloaded.

    Errors: NotImplementedError, which says what to write instead.
    """
    raise NotImplementedError(
        f"nothing is downloaded here: fetch {url} yourself, then "
        "model.load_state_dict(torch.load(path))"
    )
