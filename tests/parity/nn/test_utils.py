"""`nn.utils`, `nn.init` and the modules with a protocol of their own, beside PyTorch's."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import tinygrad_lite as tgl

torch = pytest.importorskip("torch", reason="compares with PyTorch, which is not installed")

pytest.importorskip("torch.nn.utils.prune")  # not imported with torch itself

pytestmark = pytest.mark.filterwarnings("ignore")


def twins(build):
    """The same module in both libraries, with the same parameters."""
    theirs, ours = build(torch), build(tgl)
    ours.load_state_dict({k: tgl.tensor(v.numpy()) for k, v in theirs.state_dict().items()})
    return ours, theirs


def same(ours, theirs, tolerance=2e-5):
    if isinstance(theirs, tuple | list):
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs, strict=True):
            same(a, b, tolerance)
        return
    if not isinstance(theirs, torch.Tensor):
        assert ours == theirs
        return
    a, b = ours.detach().numpy(), theirs.detach().numpy()
    assert a.dtype == b.dtype
    assert a.shape == b.shape
    np.testing.assert_allclose(a, b, rtol=tolerance * 10, atol=tolerance)


def both(array, grad=False):
    array = np.asarray(array)
    array = array.astype(np.float32) if array.dtype == np.float64 else array
    made = tgl.tensor(array), torch.tensor(array)
    if grad:
        for t in made:
            t.requires_grad_()
    return made


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


# Gradients


def with_grads(lib, *grads):
    made = []
    for grad in grads:
        p = lib.nn.Parameter(lib.zeros(np.shape(grad)))
        if grad is not None:
            p.grad = lib.tensor(np.asarray(grad, dtype=np.float32))
        made.append(p)
    return [*made, lib.nn.Parameter(lib.zeros(2))]


@pytest.mark.parametrize("max_norm", [0.5, 3.0, 100.0])
@pytest.mark.parametrize("norm_type", [2.0, 1.0, 3, float("inf"), "inf"])
def test_clip_grad_norm(max_norm, norm_type):
    grads = normal(3, 4), normal(5, seed=1)
    ours, theirs = with_grads(tgl, *grads), with_grads(torch, *grads)
    same(
        tgl.nn.utils.clip_grad_norm_(ours, max_norm, norm_type),
        torch.nn.utils.clip_grad_norm_(theirs, max_norm, norm_type),
    )
    for a, b in zip(ours[:2], theirs[:2], strict=True):
        same(a.grad, b.grad)
    assert ours[2].grad is None


def test_clip_one_tensor_and_a_generator():
    for wrap in (lambda p: p[0], iter):
        ours, theirs = with_grads(tgl, [3.0, 4.0]), with_grads(torch, [3.0, 4.0])
        same(
            tgl.nn.utils.clip_grad_norm_(wrap(ours), 1.0),
            torch.nn.utils.clip_grad_norm_(wrap(theirs), 1.0),
        )
        if wrap is not iter:
            same(ours[0].grad, theirs[0].grad)


def test_clip_grad_value():
    ours, theirs = with_grads(tgl, normal(9)), with_grads(torch, normal(9))
    tgl.nn.utils.clip_grad_value_(ours, 0.3)
    torch.nn.utils.clip_grad_value_(theirs, 0.3)
    same(ours[0].grad, theirs[0].grad)


def test_nonfinite_norm():
    for lib in (tgl, torch):
        with pytest.raises(RuntimeError, match="is non-finite, so it cannot be clipped"):
            lib.nn.utils.clip_grad_norm_(with_grads(lib, [np.nan]), 1.0, error_if_nonfinite=True)


def test_vectors():
    ours, theirs = twins(lambda t: t.nn.Linear(3, 2))
    same(
        tgl.nn.utils.parameters_to_vector(ours.parameters()),
        torch.nn.utils.parameters_to_vector(theirs.parameters()),
    )
    a, b = both(normal(8))
    kept = ours.weight
    tgl.nn.utils.vector_to_parameters(a, ours.parameters())
    torch.nn.utils.vector_to_parameters(b, theirs.parameters())
    same(ours.weight, theirs.weight)
    same(ours.bias, theirs.bias)
    assert ours.weight is kept


# Sequences

LENGTHS = [2, 4, 1]


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("sort", [False, True])
def test_packing_and_unpacking(batch_first, sort):
    lengths = sorted(LENGTHS, reverse=True) if sort else LENGTHS
    x = normal(3, 4, 2) if batch_first else normal(4, 3, 2)
    a, b = both(x, grad=True)
    rnn, their_rnn = tgl.nn.utils.rnn, torch.nn.utils.rnn
    ours = rnn.pack_padded_sequence(a, lengths, batch_first, enforce_sorted=sort)
    theirs = their_rnn.pack_padded_sequence(b, lengths, batch_first, enforce_sorted=sort)
    same(tuple(ours), tuple(theirs))
    same(
        rnn.pad_packed_sequence(ours, batch_first, -1.0, total_length=6),
        their_rnn.pad_packed_sequence(theirs, batch_first, -1.0, total_length=6),
    )
    rnn.pad_packed_sequence(ours, batch_first)[0].sum().backward()
    their_rnn.pad_packed_sequence(theirs, batch_first)[0].sum().backward()
    same(a.grad, b.grad)


@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize("batch_first", [False, True])
def test_padding(side, batch_first):
    rows = [normal(n, 2) for n in LENGTHS]
    settings = {"batch_first": batch_first, "padding_value": 7.0, "padding_side": side}
    same(
        tgl.nn.utils.rnn.pad_sequence([tgl.tensor(r) for r in rows], **settings),
        torch.nn.utils.rnn.pad_sequence([torch.tensor(r) for r in rows], **settings),
    )


def test_sequences_there_and_back():
    rows = [normal(n, 2, seed=n) for n in LENGTHS]
    results = []
    for lib in (tgl, torch):
        packed = lib.nn.utils.rnn.pack_sequence([lib.tensor(r) for r in rows], enforce_sorted=False)
        padded = lib.nn.utils.rnn.pad_sequence([lib.tensor(r) for r in rows])
        results.append(
            [
                *packed, *lib.nn.utils.rnn.unpack_sequence(packed),
                *lib.nn.utils.rnn.unpad_sequence(padded, lib.tensor(LENGTHS)),
            ]
        )  # fmt: skip
    same(*results)


@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("with_state", [False, True])
def test_recurrent_layers_on_packed_sequences(kind, bidirectional, with_state):
    ours, theirs = twins(lambda t: getattr(t.nn, kind)(2, 3, 2, bidirectional=bidirectional))
    a, b = both(normal(4, 3, 2), grad=True)
    state = normal(2 * (1 + bidirectional), 3, 3, seed=5)
    results = []
    for lib, module, x in ((tgl, ours, a), (torch, theirs, b)):
        packed = lib.nn.utils.rnn.pack_padded_sequence(x, LENGTHS, enforce_sorted=False)
        given = lib.tensor(state)
        given = (given, given * 2) if kind == "LSTM" else given
        output, last = module(packed, given) if with_state else module(packed)
        last = last if isinstance(last, tuple) else (last,)
        total = output.data.sum() + sum((part * part).sum() for part in last)
        total.backward()
        results.append([output.data, output.batch_sizes, output.sorted_indices, *last])
    same(*results)
    same(a.grad, b.grad)
    for (_, p), (_, q) in zip(ours.named_parameters(), theirs.named_parameters(), strict=True):
        same(p.grad, q.grad)


def test_lengths_must_be_right():
    for lengths in ([1, 2], [2, 0], [2]):
        for lib in (tgl, torch):
            with pytest.raises(RuntimeError):
                lib.nn.utils.rnn.pack_padded_sequence(lib.ones(3, 2, 1), lengths)


# Parametrizations


def symmetric(lib):
    class Symmetric(lib.nn.Module):
        def forward(self, x):
            return x.triu() + x.triu(1).T

        def right_inverse(self, x):
            return x.triu()

    return Symmetric()


def parametrized(lib, weights):
    layer = lib.nn.Linear(3, 3)
    with lib.no_grad():
        layer.weight.copy_(lib.tensor(weights))
    parametrize = lib.nn.utils.parametrize
    parametrize.register_parametrization(layer, "weight", symmetric(lib))
    first = repr(layer), list(layer.state_dict()), [n for n, _ in layer.named_parameters()]
    x = lib.tensor(normal(2, 3))
    layer(x).sum().backward()
    grad = layer.parametrizations.weight.original.grad
    layer.weight = lib.ones(3, 3)
    original = layer.parametrizations.weight.original.detach().clone()
    parametrize.register_parametrization(layer, "weight", lib.nn.Identity())
    with parametrize.cached():
        once = layer.weight is layer.weight
    twin = copy.deepcopy(layer)
    second = repr(twin), [parametrize.is_parametrized(twin, name) for name in (None, "bias")]
    third = parametrize.type_before_parametrizations(layer).__name__
    parametrize.remove_parametrizations(layer, "weight")
    return [
        first, grad, original, once, second, third, type(layer).__name__,
        [n for n, _ in layer.named_parameters()], layer.weight,
    ]  # fmt: skip


def test_parametrize():
    weights = normal(3, 3)
    same(parametrized(tgl, weights), parametrized(torch, weights))


def test_parametrize_errors():
    class Bad:
        pass

    for lib in (tgl, torch):
        parametrize = lib.nn.utils.parametrize
        with pytest.raises(ValueError, match="does not have a parameter, a buffer"):
            parametrize.register_parametrization(lib.nn.Linear(1, 1), "x", symmetric(lib))
        with pytest.raises(ValueError, match="does not have a parametrization on weight"):
            parametrize.remove_parametrizations(lib.nn.Linear(1, 1), "weight")
        layer = lib.nn.Linear(2, 2)
        parametrize.register_parametrization(layer, "weight", lib.nn.ReLU())
        with pytest.raises(RuntimeError, match="does not implement right_inverse"):
            layer.weight = lib.ones(2, 2)


@pytest.mark.parametrize("dim", [0, 1, None])
@pytest.mark.parametrize("new", [True, False])
def test_weight_norm(dim, new):
    results = []
    weights = normal(3, 4)
    for lib in (tgl, torch):
        layer = lib.nn.Linear(4, 3)
        with lib.no_grad():
            layer.weight.copy_(lib.tensor(weights))
            layer.bias.zero_()
        wrap = lib.nn.utils.parametrizations.weight_norm if new else lib.nn.utils.weight_norm
        wrap(layer, dim=dim)
        out = layer(lib.tensor(normal(2, 4, seed=3)))
        (out * out).sum().backward()
        named = [(n, p.grad) for n, p in layer.named_parameters()]
        text, keys = repr(layer), [(k, tuple(v.shape)) for k, v in layer.state_dict().items()]
        if new:
            lib.nn.utils.parametrize.remove_parametrizations(layer, "weight")
        else:
            lib.nn.utils.remove_weight_norm(layer)
        results.append([out, named, text, keys, layer.weight, list(layer.state_dict())])
    same(*results)


@pytest.mark.parametrize("name", ["Linear", "Conv2d", "ConvTranspose2d"])
@pytest.mark.parametrize("new", [True, False])
def test_spectral_norm(name, new):
    args = (4, 3) if name == "Linear" else (4, 3, 2)
    x = normal(2, 4) if name == "Linear" else normal(2, 4, 5, 5)

    def build(lib):
        layer = getattr(lib.nn, name)(*args)
        wrap = lib.nn.utils.parametrizations.spectral_norm if new else lib.nn.utils.spectral_norm
        return wrap(layer)

    ours, theirs = twins(build)
    assert repr(ours) == repr(theirs)
    for _ in range(2):
        a, b = ours(tgl.tensor(x)), theirs(torch.tensor(x))
        same(a, b, 1e-4)
    (a * a).sum().backward()
    (b * b).sum().backward()
    for (_, p), (_, q) in zip(ours.named_parameters(), theirs.named_parameters(), strict=True):
        same(p.grad, q.grad, 1e-3)
    same(ours.eval()(tgl.tensor(x)), theirs.eval()(torch.tensor(x)), 1e-4)
    for (k, v), (_, w) in zip(ours.state_dict().items(), theirs.state_dict().items(), strict=True):
        same(v, w, 1e-4)
        assert k in theirs.state_dict()


def pruned(lib, weights, action):
    layer = lib.nn.Linear(4, 3)
    with lib.no_grad():
        layer.weight.copy_(lib.tensor(weights))
        layer.bias.fill_(1.0)
    prune = lib.nn.utils.prune
    action(prune, layer, lib)
    out = layer(lib.ones(4))
    out.sum().backward()
    keys = list(layer.state_dict())
    mask = layer.weight_mask.clone()
    grad = layer.weight_orig.grad
    was = prune.is_pruned(layer)
    prune.remove(layer, "weight")
    keys += list(layer.state_dict())
    return [keys, mask, grad, was, prune.is_pruned(layer), layer.weight, out]


PRUNINGS = {
    "l1": lambda p, m, t: p.l1_unstructured(m, "weight", 0.5),
    "l1 count": lambda p, m, t: p.l1_unstructured(m, "weight", 5),
    "rows": lambda p, m, t: p.ln_structured(m, "weight", 1, n=2, dim=0),
    "columns": lambda p, m, t: p.ln_structured(m, "weight", 0.5, n=1, dim=1),
    "mask": lambda p, m, t: p.custom_from_mask(m, "weight", t.eye(3, 4)),
    "identity": lambda p, m, t: p.identity(m, "weight"),
    "twice": lambda p, m, t: (
        p.l1_unstructured(m, "weight", 0.25), p.l1_unstructured(m, "weight", 0.5)
    ),
    "rows then elements": lambda p, m, t: (
        p.ln_structured(m, "weight", 1, n=2, dim=0), p.l1_unstructured(m, "weight", 2)
    ),
    "elements then rows": lambda p, m, t: (
        p.l1_unstructured(m, "weight", 2), p.ln_structured(m, "weight", 1, n=2, dim=0)
    ),
    "global": lambda p, m, t: p.global_unstructured(
        [(m, "weight"), (m, "bias")], pruning_method=p.L1Unstructured, amount=6
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", PRUNINGS)
def test_prune(what):
    weights = normal(3, 4)
    same(pruned(tgl, weights, PRUNINGS[what]), pruned(torch, weights, PRUNINGS[what]))


@pytest.mark.parametrize("amount", [1.5, -1, 100, "a"])
def test_prune_amounts(amount):
    for lib in (torch, tgl):
        with pytest.raises(TypeError if amount == "a" else ValueError):
            lib.nn.utils.prune.l1_unstructured(lib.nn.Linear(4, 3), "weight", amount)


def test_functional_call():
    ours, theirs = twins(lambda t: t.nn.Sequential(t.nn.Linear(2, 3), t.nn.Linear(3, 1)))
    a, b = both(normal(3, 2), grad=True)
    x, y = both(normal(4, 2, seed=2))
    out = tgl.nn.utils.stateless.functional_call(ours, {"0.weight": a * 2}, (x,))
    expected = torch.func.functional_call(theirs, {"0.weight": b * 2}, (y,))
    same(out, expected)
    out.sum().backward()
    expected.sum().backward()
    same(a.grad, b.grad)
    assert ours[0].weight.grad is None
    assert isinstance(ours[0].weight, tgl.nn.Parameter)


# Modules with a call of their own


def test_adaptive_softmax():
    ours, theirs = twins(lambda t: t.nn.AdaptiveLogSoftmaxWithLoss(8, 10, [3, 6], 2.0, True))
    assert repr(ours) == repr(theirs)
    a, b = both(normal(6, 8), grad=True)
    target = np.array([0, 5, 9, 2, 6, 3])
    mine, other = ours(a, tgl.tensor(target)), theirs(b, torch.tensor(target))
    same(mine.output, other.output)
    same(mine.loss, other.loss)
    mine.loss.backward()
    other.loss.backward()
    same(a.grad, b.grad)
    same(ours.log_prob(a), theirs.log_prob(b))
    same(ours.predict(a), theirs.predict(b))
    same(ours(a[0], tgl.tensor(5)).loss, theirs(b[0], torch.tensor(5)).loss)
    for lib, module, x in ((tgl, ours, a), (torch, theirs, b)):
        with pytest.raises(RuntimeError):
            module(x, lib.tensor(target + 1))


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_unpooling(dims):
    x = normal(2, 3, *(6, 4, 4)[:dims])
    results = []
    for lib in (tgl, torch):
        pool = getattr(lib.nn, f"MaxPool{dims}d")(2, return_indices=True)
        unpool = getattr(lib.nn, f"MaxUnpool{dims}d")(2)
        given = lib.tensor(x, requires_grad=True)
        values, places = pool(given)
        back = unpool(values, places)
        (back * back).sum().backward()
        results.append([repr(unpool), places, back, given.grad])
    same(*results)


def test_stacks_of_transformer_layers():
    def build(t):
        layer = t.nn.TransformerEncoderLayer(6, 2, 5, 0.0, batch_first=True)
        return t.nn.TransformerEncoder(layer, 2, t.nn.LayerNorm(6), enable_nested_tensor=False)

    ours, theirs = twins(build)
    assert repr(ours) == repr(theirs)
    a, b = both(normal(2, 4, 6), grad=True)
    padding = np.array([[False] * 4, [False, False, True, True]])
    mask, other = (
        tgl.nn.Transformer.generate_square_subsequent_mask(4),
        (torch.nn.Transformer.generate_square_subsequent_mask(4)),
    )
    same(mask, other)
    added = np.where(padding, -np.inf, 0.0).astype(np.float32)
    x = ours(a, mask, tgl.tensor(added))
    y = theirs(b, other, torch.tensor(added))
    same(x, y)
    x.sum().backward()
    y.sum().backward()
    same(a.grad, b.grad, 1e-4)


def test_embedding_from_pretrained():
    table = normal(4, 3)
    for freeze in (True, False):
        a = tgl.nn.Embedding.from_pretrained(tgl.tensor(table), freeze, padding_idx=1)
        b = torch.nn.Embedding.from_pretrained(torch.tensor(table), freeze, padding_idx=1)
        same(a.weight, b.weight)
        assert a.weight.requires_grad == b.weight.requires_grad
        assert repr(a) == repr(b)
    bag = tgl.nn.EmbeddingBag.from_pretrained(tgl.tensor(table), mode="sum")
    other = torch.nn.EmbeddingBag.from_pretrained(torch.tensor(table), mode="sum")
    same(bag(tgl.tensor([[0, 3]])), other(torch.tensor([[0, 3]])))
    assert bag.weight.requires_grad == other.weight.requires_grad


def test_cross_map_normalisation():
    x = normal(2, 4, 3, 3)
    same(tgl.nn.CrossMapLRN2d(3)(tgl.tensor(x)), torch.nn.CrossMapLRN2d(3)(torch.tensor(x)))


def test_old_batch_norm_state_has_no_count():
    for lib in (tgl, torch):
        layer = lib.nn.BatchNorm1d(2)
        state = layer.state_dict()
        del state["num_batches_tracked"]
        del state._metadata
        assert repr(layer.load_state_dict(dict(state))) == "<All keys matched successfully>"


# Starting values: the distributions are PyTorch's; the numbers need not be

BIG = 40_000


def moments(tensor):
    values = tensor.detach().numpy().ravel()
    return values.min(), values.max(), values.mean(), values.std()


@pytest.mark.parametrize(
    "make",
    [
        lambda t: t.nn.init.uniform_(t.empty(BIG), -2, 3),
        lambda t: t.nn.init.xavier_uniform_(t.empty(100, 400), 1.5),
        lambda t: t.nn.init.kaiming_uniform_(t.empty(100, 40, 10)),
        lambda t: t.nn.init.kaiming_uniform_(t.empty(9, 400, 9), 0.2, "fan_out", "relu"),
        lambda t: t.nn.init.kaiming_uniform_(t.empty(100, 400), a=5**0.5),
        lambda t: t.nn.Linear(300, 200).weight,
        lambda t: t.nn.Conv2d(40, 50, 5, groups=2).weight,
        lambda t: t.nn.ConvTranspose2d(40, 50, 5, groups=2).weight,
        lambda t: t.nn.Bilinear(40, 30, 20).weight,
        lambda t: t.nn.LSTM(100, 100).weight_hh_l0,
        lambda t: t.nn.GRUCell(100, 100).weight_ih,
        lambda t: t.nn.MultiheadAttention(100, 2).in_proj_weight,
        lambda t: t.nn.MultiheadAttention(100, 2, kdim=50).k_proj_weight,
        lambda t: t.nn.TransformerEncoderLayer(100, 2).linear1.weight,
        lambda t: t.nn.Transformer(100, 2, 1, 1).encoder.layers[0].linear1.weight,
    ],
)
def test_uniform_starts_have_the_same_bounds(make):
    a, b = moments(make(tgl)), moments(make(torch))
    np.testing.assert_allclose(a[:2], b[:2], rtol=5e-3)
    np.testing.assert_allclose(a[3], b[3], rtol=2e-2)


@pytest.mark.parametrize(
    "make",
    [
        lambda t: t.nn.init.normal_(t.empty(BIG), 1.0, 2.0),
        lambda t: t.nn.init.xavier_normal_(t.empty(100, 400)),
        lambda t: t.nn.init.kaiming_normal_(t.empty(100, 400), nonlinearity="tanh"),
        lambda t: t.nn.init.trunc_normal_(t.empty(BIG)),
        lambda t: t.nn.init.trunc_normal_(t.empty(BIG), 0.5, 2.0, -1.0, 1.0),
        lambda t: t.nn.Embedding(200, 200).weight,
        lambda t: t.nn.EmbeddingBag(200, 200).weight,
        lambda t: t.nn.init.sparse_(t.empty(300, 300), 0.4, 2.0),
    ],
)
def test_normal_starts_have_the_same_spread(make):
    a, b = moments(make(tgl)), moments(make(torch))
    np.testing.assert_allclose(a[2], b[2], atol=4 * b[3] / BIG**0.5 * 1.5)
    np.testing.assert_allclose(a[3], b[3], rtol=2e-2)


@pytest.mark.parametrize(
    "make",
    [
        lambda t: t.nn.init.eye_(t.empty(3, 4)),
        lambda t: t.nn.init.dirac_(t.empty(4, 2, 3)),
        lambda t: t.nn.init.dirac_(t.empty(4, 2, 3, 3), 2),
        lambda t: t.nn.init.dirac_(t.empty(3, 5, 3, 3, 2)),
        lambda t: t.nn.init.ones_(t.empty(2)),
        lambda t: t.nn.init.zeros_(t.empty(2)),
        lambda t: t.nn.init.constant_(t.empty(2), 0.3),
        lambda t: t.nn.BatchNorm2d(3).weight,
        lambda t: t.nn.LayerNorm(3).bias,
        lambda t: t.nn.PReLU(3).weight,
        lambda t: t.nn.MultiheadAttention(4, 2).in_proj_bias,
        lambda t: t.nn.MultiheadAttention(4, 2).out_proj.bias,
        lambda t: t.nn.Embedding(3, 2, padding_idx=1).weight[1],
    ],
)
def test_fixed_starts(make):
    same(make(tgl), make(torch))


@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (4, 2, 3)])
def test_orthogonal(shape):
    w = tgl.nn.init.orthogonal_(tgl.empty(*shape), gain=2.0).detach().numpy().reshape(shape[0], -1)
    product = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
    np.testing.assert_allclose(product, 4 * np.eye(len(product)), atol=1e-5)


@pytest.mark.parametrize(
    "what",
    ["linear", "conv2d", "sigmoid", "tanh", "relu", "leaky_relu", "selu", "conv_transpose3d"],
)
def test_gain(what):
    assert tgl.nn.init.calculate_gain(what) == torch.nn.init.calculate_gain(what)
    if what == "leaky_relu":
        assert tgl.nn.init.calculate_gain(what, 0.3) == torch.nn.init.calculate_gain(what, 0.3)
