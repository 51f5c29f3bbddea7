"""Calls of single layers and of chains of them: quick where nothing is unusual, and the same."""

import numpy as np
import pytest

import tinygrad_lite as torch
from tinygrad_lite import nn

LAYERS = [nn.Linear(4, 3), nn.Linear(4, 3, bias=False), nn.ReLU(), nn.Tanh(), nn.Sigmoid()]


def twice(layer, x):
    """The result with and without recording."""
    with torch.no_grad():
        quick = layer(x)
    return quick, layer(x)


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
@pytest.mark.parametrize("shape", [(4,), (1, 4), (5, 4), (2, 3, 4), (0, 4)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_same_with_and_without_recording(layer, shape, dtype):
    layer.to(dtype)
    x = torch.randn(*shape, dtype=dtype)
    quick, recorded = twice(layer, x)
    assert torch.equal(quick, recorded)
    assert (quick.dtype, quick.shape) == (recorded.dtype, recorded.shape)
    assert not quick.requires_grad
    quick.add_(1)
    assert torch.equal(layer(x), recorded)
    layer.float()


def test_of_a_part_of_a_tensor_that_changed():
    layer, whole = nn.ReLU(), torch.zeros(3, 4)
    with torch.no_grad():
        part = whole[1]
        whole.add_(2)
        assert torch.equal(layer(part), torch.full((4,), 2.0))


def test_a_number_and_integers():
    with torch.no_grad():
        assert nn.ReLU()(torch.tensor(-1.0)).shape == ()
        assert nn.ReLU()(torch.tensor([-1, 2])).dtype is torch.int64
        assert nn.Tanh()(torch.tensor([0, 1])).dtype is torch.float32


def test_in_place_stays_in_place():
    x = torch.tensor([-1.0, 1.0])
    with torch.no_grad():
        assert nn.ReLU(inplace=True)(x) is x
    assert x.tolist() == [0, 1]


@pytest.mark.parametrize("kind", ["hook", "pre-hook", "everywhere"])
def test_hooks_are_called(kind):
    layer, seen = nn.Linear(4, 3), []
    if kind == "hook":
        handle = layer.register_forward_hook(lambda *_: seen.append(1))
    elif kind == "pre-hook":
        handle = layer.register_forward_pre_hook(lambda *_: seen.append(1))
    else:
        handle = nn.modules.module.register_module_forward_hook(lambda *_: seen.append(1))
    with torch.no_grad():
        layer(torch.ones(1, 4))
        handle.remove()
        layer(torch.ones(1, 4))
    assert seen == [1]


def test_another_forward_is_called(monkeypatch):
    class Double(nn.Linear):
        def forward(self, input):
            return 2 * super().forward(input)

    x, double, own = torch.ones(1, 4), Double(4, 3), nn.Linear(4, 3)
    with torch.no_grad():
        expected = nn.functional.linear(x, double.weight, double.bias)
        assert torch.equal(double(x), 2 * expected)
        for changed in (own, nn.ReLU(), nn.Tanh()):
            changed.forward = lambda input: input + 1
            assert torch.equal(changed(x), x + 1)
        monkeypatch.setattr(nn.ReLU, "forward", lambda self, input: input + 2)
        assert torch.equal(nn.ReLU()(x), x + 2)


def test_errors_name_the_module():
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(4, 3))
    with torch.no_grad():
        with pytest.raises(RuntimeError, match="mat1 and mat2 shapes") as error:
            model(torch.ones(1, 4))
        assert "in module `2`" in "".join(error.value.__notes__)
        with pytest.raises(RuntimeError, match=r"same dtype|expected .* dtype"):
            model(torch.ones(1, 4).double())
        with pytest.raises(TypeError, match="must be Tensor"):
            model(np.ones((1, 4)))
        with pytest.raises(TypeError, match=r"forward\(\)"):
            model[0]()


def test_pictures_and_parametrizations_see_the_call():
    layer = nn.Linear(4, 3)
    with torch.no_grad(), torch.record() as recording:
        layer(torch.ones(1, 4))
    assert any(node.op == "linear" for node in recording.graph().nodes)
    nn.utils.parametrize.register_parametrization(layer, "weight", nn.Identity())
    quick, recorded = twice(layer, torch.ones(1, 4))
    assert torch.equal(quick, recorded)


def test_keywords_and_subclasses_of_tensors():
    layer, x = nn.Linear(4, 3), torch.ones(1, 4)
    with torch.no_grad():
        assert torch.equal(layer(input=x), layer(x))
        assert torch.equal(layer(nn.Parameter(x)), layer(x))


def chain(*layers):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 5), nn.ReLU(), *layers, nn.Linear(5, 3), nn.Tanh())


class Switch(nn.Module):
    """Turns recording on for whatever follows."""

    def forward(self, x):
        torch.set_grad_enabled(True)
        return x * 2


