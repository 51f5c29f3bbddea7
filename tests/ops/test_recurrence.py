"""Recurrent layers on plain arrays: the fast rules against slopes and against their plain twins."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_lite as tgl
from tests.ops.joints import check_joint_slopes, close, pulled, weights_of
from tinygrad_lite.ops import recurrence

SIZES = [(2, 2, 2), (3, 3, 1), (3, 2, 2, 1), (1,)]
GATES = {"lstm": 4, "gru": 3, "rnn": 1}


def operands_of(name, sizes, bias=True):
    random = np.random.default_rng(len(sizes))
    features, size, gates = 2, 3, GATES[name]

    def draw(*shape):
        return random.standard_normal(shape) * 0.7

    states = [draw(sizes[0], size) for _ in range(2 if name == "lstm" else 1)]
    weights = [draw(gates * size, features), draw(gates * size, size)]
    biases = [draw(gates * size) if bias else None for _ in range(2 if name == "gru" else 1)]
    return [draw(sum(sizes), features), *states, *weights, *biases]


CASES = [
    (name, sizes, backwards, extra)
    for name in GATES
    for sizes in SIZES
    for backwards in (False, True)
    for extra in ({"relu": True}, {"relu": False}) [: 2 if name == "rnn" else 1]
]  # fmt: skip


def settings_of(case):
    name, sizes, backwards, extra = case
    return {"sizes": sizes, "backwards": backwards, **(extra if name == "rnn" else {})}


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("bias", [True, False])
def test_gradients_are_the_slopes(case, bias):
    op, operands = getattr(recurrence, case[0]), operands_of(case[0], case[1], bias)
    check_joint_slopes(op, operands, settings_of(case))


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("bias", [True, False])
def test_the_plain_twin_gives_the_same(case, bias):
    op, settings = getattr(recurrence, case[0]), settings_of(case)
    operands = operands_of(case[0], case[1], bias)
    weights = weights_of(op, operands, settings)
    close(
        pulled(op, operands, settings, weights),
        pulled(op, operands, settings, weights, again=True),
    )


@pytest.mark.parametrize("given", [(True, False), (False, True)])
def test_either_result_of_an_lstm_may_go_unused(given):
    operands, settings = operands_of("lstm", (3, 2, 1)), {"sizes": (3, 2, 1), "backwards": False}
    op = recurrence.lstm
    weights = weights_of(op, operands, settings)
    zeros = [w if used else w * 0 for w, used in zip(weights, given, strict=True)]
    nothing = [w if used else None for w, used in zip(weights, given, strict=True)]
    for again in (False, True):
        close(pulled(op, operands, settings, nothing, again), pulled(op, operands, settings, zeros))


@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
def test_second_derivatives(kind):
    """The slope of a gradient is the gradient of the gradient."""
    layer = getattr(tgl.nn, kind)(2, 3, bidirectional=True).double()
    random = np.random.default_rng(0)
    start, along = random.standard_normal((2, 4, 2, 2))

    def gradient(values, create_graph=False):
        x = tgl.tensor(values, requires_grad=True)
        out, last = layer(x)
        last = last if isinstance(last, tuple) else (last,)
        score = (out * out).sum() + sum((part * part * part).sum() for part in last)
        (g,) = tgl.autograd.grad(score, x, create_graph=create_graph)
        return x, g

    x, g = gradient(start, create_graph=True)
    (second,) = tgl.autograd.grad((g * tgl.tensor(along)).sum(), x)
    step = 1e-6
    slope = (gradient(start + step * along)[1] - gradient(start - step * along)[1]) / (2 * step)
    np.testing.assert_allclose(second.numpy(), slope.numpy(), rtol=1e-6, atol=1e-7)


def test_single_precision_stays():
    for name in GATES:
        operands = [None if x is None else x.astype(np.float32) for x in operands_of(name, (2, 1))]
        op, settings = getattr(recurrence, name), {"sizes": (2, 1), "backwards": False}
        weights = [w.astype(np.float32) for w in weights_of(op, operands, settings)]
        result = op.forward(*operands, **settings)
        parts = result if isinstance(result, tuple) else (result,)
        assert all(part.dtype == np.float32 for part in parts)
        assert all(g.dtype == np.float32 for g in pulled(op, operands, settings, weights))
