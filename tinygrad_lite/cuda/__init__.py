"""torch.cuda on a machine without one: every question has the answer of a CPU-only PyTorch."""

from __future__ import annotations

import contextlib
from typing import Any

from .._device import check_device
from . import amp

__all__ = [
    "Event",
    "Stream",
    "amp",
    "current_device",
    "device",
    "device_count",
    "empty_cache",
    "get_device_capability",
    "get_device_name",
    "get_device_properties",
    "init",
    "ipc_collect",
    "is_available",
    "is_bf16_supported",
    "is_initialized",
    "manual_seed",
    "manual_seed_all",
    "max_memory_allocated",
    "max_memory_reserved",
    "memory_allocated",
    "memory_reserved",
    "memory_stats",
    "reset_max_memory_allocated",
    "reset_peak_memory_stats",
    "set_device",
    "synchronize",
]


def is_available() -> bool:
    """False: there is only the CPU."""
    return False


def device_count() -> int:
    """0."""
    return 0


def is_initialized() -> bool:
    """False."""
    return False


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """False."""
    return False


def _nothing(name: str, result: Any = None) -> Any:
    def function(*args: Any, **keywords: Any) -> Any:
        return result

    function.__name__ = function.__qualname__ = name
    function.__doc__ = "Nothing to do without a GPU" + (
        f": {result!r}." if result is not None else "."
    )
    return function


manual_seed = _nothing("manual_seed")
manual_seed_all = _nothing("manual_seed_all")
synchronize = _nothing("synchronize")
empty_cache = _nothing("empty_cache")
ipc_collect = _nothing("ipc_collect")
init = _nothing("init")
reset_peak_memory_stats = _nothing("reset_peak_memory_stats")
reset_max_memory_allocated = _nothing("reset_max_memory_allocated")
memory_allocated = _nothing("memory_allocated", 0)
memory_reserved = _nothing("memory_reserved", 0)
max_memory_allocated = _nothing("max_memory_allocated", 0)
max_memory_reserved = _nothing("max_memory_reserved", 0)
memory_stats = _nothing("memory_stats", {})


def _missing(name: str) -> Any:
    def function(*args: Any, **keywords: Any) -> Any:
        check_device("cuda")

    function.__name__ = function.__qualname__ = name
    function.__doc__ = "An error: there is no GPU."
    return function


current_device = _missing("current_device")
set_device = _missing("set_device")
get_device_name = _missing("get_device_name")
get_device_capability = _missing("get_device_capability")
get_device_properties = _missing("get_device_properties")


class device(contextlib.nullcontext[None]):  # noqa: N801 - torch's spelling
    """`with torch.cuda.device(0):` changes nothing."""

    def __init__(self, device: Any = None) -> None:
        super().__init__()


class Stream:
    """A stream of GPU work: there is none to be had."""

    def __init__(self, *args: Any, **keywords: Any) -> None:
        check_device("cuda")


class Event(Stream):
    """A mark in a stream: there is none to be had."""


def __getattr__(name: str) -> Any:
    if name.endswith("Tensor"):
        return _missing(name)
    raise AttributeError(f"torch.cuda.{name} is not there: this library runs on the CPU only")
