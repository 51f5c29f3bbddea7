"""A part of the bench: nothing missed, no false alarm, causes named."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_lite
from tests.gradcheck.bench.accidents import right_further, wrong_further
from tests.gradcheck.bench.measure import measure_ours
from tests.gradcheck.bench.mutants import right_cases, wrong_cases
from tests.gradcheck.bench.orders import FORGIVEN, SECOND, count_forgiven, count_second
from tinygrad_lite.autograd import gradcheck, gradgradcheck


@pytest.mark.parametrize("seed", [11])
def test_wrong_rules_are_caught_and_named(seed):
    cases = wrong_cases(seed)[seed % 3 :: 3]
    score = measure_ours(cases)
    assert score.caught == score.wrong, score.remarks
    assert score.named >= 0.9 * score.nameable, score.remarks
    assert score.found == score.elements


@pytest.mark.parametrize("seed", [12])
def test_right_rules_pass(seed):
    with np.errstate(all="ignore"):
        score = measure_ours(right_cases(seed)[seed % 3 :: 3])
    assert score.alarms == 0, score.remarks


@pytest.mark.parametrize("seed", [13])
def test_material_not_tuned_on(seed):
    cases = wrong_further(seed)[seed % 5 :: 5]
    with np.errstate(all="ignore"):
        score = measure_ours(cases)
        hard = measure_ours(right_further(seed)[seed % 4 :: 4])
    assert score.caught == score.wrong, score.remarks
    assert score.named >= 0.9 * score.nameable, score.remarks
    assert score.found == score.elements
    assert hard.alarms == 0, hard.remarks


def test_what_only_an_engine_shows():
    assert count_second(tinygrad_lite, gradgradcheck, 0) == (len(SECOND), 0)
    assert count_forgiven(tinygrad_lite, gradcheck, 0) == len(FORGIVEN)
