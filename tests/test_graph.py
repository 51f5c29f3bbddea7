"""The Graph value: what is captured of a computation, and that capturing changes nothing."""

import gc
import weakref

import numpy as np
import pytest

import tinygrad_lite as torch
from tinygrad_lite import nn
from tinygrad_lite._graph import Graph, Node, graph, record, trace
from tinygrad_lite._nodes import Leaf, Pick
from tinygrad_lite.nn import functional as F
from tinygrad_lite.viz import draw


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(6, 5)
        self.act = nn.ReLU()
        self.fc2 = nn.Linear(5, 5)

    def forward(self, x):
        return self.fc2(self.act(self.fc2(self.act(self.fc1(x)))))


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(4, 8))

    def forward(self, x):
        return (x @ self.weight.t()).tanh() @ self.weight


@pytest.fixture
def net():
    torch.manual_seed(0)
    return Net()


@pytest.fixture
def batch():
    torch.manual_seed(1)
    return torch.randn(3, 6)


def tape_edges(result):
    """Pairs (newer, older) of tape nodes behind a result, leaves left out."""
    edges, seen, work = set(), set(), [result._node]
    while work:
        node = work.pop()
        node = node.parent if isinstance(node, Pick) else node
        if id(node) in seen or isinstance(node, Leaf):
            continue
        seen.add(id(node))
        for parent, _ in node.edges():
            maker = parent.parent if isinstance(parent, Pick) else parent
            if not isinstance(maker, Leaf):
                edges.add((id(node), id(maker)))
            work.append(parent)
    return edges, seen


def test_a_product_and_a_sum():
    a, b, c = (torch.tensor(value, requires_grad=True) for value in (2.0, -3.0, 10.0))
    found = graph((a * b + c).tanh())
    assert [node.op for node in found] == ["mul", "add", "tanh"]
    assert [leaf.name for leaf in found.leaves] == ["a", "b", "c"]
    assert found.nodes[2].scalar == pytest.approx(np.tanh(4.0))
    assert [operand.node for operand in found.nodes[1].operands] == [0, -1]


def test_names_can_be_given():
    a = torch.tensor(2.0, requires_grad=True)
    assert graph(a.exp(), names={"rate": a}).leaves[0].name == "rate"


def test_modules_paths_and_calls(net, batch):
    found = graph(net(batch).sum())
    assert [node.op for node in found] == ["linear", "relu", "linear", "relu", "linear", "sum"]
    assert [found.path(node) for node in found] == ["fc1", "act", "fc2", "act#2", "fc2#2", ""]
    assert [leaf.name for leaf in found.parameters] == [
        "fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias",
    ]  # fmt: skip
    assert found.title == "Net"


def test_shapes_dtypes_and_the_input(net, batch):
    found = graph(net(batch).sum())
    assert [node.shape for node in found] == [(3, 5)] * 5 + [()]
    assert {node.dtype for node in found} == {"float32"}
    assert [(leaf.name, leaf.shape) for leaf in found.inputs] == [("batch", (3, 6))]


def test_source_lines_point_at_the_callers_file(net, batch):
    found = graph(net(batch).sum())
    assert all(node.source.startswith("test_graph.py:") for node in found)


@pytest.mark.parametrize("make", ["mlp", "tied", "split", "double", "custom"])
def test_edges_are_those_of_the_tape(make, net, batch):
    result = {
        "mlp": lambda: net(batch).sum(),
        "tied": lambda: Tied()(torch.ones(2, 8)).sum(),
        "split": make_split,
        "double": make_double,
        "custom": make_custom,
    }[make]()
    edges, nodes = tape_edges(result)
    found = graph(result)
    pairs = {(p, o.node) for p, n in enumerate(found) for o in n.operands if o.node >= 0}
    assert len(found) == len(nodes)
    assert len(pairs) == len(edges)


def make_split():
    x = torch.ones(4, 6, requires_grad=True)
    a, b, c = (x * 2).split(2, dim=1)
    values, _ = torch.max(a * b, dim=1)
    return values.sum() + c.sum()


def make_double():
    x = torch.tensor(2.0, requires_grad=True)
    (slope,) = torch.autograd.grad(x**3, x, create_graph=True)
    return slope * x


class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, g):
        return 2 * g * ctx.saved_tensors[0]


def make_custom():
    x = torch.tensor(3.0, requires_grad=True)
    return Square.apply(x) + x


def test_a_custom_function_is_one_operation():
    assert [node.op for node in graph(make_custom())] == ["Square", "add"]


