"""Samples of the operations that reduce, move, pick, multiply and solve; see `samples`."""

# ruff: noqa: E501 - a sample is one line

from __future__ import annotations

import math

import numpy as np

from tests.samples import NAN, add, draw, ints, mask, transposed
from tinygrad_lite._kernels.pooling import Window, strongest
from tinygrad_lite._kernels.resampling import Grid
from tinygrad_lite.ops.activation import log_softmax
from tinygrad_lite.ops.shape import transpose

# Reductions: over all axes, one, several, none left, empty

AXES = ((None, False), (0, True), (-1, False), ((0, 2), False), ((1,), True))
REDUCED = {
    "sum": (np.sum, "T.sum(x{})"), "mean": (np.mean, "T.mean(x{})"),
    "amax": (np.max, "T.amax(x{})"), "amin": (np.min, "T.amin(x{})"),
}  # fmt: skip


def dims(axis, keepdims):
    """PyTorch's words for an axis."""
    return "" if axis is None else f", dim={axis}, keepdim={keepdims}"


for _axis, _keep in AXES:
    x = draw("reduced", (2, 3, 2))
    both = {"axis": _axis, "keepdims": _keep}
    if _axis is None:
        both["keepdims"] = True
    words = dims(_axis, _keep)
    for _name, (_numpy, _torch) in REDUCED.items():
        add(_name, x, reference=lambda x, f=_numpy, k=both: f(x, **k),
            torch=None if _axis is None else _torch.format(words), **both)  # fmt: skip
    add("logsumexp", x, reference=lambda x, k=both: np.log(np.sum(np.exp(x), **k)), **both)
    if not isinstance(_axis, tuple):
        add("prod", x, reference=lambda x, k=both: np.prod(x, **k), **both)
    for _correction in (0, 1, 0.5):
        for _name in ("var", "std"):
            add(
                _name,
                x,
                correction=_correction,
                **both,
                torch=None if _axis is None else f"T.{_name}(x{words}, correction={_correction})",
            )
    for _p in (2.0, 1.0, 3.0, 0.5, math.inf, -math.inf, 0.0):
        add("norm", x + 0.137, p=_p, **both, torch=None if _axis is None else
            f"T.linalg.vector_norm(x, float('{_p}'){words})", smooth=_p != 0)  # fmt: skip
    for _name in ("any", "all"):
        add(_name, x > 0, reference=lambda x, n=_name, k=both: getattr(np, n)(x, **k), **both)
    add("count_nonzero", x > 0, reference=lambda x, k=both: np.sum(x != 0, **k), **both)
for _name in (*REDUCED, "logsumexp", "prod", "var", "std", "norm"):
    add(_name, draw("all", (3,)))
    add(_name, np.array(1.5), smooth=_name not in {"var", "std"})
for _name in ("sum", "mean", "prod", "norm", "logsumexp"):
    add(_name, np.zeros((0, 2)), axis=1)
for _name in ("amax", "amin"):
    add(_name, np.array([[1.0, 2, 2], [0, 0, 0]]), axis=1, torch=f"T.{_name}(x, 1)", smooth=False)
for _zeros in ([2.0, 0, 3], [0.0, 0, 3], [2.0, 1, 3]):
    add("prod", np.array(_zeros), torch="T.prod(x)")
    add("cumprod", np.array(_zeros), axis=0, torch="T.cumprod(x, 0)")
add("norm", np.zeros(3), torch="T.linalg.vector_norm(x)", smooth=False)
add("std", np.ones(3), torch="T.std(x)", smooth=False)
for _name in ("max", "min", "median", "nanmedian"):
    for _shape in ((), (5,), (2, 3)):
        add(_name, draw(_name, _shape), torch=f"T.{_name}(x)")
    add(_name, np.array([[2.0, 1, 1, 1], [2, 2, 1, 2]]), torch=f"T.{_name}(x)", smooth=False)
add("nanmedian", np.array([NAN, 2.0, 1.0]), torch="T.nanmedian(x)", smooth=False)
for _name in ("max_along", "min_along", "median_along", "nanmedian_along", "mode"):
    call = _name.removesuffix("_along")
    for _axis, _keep in ((0, False), (-1, True)):
        words = dims(_axis, _keep)
        add(_name, draw(_name, (3, 2)), axis=_axis, keepdims=_keep, torch=f"T.{call}(x{words})")
    ties = np.array([[1.0, 2, 2, 1], [3, 3, 3, 0]])
    add(_name, ties, axis=1, torch=f"T.{call}(x, 1)", smooth=False)
