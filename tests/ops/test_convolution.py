"""Convolutions on plain arrays: values and every gradient against PyTorch, fast and plain."""

from __future__ import annotations

import numpy as np
import pytest

from tests.ops.pulling import pull
from tinygrad_lite._kernels import convolution as kernels
from tinygrad_lite.ops import convolution as C

torch = pytest.importorskip("torch")
RNG = np.random.default_rng(0)

CASES = [  # batch, channels, size, outputs, kernel, stride, padding, dilation, groups
    (2, 3, (7,), 4, (3,), (1,), (0,), (1,), 1),
    (2, 3, (8,), 4, (3,), (3,), (1,), (2,), 1),
    (2, 9, (6, 7), 4, (3, 2), (1, 1), (1, 0), (1, 1), 1),
    (2, 3, (6, 7), 4, (3, 2), (2, 3), (2, 1), (1, 2), 1),
    (1, 9, (5, 5), 9, (3, 3), (1, 1), (1, 1), (1, 1), 1),
    (2, 9, (5, 5), 9, (3, 3), (1, 1), (2, 2), (1, 1), 1),
    (2, 4, (6, 6), 6, (3, 3), (2, 2), (1, 1), (1, 1), 2),
    (2, 4, (6, 6), 8, (3, 3), (2, 1), (1, 1), (1, 2), 4),
    (2, 4, (6, 6), 4, (2, 2), (1, 1), (0, 0), (1, 1), 4),
    (0, 3, (6, 6), 4, (3, 3), (1, 1), (1, 1), (1, 1), 1),
    (0, 4, (6, 6), 4, (3, 3), (1, 1), (1, 1), (1, 1), 2),
    (2, 2, (4, 5, 6), 3, (2, 3, 2), (1, 2, 1), (1, 1, 0), (1, 1, 2), 1),
]


def settings_of(case):
    stride, padding, dilation, groups = case[5:]
    return {
        "stride": stride,
        "padding": tuple((p, p) for p in padding),
        "dilation": dilation,
        "groups": groups,
    }


def arrays_of(case):
    n, c, size, o, kernel, *_, groups = case
    shapes = [(n, c, *size), (o, c // groups, *kernel), (o,)]
    return [RNG.standard_normal(s) for s in shapes]


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_convolution(case, again):
    arrays = arrays_of(case)
    tensors = [torch.tensor(a, requires_grad=True) for a in arrays]
    function = getattr(torch.nn.functional, f"conv{len(case[2])}d")
    expected = function(*tensors, *case[5:])
    g = RNG.standard_normal(tuple(expected.shape))
    out, grads = pull(C.convolution, arrays, {**settings_of(case), "places": None}, g, again)
    np.testing.assert_allclose(out, expected.detach(), rtol=1e-10, atol=1e-12)
    wanted = torch.autograd.grad(expected, tensors, torch.tensor(g))
    for ours, theirs in zip(grads, wanted, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_each_operation_is_the_others_transpose(case):
    """<conv(x, w), y> = <x, convᵀ(y, w)> = <w, convʷ(x, y)>, in float32 too."""
    x, w, _ = (a.astype(np.float32) for a in arrays_of(case))
    settings = settings_of(case)
    out = C.convolution(x, w, None, **settings)
    y = RNG.standard_normal(out.shape).astype(np.float32)
    image = C.transposed_convolution(y, w, None, size=x.shape[2:], **settings)
    weight = C.convolution_weight(x, y, kernel=w.shape[2:], **settings)
    assert out.dtype == image.dtype == weight.dtype == np.float32
    assert (image.shape, weight.shape) == (x.shape, w.shape)
    np.testing.assert_allclose(np.vdot(out, y), np.vdot(x, image), rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(np.vdot(out, y), np.vdot(w, weight), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_kernels_equal_their_plain_twins(case):
    x, w, b = arrays_of(case)
    layout = kernels.Layout(**settings_of(case))
    outs = layout.output_size(x.shape[2:], w.shape[2:])
    y = RNG.standard_normal((x.shape[0], w.shape[0], *outs))
    for kernel, arguments in (
        (kernels.forward, (x, w, b, layout, outs)),
        (kernels.backward_input, (y, w, x.shape[2:], layout)),
        (kernels.backward_weight, (x, y, w.shape[2:], layout, None)),
    ):
        fast, plain = kernel(*arguments), getattr(kernel, "plain", kernel)(*arguments)
        if kernel is kernels.forward:
            fast, plain = fast[0], plain[0]
        np.testing.assert_allclose(fast, plain, rtol=1e-10, atol=1e-12)
