# ruff: noqa: PLC3002 - a case is one expression, values that it needs twice are arguments
"""autograd.grad, autograd.functional and func, call by call, against PyTorch: values, structure,
dtypes, what is tracked, and the classes of errors.
"""

import warnings
from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import torch.func as torch_func  # noqa: E402

import tinygrad_lite as ours  # noqa: E402 - torch decides whether this module is imported
import tinygrad_lite.func as our_func  # noqa: E402


def setting(library, func):
    """What the cases are written in: `T(2, 3)` draws, `S.f1` ... are functions."""
    rng = np.random.default_rng(0)
    library.manual_seed(0)

    def draw(*shape, g=False):
        return library.tensor(rng.standard_normal(shape)).requires_grad_(g)

    return SimpleNamespace(
        torch=library, A=library.autograd, AF=library.autograd.functional, FN=func, V=func.vmap,
        F=library.nn.functional, T=draw, sin=library.sin,
        f1=lambda x: (x**3).sum(), f2=lambda x, y: (x * y).sum() + (y**2).sum(),
        g1=lambda x: x * x.exp(), g2=lambda x, y: (x * y, x.sum()), ind=lambda x, y: x * 2,
    )  # fmt: skip


def unused(S, **k):
    x, y = S.T(2, g=True), S.T(2, g=True)
    return S.A.grad((x * x).sum(), [x, y], **k)


def batched(S, **k):
    x, y = S.T(3, g=True), S.T(2, g=True)
    vectors = [S.torch.eye(3).double(), S.torch.ones(3).double()]
    return S.A.grad([x * x, y.sum() * 2], [x, y], vectors, is_grads_batched=True, **k)


def x_itself(S):
    x = S.T(2, g=True)
    return S.A.grad(x.sum(), x) + S.A.grad(x, x, S.torch.ones(2).double())


def closure(S):
    w = S.T(2, g=True)
    g = S.FN.grad(lambda x: (w * x * x).sum())(S.T(2))
    return S.A.grad(g.sum(), w)


def under_no_grad(S):
    with S.torch.no_grad():
        return S.FN.grad(S.f1)(S.T(2))


def inner_no_grad(S):
    def f(x):
        with S.torch.no_grad():
            total = x.sum()
        return (x * total).sum()

    return S.FN.grad(f)(S.T(2))


def linearized(S):
    value, slope = S.FN.linearize(S.g1, S.T(2))
    return value, slope(S.T(2)), slope(S.T(2))


def linearized_two(S):
    value, slope = S.FN.linearize(S.g2, S.T(2), S.T(2))
    return value, slope(S.T(2), S.T(2))


def called(S):
    m, x = S.torch.nn.Linear(2, 1).double(), S.torch.ones(1, 2).double()
    p = {k: S.torch.ones_like(v) for k, v in m.named_parameters()}
    call = S.FN.functional_call
    slopes = S.FN.grad(lambda p: call(m, p, x).sum())(p)
    return call(m, p, (x,)), call(m, p, x), slopes, call(m, (p, {}), x)


def called_strictly(S, **given):
    m = S.torch.nn.Linear(2, 1).double()
    return S.FN.functional_call(m, given, S.torch.ones(1, 2).double(), strict=True)


def ensemble(S):
    models = [S.torch.nn.Linear(2, 1).double() for _ in range(3)]
    for i, m in enumerate(models):
        with S.torch.no_grad():
            m.weight.fill_(i)
            m.bias.fill_(i)
    p, b = S.FN.stack_module_state(models)
    call = lambda p, b, x: S.FN.functional_call(models[0], (p, b), (x,))
    return S.V(call, in_dims=(0, 0, None))(p, b, S.torch.ones(1, 2).double())


def without_statistics(S):
    m = S.torch.nn.Sequential(S.torch.nn.BatchNorm1d(2))
    S.FN.replace_all_batch_norm_modules_(m)
    return m[0].track_running_stats, m[0].running_mean


