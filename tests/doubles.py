"""Leaves in double precision, for the tests of faults that others shipped."""

import numpy as np

import tinygrad_lite as torch

DOUBLE = torch.float64


def leaf(values):
    """A tensor of `values` that wants its gradient."""
    return torch.tensor(values, dtype=DOUBLE, requires_grad=True)


def draw(*shape, seed=0):
    """A leaf of numbers between -1 and 1."""
    return leaf(np.random.default_rng(seed).uniform(-1, 1, shape).tolist())
