"""A hundred steps beside PyTorch's optimizers: same parameters, same state, same settings."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import tinygrad_lite as tgl
from tinygrad_lite import optim

torch = pytest.importorskip("torch", reason="compares with PyTorch, which is not installed")

SHAPES = [(3, 4), (4,), (), (7, 3, 2)]


def grid(**options):
    """Every combination of the options' values, as keyword dicts."""
    combinations = itertools.product(*options.values())
    return [dict(zip(options, values, strict=True)) for values in combinations]


FLAG = [False, True]


def every(name, **options):
    return [(name, kw) for kw in grid(**options)]


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
    *every("Adam", lr=[0.01], weight_decay=[0, 0.1], amsgrad=FLAG, maximize=FLAG, eps=[1e-3]),
    *every("Adam", betas=[(0.8, 0.9), (0.0, 0.5)], decoupled_weight_decay=FLAG, weight_decay=[0.1]),
    *every("AdamW", lr=[0.01], weight_decay=[0, 0.1], amsgrad=FLAG, maximize=FLAG),
    *every("Adamax", weight_decay=[0, 0.1], maximize=FLAG, betas=[(0.9, 0.999), (0.5, 0.6)]),
    *every("NAdam", weight_decay=[0, 0.1], decoupled_weight_decay=FLAG, maximize=FLAG),
    *every("NAdam", momentum_decay=[0, 0.1], betas=[(0.7, 0.8)]),
    *every("RAdam", weight_decay=[0, 0.1], decoupled_weight_decay=FLAG, maximize=FLAG),
    *every("RAdam", betas=[(0.9, 0.9), (0.5, 0.7)]),
    *every(
        "RMSprop",
        weight_decay=[0, 0.1],
        momentum=[0, 0.9],
        centered=FLAG,
        maximize=FLAG,
        eps=[1e-4],
    ),
    *every("Adagrad", lr_decay=[0, 0.1], weight_decay=[0, 0.1], maximize=FLAG),
    *every("Adagrad", initial_accumulator_value=[0.5]),
    *every("Adadelta", rho=[0.9, 0.5], weight_decay=[0, 0.1], maximize=FLAG),
    *every("ASGD", weight_decay=[0, 0.1], maximize=FLAG, t0=[1e6, 20], lambd=[1e-4, 0.1]),
    *every("Rprop", lr=[0.01, 0.1], maximize=FLAG, etas=[(0.5, 1.2), (0.3, 1.5)]),
    *every("Rprop", step_sizes=[(0.01, 0.05)]),
    *every("Adafactor", weight_decay=[0, 0.1], maximize=FLAG, d=[1.0, 1.5]),
    *every("Adafactor", eps=[(1e-3, 1e-2)], beta2_decay=[-0.5]),
]


def pair(name, options, dtype):
    """The same parameters in both frameworks, with an optimizer for each."""
    rng = np.random.default_rng(0)
    values = [rng.normal(size=shape).astype(dtype) for shape in SHAPES]
    ours = [tgl.tensor(v, requires_grad=True) for v in values]
    theirs = [torch.tensor(v, requires_grad=True) for v in values]
    mine = getattr(optim, name)(ours, **options)
    their = getattr(torch.optim, name)(theirs, **options)
    return ours, theirs, mine, their


def give_gradients(rng, ours, theirs):
    for mine, their in zip(ours, theirs, strict=True):
        g = 0.3 * rng.normal(size=mine.shape).astype(their.detach().numpy().dtype)
        mine.grad, their.grad = tgl.tensor(g), torch.tensor(g)


def walk(ours, theirs, mine, their, steps, seed):
    rng = np.random.default_rng(seed)
    for _ in range(steps):
        give_gradients(rng, ours, theirs)
        mine.step()
        their.step()


def compare(ours, theirs, rtol, atol):
    for mine, their in zip(ours, theirs, strict=True):
        got, wanted = mine.detach().numpy(), their.detach().numpy()
        np.testing.assert_allclose(got, wanted, rtol=rtol, atol=atol)


def name_of(case):
    name, options = case
    return name + "-" + ",".join(f"{k}={v}" for k, v in options.items() if v)


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_float64_trajectory(case, monkeypatch):
    monkeypatch.setattr("tinygrad_lite.optim._elementwise._PIECE", 8)  # walk in several pieces
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
                atol = 1e-6 * (1 + np.abs(got).max())
                np.testing.assert_allclose(got, value.numpy(), rtol=1e-4, atol=atol)
                assert got.dtype == value.numpy().dtype, key
                assert got.shape == tuple(value.shape), key
            else:
                assert mine["state"][i][key] == value, key


def as_torch(value):
    if isinstance(value, tgl.Tensor):
        return torch.tensor(value.numpy())
    if isinstance(value, list):
        return [as_torch(item) for item in value]
    if isinstance(value, dict):
        return {key: as_torch(item) for key, item in value.items()}
    return value


