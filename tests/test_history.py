"""Faults that frameworks of this kind have shipped, each with the test that would have found it.

Every test names where the fault was reported.
"""

import numpy as np
import pytest

import tinygrad_lite as torch
from tests.doubles import DOUBLE, draw, leaf
from tinygrad_lite import nn
from tinygrad_lite.autograd import Function, grad, gradcheck, gradgradcheck
from tinygrad_lite.nn import functional as F

# Indices


@pytest.mark.parametrize(
    "read",
    [
        lambda x: x[[0, 0, 2]],
        lambda x: x.gather(0, torch.tensor([0, 0, 2])),
        lambda x: x.take(torch.tensor([0, 0, 2])),
        lambda x: x.index_select(0, torch.tensor([0, 0, 2])),
        lambda x: F.embedding(torch.tensor([0, 0, 2]), x[:, None]),
    ],
)
def test_repeated_indices_add_up(read):
    """pytorch/pytorch#1631, #1528: gather and integer indexing overwrote instead of adding."""
    x = leaf([1.0, 2.0, 3.0])
    read(x).sum().backward()
    assert x.grad.tolist() == [2.0, 0.0, 1.0]


def test_a_filled_value_counts_once_for_each_place():
    """pytorch/pytorch#57006: index_fill counted the value once for each repetition of an index."""
    x, value = leaf([1.0, 2.0, 3.0]), leaf(5.0)
    x.index_fill(0, torch.tensor([1, 1, 1]), value).sum().backward()
    assert x.grad.tolist() == [1.0, 0.0, 1.0]
    assert value.grad.item() == 1.0


def test_products_over_segments():
    """jax-ml/jax#9296: wrong gradient of a product over segments with repeated indices."""
    x, source = leaf([2.0, 3.0]), leaf([5.0, 7.0, 11.0])
    index = torch.tensor([0, 0, 1])
    x.scatter_reduce(0, index, source, "prod").sum().backward()
    assert x.grad.tolist() == [35.0, 11.0]
    assert source.grad.tolist() == [14.0, 10.0, 3.0]


# Layouts


def test_views_of_expanded_tensors():
    """pytorch/pytorch#30303, #99638: reshape of an expanded one, masked_select of a transpose."""
    x = leaf([1.0, 2.0])
    w = torch.arange(6.0, dtype=DOUBLE)
    (x.expand(3, 2).reshape(6) * w).sum().backward()
    assert x.grad.tolist() == [0.0 + 2 + 4, 1.0 + 3 + 5]
    y = draw(2, 3)
    mask = torch.tensor([[True, False], [False, True], [True, True]])
    (y.T.masked_select(mask) * torch.arange(1.0, 5.0, dtype=DOUBLE)).sum().backward()
    assert y.grad.tolist() == [[1.0, 0.0, 3.0], [0.0, 2.0, 4.0]]


def test_a_mean_takes_any_incoming_gradient():
    """torch/nn#345: Mean's backward assumed a contiguous gradient."""
    x = draw(2, 3, 4)
    g = draw(4, 2).detach().T
    x.mean(1).backward(g)
    assert torch.allclose(x.grad, g[:, None].expand(2, 3, 4) / 3)


# Broadcasting


@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 1), (1, 1, 3)])
def test_broadcast_gradients_have_the_operands_shape(shape):
    """pytorch/pytorch#1787, #13669: not reduced to the operand's shape, or doubled."""
    x, y = draw(2, 3), draw(*shape, seed=1)
    (x * y).sum().backward()
    assert y.grad.shape == y.shape
    wide = np.broadcast_to(x.detach().numpy(), np.broadcast_shapes((2, 3), shape))
    for _ in range(wide.ndim - len(shape)):
        wide = wide.sum(0)
    axes = tuple(i for i, n in enumerate(shape) if n == 1)
    np.testing.assert_allclose(y.grad.numpy(), wide.sum(axes, keepdims=True) if axes else wide)


# Changes in place


def test_views_of_several_outputs_are_not_written_to():
    """pytorch/pytorch#36608, #49824, #31258: they kept a wrong history."""
    x = draw(4)
    for parts in (x.clone().split(2), x.clone().chunk(2), x.clone().unbind()):
        base_like = parts[0]
        before = grad(base_like.sum(), x, retain_graph=True)[0].tolist()
        try:
            base_like.mul_(2)
        except RuntimeError:
            continue
        after = grad(base_like.sum(), x)[0].tolist()
        assert after == [2 * b for b in before]  # allowed only if it is right


