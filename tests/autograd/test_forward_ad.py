"""Forward mode: tangents of every kind of operation, against the same through func.jvp."""

import numpy as np
import pytest

import tinygrad_lite as torch
from tinygrad_lite import func
from tinygrad_lite.autograd import Function, forward_ad, grad
from tinygrad_lite.nn import functional as F

RNG = np.random.default_rng(5)


def draw(*shape):
    return torch.tensor(RNG.standard_normal(shape))


class Cube(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 3 * x * x * g


CASES = {
    "product": (lambda x, y: x * y, (3,), (3,)),
    "linear": (lambda x: x + 1, (3,)),
    "broadcast": (lambda x, y: x / y.exp(), (3, 2), (2,)),
    "matmul": (lambda x, y: (x @ y).sin().sum(0), (2, 3), (3, 2)),
    "several results": (lambda x: x.sort()[0], (4,)),
    "one of several": (lambda x: x.max(0)[0], (3, 2)),
    "slices": (lambda x: F.softmax(x, 0)[1:], (4,)),
    "repeated index": (lambda x: x[[0, 0, 2]], (3,)),
    "variadic": (lambda x: torch.cat([x, x**2]).cumsum(0), (3,)),
    "convolution": (F.conv2d, (1, 1, 4, 4), (1, 1, 2, 2)),
    "decomposition": (torch.linalg.svdvals, (3, 2)),
    "views": (lambda x: torch.where(x > 0, x, x.exp()).view(2, 2).T, (4,)),
    "joint rule": (lambda x: F.layer_norm(x, (3,)), (2, 3)),
    "number": (lambda x, y: F.cross_entropy(x, torch.tensor([1, 0])) + y.std(), (2, 3), (4,)),
    "cast": (lambda x: x.float().double() * 2, (2,)),
    "Function": (Cube.apply, (3,)),
}


@pytest.mark.parametrize("name", CASES)
def test_tangents(name):
    function, *shapes = CASES[name]
    primals, tangents = [draw(*s) for s in shapes], [draw(*s) for s in shapes]
    value, expected = func.jvp(function, tuple(primals), tuple(tangents))
    with forward_ad.dual_level():
        duals = [forward_ad.make_dual(p, t) for p, t in zip(primals, tangents, strict=True)]
        found = forward_ad.unpack_dual(function(*duals))
    assert torch.allclose(found.primal, value)
    assert torch.allclose(found.tangent, expected)
    assert not found.primal.requires_grad
    assert not found.tangent.requires_grad


def test_what_does_not_move_has_no_tangent():
    with forward_ad.dual_level():
        x = forward_ad.make_dual(draw(3), draw(3))
        for still in (x.argmax(), x.detach(), (x > 0).double(), draw(3) * 2):
            assert forward_ad.unpack_dual(still).tangent is None
    assert forward_ad.unpack_dual(x).tangent is None


def test_tangents_flow_under_no_grad():
    p = draw(3)
    with forward_ad.dual_level(), torch.no_grad():
        x = forward_ad.make_dual(p, torch.ones(3, dtype=torch.float64))
        assert torch.allclose(forward_ad.unpack_dual(x.exp()).tangent, p.exp())


def test_forward_over_reverse():
    x = draw(3).requires_grad_()
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(x, torch.ones(3, dtype=torch.float64))
        value, tangent = forward_ad.unpack_dual((dual**3).sum())
        (slope,) = grad(tangent, x, retain_graph=True)
        (first,) = grad(value, x)
    assert torch.allclose(slope, 6 * x)
    assert torch.allclose(first, 3 * x**2)


@pytest.mark.parametrize(
    "change",
    [
        lambda x, buffer: x.mul_(2),
        lambda x, buffer: buffer.add_(x),
        lambda x, buffer: buffer.__setitem__(0, x[0]),
        lambda x, buffer: x.__setitem__(0, 1.0),
        lambda x, buffer: torch.add(x, 1, out=buffer),
        lambda x, buffer: (x.detach().add_(1), x * 2),
    ],
)
def test_changes_in_place_are_refused(change):
    with forward_ad.dual_level():
        x = forward_ad.make_dual(draw(3), draw(3))
        with pytest.raises(NotImplementedError, match="out-of-place"):
            change(x, torch.zeros(3, dtype=torch.float64))


def test_wrong_calls():
    x = draw(3)
    with pytest.raises(RuntimeError, match="no level exists"):
        forward_ad.make_dual(x, x)
    with pytest.raises(RuntimeError, match="not the last one"):
        forward_ad.exit_dual_level()
    with forward_ad.dual_level():
        with pytest.raises(RuntimeError, match="Nested forward mode"):
            forward_ad.enter_dual_level()
        with pytest.raises(ValueError, match="Expected primal"):
            forward_ad.make_dual(torch.arange(3), x)
        with pytest.raises(ValueError, match="Expected tangent"):
            forward_ad.make_dual(x, torch.arange(3))
        with pytest.raises(RuntimeError, match="different size"):
            forward_ad.make_dual(x, draw(2))


def test_the_level_leaves_nothing_behind():
    before = torch.Tensor.__setitem__
    with pytest.raises(ValueError, match="inside"), forward_ad.dual_level():
        raise ValueError("inside")
    assert torch.Tensor.__setitem__ is before
    x = draw(2)
    x[0] = 1.0
    assert forward_ad.unpack_dual(x * 2).tangent is None


def test_a_variable_called_out_is_nobodys_business():
    with forward_ad.dual_level():
        x = forward_ad.make_dual(draw(3), draw(3))
        out = torch.exp(x)
        out = torch.add(out, x) * out
        assert forward_ad.unpack_dual(out).tangent is not None
