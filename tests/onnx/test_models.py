"""Whole models, exported with a batch axis of any size, and training that goes on afterwards."""

import copy
import pickle

import numpy as np
import pytest

import tinygrad_lite as torch
from tinygrad_lite import nn
from tinygrad_lite.nn import functional as F

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
from tests.onnx.checking import arrays_of, check, compare, run_file  # noqa: E402

RANDOM = np.random.default_rng(1)


def floats(*shape):
    return RANDOM.standard_normal(shape).astype(np.float32)


class Residual(nn.Module):
    def __init__(self, channels, outs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, outs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outs)
        self.conv2 = nn.Conv2d(outs, outs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outs)
        self.short = nn.Sequential()
        if stride != 1 or channels != outs:
            self.short = nn.Sequential(
                nn.Conv2d(channels, outs, 1, stride, bias=False), nn.BatchNorm2d(outs)
            )

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)), inplace=True)
        out = self.bn2(self.conv2(out))
        out += self.short(x)
        return F.relu(out)


class ResNet(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, width, 7, 2, 3, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
            nn.MaxPool2d(3, 2, 1),
        )  # fmt: skip
        plan = [(1, 1), (1, 2), (2, 4), (4, 8)]
        self.layers = nn.Sequential(
            *[
                nn.Sequential(
                    Residual(width * a, width * b, 1 if a == b else 2),
                    Residual(width * b, width * b, 1),
                )
                for a, b in plan
            ]
        )
        self.head = nn.Linear(8 * width, 10)

    def forward(self, x):
        x = F.adaptive_avg_pool2d(self.layers(self.stem(x)), 1)
        return self.head(torch.flatten(x, 1))


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down1 = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.GroupNorm(2, 4), nn.SiLU())
        self.down2 = nn.Sequential(nn.Conv2d(4, 8, 3, padding=1), nn.InstanceNorm2d(8), nn.ReLU())
        self.middle = nn.Conv2d(8, 8, 3, padding=1)
        self.up = nn.ConvTranspose2d(8, 8, 2, stride=2)
        self.join = nn.Conv2d(16, 4, 3, padding=1)
        self.last = nn.Conv2d(8, 2, 1)

    def forward(self, x):
        a = self.down1(x)
        b = self.down2(F.max_pool2d(a, 2))
        c = F.relu(self.middle(F.avg_pool2d(b, 2)))
        b = self.join(torch.cat([self.up(c), b], 1))
        wide = F.interpolate(b, scale_factor=2, mode="bilinear", align_corners=False)
        return self.last(torch.cat([wide, a], dim=1))


class Text(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.embed = nn.Embedding(20, 8, padding_idx=0)
        self.core = getattr(nn, kind)(8, 6, 2, batch_first=True, bidirectional=True, dropout=0.3)
        self.head = nn.Linear(12, 3)

    def forward(self, tokens):
        out, _ = self.core(self.embed(tokens))
        return self.head(out[:, -1]), out.mean(1)


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.ln1, self.ln2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width), nn.Dropout(0.1)
        )

    def forward(self, x):
        b, t, c = x.size()
        q, k, v = self.qkv(self.ln1(x)).split(c, dim=2)
        q, k, v = (y.view(b, t, self.heads, c // self.heads).transpose(1, 2) for y in (q, k, v))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.proj(y.transpose(1, 2).contiguous().view(b, t, c))
        return x + self.mlp(self.ln2(x))


class GPT(nn.Module):
    def __init__(self, vocabulary=30, context=16, width=16):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(vocabulary, width), nn.Embedding(context, width)
        self.blocks = nn.ModuleList([Block(width, 4) for _ in range(2)])
        self.ln = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocabulary, bias=False)
        self.head.weight = self.wte.weight

    def forward(self, tokens):
        x = self.wte(tokens) + self.wpe(torch.arange(tokens.shape[1]))
        for block in self.blocks:
            x = block(x)
        return self.head(self.ln(x))


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(16, 8), nn.Tanh())
        self.mean, self.spread = nn.Linear(8, 2), nn.Linear(8, 2)
        self.decoder = nn.Sequential(nn.Linear(2, 16), nn.Sigmoid(), nn.Unflatten(1, (1, 4, 4)))

    def forward(self, x, noise):
        h = self.encoder(x)
        mean, spread = self.mean(h), self.spread(h)
        return self.decoder(mean + torch.exp(0.5 * spread) * noise), mean, spread


