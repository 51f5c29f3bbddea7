"""Making tensors: of values, of a shape, like another one."""

from __future__ import annotations

import builtins
import math
import operator
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import _dtypes
from ._device import check_device
from ._dtypes import default_numpy, of, to_numpy
from ._inplace import forbid
from ._needs import fill_number, need_integer, need_order, need_range
from ._nodes import make
from ._stamps import stamp
from ._tensor import Tensor

__all__ = [
    "arange", "as_tensor", "asarray", "empty", "empty_like", "empty_permuted", "empty_strided",
    "eye", "from_numpy", "full", "full_like", "linspace", "logspace", "ones", "ones_like", "range",
    "scalar_tensor", "shape_from", "tensor", "tril_indices", "triu_indices", "zeros", "zeros_like",
]  # fmt: skip


def finish(array: Any, requires_grad: bool = False, device: Any = None) -> Tensor:
    """A tensor of a new array, wanting its gradient if told so."""
    check_device(device)
    made: Tensor = make(array, None)
    return made.requires_grad_() if requires_grad else made


def shape_from(sizes: tuple[Any, ...], size: Any = None) -> tuple[int, ...]:
    """A shape from (2, 3), ((2, 3),) or size=(2, 3)."""
    if size is not None:
        sizes = (size,)
    if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)):
        sizes = tuple(sizes[0])
    elif len(sizes) == 1 and isinstance(sizes[0], Tensor) and sizes[0].ndim:
        sizes = tuple(sizes[0].tolist())
    shape = tuple(map(operator.index, sizes))
    for n in shape:
        if n < 0:
            raise RuntimeError(
                f"Trying to create tensor with negative dimension {n}: {list(shape)}"
            )
    return shape


def kind_of(dtype: Any) -> np.dtype[Any]:
    return default_numpy() if dtype is None else to_numpy(dtype)


# Of values


