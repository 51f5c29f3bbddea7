"""Changing type, copying, filling: to(), float(), copy_(), fill_(), new_zeros() and kin."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import _creation, _dtypes
from .._device import check_device, device
from .._dtypes import to_numpy
from .._inplace import forbid, forbid_overlap, replace, settle
from .._needs import fill_number
from .._nodes import make
from .._record import apply, to_type
from .._size import Size
from .._state import here, tick
from .._tensor import Tensor
from ..ops import elementwise as el
from ..ops.elementwise import clone
from ..ops.shape import expand
from ._surface import NAMES, method, surface

__all__: list[str] = []

# Type and place


@method
def to(self: Any, *args: Any, **keywords: Any) -> Any:
    """`self` in another dtype (or like another tensor); itself when nothing changes.

    `to(dtype)`, `to(device)`, `to(device, dtype)`, `to(other)`; `copy=True` always copies.
    """
    if len(args) == 1 and not keywords:  # by far the most frequent
        (arg,) = args
        if arg.__class__ is _dtypes.dtype:
            return to_type(self, to_numpy(arg))
        if arg.__class__ is str or arg.__class__ is device:
            check_device(arg)
            return self
    dtype, copy = keywords.pop("dtype", None), keywords.pop("copy", False)
    check_device(keywords.pop("device", None))
    for ignored in ("non_blocking", "memory_format"):
        keywords.pop(ignored, None)
    if "other" in keywords:
        args = (keywords.pop("other"), *args)
    if keywords:
        raise TypeError(f"to() received an invalid combination of arguments: {sorted(keywords)}")
    flags = [arg for arg in args if isinstance(arg, bool)]  # non_blocking, then copy
    copy = copy or flags[1:2] == [True]
    for arg in args:
        if isinstance(arg, Tensor):
            dtype = arg.dtype
        elif isinstance(arg, (str, device)):
            check_device(arg)
        elif arg is not None and not isinstance(arg, bool):
            dtype = arg
    if dtype is None:
        return apply(clone, (self,), {}) if copy else self
    made = to_type(self, to_numpy(dtype))
    return apply(clone, (made,), {}) if copy and made is self else made


def _converter(name: str, dtype: Any) -> None:
    kind = dtype.numpy

    def convert(self: Any, memory_format: Any = None) -> Any:
        return to_type(self, kind)

    convert.__name__ = name
    convert.__doc__ = f"`self` as {dtype!r}."
    setattr(Tensor, name, convert)


for _name, _dtype in {
    "float": _dtypes.float32, "double": _dtypes.float64, "half": _dtypes.float16,
    "int": _dtypes.int32, "long": _dtypes.int64, "short": _dtypes.int16, "char": _dtypes.int8,
    "byte": _dtypes.uint8, "bool": _dtypes.bool,
}.items():  # fmt: skip
    _converter(_name, _dtype)


@method
def bfloat16(self: Any, memory_format: Any = None) -> Any:
    """Not available: NumPy has no bfloat16."""
    return to_type(self, to_numpy(_dtypes.bfloat16))


@method
def type_as(self: Any, other: Any) -> Any:
    """`self` in the dtype of `other`."""
    return to_type(self, other._array.dtype)


@method
def cpu(self: Any, memory_format: Any = None) -> Any:
    """`self`: every tensor lives on the CPU."""
    return self


@method
def cuda(
    self: Any, device: Any = None, non_blocking: bool = False, memory_format: Any = None
) -> Any:
    """An error: there is no GPU here."""
    check_device("cuda" if device is None else device)
    return self


@method
def pin_memory(self: Any, device: Any = None) -> Any:
    """`self`: pinning serves transfers to a GPU."""
    return self


@method
def is_pinned(self: Any) -> bool:
    """False."""
    return False


for _flag in ("is_cuda", "is_sparse", "is_quantized", "is_mps", "is_meta", "is_xpu", "is_nested"):
    setattr(Tensor, _flag, property(lambda self: False))
Tensor.layout = property(lambda self: "torch.strided")  # type: ignore[attr-defined]
Tensor.names = property(lambda self: (None,) * self._array.ndim)  # type: ignore[attr-defined]
Tensor.itemsize = property(lambda self: self._array.dtype.itemsize)  # type: ignore[attr-defined]
Tensor.nbytes = property(lambda self: self._array.nbytes)  # type: ignore[attr-defined]
Tensor.output_nr = property(lambda self: getattr(self._node, "which", 0))  # type: ignore[attr-defined]
Tensor.real = property(lambda self: self)  # type: ignore[attr-defined]
Tensor.retains_grad = property(lambda self: "retain" in self.__dict__)  # type: ignore[attr-defined]

# What it is


@method
def size(self: Any, dim: int | None = None) -> Any:
    """The shape, or the length of one dimension."""
    if dim is None:
        return Size(self._array.shape)
    ndim = self._array.ndim
    if not -max(ndim, 1) <= dim < max(ndim, 1) or ndim == 0:
        room = max(ndim, 1)
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-room}, {room - 1}], "
            f"but got {dim})"
        )
    return self._array.shape[dim]


@method(names=("ndimension",))
def dim(self: Any) -> int:
    """The number of dimensions."""
    return self._array.ndim  # type: ignore[no-any-return]


@method(names=("nelement",))
def numel(self: Any) -> int:
    """The number of elements."""
    return self._array.size  # type: ignore[no-any-return]


def _numel(input: Any) -> int:
    """The number of elements."""
    return input._array.size  # type: ignore[no-any-return]


NAMES["numel"] = _numel


@method
def element_size(self: Any) -> int:
    """Bytes per element."""
    return self._array.dtype.itemsize  # type: ignore[no-any-return]


@method
def stride(self: Any, dim: int | None = None) -> Any:
    """Steps in elements from one place to the next along each dimension."""
    array = np.asarray(self._array)
    steps = tuple(s // array.itemsize for s in array.strides)
    return steps if dim is None else steps[dim]


@method
def storage_offset(self: Any) -> int:
    """Elements between the start of the memory and the first element."""
    array = np.asarray(self._array)
    root = array
    while isinstance(root.base, np.ndarray):
        root = root.base
    return (array.ctypes.data - root.ctypes.data) // array.itemsize


@method
def data_ptr(self: Any) -> int:
    """The address of the first element."""
    return self.detach().numpy().ctypes.data  # type: ignore[no-any-return]


@method
def is_contiguous(self: Any, memory_format: Any = None) -> bool:
    """Whether the elements lie in memory in order."""
    return bool(np.asarray(self._array).flags.c_contiguous)


@surface
def is_floating_point(input: Any) -> bool:
    """Whether the elements are floats."""
    return input._array.dtype.kind == "f"  # type: ignore[no-any-return]


@surface
def is_complex(input: Any) -> bool:
    """False: complex numbers are not supported."""
    return False


@method
def is_signed(self: Any) -> bool:
    """Whether negative numbers can be held."""
    return self.dtype.is_signed  # type: ignore[no-any-return]


@surface
def is_nonzero(input: Any) -> bool:
    """Whether the only element is not zero."""
    if input._array.size != 1:
        raise RuntimeError("bool value of Tensor with more than one value is ambiguous")
    return bool(input)


@method
def is_set_to(self: Any, tensor: Any) -> bool:
    """Whether both are the same memory under the same shape."""
    return self._array is tensor._array


@method
def is_same_size(self: Any, other: Any) -> bool:
    """Whether the shapes are equal."""
    return self._array.shape == other._array.shape  # type: ignore[no-any-return]


@method
def get_device(self: Any) -> int:
    """-1: the CPU."""
    return -1


# Writing


@method
def copy_(self: Any, src: Any, non_blocking: bool = False) -> Any:
    """Write the elements of `src`, broadcast and converted, into `self`."""
    if isinstance(src, (int, float)):
        return fill_(self, src)
    if not isinstance(src, Tensor):
        raise TypeError(
            f"copy_(): argument 'other' (position 1) must be Tensor, not {type(src).__name__}"
        )
    forbid(self)
    forbid_overlap(self._array, (src,))
    start = tick()
    value = to_type(src, self._array.dtype)
    if value._array.shape != self._array.shape:
        _require_fit(value._array.shape, self._array.shape)
        value = apply(expand, (value,), {"shape": self._array.shape})
    return replace(self, value, "copy_", start)


def _require_fit(given: Any, wanted: Any) -> None:
    fits = len(given) <= len(wanted) and all(
        n in (1, m) for n, m in zip(given[::-1], wanted[::-1], strict=False)
    )
    if not fits:
        raise RuntimeError(
            f"The size of tensor a {list(wanted)} must match the size of tensor b {list(given)}: "
            "output with shape cannot be broadcast"
        )


BLANK = make(np.zeros(0), None)  # whatever has no history: what a change without one leaves


@method
def fill_(self: Any, value: Any) -> Any:
    """Every element becomes `value`."""
    if isinstance(value, Tensor):
        if value._array.ndim:
            raise RuntimeError(
                f"fill_ only supports 0-dimension value tensor but got tensor with "
                f"{value._array.ndim} dimensions."
            )
        return copy_(self, value)
    if not isinstance(value, (int, float, np.bool_, np.integer, np.floating)):
        value = _number(self, value)
    forbid(self)
    if self._node is None and self._view is None and here.state.watch is None:
        kind = self._array.dtype
        small = kind.itemsize > 2 and kind.kind == "f" and -1e30 < value < 1e30
        self._array.fill(value if small else fill_number(value, kind))
        settle(self, BLANK, "fill_")
        return self
    start = tick()
    if (
        here.state.grad and self._node is not None
    ):  # a constant, but one with a history, as in torch
        filled = apply(el.add, (apply(el.zero, (self,), {}), float(value)), {})
        return replace(self, filled, "fill_", start)
    constant = make(np.asarray(fill_number(value, self._array.dtype)), None)
    return replace(self, apply(expand, (constant,), {"shape": self._array.shape}), "fill_", start)


def _number(self: Any, value: Any) -> Any:
    """The number in a 0-d array; the error for what is none."""
    if isinstance(value, np.ndarray) and not value.ndim and value.dtype.kind in "biuf":
        return value[()]
    given = type(value).__name__
    if isinstance(value, (complex, np.complexfloating)):
        raise RuntimeError(  # noqa: TRY004 - PyTorch's class
            f"fill_: value cannot be converted to {self.dtype} without overflow, being {given}: "
            "give its real part"
        )
    raise TypeError(
        f"fill_() received an invalid combination of arguments - got ({given}), but expected a "
        "number or a 0-d Tensor: copy_() takes a whole tensor"
    )


@method
def zero_(self: Any) -> Any:
    """Every element becomes zero."""
    return fill_(self, 0)


NAMES["zero_"], NAMES["fill_"] = zero_, fill_


@surface
def fill(input: Any, value: Any) -> Any:
    """A copy filled with `value`."""
    return apply(clone, (input,), {}).fill_(value)


@method
def detach_(self: Any) -> Any:
    """Forget the history."""
    if self._view is not None and self._node is not None:
        raise RuntimeError(
            "Can't detach views in-place. Use detach() instead: it leaves the view as it is."
        )
    self._node = None
    return self


NAMES["detach"] = Tensor.detach
NAMES["detach_"] = detach_


@method
def set_(self: Any, source: Any = None) -> Any:
    """Take over the memory of another tensor."""
    self._array = source._array if source is not None else np.empty(0, self._array.dtype)
    return self


@method
def resize_(self: Any, *sizes: Any, memory_format: Any = None) -> Any:
    """Another shape, in the same memory if there is enough; else elements beyond it are zero."""
    if self._node is not None:
        raise RuntimeError("cannot resize variables that require grad")
    shape = _creation.shape_from(sizes)
    old, count = np.asarray(self._array).reshape(-1), math.prod(shape)
    if count > old.size:
        old = np.concatenate((old, np.zeros(count - old.size, old.dtype)))
    self._array = old[:count].reshape(shape)
    return self


@method
def resize_as_(self: Any, tensor: Any, memory_format: Any = None) -> Any:
    """Another tensor's shape."""
    return resize_(self, tuple(tensor._array.shape))


