"""The module protocol: what is registered, called, saved, and said when something is wrong."""

from __future__ import annotations

import copy
import gc
import pickle
import sys
import weakref

import numpy as np
import pytest

import tinygrad_lite as torch
from tinygrad_lite import nn
from tinygrad_lite._state import here
from tinygrad_lite.nn.modules._scope import call_path


class Body(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))

    def forward(self, x):
        return self.layers(x)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = Body()
        self.head = nn.Linear(2, 1)

    def forward(self, x):
        return self.head(self.body(x))


# Calling


def test_an_error_names_the_module_it_arose_in_and_keeps_its_text():
    net = Net()
    net.body.layers[2] = nn.Linear(5, 2)
    with pytest.raises(RuntimeError, match="mat1 and mat2 shapes cannot be multiplied") as caught:
        net(torch.ones(1, 3))
    assert caught.value.__notes__ == [
        "in module `body.layers.2`: Linear(in_features=5, out_features=2, bias=True)"
    ]


def test_an_error_of_ones_own_forward_names_the_module_too():
    class Broken(nn.Module):
        def forward(self, x):
            return x.nothing

    with pytest.raises(AttributeError) as caught:
        nn.Sequential(nn.ReLU(), Broken())(torch.ones(1))
    assert caught.value.__notes__ == ["in module `1`: Broken()"]


def test_a_module_called_by_another_that_does_not_own_it_is_named_by_its_class():
    inner = nn.Linear(1, 1)

    class Caller(nn.Module):
        def forward(self, x):
            return inner(x)

    with pytest.raises(RuntimeError) as caught:
        Caller()(torch.ones(2))
    assert "in module `Linear`" in caught.value.__notes__[0]


