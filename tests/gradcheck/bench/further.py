"""More operations, which the checker was not tuned on: linear algebra, sequences, losses, cells.

Written like `samples.py`: each has a right backward in NumPy, and formulas gone wrong as people
write them.
"""

from __future__ import annotations

from math import erf, lgamma
from typing import Any

import numpy as np

from .samples import Sample, keep, sigmoid, softmax, unbroadcast

FURTHER: dict[str, Sample] = {}
F = "formula"


def enter(name: str, forward: Any, backward: Any, *shapes: tuple[int, ...], **more: Any) -> None:
    """Enter a sample; `wrong_<name>=(cause, backward)` are formulas gone wrong."""
    formulas = {k[6:]: more.pop(k) for k in list(more) if k.startswith("wrong_")}
    FURTHER[name] = Sample(name, forward, backward, shapes or ((3, 4),), formulas=formulas, **more)


def curve(name: str, f: Any, d: Any, domain: str = "real", **wrong: Any) -> None:
    """Enter f(x) with derivative d(x)."""
    more = {f"wrong_{k}": (cause, lambda g, x, w=w: (g * w(x),)) for k, (cause, w) in wrong.items()}
    enter(name, f, lambda g, x: (g * d(x),), domain=domain, **more)


wide_erf, wide_lgamma = np.vectorize(erf, otypes=[float]), np.vectorize(lgamma, otypes=[float])
curve("sinh", np.sinh, np.cosh, minus=("sign", lambda x: -np.cosh(x)), same=(F, np.sinh))
curve("cosh", np.cosh, np.sinh, minus=("sign", lambda x: -np.sinh(x)))
curve("tan", np.tan, lambda x: 1 + np.tan(x) ** 2, "unit", minus=(F, lambda x: 1 - np.tan(x) ** 2))
curve("arcsinh", np.arcsinh, lambda x: 1 / np.hypot(x, 1), squared=(F, lambda x: 1 / (1 + x * x)))
curve("arctanh", np.arctanh, lambda x: 1 / (1 - x * x), "unit", plus=(F, lambda x: 1 / (1 + x * x)))
curve("exp2", np.exp2, lambda x: np.exp2(x) * np.log(2), forgot=("factor", np.exp2))
curve("log2", np.log2, lambda x: 1 / x / np.log(2), "positive", forgot=("factor", lambda x: 1 / x))
curve(
    "erf",
    wide_erf,
    lambda x: 2 / np.sqrt(np.pi) * np.exp(-x * x),
    norm=("factor", lambda x: np.exp(-x * x)),
    half=(F, lambda x: 2 / np.sqrt(np.pi) * np.exp(-x * x / 2)),
)
curve("rsqrt", lambda x: x**-0.5, lambda x: -0.5 * x**-1.5, "positive",
      sign=("sign", lambda x: 0.5 * x**-1.5))  # fmt: skip
curve("softsign", lambda x: x / (1 + np.abs(x)), lambda x: (1 + np.abs(x)) ** -2, "big",
      once=(F, lambda x: 1 / (1 + np.abs(x))))  # fmt: skip
curve("log_sigmoid", lambda x: -np.logaddexp(0, -x), lambda x: sigmoid(-x), other=(F, sigmoid))


def d_mish(x: Any) -> Any:
    t = np.tanh(np.logaddexp(0, x))
    return t + x * (1 - t * t) * sigmoid(x)


curve("mish", lambda x: x * np.tanh(np.logaddexp(0, x)), d_mish,
      term=(F, lambda x: np.tanh(np.logaddexp(0, x))))  # fmt: skip
curve(
    "selu",
    lambda x: 1.0507 * np.where(x > 0, x, 1.6733 * np.expm1(np.minimum(x, 0))),
    lambda x: 1.0507 * np.where(x > 0, 1.0, 1.6733 * np.exp(np.minimum(x, 0))),
    "big",
    scale=("factor", lambda x: np.where(x > 0, 1.0, 1.6733 * np.exp(np.minimum(x, 0)))),
    branch=("branch", lambda x: 1.0507 * np.where(x > 0, 1.0, np.exp(np.minimum(x, 0)))),
)
curve(
    "hard_swish",
    lambda x: x * np.clip(x + 3, 0, 6) / 6,
    lambda x: np.where(x < -3, 0.0, np.where(x > 3, 1.0, (2 * x + 3) / 6)),
    "big",
    mask=("branch", lambda x: (2 * x + 3) / 6),
)
FURTHER["hard_swish"].kinked = True
curve("sinc", np.sinc, lambda x: (np.cos(np.pi * x) - np.sinc(x)) / x, "big",
      whole=(F, lambda x: np.cos(np.pi * x)))  # fmt: skip
