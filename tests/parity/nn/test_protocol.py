"""The module protocol beside PyTorch's: names, orders, hooks, errors, state."""

from __future__ import annotations

import copy
from collections import OrderedDict

import numpy as np
import pytest

import tinygrad_lite as tgl

torch = pytest.importorskip("torch", reason="compares with PyTorch, which is not installed")


def net(lib):
    """A tree with a shared layer, buffers of both kinds, a list and a free place."""

    class Block(lib.nn.Module):
        def __init__(self, width):
            super().__init__()
            self.a = lib.nn.Linear(width, width)
            self.norm = lib.nn.LayerNorm(width)
            self.register_buffer("seen", lib.zeros(2))
            self.register_buffer("scratch", lib.zeros(1), persistent=False)
            self.register_parameter("none", None)
            self.scale = lib.nn.Parameter(lib.ones(1))

        def forward(self, x):
            return self.norm(self.a(x)) * self.scale

        def extra_repr(self):
            return "block"

    class Net(lib.nn.Module):
        def __init__(self):
            super().__init__()
            self.first = lib.nn.Linear(3, 4)
            self.blocks = lib.nn.ModuleList([Block(4), Block(4)])
            self.tied = self.blocks[0].a
            self.bag = lib.nn.ModuleDict({"act": lib.nn.ReLU(), "out": lib.nn.Linear(4, 2)})
            self.empty = None

        def forward(self, x):
            x = self.first(x)
            for block in self.blocks:
                x = self.bag["act"](block(x))
            return self.bag["out"](self.tied(x))

    return Net()


def pair():
    theirs, ours = net(torch), net(tgl)
    ours.load_state_dict({k: tgl.tensor(v.numpy()) for k, v in theirs.state_dict().items()})
    return ours, theirs


def applied(module):
    seen = []
    module.apply(lambda x: seen.append(type(x).__name__))
    return seen


LISTINGS = {
    "parameters": lambda m: [n for n, _ in m.named_parameters()],
    "parameters with prefix": lambda m: [n for n, _ in m.named_parameters("p")],
    "parameters of itself": lambda m: [n for n, _ in m.named_parameters(recurse=False)],
    "parameters with duplicates": lambda m: [
        n for n, _ in m.named_parameters(remove_duplicate=False)
    ],
    "buffers": lambda m: [n for n, _ in m.named_buffers()],
    "buffers with prefix": lambda m: [n for n, _ in m.named_buffers("p", recurse=True)],
    "modules": lambda m: [(n, type(x).__name__) for n, x in m.named_modules()],
    "modules with duplicates": lambda m: [n for n, _ in m.named_modules(remove_duplicate=False)],
    "modules with prefix": lambda m: [n for n, _ in m.named_modules(prefix="p")],
    "children": lambda m: [n for n, _ in m.named_children()],
    "state": lambda m: list(m.state_dict()),
    "state with prefix": lambda m: list(m.state_dict(prefix="p.")),
    "metadata": lambda m: dict(m.state_dict()._metadata),
    "registry": lambda m: (list(m._modules), list(m._parameters), list(m._buffers)),
    "registry of a block": lambda m: (
        list(m.blocks[0]._parameters), list(m.blocks[0]._buffers),
        m.blocks[0]._non_persistent_buffers_set,
    ),
    "text": repr,
    "text after train": lambda m: repr(m.eval().train()),
    "modes": lambda m: [x.training for x in m.eval().modules()],
    "number of parameters": lambda m: sum(p.numel() for p in m.parameters()),
    "frozen": lambda m: [p.requires_grad for p in m.requires_grad_(False).parameters()],
    "double": lambda m: [str(v.dtype) for v in m.double().state_dict().values()],
    "half": lambda m: [str(v.dtype) for v in m.half().state_dict().values()],
    "applied": applied,
    "submodule": lambda m: repr(m.get_submodule("blocks.0.a")),
    "deepcopy": lambda m: repr(copy.deepcopy(m)),
    "dir": lambda m: [n for n in dir(m) if n in {"first", "blocks", "tied", "forward", "training"}],
    "hasattr": lambda m: (hasattr(m, "first"), hasattr(m, "nothing"), "first" in vars(m) or True),
    "length of the list": lambda m: (len(m.blocks), len(m.bag), list(m.bag), "act" in m.bag),
}  # fmt: skip


