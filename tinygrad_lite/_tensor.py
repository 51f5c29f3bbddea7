"""The class users hold: an array, and the node that made it when a gradient is wanted.

Here is what every tensor is and does by itself: its attributes, Python's protocols, operators,
conversion and autograd.  The wide surface of methods is attached by `_functions`.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from . import _dtypes
from ._backward import backward_from
from ._device import device, the_cpu
from ._format import format_tensor
from ._inplace import set_items
from ._keys import restated, translate
from ._lift import lift_binary, lift_unary
from ._nodes import Leaf, introduce, make
from ._op import UFUNCS
from ._record import apply
from ._size import Size
from ._stamps import version
from ._walk import place_of
from .ops import elementwise as el
from .ops.indexing import index
from .ops.shape import transpose

__all__ = ["Tensor", "as_operand"]

NUMPY_FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.ndim: lambda a: a.ndim, np.shape: lambda a: a.shape, np.size: lambda a: a.numel(),
}  # fmt: skip
"""NumPy functions other than ufuncs that record when called on tensors, filled by `_functions`."""


class Tensor:
    """A multi-dimensional array that can record what is done with it.

    Slots: `_array` (an ndarray), `_node` (None when no gradient is wanted), `_grad` (a Tensor or
    None), `_view` (how it is a view of another tensor, or None) and `_family` (the count of
    changes that a viewed tensor shares with its views; unset on others).
    """

    __slots__ = ("__dict__", "__weakref__", "_array", "_family", "_grad", "_node", "_view")
    __array_priority__ = 1000
    __hash__ = object.__hash__

    _array: Any
    _grad: Tensor | None
    _node: Any
    _view: Any
    legacy: ClassVar[Callable[..., Any]]  # torch.Tensor(...), filled by `_creation`

    if TYPE_CHECKING:  # the methods that `_functions` attaches

        def __getattr__(self, name: str) -> Any: ...
        def __add__(self, other: Any) -> Any: ...
        def __radd__(self, other: Any) -> Any: ...
        def __sub__(self, other: Any) -> Any: ...
        def __rsub__(self, other: Any) -> Any: ...
        def __mul__(self, other: Any) -> Any: ...
        def __rmul__(self, other: Any) -> Any: ...
        def __truediv__(self, other: Any) -> Any: ...
        def __rtruediv__(self, other: Any) -> Any: ...
        def __floordiv__(self, other: Any) -> Any: ...
        def __rfloordiv__(self, other: Any) -> Any: ...
        def __mod__(self, other: Any) -> Any: ...
        def __rmod__(self, other: Any) -> Any: ...
        def __pow__(self, other: Any) -> Any: ...
        def __rpow__(self, other: Any) -> Any: ...
        def __matmul__(self, other: Any) -> Any: ...
        def __rmatmul__(self, other: Any) -> Any: ...
        def __and__(self, other: Any) -> Any: ...
        def __rand__(self, other: Any) -> Any: ...
        def __or__(self, other: Any) -> Any: ...
        def __ror__(self, other: Any) -> Any: ...
        def __xor__(self, other: Any) -> Any: ...
        def __rxor__(self, other: Any) -> Any: ...
        def __lshift__(self, other: Any) -> Any: ...
        def __rshift__(self, other: Any) -> Any: ...
        def __lt__(self, other: Any) -> Any: ...
        def __le__(self, other: Any) -> Any: ...
        def __gt__(self, other: Any) -> Any: ...
        def __ge__(self, other: Any) -> Any: ...
        def __neg__(self) -> Any: ...
        def __pos__(self) -> Any: ...
        def __abs__(self) -> Any: ...
        def __invert__(self) -> Any: ...

    def __new__(cls, *args: Any, **keywords: Any) -> Tensor:
        """Make a tensor as torch.Tensor does: of a shape, or of values; prefer torch.tensor."""
        made: Tensor = Tensor.legacy(*args, **keywords)
        return made if cls is Tensor else made.as_subclass(cls)

    # What it is

    @property
    def shape(self) -> Size:
        """The length of every axis."""
        return Size(self._array.shape)

    @property
    def dtype(self) -> _dtypes.dtype:
        """The element type."""
        return _dtypes.of(self._array.dtype)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self._array.ndim  # type: ignore[no-any-return]

    @property
    def device(self) -> device:
        """Always the CPU."""
        return the_cpu

    @property
    def requires_grad(self) -> bool:
        """Whether operations on this tensor are recorded for differentiation."""
        if self._view is not None:
            self._view.refresh(self)
        return self._node is not None

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        self.requires_grad_(wanted)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Say whether this leaf wants its gradient; only floating-point tensors can."""
        if requires_grad and self._node is None:
            if self._array.dtype.kind != "f":
                raise RuntimeError(
                    "only Tensors of floating point and complex dtype can require gradients, "
                    f"got {self.dtype!r}: convert it with .float()"
                )
            self._node = Leaf(self)
        elif not requires_grad and self._node is not None:
            if self._node.__class__ is not Leaf:
                raise RuntimeError(
                    "you can only change requires_grad flags of leaf variables. "
                    "If you want to use a computed variable in a subgraph that doesn't require "
                    "differentiation use var_no_grad = var.detach()."
                )
            self._node = None
        return self

    @property
    def is_leaf(self) -> bool:
        """Whether this tensor was made by the user and not by a recorded operation."""
        return self._node is None or self._node.__class__ is Leaf

    @property
    def grad_fn(self) -> Any:
        """The recorded operation that made this tensor, or None for leaves."""
        if self._view is not None:
            self._view.refresh(self)
        return None if self.is_leaf else self._node

    @property
    def grad(self) -> Tensor | None:
        """The gradient that backward() left here, or None."""
        if self._grad is None and not self.is_leaf:
            warnings.warn(
                "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its "
                ".grad attribute won't be populated during autograd.backward(). If you indeed "
                "want the .grad field to be populated for a non-leaf Tensor, use .retain_grad(). "
                f"This one was made by {self._node.op.name}{place_of(self._node)}: to update a "
                "weight, change the leaf itself, under torch.no_grad(), by w -= lr * w.grad.",
                UserWarning,
                stacklevel=2,
            )
        return self._grad

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None:
            _check_grad(self, value)
        self._grad = value

    @grad.deleter
    def grad(self) -> None:
        self._grad = None

    @property
    def data(self) -> Tensor:
        """The same memory without history."""
        return make(self._array, None)  # type: ignore[no-any-return]

    @data.setter
    def data(self, value: Tensor) -> None:
        if not isinstance(value, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(value).__name__}")
        self._array = value._array

    @property
    def _version(self) -> int:
        """How often this tensor's memory was changed in place."""
        return version(self._array)

    @property
    def T(self) -> Tensor:
        """The axes in reverse order; the transpose of a matrix."""
        return transpose.run(self, tuple(range(self._array.ndim))[::-1])  # type: ignore[no-any-return]

    # Leaving the graph

    def detach(self) -> Tensor:
        """The same memory without history; changes in place are seen by both."""
        return make(self._array, None)  # type: ignore[no-any-return]

    def item(self) -> Any:
        """The only element, as a Python number."""
        if self._array.size != 1:
            raise RuntimeError(
                f"a Tensor with {self._array.size} elements cannot be converted to Scalar: "
                f"item() needs exactly one element, got shape {list(self._array.shape)}"
            )
        return self._array.item()

    def tolist(self) -> Any:
        """The elements as nested lists of Python numbers."""
        return self._array.tolist()

    def numpy(self, *, force: bool = False) -> Any:
        """The array itself: memory is shared."""
        if self.requires_grad and not force:
            raise RuntimeError(
                "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() "
                "instead; for plotting or printing, compute under torch.no_grad()."
            )
        return self._array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        array = self.numpy()
        if dtype is not None and array.dtype != dtype:
            return array.astype(dtype)
        return array.copy() if copy else array

    # Autograd

    def backward(
        self,
        gradient: Tensor | None = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Any = None,
    ) -> None:
        """Add d(self)/d(leaf) to the `.grad` of every leaf that self was computed from.

        A tensor with several elements needs `gradient`, of its own shape.  The kept values are
        let go on the way unless `retain_graph`; under `create_graph` the gradients can be
        differentiated again.
        """
        backward_from([self], [gradient], retain_graph, create_graph, inputs)

    # Python's protocols

    def __len__(self) -> int:
        if not self._array.ndim:
            raise TypeError("len() of a 0-d tensor")
        return len(self._array)

    def __iter__(self) -> Iterator[Tensor]:
        if not self._array.ndim:
            raise TypeError("iteration over a 0-d tensor")
        return (self[i] for i in range(len(self._array)))

    def __bool__(self) -> bool:
        if self._array.size != 1:
            what = "no values" if not self._array.size else "more than one value"
            raise RuntimeError(f"Boolean value of Tensor with {what} is ambiguous")
        return bool(self._array.item())

    def __float__(self) -> float:
        return float(_only(self))

    def __int__(self) -> int:
        return int(_only(self))

    def __index__(self) -> int:
        if self._array.dtype.kind not in "iub" or self._array.size != 1:
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self._array.item())

    def __complex__(self) -> complex:
        return complex(_only(self))

    def __contains__(self, element: Any) -> bool:
        if not isinstance(element, (Tensor, int, float, bool)):
            raise RuntimeError(  # noqa: TRY004 - torch's class
                f"Tensor.__contains__ only supports Tensor or scalar, but you passed in a "
                f"{type(element)}."
            )
        other = element._array if isinstance(element, Tensor) else element
        return bool((self._array == other).any())

    def __repr__(self) -> str:
        return format_tensor(self)

    def __format__(self, spec: str) -> str:
        if not spec and (self._array.ndim or self.__class__ is not Tensor):
            return str(self)
        if self._array.ndim:
            raise TypeError("unsupported format string passed to Tensor.__format__")
        return format(self.item(), spec)

    def __getitem__(self, key: Any) -> Tensor:
        try:
            if key.__class__ is int:
                return index.run(self, (key, Ellipsis))  # type: ignore[no-any-return]
            basic, advanced = translate(key, self._array.ndim)
            found: Any = self
            if basic is not None:
                found = index.run(found, basic)
            return index.run(found, advanced) if advanced is not None else found  # type: ignore[no-any-return]
        except IndexError as error:
            raise restated(error, key, self._array.shape) from None

    def __setitem__(self, key: Any, value: Any) -> None:
        if not isinstance(value, (Tensor, int, float, bool, np.generic)):
            raise TypeError(
                f"can't assign a {type(value).__name__} to a {self.dtype!r} "
                "tensor: wrap it in torch.tensor(...)"
            )
        try:
            basic, advanced = translate(key, self._array.ndim)
            set_items(self, basic, advanced, value)
        except IndexError as error:
            raise restated(error, key, self._array.shape) from None

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        if not self.is_leaf:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy "
                "protocol at the moment: use x.detach().clone()"
            )
        if id(self) in memo:
            return memo[id(self)]  # type: ignore[no-any-return]
        made = object.__new__(self.__class__)
        made._array, made._view, made._node, made._grad = np.array(self._array), None, None, None
        memo[id(self)] = made
        if self._node is not None:
            made._node = Leaf(made)
        if self._grad is not None:
            made._grad = self._grad.__deepcopy__(memo)
        for name, value in self.__dict__.items():
            made.__dict__[name] = value
        return made

    def __reduce_ex__(self, protocol: Any) -> Any:
        return _rebuild, (
            self.__class__,
            np.asarray(self._array),
            self.requires_grad,
            self.__dict__,
        )

    # NumPy's protocols: np.exp(t), np.add(t, 1), np.concatenate([t, u]) record

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **keywords: Any) -> Any:
        if method == "__call__" and not keywords and ufunc in UFUNCS:
            return apply(UFUNCS[ufunc], tuple(as_operand(x) for x in inputs), {})
        found = NUMPY_FUNCTIONS.get((ufunc, method) if method != "__call__" else ufunc)
        if _recorded((inputs, keywords)):
            if found is None or "out" in keywords:
                name = ufunc.__name__ + ("" if method == "__call__" else f".{method}")
                raise _cut_error(name)
            return found(*map(_wrapped, inputs), **keywords)
        if found is not None and not any(isinstance(x, np.ndarray) for x in inputs):
            return found(*inputs, **keywords)
        result = getattr(ufunc, method)(*_plain(inputs), **_plain(keywords))
        return result if "out" in keywords else _wrapped(result)

    def __array_function__(self, function: Any, types: Any, args: Any, keywords: Any) -> Any:
        found = NUMPY_FUNCTIONS.get(function)
        if _recorded((args, keywords)):
            if found is None:
                raise _cut_error(function.__name__)
            return found(*args, **keywords)
        if found is not None:
            with contextlib.suppress(TypeError):  # arrays or lists beside the tensors
                return found(*args, **keywords)
        result = function(*_plain(args), **_plain(keywords))
        return _wrapped(result) if function in _METHODS else result


