"""Tables of vectors looked up by number, and one-hot codes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._composite import composite
from ..._kernels import PLAIN
from ..._state import here
from ...ops import embedding as ops
from ...ops.elementwise import where
from ...ops.gathering import all_below, gather
from ...ops.indexing import index
from ...ops.reduction import sum as _sum
from ...ops.shape import reshape
from ._arguments import array_of, need_tensor, tensor_of

if TYPE_CHECKING:
    from ..._tensor import Tensor

__all__ = ["embedding", "embedding_bag", "one_hot"]

LARGE = 1 << 18  # elements of a table: 1 MB in float32


def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """The rows of `weight` that `input` names: (…) of whole numbers, (V, D) -> (…, D).

    Row `padding_idx` gets no gradient.  With `max_norm` the rows looked up are first shrunk in
    place to that norm.

    Differs from PyTorch: `sparse` changes nothing, gradients are dense.
    """
    padding = _check_table(input, weight, padding_idx)
    numbers, held = array_of(input), here.state.held
    if held is not None:
        return _lookup_held(weight, numbers, padding, held)  # type: ignore[no-any-return]
    if max_norm is not None:
        _shrink(weight, numbers, max_norm, norm_type)
    plain = input if here.state.watch is None else numbers  # as tensors recorded in short
    return ops.embedding.run(  # type: ignore[no-any-return]
        weight, plain, padding, bool(scale_grad_by_freq), _pays_as_rows(weight, numbers)
    )


def _lookup_held(weight: Any, numbers: Any, padding: int | None, held: dict[Any, Any]) -> Any:
    """The rows while gradients are checked: padding stays what it was when first looked up.

    No norm shrinks and no frequency divides then: neither is in the slope of what is looked up.
    """
    found = ops.embedding(weight, numbers)
    if padding is None:
        return found
    table = weight._array
    row = held.setdefault((table.shape, padding, numbers.tobytes()), np.array(table[padding]))
    return where((numbers == padding)[..., None], row.astype(table.dtype), found)


def _pays_as_rows(weight: Any, numbers: Any) -> bool:
    """Whether the gradient of a table is worth keeping as rows: it is large, and mostly zero."""
    return (
        weight._array.size >= LARGE
        and weight._array.shape[0] >= 4 * numbers.size
        and weight.is_leaf
        and not PLAIN
    )


def _check_table(input: Any, weight: Any, padding_idx: int | None) -> int | None:
    """The padding row counted from the front; an error for numbers outside the table."""
    need_tensor("embedding", input, "indices")
    need_tensor("embedding", weight, "weight")
    if weight.ndim != 2:
        raise RuntimeError("'weight' must be 2-D")
    numbers, rows = array_of(input), weight._array.shape[0]
    if numbers.dtype not in (np.int64, np.int32):
        raise RuntimeError(
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: "
            f"Long, Int; but got {input.dtype} instead: convert with .long()"
        )
    if numbers.size and not all_below(rows, numbers):
        wrong = numbers.min() if numbers.min() < 0 else numbers.max()
        place = [int(i) for i in np.argwhere(numbers == wrong)[0]]
        raise IndexError(
            f"index out of range in self: index {wrong} at {place}, but num_embeddings={rows} "
            f"allows 0..{rows - 1}: "
            + (
                f"use Embedding({int(wrong) + 1}, {weight.shape[1]}), or check the indices"
                if wrong > 0
                else "padding has a place of its own, such as padding_idx=0"
            )
        )
    if padding_idx is None:
        return None
    if not -rows <= padding_idx < rows:
        raise AssertionError("Padding_idx must be within num_embeddings")
    return padding_idx % rows  # type: ignore[no-any-return]


def _shrink(weight: Any, numbers: Any, max_norm: float, norm_type: float) -> None:
    """Bring the rows looked up to at most `max_norm`, in place and without history."""
    table, rows = weight._array, np.unique(numbers)
    norms = np.linalg.norm(table[rows], norm_type, axis=1)
    long = norms > max_norm
    factors = (max_norm / (norms[long] + 1e-7)).astype(table.dtype)
    table[rows[long]] *= factors[:, None]


@composite
def embedding_bag(
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """Sum, mean or maximum of the rows of `weight` that each bag names.

    Bags are the rows of a 2-D `input`, or the pieces of a 1-D one that begin at `offsets`.  Numbers
    equal to `padding_idx` do not count; empty bags give 0.
    """
    numbers, starts = _bags(input, offsets, include_last_offset)
    padding = _check_table(input, weight, padding_idx)
    if mode not in {"sum", "mean", "max"}:
        raise ValueError(f"mode has to be one of sum, mean or max, got {mode!r}")
    if mode == "max" and scale_grad_by_freq:
        raise ValueError("max mode does not support scaling the gradient by the frequency")
    if per_sample_weights is not None and mode != "sum":
        raise NotImplementedError(
            "embedding_bag: per_sample_weights was not None. per_sample_weights is only supported "
            f"for mode='sum' (got mode='{mode}')"
        )
    if per_sample_weights is not None and per_sample_weights.shape != input.shape:
        raise ValueError(
            "embedding_bag: If per_sample_weights is given, then it must have the same shape as "
            "the input"
        )
    checked = here.state.held is not None  # a gradient check holds still what has no slope
    if max_norm is not None and not checked:
        _shrink(weight, numbers, max_norm, norm_type)
    by_frequency = bool(scale_grad_by_freq) and not checked
    rows = ops.embedding(weight, numbers, padding_idx=padding, by_frequency=by_frequency)
    counted = np.ones(len(numbers), bool) if padding is None else numbers != padding
    places, held = _places(starts, len(numbers), counted)
    if per_sample_weights is not None:
        rows = rows * reshape(per_sample_weights, shape=(len(numbers), 1))
    return _pooled(rows, places, held, mode)  # type: ignore[no-any-return]


def _bags(input: Any, offsets: Any, include_last_offset: bool) -> tuple[Any, Any]:
    """All numbers in a row, and where each bag begins."""
    need_tensor("embedding_bag", input)
    numbers = array_of(input)
    if numbers.ndim == 2:
        if offsets is not None:
            raise ValueError("if input is 2D, then offsets has to be None")
        return numbers.reshape(-1), np.arange(numbers.shape[0]) * numbers.shape[1]
    if numbers.ndim != 1:
        raise ValueError(
            f"input has to be 1D or 2D Tensor, but got Tensor of dimension {numbers.ndim}"
        )
    if offsets is None:
        raise ValueError("offsets has to be a 1D Tensor but got None")
    starts = array_of(offsets)
    if starts.ndim != 1:
        raise ValueError("offsets has to be a 1D Tensor")
    if starts.size and starts[0] != 0:
        raise RuntimeError(
            "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from "
            f"position 0. However, got {starts[0]}"
        )
    if starts.size and starts[-1] > numbers.size:
        raise RuntimeError(
            f"offsets[-1] can not be greater than input's length {numbers.size} but got "
            f"offsets[-1] of {starts[-1]}"
        )
    return numbers, starts[:-1] if include_last_offset else starts


def _places(starts: Any, count: int, counted: Any) -> tuple[Any, Any]:
    """For each bag the rows it holds, filled up with row 0, and which of them count."""
    ends = np.append(starts[1:], count)
    widest = int((ends - starts).max(initial=0))
    places = starts[:, None] + np.arange(widest)
    held = places < ends[:, None]
    places = np.where(held, places, 0)
    if counted.size:
        held &= counted[places]
    return places, held


def _pooled(rows: Any, places: Any, held: Any, mode: str) -> Any:
    """The rows of each bag summed, averaged, or compared (bags, D)."""
    width = rows.shape[1]
    if not places.size:
        empty = np.zeros((places.shape[0], width), array_of(rows).dtype)
        return empty + _sum(rows) if rows.shape[0] == 0 else tensor_of(empty)
    bags = index(rows, key=places)
    if mode == "max":
        lows = np.where(held[..., None], array_of(bags), -np.inf)
        best = lows.argmax(axis=1)[:, None]
        values = reshape(gather(bags, best, axis=1), shape=(places.shape[0], width))
        return where(held.any(axis=1)[:, None], values, 0.0)
    total = _sum(where(held[..., None], bags, 0.0), axis=1)
    if mode == "sum":
        return total
    return total / np.maximum(held.sum(axis=1), 1)[:, None].astype(array_of(rows).dtype)


@composite
def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """1 at the class number, 0 elsewhere: (…) of whole numbers -> (…, num_classes)."""
    numbers = array_of(tensor)
    if numbers.dtype != np.int64:
        raise RuntimeError("one_hot is only applicable to index tensor: convert with .long()")
    if not numbers.size:
        if num_classes <= 0:
            raise RuntimeError("Can not infer total number of classes from empty tensor.")
        return tensor_of(np.zeros((*numbers.shape, num_classes), np.int64))
    if numbers.min() < 0:
        raise RuntimeError("Class values must be non-negative.")
    if num_classes == -1:
        num_classes = int(numbers.max()) + 1
    elif num_classes < 1:
        raise RuntimeError("num_classes should be positive")
    if numbers.max() >= num_classes:
        raise RuntimeError("Class values must be smaller than num_classes.")
    out = np.zeros((math.prod(numbers.shape), num_classes), np.int64)
    out[np.arange(len(out)), numbers.reshape(-1)] = 1
    return tensor_of(out.reshape(*numbers.shape, num_classes))