for _axis, _keep in ((None, False), (0, True), (1, False)):
    for _name in ("argmax", "argmin"):
        add(
            _name,
            draw(_name, (3, 4)),
            axis=_axis,
            keepdims=_keep,
            reference=lambda x, n=_name, a=_axis, k=_keep: getattr(np, n)(x, axis=a, keepdims=k),
        )
add("tie_share", np.array([[1.0, 2, 2]]), np.array([[2.0]]), axis=1,
    reference=lambda x, best: np.array([[0, 0.5, 0.5]]))  # fmt: skip

# Scans

for _axis in (0, 1):
    x, y = draw("scan", (3, 2)), draw("scanned", (3, 2), 0.2, 1.4)
    for _reverse in (False, True):
        turn = (lambda v, a=_axis: np.flip(v, a)) if _reverse else (lambda v: v)
        both = {"axis": _axis, "reverse": _reverse}
        add("cumsum", x, **both, reference=lambda x, t=turn, a=_axis: t(np.cumsum(t(x), a)))
        add("cumprod", x, **both, reference=lambda x, t=turn, a=_axis: t(np.cumprod(t(x), a)))
        add("logcumsumexp", x, **both,
            reference=lambda x, t=turn, a=_axis: t(np.log(np.cumsum(np.exp(t(x)), a))))  # fmt: skip
        add("recurrence", x, y, **both)
    for _name in ("cummax", "cummin"):
        add(_name, x, axis=_axis, torch=f"T.{_name}(x, {_axis})")
    for _by, _fill in ((1, 0), (-2, 3.0), (5, 1)):
        add("shift", x, axis=_axis, by=_by, fill=_fill)
add("cummax", np.array([1.0, 2, 2, 1]), axis=0, torch="T.cummax(x, 0)", smooth=False)
add("cummin", np.array([2.0, 1, 1, 2]), axis=0, torch="T.cummin(x, 0)", smooth=False)
add("recurrence", np.array([2.0, 0.5, 3.0]), np.array([1.0, 1.0, 1.0]), axis=0,
    reference=lambda a, b: np.array([1, 1.5, 5.5]))  # fmt: skip
for _name in ("cumsum", "cumprod", "logcumsumexp"):
    add(_name, np.array(0.7), axis=0)
    add(_name, np.zeros((0, 2)), axis=0)

# Order

for _axis in (0, -1):
    x = draw("order", (3, 4))
    for _down in (False, True):
        words = f"x, dim={_axis}, descending={_down}"
        add("sort", x, axis=_axis, descending=_down, torch=f"T.sort({words}, stable=True)")
        add("argsort", x, axis=_axis, descending=_down, torch=f"T.argsort({words}, stable=True)")
    for _large in (False, True):
        add("topk", x, k=2, axis=_axis, largest=_large, torch=f"T.topk(x, 2, {_axis}, {_large})")
    for _keep in (False, True):
        add(
            "kthvalue",
            x,
            k=2,
            axis=_axis,
            keepdims=_keep,
            torch=f"T.kthvalue(x, 2, {_axis}, {_keep})",
        )
add("sort", np.array([2.0, 1, 2, 1]), torch="T.sort(x, stable=True)", smooth=False)
add("searchsorted", np.array([1.0, 3, 5]), np.array([[0.0, 3.0, 6.0]]), right=True,
    reference=lambda o, x: np.searchsorted(o, x, "right"))  # fmt: skip
add(
    "bincount",
    np.array([0, 3, 3, 1]),
    minlength=6,
    reference=lambda x: np.array([1, 1, 0, 2, 0, 0]),
)
add("bincount", np.array([0, 3, 3]), weights=np.array([0.5, 1, 2]),
    reference=lambda x: np.array([0.5, 0, 0, 3]))  # fmt: skip
add("isin", np.array([1, 2, 3]), np.array([2, 5]), invert=True,
    reference=lambda x, among: np.array([True, False, True]))  # fmt: skip

# Shapes

