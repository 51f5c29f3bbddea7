"""Random programs with views of views, writes through keys of every kind, reductions, products,
types, hooks and retained gradients, run here and in PyTorch in step: the same values, gradients,
flags and versions, or the same class of exception.
"""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tests.parity.test_programs import STEPS as SHORT, Both  # noqa: E402 - needs torch too


class Program(Both):
    """A program whose intermediate tensors may keep their gradients."""

    def __init__(self, seed):
        super().__init__(seed)
        self.hooks = []
        self.add(self.rng.uniform(-1, 1, (4, 3)), True)
        self.add(self.rng.uniform(-1, 1, (3, 3)), True)
        self.add(self.rng.uniform(0.1, 1, (4,)), False)

    def add(self, values, grad):
        for module, tensors in self.sides:
            tensors.append(module.tensor(values, requires_grad=grad))

    def shape(self, i):
        return tuple(self.sides[1][1][i].shape)

    def both(self, text, action, append=True):
        """As in `Both`; the program ends where the two are known to differ.

        PyTorch saves some operands for their shapes alone and so refuses to go back where we can;
        it only warns of writing to what expand() gave, which we refuse.
        """
        try:
            return super().both(text, action, append)
        except AssertionError as error:
            said = str(error)
            saves = "None against" in said and ("a second time" in said or "by an inplace" in said)
            refuses = "against" in said and any(words in said for words in STRICT)
            if not (saves or refuses):
                raise
            self.ended = True
            return False

    def compare(self):
        super().compare()
        program = "\n".join(self.log)
        for i, (a, b) in enumerate(zip(self.sides[0][1], self.sides[1][1], strict=True)):
            assert str(a.dtype) == str(b.dtype), f"dtype of {i} in\n{program}"
            assert a.retains_grad == b.retains_grad, f"retains_grad of {i} in\n{program}"
            if b.retains_grad and b.grad is not None:
                np.testing.assert_allclose(
                    a.grad.detach().numpy(), b.grad.detach().numpy(), rtol=1e-8, atol=1e-10,
                    err_msg=f"retained gradient {i} in\n{program}",
                )  # fmt: skip


STRICT = ("single memory location", "memory is read-only", "axis dim should be positive")


def choose(state, items):
    return items[int(state.rng.integers(len(items)))]


def key_for(state, shape):
    """A key for a shape, as a function of the module, and as text."""
    kind = int(state.rng.integers(9))
    n = shape[0] if shape else 1
    picks = [int(v) for v in state.rng.integers(-n, n, 2)] if n else [0, 0]
    mask = state.rng.random(shape) < 0.5
    keys = [
        (lambda m: (Ellipsis, slice(None, None, 2)), "..., ::2"),
        (lambda m: (slice(1, None),), "1:"),
        (lambda m: picks[0], str(picks[0])),
        (lambda m: (Ellipsis, None), "..., None"),
        (lambda m: (slice(None), picks[1]), f":, {picks[1]}"),
        (lambda m: m.tensor(picks), f"tensor({picks})"),
        (lambda m: m.tensor(mask), "mask"),
        (lambda m: (slice(None), m.tensor([0, -1])), ":, tensor([0, -1])"),
        (lambda m: (m.tensor(picks), slice(0, 1)), f"tensor({picks}), 0:1"),
    ]
    return keys[kind]


def step_read(state):
    i = state.pick()
    key, text = key_for(state, state.shape(i))

    def action(module, tensors):
        found = tensors[i][key(module)]  # what is picked lies in another order than PyTorch's
        return found.contiguous() if "tensor" in text else found

    state.both(f"t{i}[{text}]", action)


def step_write(state):
    i, j = state.pick(), state.pick()
    key, text = key_for(state, state.shape(i))
    number = bool(state.rng.random() < 0.4)

    def action(module, tensors):
        tensors[i][key(module)] = 0.25 if number else tensors[j].mean()

    state.both(f"t{i}[{text}] = {0.25 if number else f't{j}.mean()'}", action, append=False)


def step_write_block(state):
    i, j = state.pick(), state.pick()

    def action(module, tensors):
        tensors[i][...] = tensors[j]

    state.both(f"t{i}[...] = t{j}", action, append=False)


def step_augmented(state):
    i, j = state.pick(), state.pick()
    name = choose(state, ["iadd", "imul", "isub"])

    def action(module, tensors):
        part = tensors[i][0]
        getattr(part, f"__{name}__")(tensors[j].sum() * 0.1)

    state.both(f"t{i}[0].__{name}__(t{j}.sum() * 0.1)", action, append=False)


REDUCTIONS = [
    "sum", "mean", "amax", "amin", "prod", "logsumexp", "softmax", "log_softmax", "cumsum",
    "var", "norm", "cumprod", "sort", "max", "flip", "diff", "argmax",
]  # fmt: skip


def step_along(state):
    i, name = state.pick(), choose(state, REDUCTIONS)
    dim = choose(state, [0, -1, 1])

    def action(module, tensors):
        x = tensors[i]
        found = x.norm(dim=dim) if name == "norm" else getattr(x, name)(dim)
        if isinstance(found, tuple):
            found = found[0]
        return found.to(x.dtype) if found.dtype != x.dtype else found

    state.both(f"{name}(t{i}, {dim})", action)


