"""Memory shared with other libraries: DLPack, buffers, storages."""

import numpy as np
import pytest

import tinygrad_lite as torch


def test_dlpack_shares_memory_both_ways():
    array = np.arange(4.0)
    t = torch.from_dlpack(array)
    t[0] = 7
    assert array[0] == 7
    back = np.from_dlpack(t)
    assert np.shares_memory(back, array)
    assert torch.from_dlpack(torch.to_dlpack(t)).tolist() == [7, 1, 2, 3]
    assert t.__dlpack_device__() == (1, 0)


def test_dlpack_refuses_what_wants_a_gradient_and_what_is_no_array():
    with pytest.raises(BufferError, match="require gradient"):
        np.from_dlpack(torch.ones(2, requires_grad=True))
    with pytest.raises(AttributeError, match="__dlpack__"):
        torch.from_dlpack([1, 2])


def test_dlpack_with_torch():
    theirs = pytest.importorskip("torch")
    x = theirs.arange(3)
    ours = torch.from_dlpack(x)
    ours[1] = 9
    assert x.tolist() == [0, 9, 2]
    assert theirs.from_dlpack(ours).tolist() == [0, 9, 2]


def test_buffers():
    buffer = bytearray(b"\x01\x02\x03\x04")
    t = torch.frombuffer(buffer, dtype=torch.uint8, offset=1)
    t[0] = 9
    assert buffer[1] == 9
    with pytest.raises(ValueError, match="multiple of element size"):
        torch.frombuffer(buffer, dtype=torch.int16, offset=1)


def test_views_have_the_storage_of_their_base():
    x = torch.arange(6.0).view(2, 3)
    assert x[1].storage().data_ptr() == x.storage().data_ptr()
    assert x.T.storage().tolist() == [0, 1, 2, 3, 4, 5]
    assert x.untyped_storage().nbytes() == 24
