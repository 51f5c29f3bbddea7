"""What a module has registered under one heading, seen as the dictionary PyTorch shows."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any

__all__ = ["Registry"]


class Registry(MutableMapping[str, Any]):
    """A live dictionary of a module's parameters, buffers or children.

    The values stand in the module's own `__dict__`, because an attribute found there costs a
    tenth of one found through `__getattr__`; `names` says which of them belong to this heading.
    Both are shared with the module, so writing here is writing there.
    """

    __slots__ = ("_names", "_values")

    def __init__(self, values: dict[str, Any], names: dict[str, Any]) -> None:
        self._values, self._names = values, names

    def __getitem__(self, name: str) -> Any:
        if name not in self._names:
            raise KeyError(name)
        return self._values[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._names.setdefault(name, True)
        self._values[name] = value

    def __delitem__(self, name: str) -> None:
        del self._names[name]
        del self._values[name]

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __repr__(self) -> str:
        return repr(dict(self))

    def copy(self) -> dict[str, Any]:
        """The entries as a plain dictionary of their own."""
        return dict(self)
