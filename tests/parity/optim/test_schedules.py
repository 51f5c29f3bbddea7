"""Every schedule beside PyTorch's: the same learning rates to the last bit, the same state."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

import tinygrad_lite as tgl
from tinygrad_lite import optim

torch = pytest.importorskip("torch", reason="compares with PyTorch, which is not installed")


class Halving:
    """A callable with a state of its own."""

    def __init__(self):
        self.calls = 0

    def __call__(self, epoch):
        self.calls += 1
        return 0.5**epoch


def simple(name, *args, **kwargs):
    return name, lambda s, opt: getattr(s, name)(opt, *args, **kwargs)


def sequential(s, opt):
    parts = [
        s.LinearLR(opt, 0.1, total_iters=4),
        s.ExponentialLR(opt, 0.9),
        s.CosineAnnealingLR(opt, 10),
    ]
    return s.SequentialLR(opt, parts, milestones=[4, 9])


def sequential_restarts(s, opt):
    parts = [s.ConstantLR(opt, 0.1, total_iters=3), s.CosineAnnealingWarmRestarts(opt, 4)]
    return s.SequentialLR(opt, parts, milestones=[3])


def nested(s, opt):
    inner = s.SequentialLR(opt, [s.ConstantLR(opt, 0.2), s.ExponentialLR(opt, 0.8)], [2])
    return s.SequentialLR(opt, [inner, s.StepLR(opt, 2, 0.5)], milestones=[7])


def chained(s, opt):
    return s.ChainedScheduler([s.ConstantLR(opt, 0.1, total_iters=3), s.ExponentialLR(opt, 0.9)])


SCHEDULES = [
    simple("LambdaLR", lambda e: 0.95**e),
    simple("LambdaLR", [lambda e: 0.95**e, lambda e: 1 / (1 + e)]),
    simple("LambdaLR", Halving()),
    simple("MultiplicativeLR", lambda e: 0.9 + e / 100),
    simple("StepLR", 3),
    simple("StepLR", 5, gamma=0.7),
    simple("MultiStepLR", [2, 5, 5, 11], gamma=0.3),
    simple("ConstantLR"),
    simple("ConstantLR", 0.5, total_iters=7),
    simple("LinearLR"),
    simple("LinearLR", 0.9, 0.1, total_iters=13),
    simple("ExponentialLR", 0.93),
    simple("PolynomialLR", total_iters=12, power=2.0),
    simple("CosineAnnealingLR", 7, eta_min=1e-3),
    simple("CosineAnnealingLR", 100),
    simple("CosineAnnealingWarmRestarts", 5),
    simple("CosineAnnealingWarmRestarts", 3, T_mult=2, eta_min=1e-4),
    simple("CyclicLR", 0.01, 0.2, step_size_up=4, step_size_down=3),
    simple("CyclicLR", 0.01, 0.2, step_size_up=4, mode="triangular2"),
    simple("CyclicLR", [0.01, 0.02], 0.2, step_size_up=4, mode="exp_range", gamma=0.97),
    simple(
        "CyclicLR", 0.01, 0.2, 5, scale_fn=lambda x: 1 / (5**x * 0.0001), scale_mode="iterations"
    ),
    simple("CyclicLR", 0.01, 0.2, 5, cycle_momentum=False),
    simple("OneCycleLR", 0.3, total_steps=25),
    simple("OneCycleLR", [0.3, 0.1], epochs=5, steps_per_epoch=5, anneal_strategy="linear"),
    simple("OneCycleLR", 0.3, total_steps=30, three_phase=True, cycle_momentum=False),
    simple("OneCycleLR", 0.3, total_steps=30, three_phase=True, pct_start=0.2),
    ("SequentialLR", sequential),
    ("SequentialLR of restarts", sequential_restarts),
    ("SequentialLR, nested", nested),
    ("ChainedScheduler", chained),
]


def both(make, optimizer="SGD"):
    """The schedule in both frameworks, each over an optimizer with two groups."""
    made = []
    for framework, home in ((tgl, optim), (torch, torch.optim)):
        tensors = [framework.tensor(np.ones(2), requires_grad=True) for _ in range(2)]
        groups = [{"params": tensors[:1]}, {"params": tensors[1:], "lr": 0.05}]
        opt = getattr(home, optimizer)(groups, lr=0.1)
        made.append((opt, make(home.lr_scheduler, opt)))
    return made


def clean(value):
    """State without what cannot be compared, such as bound methods."""
    if isinstance(value, dict):
        return {k: clean(v) for k, v in value.items() if k != "_scale_fn_ref"}
    if isinstance(value, (list, tuple)):
        return [clean(v) for v in value]
    return value


PYTORCH_WARNS = pytest.mark.filterwarnings("ignore:Detected call of:UserWarning:torch")


@PYTORCH_WARNS
@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
@pytest.mark.parametrize("case", SCHEDULES, ids=lambda case: case[0])
def test_learning_rates_momenta_and_state(case, optimizer):
    (mine, schedule), (theirs, reference) = both(case[1], optimizer)
    for _ in range(24):
        assert schedule.get_last_lr() == reference.get_last_lr()
        for got, wanted in zip(mine.param_groups, theirs.param_groups, strict=True):
            assert {k: v for k, v in got.items() if k != "params"} == {
                k: v for k, v in wanted.items() if k != "params"
            }
        assert clean(schedule.state_dict()) == clean(reference.state_dict())
        mine.step()
        theirs.step()
        schedule.step()
        reference.step()


@PYTORCH_WARNS
@pytest.mark.parametrize("case", SCHEDULES, ids=lambda case: case[0])
def test_goes_on_from_pytorchs_state(case):
    (mine, schedule), (theirs, reference) = both(case[1])
    for _ in range(6):
        theirs.step()
        reference.step()
    schedule.load_state_dict(reference.state_dict())
    mine.load_state_dict(theirs.state_dict())
    for _ in range(9):
        mine.step()
        theirs.step()
        schedule.step()
        reference.step()
        assert schedule.get_last_lr() == reference.get_last_lr()


@pytest.mark.parametrize("case", SCHEDULES[:19], ids=lambda case: case[0])
def test_epoch_argument(case):
    (mine, schedule), (theirs, reference) = both(case[1])
    mine.step()
    theirs.step()
    for epoch in (3, 9, 4, 0):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            schedule.step(epoch)
            reference.step(epoch)
        assert schedule.get_last_lr() == reference.get_last_lr()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"mode": "max", "patience": 1, "factor": 0.5},
        {"patience": 2, "cooldown": 2, "min_lr": 0.004},
        {"patience": 0, "threshold": 0.3, "threshold_mode": "abs", "min_lr": [0.01, 0.02]},
        {"patience": 1, "mode": "max", "threshold": 0.2, "threshold_mode": "abs"},
    ],
    ids=str,
)
def test_plateau(options):
    (_, schedule), (_, reference) = both(lambda s, o: s.ReduceLROnPlateau(o, **options))
    rng = np.random.default_rng(3)
    for i in range(60):
        figure = float(rng.normal() + 10 / (1 + i)) if i != 20 else math.nan
        schedule.step(figure)
        reference.step(figure)
        assert schedule.get_last_lr() == reference.get_last_lr()
        assert schedule.state_dict() == reference.state_dict()
    schedule.load_state_dict(reference.state_dict())


@pytest.mark.parametrize(
    "options",
    [{}, {"anneal_epochs": 0}, {"anneal_epochs": 4, "anneal_strategy": "linear"}],
    ids=str,
)
def test_annealing_to_the_rate_of_weight_averaging(options):
    made = []
    for framework, home in ((tgl, optim), (torch, torch.optim)):
        opt = home.SGD([framework.tensor(np.ones(2), requires_grad=True)], lr=0.1)
        made.append((opt, home.swa_utils.SWALR(opt, 0.02, **options)))
    for _ in range(14):
        assert made[0][1].get_last_lr() == made[1][1].get_last_lr()
        for opt, schedule in made:
            opt.step()
            schedule.step()


@pytest.mark.parametrize(
    ("kind", "use_buffers"),  # PyTorch's "swa multi" fails on whole numbers, such as a counter
    [(k, False) for k in ("default", "ema", "ema multi", "swa", "swa multi")]
    + [(k, True) for k in ("default", "ema", "ema multi", "swa")],
)
def test_averaged_models(kind, use_buffers):
    models = []
    for framework, home in ((tgl, optim.swa_utils), (torch, torch.optim.swa_utils)):
        options = {
            "default": {},
            "ema": {"avg_fn": home.get_ema_avg_fn(0.7)},
            "ema multi": {"multi_avg_fn": home.get_ema_multi_avg_fn(0.7)},
            "swa": {"avg_fn": home.get_swa_avg_fn()},
            "swa multi": {"multi_avg_fn": home.get_swa_multi_avg_fn()},
        }[kind]
        layers = framework.nn
        model = layers.Sequential(layers.Linear(3, 2), layers.BatchNorm1d(2))
        averaged = home.AveragedModel(model, use_buffers=use_buffers, **options)
        rng = np.random.default_rng(0)
        for _ in range(4):
            with framework.no_grad():
                for tensor in (*model.parameters(), *list(model.buffers())[:2]):
                    value = rng.normal(size=tuple(tensor.shape)).astype("float32")
                    tensor.copy_(framework.tensor(value))
            averaged.update_parameters(model)
        batches = [framework.tensor(rng.normal(size=(5, 3)).astype("float32")) for _ in range(3)]
        state = {k: v.detach().numpy().copy() for k, v in averaged.state_dict().items()}
        home.update_bn(batches, averaged)
        renewed = {k: v.detach().numpy().copy() for k, v in averaged.state_dict().items()}
        models.append((state, renewed))
    for mine, theirs in zip(*models, strict=True):
        assert list(mine) == list(theirs)
        for key in mine:
            np.testing.assert_allclose(mine[key], theirs[key], rtol=1e-5, atol=1e-6, err_msg=key)


@pytest.mark.parametrize(
    ("name", "args", "kwargs"),
    [
        ("LambdaLR", ([lambda e: 1.0],), {}),
        ("MultiplicativeLR", (0.5,), {}),
        ("ConstantLR", (2.0,), {}),
        ("LinearLR", (0.0,), {}),
        ("LinearLR", (0.5, 1.5), {}),
        ("CosineAnnealingWarmRestarts", (0,), {}),
        ("CosineAnnealingWarmRestarts", (2, 0), {}),
        ("CyclicLR", (0.1, 0.2), {"mode": "square"}),
        ("CyclicLR", ([0.1], 0.2), {}),
        ("OneCycleLR", (0.1,), {}),
        ("OneCycleLR", (0.1, -3), {}),
        ("OneCycleLR", (0.1, 10), {"pct_start": 2.0}),
        ("OneCycleLR", (0.1, 10), {"anneal_strategy": "cubic"}),
        ("ReduceLROnPlateau", (), {"factor": 1.0}),
        ("ReduceLROnPlateau", ("up",), {}),
        ("ReduceLROnPlateau", (), {"min_lr": [0.1]}),
        ("SequentialLR", ([], []), {}),
        ("StepLR", (3,), {"last_epoch": 4}),
    ],
)
def test_errors_are_of_pytorchs_class(name, args, kwargs):
    raised = []
    for framework, home in ((tgl, optim), (torch, torch.optim)):
        tensors = [framework.tensor(np.ones(2), requires_grad=True) for _ in range(2)]
        opt = home.SGD([{"params": tensors[:1]}, {"params": tensors[1:]}], lr=0.1, momentum=0.9)
        with pytest.raises((ValueError, TypeError, KeyError)) as caught:
            getattr(home.lr_scheduler, name)(opt, *args, **kwargs)
        raised.append(caught.type)
    assert raised[0] is raised[1]
