"""The models as functions of a dictionary of parameters, over a kit of operations.

Parameters are named and shaped as PyTorch's, and filled alike: the losses and gradients have to
agree with PyTorch's before anything is timed.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..workloads.inputs import normal, numbers

__all__ = ["MODELS", "filled"]


def filled(shapes: dict[str, tuple[int, ...]]) -> dict[str, Any]:
    """The values that `inputs.fill` gives to parameters of these shapes."""
    rng = np.random.default_rng(0)
    made = {}
    for name, shape in shapes.items():
        values = rng.standard_normal(shape, dtype=np.float32)
        if len(shape) > 1:
            values /= np.float32(math.sqrt(math.prod(shape[1:])))
        else:
            values = values * np.float32(0.1) + np.float32(0.5)
        made[name] = values
    return made


def _linears(*sizes: int, names: tuple[str, ...]) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    for name, before, after in zip(names, sizes, sizes[1:], strict=False):
        shapes |= {f"{name}.weight": (after, before), f"{name}.bias": (after,)}
    return shapes


def moons(k: Any) -> Any:
    """Hinge loss and a penalty."""
    shapes = _linears(2, 16, 16, 1, names=("0", "2", "4"))
    x, y = normal(100, 2), 2.0 * numbers(2, 100, 1).astype("float32") - 1

    def loss(p: Any) -> Any:
        h = k.relu(k.linear(k.constant(x), p["0.weight"], p["0.bias"]))
        h = k.relu(k.linear(h, p["2.weight"], p["2.bias"]))
        margin = k.relu(1 - k.constant(y) * k.linear(h, p["4.weight"], p["4.bias"]))
        total = k.sum(margin) * 0.01
        for value in p.values():
            total = total + k.sum(value * value) * 1e-4
        return total

    return shapes, loss, ("sgd", 0.1)


def _mlp(k: Any, batch: int) -> Any:
    x, y = normal(batch, 784), numbers(10, batch)

    def loss(p: Any) -> Any:
        h = k.relu(k.linear(k.constant(x), p["0.weight"], p["0.bias"]))
        h = k.relu(k.linear(h, p["2.weight"], p["2.bias"]))
        return k.cross_entropy(k.linear(h, p["4.weight"], p["4.bias"]), y)

    return _linears(784, 256, 128, 10, names=("0", "2", "4")), loss


def mlp_momentum(k: Any) -> Any:
    """784-256-128-10, batch 128."""
    return *_mlp(k, 128), ("momentum", 0.01)


def mlp_adam(k: Any) -> Any:
    """The same, batch 32."""
    return *_mlp(k, 32), ("adam", 1e-3)


def lenet(k: Any) -> Any:
    """Two convolutions and two linear layers."""
    shapes = {
        "0.weight": (16, 1, 5, 5), "0.bias": (16,), "3.weight": (32, 16, 5, 5), "3.bias": (32,),
        **_linears(512, 128, 10, names=("7", "9")),
    }  # fmt: skip
    x, y = normal(64, 1, 28, 28), numbers(10, 64)

    def loss(p: Any) -> Any:
        h = k.pool(k.relu(k.conv(k.constant(x), p["0.weight"], p["0.bias"])))
        h = k.pool(k.relu(k.conv(h, p["3.weight"], p["3.bias"])))
        h = k.relu(k.linear(k.reshape(h, (64, 512)), p["7.weight"], p["7.bias"]))
        return k.cross_entropy(k.linear(h, p["9.weight"], p["9.bias"]), y)

    return shapes, loss, ("momentum", 0.01)


def gpt(k: Any) -> Any:
    """4 layers, 4 heads, 128 channels."""
    heads, c, t, b, vocabulary = 4, 128, 64, 12, 65
    shapes: dict[str, tuple[int, ...]] = {"tokens.weight": (65, c), "places.weight": (t, c)}
    for i in range(4):
        s = f"blocks.{i}"
        shapes |= {f"{s}.before.weight": (c,), f"{s}.before.bias": (c,)}
        shapes |= _linears(c, 3 * c, names=(f"{s}.attention.qkv",))
        shapes |= _linears(c, c, names=(f"{s}.attention.out",))
        shapes |= {f"{s}.between.weight": (c,), f"{s}.between.bias": (c,)}
        shapes |= _linears(c, 512, names=(f"{s}.grow",)) | _linears(512, c, names=(f"{s}.shrink",))
    shapes |= {"last.weight": (c,), "last.bias": (c,)} | _linears(c, vocabulary, names=("head",))
    x, y = numbers(vocabulary, b, t), numbers(vocabulary, b * t, seed=3)
    future = np.where(np.tril(np.ones((t, t))) == 0, np.float32(-1e9), np.float32(0))

    def affine(p: Any, name: str, h: Any) -> Any:
        return k.linear(h, p[f"{name}.weight"], p[f"{name}.bias"])

    def norm(p: Any, name: str, h: Any) -> Any:
        return k.layer_norm(h, p[f"{name}.weight"], p[f"{name}.bias"])

    def attend(p: Any, name: str, h: Any) -> Any:
        qkv = k.reshape(affine(p, f"{name}.qkv", h), (b, t, 3, heads, c // heads))
        q, key, v = (k.transpose(qkv[:, :, i], (0, 2, 1, 3)) for i in range(3))
        scores = k.matmul(q, k.transpose(key, (0, 1, 3, 2))) * (1 / math.sqrt(c // heads))
        out = k.matmul(k.softmax(scores + k.constant(future)), v)
        return affine(p, f"{name}.out", k.reshape(k.transpose(out, (0, 2, 1, 3)), (b * t, c)))

    def loss(p: Any) -> Any:
        places = p["places.weight"]
        h = k.reshape(p["tokens.weight"][x] + places, (b * t, c))
        for i in range(4):
            s = f"blocks.{i}"
            h = h + attend(p, f"{s}.attention", norm(p, f"{s}.before", h))
            grown = k.gelu(affine(p, f"{s}.grow", norm(p, f"{s}.between", h)))
            h = h + affine(p, f"{s}.shrink", grown)
        return k.cross_entropy(affine(p, "head", norm(p, "last", h)), y)

    return shapes, loss, ("adamw", 1e-3)


def lstm_loop(k: Any) -> Any:
    """A cell in a Python loop, 64 steps."""
    steps, batch, n = 64, 32, 128
    shapes: dict[str, tuple[int, ...]] = {
        "weight_ih": (4 * n, n), "weight_hh": (4 * n, n), "bias_ih": (4 * n,),
        "bias_hh": (4 * n,),
    }  # fmt: skip
    x = normal(steps, batch, n)

    def loss(p: Any) -> Any:
        h = c = k.constant(np.zeros((batch, n), "float32"))
        total: Any = 0.0
        for t in range(steps):
            z = k.linear(k.constant(x[t]), p["weight_ih"], p["bias_ih"])
            z = z + k.linear(h, p["weight_hh"], p["bias_hh"])
            i, f, g, o = (z[:, j * n : (j + 1) * n] for j in range(4))
            c = k.sigmoid(f) * c + k.sigmoid(i) * k.tanh(g)
            h = k.sigmoid(o) * k.tanh(c)
            total = total + k.sum(h * h)
        return total * (1 / (steps * batch * n))

    return shapes, loss, ("sgd", 0.01)


MODELS = {
    "W2": moons, "W3": mlp_momentum, "W4": mlp_adam, "W5a": lenet, "W6": gpt, "W7b": lstm_loop,
}  # fmt: skip
