"""Functionals written with tensor operations only, for the run that is exported.

Their counterparts in `nn.functional` work out places, masks or counts in NumPy, which is faster
and leaves no record. A twin computes the same values and is recorded to the last step; it does not
check what its counterpart checks.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

import numpy as np

from .._creation import arange, tensor, zeros
from .._functions import NAMES
from .._nodes import make
from .._tensor import Tensor
from ..nn.functional.activation import softmax
from ..ops import loss as losses
from ..ops.elementwise import where
from ..ops.gathering import gather
from ..ops.pooling import adaptive_bounds, unpool
from .errors import UnsupportedOperatorError

__all__ = ["TWINS"]

F = TypeVar("F", bound=Callable[..., Any])

TWINS: dict[str, Callable[..., Any]] = {}
"""The twin of a function taken whole, by the function's name."""

maximum, stack = NAMES["maximum"], NAMES["stack"]


def twin(function: F) -> F:
    """Register a twin under its own name."""
    TWINS[function.__name__] = function
    return function


def _is_true(mask: Any) -> bool:
    return str(getattr(mask, "dtype", "")).endswith("bool")


@twin
def _counted(index: Any, shape: tuple[int, ...], axis: int) -> Any:
    places = index if isinstance(index, Tensor) else make(index, None)
    return where(places < 0, places + (shape[axis] if shape else 1), places)._array


@twin
def _unit(x: Any, axis: int | None, eps: float) -> Any:
    return x / maximum(x.norm(dim=axis, keepdim=True), tensor(eps, dtype=x.dtype))


@twin
def _float_mask(mask: Any, like: Any) -> Any:
    if mask is None or not _is_true(mask):
        return mask
    return where(mask, -math.inf, zeros(1, dtype=like.dtype))


@twin
def _weights(scores: Any, mask: Any) -> Any:
    if mask is None:
        return softmax(scores, -1)
    mask = mask if isinstance(mask, Tensor) else tensor(mask)
    scores = where(mask, scores, -math.inf) if _is_true(mask) else scores + mask
    blind = (scores == -math.inf).all(dim=-1, keepdim=True)
    return where(blind, 0.0, softmax(where(blind, 0.0, scores), -1))


@twin
def _chosen(logs: Any, places: Any, weight: Any, ignore_index: int, reduction: str) -> Any:
    places, valid, counts = _counted_rows(logs, places, weight, ignore_index)
    found = -gather(logs, places.unsqueeze(1), axis=1).squeeze(1)
    return _summed(found * counts, valid, counts, reduction)


@twin
def _smooth(logs: Any, places: Any, weight: Any, ignore_index: int, reduction: str) -> Any:
    places, valid, counts = _counted_rows(logs, places, weight, ignore_index)
    each = logs if weight is None else logs * weight
    return _summed(-each.sum(1), valid, counts, reduction)


def _counted_rows(logs: Any, places: Any, weight: Any, ignore_index: int) -> Any:
    valid = places != ignore_index
    places = where(valid, places, 0)
    each = tensor(1.0, dtype=logs.dtype) if weight is None else weight[places]
    return places, valid, where(valid, each, tensor(0.0, dtype=logs.dtype))


def _summed(found: Any, valid: Any, counts: Any, reduction: str) -> Any:
    found = where(valid, found, tensor(0.0, dtype=found.dtype))
    if reduction == "none":
        return found
    return found.sum() / counts.sum() if reduction == "mean" else found.sum()


@twin
def gaussian_nll_loss(
    input: Any, target: Any, var: Any, full: bool = False, eps: float = 1e-6,
    reduction: str = "mean",
) -> Any:  # fmt: skip
    spread = var if isinstance(var, Tensor) else tensor(float(var), dtype=input.dtype)
    if spread.ndim and spread.shape != input.shape and spread.shape == input.shape[:-1]:
        spread = spread.unsqueeze(-1)
    floor = maximum(spread, tensor(eps, dtype=spread.dtype))
    error = input - target
    loss = (floor.log() + error * error / floor) * 0.5
    if full:
        loss = loss + 0.5 * math.log(2 * math.pi)
    return losses.reduced(loss, reduction)


@twin
def one_hot(tensor: Any, num_classes: int = -1) -> Any:
    if num_classes == -1:
        raise UnsupportedOperatorError(
            "onnx.export: one_hot without num_classes: the width of the result would depend on the "
            "values of the input; name the number of classes"
        )
    return (tensor.unsqueeze(-1) == arange(num_classes)).long()


def _reduction(size_average: Any, reduce: Any, reduction: str) -> str:
    if size_average is None and reduce is None:
        return reduction
    if reduce is False:
        return "none"
    return "sum" if size_average is False else "mean"


@twin
def multi_margin_loss(
    input: Any, target: Any, p: int = 1, margin: float = 1.0, weight: Any = None,
    size_average: Any = None, reduce: Any = None, reduction: str = "mean",
) -> Any:  # fmt: skip
    rows = input if input.ndim > 1 else input.reshape(1, -1)
    places = target.reshape(-1)
    classes = rows.shape[1]
    others = places.unsqueeze(1) != arange(classes)
    found = (margin - gather(rows, places.unsqueeze(1), axis=1) + rows).relu()
    found = found * found if p == 2 else found
    if weight is not None:
        found = found * weight[places].unsqueeze(1)
    loss = where(others, found, tensor(0.0, dtype=rows.dtype)).sum(1) / classes
    kind = _reduction(size_average, reduce, reduction)
    return loss.reshape(target.shape) if kind == "none" else losses.reduced(loss, kind)


