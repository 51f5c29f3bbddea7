"""Operations with right backwards, written out in NumPy: the material of the bench.

A sample is `forward(*xs)` and `backward(g, *xs)`, which returns one gradient per input, and a
domain from which inputs are drawn: "real", "positive", "unit" (between −1 and 1), "apart" (no two
alike), "big" (away from zero).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass
class Sample:
    """One operation: its forward, its right backward, and how its inputs look."""

    name: str
    forward: Callable[..., Any]
    backward: Callable[..., tuple[Any, ...]]
    shapes: tuple[tuple[int, ...], ...]
    domain: str = "real"
    constants: tuple[Any, ...] = ()
    formulas: dict[str, tuple[str, Callable[..., Any]]] = field(default_factory=dict)
    kinked: bool = False

    def inputs(self, rng: np.random.Generator) -> list[np.ndarray]:
        """Random inputs of the domain."""
        return [draw(rng, shape, self.domain) for shape in self.shapes]


def draw(rng: np.random.Generator, shape: tuple[int, ...], domain: str) -> np.ndarray:
    """Random numbers of a domain."""
    if domain == "positive":
        return rng.uniform(0.3, 3.0, shape)
    if domain == "unit":
        return rng.uniform(-0.9, 0.9, shape)
    if domain == "apart":
        count = int(np.prod(shape))
        return (rng.permutation(count) * 0.37 - 0.17 * count + 0.05).reshape(shape)
    if domain == "big":
        return rng.uniform(0.3, 3.0, shape) * rng.choice([-1.0, 1.0], shape)
    return rng.standard_normal(shape)


def unbroadcast(g: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Sum `g` down to `shape`."""
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    axes = tuple(k for k, size in enumerate(shape) if size == 1 and g.shape[k] != 1)
    return g.sum(axis=axes, keepdims=True) if axes else g


SAMPLES: dict[str, Sample] = {}


def add(name: str, forward: Any, backward: Any, *shapes: tuple[int, ...], **more: Any) -> None:
    """Enter a sample; `wrong_<name>=(cause, backward)` are formulas gone wrong."""
    formulas = {k[6:]: more.pop(k) for k in list(more) if k.startswith("wrong_")}
    shapes = shapes or ((3, 4),)
    SAMPLES[name] = Sample(name, forward, backward, shapes, formulas=formulas, **more)


def elementwise(name: str, f: Any, d: Any, domain: str = "real", **wrong: Any) -> None:
    """Enter f(x) with derivative d(x)."""
    more = {f"wrong_{k}": (cause, lambda g, x, w=w: (g * w(x),)) for k, (cause, w) in wrong.items()}
    add(name, f, lambda g, x: (g * d(x),), domain=domain, **more)


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