curve("smooth_abs", lambda x: np.sqrt(x * x + 1e-6), lambda x: x / np.sqrt(x * x + 1e-6), "big",
      sign=("precision", np.sign))  # fmt: skip
curve("round", np.round, np.zeros_like, "apart", straight=("mask|branch", np.ones_like))

# Linear algebra.
enter("det", np.linalg.det, lambda g, x: (g * np.linalg.det(x) * np.linalg.inv(x).T,), (4, 4),
      wrong_untransposed=("transposed", lambda g, x: (g * np.linalg.det(x) * np.linalg.inv(x),)),
      wrong_inverse=("factor", lambda g, x: (g * np.linalg.inv(x).T,)))  # fmt: skip
enter("logdet", lambda x: np.linalg.slogdet(x)[1], lambda g, x: (g * np.linalg.inv(x).T,), (4, 4),
      wrong_untransposed=("transposed", lambda g, x: (g * np.linalg.inv(x),)))  # fmt: skip


def d_inv(g: Any, x: Any) -> Any:
    y = np.linalg.inv(x)
    return (-y.T @ g @ y.T,)


enter("inv", np.linalg.inv, d_inv, (3, 3), wrong_sign=("sign", lambda g, x: (-d_inv(g, x)[0],)),
      wrong_untransposed=("operand|transposed|formula",
                          lambda g, x: (-np.linalg.inv(x) @ g @ np.linalg.inv(x),)))  # fmt: skip
enter(
    "solve",
    np.linalg.solve,
    lambda g, a, b: (-np.outer(np.linalg.solve(a.T, g), np.linalg.solve(a, b)),
                     np.linalg.solve(a.T, g)),
    (3, 3), (3,),
    wrong_plus=("sign", lambda g, a, b: (np.outer(np.linalg.solve(a.T, g), np.linalg.solve(a, b)),
                                         np.linalg.solve(a.T, g))),
    wrong_untransposed=("operand", lambda g, a, b: (
        -np.outer(np.linalg.solve(a.T, g), np.linalg.solve(a, b)), np.linalg.solve(a, g))),
)  # fmt: skip
enter(
    "quadratic",
    lambda a, x: x @ a @ x,
    lambda g, a, x: (g * np.outer(x, x), g * (a + a.T) @ x),
    (4, 4), (4,),
    wrong_symmetric=("operand|formula", lambda g, a, x: (g * np.outer(x, x), 2 * g * a @ x)),
    wrong_once=("operand|formula", lambda g, a, x: (g * np.outer(x, x), g * a @ x)),
)  # fmt: skip


def spd(x: Any) -> Any:
    return x @ x.T + 2 * np.eye(len(x))


def d_chol(g: Any, x: Any, phi_half: float = 0.5) -> Any:
    low = np.linalg.cholesky(spd(x))
    p = np.tril(low.T @ g)
    p[np.diag_indices(len(p))] *= phi_half
    inv = np.linalg.inv(low)
    s = inv.T @ p @ inv
    return ((s + s.T) @ x,)


enter("cholesky", lambda x: np.linalg.cholesky(spd(x)), d_chol, (3, 3),
      wrong_diagonal=(F, lambda g, x: d_chol(g, x, 1.0)))  # fmt: skip


def d_eigvals(g: Any, x: Any) -> Any:
    v = np.linalg.eigh(x + x.T)[1]
    s = (v * g) @ v.T
    return (2 * s,)


enter("eigvalsh", lambda x: np.linalg.eigvalsh(x + x.T), d_eigvals, (3, 3),
      wrong_once=("factor", lambda g, x: (d_eigvals(g, x)[0] / 2,)))  # fmt: skip


def d_svdvals(g: Any, x: Any) -> Any:
    u, _, vt = np.linalg.svd(x, full_matrices=False)
    return ((u * g) @ vt,)


enter("svdvals", lambda x: np.linalg.svd(x, compute_uv=False), d_svdvals, (3, 4),
      wrong_sorted=(F, lambda g, x: d_svdvals(g[::-1], x)))  # fmt: skip
