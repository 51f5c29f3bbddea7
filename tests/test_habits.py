"""What programs written for PyTorch rely on without thinking of it."""

import pickle

import numpy as np
import pytest

import tinygrad_lite as torch


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([[1.0], [2.0]], [1.0, 2.0]),
        ([[[1.0]], [[2.0]]], [1.0, 2.0]),
        ([1, 2.5], [1.0, 2.5]),
    ],
)
@pytest.mark.parametrize("make", [torch.tensor, torch.as_tensor, torch.FloatTensor, torch.Tensor])
def test_tensors_in_a_list_count_as_numbers(make, values, expected):
    """Replay buffers hold actions as tensors of one element, and rewards as numbers."""
    assert make([torch.tensor(value) for value in values]).tolist() == expected
    nested = make([[torch.tensor(value), 0.0] for value in values])
    assert nested.tolist() == [[number, 0.0] for number in expected]


def test_longer_tensors_in_a_list_are_refused_with_what_to_write_instead():
    with pytest.raises(ValueError, match=r"only one element tensors.*torch\.stack"):
        torch.tensor([torch.ones(2), torch.ones(2)])


def test_arrays_in_a_list_keep_their_axes():
    assert torch.tensor([np.ones(2), np.ones(2)]).shape == (2, 2)


def test_old_programs_read_whole_modules_under_pytorchs_variable(tmp_path, monkeypatch):
    """Programs older than PyTorch 2.6 load modules without a word; the variable allows it."""
    path = tmp_path / "net.pkl"
    torch.save(torch.nn.Linear(2, 1), path)
    with pytest.raises(pickle.UnpicklingError, match="weights_only=False"):
        torch.load(path)
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    assert isinstance(torch.load(path), torch.nn.Linear)
    with pytest.raises(pickle.UnpicklingError):
        torch.load(path, weights_only=True)
