"""Layers that add a border."""

from __future__ import annotations

from typing import Any, ClassVar

from .. import functional as F
from ._sizes import sizes
from .module import Module

__all__ = [
    "CircularPad1d",
    "CircularPad2d",
    "CircularPad3d",
    "ConstantPad1d",
    "ConstantPad2d",
    "ConstantPad3d",
    "ReflectionPad1d",
    "ReflectionPad2d",
    "ReflectionPad3d",
    "ReplicationPad1d",
    "ReplicationPad2d",
    "ReplicationPad3d",
    "ZeroPad1d",
    "ZeroPad2d",
    "ZeroPad3d",
]


class _Pad(Module):
    """A border of `padding` elements: one number, or one for each end, the last dimension first."""

    dims: ClassVar[int]
    mode: ClassVar[str]

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = sizes(padding, 2 * self.dims)

    def forward(self, input: Any) -> Any:
        """Return `input` with the border."""
        return F.pad(input, self.padding, self.mode)

    def extra_repr(self) -> str:
        """The widths of the border."""
        return f"{self.padding}"


class _ConstantPad(_Pad):
    """A border of one value."""

    mode = "constant"

    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Any) -> Any:
        """Return `input` with the border."""
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        """The widths of the border, and its value."""
        return f"padding={self.padding}, value={self.value}"


class _ZeroPad(_ConstantPad):
    """A border of zeros."""

    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        """The widths of the border."""
        return f"{self.padding}"


class _CircularPad(_Pad):
    """A border of what stands at the other end."""

    mode = "circular"

    def forward(self, input: Any) -> Any:
        """Return `input` with the border."""
        low, high = self.dims + 1, self.dims + 2
        if input.dim() not in {low, high}:
            raise ValueError(f"expected {low}D or {high}D input (got {input.dim()}D input)")
        return super().forward(input)


class CircularPad1d(_CircularPad):
    """A border of what stands at the other end, along the last dimension."""

    dims = 1


class CircularPad2d(_CircularPad):
    """A border of what stands at the other end, around images."""

    dims = 2


class CircularPad3d(_CircularPad):
    """A border of what stands at the other end, around volumes."""

    dims = 3


class ConstantPad1d(_ConstantPad):
    """A border of `value`, along the last dimension."""

    dims = 1


class ConstantPad2d(_ConstantPad):
    """A border of `value`, around images."""

    dims = 2


class ConstantPad3d(_ConstantPad):
    """A border of `value`, around volumes."""

    dims = 3


class ReflectionPad1d(_Pad):
    """A border that mirrors the inside without repeating the edge, along the last dimension."""

    dims = 1
    mode = "reflect"


class ReflectionPad2d(_Pad):
    """A border that mirrors the inside without repeating the edge, around images."""

    dims = 2
    mode = "reflect"


class ReflectionPad3d(_Pad):
    """A border that mirrors the inside without repeating the edge, around volumes."""

    dims = 3
    mode = "reflect"


class ReplicationPad1d(_Pad):
    """A border that repeats the edge, along the last dimension."""

    dims = 1
    mode = "replicate"


class ReplicationPad2d(_Pad):
    """A border that repeats the edge, around images."""

    dims = 2
    mode = "replicate"


class ReplicationPad3d(_Pad):
    """A border that repeats the edge, around volumes."""

    dims = 3
    mode = "replicate"


class ZeroPad1d(_ZeroPad):
    """A border of zeros, along the last dimension."""

    dims = 1


class ZeroPad2d(_ZeroPad):
    """A border of zeros, around images."""

    dims = 2


class ZeroPad3d(_ZeroPad):
    """A border of zeros, around volumes."""

    dims = 3