enter("nuclear", lambda x: np.linalg.svd(x, compute_uv=False).sum(),
      lambda g, x: d_svdvals(g * np.ones(3), x), (3, 4))  # fmt: skip
enter("kron", np.kron,
      lambda g, a, b: (np.einsum("ikjl,kl->ij", g.reshape(2, 3, 2, 3), b),
                       np.einsum("ikjl,ij->kl", g.reshape(2, 3, 2, 3), a)),
      (2, 2), (3, 3))  # fmt: skip
enter("trace", np.trace, lambda g, x: (g * np.eye(4),), (4, 4),
      wrong_ones=("branch|formula|mask", lambda g, x: (g * np.ones((4, 4)),)))  # fmt: skip
enter("einsum", lambda a, b: np.einsum("bij,bjk->bik", a, b),
      lambda g, a, b: (np.einsum("bik,bjk->bij", g, b), np.einsum("bij,bik->bjk", a, g)),
      (2, 3, 3), (2, 3, 3),
      wrong_left=("operand", lambda g, a, b: (np.einsum("bik,bkj->bij", g, b),
                                              np.einsum("bij,bik->bjk", a, g))),
      wrong_batch=("formula|term|branch|factor", lambda g, a, b: (
          np.einsum("bik,bjk->bij", g, b),
          np.broadcast_to(np.einsum("bij,bik->jk", a, g), b.shape))))  # fmt: skip

# Scans, products, order.


def d_cumprod(g: Any, x: Any) -> Any:
    n = x.shape[-1]
    gx = np.zeros_like(g)
    for k in range(n):
        rest = x.copy()
        rest[..., k] = 1.0
        gx[..., k] = (g * np.cumprod(rest, -1))[..., k:].sum(-1)
    return (gx,)


def reverse_sum(g: Any) -> Any:
    return np.cumsum(g[..., ::-1], -1)[..., ::-1]


enter("cumprod", lambda x: np.cumprod(x, -1), d_cumprod, domain="big",
      wrong_single=("term|formula", lambda g, x: (g * np.cumprod(x, -1) / x,)))  # fmt: skip
enter("diff", lambda x: np.diff(x, axis=-1),
      lambda g, x: (np.pad(g, ((0, 0), (1, 0))) - np.pad(g, ((0, 0), (0, 1))),),
      wrong_way=("sign", lambda g, x: (np.pad(g, ((0, 0), (0, 1))) - np.pad(g, ((0, 0), (1, 0))),)),
      wrong_edge=("single|formula|branch|repeated|term", lambda g, x: (
          np.pad(g, ((0, 0), (1, 0))) - np.pad(g[:, 1:], ((0, 0), (1, 1))),)))  # fmt: skip
enter("logcumsumexp", lambda x: np.log(np.cumsum(np.exp(x), -1)),
      lambda g, x: (np.exp(x) * reverse_sum(g / np.cumsum(np.exp(x), -1)),),
      wrong_forward=("formula|term|zero|transposed|branch|repeated",
                     lambda g, x: (
                         np.exp(x) * np.cumsum(g / np.cumsum(np.exp(x), -1), -1),)))  # fmt: skip
enter("cummax", lambda x: np.maximum.accumulate(x, -1),
      lambda g, x: ((g[..., None, :] * (np.arange(4)[:, None] == keep_last(x))).sum(-1),),
      domain="apart", kinked=True)  # fmt: skip


def keep_last(x: Any) -> Any:
    """Where each running maximum stands."""
    top = np.maximum.accumulate(x, -1)
    fresh = np.where(x == top, np.arange(x.shape[-1]), 0)
    return np.maximum.accumulate(fresh, -1)[..., None, :]


def d_sort(g: Any, x: Any) -> Any:
    return (np.take_along_axis(g, np.argsort(np.argsort(x, -1, kind="stable"), -1), -1),)


enter("sort", lambda x: np.sort(x, -1), d_sort, domain="apart", kinked=True,
      wrong_once=("permuted|transposed|rolled|flipped", lambda g, x: (
          np.take_along_axis(g, np.argsort(x, -1), -1),)))  # fmt: skip
enter("top2", lambda x: np.sort(x, -1)[:, 2:],
      lambda g, x: d_sort(np.pad(g, ((0, 0), (2, 0))), x), domain="apart", kinked=True)  # fmt: skip
