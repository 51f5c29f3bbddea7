"""Losses on plain arrays: values and gradients against PyTorch."""

from __future__ import annotations

import numpy as np
import pytest

from tests.ops.pulling import pull
from tinygrad_lite._kernels import cross_entropy as kernels
from tinygrad_lite.ops import loss as L

torch = pytest.importorskip("torch")
F = torch.nn.functional
RNG = np.random.default_rng(0)


def compare(op, arrays, settings, reference, dtype, again):
    arrays = [a.astype(dtype) if a.dtype.kind == "f" else a for a in arrays]
    tensors = [torch.tensor(a, requires_grad=a.dtype.kind == "f") for a in arrays]
    expected = reference(*tensors)
    g = RNG.standard_normal(tuple(expected.shape)).astype(dtype)
    out, grads = pull(op, arrays, settings, g=g, again=again)
    wanted = torch.autograd.grad(
        expected, [t for t in tensors if t.requires_grad], torch.tensor(g), allow_unused=True
    )
    tolerance = {"float32": 2e-6, "float64": 1e-12}[dtype]
    assert np.asarray(out).dtype == dtype
    np.testing.assert_allclose(out, expected.detach(), rtol=tolerance, atol=tolerance)
    for ours, theirs in zip([gx for gx in grads if gx is not None], wanted, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)
        assert ours.dtype == dtype


X, Y = RNG.standard_normal((2, 6, 4)) * 2
X[0, 0] = Y[0, 0]  # a tie, and the knee of the two robust losses
X[0, 1] = Y[0, 1] + 1.0
P, Q = RNG.random((2, 6, 4))
POINTWISE = [
    (L.huber, (X, Y), {"delta": 1.0}, lambda x, y: F.huber_loss(x, y, reduction="none")),
    (L.smooth_l1, (X, Y), {"beta": 0.7},
     lambda x, y: F.smooth_l1_loss(x, y, reduction="none", beta=0.7)),
    (L.smooth_l1, (X, Y), {"beta": 0.0},
     lambda x, y: F.smooth_l1_loss(x, y, reduction="none", beta=0.0)),
    (L.binary_entropy, (P, Q), {}, lambda x, y: F.binary_cross_entropy(x, y, reduction="none")),
    (L.logit_entropy, (X, Q), {},
     lambda x, y: F.binary_cross_entropy_with_logits(x, y, reduction="none")),
    (L.divergence, (X, Q), {}, lambda x, y: F.kl_div(x, y, reduction="none")),
    *[(L.mse_loss, (X, Y), {"reduction": r}, lambda x, y, r=r: F.mse_loss(x, y, reduction=r))
      for r in L.REDUCTIONS],
]  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("op", "arrays", "settings", "reference"),
    POINTWISE,
    ids=[f"{op.name}-{s}" for op, _, s, _ in POINTWISE],
)
def test_pointwise(op, arrays, settings, reference, dtype):
    compare(op, arrays, settings, reference, dtype, again=False)


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("reduction", L.REDUCTIONS)
@pytest.mark.parametrize("classes", [3, 50])
@pytest.mark.parametrize("ignore", [-100, 1, -1])
def test_cross_entropy(classes, reduction, ignore, dtype, again):
    x = RNG.standard_normal((20, classes)) * 5
    target = RNG.integers(0, classes, 20)
    target[3] = ignore
    compare(
        L.cross_entropy, (x, target), {"reduction": reduction, "ignore_index": ignore},
        lambda x, t: F.cross_entropy(x, t, reduction=reduction, ignore_index=ignore), dtype, again,
    )  # fmt: skip


@pytest.mark.parametrize("reduction", L.REDUCTIONS)
def test_cross_entropy_of_nothing(reduction):
    compare(
        L.cross_entropy, (np.zeros((0, 3)), np.zeros(0, int)), {"reduction": reduction},
        lambda x, t: F.cross_entropy(x, t, reduction=reduction), "float64", again=False,
    )  # fmt: skip


def test_all_targets_ignored_gives_nan_and_no_gradient():
    x, target = RNG.standard_normal((4, 3)), np.full(4, -100)
    out, (gx, _) = pull(L.cross_entropy, (x, target))
    assert np.isnan(out)
    assert (gx == 0).all()


@pytest.mark.parametrize("wrong", [-1, 3])
def test_target_out_of_bounds(wrong):
    with pytest.raises(IndexError, match=f"Target {wrong} is out of bounds for 3 classes"):
        L.cross_entropy(np.zeros((2, 3)), np.array([0, wrong]))


@pytest.mark.parametrize("classes", [3, 50])
def test_kernel_equals_its_plain_twin(classes):
    x, target = RNG.standard_normal((20, classes)), RNG.integers(0, classes, 20)
    valid = RNG.random(20) < 0.5
    plain = getattr(kernels.cross_entropy, "plain", kernels.cross_entropy)
    for ours, theirs in zip(
        kernels.cross_entropy(x, target, valid, 0.1), plain(x, target, valid, 0.1), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-13)
