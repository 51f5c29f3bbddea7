"""Files: what comes back, what is refused, and that nothing altered is read silently."""

import io
import json
import pickle
import struct
from collections import Counter, OrderedDict

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


class Config:
    def __init__(self, width):
        self.width = width


def test_whole_objects_are_opened_for_those_who_trust_the_file(tmp_path):
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    for name in ("m.pt", "m", "m.bin"):
        torch.save({"model": model, "config": Config(3)}, tmp_path / name)
        with pytest.raises(pickle.UnpicklingError, match="weights_only=False"):
            torch.load(tmp_path / name)
        found = torch.load(tmp_path / name, weights_only=False)
        assert found["config"].width == 3
        assert torch.equal(found["model"][0].weight, model[0].weight)
        found["model"](torch.ones(4, 3)).sum().backward()


@pytest.mark.parametrize("zipped", [True, False])
def test_whole_models_of_pytorch_become_ours(tmp_path, zipped):
    oracle = pytest.importorskip("torch")
    cases = [
        (oracle.nn.Sequential(oracle.nn.Linear(4, 4), oracle.nn.BatchNorm1d(4)), (5, 4)),
        (oracle.nn.Sequential(oracle.nn.Conv2d(1, 2, 3), oracle.nn.MaxPool2d(2)), (2, 1, 8, 8)),
        (oracle.nn.GroupNorm(2, 4), (2, 4, 3)),
        (oracle.nn.TransformerEncoderLayer(4, 2, 8), (5, 2, 4)),
        (oracle.nn.LSTM(3, 4, 2), (5, 2, 3)),
    ]
    for model, shape in cases:
        oracle.save(model.eval(), tmp_path / "m.pt", _use_new_zipfile_serialization=zipped)
        found = torch.load(tmp_path / "m.pt", weights_only=False)
        assert isinstance(found, nn.Module)
        x = np.random.default_rng(0).standard_normal(shape, np.float32)
        theirs, ours = model(oracle.from_numpy(x)), found(torch.from_numpy(x))
        if isinstance(theirs, tuple):
            theirs, ours = theirs[0], ours[0]
        assert np.allclose(ours.detach().numpy(), theirs.detach().numpy(), atol=1e-6)
        with pytest.raises(pickle.UnpicklingError):
            torch.load(tmp_path / "m.pt")


def test_trusted_classes_are_opened(tmp_path):
    torch.save([Config(3)], tmp_path / "c.pt")
    with torch.serialization.safe_globals([Config]):
        assert torch.load(tmp_path / "c.pt")[0].width == 3
    assert torch.serialization.get_safe_globals() == []
    with pytest.raises(pickle.UnpicklingError, match="Config"):
        torch.load(tmp_path / "c.pt")


def test_what_cannot_be_written_leaves_no_file(tmp_path):
    for name in ("m.pt", "m.npz", "m.safetensors", "m"):
        with pytest.raises((TypeError, AttributeError, pickle.PicklingError)):
            torch.save({"a": lambda: 0}, tmp_path / name)
    with pytest.raises(TypeError, match=r"at a\.0"):
        torch.save({"a": [print]}, tmp_path / "m.safetensors")
    with pytest.raises(RuntimeError, match="Parent directory"):
        torch.save({}, tmp_path / "missing" / "m.pt")
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

    monkeypatch.setattr("tinygrad_lite.serialization._replace.os.fsync", fail)
    with pytest.raises(OSError, match="no space"):
        torch.save({"w": torch.zeros(2)}, path)
    assert torch.load(path)["w"].tolist() == [1.0, 1.0]
    assert [p.name for p in tmp_path.iterdir()] == ["w.pt"]


def test_a_pickle_of_nobody_is_refused():
    with pytest.raises(RuntimeError, match="Invalid magic number"):
        torch.load(io.BytesIO(pickle.dumps({"a": 1})))


# -- PyTorch's files -------------------------------------------------------------------------------


def everything():
    base = torch.arange(12.0).reshape(3, 4)
    return {
        **checkpoint(),
        "views": [base.T, base[1:], base[:, ::2], base],
        "half": torch.ones(2, dtype=torch.float16),
        "kinds": [
            torch.ones(2, dtype=d) for d in (torch.int8, torch.uint8, torch.int16, torch.bool)
        ],
        "wide": [torch.tensor([2**40]), torch.tensor([0.1], dtype=torch.float64)],
        "parameter": nn.Parameter(torch.ones(3)),
        "leaf": torch.ones(2, requires_grad=True),
        "empty": torch.zeros(0, 3),
        "scalar": torch.tensor(1.5),
        "size": torch.Size([1, 2]),
        "dtype": torch.float64,
        "device": torch.device("cpu"),
        "numbers": [1, -(2**70), 1.5, float("inf"), True, None, "text", b"bytes"],
        "tuple": (1, (2.5, "x")),
        "set": {1, 2},
    }


