"""why_no_grad: every way to lose a gradient is named, with the line where it happened."""

import inspect
import threading
from pathlib import Path

import pytest

import tinygrad_lite as torch
from tinygrad_lite import nn
from tinygrad_lite.autograd import explain, why_no_grad


def leaf(*values):
    return torch.tensor(values, requires_grad=True)


def line():
    """The line that calls this."""
    return inspect.currentframe().f_back.f_lineno


def only(explanation):
    """The one stop of an explanation, which lies in this file if its line is known."""
    assert len(explanation.stops) == 1, str(explanation)
    (stop,) = explanation.stops
    assert not stop.line or stop.file == __file__
    return stop


def test_detach():
    w = leaf(1.0, 2.0)
    with explain():
        h = w * 2
        loss, here = h.detach().sum(), line()
    stop = only(why_no_grad(loss))
    assert (stop.cause, stop.operation, stop.line) == ("detach", "detach", here)
    assert f"detach at {Path(__file__).name}:{here} took h out of the graph" in stop.text


@pytest.mark.parametrize("how", ["data", "detach_"])
def test_other_ways_to_detach(how):
    w = leaf(1.0, 2.0)
    with explain():
        h = w * 2
        h, here = (h.data if how == "data" else h.detach_()), line()
        loss = (h + 1).sum()
    stop = only(why_no_grad(loss))
    assert (stop.cause, stop.operation, stop.line) == ("detach", how, here)


def test_no_grad():
    w = leaf(1.0, 2.0)
    with explain():
        with torch.no_grad():
            h, here = w.exp(), line()
        loss = (h * 2).sum()
    stop = only(why_no_grad(loss))
    assert (stop.cause, stop.operation, stop.line) == ("no_grad", "exp", here)
    assert "w wants a gradient" in stop.text


def test_integer_cast():
    w = leaf(1.0, 2.0)
    with explain():
        loss, here = (w * 2).long().float().sum(), line()
    stop = only(why_no_grad(loss))
    assert (stop.cause, stop.line) == ("integer", here)


def test_operations_without_a_derivative():
    w = leaf(1.0, 2.0)
    with explain():
        picked = w.argmax()
        right = (w > 1).float().mean()
    assert only(why_no_grad(picked)).operation == "argmax"
    stop = only(why_no_grad(right))
    assert (stop.cause, stop.operation) == ("no derivative", "gt")


@pytest.mark.parametrize("way", ["tensor", "operand", "float"])
def test_numbers(way):
    w = leaf(1.5, 2.25)
    with explain():
        total = w.sum()
        number, here = (float(total) if way == "float" else total.item()), line()
        loss = torch.ones(2).sum() * number if way == "operand" else torch.tensor(number) * 2
    stop = only(why_no_grad(loss))
    assert (stop.cause, stop.operation, stop.line) == ("number", "item", here)


def test_arrays():
    w = leaf(1.5, 2.25)
    with explain():
        array = (w * 2).numpy(force=True)
        loss = torch.tensor(array.copy()).sum()
    stop = only(why_no_grad(loss))
    assert (stop.cause, stop.operation) == ("array", "numpy")
    with explain():
        loss = torch.from_numpy((w * 2).detach().numpy()).sum()
    assert only(why_no_grad(loss)).cause == "detach"


def test_every_cut_is_listed_once():
    w, v = leaf(1.0), leaf(2.0)
    with explain():
        a = (w * 2).detach()
        with torch.no_grad():
            b = v.exp()
        loss = a * b + a
    causes = [stop.cause for stop in why_no_grad(loss).stops]
    assert sorted(causes) == ["detach", "no_grad"]


def test_leaves_that_want_no_gradient():
    layer = nn.Linear(2, 2, bias=False).requires_grad_(requires_grad=False)
    with explain():
        loss = layer(torch.ones(1, 2)).sum()
    assert sorted(s.cause for s in why_no_grad(loss).stops) == ["frozen", "leaf"]
    assert only(why_no_grad(layer.weight)).cause == "frozen"


