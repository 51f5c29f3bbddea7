"""Reductions, products, sorting and counting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..._creation import from_numpy
from ..reading import READERS, Call, reads
from .names import F, T


def _reducer(function: Callable[..., Any]) -> Callable[..., Any]:
    def read(c: Call, x: Any, axes: Any = None) -> Any:
        chosen = c.ints("axes", axes)
        if not chosen:
            if c.get("noop_with_empty_axes", 0) and axes is None:
                return x
            if chosen == [] and c.get("noop_with_empty_axes", 0):
                return x
            chosen = list(range(x.ndim))
        keepdim = bool(c.get("keepdims", 1))
        if not chosen:
            return function(x.reshape((1,)), (0,), keepdim).reshape(())
        return function(x, tuple(a % x.ndim for a in chosen), keepdim)

    return read


def _over(function: Callable[..., Any], empty: float) -> Callable[..., Any]:
    """An extreme, also over nothing."""

    def run(x: Any, axes: Any, keepdim: bool) -> Any:
        if any(x.shape[a] == 0 for a in axes):
            shape = [1 if a in axes else n for a, n in enumerate(x.shape)]
            if not keepdim:
                shape = [n for a, n in enumerate(x.shape) if a not in axes]
            low = empty
            if x._array.dtype.kind == "b":
                low = empty > 0
            elif not x.is_floating_point():
                limits = np.iinfo(x._array.dtype)
                low = limits.max if empty > 0 else limits.min
            return T.full(tuple(shape), low, dtype=x.dtype)
        if x._array.dtype.kind == "b":
            return (T.any if empty < 0 else T.all)(x, axes, keepdim)
        return function(x, axes, keepdim)

    return run


def _product(x: Any, axes: Any, keepdim: bool) -> Any:
    for axis in sorted(axes, reverse=True):
        x = T.prod(x, axis, keepdim)
    return x


def _same(x: Any, found: Any) -> Any:
    return found.to(x.dtype)


READERS.update({
    "ReduceSum": _reducer(lambda x, a, k: _same(x, T.sum(x, a, k))),
    "ReduceMean": _reducer(T.mean),
    "ReduceMax": _reducer(_over(T.amax, -np.inf)),
    "ReduceMin": _reducer(_over(T.amin, np.inf)),
    "ReduceProd": _reducer(lambda x, a, k: _same(x, _product(x, a, k))),
    "ReduceL1": _reducer(lambda x, a, k: _same(x, T.sum(x.abs(), a, k))),
    "ReduceL2": _reducer(lambda x, a, k: T.sqrt(T.sum(x * x, a, k))),
    "ReduceLogSum": _reducer(lambda x, a, k: T.log(T.sum(x, a, k))),
    "ReduceLogSumExp": _reducer(T.logsumexp),
    "ReduceSumSquare": _reducer(lambda x, a, k: _same(x, T.sum(x * x, a, k))),
})  # fmt: skip


@reads("ArgMax", "ArgMin")
def read_place(c: Call, x: Any) -> Any:
    axis, keepdim = c.get("axis", 0) % x.ndim, bool(c.get("keepdims", 1))
    function = T.argmax if c.node.op == "ArgMax" else T.argmin
    if not c.get("select_last_index", 0):
        return function(x, axis, keepdim)
    return x.shape[axis] - 1 - function(T.flip(x, [axis]), axis, keepdim)


@reads("CumSum", "CumProd")
def read_running(c: Call, x: Any, axis: Any) -> Any:
    along = int(axis.item()) % x.ndim
    function = T.cumsum if c.node.op == "CumSum" else T.cumprod
    start = 0 if c.node.op == "CumSum" else 1
    if c.get("reverse", 0):
        x = T.flip(x, [along])
    out = function(x, along).to(x.dtype)
    if c.get("exclusive", 0):
        first = T.full_like(out.narrow(along, 0, 1), start)
        out = T.cat([first, out.narrow(along, 0, x.shape[along] - 1)], along)
    return T.flip(out, [along]) if c.get("reverse", 0) else out


@reads("TopK")
def read_topk(c: Call, x: Any, k: Any = None) -> Any:
    count = c.ints("k", k)
    count = count[0] if isinstance(count, list) else count
    axis, largest = c.get("axis", -1) % x.ndim, bool(c.get("largest", 1))
    places = T.argsort(x, axis, descending=largest, stable=True).narrow(axis, 0, count)
    return T.gather(x, axis, places), places


@reads("NonZero")
def read_nonzero(c: Call, x: Any) -> Any:
    return from_numpy(np.array(np.nonzero(x._array), np.int64))


@reads("Unique")
def read_unique(c: Call, x: Any) -> Any:
    array, axis = x._array, c["axis"]
    values, first, inverse, counts = np.unique(
        array, return_index=True, return_inverse=True, return_counts=True, axis=axis
    )
    inverse = inverse.reshape(-1)
    if not c.get("sorted", 1):
        order = np.argsort(first)
        values = np.take(values, order, axis=0 if axis is None else axis)
        back = np.argsort(order)
        first, counts, inverse = first[order], counts[order], back[inverse]
    found = (values, first.astype(np.int64), inverse.astype(np.int64), counts.astype(np.int64))
    return tuple(from_numpy(np.ascontiguousarray(f)) for f in found[: c.count])


@reads("Einsum")
def read_einsum(c: Call, *xs: Any) -> Any:
    return T.einsum(c["equation"], *xs)


@reads("MatMul")
def read_matmul(c: Call, x: Any, y: Any) -> Any:
    return T.matmul(x, y)


@reads("Gemm")
def read_gemm(c: Call, x: Any, y: Any, bias: Any = None) -> Any:
    alpha, beta = c.get("alpha", 1.0), c.get("beta", 1.0)
    x = x.t() if c.get("transA", 0) else x
    turned = c.get("transB", 0)
    if bias is None or beta == 0:
        out = x @ (y.t() if turned else y)
        return out if alpha == 1 else out * alpha
    if turned and alpha == beta == 1 and bias.ndim == 1 and bias.shape[0] == y.shape[0]:
        return F.linear(x, y, bias)
    out = x @ (y.t() if turned else y)
    out = out if alpha == 1 else out * alpha
    return out + (bias if beta == 1 else bias * beta)
