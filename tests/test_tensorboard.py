"""SummaryWriter writes what TensorBoard reads, through tensorboardX."""

import builtins

import numpy as np
import pytest

import tinygrad_lite as torch


def test_without_tensorboardx_the_error_names_the_extra(monkeypatch, tmp_path):
    from tinygrad_lite.utils.tensorboard import SummaryWriter

    real = builtins.__import__

    def refuse(name, *args, **keywords):
        if name == "tensorboardX":
            raise ImportError(name)
        return real(name, *args, **keywords)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ImportError, match=r"pip install 'tinygrad-lite\[tensorboard\]'"):
        SummaryWriter(tmp_path)


def events(folder):
    from tensorboardX.proto.event_pb2 import Event

    (path,) = folder.glob("events.out.*")
    data, found = path.read_bytes(), []
    while data:  # records: length, checksum of it, the message, checksum of that
        length = int.from_bytes(data[:8], "little")
        found += Event.FromString(data[12 : 12 + length]).summary.value
        data = data[16 + length :]
    return found


def test_tensors_are_written_by_their_values(tmp_path):
    pytest.importorskip("tensorboardX")
    from tinygrad_lite.utils.tensorboard import SummaryWriter

    weight = torch.randn(4, 3, requires_grad=True)
    with SummaryWriter(log_dir=tmp_path) as writer:
        writer.add_scalar("loss", (weight**2).sum(), 1)
        writer.add_scalar("rate", 0.5, global_step=2)
        writer.add_scalars("both", {"a": torch.tensor(1.0), "b": 2}, 3)
        writer.add_histogram("weight", weight, 1)
        writer.add_image("image", torch.rand(3, 5, 6), 1)
        writer.add_text("note", "hello", 1)
        writer.flush()
        assert writer.get_logdir() == str(tmp_path)
    found = {value.tag: value for value in events(tmp_path)}
    expected = np.float32((weight.detach().numpy() ** 2).sum())
    assert found["loss"].simple_value == pytest.approx(expected, rel=1e-6)
    assert found["rate"].simple_value == 0.5
    assert found["weight"].histo.num == 12
    assert (found["image"].image.height, found["image"].image.width) == (5, 6)
    assert any(tag.startswith("note") for tag in found)


def test_the_graph_is_drawn_elsewhere(tmp_path):
    pytest.importorskip("tensorboardX")
    from tinygrad_lite.utils.tensorboard import SummaryWriter

    with SummaryWriter(tmp_path) as writer:
        with pytest.raises(NotImplementedError, match=r"viz\.draw"):
            writer.add_graph(torch.nn.Linear(2, 2), torch.ones(1, 2))
        with pytest.raises(AttributeError):
            writer.add_nothing("x", 1)
