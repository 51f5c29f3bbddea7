"""autograd.functional and func against PyTorch."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import torch.func as torch_func  # noqa: E402

import tinygrad_lite as ours  # noqa: E402 - torch decides whether this module is imported
import tinygrad_lite.func as our_func  # noqa: E402

RNG = np.random.default_rng(0)
A, X, V = RNG.standard_normal((3, 3)), RNG.standard_normal(3), RNG.standard_normal(3)


def curve(m, z):
    return (m.tensor(A) @ z).tanh() * z


def energy(m, z):
    return (curve(m, z) ** 2).sum()


CASES = {
    "vjp": lambda m, f, F, x, v: F.vjp(lambda z: curve(m, z), x, v),
    "jvp": lambda m, f, F, x, v: F.jvp(lambda z: curve(m, z), x, v),
    "jacobian": lambda m, f, F, x, v: (F.jacobian(lambda z: curve(m, z), x),),
    "hessian": lambda m, f, F, x, v: (F.hessian(lambda z: energy(m, z), x),),
    "hvp": lambda m, f, F, x, v: F.hvp(lambda z: energy(m, z), x, v),
    "vhp": lambda m, f, F, x, v: F.vhp(lambda z: energy(m, z), x, v),
    "jacobian of two": lambda m, f, F, x, v: F.jacobian(lambda p, q: (p * q, p + q), (x, v))[0],
    "func.grad": lambda m, f, F, x, v: (f.grad(lambda z: energy(m, z))(x),),
    "func.grad of grad": lambda m, f, F, x, v: (
        f.grad(lambda z: f.grad(lambda u: energy(m, u))(z).sum())(x),
    ),
    "func.grad_and_value": lambda m, f, F, x, v: f.grad_and_value(lambda z: energy(m, z))(x),
    "func.jacrev": lambda m, f, F, x, v: (f.jacrev(lambda z: curve(m, z))(x),),
    "func.jacfwd": lambda m, f, F, x, v: (f.jacfwd(lambda z: curve(m, z))(x),),
    "func.hessian": lambda m, f, F, x, v: (f.hessian(lambda z: energy(m, z))(x),),
    "func.jvp": lambda m, f, F, x, v: f.jvp(lambda z: curve(m, z), (x,), (v,)),
    "func.vjp": lambda m, f, F, x, v: f.vjp(lambda z: curve(m, z), x)[1](v),
    "func.vmap": lambda m, f, F, x, v: (f.vmap(lambda z: energy(m, z))(m.stack([x, v])),),
    "func.vmap of grad": lambda m, f, F, x, v: (
        f.vmap(f.grad(lambda z: energy(m, z)))(m.stack([x, v])),
    ),
    "func.vmap in_dims": lambda m, f, F, x, v: (
        f.vmap(lambda p, q: p * q, in_dims=(1, None), out_dims=1)(m.tensor(A), x),
    ),
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of PyTorch's own making
@pytest.mark.parametrize("name", CASES)
def test_as_in_torch(name):
    here = CASES[name](ours, our_func, ours.autograd.functional, ours.tensor(X), ours.tensor(V))
    there = CASES[name](
        torch, torch_func, torch.autograd.functional, torch.tensor(X), torch.tensor(V)
    )
    assert len(here) == len(there)
    for a, b in zip(here, there, strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-10)