enter("median", lambda x: np.sort(x, -1)[:, 2],
      lambda g, x: (keep(g) * (np.argsort(np.argsort(x, -1), -1) == 2),), (3, 5),
      domain="apart", kinked=True,
      wrong_even=("permuted|transposed|rolled|branch|formula|flipped", lambda g, x: (
          keep(g) * (np.argsort(np.argsort(x, -1), -1) == 1),)))  # fmt: skip

# Indices.
COLUMNS = np.array([[0, 2, 2], [1, 1, 3], [3, 0, 3]])


def spread(g: Any, x: Any, method: Any = np.add.at) -> Any:
    out = np.zeros(x.shape, np.result_type(g, x))
    rows = np.arange(3)[:, None]
    if method is None:
        out[rows, COLUMNS] = g
    else:
        method(out, (rows, COLUMNS), g)
    return (out,)


enter("gather", lambda x: np.take_along_axis(x, COLUMNS, -1), spread,
      wrong_assigned=("repeated", lambda g, x: spread(g, x, None)),
      wrong_buffered=("repeated", lambda g, x: spread(g, x, plus_equals)))  # fmt: skip


def plus_equals(out: Any, index: Any, g: Any) -> None:
    out[index] += g


TOKENS = np.array([1, 0, 3, 1, 1, 2])


def d_embedding(g: Any, w: Any, padding: int | None = 0) -> Any:
    out = np.zeros(w.shape, np.result_type(g, w))
    np.add.at(out, TOKENS, g)
    if padding is not None:
        out[padding] = 0
    return (out,)


enter("embedding", lambda w: w[TOKENS] * (TOKENS != 0)[:, None], d_embedding, (4, 3),
      wrong_padding=("branch|mask|formula|zero", lambda g, w: d_embedding(g, w, None)))  # fmt: skip
SEGMENTS = np.array([0, 0, 1, 2, 2, 2])
enter("segment_mean",
      lambda x: np.stack([x[k == SEGMENTS].mean(0) for k in range(3)]),
      lambda g, x: ((g / np.bincount(SEGMENTS)[:, None])[SEGMENTS],), (6, 2),
      wrong_sum=("formula|factor|branch", lambda g, x: (g[SEGMENTS],)))  # fmt: skip
enter("reflect", lambda x: np.pad(x, ((0, 0), (2, 2)), mode="reflect"),
      lambda g, x: (fold_reflected(g),), (2, 5),
      wrong_cropped=("repeated|formula|branch|term", lambda g, x: (g[:, 2:-2],)))  # fmt: skip


def fold_reflected(g: Any) -> Any:
    inner = g[:, 2:-2].copy()
    inner[:, 1:3] += g[:, 1::-1]
    inner[:, -3:-1] += g[:, :-3:-1]
    return inner


enter("unfold", lambda x: np.lib.stride_tricks.sliding_window_view(x, 3, axis=-1).copy(),
      lambda g, x: (sum(np.pad(g[..., k], ((0, 0), (k, 2 - k))) for k in range(3)),), (2, 6),
      wrong_first=("repeated|formula|term", lambda g, x: (
          np.pad(g[..., 0], ((0, 0), (0, 2))),)))  # fmt: skip
enter("nearest", lambda x: np.repeat(x, 2, -1), lambda g, x: (g.reshape(3, 4, 2).sum(-1),),
      wrong_first=("repeated|formula|term", lambda g, x: (g[:, ::2],)),
      wrong_mean=("factor", lambda g, x: (g.reshape(3, 4, 2).mean(-1),)))  # fmt: skip
WEIGHTS = np.array([[1.0, 0.0, 0.0], [0.6, 0.4, 0.0], [0.0, 0.8, 0.2], [0.0, 0.1, 0.9]])
enter("resize", lambda x: x @ WEIGHTS.T, lambda g, x: (g @ WEIGHTS,), (2, 3))

# Convolutions.


def patches(x: Any, size: int) -> Any:
    return np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(-2, -1))


def conv2d(x: Any, w: Any, b: Any) -> Any:
    return np.einsum("ncijhw,ochw->noij", patches(x, 2), w) + b[:, None, None]


def d_conv2d(g: Any, x: Any, w: Any, b: Any, *, flip: bool = True, bias: Any = None) -> Any:
    wide = np.pad(g, ((0, 0), (0, 0), (1, 1), (1, 1)))
    kernel = w[..., ::-1, ::-1] if flip else w
    gx = np.einsum("noijhw,ochw->ncij", patches(wide, 2), kernel)
    gw = np.einsum("ncijhw,noij->ochw", patches(x, 2), g)
    return gx, gw, g.sum((0, 2, 3)) if bias is None else bias(g)