def tensor(
    data: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """A tensor with a copy of `data`: a number, nested lists, an array.

    Python floats take the default dtype, whole numbers int64, arrays keep theirs.

    >>> tensor([[1.0, 2.0], [3.0, 4.0]])
    tensor([[1., 2.],
            [3., 4.]])
    """
    if isinstance(data, Tensor):
        kind = data._array.dtype if dtype is None else to_numpy(dtype)
        return finish(np.array(data._array, kind), requires_grad, device)
    return finish(_values(data, dtype), requires_grad, device)


def _values(data: Any, dtype: Any) -> Any:
    """An array of its own of the values of numbers, sequences and arrays."""
    if isinstance(data, np.ndarray | np.generic):
        kind = of(data.dtype).numpy if dtype is None else to_numpy(dtype)
        return np.array(data, kind)
    plain = _plain(data)
    try:
        found = np.array(plain)
    except ValueError:
        raise ValueError(_ragged(plain)) from None
    if dtype is not None:
        return _cast_values(found, plain, to_numpy(dtype))
    if found.size == 0:
        return found.astype(default_numpy())
    if found.dtype.kind == "f":
        return found.astype(_float_type(data))
    if found.dtype.kind == "u":  # of whole numbers, that int64 does not hold
        _explain_object(np.array([found.max().item()], object))
    if found.dtype.kind in "biu":
        return found.astype(np.int64) if found.dtype.kind != "b" else found
    if found.dtype.kind == "c":
        raise NotImplementedError("complex numbers are not supported")
    if found.dtype.kind == "O":
        _explain_object(found)
    raise TypeError(f"new(): invalid data type '{_first(plain).__class__.__name__}'")


def _explain_object(found: Any) -> None:
    for value in found.reshape(-1):
        if isinstance(value, int):  # its size is wrong, not its type
            raise RuntimeError(  # noqa: TRY004
                f"Overflow when unpacking long: {value} does not fit into int64"
            )


def _cast_values(found: Any, plain: Any, kind: np.dtype[Any]) -> Any:
    if found.dtype.kind not in "biuf":
        raise TypeError(f"new(): invalid data type '{_first(plain).__class__.__name__}'")
    made = found.astype(kind)
    if kind.kind in "iu" and found.dtype is not kind and found.size and (made != found).any():
        for bound in (found.min(), found.max()):  # which are NaN if there is one
            fill_number(bound.item(), kind)  # raises if it does not fit
    return made


def _float_type(data: Any) -> np.dtype[Any]:
    """Lists of 0-d tensors or NumPy scalars of one float type keep it; Python floats do not."""
    first = _first(data)
    if isinstance(first, Tensor):
        kind = first._array.dtype
    elif isinstance(first, np.ndarray | np.generic):
        kind = first.dtype
    else:
        return default_numpy()
    return kind if kind.kind == "f" else default_numpy()


def _first(data: Any) -> Any:
    while isinstance(data, Sequence) and not isinstance(data, str) and len(data):
        data = data[0]
    return data


def _plain(data: Any) -> Any:
    """Nested sequences with tensors and arrays in them, as lists of numbers."""
    if isinstance(data, Tensor):
        return _number(data)
    if isinstance(data, np.ndarray | np.generic):
        return data.tolist()
    if isinstance(data, list | tuple | builtins.range):
        return [_plain(d) for d in data]
    if isinstance(data, bool | int | float | complex):
        return data
    if hasattr(data, "__array__"):
        return np.asarray(data).tolist()
    if isinstance(data, Sequence) and not isinstance(data, str | bytes):
        return [_plain(d) for d in data]
    if isinstance(data, str):
        raise TypeError("new(): invalid data type 'str'")
    if data is None:
        raise RuntimeError("Could not infer dtype of NoneType")
    raise RuntimeError(f"Could not infer dtype of {type(data).__name__}")


def _number(data: Tensor) -> Any:
    """The number in a tensor that stands in a list: its axes do not count, as in PyTorch."""
    if data._array.size != 1:
        raise ValueError(
            "only one element tensors can be converted to Python scalars, and the list holds one "
            f"of shape {tuple(data.shape)}: torch.stack(tensors) joins them"
        )
    return data._array.item()


def _ragged(data: Any, depth: int = 0) -> str:
    """Where nested sequences have different lengths."""
    lengths = [len(d) if isinstance(d, list) else None for d in data]
    for length in lengths[1:]:
        if length != lengths[0]:
            return (
                f"expected sequence of length {lengths[0]} at dim {depth + 1} (got {length}): all "
                "rows of a tensor have the same length"
            )
    for d in data:
        if isinstance(d, list) and d and isinstance(d[0], list):
            text = _ragged(d, depth + 1)
            if text:
                return text
    return "the sequences have different lengths"


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """`data` as a tensor; a tensor or array of the right dtype is shared, not copied."""
    check_device(device)
    if isinstance(data, Tensor):
        return data if dtype is None else data.to(dtype)
    if isinstance(data, np.ndarray):
        made = from_numpy(data)
        return made if dtype is None else made.to(dtype)
    return tensor(data, dtype=dtype)


def asarray(
    obj: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    copy: bool | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """`obj` as a tensor, shared where possible unless `copy`."""
    made = as_tensor(obj, dtype, device)
    if copy:
        made = make(np.array(made._array), None)
    return made.requires_grad_() if requires_grad and not made.requires_grad else made


def from_numpy(ndarray: Any) -> Tensor:
    """A tensor that shares the memory of an array."""
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    kind = of(ndarray.dtype).numpy
    return make(ndarray if ndarray.dtype == kind else ndarray.astype(kind), None)  # type: ignore[no-any-return]


def scalar_tensor(
    s: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """A 0-d tensor of a number, of the default dtype."""
    return finish(_values(s, kind_of(dtype)), requires_grad, device)


# Of a shape


def zeros(
    *sizes: Any, size: Any = None, out: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Zeros: `zeros(2, 3)` or `zeros((2, 3))`."""
    made = finish(np.zeros(shape_from(sizes, size), kind_of(dtype)), requires_grad, device)
    return made if out is None else into(out, made, dtype)


def ones(
    *sizes: Any, size: Any = None, out: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Ones: `ones(2, 3)` or `ones((2, 3))`."""
    made = finish(np.ones(shape_from(sizes, size), kind_of(dtype)), requires_grad, device)
    return made if out is None else into(out, made, dtype)


def empty(
    *sizes: Any, size: Any = None, out: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
    memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """Whatever lies in memory: to be filled."""
    made = finish(np.empty(shape_from(sizes, size), kind_of(dtype)), requires_grad, device)
    return made if out is None else into(out, made, dtype)


def full(
    size: Any, fill_value: Any, *, out: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """A tensor of one value; the dtype follows the value (whole numbers give int64)."""
    if isinstance(fill_value, Tensor):
        fill_value = fill_value.item()
    kind = _dtypes.number_type(fill_value) if dtype is None else to_numpy(dtype)
    array = np.empty(shape_from((size,)), kind)
    array.fill(fill_number(fill_value, kind))  # half the time of np.full
    made = finish(array, requires_grad, device)
    return made if out is None else into(out, made, dtype)


def into(out: Any, made: Tensor, dtype: Any = None) -> Any:
    """`out` with the elements of `made`, in its own memory if the shape is the same."""
    kind = out._array.dtype
    if dtype is not None and to_numpy(dtype) != kind:
        raise RuntimeError(
            f"dtype {of(to_numpy(dtype)).name} does not match dtype of out parameter "
            f"({of(kind).name})"
        )
    if out._array.shape != made._array.shape:
        out._array = np.array(made._array, kind)
        return out
    forbid(out)
    np.copyto(out._array, made._array, casting="unsafe")
    stamp(out._array, "out=")
    return out


def make_like(maker: Callable[..., Any], name: str, text: str) -> Callable[..., Tensor]:
    def function(
        input: Any, *, dtype: Any = None, layout: Any = None, device: Any = None,
        requires_grad: bool = False, memory_format: Any = None, pin_memory: bool = False,
        generator: Any = None,
    ) -> Tensor:  # fmt: skip
        if not isinstance(input, Tensor):
            raise TypeError(
                f"{name}(): argument 'input' (position 1) must be Tensor, "
                f"not {type(input).__name__}"
            )
        kind = input._array.dtype if dtype is None else to_numpy(dtype)
        drawn = (
            maker(input._array.shape, kind)
            if generator is None
            else maker(input._array.shape, kind, generator)
        )
        return finish(drawn, requires_grad, device)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = text
    return function


zeros_like = make_like(np.zeros, "zeros_like", "Zeros of the shape and dtype of `input`.")
ones_like = make_like(np.ones, "ones_like", "Ones of the shape and dtype of `input`.")
empty_like = make_like(
    np.empty, "empty_like", "Memory of the shape and dtype of `input`, to be filled."
)


def full_like(
    input: Any, fill_value: Any, *, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """One value in the shape and dtype of `input`."""
    return full(
        input.shape, fill_value, dtype=input.dtype if dtype is None else dtype, device=device,
        requires_grad=requires_grad,
    )  # fmt: skip


def empty_strided(
    size: Any, stride: Any, *, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Memory of a shape with given steps between elements, to be filled."""
    kind = kind_of(dtype)
    shape = shape_from((size,))
    room = 1 + sum((n - 1) * s for n, s in zip(shape, stride, strict=True)) if all(shape) else 0
    flat = np.empty(max(room, 0), kind)
    steps = [s * kind.itemsize for s in stride]
    made = np.lib.stride_tricks.as_strided(flat, shape, steps) if room else np.empty(shape, kind)
    return finish(made, requires_grad, device)


def empty_permuted(
    size: Any, physical_layout: Any, *, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Memory of a shape whose dimensions lie in the order `physical_layout`, to be filled."""
    shape = shape_from((size,))
    order = need_order(shape, list(physical_layout))
    made = np.empty([shape[i] for i in order], kind_of(dtype)).transpose(np.argsort(order))
    return finish(made, requires_grad, device)


def eye(
    n: int, m: int | None = None, *, out: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """The n x m matrix with ones on its diagonal."""
    if n < 0 or (m is not None and m < 0):
        raise RuntimeError(f"n must be greater or equal to 0, got {n if n < 0 else m}")
    made = finish(np.eye(n, m, dtype=kind_of(dtype)), requires_grad, device)
    return made if out is None else into(out, made, dtype)


def arange(
    *bounds: Any, start: Any = None, end: Any = None, step: Any = None, out: Any = None,
    dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """`arange(end)` or `arange(start, end, step)`: numbers from start up to, not including, end."""
    if start is end is step is out is None and (dtype is None or dtype is _dtypes.int64):
        first, last = (0, *bounds)[-2:] if 0 < len(bounds) < 3 else (None, None)
        if first.__class__ is last.__class__ is int and first <= last < 2**63:  # the usual call
            return finish(np.arange(first, last), requires_grad, device)
    if not bounds and end is None:
        raise TypeError("arange() received an invalid combination of arguments: it needs an end")
    given = [b.item() if isinstance(b, Tensor) else b for b in bounds]
    if len(given) == 1 and end is None:
        given = [start if start is not None else 0, *given]
    first = start if start is not None and len(bounds) != 1 else (given[0] if given else 0)
    last = end if end is not None else given[1]
    stride = step if step is not None else (given[2] if len(given) > 2 else 1)
    first, last, stride = (v.item() if hasattr(v, "item") else v for v in (first, last, stride))
    if stride == 0:
        raise RuntimeError("step must be nonzero")
    need_range(first, last)
    target = to_numpy(out.dtype if dtype is None and out is not None else dtype or "float64")
    exact = first, last, stride
    if target.kind in "iu":
        first, last, stride = (int(v) for v in exact)
    if target == np.int64:  # PyTorch counts in int64 here, and in float64 for the smaller ones
        exact = first, last, stride
        if stride == 0:
            raise ValueError("step must be nonzero")
    if (exact[1] - exact[0]) * exact[2] < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    count = max(math.ceil((exact[1] - exact[0]) / exact[2]), 0)
    whole = all(isinstance(v, int) for v in (first, last, stride))
    kind = (np.dtype("int64") if whole else default_numpy()) if dtype is None else to_numpy(dtype)
    made = finish(_counted(first, stride, count, whole, kind), requires_grad, device)
    return made if out is None else into(out, made, dtype)


EXACT = {np.dtype(np.float32): 2**24, np.dtype(np.float64): 2**53, np.dtype(np.int64): 2**62}


def _counted(first: Any, stride: Any, count: int, whole: bool, kind: np.dtype[Any]) -> Any:
    """`count` numbers from `first`, `stride` apart, each rounded once."""
    far = abs(first) + abs(stride) * count
    even = whole or (float(first).is_integer() and float(stride).is_integer())
    if even and far <= EXACT.get(kind, -1):  # counted in the type itself: a third of the time
        return np.arange(first, first + stride * count, stride, dtype=kind)
    values: Any = np.arange(count, dtype=np.int64 if whole else np.float64)
    values *= stride
    values += first
    return values.astype(kind, copy=False)


def range(
    start: Any = 0, end: Any = None, step: Any = 1, *, out: Any = None, dtype: Any = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Numbers from start up to end, which is included, as floats; `arange` leaves it out."""
    warnings.warn(
        "torch.range is deprecated: use torch.arange, whose end is not included", stacklevel=2
    )
    first, last = (0, start) if end is None else (start, end)
    if step == 0:
        raise RuntimeError("step must be nonzero")
    need_range(first, last)
    if (last - first) * step < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    count = math.floor((last - first) / step) + 1
    values = first + step * np.arange(count)
    made = finish(np.asarray(values).astype(kind_of(dtype)), requires_grad, device)
    return made if out is None else into(out, made, dtype)


def linspace(
    start: Any, end: Any, steps: int, *, out: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """`steps` numbers from start to end, both included."""
    kind = kind_of(dtype)
    made = finish(_steps(start, end, steps, kind).astype(kind, copy=False), requires_grad, device)
    return made if out is None else into(out, made, dtype)


def _steps(start: Any, end: Any, steps: int, kind: np.dtype[Any]) -> Any:
    """Even steps, counted from the nearer end as PyTorch does, so that both ends are exact."""
    start, end = (v.item() if isinstance(v, Tensor) else v for v in (start, end))
    steps = need_integer("steps", steps)
    for end_point in (start, end):
        if not isinstance(end_point, int | float | np.generic):
            raise TypeError(
                "linspace() received an invalid combination of arguments: an end must be a Number, "
                f"not {type(end_point).__name__}"
            )
    if steps < 0:
        raise RuntimeError(f"number of steps must be non-negative, got {steps}")
    if kind.kind in "iu":
        start, end, kind = int(start), int(end), np.dtype("float64")
    first, last = kind.type(start), kind.type(end)
    if steps == 1:
        return np.array([first])
    step = (last - first) / kind.type(max(steps - 1, 1))
    half = steps // 2
    found = np.empty(steps, kind)
    np.multiply(np.arange(half, dtype=kind), step, out=found[:half])
    found[:half] += first
    np.multiply(np.arange(steps - half - 1, -1, -1, dtype=kind), step, out=found[half:])
    np.subtract(last, found[half:], out=found[half:])
    return found


def logspace(
    start: Any, end: Any, steps: int, base: float = 10.0, *, out: Any = None, dtype: Any = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """`base` to the power of `steps` numbers from start to end."""
    kind = kind_of(dtype)
    exponents = _steps(start, end, steps, kind if kind.kind in "iu" else np.dtype("float64"))
    made = finish(np.power(float(base), exponents).astype(kind), requires_grad, device)
    return made if out is None else into(out, made, dtype)


def _triangle(indices: Any, dtype: Any) -> Tensor:
    return make(np.array(indices, kind_of(dtype or _dtypes.int64)), None)  # type: ignore[no-any-return]


def tril_indices(
    row: int, col: int, offset: int = 0, *, dtype: Any = None, device: Any = None
) -> Tensor:
    """Row and column numbers of the lower triangle, shape (2, n)."""
    check_device(device)
    return _triangle(np.tri(row, col, offset, bool).nonzero(), dtype)


def triu_indices(
    row: int, col: int, offset: int = 0, *, dtype: Any = None, device: Any = None
) -> Tensor:
    """Row and column numbers of the upper triangle, shape (2, n)."""
    check_device(device)
    return _triangle((~np.tri(row, col, offset - 1, bool)).nonzero(), dtype)
