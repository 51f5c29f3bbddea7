"""Recurrent layers, attention, transformers and bags over the grid of their options."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tests.parity.expressions.twins import agree


def pulled(h, outs, *inputs):
    """The gradients of `inputs` when the results are pulled in drawn directions."""
    sum((out * h.x(*out.shape)).sum() for out in outs).backward()
    return [x.grad for x in inputs]


def grid(**options):
    """Every combination of the options, as dictionaries."""
    return [
        dict(zip(options, chosen, strict=True)) for chosen in itertools.product(*options.values())
    ]


def shown(options):
    return " ".join(f"{key}={value}" for key, value in options.items())


RECURRENT = [
    {"kind": kind, **rest}
    for kind in ("LSTM", "GRU", "RNN")
    for rest in grid(
        num_layers=(1, 2), bidirectional=(False, True), bias=(True, False),
        batch_first=(False, True), state=(False, True), batched=(True, False),
        proj_size=(0, 2) if kind == "LSTM" else (0,),
    )
]  # fmt: skip


@pytest.mark.parametrize("options", RECURRENT[::2], ids=shown)
def test_recurrent_layers(options):
    options = dict(options)
    kind, state, batched = (options.pop(key) for key in ("kind", "state", "batched"))
    if kind != "LSTM":
        options.pop("proj_size")
    if kind == "RNN" and options["num_layers"] == 2:
        options["nonlinearity"] = "relu"

    def run(torch, h):
        layer = h.fill(getattr(torch.nn, kind)(3, 4, **options))
        layers = options["num_layers"] * (1 + options["bidirectional"])
        shape = ((2, 3) if options["batch_first"] else (3, 2)) if batched else (3,)
        x = h.x(*shape, 3, grad=True)
        middle = (2,) if batched else ()
        hidden = h.x(layers, *middle, options.get("proj_size") or 4, grad=True)
        start = (hidden, h.x(layers, *middle, 4)) if kind == "LSTM" else hidden
        out, last = layer(x, start) if state else layer(x)
        cell = last[1] if kind == "LSTM" else last
        return out, last, pulled(h, [out, cell], x, hidden, *layer.parameters())

    agree(run)


PACKED = [
    {"kind": kind, **rest}
    for kind in ("LSTM", "GRU", "RNN", None)
    for rest in grid(
        lengths=([4, 3, 1], [1, 4, 2], [2, 2], [3, 0], []), batch_first=(False, True),
        enforce_sorted=(False, True), bidirectional=(False, True) if kind else (False,),
    )
]  # fmt: skip


@pytest.mark.parametrize("options", PACKED, ids=shown)
def test_packed_sequences(options):
    kind, lengths, first, is_sorted, both = options.values()

    def run(torch, h):
        rnn = torch.nn.utils.rnn
        shape = (len(lengths), max(lengths)) if first else (max(lengths), len(lengths))
        x = h.x(*shape, 3, grad=True)
        packed = rnn.pack_padded_sequence(x, lengths, batch_first=first, enforce_sorted=is_sorted)
        weights, last = [], None
        if kind is not None:
            layer = h.fill(getattr(torch.nn, kind)(3, 2, 2, bidirectional=both, batch_first=first))
            weights, (packed, last) = list(layer.parameters()), layer(packed)
        padded, counts = rnn.pad_packed_sequence(packed, first, -1.0, total_length=5)
        return packed, last, padded, counts, pulled(h, [padded], x, *weights)

    agree(run)


ATTENTION = grid(
    batch_first=(False, True), batched=(True, False), padding=(None, "bool", "float"),
    mask=(None, "bool 2", "float 2", "bool 3"), weights=("mean", "heads", None),
    extra=(
        {}, {"add_bias_kv": True}, {"add_zero_attn": True}, {"kdim": 3, "vdim": 5}, {"bias": False},
    ),
)  # fmt: skip


@pytest.mark.parametrize("options", ATTENTION[::7], ids=shown)
def test_multihead_attention(options):
    first, batched, padding, mask, weights, extra = options.values()
    steps, size, count = 3, 4, 2 if batched else 1

    def run(torch, h):
        layer = h.fill(torch.nn.MultiheadAttention(4, 2, batch_first=first, **extra))
        row = (lambda n: (2, n) if first else (n, 2)) if batched else (lambda n: (n,))
        widths = (4, extra.get("kdim", 4), extra.get("vdim", 4))
        q, k, v = (
            h.x(*row(n), width, grad=True)
            for n, width in zip((steps, size, size), widths, strict=True)
        )
        out, seen = layer(
            q, k, v, key_padding_mask=padding_mask(torch, padding, count, size, batched),
            attn_mask=attention_mask(torch, mask, 2 * count, steps, size),
            need_weights=weights is not None, average_attn_weights=weights != "heads",
        )  # fmt: skip
        return out, seen, pulled(h, [out], q, k, v, *layer.parameters())

    agree(run)


def attention_mask(torch, kind, heads, steps, size):
    """A mask that hides three places, for all heads alike or one for each."""
    if kind is None:
        return None
    hidden = np.zeros((steps, size), bool)
    hidden[0, 1:], hidden[1, 3] = True, True
    if kind.endswith("3"):
        hidden = np.broadcast_to(hidden, (heads, steps, size)).copy()
    return torch.tensor(
        hidden if kind.startswith("bool") else np.where(hidden, -1.5, 0.3).astype("f4")
    )


def padding_mask(torch, kind, count, size, batched):
    """A mask that hides step 2."""
    if kind is None:
        return None
    hidden = np.zeros((count, size) if batched else (size,), bool)
    hidden[..., 2] = True
    return torch.tensor(hidden if kind == "bool" else np.where(hidden, -np.inf, 0).astype("f4"))


TRANSFORMERS = grid(
    part=("encoder", "decoder", "both"), batch_first=(False, True), norm_first=(False, True),
    activation=("relu", "gelu"), masked=(False, True), training=(True, False), bias=(True, False),
)  # fmt: skip


@pytest.mark.parametrize("options", TRANSFORMERS[::3], ids=shown)
def test_transformers(options):
    options = dict(options)
    part, masked, training = (options.pop(key) for key in ("part", "masked", "training"))
    rest = {"dim_feedforward": 6, "dropout": 0.0, **options}

    def run(torch, h):
        nn = torch.nn
        src, tgt = (h.x(*((2, n) if rest["batch_first"] else (n, 2)), 4, grad=True) for n in (4, 3))
        hidden = torch.tensor(np.triu(np.ones((4, 4)), 1) > 0) if masked else None
        later = torch.tensor(np.triu(np.full((3, 3), -np.inf), 1).astype("f4")) if masked else None
        absent = padding_mask(torch, "bool" if masked else None, 2, 4, True)
        if part == "encoder":
            layer = nn.TransformerEncoderLayer(4, 2, **rest)
            model = h.fill(nn.TransformerEncoder(layer, 2, nn.LayerNorm(4))).train(training)
            out = model(src, mask=hidden, src_key_padding_mask=absent)
        elif part == "decoder":
            layer = nn.TransformerDecoderLayer(4, 2, **rest)
            model = h.fill(nn.TransformerDecoder(layer, 2)).train(training)
            out = model(tgt, src, tgt_mask=later, memory_key_padding_mask=absent)
        else:
            model = h.fill(nn.Transformer(4, 2, 1, 1, **rest)).train(training)
            out = model(src, tgt, src_mask=hidden, tgt_mask=later, src_key_padding_mask=absent)
        return model, out, pulled(h, [out], src, tgt, *model.parameters())

    agree(run, {"rtol": 1e-3, "atol": 1e-4})


BAGS = grid(
    mode=("sum", "mean", "max"), padding_idx=(None, 1), max_norm=(None, 0.5),
    form=("rows", "offsets", "with last", "with empty"), weighted=(False, True),
)  # fmt: skip


@pytest.mark.parametrize("options", BAGS, ids=shown)
def test_bags(options):
    options = dict(options)
    form, weighted = options.pop("form"), options.pop("weighted")
    starts = {"rows": None, "offsets": [0, 2], "with last": [0, 2, 6], "with empty": [0, 3, 3]}[
        form
    ]

    def run(torch, h):
        bag = torch.nn.EmbeddingBag(5, 3, include_last_offset=form == "with last", **options)
        h.fill(bag)
        numbers = torch.tensor([[1, 1, 4], [0, 2, 1]] if starts is None else [1, 1, 4, 0, 2, 1])
        counts = h.x(*numbers.shape, grad=True)
        out = bag(
            numbers, None if starts is None else torch.tensor(starts),
            per_sample_weights=counts if weighted else None,
        )  # fmt: skip
        return bag, out, pulled(h, [out], bag.weight, counts)

    agree(run)


LOSSES = grid(
    shape=((), (2,), (2, 3)), reduction=("mean", "sum", "none"), weighted=(False, True),
    ignore_index=(-100, 1, 9), label_smoothing=(0.0, 0.1),
)  # fmt: skip


@pytest.mark.parametrize("options", LOSSES, ids=shown)
def test_cross_entropy(options):
    options = dict(options)
    shape, weighted = options.pop("shape"), options.pop("weighted")

    def run(torch, h):
        weight = h.x(4, dtype="float64", lo=0.5, hi=2.0) if weighted else None
        loss = torch.nn.CrossEntropyLoss(weight, **options)
        x = h.x(3, 4, *shape, dtype="float64", grad=True)
        out = loss(x, h.x(3, *shape, dtype="int64", hi=4))
        out.sum().backward()
        return loss, out, x.grad

    agree(run, {"rtol": 1e-7, "atol": 1e-9})
