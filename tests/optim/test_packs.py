"""Small parameters are updated together: nobody may notice."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_lite as tgl
from tests.optim.helpers import EVERY, parameter, with_gradient
from tinygrad_lite import optim
from tinygrad_lite.optim import _elementwise


@pytest.fixture
def fast(monkeypatch):
    """The fast path, also where TINYGRAD_LITE_PLAIN asks for its twin."""
    monkeypatch.setattr(_elementwise, "_PLAIN", False)


def small_network(seed=0):
    return [
        parameter(*shape, seed=seed + i) for i, shape in enumerate([(4, 3), (4,), (), (80, 80)])
    ]


def walk(optimizer, params, steps, skip=(), seed=0):
    for i in range(steps):
        for j, p in enumerate(params):
            g = np.random.default_rng([seed, i, j]).normal(size=p.shape).astype("float32")
            p.grad = None if (i, j) in skip else tgl.tensor(g)
        optimizer.step()
    return [p.tolist() for p in params]


@pytest.mark.parametrize("kind", [k for k in EVERY if k is not optim.Muon])
@pytest.mark.parametrize("skip", [(), {(0, 1)}, {(3, 0), (4, 2)}])
@pytest.mark.usefixtures("fast")
def test_packed_and_one_by_one_are_the_same(kind, skip, monkeypatch):
    """Also when a parameter has no gradient for a while, and is behind the others afterwards."""
    options = {"momentum": 0.9} if kind is optim.SGD else {}
    params = small_network()
    packed = walk(kind(params, **options), params, 7, skip)
    monkeypatch.setattr(_elementwise, "_PLAIN", True)
    params = small_network()
    assert walk(kind(params, **options), params, 7, skip) == packed


def packs_of(optimizer):
    return [pack.positions for _, packs, _ in optimizer._packs.values() for pack in packs]


@pytest.mark.usefixtures("fast")
def test_what_is_packed():
    params = small_network()
    optimizer = optim.Adam(params)
    walk(optimizer, params, 2)
    assert packs_of(optimizer) == [[0, 1, 2]]
    plain = optim.SGD(params)
    walk(plain, params, 1)
    assert packs_of(plain) == [[0, 1, 2]]


@pytest.mark.parametrize("kind", [optim.SGD, optim.Adam])
def test_packs_notice_what_changes_underneath(kind):
    def run(disturb):
        params = small_network()
        optimizer = kind(params, lr=0.1, **({"momentum": 0.5} if kind is optim.SGD else {}))
        walk(optimizer, params, 3)
        disturb(optimizer, params)
        return walk(optimizer, params, 3, seed=1)

    name = "momentum_buffer" if kind is optim.SGD else "exp_avg"

    def new_data(optimizer, params):
        params[1].data = tgl.ones(4)

    def new_state(optimizer, params):
        optimizer.state[params[1]][name] = tgl.ones(4)

    def no_state(optimizer, params):
        optimizer.state.clear()

    def in_place(optimizer, params):
        optimizer.state[params[1]][name].fill_(1.0)

    def reloaded(optimizer, params):
        optimizer.load_state_dict(optimizer.state_dict())

    for disturb in (new_data, new_state, no_state, in_place, reloaded):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(_elementwise, "_PLAIN", False)
            packed = run(disturb)
            patch.setattr(_elementwise, "_PLAIN", True)
            assert run(disturb) == packed, disturb.__name__


@pytest.mark.usefixtures("fast")
def test_an_interrupted_pack_is_in_doubt_as_a_whole(monkeypatch):
    params = [with_gradient(100, 100), with_gradient(2), with_gradient(3)]
    optimizer = optim.Adam(params)
    optimizer.step()

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(_elementwise.Pack, "scatter", interrupt)
    with pytest.raises(KeyboardInterrupt):
        optimizer.step()
    with pytest.raises(RuntimeError, match="parameter 1, 2: updated before that were none"):
        optimizer.step()