CHAINS = {
    "quick alone": (),
    "a layer of another kind": (nn.LayerNorm(5),),
    "nested": (nn.Sequential(nn.ReLU(), nn.Linear(5, 5)), nn.Sequential()),
    "in place": (nn.ReLU(inplace=True),),
    "not changed": (nn.Identity(), nn.Dropout(0.0)),
    "of several shapes": (nn.Unflatten(-1, (5, 1)), nn.Tanh(), nn.Flatten(-2)),
}


@pytest.mark.parametrize("shape", [(4,), (1, 4), (5, 4), (2, 3, 4), (0, 4)])
@pytest.mark.parametrize("layers", CHAINS.values(), ids=CHAINS)
def test_a_chain_gives_the_same_with_and_without_recording(layers, shape):
    x = torch.randn(*shape)
    before = x.clone()
    quick, recorded = twice(chain(*layers), x)
    assert torch.equal(quick, recorded)
    assert quick.shape == recorded.shape
    assert not quick.requires_grad
    assert torch.equal(x, before)


def test_a_chain_without_layers_returns_its_input():
    x = torch.ones(2)
    with torch.no_grad():
        assert nn.Sequential()(x) is x
        assert torch.equal(nn.Sequential(nn.ReLU())(-x), torch.zeros(2))


def test_a_layer_of_a_chain_may_turn_recording_on():
    model = chain(Switch())
    try:
        with torch.no_grad():
            assert model(torch.ones(1, 4)).requires_grad
    finally:
        torch.set_grad_enabled(True)


def test_hooks_inside_a_chain_are_called():
    model, seen = chain(), []
    with torch.no_grad():
        for layer in model:
            handle = layer.register_forward_hook(lambda m, args, out: seen.append(type(m).__name__))
            expected = model(torch.ones(1, 4))
            handle.remove()
        assert torch.equal(model(torch.ones(1, 4)), expected)
    assert seen == ["Linear", "ReLU", "Linear", "Tanh"]


def test_a_chain_sees_what_changed_in_its_layers():
    x = torch.ones(1, 4)
    with torch.no_grad():
        model = chain()
        first = model(x)
        model[0].weight.mul_(2)
        assert not torch.equal(model(x), first)
        model[0].forward = lambda x: torch.zeros(1, 5)
        assert torch.equal(model(x), model[3](model[2](torch.zeros(1, 5))))
        model[2] = nn.Linear(5, 7)
        assert model(x).shape == (1, 7)
        model[3] = nn.Linear(3, 3)
        with pytest.raises(RuntimeError, match="mat1 and mat2 shapes") as error:
            model(x)
        assert "in module `3`" in "".join(error.value.__notes__)
        model[3] = nn.Softmax(1)
        nn.utils.parametrize.register_parametrization(model[2], "weight", nn.Tanh())
        assert torch.equal(model(x), model[3](model[2](model[1](model[0](x)))))


def test_recorded_calls_note_their_module():
    model = chain()
    with torch.record() as recording:
        out = model(torch.ones(1, 4))
    watched = recording.graph()
    for graph in (watched, torch.graph(out.sum())):
        paths = {n.op: graph.calls[n.call].path for n in graph.nodes if n.call >= 0}
        assert paths == {"linear": "2", "relu": "1", "tanh": "3"}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_one_sample_through_a_chain_has_the_bits_of_its_layers(dtype):
    layers = [nn.Linear(33, 17), nn.ReLU(), nn.Linear(17, 5), nn.Flatten(), nn.Tanh()]
    chain = nn.Sequential(*layers).to(dtype)
    x = torch.randn(1, 33, dtype=dtype)
    expected = x
    for layer in layers:
        expected = layer(expected)
    with torch.no_grad():
        found = chain(x)
    assert found.shape == (1, 5)
    assert torch.equal(found, expected)


@pytest.mark.parametrize("layer", [nn.ReLU(), nn.Linear(2, 2), nn.Sequential(nn.ReLU())], ids=repr)
def test_calls_without_an_input_or_with_too_many(layer):
    for arguments in ((), (torch.ones(2), torch.ones(2))):
        with pytest.raises(TypeError, match="argument"):
            layer(*arguments)
    assert layer(input=torch.ones(2)).shape == (2,)


CHAINS = [
    [nn.Linear(64, 70), nn.ReLU(), nn.Linear(70, 10)],
    [nn.ReLU(), nn.Linear(64, 10)],
    [nn.Tanh(), nn.ReLU(), nn.ReLU()],
    [nn.Identity(), nn.ReLU()],
    [nn.Flatten(), nn.ReLU()],
    [nn.Linear(64, 64), nn.Identity(), nn.ReLU()],
]


@pytest.mark.parametrize("layers", CHAINS, ids=repr)
def test_long_chains_write_over_nothing_but_what_they_made(layers):
    model, x = nn.Sequential(*layers), torch.randn(300, 64)
    before, parameters = x.clone(), [p.clone() for p in model.parameters()]
    quick, recorded = twice(model, x)
    assert torch.equal(quick, recorded)
    assert torch.equal(x, before)
    assert all(torch.equal(p, q) for p, q in zip(model.parameters(), parameters, strict=True))