CASES = {
    "unused": unused,
    "allow": lambda S: unused(S, allow_unused=True),
    "mat": lambda S: unused(S, materialize_grads=True),
    "mat+noallow": lambda S: unused(S, materialize_grads=True, allow_unused=False),
    "mat+allow": lambda S: unused(S, materialize_grads=True, allow_unused=True),
    "allowF": lambda S: unused(S, allow_unused=False),
    "mat cg": lambda S: unused(S, materialize_grads=True, create_graph=True),
    "itself": x_itself,
    "leaf scalar": lambda S: (lambda x: S.A.grad(x, x))(S.T(g=True)),
    "int input": lambda S: S.A.grad(S.T(2, g=True).sum(), S.torch.arange(2)),
    "nograd out": lambda S: S.A.grad(S.T(2).sum(), S.T(2, g=True)),
    "nonscalar": lambda S: (lambda x: S.A.grad(x * 2, x))(S.T(2, g=True)),
    "shape mism": lambda S: (lambda x: S.A.grad(x * 2, x, S.torch.ones(3).double()))(
        S.T(2, g=True)
    ),
    "shape 0d": lambda S: (lambda x: S.A.grad(x * 2, x, S.torch.ones(()).double()))(S.T(2, g=True)),
    "none go": lambda S: (
        lambda x: S.A.grad([x.sum(), (x * x).sum()], x, [None, S.torch.tensor(2.0).double()])
    )(S.T(2, g=True)),
    "short go": lambda S: (lambda x: S.A.grad([x.sum(), (x * x).sum()], x, [None]))(S.T(2, g=True)),
    "dup in": lambda S: (lambda x: S.A.grad((x * x).sum(), [x, x]))(S.T(2, g=True)),
    "dup out": lambda S: (lambda y, x: S.A.grad([y, y], x))(
        *(lambda x: ((x * x).sum(), x))(S.T(2, g=True))
    ),
    "f32 go on f64": lambda S: (lambda x: S.A.grad(x * 2, x, S.torch.ones(2)))(S.T(2, g=True)),
    "inter both": lambda S: (lambda x: (lambda h: S.A.grad((h * h).sum(), [h, x]))(x * 3))(
        S.T(2, g=True)
    ),
    "inter inplace": lambda S: (
        lambda x: (lambda h: (h.mul_(2), S.A.grad((h * h).sum(), [h, x]))[1])(x * 3)
    )(S.T(2, g=True)),
    "batched": batched,
    "batched cg": lambda S: batched(S, create_graph=True),
    "batched unused": lambda S: (
        lambda x, z: S.A.grad(
            x * x, [x, z], S.torch.eye(3).double(), is_grads_batched=True, allow_unused=True
        )
    )(S.T(3, g=True), S.T(2, g=True)),
    "batched unused mat": lambda S: (
        lambda x, z: S.A.grad(
            x * x, [x, z], S.torch.eye(3).double(), is_grads_batched=True, materialize_grads=True
        )
    )(S.T(3, g=True), S.T(2, g=True)),
    "batched single": lambda S: (
        lambda x: S.A.grad(x.sum(), x, S.torch.arange(3.0).double(), is_grads_batched=True)
    )(S.T(2, g=True)),
    "batched none": lambda S: (lambda x: S.A.grad(x.sum(), x, is_grads_batched=True))(
        S.T(2, g=True)
    ),
    "batched bad": lambda S: (
        lambda x: S.A.grad(x * 1, x, S.torch.eye(3).double(), is_grads_batched=True)
    )(S.T(2, g=True)),
    "retain": lambda S: (lambda x: (lambda y: (S.A.grad(y, x), S.A.grad(y, x)))((x * x).sum()))(
        S.T(2, g=True)
    ),
    "retain F cg": lambda S: (
        lambda x: (
            lambda y: (S.A.grad(y, x, retain_graph=False, create_graph=True), S.A.grad(y, x))
        )((x * x).sum())
    )(S.T(2, g=True)),
    "empty in": lambda S: S.A.grad(S.T(g=True) * 2, []),
    "empty out": lambda S: S.A.grad([], [S.T(g=True)]),
    "nongrad in list": lambda S: (lambda x: S.A.grad((x * x).sum(), [x, S.T(2)]))(S.T(2, g=True)),
    "nongrad in allow": lambda S: (
        lambda x: S.A.grad((x * x).sum(), [x, S.T(2)], allow_unused=True)
    )(S.T(2, g=True)),
    "backward inputs": lambda S: (
        lambda x, y: ((x * y).sum().backward(inputs=[x]), x.grad, y.grad)
    )(S.T(2, g=True), S.T(2, g=True)),
    "backward inputs nonleaf": lambda S: (
        lambda x: (lambda h: ((h * h).sum().backward(inputs=[h]), x.grad, h.grad))(x * 2)
    )(S.T(2, g=True)),
    "backward inputs empty": lambda S: (lambda x: (x * x).sum().backward(inputs=[]))(
        S.T(2, g=True)
    ),
    "backward bad type": lambda S: (lambda x: (x * x).backward(2.0))(S.T(2, g=True)),
    "tensor outputs grad on grad_out": lambda S: (
        lambda x, w: S.A.grad(S.A.grad(x * x, x, w, create_graph=True)[0].sum(), [x, w])
    )(S.T(2, g=True), S.T(2, g=True)),
    "jac g in": lambda S: S.AF.jacobian(S.g1, S.T(2, g=True), create_graph=True),
    "jac g in nocg": lambda S: S.AF.jacobian(S.g1, S.T(2, g=True)),
    "jac fwd": lambda S: S.AF.jacobian(S.g1, S.T(2), vectorize=True, strategy="forward-mode"),
    "jac vec": lambda S: S.AF.jacobian(S.g2, (S.T(2), S.T(2)), vectorize=True),
    "jac fwd novec": lambda S: S.AF.jacobian(S.g1, S.T(2), strategy="forward-mode"),
    "jac badstr": lambda S: S.AF.jacobian(S.g1, S.T(2), strategy="x"),
    "jac strict vec": lambda S: S.AF.jacobian(S.g1, S.T(2), strict=True, vectorize=True),
    "hes out fwd": lambda S: S.AF.hessian(
        S.f1, S.T(2), vectorize=True, outer_jacobian_strategy="forward-mode"
    ),
    "hes bad": lambda S: S.AF.hessian(S.g1, S.T(2)),
    "hes badstr": lambda S: S.AF.hessian(S.f1, S.T(2), outer_jacobian_strategy="z"),
    "vjp none": lambda S: S.AF.vjp(S.f1, S.T(2)),
    "vjp none bad": lambda S: S.AF.vjp(S.g1, S.T(2)),
    "jvp none": lambda S: S.AF.jvp(S.g1, S.T(1)),
    "jvp none bad": lambda S: S.AF.jvp(S.g1, S.T(2)),
    "vjp badshape": lambda S: S.AF.vjp(S.g1, S.T(2), S.T(3)),
    "jvp badlen": lambda S: S.AF.jvp(S.g2, (S.T(2), S.T(2)), (S.T(2),)),
    "notensor": lambda S: S.AF.jacobian(S.g1, 3.0),
    "outnot": lambda S: S.AF.jacobian(lambda x: 3.0, S.T(2)),
    "list in": lambda S: S.AF.jacobian(lambda x, y: x * y, [S.T(2), S.T(2)]),
    "vjp list out": lambda S: S.AF.vjp(lambda x: [x, x * 2], S.T(2), [S.T(2), S.T(2)]),
    "hvp none": lambda S: S.AF.hvp(lambda x: (x**3).sum(), S.T(1)),
    "jac scalar in": lambda S: S.AF.jacobian(lambda x: x * S.torch.ones(2).double(), S.T()),
    "hes 0d": lambda S: S.AF.hessian(lambda x: x**3, S.T()),
    "hes 1el": lambda S: S.AF.hessian(lambda x: (x**3).sum().reshape(1), S.T(2)),
    "fgrad": lambda S: S.FN.grad(lambda x: (x**2).sum())(S.T(2)),
    "fgrad2": lambda S: S.FN.grad(S.FN.grad(S.sin))(S.T()),
    "fgrad arg1": lambda S: S.FN.grad(S.f2, argnums=1)(S.T(2), S.T(2)),
    "fgrad args": lambda S: S.FN.grad(S.f2, argnums=(0, 1))(S.T(2), S.T(2)),
    "fgrad neg": lambda S: S.FN.grad(S.f2, argnums=-1)(S.T(2), S.T(2)),
    "fgrad aux": lambda S: S.FN.grad(lambda x: ((x**2).sum(), x * 2), has_aux=True)(S.T(2)),
    "fgv": lambda S: S.FN.grad_and_value(S.f1)(S.T(2)),
    "fgv aux": lambda S: S.FN.grad_and_value(lambda x: ((x**2).sum(), {"a": x * 2}), has_aux=True)(
        S.T(2)
    ),
    "fgrad dict": lambda S: S.FN.grad(lambda p: (p["a"] * p["b"][0]).sum())(
        {"a": S.T(2), "b": [S.T(2)]}
    ),
    "fgrad nonscalar": lambda S: S.FN.grad(lambda x: x * 2)(S.T(2)),
    "fgrad 1el": lambda S: S.FN.grad(lambda x: x * 2)(S.T(1)),
    "fgrad tuple": lambda S: S.FN.grad(lambda x: (x.sum(),))(S.T(2)),
    "fgrad unused": lambda S: S.FN.grad(lambda x, y: y.sum())(S.T(2), S.T(2)),
    "fgrad outer": lambda S: (lambda w, x: (S.FN.grad(lambda x: (w * x).sum())(x),))(
        S.T(2, g=True), S.T(2)
    ),
    "fgrad bad argnum": lambda S: S.FN.grad(S.f1, argnums=3)(S.T(2)),
    "fgrad int": lambda S: S.FN.grad(S.f1)(S.torch.arange(2)),
    "fgrad float arg": lambda S: S.FN.grad(S.f1)(2.0),
    "fgrad aux bad": lambda S: S.FN.grad(S.f1, has_aux=True)(S.T(2)),
    "fgrad of req": lambda S: S.FN.grad(S.f1)(S.T(2, g=True)),
    "closure": closure,
    "in nograd": under_no_grad,
    "inner nograd": inner_no_grad,
    "inner detach": lambda S: S.FN.grad(lambda x: (x * x.detach()).sum())(S.T(2)),
    "fvjp": lambda S: (lambda o: (o[0], o[1](S.T(2))))(S.FN.vjp(S.g1, S.T(2))),
    "fvjp2": lambda S: (lambda o: (o[0], o[1]((S.T(2), S.T()))))(S.FN.vjp(S.g2, S.T(2), S.T(2))),
    "fvjp2 b": lambda S: (lambda o: o[1](S.T(2), S.T()))(S.FN.vjp(S.g2, S.T(2), S.T(2))),
    "fvjp aux": lambda S: (lambda o: (o[0], o[1](S.T(2)), o[2]))(
        S.FN.vjp(lambda x: (x * x, x + 1), S.T(2), has_aux=True)
    ),
    "fvjp bad": lambda S: S.FN.vjp(S.g1, S.T(2))[1](S.T(3)),
    "fvjp dict": lambda S: S.FN.vjp(lambda x: {"a": x * x}, S.T(2))[1]({"a": S.T(2)}),
    "fvjp twice": lambda S: (lambda o: (o[1](S.T(2)), o[1](S.T(2))))(S.FN.vjp(S.g1, S.T(2))),
    "fjvp": lambda S: S.FN.jvp(S.g1, (S.T(2),), (S.T(2),)),
    "fjvp2": lambda S: S.FN.jvp(S.g2, (S.T(2), S.T(2)), (S.T(2), S.T(2))),
    "fjvp aux": lambda S: S.FN.jvp(lambda x: (x * x, x + 1), (S.T(2),), (S.T(2),), has_aux=True),
    "fjvp bad": lambda S: S.FN.jvp(S.g1, (S.T(2),), (S.T(3),)),
    "fjvp nottuple": lambda S: S.FN.jvp(S.g1, S.T(2), S.T(2)),
    "fjvp dict": lambda S: S.FN.jvp(lambda d: d["a"] * 2, ({"a": S.T(2)},), ({"a": S.T(2)},)),
    "fjvp nested": lambda S: S.FN.jvp(
        lambda x: S.FN.jvp(S.g1, (x,), (S.torch.ones(2).double(),))[1], (S.T(2),), (S.T(2),)
    ),
    "fjvp const": lambda S: S.FN.jvp(lambda x: S.torch.ones(2).double(), (S.T(2),), (S.T(2),)),
    "fjvp strict": lambda S: S.FN.jvp(
        lambda x: S.torch.ones(2).double(), (S.T(2),), (S.T(2),), strict=True
    ),
    "grad of jvp": lambda S: S.FN.grad(
        lambda x: S.FN.jvp(S.g1, (x,), (S.torch.ones(2).double(),))[1].sum()
    )(S.T(2)),
    "jchunk": lambda S: S.FN.jacrev(S.g1, chunk_size=1)(S.T(3)),
    "jchunk0": lambda S: S.FN.jacrev(S.g1, chunk_size=0)(S.T(3)),
    "fhes": lambda S: S.FN.hessian(S.f1)(S.T(2)),
    "fhes2": lambda S: S.FN.hessian(S.f2, argnums=(0, 1))(S.T(2), S.T(2)),
    "fhes vec": lambda S: S.FN.hessian(S.g1)(S.T(2)),
    "linearize": linearized,
    "linearize2": linearized_two,
    "linearize bad": lambda S: S.FN.linearize(S.g1, S.T(2))[1](S.T(3)),
    "v": lambda S: S.V(S.sin)(S.T(3, 2)),
    "v2": lambda S: S.V(S.torch.dot)(S.T(3, 2), S.T(3, 2)),
    "vin": lambda S: S.V(S.torch.dot, in_dims=(0, 1))(S.T(3, 2), S.T(2, 3)),
    "vnone": lambda S: S.V(S.torch.dot, in_dims=(0, None))(S.T(3, 2), S.T(2)),
    "vout": lambda S: S.V(S.sin, out_dims=1)(S.T(3, 2)),
    "vneg": lambda S: S.V(S.sin, in_dims=-1, out_dims=-1)(S.T(3, 2)),
    "vtupout": lambda S: S.V(lambda x: (x * 2, x.sum()), out_dims=(1, 0))(S.T(3, 2)),
    "vdict": lambda S: S.V(lambda d: d["a"] * d["b"], in_dims=({"a": 0, "b": None},))(
        {"a": S.T(3, 2), "b": S.T(2)}
    ),
    "vdict0": lambda S: S.V(lambda d: {"s": d["a"] * 2})({"a": S.T(3, 2)}),
    "vnest": lambda S: S.V(S.V(S.torch.mul, in_dims=(0, None)), in_dims=(None, 0))(S.T(3), S.T(2)),
    "vgrad": lambda S: S.V(S.FN.grad(S.f1))(S.T(3, 2)),
    "vjac": lambda S: S.V(S.FN.jacrev(S.g1))(S.T(3, 2)),
    "vkw": lambda S: S.V(lambda x, k: x * k)(S.T(3, 2), k=S.T(3, 2)),
    "vmism": lambda S: S.V(S.torch.mul)(S.T(3), S.T(2)),
    "vindims bad": lambda S: S.V(S.sin, in_dims=(0, 0))(S.T(3)),
    "vnoarg": lambda S: S.V(lambda: 1)(),
    "vallnone": lambda S: S.V(S.sin, in_dims=None)(S.T(3)),
    "vout none": lambda S: S.V(lambda x: S.torch.ones(2), out_dims=None)(S.T(3)),
    "vconst": lambda S: S.V(lambda x: S.torch.ones(2))(S.T(3)),
    "vnontensor": lambda S: S.V(lambda x: 1.0)(S.T(3)),
    "vzero": lambda S: S.V(S.sin)(S.torch.ones(0, 2)),
    "v0d": lambda S: S.V(S.sin)(S.T()),
    "voor": lambda S: S.V(S.sin, in_dims=2)(S.T(3, 2)),
    "vchunk": lambda S: S.V(S.sin, chunk_size=2)(S.T(5, 2)),
    "vchunk0": lambda S: S.V(S.sin, chunk_size=0)(S.T(5, 2)),
    "vnumarg": lambda S: S.V(lambda x, k: x * k, in_dims=(0, None))(S.T(3), 2),
    "vnumarg bad": lambda S: S.V(lambda x, k: x * k)(S.T(3), 2),
    "vrand err": lambda S: S.V(lambda x: x + S.torch.rand(2))(S.T(3)),
    "vrand same": lambda S: (lambda r: bool((r[0] == r[1]).all()))(
        S.V(lambda x: S.torch.rand(2) + x * 0, randomness="same")(S.T(3))
    ),
    "vrand bad": lambda S: S.V(S.sin, randomness="x")(S.T(3)),
    "vlist out": lambda S: S.V(lambda x: [x, x * 2])(S.T(3)),
    "vnested out": lambda S: S.V(lambda x: (x, {"a": [x]}))(S.T(3)),
    "vouttuple mism": lambda S: S.V(lambda x: (x, x), out_dims=(0,))(S.T(3)),
    "vshape": lambda S: S.V(lambda x: x.reshape(-1).sum(0))(S.T(3, 2, 2)),
    "vreq": lambda S: S.V(S.sin)(S.T(3, g=True)),
    "vdropout": lambda S: S.V(lambda x: S.F.dropout(x, 0.5))(S.T(3, 2)),
    "vlong": lambda S: S.V(lambda x: x.argmax())(S.T(3, 2)),
    "vbool": lambda S: S.V(lambda x: x > 0)(S.T(3, 2)),
    "vindex": lambda S: S.V(lambda x, i: x[i])(S.T(3, 2), S.torch.tensor([0, 1, 0])),
    "vrandn same2": lambda S: (
        S.V(lambda x: S.F.dropout(x, 0.5), randomness="same")(S.torch.ones(3, 4))
        .unique(dim=0)
        .shape[0]
        == 1
    ),
    "fcall": called,
    "fcall strict": lambda S: called_strictly(S, nope=S.T(1)),
    "fcall strict missing": lambda S: called_strictly(S, weight=S.torch.ones(1, 2).double()),
    "ensemble": ensemble,
    "persample": lambda S: (
        lambda m, x: S.V(
            S.FN.grad(lambda p, x: S.FN.functional_call(m, p, (x,)).sum()), in_dims=(None, 0)
        )({k: v.detach() * 0 + 1 for k, v in m.named_parameters()}, x)
    )(S.torch.nn.Linear(2, 1).double(), S.T(3, 2)),
    "torch.vmap": lambda S: S.torch.vmap(S.sin)(S.T(3)),
    "replace_bn": without_statistics,
    "functionalize": lambda S: S.FN.functionalize(lambda x: x.clone().add_(1))(S.T(2)),
    "debug_unwrap": lambda S: S.FN.debug_unwrap(S.T(2)),
}

