"""gradcheck, gradgradcheck and check_module on the engine."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_lite as torch
from tinygrad_lite import nn
from tinygrad_lite.autograd import Function, check_module, gradcheck, gradgradcheck
from tinygrad_lite.autograd.gradcheck import GradcheckError


def leaf(*shape, dtype=torch.float64, seed=0):
    values = np.random.default_rng(seed).standard_normal(shape)
    return torch.tensor(values, dtype=dtype).requires_grad_()


def make(forward, backward, name="Custom"):
    """A Function whose backward sees the saved inputs."""

    def run(ctx, *xs):
        ctx.save_for_backward(*xs)
        return forward(*xs)

    def back(ctx, g):
        return backward(g, *ctx.saved_tensors)

    return type(name, (Function,), {"forward": staticmethod(run), "backward": staticmethod(back)})


Square = make(lambda x: x * x, lambda g, x: 2 * x * g, "Square")


def test_right_and_wrong_functions():
    x = leaf(3, 4)
    assert gradcheck(Square.apply, (x,)) is True
    wrong = make(lambda x: x * x, lambda g, x: x * g, "Half")
    with pytest.raises(GradcheckError, match=r"Half.backward(.|\n)*constant factor 1/2"):
        gradcheck(wrong.apply, (x,))
    assert not gradcheck(wrong.apply, (x,), raise_exception=False)


def test_what_the_engine_forgives_is_reported():
    add = make(lambda x, b: x + b, lambda g, x, b: (g, g), "Add")
    report = gradcheck(add.apply, (leaf(3, 4), leaf(4, seed=1)), raise_exception=False)
    assert "missing sum over the broadcast axis 0" in report.cause
    assert "Add.backward" in report.hint


def test_tensors_are_given_back_as_they_were():
    x = leaf(3, 4, dtype=torch.float32)
    (x * 2).sum().backward()
    array, grad, values = x._array, x.grad, x._array.copy()
    assert gradcheck(lambda x: x.exp(), (x,))
    assert x._array is array
    assert x.grad is grad
    assert x.dtype is torch.float32
    np.testing.assert_array_equal(x._array, values)


def test_a_closure_that_reads_the_parameter_where_it_is_kept():
    layer = nn.Linear(3, 2).double()
    x = leaf(4, 3)
    assert gradcheck(lambda *_: layer(x), tuple(layer.parameters()))


def test_integer_inputs_are_constants_and_none_at_all_is_an_error():
    index = torch.tensor([2, 0, 2])
    assert gradcheck(lambda x, i: x[i], (leaf(3), index))
    with pytest.raises(ValueError, match="at least one input tensor to require gradient"):
        gradcheck(lambda i: i * 2, (index,))


def test_expanded_empty_and_0d_inputs():
    for x in (leaf(1, 3).expand(4, 3), leaf(0, 3), leaf()):
        assert gradcheck(lambda x: x.tanh(), (x,))


def test_torchs_verdict_for_explicit_tolerances():
    x = leaf(3)
    nearly = make(lambda x: x * x, lambda g, x: 2.001 * x * g)
    assert gradcheck(nearly.apply, (x,), atol=1e-2)
    assert not gradcheck(nearly.apply, (x,), raise_exception=False)
    assert not gradcheck(nearly.apply, (x,), rtol=1e-5, atol=1e-7, raise_exception=False)
    with pytest.raises(
        RuntimeError, match="Jacobian mismatch for output 0 with respect to input 0"
    ):
        gradcheck(make(lambda x: x * x, lambda g, x: x * g).apply, (x,), eps=1e-6)
    with pytest.warns(UserWarning, match="not a double precision"):
        gradcheck(lambda x: x * 2, (leaf(3, dtype=torch.float32),), eps=1e-2, atol=1e-2)


def test_second_and_third_order():
    x = leaf(3)
    assert gradgradcheck(Square.apply, (x,))
    assert gradgradcheck(lambda x: (x**4).sum(), (x,), order=3)
    assert gradcheck(lambda x: x.exp(), (x,), check_second=True)
    assert gradgradcheck(lambda x, y: x * y, (x, leaf(3, seed=2)))


def sigmoid(x):
    return 1 / (1 + (-x).exp())


SECOND = {
    "detached input": lambda g, x: 2 * x.detach() * g,
    "detached upstream": lambda g, x: 2 * x * g.detach(),
    "from numpy": lambda g, x: g * torch.tensor(2 * x.detach().numpy()),
    "all detached": lambda g, x: (2 * x * g).detach(),
    "half detached": lambda g, x: x.detach() * g + x * g,
    "wrong branch": lambda g, x: 2 * x * g + 0 * x.detach() * x * g + (x - x.detach()) * g,
    "extra curvature": lambda g, x: 2 * x * g + (x - x.detach()) ** 1 * 3 * g,
    "negated curvature": lambda g, x: 2 * x.detach() * g - 2 * (x - x.detach()) * g,
    "doubled upstream": lambda g, x: 2 * x * (2 * g - g.detach()),
    "one element": lambda g, x: (
        2 * g * (x + (x - x.detach()) * torch.tensor([0.0, 1.0, 0.0]).double())
    ),
}


@pytest.mark.parametrize("name", SECOND)
def test_wrong_second_order_is_caught_where_the_first_is_right(name):
    x = leaf(3)
    wrong = make(lambda x: x * x, SECOND[name])
    assert gradcheck(wrong.apply, (x,))
    report = gradgradcheck(wrong.apply, (x,), raise_exception=False)
    assert not report
    assert report.order == 2


def test_modules_by_parameter_name():
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    report = check_module(net, torch.randn(5, 3), report=True)
    assert report
    assert [one.name for one in report.inputs] == [
        "0.weight", "0.bias", "2.weight", "2.bias", "input",
    ]  # fmt: skip


def test_a_broken_module_is_named_by_its_parameter():
    class Bias(Function):
        @staticmethod
        def forward(ctx, x, b):
            return x + b

        @staticmethod
        def backward(ctx, g):
            return g, g.mean(0)

    class Broken(nn.Module):
        def __init__(self):
            super().__init__()
            self.bias = nn.Parameter(torch.zeros(3))

        def forward(self, x):
            return Bias.apply(x, self.bias)

    with pytest.raises(GradcheckError, match=r"'bias' \(3,\)(.|\n)*mean instead of sum"):
        check_module(Broken(), torch.randn(5, 3))


def test_module_state_is_restored():
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5)).eval()
    before = {name: value.numpy().copy() for name, value in net.state_dict().items()}
    state = torch.get_rng_state()
    assert check_module(net, torch.randn(6, 3), loss=lambda y: (y * y).sum())
    assert not net.training
    assert not any(part.training for part in net.modules())
    for name, value in net.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), before[name])
    assert all(p.grad is None for p in net.parameters())
    assert state.shape == torch.get_rng_state().shape


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "loss",
    [None, lambda y: (y * y).sum(), lambda y: (y.tanh() * y).mean()],
    ids=["all results", "sum of squares", "mean"],
)
def test_a_bias_without_effect_is_no_lost_precision(seed, loss):
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 2))
    report = check_module(net, torch.randn(6, 3), loss=loss, report=True, raise_exception=False)
    assert report, str(report)


class Coarse(torch.autograd.Function):
    """x ↦ x with a gradient that has ten binary digits where it is not in float64."""

    @staticmethod
    def forward(ctx, x):
        return x * 1

    @staticmethod
    def backward(ctx, g):
        return g if g.dtype == torch.float64 else g * (1 + 2**-10)


def test_lost_precision_is_found_beside_a_bias_without_effect():
    torch.manual_seed(0)
    layer, norm = nn.Linear(3, 4), nn.BatchNorm1d(4)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer, self.norm = layer, norm

        def forward(self, x):
            return Coarse.apply(self.norm(self.layer(x)))

    report = check_module(Net(), torch.randn(6, 3), report=True, raise_exception=False)
    assert not report
    assert "precision" in report.cause


def test_a_model_of_11110_parameters_costs_few_forwards():
    net = nn.Sequential(nn.Linear(100, 100), nn.ReLU(), nn.Linear(100, 10))
    report = check_module(net, torch.randn(4, 100), loss=lambda y: (y * y).mean(), report=True)
    assert report
    assert report.forwards <= 150


def test_kinks_of_many_units_meet_in_one_point():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2))
    with torch.no_grad():
        net[0].bias.zero_()
    report = check_module(net, torch.zeros(2, 4), report=True)
    assert report
    assert any("several kinks meet" in note for note in report.notes)


def test_a_wrong_rule_among_kinks_is_still_wrong():
    twice = make(lambda x: x.relu(), lambda g, x: g * ((x > 0) + 2 * (x == 0)))
    x = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    assert not gradcheck(lambda x: twice.apply(x * 1), (x,), raise_exception=False)


def test_one_tensor_at_two_places_is_two_inputs():
    x = leaf(3)
    assert gradcheck(lambda x, y: x * y.exp(), (x, x))
    assert gradcheck(lambda x, y: x * y.exp(), (x, x), eps=1e-6)
    assert gradgradcheck(lambda x, y: x * y, (x, x))
    wrong = make(lambda x, y: x * y, lambda g, x, y: (g * y, g * 2 * x))
    report = gradcheck(wrong.apply, (x, x), raise_exception=False)
    assert report.inputs[0].wrong == 0
    assert report.inputs[1].wrong == 3


def test_what_forward_loses_in_float32_is_no_fault_of_backward():
    x = leaf(3, 4, dtype=torch.float32)
    assert gradcheck(lambda x: torch.nn.functional.layer_norm(x + 1e4, (4,)), (x,))

    def lossy(g, x):
        return g * (2 * x + 1e5) - g * 1e5

    report = gradcheck(make(lambda x: x * x, lossy).apply, (x,), raise_exception=False)
    assert "float32 gradient" in report.cause


def test_outputs_that_saturate_are_not_taken_for_float32():
    x = torch.linspace(-2, 2, 100, dtype=torch.float64).reshape(5, 20).requires_grad_()
    w = torch.linspace(-3, 3, 400, dtype=torch.float64).reshape(20, 20).requires_grad_()
    report = gradcheck(lambda x, w: torch.tanh(x @ w.T), (x, w), report=True)
    assert report
    assert not any("float32" in note for note in report.notes)
    assert report.forwards <= 200


@pytest.mark.parametrize("options", [{}, {"eps": 1e-6}])
def test_a_function_that_differentiates_inside(options):
    def slope(x):
        return torch.autograd.grad((x**3).sum(), x, create_graph=True)[0]

    assert gradcheck(slope, (leaf(3),), **options)
    wrong = make(lambda x: x**3, lambda g, x: g * 3 * x.detach() ** 2)
    function = lambda x: torch.autograd.grad(wrong.apply(x).sum(), x, create_graph=True)[0] + 0 * x
    assert not gradcheck(function, (leaf(3),), raise_exception=False, **options)


def test_values_of_gradients_that_differ_when_recorded_are_taken_as_recorded():
    class Two(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * 2 * x + (1e-3 * x.detach() ** 2 if torch.is_grad_enabled() else 0)

    report = gradgradcheck(Two.apply, (leaf(3),), raise_exception=False, report=True)
    assert not report.ok


def test_a_pooling_of_zeros_does_not_cost_thousands_of_forwards():
    x = leaf(2, 2, 6, 6)
    report = gradcheck(lambda x: torch.nn.functional.max_pool2d(x, 2), (x,), report=True)
    assert report
    assert report.forwards <= 250


@pytest.mark.parametrize("seed", [4, 7, 10])
def test_second_derivatives_of_what_saturates_are_no_staircase(seed):
    x, w = leaf(3, 5, seed=10 * seed), leaf(4, 5, seed=10 * seed + 1)
    assert gradgradcheck(lambda x, w: torch.tanh(x @ w.T), (x, w), seed=7 + seed)


def test_second_derivatives_far_from_the_point_may_vanish_in_rounding():
    q, k, v = (leaf(3, 4, seed=150 + i) for i in range(3))
    softmax = torch.nn.functional.softmax
    assert gradgradcheck(lambda q, k, v: softmax(q @ k.T, -1) @ v, (q, k, v), seed=22)