F = "formula"
elementwise("exp", np.exp, np.exp, times_x=(F, lambda x: x * np.exp(x - 1)))
elementwise(
    "log",
    np.log,
    lambda x: 1 / x,
    "positive",
    log10=("factor", lambda x: 1 / x / np.log(10)),
    squared=(F, lambda x: 1 / x**2),
)
elementwise(
    "sqrt",
    np.sqrt,
    lambda x: 0.5 / np.sqrt(x),
    "positive",
    half=("factor", lambda x: 1 / np.sqrt(x)),
)
elementwise("sin", np.sin, np.cos, sine=(F, np.sin), minus=("sign", lambda x: -np.cos(x)))
elementwise("cos", np.cos, lambda x: -np.sin(x), plus=("sign", np.sin))
elementwise(
    "tanh",
    np.tanh,
    lambda x: 1 - np.tanh(x) ** 2,
    plus=(F, lambda x: 1 + np.tanh(x) ** 2),
    first=(F, lambda x: 1 - np.tanh(x)),
)
elementwise(
    "sigmoid",
    sigmoid,
    lambda x: sigmoid(x) * (1 - sigmoid(x)),
    plus=(F, lambda x: sigmoid(x) * (1 + sigmoid(x))),
    once=(F, sigmoid),
)
elementwise("softplus", lambda x: np.logaddexp(x, 0), sigmoid, minus=(F, lambda x: sigmoid(-x)))
elementwise("square", lambda x: x * x, lambda x: 2 * x, half=("factor", lambda x: x))
elementwise(
    "cube",
    lambda x: x**3,
    lambda x: 3 * x**2,
    two=("factor", lambda x: 2 * x**2),
    linear=(F, lambda x: 3 * x),
)
elementwise(
    "reciprocal", lambda x: 1 / x, lambda x: -1 / x**2, "big", plus=("sign", lambda x: 1 / x**2)
)
elementwise("arctan", np.arctan, lambda x: 1 / (1 + x * x), root=(F, lambda x: (1 + x * x) ** -0.5))
elementwise(
    "arcsin",
    np.arcsin,
    lambda x: (1 - x * x) ** -0.5,
    "unit",
    plus=(F, lambda x: (1 + x * x) ** -0.5),
)
elementwise("log1p", np.log1p, lambda x: 1 / (1 + x), "positive", log=(F, lambda x: 1 / x))
elementwise(
    "power", lambda x: x**2.5, lambda x: 2.5 * x**1.5, "positive", flat=("factor", lambda x: x**1.5)
)
elementwise(
    "silu",
    lambda x: x * sigmoid(x),
    lambda x: sigmoid(x) * (1 + x * (1 - sigmoid(x))),
    term=(F, sigmoid),
)


def gelu(x: Any) -> Any:
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def d_gelu(x: Any, a: float = 0.044715, c: float = np.sqrt(2 / np.pi)) -> Any:
    t = np.tanh(c * (x + a * x**3))
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * c * (1 + 3 * a * x * x)


elementwise(
    "gelu",
    gelu,
    d_gelu,
    digits=("precision", lambda x: d_gelu(x, 0.0447)),
    constant=("precision", lambda x: d_gelu(x, c=0.7979)),
)
for label, d_positive, d_negative in (
    ("relu", 1.0, 0.0),
    ("abs", 1.0, -1.0),
    ("leaky_relu", 1.0, 0.01),
):
    f = {
        "relu": lambda x: np.maximum(x, 0),
        "abs": np.abs,
        "leaky_relu": lambda x: np.where(x > 0, x, 0.01 * x),
    }[label]
    elementwise(
        label,
        f,
        lambda x, p=d_positive, n=d_negative: np.where(x > 0, p, np.where(x < 0, n, (p + n) / 2)),
        "big",
        branch=("branch", lambda x, p=d_positive: np.full_like(x, p)),
    )
    SAMPLES[label].kinked = True
elementwise(
    "elu",
    lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    lambda x: np.where(x > 0, 1.0, np.exp(np.minimum(x, 0))),
    "big",
    branch=("branch", lambda x: np.where(x > 0, 1.0, np.expm1(np.minimum(x, 0)))),
)
elementwise(
    "clip",
    lambda x: np.clip(x, -1, 1),
    lambda x: 1.0 * (np.abs(x) <= 1),
    "big",
    mask=("branch", np.ones_like),
)
SAMPLES["clip"].kinked = True
elementwise(
    "huber",
    lambda x: np.where(np.abs(x) < 1, x * x / 2, np.abs(x) - 0.5),
    lambda x: np.clip(x, -1, 1),
    "big",
    branch=("branch", lambda x: x),
)