def as_plain(value):
    """Tensors of either library as nested lists, so that the two can be compared."""
    if hasattr(value, "detach"):
        return [str(value.dtype), list(value.shape), value.detach().tolist(), value.requires_grad]
    if isinstance(value, dict):
        return {key: as_plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)) and type(value) in {list, tuple}:
        return type(value)(map(as_plain, value))
    return str(value)


@pytest.mark.parametrize("name", ["c.pt", "c.pth", "c.safetensors", "c"])
def test_everything_comes_back(tmp_path, name):
    state = everything()
    torch.save(state, tmp_path / name)
    for mapped in (False, True):
        found = torch.load(tmp_path / name, mmap=mapped)
        assert as_plain(found) == as_plain(state)
        assert type(found["parameter"]) is nn.Parameter
        assert found["model"]._metadata == state["model"]._metadata


def test_pytorch_reads_ours(tmp_path):
    oracle = pytest.importorskip("torch")
    state = everything()
    torch.save(state, tmp_path / "c.pt")
    for mapped in (False, True):
        found = oracle.load(tmp_path / "c.pt", weights_only=True, mmap=mapped)
        assert as_plain(found) == as_plain(state)
        assert isinstance(found["parameter"], oracle.nn.Parameter)
        assert found["views"][0].stride() == (1, 4)
        assert found["views"][1].data_ptr() == found["views"][3].data_ptr() + 16
    model = oracle.nn.Sequential(
        oracle.nn.Linear(3, 4), oracle.nn.BatchNorm1d(4), oracle.nn.Linear(4, 2)
    )
    model.load_state_dict(found["model"])
    oracle.optim.Adam(model.parameters()).load_state_dict(found["optimizer"])


@pytest.mark.parametrize("zipped", [True, False])
def test_we_read_pytorchs(tmp_path, zipped):
    oracle = pytest.importorskip("torch")
    model = oracle.nn.Sequential(oracle.nn.Linear(3, 4), oracle.nn.BatchNorm1d(4))
    optimizer = oracle.optim.Adam(model.parameters())
    model(oracle.randn(5, 3)).sum().backward()
    optimizer.step()
    base = oracle.arange(12.0).reshape(3, 4)
    state = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "views": [base.t(), base[1:], base[:, ::2], base[0].expand(2, 4), base],
        "half": oracle.ones(2).half(),
        "kinds": [oracle.ones(2, dtype=d) for d in (oracle.int8, oracle.uint8, oracle.bool)],
        "parameter": oracle.nn.Parameter(oracle.ones(3)),
        "empty": oracle.zeros(0, 3),
        "size": oracle.Size([1, 2]),
        "dtype": oracle.float64,
        "device": oracle.device("cpu"),
        "set": {1, 2},
        "counter": Counter("aab"),
        "text": "x",
    }
    oracle.save(state, tmp_path / "c.pt", _use_new_zipfile_serialization=zipped)
    found = torch.load(tmp_path / "c.pt", map_location="cpu")
    assert as_plain(found) == as_plain(state)
    assert type(found["parameter"]) is nn.Parameter
    found["views"][4][0, 0] = 7.0
    assert found["views"][3][1, 0].item() == 7.0  # memory is shared as it was
    ours = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    ours.load_state_dict(found["model"])
    torch.optim.Adam(ours.parameters()).load_state_dict(found["optimizer"])


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("kind", ["bfloat16", "float8_e5m2", "float8_e4m3fn"])
def test_narrow_types_of_pytorch_are_widened(tmp_path, zipped, kind):
    oracle = pytest.importorskip("torch")
    bits = oracle.arange(256 if "8_" in kind else 2**16, dtype=oracle.int32)
    given = bits.to(oracle.uint8 if "8_" in kind else oracle.uint16).view(getattr(oracle, kind))
    oracle.save({"x": given}, tmp_path / "c.pt", _use_new_zipfile_serialization=zipped)
    found = torch.load(tmp_path / "c.pt")["x"]
    assert found.dtype is torch.float32
    assert np.array_equal(found.numpy(), given.float().numpy(), equal_nan=True)


def test_numpys_values_in_pytorchs_files_are_read(tmp_path):
    oracle = pytest.importorskip("torch")
    state = {
        "array": np.arange(6.0).reshape(2, 3),
        "columns": np.asfortranarray(np.arange(6).reshape(2, 3)),
        "big": np.arange(3, dtype=">i4"),
        "flags": np.array([True, False]),
        "number": np.float64(2.5),
        "ordered": OrderedDict(a=1),
    }
    for zipped in (True, False):
        oracle.save(state, tmp_path / "c.pt", _use_new_zipfile_serialization=zipped)
        found = torch.load(tmp_path / "c.pt")
        assert {k: np.array(v).tolist() for k, v in found.items()} == {
            k: np.array(v).tolist() for k, v in state.items()
        }
        assert type(found["number"]) is np.float64
    torch.save(state, tmp_path / "ours.pt")
    assert torch.load(tmp_path / "ours.pt")["array"].tolist() == state["array"].tolist()