# NumPy functions that call a method of their argument and give its class back, as in PyTorch
_METHODS = {
    np.transpose, np.take, np.repeat, np.split, np.array_split, np.delete, np.insert, np.round,
    np.around, np.real, np.ptp, np.choose, np.argpartition,
}  # fmt: skip


def _recorded(value: Any) -> bool:
    """Say whether a tensor among arguments wants a gradient, which NumPy would lose."""
    if isinstance(value, Tensor):
        return value._node is not None
    if isinstance(value, dict):
        return any(map(_recorded, value.values()))
    return isinstance(value, (list, tuple)) and any(map(_recorded, value))


def _plain(value: Any) -> Any:
    """Return arguments with the arrays of their tensors."""
    if isinstance(value, Tensor):
        return np.asarray(value._array)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        items = map(_plain, value)
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    return value


def _wrapped(value: Any) -> Any:
    """Return a result of NumPy with its arrays as tensors."""
    if isinstance(value, (np.ndarray, np.generic)):
        return make(np.asarray(value), None)
    return [*map(_wrapped, value)] if isinstance(value, (list, tuple)) else value


def _cut_error(name: str) -> TypeError:
    return TypeError(
        f"np.{name} cannot be recorded on a tensor and would cut the graph: use the torch "
        "function, or t.detach().numpy()"
    )


