"""Handles with which a registered hook is taken out again."""

from __future__ import annotations

import itertools
import weakref
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import MutableMapping

_numbers = itertools.count()


class RemovableHandle:
    """What a `register_..._hook` method returns: `remove()` takes the hook out again.

    As a context manager it removes the hook at the end of the block.
    """

    def __init__(self, hooks: MutableMapping[int, Any], *, extra_dict: Any = None) -> None:
        self.id = next(_numbers)
        self._hooks = weakref.ref(hooks)
        extra = extra_dict if isinstance(extra_dict, list) else [extra_dict]
        self._extra = [weakref.ref(more) for more in extra if more is not None]

    def remove(self) -> None:
        """Take the hook out; a second call does nothing."""
        for reference in (self._hooks, *self._extra):
            hooks = reference()
            if hooks is not None:
                hooks.pop(self.id, None)

    def __getstate__(self) -> tuple[Any, ...]:
        return self._hooks(), self.id, tuple(reference() for reference in self._extra)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        hooks, self.id, extra = state
        self._hooks = weakref.ref(OrderedDict() if hooks is None else hooks)
        self._extra = [weakref.ref(more) for more in extra if more is not None]

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *error: object) -> None:
        self.remove()
