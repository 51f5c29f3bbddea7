"""Models that PyTorch exported: same answers here, same gradients, and training that goes on."""

import contextlib
import io
import logging
import warnings

import numpy as np
import pytest

import tinygrad_lite

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
nn, F = torch.nn, torch.nn.functional


class ConvNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.norm = nn.GroupNorm(2, 8)
        self.deep = nn.Conv2d(8, 8, 3, stride=2, groups=2)
        self.up = nn.ConvTranspose2d(8, 4, 2, 2)
        self.head = nn.Linear(4 * 4 * 4, 5)

    def forward(self, x):
        x = F.max_pool2d(F.silu(self.norm(self.conv(F.pad(x, (1, 1, 2, 0))))), 2)
        x = F.interpolate(x, scale_factor=2, mode="bilinear")
        x = self.up(F.leaky_relu(self.deep(x), 0.1))
        x = F.avg_pool2d(x, 2, ceil_mode=True)
        return F.log_softmax(self.head(x.flatten(1)), 1)


class ResidualNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6)
        self.conv2, self.bn2 = nn.Conv2d(6, 6, 3, padding=1), nn.BatchNorm2d(6)
        self.head = nn.Linear(6, 4)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.relu(self.bn2(self.conv2(x)) + x)
        return self.head(x.mean((2, 3)))


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(20, 8)
        self.place = nn.Parameter(torch.randn(5, 8) * 0.1)
        layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, activation="gelu")
        self.core = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(8, 20)

    def forward(self, tokens):
        return self.head(self.core(self.embed(tokens) + self.place))


class Attention(nn.Module):
    """A decoder block with a causal mask."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(20, 8)
        self.qkv, self.out = nn.Linear(8, 24), nn.Linear(8, 8)
        self.ln, self.head = nn.LayerNorm(8), nn.Linear(8, 20)
        self.mlp = nn.Sequential(nn.Linear(8, 16), nn.GELU(approximate="tanh"), nn.Linear(16, 8))

    def forward(self, tokens):
        x = self.embed(tokens)
        b, t, c = x.shape
        q, k, v = (
            y.reshape(b, t, 2, c // 2).transpose(1, 2) for y in self.qkv(self.ln(x)).chunk(3, -1)
        )
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(y.transpose(1, 2).reshape(b, t, c))
        return self.head(x + self.mlp(x))


class Recurrent(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.embed = nn.Embedding(20, 8)
        self.core = getattr(nn, kind)(8, 6, 2, batch_first=True, bidirectional=True)
        self.head = nn.Linear(12, 3)

    def forward(self, tokens):
        return self.head(self.core(self.embed(tokens))[0][:, -1])


IMAGES = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
TOKENS = torch.randint(0, 20, (2, 5), generator=torch.Generator().manual_seed(0))
MODELS = {
    "conv": (ConvNet, IMAGES), "residual": (ResidualNet, IMAGES), "encoder": (Encoder, TOKENS),
    "attention": (Attention, TOKENS), "LSTM": (lambda: Recurrent("LSTM"), TOKENS),
    "GRU": (lambda: Recurrent("GRU"), TOKENS), "RNN": (lambda: Recurrent("RNN"), TOKENS),
}  # fmt: skip


def shaken(model):
    """Different weights everywhere: PyTorch's exporter keeps equal ones but once."""
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return model.eval()


def exported(model, x, path, *, dynamo):
    """PyTorch's export with a dynamic batch axis; what it prints is lost."""
    if dynamo:
        pytest.importorskip("onnxscript")
        options = {"dynamic_shapes": ({0: "batch"},)}
    else:
        options = {"dynamic_axes": {"x": {0: "batch"}}, "input_names": ["x"]}
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            torch.onnx.export(model, (x,), path, dynamo=dynamo, **options)
    finally:
        logging.disable(logging.NOTSET)