def _only(tensor: Tensor) -> Any:
    """The only element, for Python's conversions."""
    if tensor._array.size != 1:
        raise ValueError(
            "only one element tensors can be converted to Python scalars, got shape "
            f"{list(tensor._array.shape)}: use .mean() or .sum(), or .tolist()"
        )
    return tensor.item()  # which explanations of lost gradients watch


def _rebuild(cls: type, array: Any, requires_grad: bool, attributes: dict[str, Any]) -> Tensor:
    made: Tensor = object.__new__(cls)
    made._array, made._node, made._grad, made._view = array, None, None, None
    if requires_grad:
        made._node = Leaf(made)
    made.__dict__.update(attributes)
    return made


def _check_grad(tensor: Tensor, value: Any) -> None:
    if not isinstance(value, Tensor):
        raise TypeError(
            f"assigned grad expected to be a Tensor or None but got grad of type "
            f"{type(value).__name__}"
        )
    if value is tensor:
        raise RuntimeError("can't assign Variable as its own grad")
    if value._array.shape != tensor._array.shape:
        raise RuntimeError(
            "assigned grad has data of a different size: "
            f"got {list(value._array.shape)}, expected {list(tensor._array.shape)}"
        )
    if value._array.dtype != tensor._array.dtype:
        raise RuntimeError(
            "assigned grad has data of a different type: "
            f"got {value.dtype!r}, expected {tensor.dtype!r}"
        )


def as_operand(x: Any) -> Any:
    """What stands beside a tensor in an expression: NumPy scalars are weak, like Python's."""
    return x.item() if isinstance(x, np.generic) else x


introduce(Tensor)

# Operators

OPERANDS = (Tensor, int, float, bool, np.ndarray, np.generic)


def _operators() -> None:
    """Give the class its arithmetic and comparisons.

    Operators that refuse some types are set where these checks are: `-` in `_functions/arithmetic`,
    those of bits in `_functions/pointwise`.
    """
    for name, op in {
        "add": el.add, "mul": el.mul, "truediv": el.div, "floordiv": el.floor_divide,
        "mod": el.remainder,
    }.items():  # fmt: skip
        written, reflected = lift_binary(op, OPERANDS)
        setattr(Tensor, f"__{name}__", written)
        setattr(Tensor, f"__r{name}__", reflected)
    for name in ("eq", "ne", "lt", "le", "gt", "ge"):
        setattr(Tensor, f"__{name}__", lift_binary(getattr(el, name), OPERANDS)[0])
    setattr(Tensor, "__abs__", lift_unary(el.abs))  # noqa: B010 - the class declares it a method


_operators()
