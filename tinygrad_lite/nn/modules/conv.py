"""Convolutions and their transposes, in one to three dimensions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

from ... import _creation as creation
from .. import functional as F, init
from ..parameter import Parameter, UninitializedParameter
from ._sizes import sizes
from .lazy import LazyModuleMixin
from .module import Module

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = [
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "ConvTranspose3d",
    "LazyConv1d",
    "LazyConv2d",
    "LazyConv3d",
    "LazyConvTranspose1d",
    "LazyConvTranspose2d",
    "LazyConvTranspose3d",
]

PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


class _ConvNd(Module):
    """What all convolutions share: settings, weight and bias."""

    dims: ClassVar[int]
    weight: Any
    bias: Any
    transposed: bool

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any,
        padding: Any,
        dilation: Any,
        transposed: bool,
        output_padding: Any,
        groups: int,
        bias: bool,
        padding_mode: str,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        _check_channels(in_channels, out_channels, groups)
        _check_padding(padding, stride, padding_mode)
        self.in_channels, self.out_channels = in_channels, out_channels
        self.kernel_size, self.stride, self.dilation = kernel_size, stride, dilation
        self.padding, self.padding_mode = padding, padding_mode
        self.transposed, self.output_padding, self.groups = transposed, output_padding, groups
        self._reversed_padding_repeated_twice = _pad_sizes(padding, kernel_size, dilation)
        ends = (in_channels, out_channels) if transposed else (out_channels, in_channels)
        shape = (ends[0], ends[1] // groups, *kernel_size)
        self.weight = Parameter(creation.empty(shape, device=device, dtype=dtype))
        if bias:
            self.bias = Parameter(creation.empty((out_channels,), device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias anew, uniform in ±1/√fan_in."""
        fan_in = math.prod(self.weight.shape[1:])
        if fan_in == 0:
            return
        bound = 1 / math.sqrt(fan_in)
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def extra_repr(self) -> str:
        """The settings that differ from their defaults."""
        shown = [
            f"{self.in_channels}, {self.out_channels}",
            f"kernel_size={self.kernel_size}, stride={self.stride}",
        ]
        for name, usual in (("padding", 0), ("dilation", 1), ("output_padding", 0)):
            value = getattr(self, name)
            if value != (usual,) * len(value):
                shown.append(f"{name}={value}")
        if self.groups != 1:
            shown.append(f"groups={self.groups}")
        if self.bias is None:
            shown.append("bias=False")
        if self.padding_mode != "zeros":
            shown.append(f"padding_mode={self.padding_mode}")
        return ", ".join(shown)


def _check_channels(in_channels: int, out_channels: int, groups: int) -> None:
    if groups <= 0:
        raise ValueError("groups must be a positive integer")
    if in_channels % groups != 0:
        raise ValueError("in_channels must be divisible by groups")
    if out_channels % groups != 0:
        raise ValueError("out_channels must be divisible by groups")


def _check_padding(padding: Any, stride: Any, mode: str) -> None:
    if isinstance(padding, str):
        if padding not in {"same", "valid"}:
            raise ValueError(
                f"Invalid padding string {padding!r}, should be one of {{'same', 'valid'}}"
            )
        if padding == "same" and any(s != 1 for s in stride):
            raise ValueError("padding='same' is not supported for strided convolutions")
    if mode not in PADDING_MODES:
        names = ", ".join(f"'{name}'" for name in PADDING_MODES)
        raise ValueError(f"padding_mode must be one of {{{names}}}, but got padding_mode='{mode}'")


