"""Parameters for the tests of optimizers."""

from __future__ import annotations

import numpy as np

import tinygrad_lite as tgl
from tinygrad_lite import optim

EVERY = [
    optim.SGD,
    optim.Adam,
    optim.AdamW,
    optim.Adamax,
    optim.NAdam,
    optim.RAdam,
    optim.RMSprop,
    optim.Adagrad,
    optim.Adadelta,
    optim.ASGD,
    optim.Rprop,
    optim.Adafactor,
    optim.Muon,
]


def parameter(*shape, seed=0, dtype="float32"):
    values = np.random.default_rng(seed).normal(size=shape or (3, 2)).astype(dtype)
    return tgl.tensor(values, requires_grad=True)


def with_gradient(*shape, seed=0):
    p = parameter(*shape, seed=seed)
    p.grad = tgl.tensor(np.random.default_rng(seed + 1).normal(size=p.shape).astype("float32"))
    return p