class Translator(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(20, 8)
        self.core = nn.Transformer(8, 2, 2, 2, 16, batch_first=True)
        self.head = nn.Linear(8, 20)

    def forward(self, source, target):
        steps = target.shape[1]
        mask = nn.Transformer.generate_square_subsequent_mask(steps)
        return self.head(self.core(self.embed(source), self.embed(target), tgt_mask=mask))


def lenet():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh(),
        nn.AvgPool2d(2), nn.Flatten(), nn.Linear(400, 32), nn.Tanh(), nn.Linear(32, 10),
    )  # fmt: skip


def mlp():
    return nn.Sequential(
        nn.Linear(4, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 3),
        nn.LogSoftmax(dim=1),
    )  # fmt: skip


def tokens(*shape):
    return RANDOM.integers(0, 20, shape)


MODELS = {
    "MLP": (mlp, [floats(3, 4)]),
    "LeNet": (lenet, [floats(2, 1, 28, 28)]),
    "ResNet": (ResNet, [floats(2, 3, 32, 32)]),
    "U-Net": (UNet, [floats(2, 1, 16, 16)]),
    "LSTM": (lambda: Text("LSTM"), [tokens(3, 7)]),
    "GRU": (lambda: Text("GRU"), [tokens(3, 7)]),
    "RNN": (lambda: Text("RNN"), [tokens(3, 7)]),
    "encoder": (
        lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2),
        [floats(2, 5, 8)],
    ),
    "decoder": (
        lambda: nn.TransformerDecoder(nn.TransformerDecoderLayer(8, 2, 16, batch_first=True), 2),
        [floats(2, 5, 8), floats(2, 4, 8)],
    ),
    "translator": (Translator, [tokens(2, 5), tokens(2, 4)]),
    "GPT": (GPT, [tokens(2, 9)]),
    "VAE": (VAE, [floats(3, 1, 4, 4), floats(3, 2)]),
}  # fmt: skip


def shaken(model):
    """Parameters and running statistics far from their initial values."""
    torch.manual_seed(0)
    for parameter in model.parameters():
        with torch.no_grad():
            parameter.add_(torch.randn(parameter.shape) * 0.05)
    for name, buffer in model.named_buffers():
        if name.endswith("running_mean"):
            buffer.copy_(torch.randn(buffer.shape) * 0.2)
        if name.endswith("running_var"):
            buffer.copy_(torch.rand(buffer.shape) + 0.5)
    return model


@pytest.mark.parametrize("name", MODELS)
def test_model_runs_elsewhere(name):
    make, values = MODELS[name]
    model = shaken(make()).eval()
    check(model, values, axes=dict.fromkeys(range(len(values)), 0))


def test_sequence_and_batch_of_any_size():
    model = shaken(GPT()).eval()
    made = torch.onnx.export(
        model, torch.tensor(tokens(2, 6)), input_names=["tokens"], output_names=["logits"],
        dynamic_axes={"tokens": {0: "batch", 1: "steps"}},
    )  # fmt: skip
    for shape in [(1, 3), (2, 2), (4, 16), (3, 9)]:
        given = tokens(*shape)
        expected = arrays_of(model(torch.tensor(given)))
        compare(run_file(made, {"tokens": given}), expected, "ONNX Runtime")


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
def test_recurrence_of_any_length(kind):
    model = shaken(Text(kind)).eval()
    made = torch.onnx.export(
        model, torch.tensor(tokens(2, 6)), dynamic_axes={"tokens": {0: "batch", 1: "steps"}}
    )
    for shape in [(1, 3), (4, 5)]:
        given = tokens(*shape)
        expected = arrays_of(model(torch.tensor(given)))
        compare(run_file(made, {"tokens": given}), expected, "ONNX Runtime")


