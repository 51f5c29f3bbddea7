"""Changing the dtype of everything in a module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from ..._tensor import Tensor
from ...autograd import no_grad
from ..parameter import is_lazy

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Convertible"]


class Convertible:
    """The part of `Module` that converts parameters and buffers; the objects stay the same."""

    children: Callable[..., Any]

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Put `fn` of every parameter, gradient and buffer in its place; objects stay the same."""
        if recurse:
            for module in self.children():
                module._apply(fn)
        with no_grad():
            own = self.__dict__
            for name in own["_parameter_names"]:
                if own[name] is not None:
                    _convert_parameter(own[name], fn)
            for name in own["_buffer_names"]:
                buffer = own[name]
                if is_lazy(buffer):
                    buffer.data = fn(buffer.data)
                elif buffer is not None:
                    self.__dict__[name] = fn(buffer)
        return self

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Convert floating-point parameters and buffers to a dtype; devices other than cpu fail."""
        dtype, others = _split_dtype(args, kwargs)
        if dtype is not None and not (dtype.is_floating_point or dtype.is_complex):
            raise TypeError(
                "nn.Module.to only accepts floating point or complex dtypes, "
                f"but got desired dtype={dtype}"
            )

        def convert(t: Tensor) -> Tensor:
            if dtype is not None and (t.is_floating_point() or t.is_complex()):
                return t.to(*others, dtype=dtype)  # type: ignore[no-any-return]
            return t.to(*others) if others else t

        return self._apply(convert)

    def type(self, dst_type: Any) -> Self:
        """Convert every parameter and buffer to `dst_type`."""
        return self._apply(lambda t: t.type(dst_type))

    def float(self) -> Self:
        """Convert floating-point parameters and buffers to float32."""
        return self._apply(lambda t: t.float() if t.is_floating_point() else t)

    def double(self) -> Self:
        """Convert floating-point parameters and buffers to float64."""
        return self._apply(lambda t: t.double() if t.is_floating_point() else t)

    def half(self) -> Self:
        """Convert floating-point parameters and buffers to float16."""
        return self._apply(lambda t: t.half() if t.is_floating_point() else t)

    def bfloat16(self) -> Self:
        """Convert floating-point parameters and buffers to bfloat16."""
        return self._apply(lambda t: t.bfloat16() if t.is_floating_point() else t)

    def cpu(self) -> Self:
        """Return the module: everything lives on the cpu."""
        return self._apply(lambda t: t.cpu())

    def cuda(self, device: Any = None) -> Self:
        """Fail as PyTorch does without a GPU."""
        return self._apply(lambda t: t.cuda(device))

    def to_empty(self, *, device: Any, recurse: bool = True) -> Self:
        """Give every parameter and buffer fresh memory with arbitrary contents."""
        return self._apply(lambda t: t.new_empty(tuple(t.shape), device=device), recurse=recurse)

    def share_memory(self) -> Self:
        """Return the module: threads share memory already."""
        return self

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing: the module runs as it is."""


def _convert_parameter(parameter: Any, fn: Callable[[Tensor], Tensor]) -> None:
    if is_lazy(parameter):
        parameter.data = fn(parameter.data)
        return
    grad = parameter.grad
    parameter.grad = None
    parameter.data = fn(parameter.data)
    if grad is not None:
        parameter.grad = fn(grad)


def _split_dtype(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, list[Any]]:
    """The dtype among the arguments of `to`, and the device that is left, if any."""
    dtype = kwargs.get("dtype")
    others = [kwargs["device"]] if kwargs.get("device") is not None else []
    for given in args:
        if given is None or isinstance(given, bool):
            continue
        if hasattr(given, "is_floating_point") and not isinstance(given, Tensor):
            dtype = given
        elif isinstance(given, Tensor):
            dtype = given.dtype
        else:
            others.append(given)
    if kwargs.get("tensor") is not None:
        dtype = kwargs["tensor"].dtype
    return dtype, others
