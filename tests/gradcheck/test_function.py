"""check_function: hand-written NumPy, no tensor anywhere."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tinygrad_lite.autograd.gradcheck import GradcheckError, check_function

RNG = np.random.default_rng(7)
X = RNG.standard_normal((5, 3))
W = RNG.standard_normal((3, 4))
B = RNG.standard_normal(4)


def linear(x, W, b):
    return x @ W + b


def look(forward, backward, inputs, **options):
    return check_function(forward, backward, inputs, raise_exception=False, report=True, **options)


def test_a_right_rule_gives_true():
    assert (
        check_function(linear, lambda g, x, W, b: (g @ W.T, x.T @ g, g.sum(0)), [X, W, B]) is True
    )


def test_the_message_names_the_bias_and_the_missing_sum():
    with pytest.raises(GradcheckError) as caught:
        check_function(linear, lambda g, x, W, b: (g @ W.T, x.T @ g, g[0]), [X, W, B])
    first, second = str(caught.value).splitlines()[:2]
    assert "FAILED" in first
    assert "4 of 4 elements of input 2 'b' (4,)" in first
    assert "missing sum over the broadcast axis 0 of the output (5, 4)" in second
    assert "rows 1..4 contribute nothing" in second
    assert isinstance(caught.value, RuntimeError)


@pytest.mark.parametrize(
    ("backward", "cause"),
    [
        (lambda g, x, W, b: (g @ W.T, x.T @ g, g.mean(0)), "mean instead of sum"),
        (lambda g, x, W, b: (-g @ W.T, x.T @ g, g.sum(0)), "sign"),
        (lambda g, x, W, b: (g @ W.T, x.T @ g, g), "missing sum over the broadcast axis 0"),
        (lambda g, x, W, b: (g @ W.T, x.T @ g), "wrong number of gradients"),
        (lambda g, x, W, b: (g @ W.T, (x.T @ g).T, g.sum(0)), "wrong shape"),
        (lambda g, x, W, b: (g @ W.T, None, g.sum(0)), "None gradient"),
        (lambda g, x, W, b: (g @ W.T, x.T @ g / len(x), g.sum(0)), "constant factor 1/5"),
        (lambda g, x, W, b: (g @ W.T, x.T @ g * np.log(10), g.sum(0)), "constant factor ln 10"),
    ],
)
def test_causes_of_a_linear_layer(backward, cause):
    report = look(linear, backward, [X, W, B])
    assert not report
    assert cause in report.cause


def test_the_guilty_element_among_many_is_named():
    x = RNG.standard_normal((60, 70))

    def backward(g, x):
        gx = 3 * g * x * x
        gx[17, 23] *= -1
        return gx

    report = look(lambda x: (x**3).sum(), backward, x)
    assert report.cause == "single element"
    assert report.inputs[0].elements == [(17, 23)]
    assert report.forwards < 2000


def test_class_with_state_on_the_instance_is_fine_and_on_the_class_is_not():
    class Relu:
        def forward(self, x):
            self.mask = x > 0
            return x * self.mask

        def backward(self, g):
            return g * self.mask

    class Shared(Relu):
        def forward(self, x):
            Shared.mask = x > 0
            return x * Shared.mask

        def backward(self, g):
            return g * Shared.mask

    x = np.linspace(-1, 1, 8)
    assert check_function(Relu, x)
    assert check_function(Relu(), x)
    report = look(Shared, None, np.linspace(-0.3, 1, 8))
    assert report.ok or "state" in report.cause


@pytest.mark.parametrize("wrong", [False, True])
def test_parameters_of_a_layer_are_checked_by_name(wrong):
    class Affine:
        def __init__(self):
            self.W, self.b = W.copy(), B.copy()
            self.dW = self.db = None

        def forward(self, x):
            self.x = x
            return x @ self.W + self.b

        def backward(self, g):
            self.dW = self.x.T @ g
            self.db = g.mean(0) if wrong else g.sum(0)
            return g @ self.W.T

    layer = Affine()
    report = look(layer, None, X)
    assert bool(report) is not wrong
    assert [one.name for one in report.inputs] == ["x", "W", "b"]
    assert layer.dW is None
    if wrong:
        assert "'b'" in report.verdict()


def test_nothing_the_caller_owns_is_changed():
    inputs = [X.copy(), W.copy(), B.copy()]
    for array in inputs:
        array.flags.writeable = False
    state = np.random.get_state()[1].copy()
    assert check_function(linear, lambda g, x, W, b: (g @ W.T, x.T @ g, g.sum(0)), inputs)
    np.testing.assert_array_equal(np.random.get_state()[1], state)


@pytest.mark.parametrize(
    "x",
    [np.array(0.3), np.zeros((0, 3)), np.broadcast_to(X[0], (4, 3)), X[::2, ::-1],
     X.astype(np.float32), X.astype(np.float16)],
    ids=["0-d", "empty", "expanded", "strided", "float32", "float16"],
)  # fmt: skip
def test_every_layout_and_precision(x):
    assert check_function(np.tanh, lambda g, x, y: g * (1 - y * y), x)


def test_integers_are_constants():
    index = np.array([2, 0, 2])

    def backward(g, x, index):
        gx = np.zeros_like(x)
        np.add.at(gx, index, g)
        return gx, None

    assert check_function(lambda x, index: x[index], backward, [X, index])
    with pytest.raises(TypeError, match="integers are constants"):
        check_function(lambda i: i, lambda g, i: g, index)


def test_kinks():
    x = np.array([0.0, 1.0, -1.0])

    def relu(x):
        return np.maximum(x, 0)

    for at_zero in (0.0, 0.5, 1.0):
        report = look(relu, lambda g, x, a=at_zero: g * np.where(x == 0, a, x > 0), x)
        assert report
        assert report.inputs[0].kinks == 1
    report = look(relu, lambda g, x: g * np.where(x == 0, 2.0, x > 0), x)
    assert "kink" in report.cause
    assert report.inputs[0].elements == [(0,)]
    assert not look(relu, lambda g, x: g * (x > 0), x, kinks="error")
    assert look(relu, lambda g, x: g * np.where(x == 0, 2.0, x > 0), x, kinks="skip")
    with pytest.raises(ValueError, match="subgradient"):
        look(relu, lambda g, x: g, x, kinks="ignore")


def test_a_tie_counts_once():
    x = np.array([1.0, 1.0, 0.0])
    assert check_function(np.max, lambda g, x, y: g * (x == y) / (x == y).sum(), x)
    assert check_function(np.max, lambda g, x: g * (np.arange(3) == x.argmax()), x)
    assert not look(np.max, lambda g, x, y: g * (x == y), x)


def test_a_branch_never_entered_is_probed():
    x = np.array([0.2, 0.7])
    report = look(lambda x: np.maximum(x, 0), lambda g, x: g, x)
    assert not report
    assert "branch" in report.cause
    assert report.place == "minus the inputs"
    assert look(lambda x: np.maximum(x, 0), lambda g, x: g, x, probe=False)


def test_the_report_in_all_its_forms(tmp_path):
    report = look(linear, lambda g, x, W, b: (g @ W.T, x.T @ g, g[0]), [X, W, B])
    fields = json.loads(report.to_json())
    assert fields["ok"] is False
    assert fields["inputs"][2]["wrong"] == 4
    assert fields["inputs"][2]["worst"][0]["numeric"] == pytest.approx(1.0)
    svg = str(report.plot())
    assert svg.startswith("<svg")
    assert svg.count("log10 error / tolerance") == 3
    page = report.html(tmp_path / "report.html").read_text(encoding="utf-8")
    assert "missing sum" in page
    assert "<svg" in report._repr_html_()
    entry = report.inputs[2].worst[0]
    assert entry.absolute == pytest.approx(1.0)
    assert entry.output[0] > 0


def test_arguments_that_make_no_sense():
    with pytest.raises(TypeError, match="two functions"):
        check_function(np.tanh, None, X)
    with pytest.raises(TypeError, match="inputs"):
        check_function(np.tanh, lambda g, x: g)
    with pytest.raises(TypeError, match="floating-point"):
        check_function(lambda x: x > 0, lambda g, x: g, X)


def test_guilty_elements_of_large_inputs_are_drawn():
    x = np.linspace(1, 2, 300)

    def back(g, x):
        gx = g * np.cos(x)
        gx[217] *= 2
        return gx

    report = check_function(np.sin, back, x, raise_exception=False)
    assert report.inputs[0].elements == [(217,)]
    svg = str(report.plot())
    assert svg.count('stroke="#000"') >= 4
    assert ">wrong</text>" in svg
    assert "accepted at a kink" not in svg