x = draw("shape", (2, 3, 2))
add("reshape", x, shape=(3, 4), reference=lambda x: np.array(x.ravel().tolist()).reshape(3, 4))
add("reshape", np.array(2.0), shape=(1, 1), torch="x.reshape(1, 1)")
add("transpose", x, axes=(2, 0, 1), torch="x.permute(2, 0, 1)")
add("expand", draw("e", (3, 1)), shape=(2, 3, 4), torch="x.expand(2, 3, 4)")
add("unexpand", x, shape=(3, 1), reference=lambda x: x.sum(axis=(0, 2))[:, None])
add("unexpand", x, shape=(), reference=np.sum)
for _axis in (0, -1):
    add("cat", x, x[:, :, :] * 2, axis=_axis, torch=f"T.cat([*xs], {_axis})")
    add("stack", x, x * 2, x * 3, axis=_axis, torch=f"T.stack([*xs], {_axis})")
add("cat", draw("a", (2, 1)), draw("b", (2, 3)), np.zeros((2, 0)), axis=1, torch="T.cat([*xs], 1)")
add("flip", x, axis=(0, 2), torch="x.flip(0, 2)")
add("roll", x, shift=1, axis=1, torch="x.roll(1, 1)")
add("roll", x, shift=(1, -1), axis=(0, 1), torch="x.roll((1, -1), (0, 1))")
add("roll", x, shift=2, torch="x.roll(2)")
for _k in (-1, 0, 1):
    add("tril", draw("m", (2, 3)), k=_k, torch=f"T.tril(x, {_k})")
    add("triu", draw("m", (3, 2)), k=_k, torch=f"T.triu(x, {_k})")
for _offset, _a, _b in ((0, 0, 1), (1, 2, 0), (-1, 0, 1)):
    places = {"offset": _offset, "axis1": _a, "axis2": _b}
    call = f"{_offset}, {_a}, {_b})"
    size = np.diagonal(x, _offset, _a, _b).shape
    add("diagonal", x, **places, torch="T.diagonal(x, " + call)
    add(
        "undiagonal",
        draw("d", size),
        shape=x.shape,
        **places,
        reference=transposed(lambda v, o=_offset, a=_a, b=_b: np.diagonal(v, o, a, b), x.shape),
    )
    add("diagonal_scatter", x, draw("d", size), **places,
        torch="T.diagonal_scatter(x, source, " + call)  # fmt: skip
    add("diagonal_clear", x, **places,
        torch=f"T.diagonal_scatter(x, T.zeros({size}).double(), " + call)  # fmt: skip
for _size, _step in ((2, 1), (2, 2), (3, 1)):
    y = draw("w", (2, 5))
    add("windows", y, axis=1, size=_size, step=_step, torch=f"x.unfold(1, {_size}, {_step})")
    cut = lambda v, s=_size, t=_step: np.lib.stride_tricks.sliding_window_view(v, s, 1)[:, ::t]
    add("unwindows", draw("u", cut(y).shape), shape=(2, 5), axis=1, size=_size, step=_step,
        reference=transposed(cut, (2, 5)))  # fmt: skip
for _shape, _strides, _offset in (((2, 2), (1, 2), 1), ((3, 2), (0, 1), 0), ((2, 3), (2, 1), 0)):
    both = {"shape": _shape, "strides": _strides, "offset": _offset}
    add("as_strided", draw("s", (3, 2)), **both,
        torch=f"T.as_strided(x, {_shape}, {_strides}, {_offset})")  # fmt: skip
    add("unstrided", draw("t", _shape), shape=(3, 2), strides=_strides, offset=_offset,
        reference=transposed(lambda v, k=(_shape, _strides, _offset): np.lib.stride_tricks.as_strided(
            v.ravel()[k[2]:], k[0], [8 * n for n in k[1]]), (3, 2)))  # fmt: skip
add(
    "block_diag", draw("a", (2, 1)), draw("b", (1, 2)), draw("c", (0, 2)), torch="T.block_diag(*xs)"
)
add("lengthen", draw("l", (2, 2)), size=6, reference=lambda x: np.append(x.ravel(), [0, 0]))
for _pads, _value in ((((0, 0), (1, 2)), 3.0), (((-1, 1), (0, -1)), 0.0)):
    flat = [n for pair in reversed(_pads) for n in pair]
    add("pad_constant", draw("p", (3, 3)), pads=_pads, value=_value,
        torch=f"F.pad(x, {flat}, value={_value})")  # fmt: skip

# Picking and writing

