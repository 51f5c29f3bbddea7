"""Recurrent layers on plain arrays: the fast rules against slopes and against their plain twins."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_lite as tgl
from tests.ops.pulling import gather
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


def total(op, operands, settings, weights):
    result = op.visible(op.forward(*operands, **settings))
    parts = result if isinstance(result, tuple) else (result,)
    return sum(float((p * w).sum()) for p, w in zip(parts, weights, strict=True))


def pulled(op, operands, settings, weights, again=False):
    result = op.forward(*operands, **settings)
    needs = tuple(x is not None for x in operands)
    rule = op.shared_again if again else op.shared
    g = tuple(weights) if op.outputs else weights[0]
    return rule.function(g, *gather(rule, op, operands, settings, result, needs))


def weights_of(op, operands, settings):
    result = op.visible(op.forward(*operands, **settings))
    parts = result if isinstance(result, tuple) else (result,)
    random = np.random.default_rng(9)
    return [random.standard_normal(p.shape) for p in parts]


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("bias", [True, False])
def test_gradients_are_the_slopes(case, bias):
    op, settings = getattr(recurrence, case[0]), settings_of(case)
    operands = operands_of(case[0], case[1], bias)
    weights = weights_of(op, operands, settings)
    gradients = pulled(op, operands, settings, weights)
    step = 1e-6
    for i, x in enumerate(operands):
        if x is None:
            assert gradients[i] is None
            continue
        along = np.random.default_rng(i).standard_normal(x.shape)
        values = [
            total(op, [*operands[:i], x + t * along, *operands[i + 1 :]], settings, weights)
            for t in (step, -step)
        ]
        slope = (values[0] - values[1]) / (2 * step)
        np.testing.assert_allclose((gradients[i] * along).sum(), slope, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("bias", [True, False])
def test_the_plain_twin_gives_the_same(case, bias):
    op, settings = getattr(recurrence, case[0]), settings_of(case)
    operands = operands_of(case[0], case[1], bias)
    weights = weights_of(op, operands, settings)
    fast = pulled(op, operands, settings, weights)
    plain = pulled(op, operands, settings, weights, again=True)
    for a, b in zip(fast, plain, strict=True):
        if a is None:
            assert b is None
        else:
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("given", [(True, False), (False, True)])
def test_either_result_of_an_lstm_may_go_unused(given):
    operands, settings = operands_of("lstm", (3, 2, 1)), {"sizes": (3, 2, 1), "backwards": False}
    op = recurrence.lstm
    weights = weights_of(op, operands, settings)
    zeros = [w if used else w * 0 for w, used in zip(weights, given, strict=True)]
    nothing = [w if used else None for w, used in zip(weights, given, strict=True)]
    for again in (False, True):
        for a, b in zip(
            pulled(op, operands, settings, zeros),
            pulled(op, operands, settings, nothing, again),
            strict=True,
        ):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13)


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
