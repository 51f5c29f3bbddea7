"""Right models that a checker may take for wrong ones, and the same models with a small fault."""

from __future__ import annotations

import threading

import pytest

import tinygrad_lite as torch
from tinygrad_lite import nn
from tinygrad_lite.autograd import check_module, gradcheck

F = nn.functional
BOTH = pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)


@pytest.fixture(autouse=True)
def default_dtype():
    usual = torch.get_default_dtype()
    yield
    torch.set_default_dtype(usual)


def report_on(model, *inputs, **options):
    return check_module(model, *inputs, report=True, raise_exception=False, **options)


def squares(y):
    return (y * y).sum()


def words():
    return torch.tensor([[0, 2, 5], [2, 2, 1]])


class Autoencoder(nn.Module):
    """Draws random numbers between its two halves; `total`: returns a loss."""

    def __init__(self, total):
        super().__init__()
        self.mean, self.spread, self.back = nn.Linear(6, 2), nn.Linear(6, 2), nn.Linear(2, 6)
        self.total = total

    def forward(self, x):
        mean, spread = self.mean(x), self.spread(x)
        y = self.back(mean + torch.randn_like(mean) * (spread / 2).exp())
        return F.mse_loss(y, x) if self.total else y


class Masked(nn.Module):
    """Attention under a mask made in the default dtype."""

    def __init__(self):
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(4, 2, 8, dropout=0.1, batch_first=True)

    def forward(self, x):
        mask = torch.triu(torch.full((x.shape[1], x.shape[1]), float("-inf")), 1)
        return self.layer(x, src_mask=mask)


class Tied(nn.Module):
    """Padded words whose table is the last layer's weight too."""

    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(6, 3, padding_idx=2)
        self.last = nn.Linear(3, 6, bias=False)
        self.last.weight = self.table.weight

    def forward(self, places):
        return self.last(torch.tanh(self.table(places)))


def frozen():
    net = nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 3))
    net[0].requires_grad_(False)
    return net


def before_norm(scale, shift):
    net = nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Tanh(), nn.Linear(5, 3))
    return net, (torch.randn(6, 4) * scale + shift,)


MODELS = {
    "padding": lambda: (nn.Embedding(6, 3, padding_idx=2), (words(),)),
    "tied": lambda: (Tied(), (words(),)),
    "max_norm": lambda: (nn.Embedding(6, 3, max_norm=1.0), (words(),)),
    "scale_grad_by_freq": lambda: (nn.Embedding(6, 3, scale_grad_by_freq=True), (words(),)),
    "spectral": lambda: (
        nn.utils.spectral_norm(nn.Conv2d(2, 3, 2)),
        (torch.randn(2, 2, 4, 4),),
    ),
    "spectral_new": lambda: (
        nn.utils.parametrizations.spectral_norm(nn.Linear(3, 4)),
        (torch.randn(5, 3),),
    ),
    "random": lambda: (Autoencoder(False), (torch.randn(4, 6),)),
    "masked": lambda: (Masked(), (torch.randn(2, 3, 4),)),
    "frozen": lambda: (frozen(), (torch.randn(5, 4),)),
    "sure_softmax": lambda: (nn.LogSoftmax(1), (torch.randn(3, 4) * 50,)),
    "tail_gelu": lambda: (nn.GELU(), (torch.randn(3, 4) * 30,)),
    "small_ahead_of_norm": lambda: before_norm(1e-3, 0),
    "mean_ahead_of_norm": lambda: before_norm(1, 1000),
    "mean_group_norm": lambda: (nn.GroupNorm(2, 4), (torch.randn(2, 4, 3) + 1000,)),
    "saturated": lambda: (
        nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3)),
        (torch.randn(5, 4) * 1000,),
    ),
    "norm_twice": lambda: (
        nn.Sequential(nn.Linear(4, 5), nn.LayerNorm(5), nn.ReLU(), nn.Linear(5, 5)),
        (torch.randn(3, 4),),
    ),
}


@pytest.mark.parametrize(("loss", "seed"), [(None, 0), (squares, 1)], ids=["plain", "squares"])
@BOTH
@pytest.mark.parametrize("name", MODELS)
def test_a_right_model_is_right(name, dtype, loss, seed):
    torch.set_default_dtype(dtype)
    torch.manual_seed(seed)
    model, inputs = MODELS[name]()
    report = report_on(model, *inputs, loss=loss)
    assert report, str(report)
    assert not any("does not run in float64" in note for note in report.notes)
    assert not any("other random numbers" in note for note in report.notes)