def binary(name: str, f: Any, dx: Any, dy: Any, domain: str = "real", **wrong: Any) -> None:
    """Enter f(x, y) with both derivatives, of like shapes and broadcast in two ways."""

    def back(g: Any, x: Any, y: Any, dx: Any = dx, dy: Any = dy) -> Any:
        return unbroadcast(g * dx(x, y), x.shape), unbroadcast(g * dy(x, y), y.shape)

    for tail, shapes in (
        ("", ((3, 4), (3, 4))),
        ("_row", ((3, 4), (4,))),
        ("_col", ((3, 1), (3, 4))),
    ):
        more = {}
        if not tail:
            more = {
                f"wrong_{k}": (c, lambda g, x, y, a=a, b=b: back(g, x, y, a, b))
                for k, (c, a, b) in wrong.items()
            }
        add(name + tail, f, back, *shapes, domain=domain, **more)


def one(x: Any, y: Any) -> Any:
    return np.ones(np.broadcast_shapes(x.shape, y.shape))


binary("add", lambda x, y: x + y, one, one)
binary("sub", lambda x, y: x - y, one, lambda x, y: -one(x, y), same=("sign", one, one))
binary("mul", lambda x, y: x * y, lambda x, y: y, lambda x, y: x)
binary(
    "div",
    lambda x, y: x / y,
    lambda x, y: 1 / y,
    lambda x, y: -x / y**2,
    "big",
    once=(F, lambda x, y: 1 / y, lambda x, y: -x / y),
)
binary(
    "pow",
    lambda x, y: x**y,
    lambda x, y: y * x ** (y - 1),
    lambda x, y: np.log(x) * x**y,
    "positive",
    log=(F, lambda x, y: y * x ** (y - 1), lambda x, y: x**y),
)
binary("hypot", np.hypot, lambda x, y: x / np.hypot(x, y), lambda x, y: y / np.hypot(x, y), "big")
binary(
    "arctan2",
    np.arctan2,
    lambda x, y: y / (x * x + y * y),
    lambda x, y: -x / (x * x + y * y),
    "big",
)
for label, f, better in (("maximum", np.maximum, np.greater), ("minimum", np.minimum, np.less)):
    binary(
        label,
        f,
        lambda x, y, b=better: b(x, y) + 0.5 * (x == y),
        lambda x, y, b=better: b(y, x) + 0.5 * (x == y),
        "apart",
        mask=("branch", one, lambda x, y, b=better: b(y, x) * 1.0),
    )
    SAMPLES[label].kinked = True

add(
    "matmul",
    lambda x, w: x @ w,
    lambda g, x, w: (g @ w.T, x.T @ g),
    (4, 4),
    (4, 4),
    wrong_untransposed=("operand", lambda g, x, w: (g @ w, x.T @ g)),
    wrong_other=("operand", lambda g, x, w: (g @ w.T, x @ g)),
    wrong_flipped=("transposed", lambda g, x, w: (g @ w.T, g.T @ x)),
)
add(
    "linear",
    lambda x, w, b: x @ w + b,
    lambda g, x, w, b: (g @ w.T, x.T @ g, g.sum(0)),
    (5, 3),
    (3, 4),
    (4,),
    wrong_first=("unbroadcast", lambda g, x, w, b: (g @ w.T, x.T @ g, g[0])),
    wrong_last=("unbroadcast", lambda g, x, w, b: (g @ w.T, x.T @ g, g[-1])),
    wrong_mean=("mean", lambda g, x, w, b: (g @ w.T, x.T @ g, g.mean(0))),
    wrong_unsummed=("unbroadcast", lambda g, x, w, b: (g @ w.T, x.T @ g, g)),
    wrong_averaged=("factor", lambda g, x, w, b: (g @ w.T, x.T @ g / len(x), g.sum(0))),
)
add(
    "batched",
    lambda x, w: x @ w,
    lambda g, x, w: (g @ w.swapaxes(1, 2), x.swapaxes(1, 2) @ g),
    (2, 3, 3),
    (2, 3, 3),
    wrong_untransposed=("operand", lambda g, x, w: (g @ w, x.swapaxes(1, 2) @ g)),
)
add(
    "outer",
    np.outer,
    lambda g, x, y: (g @ y, g.T @ x),
    (4,),
    (4,),
    wrong_swapped=("swapped", lambda g, x, y: (g.T @ x, g @ y)),
)
add("dot", lambda x, y: x @ y, lambda g, x, y: (g * y, g * x), (5,), (5,))
add(
    "bilinear",
    lambda x, w, y: x @ w @ y,
    lambda g, x, w, y: (g * (w @ y), g * np.outer(x, y), g * (w.T @ x)),
    (4,),
    (4, 4),
    (4,),
    wrong_untransposed=(
        "operand",
        lambda g, x, w, y: (g * (w.T @ y), g * np.outer(x, y), g * (w.T @ x)),
    ),
    wrong_outer=("transposed", lambda g, x, w, y: (g * (w @ y), g * np.outer(y, x), g * (w.T @ x))),
)


