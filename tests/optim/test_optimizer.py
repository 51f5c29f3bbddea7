"""The base of the optimizers: groups, hooks, closures, state dicts, mistakes."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import tinygrad_lite as tgl
from tests.optim.helpers import EVERY, parameter, with_gradient
from tinygrad_lite import optim
from tinygrad_lite.optim import _elementwise
from tinygrad_lite.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)

# -- learning -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [*EVERY, optim.LBFGS])
def test_every_optimizer_finds_a_minimum(kind):
    target = tgl.tensor([[1.0, -2.0], [0.5, 3.0]])
    p = tgl.zeros(2, 2, requires_grad=True)
    lr = {optim.Adadelta: 20.0, optim.Adagrad: 1.0, optim.Adafactor: 1.0}.get(kind, 0.1)
    optimizer = kind([p], lr=lr)

    def closure():
        optimizer.zero_grad()
        loss = ((p - target) ** 2).sum()
        loss.backward()
        return loss

    first = optimizer.step(closure).item()
    for _ in range(150):
        last = optimizer.step(closure).item()
    assert first == pytest.approx(14.25)
    assert last < 0.3


@pytest.mark.parametrize("kind", EVERY)
def test_parameters_without_gradient_are_left_alone(kind):
    p, frozen = with_gradient(), parameter()
    before = frozen.tolist()
    kind([frozen, p]).step()
    assert frozen.tolist() == before


@pytest.mark.parametrize("kind", EVERY)
def test_a_step_changes_the_buffer_itself(kind):
    p = with_gradient()
    alias, before = p.detach(), p.tolist()
    optimizer = kind([p])
    for _ in range(2):
        optimizer.step()
    assert p.tolist() != before
    assert alias.tolist() == p.tolist()
    assert p.is_leaf
    assert p.dtype == tgl.float32


@pytest.mark.parametrize("kind", EVERY)
def test_pieces_give_what_whole_arrays_give(kind, monkeypatch):
    def walk():
        p = parameter(64, 16, seed=3)
        optimizer = kind([p])
        for i in range(4):
            p.grad = tgl.tensor(np.random.default_rng(i).normal(size=p.shape).astype("float32"))
            optimizer.step()
        return p.detach().numpy().copy()

    monkeypatch.setattr(_elementwise, "_PLAIN", False)
    monkeypatch.setattr(_elementwise, "_PIECE", 100)
    pieces = walk()
    monkeypatch.setattr(_elementwise, "_PLAIN", True)
    np.testing.assert_array_equal(pieces, walk())


@pytest.mark.parametrize("kind", EVERY)
def test_gradients_of_any_layout(kind):
    """Transposed, broadcast and read-only gradients give the same step; none is written to."""

    def move(gradient):
        p = parameter(3, 4)
        p.grad = gradient
        before = gradient.tolist()
        kind([p], **({"weight_decay": 0.1} if kind is not optim.Rprop else {})).step()
        assert gradient.tolist() == before
        return p.tolist()

    array = np.random.default_rng(5).normal(size=(4, 3)).astype("float32")
    assert move(tgl.tensor(array).T) == move(tgl.tensor(array.T.copy()))
    row = np.ones((1, 4), "float32")
    spread = tgl.tensor(row).expand(3, 4)
    assert move(spread) == move(tgl.tensor(np.ones((3, 4), "float32")))


def test_a_parameter_of_one_number():
    p = tgl.tensor(2.0, requires_grad=True)
    (p * 3.0).backward()
    optim.SGD([p], lr=0.5).step()
    assert p.item() == pytest.approx(0.5)


def test_a_step_between_two_backwards_is_noticed():
    p = parameter()
    loss = (p * p).sum()
    optimizer = optim.SGD([p], lr=0.1)
    loss.backward(retain_graph=True)
    optimizer.step()
    with pytest.raises(RuntimeError, match=r"SGD\.step\(\) \(test_optimizer\.py"):
        loss.backward()


# -- closures, zero_grad, hooks -------------------------------------------------------------------


def test_the_closure_records_even_under_no_grad():
    p = with_gradient()
    optimizer = optim.SGD([p], lr=0.1)

    def closure():
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    with tgl.no_grad():
        assert optimizer.step(closure).requires_grad
        assert not tgl.is_grad_enabled()
    assert optim.SGD([p]).step() is None


def test_zero_grad():
    p = with_gradient()
    optimizer = optim.SGD([p])
    gradient = p.grad
    optimizer.zero_grad(set_to_none=False)
    assert p.grad is gradient
    assert gradient.tolist() == [[0.0] * 2] * 3
    optimizer.zero_grad()
    assert p.grad is None


def test_hooks_around_a_step():
    calls = []
    optimizer = optim.SGD([with_gradient()])
    handles = [
        register_optimizer_step_pre_hook(lambda *_: calls.append("every pre")),
        optimizer.register_step_pre_hook(lambda *_: calls.append("pre")),
        optimizer.register_step_post_hook(lambda opt, *_: calls.append(opt is optimizer)),
        register_optimizer_step_post_hook(lambda *_: calls.append("every post")),
    ]
    optimizer.step()
    assert calls == ["every pre", "pre", True, "every post"]
    for handle in handles:
        handle.remove()
    optimizer.step()
    assert len(calls) == 4


def test_a_hook_may_change_the_arguments():
    seen = []
    optimizer = optim.SGD([with_gradient()])
    optimizer.register_step_pre_hook(lambda opt, *_: ((opt, lambda: seen.append(1)), {}))
    optimizer.step()
    assert seen == [1]
    optimizer.register_step_pre_hook(lambda *_: 3)
    with pytest.raises(RuntimeError, match="must return None or a tuple"):
        optimizer.step()


def test_hooks_of_state_dicts():
    optimizer = optim.SGD([with_gradient()], momentum=0.9)
    optimizer.register_state_dict_pre_hook(lambda _: None)
    optimizer.register_state_dict_post_hook(lambda _, state: {**state, "extra": 1})
    loaded = []
    optimizer.register_load_state_dict_pre_hook(lambda _, state: loaded.append(state["extra"]))
    optimizer.register_load_state_dict_post_hook(lambda _: loaded.append("done"))
    optimizer.register_load_state_dict_post_hook(lambda _: loaded.append("first"), prepend=True)
    optimizer.load_state_dict(optimizer.state_dict())
    assert loaded == [1, "first", "done"]


# -- own optimizers ---------------------------------------------------------------------------


class SignDescent(optim.Optimizer):
    def __init__(self, params, lr=0.1):
        super().__init__(params, {"lr": lr})

    @tgl.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state[p]
                state["steps"] = state.get("steps", 0) + 1
                p.add_(p.grad.sign(), alpha=-group["lr"])


def test_own_optimizers_work_with_hooks_and_schedules():
    p = with_gradient()
    optimizer, calls, before = SignDescent([p], lr=0.5), [], p.tolist()
    optimizer.register_step_post_hook(lambda *_: calls.append(1))
    schedule = optim.lr_scheduler.StepLR(optimizer, 1, 0.5)
    optimizer.step()
    schedule.step()
    assert calls == [1]
    assert np.allclose(p.detach().numpy(), before - 0.5 * np.sign(p.grad.numpy()))
    assert optimizer.param_groups[0]["lr"] == 0.25
    assert optimizer.state_dict()["state"][0]["steps"] == 1


def test_super_step_runs_the_hooks_once():
    class Twice(optim.SGD):
        def step(self, closure=None):
            super().step(closure)
            return super().step(closure)

    calls = []
    optimizer = Twice([with_gradient()])
    optimizer.register_step_pre_hook(lambda *_: calls.append(1))
    optimizer.step()
    assert calls == [1]


def test_a_subclass_must_define_step():
    class Nothing(optim.Optimizer):
        pass

    with pytest.raises(NotImplementedError, match="Nothing must define step"):
        Nothing([parameter()], {}).step()


# -- groups ---------------------------------------------------------------------------------------


def test_groups_have_settings_of_their_own():
    a, b = with_gradient(seed=1), with_gradient(seed=2)
    before = b.tolist()
    optimizer = optim.SGD([{"params": a}, {"params": [b], "lr": 0.0}], lr=1.0)
    optimizer.step()
    assert b.tolist() == before
    assert [g["lr"] for g in optimizer.param_groups] == [1.0, 0.0]
    c = with_gradient(seed=3)
    optimizer.add_param_group({"params": iter([c]), "momentum": 0.5})
    optimizer.step()
    assert "momentum_buffer" in optimizer.state[c]
    assert "momentum_buffer" not in optimizer.state.get(a, {})


def test_names_are_kept():
    optimizer = optim.Adam([("w", with_gradient()), ("b", parameter(2))])
    assert optimizer.param_groups[0]["param_names"] == ["w", "b"]
    assert optimizer.state_dict()["param_groups"][0]["param_names"] == ["w", "b"]
    with pytest.raises(ValueError, match="with/without names"):
        optimizer.add_param_group({"params": [parameter()]})


def test_a_learning_rate_may_be_a_tensor():
    p, q = with_gradient(), with_gradient()
    optim.Adam([p], lr=tgl.tensor(0.01)).step()
    optim.Adam([q], lr=float(np.float32(0.01))).step()
    assert p.tolist() == q.tolist()
    optimizer = optim.SGD([p], lr=tgl.tensor(0.1))
    rate = optimizer.param_groups[0]["lr"]
    schedule = optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
    optimizer.step()
    schedule.step()
    assert optimizer.param_groups[0]["lr"] is rate
    assert rate.item() == pytest.approx(0.05)


# -- saving and loading ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", EVERY)
def test_a_run_goes_on_bit_for_bit(kind):
    def gradient(i):
        return tgl.tensor(np.random.default_rng(i).normal(size=(3, 2)).astype("float32"))

    whole, first = parameter(), parameter()
    reference, before = kind([whole]), kind([first])
    for i in range(3):
        whole.grad, first.grad = gradient(i), gradient(i)
        reference.step()
        before.step()
    second = tgl.tensor(first.detach().numpy().copy(), requires_grad=True)
    after = kind([second])
    after.load_state_dict(pickle.loads(pickle.dumps(before.state_dict())))
    for i in range(3, 6):
        whole.grad, second.grad = gradient(i), gradient(i)
        reference.step()
        after.step()
    assert second.tolist() == whole.tolist()


def arrays(value):
    if isinstance(value, tgl.Tensor):
        yield np.asarray(value._array)
    elif isinstance(value, dict):
        for item in value.values():
            yield from arrays(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from arrays(item)


@pytest.mark.parametrize("kind", EVERY)
def test_no_memory_is_shared(kind):
    """Between the gradient, the state, a saved dict and a loaded one."""
    p, q = with_gradient(), with_gradient()
    one, other = kind([p]), kind([q])
    one.step()
    saved = one.state_dict()
    other.load_state_dict(saved)
    holders = [
        [p.grad.numpy()],
        [q.grad.numpy()],
        list(arrays(dict(one.state))),
        list(arrays(dict(other.state))),
        list(arrays(saved["state"])),
        [p.detach().numpy()],
    ]
    for i, mine in enumerate(holders):
        for theirs in holders[i + 1 :]:
            assert not any(np.shares_memory(a, b) for a in mine for b in theirs)


def test_a_saved_dict_does_not_change_later():
    p = with_gradient()
    optimizer = optim.Adam([p])
    optimizer.step()
    saved = optimizer.state_dict()
    before = saved["state"][0]["exp_avg"].tolist()
    optimizer.step()
    assert saved["state"][0]["exp_avg"].tolist() == before
    assert saved["state"][0]["step"].item() == 1.0


def test_loading_takes_the_parameters_dtype_but_not_for_the_counter():
    optimizer = optim.Adam([with_gradient()])
    optimizer.step()
    double = optim.Adam([parameter(dtype="float64")])
    double.load_state_dict(optimizer.state_dict())
    state = next(iter(double.state.values()))
    assert state["exp_avg"].dtype == tgl.float64
    assert state["step"].dtype == tgl.float32


def test_old_checkpoints_with_plain_counters_and_missing_settings():
    p = with_gradient()
    optimizer = optim.Adam([p])
    optimizer.step()
    saved = optimizer.state_dict()
    saved["state"][0]["step"] = 1
    for name in ("maximize", "capturable", "fused", "decoupled_weight_decay"):
        del saved["param_groups"][0][name]
    fresh = optim.Adam([p])
    fresh.load_state_dict(saved)
    fresh.step()
    assert fresh.state[p]["step"].item() == 2.0


def test_wrong_state_dicts():
    saved = optim.SGD([parameter()]).state_dict()
    with pytest.raises(ValueError, match=r"different number of parameter groups: 1, .* has 2"):
        optim.SGD([{"params": [parameter()]}, {"params": [parameter()]}]).load_state_dict(saved)
    with pytest.raises(ValueError, match="group 0 has 1 parameters in the state dict and 2 here"):
        optim.SGD([parameter(), parameter()]).load_state_dict(saved)


def test_copies_are_independent():
    p = with_gradient()
    optimizer = optim.SGD([p], momentum=0.9)
    optimizer.step()
    twin = copy.deepcopy(optimizer)
    (q,) = twin.param_groups[0]["params"]
    assert q is not p
    assert q.tolist() == p.tolist()
    q.grad = tgl.tensor(np.ones((3, 2), "float32"))
    twin.step()
    assert q.tolist() != p.tolist()
    again = pickle.loads(pickle.dumps(optimizer))
    assert again.param_groups[0]["momentum"] == 0.9


# -- an interrupted step --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", EVERY)
def test_an_interrupted_step_is_not_passed_over(kind, monkeypatch):
    params = [with_gradient(seed=i) for i in range(3)]
    monkeypatch.setattr(_elementwise, "_SMALL", 0)  # one by one
    optimizer = kind(params)
    saved = optimizer.state_dict()
    module = __import__(kind.__module__, fromlist=["x"])
    home = module if hasattr(module, "stamp") else _elementwise
    real, calls = home.stamp, []

    def interrupt(*args, **kwargs):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        real(*args, **kwargs)

    monkeypatch.setattr(home, "stamp", interrupt)
    with pytest.raises(KeyboardInterrupt):
        optimizer.step()
    monkeypatch.setattr(home, "stamp", real)
    for action in (optimizer.step, optimizer.state_dict, lambda: pickle.dumps(optimizer)):
        with pytest.raises(
            RuntimeError, match=r"while it updated parameter 1: updated before that were 0\."
        ):
            action()
    optimizer.load_state_dict(saved)
    optimizer.step()


def test_an_error_in_the_closure_leaves_nothing_half_done():
    optimizer = optim.SGD([with_gradient()])
    with pytest.raises(ZeroDivisionError):
        optimizer.step(lambda: 1 / 0)
    optimizer.step()


# -- mistakes -------------------------------------------------------------------------------------


class Module:
    def parameters(self):
        return iter([parameter()])


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda: optim.SGD([]), ValueError, "empty parameter list.*generator used up.*ModuleList"),
        (lambda: optim.SGD(Module()), TypeError, r"pass model.parameters\(\), not the model"),
        (lambda: optim.SGD([Module()]), TypeError, r"one of the params is Module: pass model"),
        (lambda: optim.SGD(Module().parameters), TypeError, "meant to be called"),
        (lambda: optim.SGD(parameter()), TypeError, "should be an iterable of Tensors or dicts"),
        (lambda: optim.SGD(3), TypeError, "should be an iterable of Tensors or dicts, but got int"),
        (lambda: optim.SGD([1.0]), TypeError, "one of the params is float"),
        (
            lambda: optim.SGD([{"params": {parameter()}}]),
            TypeError,
            "organized in ordered collections",
        ),
        (lambda: optim.SGD([parameter() * 2]), ValueError, "can't optimize a non-leaf Tensor"),
        (lambda: optim.SGD([parameter()], lr=-1), ValueError, "Invalid learning rate: -1"),
        (
            lambda: optim.SGD([parameter()], lr="0.1"),
            TypeError,
            r"lr must be a finite number >= 0, got '0.1' \(str\)",
        ),
        (lambda: optim.Adam([parameter()], lr=float("nan")), ValueError, "learning rate: nan"),
        (lambda: optim.Adam([parameter()], lr=float("inf")), ValueError, "learning rate: inf"),
        (lambda: optim.Adam([parameter()], lr=tgl.ones(2)), ValueError, "must be 1-element"),
        (lambda: optim.Adam([parameter()], betas=(1.0, 0.9)), ValueError, "parameter at index 0"),
        (lambda: optim.Adam([parameter()], betas=(0.9, 1.5)), ValueError, "parameter at index 1"),
        (lambda: optim.Adam([parameter()], eps=-1), ValueError, "Invalid epsilon value: -1"),
        (
            lambda: optim.Adam([parameter()], lr=tgl.tensor(0.1), foreach=True),
            ValueError,
            "lr as a Tensor is not supported",
        ),
        (
            lambda: optim.AdamW([parameter()], betas=(0.9, tgl.tensor(0.99))),
            ValueError,
            "both floats or both Tensors",
        ),
        (lambda: optim.SGD([parameter()], fused=True, foreach=True), RuntimeError, "together"),
        (lambda: optim.Adam([parameter()], fused=True, differentiable=True), RuntimeError, "fused"),
        (lambda: optim.SGD([parameter()], nesterov=True), ValueError, "Nesterov momentum requires"),
        (lambda: optim.SGD([parameter()], momentum=-1), ValueError, "Invalid momentum value"),
        (lambda: optim.Adadelta([parameter()], rho=1.5), ValueError, "Invalid rho value: 1.5"),
        (lambda: optim.Rprop([parameter()], etas=(1.0, 2.0)), ValueError, "Invalid eta values"),
        (lambda: optim.Muon([parameter(3)]), ValueError, "only supports 2D"),
        (lambda: optim.LBFGS([{"params": [parameter()]}] * 2), ValueError, "more than one"),
    ],
)
def test_mistakes_are_explained(make, kind, message):
    with pytest.raises(kind, match=message):
        make()


def test_more_mistakes():
    p = with_gradient()
    optimizer = optim.SGD([p])
    with pytest.raises(ValueError, match="more than one parameter group"):
        optimizer.add_param_group({"params": [p]})
    with pytest.raises(TypeError, match="param_group must be a dict"):
        optimizer.add_param_group([p])
    with pytest.warns(UserWarning, match="duplicate parameters"):
        optim.SGD([p, p])
    with pytest.raises(TypeError, match="needs a closure"):
        optim.LBFGS([p]).step()
    with pytest.raises(ValueError, match="parameter groups"):
        optim.LBFGS([{"params": [p]}, {"params": [parameter()]}])
    with pytest.raises(RuntimeError, match="only 'strong_wolfe' is supported"):
        optim.LBFGS([p], line_search_fn="armijo").step(lambda: 0)
    with pytest.raises(NotImplementedError, match="differentiable"):
        optim.Adam([p], differentiable=True).step()
    with pytest.raises(ValueError, match="required optimization parameter lr"):
        optim.Optimizer([p], {"lr": optim.optimizer.required})


def test_repr_shows_the_groups():
    text = repr(optim.SGD([parameter()], lr=0.5))
    assert text.startswith("SGD (\nParameter Group 0\n    dampening: 0\n")
    assert "    lr: 0.5\n" in text


def test_a_schedule_that_steps_first_warns():
    optimizer = optim.SGD([with_gradient()], lr=0.1)
    schedule = optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
    with pytest.warns(UserWarning, match="before `optimizer.step"):
        schedule.step()
    with pytest.warns(UserWarning, match="get_last_lr"):
        schedule.get_lr()
    with pytest.raises(TypeError, match="str is not an Optimizer"):
        optim.lr_scheduler.ExponentialLR("sgd", 0.5)


def test_an_own_schedule():
    class Countdown(optim.lr_scheduler.LRScheduler):
        def get_lr(self):
            return [base / (1 + self.last_epoch) for base in self.base_lrs]

    optimizer = optim.SGD([with_gradient()], lr=1.0)
    schedule = Countdown(optimizer)
    for expected in (1.0, 1 / 2, 1 / 3):
        assert optimizer.param_groups[0]["lr"] == expected
        optimizer.step()
        schedule.step()
    with pytest.raises(NotImplementedError, match="get_lr"):
        optim.lr_scheduler.LRScheduler(optimizer)
