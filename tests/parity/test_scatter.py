"""Gathering, scattering and masking: every sample of PyTorch's operator database."""

from __future__ import annotations

import pytest

from tests.parity.walk import walk, walk_errors

NAMES = """
    gather scatter scatter_add scatter_reduce index_select index_add index_copy index_fill
    index_put index_reduce take put take_along_dim masked_fill masked_select masked_scatter
    where nonzero argwhere select_scatter slice_scatter diagonal_scatter
    as_strided as_strided_copy as_strided_scatter unravel_index nonzero_static _segment_reduce
""".split()  # noqa: SIM905 - words are easier to keep than a list of quoted ones
KNOWN = {
    "as_strided",  # no as_strided_, which would change what a tensor is
    "as_strided_scatter",  # PyTorch's gradient of the input fails its own gradcheck
    "as_strided.partial_views",  # its inputs are slices of memory that a copy does not have
}


@pytest.mark.parametrize("name", NAMES)
def test_samples(name):
    for found in walk(name):
        assert found.name in KNOWN or found.status == "right", str(found)


@pytest.mark.parametrize("name", NAMES)
def test_wrong_calls(name):
    assert walk_errors(name) == []
