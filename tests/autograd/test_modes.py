"""no_grad and its kin: blocks, decorators, generators, threads; anomaly mode; checkpoints."""

import threading

import pytest

import tinygrad_lite as torch
from tinygrad_lite import nn
from tinygrad_lite.utils.checkpoint import checkpoint, checkpoint_sequential


def test_blocks_nest_and_restore():
    x = torch.ones(1, requires_grad=True)
    with torch.no_grad():
        assert not (x * 2).requires_grad
        with torch.enable_grad():
            assert (x * 2).requires_grad
        assert not torch.is_grad_enabled()
    assert torch.is_grad_enabled()
    with pytest.raises(ValueError, match="inside"), torch.no_grad():
        raise ValueError("inside")
    assert torch.is_grad_enabled()


def test_decorators():
    @torch.no_grad()
    def silent(x):
        return x * 2

    @torch.no_grad
    def bare(x):
        return x * 2

    @torch.inference_mode()
    def inference(x):
        return x * 2

    x = torch.ones(1, requires_grad=True)
    assert not silent(x).requires_grad
    assert not bare(x).requires_grad
    assert not inference(x).requires_grad


def test_a_generator_keeps_its_mode_between_steps():
    @torch.no_grad()
    def steps():
        yield torch.is_grad_enabled()
        yield torch.is_grad_enabled()

    seen = [(inside, torch.is_grad_enabled()) for inside in steps()]
    assert seen == [(False, True), (False, True)]


def test_set_grad_enabled_as_a_call_and_a_block():
    torch.set_grad_enabled(False)
    assert not torch.is_grad_enabled()
    torch.set_grad_enabled(True)
    with torch.set_grad_enabled(False):
        assert not torch.is_grad_enabled()
    assert torch.is_grad_enabled()


def test_a_new_thread_records():
    seen = []
    with torch.no_grad():
        thread = threading.Thread(target=lambda: seen.append(torch.is_grad_enabled()))
        thread.start()
        thread.join()
    assert seen == [True]


def test_anomaly_mode_names_the_forward_line():
    message = r"sqrt at test_modes.py:\d+ made the first NaN"
    with pytest.raises(RuntimeError, match=message), torch.autograd.detect_anomaly():
        torch.tensor([-1.0, 4.0], requires_grad=True).sqrt()
    x = torch.tensor([0.0, 4.0], requires_grad=True)
    with torch.autograd.detect_anomaly():
        y = (x.sqrt() * 0).sum()
        with pytest.raises(RuntimeError, match=r"SqrtBackward0.*test_modes.py:\d+"):
            y.backward()
    assert torch.isnan(torch.tensor(-1.0).sqrt())


def network():
    return nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5), nn.Tanh(), nn.Linear(4, 2))


@pytest.mark.parametrize("how", ["whole", "sequential"])
def test_checkpoints_give_the_same_gradients(how):
    model, x = network(), torch.randn(5, 3, requires_grad=True)

    def gradients(run):
        model.zero_grad()
        x.grad = None
        torch.manual_seed(1)
        run().sum().backward()
        return [p.grad.clone() for p in (*model.parameters(), x)]

    expected = gradients(lambda: model(x))
    if how == "whole":
        found = gradients(lambda: checkpoint(model, x, use_reentrant=False))
    else:
        found = gradients(lambda: checkpoint_sequential(model, 2, x, use_reentrant=False))
    for a, b in zip(found, expected, strict=True):
        assert torch.equal(a, b)


def test_a_checkpoint_serves_autograd_grad():
    w = torch.tensor([2.0], requires_grad=True)
    x = torch.tensor([3.0], requires_grad=True)
    y = checkpoint(lambda v: (v * w) ** 2, x)
    gw, gx = torch.autograd.grad(y, [w, x])
    assert gw.item() == 2 * 3 * 6
    assert gx.item() == 2 * 2 * 6


@pytest.mark.parametrize("cast", ["long", "int", "short", "bool"])
def test_integer_casts_are_not_tracked(cast):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = getattr(x, cast)()
    assert not y.requires_grad
    assert y.grad_fn is None
    target = torch.zeros(2, dtype=torch.int64)
    target[0] = x[0]
    assert not target.requires_grad
