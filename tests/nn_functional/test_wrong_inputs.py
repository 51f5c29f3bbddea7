"""What functionals say to inputs they cannot take: PyTorch's class of error and key words."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

import tinygrad_lite as ours  # noqa: E402 - torch decides whether this module is imported

NO_INTEGERS = {
    "celu": (), "cross_entropy": ("rows",), "elu": (), "gelu": (), "glu": (), "hardshrink": (),
    "hardsigmoid": (), "hardswish": (), "leaky_relu": (), "logsigmoid": (), "mish": (),
    "rrelu": (), "selu": (), "silu": (), "softplus": (), "softshrink": (),
    "max_pool1d": (2,), "adaptive_avg_pool1d": (2,), "adaptive_avg_pool2d": (2,),
    "adaptive_max_pool1d": (2,), "adaptive_max_pool2d": (2,), "rms_norm": ([4],),
    "layer_norm": ([4],), "group_norm": (3,), "instance_norm": (),
    "batch_norm": (None, None, None, None, True),
    "nll_loss": ("rows",), "multi_margin_loss": ("rows",), "multilabel_margin_loss": ("same",),
    "binary_cross_entropy_with_logits": ("same",), "multilabel_soft_margin_loss": ("same",),
    "kl_div": ("same",), "soft_margin_loss": ("same",), "huber_loss": ("same",),
    "smooth_l1_loss": ("same",), "mse_loss": ("same",), "l1_loss": ("same",),
    "hinge_embedding_loss": ("same",), "binary_cross_entropy": ("same",), "normalize": (),
    "cosine_similarity": ("same",),
}  # fmt: skip


def arguments(lib, given, x):
    """The arguments after the input: "rows" is a class for each row, "same" a tensor like it."""
    made = {"rows": lib.zeros(x.shape[0], dtype=lib.int64), "same": x}
    return [made[a] if isinstance(a, str) else a for a in given]


def raised(lib, call):
    with pytest.raises(Exception) as caught:
        call(lib)
    return caught.value


def same_class(call):
    """Our error, after comparing its class with PyTorch's."""
    theirs, mine = raised(torch, call), raised(ours, call)
    assert type(mine) is type(theirs), f"{mine!r} for {theirs!r}"
    return str(mine), str(theirs)


@pytest.mark.filterwarnings("ignore:reduction. 'mean' divides")
@pytest.mark.parametrize("name", NO_INTEGERS)
def test_integers_where_fractions_are_needed(name):
    shape = (2, 4) if "loss" in name or "cross" in name or name == "kl_div" else (2, 3, 4)

    def call(lib):
        x = lib.ones(shape, dtype=lib.int64)
        return getattr(lib.nn.functional, name)(x, *arguments(lib, NO_INTEGERS[name], x))

    mine, _ = same_class(call)
    assert ".float()" in mine
    assert "int64" in mine


@pytest.mark.parametrize("kind", ["uint8", "bool", "int32"])
def test_the_message_names_the_type_as_pytorch_does(kind):
    mine, theirs = same_class(
        lambda lib: lib.nn.functional.gelu(lib.ones(2).to(getattr(lib, kind)))
    )
    words = theirs[theirs.index("not implemented for") :]
    assert words in mine


TENSORS = {
    "gelu": (), "prelu": ("x",), "softmin": (0,), "dropout": (),
    "alpha_dropout": (), "feature_alpha_dropout": (), "pad": ([1, 1],), "bilinear": ("x", "x"),
    "cosine_similarity": ("x",), "max_pool1d": (2,), "max_pool2d": (2,), "avg_pool1d": (2,),
    "avg_pool2d": (2,), "adaptive_avg_pool1d": (2,), "adaptive_max_pool1d": (2,),
    "layer_norm": ([3],), "rms_norm": ([3],), "embedding": ("x",), "unfold": (2,),
    "fold": (2, 2), "pixel_shuffle": (2,), "pixel_unshuffle": (2,), "channel_shuffle": (2,),
    "multilabel_margin_loss": ("x",), "multi_margin_loss": ("x",), "nll_loss": ("x",),
    "cosine_embedding_loss": ("x", "x"), "triplet_margin_loss": ("x", "x"),
}  # fmt: skip


