"""autograd.graph: hooks on nodes, packed values, edges; figures as PyTorch gives them."""

import gc
import weakref

import pytest

import tinygrad_lite as torch
from tinygrad_lite import nn
from tinygrad_lite.autograd import Function, grad, graph


def pair():
    x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    return x, torch.tensor([2.0, 2.0, 5.0], requires_grad=True)


def numbers(tensors):
    return [None if t is None else t.tolist() for t in tensors]


def test_edges_are_listed_as_pytorch_lists_them():
    x, y = pair()
    leaf = x._node
    assert (x * 2).grad_fn.next_functions == ((leaf, 0), (None, 0))
    for number_first in (2 * x, 2 + x, 2 - x, 2 / x):
        assert number_first.grad_fn.next_functions[0] == (leaf, 0)
    for _ in range(2):  # the first call of an operation goes another way than the others
        for first in (torch.ones(1), torch.ones(1, 1), torch.tensor(2.0)):
            for join in (torch.mul, torch.sub, torch.maximum):
                assert join(first, x).grad_fn.next_functions == ((None, 0), (leaf, 0))
        assert (torch.ones(2, 3) @ x).grad_fn.next_functions == ((None, 0), (leaf, 0))
    assert (x * y).grad_fn.next_functions == ((leaf, 0), (y._node, 0))
    assert x.sum().grad_fn.next_functions == ((leaf, 0),)
    assert x.index_select(0, torch.tensor([1])).grad_fn.next_functions == ((leaf, 0),)
    assert torch.cat([x, torch.ones(1), y]).grad_fn.next_functions == (
        (leaf, 0), (None, 0), (y._node, 0),
    )  # fmt: skip
    assert leaf.next_functions == ()
    values, _ = x.sort()
    assert (values + 1).grad_fn.next_functions[0][1] == 0
    assert isinstance(x.exp().grad_fn, graph.Node)


def test_hooks_around_a_node():
    x, y = pair()
    h, seen = x * y, []
    h.register_hook(lambda g: seen.append(("tensor", g.tolist())))

    def before(gradients):
        seen.append(("before", numbers(gradients)))
        return (gradients[0] * 2,)

    def behind(inputs, outputs):
        seen.append(("behind", numbers(inputs), numbers(outputs)))
        return inputs[0] * 10, inputs[1]

    h.grad_fn.register_prehook(before)
    handle = h.grad_fn.register_hook(behind)
    h.retain_grad()
    (h * h).sum().backward()
    assert seen == [
        ("tensor", [4.0, 8.0, 30.0]),
        ("before", [[4.0, 8.0, 30.0]]),
        ("behind", [[16.0, 32.0, 300.0], [8.0, 32.0, 180.0]], [[8.0, 16.0, 60.0]]),
    ]
    assert x.grad.tolist() == [160.0, 320.0, 3000.0]
    assert y.grad.tolist() == [8.0, 32.0, 180.0]
    assert h.grad.tolist() == [4.0, 8.0, 30.0]
    h = x * y
    node = h.grad_fn
    handle = node.register_hook(behind)
    handle.remove()
    x.grad = None
    h.sum().backward()
    assert x.grad.tolist() == y.tolist()


def test_hooks_on_nodes_hold_at_second_order():
    x, y = pair()
    h = x * y
    h.grad_fn.register_hook(lambda inputs, outputs: (inputs[0] * 3, inputs[1]))
    gx, gy = grad((h**3).sum(), [x, y], create_graph=True)
    assert gx.tolist() == [72.0, 288.0, 10125.0]
    again = grad((gx * gy).sum(), [x, y])
    assert numbers(again) == [[11232.0, 179712.0, 88846872.0], [2160.0, 69120.0, 20503124.0]]


def test_hooks_on_a_node_with_several_results():
    x, seen = torch.tensor([3.0, 1.0, 2.0], requires_grad=True), []
    values, _ = x.sort()
    values.grad_fn.register_prehook(lambda gradients: seen.append(numbers(gradients)))
    values.grad_fn.register_hook(lambda inputs, outputs: seen.append(numbers(inputs)))
    (values * values).sum().backward()
    assert seen == [[[2.0, 4.0, 6.0]], [[6.0, 2.0, 4.0]]]
    assert x.grad.tolist() == [6.0, 2.0, 4.0]