x = draw("picked", (3, 4))
KEYS = (
    (1, slice(None, None, 2)), (Ellipsis, None, 0), slice(0, 0), np.array([0, 0, 2]),
    (np.array([[0], [2]]), np.array([1, 1])), mask("k", (3, 4)), (slice(None), np.array([3, 0, 3])),
)  # fmt: skip
for _key in KEYS:
    add("index", x, key=_key, reference=lambda x, k=_key: np.copy(x[k]))
    add("unindex", draw("u", x[_key].shape), shape=(3, 4), key=_key,
        reference=transposed(lambda v, k=_key: v[k], (3, 4)))  # fmt: skip
for _key in (KEYS[0], KEYS[5], np.array([2, 0])):
    add("assign", x, draw("v", x[_key].shape), key=_key)
    add("assign", x, np.array(0.5), key=_key)
add("write_view", x, draw("v", (2, 2)), places=np.array([[0, 5], [7, 2]]),
    torch="x.flatten().index_put((T.tensor([0, 5, 7, 2]),), value.flatten()).view(3, 4)")  # fmt: skip

for _axis in (0, 1):
    at = ints("at", (2, 3), 3)
    source = draw("source", (2, 3))
    both = {"axis": _axis}
    words = f"x, {_axis}, index"
    add("gather", x, at, **both, torch=f"T.gather({words})")
    add("ungather", source, at, shape=(3, 4), **both,
        torch=f"T.zeros(3, 4).double().scatter_add({_axis}, index, x)")  # fmt: skip
    once = np.array([[0, 1, 2], [2, 0, 1]])
    add("ungather", source, once, shape=(3, 4), distinct=True, **both,
        torch=f"T.zeros(3, 4).double().scatter_add({_axis}, index, x)")  # fmt: skip
    add("scatter", x, once, source, **both, torch=f"T.scatter({words}, source)")
    add("scatter_fill", x, at, value=1.5, **both, torch=f"T.scatter({words}, 1.5)")
    add("scatter_add", x, at, source, **both, torch=f"T.scatter_add({words}, source)")
    for _own in (True, False):
        more = f"include_self={_own})"
        both = {"axis": _axis, "include_self": _own}
        add(
            "scatter_mean",
            x,
            at,
            source,
            **both,
            torch=f"T.scatter_reduce({words}, source, 'mean', {more}",
        )
        add(
            "scatter_prod",
            x,
            at,
            source,
            **both,
            torch=f"T.scatter_reduce({words}, source, 'prod', {more}",
        )
        for _large, _kind in ((True, "amax"), (False, "amin")):
            add("scatter_extreme", x, at, source, largest=_large, **both,
                torch=f"T.scatter_reduce({words}, source, '{_kind}', {more}")  # fmt: skip
    some = np.array([2, 0, 2])
    part = draw("part", (3, 4) if _axis == 0 else (3, 3))
    words = f"x, {_axis}, index"
    add("index_select", x, some, axis=_axis, torch=f"T.index_select({words})")
    add("index_unselect", part, some, axis=_axis, shape=(3, 4),
        torch=f"T.zeros(3, 4).double().index_add({_axis}, index, x)")  # fmt: skip
    add(
        "index_add",
        x,
        some,
        part,
        axis=_axis,
        alpha=2,
        torch=f"T.index_add({words}, source, alpha=2)",
    )
    apart = np.array([2, 0, 1])
    add("index_copy", x, apart, part, axis=_axis, torch=f"T.index_copy({words}, source)")
    add("index_fill", x, some, np.array(0.5), axis=_axis, torch=f"T.index_fill({words}, value)")
    add("index_clear", x, some, axis=_axis, torch=f"T.index_fill({words}, 0)")
    add("index_keep", x, some, axis=_axis, torch=f"x - T.index_fill({words}, 0)")
add("scatter_extreme", np.ones(3), np.array([0, 0, 1]), np.array([1.0, 2, 3]), axis=0, largest=True,
    torch="T.scatter_reduce(x, 0, index, source, 'amax')", smooth=False)  # fmt: skip
add("scatter_prod", np.array([0.0, 2.0]), np.array([0, 0, 1]), np.array([3.0, 0.0, 0.0]), axis=0,
    torch="T.scatter_reduce(x, 0, index, source, 'prod')")  # fmt: skip
flat = np.array([[0, 5], [5, 11]])
add("pick_places", x, flat, torch="x.flatten()[index]")
add("fill_places", draw("f", (2, 2)), flat, shape=(3, 4),
    torch="T.zeros(12).double().index_add(0, index.flatten(), x.flatten()).view(3, 4)")  # fmt: skip
