"""Functionals that the operator database leaves out, their kinks, and their random cousins."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_lite as ours

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings(
    "ignore:Using padding='same'", "ignore:Since version 1.3.0, affine_grid"
)
F, TF = ours.nn.functional, torch.nn.functional
RNG = np.random.default_rng(0)


def both(function, *arrays, seed=1, rtol=1e-9):
    """Run `function(F, *tensors)` here and in PyTorch; compare the value and all gradients."""
    mine = [ours.tensor(a, requires_grad=a.dtype.kind == "f") for a in arrays]
    theirs = [torch.tensor(a, requires_grad=a.dtype.kind == "f") for a in arrays]
    got, wanted = function(F, *mine), function(TF, *theirs)
    np.testing.assert_allclose(got.detach().numpy(), wanted.detach().numpy(), rtol=rtol, atol=rtol)
    g = np.random.default_rng(seed).standard_normal(tuple(wanted.shape))
    got.backward(ours.tensor(g))
    wanted.backward(torch.tensor(g))
    for a, b in zip(mine, theirs, strict=True):
        if b.grad is not None:
            np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), rtol=rtol, atol=rtol)


KINKS = {
    "relu": [0.0], "relu6": [0.0, 6.0], "hardtanh": [-1.0, 1.0], "leaky_relu": [0.0], "elu": [0.0],
    "selu": [0.0], "celu": [0.0], "gelu": [0.0], "hardswish": [-3.0, 3.0],
    "hardsigmoid": [-3.0, 3.0],
    "softshrink": [-0.5, 0.5], "hardshrink": [-0.5, 0.5],
}  # fmt: skip


@pytest.mark.parametrize("name", KINKS)
def test_gradient_at_the_kink_is_pytorchs(name):
    both(lambda f, x: getattr(f, name)(x), np.array(KINKS[name]), rtol=1e-7)


@pytest.mark.parametrize("name", ["l1_loss", "smooth_l1_loss", "huber_loss", "mse_loss"])
def test_losses_where_both_are_equal_and_at_the_knee(name):
    x = np.array([1.0, 2.0, 3.0])
    both(lambda f, x, y: getattr(f, name)(x, y), x, x + np.array([0.0, 1.0, -1.0]))


def test_normalize_and_distances_of_zeros():
    zeros, other = np.zeros((2, 3)), RNG.standard_normal((2, 3))
    both(lambda f, x: f.normalize(x), zeros)
    both(lambda f, x, y: f.cosine_similarity(x, y), zeros, other)
    both(lambda f, x, y: f.pairwise_distance(x, y), other, other)
    both(lambda f, x: f.pdist(x), zeros)


def test_cdist_agrees_and_is_flat_where_rows_meet():
    x, y = RNG.standard_normal((2, 4, 3)), RNG.standard_normal((2, 5, 3))
    y[0, 0] = x[0, 0]
    for p in (0.5, 1.0, 2.0, 3.0, float("inf")):
        a, b = ours.tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
        got, wanted = F.cdist(a, ours.tensor(y), p=p), torch.cdist(b, torch.tensor(y), p=p)
        np.testing.assert_allclose(got.detach().numpy(), wanted.detach().numpy(), atol=1e-7)
        got.sum().backward()
        wanted.sum().backward()
        np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), atol=1e-7)


def test_max_pool_takes_the_first_of_equals_and_never_the_padding():
    both(lambda f, x: f.max_pool2d(x, 2), np.zeros((1, 1, 4, 4)))
    both(lambda f, x: f.max_pool2d(x, 3, 1, 1), np.zeros((1, 1, 4, 4)))
    x = np.full((1, 1, 3, 3), -np.inf)
    values, indices = F.max_pool2d(ours.tensor(x), 3, 2, 1, return_indices=True)
    wanted = TF.max_pool2d(torch.tensor(x), 3, 2, 1, return_indices=True)
    assert (values.numpy() == -np.inf).all()
    np.testing.assert_array_equal(indices.numpy(), wanted[1].numpy())


def test_max_pool_carries_nan_like_pytorch():
    x = RNG.standard_normal((2, 3, 6, 6))
    x[0, 0, 1, 1] = np.nan
    got = F.max_pool2d(ours.tensor(x), 2, return_indices=True)
    wanted = TF.max_pool2d(torch.tensor(x), 2, return_indices=True)
    for a, b in zip(got, wanted, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("p", [1.0, 2.0, 3.0])
def test_lp_pool(axes, p):
    x = np.abs(RNG.standard_normal((2, 3, *[6] * axes))) + 0.1
    both(lambda f, x: getattr(f, f"lp_pool{axes}d")(x, p, 2, 2), x)
    both(lambda f, x: getattr(f, f"lp_pool{axes}d")(x, p, 3, 2, ceil_mode=True), x)


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("kernel", [2, 3, 4])
@pytest.mark.parametrize("dilation", [1, 2])
def test_conv_with_words_for_padding(padding, kernel, dilation):
    x, w = RNG.standard_normal((2, 3, 9, 9)), RNG.standard_normal((4, 3, kernel, 3))
    both(lambda f, x, w: f.conv2d(x, w, padding=padding, dilation=dilation), x, w)


def test_conv_tbc():
    x, w, b = (RNG.standard_normal(s) for s in ((7, 2, 3), (3, 3, 4), (4,)))
    mine = F.conv_tbc(ours.tensor(x), ours.tensor(w), ours.tensor(b), 1)
    wanted = torch.conv_tbc(torch.tensor(x), torch.tensor(w), torch.tensor(b), 1)
    np.testing.assert_allclose(mine.numpy(), wanted.numpy(), rtol=1e-12)


def test_fold_is_the_transpose_of_unfold():
    x = RNG.standard_normal((2, 3 * 6, 20))
    both(lambda f, x: f.fold(x, (6, 6), (2, 3)), x)
    both(lambda f, x: f.fold(f.unfold(x, 2, stride=2), (6, 6), 2, stride=2),
         RNG.standard_normal((2, 3, 6, 6)))  # fmt: skip


@pytest.mark.parametrize("align", [True, False])
@pytest.mark.parametrize("size", [(2, 3, 4, 5), (2, 3, 1, 5), (2, 3, 3, 4, 5)])
def test_affine_grid(size, align):
    axes = len(size) - 2
    theta = RNG.standard_normal((2, axes, axes + 1))
    both(lambda f, t: f.affine_grid(t, size, align_corners=align), theta)


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
@pytest.mark.parametrize("align", [True, False])
@pytest.mark.parametrize("size", [(3, 4), (5, 5), (17, 9)])
def test_interpolate_with_antialiasing(mode, align, size):
    x = RNG.standard_normal((2, 3, 9, 11))
    both(lambda f, x: f.interpolate(x, size, mode=mode, align_corners=align, antialias=True), x)


@pytest.mark.parametrize("scale", [0.3, 0.5, 1.7, 2.0, (1.3, 0.6)])
@pytest.mark.parametrize("mode", ["nearest", "nearest-exact", "bilinear", "bicubic", "area"])
@pytest.mark.parametrize("recompute", [True, False, None])
def test_interpolate_by_a_factor(mode, scale, recompute):
    if mode == "area" and recompute is False:
        recompute = None
    x = RNG.standard_normal((2, 3, 7, 10))
    both(
        lambda f, x: f.interpolate(
            x, scale_factor=scale, mode=mode, recompute_scale_factor=recompute
        ),
        x, rtol=1e-7,
    )  # fmt: skip


@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("mode", ["bilinear", "nearest", "bicubic"])
@pytest.mark.parametrize("align", [True, False])
def test_grid_sample_far_outside(padding, mode, align):
    x, grid = RNG.standard_normal((2, 3, 4, 5)), RNG.uniform(-3, 3, (2, 6, 7, 2))
    both(lambda f, x, g: f.grid_sample(x, g, mode, padding, align), x, grid, rtol=1e-8)


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("shape", [(3,), (5, 3), (5, 3, 2), (5, 3, 2, 2)])
def test_cross_entropy_in_all_its_forms(reduction, smoothing, weighted, shape):
    x = RNG.standard_normal(shape)
    batch = shape[:1] + shape[2:] if len(shape) > 1 else ()
    target = RNG.integers(0, 3, batch)
    if batch:
        target.reshape(-1)[0] = -100
    weight = np.array([0.2, 1.0, 3.0])

    def loss(f, x, target):
        w = None
        if weighted:
            w = ours.tensor(weight) if f is F else torch.tensor(weight)
        return f.cross_entropy(x, target, w, reduction=reduction, label_smoothing=smoothing)

    both(loss, x, target)
    both(loss, x, np.abs(RNG.standard_normal(shape)))


def test_the_books_sum_of_squared_errors_is_half_the_sum():
    y, t = ours.tensor([1.0, 3.0], requires_grad=True), ours.tensor([0.0, 1.0])
    loss = F.mse_loss(y, t, reduction="sum") / 2
    loss.backward()
    assert loss.item() == 2.5
    assert y.grad.tolist() == [1.0, 2.0]


def test_embedding_leaves_the_padding_row_alone_and_shrinks_long_rows():
    table, numbers = RNG.standard_normal((5, 3)) * 4, np.array([[0, 2, 2], [4, 0, 1]])
    for settings in ({"padding_idx": 2}, {"scale_grad_by_freq": True}, {"padding_idx": -1}):
        both(lambda f, w, i, s=settings: f.embedding(i, w, **s), table, numbers)
    mine, theirs = ours.tensor(table), torch.tensor(table)
    got = F.embedding(ours.tensor(numbers), mine, max_norm=1.0)
    wanted = TF.embedding(torch.tensor(numbers), theirs, max_norm=1.0)
    np.testing.assert_allclose(got.numpy(), wanted.numpy(), rtol=1e-6)
    np.testing.assert_allclose(mine.numpy(), theirs.numpy(), rtol=1e-6)


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_embedding_bag_with_empty_bags(mode):
    table, numbers = RNG.standard_normal((5, 3)), np.array([0, 2, 2, 4, 1])
    for offsets in ([0, 2, 2, 5], [0, 0, 3]):
        both(lambda f, w, i, o: f.embedding_bag(i, w, o, mode=mode), table, numbers,
             np.array(offsets))  # fmt: skip
    both(lambda f, w, i: f.embedding_bag(i, w, mode=mode), table, np.array([[0, 1], [2, 2]]))


# In place


@pytest.mark.parametrize("name", ["relu", "relu6", "hardtanh", "elu", "selu", "celu", "silu",
                                  "leaky_relu", "hardswish", "hardsigmoid", "mish"])  # fmt: skip
def test_in_place_forms_overwrite_and_differentiate(name):
    x = RNG.standard_normal((3, 4))
    mine, theirs = ours.tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    a, b = mine * 2, theirs * 2
    got, wanted = getattr(F, name)(a, inplace=True), getattr(TF, name)(b, inplace=True)
    assert got is a
    (got * got).sum().backward()
    (wanted * wanted).sum().backward()
    np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-9)
    np.testing.assert_allclose(mine.grad.numpy(), theirs.grad.numpy(), rtol=1e-6, atol=1e-9)


# Random numbers


@pytest.mark.parametrize("name", ["dropout", "alpha_dropout"])
def test_dropout_keeps_the_mean_and_the_share(name):
    ours.manual_seed(0)
    x = ours.randn(200_000)
    out = getattr(F, name)(x, 0.3, training=True)
    gone = out.min() if name == "alpha_dropout" else 0
    dropped = (out == gone).float().mean()
    if name == "dropout":
        assert abs(dropped.item() - 0.3) < 0.01
    else:
        assert abs(out.mean().item()) < 0.02
        assert abs(out.std().item() - 1) < 0.02
    assert getattr(F, name)(x, 0.3, training=False) is x
    assert getattr(F, name)(x, 0.0, training=True) is x


def test_dropout_of_channels_drops_whole_channels():
    for axes, function in ((1, F.dropout1d), (2, F.dropout2d), (3, F.dropout3d)):
        out = function(ours.ones(20, 30, *[4] * axes), 0.5).numpy().reshape(600, -1)
        assert ((out == 0).all(1) | (out == 2).all(1)).all()
        assert 0.4 < (out == 0).mean() < 0.6


def test_dropout_mask_is_the_gradient_and_follows_the_seed():
    x = ours.ones(1000, requires_grad=True)
    ours.manual_seed(5)
    out = F.dropout(x, 0.25)
    out.sum().backward()
    assert ours.equal(x.grad, out.detach())
    ours.manual_seed(5)
    assert ours.equal(F.dropout(x, 0.25), out)
    assert (F.dropout(x, 1.0) == 0).all()
    with pytest.raises(ValueError, match="between 0 and 1"):
        F.dropout(x, 1.5)


def test_rrelu_draws_its_slopes_from_the_interval():
    x = -ours.ones(1000)
    out = -F.rrelu(x, 0.1, 0.3, training=True).numpy()
    assert 0.1 <= out.min() < 0.12
    assert 0.28 < out.max() <= 0.3
    np.testing.assert_allclose(-F.rrelu(x, 0.1, 0.3).numpy(), 0.2, rtol=1e-6)


def test_gumbel_softmax_samples_the_distribution():
    ours.manual_seed(1)
    logits = ours.log(ours.tensor([[0.1, 0.2, 0.7]])).expand(20000, 3).clone().requires_grad_()
    out = F.gumbel_softmax(logits, hard=True)
    assert set(np.unique(out.detach().numpy().round(6))) == {0.0, 1.0}
    np.testing.assert_allclose(out.detach().numpy().mean(0), [0.1, 0.2, 0.7], atol=0.02)
    (out * ours.tensor([1.0, 2.0, 3.0])).sum().backward()
    assert (logits.grad != 0).any()


# Errors


CALLS = {
    "a number": lambda f, t: f.relu(3.0),
    "an array": lambda f, t: f.linear(np.ones((2, 3)), t.ones(4, 3)),
    "an array to be convolved": lambda f, t: f.conv2d(np.ones((1, 1, 3, 3)), t.ones(1, 1, 2, 2)),
    "an array as target": lambda f, t: f.cross_entropy(t.ones(1, 3), np.array([0])),
    "linear": lambda f, t: f.linear(t.ones(2, 3), t.ones(4, 5)),
    "groups": lambda f, t: f.conv2d(t.ones(1, 3, 4, 4), t.ones(2, 2, 2, 2)),
    "axes": lambda f, t: f.conv2d(t.ones(3), t.ones(2, 3, 2, 2)),
    "too large": lambda f, t: f.conv2d(t.ones(1, 3, 2, 2), t.ones(2, 3, 5, 5)),
    "dtypes": lambda f, t: f.conv2d(t.ones(1, 1, 3, 3), t.ones(1, 1, 2, 2, dtype=t.float64)),
    "same strided": lambda f, t: f.conv1d(
        t.ones(1, 1, 5), t.ones(1, 1, 3), stride=2, padding="same"
    ),
    "target": lambda f, t: f.cross_entropy(t.ones(2, 3), t.tensor([0, 3])),
    "batch": lambda f, t: f.cross_entropy(t.ones(2, 3), t.tensor([0, 1, 2])),
    "reduction": lambda f, t: f.mse_loss(t.ones(2), t.ones(2), reduction="total"),
    "size": lambda f, t: f.binary_cross_entropy(t.ones(2), t.ones(3)),
    "probability": lambda f, t: f.binary_cross_entropy(t.ones(2) * 2, t.ones(2)),
    "one value": lambda f, t: f.batch_norm(t.ones(1, 3), None, None, training=True),
    "shape": lambda f, t: f.layer_norm(t.ones(2, 3), (4,)),
    "group count": lambda f, t: f.group_norm(t.ones(2, 3, 4), 2),
    "number": lambda f, t: f.embedding(t.tensor([5]), t.ones(3, 2)),
    "padding": lambda f, t: f.pad(t.ones(1, 2, 3), (3, 3), mode="reflect"),
    "odd padding": lambda f, t: f.pad(t.ones(2), (1,)),
    "mode": lambda f, t: f.interpolate(t.ones(1, 1, 4, 4), 2, mode="linear"),
    "both": lambda f, t: f.interpolate(t.ones(1, 1, 4), 2, 2.0),
    "pool padding": lambda f, t: f.max_pool2d(t.ones(1, 1, 4, 4), 2, padding=2),
    "pool size": lambda f, t: f.max_pool2d(t.ones(1, 1, 2, 2), 5),
    "glu": lambda f, t: f.glu(t.ones(3)),
    "one_hot": lambda f, t: f.one_hot(t.tensor([3]), 2),
    "axis": lambda f, t: f.softmax(t.ones(2, 2), dim=2),
    "int softmax": lambda f, t: f.softmax(t.tensor([1, 2]), dim=0),
    "causal": lambda f, t: f.scaled_dot_product_attention(
        t.ones(2, 2), t.ones(2, 2), t.ones(2, 2), t.ones(2, 2), is_causal=True),
    "shuffle": lambda f, t: f.pixel_shuffle(t.ones(1, 3, 2, 2), 2),
    "margin": lambda f, t: f.triplet_margin_loss(t.ones(2, 2), t.ones(2, 2), t.ones(2, 2), -1.0),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_bad_input_raises_pytorchs_class(name):
    with pytest.raises(Exception) as theirs:  # the class is the expectation
        CALLS[name](TF, torch)
    with pytest.raises(type(theirs.value)) as mine:
        CALLS[name](F, ours)
    assert len(str(mine.value)) > 10


def test_a_loss_that_would_broadcast_says_so():
    with pytest.warns(UserWarning, match="different to the input size"):
        F.mse_loss(ours.ones(3, 1), ours.ones(3))
