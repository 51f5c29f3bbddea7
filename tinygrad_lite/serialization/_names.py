"""The names that a pickle may use, and what they build.

They are those of tensors, of NumPy's arrays and of plain containers. Whoever trusts a class adds it
with `add_safe_globals`.
"""

from __future__ import annotations

import pickle
import re
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .._device import device
from .._dtypes import DTYPES
from .._size import Size
from .._tensor import Tensor
from ..nn.parameter import Parameter
from ._machine import Name
from ._storage import KINDS, NARROW, rebuild

__all__ = [
    "SAFE", "add_safe_globals", "adopt", "clear_safe_globals", "find", "foreign",
    "get_safe_globals", "safe_globals",
]  # fmt: skip

SAFE: dict[str, Any] = {}
"""What users trust, by its full name."""

NUMPY_TYPE = re.compile(r"[<>|=]?([?bfiu]|[fiu][1248]|b1|[SUaV]\d{1,6}|[mM]8(\[\w+\])?)")
REMEDY = (
    "Weights only load failed: Unsupported global: GLOBAL {name} was not an allowed global by "
    "default: loading it could run code that the file brings along. If you trust its source, read "
    "it with torch.load(..., weights_only=False), or allow this name with "
    "torch.serialization.add_safe_globals([{short}]) where it is a class. To be safe, save "
    "state_dict() rather than the object."
)


# -- builders --------------------------------------------------------------------------------------


def _parameter(data: Any, requires_grad: Any = True, *more: Any) -> Any:
    return Parameter(data, requires_grad=bool(requires_grad))


def _of_type(make: Any, kind: Any, args: Any, state: Any) -> Any:
    """A tensor of a subclass becomes a plain one; its attributes are left out."""
    if not isinstance(make, Name) or make.make is None:
        raise TypeError("a tensor made by what makes none")
    return make.make(*args)


def _tensor(storage: Any, offset: Any, size: Any, stride: Any, *more: Any) -> Any:
    return rebuild(storage, offset, size, stride, *more[:2])


def _typed(
    storage: Any, offset: Any, size: Any, stride: Any, grad: Any, hooks: Any, kind: Any, *_: Any
) -> Any:
    return rebuild(storage, offset, size, stride, grad, hooks, kind)


def _wrapped(storage: Any, *_: Any, **__: Any) -> Any:
    return storage


def _device(kind: Any, index: Any = None) -> Any:
    return device(kind, index)


def _size(numbers: Any = ()) -> Size:
    return Size(numbers)


def _encoded(text: Any, encoding: Any = "utf-8") -> bytes:
    if encoding not in {"latin1", "utf-8", "ascii"} or not isinstance(text, str):
        raise ValueError(f"a text in {encoding!r}")
    return text.encode(encoding)


def _default(factory: Any = None) -> Any:
    plain = {"list": list, "dict": dict, "int": int, "float": float, "set": set}
    if factory is not None and not (isinstance(factory, Name) and factory.name[9:] in plain):
        raise ValueError(f"a defaultdict of {factory!r}")
    return defaultdict(None if factory is None else plain[factory.name[9:]])


def _listed(kind: type) -> Callable[..., Any]:
    def make(values: Any = ()) -> Any:
        if not isinstance(values, (list, tuple, set, frozenset, dict, bytes, str, int, float)):
            raise TypeError(f"a {kind.__name__} of {type(values).__name__}")
        if kind is bytearray and isinstance(values, int):
            raise TypeError("a bytearray of a length")
        return kind(values)

    return make


def _numpy_type(text: Any, *_: Any) -> np.dtype[Any]:
    if not isinstance(text, str) or not NUMPY_TYPE.fullmatch(text):
        raise ValueError(f"an array of type {text!r}")
    return np.dtype(text, copy=True)


def _empty_array(kind: Any, shape: Any = (0,), code: Any = b"b", *_: Any) -> Any:
    return np.ndarray((0,), "b")


def _scalar(kind: Any, content: Any = b"") -> Any:
    return np.frombuffer(_plain_bytes(content), _plain_type(kind), 1)[0]


def _from_buffer(content: Any, kind: Any, shape: Any, order: Any, *_: Any) -> Any:
    found = np.frombuffer(content, _plain_type(kind))
    return found.reshape(shape, order="F" if order == "F" else "C").copy()


def _plain_type(kind: Any) -> np.dtype[Any]:
    if not isinstance(kind, np.dtype) or kind.hasobject or kind.fields is not None:
        raise ValueError(f"an array of type {kind!r}")
    return kind


def _plain_bytes(content: Any) -> bytes:
    if isinstance(content, str):  # Python 2 wrote bytes so
        content = content.encode("latin1")
    if not isinstance(content, (bytes, bytearray)):
        raise TypeError(f"an array of {type(content).__name__}")
    return bytes(content)


def _fill_array(array: Any, state: Any) -> None:
    """Give an empty array its shape, type and content, after a look at all three."""
    version, shape, kind, in_columns, content = state if len(state) == 5 else (1, *state)
    kind, content = _plain_type(kind), _plain_bytes(content)
    if not all(type(n) is int and n >= 0 for n in shape):
        raise ValueError(f"an array of shape {shape}")
    array.__setstate__((version, tuple(shape), kind, bool(in_columns), content))


