"""A part of the bench: nothing missed, no false alarm, causes named."""

from __future__ import annotations

import numpy as np
import pytest

from tests.gradcheck.bench.measure import measure_ours
from tests.gradcheck.bench.mutants import right_cases, wrong_cases


@pytest.mark.parametrize("seed", [11])
def test_wrong_rules_are_caught_and_named(seed):
    cases = wrong_cases(seed)[seed % 3 :: 3]
    score = measure_ours(cases)
    assert score.caught == score.wrong, score.remarks
    assert score.named >= 0.9 * score.wrong, score.remarks
    assert score.found == score.elements


@pytest.mark.parametrize("seed", [12])
def test_right_rules_pass(seed):
    with np.errstate(all="ignore"):
        score = measure_ours(right_cases(seed)[seed % 3 :: 3])
    assert score.alarms == 0, score.remarks
