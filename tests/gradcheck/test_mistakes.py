"""Mistakes as people make them in layers they write by hand, each with the words that name it."""

import numpy as np
import pytest

import tinygrad_lite as torch
from tinygrad_lite.autograd import check_function, gradcheck

random = np.random.default_rng(5)
normal = random.standard_normal
KEPT = np.array([[True, False, True, True], [False, True, True, False]])


def slide(x, w):
    padded = np.pad(x, 1)
    return np.array([padded[i : i + len(w)] @ w for i in range(len(padded) - len(w) + 1)])


def slide_back(g, x, w, offset=1, kernel=None):
    padded = np.pad(x, 1)
    gx, gw = np.zeros(len(padded) + 1), np.zeros(len(w))
    for i in range(len(g)):
        gx[i : i + len(w)] += g[i] * (w if kernel is None else kernel(w))
        gw += g[i] * padded[i : i + len(w)]
    return gx[offset : offset + len(x)], gw


def standardise(x):
    return (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-5)


def standardise_back(g, x, centred=True, scaled=True):
    root = np.sqrt(x.var(0) + 1e-5)
    flat = standardise(x)
    gx = g - g.mean(0) if centred else g
    return ((gx - flat * (g * flat).mean(0) if scaled else gx) / root,)


def squash(z):
    return 1 / (1 + np.exp(-z))


def gates(z):
    return squash(z[0]) * np.tanh(z[1]) + squash(z[2])


def gates_back(g, z):
    first, middle, last = squash(z[0]), np.tanh(z[1]), squash(z[2])
    slope = g * middle * first * (1 - first)
    return (np.stack([g * last * (1 - last), g * first * (1 - middle**2), slope]),)


MISTAKES = {
    "padding forgotten by one": (
        slide, lambda g, x, w: slide_back(g, x, w, offset=2), (normal(8), normal(3)), "shifted by",
    ),
    "kernel the wrong way round": (
        slide, lambda g, x, w: slide_back(g, x, w, kernel=np.flip), (normal(8), normal(3)),
        "flipped",
    ),
    "no mean term": (
        standardise, lambda g, x: standardise_back(g, x, centred=False), (normal((6, 3)),),
        "mean term",
    ),
    "no variance term": (
        standardise, lambda g, x: standardise_back(g, x, scaled=False), (normal((6, 3)),),
        "mean term",
    ),
    "two gates swapped": (gates, gates_back, (normal((3, 4)),), "permuted|flipped|rolled"),
    "mean of what a mask keeps": (
        lambda x: (x * KEPT).sum() / KEPT.sum(), lambda g, x: (g * KEPT / KEPT.size,),
        (normal((2, 4)),), "factor",
    ),
    "dropout without its scale": (
        lambda x: x * KEPT / 0.6, lambda g, x: (g * KEPT,), (normal((2, 4)),), "factor",
    ),
    "permutation not inverted": (
        lambda x: x.transpose(1, 2, 0), lambda g, x: (g.transpose(1, 2, 0),),
        (normal((3, 3, 3)),), "transposed|permuted",
    ),
    "pieces handed out in the wrong order": (
        lambda a, b: np.concatenate([a, b]), lambda g, a, b: (g[4:], g[:4]),
        (normal(4), normal(4)), "swapped",
    ),
    "half precision in between": (
        np.sin, lambda g, x: ((g * np.cos(x)).astype(np.float16).astype(float),), (normal(6),),
        "precision",
    ),
    "zero for what is small": (
        np.sin, lambda g, x: (np.where(abs(x) < 1e-3, 0, g * np.cos(x)),),
        (np.array([1e-4, 0.5, 2.0, -5e-4]),), "branch",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_named(name):
    forward, backward, inputs, words = MISTAKES[name]
    report = check_function(forward, backward, inputs, raise_exception=False, report=True)
    assert not report.ok
    assert any(word in report.cause for word in words.split("|")), report.cause


@pytest.mark.parametrize("at", [[-745.0, -740.0, -800.0], [700.0, -700.0, 709.0]])
def test_numbers_at_the_ends_of_the_range_are_no_mistake(at):
    x = torch.tensor(at, dtype=torch.float64, requires_grad=True)
    assert gradcheck(torch.exp, (x,))
