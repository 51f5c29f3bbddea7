"""Reductions, scans, differences and integrals: every sample of PyTorch's operator database."""

from __future__ import annotations

import pytest

from tests.parity.walk import walk, walk_errors

NAMES = """
    sum nansum mean nanmean prod var std var_mean std_mean amax amin aminmax max min argmax
    argmin all any count_nonzero logsumexp norm dist cumsum cumprod logcumsumexp cummax
    cummin diff trapezoid trapz cumulative_trapezoid gradient
""".split()  # noqa: SIM905 - words are easier to keep than a list of quoted ones


@pytest.mark.parametrize("name", NAMES)
def test_samples(name):
    for found in walk(name):
        assert found.status == "right", str(found)


@pytest.mark.parametrize("name", NAMES)
def test_wrong_calls(name):
    assert walk_errors(name) == []