add("take", x, flat - 2, torch="T.take(x, index)")
add("put", x, np.array([0, 7]), np.array([1.0, 2.0]), torch="x.put(index, source)")
add(
    "put",
    x,
    flat,
    draw("f", (2, 2)),
    accumulate=True,
    torch="x.put(index, source, accumulate=True)",
)
add("clear_places", x, flat, torch="x.put(index, T.zeros(2, 2).double())")
here = mask("here", (3, 4))
add("masked_fill", x, here, np.array(0.5), torch="T.masked_fill(x, mask, value)")
add(
    "masked_fill",
    draw("b", (4,)),
    here,
    np.array(2.0),
    reference=lambda x, m, v: np.where(m, 2.0, x),
)
add("masked_select", x, here, torch="T.masked_select(x, mask)")
add("masked_select", draw("b", (4,)), here, torch="T.masked_select(x, mask)")
add("unmask", draw("q", (int(here.sum()),)), here, shape=(3, 4),
    reference=transposed(lambda v: v[here], (3, 4)))  # fmt: skip
add("masked_scatter", x, here, draw("q", (3, 4)), torch="T.masked_scatter(x, mask, source)")
add("dropout", x, mask("d", (3, 4)) * 2.0, reference=lambda x, m: x * m)
rows = np.array([[1, 0], [1, 3]])
for _pad in (None, 1):
    for _by in (False, True):
        both = {"padding_idx": _pad, "by_frequency": _by}
        words = f"indices, weight, padding_idx={_pad}, scale_grad_by_freq={_by}"
        add("embedding", draw("t", (4, 3)), rows, torch=f"F.embedding({words})",
            smooth=_pad is None and not _by, **both)  # fmt: skip
        add("embed_back", draw("b", (2, 2, 3)), rows, rows=4, **both)
        add("embed_weighted", draw("t", (4, 3)), rows, **both)

add("embedding", draw("t", (4, 3)), rows, torch="F.embedding(indices, weight)", as_rows=True)

# Products and systems

for _one, _other in (
    ((2, 3), (3, 2)),
    ((3,), (3,)),
    ((3,), (3, 2)),
    ((2, 3), (3,)),
    ((2, 2, 3), (3, 2)),
    ((0, 3), (3, 2)),
):
    add("matmul", draw("a", _one), draw("b", _other), torch="x @ y",
        reference=lambda a, b: np.einsum(f"{'...ij'[-a.ndim:] if a.ndim < 2 else '...ij'},"
            f"{'j' if b.ndim < 2 else '...jk'}->{'...i' if a.ndim > 1 else ''}{'k' if b.ndim > 1 else ''}", a, b))  # fmt: skip
for _shared in (3, 1, 0):
    add("matmul_transposed", draw("a", (_shared, 2)), draw("b", (_shared, 4)), torch="x.T @ y",
        reference=lambda a, b: np.einsum("ni,nj->ij", a, b))  # fmt: skip
for _lead in ((2,), (2, 2), (0,)):
    x, w, b = draw("x", (*_lead, 3)), draw("w", (4, 3)), draw("b", (4,))
    add(
        "linear",
        x,
        w,
        b,
        torch="F.linear(x, weight, bias)",
        reference=lambda x, w, b: np.einsum("...i,ji->...j", x, w) + b,
    )
    add("linear_without_bias", x, w, torch="F.linear(x, weight)")
add("euclidean_distances", draw("x", (3, 2)), draw("y", (2, 2)), torch="T.cdist(x, y)")

LIMITS = np.array(0.0), np.array(1e-15)
square = draw("square", (2, 3, 3)) + 3 * np.eye(3)


def symmetric(x):
    """A symmetric matrix of a free one."""
    return (x + transpose(x, axes=(*range(x.ndim - 2), x.ndim - 1, x.ndim - 2)),)


add("inv", square, torch="T.linalg.inv(x)")
add("inverse_or_infinite", square, torch="T.linalg.inv(x)")
add("det", square, torch="T.linalg.det(x)")
add("det", np.array([[1.0, 2], [2, 4]]), reference=lambda x: 0.0)
add("cofactors", square, reference=lambda x: np.linalg.det(x)[:, None, None] * np.linalg.inv(x).mT)
add("second_cofactors", draw("x", (3, 3)), square[0])
add("slogdet", square, torch="T.linalg.slogdet(x)")
add("matrix_exp", square / 5, torch="T.linalg.matrix_exp(x)")
for _shape in ((2, 3, 2), (3, 2), (3,)):
    a = square[0] if len(_shape) < 3 else square
    if len(_shape) > 1:
        add("solve", a, draw("b", _shape), torch="T.linalg.solve(a, b)")