def keep(g: Any) -> Any:
    return np.expand_dims(g, -1)


add(
    "sum",
    lambda x: x.sum(-1),
    lambda g, x: (keep(g) + 0 * x,),
    wrong_mean=("factor", lambda g, x: (keep(g) / 4 + 0 * x,)),
)
add(
    "mean",
    lambda x: x.mean(-1),
    lambda g, x: (keep(g) / 4 + 0 * x,),
    wrong_sum=("factor", lambda g, x: (keep(g) + 0 * x,)),
)
add(
    "var",
    lambda x: x.var(-1),
    lambda g, x: (keep(g) * 2 * (x - x.mean(-1, keepdims=True)) / 4,),
    wrong_center=("term", lambda g, x: (keep(g) * 2 * x / 4,)),
    wrong_count=("factor", lambda g, x: (keep(g) * 2 * (x - x.mean(-1, keepdims=True)) / 3,)),
)
add(
    "std",
    lambda x: x.std(-1),
    lambda g, x: (keep(g) * (x - x.mean(-1, keepdims=True)) / 4 / x.std(-1, keepdims=True),),
)
add(
    "norm",
    lambda x: np.sqrt((x * x).sum(-1)),
    lambda g, x: (keep(g) * x / np.maximum(np.sqrt((x * x).sum(-1, keepdims=True)), 1e-300),),
    wrong_square=(F, lambda g, x: (keep(g) * x / (x * x).sum(-1, keepdims=True),)),
)
add(
    "prod",
    lambda x: x.prod(-1),
    lambda g, x: (keep(g) * x.prod(-1, keepdims=True) / x,),
    domain="big",
    wrong_whole=(F, lambda g, x: (keep(g) * x.prod(-1, keepdims=True) + 0 * x,)),
)


def softmax(x: Any) -> Any:
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


add(
    "logsumexp",
    lambda x: np.log(np.exp(x - x.max(-1, keepdims=True)).sum(-1)) + x.max(-1),
    lambda g, x: (keep(g) * softmax(x),),
    wrong_exp=(F, lambda g, x: (keep(g) * np.exp(x - x.max(-1, keepdims=True)),)),
)


def d_softmax(g: Any, x: Any) -> Any:
    y = softmax(x)
    return (y * (g - (g * y).sum(-1, keepdims=True)),)


add(
    "softmax",
    softmax,
    d_softmax,
    wrong_diagonal=("term", lambda g, x: (softmax(x) * g,)),
    wrong_square=("term", lambda g, x: (g * softmax(x) * (1 - softmax(x)),)),
)
add(
    "log_softmax",
    lambda x: (
        x
        - x.max(-1, keepdims=True)
        - np.log(np.exp(x - x.max(-1, keepdims=True)).sum(-1, keepdims=True))
    ),
    lambda g, x: (g - softmax(x) * g.sum(-1, keepdims=True),),
    wrong_nosum=("term", lambda g, x: (g - softmax(x) * g,)),
    wrong_only=("term", lambda g, x: (g + 0 * x,)),
)
for label, f, pick in (("max", np.max, np.argmax), ("min", np.min, np.argmin)):

    def d_extreme(g: Any, x: Any, pick: Any = pick) -> Any:
        return (keep(g) * (np.arange(x.shape[-1]) == keep(pick(x, -1))),)

    add(
        label,
        lambda x, f=f: f(x, axis=-1),
        d_extreme,
        domain="apart",
        kinked=True,
        wrong_all=("branch", lambda g, x: (keep(g) + 0 * x,)),
    )
