"""Functions that no layer is made of, exported; and what is refused, by name and line."""

import numpy as np
import pytest

import tinygrad_lite as torch
from tinygrad_lite.nn import functional as F

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
from tests.onnx.checking import check

RANDOM = np.random.default_rng(0)


def floats(*shape):
    return RANDOM.standard_normal(shape).astype(np.float32)


def positive(*shape):
    return RANDOM.uniform(0.2, 2.0, shape).astype(np.float32)


X, Y = floats(3, 4), floats(3, 4)
IMAGE = floats(2, 3, 6, 5)
VOLUME = floats(2, 2, 3, 4, 5)
LONG = RANDOM.integers(0, 4, (3, 5))


class Wrapped(torch.nn.Module):
    """A function as a module, which is what an export names things after."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *args):
        return self.function(*args)


def changed_in_place(x):
    y = x * 2
    y += 1
    y.clamp_(min=0)
    return y.relu_() + x


def turned_in_place(x):
    x.t_()
    y = x + 1
    y.unsqueeze_(0)
    y.data = y.data.transpose(0, 2)
    return y * 2, x


def filled(x):
    out = torch.zeros(x.shape[0], 6)
    out[:, :4] = x
    out[:, 5] = x[:, 0]
    return out


def masked(x):
    y = x.clone()
    y[x > 0] = -1.0
    return y


FUNCTIONS = {
    # arithmetic
    "powers": (lambda x: (x**2, x**3, 2.0**x, (x * x + 1) ** 0.5, (x * x + 1).rsqrt()), [X]),
    "exponentials": (lambda x: (x.exp2(), x.expm1(), x.exp()), [X]),
    "logarithms": (lambda x: (x.log(), x.log2(), x.log10(), x.log1p()), [positive(3, 4)]),
    "tiny expm1": (lambda x: (x.expm1() * 1e6, x.log1p() * 1e6), [X * np.float32(1e-6)]),
    "large log1p": (lambda x: x.log1p(), [np.array([-0.6, 1e-7, 3.0, 1e6, 1e30, np.inf], "f")]),
    "endless logaddexp": (
        torch.logaddexp,
        [np.array([-np.inf, np.inf, 1.0], "f"), np.array([-np.inf, np.inf, -np.inf], "f")],
    ),
    "a number": (
        lambda x: (x.softmax(0), x.log_softmax(0), x.t(), x.topk(1), x.kthvalue(1), x.sort()),
        [floats()],
    ),
    "whole extremes": (lambda x, y: (torch.fmax(x, y), torch.fmin(x, y), x.relu()), [LONG, -LONG]),
    "distances of pairs": (F.pdist, [X]),
    "losses of one row": (
        lambda x: (
            F.multi_margin_loss(x[0], torch.tensor(0)),
            F.multilabel_margin_loss(x[0], torch.tensor(0)),
        ),
        [X[0]],
    ),
    "nothing joined": (lambda x: torch.cat([x[:0], x[:0]]), [X[0]]),
    "logaddexp": (lambda x, y: (torch.logaddexp(x, y), torch.logaddexp2(x, y)), [X, Y]),
    "trigonometry": (lambda x: (x.sin(), x.cos(), x.tan(), x.atan(), x.sinh(), x.cosh()), [X]),
    "areas": (lambda x: (x.asinh(), (x.abs() + 1).acosh(), (x * 0.1).atanh()), [X]),
    "inverse": (lambda x: ((x * 0.2).asin(), (x * 0.2).acos(), x.deg2rad(), x.rad2deg()), [X]),
    "atan2": (lambda x, y: (torch.atan2(x, y), torch.hypot(x, y)), [X, Y]),
    "rounding": (lambda x: (x.floor(), x.ceil(), x.round(), x.trunc(), x.frac()), [X * 3]),
    "decimals": (lambda x: x.round(decimals=1), [X]),
    "division": (
        lambda x, y: (x // y, x % y, torch.fmod(x, y), torch.div(x, y, rounding_mode="trunc")),
        [X * 5, positive(3, 4)],
    ),
    "whole division": (
        lambda x: (x // 3, x % 3, torch.div(x, 3, rounding_mode="trunc"), x / 2, x * 2),
        [LONG - 2],
    ),
    "extremes": (
        lambda x, y: (torch.maximum(x, y), torch.fmax(x, y), x.clamp(-0.5, 0.5), x.clamp(max=0)),
        [X, Y],
    ),
    "clamped": (lambda x, y: (x.clamp(min=y), x.clamp(y, y + 1)), [X, Y]),
    "chosen": (lambda x, y: (torch.where(x > 0, x, y), torch.where(x > y, 1.0, x)), [X, Y]),
    "lerp": (lambda x, y: (torch.lerp(x, y, 0.3), torch.copysign(x, y)), [X, Y]),
    "heaviside": (torch.heaviside, [np.sign(X), Y]),
    "nan": (
        lambda x: (x.nan_to_num(), x.isnan(), x.isinf(), x.isfinite(), torch.isposinf(x)),
        [np.array([[1.0, np.nan], [np.inf, -np.inf]], np.float32)],
    ),
    "compared": (lambda x, y: (x == y, x != y, x < y, x <= y, x > y, x >= y), [X, Y]),
    "logic": (
        lambda x, y: ((x > 0) & (y > 0), (x > 0) | (y > 0), (x > 0) ^ (y > 0), ~(x > 0)),
        [X, Y],
    ),
    "bits": (lambda x: (x & 1, x | 2, x ^ 3, ~x), [LONG]),
    "casts": (lambda x: (x.long(), x.double(), x.int(), (x > 0).float(), x.half()), [X * 3]),
    "promoted": (lambda x: x * np.float32(2) + torch.arange(4), [X]),
    "special": (lambda x: (torch.erf(x), torch.erfc(x), torch.special.ndtr(x), torch.sinc(x)), [X]),
    "logit": (
        lambda x: (torch.logit(x), torch.logit(x, 0.3)),
        [RANDOM.uniform(0.1, 0.9, (3, 4)).astype("f")],
    ),
    "xlogy": (lambda x, y: (torch.xlogy(x, y), torch.special.xlog1py(x, y)), [X, positive(3, 4)]),
    "entropy": (torch.special.entr, [positive(3, 4)]),
    # shapes
    "reshaped": (
        lambda x: (x.reshape(-1), x.view(3, 2, 2), x.flatten(), x.t(), x.unsqueeze(1)),
        [X],
    ),
    "moved": (
        lambda x: (x.permute(0, 2, 3, 1), x.transpose(1, 2), x.movedim(1, 3), x.swapaxes(0, 1)),
        [IMAGE],
    ),
    "expanded": (lambda x: (x.unsqueeze(1).expand(3, 2, 4), x.repeat(2, 1)), [X]),
    "joined": (
        lambda x, y: (torch.cat([x, y], 1), torch.stack([x, y], -1), torch.vstack([x, y])),
        [X, Y],
    ),
    "split": (lambda x: (*x.split(2, 1), *x.chunk(2, 1), *x.unbind(1)), [X]),
    "turned": (lambda x: (x.flip(1), x.flip(0, 1), x.roll(1, 1), x.roll(2), x.rot90()), [X]),
    "triangles": (lambda x: (x.tril(), x.triu(1), x.tril(-1)), [X]),
    "diagonals": (lambda x: (x.diagonal(), torch.diagonal(x, 1), torch.diag(x[0])), [floats(4, 4)]),
    "windows": (lambda x: x.unfold(1, 3, 2), [floats(2, 9)]),
    "narrow": (lambda x: (x.narrow(1, 1, 2), x.select(1, 2), x[..., None, 1:]), [X]),
    "block": (torch.block_diag, [X, Y]),
    "padded": (lambda x: (F.pad(x, (1, 2)), F.pad(x, (1, -1, 2, 0), value=3.0)), [X]),
    "padded by mode": (
        lambda x: [F.pad(x, (1, 2, 2, 1), mode=m) for m in ("reflect", "replicate", "circular")],
        [IMAGE],
    ),
    # indexing
    "slices": (lambda x: (x[1:, ::2], x[0], x[-1, 1:3], x[:, -1], x[None, :, 0]), [X]),
    "arrays": (lambda x: (x[:, [0, 2]], x[[0, 1], [1, 2]], x[[2, 0]]), [X]),
    "array in the middle": (
        lambda x: (x[:, [0, 2], 1:], x[:, [0, 1], [2, 3]], x[0, :, [1, 2]]),
        [IMAGE],
    ),
    "index from input": (
        lambda x, i: (x[i], x[:, i], x.index_select(1, i.flatten())),
        [X, LONG[:, :2] % 3],
    ),
    "mask": (lambda x: x[x > 0], [X]),
    "masked": (lambda x, y: (x.masked_fill(y > 0, -1.0), torch.masked_select(x, y > 0)), [X, Y]),
    "gathered": (lambda x, i: (x.gather(1, i), torch.take_along_dim(x, i, 1)), [X, LONG % 4]),
    "scattered": (
        lambda x, i: (x.scatter(1, i, 2.0), x.scatter_add(1, i, x)),
        [X, np.argsort(X, 1)],
    ),
    "reduced scatter": (
        lambda x, i: (x.scatter_reduce(1, i, x, "amax"), x.scatter_reduce(1, i, x, "prod")),
        [X, np.argsort(X, 1)],
    ),
    "rows": (
        lambda x: (
            x.index_add(0, torch.tensor([0, 2]), x[:2]),
            x.index_fill(1, torch.tensor([1]), 9.0),
        ),
        [X],
    ),
    "taken": (
        lambda x: (
            torch.take(x, torch.tensor([0, 5, 7])),
            x.index_copy(0, torch.tensor([1]), x[:1]),
        ),
        [X],
    ),
    "in place": (changed_in_place, [X]),
    "turned in place": (turned_in_place, [X]),
    "assigned": (filled, [X]),
    "assigned by mask": (masked, [X]),
    # reductions
    "sums": (
        lambda x: (x.sum(), x.sum(1), x.mean((0, 1)), x.mean(0, keepdim=True), x.prod(1)),
        [X],
    ),
    "spread": (lambda x: (x.var(), x.std(1), x.var(1, unbiased=False, keepdim=True)), [X]),
    "largest": (
        lambda x: (x.max(), x.min(), x.amax(1), *x.max(1), *x.min(0), x.argmax(1), x.argmin()),
        [X],
    ),
    "norms": (
        lambda x: (x.norm(), x.norm(p=1, dim=1), x.norm(p=3, dim=1), x.norm(p=float("inf"))),
        [X],
    ),
    "normalised": (lambda x: (F.normalize(x), F.softmax(x, 1), torch.logsumexp(x, 1)), [X]),
    "truth": (lambda x: ((x > 0).any(), (x > 0).all(1), torch.count_nonzero(x, 1)), [X]),
    "running": (lambda x: (x.cumsum(1), torch.logcumsumexp(x, 1)), [X]),
    "sorted": (lambda x: (*x.sort(1), *x.sort(1, descending=True), x.argsort(0), *x.topk(2)), [X]),
    "ranked": (lambda x: (*x.kthvalue(2), *x.median(1), x.median()), [floats(3, 5)]),
    "whole sums": (lambda x: (x.sum(1), x.float().mean(1), x.max(), x.bool().any()), [LONG]),
    # products
    "products": (
        lambda x, y: (x @ y.T, torch.einsum("ij,kj->ik", x, y), x.mv(y[0]), x[0] @ y[0]),
        [X, Y],
    ),
    "batched": (
        lambda x, y: (torch.bmm(x, y), torch.baddbmm(x @ y, x, y)),
        [floats(2, 3, 4), floats(2, 4, 3)],
    ),
    "einsum": (lambda x: torch.einsum("bchw,bdhw->bcd", x, x), [IMAGE]),
    "distances": (
        lambda x, y: (torch.cdist(x, y), F.pairwise_distance(x, y), F.cosine_similarity(x, y)),
        [X, Y],
    ),
    # images
    "sampled": (
        lambda x, g: [
            F.grid_sample(x, g, mode=m, padding_mode=p, align_corners=a)
            for m in ("bilinear", "bicubic")
            for p in ("zeros", "border")
            for a in (True, False)
        ],
        [IMAGE, RANDOM.uniform(-0.95, 0.95, (2, 4, 3, 2)).astype("f")],
    ),
    "reflected": (
        lambda x, g: F.grid_sample(x, g, padding_mode="reflection", align_corners=True),
        [IMAGE, RANDOM.uniform(-1.4, 1.4, (2, 4, 3, 2)).astype("f")],
    ),
    "warped": (
        lambda x, t: F.grid_sample(
            x, F.affine_grid(t, (2, 3, 4, 4), align_corners=False), align_corners=False
        ),
        [IMAGE, floats(2, 2, 3) * np.float32(0.3)],
    ),
    "resized": (
        lambda x: [
            F.interpolate(x, scale_factor=2),
            F.interpolate(x, size=(4, 9)),
            F.interpolate(x, scale_factor=1.5, mode="bilinear"),
            F.interpolate(x[..., :2, :2], scale_factor=1.3, mode="bilinear"),
            F.interpolate(x, size=(3, 8), mode="bilinear", align_corners=True),
            F.interpolate(x, size=(9, 7), mode="bicubic"),
            F.interpolate(x, size=(3, 3), mode="area"),
            F.interpolate(x, size=(4, 9), mode="nearest-exact"),
            F.interpolate(x, size=(4, 4), mode="bilinear", antialias=True),
        ],
        [IMAGE],
    ),
    "resized volume": (lambda x: F.interpolate(x, scale_factor=2, mode="trilinear"), [VOLUME]),
    "pooled and back": (
        lambda x: F.max_unpool2d(*F.max_pool2d(x, 2, return_indices=True), 2),
        [floats(2, 3, 4, 6)],
    ),
    "pooled odd": (
        lambda x: (
            F.avg_pool2d(x, 3, 2, 1, ceil_mode=True),
            F.max_pool2d(x, 3, 2, 1, ceil_mode=True),
            F.avg_pool2d(x, 2, divisor_override=3),
            F.avg_pool2d(x, 3, 2, 1, ceil_mode=True, count_include_pad=False),
        ),
        [IMAGE],
    ),
    "adapted": (lambda x: F.adaptive_max_pool2d(x, (3, 2), return_indices=True), [IMAGE]),
    "shuffled": (lambda x: F.pixel_shuffle(x.repeat(1, 4, 1, 1), 2), [IMAGE]),
    "columns": (lambda x: F.fold(F.unfold(x, 2, padding=1), (6, 5), 2, padding=1), [IMAGE]),
    "one-hot": (lambda x: F.one_hot(x, 4), [LONG]),
    "attention": (
        lambda q: (
            F.scaled_dot_product_attention(q, q, q, is_causal=True),
            F.scaled_dot_product_attention(q, q, q, attn_mask=torch.ones(4, 4).tril().bool()),
        ),
        [floats(2, 2, 4, 6)],
    ),
    "constant result": (lambda x: (x, torch.ones(2), x), [X]),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # of the reference evaluator
def test_function_runs_elsewhere(name):
    function, values = FUNCTIONS[name]
    check(Wrapped(function), values, reference=name not in {"bits", "reflected"})


WINDOWS = [  # kernel, stride, padding, dilation, rounded up, zeros counted, output padding
    (3, 2, 1, 1, True, True, 1), (2, 3, 1, 2, True, False, 2), (4, 4, 2, 2, True, True, 3),
    (2, 1, 1, 2, False, True, 1), (3, 1, 0, 1, True, False, 0), (1, 2, 0, 2, False, True, 1),
    (4, 2, 1, 2, True, True, 0),
]  # fmt: skip


@pytest.mark.parametrize("window", WINDOWS, ids=str)
def test_windows(window):
    """Every way to move a window; the rarest are those with which runtimes part company."""
    k, s, p, d, ceil, counted, more = window
    x, weight = floats(2, 2, 11, 9), torch.tensor(floats(2, 3, k, k))

    def all_of_them(x):
        pooled = F.max_pool2d(x, k, s, p, d, ceil, return_indices=True)
        turned = weight.transpose(0, 1)
        return (
            *pooled, F.avg_pool2d(x, k, s, p, ceil, counted), F.conv2d(x, turned, None, s, p, d),
            F.conv_transpose2d(x, weight, None, s, p, more, 1, d), F.unfold(x, k, d, p, s),
        )  # fmt: skip

    check(Wrapped(all_of_them), [x], reference=False)


DYNAMIC = {
    "flattened": (lambda x: x.flatten(1), IMAGE),
    "rows as one": (lambda x: x.reshape(-1, 5), IMAGE),
    "two free axes": (lambda x: x.reshape(x.shape[0] * 3, -1), IMAGE),
    "counted": (lambda x: x.sum() / x.shape[0] + x.shape[0], X),
    "positions": (lambda x: x + torch.arange(x.shape[0]).unsqueeze(1), X),
    "zeros beside": (lambda x: torch.cat([torch.zeros(x.shape[0], 2), x], 1), X),
    "ones like": (lambda x: torch.ones_like(x) + torch.full((x.shape[0], 1), 3.0), X),
    "halves": (lambda x: (x[: x.shape[0] // 2], x[-1:], x[1:]), floats(4, 3)),
    "causal": (lambda x: (x @ x.T) * torch.ones(x.shape[0], x.shape[0]).tril(), X),
    "spread": (lambda x: (x.var(0, unbiased=False), x.mean(0), x.std()), X),
    "sorted": (lambda x: (*x.sort(0), x.argmax(0)), X),
    "expanded": (lambda x: x[:1].expand(x.shape[0], 4) + x, X),
    "assigned": (filled, X),
    "masked by size": (lambda x: F.scaled_dot_product_attention(x, x, x, is_causal=True), X),
}  # fmt: skip


@pytest.mark.parametrize("name", DYNAMIC)
def test_any_batch_size(name):
    function, value = DYNAMIC[name]
    check(Wrapped(function), [value], axes={0: 0}, sizes=(2, 4, 6))


def value_dependent(x):
    return x * float(x.sum())


def largest(x):
    return x / float(x.max())


def branching(x):
    return x.relu() if x.sum() > 0 else x


def random_number(x):
    return x + torch.rand(3, 4)


def through_numpy(x):
    return torch.tensor(np.sort(x.numpy(), axis=1)) + x


def solved(x):
    return torch.linalg.svd(x)[1]


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (largest, "div .*differs from run to run"),
        (value_dependent, "mul .*differs from run to run"),
        (random_number, "differs from run to run"),
        (through_numpy, "differs from run to run"),
        (solved, "svd .*cannot be written"),
        (F.gumbel_softmax, "differs from run to run"),
        (lambda x: F.fractional_max_pool2d(x[None, None], 2, output_size=2), "at random"),
        (torch.digamma, "digamma .*cannot be written"),
    ],
)
def test_what_cannot_be_exported_is_refused(function, words):
    with pytest.raises(torch.onnx.UnsupportedOperatorError, match=words):
        torch.onnx.export(Wrapped(function), torch.tensor(X))


class Doubled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, g):
        return g * 2


class Sorted(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return torch.tensor(np.sort(x.numpy()))

    @staticmethod
    def backward(ctx, g):
        return g


def test_functions_of_ones_own():
    check(Wrapped(lambda x: Doubled.apply(x) + 1), [X])
    with pytest.raises(torch.onnx.OnnxExporterError, match=r"Sorted|differs from run to run"):
        torch.onnx.export(Wrapped(lambda x: Sorted.apply(x) + x), torch.tensor(X))


def test_a_refusal_names_operation_module_and_line():
    model = torch.nn.Sequential(torch.nn.Linear(4, 4), Wrapped(solved))
    with pytest.raises(torch.onnx.UnsupportedOperatorError, match=r"test_functions\.py:\d+ in 1"):
        torch.onnx.export(model, torch.tensor(X))


def resized_input(x):
    return x.resize_(2, 2) * 2


def resized_result(x):
    y = x + 1
    y.resize_(x.numel())
    return y


def replaced_input(x):
    x.data = torch.ones(3, 4)
    x.set_(torch.zeros(3, 4))
    return x


@pytest.mark.parametrize("function", [resized_input, resized_result, replaced_input])
def test_other_memory_for_a_tensor_is_refused(function):
    """They were written as if the tensor had stayed what it was."""
    with pytest.raises(torch.onnx.OnnxExporterError, match="given other memory"):
        torch.onnx.export(Wrapped(function), torch.tensor(X))


def test_a_change_through_numpy_is_refused():
    """It was written as if the input had stayed what it was."""

    def changed(x):
        x.numpy()[0] = 5.0
        return x * 2

    with pytest.raises(torch.onnx.OnnxExporterError, match="behind the tensor's back"):
        torch.onnx.export(Wrapped(changed), torch.tensor(X))


def test_a_branch_on_values_is_found_out():
    with pytest.raises(torch.onnx.OnnxExporterError, match="other steps for other inputs"):
        torch.onnx.export(Wrapped(branching), torch.tensor(X))


def test_a_loop_over_a_dynamic_axis_is_found_out():
    def total(x):
        out = x[0]
        for row in x[1:]:
            out = out + row
        return out

    check(Wrapped(total), [X])
    with pytest.raises(torch.onnx.OnnxExporterError, match="depends on the values or the sizes"):
        check(Wrapped(total), [X], axes={0: 0})


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (torch.histc, "histc"),
        (lambda x: x.unique() + 1, "unique"),
        (lambda x: torch.searchsorted(torch.tensor([0.0, 1.0]), x), "searchsorted"),
        (lambda x: x.softmax(1).multinomial(1), "multinomial"),
        (lambda x: x + torch.randn(3, 4), "randn"),
        (lambda x: x * x.new_zeros(3, 4).normal_(), "normal_"),
    ],
)
def test_what_is_not_recorded_is_refused_by_name_and_line(function, name):
    with pytest.raises(
        torch.onnx.UnsupportedOperatorError,
        match=rf"{name} \(test_functions\.py:\d+\) cannot be written, it computes in NumPy",
    ):
        torch.onnx.export(Wrapped(function), (torch.tensor(Y),))  # X is what seed 0 draws
