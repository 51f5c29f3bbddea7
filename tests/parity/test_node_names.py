"""What a printed tensor says of its history: the names of PyTorch's nodes."""

from __future__ import annotations

import pytest

import tinygrad_lite

torch = pytest.importorskip("torch")

F = "m.nn.functional."
EXPRESSIONS = [
    "x + x", "x - 1", "x * x", "x / 2", "-x", "x ** 2", "x ** x", "2 ** x", "x @ x", "x.T", "x[0]",
    "x.exp()", "x.log()", "x.log1p()", "x.sqrt()", "x.square()", "x.sin()", "x.tanh()",
    "x.sigmoid()", "x.relu()", "x.abs()", "x.sum()", "x.max()", "x.max(0).values", "x.min()",
    "x.min(0).values", "x.median()", "x.median(0).values", "x.std()", "x.var()", "x.norm()",
    "x.clamp(0, 1)", "x.clamp(min=x)", "x.softmax(0)", "x.log_softmax(0)", "x.logsumexp(0)",
    "x.cumsum(0)",
    "x.view(4)", "x.permute(1, 0)", "x.expand(2, 2, 2)", "x.diagonal()", "x.unfold(0, 1, 1)",
    "x.clone()", "x.double()", "m.cat([x, x])", "m.stack([x, x])", "m.where(x > 1, x, x)",
    "m.div(x, 2, rounding_mode='floor')", "x.round(decimals=1)", "m.linalg.inv(x)",
    "m.linalg.det(x)", "m.linalg.solve(x, x)", "m.linalg.qr(x)[0]", "m.linalg.svd(x)[1]",
    "m.special.entr(x)", "m.special.i0e(x)",
    *(F + call for call in (
        "linear(x, x)", "linear(x, x, x[0])", "gelu(x)", "gelu(x, approximate='tanh')", "silu(x)",
        "leaky_relu(x)", "elu(x)", "logsigmoid(x)", "prelu(x, x[0])", "pad(x, (1, 1))",
        "layer_norm(x, (2,))", "batch_norm(x, None, None, training=True)",
        "mse_loss(x, x.detach())",
        "conv2d(x[None, None], x[None, None])", "embedding(m.tensor([0]), x)",
        "cross_entropy(x, m.tensor([0, 1]))", "nll_loss(x, m.tensor([0, 1]))",
    )),
]  # fmt: skip


def name_of(module, expression):
    x = module.tensor([[1.5, 2.0], [0.5, 3.0]], requires_grad=True)
    return eval(expression, {"m": module, "x": x}).grad_fn.name()


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_nodes_are_called_as_in_pytorch(expression):
    assert name_of(tinygrad_lite, expression) == name_of(torch, expression)