def test_image_of_any_size():
    model = shaken(UNet()).eval()
    axes = {"x": {0: "batch", 2: "height", 3: "width"}}
    made = torch.onnx.export(model, torch.tensor(floats(2, 1, 16, 16)), dynamic_axes=axes)
    for shape in [(1, 1, 8, 12), (3, 1, 24, 16)]:
        given = floats(*shape)
        expected = arrays_of(model(torch.tensor(given)))
        compare(run_file(made, {"x": given}), expected, "ONNX Runtime")


def test_names_are_those_of_the_state_dict():
    model = shaken(ResNet()).eval()
    made = torch.onnx.export(
        model, (torch.tensor(floats(2, 3, 32, 32)),), input_names=["image"],
        output_names=["scores"], dynamic_shapes={"image": {0: "batch"}},
    )  # fmt: skip
    found = {t.name: onnx.numpy_helper.to_array(t) for t in made.graph.initializer}
    state = {k: v.numpy() for k, v in model.state_dict().items() if "num_batches" not in k}
    assert state.keys() <= found.keys()
    for key, value in state.items():
        np.testing.assert_array_equal(found[key], value)
    assert [i.name for i in made.graph.input] == ["image"]
    assert [o.name for o in made.graph.output] == ["scores"]
    shape = made.graph.input[0].type.tensor_type.shape.dim
    assert (shape[0].dim_param, shape[1].dim_value) == ("batch", 3)
    kinds = {n.op_type for n in made.graph.node}
    assert kinds == {
        "Conv", "BatchNormalization", "Relu", "MaxPool", "Add", "ReduceMean", "Reshape", "Gemm",
    }  # fmt: skip


def test_exporting_leaves_the_model_as_it_was():
    model = mlp().train()
    before = {k: v.numpy().copy() for k, v in model.state_dict().items()}
    torch.manual_seed(4)
    expected = torch.rand(3).tolist()
    torch.manual_seed(4)
    torch.onnx.export(model, torch.tensor(floats(3, 4)))
    assert torch.rand(3).tolist() == expected
    assert all(m.training for m in model.modules())
    for key, value in model.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), before[key])
    assert all(p.grad is None and p.requires_grad for p in model.parameters())


def test_modes():
    model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4)).train()
    x = torch.tensor(floats(6, 4))
    mode = torch.onnx.TrainingMode
    kept = torch.onnx.export(model, x, training=mode.PRESERVE)
    training = torch.onnx.export(model.eval(), x, training=mode.TRAINING)
    assert [n.op_type for n in kept.graph.node] == [n.op_type for n in training.graph.node]
    expected = arrays_of(model.train()(x))
    compare(run_file(training, {"input": x.numpy()}), expected, "ONNX Runtime")


def test_files(tmp_path):
    model = nn.Sequential(nn.Linear(40, 40), nn.ReLU(), nn.Linear(40, 40))
    x = torch.tensor(floats(2, 40))
    path = tmp_path / "model.onnx"
    torch.onnx.export(model, x, path)
    assert [p.name for p in tmp_path.iterdir()] == ["model.onnx"]
    torch.onnx.export(model, x, path, external_data=True)
    first = {p.name for p in tmp_path.iterdir()}
    assert len(first) == 2
    with torch.no_grad():
        model[0].weight += 1
    torch.onnx.export(model, x, path, external_data=True)
    second = {p.name for p in tmp_path.iterdir()}
    assert len(second) == 2
    assert second != first  # the weights of the old model are gone, and stood until the end
    onnx.checker.check_model(str(path), full_check=True)
    whole = onnx.load(str(path))
    compare(run_file(whole, {"input": x.numpy()}), arrays_of(model(x)), "ONNX Runtime")