@BOTH
def test_sums_that_depend_on_nothing(dtype):
    torch.manual_seed(0)
    x = torch.randn(4, 5, dtype=dtype).requires_grad_()
    assert gradcheck(lambda x: x.softmax(1).sum(), (x,))
    assert gradcheck(lambda x: (x + 1000).softmax(1).sum(), (x,))
    assert gradcheck(lambda x: F.layer_norm(x, (5,)).sum(), (x,))
    assert gradcheck(lambda x: x.logsumexp(1) - x.max(1)[0], (x,))
    sure = torch.tensor([[50.0, 1.0, 2.0]], dtype=dtype).requires_grad_()
    assert gradcheck(lambda x: F.cross_entropy(x, torch.tensor([0])), (sure,))


def test_a_constant_input_goes_along_to_float64():
    x, w = torch.randn(3, 4).requires_grad_(), torch.randn(5, 4)
    kept = w._array
    report = gradcheck(F.linear, (x, w), report=True)
    assert report.ok
    assert not report.notes
    assert w._array is kept
    assert w.dtype is torch.float32


def test_what_is_held_still_is_given_back():
    torch.manual_seed(0)
    table = nn.Embedding(6, 3, padding_idx=2, max_norm=1.0)
    norm = nn.utils.spectral_norm(nn.Linear(3, 4))
    before = {key: value.clone() for key, value in norm.state_dict().items()}
    weight = table.weight.detach().clone()
    report = report_on(nn.Sequential(table, norm), words())
    assert report.ok
    assert any("max_norm" in note for note in report.notes)
    assert table.max_norm == 1.0
    assert not table._forward_hooks
    assert torch.equal(table.weight, weight)
    assert all(torch.equal(value, before[key]) for key, value in norm.state_dict().items())
    norm(torch.randn(2, 3))
    assert not torch.equal(norm.weight_u, before["weight_u"])
    assert torch.get_default_dtype() is torch.float32


def test_a_check_leaves_the_draws_as_they_were():
    torch.manual_seed(3)
    expected = torch.randn(4)
    torch.manual_seed(3)
    assert report_on(Autoencoder(True), torch.ones(2, 6)) is not None
    torch.manual_seed(3)
    assert torch.equal(torch.randn(4), expected)
    assert type(torch.default_generator._rng).__module__.startswith("numpy")


def test_a_check_leaves_the_draws_of_other_threads_as_they_are():
    own, drawn = torch.Generator(), []

    def draw():
        drawn.append((torch.randn(4), torch.rand(3, generator=own), torch.initial_seed()))

    def drawing(x):
        torch.manual_seed(8)
        noise = torch.rand(4)
        beside = threading.Thread(target=draw)  # its draws do not move this function's
        beside.start()
        beside.join()
        return x * (noise + torch.randn(4))

    x = torch.randn(4, dtype=torch.float64).requires_grad_()
    torch.manual_seed(3)
    own.manual_seed(5)
    assert gradcheck(drawing, (x,), report=True).ok
    assert torch.initial_seed() == 3
    seen = list(drawn)
    torch.manual_seed(3)
    own.manual_seed(5)
    for ours, theirs, seed in seen:
        draw()
        assert torch.equal(ours, drawn[-1][0])
        assert torch.equal(theirs, drawn[-1][1])
        assert seed == 3


def faulty(gradient):
    """x ↦ x with another gradient."""

    class Faulty(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, g):
            return gradient(g.contiguous().clone())

    return Faulty.apply


def dropped(g):
    g.view(-1)[g.abs().argmax()] = 0
    return g


FAULTS = {
    "percent": lambda g: g * 1.01,
    "sign": lambda g: -g,
    "dropped": dropped,
    "term": lambda g: g + 0.05 * g.flip(0),
}
LAYERS = {
    "conv": (lambda: nn.Conv2d(2, 3, 2), "weight", (2, 2, 4, 4)),
    "norm": (lambda: nn.BatchNorm1d(3), "weight", (6, 3)),
    "lstm": (lambda: nn.LSTM(2, 2), "weight_hh_l0", (3, 2, 2)),
    "attention": (lambda: nn.TransformerEncoderLayer(4, 2, 8), "linear1.weight", (3, 2, 4)),
    "random": (lambda: Autoencoder(False), "spread.weight", (4, 6)),
    "masked": (Masked, "layer.linear2.bias", (2, 3, 4)),
}


