"""Run a functional on PyTorch's samples, here and there, to the second order."""

from __future__ import annotations

import warnings

import numpy as np
import torch

from tinygrad_lite import _dtypes
from tinygrad_lite._backward import gradients_of
from tinygrad_lite._nodes import Leaf, make
from tinygrad_lite._tensor import Tensor
from tinygrad_lite.nn import functional as F

TOLERANCE = {"float64": 1e-7, "float32": 1e-4}


def mirror(x, store):
    """Our counterpart of one of PyTorch's arguments; `store` pairs the tensors that want grads."""
    if isinstance(x, torch.Tensor):
        made = make(np.array(x.detach().numpy(force=True)), None)
        if x.requires_grad:
            made._node = Leaf(made)
            store.append((made, x))
        return made
    if isinstance(x, torch.dtype):
        return _dtypes.DTYPES[str(x).removeprefix("torch.")]
    if isinstance(x, torch.nn.PairwiseDistance):
        return F.pairwise_distance
    if isinstance(x, torch.Size):
        return tuple(x)
    if isinstance(x, (tuple, list)):
        return type(x)(mirror(i, store) for i in x)
    if isinstance(x, dict):
        return {k: mirror(v, store) for k, v in x.items()}
    return x


def flat(result):
    """The tensors of a result, in order."""
    if isinstance(result, (torch.Tensor, Tensor)):
        return [result]
    if isinstance(result, (tuple, list)):
        return [t for r in result for t in flat(r)]
    return []


def plain(x):
    return np.asarray(x.detach()._array) if isinstance(x, Tensor) else x.detach().numpy(force=True)


def same(ours, theirs, what):
    """Assert equal shape, dtype and values."""
    a, b = plain(ours), plain(theirs)
    assert a.shape == b.shape, f"{what}: shape {a.shape}, expected {b.shape}"
    assert a.dtype == b.dtype, f"{what}: dtype {a.dtype}, expected {b.dtype}"
    tolerance = TOLERANCE.get(b.dtype.name, 0)
    finite = b[np.isfinite(b)] if b.dtype.kind == "f" else np.empty(0)
    scale = max(1.0, float(np.abs(finite).max())) if finite.size else 1
    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * scale, err_msg=what)


def filled(grads, inputs, zeros):
    return [zeros(x) if g is None else g for g, x in zip(grads, inputs, strict=True)]


def check(ours, theirs, args, kwargs, *, second=True):
    """Compare value, gradients and second gradients of `ours` with those of `theirs`."""
    store = []
    our_args, our_kwargs = mirror(list(args), store), mirror(kwargs, store)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = theirs(*args, **kwargs)
        result = ours(*our_args, **our_kwargs)
    mine, wanted = flat(result), flat(expected)
    assert len(mine) == len(wanted), f"{len(mine)} results, expected {len(wanted)}"
    for i, (a, b) in enumerate(zip(mine, wanted, strict=True)):
        same(a, b, f"result {i}")
    pairs = [(a, b) for a, b in zip(mine, wanted, strict=True) if b.requires_grad]
    for a, _ in zip(mine, wanted, strict=True):
        if a.dtype.is_floating_point and any(b.requires_grad for _, b in pairs):
            break
    if not pairs or not store:
        return
    _check_grads(pairs, store, second)


def _check_grads(pairs, store, second):
    generator = torch.Generator().manual_seed(3)
    seeds = [
        torch.randn(b.shape, generator=generator, dtype=b.dtype, requires_grad=True)
        for _, b in pairs
    ]
    links = []
    our_seeds = [mirror(s, links) for s in seeds]
    ours, theirs = [a for a, _ in pairs], [b for _, b in pairs]
    assert all(a.requires_grad for a in ours), "the result does not require a gradient"
    inputs = [b for _, b in store]
    our_inputs = [a for a, _ in store]
    first = torch.autograd.grad(theirs, inputs, seeds, allow_unused=True, create_graph=second)
    if second:
        plainly = gradients_of(ours, our_seeds, our_inputs, True, False)
        again = gradients_of(ours, our_seeds, our_inputs, True, True)
    else:
        plainly = again = gradients_of(ours, our_seeds, our_inputs, False, False)
    for i, (p, a, t) in enumerate(zip(plainly, again, first, strict=True)):
        zeros = torch.zeros_like(inputs[i])
        for name, g in (("gradient", p), ("recorded gradient", a)):
            if g is None:
                same(zeros, zeros if t is None else t, f"{name} {i}, none here")
            else:
                same(g, zeros if t is None else t, f"{name} {i}")
    if second:
        _check_second(first, again, inputs + seeds, our_inputs + our_seeds)


def _check_second(first, ours, inputs, our_inputs):
    pairs = [(a, t) for a, t in zip(ours, first, strict=True) if t is not None and t.requires_grad]
    if not pairs:
        return
    generator = torch.Generator().manual_seed(4)
    seeds = [torch.randn(t.shape, generator=generator, dtype=t.dtype) for _, t in pairs]
    try:
        wanted = torch.autograd.grad([t for _, t in pairs], inputs, seeds, allow_unused=True)
    except RuntimeError as error:
        if "is not implemented" not in str(error):
            raise
        return  # PyTorch has no such derivative
    mine = [a for a, _ in pairs]
    live = [(a, s) for a, s in zip(mine, seeds, strict=True) if a is not None and a.requires_grad]
    if not live:
        found = [None] * len(inputs)
    else:
        found = gradients_of(
            [a for a, _ in live], [mirror(s, []) for _, s in live], our_inputs, False, False
        )
    for i, (a, t) in enumerate(zip(found, wanted, strict=True)):
        zeros = torch.zeros_like(inputs[i])
        same(zeros if a is None else a, zeros if t is None else t, f"second gradient {i}")
