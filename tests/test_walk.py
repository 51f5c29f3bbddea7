"""Recording and walking back: sums, order, depth, memory, freed graphs, threads."""

import gc
import subprocess
import sys
import threading
import weakref

import numpy as np
import pytest

import tinygrad_lite as torch
from tinygrad_lite import nn
from tinygrad_lite._nodes import Leaf, Node


def leaf(*values):
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


def test_a_value_used_twice_gets_the_sum_of_its_gradients():
    x = leaf(3.0)
    (x * x + x).backward()
    assert x.grad.item() == 7.0


def test_diamonds_and_equal_leaves_stay_apart():
    x, y = leaf(2.0), leaf(2.0)
    a = x * y
    (a * a + a).sum().backward()
    assert x.grad.item() == y.grad.item() == 2 * 4 * 2 + 2


def test_gradients_share_no_memory():
    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
    g = torch.ones(2, dtype=torch.float64)
    (x + y).backward(g)
    arrays = [x.grad.numpy(), y.grad.numpy(), g.numpy()]
    assert not any(np.shares_memory(a, b) for i, a in enumerate(arrays) for b in arrays[:i])


@pytest.mark.parametrize(
    "through", [lambda x: x.view(2, 2), lambda x: x.T, lambda x: x + 0, lambda x: x]
)
def test_the_callers_gradient_is_copied(through):
    x = torch.ones(2, 2, requires_grad=True)
    g = torch.ones(2, 2)
    through(x).backward(g)
    assert not np.shares_memory(x.grad.numpy(), g.numpy())
    assert x.grad.is_contiguous()


def test_broadcasting_is_undone():
    x, y = torch.ones(3, 1, requires_grad=True), torch.ones(2, 1, 4, requires_grad=True)
    (x * y).sum().backward()
    assert x.grad.shape == (3, 1)
    assert y.grad.shape == (2, 1, 4)
    assert torch.all(x.grad == 8)
    assert torch.all(y.grad == 3)


def test_accumulation_keeps_the_same_object():
    x = leaf(1.0, 2.0)
    (x * 2).sum().backward()
    first = x.grad
    (x * 3).sum().backward()
    assert x.grad is first
    assert first.tolist() == [5.0, 5.0]


def test_second_backward_needs_what_was_kept():
    x = leaf(1.0, 2.0)
    kept, linear = (x * x).sum(), (x + 1).sum()
    kept.backward()
    with pytest.raises(RuntimeError, match="second time") as error:
        kept.backward()
    assert "test_walk.py" in str(error.value)
    linear.backward()
    linear.backward()
    assert x.grad.tolist() == [2 + 2, 4 + 2]


def test_retain_graph_allows_another_walk():
    x = leaf(2.0)
    y = x * x
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.item() == 8.0


def test_a_failed_walk_changes_no_gradient():
    x = leaf(1.0)
    shared = x.exp()
    shared.backward()
    before = x.grad.item()
    with pytest.raises(RuntimeError, match="second time"):
        (x * 5 + shared * 2).backward()
    assert x.grad.item() == before


def test_any_order_of_derivative():
    x = leaf(0.3)
    y, t = x.tanh(), np.tanh(0.3)
    for expected in (1 - t**2, -2 * t * (1 - t**2), (1 - t**2) * (6 * t**2 - 2)):
        (y,) = torch.autograd.grad(y, x, create_graph=True)
        assert y.item() == pytest.approx(expected, rel=1e-12)


def test_create_graph_through_shared_values():
    x, y = leaf(1.5), leaf(-0.5)
    z = (x * y).sin() * x / y.exp()
    gx, gy = torch.autograd.grad(z, [x, y], create_graph=True)
    (gxy,) = torch.autograd.grad(gx, y, retain_graph=True)
    (gyx,) = torch.autograd.grad(gy, x)
    assert gxy.item() == pytest.approx(gyx.item(), rel=1e-12)


def test_grad_leaves_other_leaves_alone():
    x, y = leaf(2.0), leaf(3.0)
    (g,) = torch.autograd.grad(x * y, x)
    assert g.item() == 3.0
    assert x.grad is None
    assert y.grad is None


def test_grad_of_an_intermediate():
    x = leaf(2.0)
    h = x * 3
    (g,) = torch.autograd.grad(h * h, h)
    assert g.item() == 12.0


def test_unused_inputs():
    x, y = leaf(1.0), leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match="not have been used"):
        torch.autograd.grad(x * 2, [x, y])
    assert torch.autograd.grad(x * 2, [x, y], allow_unused=True)[1] is None
    assert torch.autograd.grad(x * 2, [x, y], materialize_grads=True)[1].tolist() == [0.0, 0.0]


def test_batched_gradients_are_the_rows_of_a_jacobian():
    x = leaf(1.0, 2.0, 3.0)
    y = x * x
    (rows,) = torch.autograd.grad(y, x, torch.eye(3, dtype=torch.float64), is_grads_batched=True)
    assert torch.equal(rows, torch.diag(2 * x.detach()))