for _upper in (False, True):
    for _left in (False, True):
        for _unit in (False, True):
            add("solve_triangular", square[0], draw("b", (3, 2) if _left else (2, 3)), upper=_upper,
                left=_left, unitriangular=_unit, torch="T.linalg.solve_triangular(a, b, "
                f"upper={_upper}, left={_left}, unitriangular={_unit})")  # fmt: skip
add(
    "cholesky",
    square / 2,
    through=symmetric,
    reference=np.linalg.cholesky,
)
add("ldl_factor", square[0] + square[0].T, smooth=False)
add("ldl_solve", square[0], np.array([1, 2, 3]), draw("b", (3, 1)), smooth=False)
for _shape in ((3, 3), (4, 3), (3, 4)):
    add("lu_factor", draw("lu", _shape) + 2 * np.eye(*_shape), torch="T.linalg.lu_factor(x)")
for _shape in ((3, 3), (4, 3), (3, 4)):
    x = draw("qr", _shape) + 2 * np.eye(*_shape)
    add("qr", x, torch="T.linalg.qr(x)")
    add("pinv", draw("pinv", _shape) + 2 * np.eye(*_shape), *LIMITS, torch="T.linalg.pinv(x)")
    add("qr_r", x, smooth=False, reference=lambda x: np.linalg.qr(x, "r"))
    add("svd", x, full_matrices=False, reference=None)
add("qr", draw("qr", (3, 3)) + 2 * np.eye(3), mode="complete")
add("pinv", square[0] / 2, *LIMITS, hermitian=True, through=lambda x, a, r: (*symmetric(x), a, r))
add("svd", square[0], full_matrices=True)
add("eigh", square[0], through=symmetric)
add("eigh", square[0], upper=True, through=symmetric)
add("permutation_of", np.array([3, 2, 3]), size=3, dtype=np.dtype(np.float64),
    reference=lambda p: np.eye(3)[[2, 1, 0]])  # fmt: skip

# Layers

for _axis in (0, -1):
    y = draw("soft", (2, 4))
    add("softmax", y, axis=_axis, torch=f"F.softmax(x, {_axis})")
    add("log_softmax", y, axis=_axis, torch=f"F.log_softmax(x, {_axis})")
add("softmax", np.array([[-np.inf, 0.0, 1.0]]), axis=1, torch="F.softmax(x, 1)", smooth=False)
y, t = draw("loss", (2, 3)), draw("target", (2, 3))
for _reduction in ("mean", "sum", "none"):
    add("mse_loss", y, t, reduction=_reduction, torch=f"F.mse_loss(x, y, reduction='{_reduction}')")
    for _ignored in (-100, 2):
        add("cross_entropy", draw("c", (4, 3)), np.array([0, 2, 1, 1]), reduction=_reduction, ignore_index=_ignored,
            torch=f"F.cross_entropy(x, target, reduction='{_reduction}', ignore_index={_ignored})")  # fmt: skip
        _places, _both = np.array([0, 2, 1, 1]), {"reduction": _reduction, "ignore_index": _ignored}
        add("nll_loss", draw("nll", (4, 3)), _places, **_both,
            torch=f"F.nll_loss(x, target, reduction='{_reduction}', ignore_index={_ignored})")  # fmt: skip
        add(
            "unnll_loss",
            draw("back", (4,) if _reduction == "none" else ()),
            _places,
            shape=(4, 3),
            **_both,
        )
add("layer_norm", draw("n", (2, 2, 3)), draw("w", (2, 3)), draw("b", (2, 3)), count=2, eps=0.1,
    torch="F.layer_norm(x, (2, 3), weight, bias, 0.1)")  # fmt: skip
add(
    "layer_norm",
    draw("n", (3, 4)),
    None,
    None,
    count=1,
    eps=1e-5,
    torch="F.layer_norm(x, (4,), eps=1e-5)",
)
add("batch_norm", draw("n", (3, 2, 2)), draw("w", (2,)), draw("b", (2,)), eps=0.1)
add("batch_norm", draw("n", (3, 2)), None, None, eps=1e-5)
_given = draw("m", (2,)), draw("v", (2,), 0.5, 2.0)
add("frozen_norm", draw("n", (3, 2, 2)), draw("w", (2,)), draw("b", (2,)), *_given, eps=0.1,
    torch="((x.mT - mean) / (variance + 0.1).sqrt() * weight + bias).mT")  # fmt: skip
