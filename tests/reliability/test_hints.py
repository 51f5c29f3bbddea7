"""Hints: given once for each silent mistake, with a remedy that works; never on right scripts."""

import gc
import re
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

import tinygrad_lite as torch
import tinygrad_lite.nn.functional as F
from tinygrad_lite import hints, nn, optim
from tinygrad_lite._state import here

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def anew():
    hints.on()
    yield
    hints.on()
    here.watch = None


def train(model, loss, *, zero=True, backward=True, steps=4):
    optimizer = optim.SGD(model.parameters(), lr=0.01)
    for _ in range(steps):
        if zero:
            optimizer.zero_grad()
        value = loss(model)
        if backward:
            value.backward()
        optimizer.step()


X, Y = torch.randn(4, 3), torch.tensor([0, 1, 2, 0])
TARGET = torch.randn(4)


class Listed(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.layers = kind([nn.Linear(3, 3), nn.Linear(3, 3)])
        self.out = nn.Linear(3, 1)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.out(x)


class Scaled(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.scale = kind(torch.ones(3, requires_grad=True))
        self.out = nn.Linear(3, 1)

    def forward(self, x):
        return self.out(x * self.scale)


def evaluate(predict):
    model = nn.Linear(3, 3).eval()
    (predict(model(X)) == Y).float().mean()


# what is wrong, the words of the hint, and the same with the remedy
MISTAKES = {
    "broadcast by hand": (
        lambda: train(nn.Linear(3, 1), lambda m: ((m(X) - TARGET) ** 2).mean()),
        r"sub of \(4, 1\) and \(4,\) became \(4, 4\).*squeeze\(1\)",
        lambda: train(nn.Linear(3, 1), lambda m: ((m(X).squeeze(1) - TARGET) ** 2).mean()),
    ),
    "accuracy": (
        lambda: evaluate(lambda out: out.argmax(1, keepdim=True)),
        r"eq of \(4, 1\) and \(4,\) became \(4, 4\)",
        lambda: evaluate(lambda out: out.argmax(1, keepdim=True).squeeze(1)),
    ),
    "zero_grad forgotten": (
        lambda: train(nn.Linear(3, 1), lambda m: m(X).square().mean(), zero=False),
        r"SGD.step\(\) used the sum of the gradients.*zero_grad",
        lambda: train(nn.Linear(3, 1), lambda m: m(X).square().mean()),
    ),
    "backward forgotten": (
        lambda: train(nn.Linear(3, 1), lambda m: m(X).square().mean(), backward=False),
        r"all 2 gradients are None. Call loss.backward\(\)",
        lambda: train(nn.Linear(3, 1), lambda m: m(X).square().mean()),
    ),
    "layers in a list": (
        lambda: train(Listed(list), lambda m: m(X).mean()),
        r"Listed.layers is a list of 2 Modules.*ModuleList",
        lambda: train(Listed(nn.ModuleList), lambda m: m(X).mean()),
    ),
    "layers in a dict": (
        lambda: train(Listed(lambda layers: {"a": layers[0]}), lambda m: m.layers["a"](X).mean()),
        r"dict of 1 Module that",
        lambda: train(Listed(lambda ls: nn.ModuleDict({"a": ls[0]})),
                      lambda m: m.layers["a"](X).mean()),
    ),
    "tensor for a parameter": (
        lambda: train(Scaled(lambda x: x), lambda m: m(X).mean()),
        r"Scaled.scale requires grad but is not a Parameter.*nn.Parameter",
        lambda: train(Scaled(nn.Parameter), lambda m: m(X).mean()),
    ),
    "softmax before cross_entropy": (
        lambda: train(nn.Sequential(nn.Linear(3, 3), nn.Softmax(1)),
                      lambda m: F.cross_entropy(m(X), Y)),
        r"like probabilities.*Drop the softmax",
        lambda: train(nn.Linear(3, 3), lambda m: F.cross_entropy(m(X), Y)),
    ),
    "nll_loss of logits": (
        lambda: train(nn.Linear(3, 3), lambda m: F.nll_loss(m(X * 9), Y)),
        r"nll_loss has positive numbers.*log_softmax",
        lambda: train(nn.Linear(3, 3), lambda m: F.nll_loss(F.log_softmax(m(X * 9), 1), Y)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_silent_mistake_gives_one_hint_and_its_remedy_none(name):
    wrong, words, right = MISTAKES[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        right()
    hints.on()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        wrong()
        wrong()
    (hint,) = [w for w in caught if w.category is hints.HintWarning]
    assert re.search(words, str(hint.message)), hint.message
    assert Path(hint.filename).name == Path(__file__).name


@pytest.mark.parametrize("name", MISTAKES)
def test_hints_can_be_switched_off(name):
    hints.off()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        MISTAKES[name][0]()
    assert here.watch is None


def test_a_watched_program_computes_the_same():
    def run():
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.BatchNorm1d(8), nn.Linear(8, 1))
        train(model, lambda m: m(X).square().mean(), steps=5)
        return [p.tolist() for p in model.parameters()]

    watched = run()
    hints.off()
    assert run() == watched


def test_nobody_watches_after_three_steps():
    model = nn.Linear(3, 1)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    assert here.watch is not None
    for _ in range(3):
        optimizer.zero_grad()
        model(X).mean().backward()
        optimizer.step()
    assert here.watch is None


def test_nobody_watches_for_an_optimizer_that_is_gone():
    """Of one that never took its steps: the operations that follow would all be watched."""
    gc.collect()
    model = nn.Linear(2, 2)
    first = optim.SGD(model.parameters(), lr=0.1)
    second = optim.Adam(model.parameters())
    del first
    gc.collect()
    assert here.watch is not None  # the other one still waits
    del second
    gc.collect()
    assert here.watch is None


def accumulate(m=None):
    model = nn.Linear(3, 1)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    for i in range(8):
        model(X).square().mean().backward()
        if i % 2:
            optimizer.step()
            optimizer.zero_grad()


def zero_by_hand(how):
    model = nn.Linear(3, 1)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    for _ in range(4):
        model(X).square().mean().backward()
        optimizer.step()
        how(model, optimizer)


def each(act):
    def how(model, _):
        for p in model.parameters():
            act(p)

    return how


def set_none(p):
    p.grad = None


def plot_a_schedule():
    optimizer = optim.SGD([nn.Parameter(torch.ones(1))], lr=0.1)
    schedule = optim.lr_scheduler.StepLR(optimizer, 1)
    for _ in range(5):
        optimizer.step()
        schedule.step()


def adversaries():
    g, d = nn.Linear(2, 3), nn.Linear(3, 1)
    og, od = optim.Adam(g.parameters()), optim.Adam(d.parameters())
    for _ in range(5):
        od.zero_grad()
        (d(X).mean() - d(g(torch.randn(4, 2)).detach()).mean()).backward()
        od.step()
        og.zero_grad()
        d(g(torch.randn(4, 2))).mean().backward()
        og.step()


class Teacher(nn.Module):
    """Keeps another model out of its own parameters, on purpose."""

    def __init__(self):
        super().__init__()
        self.own = nn.Linear(3, 1)
        self.other = [nn.Linear(3, 1).requires_grad_(False)]

    def forward(self, x):
        return (self.own(x) - self.other[0](x)).square()


def two_views():
    model = Listed(nn.ModuleList)
    model.shortcuts = [model.layers[0], model.out]
    train(model, lambda m: m(X).mean())


def lbfgs():
    model = nn.Linear(3, 1)
    optimizer = optim.LBFGS(model.parameters())

    def closure():
        optimizer.zero_grad()
        loss = model(X).square().mean()
        loss.backward()
        return loss

    for _ in range(4):
        optimizer.step(closure)


RIGHT = {
    "accumulation": accumulate,
    "zero_grad after": lambda: zero_by_hand(lambda m, o: o.zero_grad()),
    "zeros": lambda: zero_by_hand(lambda m, o: o.zero_grad(set_to_none=False)),
    "model.zero_grad": lambda: zero_by_hand(lambda m, o: m.zero_grad()),
    "grad.zero_": lambda: zero_by_hand(each(lambda p: p.grad.zero_())),
    "grad.data.zero_": lambda: zero_by_hand(each(lambda p: p.grad.data.zero_())),
    "grad = None": lambda: zero_by_hand(each(set_none)),
    "schedule": plot_a_schedule,
    "adversaries": adversaries,
    "teacher": lambda: train(Teacher(), lambda m: m(X).mean()),
    "two views": two_views,
    "closure": lbfgs,
    "all pairs": lambda: train(
        nn.Linear(3, 1),
        lambda m: (m(X).squeeze(1).unsqueeze(1) - m(X).squeeze(1)).square().mean(),
    ),
    "pairs by index": lambda: train(
        nn.Linear(3, 1), lambda m: (m(X)[:, 0][:, None] - TARGET).square().mean()
    ),
    "attention of a graph": lambda: train(
        nn.Linear(3, 1), lambda m: (m(X) + m(X).T).softmax(1).square().mean()
    ),
    "one-hot": lambda: train(
        nn.Linear(3, 3),
        lambda m: (m(X)[:3] * (torch.tensor([0, 1, 2]).unsqueeze(1) == torch.arange(3))).sum(),
    ),
    "soft targets": lambda: train(
        nn.Linear(3, 3), lambda m: F.cross_entropy(m(X), torch.ones(4, 3) / 3)
    ),
    "nll of log_softmax": lambda: train(
        nn.Sequential(nn.Linear(3, 3), nn.LogSoftmax(1)), lambda m: nn.NLLLoss()(m(X), Y)
    ),
    "mse": lambda: train(nn.Linear(3, 1), lambda m: F.mse_loss(m(X), TARGET.unsqueeze(1))),
    "bce": lambda: train(
        nn.Sequential(nn.Linear(3, 1), nn.Sigmoid()),
        lambda m: F.binary_cross_entropy(m(X)[:, 0], torch.rand(4)),
    ),
    "reinforce": lambda: train(
        nn.Linear(3, 3), lambda m: -(F.log_softmax(m(X), 1).gather(1, Y[:, None]) * 2).mean()
    ),
    "values of actions": lambda: train(
        nn.Linear(3, 3), lambda m: F.mse_loss(m(X).gather(1, Y[:, None])[:, 0], TARGET)
    ),
    "image as a parameter": lambda: optim.Adam([torch.ones(3, requires_grad=True)]).step(),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_scripts_get_no_hint(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        RIGHT[name]()


@pytest.mark.slow
@pytest.mark.parametrize(
    "script", sorted((ROOT / "examples").glob("*.py")), ids=lambda path: path.name
)
def test_our_examples_get_no_hint(script, tmp_path):
    result = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", str(script)],
        capture_output=True, text=True, check=False, timeout=300, cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
    )  # fmt: skip
    assert "HintWarning" not in result.stderr
