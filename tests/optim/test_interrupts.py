"""A signal in the middle of a step: all old, all new, or said so."""

from __future__ import annotations

import signal

import numpy as np
import pytest

import tinygrad_lite as tgl
from tinygrad_lite import optim

SHAPES = [(16, 2), (16,), (200, 300), (16, 16), (1,), (120, 120)]

pytestmark = [
    pytest.mark.skipif(
        not hasattr(signal, "setitimer"), reason="needs timers of the operating system"
    ),
    # What the timer raises in a finalizer, or in what others hang on the collector, is dropped.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


class Moment(Exception):
    """What the timer raises, as Ctrl-C raises KeyboardInterrupt."""


STRUCK = []  # whether the timer has come, for what it raised may have been dropped


def interrupt(*_):
    STRUCK.append(True)
    raise Moment


@pytest.fixture(autouse=True)
def handler():
    before = signal.signal(signal.SIGALRM, interrupt)
    tgl.hints.off()  # the steps repeat one gradient, of which a hint would warn
    yield
    tgl.hints.on()
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def updates(params):
    """How often each parameter has been moved: every step subtracts 1 everywhere."""
    return [np.unique(p.detach().numpy()).tolist() for p in params]


@pytest.mark.parametrize("momentum", [0.0, 1e-30])
def test_two_hundred_moments(momentum):
    rng, flagged, whole = np.random.default_rng(0), 0, 0
    for _ in range(200):
        params = [tgl.zeros(*shape, requires_grad=True) for shape in SHAPES]
        for p in params:
            p.grad = tgl.ones(*p.shape)
        optimizer = optim.SGD(params, lr=1.0, momentum=momentum)
        optimizer.step()
        STRUCK.clear()
        try:
            signal.setitimer(signal.ITIMER_REAL, rng.uniform(1e-5, 1.5e-3))
            while not STRUCK:
                optimizer.step()
        except Moment:
            pass
        found = updates(params)
        if optimizer._doubtful:
            flagged += 1
            for action in (optimizer.state_dict, optimizer.step):
                with pytest.raises(RuntimeError, match="interrupted while it updated parameter"):
                    action()
            assert len({tuple(found[i]) for i in optimizer._finished}) <= 1
        else:
            whole += 1
            optimizer.state_dict()
            assert all(len(values) == 1 for values in found)
            assert len({values[0] for values in found}) == 1
    assert flagged > 20
    assert flagged + whole == 200
