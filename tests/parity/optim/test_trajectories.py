"""A hundred steps beside PyTorch's optimizers: same parameters, same state, same settings."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import tinygrad_lite as tgl
from tinygrad_lite import optim

torch = pytest.importorskip("torch", reason="compares with PyTorch, which is not installed")

SHAPES = [(3, 4), (4,), (), (190, 190)]


def grid(**options):
    """Every combination of the options' values, as keyword dicts."""
    return [dict(zip(options, values, strict=True)) for values in itertools.product(*options.values())]


CASES = [
    *(
        ("SGD", kw)
        for kw in grid(
            lr=[0.1],
            momentum=[0, 0.9],
            dampening=[0, 0.1],
            weight_decay=[0, 0.01],
            nesterov=[False, True],
            maximize=[False, True],
        )
        if not kw["nesterov"] or (kw["momentum"] and not kw["dampening"])
    ),
]


def pair(name, options, dtype):
    """The same parameters in both frameworks, with an optimizer for each."""
    rng = np.random.default_rng(0)
    values = [rng.normal(size=shape).astype(dtype) for shape in SHAPES]
    ours = [tgl.tensor(v, requires_grad=True) for v in values]
    theirs = [torch.tensor(v, requires_grad=True) for v in values]
    return ours, theirs, getattr(optim, name)(ours, **options), getattr(torch.optim, name)(theirs, **options)


def give_gradients(rng, ours, theirs):
    for mine, their in zip(ours, theirs, strict=True):
        g = 0.3 * rng.normal(size=mine.shape).astype(mine.numpy().dtype)
        mine.grad, their.grad = tgl.tensor(g), torch.tensor(g)


def walk(ours, theirs, mine, their, steps, seed):
    rng = np.random.default_rng(seed)
    for _ in range(steps):
        give_gradients(rng, ours, theirs)
        mine.step()
        their.step()


def compare(ours, theirs, rtol, atol):
    for mine, their in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine.detach().numpy(), their.detach().numpy(), rtol=rtol, atol=atol)


def name_of(case):
    name, options = case
    return name + "-" + ",".join(f"{k}={v}" for k, v in options.items() if v)


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_float64_trajectory(case):
    ours, theirs, mine, their = pair(*case, "float64")
    walk(ours, theirs, mine, their, 100, seed=1)
    compare(ours, theirs, rtol=1e-12, atol=1e-14)
    assert repr(mine) == repr(their)


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_float32_trajectory_and_a_checkpoint_each_way(case):
    ours, theirs, mine, their = pair(*case, "float32")
    walk(ours, theirs, mine, their, 10, seed=1)
    compare(ours, theirs, rtol=3e-5, atol=3e-6)
    assert all(p.numpy().dtype == np.float32 for p in [q.detach() for q in ours])
    compare_state(mine.state_dict(), their.state_dict())

    from_theirs, into_theirs = mine.state_dict(), their.state_dict()
    mine.load_state_dict(into_theirs)
    their.load_state_dict(as_torch(from_theirs))
    walk(ours, theirs, mine, their, 10, seed=2)
    compare(ours, theirs, rtol=1e-4, atol=1e-5)


def compare_state(mine, theirs):
    assert list(mine) == list(theirs)
    assert mine["param_groups"] == theirs["param_groups"]
    assert {i: list(s) for i, s in mine["state"].items()} == {
        i: list(s) for i, s in theirs["state"].items()
    }
    for i, state in theirs["state"].items():
        for key, value in state.items():
            if torch.is_tensor(value):
                got = mine["state"][i][key].numpy()
                np.testing.assert_allclose(got, value.numpy(), rtol=1e-4, atol=1e-6)
                assert got.dtype == value.numpy().dtype, key
                assert got.shape == tuple(value.shape), key
            else:
                assert mine["state"][i][key] == value, key


def as_torch(value):
    if isinstance(value, tgl.Tensor):
        return torch.tensor(value.numpy())
    if isinstance(value, dict):
        return {key: as_torch(item) for key, item in value.items()}
    return value