STRICT = {
    "jac": lambda S, k: S.AF.jacobian(S.g1, S.T(2), **k),
    "jac2": lambda S, k: S.AF.jacobian(S.g2, (S.T(2), S.T(2)), **k),
    "jacind": lambda S, k: S.AF.jacobian(S.ind, (S.T(2), S.T(2)), **k),
    "hes": lambda S, k: S.AF.hessian(S.f1, S.T(2), **k),
    "hes2": lambda S, k: S.AF.hessian(S.f2, (S.T(2), S.T(2)), **k),
    "heslin": lambda S, k: S.AF.hessian(lambda x: x.sum(), S.T(2), **k),
    "vjp": lambda S, k: S.AF.vjp(S.g1, S.T(2), S.T(2), **k),
    "vjp2": lambda S, k: S.AF.vjp(S.g2, (S.T(2), S.T(2)), (S.T(2), S.T()), **k),
    "vjpind": lambda S, k: S.AF.vjp(S.ind, (S.T(2), S.T(2)), S.T(2), **k),
    "jvp": lambda S, k: S.AF.jvp(S.g1, S.T(2), S.T(2), **k),
    "jvp2": lambda S, k: S.AF.jvp(S.g2, (S.T(2), S.T(2)), (S.T(2), S.T(2)), **k),
    "jvpind": lambda S, k: S.AF.jvp(S.ind, (S.T(2), S.T(2)), (S.T(2), S.T(2)), **k),
    "vhp": lambda S, k: S.AF.vhp(S.f1, S.T(2), S.T(2), **k),
    "vhp2": lambda S, k: S.AF.vhp(S.f2, (S.T(2), S.T(2)), (S.T(2), S.T(2)), **k),
    "hvp": lambda S, k: S.AF.hvp(S.f1, S.T(2), S.T(2), **k),
    "hvp2": lambda S, k: S.AF.hvp(S.f2, (S.T(2), S.T(2)), (S.T(2), S.T(2)), **k),
    "hvplin": lambda S, k: S.AF.hvp(lambda x: x.sum(), S.T(2), S.T(2), **k),
    "vhplin": lambda S, k: S.AF.vhp(lambda x: x.sum(), S.T(2), S.T(2), **k),
    "const": lambda S, k: S.AF.jacobian(lambda x: S.torch.ones(2).double(), S.T(2), **k),
    "jvpconst": lambda S, k: S.AF.jvp(lambda x: S.torch.ones(2).double(), S.T(2), S.T(2), **k),
}

