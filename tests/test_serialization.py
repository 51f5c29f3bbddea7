"""Files: what comes back, what is refused, and that nothing altered is read silently."""

import io
import json
import struct
from collections import OrderedDict

import numpy as np
import pytest

import tinygrad_lite as torch
from tinygrad_lite import nn


def checkpoint():
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.randn(5, 3)).sum().backward()
    optimizer.step()
    return {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "epoch": 3,
        "none": None,
    }


def same(a, b):
    if isinstance(a, torch.Tensor):
        return a.dtype is b.dtype and torch.equal(a, b)
    if isinstance(a, dict):
        return type(a) is type(b) and list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return type(a) is type(b) and all(map(same, a, b))
    return a == b and type(a) is type(b)


def test_a_checkpoint_comes_back(tmp_path):
    state = checkpoint()
    torch.save(state, tmp_path / "c.pt")
    found = torch.load(tmp_path / "c.pt", map_location="cpu", weights_only=True)
    assert same(
        {**state, "model": OrderedDict(state["model"])},
        {**found, "model": OrderedDict(found["model"])},
    )


@pytest.mark.parametrize(
    "value",
    [
        torch.arange(6).reshape(2, 3).T, torch.zeros(0, 3), torch.tensor(1.5), torch.tensor([True]),
        torch.ones(2, dtype=torch.float16), [1, (2.5, "x"), None], torch.Size([1, 2]),
        torch.float64,
        {1: torch.ones(1), "1": torch.zeros(1)}, np.arange(3),
    ],
)  # fmt: skip
def test_every_kind_comes_back(value):
    file = io.BytesIO()
    torch.save(value, file)
    file.seek(0)
    found = torch.load(file)
    if isinstance(value, np.ndarray):
        assert found.tolist() == value.tolist()
    else:
        assert same(value, found)


def test_modules_and_code_are_refused(tmp_path):
    with pytest.raises(TypeError, match="state_dict"):
        torch.save(nn.Linear(2, 2), tmp_path / "m.pt")
    with pytest.raises(TypeError, match=r"at a\.0"):
        torch.save({"a": [print]}, tmp_path / "m.pt")
    assert list(tmp_path.iterdir()) == []


def test_no_altered_byte_is_read_silently():
    file = io.BytesIO()
    torch.save({"w": torch.arange(20.0), "n": 7}, file)
    content = file.getvalue()
    rng = np.random.default_rng(0)
    for place in rng.integers(len(content) * 8, size=1500):
        changed = bytearray(content)
        changed[place // 8] ^= 1 << (place % 8)
        with pytest.raises((RuntimeError, NotImplementedError)):
            torch.load(io.BytesIO(bytes(changed)))
    for length in range(0, len(content), 7):
        with pytest.raises(RuntimeError):
            torch.load(io.BytesIO(content[:length]))
    with pytest.raises(RuntimeError):
        torch.load(io.BytesIO(content + b"\0"))


def packed(header, data=b""):
    text = json.dumps(header).encode() if not isinstance(header, bytes) else header
    return struct.pack("<Q", len(text)) + text + data


ENTRY = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


@pytest.mark.parametrize(
    "content",
    [
        struct.pack("<Q", 2**63) + b"{}",
        packed([]),
        packed(b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},'
               b'"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', b"\0" * 4),
        packed({"a": {**ENTRY, "shape": [-2]}}, b"\0" * 8),
        packed({"a": {**ENTRY, "shape": [2**62, 8]}}, b"\0" * 8),
        packed({"a": {**ENTRY, "shape": [2.0]}}, b"\0" * 8),
        packed({"a": {**ENTRY, "data_offsets": [8, 0]}}, b"\0" * 8),
        packed({"a": ENTRY, "b": ENTRY}, b"\0" * 8),
        packed({"a": {**ENTRY, "data_offsets": [4, 12]}}, b"\0" * 12),
        packed({"a": "x"}),
        packed(b"[" * 100_000),
        b"",
    ],
)  # fmt: skip
def test_crafted_headers_are_refused(content):
    with pytest.raises(RuntimeError):
        torch.load(io.BytesIO(content))


def test_plain_safetensors_files_are_read():
    content = packed(
        {"a": ENTRY, "__metadata__": {"format": "pt"}}, np.array([1, 2], "f").tobytes()
    )
    assert torch.load(io.BytesIO(content))["a"].tolist() == [1.0, 2.0]


def test_an_interrupted_save_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "w.pt"
    torch.save({"w": torch.ones(2)}, path)

    def fail(handle):
        raise OSError("no space left")

    monkeypatch.setattr("tinygrad_lite.serialization.os.fsync", fail)
    with pytest.raises(OSError, match="no space"):
        torch.save({"w": torch.zeros(2)}, path)
    assert torch.load(path)["w"].tolist() == [1.0, 1.0]
    assert [p.name for p in tmp_path.iterdir()] == ["w.pt"]


def test_pickles_are_never_opened(tmp_path):
    import pickle

    with pytest.raises(NotImplementedError, match="pickle"):
        torch.load(io.BytesIO(pickle.dumps({"a": 1})))