enter("conv2d", conv2d, d_conv2d, (2, 2, 4, 4), (3, 2, 2, 2), (3,),
      wrong_unflipped=("formula|flipped|operand|transposed",
                       lambda g, x, w, b: d_conv2d(g, x, w, b, flip=False)),
      wrong_bias=("unbroadcast|formula|repeated|branch|term", lambda g, x, w, b: d_conv2d(
          g, x, w, b, bias=lambda g: g[0].sum((1, 2)))),
      wrong_mean=("factor|mean", lambda g, x, w, b: d_conv2d(
          g, x, w, b, bias=lambda g: g.mean((0, 2, 3)))))  # fmt: skip
enter("avg_pool", lambda x: x.reshape(2, 2, 2, 2, 2).mean((2, 4)),
      lambda g, x: (np.repeat(np.repeat(g, 2, 1), 2, 2) / 4,), (2, 4, 4),
      wrong_half=("factor", lambda g, x: (np.repeat(np.repeat(g, 2, 1), 2, 2) / 2,)),
      wrong_tiled=("transposed|permuted|formula|repeated|rolled",
                   lambda g, x: (np.tile(g, (1, 2, 2)) / 4,)))  # fmt: skip

# Norms.


def rms(x: Any, w: Any) -> Any:
    return w * x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-6)


def d_rms(g: Any, x: Any, w: Any, *, through: float = 1.0, summed: bool = True) -> Any:
    r = np.sqrt((x * x).mean(-1, keepdims=True) + 1e-6)
    h = g * w
    gx = h / r - through * x * (h * x).mean(-1, keepdims=True) / r**3
    gw = g * x / r
    return gx, gw.sum(0) if summed else gw[0]


enter("rms_norm", rms, d_rms, (3, 4), (4,),
      wrong_constant=("term", lambda g, x, w: d_rms(g, x, w, through=0.0)),
      wrong_weight=("unbroadcast", lambda g, x, w: d_rms(g, x, w, summed=False)))  # fmt: skip


def unit(x: Any) -> Any:
    return x / np.sqrt((x * x).sum(-1, keepdims=True))


def d_unit(g: Any, x: Any) -> Any:
    n = np.sqrt((x * x).sum(-1, keepdims=True))
    return ((g - unit(x) * (g * unit(x)).sum(-1, keepdims=True)) / n,)


enter("normalize", unit, d_unit, wrong_constant=("term", lambda g, x: (
    g / np.sqrt((x * x).sum(-1, keepdims=True)),)))  # fmt: skip


def cosine(x: Any, y: Any) -> Any:
    return (unit(x) * unit(y)).sum(-1)


enter("cosine", cosine, lambda g, x, y: (
    d_unit(keep(g) * unit(y), x)[0], d_unit(keep(g) * unit(x), y)[0]), (3, 4), (3, 4),
    wrong_dot=("formula|term|factor", lambda g, x, y: (keep(g) * y, keep(g) * x)))  # fmt: skip


def distances(x: Any, y: Any) -> Any:
    return np.sqrt(((x[:, None] - y[None]) ** 2).sum(-1))


def d_distances(g: Any, x: Any, y: Any, sign: float = -1.0) -> Any:
    far = distances(x, y)
    toward = (x[:, None] - y[None]) / np.where(far > 0, far, 1.0)[..., None] * g[..., None]
    return toward.sum(1), sign * toward.sum(0)


enter("cdist", distances, d_distances, (3, 2), (4, 2),
      wrong_sign=("sign", lambda g, x, y: d_distances(g, x, y, 1.0)))  # fmt: skip

# Losses.
TARGETS = np.array([2, 0, 1])


def label_smoothing(x: Any) -> Any:
    q = np.eye(4)[TARGETS] * 0.9 + 0.025
    return -(q * (x - keep(np.log(np.exp(x).sum(-1))))).sum(-1).mean()


enter("label_smoothing", label_smoothing,
      lambda g, x: (g * (softmax(x) - np.eye(4)[TARGETS] * 0.9 - 0.025) / 3,),
      wrong_hard=("term|formula|precision", lambda g, x: (
          g * (softmax(x) - np.eye(4)[TARGETS]) / 3,)))  # fmt: skip
