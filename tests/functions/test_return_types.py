"""Named results: tuples whose parts also have names."""

from __future__ import annotations

import copy
import pickle

import pytest

import tinygrad_lite as torch


def test_parts_by_place_and_by_name():
    found = torch.tensor([3.0, 1.0]).sort()
    values, indices = found
    assert values is found.values is found[0]
    assert indices is found.indices
    assert isinstance(found, tuple)
    assert len(found) == 2


def test_written_as_torch_writes_them():
    assert repr(torch.tensor([1.0]).max(0)) == (
        "torch.return_types.max(\nvalues=tensor(1.),\nindices=tensor(0))"
    )


@pytest.mark.parametrize("make", [
    torch.sort, torch.linalg.svd, torch.linalg.slogdet,
])  # fmt: skip
def test_pickled_and_copied(make):
    found = make(torch.eye(2))
    for again in (pickle.loads(pickle.dumps(found)), copy.deepcopy(found)):
        assert type(again) is type(found)
        assert [t.tolist() for t in again] == [t.tolist() for t in found]


def test_wrong_number_of_parts():
    with pytest.raises(TypeError, match="values, indices"):
        torch.return_types.max(1)