def step_join(state):
    i, j = state.pick(), state.pick()
    name = choose(
        state, ["cat", "stack", "where", "maximum", "add", "outer", "matmul", "broadcast"]
    )

    def action(module, tensors):
        a, b = tensors[i], tensors[j]
        if name in {"cat", "stack"}:
            return getattr(module, name)([a, b, a], 0)
        if name == "where":
            return module.where(a > b, a, b * 2)
        if name == "outer":
            return module.outer(a.flatten(), b.flatten()[:3])
        if name == "broadcast":
            return module.broadcast_tensors(a, b)[0]
        return getattr(module, name)(a, b)

    state.both(f"{name}(t{i}, t{j})", action)


def step_scatter(state):
    i, j = state.pick(), state.pick()
    name = choose(
        state, ["index_put_", "index_add", "gather", "scatter_add", "masked_fill", "index_select",
                "masked_select", "index_put", "clamp_", "masked_fill_", "addcmul_", "lerp_"],
    )  # fmt: skip
    n = max(1, state.shape(i)[0] if state.shape(i) else 1)
    rows = [int(v) for v in state.rng.integers(0, n, 3)]
    accumulate = bool(state.rng.random() < 0.5) and name.startswith("index_put")
    distinct = [*dict.fromkeys(rows)]  # of repeated places the winner is left open

    def action(module, tensors):
        x, y = tensors[i], tensors[j]
        at = module.tensor(rows)
        if name.startswith("index_put"):
            at = at if accumulate else module.tensor(distinct)
            return getattr(x, name)((at,), y.sum(), accumulate=accumulate)
        if name == "index_add":
            return x.index_add(0, at, x[at] * y.mean())
        if name == "gather":
            return x.gather(0, at.reshape(3, *[1] * (x.ndim - 1)))
        if name == "scatter_add":
            places = at.reshape(3, *[1] * (x.ndim - 1))
            return x.scatter_add(0, places, module.ones_like(places, dtype=x.dtype) * y.sum())
        if name in {"masked_fill", "masked_fill_"}:
            return getattr(x, name)(x > 0, 0.5)
        if name == "masked_select":
            return x.masked_select(y > 0)
        if name == "clamp_":
            return x.clamp_(-0.5, 0.75)
        if name == "addcmul_":
            return x.addcmul_(y, y, value=0.5)
        if name == "lerp_":
            return x.lerp_(y, 0.25)
        return x.index_select(0, at)

    state.both(f"{name}(t{i}, {rows}, t{j}, accumulate={accumulate})", action)


def step_shape(state):
    i = state.pick()
    name = choose(
        state, ["expand", "movedim", "squeeze", "unflatten", "narrow", "diagonal",
                "t", "clone", "contiguous", "roll", "repeat", "view_as", "tril", "pad"],
    )  # fmt: skip

    def action(module, tensors):
        x = tensors[i]
        simple = {
            "expand": lambda: x.expand(2, *x.shape),
            "movedim": lambda: x.movedim(0, -1),
            "unflatten": lambda: x.unflatten(0, (1, -1)),
            "narrow": lambda: x.narrow(0, 0, 1),
            "diagonal": x.diagonal,
            "roll": lambda: x.roll(1, 0),
            "repeat": lambda: x.repeat(*[2] * max(1, x.ndim)),
            "view_as": lambda: x.view_as(x),
            "tril": x.tril,
            "pad": lambda: module.nn.functional.pad(x, (1, 0)),
        }
        return simple[name]() if name in simple else getattr(x, name)()

    state.both(f"{name}(t{i})", action)


def step_type(state):
    i = state.pick()
    state.both(f"t{i}.float().double()", lambda m, t: t[i].float().double())


def step_retain(state):
    i = state.pick()
    state.both(f"t{i}.retain_grad()", lambda m, t: t[i].retain_grad(), append=False)


def step_detached_write(state):
    i = state.pick()
    state.both(f"t{i}.detach().mul_(0.9)", lambda m, t: t[i].detach().mul_(0.9), append=False)


def step_function(state):
    i = state.pick()

    def action(module, tensors):
        x = tensors[i]
        (g,) = module.autograd.grad((x * x).sum(), x, create_graph=True)
        return g

    state.both(f"grad of t{i} squared", action)


def step_block(state):
    i, j = state.pick(), state.pick()

    def action(module, tensors):
        with module.no_grad():
            tensors[i].copy_(tensors[j])
            with module.enable_grad():
                return tensors[i] * tensors[j]

    state.both(f"no_grad: t{i}.copy_(t{j}); enable_grad: t{i} * t{j}", action)


STEPS = [
    step_read, step_read, step_write, step_write, step_write_block, step_augmented, step_along,
    step_along, step_join, step_join, step_scatter, step_scatter, step_shape, step_shape, step_type,
    step_retain, step_detached_write, step_function, step_block, *SHORT,
]  # fmt: skip


def run_program(seed, steps=50):
    state = Program(seed)
    for _ in range(steps):
        STEPS[int(state.rng.integers(len(STEPS)))](state)
        if state.ended:
            break
        state.compare()
        if len(state.sides[0][1]) > 40 or max(t.numel() for t in state.sides[1][1]) > 5000:
            break


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("block", range(5))
def test_long_programs(block):
    for seed in range(block * 10, block * 10 + 10):
        run_program(seed)
