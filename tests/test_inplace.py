"""Changes in place: what they mean for values and gradients, and when they are refused."""

import numpy as np
import pytest

import tinygrad_lite as torch
from tinygrad_lite import _inplace


def ones(*shape):
    return torch.ones(*shape, requires_grad=True)


def test_a_leaf_that_wants_its_gradient_cannot_be_changed():
    x = ones(3)
    with pytest.raises(RuntimeError, match="leaf Variable"):
        x.add_(1)
    with pytest.raises(RuntimeError, match="leaf Variable"):
        x[0] = 5.0
    with pytest.raises(RuntimeError, match="view of a leaf"):
        x[1:].mul_(2)
    with torch.no_grad():
        x.add_(1)
    assert x.is_leaf
    assert x.tolist() == [2.0, 2.0, 2.0]


def test_the_error_names_both_lines():
    x = ones(3)
    y = x.exp()
    y.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation") as error:
        y.sum().backward()
    assert str(error.value).count("test_inplace.py:") == 2
    assert "exp" in str(error.value)


@pytest.mark.parametrize(
    ("make", "harmless"),
    [
        (lambda x: x.exp(), False),
        (lambda x: x.tanh(), False),
        (lambda x: x.sigmoid(), False),
        (lambda x: x.sqrt(), False),
        (lambda x: x + 1, True),
        (lambda x: x * 2, True),
        (lambda x: x.sum(0), True),
        (lambda x: x.reshape(-1), True),
    ],
)
def test_only_results_that_a_rule_keeps_are_guarded(make, harmless):
    y = make(ones(3) * 1.0)
    y.add_(1)
    if harmless:
        y.sum().backward()
    else:
        with pytest.raises(RuntimeError, match="inplace"):
            y.sum().backward()


def test_a_kept_constant_is_guarded_too():
    x, c = ones(3), torch.ones(3)
    y = x * c
    c.add_(1)
    with pytest.raises(RuntimeError, match="inplace"):
        y.sum().backward()


@pytest.mark.parametrize("way", ["detach", "data", "setitem", "view", "out"])
def test_every_way_to_write_is_found(way):
    x = ones(3)
    h = x * 1.0
    y = h * h
    with torch.no_grad():
        if way == "detach":
            h.detach().zero_()
        elif way == "data":
            h.data.zero_()
        elif way == "setitem":
            h[0] = 7.0
        elif way == "view":
            h.view(3, 1).mul_(2)
        else:
            torch.add(torch.ones(3), 1, out=h.detach())
    with pytest.raises(RuntimeError, match="inplace"):
        y.sum().backward()


def test_old_values_that_the_new_node_keeps_are_copied():
    x, y = ones(2), torch.tensor([2.0, 3.0], requires_grad=True)
    z = x * 5.0
    z.mul_(y)
    z.sum().backward()
    assert x.grad.tolist() == [10.0, 15.0]
    assert y.grad.tolist() == [5.0, 5.0]


def test_a_view_passes_its_change_on_to_its_base():
    x = ones(2, 2)
    base = x * 2.0
    row, other = base[0], base[1]
    row.mul_(10)
    base.sum().backward()
    assert x.grad.tolist() == [[20.0, 20.0], [2.0, 2.0]]
    assert base.grad_fn.name() == "CopySlices"
    assert torch.equal(other, torch.full((2,), 2.0))


def test_a_change_of_the_base_reaches_its_views():
    x = ones(4)
    base = x * 1.0
    view = base.view(2, 2)
    base.mul_(3)
    view.sum().backward()
    assert x.grad.tolist() == [3.0] * 4
    assert view.tolist() == [[3.0, 3.0], [3.0, 3.0]]


def test_views_of_transposed_bases():
    x = ones(2, 3)
    base = (x * 1.0).T
    base[1].mul_(5)
    base.sum().backward()
    assert x.grad.tolist() == [[1.0, 5.0, 1.0], [1.0, 5.0, 1.0]]


def test_writing_into_a_buffer_connects_it():
    w = ones(2)
    buffer = torch.zeros(3, 2)
    buffer[1] = w * 2
    assert buffer.requires_grad
    buffer.sum().backward()
    assert w.grad.tolist() == [2.0, 2.0]


def test_overwritten_places_pass_no_gradient():
    x = ones(3)
    y = x * 2
    y[0] = 0.0
    y[torch.tensor([False, True, False])] = torch.tensor(7.0)
    y.sum().backward()
    assert x.grad.tolist() == [0.0, 0.0, 2.0]


