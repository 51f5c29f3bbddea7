"""Pooling: the largest, the mean or the p-norm of windows."""

from __future__ import annotations

from typing import Any, ClassVar

from .. import functional as F
from ._sizes import sizes
from .module import Module

__all__ = [
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d",
    "AvgPool1d",
    "AvgPool2d",
    "AvgPool3d",
    "FractionalMaxPool2d",
    "FractionalMaxPool3d",
    "LPPool1d",
    "LPPool2d",
    "LPPool3d",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
    "MaxUnpool1d",
    "MaxUnpool2d",
    "MaxUnpool3d",
]


class _MaxPool(Module):
    """The largest of each window; with `return_indices` also where it was."""

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding, self.dilation = padding, dilation
        self.return_indices, self.ceil_mode = return_indices, ceil_mode

    def _pool(self, function: Any, input: Any) -> Any:
        return function(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            ceil_mode=self.ceil_mode,
            return_indices=self.return_indices,
        )

    def extra_repr(self) -> str:
        """The window."""
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )


class MaxPool1d(_MaxPool):
    """The largest value of each window of a sequence; ties go to the first."""

    def forward(self, input: Any) -> Any:
        """Return the maxima."""
        return self._pool(F.max_pool1d, input)


class MaxPool2d(_MaxPool):
    """The largest value of each window of a image; ties go to the first."""

    def forward(self, input: Any) -> Any:
        """Return the maxima."""
        return self._pool(F.max_pool2d, input)


class MaxPool3d(_MaxPool):
    """The largest value of each window of a volume; ties go to the first."""

    def forward(self, input: Any) -> Any:
        """Return the maxima."""
        return self._pool(F.max_pool3d, input)


class _MaxUnpool(Module):
    """Puts values back where `MaxPool` found them, zeros elsewhere."""

    dims: ClassVar[int]

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        super().__init__()
        self.kernel_size = sizes(kernel_size, self.dims)
        self.stride = sizes(kernel_size if stride is None else stride, self.dims)
        self.padding = sizes(padding, self.dims)

    def extra_repr(self) -> str:
        """The window."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(_MaxUnpool):
    """The partial inverse of `MaxPool1d`."""

    dims = 1

    def forward(self, input: Any, indices: Any, output_size: Any = None) -> Any:
        """Return `input` spread out to where `indices` say."""
        return F.max_unpool1d(
            input, indices, self.kernel_size, self.stride, self.padding, output_size
        )


class MaxUnpool2d(_MaxUnpool):
    """The partial inverse of `MaxPool2d`."""

    dims = 2

    def forward(self, input: Any, indices: Any, output_size: Any = None) -> Any:
        """Return `input` spread out to where `indices` say."""
        return F.max_unpool2d(
            input, indices, self.kernel_size, self.stride, self.padding, output_size
        )


class MaxUnpool3d(_MaxUnpool):
    """The partial inverse of `MaxPool3d`."""

    dims = 3

    def forward(self, input: Any, indices: Any, output_size: Any = None) -> Any:
        """Return `input` spread out to where `indices` say."""
        return F.max_unpool3d(
            input, indices, self.kernel_size, self.stride, self.padding, output_size
        )


class _AvgPool(Module):
    """The mean of each window."""

    kernel_size: Any
    stride: Any
    padding: Any

    def extra_repr(self) -> str:
        """The window."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool1d(_AvgPool):
    """The mean of each window of a sequence."""

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        self.kernel_size = sizes(kernel_size, 1)
        self.stride = sizes(kernel_size if stride is None else stride, 1)
        self.padding = sizes(padding, 1)
        self.ceil_mode, self.count_include_pad = ceil_mode, count_include_pad

    def forward(self, input: Any) -> Any:
        """Return the means."""
        return F.avg_pool1d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
        )


class _AvgPoolDivided(_AvgPool):
    """The sum of each window over its size, or over `divisor_override`."""

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode, self.count_include_pad = ceil_mode, count_include_pad
        self.divisor_override = divisor_override

    def _pool(self, function: Any, input: Any) -> Any:
        return function(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
        )


class AvgPool2d(_AvgPoolDivided):
    """The mean of each window of a image."""

    def forward(self, input: Any) -> Any:
        """Return the means."""
        return self._pool(F.avg_pool2d, input)


class AvgPool3d(_AvgPoolDivided):
    """The mean of each window of a volume."""

    def forward(self, input: Any) -> Any:
        """Return the means."""
        return self._pool(F.avg_pool3d, input)


class FractionalMaxPool2d(Module):
    """The largest value of windows of random places, so that any output size is possible.

    Source: Graham, Fractional max-pooling, 2015.
    """

    def __init__(
        self,
        kernel_size: Any,
        output_size: Any = None,
        output_ratio: Any = None,
        return_indices: bool = False,
        _random_samples: Any = None,
    ) -> None:
        super().__init__()
        self.kernel_size = sizes(kernel_size, 2)
        self.return_indices = return_indices
        self.register_buffer("_random_samples", _random_samples)
        self.output_size = None if output_size is None else sizes(output_size, 2)
        self.output_ratio = None if output_ratio is None else sizes(output_ratio, 2)
        _check_fraction(type(self).__name__, self.output_size, self.output_ratio)

    def forward(self, input: Any) -> Any:
        """Return the maxima."""
        return F.fractional_max_pool2d(
            input,
            self.kernel_size,
            self.output_size,
            self.output_ratio,
            self.return_indices,
            _random_samples=self._random_samples,
        )


