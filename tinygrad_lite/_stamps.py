"""Changes in place: which buffer was changed last, when, by what and from which line.

A change stamps the buffer with the clock.  A node older than the newest stamp of all checks what
it keeps; in training without such changes that is one comparison of integers per node.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np

from ._state import tick

PACKAGE = __name__.rpartition(".")[0]
FOLDER = __file__.rpartition("_stamps")[0]

__all__ = [
    "INSIDE",
    "NEWEST",
    "STAMPS",
    "WRITTEN",
    "line_of",
    "outside",
    "root_of",
    "stamp",
    "stamp_all",
    "version",
]


class Change:
    """One operation in place: when it ran, from where, and what it is called."""

    __slots__ = ("at", "clock", "code", "name")

    clock: int
    code: Any
    at: int
    name: str


class Stamp:
    """The last change of a buffer in place, and how many there have been."""

    __slots__ = ("count", "last", "root")

    count: int
    last: Change
    root: Any


STAMPS: dict[int, Stamp] = {}
NEWEST = [1]  # the clock of the newest stamp; a node older than this has its kept values checked


def root_of(array: Any) -> Any:
    """The array that owns the memory of a view."""
    base = array.base
    while isinstance(base, np.ndarray):
        array, base = base, base.base
    return array


def stamp(array: Any, name: str = "an in-place operation") -> None:
    """Note that the buffer of `array` was changed in place, so that stale values are found."""
    stamp_all((array,), name)


def stamp_all(arrays: Iterable[Any], name: str) -> None:
    """Note that one operation changed several buffers in place."""
    frame = outside()
    change = Change()
    change.code, change.at, change.name = frame.f_code, frame.f_lasti, name
    NEWEST[0] = change.clock = tick()
    for array in arrays:
        root = array if array.base is None else root_of(array)
        found = STAMPS.get(id(root))
        if found is None:
            found = _first_stamp(root, change)
        found.last = change
        found.count += 1


def _first_stamp(root: Any, change: Change) -> Stamp:
    """A stamp for a buffer that has none; it goes when the buffer goes."""
    found, key = Stamp(), id(root)
    found.count, found.last = 0, change
    # Called with the dead reference, which is then pop's default. No line of Python runs here, in
    # which an interruption would get lost.
    found.root = weakref.ref(root, partial(STAMPS.pop, key))
    STAMPS[key] = found
    return found


WRITTEN = f"<{PACKAGE}: recording"  # begins the file names of functions that this package writes


class Inside(dict[str, bool]):
    """Whether a source file belongs to this package: a look-up by name, which caches its hash."""

    def __missing__(self, file: str) -> bool:
        found = self[file] = file.startswith((FOLDER, WRITTEN))
        return found


INSIDE = Inside()


def outside() -> Any:
    """The frame of the line that called into this package."""
    frame: Any = sys._getframe(2)
    while INSIDE[frame.f_code.co_filename] and frame.f_back is not None:
        frame = frame.f_back
    return frame


def version(array: Any) -> int:
    """How often the buffer of `array` was changed in place."""
    found = STAMPS.get(id(root_of(array))) if isinstance(array, np.ndarray) else None
    return 0 if found is None else found.count


def line_of(code: Any, at: int) -> str:
    """`file.py:31` for an instruction of a code object."""
    for start, stop, line in code.co_lines():
        if start <= at < stop and line is not None:
            return f"{code.co_filename.rpartition('/')[2]}:{line}"
    return code.co_filename.rpartition("/")[2]  # type: ignore[no-any-return]