def test_kept_values_that_are_views_are_guarded():
    """pytorch/pytorch#24413: the check did not see kept values that are views."""
    x = draw(4)
    h = x * 1.0
    y = h[1:].exp() * h.view(2, 2)[0, 0] * h[:3]
    with torch.no_grad():
        h.zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


@pytest.mark.parametrize("create", [False, True])
@pytest.mark.parametrize("way", ["backward", "grad", "inputs", "compiled"])
def test_every_way_back_is_guarded(way, create):
    """pytorch/pytorch#197887: the compiled path had lost the check and was silently wrong."""
    x = draw(3)

    def run():
        h = x * 1.0
        y = (h * h).sum()
        h.add_(1)
        return y

    y = torch.compile(run)() if way == "compiled" else run()
    with pytest.raises(RuntimeError, match="inplace"):
        if way == "grad":
            grad(y, x, create_graph=create)
        else:
            y.backward(create_graph=create, inputs=[x] if way == "inputs" else None)


def test_assignment_into_a_value_used_before():
    """rsokl/MyGrad 5b8448c: assignment into a tensor that other results were computed from."""
    x = draw(3)
    h = x * 2
    early = h + 0
    h[0] = 7.0
    (early.sum() * 10 + h.sum()).backward()
    assert x.grad.tolist() == [20.0, 22.0, 22.0]


def test_gradients_through_chains_of_views():
    """rsokl/MyGrad 9b958b9: a change of a view of a view of a view reaches all of them."""
    x = draw(2, 6)
    base = x * 1.0
    one = base.view(3, 4)
    two = one[1:].T
    three = two[::2]
    three.mul_(5)
    expected = np.ones((2, 6))
    expected.reshape(3, 4)[1:].T[::2] *= 5
    base.sum().backward(retain_graph=True)
    assert x.grad.tolist() == expected.tolist()
    x.grad = None
    two.sum().backward()
    assert x.grad.sum().item() == 4 * 5 + 4


# Topology


def test_inputs_of_a_sum_share_no_gradient():
    """rsokl/MyGrad 407b276, HIPS/autograd 042810b, Oneflow-Inc/oneflow#6146: one array for both."""
    x, y = draw(3), draw(3)
    (x + y).sum().backward()
    x.grad.zero_()
    assert y.grad.tolist() == [1.0, 1.0, 1.0]
    (x + y).sum().backward()
    assert x.grad.tolist() == [1.0, 1.0, 1.0]
    assert y.grad.tolist() == [2.0, 2.0, 2.0]


def test_equal_leaves_are_two():
    """tinygrad/tinygrad#9597: a cache merged two leaves of the same value."""
    x, y = leaf([2.0]), leaf([2.0])
    (x * y + x).sum().backward()
    assert x.grad.item() == 3.0
    assert y.grad.item() == 2.0


def test_a_second_walk_adds_to_the_leaves_alone():
    """karpathy/micrograd#53, nn-zero-to-hero#52: stale gradients of intermediates counted again."""
    x = leaf([3.0])
    h = x * x
    y = h * h
    y.backward(retain_graph=True)
    first = x.grad.item()
    y.backward()
    assert x.grad.item() == 2 * first == 2 * 4 * 27


def test_nested_gradients_keep_apart():
    """denizyuret/AutoGrad.jl#75: d/dx x d/dy (x + y) was 2."""
    x = leaf(1.0)

    def inner(outer):
        y = leaf(1.0)
        return grad(outer + y, y, create_graph=True)[0]

    (g,) = grad(x * inner(x), x)
    assert g.item() == 1.0
    both = torch.func.grad(lambda a: a * torch.func.grad(lambda b: a + b)(torch.tensor(1.0)))
    assert both(torch.tensor(1.0)).item() == 1.0


# Higher orders


class SavesIntermediate(Function):
    @staticmethod
    def forward(ctx, x):
        twice = x * x
        ctx.save_for_backward(x, twice)
        return twice * x

    @staticmethod
    def backward(ctx, g):
        _, twice = ctx.saved_tensors
        return g * 3 * twice