add("frozen_norm", draw("n", (3, 2)), None, None, *_given, eps=0.1)
add("frozen_norm", draw("n", (3, 2)), draw("w", (2,)), None, *_given, eps=0.1)
add("group_norm", draw("n", (2, 4, 3)), draw("w", (4,)), draw("b", (4,)), groups=2, eps=0.1,
    torch="F.group_norm(x, 2, weight, bias, 0.1)")  # fmt: skip
add("group_norm", draw("n", (2, 2, 3)), None, None, groups=2, eps=0.1)
add("group_norm", draw("n", (2, 2, 3)), None, draw("b", (2,)), groups=1, eps=0.1)
add("rms_scale", draw("n", (2, 4)), count=1, eps=0.1, torch="F.rms_norm(x, (4,), eps=0.1)")
q, k, v = draw("q", (2, 2, 3)), draw("k", (2, 4, 3)), draw("v", (2, 4, 2))
hidden = np.where(mask("hidden", (2, 4)), 0.0, -1.0)
add("attention", q, k, v, hidden, scale=0.7,
    torch="F.scaled_dot_product_attention(q, k, v, mask, scale=0.7)")  # fmt: skip
add(
    "attention",
    q,
    k,
    v,
    None,
    scale=0.5,
    torch="F.scaled_dot_product_attention(q, k, v, scale=0.5)",
)
lines = draw("lines", (5, 2, 3))
add("ctc", lines, np.array([[1, 2], [2, 2]]), np.array([5, 4]), np.array([2, 1]), blank=0,
    through=lambda x, *rest: (log_softmax(x, axis=2), *rest))  # fmt: skip
add("ctc", lines, np.array([[1, 0], [0, 0]]), np.array([5, 5]), np.array([2, 1]), blank=2,
    through=lambda x, *rest: (log_softmax(x, axis=2), *rest))  # fmt: skip
add(
    "ctc_slope", lines, np.array([[1, 2], [2, 2]]), np.array([5, 4]), np.array([2, 1]), smooth=False
)
add(
    "ctc_slope",
    lines,
    np.array([[1, 0], [0, 0]]),
    np.array([5, 4]),
    np.array([2, 1]),
    blank=2,
    smooth=False,
)
add("blend", draw("b", (2, 3)), draw("m", (4, 3)), axis=1, reference=lambda x, m: x @ m.T)
add("blend", draw("b", (3, 2)), draw("m", (4, 3)), axis=0, reference=lambda x, m: m @ x)
for _out, _exact in ((6, False), (5, True), (2, False)):
    grid, mode = Grid((3,), (_out,), (None,), _exact), "nearest-exact" if _exact else "nearest"
    words = f"F.interpolate(x[None], {_out}, mode={mode!r})[0]"
    add("nearest", draw("b", (2, 3)), grid=grid, torch=words)
    add("nearest_back", draw("b", (2, _out)), grid=grid)

