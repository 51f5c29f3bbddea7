"""The structure around the tensors of a file, as JSON.

Every part is a dict with one entry that names its kind; tensors stand under the names of their
places, such as `optimizer.state.0.exp_avg`. What has no place in it raises `NotPlainError`.
"""

from __future__ import annotations

import base64
from collections import Counter, OrderedDict, defaultdict
from typing import Any

import numpy as np

from .._creation import from_numpy
from .._device import device
from .._dtypes import DTYPES, dtype
from .._size import Size
from .._tensor import Tensor
from ..nn.parameter import Parameter
from ._layout import NAMES

__all__ = ["NotPlainError", "build", "describe"]

PLAIN = (bool, int, float, str)
TENSORS = (Tensor, Parameter)
MAPPINGS: dict[type, str] = {
    dict: "dict", OrderedDict: "ordered", Counter: "counter", defaultdict: "defaultdict",
}  # fmt: skip
SEQUENCES: dict[type, str] = {
    list: "list", tuple: "tuple", set: "set", frozenset: "frozenset", Size: "size",
}  # fmt: skip
FACTORIES: dict[Any, str] = {list: "list", dict: "dict", int: "int", float: "float", set: "set"}
MAKERS: dict[str, Any] = {
    **{kind: made for made, kind in MAPPINGS.items()},
    **{kind: made for made, kind in SEQUENCES.items()},
}


class NotPlainError(TypeError):
    """An object that cannot be written down as tensors, numbers, texts and containers."""


class Description:
    """One structure being written down: its arrays by name, and the memory seen so far."""

    def __init__(self) -> None:
        self.arrays: dict[str, np.ndarray[Any, Any]] = {}
        self.seen: dict[Any, str] = {}
        self.open: set[int] = set()

    def of(self, obj: Any, path: str) -> Any:
        """`obj` as JSON."""
        kind = type(obj)
        if kind in TENSORS:
            return self._tensor(obj, path)
        if kind is np.ndarray or isinstance(obj, np.generic):
            word = "array" if kind is np.ndarray else "scalar"
            return {word: self._enter(np.asarray(obj), path)}
        if obj is None or kind in PLAIN:
            return {"value": obj}
        if kind in MAPPINGS or kind in SEQUENCES:
            return self._container(obj, path)
        return _rare(obj, path)

    def _container(self, obj: Any, path: str) -> Any:
        if id(obj) in self.open:
            raise NotPlainError(f"save: {path or 'the object'} contains itself")
        self.open.add(id(obj))
        kind = type(obj)
        if kind in SEQUENCES:
            made = {SEQUENCES[kind]: [self.of(v, _below(path, i)) for i, v in enumerate(obj)]}
        else:
            made = self._mapping(obj, path)
        self.open.discard(id(obj))
        return made

    def _mapping(self, obj: Any, path: str) -> Any:
        items = [[self._key(k, path), self.of(v, _below(path, k))] for k, v in obj.items()]
        made: dict[str, Any] = {MAPPINGS[type(obj)]: items}
        if isinstance(obj, OrderedDict) and vars(obj):  # the versions in a module's state dict
            made["attributes"] = self.of(vars(obj), _below(path, "attributes"))
        if isinstance(obj, defaultdict) and obj.default_factory is not None:
            if obj.default_factory not in FACTORIES:
                raise NotPlainError(
                    f"save: {path or 'a defaultdict'} makes its values by a function"
                )
            made["factory"] = FACTORIES[obj.default_factory]
        return made

    def _key(self, key: Any, path: str) -> Any:
        if key is None or type(key) in PLAIN:
            return key
        if type(key) is tuple:
            parts = [self._key(part, path) for part in key]
            return {"tuple": [p if isinstance(p, dict) else {"value": p} for p in parts]}
        raise NotPlainError(f"save: a key of type {type(key).__name__}{_at(path)}")

    def _tensor(self, tensor: Any, path: str) -> Any:
        array = np.asarray(tensor._array)
        key = (array.__array_interface__["data"], array.shape, array.strides, array.dtype.str)
        name = self._enter(array, path)
        made: dict[str, Any] = {"tensor": name}
        if array.size:
            first = self.seen.setdefault(key, name)
            if first != name:
                made["shares"] = first  # tied weights stay tied
        if tensor.requires_grad:
            made["grad"] = True
        if type(tensor) is Parameter:
            made["parameter"] = True
        return made

    def _enter(self, array: np.ndarray[Any, Any], path: str) -> str:
        name = path or "tensor"
        while name in self.arrays or name == "__metadata__":
            name += "_"
        if array.dtype.name not in NAMES:
            raise NotPlainError(f"save: {path or 'the array'} has type {array.dtype}")
        self.arrays[name] = array
        return name


def _below(path: str, part: Any) -> str:
    return f"{path}.{part}" if path else str(part)


def _at(path: str) -> str:
    return f" at {path}" if path else ""


def _rare(obj: Any, path: str) -> Any:
    kind = type(obj)
    if kind is dtype:
        return {"dtype": obj.name}
    if kind is device:
        return {"device": str(obj)}
    if kind is bytes:
        return {"bytes": base64.b64encode(obj).decode()}
    if kind is complex:
        return {"complex": [obj.real, obj.imag]}
    if kind in {slice, range}:
        return {kind.__name__: [obj.start, obj.stop, obj.step]}
    raise NotPlainError(f"save: cannot write {kind.__module__}.{kind.__qualname__}{_at(path)}")


def describe(obj: Any) -> tuple[Any, dict[str, np.ndarray[Any, Any]]]:
    """`obj` as JSON, and the arrays in it by name."""
    description = Description()
    return description.of(obj, ""), description.arrays


def build(tree: Any, arrays: dict[str, Any]) -> Any:
    """The structure that a JSON tree describes."""
    kind, value = next(iter(tree.items()))
    if kind == "value":
        return value
    if kind == "tensor":
        return _built_tensor(tree, arrays)
    if kind in {"array", "scalar"}:
        return arrays[value] if kind == "array" else arrays[value][()]
    if kind in MAPPINGS.values():
        return _built_mapping(kind, tree, arrays)
    if kind in SEQUENCES.values():
        return MAKERS[kind](build(v, arrays) for v in value)
    return RARE[kind](value)


def _built_tensor(tree: Any, arrays: dict[str, Any]) -> Any:
    tensor = from_numpy(arrays[tree.get("shares", tree["tensor"])])
    if tree.get("parameter"):
        return Parameter(tensor, requires_grad=bool(tree.get("grad")))
    return tensor.requires_grad_() if tree.get("grad") else tensor


def _built_mapping(kind: str, tree: Any, arrays: dict[str, Any]) -> Any:
    made = MAKERS[kind]()
    for key, value in tree[kind]:
        made[build(key, arrays) if isinstance(key, dict) else key] = build(value, arrays)
    if "attributes" in tree:
        vars(made).update(build(tree["attributes"], arrays))
    if "factory" in tree:
        made.default_factory = {name: f for f, name in FACTORIES.items()}[tree["factory"]]
    return made


RARE: dict[str, Any] = {
    "dtype": DTYPES.__getitem__,
    "device": device,
    "bytes": base64.b64decode,
    "complex": lambda parts: complex(*parts),
    "slice": lambda parts: slice(*parts),
    "range": lambda parts: range(*parts),
}
