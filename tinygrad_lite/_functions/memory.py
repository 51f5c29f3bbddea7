"""What a tensor is made of: its storage, its layout, what kind of tensor it is not."""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import Any

import numpy as np

from .._dtypes import DTYPES
from .._inplace import forbid
from .._nodes import make
from .._scope import refusal
from .._stamps import root_of, stamp
from .._tensor import Tensor
from ._dims import axes_of
from ._surface import NAMES, method, surface

__all__ = ["Storage"]


@method
def graph(self: Any, **options: Any) -> Any:
    """The picture of the operations behind a tensor: `viz.draw(tensor, **options)`."""
    return import_module(f"{__package__.rpartition('.')[0]}.viz").draw(self, **options)


class Storage:
    """The one-dimensional memory that a tensor and its views share."""

    def __init__(self, root: Any, kind: Any) -> None:
        self._bytes = np.asarray(root).ravel(order="K").view(np.uint8)
        self._array = self._bytes if kind is None else self._bytes.view(kind)

    def data_ptr(self) -> int:
        """The address of the memory: equal for tensors that share it."""
        return self._bytes.ctypes.data

    def nbytes(self) -> int:
        """How many bytes there are."""
        return self._bytes.size

    def size(self) -> int:
        """How many elements there are."""
        return self._array.size

    def element_size(self) -> int:
        """Bytes per element."""
        return self._array.itemsize

    def tolist(self) -> list[Any]:
        """The elements in the order of memory."""
        return self._array.tolist()

    def __len__(self) -> int:
        return self.size()

    def __getitem__(self, place: Any) -> Any:
        found = self._array[place]
        return found.tolist() if isinstance(place, slice) else found.item()

    def __setitem__(self, place: Any, value: Any) -> None:
        self._array[place] = value
        stamp(self._array, "storage")

    def __iter__(self) -> Any:
        return iter(self.tolist())

    def __repr__(self) -> str:
        rows = "".join(f" {value}\n" for value in self.tolist())
        return f"{rows}[torch.storage of {self._array.dtype} and size {self.size()}]"


@method
def untyped_storage(self: Any) -> Storage:
    """The bytes that the tensor and its views share."""
    return Storage(root_of(np.asarray(self._array)), None)


@method
def storage(self: Any) -> Storage:
    """The elements that the tensor and its views share."""
    return Storage(root_of(np.asarray(self._array)), self._array.dtype)


@method(names=("const_data_ptr",))
def _const_data_ptr(self: Any) -> int:
    """The address of the first element."""
    return self._array.ctypes.data  # type: ignore[no-any-return]


@method
def dim_order(self: Any, ambiguity_check: Any = False) -> tuple[int, ...]:
    """The dimensions from the one of the largest step in memory to the one of the smallest."""
    steps = np.asarray(self._array).strides
    return tuple(sorted(range(len(steps)), key=lambda axis: -steps[axis]))


@method
def dense_dim(self: Any) -> int:
    """The number of dimensions: all are dense."""
    return self._array.ndim  # type: ignore[no-any-return]


@method
def sparse_dim(self: Any) -> int:
    """0: no dimension is sparse."""
    return 0


@method
def to_dense(self: Any, dtype: Any = None, *, masked_grad: Any = None) -> Any:
    """`self`: every tensor is dense."""
    return self if dtype is None else self.to(dtype)


# Tensors of kinds that do not exist here

for _flag in (
    "is_ipu", "is_maia", "is_mkldnn", "is_mtia", "is_sparse_csr", "is_vulkan", "is_xla", "is_hpu",
    "volatile",
):  # fmt: skip
    setattr(Tensor, _flag, property(lambda self: False))
Tensor.is_cpu = property(lambda self: True)  # type: ignore[attr-defined]
Tensor.name = property(lambda self: None)  # type: ignore[attr-defined]
Tensor.grad_dtype = property(lambda self: self.dtype)  # type: ignore[attr-defined]


@surface
def is_distributed(input: Any) -> bool:
    """False."""
    return False


def _need_sparse(name: str) -> None:
    def function(self: Any, *_: Any) -> Any:
        raise RuntimeError(f"{name} expected sparse tensor layout but got Strided")

    function.__name__ = name
    function.__doc__ = "An error, as for every dense tensor: there are no sparse ones."
    setattr(Tensor, name, function)


for _name in (
    "coalesce", "is_coalesced", "indices", "values", "crow_indices", "col_indices", "ccol_indices",
    "row_indices", "sparse_resize_", "sparse_resize_and_clear_",
):  # fmt: skip
    _need_sparse(_name)


def _refuse(name: str, reason: str) -> None:
    setattr(Tensor, name, refusal(f"Tensor.{name}", reason))


for _name in (
    "to_sparse", "to_sparse_coo", "to_sparse_csr", "to_sparse_csc", "to_sparse_bsr",
    "to_sparse_bsc", "sparse_mask", "smm", "sspaddmm",
):  # fmt: skip
    _refuse(_name, "sparse tensors are out of scope; multiply by a mask")
for _name in ("dequantize", "int_repr", "q_scale", "q_zero_point", "qscheme"):
    _refuse(_name, "quantised tensors are out of scope; use float32")
for _name in ("cdouble", "cfloat", "chalf", "stft", "istft"):
    _refuse(_name, "complex numbers are out of scope; split into real and imaginary parts")