def test_repeated_places_take_the_last_value():
    x = torch.zeros(3)
    values = torch.tensor([1.0, 2.0], requires_grad=True)
    x[[1, 1]] = values
    assert x.tolist() == [0.0, 2.0, 0.0]
    x.sum().backward()
    assert values.grad.tolist() == [1.0, 1.0]


def test_shape_and_type_stay():
    x = torch.ones(2)
    with pytest.raises(RuntimeError, match="doesn't match the broadcast shape"):
        x.add_(torch.ones(3, 2))
    with pytest.raises(RuntimeError, match="can't be cast"):
        torch.tensor([1, 2]).add_(1.5)
    assert x.add_(torch.ones(2, dtype=torch.float64)).dtype is torch.float32


def test_expanded_memory_cannot_be_written():
    with pytest.raises(RuntimeError, match="single memory location"):
        torch.ones(1).expand(3).add_(1)


def test_numpy_shares_memory():
    x = torch.zeros(3)
    x.numpy()[1] = 5.0
    assert x.tolist() == [0.0, 5.0, 0.0]
    y = torch.from_numpy(np.zeros(2))
    y += 1
    assert y.numpy().tolist() == [1.0, 1.0]


def test_versions_count_changes():
    x = torch.zeros(3)
    before = x._version
    x.add_(1)
    x[0] = 2.0
    assert x._version == before + 2


def test_the_optimizer_step_between_two_walks_is_found():
    w = torch.nn.Parameter(torch.ones(2))
    optimizer = torch.optim.SGD([w], lr=0.1)
    loss = (w * w).sum()
    loss.backward(retain_graph=True)
    optimizer.step()
    with pytest.raises(RuntimeError, match="inplace"):
        loss.backward()


def test_a_kept_gradient_follows_its_tensor_through_changes():
    """PyTorch's rule: .grad belongs to the newest content, hooks to the content they saw."""
    x = ones(3)
    h = x * 2
    seen = []
    h.retain_grad()
    h.register_hook(lambda g: seen.append(g.tolist()))
    h.mul_(5)
    h[0] = 7.0
    (h * 3).sum().backward()
    assert h.grad.tolist() == [3.0, 3.0, 3.0]
    assert seen == [[0.0, 15.0, 15.0]]
    base = x * 1.0
    base.retain_grad()
    base[1:].mul_(4)
    base.sum().backward()
    assert base.grad.tolist() == [1.0, 1.0, 1.0]


CHANGES = {
    "add": lambda x, y: x.add_(y),
    "+=": lambda x, y: x.__iadd__(y),
    "add alpha": lambda x, y: x.add_(y, alpha=-0.1),
    "sub alpha": lambda x, y: x.sub_(y, alpha=3),
    "alpha of no number": lambda x, y: x.add_(y, alpha=torch.tensor(2.0)),
    "sub": lambda x, y: x.sub_(y),
    "mul": lambda x, y: x.mul_(y),
    "div": lambda x, y: x.div_(y),
    "rounded": lambda x, y: x.div_(y, rounding_mode="floor"),
    "itself": lambda x, y: x.mul_(x),
    "a part of itself": lambda x, y: x.add_(x[0]),
    "its own base": lambda x, y: x[0].add_(x.sum()),
    "turned round": lambda x, y: x.add_(x.flip(0)),
    "another shape": lambda x, y: x.add_(torch.ones(5, 1, 1)),
    "no tensor": lambda x, y: x.add_("1"),
    "nothing": lambda x, y: x.add_(),
    "another setting": lambda x, y: x.add_(y, beta=1),
}
OTHERS = {
    "alike": lambda: torch.tensor([[1.0, 2.0, -3.0], [0.0, 5.0, 6.0]]),
    "a row": lambda: torch.tensor([1.0, 0.0, 2.0]),
    "a number": lambda: 2.5,
    "a whole number": lambda: 3,
    "a truth value": lambda: True,
    "without axes": lambda: torch.tensor(2.0),
    "double": lambda: torch.ones(2, 3, dtype=torch.float64),
    "whole numbers": lambda: torch.tensor([[1, 2, 3], [4, 5, 6]]),
    "huge": lambda: 1e300,
    "too large": lambda: torch.ones(2, 2, 3),
}
TARGETS = {
    "whole": lambda: torch.arange(6.0).reshape(2, 3).clone(),
    "part": lambda: torch.arange(12.0).reshape(4, 3)[1:3],
    "turned": lambda: torch.arange(6.0).reshape(3, 2).T,
    "double": lambda: torch.arange(6.0, dtype=torch.float64).reshape(2, 3).clone(),
    "whole numbers": lambda: torch.arange(6).reshape(2, 3).clone(),
    "repeated": lambda: torch.arange(3.0).expand(2, 3),
    "a leaf": lambda: torch.ones(2, 3, requires_grad=True),
}