def test_hooks_on_the_accumulation_of_a_leaf():
    x, _ = pair()
    seen = []
    accumulate = (x * 2).grad_fn.next_functions[0][0]
    accumulate.register_prehook(lambda gradients: (gradients[0] + 1,))
    accumulate.register_hook(
        lambda inputs, outputs: seen.append((inputs, numbers(outputs), x.grad.tolist()))
    )
    (x * 2).sum().backward()
    assert seen == [((), [[3.0] * 3], [3.0] * 3)]


def test_wrong_results_of_hooks_are_refused():
    x, y = pair()
    h = x * y
    h.grad_fn.register_hook(lambda inputs, outputs: inputs[:1])
    with pytest.raises(RuntimeError, match="incorrect number of values"):
        h.sum().backward()
    x.register_hook(lambda g: g.numpy())
    with pytest.raises(TypeError, match="hook returned 'ndarray'"):
        (x * 2).sum().backward()


def test_metadata_stays_with_the_node():
    x, y = pair()
    h = x * y
    h.grad_fn.metadata["name"] = "h"
    assert h.grad_fn.metadata == {"name": "h"}
    assert (x * y).grad_fn.metadata == {}
    h.sum().backward()
    assert x.grad.tolist() == y.tolist()
    assert h.grad_fn._input_metadata[0].shape == (3,)


def test_kept_values_can_be_read():
    x, y = pair()
    product = (x * y).grad_fn
    assert product._saved_self.tolist() == x.tolist()
    assert product._saved_other.tolist() == y.tolist()
    result = x.exp()
    assert torch.equal(result.grad_fn._saved_result, result.detach())
    with pytest.raises(AttributeError):
        _ = (x + y).grad_fn._saved_self
    result.sum().backward()
    with pytest.raises(RuntimeError, match="freed"):
        _ = result.grad_fn._saved_result


def test_the_guard_of_changes_in_place_holds_for_hooked_nodes():
    x, y = pair()
    h = x * 1.0
    z = h * y
    z.grad_fn.register_prehook(lambda gradients: None)
    h.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.sum().backward()


def many_operations(x, y):
    """Plain nodes, wide ones, several results, changes in place, a Function."""
    b = x * 1.0
    b.mul_(y)
    values, _ = torch.stack([x, y]).sort(dim=1)
    total = (x.exp() * y).sum() + (x**3).sum() + nn.functional.softmax(x, 0).max()
    return total + (b * b).sum() + (values * values).sum() + Product.apply(x, y).sum()


class Product(Function):
    @staticmethod
    def forward(ctx, x, y):
        out = x * y
        ctx.save_for_backward(x, y, out)
        return out

    @staticmethod
    def backward(ctx, g):
        x, y, out = ctx.saved_tensors
        return g * y + 0 * out, g * x


@pytest.mark.parametrize(
    "hooks",
    [
        (lambda t: t, lambda t: t),
        (lambda t: t.clone(), lambda t: t),
        (lambda t: t.tolist(), torch.tensor),
        (lambda t: (t.dtype, t + 1), lambda packed: (packed[1] - 1).to(packed[0])),
    ],
)
def test_packed_values_give_the_same_gradients(hooks):
    x, y = pair()
    expected = grad(many_operations(x, y), [x, y])
    with graph.saved_tensors_hooks(*hooks):
        loss = many_operations(x, y)
    found = grad(loss, [x, y], retain_graph=True)
    for f, e in zip(found, expected, strict=True):
        assert torch.allclose(f, e, rtol=1e-5)
    loss.backward()
    assert torch.allclose(x.grad, expected[0], rtol=1e-5)
    with pytest.raises(RuntimeError, match="second time"):
        loss.backward()


def test_packed_values_serve_the_second_order():
    x, y = pair()

    def second(loss):
        gx, gy = grad(loss, [x, y], create_graph=True)
        return grad((gx * gy).sum(), [x, y])

    expected = second(many_operations(x, y))
    with graph.saved_tensors_hooks(lambda t: t.clone(), lambda t: t):
        loss = many_operations(x, y)
    for f, e in zip(second(loss), expected, strict=True):
        assert torch.allclose(f, e)


def test_what_was_packed_is_let_go():
    x, y = pair()
    packed = []

    def pack(t):
        copy = t.clone()
        packed.append(weakref.ref(copy))
        return copy

    with graph.saved_tensors_hooks(pack, lambda t: t):
        loss = (x.exp() * y).sum()
    assert packed
    assert all(p() is not None for p in packed)
    loss.backward()
    assert all(p() is None for p in packed)