for _name in ("xpu", "ipu", "mtia", "to_mkldnn", "record_stream"):
    _refuse(_name, "every tensor is on the CPU")


@surface(method=False)
def imag(input: Any) -> Any:
    """An error, as for every real tensor: there are no complex ones."""
    raise RuntimeError("imag is not implemented for tensors with non-complex dtypes.")


Tensor.imag = property(imag)  # type: ignore[attr-defined]

# Writing


@method
def fill_diagonal_(self: Any, fill_value: Any, wrap: bool = False) -> Any:
    """Put a number on the main diagonal; with `wrap`, on further ones of a tall matrix."""
    array = self._array
    if array.ndim < 2:
        raise RuntimeError("dimensions must larger than 1")
    if array.ndim > 2 and len(set(array.shape)) > 1:
        raise RuntimeError("all dimensions of input must be of equal length")
    mask = np.zeros(array.shape, bool)
    np.fill_diagonal(mask, val=True, wrap=wrap)
    return self.masked_fill_(make(mask, None), fill_value)


def _on_elements(name: str, count: int, text: str) -> None:
    def function(self: Any, *rest: Any) -> Any:
        *tensors, callable = rest
        if self.requires_grad or any(t.requires_grad for t in tensors):
            raise TypeError(f"Can't call {name}() on Variable that requires grad.")
        forbid(self)
        arrays = [np.broadcast_to(t._array, self._array.shape).reshape(-1) for t in tensors]
        flat = np.asarray(self._array).reshape(-1)
        rows = zip(flat.tolist(), *(a.tolist() for a in arrays), strict=True)
        self._array[...] = np.reshape([callable(*row) for row in rows], self._array.shape)
        stamp(self._array, name)
        return self

    function.__name__ = name
    function.__doc__ = text
    setattr(Tensor, name, function)


_on_elements("apply_", 0, "Replace every element by `callable(element)`; slow, on Python numbers.")
_on_elements("map_", 1, "Replace every element by `callable(element, other)`; slow.")
_on_elements("map2_", 2, "Replace every element by `callable(element, x, y)`; slow.")


@method
def __reversed__(self: Any) -> Any:  # noqa: N807 - the protocol's name
    """The first dimension in reverse."""
    return self if not self._array.ndim else self.flip(0)


@method
def __rdiv__(self: Any, other: Any) -> Any:  # noqa: N807 - Python 2's name
    """`other / self`."""
    return self.reciprocal() * other


Tensor.__div__ = Tensor.__truediv__  # type: ignore[attr-defined]
Tensor.__idiv__ = lambda self, other: self.div_(other)  # type: ignore[attr-defined]
Tensor.__nonzero__ = Tensor.__bool__  # type: ignore[attr-defined]
Tensor.__long__ = Tensor.__int__  # type: ignore[attr-defined]


@method
def __delitem__(self: Any, key: Any) -> None:  # noqa: N807 - the protocol's name
    raise TypeError("Tensor does not support deleting items")


@method
def resize(self: Any, *sizes: Any) -> Any:
    """`self` in another shape of as many elements."""
    warnings.warn("non-inplace resize is deprecated", stacklevel=2)
    return self.reshape(*sizes)


@method
def resize_as(self: Any, tensor: Any) -> Any:
    """`self` in the shape of another tensor of as many elements."""
    warnings.warn("non-inplace resize_as is deprecated", stacklevel=2)
    return self.reshape(tensor.shape)


@method
def module_load(self: Any, other: Any, assign: bool = False) -> Any:
    """What `load_state_dict` puts in place of `self`: `other`, or its values in `self`."""
    return other.detach() if assign else self.copy_(other).detach()


@surface
def hash_tensor(input: Any, dim: Any = (), *, keepdim: bool = False, mode: int = 0) -> Any:
    """The exclusive or of all elements' bits, over `dim`: one uint64 that changes with any bit."""
    if mode != 0:
        raise RuntimeError(f"Unknown hash_tensor mode: {mode}")
    array = np.asarray(input._array)
    wide = np.float64 if array.dtype.kind == "f" else np.int64
    bits = np.ascontiguousarray(array.astype(wide)).view(np.uint64).reshape(array.shape)
    fold: Any = np.bitwise_xor.reduce  # whose types know no 0-d arrays
    axes = axes_of(input, dim) if array.ndim else None
    return make(np.asarray(fold(bits, axis=axes, keepdims=keepdim)), None)


for _name in ("is_same_size", "is_signed", "get_device"):
    NAMES[_name] = getattr(Tensor, _name)
NAMES["UntypedStorage"] = NAMES["TypedStorage"] = Storage


def typename(obj: Any, /) -> str:
    """The name of an object's type, such as 'torch.FloatTensor'."""
    if isinstance(obj, Tensor):
        return obj.type()  # type: ignore[no-any-return]
    kind = type(obj)
    home = getattr(obj, "__module__", None) or kind.__module__
    name = getattr(obj, "__qualname__", None) or kind.__qualname__
    return name if home == "builtins" else f"{home}.{name}"


NAMES["typename"] = typename
NAMES["cfloat"], NAMES["cdouble"] = DTYPES["complex64"], DTYPES["complex128"]  # type: ignore[assignment]
