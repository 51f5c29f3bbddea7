"""One epoch of the loader over arrays, in milliseconds: ours and PyTorch's where installed."""

from __future__ import annotations

import statistics
import time

import numpy as np

import tinygrad_lite as tgl
from tinygrad_lite.utils import data

try:
    import torch
    from torch.utils import data as their_data
except ImportError:
    torch = None


class OneByOne(data.Dataset):
    """The same rows, so that nothing can be taken at once."""

    def __init__(self, tensors):
        self.tensors = tensors

    def __len__(self):
        return len(self.tensors[0])

    def __getitem__(self, index):
        return tuple(tensor[index] for tensor in self.tensors)


def epoch(loader):
    start = time.perf_counter()
    for _ in loader:
        pass
    return (time.perf_counter() - start) * 1e3


def main():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(10_000, 784)).astype("float32"), rng.integers(0, 10, 10_000)
    ours = [tgl.tensor(x), tgl.tensor(y)]
    loaders = {
        "rows at once": data.DataLoader(data.TensorDataset(*ours), 64, shuffle=True),
        "one by one": data.DataLoader(OneByOne(ours), 64, shuffle=True),
    }
    if torch is not None:
        theirs = their_data.TensorDataset(torch.tensor(x), torch.tensor(y))
        loaders["torch"] = their_data.DataLoader(theirs, 64, shuffle=True)
    times = {name: [] for name in loaders}
    for _ in range(7):
        for name, loader in loaders.items():
            times[name].append(epoch(loader))
    for name, values in times.items():
        print(f"{name:14}{statistics.median(values):8.2f} ms")


if __name__ == "__main__":
    main()
