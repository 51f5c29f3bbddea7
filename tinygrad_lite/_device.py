"""torch.device: there is one, the CPU."""

from __future__ import annotations

from typing import Any

__all__ = ["check_device", "device", "the_cpu"]

KNOWN = ("cpu", "cuda", "mps", "xpu", "meta", "xla", "hpu", "ipu", "vulkan", "privateuseone")


class device:  # noqa: N801 - torch's spelling
    """A place where tensors could live.  Only the CPU can hold any here.

    >>> device("cpu"), device("cuda:1").index
    (device(type='cpu'), 1)
    """

    __slots__ = ("index", "type")

    index: int | None
    type: str

    def __init__(self, type: Any, index: int | None = None) -> None:
        if isinstance(type, device):
            type, index = type.type, type.index
        elif isinstance(type, int):
            type, index = "cuda", type
        elif ":" in type:
            type, _, number = type.partition(":")
            index = int(number)
        if type not in KNOWN:
            raise RuntimeError(
                f"Expected one of {', '.join(KNOWN)} device type at start of device string: {type} "
                "(only 'cpu' can be used here; portable: 'cuda' if torch.cuda.is_available() "
                "else 'cpu')"
            )
        self.type, self.index = type, index

    def __repr__(self) -> str:
        place = "" if self.index is None else f", index={self.index}"
        return f"device(type='{self.type}'{place})"

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, device):
            return NotImplemented
        return (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __enter__(self) -> device:
        check_device(self)
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def __reduce__(self) -> tuple[Any, ...]:
        return device, (self.type, self.index)


the_cpu = device("cpu")


def check_device(wanted: Any) -> None:
    """Raise unless a device (None, a string, a torch.device) is the CPU."""
    if wanted is None or wanted is the_cpu:
        return
    if device(wanted).type != "cpu":
        raise RuntimeError(
            f"device {str(wanted)!r} is not available, there is only 'cpu' here (no NVIDIA driver "
            "is used); portable: 'cuda' if torch.cuda.is_available() else 'cpu'"
        )