def test_gradients_of_leaves_are_those_of_backward(net, batch):
    loss = net(batch).square().sum()
    assert not graph(loss).has_gradients
    assert all(leaf.gradient is None for leaf in graph(loss).leaves)
    loss.backward()
    found = graph(loss)
    assert found.has_gradients
    for name, parameter in net.named_parameters():
        leaf = next(leaf for leaf in found.leaves if leaf.name == name)
        wanted = np.sqrt(np.mean(parameter.grad.numpy().astype(np.float64) ** 2))
        assert leaf.gradient.rms == pytest.approx(wanted, rel=1e-6)


def test_after_backward_the_structure_is_still_there(net, batch):
    loss = net(batch).square().sum()
    before = [node.op for node in graph(loss)]
    loss.backward()
    after = graph(loss)
    assert [node.op for node in after] == before
    assert after.freed
    assert "kept values freed" in draw(loss).svg()


def test_record_takes_statistics_of_values_and_gradients(net, batch):
    with record(stats=True) as run:
        hidden = net.act(net.fc1(batch))
        hidden.retain_grad()
        hidden.square().sum().backward()
    found = run.graph()
    relu = found.find("op:relu")[0]
    assert relu.value.mean == pytest.approx(hidden.detach().numpy().mean(), rel=1e-6)
    assert relu.value.zeros == int((hidden.detach().numpy() == 0).sum())
    wanted = np.sqrt(np.mean(hidden.grad.numpy().astype(np.float64) ** 2))
    assert relu.gradient.rms == pytest.approx(wanted, rel=1e-6)
    assert sum(relu.value.histogram) == relu.value.size


def test_nan_is_flagged_where_it_arises_and_after():
    x = torch.tensor([1.0, -1.0], requires_grad=True)
    with record(stats=True) as run:
        (((x * 2).log()) + 1).sum()
    assert [node.op for node in run.graph().find("nan")] == ["log", "add", "sum"]


def test_record_sees_what_carries_no_gradient():
    with record() as run, torch.no_grad():
        torch.ones(2).exp() + 1
    assert [node.op for node in run.graph()] == ["exp", "add"]
    assert not any(node.differentiable for node in run.graph())


