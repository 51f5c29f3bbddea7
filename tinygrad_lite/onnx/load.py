"""`onnx.load`: an ONNX file as a module whose parameters can be trained."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .._creation import from_numpy
from .._state import here
from .._tensor import Tensor
from ..nn.modules.module import Module
from ..nn.parameter import Parameter
from . import readers
from .builder import CONSTANT
from .errors import OnnxExporterError, UnsupportedOperatorError, need_package
from .patterns import TYPES
from .reading import READERS, Call, NodeData

__all__ = ["OnnxModel", "load"]

PACKAGES = (readers,)  # imported for the table they fill

# Operators and the inputs of theirs that hold weights.
WEIGHTS = {
    "Conv": (1, 2), "ConvTranspose": (1, 2), "Gemm": (0, 1, 2), "MatMul": (0, 1),
    "LSTM": (1, 2, 3, 5, 6), "GRU": (1, 2, 3, 5), "RNN": (1, 2, 3, 5),
    "BatchNormalization": (1, 2), "InstanceNormalization": (1, 2), "LayerNormalization": (1, 2),
    "GroupNormalization": (1, 2), "RMSNormalization": (1,), "PRelu": (1,), "Gather": (0,),
    "Add": (0, 1), "Mul": (0, 1), "Sub": (0, 1), "Einsum": (0, 1, 2),
}  # fmt: skip
# Operators that hand their first input on, rearranged.
PASSING = {
    "Identity", "Transpose", "Reshape", "Unsqueeze", "Squeeze", "Slice", "Split", "Concat", "Cast",
    "Flatten", "Expand",
}  # fmt: skip
RANDOM = {
    "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Bernoulli",
    "Dropout", "If", "Loop", "Scan", "BatchNormalization",
}  # fmt: skip


@dataclass
class GraphData:
    """A graph of a file as plain data; `inputs` are those that no constant stands for."""

    nodes: list[NodeData]
    inputs: list[str]
    outputs: list[str]
    constants: dict[str, Any] = field(default_factory=dict)
    lasts: list[tuple[str, ...]] = field(default_factory=list)  # values not needed after each node


# -- reading the file -------------------------------------------------------------------


def _read_graph(graph: Any) -> GraphData:
    onnx = need_package()
    constants = {t.name: onnx.numpy_helper.to_array(t) for t in graph.initializer}
    if graph.sparse_initializer:
        raise UnsupportedOperatorError("onnx.load: sparse constants have no counterpart")
    nodes = [_read_node(node) for node in graph.node]
    return GraphData(
        nodes,
        [i.name for i in graph.input if i.name not in constants],
        [o.name for o in graph.output],
        constants,
    )


def _read_node(node: Any) -> NodeData:
    onnx = need_package()
    attributes = {}
    for attribute in node.attribute:
        value = onnx.helper.get_attribute_value(attribute)
        attributes[attribute.name] = _read_attribute(onnx, value)
    return NodeData(node.op_type, tuple(node.input), tuple(node.output), attributes, node.name)


def _read_attribute(onnx: Any, value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, onnx.TensorProto):
        return onnx.numpy_helper.to_array(value)
    if isinstance(value, onnx.GraphProto):
        return _read_graph(value)
    if isinstance(value, list) and value and isinstance(value[0], bytes):
        return [v.decode() for v in value]
    return value


def _check_nodes(graph: GraphData, opset: int) -> None:
    """Raise for the first node that has no reader."""
    for node in graph.nodes:
        if node.op not in READERS:
            raise UnsupportedOperatorError(
                f"onnx.load: node {node.name or node.outputs[0]!r} is a {node.op} (opset {opset}), "
                "which has no counterpart here"
            )
        for value in node.attributes.values():
            if isinstance(value, GraphData):
                _check_nodes(value, opset)


# -- running ----------------------------------------------------------------------------


class OnnxModel(Module):
    """The graph of an ONNX file as a module; made by `onnx.load`.

    Inputs come in the order of `input_names`, or by name; the result is a tensor, or a tuple in the
    order of `output_names`. Weights are parameters and other arrays buffers, under their names in
    the file. In training mode dropout is active and batch statistics are used.
    """

    def __init__(
        self, graph: GraphData, opset: int, trainable: Callable[[str], bool] | None = None
    ) -> None:
        super().__init__()
        self.graph, self.opset = graph, opset
        self.input_names, self.output_names = tuple(graph.inputs), tuple(graph.outputs)
        self.folded: dict[str, Tensor] = {}
        self.places: dict[str, tuple[Module, str]] = {}
        self._fold(_find_weights(graph) if trainable is None else _chosen(graph, trainable))
        _plan_lasts(graph)

    def _fold(self, weights: set[str]) -> None:
        """Make the constants parameters and buffers, and run what depends on no input."""
        graph = self.graph
        fixed = {
            name: from_numpy(np.array(array))
            for name, array in graph.constants.items()
            if name not in weights
        }
        kept, rest = dict(fixed), []
        for node in graph.nodes:
            known = all(not name or name in fixed for name in node.inputs)
            inner = any(isinstance(v, GraphData) for v in node.attributes.values())
            if known and not inner and node.op not in RANDOM:
                self._run_node(node, fixed)
            else:
                rest.append(node)
        graph.nodes = rest
        read = {name for node in _all_nodes(rest) for name in node.inputs} | set(graph.outputs)
        for name in graph.constants:  # in the order of the file
            if name in weights and name in read:
                self._add_array(name, graph.constants[name], trained=True)
        for name, value in fixed.items():
            if name in read and name in kept and value.is_floating_point() and value.ndim:
                self._add_array(name, graph.constants[name], trained=False)
            elif name in read:
                self.folded[name] = value
        graph.constants = {}

    def _add_array(self, name: str, array: Any, *, trained: bool) -> None:
        """Register an array under its name in the file, dots making modules."""
        *path, last = [part for part in _clean(name).split(".") if part] or ["value"]
        owner: Module = self
        for part in path:
            children = owner._modules
            if part not in children:
                if hasattr(owner, part):
                    part = f"{part}_"  # noqa: PLW2901 - a name that modules use themselves
                if part not in children:
                    owner.add_module(part, Module())
            owner = children[part]
        while hasattr(owner, last):
            last += "_"
        tensor = from_numpy(np.array(array))
        if trained:
            owner.register_parameter(last, Parameter(tensor))
        else:
            owner.register_buffer(last, tensor)
        self.places[name] = (owner, last)

    def _run_node(self, node: NodeData, values: dict[str, Any]) -> None:
        inputs = [values[name] if name else None for name in node.inputs]
        while inputs and inputs[-1] is None:
            inputs.pop()

        def run(graph: GraphData, given: list[Any]) -> list[Any]:
            return self._run_graph(graph, {**values, **dict(zip(graph.inputs, given, strict=True))})

        call = Call(node, self.opset, run, self.training)
        try:
            made = READERS[node.op](call, *inputs)
        except Exception as error:
            if not isinstance(error, OnnxExporterError):
                error.add_note(
                    f"in node {node.name or node.outputs[0]!r}, {node.op} of the ONNX graph"
                )
            raise
        results = made if isinstance(made, (tuple, list)) else (made,)
        values.update(
            (name, value) for name, value in zip(node.outputs, results, strict=False) if name
        )

    def _run_graph(self, graph: GraphData, values: dict[str, Any]) -> list[Any]:
        """Run a graph inside a node."""
        for name, array in graph.constants.items():
            values[name] = from_numpy(np.array(array))
        for node in graph.nodes:
            self._run_node(node, values)
        return [values[name] for name in graph.outputs]

    def forward(self, *inputs: Any, **named: Any) -> Any:
        """The outputs of the graph."""
        values: dict[str, Any] = dict(self.folded)
        for name, (owner, key) in self.places.items():
            values[name] = getattr(owner, key)
        values.update(self._take_inputs(inputs, named))
        for node, lasts in zip(self.graph.nodes, self.graph.lasts, strict=True):
            self._run_node(node, values)
            for name in lasts:
                values.pop(name, None)
        results = tuple(values[name] for name in self.output_names)
        return results[0] if len(results) == 1 else results

    def _take_inputs(self, inputs: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any]:
        names = self.input_names
        given = {**dict(zip(names, inputs, strict=False)), **named}
        if len(inputs) > len(names) or set(given) != set(names):
            raise TypeError(
                f"the graph takes {len(names)} inputs ({', '.join(names)}), got {len(inputs)}"
                + (f" and {', '.join(named)} by name" if named else "")
            )
        return given

    def extra_repr(self) -> str:
        """What stands in the brackets of its text form."""
        ends = ", ".join(self.input_names), ", ".join(self.output_names)
        return f"{ends[0]} -> {ends[1]}, {len(self.graph.nodes)} nodes, opset {self.opset}"


def _clean(name: str) -> str:
    return "".join(ch if ch.isalnum() or ch in "._" else "_" for ch in name)


def _all_nodes(nodes: list[NodeData]) -> list[NodeData]:
    """Nodes with those of the graphs inside them."""
    found = []
    for node in nodes:
        found.append(node)
        for value in node.attributes.values():
            if isinstance(value, GraphData):
                found += _all_nodes(value.nodes)
                found.append(NodeData("", tuple(value.outputs), ()))
    return found


def _find_weights(graph: GraphData) -> set[str]:
    """Constants that go, perhaps rearranged, into an input that holds weights."""
    wanted: set[str] = set()
    for node in reversed(graph.nodes):
        wanted.update(node.inputs[i] for i in WEIGHTS.get(node.op, ()) if i < len(node.inputs))
        if node.op in PASSING and not wanted.isdisjoint(node.outputs):
            wanted.update(node.inputs if node.op == "Concat" else node.inputs[:1])
    return {
        name
        for name, array in graph.constants.items()
        if name in wanted and _trains(array) and not re.fullmatch(rf"{CONSTANT}(_\d+)?", name)
    }


def _trains(array: Any) -> bool:
    """Whether an array looks like weights: fractions, more than one, all finite."""
    return bool(array.dtype.kind == "f" and array.ndim and np.isfinite(array).all())


def _chosen(graph: GraphData, trainable: Callable[[str], bool]) -> set[str]:
    return {n for n, a in graph.constants.items() if a.dtype.kind == "f" and trainable(n)}


def _plan_lasts(graph: GraphData) -> None:
    """Note after which node each value is needed no more."""
    last: dict[str, int] = {}
    for place, node in enumerate(graph.nodes):
        for inner in _all_nodes([node]):
            last.update(dict.fromkeys(inner.inputs, place))
        for name in node.outputs:
            last.setdefault(name, place)
    rows: list[list[str]] = [[] for _ in graph.nodes]
    for name, place in last.items():
        if name and name not in graph.outputs:
            rows[place].append(name)
    graph.lasts = [tuple(row) for row in rows]


def load(
    f: str | os.PathLike[str] | Any, *, trainable: Callable[[str], bool] | None = None
) -> OnnxModel:
    """The model of an ONNX file as a module, in evaluation mode.

    Every node calls a function of this library, so that gradients flow and training goes on.
    Weights become parameters: constants that enter a product, a convolution, a recurrence, a
    normalisation or a sum. `trainable`, a function of a constant's name, decides otherwise. `f` may
    also be an `onnx.ModelProto`.

    **Errors**: UnsupportedOperatorError, naming node and operator, for one without a counterpart.

    >>> import tinygrad_lite as torch
    >>> model = torch.nn.Linear(3, 2)
    >>> found = torch.onnx.export(model, torch.zeros(1, 3))
    >>> [name for name, _ in torch.onnx.load(found).named_parameters()]
    ['weight', 'bias']
    """
    onnx = need_package()
    proto: Any = f
    if isinstance(f, (str, os.PathLike)):
        path = Path(f)
        if not path.is_file():
            raise FileNotFoundError(f"onnx.load: there is no file {str(path)!r}")
        try:
            proto = onnx.load(str(path))
        except Exception as error:
            raise RuntimeError(
                f"onnx.load: {str(path)!r} is no ONNX model, or was cut short ({error})"
            ) from error
    if proto.functions:
        proto = onnx.inliner.inline_local_functions(proto)
    opset = max((i.version for i in proto.opset_import if i.domain in {"", "ai.onnx"}), default=1)
    graph = _read_graph(proto.graph)
    _check_nodes(graph, opset)
    _check_types(graph)
    before, here.grad = here.grad, False
    try:
        model = OnnxModel(graph, opset, trainable)
    finally:
        here.grad = before
    for parameter in model.parameters():
        parameter.requires_grad_()
    return model.eval()


def _check_types(graph: GraphData) -> None:
    for name, array in graph.constants.items():
        if array.dtype.name not in TYPES:
            raise UnsupportedOperatorError(
                f"onnx.load: the constant {name!r} has elements of type {array.dtype}, which have "
                "no counterpart here"
            )