enter("kl", lambda p, q: (p * (np.log(p) - np.log(q))).sum(),
      lambda g, p, q: (g * (np.log(p / q) + 1), -g * p / q), (3, 4), (3, 4), domain="positive",
      wrong_one=("term", lambda g, p, q: (g * np.log(p / q), -g * p / q)),
      wrong_sign=("sign", lambda g, p, q: (g * (np.log(p / q) + 1), g * p / q)))  # fmt: skip
enter("hinge", lambda x, y: np.maximum(1 - x * y, 0).mean(),
      lambda g, x, y: (-g * y * (x * y < 1) / x.size, -g * x * (x * y < 1) / x.size),
      (3, 4), (3, 4), domain="big", kinked=True,
      wrong_mask=("branch", lambda g, x, y: (-g * y / x.size, -g * x / x.size)))  # fmt: skip
enter("focal", lambda x: -((1 - sigmoid(x)) ** 2 * np.log(sigmoid(x))).mean(),
      lambda g, x: (g * (1 - sigmoid(x)) ** 2 * (
          2 * sigmoid(x) * np.log(sigmoid(x)) + sigmoid(x) - 1) / x.size,),
      wrong_weight=(F, lambda g, x: (
          g * (1 - sigmoid(x)) ** 2 * (sigmoid(x) - 1) / x.size,)))  # fmt: skip
enter("gaussian", lambda m, v: 0.5 * (np.log(v) + m**2 / v).sum(),
      lambda g, m, v: (g * m / v, g * 0.5 * (1 / v - m**2 / v**2)), (3, 4), (3, 4),
      domain="positive",
      wrong_sign=(F, lambda g, m, v: (g * m / v, g * 0.5 * (1 / v + m**2 / v**2))))  # fmt: skip
enter("pinball", lambda x: np.where(x > 0, 0.9 * x, -0.1 * x).sum(),
      lambda g, x: (g * np.where(x > 0, 0.9, -0.1),), domain="big", kinked=True,
      wrong_branch=("branch", lambda g, x: (g * np.where(x > 0, 0.9, 0.1),)))  # fmt: skip


def d_triplet_mask(g: Any, a: Any, p: Any, n: Any) -> Any:
    return g * keep(((a - p) ** 2).sum(-1) - ((a - n) ** 2).sum(-1) + 1 > 0)


def d_triplet(g: Any, a: Any, p: Any, n: Any) -> Any:
    mask = d_triplet_mask(g, a, p, n)
    return 2 * mask * (n - p), 2 * mask * (p - a), 2 * mask * (a - n)


enter("triplet",
      lambda a, p, n: np.maximum(((a - p) ** 2).sum(-1) - ((a - n) ** 2).sum(-1) + 1, 0).sum(),
      d_triplet, (3, 4), (3, 4), (3, 4), kinked=True,
      wrong_anchor=(F, lambda g, a, p, n: (
          2 * (a - p) * d_triplet_mask(g, a, p, n), *d_triplet(g, a, p, n)[1:])))  # fmt: skip

# Gates and cells.
enter("glu", lambda x: x[:, :2] * sigmoid(x[:, 2:]),
      lambda g, x: (np.concatenate([g * sigmoid(x[:, 2:]),
                                    g * x[:, :2] * sigmoid(x[:, 2:]) * sigmoid(-x[:, 2:])], 1),),
      wrong_halves=("rolled|transposed|permuted|flipped|formula", lambda g, x: (
          np.concatenate([g * x[:, :2] * sigmoid(x[:, 2:]) * sigmoid(-x[:, 2:]),
                          g * sigmoid(x[:, 2:])], 1),)))  # fmt: skip
enter("prelu", lambda x, a: np.where(x > 0, x, a * x),
      lambda g, x, a: (g * np.where(x > 0, 1.0, a), unbroadcast(g * np.minimum(x, 0), a.shape)),
      (3, 4), (4,), domain="big", kinked=True,
      wrong_mask=("formula|branch|term", lambda g, x, a: (
          g * np.where(x > 0, 1.0, a), unbroadcast(g * x, a.shape))),
      wrong_first=("unbroadcast", lambda g, x, a: (
          g * np.where(x > 0, 1.0, a), (g * np.minimum(x, 0))[0])))  # fmt: skip