class SavesInput(SavesIntermediate):
    @staticmethod
    def backward(ctx, g):
        x, _ = ctx.saved_tensors
        return g * 3 * x * x


def test_saved_intermediates_are_found_by_the_second_order_check():
    """pytorch/pytorch#76185, #58509: constants to the second derivative."""
    x = draw(3)
    assert gradcheck(SavesIntermediate.apply, (x,))
    assert gradgradcheck(SavesInput.apply, (x,))
    assert not gradgradcheck(SavesIntermediate.apply, (x,), raise_exception=False)


@pytest.mark.parametrize("values", [[2.0, 0.0, 3.0], [0.0, 0.0, 3.0], [0.0, 0.0, 0.0]])
def test_products_with_zeros(values):
    """pytorch/pytorch#106789, tinygrad/tinygrad#17404: 0/0, and a lost second derivative."""
    x = leaf(values)
    a, b, c = values
    (g,) = grad(x.prod(), x, create_graph=True)
    assert g.tolist() == [b * c, a * c, a * b]
    hessian = torch.autograd.functional.hessian(torch.prod, x)
    assert hessian.tolist() == [[0, c, b], [c, 0, a], [b, a, 0]]


def test_ties_share_the_gradient():
    """rsokl/MyGrad 78eafdb, apache/mxnet#18563, jax-ml/jax#40564: lost, or counted for all."""
    x, y = leaf([1.0, 2.0]), leaf([1.0, 1.0])
    torch.maximum(x, y).sum().backward()
    assert x.grad.tolist() == [0.5, 1.0]
    assert y.grad.tolist() == [0.5, 0.0]
    z = leaf([3.0, 1.0, 3.0])
    z.max().backward()
    assert z.grad.tolist() == [0.5, 0.0, 0.5]


def test_sinc_at_zero():
    """jax-ml/jax#5054: even derivatives at 0 were wrong."""
    x = leaf(0.0)
    y, found = torch.sinc(x), []
    for _ in range(5):
        found.append(y.item())
        (y,) = grad(y, x, create_graph=True)
    assert found == pytest.approx([1, 0, -(np.pi**2) / 3, 0, np.pi**4 / 5], rel=1e-12)


@pytest.mark.parametrize("a", [5.5, -5.5])
@pytest.mark.parametrize("b", [2.25, -2.25])
def test_remainders_of_mixed_signs(a, b):
    """jax-ml/jax#11469: the rule of the divisor, hidden by large tolerances."""
    for function, quotient in ((torch.remainder, np.floor(a / b)), (torch.fmod, np.trunc(a / b))):
        x, y = leaf(a), leaf(b)
        function(x, y).backward()
        assert x.grad.item() == 1.0
        assert y.grad.item() == -quotient


# Parameters that nobody had tried


@pytest.mark.parametrize(
    "function",
    [
        lambda x: F.max_pool1d(x, 2, stride=2, dilation=2),
        lambda x: F.max_pool1d(x, 3, stride=2, padding=1, ceil_mode=True),
        lambda x: torch.tensordot(x, x, dims=([0, 2], [0, 2])),
        lambda x: torch.cumsum(x, 1),
        lambda x: torch.cumprod(x, 0),
        lambda x: x.repeat(2, 1, 3),
        lambda x: x.repeat_interleave(2, 1),
        lambda x: torch.logcumsumexp(x, -2),
    ],
)
def test_unusual_parameters(function):
    """jax-ml/jax dcded6a; HIPS/autograd#473, 747b48b, 72a6ccc."""
    assert gradcheck(function, (draw(2, 3, 7),), rtol=1e-6)


