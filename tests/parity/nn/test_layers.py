"""Every layer beside PyTorch's: outputs, gradients, buffers, text, names and defaults."""

from __future__ import annotations

import inspect
import warnings

import numpy as np
import pytest

import tinygrad_lite as tgl
from tests.nn.layer_cases import CASES, draw

torch = pytest.importorskip("torch", reason="compares with PyTorch, which is not installed")

PLAIN = (bool, int, float, str, tuple, list, type(None))


def build(library, case):
    kwargs = {
        key: library.tensor(value) if key in {"weight", "pos_weight"} else value
        for key, value in case.kwargs.items()
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = getattr(library.nn, case.name)(*case.args, **kwargs)
    return made.train(case.training)


def copy_state(source, target):
    state = {key: tgl.tensor(value.numpy()) for key, value in source.state_dict().items()}
    target.load_state_dict(state)


def tensors(library, case):
    rng = np.random.default_rng(sum(map(ord, str(case))))
    made = []
    for given in case.inputs:
        value, wants_grad = draw(given, rng)
        if not isinstance(value, np.ndarray | np.generic):
            made.append(value)
            continue
        value = np.asarray(value)
        if value.dtype == np.float64:
            value = value.astype(np.float32)
        made.append(library.tensor(value))
        if wants_grad:
            made[-1].requires_grad_()
    return made


def call(library, module, case, inputs):
    settings = {
        key: library.tensor(value) if isinstance(value, np.ndarray) else value
        for key, value in case.call.items()
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return module(*inputs, **settings)


def leaves(result):
    if isinstance(result, tuple | list):
        return [leaf for part in result for leaf in leaves(part)]
    return [] if result is None else [result]


def pull(library, outputs, rng):
    total = None
    for out in outputs:
        if not out.requires_grad:
            continue
        weight = rng.standard_normal(tuple(out.shape)).astype(np.float32)
        part = (out * library.tensor(weight)).sum()
        total = part if total is None else total + part
    if total is not None:
        total.backward()


def near(ours, theirs, what):
    a, b = ours.detach().numpy(), theirs.detach().numpy()
    assert a.shape == b.shape, what
    assert a.dtype == b.dtype, what
    np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-5, err_msg=what)


def gradients_near(ours, theirs, what):
    if theirs.grad is None:
        assert ours.grad is None, what
    else:
        near(ours.grad, theirs.grad, what)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_output_and_gradients(case):
    theirs = build(torch, case)
    ours = build(tgl, case)
    copy_state(theirs, ours)
    their_inputs, our_inputs = tensors(torch, case), tensors(tgl, case)
    their_results = leaves(call(torch, theirs, case, their_inputs))
    our_results = leaves(call(tgl, ours, case, our_inputs))
    assert len(our_results) == len(their_results)
    for a, b in zip(our_results, their_results, strict=True):
        assert a.requires_grad == b.requires_grad
        near(a, b, "output")
    pull(torch, their_results, np.random.default_rng(1))
    pull(tgl, our_results, np.random.default_rng(1))
    for place, (a, b) in enumerate(zip(our_inputs, their_inputs, strict=True)):
        if isinstance(b, torch.Tensor):
            gradients_near(a, b, f"gradient of input {place}")
    for (name, a), (_, b) in zip(ours.named_parameters(), theirs.named_parameters(), strict=True):
        gradients_near(a, b, f"gradient of {name}")
    for (name, a), (_, b) in zip(ours.named_buffers(), theirs.named_buffers(), strict=True):
        near(a, b, f"buffer {name}")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_text_names_and_attributes(case):
    theirs, ours = build(torch, case), build(tgl, case)
    assert repr(ours) == repr(theirs)
    assert [(k, tuple(v.shape)) for k, v in ours.state_dict().items()] == [
        (k, tuple(v.shape)) for k, v in theirs.state_dict().items()
    ]
    assert ours.state_dict()._metadata == theirs.state_dict()._metadata
    assert [k for k, _ in ours.named_parameters()] == [k for k, _ in theirs.named_parameters()]
    assert [k for k, _ in ours.named_modules()] == [k for k, _ in theirs.named_modules()]
    for key, value in vars(theirs).items():
        if key[0] != "_" and key != "activation_relu_or_gelu" and isinstance(value, PLAIN):
            assert getattr(ours, key) == value, key


def layer_names():
    return sorted(
        name
        for name in dir(torch.nn)
        if isinstance(getattr(torch.nn, name), type)
        and issubclass(getattr(torch.nn, name), torch.nn.Module)
        and name != "Container"
    )


@pytest.mark.parametrize("name", layer_names())
def test_arguments_and_defaults(name):
    def arguments(cls):
        return [
            (p.name, p.kind, "function" if inspect.isfunction(p.default) else p.default)
            for p in inspect.signature(cls.__init__).parameters.values()
        ]

    if name in {"RNN", "LSTM", "GRU"}:
        pytest.skip("PyTorch declares *args here")
    ours, theirs = arguments(getattr(tgl.nn, name)), arguments(getattr(torch.nn, name))
    assert [(n, k) for n, k, _ in ours] == [(n, k) for n, k, _ in theirs]
    for (key, _, ours_default), (_, _, default) in zip(ours, theirs, strict=True):
        if default != "function" and not callable(default):
            assert ours_default == default, key


def test_every_layer_has_a_case():
    covered = {case.name for case in CASES}
    elsewhere = {
        "Module", "Sequential", "ModuleList", "ModuleDict", "ParameterList", "ParameterDict",
        "AdaptiveLogSoftmaxWithLoss", "DataParallel", "RNNBase", "RNNCellBase", "SyncBatchNorm",
        "TransformerEncoder", "TransformerDecoder", "NLLLoss2d", "MaxUnpool1d", "MaxUnpool2d",
        "MaxUnpool3d", "CrossMapLRN2d", "FractionalMaxPool2d", "FractionalMaxPool3d",
    }  # fmt: skip
    lazy = {name for name in layer_names() if name.startswith("Lazy")}
    assert set(layer_names()) - covered - elsewhere - lazy == set()
