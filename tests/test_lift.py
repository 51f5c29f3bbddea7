"""What is written out for an operation does what `apply` does: the same results, the same nodes."""

from __future__ import annotations

import _thread
import gc
import operator
import sys
import time
import traceback
import weakref

import numpy as np
import pytest

import tinygrad_lite as torch
from tests.samples import SAMPLES
from tinygrad_lite import _lift
from tinygrad_lite._nodes import Pick
from tinygrad_lite._op import CATALOGUE
from tinygrad_lite._record import apply

WRITTEN = [name for name, op in CATALOGUE.items() if _lift.can_be_written(op) and name in SAMPLES]
pytestmark = pytest.mark.skipif(_lift.PLAIN, reason="nothing is written in plain mode")


def tensors(sample):
    """The operands of a sample; those of floats want a gradient."""
    return [
        torch.tensor(x, requires_grad=x.dtype.kind == "f") if isinstance(x, np.ndarray) else x
        for x in sample.operands
    ]


def same(a, b):
    """Whether two kept values are the same: arrays by their elements, tuples by their parts."""
    if isinstance(a, tuple):
        return isinstance(b, tuple) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, np.ndarray):
        return a.shape == b.shape and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    return a == b


@pytest.mark.parametrize("name", WRITTEN)
def test_written_functions_build_the_nodes_that_apply_builds(name):
    op = CATALOGUE[name]
    run = _lift.written(op, depth=1)
    for sample in SAMPLES[name]:
        operands = tensors(sample)
        plain = apply(op, tuple(operands), {**op.defaults, **sample.settings})
        for _ in range(2):  # the first call goes the general way
            quick = run(*operands, **sample.settings)
        assert (quick.__class__ is tuple) == (plain.__class__ is tuple) == bool(op.outputs)
        pairs = list(zip(quick, plain, strict=True)) if op.outputs else [(quick, plain)]
        for found, expected in pairs:
            assert_alike(found, expected)


def assert_alike(quick, plain):
    """Raise unless two results and their nodes are the same."""
    assert quick.dtype == plain.dtype
    assert same(np.asarray(quick._array), np.asarray(plain._array))
    assert (quick._view is None) == (plain._view is None)
    assert quick._node.__class__ is plain._node.__class__
    if plain._node is None:
        return
    a, b = quick._node, plain._node
    if isinstance(a, Pick):
        assert (a.which, a.shape, a.dtype) == (b.which, b.shape, b.dtype)
        assert a.parent.clock - 1 < a.clock < a.parent.clock
        a, b = a.parent, b.parent
    assert (a.op, a.shape, a.dtype, a.scope) == (b.op, b.shape, b.dtype, b.scope)
    assert (a.code, a.settings or {}) == (b.code, b.settings)
    assert list(a.edges()) == list(b.edges())
    kept = ("kx", "ky") if hasattr(a, "kx") else ("kept", "kept_again", "results", "shapes")
    for slot in kept:
        assert same(getattr(a, slot), getattr(b, slot)), slot


def test_written_functions_record_nothing_without_gradients():
    x = torch.randn(3, requires_grad=True)
    x.exp()
    with torch.no_grad():
        assert x.exp()._node is None
    assert x.detach().exp()._node is None


def test_the_line_of_a_first_call_is_the_users():
    op = CATALOGUE["sub"]
    method = _lift.lift_binary(op, (torch.Tensor,))[0]
    x = torch.ones(2, requires_grad=True)
    here = test_the_line_of_a_first_call_is_the_users.__code__
    for _ in range(3):
        assert method(x, x)._node.code is here


def test_tracebacks_show_what_was_written():
    x = torch.ones(2, 3)
    x.sum(0)
    with pytest.raises(IndexError) as caught:
        CATALOGUE["sum"].run(x, 5)
    assert "result = forward(a0, axis=axis, keepdims=keepdims)" in "".join(
        traceback.format_exception(caught.value)
    )


@pytest.mark.parametrize("number", [0, 0.0, -0.0, 1, 2.5, float("nan"), float("inf"), True])
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int64", "bool"])
def test_numbers_beside_tensors_keep_value_and_sign(number, dtype):
    x = torch.ones(3, dtype=getattr(torch, dtype))
    for _ in range(2):
        product, reflected = x * number, number * x
        plain = apply(CATALOGUE["mul"], (x, number), {})
        assert product.dtype == reflected.dtype == plain.dtype
        for found in (product, reflected):
            np.testing.assert_array_equal(found.numpy(), plain.numpy())
            if plain.dtype.is_floating_point:
                np.testing.assert_array_equal(np.signbit(found.numpy()), np.signbit(plain.numpy()))


LINES = {
    "method": lambda x: x.relu(),
    "function": torch.relu,
    "functional": torch.nn.functional.relu,
    "layer": torch.nn.ReLU(),
    "linear": torch.nn.Linear(2, 2),
    "chain": torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU()),
    "softmax": lambda x: x.softmax(0),
    "sum": torch.sum,
}


@pytest.mark.parametrize("name", LINES)
def test_every_way_to_an_operation_notes_the_line_of_the_user(name):
    def use():
        return LINES[name](x)

    x = torch.ones(2, requires_grad=True)
    users = {use.__code__, getattr(LINES[name], "__code__", None)}
    for _ in range(3):
        assert use()._node.code in users


@pytest.mark.parametrize(
    ("function", "others"),
    [(torch.nn.functional.softmax, (0,)), (torch.relu, ()), (torch.tanh, ()), (operator.add, (1,))],
)
def test_an_operation_at_the_bottom_of_a_thread(function, others, monkeypatch):
    wrong = []
    monkeypatch.setattr(sys, "unraisablehook", lambda what: wrong.append(repr(what.exc_value)))
    for _ in range(2):  # the first call writes the function
        x = torch.ones(2, requires_grad=True)
        gone = weakref.ref(x)
        _thread.start_new_thread(function, (x, *others))
        del x  # the thread has the last hold on it
        until = time.monotonic() + 10
        while gone() is not None and time.monotonic() < until:
            time.sleep(0.001)
            gc.collect()  # a function that asks for its own frame is part of a circle
    assert (wrong, gone()) == ([], None)