# New tensors of the same type


def _new(name: str) -> None:
    maker = getattr(_creation, name)

    def function(
        self: Any, *sizes: Any, size: Any = None, dtype: Any = None, device: Any = None,
        requires_grad: bool = False, layout: Any = None, pin_memory: bool = False,
    ) -> Any:  # fmt: skip
        kind = self.dtype if dtype is None else dtype
        return maker(*sizes, size=size, dtype=kind, device=device, requires_grad=requires_grad)

    function.__name__ = f"new_{name}"
    function.__doc__ = f"{maker.__doc__} In the dtype of `self`."
    setattr(Tensor, f"new_{name}", function)


for _name in ("zeros", "ones", "empty"):
    _new(_name)


@method
def new_full(
    self: Any,
    size: Any,
    fill_value: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """A tensor of one value in the dtype of `self`."""
    kind = self.dtype if dtype is None else dtype
    return _creation.full(size, fill_value, dtype=kind, device=device, requires_grad=requires_grad)


@method
def new_empty_strided(
    self: Any,
    size: Any,
    stride: Any,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    **ignored: Any,
) -> Any:
    """Memory of a shape with given steps between elements, in the dtype of `self`."""
    kind = self.dtype if dtype is None else dtype
    return _creation.empty_strided(
        size, stride, dtype=kind, device=device, requires_grad=requires_grad
    )


@method
def new_tensor(
    self: Any, data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Any:
    """A copy of `data` in the dtype of `self`."""
    kind = self.dtype if dtype is None else dtype
    return _creation.tensor(data, dtype=kind, device=device, requires_grad=requires_grad)


@method
def new(self: Any, *args: Any) -> Any:
    """As the legacy constructor of the tensor's type: a shape or values."""
    made = Tensor.legacy(*args)
    return to_type(made, self._array.dtype)


@method
def as_subclass(self: Any, cls: type) -> Any:
    """The same tensor as an instance of a subclass."""
    made: Any = object.__new__(cls)
    made._array, made._node, made._grad, made._view = (
        self._array,
        self._node,
        self._grad,
        self._view,
    )
    return made


NAMES["resize_as_"] = resize_as_
