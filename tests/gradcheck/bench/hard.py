"""Right rules at points where checkers cry wolf, on the material not tuned on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .further import FURTHER
from .samples import draw, keep, sigmoid


def difficult(rng: np.random.Generator) -> Iterator[tuple[str, Any, Any, list[np.ndarray]]]:
    """Right rules at points where a fixed step goes wrong."""
    s = FURTHER
    x = rng.standard_normal((3, 4))
    zeros = x * (rng.uniform(size=x.shape) < 0.6)
    square = rng.standard_normal((3, 3))
    for name, points in (
        ("sinh", [x * 30, x * 1e-8, np.zeros(3)]),
        ("tan", [x * 0.1 + np.pi / 2 - 0.01 * np.sign(x), x * 1e-9]),
        ("arcsinh", [x * 1e8, x * 1e-9]),
        ("arctanh", [1 - 1e-6 * np.abs(x), x * 1e-9]),
        ("erf", [x * 20, x * 1e-9, x * 3]),
        ("rsqrt", [np.abs(x) * 1e-8, np.abs(x) * 1e10]),
        ("softsign", [np.zeros(3), x * 1e6, x * 1e-9]),
        ("log_sigmoid", [x * 60, x * 300]),
        ("mish", [x * 25, np.zeros(3)]),
        ("selu", [x * 1e-9, np.array([-40.0, 40.0, -1e-5])]),
        ("hard_swish", [np.array([3.0, -3.0, 0.0, 3 + 1e-9, -3 - 1e-8])]),
        ("smooth_abs", [x * 1e-3, x * 1e-8, np.zeros(3), x * 1e5]),
        ("round", [x * 10, np.zeros(3), np.array([0.5 + 1e-9, 1.5 - 1e-7])]),
        ("cumprod", [zeros, np.zeros((2, 4)), x * 1e-4]),
        ("sort", [np.ones((2, 4)), np.round(x)]),
        ("top2", [np.round(x), np.zeros((3, 4))]),
        ("cummax", [np.sort(x, -1), -np.sort(-x, -1)]),
        ("rms_norm", [x * 1e-8, x * 1e6]),
        ("normalize", [x * 1e-9, x * 1e9]),
        ("hinge", [np.ones((2, 3)), np.zeros((2, 3))]),
        ("pinball", [zeros, x * 1e-9]),
        ("masked_softmax", [rng.standard_normal((4, 4)) * 80]),
        ("logcumsumexp", [x * 30, x * 1e-7]),
        ("det", [square @ np.diag([1, 1e-7, 1.0]), square * 1e-4, square * 1e4]),
        ("logdet", [square * 1e-8, square @ np.diag([1, 1e-5, 1.0])]),
        ("inv", [square * 1e-5, square @ np.diag([1, 1e-4, 1.0])]),
        ("svdvals", [x * 1e-6, x * 1e6]),
        ("eigvalsh", [square * 1e-6, square + np.diag([0, 1e3, 0])]),
        ("focal", [x * 15, x * 1e-7]),
        ("label_smoothing", [x * 40]),
        ("fft_power", [rng.standard_normal((2, 6)) * 1e5]),
        ("cholesky", [square * 1e-3, square * 1e3]),
        ("avg_pool", [rng.standard_normal((2, 4, 4)) + 1e6]),
    ):
        for number, point in enumerate(points):
            inputs = [np.array(point)]
            inputs += [draw(rng, t, s[name].domain) for t in s[name].shapes[1:]]
            if name == "hinge":
                inputs[1] = inputs[0].copy()
            if name == "rms_norm":
                inputs[1] = np.ones(4)
            yield f"{name}/hard{number}", s[name].forward, s[name].backward, inputs
    yield from composed(rng)


def composed(rng: np.random.Generator) -> Iterator[tuple[str, Any, Any, list[np.ndarray]]]:
    """Right rules of functions that bend, jump, saturate or read one input twice."""
    x = rng.standard_normal((3, 4))
    yield "sign", np.sign, lambda g, x: (0 * g,), [x]
    yield "floor", np.floor, lambda g, x: (0 * g,), [x * 5]
    yield "step", lambda x: (x > 0) * 1.0, lambda g, x: (0 * g,), [x]
    yield "mod", lambda x: np.mod(x, 1.0), lambda g, x: (g,), [x * 3]
    yield ("triangle", lambda x: np.abs(np.mod(x, 2.0) - 1),
           lambda g, x: (g * np.sign(np.mod(x, 2.0) - 1),), [x * 7])  # fmt: skip
    yield ("entropy", lambda p: -np.where(p > 0, p * np.log(np.where(p > 0, p, 1)), 0.0),
           lambda g, p: (-g * (p > 0) * (np.log(np.where(p > 0, p, 1)) + 1),),
           [np.abs(x) * 1e-6])  # fmt: skip
    yield ("norm4", lambda x: (x**4).sum() ** 0.25,
           lambda g, x: (g * x**3 / (x**4).sum() ** 0.75,), [x * 1e-3])  # fmt: skip
    yield ("linf", lambda x: np.abs(x).max(),
           lambda g, x: (g * np.sign(x) * (np.abs(x) == np.abs(x).max())
                         / (np.abs(x) == np.abs(x).max()).sum(),),
           [np.array([1.0, -1.0, 0.5, 1.0])])  # fmt: skip
    yield ("l1_zero", lambda x: np.abs(x).sum(), lambda g, x: (g * np.sign(x),), [0 * x])
    yield ("relu6", lambda x: np.clip(x, 0, 6), lambda g, x: (g * ((x > 0) & (x < 6)),),
           [np.array([0.0, 6.0, 3.0, -1.0, 7.0, 6 + 1e-10])])  # fmt: skip
    yield ("dead_relu", lambda x, w: np.maximum(x @ w - 100, 0),
           lambda g, x, w: ((g * (x @ w > 100)) @ w.T, x.T @ (g * (x @ w > 100))),
           [x, rng.standard_normal((4, 2))])  # fmt: skip
    yield ("constant", lambda x: np.ones(3), lambda g, x: (0 * x,), [x])
    yield ("polynomial", lambda x: ((x - 1) * 1e3) ** 3 * 1e-9 + x,
           lambda g, x: (g * (3 * (x - 1) ** 2 + 1),), [1 + x * 1e-5])  # fmt: skip
    yield (
        "oscillating",
        lambda x: np.sin(1e5 * x) * 1e-5,
        lambda g, x: (g * np.cos(1e5 * x),),
        [x],
    )
    yield ("logistic_cliff", lambda x: sigmoid(1e4 * x),
           lambda g, x: (1e4 * g * sigmoid(1e4 * x) * sigmoid(-1e4 * x),), [x * 1e-3])  # fmt: skip
    yield ("loss_offset", lambda x: (x * x).sum() + 1e8, lambda g, x: (2 * g * x,), [x])
    yield ("prod_zero", lambda x: x.prod(),
           lambda g, x: (g * np.array([np.delete(x, k).prod() for k in range(4)]),),
           [np.array([0.0, 2.0, -3.0, 4.0])])  # fmt: skip
    yield ("prod_zeros", lambda x: x.prod(), lambda g, x: (0 * x * g,),
           [np.array([0.0, 2.0, 0.0, 4.0])])  # fmt: skip
    yield ("view", lambda x: x.T, lambda g, x: (g.T,), [x])
    yield ("same_gradient", lambda x, y: x + y, lambda g, x, y: (g, g), [x, x.copy()])
    yield ("safe_sqrt", lambda x: np.sqrt(np.maximum(x, 1e-12)),
           lambda g, x: (g * np.where(x > 1e-12, 0.5 / np.sqrt(np.maximum(x, 1e-12)), 0),),
           [np.array([0.0, 1e-6, 1.0, -1.0, 1e-9])])  # fmt: skip
    yield ("leaky_min", lambda x, y: np.minimum(x, y) + 0.1 * np.maximum(x, y),
           lambda g, x, y: (g * np.where(x < y, 1, np.where(x > y, 0.1, 0.55)),
                            g * np.where(x > y, 1, np.where(x < y, 0.1, 0.55))),
           [np.round(x), np.round(x[::-1])])  # fmt: skip
    yield ("ratio", lambda x, y: x / (x + y),
           lambda g, x, y: (g * y / (x + y) ** 2, -g * x / (x + y) ** 2),
           [np.abs(x) * 1e-9, np.abs(x[::-1]) * 1e-9])  # fmt: skip
    yield ("big_softplus", lambda x: np.logaddexp(0, 50 * x) / 50,
           lambda g, x: (g * sigmoid(50 * x),), [x])  # fmt: skip
    yield ("quantised", lambda x: np.floor(x * 8) / 8 * 0 + x**2, lambda g, x: (2 * g * x,), [x])
    yield ("huge_and_tiny", lambda x: x * np.array([1e12, 1.0, 1e-12, 1e-3]),
           lambda g, x: (g * np.array([1e12, 1.0, 1e-12, 1e-3]),), [x])  # fmt: skip
    yield ("max_rows_equal", lambda x: x.max(-1),
           lambda g, x: (keep(g) * (x == x.max(-1, keepdims=True))
                         / (x == x.max(-1, keepdims=True)).sum(-1, keepdims=True),),
           [np.array([[1.0, 1.0, 0.0], [2.0, 2.0, 2.0]])])  # fmt: skip
    yield ("long_sum", lambda x: x.sum(), lambda g, x: (g * np.ones_like(x),),
           [rng.standard_normal(3000)])  # fmt: skip
    yield ("long_relu", lambda x: np.maximum(x, 0).sum(), lambda g, x: (g * (x > 0),),
           [rng.standard_normal(2000) * (rng.uniform(size=2000) < 0.5)])  # fmt: skip
