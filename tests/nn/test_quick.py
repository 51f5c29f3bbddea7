"""Calls of single layers under no_grad: quick where nothing is unusual, and otherwise the same."""

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