for _stride, _pad, _dilation, _groups in ((1, 0, 1, 1), (2, 1, 1, 1), (1, 2, 2, 1), (2, 1, 1, 2)):
    more = {
        "stride": (_stride,),
        "padding": ((_pad, _pad),),
        "dilation": (_dilation,),
        "groups": _groups,
    }
    x, w, b = draw("x", (1, 2, 6)), draw("w", (2, 2 // _groups, 3)), draw("b", (2,))
    words = f"stride={_stride}, padding={_pad}, dilation={_dilation}, groups={_groups}"
    add("convolution", x, w, b, torch=f"F.conv1d(x, weight, bias, {words})", **more)
    add("convolution", x, w, None, **more)
    size = (6 + 2 * _pad - _dilation * 2 - 1) // _stride + 1
    if size > 2:
        add("convolution", x, w, b, places=(size - 1,), **more,
            torch=f"F.conv1d(x, weight, bias, {words})[..., :-1]")  # fmt: skip
    y = draw("y", (1, 2, size))
    add("transposed_convolution", y, w, None, size=(6,), **more)
    add("convolution_weight", x, y, kernel=(3,), **more)
add("convolution", draw("x", (2, 1, 3, 4)), draw("w", (1, 1, 2, 2)), draw("b", (1,)), stride=(1, 2),
    padding=((1, 0), (0, 1)), dilation=(1, 1), torch="F.conv2d(F.pad(x, (0, 1, 1, 0)), weight, bias, (1, 2))")  # fmt: skip
add("transposed_convolution", draw("y", (1, 2, 3)), draw("w", (2, 1, 2)), draw("b", (1,)), size=(4,), stride=(1,),
    padding=((0, 0),), dilation=(1,), torch="F.conv_transpose1d(x, weight, bias)")  # fmt: skip
for _window, _words in (
    (Window((2,), (2,), (0,), (1,)), "2"), (Window((3,), (1,), (1,), (1,)), "3, 1, 1"),
    (Window((2,), (2,), (0,), (1,), True), "2, 2, 0, ceil_mode=True"),
    (Window((2,), (1,), (0,), (2,)), None),
):  # fmt: skip
    x = draw("pool", (1, 2, 5))
    count = _window.places((5,))
    y = draw("pooled", (1, 2, *count))
    more = None if _words is None else f"F.max_pool1d(x, {_words})"
    add("max_pool", x, window=_window, torch=more)
    add(
        "max_pool_with_indices",
        x,
        window=_window,
        torch=more and more[:-1] + ", return_indices=True)",
    )
    code = strongest(draw("code", (1, 2, 5)), _window)[1]
    add("place_strongest", y, code, size=(5,), window=_window)
    add("pick_strongest", x, code, window=_window)
    if _words is not None:
        for _with, _divisor in ((True, None), (False, None), (True, 5)):
            both = {"window": _window, "include_padding": _with, "divisor": _divisor}
            again = None if _divisor else f"F.avg_pool1d(x, {_words}, count_include_pad={_with})"
            add("avg_pool", x, **both, torch=again)
            add("spread_mean", y, size=(5,), **both)
add(
    "max_pool",
    np.ones((1, 1, 4)),
    window=Window((2,), (2,), (0,), (1,)),
    torch="F.max_pool1d(x, 2)",
    smooth=False,
)
add("unpool", draw("up", (1, 1, 2)), np.array([[[3, 0]]]), count=5,
    reference=lambda x, p: np.array([[[x[0, 0, 1], 0, 0, x[0, 0, 0], 0]]]))  # fmt: skip
for _kernel, _stride, _pad, _dilation in (
    ((2, 2), (1, 1), (0, 0), (1, 1)),
    ((2, 1), (2, 1), (1, 0), (1, 2)),
):
    size = (3, 3)
    count = tuple(
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, p, d, k, s in zip(size, _pad, _dilation, _kernel, _stride, strict=True)
    )
    more = {
        "kernel": _kernel,
        "places": count,
        "stride": _stride,
        "padding": _pad,
        "dilation": _dilation,
    }
    words = f"{_kernel}, {_dilation}, {_pad}, {_stride})"
    add("unfold", draw("u", (1, 1, 3, 3)), **more, torch="F.unfold(x, " + words)
    add("fold", draw("f", (1, math.prod(_kernel), math.prod(count))), size=size, **more,
        torch="F.fold(x, (3, 3), " + words)  # fmt: skip
steps, wide = (2, 2, 1), 2
x, h, c = (
    draw("x", (sum(steps), 3), -1, 1),
    draw("h", (2, wide), -1, 1),
    draw("c", (2, wide), -1, 1),
)
for _back in (False, True):
    both = {"sizes": steps, "backwards": _back}
    for _name, _gates in (("lstm", 4), ("gru", 3), ("rnn", 1)):
        w, u = draw("w", (_gates * wide, 3), -1, 1), draw("u", (_gates * wide, wide), -1, 1)
        b, d = draw("b", (_gates * wide,), -1, 1), draw("d", (_gates * wide,), -1, 1)
        if _name == "lstm":
            add("lstm", x, h, c, w, u, b, **both)
            add("lstm_cell", draw("x", (2, 3), -1, 1), h, c, w, u, b, d)
        elif _name == "gru":
            add("gru", x, h, w, u, b, d, **both)
            add("gru_cell", draw("x", (2, 3), -1, 1), h, w, u, b, d)
        else:
            add("rnn", x, h, w, u, b, relu=False, **both)
            add("rnn", x, h, w, u, b, relu=True, **both)
            for rectified in (False, True):
                add("rnn_cell", draw("x", (2, 3), -1, 1), h, w, u, b, d, relu=rectified)