JACOBIANS = {
    "j": lambda S, J: J(S.g1)(S.T(2)),
    "j2": lambda S, J: J(S.g2)(S.T(2), S.T(2)),
    "j2args": lambda S, J: J(S.g2, argnums=(0, 1))(S.T(2), S.T(2)),
    "jarg1": lambda S, J: J(S.g2, argnums=1)(S.T(2), S.T(2)),
    "jaux": lambda S, J: J(lambda x: (x * x, x + 1), has_aux=True)(S.T(2)),
    "jdict": lambda S, J: J(lambda x: {"a": x * x, "b": x.sum()})(S.T(2)),
    "jdictin": lambda S, J: J(lambda d: d["a"] * d["b"])({"a": S.T(2), "b": S.T(2)}),
    "jj": lambda S, J: J(J(S.g1))(S.T(2)),
    "jmat": lambda S, J: J(lambda x: x @ x)(S.T(2, 2)),
    "junused": lambda S, J: J(lambda x, y: x * 2, argnums=(0, 1))(S.T(2), S.T(2)),
    "jscalar": lambda S, J: J(S.sin)(S.T()),
    "jtuple1": lambda S, J: J(lambda x: (x * x,))(S.T(2)),
    "jlist": lambda S, J: J(lambda x: [x * x, x])(S.T(2)),
    "jneg": lambda S, J: J(S.f2, argnums=-1)(S.T(2), S.T(2)),
    "jargs1": lambda S, J: J(S.f2, argnums=(1,))(S.T(2), S.T(2)),
    "jreq": lambda S, J: J(S.g1)(S.T(2, g=True)),
}


