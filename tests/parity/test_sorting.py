"""Sorting, searching, quantiles and histograms: every sample of PyTorch's operator database."""

from __future__ import annotations

import pytest

from tests.parity.walk import walk, walk_errors

NAMES = """
    sort argsort msort topk kthvalue median nanmedian mode quantile nanquantile unique
    unique_consecutive bincount isin searchsorted bucketize histc histogram histogramdd
""".split()  # noqa: SIM905 - words are easier to keep than a list of quoted ones


@pytest.mark.parametrize("name", NAMES)
def test_samples(name):
    for found in walk(name):
        assert found.status == "right", str(found)


@pytest.mark.parametrize("name", NAMES)
def test_wrong_calls(name):
    assert walk_errors(name) == []
