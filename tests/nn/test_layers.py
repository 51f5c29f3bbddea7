"""Every layer by itself: its gradients are slopes, its state goes round, its copy is its equal."""

from __future__ import annotations

import copy
import pickle
import warnings

import numpy as np
import pytest

import tinygrad_lite as torch
from tests.nn.layer_cases import CASES, draw

STEP = 1e-6


def build(case):
    kwargs = {
        key: torch.tensor(value) if key in {"weight", "pos_weight"} else value
        for key, value in case.kwargs.items()
    }
    torch.manual_seed(3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return getattr(torch.nn, case.name)(*case.args, **kwargs).train(case.training)


def inputs_of(case):
    """The inputs as float64 arrays, and which of them want a gradient."""
    random = np.random.default_rng(5)
    made = [draw(given, random) for given in case.inputs]
    return [
        value.astype(np.float64) if getattr(value, "dtype", None) == np.float32 else value
        for value, _ in made
    ], [wanted for _, wanted in made]


def as_tensors(values, wanted=None):
    made = []
    for i, value in enumerate(values):
        is_array = isinstance(value, np.ndarray | np.generic)
        made.append(torch.tensor(np.asarray(value)) if is_array else value)
        if wanted is not None and wanted[i]:
            made[-1].requires_grad_()
    return made


def call(module, case, inputs):
    settings = {
        key: torch.tensor(value) if isinstance(value, np.ndarray) else value
        for key, value in case.call.items()
    }
    settings = {
        key: value.double() if getattr(value, "dtype", None) is torch.float32 else value
        for key, value in settings.items()
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return module(*inputs, **settings)


def leaves(result):
    if isinstance(result, tuple | list):
        return [leaf for part in result for leaf in leaves(part)]
    return [] if result is None else [result]


def score(results):
    """One number from all results; the weights differ from element to element."""
    total = None
    for place, out in enumerate(results):
        if not out.is_floating_point():
            continue
        weights = np.cos(np.arange(out.numel()) + place).reshape(tuple(out.shape))
        part = (out * torch.tensor(weights)).sum()
        total = part if total is None else total + part
    return total


# its gradient, as PyTorch's, already holds the softmax that made the log-probabilities
SMOOTH = [case for case in CASES if case.name != "CTCLoss"]


@pytest.mark.parametrize("case", SMOOTH, ids=str)
def test_gradients_are_slopes(case):
    module = build(case).double()
    start = copy.deepcopy(module.state_dict())
    values, wanted = inputs_of(case)
    tensors = as_tensors(values, wanted)
    total = score(leaves(call(module, case, tensors)))
    if not total.requires_grad:
        pytest.skip("nothing here wants a gradient")
    total.backward()
    random = np.random.default_rng(1)
    for i, tensor in enumerate(tensors):
        if not wanted[i] or not values[i].size:
            continue
        along = random.standard_normal(values[i].shape)
        ends = []
        for sign in (1, -1):
            module.load_state_dict(start)  # running statistics start afresh
            moved = [v + sign * STEP * along if j == i else v for j, v in enumerate(values)]
            ends.append(score(leaves(call(module, case, as_tensors(moved)))).item())
        slope = (ends[0] - ends[1]) / (2 * STEP)
        pulled = float((tensor.grad.numpy() * along).sum())
        np.testing.assert_allclose(pulled, slope, rtol=2e-5, atol=1e-6, err_msg=f"input {i}")
    if case.kwargs.get("scale_grad_by_freq") or case.kwargs.get("max_norm"):
        return  # divided by counts, or shortened outside the graph, on purpose: no slope
    for name, parameter in module.named_parameters():
        along = random.standard_normal(tuple(parameter.shape))
        if case.kwargs.get("padding_idx") is not None:
            along[case.kwargs["padding_idx"]] = 0  # its row gets no gradient on purpose
        ends = []
        for sign in (1, -1):
            module.load_state_dict(start)
            with torch.no_grad():
                parameter.add_(torch.tensor(sign * STEP * along))
            ends.append(score(leaves(call(module, case, as_tensors(values)))).item())
        slope = (ends[0] - ends[1]) / (2 * STEP)
        pulled = float((parameter.grad.numpy() * along).sum()) if parameter.grad is not None else 0
        np.testing.assert_allclose(pulled, slope, rtol=2e-5, atol=1e-6, err_msg=name)


def same(ours, theirs):
    for a, b in zip(leaves(ours), leaves(theirs), strict=True):
        np.testing.assert_array_equal(a.detach().numpy(), b.detach().numpy())


@pytest.mark.parametrize("case", CASES, ids=str)
def test_state_copy_and_pickle_give_the_same_results(case):
    module = build(case).eval().double()
    values, _ = inputs_of(case)
    expected = call(module, case, as_tensors(values))
    fresh = build(case).eval().double()
    with torch.no_grad():
        for parameter in fresh.parameters():
            parameter.zero_()
    assert repr(fresh.load_state_dict(module.state_dict())) == "<All keys matched successfully>"
    for twin in (fresh, copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        assert repr(twin) == repr(module)
        same(call(twin, case, as_tensors(values)), expected)
