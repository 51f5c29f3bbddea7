"""Settings given as one number, for every spatial dimension: PyTorch's helpers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ._sizes import sizes

__all__ = [
    "_ntuple",
    "_pair",
    "_quadruple",
    "_single",
    "_triple",
    "consume_prefix_in_state_dict_if_present",
]


def _ntuple(n: int) -> Callable[[Any], tuple[Any, ...]]:
    """A function that repeats one number `n` times and leaves a sequence as it is."""
    return lambda given: sizes(given, n)


def consume_prefix_in_state_dict_if_present(state_dict: dict[str, Any], prefix: str) -> None:
    """Take `prefix`, such as "module." of DataParallel, off all names, in place."""
    _strip(state_dict, prefix)
    metadata = getattr(state_dict, "_metadata", None)
    if metadata is not None:
        _strip(metadata, prefix)
        whole = prefix.replace(".", "")
        if whole in metadata:  # the wrapped module is the outermost now
            metadata[""] = metadata.pop(whole)


def _strip(names: dict[str, Any], prefix: str) -> None:
    for name in list(names):
        if name.startswith(prefix):
            names[name.removeprefix(prefix)] = names.pop(name)


_single, _pair, _triple, _quadruple = (_ntuple(n) for n in (1, 2, 3, 4))