def test_activations_that_no_rule_keeps_die_in_the_forward():
    x = leaf(1.0, 2.0)
    h = x + 1
    array = weakref.ref(h._array)
    y = h + 1
    del h
    assert array() is None
    y.sum().backward()
    assert x.grad.tolist() == [1.0, 1.0]


def test_kept_arrays_are_let_go_by_backward():
    x = leaf(1.0, 2.0)
    h = x.exp()
    array = weakref.ref(h._array)
    loss = (h * 2).sum()
    del h
    assert array() is not None
    loss.backward()
    assert array() is None


def test_training_leaves_no_cycles():
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    x, y = torch.randn(5, 4), torch.tensor([0, 1, 2, 0, 1])

    def step():
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()

    for _ in range(20):
        step()
    gc.collect()
    gc.disable()
    try:
        before = len(gc.get_objects())
        for _ in range(200):
            step()
        after = len(gc.get_objects())
        assert gc.collect() == 0
    finally:
        gc.enable()
    assert after - before <= 10


def test_second_order_leaves_no_cycles():
    x = leaf(1.0, 2.0)
    gc.collect()
    gc.disable()
    try:
        for _ in range(50):
            (g,) = torch.autograd.grad((x**3).sum(), x, create_graph=True)
            g.sum().backward()
        assert gc.collect() == 0
    finally:
        gc.enable()


DEEP = """
import tinygrad_lite as torch
x = torch.tensor([1.0], requires_grad=True)
y = x
for _ in range({n}):
    y = {step}
{use}
del y
print("done")
"""


@pytest.mark.parametrize(
    ("step", "use"),
    [
        ("y * 1.0", "y.backward()"),
        ("y.view(1)", "y.backward()"),
        ("y * 1.0", "pass"),
        ("y + x", "y.backward()"),
    ],
)
def test_deep_graphs(step, use):
    code = DEEP.format(n=100_000, step=step, use=use)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "done", done.stderr


def test_threads_that_share_a_leaf_lose_nothing():
    x = torch.zeros(1000, requires_grad=True)
    threads = [
        threading.Thread(target=lambda: [(x * 1.0).sum().backward() for _ in range(200)])
        for _ in range(5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert torch.all(x.grad == 1000)


def test_edges_name_the_operands():
    x, y = leaf(1.0), leaf(2.0)
    node = (x * y).grad_fn
    assert type(node) is Node
    assert [(type(parent), position) for parent, position in node.edges()] == [(Leaf, 0), (Leaf, 1)]
    assert node.name() == "MulBackward0"
    assert [f for f, _ in node.next_functions] == [x._node, y._node]


def test_hooks_run_in_order_and_may_replace():
    x = leaf(1.0)
    seen = []
    h = x * 2
    h.retain_grad()
    first = h.register_hook(lambda g: g * 10)
    h.register_hook(lambda g: seen.append(g.item()))
    (h * 3).backward()
    assert seen == [30.0]
    assert h.grad.item() == 30.0
    assert x.grad.item() == 60.0
    first.remove()
    (x * 2).backward()
    assert x.grad.item() == 62.0


def test_a_leaf_hook_sees_the_sum_once():
    x, seen = leaf(2.0), []
    x.register_hook(lambda g: seen.append(g.item()))
    after = []
    x.register_post_accumulate_grad_hook(lambda t: after.append(t.grad.item()))
    (x * 3 + x * 4).backward()
    assert seen == [7.0]
    assert after == [7.0]


def test_errors_name_what_is_wrong():
    x = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match="scalar outputs"):
        (x * 2).backward()
    with pytest.raises(RuntimeError, match="does not require grad"):
        torch.ones(1).backward()
    with pytest.raises(RuntimeError, match="Mismatch in shape"):
        (x * 2).backward(torch.ones(3))
    with pytest.raises(RuntimeError, match="size of tensor a"):
        x + torch.ones(3)


def test_second_order_by_one_of_several_results():
    """The rule that gave the gradient has read the result: that way counts as well."""
    x = torch.tensor([[2.0, 1.0], [0.5, 3.0]], dtype=torch.float64, requires_grad=True)

    def rule(q, r, g):
        """The gradient of QR by its first result, from Q and R."""
        m = q.T @ g
        m = torch.tril(m - m.T, -1)
        return (g - q @ (q.T @ g) + q @ m) @ torch.linalg.inv(r).T

    q, r = torch.linalg.qr(x)
    seen = []
    q.register_hook(lambda g: seen.append(g.clone()))
    (g,) = torch.autograd.grad((q**3).sum(), x, create_graph=True)
    by_q, by_r = torch.autograd.grad((g * g).sum(), [q, r], retain_graph=True)
    q2, r2 = q.detach().requires_grad_(), r.detach().requires_grad_()
    again = rule(q2, r2, 3 * q2 * q2)
    assert torch.allclose(again, g)
    expected = torch.autograd.grad((again * again).sum(), [q2, r2])
    assert torch.allclose(by_q, expected[0])
    assert torch.allclose(by_r, expected[1].triu())  # the rule reads the triangle alone
    assert len(seen) == 2
    assert torch.allclose(seen[1], by_q)