def weights_of(ours, theirs):
    """Pairs of parameters that have the same name in both."""
    mine = dict(ours.named_parameters())
    return {k: (mine[k], v) for k, v in theirs.named_parameters() if k in mine}


def compare(ours, theirs, x, kept=""):
    """Answers for three batch sizes, and the gradients of a loss."""
    for count in (1, 2, 5):
        given = x.repeat(3, *[1] * (x.ndim - 1))[:count]
        found = ours(tinygrad_lite.tensor(given.numpy())).detach().numpy()
        np.testing.assert_allclose(found, theirs(given).detach().numpy(), rtol=1e-4, atol=1e-5)
    weight = torch.cos(torch.arange(theirs(x).numel())).reshape(theirs(x).shape)
    (theirs(x) * weight).sum().backward()
    (ours(tinygrad_lite.tensor(x.numpy())) * tinygrad_lite.tensor(weight.numpy())).sum().backward()
    pairs = weights_of(ours, theirs)
    for name, (mine, other) in pairs.items():
        if not name.startswith(kept):
            continue
        np.testing.assert_allclose(
            mine.grad.numpy(), other.grad.numpy(), rtol=1e-3, atol=1e-5, err_msg=name
        )
    return pairs


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("dynamo", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_model_of_pytorch(name, dynamo, tmp_path):
    make, x = MODELS[name]
    model = shaken(make())
    exported(model, x, tmp_path / "m.onnx", dynamo=dynamo)
    ours = tinygrad_lite.onnx.load(tmp_path / "m.onnx")
    # batch norms are folded into the convolutions, whose weights are others then
    pairs = compare(ours, model, x, "head" if name == "residual" else "")
    assert len(pairs) >= 2
    total = sum(p.numel() for p in ours.parameters())
    assert total >= 0.95 * sum(p.numel() for p in model.parameters())


def test_training_goes_on(tmp_path):
    """Twenty steps from PyTorch's weights, here and there."""
    theirs = shaken(Attention())
    exported(theirs, TOKENS, tmp_path / "m.onnx", dynamo=False)
    ours = tinygrad_lite.onnx.load(tmp_path / "m.onnx")
    steps = [
        (torch.optim.SGD(theirs.parameters(), 0.05, momentum=0.9), theirs, torch, TOKENS),
        (
            tinygrad_lite.optim.SGD(ours.parameters(), 0.05, momentum=0.9), ours, tinygrad_lite,
            tinygrad_lite.tensor(TOKENS.numpy()),
        ),
    ]  # fmt: skip
    losses = []
    for optimizer, model, library, tokens in steps:
        losses.append([])
        for _ in range(20):
            logits = model(tokens)[:, :-1].reshape(-1, 20)
            loss = library.nn.functional.cross_entropy(logits, tokens[:, 1:].reshape(-1))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses[-1].append(loss.item())
    np.testing.assert_allclose(*losses, rtol=1e-3)
    assert losses[1][-1] < 0.7 * losses[1][0]


def test_a_state_dict_goes_round(tmp_path):
    exported(shaken(ConvNet()), IMAGES, tmp_path / "m.onnx", dynamo=False)
    ours = tinygrad_lite.onnx.load(tmp_path / "m.onnx")
    assert {"conv.weight", "deep.bias", "up.weight", "head.weight"} <= ours.state_dict().keys()
    other = tinygrad_lite.onnx.load(tmp_path / "m.onnx")
    with tinygrad_lite.no_grad():
        for parameter in other.parameters():
            parameter.zero_()
    other.load_state_dict(ours.state_dict())
    x = tinygrad_lite.tensor(IMAGES.numpy())
    assert tinygrad_lite.equal(ours(x), other(x))
    frozen = tinygrad_lite.onnx.load(
        tmp_path / "m.onnx", trainable=lambda name: name.startswith("head")
    )
    assert [n for n, _ in frozen.named_parameters()] == ["head.weight", "head.bias"]
    assert tinygrad_lite.equal(ours(x), frozen(x))