add(
    "cumsum",
    lambda x: np.cumsum(x, -1),
    lambda g, x: (np.cumsum(g[..., ::-1], -1)[..., ::-1],),
    wrong_forward=(F, lambda g, x: (np.cumsum(g, -1),)),
)


def normalise(x: Any) -> Any:
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)


def d_normalise(g: Any, x: Any, mean: bool = True, product: bool = True) -> Any:
    y = normalise(x)
    inner = g - mean * g.mean(-1, keepdims=True) - product * y * (g * y).mean(-1, keepdims=True)
    return (inner / np.sqrt(x.var(-1, keepdims=True) + 1e-5),)


add(
    "layer_norm",
    normalise,
    d_normalise,
    wrong_mean=("term", lambda g, x: d_normalise(g, x, mean=False)),
    wrong_product=("term", lambda g, x: d_normalise(g, x, product=False)),
)
add(
    "batch_norm",
    lambda x: normalise(x.T).T,
    lambda g, x: (d_normalise(g.T, x.T)[0].T,),
    (5, 3),
    wrong_mean=("term", lambda g, x: (d_normalise(g.T, x.T, mean=False)[0].T,)),
)
INDEX = np.array([2, 0, 2, 1, 2])


def scatter(g: Any, x: Any) -> Any:
    out = np.zeros(x.shape, np.result_type(g, x))
    np.add.at(out, INDEX, g)
    return (out,)


def assign(g: Any, x: Any) -> Any:
    out = np.zeros(x.shape, np.result_type(g, x))
    out[INDEX] = g
    return (out,)


add("take", lambda x: x[INDEX], scatter, (4, 3), wrong_assigned=("repeated", assign))
add(
    "transpose",
    lambda x: x.T,
    lambda g, x: (g.T,),
    (3, 4),
    wrong_reshaped=("transposed", lambda g, x: (g.reshape(x.shape),)),
)
add(
    "flip",
    lambda x: x[:, ::-1],
    lambda g, x: (g[:, ::-1],),
    wrong_kept=("flipped", lambda g, x: (g,)),
)
add(
    "roll",
    lambda x: np.roll(x, 1, 1),
    lambda g, x: (np.roll(g, -1, 1),),
    wrong_way=("rolled", lambda g, x: (np.roll(g, 1, 1),)),
)
add(
    "slice",
    lambda x: x[1:, ::2],
    lambda g, x: (np.pad(np.stack([g, 0 * g], -1).reshape(2, 4), ((1, 0), (0, 0))),),
)
add(
    "concatenate",
    lambda x, y: np.concatenate([x, y]),
    lambda g, x, y: (g[: len(x)], g[len(x) :]),
    (3, 4),
    (3, 4),
    wrong_swapped=("swapped", lambda g, x, y: (g[len(x) :], g[: len(x)])),
)
MASK = np.array([[1, 0, 1, 0], [0, 1, 1, 0], [1, 1, 0, 0]], dtype=bool)
add(
    "where",
    lambda x, y: np.where(MASK, x, y),
    lambda g, x, y: (g * MASK, g * ~MASK),
    (3, 4),
    (3, 4),
    wrong_swapped=("swapped", lambda g, x, y: (g * ~MASK, g * MASK)),
)
add(
    "tril",
    np.tril,
    lambda g, x: (np.tril(g),),
    (4, 4),
    wrong_upper=("transposed", lambda g, x: (np.triu(g),)),
)


