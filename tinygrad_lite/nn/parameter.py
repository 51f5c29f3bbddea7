"""Tensors that a module owns: parameters, buffers, and parameters whose shape is not known yet."""

from __future__ import annotations

from typing import Any

from .. import _creation as creation
from .._tensor import Tensor
from ..autograd import no_grad

__all__ = [
    "Buffer",
    "Parameter",
    "UninitializedBuffer",
    "UninitializedParameter",
    "UninitializedTensorMixin",
    "is_lazy",
]


class Parameter(Tensor):
    """A tensor that is to be trained: a module registers it, an optimizer changes it.

    It shares memory with `data`, as in PyTorch.

    >>> import tinygrad_lite as torch
    >>> torch.nn.Parameter(torch.ones(2))
    Parameter containing:
    tensor([1., 1.], requires_grad=True)
    """

    def __new__(cls, data: Any = None, requires_grad: bool = True) -> Any:
        """Make `data` a leaf of its own."""
        if data is None:
            data = creation.empty((0,))
        if not isinstance(data, Tensor):
            raise TypeError(
                f"Parameter wants a tensor, got {type(data).__name__}: "
                "write nn.Parameter(torch.tensor(...))"
            )
        return become(data, cls).requires_grad_(requires_grad)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        """A parameter over a copy of the values; the gradient is not copied, as in PyTorch."""
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.detach().clone(), self.requires_grad)
        return memo[id(self)]

    def __repr__(self) -> str:
        return "Parameter containing:\n" + super().__repr__()


def become(data: Tensor, cls: type[Any]) -> Any:
    """A tensor of class `cls` over the memory of `data`, without its history."""
    made = data.detach()
    made.__class__ = cls
    return made


class _BufferMeta(type):
    """Makes `isinstance(x, Buffer)` ask for the mark that `Buffer` leaves on a tensor."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor) and bool(getattr(instance, "_is_buffer", False))


class Buffer(metaclass=_BufferMeta):
    """A tensor that a module registers as a buffer when it is assigned to an attribute."""

    def __new__(cls, data: Any = None, *, persistent: bool = True) -> Any:
        """Mark a tensor over the memory of `data`."""
        data = creation.empty((0,)) if data is None else data
        marked = data.detach().requires_grad_(data.requires_grad)
        marked._is_buffer, marked.persistent = True, persistent
        return marked


class UninitializedTensorMixin:
    """A tensor whose shape is not known yet: `materialize(shape)` gives it memory."""

    cls_to_become: Any = Parameter
    _grad: Any
    _node: Any
    _view: Any

    def materialize(self, shape: tuple[int, ...], device: Any = None, dtype: Any = None) -> None:
        """Become an ordinary tensor of `shape`, with arbitrary contents."""
        own = self.__dict__
        wanted = own.pop("_requires_grad")
        dtype = own.pop("_dtype") if dtype is None else dtype
        own.pop("_dtype", None)
        self.__class__ = self.cls_to_become
        fresh = creation.empty(tuple(shape), device=device, dtype=dtype)
        with no_grad():
            self._array, self._node, self._grad, self._view = fresh._array, None, None, None
        self.requires_grad_(wanted)

    @property
    def _array(self) -> Any:
        raise ValueError(
            "Attempted to use an uninitialized parameter. It gets its shape from the first input: "
            "call the module once with a dummy batch before using its parameters."
        )

    @_array.setter
    def _array(self, array: Any) -> None:
        raise ValueError("an uninitialized parameter is given its memory by materialize(shape)")

    @property
    def shape(self) -> Any:
        """Raises: there is none yet."""
        raise RuntimeError(
            "Can't access the shape of an uninitialized parameter or buffer. This error usually "
            "happens in `load_state_dict` when trying to load an uninitialized parameter into an "
            "initialized one. Call `forward` to initialize the parameters before accessing their "
            "attributes."
        )

    @property
    def dtype(self) -> Any:
        """The dtype it will have."""
        return self.__dict__["_dtype"]

    @property
    def requires_grad(self) -> bool:
        """Whether it will want a gradient."""
        return bool(self.__dict__["_requires_grad"])

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        self.__dict__["_requires_grad"] = wanted

    def requires_grad_(self, requires_grad: bool = True) -> Any:
        """Say whether it will want a gradient."""
        self.__dict__["_requires_grad"] = requires_grad
        return self

    @property
    def data(self) -> Any:
        """An empty tensor of its dtype; conversions of the module act on this."""
        return creation.empty((0,), dtype=self.dtype)

    @data.setter
    def data(self, converted: Any) -> None:
        self.__dict__["_dtype"] = converted.dtype

    @property
    def grad(self) -> Any:
        """None: there is none yet."""
        return None

    @grad.setter
    def grad(self, value: Any) -> None:
        if value is not None:
            raise ValueError("an uninitialized parameter has no gradient")

    @property
    def grad_fn(self) -> None:
        """None: it was not computed."""
        return

    def detach(self) -> Any:
        """Itself: there is no memory to share yet."""
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if id(self) not in memo:
            memo[id(self)] = _uninitialized(type(self), self.dtype, self.requires_grad)
        return memo[id(self)]

    def __reduce_ex__(self, protocol: Any) -> Any:
        return _uninitialized, (type(self), self.dtype, self.requires_grad)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


def _uninitialized(cls: type[Any], dtype: Any, requires_grad: bool) -> Any:
    made = object.__new__(cls)
    made._node = made._view = None
    made.__dict__.update(_dtype=dtype, _requires_grad=requires_grad)
    return made


class UninitializedParameter(UninitializedTensorMixin, Parameter):
    """A parameter that gets its shape later."""

    def __new__(cls, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> Any:
        """Remember the dtype."""
        empty = creation.empty((0,), device=device, dtype=dtype, requires_grad=requires_grad)
        return _uninitialized(cls, empty.dtype, requires_grad)


class UninitializedBuffer(UninitializedTensorMixin, Tensor):
    """A buffer that gets its shape later."""

    cls_to_become = Tensor

    def __new__(
        cls,
        requires_grad: bool = False,
        device: Any = None,
        dtype: Any = None,
        persistent: bool = True,
    ) -> Any:
        """Remember the dtype."""
        dtype = creation.empty((0,), device=device, dtype=dtype).dtype
        made = _uninitialized(cls, dtype, requires_grad)
        made._is_buffer, made.persistent = True, persistent
        return made


def is_lazy(tensor: Any) -> bool:
    """Whether the shape of `tensor` is not known yet."""
    return isinstance(tensor, UninitializedTensorMixin)
