"""Single steps on plain arrays: the fast rules against slopes and against their plain twins."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_lite as tgl
from tests.ops.joints import check_joint_slopes, close, pulled, results, weights_of
from tinygrad_lite.ops import cells

GATES = {"lstm_cell": 4, "gru_cell": 3, "rnn_cell": 1}
BIASES = [(True, True), (False, False), (True, False), (False, True)]
CASES = [
    ("lstm_cell", {}),
    ("gru_cell", {}),
    ("rnn_cell", {"relu": False}),
    ("rnn_cell", {"relu": True}),
]


def operands_of(name, biases=(True, True), rows=3, features=2, units=4, dtype="float64"):
    random = np.random.default_rng(rows)
    gates = GATES[name] * units

    def draw(*shape):
        return (random.standard_normal(shape) * 0.7).astype(dtype)

    states = [draw(rows, units) for _ in range(1 + (name == "lstm_cell"))]
    weights = [draw(gates, features) / features**0.5, draw(gates, units) / units**0.5]
    return [draw(rows, features), *states, *weights, *(draw(gates) if b else None for b in biases)]


@pytest.mark.parametrize(("name", "settings"), CASES, ids=str)
@pytest.mark.parametrize("biases", BIASES)
def test_gradients_are_the_slopes(name, settings, biases):
    check_joint_slopes(getattr(cells, name), operands_of(name, biases), settings)


@pytest.mark.parametrize(("name", "settings"), CASES, ids=str)
@pytest.mark.parametrize("biases", BIASES)
@pytest.mark.parametrize("rows", [0, 1, 3])
def test_the_plain_twin_gives_the_same(name, settings, biases, rows):
    op, operands = getattr(cells, name), operands_of(name, biases, rows)
    given = [x if x is None else x.copy() for x in operands]
    weights = weights_of(op, operands, settings)
    close(
        pulled(op, operands, settings, weights),
        pulled(op, operands, settings, weights, again=True),
    )
    for x, before in zip(operands, given, strict=True):
        np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize(("name", "settings"), CASES, ids=str)
@pytest.mark.parametrize(
    ("rows", "features", "units"), [(16, 100, 128), (1, 128, 128), (130, 9, 130)]
)
def test_large_ones_in_single_precision(name, settings, rows, features, units):
    op = getattr(cells, name)
    operands = operands_of(name, (True, True), rows, features, units, "float32")
    wide = [x.astype("float64") for x in operands]
    weights = weights_of(op, wide, settings)
    small = [w.astype("float32") for w in weights]
    for a, b in zip(
        results(op, operands, settings)[1], results(op, wide, settings)[1], strict=True
    ):
        assert a.dtype == "float32"
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
    found = [np.asarray(x) for x in pulled(op, operands, settings, small)]
    assert {x.dtype.name for x in found} == {"float32"}
    close(found, pulled(op, wide, settings, weights, again=True), gap=2e-3)


@pytest.mark.parametrize("name", GATES)
def test_only_what_is_needed(name):
    op, operands = getattr(cells, name), operands_of(name)
    weights = weights_of(op, operands, {})
    settings = {"relu": False} if name == "rnn_cell" else {}
    full = pulled(op, operands, settings, weights)
    for i in range(len(operands)):
        needs = tuple(k == i for k in range(len(operands)))
        for again in (False, True):
            found = pulled(op, operands, settings, weights, again, needs)
            assert [x is not None for x in found] == list(needs)
            np.testing.assert_allclose(found[i], full[i], rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("given", [(True, False), (False, True)])
def test_either_result_of_an_lstm_cell_may_go_unused(given):
    op, operands = cells.lstm_cell, operands_of("lstm_cell")
    weights = weights_of(op, operands, {})
    zeros = [w if used else w * 0 for w, used in zip(weights, given, strict=True)]
    nothing = [w if used else None for w, used in zip(weights, given, strict=True)]
    for again in (False, True):
        close(pulled(op, operands, {}, nothing, again), pulled(op, operands, {}, zeros))


@pytest.mark.parametrize("kind", ["LSTMCell", "GRUCell", "RNNCell"])
def test_no_two_gradients_share_memory(kind):
    cell = getattr(tgl.nn, kind)(5, 6)
    x = tgl.randn(3, 5, requires_grad=True)
    h = cell(x)
    (h[0] if kind == "LSTMCell" else h).sum().backward()
    found = [p.grad.numpy() for p in cell.parameters()] + [x.grad.numpy()]
    for i, one in enumerate(found):
        assert not any(np.may_share_memory(one, other) for other in found[i + 1 :])
