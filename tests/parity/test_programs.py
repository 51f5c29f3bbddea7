"""Random programs of 50 steps, run here and in PyTorch in step: the same values and gradients, or
the same class of exception.  They mix operations, views, changes in place, detach, no_grad, hooks,
retained graphs, second backwards and zeroed gradients.
"""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import tinygrad_lite as ours  # noqa: E402 - torch decides whether this module is imported

SHAPES = [(), (3,), (2, 3), (3, 1), (2, 1, 3)]
UNARY = ["exp", "tanh", "sin", "neg", "abs", "sigmoid", "relu", "square"]
BINARY = ["add", "sub", "mul", "maximum"]
IN_PLACE = ["add_", "mul_", "sub_", "exp_", "tanh_", "neg_", "zero_", "sin_"]


class Both:
    """The same program state twice: lists of tensors here and in PyTorch."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.sides = [(ours, []), (torch, [])]
        self.log = []
        self.ended = False
        for shape in SHAPES:
            values = self.rng.uniform(-1, 1, shape)
            grad = bool(self.rng.random() < 0.7)
            for module, tensors in self.sides:
                tensors.append(module.tensor(values, requires_grad=grad))

    def pick(self):
        return int(self.rng.integers(len(self.sides[0][1])))

    def both(self, text, action, append=True):
        """Run an action on both sides; keep the results, or check that both raise alike."""
        self.log.append(text)
        outcomes = []
        for module, tensors in self.sides:
            try:
                outcomes.append(action(module, tensors))
            except Exception as error:  # noqa: BLE001 - compared below
                outcomes.append(error)
        here, there = outcomes
        program = "\n".join(self.log)
        if isinstance(here, Exception) or isinstance(there, Exception):
            assert type(here) is type(there), f"{here!r} against {there!r} in\n{program}"
            return False
        if append:
            self.sides[0][1].append(here)
            self.sides[1][1].append(there)
        return True

    def compare(self):
        program = "\n".join(self.log)
        for i, (a, b) in enumerate(zip(self.sides[0][1], self.sides[1][1], strict=True)):
            assert tuple(a.shape) == tuple(b.shape), program
            assert a.requires_grad == b.requires_grad, f"requires_grad of {i} in\n{program}"
            assert a.is_leaf == b.is_leaf, f"is_leaf of {i} in\n{program}"
            np.testing.assert_allclose(
                a.detach().numpy(), b.detach().numpy(), rtol=1e-9, atol=1e-12,
                err_msg=f"value {i} in\n{program}",
            )  # fmt: skip
            if a.is_leaf:
                assert (a.grad is None) == (b.grad is None), f"grad of {i} in\n{program}"
                if a.grad is not None:
                    np.testing.assert_allclose(
                        a.grad.detach().numpy(), b.grad.detach().numpy(), rtol=1e-8, atol=1e-10,
                        err_msg=f"gradient {i} in\n{program}",
                    )  # fmt: skip


def step_unary(state):
    name, i = str(state.rng.choice(UNARY)), state.pick()
    state.both(f"{name}(t{i})", lambda m, t: getattr(t[i], name)())


def step_binary(state):
    name, i, j = str(state.rng.choice(BINARY)), state.pick(), state.pick()
    state.both(f"{name}(t{i}, t{j})", lambda m, t: getattr(t[i], name)(t[j]))


def step_reduce(state):
    i = state.pick()
    name = str(state.rng.choice(["sum", "mean", "amax"]))
    state.both(f"{name}(t{i})", lambda m, t: getattr(t[i], name)())


def step_view(state):
    i = state.pick()
    kind = int(state.rng.integers(6))
    actions = [
        ("t[0]", lambda m, t: t[i][0]),
        ("t.reshape(-1)", lambda m, t: t[i].view(-1) if t[i].is_contiguous() else t[i].reshape(-1)),
        ("t.T-like", lambda m, t: t[i].transpose(0, -1)),
        ("t[..., None]", lambda m, t: t[i].unsqueeze(-1)),
        ("t[1:]", lambda m, t: t[i][1:]),
        ("t.detach()", lambda m, t: t[i].detach()),
    ]
    text, action = actions[kind]
    state.both(f"{text} of t{i}", action)


def step_in_place(state):
    name, i, j = str(state.rng.choice(IN_PLACE)), state.pick(), state.pick()
    if name in {"add_", "mul_", "sub_"}:
        state.both(f"t{i}.{name}(t{j})", lambda m, t: getattr(t[i], name)(t[j]), append=False)
    else:
        state.both(f"t{i}.{name}()", lambda m, t: getattr(t[i], name)(), append=False)


def step_assign(state):
    i, j = state.pick(), state.pick()

    def action(module, tensors):
        tensors[i][0] = tensors[j].sum()

    state.both(f"t{i}[0] = t{j}.sum()", action, append=False)


def step_no_grad(state):
    i = state.pick()

    def action(module, tensors):
        with module.no_grad():
            return tensors[i] * 2

    state.both(f"no_grad: t{i} * 2", action)


def step_no_grad_write(state):
    i = state.pick()

    def action(module, tensors):
        with module.no_grad():
            tensors[i].mul_(0.5)

    state.both(f"no_grad: t{i}.mul_(0.5)", action, append=False)


def step_hook(state):
    i = state.pick()
    state.both(f"hook on t{i}", lambda m, t: t[i].register_hook(lambda g: g * 2), append=False)


def step_backward(state):
    i = state.pick()
    retain = bool(state.rng.random() < 0.5)

    def action(module, tensors):
        tensors[i].backward(module.ones_like(tensors[i]), retain_graph=retain)

    # Where a walk fails half-way PyTorch has changed some gradients, and we have changed none.
    right = state.both(f"t{i}.backward(retain_graph={retain})", action, append=False)
    state.ended = not right and state.sides[1][1][i].requires_grad


def step_zero(state):
    i = state.pick()

    def action(module, tensors):
        if tensors[i].is_leaf:
            tensors[i].grad = None

    state.both(f"t{i}.grad = None", action, append=False)


STEPS = [
    step_unary, step_unary, step_binary, step_binary, step_reduce, step_view, step_view,
    step_in_place, step_assign, step_no_grad, step_no_grad_write, step_hook, step_backward,
    step_zero,
]  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("block", range(8))
def test_random_programs(block):
    for seed in range(block * 25, block * 25 + 25):
        state = Both(seed)
        for _ in range(50):
            STEPS[int(state.rng.integers(len(STEPS)))](state)
            if state.ended:
                break
            state.compare()
