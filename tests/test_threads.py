"""Threads: modes of their own, training side by side, leaves in common."""

import random
import sys
import threading

import pytest

import tinygrad_lite as torch
from tinygrad_lite import nn
from tinygrad_lite.autograd import explain, graph


@pytest.fixture(autouse=True)
def _switching_often():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def side_by_side(*functions):
    """Run functions in threads of their own; the first error is raised here."""
    errors = []

    def guarded(function):
        try:
            function()
        except BaseException as error:  # noqa: BLE001 - handed to the main thread
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(f,)) for f in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


MODES = (
    torch.no_grad, torch.enable_grad, torch.inference_mode, lambda: torch.set_grad_enabled(False),
    lambda: torch.set_grad_enabled(True),
)  # fmt: skip


def nest(rng, depth):
    """Modes inside modes; each is undone, and rules while it is the innermost."""
    if not depth:
        return
    before = torch.is_grad_enabled()
    place = rng.randrange(len(MODES))
    with MODES[place]():
        expected = place in {1, 4}
        assert torch.is_grad_enabled() is expected
        x = torch.ones(1, requires_grad=True)
        assert (x * 2).requires_grad is expected
        nest(rng, rng.randrange(depth))
        assert torch.is_grad_enabled() is expected
    assert torch.is_grad_enabled() is before


def test_modes_belong_to_their_thread():
    def run(seed):
        rng = random.Random(seed)
        assert torch.is_grad_enabled()
        for _ in range(150):
            nest(rng, 6)
        assert torch.is_grad_enabled()

    with torch.no_grad():
        side_by_side(*(lambda s=s: run(s) for s in range(8)))
        assert not torch.is_grad_enabled()


def trained(seed):
    """A small model after some steps, as bytes."""
    generator = torch.Generator().manual_seed(seed)
    model = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.LayerNorm(8), nn.Linear(8, 3))
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.randn(p.shape, generator=generator))
    x, y = torch.randn(10, 6, generator=generator), torch.arange(10) % 3
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(25):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    return b"".join(p.detach().numpy().tobytes() for p in model.parameters())


def test_models_side_by_side_learn_what_they_learn_alone():
    alone = [trained(seed) for seed in range(8)]
    found = [None] * 8

    def run(seed):
        found[seed] = trained(seed)

    side_by_side(*(lambda s=s: run(s) for s in range(8)))
    assert found == alone


def test_a_leaf_in_common_gets_the_exact_sum():
    x = torch.zeros(50, dtype=torch.float64, requires_grad=True)
    weights = torch.arange(50, dtype=torch.float64)

    def run():
        for _ in range(150):
            (x * weights).sum().backward()

    side_by_side(*[run] * 10)
    assert torch.equal(x.grad, weights * 1500)


def test_one_graph_is_walked_by_many():
    x = torch.linspace(0.1, 1, 20, dtype=torch.float64).requires_grad_()
    h = (x.exp() * x).tanh()
    h.grad_fn.register_hook(lambda inputs, outputs: None)
    with graph.save_on_cpu():
        loss = (h * x.sin()).sum()
    (expected,) = torch.autograd.grad(loss, x, retain_graph=True)

    def run():
        for _ in range(30):
            (g,) = torch.autograd.grad(loss, x, retain_graph=True)
            assert torch.equal(g, expected)

    side_by_side(*[run] * 6)


def test_watchers_belong_to_their_thread():
    seen = []

    def watched():
        for _ in range(40):
            with (
                explain(),
                graph.saved_tensors_hooks(lambda t: (seen.append(1), t)[1], lambda t: t),
            ):
                x = torch.ones(3, requires_grad=True)
                x.exp().sum().backward()

    def free():
        for _ in range(40):
            x = torch.ones(3, requires_grad=True)
            x.exp().detach().exp().sum().item()

    side_by_side(watched, free, watched, free)
    assert len(seen) == 80
    assert torch.Tensor.__dict__["item"].__module__ == "tinygrad_lite._tensor"
