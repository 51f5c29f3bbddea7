"""What the expressions of the tables are made of; `torch` is either library."""

from __future__ import annotations

import collections
import os

import numpy as np

Pair = collections.namedtuple("Pair", "a b")


class MyDict(dict):
    """A dictionary of another type."""


class MyList(list):
    """A list of another type."""


class Squares:
    """Sample i is i²."""

    def __init__(self, n=7):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        if i >= self.n:
            raise IndexError(i)
        return i * i


class WithWorker:
    """Sample i says which worker made it."""

    def __init__(self, torch, n=6):
        self.torch, self.n = torch, n

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        worker = self.torch.utils.data.get_worker_info()
        return i, worker.id, worker.num_workers, type(worker.dataset).__name__


class FailsAtThree(WithWorker):
    """Sample 3 raises."""

    def __getitem__(self, i):
        if i == 3:
            raise ValueError("no three")
        return i


def note_worker(i):
    """Leave the worker's number in the environment."""
    os.environ["WORKER"] = str(i)


def squares_of(torch):
    """Squares as a subclass of the library's Dataset."""

    class Dataset(torch.utils.data.Dataset):
        __len__, __getitem__ = lambda self: 7, lambda self, i: i * i

    return Dataset()


def stream(torch, n=7, length=None):
    """An iterable data set of `n` numbers, which may say that it has `length`."""

    class Stream(torch.utils.data.IterableDataset):
        def __iter__(self):
            return iter(range(n))

    if length is not None:
        Stream.__len__ = lambda self: length
    return Stream()


def shared_stream(torch):
    """An iterable data set that the workers share out."""

    class Stream(torch.utils.data.IterableDataset):
        def __iter__(self):
            worker = torch.utils.data.get_worker_info()
            return iter(range(worker.id, 8, worker.num_workers))

    return Stream()


def rows(torch, h, n=7):
    """A data set of tensors."""
    return torch.utils.data.TensorDataset(h.x(n, 2), torch.arange(n))


def generator(torch, seed=0):
    """A generator with a seed."""
    return torch.Generator().manual_seed(seed)


def linear(torch, h, ins=3, outs=4):
    """A linear layer, filled."""
    return h.fill(torch.nn.Linear(ins, outs))


def small(torch, n=2):
    """A square linear layer."""
    return torch.nn.Linear(n, n)


def net(torch):
    """Four layers, one with buffers."""
    nn = torch.nn
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 2))


def tree(torch):
    """A module with everything that can be registered, and a shared layer and weight."""

    class Tree(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.l = torch.nn.Linear(2, 2)
            self.w = torch.nn.Parameter(torch.ones(2))
            self.register_buffer("b", torch.zeros(2))
            self.register_buffer("c", torch.ones(1), persistent=False)
            self.register_buffer("n", None)
            self.register_parameter("pn", None)
            self.m = torch.nn.ModuleList([self.l, torch.nn.Linear(2, 3)])
            self.tied = torch.nn.Linear(2, 2)
            self.tied.weight = self.l.weight

        def forward(self, x, scale=1):
            return self.tied(self.l(x)) * scale + self.w

    return Tree()


def with_extra(torch):
    """A module with extra state."""

    class Extra(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.v, self.p = 3, torch.nn.Parameter(torch.ones(1))

        def get_extra_state(self):
            return {"v": self.v}

        def set_extra_state(self, state):
            self.v = state["v"]

    return Extra()


def sequence(torch):
    """A Sequential of three."""
    return torch.nn.Sequential(small(torch), torch.nn.ReLU(), torch.nn.Linear(2, 3))


def module_list(torch):
    """A ModuleList of five."""
    return torch.nn.ModuleList([small(torch), torch.nn.ReLU(), *(small(torch) for _ in range(3))])


def module_dict(torch):
    """A ModuleDict of two."""
    return torch.nn.ModuleDict({"a": small(torch), "b": torch.nn.ReLU()})


def parameter_list(torch):
    """A ParameterList of three."""
    made = torch.nn.Parameter
    return torch.nn.ParameterList([made(torch.ones(2)), torch.zeros(1, 2), made(torch.ones(1))])


def parameter_dict(torch):
    """A ParameterDict of two."""
    return torch.nn.ParameterDict({"a": torch.nn.Parameter(torch.ones(2)), "b": torch.zeros(1, 2)})


def symmetric(torch):
    """A parametrization that can be inverted."""

    class Symmetric(torch.nn.Module):
        def forward(self, x):
            return x.triu() + x.triu(1).transpose(-1, -2)

        def right_inverse(self, a):
            return a.triu()

    return Symmetric()


def double(torch):
    """A parametrization that cannot be inverted."""

    class Double(torch.nn.Module):
        def forward(self, x):
            return x * 2

    return Double()


def sum_of_two(torch):
    """A parametrization of two tensors."""

    class SumOfTwo(torch.nn.Module):
        def forward(self, a, b):
            return a + b

        def right_inverse(self, x):
            return x * 0.25, x * 0.75

    return SumOfTwo()


def first_row(torch):
    """A parametrization that changes the shape."""

    class FirstRow(torch.nn.Module):
        def forward(self, x):
            return x[:1]

    return FirstRow()


def batch_norm(torch, h, n, dims):
    """A batch normalisation with statistics, in evaluation mode."""
    made = h.fill(getattr(torch.nn, f"BatchNorm{dims}d")(n))
    made.running_mean.copy_(h.x(n))
    made.running_var.copy_(h.x(n, lo=0.5, hi=2.0))
    return made.eval()


def gradients(out, *inputs):
    """A result, and the gradients of the sum of it."""
    out.sum().backward()
    return out, [x.grad for x in inputs]


def optimizer(torch, lr=0.1, groups=1, kind="SGD", **options):
    """An optimizer of `groups` groups with rising rates."""
    params = [
        {"params": [torch.ones(2, requires_grad=True)], "lr": lr * (i + 1)} for i in range(groups)
    ]
    return getattr(torch.optim, kind)(params, lr=lr, **options)


def parameters(torch, h, dtype="float64", shapes=((4, 3), (3,), (2, 2))):
    """Leaves without gradients."""
    return [h.x(*shape, dtype=dtype).requires_grad_() for shape in shapes]


def with_gradients(torch, h):
    """Leaves with gradients."""
    leaves = parameters(torch, h)
    for leaf in leaves:
        leaf.grad = h.x(*leaf.shape, dtype="float64")
    return leaves


def no_digits():
    """An array of objects."""
    return np.array([None])