def test_the_running_call_knows_its_path_and_its_number():
    seen = []

    class Probe(nn.Module):
        def forward(self, x):
            call = here.scope
            seen.append((call_path(call), call[2]))
            return x

    class Outer(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Sequential(nn.Identity(), Probe())
            self.probe = self.inner[1]

        def forward(self, x):
            return self.probe(self.inner(self.inner(x)))

    Outer()(1)
    assert seen == [("inner.1", 1), ("inner.1", 1), ("inner.1", 2)]
    assert here.scope is None


def test_the_scope_is_restored_after_an_error():
    with pytest.raises(RuntimeError):
        Net()(torch.ones(1, 7))
    assert here.scope is None


def test_a_model_dies_without_the_garbage_collector():
    gc.disable()
    try:
        net = Net()
        net(torch.ones(1, 3)).sum().backward()
        gone = weakref.ref(net)
        weight = weakref.ref(net.head.weight)
        del net
        assert gone() is None
        assert weight() is None
    finally:
        gc.enable()


def test_forward_pre_hook_must_return_a_pair_when_it_takes_keywords():
    layer = nn.Identity()
    layer.register_forward_pre_hook(lambda m, args, kwargs: 3, with_kwargs=True)
    with pytest.raises(RuntimeError, match="forward pre-hook must return None or a tuple"):
        layer(1)


def test_always_called_hooks_run_after_an_error():
    seen = []
    layer = nn.Linear(2, 2)
    layer.register_forward_hook(lambda m, args, out: seen.append(out), always_call=True)
    layer.register_forward_hook(lambda m, args, out: seen.append("usual"))
    with pytest.raises(RuntimeError):
        layer(torch.ones(3))
    assert seen == [None]


def test_hooks_of_all_modules():
    seen = []
    net = nn.Sequential(nn.ReLU(), nn.Tanh())
    handles = [
        nn.modules.module.register_module_forward_pre_hook(
            lambda m, args: seen.append(("pre", type(m).__name__))
        ),
        nn.modules.module.register_module_forward_hook(
            lambda m, args, out: seen.append(("post", type(m).__name__))
        ),
    ]
    net(torch.ones(1))
    for handle in handles:
        handle.remove()
    net(torch.ones(1))
    assert seen == [
        ("pre", "Sequential"), ("pre", "ReLU"), ("post", "ReLU"), ("pre", "Tanh"),
        ("post", "Tanh"), ("post", "Sequential"),
    ]  # fmt: skip


def test_a_handle_is_a_context():
    seen = []
    layer = nn.Identity()
    with layer.register_forward_hook(lambda m, args, out: seen.append(out)):
        layer(1)
    layer(2)
    assert seen == [1]


def test_keywords_reach_forward():
    class Scaled(nn.Module):
        def forward(self, x, *, by):
            return x * by

    assert Scaled()(torch.ones(1), by=3).item() == 3


def test_backward_hooks_must_return_as_many_gradients_as_there_are_inputs():
    layer = nn.Linear(2, 2)
    layer.register_full_backward_hook(lambda m, gi, go: (gi[0], gi[0]))
    x = torch.ones(1, 2, requires_grad=True)
    with pytest.raises(RuntimeError, match="invalid number of grad_input, got 2, but expected 1"):
        layer(x).sum().backward()


# Registering


def test_forgetting_init_is_explained():
    class Careless(nn.Module):
        def __init__(self):
            self.layer = nn.Linear(1, 1)

    with pytest.raises(AttributeError, match=r"Careless.__init__ must start with super\(\)"):
        Careless()


def test_a_wrong_attribute_is_met_with_the_nearest_name():
    with pytest.raises(AttributeError, match="Did you mean: 'weight'"):
        _ = nn.Linear(1, 1).weigth


def test_a_parameter_shares_memory_and_is_a_leaf():
    data = torch.ones(2)
    p = nn.Parameter(data)
    with torch.no_grad():
        p.mul_(3)
    assert data.tolist() == [3, 3]
    assert p.is_leaf
    assert isinstance(p, torch.Tensor)
    assert type(p + 1) is torch.Tensor
    assert not nn.Parameter(torch.ones(1), requires_grad=False).requires_grad


def test_a_parameter_of_a_result_is_a_leaf():
    x = torch.ones(2, requires_grad=True)
    p = nn.Parameter(x * 2)
    p.sum().backward()
    assert p.is_leaf
    assert x.grad is None
    assert p.grad.tolist() == [1, 1]


def test_a_parameter_can_be_pickled_and_copied():
    p = nn.Parameter(torch.tensor([1.0, 2.0]))
    for twin in (pickle.loads(pickle.dumps(p)), copy.deepcopy(p), copy.copy(p)):
        assert type(twin) is nn.Parameter
        assert twin.requires_grad
        assert twin.tolist() == [1, 2]


def test_buffers_are_registered_by_assignment():
    module = nn.Module()
    module.a = nn.Buffer(torch.ones(2))
    module.b = nn.Buffer(torch.ones(1), persistent=False)
    module.c = torch.ones(1)
    assert [n for n, _ in module.named_buffers()] == ["a", "b"]
    assert list(module.state_dict()) == ["a"]
    module.a = torch.zeros(2)
    assert module.state_dict()["a"].tolist() == [0, 0]
    assert isinstance(module.b, nn.Buffer)
    assert not isinstance(module.c, nn.Buffer)


def test_a_name_moves_between_headings():
    module = nn.Module()
    module.x = nn.Buffer(torch.ones(1))
    module.x = nn.ReLU()
    assert not list(module.buffers())
    assert list(module._modules) == ["x"]
    module.x = nn.Parameter(torch.ones(1))
    assert not list(module._modules)
    with pytest.raises(TypeError, match="cannot assign 'ReLU' as parameter 'x'"):
        module.x = nn.ReLU()
    del module.x
    module.x = 3
    assert not list(module._modules)


def test_a_shallow_copy_registers_for_itself():
    layer = nn.Linear(1, 1)
    twin = copy.copy(layer)
    twin.more = nn.Parameter(torch.ones(1))
    assert [n for n, _ in layer.named_parameters()] == ["weight", "bias"]
    assert twin.weight is layer.weight


def test_a_module_can_be_pickled():
    net = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    twin = pickle.loads(pickle.dumps(net))
    assert repr(twin) == repr(net)
    assert [k for k, _ in twin.named_parameters()] == [k for k, _ in net.named_parameters()]
    assert twin[0].weight.tolist() == net[0].weight.tolist()


def test_registries_behave_like_dictionaries():
    layer = nn.Linear(1, 1)
    registry = layer._parameters
    assert list(registry) == ["weight", "bias"]
    assert registry["weight"] is layer.weight
    assert "x" not in registry
    with pytest.raises(KeyError):
        registry["x"]
    assert registry.copy() == dict(registry)
    assert repr(nn.ReLU()._modules) == "{}"
    layer._parameters = {"weight": layer.weight}
    assert [n for n, _ in layer.named_parameters()] == ["weight"]


def test_cuda_fails_as_without_a_gpu():
    with pytest.raises((RuntimeError, AssertionError)):
        nn.Linear(1, 1).cuda()
    assert nn.Linear(1, 1).cpu().weight.device.type == "cpu"


# State


def test_state_shares_memory_and_loading_copies():
    layer = nn.Linear(1, 1)
    state = layer.state_dict()
    with torch.no_grad():
        layer.weight.fill_(5)
    assert state["weight"].item() == 5
    given = {"weight": torch.ones(1, 1), "bias": torch.ones(1)}
    layer.load_state_dict(given)
    with torch.no_grad():
        layer.weight.fill_(7)
    assert given["weight"].item() == 1


def test_wrong_names_are_met_with_the_nearest():
    layer = nn.Linear(1, 1)
    with pytest.raises(RuntimeError) as caught:
        layer.load_state_dict({"weights": torch.ones(1, 1), "bias": torch.ones(1)})
    text = str(caught.value)
    assert 'Missing key(s) in state_dict: "weight"' in text
    assert 'Unexpected key(s) in state_dict: "weights"' in text
    assert '"weights" -> "weight"' in text


def test_a_wrapper_in_the_names_is_recognised():
    net = Net()
    state = nn.DataParallel(net).state_dict()
    with pytest.raises(RuntimeError, match=r'All keys start with "module\.'):
        net.load_state_dict(state)
    assert repr(nn.DataParallel(net).load_state_dict(state)) == "<All keys matched successfully>"


def test_every_problem_is_listed_and_the_rest_is_loaded():
    net = Net()
    state = {k: v.clone() + 1 for k, v in net.state_dict().items()}
    state["head.weight"] = torch.ones(9, 9)
    state["head.bias"] = "text"
    with pytest.raises(RuntimeError) as caught:
        net.load_state_dict(state)
    assert "size mismatch for head.weight" in str(caught.value)
    assert 'the parameter named "head.bias"' in str(caught.value)
    assert net.body.layers[0].bias.tolist() == state["body.layers.0.bias"].tolist()


def test_loading_changes_no_argument():
    layer = nn.BatchNorm1d(2)
    state = layer.state_dict()
    del state["num_batches_tracked"]
    kept = list(state)
    layer.load_state_dict(state, strict=False)
    assert list(state) == kept


# The rest


def test_uninitialized_parameters_say_so():
    layer = nn.LazyLinear(2)
    with pytest.raises(ValueError, match="uninitialized parameter"):
        layer.weight + 1
    with pytest.raises(RuntimeError, match="Can't access the shape"):
        _ = layer.weight.shape
    assert layer(torch.ones(3, 5)).shape == (3, 2)
    assert type(layer) is nn.Linear
    assert not layer._forward_pre_hooks


def test_deepcopy_of_a_lazy_model_learns_for_itself():
    model = nn.Sequential(nn.LazyLinear(2))
    twin = copy.deepcopy(model)
    twin(torch.ones(1, 3))
    model(torch.ones(1, 4))
    assert (twin[0].in_features, model[0].in_features) == (3, 4)


def test_removing_a_parametrization_leaves_copies_alone():
    layer = nn.utils.parametrizations.weight_norm(nn.Linear(2, 2))
    twin = copy.deepcopy(layer)
    nn.utils.parametrize.remove_parametrizations(layer, "weight")
    assert type(layer) is nn.Linear
    np.testing.assert_allclose(twin.weight.detach().numpy(), layer.weight.detach().numpy(), 1e-6)


def test_a_negative_max_norm_is_refused():
    with pytest.raises(ValueError, match="max_norm must not be negative"):
        nn.utils.clip_grad_norm_(nn.Linear(1, 1).parameters(), -1.0)


def test_a_used_up_generator_is_noticed():
    layer = nn.Linear(1, 1)
    parameters = layer.parameters()
    list(parameters)
    with pytest.warns(UserWarning, match="empty generator"):
        nn.utils.clip_grad_norm_(parameters, 1.0)


def test_a_packed_batch_with_too_long_lengths_is_refused():
    with pytest.raises(RuntimeError, match="at most 3"):
        nn.utils.rnn.pack_padded_sequence(torch.ones(3, 2, 1), [9, 1])


def test_dropout_thins_out_in_training_only():
    torch.manual_seed(0)
    layer = nn.Dropout(0.25)
    x = torch.ones(20_000)
    out = layer(x).numpy()
    assert set(np.unique(out).round(5)) == {0.0, np.float32(1 / 0.75).round(5)}
    assert abs((out == 0).mean() - 0.25) < 0.02
    assert layer.eval()(x) is x or layer.eval()(x).tolist() == x.tolist()


def test_whole_channels_are_dropped():
    torch.manual_seed(0)
    out = nn.Dropout2d(0.5)(torch.ones(40, 50, 2, 2)).numpy().reshape(2000, 4)
    assert (out == out[:, :1]).all()
    assert abs((out == 0).mean() - 0.5) < 0.05


def test_a_model_learns():
    torch.manual_seed(1)
    x = torch.randn(64, 2)
    y = (x[:, 0] * x[:, 1] > 0).long()
    net = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 2))
    loss_function = nn.CrossEntropyLoss()
    first = loss_function(net(x), y).item()
    for _ in range(150):
        loss = loss_function(net(x), y)
        net.zero_grad()
        loss.backward()
        with torch.no_grad():
            for p in net.parameters():
                p.sub_(0.5 * p.grad)
    assert loss.item() < 0.3 * first


def test_a_call_without_hooks_runs_nothing_but_forward():
    """Calling a module is the overhead of every layer of a small model."""

    class Nothing(nn.Module):
        def forward(self, x):
            return x

    module, calls = Nothing(), []

    def note(frame, event, argument):
        if event == "call":
            calls.append(frame.f_code.co_name)

    sys.setprofile(note)
    try:
        module(1)
    finally:
        sys.setprofile(None)
    assert calls == ["__call__", "forward"]
