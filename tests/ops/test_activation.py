"""Activations and softmax on plain arrays: values and gradients against PyTorch."""

from __future__ import annotations

import numpy as np
import pytest

from tests.ops.pulling import pull, settle
from tinygrad_lite.ops import activation as A

torch = pytest.importorskip("torch")
F = torch.nn.functional

EDGES = [-30.0, -3.0, -1.0, -0.5, -0.0, 0.0, 0.3, 0.5, 1.0, 3.0, 6.0, 21.0, 90.0]
SMOOTH = np.random.default_rng(1).standard_normal((4, 5)) * 3

CASES = [
    (A.relu, {}, F.relu),
    (A.hardtanh, {}, F.hardtanh),
    (A.hardtanh, {"low": 0.0, "high": 6.0}, F.relu6),
    (A.threshold, {"threshold": 0.3, "value": 20.0}, lambda x: F.threshold(x, 0.3, 20.0)),
    (A.hardshrink, {}, F.hardshrink),
    (A.softshrink, {}, F.softshrink),
    (A.hardsigmoid, {}, F.hardsigmoid),
    (A.hardswish, {}, F.hardswish),
    (A.leaky_relu, {"slope": 0.2}, lambda x: F.leaky_relu(x, 0.2)),
    (A.elu, {"alpha": 1.5}, lambda x: F.elu(x, 1.5)),
    (A.elu, {"alpha": A.SELU_ALPHA, "scale": A.SELU_SCALE}, F.selu),
    (A.elu, {"alpha": 2.0, "inner": 0.5}, lambda x: F.celu(x, 2.0)),
    (A.softplus, {}, F.softplus),
    (A.softplus, {"beta": 2.0, "threshold": 5.0}, lambda x: F.softplus(x, 2.0, 5.0)),
    (A.logsigmoid, {}, F.logsigmoid),
    (A.softsign, {}, F.softsign),
    (A.tanhshrink, {}, F.tanhshrink),
    (A.silu, {}, F.silu),
    (A.mish, {}, F.mish),
    (A.gelu, {}, F.gelu),
    (A.gelu_tanh, {}, lambda x: F.gelu(x, approximate="tanh")),
    (A.softmax, {"axis": 0}, lambda x: F.softmax(x, 0)),
    (A.softmax, {"axis": -1}, lambda x: F.softmax(x, -1)),
    (A.log_softmax, {"axis": 0}, lambda x: F.log_softmax(x, 0)),
    (A.log_softmax, {"axis": -1}, lambda x: F.log_softmax(x, -1)),
]
NAMES = [f"{op.name}-{'-'.join(map(str, settings.values()))}" for op, settings, _ in CASES]


@pytest.mark.parametrize(
    "x",
    [np.array(EDGES), SMOOTH, np.zeros((0, 3)), np.array(0.7)],
    ids=["edges", "smooth", "empty", "scalar"],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize(("op", "settings", "reference"), CASES, ids=NAMES)
def test_value_and_gradient(op, settings, reference, again, dtype, x):
    if x.ndim < 1 and settings.get("axis") is not None:
        settings = {"axis": 0}
    x = x.astype(dtype)
    out, (gx,) = pull(op, (x,), settings, g=np.full(x.shape, 1.5, dtype), again=again)
    t = torch.tensor(x, requires_grad=True)
    expected = reference(t)
    (gt,) = torch.autograd.grad(expected, t, torch.full(x.shape, 1.5, dtype=t.dtype))
    tolerance = {"float32": 3e-6, "float64": 1e-13}[dtype]
    assert out.dtype == gx.dtype == dtype
    np.testing.assert_allclose(out, expected.detach(), rtol=tolerance, atol=tolerance)
    if op is A.hardsigmoid:  # PyTorch's own sixth is a float32 even in float64
        tolerance = 1e-7
    np.testing.assert_allclose(gx, gt, rtol=tolerance, atol=tolerance)


def test_prelu_kink_is_the_weight():
    x, w = np.array([[-1.0, 0.0, 2.0]]), np.array([0.25])
    out, (gx, gw) = pull(A.prelu, (x, w), g=np.ones((1, 3)))
    assert out.tolist() == [[-0.25, 0, 2]]
    assert gx.tolist() == [[0.25, 0.25, 1]]
    assert settle(gw, w.shape).tolist() == [-1]


@pytest.mark.parametrize("op", [A.softmax, A.log_softmax])
def test_kernel_equals_its_plain_twin(op):
    from tinygrad_lite._kernels import softmax as kernels

    x, g = SMOOTH, SMOOTH[::-1]
    kernel, back = getattr(kernels, op.name), getattr(kernels, op.name + "_pull")
    plain, plain_back = getattr(kernel, "plain", kernel), getattr(back, "plain", back)
    np.testing.assert_allclose(kernel(x, 1), plain(x, 1), rtol=1e-14)
    out = plain(x, 1)
    np.testing.assert_allclose(back(g, out, 1), plain_back(g, out, 1), rtol=1e-12, atol=1e-14)