def told(value):
    """A result as nested tuples that can be compared."""
    if hasattr(value, "requires_grad"):
        kind = str(value.dtype).rpartition(".")[2]
        numbers = np.asarray(value.detach(), dtype=float)
        return ("tensor", kind, value.requires_grad, tuple(value.shape), numbers)
    if isinstance(value, (tuple, list)):
        return (type(value).__name__, *map(told, value))
    if isinstance(value, dict):
        return ("dict", *((k, told(v)) for k, v in value.items()))
    return value if isinstance(value, (int, float, str, bool, type(None))) else type(value).__name__


def outcome(case, library, func, *more):
    """What a call gives, or the class of its error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return told(case(setting(library, func), *more))
        except Exception as error:  # noqa: BLE001 - whatever it is
            return type(error).__name__


def same(mine, theirs, tracked=True):
    """Whether two outcomes agree."""
    if isinstance(mine, tuple) and isinstance(theirs, tuple) and len(mine) == len(theirs):
        if mine and mine[0] == "tensor" == theirs[0]:
            flags = mine[2] == theirs[2] or not tracked
            alike = mine[1] == theirs[1] and mine[3] == theirs[3] and flags
            return alike and np.allclose(mine[4], theirs[4], rtol=1e-9, atol=1e-12, equal_nan=True)
        return all(same(a, b, tracked) for a, b in zip(mine, theirs, strict=True))
    return mine == theirs


@pytest.mark.parametrize("name", CASES)
def test_calls(name):
    mine = outcome(CASES[name], ours, our_func)
    theirs = outcome(CASES[name], torch, torch_func)
    # in PyTorch forward mode leaves a history on the Hessian
    assert same(mine, theirs, tracked=name != "hes out fwd"), (mine, theirs)


@pytest.mark.parametrize("name", STRICT)
@pytest.mark.parametrize("create", [False, True])
@pytest.mark.parametrize("strict", [False, True])
def test_strict_and_differentiable(name, create, strict):
    k = {"create_graph": create, "strict": strict}
    mine = outcome(STRICT[name], ours, our_func, k)
    theirs = outcome(STRICT[name], torch, torch_func, k)
    # second derivatives of y² are constants here and carry a history of zeros in PyTorch
    assert same(mine, theirs, tracked=name not in {"hes2", "hvp2", "vhp2"}), (mine, theirs)


@pytest.mark.parametrize("name", JACOBIANS)
@pytest.mark.parametrize("way", ["jacrev", "jacfwd"])
def test_jacobians(name, way):
    if (name, way) == ("jneg", "jacfwd"):
        pytest.skip("PyTorch's jacfwd gives zeros for negative argnums")
    mine = outcome(JACOBIANS[name], ours, our_func, getattr(our_func, way))
    theirs = outcome(JACOBIANS[name], torch, torch_func, getattr(torch_func, way))
    assert same(mine, theirs), (mine, theirs)


def test_slices_may_branch_on_values():
    """Beyond PyTorch: every slice is a call of its own."""
    x = ours.tensor([1.0, -2.0])
    assert our_func.vmap(lambda v: v if v > 0 else -v)(x).tolist() == [1.0, 2.0]
    assert our_func.vmap(lambda v: v * v.item())(x).tolist() == [1.0, 4.0]


def test_random_slices():
    x = ours.zeros(3, 4)
    different = our_func.vmap(lambda v: v + ours.rand(4), randomness="different")(x)
    same_draws = our_func.vmap(lambda v: v + ours.rand(4), randomness="same")(x)
    assert len(different.unique(dim=0)) == 3
    assert len(same_draws.unique(dim=0)) == 1
    with pytest.raises(RuntimeError, match="randomness error mode"):
        our_func.vmap(lambda v: v + ours.rand(4))(x)


def test_no_vectors_give_empty_gradients():
    """Beyond PyTorch, which raises an IndexError."""
    x = ours.ones(2, requires_grad=True)
    (g,) = ours.autograd.grad(x * 1, x, ours.ones(0, 2), is_grads_batched=True)
    assert g.shape == (0, 2)


def test_jacobians_by_negative_places():
    x, y = ours.tensor([1.0, 2.0]), ours.tensor([3.0, 4.0])
    for way in (our_func.jacrev, our_func.jacfwd):
        assert way(lambda x, y: (x * y).sum(), argnums=-1)(x, y).tolist() == [1.0, 2.0]