def _finish_type(kind: Any, state: Any) -> None:
    """Set the byte order of a type; named and nested ones are refused."""
    plain = kind.kind in "fiubSUV" and len(state) >= 8 and tuple(state[2:5]) == (None,) * 3
    if not plain or state[1] not in {"<", ">", "|", "="}:
        raise ValueError(f"a type in the state {state!r}")
    kind.__setstate__((3, state[1], None, None, None, *state[5:8]))


# -- the table -------------------------------------------------------------------------------------

REBUILD: dict[str, Callable[..., Any] | None] = {
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_tensor_v3": _typed,
    "torch._utils._rebuild_parameter": _parameter,
    "torch._utils._rebuild_parameter_with_state": _parameter,
    "torch._tensor._rebuild_from_type_v2": _of_type,
    "torch.storage.TypedStorage": _wrapped,
    "torch.storage._TypedStorage": _wrapped,
    "torch.Tensor": None,
    "torch._tensor.Tensor": None,
    "torch.nn.parameter.Parameter": None,
    "torch.device": _device,
    "torch.Size": _size,
    "collections.OrderedDict": lambda pairs=(): OrderedDict(pairs),
    "collections.Counter": lambda pairs=(): Counter(dict(pairs)),
    "collections.defaultdict": _default,
    "_codecs.encode": _encoded,
    "numpy.dtype": _numpy_type,
    "numpy.ndarray": None,
}  # fmt: skip
for _home in ("numpy.core", "numpy._core"):
    REBUILD[f"{_home}.multiarray._reconstruct"] = _empty_array
    REBUILD[f"{_home}.multiarray.scalar"] = _scalar
    REBUILD[f"{_home}.numeric._frombuffer"] = _from_buffer
for _home in ("builtins", "__builtin__"):
    for _kind in (set, frozenset, bytearray, list, dict, tuple, int, float, bool, complex, str):
        REBUILD[f"{_home}.{_kind.__name__}"] = _listed(_kind)
    REBUILD[f"{_home}.slice"] = slice
    REBUILD[f"{_home}.range"] = range
    REBUILD[f"{_home}.complex"] = complex

NAMES = {name: Name(name, make) for name, make in REBUILD.items()}
STORAGES = {
    f"{home}.{name}": Name(name)
    for home in ("torch", "torch.cuda", "torch.storage")
    for name in (*KINDS, "ComplexFloatStorage", "ComplexDoubleStorage", "QInt8Storage")
}
STORAGES.update({f"torch.{kind}": Name(kind) for kind in NARROW if kind != "bfloat16"})


def foreign(name: str) -> Any:
    """What a name of PyTorch's stands for: a token, a dtype, or None if it is none of these."""
    if name.startswith("torch.") and name[6:] in DTYPES:
        return DTYPES[name[6:]]
    return NAMES.get(name) or STORAGES.get(name)


def find(module: str, name: str) -> Any:
    """What a name may stand for; UnpicklingError for all others."""
    full = f"{module}.{name}"
    found = foreign(full)
    if found is not None:
        return found
    if full in SAFE:
        trusted = SAFE[full]
        return Name(full, trusted, lambda *args: trusted.__new__(trusted, *args))
    raise pickle.UnpicklingError(REMEDY.format(name=full, short=name))


def adopt(target: Any, state: Any) -> None:
    """Give an object that a pickle has made its state."""
    kind = type(target)
    if kind is np.ndarray:
        _fill_array(target, state)
    elif isinstance(target, np.dtype):
        _finish_type(target, state)
    elif kind is OrderedDict and isinstance(state, dict):
        vars(target).update(state)
    elif f"{kind.__module__}.{kind.__qualname__}" in SAFE:
        _adopt_trusted(target, state)
    elif kind in {Tensor, Parameter}:
        pass  # attributes of a tensor
    else:
        raise pickle.UnpicklingError(
            f"Weights only load failed: the pickle sets the state of a {kind.__name__}"
        )


def _adopt_trusted(target: Any, state: Any) -> None:
    if hasattr(target, "__setstate__"):
        target.__setstate__(state)
    elif isinstance(state, tuple) and len(state) == 2:  # what lies in slots
        for name, value in (state[1] or {}).items():
            setattr(target, name, value)
        vars(target).update(state[0] or {})
    else:
        vars(target).update(state)


# -- what users trust ------------------------------------------------------------------------------


def add_safe_globals(safe_globals: Iterable[Any]) -> None:
    """Let `load` make objects of these classes (or call these functions), as their files say."""
    for item in safe_globals:
        trusted, name = item if isinstance(item, tuple) else (item, None)
        SAFE[name or f"{trusted.__module__}.{trusted.__qualname__}"] = trusted


def get_safe_globals() -> list[Any]:
    """What was added by `add_safe_globals`."""
    return list(SAFE.values())


def clear_safe_globals() -> None:
    """Trust nothing of one's own any more."""
    SAFE.clear()


class safe_globals:  # noqa: N801 - PyTorch's spelling
    """Trust classes within a block: `with torch.serialization.safe_globals([Config]):`."""

    def __init__(self, safe_globals: Iterable[Any]) -> None:
        self.added, self.before = list(safe_globals), dict(SAFE)

    def __enter__(self) -> None:
        self.before = dict(SAFE)
        add_safe_globals(self.added)

    def __exit__(self, *exception: object) -> None:
        SAFE.clear()
        SAFE.update(self.before)


del _home, _kind
