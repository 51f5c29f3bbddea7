"""Predictors: any number of samples, nothing recorded, modes as before, many threads at once."""

import collections
import copy
import gc
import pickle
import threading
import tracemalloc

import numpy as np
import pytest

import tinygrad_lite as torch
from tinygrad_lite import nn
from tinygrad_lite.inference import Predictor

RANDOM = np.random.default_rng(0)
Pair = collections.namedtuple("Pair", ["mean", "parts"])


class Net(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(4, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Dropout(0.5)
        )
        self.head = nn.Linear(width, 3)

    def forward(self, x):
        return self.head(self.body(x))


class Many(nn.Module):
    def forward(self, x, y):
        return Pair(x + y, [x, {"twice": 2 * y}]), None


@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 100])
def test_any_number_of_samples(count):
    model = Net().eval()
    x = RANDOM.standard_normal((count, 4))
    found = Predictor(model, batch_size=16)(x)
    expected = model(torch.tensor(x.astype(np.float32))).detach().numpy()
    assert (found.dtype, type(found)) == (np.float32, np.ndarray)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_arrays_give_arrays_and_tensors_give_tensors():
    predict = Predictor(Net(), batch_size=2)
    x = RANDOM.standard_normal((5, 4)).astype(np.float32)
    made = predict(torch.tensor(x))
    assert isinstance(made, torch.Tensor)
    assert not made.requires_grad
    assert made.grad_fn is None
    np.testing.assert_array_equal(made.numpy(), predict(x))
    np.testing.assert_array_equal(predict(x.tolist()), predict(x))


def test_results_keep_their_form():
    x, y = RANDOM.standard_normal((2, 7, 3)).astype(np.float32)
    for size in (3, 7):
        pair, nothing = Predictor(Many(), batch_size=size)(x, y)
        assert nothing is None
        assert isinstance(pair, Pair)
        np.testing.assert_array_equal(pair.mean, x + y)
        np.testing.assert_array_equal(pair.parts[1]["twice"], 2 * y)


def test_samples_along_another_axis():
    model = nn.LSTM(3, 5)
    x = RANDOM.standard_normal((6, 10, 3)).astype(np.float32)
    out, (h, _) = Predictor(model, batch_size=4, axis=1)(x)
    expected, (state, _) = model(torch.tensor(x))
    np.testing.assert_allclose(out, expected.detach().numpy(), atol=1e-6)
    np.testing.assert_allclose(h, state.detach().numpy(), atol=1e-6)


def test_modes_are_restored_also_after_an_error():
    model = Net().train()
    model.body[1].eval()
    before = [m.training for m in model.modules()]
    predict = Predictor(model)
    first = predict(np.ones((3, 4)))
    assert [m.training for m in model.modules()] == before
    with pytest.raises(RuntimeError):
        predict(np.ones((3, 5)))
    assert [m.training for m in model.modules()] == before
    np.testing.assert_array_equal(first, predict(np.ones((3, 4))))  # no dropout
    assert torch.is_grad_enabled()


def test_threads():
    """Eight threads on two predictors of one model in training mode."""
    model = Net().train()
    predictors = [Predictor(model, batch_size=8), Predictor(model, batch_size=5)]
    x = RANDOM.standard_normal((40, 4)).astype(np.float32)
    expected = predictors[0](x)
    wrong = []

    def work(place):
        for _ in range(20):
            found = predictors[place % 2](x)
            if not np.allclose(found, expected, atol=1e-6):
                wrong.append(place)
            if not torch.is_grad_enabled():
                wrong.append("grad")

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert all(m.training for m in model.modules())


def test_memory_is_that_of_a_chunk():
    model = nn.Sequential(*[nn.Linear(64, 64) for _ in range(20)])
    x = RANDOM.standard_normal((20_000, 64)).astype(np.float32)
    predict = Predictor(model, batch_size=100)
    predict(x[:200])
    tracemalloc.start()
    out = predict(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < out.nbytes + 1_000_000
    gc.collect()


def test_a_model_with_a_predictor_is_copied_and_pickled():
    model = Net()
    predict = Predictor(model)
    predict(np.ones((2, 4)))
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(Predictor(other)(np.ones((2, 4))), predict(np.ones((2, 4))))


def test_results_are_the_callers_own():
    x = np.ones((3, 2), np.float32)
    found = Predictor(nn.Flatten())(x)
    found[:] = 5
    assert (x == 1).all()


def test_stream():
    data = torch.utils.data.TensorDataset(torch.randn(10, 4), torch.arange(10))
    loader = torch.utils.data.DataLoader(data, batch_size=4)
    found = list(Predictor(Net()).stream(x for x, _ in loader))
    assert [tuple(f.shape) for f in found] == [(4, 3), (4, 3), (2, 3)]


def test_loading(tmp_path):
    model = Net(width=6).eval()
    x = RANDOM.standard_normal((5, 4)).astype(np.float32)
    expected = Predictor(model)(x)
    torch.save(model.state_dict(), tmp_path / "weights.safetensors")
    torch.serialization.save_pretrained(model, tmp_path / "folder", {"width": 6})
    loaded = [
        Predictor.load(tmp_path / "weights.safetensors", lambda: Net(6)),
        Predictor.load(tmp_path / "folder", Net, batch_size=2),
    ]
    for predict in loaded:
        np.testing.assert_allclose(predict(x), expected, atol=1e-6)
    with pytest.raises(TypeError, match="say how the model is made"):
        Predictor.load(tmp_path / "folder")


def test_loading_onnx(tmp_path):
    pytest.importorskip("onnx")
    model = Net().eval()
    x = RANDOM.standard_normal((9, 4)).astype(np.float32)
    torch.onnx.export(
        model, torch.tensor(x[:2]), tmp_path / "m.onnx", dynamic_axes={"x": {0: "batch"}}
    )
    found = Predictor.load(tmp_path / "m.onnx", batch_size=4)(x)
    np.testing.assert_allclose(found, Predictor(model)(x), atol=1e-6)


def test_wrong_inputs():
    predict = Predictor(nn.Linear(4, 2))
    with pytest.raises(ValueError, match=r"for one sample write x\[None\]"):
        predict(np.float32(1))
    with pytest.raises(ValueError, match="the inputs hold 2, 3 samples"):
        Predictor(Many())(np.ones((2, 1)), np.ones((3, 1)))
    with pytest.raises(ValueError, match="no axis of samples at 0"):
        Predictor(lambda x: x.sum())(np.ones((2, 1)))
    with pytest.raises(ValueError, match="batch_size must be at least 1"):
        Predictor(nn.Identity(), batch_size=0)
