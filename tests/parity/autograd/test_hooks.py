"""Hooks and retain_grad in any order, in random programs, against PyTorch.

Hooks on tensors and nodes are registered, removed, replace gradients or look on, between
operations, views, changes in place and backward passes; what they saw and every gradient is
compared. Between two passes the order among independent branches is the engine's own.
"""

import random
import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import tinygrad_lite as ours  # noqa: E402 - torch decides whether this module is imported


class Program:
    """One random program, run in one of the libraries."""

    def __init__(self, library, seed):
        self.library, self.random = library, random.Random(seed)
        self.replaces = seed % 2 == 0  # hooks replace gradients, or passes ask for many of them
        rng = np.random.default_rng(seed)
        self.leaves = [library.tensor(rng.uniform(0.5, 1.5, 3)).requires_grad_() for _ in range(2)]
        self.values, self.handles, self.hooks = list(self.leaves), [], 0
        self.seen, self.log = [], []

    def run(self):
        """What happened: gradients after each pass, what hooks saw before it, errors."""
        for _ in range(self.random.randint(6, 14)):
            x, y = self.random.choice(self.values), self.random.choice(self.values)
            step = self.random.choice(STEPS)
            try:
                step(self, x, y)
            except RuntimeError:
                self.told("error")
        try:
            self.last()
        except RuntimeError:
            self.seen.clear()  # how far a failing pass came is the engine's own
            self.told("error")
        return self.log

    def told(self, *what):
        """Enter what happened, after what the hooks saw on the way."""
        self.log += sorted(self.seen, key=repr)
        self.seen.clear()
        self.log.append(what)

    def look(self, number):
        """A hook; the number decides whether it replaces the gradient."""
        name, self.hooks = self.hooks, self.hooks + 1

        def hook(g):
            self.seen.append(("hook", name, numbers(g)))
            return {1: g * 2, 2: g + 1}.get(number)

        return hook

    def gradients(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return [numbers(v.grad) for v in (*self.leaves, *self.values)]

    def last(self):
        """One more pass, perhaps with another one through its gradients."""
        total = sum(v.sum() for v in self.values[-4:])
        create = self.random.random() < 0.4
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            total.backward(create_graph=create)
        self.told("backward", self.gradients())
        if create:
            squares = sum((x.grad * x.grad).sum() for x in self.leaves if x.grad is not None)
            inputs = self.leaves if self.replaces else self.values
            inputs = [v for v in inputs if v.requires_grad]
            found = self.library.autograd.grad(squares, inputs, allow_unused=True)
            self.told("again", [numbers(g) for g in found])
            for leaf in self.leaves:
                leaf.grad = None


def numbers(g):
    return None if g is None else tuple(float(f"{v:.9g}") for v in np.asarray(g.detach()).ravel())


def keep(make):
    return lambda p, x, y: p.values.append(make(x, y))


def add_hook(p, x, y):
    p.handles.append(x.register_hook(p.look(p.random.randrange(3) if p.replaces else 0)))


def remove_hook(p, x, y):
    if p.handles:
        p.random.choice(p.handles).remove()


def watch_leaf(p, x, y):
    leaf = p.random.choice(p.leaves)
    leaf.register_post_accumulate_grad_hook(lambda t: p.seen.append(("after", numbers(t.grad))))


def watch_node(p, x, y):
    if x.grad_fn is not None:
        x.grad_fn.register_prehook(lambda gs: p.seen.append(("before", *map(numbers, gs))))


def watch_node_behind(p, x, y):
    if x.grad_fn is not None:
        x.grad_fn.register_hook(lambda _, gs: p.seen.append(("behind", *map(numbers, gs))))


def pass_back(p, x, y):
    (x.sum() + y.sum()).backward(retain_graph=True)
    p.told("backward", p.gradients())


def ask(p, x, y):
    inputs = [y] if p.replaces else [y, p.leaves[0]]
    found = p.library.autograd.grad((x * x).sum(), inputs, retain_graph=True, allow_unused=True)
    p.told("grad", [numbers(g) for g in found])


STEPS = (
    keep(lambda x, y: x * y),
    keep(lambda x, y: x + y),
    keep(lambda x, y: x.exp() * 0.1),
    keep(lambda x, y: x.sort()[0]),
    keep(lambda x, y: x.reshape(3, 1).max(1)[0]),
    keep(lambda x, y: x.view(3, 1)[:, 0]),
    add_hook,
    add_hook,
    remove_hook,
    lambda p, x, y: x.retain_grad(),
    lambda p, x, y: x.mul_(1.5),
    watch_leaf,
    watch_node,
    watch_node_behind,
    pass_back,
    ask,
)


def same(one, other):
    if isinstance(one, (tuple, list)) and isinstance(other, (tuple, list)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return one == pytest.approx(other, rel=1e-7, abs=1e-9)
    return one == other


@pytest.mark.parametrize("start", range(0, 400, 20))
def test_random_programs(start):
    for seed in range(start, start + 20):
        mine, theirs = Program(ours, seed).run(), Program(torch, seed).run()
        for number, (a, b) in enumerate(zip(mine, theirs, strict=False)):
            assert same(a, b), (seed, number, a, b)
        assert len(mine) == len(theirs), seed
