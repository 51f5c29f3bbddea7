"""Putting samples together into a batch."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any

import numpy as np

from ..._dtypes import get_default_dtype
from ..._nodes import make
from ..._tensor import Tensor
from ...ops.shape import stack

__all__ = ["collate", "default_collate", "default_collate_fn_map", "default_convert"]

_EXPECTED = "batch must contain tensors, numpy arrays, numbers, dicts or lists"


def default_convert(data: Any) -> Any:
    """Turn the NumPy arrays in a sample into tensors; everything else stays as it is."""
    if isinstance(data, Tensor):
        return data
    if isinstance(data, (np.ndarray, np.generic)):
        return make(np.asarray(data), None) if data.dtype.kind not in "USO" else data
    if isinstance(data, Mapping):
        return _like_mapping(data, {key: default_convert(value) for key, value in data.items()})
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*map(default_convert, data))
    if isinstance(data, tuple):
        return [default_convert(item) for item in data]
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        return _like_sequence(data, [default_convert(item) for item in data])
    return data


def default_collate(batch: Sequence[Any]) -> Any:
    """Put samples together: tensors and arrays are stacked, numbers become a tensor.

    Tuples, dicts and lists of such are put together member by member, strings stay a list.
    Python floats give float64, integers int64, as in PyTorch.

    Errors: RuntimeError when two samples have different shapes, TypeError for other contents.

    >>> default_collate([(1, 0.5), (2, 1.5)])
    [tensor([1, 2]), tensor([0.5000, 1.5000], dtype=torch.float64)]
    """
    first = batch[0]
    for i, sample in enumerate(batch):
        if sample is None:
            raise TypeError(
                f"default_collate: {_EXPECTED}; found {type(None)} at entry {i}: does __getitem__ "
                "return its sample? To leave samples out, drop them in a collate_fn"
            )
    for kinds, collate in _BY_TYPE:
        if isinstance(first, kinds):
            return collate(batch)
    return _collate_members(batch, default_collate)


def collate(batch: Sequence[Any], *, collate_fn_map: Mapping[Any, Any] | None = None) -> Any:
    """Put samples together by a function for each type, called with the batch and the map.

    A sample's own type is looked up first, then the classes it is an instance of, in the map's
    order. Tuples, dicts and lists are put together member by member.
    """
    first = batch[0]
    functions = {} if collate_fn_map is None else collate_fn_map
    found = functions.get(type(first))
    if found is None:
        found = next((f for kinds, f in functions.items() if isinstance(first, kinds)), None)
    if found is not None:
        return found(batch, collate_fn_map=collate_fn_map)
    return _collate_members(batch, lambda part: collate(part, collate_fn_map=collate_fn_map))


def _collate_members(batch: Sequence[Any], put: Callable[[Any], Any]) -> Any:
    """Put the members of mappings and sequences together, each with `put`."""
    first = batch[0]
    if isinstance(first, Mapping):
        return _collate_mappings(batch, put)
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        return type(first)(*map(put, zip(*batch, strict=True)))
    if isinstance(first, Sequence):
        return _collate_sequences(batch, put)
    raise TypeError(f"default_collate: {_EXPECTED}; found {type(first)}")


def _collate_tensors(batch: Sequence[Tensor]) -> Any:
    if any(tensor.requires_grad for tensor in batch):
        return stack(*batch, axis=0)
    return make(_stack([tensor._array for tensor in batch]), None)


def _collate_arrays(batch: Sequence[Any]) -> Any:
    first = batch[0]
    if first.dtype.kind in "USO":
        raise TypeError(f"default_collate: {_EXPECTED}; found an array of dtype {first.dtype}")
    return make(_stack([np.asarray(item) for item in batch]), None)


def _stack(arrays: list[Any]) -> np.ndarray[Any, Any]:
    shape = arrays[0].shape
    for i, array in enumerate(arrays):
        if array.shape != shape:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(shape)} at entry 0 "
                f"and {list(array.shape)} at entry {i}: pad the samples in a collate_fn"
            )
    if not shape:  # numbers: np.stack takes five times as long
        dtype = np.result_type(*{array.dtype for array in arrays})
        return np.array([array.item() for array in arrays], dtype)
    return np.concatenate(arrays).reshape(len(arrays), *shape)


def _collate_mappings(batch: Sequence[Mapping[Any, Any]], put: Callable[[Any], Any]) -> Any:
    first = batch[0]
    return _like_mapping(first, {key: put([sample[key] for sample in batch]) for key in first})


def _collate_sequences(batch: Sequence[Sequence[Any]], put: Callable[[Any], Any]) -> Any:
    first = batch[0]
    lengths = [len(sample) for sample in batch]
    if len(set(lengths)) > 1:
        other = next(i for i, n in enumerate(lengths) if n != lengths[0])
        raise RuntimeError(
            "each element in list of batch should be of equal size: "
            f"sample 0 has {lengths[0]} elements, sample {other} has {lengths[other]}"
        )
    columns = [put(column) for column in zip(*batch, strict=True)]
    return columns if isinstance(first, tuple) else _like_sequence(first, columns)


def _like_mapping(model: Mapping[Any, Any], values: dict[Any, Any]) -> Any:
    """Return the values in a mapping of the same type, its other attributes kept."""
    if type(model) is dict:
        return values
    try:
        if isinstance(model, MutableMapping):
            result = copy.copy(model)
            result.update(values)
            return result
        return type(model)(values)  # type: ignore[call-arg]
    except TypeError:  # a type that cannot be built from a dict
        return values


def _like_sequence(model: Sequence[Any], values: list[Any]) -> Any:
    """Return the values in a sequence of the same type where it can be built."""
    if type(model) is list:
        return values
    try:
        if isinstance(model, MutableSequence):
            result = copy.copy(model)
            for i, value in enumerate(values):
                result[i] = value
            return result
        return type(model)(values)  # type: ignore[call-arg]
    except TypeError:  # such as range
        return values


def _collate_ints(batch: Sequence[Any]) -> Any:
    array = np.array(batch)
    if array.dtype.kind == "f":  # whole numbers and others: the default type, as tensor() has it
        array = array.astype(get_default_dtype().numpy)
    return make(array, None)


_BY_TYPE: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
    (Tensor, _collate_tensors),
    ((str, bytes), lambda batch: batch),
    ((np.ndarray, np.generic), _collate_arrays),
    (float, lambda batch: make(np.array(batch, np.float64), None)),
    (int, _collate_ints),
)

default_collate_fn_map: dict[Any, Callable[..., Any]] = {
    kinds: lambda batch, *, collate_fn_map=None, function=function: function(batch)
    for kinds, function in _BY_TYPE
}