def rosenbrock(framework, x):
    a, b = x[:-1], x[1:]
    return (100 * (b - a * a) ** 2 + (1 - a) ** 2).sum()


def minimise(framework, optimizer_class, options, calls, dtype):
    """Run L-BFGS on a valley in six dimensions; return every loss it looked at."""
    x = framework.tensor(np.linspace(-1.2, 1.0, 6).astype(dtype), requires_grad=True)
    optimizer = optimizer_class([x], **options)
    losses = []

    def closure():
        optimizer.zero_grad()
        loss = rosenbrock(framework, x)
        loss.backward()
        losses.append(loss.item())
        return loss

    for _ in range(calls):
        optimizer.step(closure)
    return x, optimizer, losses


@pytest.mark.parametrize(
    "options",
    [
        {"lr": 0.01},
        {"lr": 0.01, "history_size": 3, "max_iter": 7},
        {"line_search_fn": "strong_wolfe"},
        {"line_search_fn": "strong_wolfe", "history_size": 2, "max_iter": 4, "max_eval": 9},
        {"line_search_fn": "strong_wolfe", "lr": 1e-4, "max_iter": 30},
        {"line_search_fn": "strong_wolfe", "lr": 30.0, "max_eval": 12},
    ],
    ids=str,
)
def test_lbfgs_looks_at_the_same_losses(options):
    mine, optimizer, got = minimise(tgl, optim.LBFGS, options, 3, "float64")
    theirs, reference, wanted = minimise(torch, torch.optim.LBFGS, options, 3, "float64")
    assert len(got) == len(wanted)
    np.testing.assert_allclose(got, wanted, rtol=1e-7, atol=1e-15)
    np.testing.assert_allclose(mine.detach().numpy(), theirs.detach().numpy(), rtol=1e-7)
    state, expected = optimizer.state_dict()["state"][0], reference.state_dict()["state"][0]
    assert set(state) == set(expected)
    assert state["n_iter"] == expected["n_iter"]
    assert state["func_evals"] == expected["func_evals"]


def test_lbfgs_goes_on_from_pytorchs_checkpoint():
    options = {"line_search_fn": "strong_wolfe", "max_iter": 4}
    theirs, reference, _ = minimise(torch, torch.optim.LBFGS, options, 2, "float64")
    x = tgl.tensor(theirs.detach().numpy().copy(), requires_grad=True)
    optimizer = optim.LBFGS([x], **options)
    optimizer.load_state_dict(reference.state_dict())
    for framework, tensor, walker in ((tgl, x, optimizer), (torch, theirs, reference)):

        def closure(framework=framework, tensor=tensor, walker=walker):
            walker.zero_grad()
            loss = rosenbrock(framework, tensor)
            loss.backward()
            return loss

        walker.step(closure)
    np.testing.assert_allclose(x.detach().numpy(), theirs.detach().numpy(), rtol=1e-9)


@pytest.mark.parametrize("name", [None, "original", "match_rms_adamw"])
@pytest.mark.parametrize("nesterov", [False, True])
def test_muon_steps_near_pytorchs_which_round_to_bfloat16(name, nesterov):
    rng = np.random.default_rng(0)
    for shape in ((6, 4), (4, 9)):
        value, g = (rng.normal(size=shape).astype("float32") for _ in range(2))
        mine, their = tgl.tensor(value, requires_grad=True), torch.tensor(value, requires_grad=True)
        mine.grad, their.grad = tgl.tensor(g), torch.tensor(g)
        options = {"lr": 1.0, "adjust_lr_fn": name, "nesterov": nesterov}
        optim.Muon([mine], **options).step()
        torch.optim.Muon([their], **options).step()
        moved, wanted = mine.detach().numpy() - value, their.detach().numpy() - value
        np.testing.assert_allclose(moved, wanted, atol=0.03)


@pytest.mark.parametrize("name", [None, "original", "match_rms_adamw"])
@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("shape", [(6, 4), (4, 9), (5, 5), (1, 3)])
def test_muon_steps_are_pytorchs_once_those_do_not_round(monkeypatch, shape, nesterov, name):
    """Nothing but bfloat16 tells the two apart: without it ten steps agree to rounding."""
    monkeypatch.setattr(torch.Tensor, "bfloat16", torch.Tensor.clone)
    rng = np.random.default_rng(0)
    value = rng.normal(size=shape)
    mine, their = tgl.tensor(value, requires_grad=True), torch.tensor(value, requires_grad=True)
    options = {"lr": 0.1, "adjust_lr_fn": name, "nesterov": nesterov}
    walkers = optim.Muon([mine], **options), torch.optim.Muon([their], **options)
    for _ in range(10):
        g = rng.normal(size=shape)
        mine.grad, their.grad = tgl.tensor(g), torch.tensor(g)
        for walker in walkers:
            walker.step()
    np.testing.assert_allclose(mine.detach().numpy(), their.detach().numpy(), rtol=1e-9)
