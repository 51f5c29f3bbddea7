"""Freed memory that stays at hand.

glibc gives memory at the top of its heap back to the system as soon as 128 KB are free there, and
takes blocks of 128 KB and more from the system and returns them each time.  A training step frees
and takes its activations over and over, and each page that comes back has to be cleared by the
kernel: a third of the time of a LeNet step (3,100 pages), a quarter of a CNN's with BatchNorm, a
tenth of a small GPT's.

Both limits move by themselves: when a block that came from the system is freed, its size, up to
32 MB, becomes the new limit, and twice that the memory which may stay free.  So one block of nearly
32 MB, never written to and freed at once, is enough.  Where the user has set the limits
(MALLOC_TRIM_THRESHOLD_ and the like) they do not move; other allocators do not care.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["aligned", "keep_freed_memory"]

LARGEST = (1 << 25) - (1 << 16)  # the limit follows blocks up to 32 MB, their header included


def keep_freed_memory() -> None:
    """Let glibc keep up to 64 MB of freed memory for the next step."""
    np.empty(LARGEST, np.uint8)


LINE = 64  # bytes that processor and cache exchange at once


def aligned(count: int, dtype: Any) -> Any:
    """A new array of `count` elements that begins where a line of the cache begins.

    What `np.empty` returns begins 16 bytes beside one, and then every second store of a wide
    vector crosses a border: a sum of 32,768 floats takes 10 microseconds into such an array, 4.4
    into an aligned one. What is read, or changed in place, matters little.
    """
    dtype = np.dtype(dtype)
    memory = np.empty(count * dtype.itemsize + LINE, np.uint8)
    start = -memory.ctypes.data % LINE
    return memory[start : start + count * dtype.itemsize].view(dtype)
