"""PyTorch's own list of configurations and of wrong calls of its optimizers, run here."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import tinygrad_lite as tgl
from tinygrad_lite import optim

torch = pytest.importorskip("torch", reason="compares with PyTorch, which is not installed")
database = pytest.importorskip(
    "torch.testing._internal.common_optimizers",
    reason="needs expecttest, as PyTorch's own tests do",
    exc_type=ImportError,
)

# SparseAdam refuses dense gradients, which these tests give: it has tests of its own.
KNOWN = [
    info
    for info in database.optim_db
    if hasattr(optim, info.optim_cls.__name__) and info.optim_cls is not torch.optim.SparseAdam
]


class Translation:
    """Our tensors for PyTorch's; the same object for the same object."""

    def __init__(self):
        self.made = {}

    def __call__(self, x):
        if isinstance(x, torch.Tensor):
            return self.made.setdefault(id(x), self.tensor(x))
        if isinstance(x, dict):
            return {key: self(value) for key, value in x.items()}
        if isinstance(x, (list, tuple)):
            return type(x)(self(item) for item in x)
        return x

    def tensor(self, x):
        made = tgl.tensor(x.detach().numpy().copy(), requires_grad=x.requires_grad)
        return made if x.is_leaf else made * 1


def configurations():
    for info in KNOWN:
        if info.optim_cls.__name__ in ("Muon", "LBFGS"):  # compared in test_trajectories
            continue
        for given in info.optim_inputs_func(device="cpu"):
            name = info.optim_cls.__name__
            yield pytest.param(name, given.kwargs, id=f"{name}-{given.desc}")


def loss_of(a, b):
    return ((a @ b - 1) ** 2).sum() + 0.1 * (a**2).sum()


@pytest.mark.parametrize(("name", "options"), list(configurations()))
def test_a_hundred_steps(name, options):
    rng = np.random.default_rng(0)
    values = [rng.normal(size=(3, 4)), rng.normal(size=(4, 1))]
    ours = [tgl.tensor(v, requires_grad=True) for v in values]
    theirs = [torch.tensor(v, requires_grad=True) for v in values]
    mine = getattr(optim, name)(ours, **Translation()(options))
    their = getattr(torch.optim, name)(theirs, **options)
    for _ in range(100 if not options.get("maximize") else 10):  # it grows without bound
        for params, optimizer in ((ours, mine), (theirs, their)):
            optimizer.zero_grad()
            loss_of(*params).backward()
            optimizer.step()
    for got, wanted in zip(ours, theirs, strict=True):
        scale = np.abs(wanted.detach().numpy()).max()
        np.testing.assert_allclose(
            got.detach().numpy() / scale, wanted.detach().numpy() / scale, rtol=0, atol=1e-12
        )


def wrong_calls():
    for info in KNOWN:
        for wrong in info.optim_error_inputs_func(device="cpu", dtype=torch.float32):
            if wrong.error_on.name == "CONSTRUCTION_ERROR":
                name = info.optim_cls.__name__
                yield pytest.param(name, wrong, id=f"{name}-{wrong.optimizer_error_input.desc}")


@pytest.mark.parametrize(("name", "wrong"), list(wrong_calls()))
def test_wrong_calls_raise_pytorchs_class(name, wrong):
    given, translate = wrong.optimizer_error_input, Translation()
    kind = getattr(optim, name)
    if issubclass(wrong.error_type, Warning):
        with pytest.warns(wrong.error_type, match=wrong.error_regex):
            kind(translate(given.params), **translate(given.kwargs))
        return
    with warnings.catch_warnings(), pytest.raises(wrong.error_type):
        warnings.simplefilter("ignore")
        kind(translate(given.params), **translate(given.kwargs))