@pytest.mark.parametrize("input", [None, [1.0, 2.0]], ids=["None", "list"])
@pytest.mark.parametrize("name", TENSORS)
def test_what_is_no_tensor(name, input):
    def call(lib):
        rest = [lib.ones(1) if a == "x" else a for a in TENSORS[name]]
        return getattr(lib.nn.functional, name)(input, *rest)

    mine, _ = same_class(call)
    assert f"must be Tensor, not {type(input).__name__}" in mine


MIXED = {
    "batch_norm": lambda lib, x, v: lib.nn.functional.batch_norm(x, None, None, v, v, True),
    "running": lambda lib, x, v: lib.nn.functional.batch_norm(x, v, v),
    "layer_norm": lambda lib, x, v: lib.nn.functional.layer_norm(x, [3], v),
    "layer_norm bias": lambda lib, x, v: lib.nn.functional.layer_norm(x, [3], None, v),
    "group_norm": lambda lib, x, v: lib.nn.functional.group_norm(x, 3, v),
    "instance_norm": lambda lib, x, v: lib.nn.functional.instance_norm(x, None, None, v),
}


@pytest.mark.parametrize("name", MIXED)
def test_norms_of_mixed_types(name):
    mine, _ = same_class(
        lambda lib: MIXED[name](lib, lib.ones(2, 3, 3, dtype=lib.float64), lib.ones(3))
    )
    assert mine.startswith("mixed dtype (CPU)")
    assert "torch.float64" in mine
    assert "torch.float32" in mine


@pytest.mark.parametrize("name", ["batch_norm", "running", "layer_norm", "group_norm"])
def test_half_inputs_beside_float32_vectors(name):
    made = [
        MIXED[name](lib, lib.arange(18.0).reshape(2, 3, 3).to(lib.float16), lib.ones(3))
        for lib in (ours, torch)
    ]
    assert str(made[0].dtype) == str(made[1].dtype)
    assert made[0].float().numpy() == pytest.approx(made[1].float().numpy(), abs=2e-3)


CALLS = {
    "mse_loss": lambda lib, f: f.mse_loss(lib.ones(2, 2), lib.ones(2, 3)),
    "cosine": lambda lib, f: f.cosine_similarity(lib.ones(2, 2), lib.ones(2, 3)),
    "huber": lambda lib, f: f.huber_loss(lib.ones(2, 2), lib.ones(2, 3)),
    "smooth_l1": lambda lib, f: f.smooth_l1_loss(lib.ones(2, 2), lib.ones(2, 3)),
    "lerp": lambda lib, f: lib.lerp(lib.ones(2), lib.ones(3), 0.5),
    "where": lambda lib, f: lib.where(lib.ones(2) > 0, lib.ones(3), lib.ones(3)),
}


@pytest.mark.filterwarnings("ignore:Using a target size")
@pytest.mark.parametrize("name", CALLS)
def test_shapes_that_do_not_broadcast(name):
    mine, _ = same_class(lambda lib: CALLS[name](lib, lib.nn.functional))
    assert "The size of tensor a (2) must match the size of tensor b (3)" in mine