class Planted(nn.Module):
    """A layer of which one parameter gets its gradient through a faulty rule."""

    def __init__(self, layer, name, fault):
        super().__init__()
        self.layer, self.name, self.fault = layer, name, fault

    def forward(self, x):
        parameter = dict(self.layer.named_parameters())[self.name]
        return torch.func.functional_call(self.layer, {self.name: self.fault(parameter)}, (x,))


@pytest.mark.parametrize("fault", FAULTS)
@BOTH
@pytest.mark.parametrize("layer", LAYERS)
def test_a_planted_fault_is_found_and_its_parameter_named(layer, dtype, fault):
    torch.set_default_dtype(dtype)
    torch.manual_seed(0)
    make, name, shape = LAYERS[layer]
    model = Planted(make(), name, faulty(FAULTS[fault]))

    def loss(y):
        y = y[0] if isinstance(y, tuple) else y
        return (y * torch.sin(torch.arange(y.numel()).reshape(y.shape))).tanh().sum()

    report = report_on(model, torch.randn(*shape), loss=loss)
    assert not report
    assert [one.name for one in report.inputs if one.wrong] == [f"layer.{name}"]


class Halved(torch.autograd.Function):
    """x ↦ x with a gradient through half precision where it is not in float64."""

    @staticmethod
    def forward(ctx, x):
        return x * 1

    @staticmethod
    def backward(ctx, g):
        return g if g.dtype == torch.float64 else g.half().to(g.dtype)


def test_lost_precision_is_found_where_the_upstream_gradient_is_one():
    x = torch.randn(3, 4).requires_grad_()
    report = gradcheck(Halved.apply, (x,), report=True, raise_exception=False)
    assert not report
    assert "precision" in report.cause


def test_lost_precision_is_found_in_a_model_that_draws():
    torch.manual_seed(0)
    model = Planted(Autoencoder(True), "back.weight", Halved.apply)
    report = report_on(model, torch.randn(8, 6))
    assert not report
    assert "precision" in report.cause


LOOKUPS = {
    "padding": lambda w: F.embedding(words(), w, padding_idx=2),
    "padding from the end": lambda w: F.embedding(words(), w, padding_idx=-4),
    "max_norm": lambda w: F.embedding(words(), w, max_norm=1.0),
    "frequency": lambda w: F.embedding(words(), w, scale_grad_by_freq=True),
    "all": lambda w: F.embedding(words(), w, 2, 1.0, scale_grad_by_freq=True).tanh(),
    "two": lambda w: F.embedding(words(), w, 2) * F.embedding(words() + 0, w * 2, 2),
    "bag": lambda w: F.embedding_bag(words(), w, max_norm=1.0, padding_idx=2),
    "bag of frequencies": lambda w: F.embedding_bag(
        words(), w, mode="sum", scale_grad_by_freq=True
    ),
    "bag of maxima": lambda w: F.embedding_bag(words(), w, mode="max", padding_idx=2),
}
WAYS = {"report": {"report": True}, "plain": {}, "PyTorch's": {"eps": 1e-6, "atol": 1e-5}}


def shifted(row):
    """A fault in one row of the gradient."""

    def fault(g):
        g[row] = g[row] + 0.1
        return g

    return faulty(fault)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("lookup", LOOKUPS)
def test_lookups_of_functions_are_right_and_their_faults_found(lookup, way):
    function = LOOKUPS[lookup]
    torch.manual_seed(1)
    table = (torch.randn(6, 3, dtype=torch.float64) * 2).requires_grad_()
    before = table.detach().clone()
    options = {**WAYS[way], "raise_exception": False}
    assert gradcheck(function, (table,), **options)
    for row in (2, 5):  # the padding's, and another
        fault = shifted(row)
        assert not gradcheck(lambda w, fault=fault: function(fault(w)), (table,), **options)
    assert torch.equal(table.detach(), before)
    F.embedding(words(), table, 2).sum().backward()
    assert table.grad[2].tolist() == [0.0] * 3  # outside a check padding is what it was