def test_blocks_nest_and_the_innermost_packs():
    x, _ = pair()
    seen = []

    def hooks(name):
        return graph.saved_tensors_hooks(lambda t: (seen.append(name), t)[1], lambda t: t)

    with hooks("outer"):
        a = x.exp()
        with hooks("inner"):
            b = x.exp()
        c = x.exp()
    (a + b + c + x.exp()).sum().backward()
    assert seen == ["outer", "inner", "outer"]


def test_an_unpack_hook_must_return_a_tensor():
    x, _ = pair()
    with graph.saved_tensors_hooks(lambda t: t, lambda t: 3):
        y = x.exp()
    with pytest.raises(TypeError, match="unpack_hook expected to be a Tensor"):
        y.sum().backward()


def test_hooks_can_be_forbidden():
    forbidden = graph.disable_saved_tensors_hooks("not here")
    with forbidden, pytest.raises(RuntimeError, match="not here"), graph.save_on_cpu():
        pass
    with graph.save_on_cpu(), pytest.raises(RuntimeError, match="active"), forbidden:
        pass


def test_saved_tensors_may_be_changed_where_that_is_allowed():
    x, _ = pair()
    with graph.allow_mutation_on_saved_tensors():
        a = x.clone()
        out = a**2
        a.sin_()
        (g,) = grad((out + a).sum(), x)
    assert g.tolist() == pytest.approx([2.5403, 3.5839, 5.0100], abs=1e-4)


def test_an_edge_stands_for_its_tensor():
    x, _ = pair()
    h = x * 2
    edge = graph.get_gradient_edge(h)
    loss = (h * h).sum()
    assert grad(loss, edge, retain_graph=True)[0].tolist() == [4.0, 8.0, 12.0]
    leaf = graph.get_gradient_edge(x)
    assert grad(loss, [leaf, edge])[0].tolist() == [8.0, 16.0, 24.0]
    torch.autograd.backward(graph.get_gradient_edge(x * x), grad_tensors=(torch.ones(3),))
    assert x.grad.tolist() == [2.0, 4.0, 6.0]
    with pytest.raises(RuntimeError, match="gradient edge"):
        graph.get_gradient_edge(torch.ones(2))


def test_an_announced_change_is_found():
    x, _ = pair()
    h = x * 1.0
    out = h * h
    h.detach().numpy()[0] = 7
    before = h._version
    graph.increment_version(h)
    assert h._version == before + 1
    with pytest.raises(RuntimeError, match="increment_version"):
        out.sum().backward()


def test_one_hook_for_all_gradients_of_a_pass():
    x, y = pair()
    a, b, c, d = x * 2, y * 3, x * y, x * 7
    seen = []
    handle = graph.register_multi_grad_hook([a, b, c, d], lambda gs: seen.append(numbers(gs)))
    (a * b + b * b).sum().backward(retain_graph=True)
    (c.sum() + a.sum()).backward()
    assert seen == [
        [[6.0, 6.0, 15.0], [14.0, 16.0, 36.0], None, None],
        [[1.0] * 3, None, [1.0] * 3, None],
    ]
    handle.remove()
    d.sum().backward()
    assert len(seen) == 2


def test_one_hook_for_any_gradient_of_a_pass():
    x, y = pair()
    a, b = x * 2, y * 3
    seen = []
    graph.register_multi_grad_hook([a, b, x], lambda g: seen.append(g.tolist()), mode="any")
    (a * b).sum().backward(retain_graph=True)
    assert len(seen) == 1
    b.sum().backward()
    assert seen[1] == [1.0] * 3
    with pytest.raises(ValueError, match="mode"):
        graph.register_multi_grad_hook([a], print, mode="some")


def test_a_retained_gradient_is_a_copy_of_the_one_handed_out():
    x = torch.ones(3, requires_grad=True)
    y = x * 2
    y.retain_grad()
    (g,) = torch.autograd.grad((y * y).sum(), y, create_graph=True)
    g.detach().zero_()
    assert y.grad.tolist() == [4, 4, 4]


def test_hooks_leave_no_cycles():
    gc.collect()
    gc.disable()
    try:
        for _ in range(20):
            x, y = pair()
            with graph.save_on_cpu():
                h = x.exp() * y
            h.grad_fn.register_hook(lambda inputs, outputs: None)
            h.grad_fn.metadata["step"] = 1
            h.sum().backward()
            del x, y, h
        assert gc.collect() == 0
    finally:
        gc.enable()