def test_a_function_is_run_inside_the_block():
    w = leaf(1.0)
    stop = only(why_no_grad(lambda: (w * 2).detach() + 1))
    assert (stop.cause, stop.operation) == ("detach", "detach")
    assert not why_no_grad(leaf(1.0), leaf(1.0) * 2).stops[0].line


def test_without_watching_the_rest_is_told():
    w = leaf(1.0, 2.0)
    h = w * 2
    assert only(why_no_grad(h.detach())).cause == "detach"
    assert "mul at test_explanation.py" in only(why_no_grad(h.detach())).text
    assert only(why_no_grad(torch.tensor([1, 2]))).cause == "integer"
    unknown = only(why_no_grad(torch.ones(2)))
    assert unknown.cause == "unknown"
    assert "explain()" in unknown.text


def test_a_change_in_place_is_mentioned():
    buffer = torch.zeros(2)
    buffer.add_(1)
    assert "add_ changed it in place (test_explanation.py:" in str(why_no_grad(buffer))


def test_a_weight_that_was_rebuilt():
    w = leaf(1.0)
    (w * 2).sum().backward()
    w = w - 0.1 * w.grad
    stop = only(why_no_grad(w))
    assert (stop.cause, stop.operation) == ("intermediate", "sub")
    assert stop.line
    assert stop.file == __file__


def test_leaves_that_backward_has_or_has_not_reached():
    w = leaf(1.0)
    assert only(why_no_grad(w)).cause == "not reached"
    (w * 2).sum().backward()
    assert not why_no_grad(w)
    assert not why_no_grad(w, (w * 2).sum())


def test_unused_and_replaced_parameters():
    model, other = nn.Linear(2, 1), leaf(1.0, 2.0, 3.0)
    before = model.weight
    model.weight = nn.Parameter(torch.ones(1, 2))
    loss = model(torch.ones(1, 2)).sum()
    assert only(why_no_grad(before, loss)).cause == "replaced"
    assert only(why_no_grad(other, loss)).cause == "unused"
    assert "explain()" in str(why_no_grad(other, loss))
    with explain():
        loss = model(torch.ones(1, 2)).sum()
    assert "explain()" not in str(why_no_grad(other, loss))


def test_a_cut_on_one_of_several_ways():
    w, v = leaf(1.0), leaf(2.0)
    with explain():
        h = w * 2
        loss = (h.detach() * v).sum()
    stop = only(why_no_grad(w, loss))
    assert (stop.cause, stop.operation) == ("detach", "detach")
    assert not why_no_grad(v, loss)


def test_results_of_operations_with_several():
    x = torch.tensor([[1.0, 3.0], [2.0, 0.5]], requires_grad=True)
    with explain():
        values, places = x.max(dim=1)
        loss = places.float().sum()
    assert not why_no_grad(x, values.sum())
    assert only(why_no_grad(loss)).operation == "max_along"


def test_deep_graphs_are_walked_without_recursion():
    w = leaf(1.0)
    with explain():
        h = w
        for _ in range(5000):
            h = h * 1.0
        h = h.detach()
        for _ in range(5000):
            h = h * 1.0
    assert only(why_no_grad(h)).cause == "detach"
    assert only(why_no_grad(w, h)).cause == "detach"


def test_the_block_leaves_nothing_behind():
    before = {name: torch.Tensor.__dict__[name] for name in ("detach", "item", "numpy", "data")}
    with pytest.raises(ValueError, match="inside"), explain(), explain():
        raise ValueError("inside")
    assert before == {name: torch.Tensor.__dict__[name] for name in before}
    w = leaf(1.0)
    assert only(why_no_grad((w * 2).detach())).line == 0


def test_other_threads_are_not_watched():
    seen = []
    w = leaf(1.0)
    with explain():
        thread = threading.Thread(target=lambda: seen.append((w * 2).exp().detach()))
        thread.start()
        thread.join()
    assert only(why_no_grad(seen[0])).line == 0


def test_what_is_no_tensor_is_refused():
    with pytest.raises(TypeError, match="expects a Tensor"):
        why_no_grad(3.0)
    with pytest.raises(TypeError, match="got int"):
        why_no_grad(leaf(1.0), 3)