@pytest.mark.parametrize("what", LISTINGS)
def test_listing(what):
    ours, theirs = pair()
    assert LISTINGS[what](ours) == LISTINGS[what](theirs)


def outcome(action, lib):
    try:
        result = action(lib)
    except Exception as error:  # noqa: BLE001 - its class is what is compared
        return type(error), error
    return None, result


def assign(module, name, value):
    setattr(module, name, value)
    return module


def without_init(lib, value):
    class Careless(lib.nn.Module):
        def __init__(self):
            self.x = value(lib)

    return Careless


FAILURES = {
    "layer before init": lambda t: without_init(t, lambda t: t.nn.Linear(1, 1))(),
    "parameter before init": lambda t: without_init(t, lambda t: t.nn.Parameter(t.ones(1)))(),
    "call before init": lambda t: without_init(t, lambda t: 3)()(1),
    "parameters before init": lambda t: list(without_init(t, lambda t: 3)().parameters()),
    "tensor for a parameter": lambda t: assign(t.nn.Linear(1, 1), "weight", t.ones(1)),
    "number for a layer": lambda t: assign(t.nn.Sequential(t.nn.ReLU()), "0", 3),
    "missing attribute": lambda t: t.nn.Linear(1, 1).nothing,
    "delete missing": lambda t: delattr(t.nn.Linear(1, 1), "nothing"),
    "dotted parameter": lambda t: t.nn.Linear(1, 1).register_parameter("a.b", None),
    "empty parameter": lambda t: t.nn.Linear(1, 1).register_parameter("", None),
    "number as name": lambda t: t.nn.Linear(1, 1).register_parameter(3, None),
    "taken parameter name": lambda t: t.nn.Linear(1, 1).register_parameter("forward", None),
    "tensor as parameter": lambda t: t.nn.Linear(1, 1).register_parameter("x", t.ones(1)),
    "dotted buffer": lambda t: t.nn.Linear(1, 1).register_buffer("a.b", None),
    "taken buffer name": lambda t: t.nn.Linear(1, 1).register_buffer("bias", None),
    "text as buffer": lambda t: t.nn.Linear(1, 1).register_buffer("q", "s"),
    "dotted module": lambda t: t.nn.Linear(1, 1).add_module("a.b", t.nn.ReLU()),
    "text as module": lambda t: t.nn.Linear(1, 1).add_module("q", "s"),
    "taken module name": lambda t: t.nn.Linear(1, 1).add_module("bias", t.nn.ReLU()),
    "no forward": lambda t: t.nn.Module()(1),
    "arguments of Module": lambda t: t.nn.Module(3),
    "keyword of Module": lambda t: t.nn.Module(a=3),
    "mode as text": lambda t: t.nn.Linear(1, 1).train("yes"),
    "integer dtype": lambda t: t.nn.Linear(1, 1).to(t.int32),
    "submodule missing": lambda t: t.nn.Linear(1, 1).get_submodule("x.y"),
    "submodule is a parameter": lambda t: t.nn.Linear(1, 1).get_submodule("weight"),
    "parameter missing": lambda t: t.nn.Linear(1, 1).get_parameter("x"),
    "buffer is a parameter": lambda t: t.nn.Linear(1, 1).get_buffer("weight"),
    "set submodule nowhere": lambda t: t.nn.Linear(1, 1).set_submodule("", t.nn.ReLU()),
    "state is a list": lambda t: t.nn.Linear(1, 1).load_state_dict([]),
    "state is empty": lambda t: t.nn.Linear(1, 1).load_state_dict({}),
    "state of another size": lambda t: (
        t.nn.Linear(1, 1).load_state_dict(t.nn.Linear(2, 1).state_dict())
    ),
    "state with more": lambda t: (
        t.nn.Linear(1, 1, bias=False).load_state_dict(t.nn.Linear(1, 1).state_dict())
    ),
    "state of text": lambda t: (
        t.nn.Linear(1, 1).load_state_dict({"weight": "x", "bias": t.ones(1)})
    ),
    "integer parameter": lambda t: t.nn.Parameter(t.ones(2, dtype=t.int32)),
    "lists in ModuleList": lambda t: t.nn.ModuleList([3]),
    "number in ModuleList": lambda t: t.nn.ModuleList(3),
    "index of ModuleList": lambda t: t.nn.ModuleList([t.nn.ReLU()])[1],
    "call of ModuleList": lambda t: t.nn.ModuleList([])(3),
    "key of ModuleDict": lambda t: t.nn.ModuleDict({"a": t.nn.ReLU()})["b"],
    "taken key of ModuleDict": lambda t: t.nn.ModuleDict({"type": t.nn.ReLU()}),
    "dotted key of ModuleDict": lambda t: t.nn.ModuleDict({"a.b": t.nn.ReLU()}),
    "list in Sequential": lambda t: t.nn.Sequential([t.nn.ReLU()]),
    "sum of Sequential": lambda t: t.nn.Sequential(t.nn.ReLU()) + 3,
    "product of Sequential": lambda t: t.nn.Sequential(t.nn.ReLU()) * 0,
    "insert into Sequential": lambda t: t.nn.Sequential(t.nn.ReLU()).insert(5, t.nn.ReLU()),
    "index of Sequential": lambda t: t.nn.Sequential(t.nn.ReLU())["a"],
    "key of ParameterDict": lambda t: t.nn.ParameterDict({"b": t.ones(2)})["x"],
    "number as key": lambda t: t.nn.ParameterDict({3: t.ones(2)}),
    "call of ParameterDict": lambda t: t.nn.ParameterDict({"b": t.ones(2)})(3),
    "tensor as ParameterList": lambda t: t.nn.ParameterList(t.ones(2)),
    "channels and groups": lambda t: t.nn.Conv2d(3, 4, 3, groups=2),
    "same with stride": lambda t: t.nn.Conv2d(3, 4, 3, 2, padding="same"),
    "padding text": lambda t: t.nn.Conv2d(3, 4, 3, padding="all"),
    "padding mode": lambda t: t.nn.Conv2d(3, 4, 3, padding_mode="mirror"),
    "padding mode of transpose": lambda t: t.nn.ConvTranspose2d(3, 4, 3, padding_mode="reflect"),
    "output size": lambda t: (
        t.nn.ConvTranspose2d(1, 1, 2, 2)(t.ones(1, 1, 2, 2), output_size=(9, 9))
    ),
    "dropout": lambda t: t.nn.Dropout(1.5),
    "embedding padding": lambda t: t.nn.Embedding(3, 4, padding_idx=3),
    "embedding weight": lambda t: t.nn.Embedding(3, 4, _weight=t.ones(2, 2)),
    "batch norm dims": lambda t: t.nn.BatchNorm2d(3)(t.ones(2, 3)),
    "instance norm dims": lambda t: t.nn.InstanceNorm2d(3)(t.ones(2, 3)),
    "group norm groups": lambda t: t.nn.GroupNorm(2, 3),
    "hidden size": lambda t: t.nn.LSTM(2, 0),
    "layers": lambda t: t.nn.LSTM(2, 3, 0),
    "rnn dropout": lambda t: t.nn.LSTM(2, 3, dropout=1.5),
    "projection": lambda t: t.nn.LSTM(2, 3, proj_size=3),
    "nonlinearity": lambda t: t.nn.RNN(2, 3, nonlinearity="sin"),
    "features": lambda t: t.nn.LSTM(2, 3)(t.ones(4, 1, 3)),
    "dims": lambda t: t.nn.GRU(2, 3)(t.ones(2)),
    "rnn dtype": lambda t: t.nn.GRU(2, 3)(t.ones(4, 1, 2).double()),
    "hidden shape": lambda t: t.nn.GRU(2, 3)(t.ones(4, 1, 2), t.ones(1, 2, 3)),
    "cell dims": lambda t: t.nn.GRUCell(2, 3)(t.ones(1, 1, 2)),
    "cell features": lambda t: t.nn.GRUCell(2, 3)(t.ones(1, 3)),
    "cell batch": lambda t: t.nn.GRUCell(2, 3)(t.ones(1, 2), t.ones(2, 3)),
    "heads": lambda t: t.nn.MultiheadAttention(5, 2),
    "no heads": lambda t: t.nn.MultiheadAttention(4, 0),
    "attention width": lambda t: t.nn.MultiheadAttention(4, 2)(*[t.ones(2, 1, 3)] * 3),
    "causal without a mask": lambda t: (
        t.nn.MultiheadAttention(4, 2)(*[t.ones(2, 1, 4)] * 3, is_causal=True)
    ),
    "mask shape": lambda t: (
        t.nn.MultiheadAttention(4, 2)(*[t.ones(2, 1, 4)] * 3, attn_mask=t.ones(3, 3))
    ),
    "activation": lambda t: t.nn.TransformerEncoderLayer(4, 2, activation="sin"),
    "transformer batch": lambda t: (
        t.nn.Transformer(4, 2, 1, 1, 4, batch_first=True)(t.ones(1, 2, 4), t.ones(2, 2, 4))
    ),
    "unflatten": lambda t: t.nn.Unflatten(1, 3),
    "margin": lambda t: t.nn.TripletMarginLoss(margin=0),
    "multi margin": lambda t: t.nn.MultiMarginLoss(p=3),
    "softmax2d": lambda t: t.nn.Softmax2d()(t.ones(2, 2)),
    "cutoffs": lambda t: t.nn.AdaptiveLogSoftmaxWithLoss(4, 5, [3, 2]),
    "gain": lambda t: t.nn.init.calculate_gain("sin"),
    "fans": lambda t: t.nn.init.xavier_uniform_(t.ones(2)),
    "mode": lambda t: t.nn.init.kaiming_uniform_(t.ones(2, 2), mode="fan"),
    "eye": lambda t: t.nn.init.eye_(t.ones(2)),
    "dirac": lambda t: t.nn.init.dirac_(t.ones(2, 2)),
    "orthogonal": lambda t: t.nn.init.orthogonal_(t.ones(2)),
    "sparse": lambda t: t.nn.init.sparse_(t.ones(2), 0.1),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("what", FAILURES)
def test_same_class_of_error(what):
    expected, _ = outcome(FAILURES[what], torch)
    got, error = outcome(FAILURES[what], tgl)
    assert expected is not None, "PyTorch does not fail here"
    assert got is expected, error


CONTAINERS = {
    "Sequential": lambda t: (
        t.nn.Sequential(t.nn.ReLU(), t.nn.Sequential(t.nn.Linear(2, 2), t.nn.Tanh()))
    ),
    "named Sequential": lambda t: t.nn.Sequential(OrderedDict(a=t.nn.ReLU(), b=t.nn.Linear(1, 1))),
    "slice": lambda t: t.nn.Sequential(t.nn.ReLU(), t.nn.Tanh(), t.nn.GELU())[1:],
    "negative": lambda t: t.nn.Sequential(t.nn.ReLU(), t.nn.Tanh())[-1],
    "sum": lambda t: t.nn.Sequential(t.nn.ReLU()) + t.nn.Sequential(t.nn.Tanh()),
    "product": lambda t: t.nn.Sequential(t.nn.ReLU()) * 2,
    "append": lambda t: t.nn.Sequential(t.nn.ReLU()).append(t.nn.Tanh()),
    "extend": lambda t: t.nn.Sequential(t.nn.ReLU()).extend([t.nn.Tanh()]),
    "insert": lambda t: t.nn.Sequential(t.nn.ReLU()).insert(0, t.nn.Tanh()),
    "pop": lambda t: t.nn.Sequential(t.nn.ReLU(), t.nn.Tanh()).pop(0),
    "with None": lambda t: t.nn.ModuleList([t.nn.ReLU(), None]),
    "list": lambda t: t.nn.ModuleList([t.nn.ReLU(), t.nn.ReLU(), t.nn.Linear(1, 1)]),
    "list sum": lambda t: t.nn.ModuleList([t.nn.ReLU()]) + t.nn.ModuleList([t.nn.Tanh()]),
    "list slice": lambda t: t.nn.ModuleList([t.nn.ReLU(), t.nn.Tanh()])[:1],
    "list repeats": lambda t: t.nn.ModuleList([t.nn.Linear(1, 1) for _ in range(3)]),
    "dict": lambda t: t.nn.ModuleDict({"b": t.nn.ReLU(), "a": t.nn.Tanh()}),
    "dict of pairs": lambda t: t.nn.ModuleDict([("b", t.nn.ReLU())]),
    "dict keys": lambda t: list(t.nn.ModuleDict({"b": t.nn.ReLU(), "a": t.nn.Tanh()}).keys()),
    "dict items": lambda t: list(t.nn.ModuleDict({"b": t.nn.ReLU()}).items()),
    "parameters": lambda t: t.nn.ParameterList([t.ones(2), 3, t.nn.Parameter(t.ones(1))]),
    "one parameter": lambda t: t.nn.ParameterList([t.ones(2)]),
    "parameter slice": lambda t: t.nn.ParameterList([t.ones(2), t.ones(3)])[1:],
    "parameter names": lambda t: (
        [n for n, _ in t.nn.ParameterList([t.ones(2), 3, t.ones(1)]).named_parameters()]
    ),
    "parameter dict": lambda t: t.nn.ParameterDict({"b": t.ones(2), "a": 3, "c": t.ones(2, 3)}),
    "parameter dict order": lambda t: (
        list(t.nn.ParameterDict({"b": t.ones(2), "a": t.ones(1)}).keys())
    ),
    "ordered parameter dict": lambda t: (
        list(t.nn.ParameterDict(OrderedDict(b=t.ones(2), a=t.ones(1))))
    ),
    "parameter dict union": lambda t: (
        t.nn.ParameterDict({"b": t.ones(2)}) | t.nn.ParameterDict({"a": t.ones(2)})
    ),
    "parameter dict get": lambda t: t.nn.ParameterDict({"b": t.ones(2)}).get("x", 5),
    "empty": lambda t: (
        [t.nn.Sequential(), t.nn.ModuleList(), t.nn.ModuleDict(), t.nn.ParameterList(),
        t.nn.ParameterDict()]
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", CONTAINERS)
def test_containers(what):
    strip = "Parameter containing"
    ours, theirs = repr(CONTAINERS[what](tgl)), repr(CONTAINERS[what](torch))
    if "Linear" not in ours or strip not in ours:
        assert ours == theirs


def hook_log(lib):
    """Everything that hooks of every kind see, in order."""
    log = []
    layer = lib.nn.Linear(2, 2)
    with lib.no_grad():
        layer.weight.copy_(lib.tensor([[1.0, 2.0], [3.0, 4.0]]))
        layer.bias.zero_()

    def note(name):
        def hook(module, *rest):
            shapes = [
                [None if t is None else np.round(t.detach().numpy(), 4).tolist() for t in part]
                if isinstance(part, tuple)
                else np.round(part.detach().numpy(), 4).tolist()
                for part in rest
            ]
            log.append((name, type(module).__name__, shapes))

        return hook

    layer.register_forward_hook(note("forward"))
    layer.register_forward_pre_hook(note("pre"))
    layer.register_full_backward_hook(note("backward"))
    layer.register_full_backward_pre_hook(note("backward pre"))
    first = layer.register_forward_hook(note("prepended"), prepend=True)
    gone = layer.register_forward_hook(note("gone"))
    gone.remove()
    x = lib.tensor([[1.0, -1.0]], requires_grad=True)
    (layer(x) ** 2).sum().backward()
    first.remove()
    (layer(lib.tensor([[2.0, 1.0]])) ** 2).sum().backward()
    return log, x.grad.numpy().tolist(), layer.weight.grad.numpy().tolist()


@pytest.mark.filterwarnings("ignore:Full backward hook")
def test_hooks_see_the_same_in_the_same_order():
    assert hook_log(tgl) == hook_log(torch)


def changing_hooks(lib):
    layer = lib.nn.Linear(2, 2, bias=False)
    with lib.no_grad():
        layer.weight.copy_(lib.tensor([[1.0, 2.0], [3.0, 4.0]]))
    layer.register_forward_pre_hook(lambda m, args: (args[0] * 2,))
    layer.register_forward_pre_hook(
        lambda m, args, kwargs: ((args[0] + 1,), kwargs), with_kwargs=True
    )
    layer.register_forward_hook(lambda m, args, out: out * 10)
    layer.register_forward_hook(lambda m, args, kwargs, out: out + 1, with_kwargs=True)
    layer.register_full_backward_hook(lambda m, gi, go: (gi[0] * 3,))
    layer.register_full_backward_pre_hook(lambda m, go: (go[0] * 5,))
    x = lib.tensor([[1.0, -1.0]], requires_grad=True)
    out = layer(x)
    out.sum().backward()
    return out.tolist(), x.grad.tolist(), layer.weight.grad.tolist()


def test_hooks_may_change_what_passes():
    assert changing_hooks(tgl) == changing_hooks(torch)


def state_hooks(lib):
    log = []
    layer = lib.nn.Sequential(lib.nn.Linear(1, 1))
    layer.register_state_dict_pre_hook(lambda m, prefix, keep: log.append(("pre", prefix, keep)))
    layer.register_state_dict_post_hook(
        lambda m, state, prefix, meta: log.append(("post", list(state), prefix, dict(meta)))
    )
    layer[0]._register_state_dict_hook(
        lambda m, state, prefix, meta: state.update({prefix + "more": lib.ones(1)})
    )
    layer[0].register_load_state_dict_pre_hook(
        lambda m, state, prefix, *rest: (
            state.pop(prefix + "more", None) and log.append(("load", type(m).__name__, prefix))
        )
    )
    layer.register_load_state_dict_post_hook(
        lambda m, keys: log.append(("loaded", list(keys.missing_keys), list(keys.unexpected_keys)))
    )
    state = layer.state_dict()
    log.append(list(state))
    del state["0.bias"]
    result = layer.load_state_dict(state, strict=False)
    return log, result.missing_keys, repr(layer.load_state_dict(layer.state_dict()))


def test_state_hooks():
    assert state_hooks(tgl) == state_hooks(torch)


def extra_state(lib):
    class Counter(lib.nn.Module):
        def __init__(self):
            super().__init__()
            self.count = 3

        def get_extra_state(self):
            return {"count": self.count}

        def set_extra_state(self, state):
            self.count = state["count"]

    one, other = lib.nn.Sequential(Counter()), lib.nn.Sequential(Counter())
    one[0].count = 7
    keys = list(one.state_dict())
    other.load_state_dict(one.state_dict())
    try:
        other.load_state_dict({})
    except RuntimeError as error:
        message = str(error)
    return keys, other[0].count, message


def test_extra_state():
    assert extra_state(tgl) == extra_state(torch)


def strict_messages(lib):
    texts = []
    layer = lib.nn.Sequential(lib.nn.Linear(2, 3), lib.nn.ReLU(), lib.nn.Linear(3, 1))
    state = layer.state_dict()
    for change in ("missing", "size"):
        given = dict(state)
        if change == "missing":
            del given["0.weight"], given["2.bias"]
        else:
            given["0.weight"] = lib.ones(2, 2)
        try:
            layer.load_state_dict(given)
        except RuntimeError as error:
            texts.append(str(error))
    return texts


def test_strict_messages_are_word_for_word():
    assert strict_messages(tgl) == strict_messages(torch)


def assigned(lib):
    layer = lib.nn.Linear(2, 1)
    kept = layer.weight
    state = {"weight": lib.ones(1, 2).double(), "bias": lib.zeros(1)}
    layer.load_state_dict(state)
    copied = (layer.weight is kept, str(layer.weight.dtype), layer.weight.tolist())
    layer.load_state_dict(state, assign=True)
    new = layer.weight
    return copied, new is kept, str(new.dtype), type(new).__name__, new.requires_grad


def test_copying_and_assigning_state():
    assert assigned(tgl) == assigned(torch)


def conversions(lib):
    layer = lib.nn.BatchNorm1d(2)
    kept = layer.weight
    layer.weight.grad = lib.ones(2)
    layer.to(lib.float64)
    first = [str(v.dtype) for v in layer.state_dict().values()] + [str(layer.weight.grad.dtype)]
    layer.float().to("cpu").to(lib.device("cpu"), lib.float64).to(lib.ones(1))
    second = [str(v.dtype) for v in layer.state_dict().values()]
    return first, second, layer.weight is kept


def test_conversions():
    assert conversions(tgl) == conversions(torch)


def lazy(lib, name, args, shape):
    layer = getattr(lib.nn, name)(*args)
    before = repr(layer), layer.has_uninitialized_params()
    rng = np.random.default_rng(0)
    layer(lib.tensor(rng.standard_normal(shape).astype(np.float32)))
    return (
        before,
        repr(layer),
        type(layer).__name__,
        [(k, tuple(v.shape)) for k, v in layer.state_dict().items()],
    )


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(
    ("name", "args", "shape"),
    [
        ("LazyLinear", (3,), (2, 5)),
        ("LazyLinear", (3, False), (2, 5)),
        ("LazyConv1d", (4, 2), (2, 3, 5)),
        ("LazyConv2d", (4, 2), (2, 3, 5, 5)),
        ("LazyConv2d", (4, 2), (3, 5, 5)),
        ("LazyConv3d", (4, 2), (2, 3, 4, 4, 4)),
        ("LazyConvTranspose1d", (4, 2), (2, 3, 5)),
        ("LazyConvTranspose2d", (4, 2), (2, 3, 5, 5)),
        ("LazyConvTranspose3d", (4, 2), (2, 3, 4, 4, 4)),
        ("LazyBatchNorm1d", (), (4, 3)),
        ("LazyBatchNorm2d", (), (2, 3, 4, 4)),
        ("LazyBatchNorm3d", (), (2, 3, 4, 4, 2)),
        ("LazyInstanceNorm1d", (), (2, 3, 4)),
        ("LazyInstanceNorm2d", (), (2, 3, 4, 4)),
        ("LazyInstanceNorm3d", (), (2, 3, 4, 4, 2)),
    ],
)
def test_lazy_layers(name, args, shape):
    assert lazy(tgl, name, args, shape) == lazy(torch, name, args, shape)


def lazy_state(lib):
    layer = lib.nn.LazyLinear(3)
    waiting = repr(layer.weight), repr(list(layer.state_dict().values()))
    layer.load_state_dict(lib.nn.Linear(4, 3).state_dict())
    layer(lib.ones(1, 4))
    fresh = lib.nn.LazyLinear(3).double()
    fresh(lib.ones(1, 2).double())
    copied = copy.deepcopy(lib.nn.LazyLinear(3))
    copied(lib.ones(2, 6))
    return waiting, repr(layer), str(fresh.weight.dtype), repr(copied), layer.weight.requires_grad


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_lazy_state():
    assert lazy_state(tgl) == lazy_state(torch)


def copies(lib):
    model = lib.nn.Sequential(lib.nn.Linear(2, 2), lib.nn.BatchNorm1d(2))
    model.append(model[0])
    model[0].weight.grad = lib.ones(2, 2)
    twin = copy.deepcopy(model)
    with lib.no_grad():
        twin[0].weight.fill_(5.0)
    return (
        twin[2] is twin[0], twin[0] is model[0],
        model[0].weight.tolist() != twin[0].weight.tolist(),
        twin[0].weight.grad, twin[0].weight.is_leaf, twin[0].weight.requires_grad,
        type(twin[0].weight).__name__, [n for n, _ in twin.named_parameters()],
    )  # fmt: skip


def test_deepcopy():
    assert copies(tgl) == copies(torch)


def plain_attributes(lib):
    layer = lib.nn.Linear(2, 2)
    weight = layer.weight
    del layer._parameters["weight"]
    layer.weight = weight * 2
    layer.register_parameter("weight_raw", weight)
    names = [n for n, _ in layer.named_parameters()]
    layer._parameters["late"] = lib.nn.Parameter(lib.ones(1))
    layer._modules["inner"] = lib.nn.ReLU()
    layer.bias = None
    return (
        names, list(layer.state_dict()), layer.late.tolist(), repr(layer.inner),
        layer.weight.is_leaf, "weight" in layer._parameters, layer._parameters.get("bias"),
        layer._parameters.pop("late").tolist(), hasattr(layer, "late"),
    )  # fmt: skip


def test_registries_can_be_written():
    assert plain_attributes(tgl) == plain_attributes(torch)


def gradients(lib):
    model = lib.nn.Sequential(lib.nn.Linear(2, 2), lib.nn.Linear(2, 1))
    model(lib.ones(1, 2)).sum().backward()
    model.zero_grad(set_to_none=False)
    zeros = [p.grad.abs().sum().item() for p in model.parameters()]
    model.zero_grad()
    return zeros, [p.grad for p in model.parameters()]


def test_zero_grad():
    assert gradients(tgl) == gradients(torch)
