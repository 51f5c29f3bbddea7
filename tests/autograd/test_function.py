"""Own operations: autograd.Function and the three-line form."""

import gc

import numpy as np
import pytest

import tinygrad_lite as torch
from tinygrad_lite.autograd import Function
from tinygrad_lite.autograd.function import once_differentiable


class Exp(Function):
    @staticmethod
    def forward(ctx, x):
        y = x.exp()
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, g):
        (y,) = ctx.saved_tensors
        return g * y


class Scale(Function):
    @staticmethod
    def forward(x, factor):
        return x * factor, x + factor

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.factor = inputs[1]

    @staticmethod
    def backward(ctx, g, h):
        return g * ctx.factor + h, None


def leaf(*values):
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


def test_first_and_second_order():
    x = leaf(0.5, -1.0)
    (g,) = torch.autograd.grad(Exp.apply(x).sum(), x, create_graph=True)
    (h,) = torch.autograd.grad(g.sum(), x)
    assert torch.allclose(g, x.exp())
    assert torch.allclose(h, x.exp())


def test_several_results_and_plain_arguments():
    x = leaf(1.0, 2.0)
    a, b = Scale.apply(x, 3.0)
    (a * b).sum().backward()
    assert x.grad.tolist() == [3 * 4 + 3, 3 * 5 + 6]


def test_unused_results_arrive_as_zeros():
    x = leaf(1.0, 2.0)
    a, _ = Scale.apply(x, 3.0)
    a.sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]


def test_nothing_is_recorded_without_gradients():
    assert not Exp.apply(torch.ones(2)).requires_grad
    with torch.no_grad():
        assert not Exp.apply(leaf(1.0)).requires_grad


def test_saving_the_result_makes_no_cycle():
    gc.collect()
    gc.disable()
    try:
        x = leaf(1.0)
        for _ in range(20):
            Exp.apply(x).sum().backward()
            Exp.apply(x)
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_saved_values_are_guarded_and_freed():
    x = leaf(1.0, 2.0)
    y = Exp.apply(x)
    y.add_(1)
    with pytest.raises(RuntimeError, match="inplace"):
        y.sum().backward()
    z = Exp.apply(x).sum()
    z.backward()
    with pytest.raises(RuntimeError, match="second time"):
        z.backward()


def test_wrong_answers_of_backward():
    class Two(Exp):
        @staticmethod
        def backward(ctx, g):
            return g, g

    class Shape(Exp):
        @staticmethod
        def backward(ctx, g):
            return g[:1].expand(3, 5)

    class Array(Exp):
        @staticmethod
        def backward(ctx, g):
            return g.numpy()

    x = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match="incorrect number of gradients"):
        Two.apply(x).sum().backward()
    with pytest.raises(RuntimeError, match="invalid gradient"):
        Shape.apply(x).sum().backward()
    with pytest.raises(RuntimeError, match="expected Variable or None"):
        Array.apply(x).sum().backward()
    with pytest.warns(DeprecationWarning, match="instantiated"):
        made = Exp()
    with pytest.raises(RuntimeError, match="apply"):
        made(x)


def test_returning_an_input_is_an_alias_with_a_gradient():
    class Same(Function):
        @staticmethod
        def forward(ctx, x):
            return x

        @staticmethod
        def backward(ctx, g):
            return g * 7

    x = leaf(1.0)
    y = Same.apply(x)
    assert y is not x
    y.backward()
    assert x.grad.item() == 7.0


def test_dirty_inputs_come_back_changed():
    class Double(Function):
        @staticmethod
        def forward(ctx, x):
            x.mul_(2)
            ctx.mark_dirty(x)
            return x

        @staticmethod
        def backward(ctx, g):
            return g * 2

    x = leaf(1.0, 2.0)
    h = x * 1.0
    assert Double.apply(h) is h
    h.sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]


def test_once_differentiable_refuses_a_second_time():
    class Once(Exp):
        @staticmethod
        @once_differentiable
        def backward(ctx, g):
            return g * 2

    x = leaf(1.0)
    Once.apply(x).backward()
    assert x.grad.item() == 2.0
    (g,) = torch.autograd.grad(Once.apply(x) * x, x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        g.backward()


def test_the_three_line_operation():
    @torch.op(kind="elementwise")
    def softplus(x):
        """log(1 + e**x)."""
        return np.logaddexp(x, 0)

    softplus.rule(lambda g, x: g / (1 + np.exp(-x)))
    x = leaf(-1.0, 0.0, 2.0)
    (g,) = torch.autograd.grad(softplus(x).sum(), x, create_graph=True)
    (h,) = torch.autograd.grad(g.sum(), x)
    assert torch.allclose(g, x.sigmoid())
    assert torch.allclose(h, x.sigmoid() * (1 - x.sigmoid()))
    assert softplus(np.zeros(2)).tolist() == pytest.approx([np.log(2)] * 2)


def test_a_rule_that_asks_for_something_unknown_fails_at_once():
    @torch.op
    def triple(x):
        return x * 3

    with pytest.raises(TypeError, match="asks for 'z'"):
        triple.rule(lambda g, z: g * z)