def test_trace_leaves_everything_as_it_was(batch):
    model = nn.Sequential(nn.Linear(6, 4), nn.Dropout(0.5))
    state = {name: value.numpy().copy() for name, value in model.state_dict().items()}
    random_state = torch.get_rng_state().numpy().copy()
    found = trace(model, batch, stats=True)
    assert len(found) >= 2
    assert (torch.get_rng_state().numpy() == random_state).all()
    assert all((value.numpy() == state[name]).all() for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert model.training
    assert torch._state.here.watch is None


def test_trace_restores_buffers_that_forward_changes(batch):
    class Counting(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("count", torch.zeros(2))
            self.register_buffer("last", torch.zeros(2))

        def forward(self, x):
            self.count += 1
            self.last = self.count * 2
            return x * 2

    model = Counting()
    kept = model.last
    trace(model, batch)
    assert model.count.tolist() == [0.0, 0.0]
    assert model.last is kept


def test_the_watcher_is_gone_after_an_error():
    def fail(x):
        raise KeyError(x)

    with pytest.raises(KeyError):
        trace(fail, torch.ones(1))
    assert torch._state.here.watch is None


def test_recorders_may_be_nested():
    with record() as outer:
        torch.ones(1).exp()
        with record() as inner:
            torch.ones(1).tanh()
    assert [node.op for node in outer.graph()] == ["exp", "tanh"]
    assert [node.op for node in inner.graph()] == ["tanh"]


def test_a_graph_keeps_no_tensor_alive(net, batch):
    hidden = net.act(net.fc1(batch))
    loss = hidden.sum()
    found = graph(loss)
    watch = weakref.ref(hidden)
    del hidden, loss
    gc.collect()
    assert watch() is None
    assert len(found) == 3


def test_one_leaf_for_a_weight_that_is_used_twice():
    found = trace(Tied(), torch.ones(2, 8))
    assert [leaf.name for leaf in found.parameters] == ["weight"]
    assert len(found.consumers["leaf", found.leaves.index(found.parameters[0]), 0]) == 2


def test_without_a_history_the_error_says_what_to_do():
    with torch.no_grad():
        result = torch.ones(2, requires_grad=True).exp()
    with pytest.raises(ValueError, match=r"no_grad.*Use viz\.trace\(fn"):
        graph(result)
    with pytest.raises(TypeError, match="expected a Tensor"):
        graph([1.0])


def test_a_hundred_thousand_operations_deep():
    x = torch.tensor(1.0, requires_grad=True)
    y = x
    for _ in range(100_000):
        y = y + 1.0
    assert len(graph(y)) == 100_000


def test_json_gives_the_same_graph_back(net, batch):
    loss = F.cross_entropy(net(batch), torch.tensor([0, 1, 2]))
    loss.backward()
    found = graph(loss)
    assert Graph.from_json(found.json()) == found
    assert Graph.from_json(found.json(indent=1)) == found


def test_json_of_something_else_is_refused():
    with pytest.raises(ValueError, match="not a graph"):
        Graph.from_json("[]")
    with pytest.raises(ValueError, match="version 99"):
        Graph.from_json('{"format": "tinygrad_lite.graph", "version": 99}')


def test_find_speaks_of_operations_paths_shapes_and_numbers(net, batch):
    net(batch).square().sum().backward()
    with record(stats=True) as run:
        net(batch).square().sum().backward()
    found = run.graph()
    assert {node.op for node in found.find("op:linear")} == {"linear"}
    assert len(found.find("path:fc2")) == 2
    assert len(found.find("param:fc1.bias")) == 1
    assert len(found.find("shape:3x*")) == 6
    wanted = tuple(n for n in found if n.gradient is not None and n.gradient.rms > 1e-3)
    assert found.find("grad>1e-3") == wanted
    assert found.find("op:relu path:act") == found.find("relu")
    with pytest.raises(ValueError, match="unknown key 'colour'"):
        found.find("colour:red")


def test_one_line_and_a_tree():
    found = Graph(nodes=(Node("tanh", shapes=((2, 3),)),), title="T")
    assert repr(found) == "Graph(T: 1 operations, 0 inputs, 0 parameters (0 values))"
    assert str(found).splitlines()[1] == "  %0 = tanh() -> 2×3"


def test_the_way_back_is_a_part_of_the_graph_when_asked(net, batch):
    loss = net(batch).square().mean()
    forward = graph(loss)
    found = graph(loss, backward=True)
    assert found.nodes[: len(forward)] == forward.nodes
    assert {found.path(node) for node in found.nodes[len(forward) :]} == {"backward"}
    names = [operand.name for operand in found.outputs[1:]]
    assert names == [f"gradient of {name}" for name, _ in net.named_parameters()]
    assert all(p.grad is None for p in net.parameters())
    shapes = [found.nodes[o.node].shapes[o.output] for o in found.outputs[1:]]
    assert shapes == [tuple(p.shape) for p in net.parameters()]
    loss.backward()


def test_lines_of_code_are_taken_when_asked(batch):
    weight = torch.ones(6, 2, requires_grad=True)
    loss = (batch @ weight).sum()
    assert {node.line for node in graph(loss, lines=True)} == {"loss = (batch @ weight).sum()"}
    assert {node.line for node in graph(loss)} == {""}
    traced = trace(lambda x: x.exp(), batch, lines=True)
    assert traced.nodes[0].line == "traced = trace(lambda x: x.exp(), batch, lines=True)"
    assert Graph.from_json(traced.json()) == traced


def test_an_input_that_is_gone_keeps_its_shape():
    def run():
        x = torch.ones(3, requires_grad=True)
        return (x * 2).sum()

    (leaf,) = graph(run()).leaves
    assert (leaf.name, leaf.shape, leaf.requires_grad) == ("", (3,), True)


def test_what_a_function_computes_inside_is_not_told_apart():
    class Twice(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x + x

        @staticmethod
        def backward(ctx, g):
            return g + g

    traced = trace(lambda x: Twice.apply(x).exp(), torch.ones(2, requires_grad=True))
    assert [node.op for node in traced] == ["Twice", "exp"]
    assert [operand.node for node in traced for operand in node.operands] == [-1, 0]


def test_two_models_in_one_graph_give_it_no_title():
    first, second = nn.Linear(3, 3), nn.Linear(3, 3)
    assert graph(second(first(torch.ones(2, 3))).sum()).title == ""


def test_a_graph_draws_itself_in_notebooks(net, batch):
    found = graph(net(batch).sum())
    shown = found._repr_mimebundle_()
    assert shown["image/svg+xml"] == draw(found).svg()
    assert shown["text/plain"] == repr(found)
    assert found.draw(theme="dark").options.theme == "dark"