def test_a_failed_write_leaves_the_old_file(tmp_path):
    model, x = nn.Linear(4, 2), torch.tensor(floats(2, 4))
    path = tmp_path / "model.onnx"
    torch.onnx.export(model, x, path)
    before = path.read_bytes()
    with pytest.raises(torch.onnx.UnsupportedOperatorError):
        torch.onnx.export(lambda x: torch.linalg.svd(x)[0], x, path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["model.onnx"]


def test_wrong_arguments_are_refused():
    model, x = nn.Linear(4, 2), torch.tensor(floats(2, 4))
    with pytest.raises(ValueError, match="opset_version 11 is older than 20"):
        torch.onnx.export(model, x, opset_version=11)
    with pytest.raises(ValueError, match="2 input_names for 1 tensors"):
        torch.onnx.export(model, x, input_names=["a", "b"])
    with pytest.raises(ValueError, match="dynamic_shapes names 'y'"):
        torch.onnx.export(model, x, dynamic_shapes={"y": {0: "batch"}})


class Stateful(nn.Module):
    def __init__(self):
        super().__init__()
        self.core = nn.LSTM(3, 4)

    def forward(self, x, state, *, scale=None):
        out, (h, c) = self.core(x, state)
        return {"out": out if scale is None else out * scale, "state": (h, c), "none": None}


def test_nested_inputs_keywords_and_named_results():
    model = Stateful().eval()
    values = [floats(5, 2, 3), floats(1, 2, 4), floats(1, 2, 4), floats(1)]
    x, h, c, scale = map(torch.tensor, values)
    made = torch.onnx.export(
        model, (x, (h, c)), kwargs={"scale": scale}, output_names=["out"],
        dynamic_axes={
            "x": {0: "steps", 1: "batch"}, "state_0": {1: "batch"}, "state_1": {1: "batch"},
        },
    )  # fmt: skip
    assert [i.name for i in made.graph.input] == ["x", "state_0", "state_1", "scale"]
    assert [o.name for o in made.graph.output] == ["out", "output_1", "output_2"]
    values = [floats(3, 4, 3), floats(1, 4, 4), floats(1, 4, 4), floats(1)]
    x, h, c, scale = map(torch.tensor, values)
    expected = arrays_of(model(x, (h, c), scale=scale))
    feeds = dict(zip(["x", "state_0", "state_1", "scale"], values, strict=True))
    compare(run_file(made, feeds), expected, "ONNX Runtime")


def test_a_model_read_back_trains_like_the_first():
    """Batch statistics, running ones and dropout, from the same weights with the same chance."""
    torch.manual_seed(0)
    first = nn.Sequential(
        nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2), nn.LayerNorm(2)
    )
    x, y = torch.tensor(floats(16, 4)), torch.tensor(RANDOM.integers(0, 2, 16))
    second = torch.onnx.load(torch.onnx.export(first, x, dynamic_axes={"input": {0: "batch"}}))
    assert second.state_dict().keys() == first.state_dict().keys() - {"1.num_batches_tracked"}
    losses = []
    for model in (first, second):
        optimizer = torch.optim.Adam(model.train().parameters(), lr=0.01)
        losses.append([])
        for _ in range(15):
            loss = F.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses[-1].append(loss.item())
    np.testing.assert_allclose(*losses, rtol=1e-5)
    for name in ("1.running_mean", "1.weight", "3.bias", "4.weight"):
        a, b = first.state_dict()[name], second.state_dict()[name]
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(
        arrays_of(first.eval()(x))[0], arrays_of(second.eval()(x))[0], rtol=1e-4, atol=1e-5
    )


def test_a_model_read_back_is_copied_pickled_and_written_again():
    x = torch.tensor(floats(2, 3, 32, 32))
    first = shaken(ResNet()).eval()
    second = torch.onnx.load(torch.onnx.export(first, x))
    expected = arrays_of(first(x))
    for model in (copy.deepcopy(second), pickle.loads(pickle.dumps(second))):
        compare(arrays_of(model(x)), expected, "the copy")
    again = torch.onnx.export(second, x)
    assert [i.name for i in again.graph.input] == ["x"]
    compare(run_file(again, {"x": x.numpy()}), expected, "ONNX Runtime")