@pytest.mark.parametrize(
    "settings",
    [
        {"stride": 3},
        {"stride": 2, "dilation": 3},
        {"stride": 3, "groups": 2},
        {"stride": 2, "padding": 1, "dilation": 2, "groups": 2},
    ],
)
def test_convolutions_that_leave_a_remainder(settings):
    """f-dangel/backpack#30, flagos-ai/FlagGems#1576, huggingface/candle#2337 and others."""
    groups = settings.get("groups", 1)
    x, w = draw(1, 2, 11), draw(4, 2 // groups, 2, seed=1)
    assert gradcheck(lambda x, w: F.conv1d(x, w, **settings), (x, w), rtol=1e-6)


def test_ignoring_a_row_is_deleting_it():
    """pytorch/pytorch#73205, #69511: label smoothing counted ignored rows."""
    x, target = draw(4, 3), torch.tensor([0, -100, 2, 1])
    kept = [0, 2, 3]
    for smoothing in (0.0, 0.3):
        for reduction in ("mean", "sum"):
            for weight in (None, torch.tensor([0.5, 2.0, 1.0], dtype=DOUBLE)):
                more = {"label_smoothing": smoothing, "reduction": reduction, "weight": weight}
                ignored = F.cross_entropy(x, target, **more)
                deleted = F.cross_entropy(x[kept], target[kept], **more)
                assert ignored.item() == pytest.approx(deleted.item(), rel=1e-12)


def test_dropout_between_recurrent_layers_is_in_the_gradient():
    """pytorch/pytorch#190056: the backward pass ignored the mask; found with frozen numbers."""
    torch.manual_seed(0)
    model, x = nn.LSTM(3, 4, num_layers=2, dropout=0.5).double(), draw(5, 2, 3)

    def run(x):
        torch.manual_seed(1)
        return model(x)[0]

    assert gradcheck(run, (x,))
    (g,) = grad(run(x).sum(), x)
    model.eval()
    (still,) = grad(run(x).sum(), x)
    assert not torch.allclose(g, still)


def test_seventy_thousand_ties_in_half():
    """tinygrad/tinygrad#12296: the count overflowed, and every gradient was 0."""
    x = torch.ones(70_000, dtype=torch.float16, requires_grad=True)
    x.max().backward()
    assert x.grad.dtype is torch.float16
    assert x.grad.float().sum().item() == pytest.approx(1.0, rel=0.02)


@pytest.mark.parametrize(
    "create",
    [
        lambda **k: torch.zeros(2, **k),
        lambda **k: torch.ones(2, **k),
        lambda **k: torch.full((2,), 3.0, **k),
        lambda **k: torch.empty(2, **k),
        lambda **k: torch.arange(2.0, **k),
        lambda **k: torch.linspace(0, 1, 2, **k),
        lambda **k: torch.logspace(0, 1, 2, **k),
        lambda **k: torch.eye(2, **k),
        lambda **k: torch.rand(2, **k),
        lambda **k: torch.randn(2, **k),
        lambda **k: torch.zeros_like(torch.ones(2), **k),
        lambda **k: torch.randn_like(torch.ones(2), **k),
        lambda **k: torch.ones(2).new_zeros(2, **k),
        lambda **k: torch.tensor([1.0, 2.0], **k),
        lambda **k: torch.normal(0.0, 1.0, (2,), **k),
    ],
)
def test_what_is_created_wants_its_gradient(create):
    """tinygrad/tinygrad#16150: some creation operations dropped requires_grad."""
    x = create(requires_grad=True)
    assert x.requires_grad
    assert x.is_leaf
    (x * 2).sum().backward()
    assert torch.all(x.grad == 2)


# Tests that could not fail


class WrongSign(Function):
    @staticmethod
    def forward(ctx, x):
        return x.sin()

    @staticmethod
    def backward(ctx, g):
        return -g


def test_the_checks_can_fail():
    """HIPS/autograd#412, 5cc08c4: a wrong sign shipped, and a helper zipped unequal tuples."""
    assert not gradcheck(WrongSign.apply, (draw(3),), raise_exception=False)
    with pytest.raises(RuntimeError, match="2 tensors and 1 gradients"):
        torch.autograd.backward([draw(1), draw(1)], [torch.ones(1, dtype=DOUBLE)])


def test_gradients_are_more_than_present():
    """harvard-edge/cs249r_book#1336, #2091: only `grad is not None` had been asked."""
    model, x = nn.Sequential(nn.Linear(3, 4), nn.GELU(), nn.Linear(4, 1)).double(), draw(2, 3)
    model(x).sum().backward()
    with torch.no_grad():
        same = model(x).clone()
    assert torch.equal(model(x), same)
    p, step = model[0].weight, 1e-6
    for at in ((0, 0), (3, 2)):
        values = []
        for sign in (1, -1):
            with torch.no_grad():
                p[at] += sign * step
                values.append(model(x).sum().item())
                p[at] -= sign * step
        assert p.grad[at].item() == pytest.approx((values[0] - values[1]) / (2 * step), rel=1e-6)
