"""One optimizer step, in microseconds of processor time.

In pieces, on whole arrays, and PyTorch's where it is installed.

    python benchmarks/optim.py            # one thread; medians of interleaved rounds

Three sets of parameters: a 2-16-16-1 network (337 values), 784-256-128-10 (235,146) and a small
GPT (about 800,000). "pieces" is the default; "whole" is what TINYGRAD_LITE_PLAIN=1 chooses.
"""

# ruff: noqa: E402 - the number of threads is read when NumPy is imported
from __future__ import annotations

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import statistics
import time

import numpy as np

import tinygrad_lite as tgl
from tinygrad_lite import optim
from tinygrad_lite.optim import _elementwise

try:
    import torch
except ImportError:
    torch = None
else:
    torch.set_num_threads(1)

GPT_LAYER = [(384, 128), (384,), (128, 128), (128,), (512, 128), (512,), (128, 512), (128,)]
SHAPES = {
    "337": [(16, 2), (16,), (16, 16), (16,), (1, 16), (1,)],
    "235k": [(256, 784), (256,), (128, 256), (128,), (10, 128), (10,)],
    "800k": [(65, 128), (64, 128), *(GPT_LAYER + [(128,)] * 4) * 4, (65, 128)],
}
OPTIMIZERS = {
    "SGD momentum": ("SGD", {"lr": 1e-3, "momentum": 0.9}),
    "Adam": ("Adam", {}),
    "AdamW": ("AdamW", {}),
    "RMSprop": ("RMSprop", {}),
    "Adadelta": ("Adadelta", {}),
}


def made(framework, home, shapes, name, options):
    """Return an optimizer over random parameters that have gradients."""
    rng = np.random.default_rng(0)
    params = []
    for shape in shapes:
        p = framework.tensor(rng.normal(size=shape).astype("float32"), requires_grad=True)
        p.grad = framework.tensor(rng.normal(size=shape).astype("float32"))
        params.append(p)
    return getattr(home, name)(params, **options)


def timed(step, repeats):
    start = time.process_time()
    for _ in range(repeats):
        step()
    return (time.process_time() - start) / repeats * 1e6


def measure(steps, *, rounds=15):
    """Return the median time of each step, all run in turn."""
    for step in steps.values():
        step()
    repeats = {name: max(1, int(3000 / timed(step, 3))) for name, step in steps.items()}
    times = {name: [] for name in steps}
    for _ in range(rounds):
        for name, step in steps.items():
            times[name].append(timed(step, repeats[name]))
    return {name: statistics.median(values) for name, values in times.items()}


def plainly(step):
    """Return the step on whole arrays."""

    def run():
        _elementwise._PLAIN = True
        step()
        _elementwise._PLAIN = False

    return run


def main():
    print(f"{'':14}{'values':>8}{'pieces':>10}{'whole':>10}{'torch':>10}{'ratio':>8}")
    for label, (name, options) in OPTIMIZERS.items():
        for size, shapes in SHAPES.items():
            steps = {"pieces": made(tgl, optim, shapes, name, options).step}
            steps["whole"] = plainly(made(tgl, optim, shapes, name, options).step)
            if torch is not None:
                steps["torch"] = made(torch, torch.optim, shapes, name, options).step
            took = measure(steps)
            ratio = took["pieces"] / took["torch"] if torch is not None else float("nan")
            theirs = took.get("torch", float("nan"))
            print(
                f"{label:14}{size:>8}{took['pieces']:10.1f}{took['whole']:10.1f}"
                f"{theirs:10.1f}{ratio:8.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
