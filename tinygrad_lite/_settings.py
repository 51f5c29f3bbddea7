"""Switches of PyTorch that have nothing to switch on one CPU; they remember what they were told."""

from __future__ import annotations

from typing import Any

from ._device import check_device, device, the_cpu
from ._dtypes import DTYPES, set_default_dtype
from ._kernels.team import count_threads, use_threads

_STATE: dict[str, Any] = {"precision": "highest", "deterministic": False, "warn_only": False}


class _Format:
    """A name for a memory layout; NumPy's strides hold whatever layout a tensor has."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"torch.{self.name}"


channels_last = _Format("channels_last")
channels_last_3d = _Format("channels_last_3d")
contiguous_format = _Format("contiguous_format")
preserve_format = _Format("preserve_format")
strided = _Format("strided")


def set_float32_matmul_precision(precision: str) -> None:
    """Accepted: products of float32 are always computed in float32."""
    if precision not in {"highest", "high", "medium"}:
        raise RuntimeError(f"Invalid float32 matmul precision: {precision!r}")
    _STATE["precision"] = precision


def get_float32_matmul_precision() -> str:
    """What was last set, "highest" at first."""
    return str(_STATE["precision"])


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Accepted: every operation here is deterministic."""
    _STATE.update(deterministic=bool(mode), warn_only=bool(warn_only))


def are_deterministic_algorithms_enabled() -> bool:
    """What was last set, False at first."""
    return bool(_STATE["deterministic"])


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """What was last set, False at first."""
    return bool(_STATE["warn_only"])


def set_default_device(device: Any) -> None:
    """The CPU is the only choice."""
    check_device(device)


def get_default_device() -> device:
    """The CPU."""
    return the_cpu


def set_default_tensor_type(t: Any) -> None:
    """Choose the default dtype by a legacy type such as torch.DoubleTensor."""
    name = t.rpartition(".")[2] if isinstance(t, str) else t.__name__
    types = {"FloatTensor": "float32", "DoubleTensor": "float64", "HalfTensor": "float16"}
    if name not in types:
        raise TypeError(f"only floating-point types are supported as the default type, got {name}")
    set_default_dtype(DTYPES[types[name]])


def get_num_threads() -> int:
    """The number of threads that an operation on large arrays may use."""
    return count_threads()


def get_num_interop_threads() -> int:
    """1: operations run one after the other."""
    return 1


def set_num_threads(num: int) -> None:
    """Let operations on large arrays use `num` threads.

    **Differs from PyTorch** matrix products keep to OPENBLAS_NUM_THREADS, which NumPy reads when
    it is first imported.
    """
    if num <= 0:
        raise RuntimeError(f"set_num_threads expects a positive integer, got {num}")
    use_threads(num)


def set_num_interop_threads(num: int) -> None:
    """Accepted: operations run one after the other."""
    if num <= 0:
        raise RuntimeError(f"set_num_interop_threads expects a positive integer, got {num}")


def set_flush_denormal(mode: bool) -> bool:
    """False: not supported."""
    return False
