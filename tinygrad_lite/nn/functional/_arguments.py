"""What many functionals ask of their arguments."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from ..._dtypes import default_numpy
from ..._errors import broadcast_error
from ..._functions._dims import legacy_name
from ..._nodes import make
from ..._tensor import Tensor
from ...ops.elementwise import cast


def need_tensor(name: str, input: Any, argument: str = "input") -> None:
    """Raise unless an argument is a tensor."""
    if not isinstance(input, Tensor):
        raise TypeError(
            f"{name}(): argument '{argument}' must be Tensor, not {type(input).__name__}: wrap it "
            "in torch.tensor(...)"
        )


def need_floats(name: str, input: Any) -> None:
    """Raise unless `input` is a tensor of real floating-point numbers."""
    need_tensor(name, input)
    if input._array.dtype.kind != "f":
        raise not_for(name, input)


def not_for(name: str, input: Any, expected: str = "a floating-point one") -> NotImplementedError:
    """The error for elements of a type that a function does not take."""
    return NotImplementedError(
        f"\"{name}_cpu\" not implemented for '{legacy_name(input)}': the input has dtype "
        f"{input.dtype}, but {expected} was expected: convert it with .float()"
    )


def as_floats(x: Any) -> Any:
    """`x` itself, or its integers as floating-point numbers of the default type."""
    return x if x._array.dtype.kind == "f" else cast(x, dtype=default_numpy())


def need_one_type(input: Any, **others: Any) -> None:
    """Raise unless the tensors that are given have the dtype of `input`.

    Beside a narrower input, float32 is taken as well: statistics are kept exact that way.
    """
    dtype = input._array.dtype
    for label, other in others.items():
        if other is None:
            continue
        if not isinstance(other, Tensor):
            raise TypeError(
                f"argument '{label}' must be Tensor, not {type(other).__name__}: wrap it in "
                "torch.tensor(...)"
            )
        if other._array.dtype is dtype or other._array.dtype == dtype:
            continue
        if dtype.itemsize > 2 or other._array.dtype != np.float32:
            raise RuntimeError(
                "mixed dtype (CPU): all inputs must share same datatype, but input has dtype "
                f"{input.dtype} and {label} {other.dtype}: convert one of them, such as "
                f"input.to({label}.dtype)"
            )


def common_shape(name: str, a: Any, b: Any) -> tuple[int, ...]:
    """The shape two tensors broadcast to; torch's RuntimeError where they do not."""
    try:
        return np.broadcast_shapes(a.shape, b.shape)
    except ValueError as error:
        raise broadcast_error(name, [a.shape, b.shape]) or error from None


def spread(value: Any, count: int, name: str) -> tuple[int, ...]:
    """`value` for each of `count` axes: a number counts for all, a list of one as well."""
    if not isinstance(value, (tuple, list)):
        return (int(value),) * count
    if len(value) == 1:
        return (int(value[0]),) * count
    if len(value) != count:
        raise RuntimeError(
            f"{name} must be a number or {count} of them, one for each axis, got {tuple(value)}"
        )
    return tuple(int(v) for v in value)


def choose_reduction(size_average: bool | None, reduce: bool | None, reduction: str) -> str:
    """The reduction that the two old arguments mean, if they are given, else `reduction`."""
    if size_average is not None or reduce is not None:
        size_average = True if size_average is None else size_average
        reduction = "none" if reduce is False else "mean" if size_average else "sum"
        warnings.warn(
            "size_average and reduce args will be deprecated, "
            f"please use reduction='{reduction}' instead.",
            stacklevel=3,
        )
    if reduction not in {"none", "mean", "sum"}:
        raise ValueError(
            f"{reduction} is not a valid value for reduction: use 'none', 'mean' or 'sum'"
        )
    return reduction


def wrap_axis(dim: int, ndim: int) -> int:
    """`dim` counted from the front; IndexError where there is no such axis."""
    room = max(ndim, 1)
    if not -room <= dim < room:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-room}, {room - 1}], "
            f"but got {dim})"
        )
    return dim % room


def same_sizes(name: str, input: Tensor, target: Tensor) -> None:
    """Warn, as PyTorch does, where a loss would broadcast its operands by accident."""
    if input.shape != target.shape:
        warnings.warn(
            f"Using a target size ({_size(target)}) that is different to the input size "
            f"({_size(input)}) in {name}. This will likely lead to incorrect results due to "
            f"broadcasting. Please ensure they have the same size{_remedy(input, target)}.",
            stacklevel=3,
        )


def _remedy(input: Tensor, target: Tensor) -> str:
    if tuple(input.shape) == (*target.shape, 1):
        return ", such as by target.unsqueeze(1)" if target.ndim == 1 else ", by target[..., None]"
    if tuple(target.shape) == (*input.shape, 1):
        return ", such as by target.squeeze(-1)"
    return ""


def _size(x: Tensor) -> str:
    return f"torch.Size({list(x.shape)})"


def in_place(input: Tensor, result: Tensor) -> Tensor:
    """Write `result` over `input` and return it; the gradient takes the way of `result`."""
    return input.copy_(result)  # type: ignore[no-any-return]


def count(x: Any) -> int:
    """The number of elements."""
    return math.prod(x.shape)


def array_of(x: Any) -> Any:
    """The plain array behind a tensor."""
    array = getattr(x, "_array", x)
    return array if isinstance(array, np.ndarray) else np.asarray(array)


def tensor_of(array: Any) -> Tensor:
    """A tensor without history around an array."""
    return make(array, None)  # type: ignore[no-any-return]
