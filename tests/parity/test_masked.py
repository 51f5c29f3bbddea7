"""Masked reductions: every sample of PyTorch's operator database."""

from __future__ import annotations

import pytest

from tests.parity.walk import walk

NAMES = """
    sum prod cumsum cumprod amax amin argmax argmin mean median norm var std softmax log_softmax
    softmin normalize logsumexp logaddexp
""".split()  # noqa: SIM905 - words are easier to keep than a list of quoted ones


@pytest.mark.parametrize("name", NAMES)
def test_samples(name):
    for found in walk(f"masked.{name}"):
        assert found.status == "right", str(found)
