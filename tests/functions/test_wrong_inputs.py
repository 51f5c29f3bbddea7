"""Calls that PyTorch refuses: ours raise the same class, and the words its users search for."""

from __future__ import annotations

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import tinygrad_lite as ours  # noqa: E402 - torch decides whether this module is imported

CALLS = {
    "arange to infinity": (lambda lib: lib.arange(0, math.inf, 2), "unsupported range"),
    "arange to nan": (lambda lib: lib.arange(math.nan), "unsupported range"),
    "linspace of 1.0 steps": (lambda lib: lib.linspace(0, 3, 1.0), "invalid combination"),
    "linspace of True steps": (lambda lib: lib.linspace(0, 3, True), "invalid combination"),
    "logspace of no steps": (lambda lib: lib.logspace(0, 3, None), "invalid combination"),
    "layout too long": (lambda lib: lib.empty_permuted([2], [0, 1]), "physical_layout"),
    "layout out of range": (lambda lib: lib.empty_permuted([2], [3]), "Dimension out of range"),
    "layout twice": (lambda lib: lib.empty_permuted([2, 3], [0, 0]), "Duplicate dim"),
    "multinomial of integers": (
        lambda lib: lib.multinomial(lib.tensor([1, 2]), 1),
        "multinomial only supports floating-point dtypes for input",
    ),
    "cauchy_": (lambda lib: lib.ones(2).cauchy_(0, 0), "cauchy_ expects sigma > 0.0"),
    "log_normal_": (lambda lib: lib.ones(2).log_normal_(0, 0), "log_normal_ expects std > 0.0"),
    "geometric_ below": (lambda lib: lib.ones(2).geometric_(-1), "p to be in (0, 1)"),
    "geometric_ at 1": (lambda lib: lib.ones(2).geometric_(1), "p to be in (0, 1)"),
    "cat": (lambda lib: lib.cat([]), "non-empty list of Tensors"),
    "stack": (lambda lib: lib.stack([]), "stack expects a non-empty TensorList"),
    "vstack": (lambda lib: lib.vstack([]), "vstack expects a non-empty TensorList"),
    "hstack": (lambda lib: lib.hstack(()), "hstack expects a non-empty TensorList"),
    "dstack": (lambda lib: lib.dstack([]), "dstack expects a non-empty TensorList"),
    "column_stack": (lambda lib: lib.column_stack([]), "column_stack expects a non-empty"),
    "narrow from a mask": (
        lambda lib: lib.narrow(lib.ones(4), 0, lib.tensor([True]), 1),
        "start must be an 0-dim integral Tensor",
    ),
    "narrow from a fraction": (
        lambda lib: lib.narrow(lib.ones(4), 0, lib.tensor(1.0), 1),
        "start must be an 0-dim integral Tensor",
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_refused_as_by_pytorch(name):
    call, words = CALLS[name]
    with pytest.raises(Exception) as theirs:
        call(torch)
    with pytest.raises(type(theirs.value)) as mine:
        call(ours)
    assert words in str(theirs.value)
    assert words in str(mine.value)


def test_whole_numbers_of_other_kinds_are_steps():
    assert ours.linspace(0, 2, ours.tensor(3)).tolist() == [0.0, 1.0, 2.0]


def test_a_number_in_an_array_fills():
    assert ours.ones(2).fill_(np.array(2.5)).tolist() == [2.5, 2.5]
    assert ours.ones(2).fill_(np.float64(0.5)).dtype == ours.float32