def test_what_numpy_lacks_is_refused_by_name(tmp_path):
    oracle = pytest.importorskip("torch")
    oracle.save({"x": oracle.ones(2, dtype=oracle.complex64)}, tmp_path / "c.pt")
    with pytest.raises(NotImplementedError, match=r"[Cc]omplex"):
        torch.load(tmp_path / "c.pt")


def test_every_safetensors_reader_reads_ours(tmp_path):
    readers = pytest.importorskip("safetensors.numpy")
    state = {"w": torch.arange(6.0).reshape(2, 3), "n": torch.tensor([True]), "e": torch.zeros(0)}
    torch.save(state, tmp_path / "w.safetensors")
    found = readers.load_file(tmp_path / "w.safetensors")
    assert {k: v.tolist() for k, v in found.items()} == {k: v.tolist() for k, v in state.items()}


def test_we_read_every_safetensors_file(tmp_path):
    oracle = pytest.importorskip("torch")
    writers = pytest.importorskip("safetensors.torch")
    kinds = ["float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint8", "bool"]
    kinds += ["bfloat16", "float8_e5m2"]
    kinds += ["float8_e4m3fn", "uint16", "uint32", "uint64"]
    state = {k: oracle.tensor([0, 1, 1]).to(getattr(oracle, k)) for k in kinds}
    writers.save_file(state, tmp_path / "w.safetensors", metadata={"format": "pt"})
    for mapped in (False, True):
        found = torch.load(tmp_path / "w.safetensors", mmap=mapped)
        assert {k: v.tolist() for k, v in found.items()} == {k: [0, 1, 1] for k in kinds}
    writers.save_file({"c": oracle.ones(2, dtype=oracle.complex64)}, tmp_path / "c.safetensors")
    with pytest.raises(NotImplementedError, match="C64"):
        torch.load(tmp_path / "c.safetensors")


def test_numpys_files_are_read_and_written(tmp_path):
    state = {"a": torch.ones(2, 3), "b": torch.tensor(2)}
    torch.save(state, tmp_path / "w.npz")
    with np.load(tmp_path / "w.npz") as found:
        assert found["a"].tolist() == state["a"].tolist()
        assert sorted(name for name in found.files if "checksum" not in name) == ["a", "b"]
    assert same(torch.load(tmp_path / "w.npz"), state)
    np.savez_compressed(tmp_path / "n.npz", a=np.ones((2, 3), np.float32), b=np.array(2))
    assert same(torch.load(tmp_path / "n.npz"), state)
    np.save(tmp_path / "n.npy", np.arange(3))
    assert torch.load(tmp_path / "n.npy").tolist() == [0, 1, 2]
    np.savez(tmp_path / "o.npz", a=np.array([{}], object))
    with pytest.raises(RuntimeError, match="allow_pickle"):
        torch.load(tmp_path / "o.npz")


def test_memory_maps_are_read_when_used_and_never_written(tmp_path):
    for name in ("w.pt", "w.safetensors"):
        torch.save({"w": torch.ones(1000), "v": torch.zeros(1000)}, tmp_path / name)
        before = (tmp_path / name).read_bytes()
        found = torch.load(tmp_path / name, mmap=True)
        found["w"] += 1
        assert (tmp_path / name).read_bytes() == before
        torch.save({"w": torch.full((1000,), 5.0)}, tmp_path / name)
        assert found["w"][0].item() == 2.0
        assert found["v"][0].item() == 0.0
        assert found["v"]._version == 0
        assert torch.load(tmp_path / name)["w"][0].item() == 5.0


def test_tied_weights_stay_tied():
    shared = torch.ones(3)
    file = io.BytesIO()
    torch.save({"a": shared, "b": shared}, file)
    found = torch.load(io.BytesIO(file.getvalue()))
    found["a"][0] = 7.0
    assert found["b"][0].item() == 7.0


def test_a_missing_device_is_refused_as_in_pytorch(tmp_path):
    torch.save({"w": torch.ones(1)}, tmp_path / "w.pt")
    with pytest.raises(RuntimeError, match="'cpu'"):
        torch.load(tmp_path / "w.pt", map_location="cuda")
    assert torch.load(tmp_path / "w.pt", map_location=lambda storage, place: storage)


def test_a_link_stays_a_link_and_rights_stay(tmp_path):
    torch.save({"w": torch.zeros(1)}, tmp_path / "real.pt")
    (tmp_path / "real.pt").chmod(0o640)
    (tmp_path / "link.pt").symlink_to(tmp_path / "real.pt")
    torch.save({"w": torch.ones(1)}, tmp_path / "link.pt")
    assert (tmp_path / "link.pt").is_symlink()
    assert torch.load(tmp_path / "real.pt")["w"].item() == 1.0
    assert (tmp_path / "real.pt").stat().st_mode & 0o777 == 0o640
    torch.save({"w": torch.ones(1)}, "/dev/null")
