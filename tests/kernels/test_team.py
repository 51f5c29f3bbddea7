"""Helping threads change nothing but the time: bits, errors, contexts, forks, other threads."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import numpy as np
import pytest

import tinygrad_lite as torch
from tinygrad_lite._kernels import PLAIN, activation, normalization, softmax
from tinygrad_lite._kernels.team import MUCH, side_by_side


@pytest.fixture(autouse=True)
def _as_before():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


KERNELS = [
    activation.gelu,
    activation.gelu_tanh,
    activation.silu,
    lambda x: softmax.softmax(x, -1),
    lambda x: softmax.log_softmax(x, -1),
    lambda x: softmax.softmax_pull(x, x[::-1].copy(), -1),
    lambda x: activation.times_slope(x[::-1].copy(), x.copy()),
    lambda x: normalization.row_norm(x, x[0], x[1], 1e-5)[0],
    lambda x: pulled_norm(x)[0],
    lambda x: np.stack(pulled_norm(x)[1:]),
]


def pulled_norm(x):
    """The gradients of the rows, the weight and the bias."""
    _, mean, scale = normalization.row_norm(x, x[0], x[1], 1e-5)
    slopes = x[::-1].copy()
    return normalization.row_norm_pull(slopes, x, x[0], mean, scale, (True, True, True))


@pytest.mark.skipif(PLAIN, reason="the plain twins are running")
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("shape", [(1024, 1000), (3, 400_001)])
def test_the_same_bits_with_any_number_of_threads(kernel, shape):
    x = np.random.default_rng(0).standard_normal(shape, np.float32) * 30
    results = []
    for count in (1, 2, 3):
        torch.set_num_threads(count)
        results.append(np.stack([kernel(x)]))
    assert all(np.array_equal(results[0], other) for other in results[1:])


def pieces(count=8):
    return [slice(k, k + 1) for k in range(count)]


def test_every_piece_is_worked_on_once():
    torch.set_num_threads(3)
    for _ in range(200):
        seen = []
        side_by_side(pieces(), MUCH, seen.extend)
        assert sorted(part.start for part in seen) == list(range(8))


def test_small_arrays_and_one_thread_have_no_helpers():
    for count, size in ((1, MUCH), (2, MUCH - 1)):
        torch.set_num_threads(count)
        at_work = []
        side_by_side(pieces(), size, lambda _, seen=at_work: seen.append(threading.get_ident()))
        assert at_work == [threading.get_ident()]


def test_errors_of_a_helper_are_raised():
    torch.set_num_threads(2)
    caller = threading.current_thread()

    def work(parts):
        list(parts)
        if threading.current_thread() is not caller:
            raise FloatingPointError("in the helper")

    with pytest.raises(FloatingPointError, match="in the helper"):
        side_by_side(pieces(), MUCH, work)
    seen = []
    side_by_side(pieces(), MUCH, seen.extend)  # and the next work is done as ever
    assert len(seen) == 8


def test_helpers_see_the_callers_errstate():
    torch.set_num_threads(2)
    found = []
    with np.errstate(over="raise"):
        side_by_side(pieces(), MUCH, lambda _: found.append(np.geterr()["over"]))
    assert found == ["raise", "raise"]


def test_only_one_of_several_threads_has_the_helpers():
    torch.set_num_threads(2)
    x = np.random.default_rng(0).standard_normal((600, 1000), np.float32)
    expected, wrong = activation.silu(x)[0], []

    def run():
        wrong.extend(_ for _ in range(10) if not np.array_equal(activation.silu(x)[0], expected))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_starts_its_own():
    code = """
import os
import tinygrad_lite as torch
torch.set_num_threads(2)
x = torch.ones(1000, 1000)
torch.nn.functional.gelu(x)
child = os.fork()
if not child:
    torch.nn.functional.gelu(x)
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, timeout=60)


def test_the_number_of_threads_is_what_was_set():
    torch.set_num_threads(3)
    assert torch.get_num_threads() == 3
    with pytest.raises(RuntimeError, match="expects a positive integer"):
        torch.set_num_threads(0)