@twin
def multilabel_margin_loss(
    input: Any, target: Any, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
) -> Any:
    flat = input.ndim < 2
    rows = input.reshape(1, -1) if flat else input
    places = target.reshape(1, -1) if flat else target
    classes = rows.shape[1]
    listed = (places < 0).long().cumsum(1) == 0
    places = where(listed, places, 0)
    named = ((places.unsqueeze(2) == arange(classes)) & listed.unsqueeze(2)).any(1)
    chosen = gather(rows, places, axis=1)
    pairs = (1 - chosen.unsqueeze(2) + rows.unsqueeze(1)).relu()
    counted = listed.unsqueeze(2) & ~named.unsqueeze(1)
    loss = where(counted, pairs, tensor(0.0, dtype=rows.dtype)).sum((1, 2)) / classes
    kind = _reduction(size_average, reduce, reduction)
    if kind == "none":
        return loss.reshape(()) if flat else loss
    return losses.reduced(loss, kind)


@twin
def embedding_bag(
    input: Any, weight: Any, offsets: Any = None, max_norm: Any = None, norm_type: float = 2,
    scale_grad_by_freq: bool = False, mode: str = "mean", sparse: bool = False,
    per_sample_weights: Any = None, include_last_offset: bool = False, padding_idx: Any = None,
) -> Any:  # fmt: skip
    if max_norm is not None:
        raise UnsupportedOperatorError("onnx.export: embedding_bag with max_norm changes its table")
    if padding_idx is not None:
        padding_idx %= weight.shape[0]
    if input.ndim == 2:
        return _bags_of_rows(input, weight, per_sample_weights, mode, padding_idx)
    return _bags_at(
        input, weight, offsets[:-1] if include_last_offset else offsets, per_sample_weights, mode,
        padding_idx,
    )  # fmt: skip


def _bags_of_rows(input: Any, weight: Any, factors: Any, mode: str, padding: Any) -> Any:
    """Bags that are the rows of a matrix."""
    rows = weight[input]
    if factors is not None:
        rows = rows * factors.unsqueeze(-1)
    if padding is None:
        return {"sum": rows.sum, "mean": rows.mean, "max": rows.amax}[mode](1)
    held = (input != padding).unsqueeze(-1)
    return _pooled(rows, held, mode, 1)


def _pooled(rows: Any, held: Any, mode: str, axis: int) -> Any:
    """The rows that are held, summed, averaged or compared; 0 where none is."""
    zero = tensor(0.0, dtype=rows.dtype)
    if mode == "max":
        best = where(held, rows, tensor(-math.inf, dtype=rows.dtype)).amax(axis)
        return where(held.any(axis), best, zero)
    total = where(held, rows, zero).sum(axis)
    if mode == "sum":
        return total
    count = held.long().sum(axis)
    return total / maximum(count, tensor(1)).to(total.dtype)


def _bags_at(input: Any, weight: Any, starts: Any, factors: Any, mode: str, padding: Any) -> Any:
    """Bags that begin at places of one row: a table of which element is in which bag."""
    rows = weight[input]
    if factors is not None:
        rows = rows * factors.unsqueeze(-1)
    places = arange(input.shape[0])
    begun = (places >= starts.unsqueeze(1)).long()  # (bags, elements)
    held = begun.sum(0) == arange(1, starts.shape[0] + 1).unsqueeze(1)
    # of bags that begin at one place, only the last holds anything
    if padding is not None:
        held = held & (input != padding)
    return _pooled(rows.unsqueeze(0), held.unsqueeze(-1), mode, 1)


@twin
def _adaptive_max_pool(axes: int, input: Any, output_size: Any, return_indices: bool) -> Any:
    sizes = output_size if isinstance(output_size, (tuple, list)) else (output_size,) * axes
    size = tuple(int(n) for n in input.shape[-axes:])
    outs = tuple(n if m is None else int(m) for m, n in zip(sizes, size, strict=True))
    starts, ends = adaptive_bounds(size, outs)
    values, places = [], []
    for bounds in zip(*starts, *ends, strict=True):
        box = tuple(
            slice(int(low), int(high))
            for low, high in zip(bounds[:axes], bounds[axes:], strict=True)
        )
        part = input[(..., *box)]
        flat = part.reshape((*part.shape[:-axes], math.prod(part.shape[-axes:])))
        best, at = flat.max(dim=-1)
        values.append(best)
        if return_indices:
            grid = np.arange(math.prod(size)).reshape(size)[box].reshape(-1)
            places.append(tensor(grid)[at])
    shape = (*input.shape[:-axes], *outs)
    pooled = stack(values, -1).reshape(shape)
    return (pooled, stack(places, -1).reshape(shape)) if return_indices else pooled


@twin
def _max_unpool(
    axes: int, input: Any, indices: Any, kernel_size: Any, stride: Any, padding: Any,
    output_size: Any,
) -> Any:  # fmt: skip
    spread = [
        v if isinstance(v, (tuple, list)) else (v,) * axes
        for v in (kernel_size, kernel_size if stride is None else stride, padding)
    ]
    usual = tuple(
        (n - 1) * s + k - 2 * p for n, k, s, p in zip(input.shape[-axes:], *spread, strict=True)
    )
    outs = usual if output_size is None else tuple(output_size)[-axes:]
    lead = tuple(input.shape[:-axes])
    count = math.prod(input.shape[-axes:])
    flat = (x.reshape((*lead, count)) for x in (input, indices))
    return unpool(*flat, count=math.prod(outs)).reshape((*lead, *outs))


@twin
def _fractional(*args: Any, **keywords: Any) -> NoReturn:
    raise UnsupportedOperatorError(
        "onnx.export: fractional_max_pool draws its windows at random, for which ONNX has no "
        "counterpart; use max_pool or adaptive_max_pool in the exported model"
    )