def outcome(target, change, other, grad):
    """What a change leaves behind: values and version, or an error."""
    x = TARGETS[target]()
    try:
        with torch.set_grad_enabled(grad):
            found = CHANGES[change](x, OTHERS[other]())
        return x.tolist(), x.dtype, x._version, found.tolist(), x.grad_fn is None
    except Exception as error:  # noqa: BLE001 - compared, whatever it is
        return type(error), str(error)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("grad", [False, True])
@pytest.mark.parametrize("target", TARGETS)
def test_a_change_at_once_is_the_careful_change(target, grad, monkeypatch):
    for change in CHANGES:
        for other in OTHERS:
            monkeypatch.setattr(_inplace, "PLAIN", False)
            found = outcome(target, change, other, grad)
            monkeypatch.setattr(_inplace, "PLAIN", True)
            assert repr(found) == repr(outcome(target, change, other, grad)), (change, other)


def test_a_change_at_once_is_found_by_older_nodes_and_views():
    w, x = torch.ones(3, requires_grad=True), torch.ones(3)
    y = w * x
    with torch.no_grad():
        x += 1
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()
    part = x[1:]
    x *= 2
    assert part.tolist() == [4, 4]
    x.mul_(w)
    assert part.requires_grad


@pytest.mark.parametrize("see", [lambda y: y[0], lambda y: y.view(2, 1), lambda y: y[:1]])
@pytest.mark.parametrize("further", [False, True])
def test_a_view_without_history_of_a_tensor_with_one_is_not_written(see, further):
    """It lost the gradient of the places that were changed, without a word."""
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x * 1
    with torch.no_grad():
        view = see(y)
    if further:
        view = view.reshape(-1)
    with pytest.raises(RuntimeError, match="created in no_grad mode"):
        view.mul_(2)
    with pytest.raises(RuntimeError, match="created in no_grad mode"):
        view[...] = 3.0
    with torch.no_grad():
        view.mul_(2)
    y.detach()[0] = 1.0  # a detached one may be


def test_a_view_that_is_turned_in_place_stays_a_view():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = (x * 1).view(1, 2)
    y.t_()
    y.mul_(torch.tensor([[2.0], [3.0]]))
    y.sum().backward()
    assert y.tolist() == [[2.0], [6.0]]
    assert x.grad.tolist() == [2.0, 3.0]

    x.grad = None
    z = x * 1
    part = z[1:]
    part.unsqueeze_(0)
    part.mul_(5)
    (z * z).sum().backward()
    assert part.tolist() == [[10.0]]
    assert z.tolist() == [1.0, 10.0]
    assert x.grad.tolist() == [2.0, 100.0]


def test_a_leaf_that_wants_its_gradient_is_not_turned_in_place():
    x = torch.ones(2, 3, requires_grad=True)
    for turn in (x.t_, lambda: x.unsqueeze_(0), lambda: x[0].unsqueeze_(0)):
        with pytest.raises(RuntimeError, match="leaf Variable that requires grad"):
            turn()
    assert x.is_leaf
    with torch.no_grad():
        assert x.t_().shape == (3, 2)
    assert x.is_leaf
    assert x.requires_grad
    (x * torch.arange(6.0).view(3, 2)).sum().backward()
    assert x.grad.tolist() == [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]


OVERWRITTEN = {
    "copy_": lambda y: y.copy_(torch.zeros(2)),
    "eq_": lambda y: y.eq_(1.0),
    "normal_": lambda y: y.normal_(),
    "uniform_": lambda y: y.uniform_(),
    "logical_and_": lambda y: y.logical_and_(torch.ones(2)),
    "item": lambda y: y.__setitem__(slice(None), 0.0),
}


@pytest.mark.parametrize("name", OVERWRITTEN)
def test_what_is_overwritten_still_has_a_gradient_of_zero(name):
    x = torch.ones(2, requires_grad=True)
    y = x * 1
    OVERWRITTEN[name](y)
    assert y.requires_grad
    (y.sum() + 2 * x.sum()).backward()
    assert x.grad.tolist() == [2, 2]
    with torch.no_grad():
        z = x * 1
        OVERWRITTEN[name](z)
    assert not z.requires_grad