CLASSES = {
    "a vector and many targets": lambda lib, f: f.cross_entropy(lib.ones(4), lib.zeros(3).long()),
    "no target for a row": lambda lib, f: f.nll_loss(lib.ones(1, 4), lib.tensor(1)),
    "too few targets": lambda lib, f: f.cross_entropy(lib.ones(2, 4), lib.zeros(3).long()),
    "floats for too many rows": lambda lib, f: f.cross_entropy(lib.ones(2, 4), lib.zeros(3)),
    "weights of another type": lambda lib, f: f.nll_loss(
        lib.ones(1, 4, dtype=lib.float64), lib.tensor([0]), lib.ones(4)
    ),
    "margin target too large": lambda lib, f: f.multi_margin_loss(
        lib.ones(2, 4), lib.tensor([0, 4])
    ),
    "too few margin targets": lambda lib, f: f.multi_margin_loss(lib.ones(2, 4), lib.tensor([0])),
    "float margin targets": lambda lib, f: f.multi_margin_loss(lib.ones(2, 4), lib.zeros(2)),
    "margin weights": lambda lib, f: f.multi_margin_loss(
        lib.ones(2, 4), lib.tensor([0, 1]), weight=lib.ones(3)
    ),
    "a soft margin that grows": lambda lib, f: f.soft_margin_loss(lib.ones(3), lib.ones(2, 3)),
    "ctc of four axes": lambda lib, f: f.ctc_loss(
        lib.ones(1, 2, 2, 2), lib.tensor([[1]]), lib.tensor([2]), lib.tensor([1])
    ),
    "bags beyond the end": lambda lib, f: f.embedding_bag(
        lib.tensor([0, 1]), lib.ones(3, 2), lib.tensor([0, 3])
    ),
    "a scale for other axes": lambda lib, f: f.interpolate(
        lib.ones(1, 1, 4), scale_factor=(2, 2), mode="bilinear"
    ),
    "a size for other axes": lambda lib, f: f.interpolate(lib.ones(1, 1, 1, 1, 4, 4), (2, 2)),
    "integers resized": lambda lib, f: f.interpolate(lib.ones(1, 1, 4).long(), scale_factor=2),
    "huber of integers and floats": lambda lib, f: f.huber_loss(lib.ones(2).long(), lib.ones(2)),
    "fill_ with a complex number": lambda lib, f: lib.ones(2).fill_(1j),
    "fill_ without a number": lambda lib, f: lib.ones(2).fill_(None),
    "fill_ with a word": lambda lib, f: lib.ones(2).fill_("one"),
    "fill_ with a list": lambda lib, f: lib.ones(2).fill_([1.0]),
}


@pytest.mark.parametrize("name", CLASSES)
def test_the_class_of_error_is_pytorchs(name):
    same_class(lambda lib: CLASSES[name](lib, lib.nn.functional))


WHOLE = {
    "cosine of integers and floats": lambda lib, f, x: f.cosine_similarity(x, x.float() + 1),
    "lp_pool1d": lambda lib, f, x: f.lp_pool1d(x, 2.0, 2),
    "lp_pool1d, whole power": lambda lib, f, x: f.lp_pool1d(x, 2, 2),
    "hinge": lambda lib, f, x: f.hinge_embedding_loss(x, x, 1.5, reduction="none"),
    "hinge, sum": lambda lib, f, x: f.hinge_embedding_loss(-x, x, 1.5, reduction="sum"),
    "l1, sum": lambda lib, f, x: f.l1_loss(x, -x, reduction="sum"),
}


@pytest.mark.parametrize("name", WHOLE)
def test_what_whole_numbers_become(name):
    made = [
        WHOLE[name](lib, lib.nn.functional, lib.tensor([[1, 2, 3], [4, -1, 6]]))
        for lib in (ours, torch)
    ]
    assert str(made[0].dtype) == str(made[1].dtype)
    assert made[0].numpy() == pytest.approx(made[1].numpy(), rel=1e-6)


def test_pooling_to_one_place_takes_any_number_of_axes():
    made = [
        lib.nn.functional.adaptive_avg_pool2d(lib.arange(48.0).reshape(2, 1, 2, 3, 4), 1)
        for lib in (ours, torch)
    ]
    assert made[0].tolist() == made[1].tolist()


def test_adaptive_maxima_of_an_empty_batch():
    assert ours.nn.functional.adaptive_max_pool2d(ours.ones(0, 3, 4, 4), 2).shape == (0, 3, 2, 2)


def test_swapped_arguments_of_cross_entropy_are_suspected():
    with pytest.raises(NotImplementedError, match="swapped"):
        ours.nn.functional.cross_entropy(ours.zeros(4).long(), ours.ones(4, 3))