def _pad_sizes(padding: Any, kernel_size: Sequence[int], dilation: Sequence[int]) -> list[int]:
    """The padding as `F.pad` wants it: both ends of each dimension, the last one first."""
    if padding == "valid":
        return [0, 0] * len(kernel_size)
    ends: list[int] = []
    if padding == "same":
        for size, step in zip(kernel_size, dilation, strict=False):
            total = step * (size - 1)
            ends = [total // 2, total - total // 2, *ends]
    else:
        for width in padding:
            ends = [width, width, *ends]
    return ends


class _Conv(_ConvNd):
    """A convolution: `out[n, o] = bias[o] + Σ_i weight[o, i] ⋆ x[n, i]`."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        dims = self.dims
        super().__init__(
            in_channels,
            out_channels,
            sizes(kernel_size, dims),
            sizes(stride, dims),
            padding if isinstance(padding, str) else sizes(padding, dims),
            sizes(dilation, dims),
            False,
            (0,) * dims,
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def _function(self) -> Callable[..., Any]:
        raise NotImplementedError

    def _conv_forward(self, input: Any, weight: Any, bias: Any) -> Any:
        padding = self.padding
        if self.padding_mode != "zeros":
            ends = self._reversed_padding_repeated_twice
            input, padding = F.pad(input, ends, mode=self.padding_mode), (0,) * self.dims
        return self._function()(
            input, weight, bias, self.stride, padding, self.dilation, self.groups
        )

    def forward(self, input: Any) -> Any:
        """Return the convolution of `input`."""
        return self._conv_forward(input, self.weight, self.bias)


class Conv1d(_Conv):
    """Convolution over sequences.

    Shapes: (N, C_in, L) or (C_in, L) -> (N, C_out, L_out) or (C_out, L_out).
    """

    dims = 1

    def _function(self) -> Callable[..., Any]:
        return F.conv1d


class Conv2d(_Conv):
    """Convolution over images; weight and bias start uniform in ±1/√(C_in / groups · kH · kW).

    Shapes: (N, C_in, H, W) or (C_in, H, W) -> (N, C_out, H_out, W_out) or without N.

    >>> import tinygrad_lite as torch
    >>> torch.nn.Conv2d(1, 8, 3, padding="same")(torch.zeros(2, 1, 28, 28)).shape
    torch.Size([2, 8, 28, 28])
    """

    dims = 2

    def _function(self) -> Callable[..., Any]:
        return F.conv2d


class Conv3d(_Conv):
    """Convolution over volumes.

    Shapes: (N, C_in, D, H, W) or (C_in, D, H, W) -> (N, C_out, D_out, H_out, W_out) or without N.
    """

    dims = 3

    def _function(self) -> Callable[..., Any]:
        return F.conv3d


class _ConvTranspose(_ConvNd):
    """The transpose of a convolution: what carries its gradient back to its input."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {type(self).__name__}')
        dims = self.dims
        super().__init__(
            in_channels,
            out_channels,
            sizes(kernel_size, dims),
            sizes(stride, dims),
            sizes(padding, dims),
            sizes(dilation, dims),
            True,
            sizes(output_padding, dims),
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def _function(self) -> Callable[..., Any]:
        raise NotImplementedError

    def forward(self, input: Any, output_size: Any = None) -> Any:
        """Return the transposed convolution of `input`, of `output_size` where that is given."""
        extra = self.output_padding
        if output_size is not None:
            extra = self._extra_for(input, output_size)
        return self._function()(
            input,
            self.weight,
            self.bias,
            self.stride,
            self.padding,
            extra,
            self.groups,
            self.dilation,
        )

    def _extra_for(self, input: Any, output_size: Sequence[int]) -> tuple[int, ...]:
        """The output padding that makes the result `output_size`."""
        dims = self.dims
        wanted = list(output_size)
        if len(wanted) == dims + 2 or (len(wanted) == dims + 1 and input.dim() == dims + 1):
            wanted = wanted[-dims:]
        if len(wanted) != dims:
            raise ValueError(
                f"ConvTranspose{dims}D: for {input.dim()}D input, output_size must have {dims} or "
                f"{input.dim()} elements (got {len(output_size)})"
            )
        least = [
            (input.shape[i - dims] - 1) * self.stride[i]
            - 2 * self.padding[i]
            + self.dilation[i] * (self.kernel_size[i] - 1)
            + 1
            for i in range(dims)
        ]
        most = [low + self.stride[i] - 1 for i, low in enumerate(least)]
        if not all(a <= n <= b for a, n, b in zip(least, wanted, most, strict=True)):
            raise ValueError(
                f"requested an output size of {list(output_size)}, but valid sizes range from "
                f"{least} to {most} (for an input of {list(input.shape[2:])})"
            )
        return tuple(n - low for n, low in zip(wanted, least, strict=True))


class ConvTranspose1d(_ConvTranspose):
    """Transposed convolution over sequences.

    Shapes: (N, C_in, L) or (C_in, L) -> (N, C_out, L_out) or (C_out, L_out).
    """

    dims = 1

    def _function(self) -> Callable[..., Any]:
        return F.conv_transpose1d


class ConvTranspose2d(_ConvTranspose):
    """Transposed convolution over images.

    Shapes: (N, C_in, H, W) or (C_in, H, W) -> (N, C_out, H_out, W_out) or without N.
    """

    dims = 2

    def _function(self) -> Callable[..., Any]:
        return F.conv_transpose2d


class ConvTranspose3d(_ConvTranspose):
    """Transposed convolution over volumes.

    Shapes: (N, C_in, D, H, W) or (C_in, D, H, W) -> (N, C_out, D_out, H_out, W_out) or without N.
    """

    dims = 3

    def _function(self) -> Callable[..., Any]:
        return F.conv_transpose3d


class _Lazy(LazyModuleMixin):
    """Makes a convolution learn its `in_channels` from the first input."""

    dims: ClassVar[int]

    def _wait(self, out_channels: int, bias: bool, device: Any, dtype: Any) -> None:
        """Put parameters without a shape in place of the empty ones."""
        self.out_channels = out_channels
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        if bias:
            self.bias = UninitializedParameter(device=device, dtype=dtype)

    def reset_parameters(self) -> None:
        """Draw weight and bias anew, once there are any."""
        if not self.has_uninitialized_params() and self.in_channels != 0:
            super().reset_parameters()  # type: ignore[misc]

    def initialize_parameters(self, input: Any) -> None:
        """Take the number of channels from `input`."""
        if input.dim() not in {self.dims + 1, self.dims + 2}:
            raise RuntimeError(
                f"Expected {self.dims + 1}D (unbatched) or {self.dims + 2}D (batched) input to "
                f"{type(self).__name__}, but got input of size: {input.shape}"
            )
        self.in_channels = input.shape[-self.dims - 1]
        if not self.has_uninitialized_params():  # shaped by load_state_dict already
            return
        if self.in_channels % self.groups != 0:  # type: ignore[attr-defined]
            raise ValueError("in_channels must be divisible by groups")
        ends = (self.out_channels, self.in_channels)
        ends = ends[::-1] if self.transposed else ends  # type: ignore[attr-defined]
        self.weight.materialize((ends[0], ends[1] // self.groups, *self.kernel_size))  # type: ignore[attr-defined]
        if self.bias is not None:
            self.bias.materialize((self.out_channels,))
        self.reset_parameters()


class _LazyConv(_Lazy):
    """The arguments of a lazy convolution."""

    def __init__(
        self,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            0, 0, kernel_size, stride, padding, dilation, groups, False, padding_mode, device, dtype
        )
        self._wait(out_channels, bias, device, dtype)


class _LazyConvTranspose(_Lazy):
    """The arguments of a lazy transposed convolution."""

    def __init__(
        self,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            0,
            0,
            kernel_size,
            stride,
            padding,
            output_padding,
            groups,
            False,
            dilation,
            padding_mode,
            device,
            dtype,
        )
        self._wait(out_channels, bias, device, dtype)


class LazyConv1d(_LazyConv, Conv1d):
    """A `Conv1d` that learns its `in_channels` from the first input."""

    cls_to_become = Conv1d


class LazyConv2d(_LazyConv, Conv2d):
    """A `Conv2d` that learns its `in_channels` from the first input."""

    cls_to_become = Conv2d


class LazyConv3d(_LazyConv, Conv3d):
    """A `Conv3d` that learns its `in_channels` from the first input."""

    cls_to_become = Conv3d


class LazyConvTranspose1d(_LazyConvTranspose, ConvTranspose1d):
    """A `ConvTranspose1d` that learns its `in_channels` from the first input."""

    cls_to_become = ConvTranspose1d


class LazyConvTranspose2d(_LazyConvTranspose, ConvTranspose2d):
    """A `ConvTranspose2d` that learns its `in_channels` from the first input."""

    cls_to_become = ConvTranspose2d


class LazyConvTranspose3d(_LazyConvTranspose, ConvTranspose3d):
    """A `ConvTranspose3d` that learns its `in_channels` from the first input."""

    cls_to_become = ConvTranspose3d