class FractionalMaxPool3d(Module):
    """The largest value of windows of random places, so that any output size is possible.

    Source: Graham, Fractional max-pooling, 2015.
    """

    def __init__(
        self,
        kernel_size: Any,
        output_size: Any = None,
        output_ratio: Any = None,
        return_indices: bool = False,
        _random_samples: Any = None,
    ) -> None:
        super().__init__()
        self.kernel_size = sizes(kernel_size, 3)
        self.return_indices = return_indices
        self.register_buffer("_random_samples", _random_samples)
        self.output_size = None if output_size is None else sizes(output_size, 3)
        self.output_ratio = None if output_ratio is None else sizes(output_ratio, 3)
        _check_fraction(type(self).__name__, self.output_size, self.output_ratio)
        if min(self.kernel_size) <= 0:
            raise ValueError(f"kernel_size must be greater than 0, but got {kernel_size}")

    def forward(self, input: Any) -> Any:
        """Return the maxima."""
        return F.fractional_max_pool3d(
            input,
            self.kernel_size,
            self.output_size,
            self.output_ratio,
            self.return_indices,
            _random_samples=self._random_samples,
        )


def _check_fraction(name: str, output_size: Any, output_ratio: Any) -> None:
    if output_size is None and output_ratio is None:
        raise ValueError(f"{name} requires specifying either an output size, or a pooling ratio")
    if output_size is not None and output_ratio is not None:
        raise ValueError("only one of output_size and output_ratio may be specified")
    if output_ratio is not None and not all(0 < ratio < 1 for ratio in output_ratio):
        shown = output_ratio[0] if len(set(output_ratio)) == 1 else output_ratio
        raise ValueError(f"output_ratio must be between 0 and 1 (got {shown})")


class _LPPool(Module):
    """The p-norm of each window."""

    def __init__(
        self, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
    ) -> None:
        super().__init__()
        self.norm_type, self.kernel_size = norm_type, kernel_size
        self.stride, self.ceil_mode = stride, ceil_mode

    def _pool(self, function: Any, input: Any) -> Any:
        return function(input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)

    def extra_repr(self) -> str:
        """The norm and the window."""
        return (
            f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, "
            f"stride={self.stride}, ceil_mode={self.ceil_mode}"
        )


class LPPool1d(_LPPool):
    """The p-norm of each window of a sequence."""

    def forward(self, input: Any) -> Any:
        """Return the norms."""
        return self._pool(F.lp_pool1d, input)


class LPPool2d(_LPPool):
    """The p-norm of each window of a image."""

    def forward(self, input: Any) -> Any:
        """Return the norms."""
        return self._pool(F.lp_pool2d, input)


class LPPool3d(_LPPool):
    """The p-norm of each window of a volume."""

    def forward(self, input: Any) -> Any:
        """Return the norms."""
        return self._pool(F.lp_pool3d, input)


class _AdaptivePool(Module):
    """Windows chosen so that the output has `output_size`; None keeps the input's."""

    output_size: Any

    def extra_repr(self) -> str:
        """The size of the output."""
        return f"output_size={self.output_size}"


class _AdaptiveMaxPool(_AdaptivePool):
    """The largest value of each window, and where it was."""

    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__()
        self.output_size, self.return_indices = output_size, return_indices


class _AdaptiveAvgPool(_AdaptivePool):
    """The mean of each window."""

    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = output_size


class AdaptiveMaxPool1d(_AdaptiveMaxPool):
    """The largest values of a sequence in `output_size` windows."""

    def forward(self, input: Any) -> Any:
        """Return the maxima."""
        return F.adaptive_max_pool1d(input, self.output_size, return_indices=self.return_indices)


class AdaptiveMaxPool2d(_AdaptiveMaxPool):
    """The largest values of a image in `output_size` windows."""

    def forward(self, input: Any) -> Any:
        """Return the maxima."""
        return F.adaptive_max_pool2d(input, self.output_size, return_indices=self.return_indices)


class AdaptiveMaxPool3d(_AdaptiveMaxPool):
    """The largest values of a volume in `output_size` windows."""

    def forward(self, input: Any) -> Any:
        """Return the maxima."""
        return F.adaptive_max_pool3d(input, self.output_size, return_indices=self.return_indices)


class AdaptiveAvgPool1d(_AdaptiveAvgPool):
    """The means of a sequence in `output_size` windows."""

    def forward(self, input: Any) -> Any:
        """Return the means."""
        return F.adaptive_avg_pool1d(input, self.output_size)


class AdaptiveAvgPool2d(_AdaptiveAvgPool):
    """The means of a image in `output_size` windows."""

    def forward(self, input: Any) -> Any:
        """Return the means."""
        return F.adaptive_avg_pool2d(input, self.output_size)


class AdaptiveAvgPool3d(_AdaptiveAvgPool):
    """The means of a volume in `output_size` windows."""

    def forward(self, input: Any) -> Any:
        """Return the means."""
        return F.adaptive_avg_pool3d(input, self.output_size)