def conv(x: Any, w: Any) -> Any:
    return np.stack([np.convolve(x, k, "valid") for k in w])


def d_conv(g: Any, x: Any, w: Any) -> Any:
    gx = sum(np.convolve(row, k[::-1], "full") for row, k in zip(g, w, strict=True))
    return gx, np.stack([np.convolve(x[::-1], row, "valid") for row in g])


add(
    "conv",
    conv,
    d_conv,
    (9,),
    (2, 3),
    wrong_flip=("flipped", lambda g, x, w: (d_conv(g, x, w)[0], d_conv(g, x, w)[1][:, ::-1])),
)
add(
    "max_pool",
    lambda x: x.reshape(3, 2, 2).max(-1),
    lambda g, x: ((keep(g) * (np.arange(2) == keep(x.reshape(3, 2, 2).argmax(-1)))).reshape(3, 4),),
    domain="apart",
    kinked=True,
    wrong_spread=("branch", lambda g, x: (np.repeat(g, 2, -1),)),
)
add(
    "mse",
    lambda x, t: ((x - t) ** 2).mean(),
    lambda g, x, t: (g * 2 * (x - t) / x.size, -g * 2 * (x - t) / x.size),
    (3, 4),
    (3, 4),
    wrong_sum=("factor", lambda g, x, t: (g * 2 * (x - t), -g * 2 * (x - t) / x.size)),
)
add(
    "mae",
    lambda x, t: np.abs(x - t).mean(),
    lambda g, x, t: (g * np.sign(x - t) / x.size, -g * np.sign(x - t) / x.size),
    (3, 4),
    (3, 4),
    kinked=True,
)
LABELS = np.array([1, 0, 3])


def cross_entropy(x: Any) -> Any:
    top = x.max(-1, keepdims=True)
    return (np.log(np.exp(x - top).sum(-1)) + top[:, 0] - x[np.arange(3), LABELS]).mean()


add(
    "cross_entropy",
    cross_entropy,
    lambda g, x: (g * (softmax(x) - np.eye(4)[LABELS]) / 3,),
    wrong_sum=("factor", lambda g, x: (g * (softmax(x) - np.eye(4)[LABELS]),)),
    wrong_onehot=("term", lambda g, x: (g * softmax(x) / 3,)),
)
add(
    "bce",
    lambda x: (np.logaddexp(x, 0) - 0.3 * x).mean(),
    lambda g, x: (g * (sigmoid(x) - 0.3) / x.size,),
    wrong_target=("term", lambda g, x: (g * sigmoid(x) / x.size,)),
)


def attention(q: Any, k: Any, v: Any) -> Any:
    return softmax(q @ k.T / 2) @ v


def d_attention(g: Any, q: Any, k: Any, v: Any, scale: float = 0.5) -> Any:
    gs = d_softmax(g @ v.T, q @ k.T / 2)[0] * scale
    return gs @ k, gs.T @ q, softmax(q @ k.T / 2).T @ g


add(
    "attention",
    attention,
    d_attention,
    (4, 4),
    (4, 4),
    (4, 4),
    wrong_scale=("factor", lambda g, q, k, v: d_attention(g, q, k, v, 1.0)),
    wrong_weights=(
        "operand",
        lambda g, q, k, v: (*d_attention(g, q, k, v)[:2], softmax(q @ k.T / 2) @ g),
    ),
)
add("large", lambda x: np.tanh(x) * 2, lambda g, x: (2 * g * (1 - np.tanh(x) ** 2),), (30, 40))
add("large_sum", lambda x: (x**3).sum(), lambda g, x: (3 * g * x * x,), (500,))
add(
    "large_linear",
    lambda x, w: np.tanh(x @ w),
    lambda g, x, w: ((g * (1 - np.tanh(x @ w) ** 2)) @ w.T, x.T @ (g * (1 - np.tanh(x @ w) ** 2))),
    (6, 30),
    (30, 12),
)