def rnn(x: Any, w: Any, u: Any) -> Any:
    h = np.zeros((len(w),))
    for row in x:
        h = np.tanh(row @ u + h @ w)
    return h


def d_rnn(g: Any, x: Any, w: Any, u: Any, *, truncated: bool = False) -> Any:
    hs = [np.zeros(len(w))]
    for row in x:
        hs.append(np.tanh(row @ u + hs[-1] @ w))
    gx, gw, gu = np.zeros_like(x), np.zeros_like(w), np.zeros_like(u)
    for t in reversed(range(len(x))):
        d = g * (1 - hs[t + 1] ** 2)
        gx[t], gw, gu = u @ d, gw + np.outer(hs[t], d), gu + np.outer(x[t], d)
        g = 0 * d if truncated else w @ d
    return gx, gw, gu


enter("rnn", rnn, d_rnn, (4, 2), (3, 3), (2, 3),
      wrong_truncated=("formula|branch|term|zero|mask", lambda g, x, w, u: d_rnn(
          g, x, w, u, truncated=True)))  # fmt: skip


def lstm(z: Any, c: Any) -> Any:
    i, f, o, n = np.split(z, 4, -1)
    return sigmoid(o) * np.tanh(sigmoid(f) * c + sigmoid(i) * np.tanh(n))


def d_lstm(g: Any, z: Any, c: Any, *, swap: bool = False, forget: float = 1.0) -> Any:
    i, f, o, n = np.split(z, 4, -1)
    si, sf, so, tn = sigmoid(i), sigmoid(f), sigmoid(o), np.tanh(n)
    t = np.tanh(sf * c + si * tn)
    gc = g * so * (1 - t * t)
    parts = [gc * tn * si * (1 - si), gc * c * sf * (1 - sf), g * t * so * (1 - so),
             gc * si * (1 - tn * tn)]  # fmt: skip
    if swap:
        parts[0], parts[1] = parts[1], parts[0]
    return np.concatenate(parts, -1), gc * sf * forget


enter("lstm_cell", lstm, d_lstm, (3, 8), (3, 2),
      wrong_gates=("permuted|formula|rolled|transposed|branch", lambda g, z, c: d_lstm(
          g, z, c, swap=True)),
      wrong_sign=("sign", lambda g, z, c: d_lstm(g, z, c, forget=-1.0)))  # fmt: skip
ANGLES = np.array([0.3, 1.1])


def rotary(x: Any, sign: float = 1.0) -> Any:
    a, b = x[:, :2], x[:, 2:]
    c, s = np.cos(ANGLES), sign * np.sin(ANGLES)
    return np.concatenate([a * c - b * s, a * s + b * c], 1)


enter("rotary", rotary, lambda g, x: (rotary(g, -1.0),),
      wrong_way=("formula|transposed|operand", lambda g, x: (rotary(g),)))  # fmt: skip
enter("masked_softmax", lambda x: softmax(np.where(np.tri(4, dtype=bool), x, -1e9)),
      lambda g, x: (masked_d(g, x),), (4, 4),
      wrong_diagonal=("term", lambda g, x: (
          softmax(np.where(np.tri(4, dtype=bool), x, -1e9)) * g,)))  # fmt: skip


def masked_d(g: Any, x: Any) -> Any:
    y = softmax(np.where(np.tri(4, dtype=bool), x, -1e9))
    return y * (g - (g * y).sum(-1, keepdims=True))


DROPPED = np.random.default_rng(5).uniform(size=(3, 4)) < 0.7
enter("dropout", lambda x: x * DROPPED / 0.7, lambda g, x: (g * DROPPED / 0.7,),
      wrong_scale=("factor", lambda g, x: (g * DROPPED,)),
      wrong_mask=("branch|mask", lambda g, x: (g / 0.7,)))  # fmt: skip
enter("fft_power", lambda x: np.abs(np.fft.rfft(x, axis=-1)) ** 2,
      lambda g, x: (d_power(g, x),), (2, 6),
      wrong_half=("factor", lambda g, x: (d_power(g, x) / 2,)))  # fmt: skip


def d_power(g: Any, x: Any) -> Any:
    k, n = np.arange(4)[:, None], np.arange(6)[None]
    c, s = np.cos(2 * np.pi * k * n / 6), np.sin(2 * np.pi * k * n / 6)
    return 2 * ((g * (x @ c.T)) @ c + (g * (x @ s.T)) @ s)
