"""`onnx.export`: a model, run on example inputs, as an ONNX file."""

from __future__ import annotations

import enum
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .builder import Node, Symbol, Value
from .culprit import find_maker
from .errors import OnnxExporterError, UntracedError, need_package
from .files import make_model, write_model
from .graph import Writer
from .runs import Inputs, collect, run_again, run_all
from .tape import Step, Tape

__all__ = ["TrainingMode", "export", "is_in_onnx_export"]

OLDEST = 20  # Gelu, and image sampling in three dimensions

RUNNING = [False]


class TrainingMode(enum.IntEnum):
    """In which mode a module is exported."""

    EVAL = 0
    PRESERVE = 1
    TRAINING = 2


def is_in_onnx_export() -> bool:
    """Whether the code that asks runs for an export."""
    return RUNNING[0]


def export(
    model: Any,
    args: Any = (),
    f: str | os.PathLike[str] | None = None,
    *,
    kwargs: dict[str, Any] | None = None,
    verbose: bool | None = None,
    input_names: Any = None,
    output_names: Any = None,
    opset_version: int | None = None,
    dynamo: bool = True,
    external_data: bool | None = None,
    dynamic_shapes: Any = None,
    dynamic_axes: Any = None,
    training: TrainingMode | int = TrainingMode.EVAL,
    verify: bool = False,
    **options: Any,
) -> Any:
    """The ONNX model of `model(*args)`, also written to the file `f` if one is given.

    The model runs a few times on the example inputs, in evaluation mode unless `training` says
    otherwise; the operations of these runs become the graph. `dynamic_axes={"x": {0: "batch"}}`
    names the axes whose size may differ later: the runs then have other sizes there, and what
    differs with them becomes a computation. Parameters keep their names.

    **Errors**: UnsupportedOperatorError for an operation that ONNX lacks, with its name and line;
    OnnxExporterError where the steps or constants depend on the values of the inputs.

    **Differs from PyTorch**: `external_data` is off unless the weights exceed 1 GB; options of
    PyTorch's exporters beyond those named are taken and change nothing.

    >>> import tinygrad_lite as torch
    >>> model = torch.nn.Linear(3, 2)
    >>> found = torch.onnx.export(model, torch.zeros(1, 3), dynamic_axes={"input": {0: "batch"}})
    >>> [node.op_type for node in found.graph.node]
    ['Gemm']
    """
    need_package()
    opset = OLDEST if opset_version is None else int(opset_version)
    if opset < OLDEST:
        raise ValueError(
            f"onnx.export: opset_version {opset} is older than {OLDEST}, the oldest one that is "
            f"written; leave it out or ask for {OLDEST} or later"
        )
    inputs = collect(model, args, kwargs, input_names)
    inputs.axes = _read_axes(inputs, dynamic_axes, dynamic_shapes)
    made = _make(model, inputs, output_names, opset, TrainingMode(training))
    if verify:
        need_package().checker.check_model(made, full_check=True)
    if f is not None:
        write_model(made, f, external_data)
    return made


def _make(model: Any, inputs: Inputs, output_names: Any, opset: int, mode: TrainingMode) -> Any:
    with _running(model, mode):
        tapes, symbols = run_all(model, inputs, model)
    try:
        return _write(model, tapes, symbols, (inputs, output_names, opset))
    except UntracedError as error:
        if tapes[0].knows(error.array):  # it left the graph, as with float()
            raise
        with _running(model, mode):
            made_by = find_maker(lambda: run_again(model, inputs, symbols), error.array)
        if made_by is None:
            raise
        text = str(error).removeprefix("onnx.export: ")
        raise UntracedError(
            f"onnx.export: {made_by} cannot be written, it computes in NumPy: {text}", error.array
        ) from None


@contextmanager
def _running(model: Any, mode: TrainingMode) -> Iterator[None]:
    """Put all modules into a mode, and say that an export is running."""
    modes = _set_mode(model, mode)
    RUNNING[0] = True
    try:
        yield
    finally:
        RUNNING[0] = False
        for module, training in modes:
            module.training = training


def _write(model: Any, tapes: list[Tape], symbols: tuple[Symbol, ...], request: Any) -> Any:
    """Write the graph that all runs have in common."""
    inputs, output_names, opset = request
    writer = Writer(tapes, symbols)
    builder = writer.builder
    for number, name in zip(tapes[0].inputs, inputs.names, strict=True):
        writer.names[number] = builder.name(name)
    writer.write(writer.used())
    outputs = _name_outputs(writer, output_names)
    builder.drop_unused({v.name for v in outputs})
    given = [writer.describe(n, writer.names[n]) for n in tapes[0].inputs]
    title = type(model).__name__ if hasattr(model, "named_modules") else "function"
    notes = "input sizes that may differ: " + ", ".join(s.name for s in symbols) if symbols else ""
    return make_model(builder, given, outputs, opset=opset, name=title, notes=notes)


def _set_mode(model: Any, mode: TrainingMode) -> list[tuple[Any, bool]]:
    """Put all modules into a mode; what they were in before."""
    if not hasattr(model, "modules") or mode is TrainingMode.PRESERVE:
        return []
    before = [(module, module.training) for module in model.modules()]
    for module, _ in before:
        module.training = mode is TrainingMode.TRAINING
    return before


def _name_outputs(writer: Writer, names: Any) -> list[Value]:
    """The outputs under the names asked for, each a value of its own."""
    tape, builder = writer.tapes[0], writer.builder
    count = len(tape.outputs)
    if not count:
        raise OnnxExporterError("onnx.export: the model returned no tensor")
    wishes = [str(n) for n in names or ()]
    if len(wishes) > count:
        raise ValueError(
            f"onnx.export: {len(wishes)} output_names for {count} tensors the model returned"
        )
    wishes += [f"output_{i}" if count > 1 else "output" for i in range(len(wishes), count)]
    builder.path = ""
    found = []
    for place, wish in enumerate(wishes):
        refs = [t.outputs[place] for t in writer.tapes]
        if any(r != refs[0] for r in refs):
            raise OnnxExporterError("onnx.export: the model returns other tensors for other inputs")
        found.append(_name_output(writer, refs[0], builder.name(wish)))
    return found


def _name_output(writer: Writer, ref: Any, name: str) -> Value:
    """A value under the name of an output: its node takes the name, or it is copied."""
    builder = writer.builder
    value = writer.read(ref, Step("output", (), {}, ()))
    number = ref.number
    own = value.name in {n for node in builder.nodes for n in node.outputs}
    if own and number not in writer.named:
        writer.named.add(number)
        writer.names[number] = name
        builder.rename(value.name, name)
    else:
        builder.nodes.append(Node("Identity", (value.name,), (name,), {}, builder.name("Identity")))
    return Value(name, value.shape, value.dtype)


def _read_axes(inputs: Inputs, dynamic_axes: Any, dynamic_shapes: Any) -> dict[str, dict[int, str]]:
    """For every input the names of its dynamic axes."""
    found: dict[str, dict[int, str]] = {}
    for name, axes in (dynamic_axes or {}).items():
        if name in inputs.names:
            found[name] = _name_axes(name, axes)
    if dynamic_shapes is not None:
        entries = dynamic_shapes
        if isinstance(entries, (tuple, list)):
            entries = dict(zip(inputs.names, entries, strict=False))
        for name, axes in entries.items():
            if name not in inputs.names:
                raise ValueError(
                    f"onnx.export: dynamic_shapes names {name!r}; the inputs are "
                    f"{', '.join(inputs.names)}"
                )
            found[name] = _name_axes(name, axes or {})
    for name, axes in found.items():
        rank = inputs.tensors[inputs.names.index(name)].ndim
        found[name] = {a % rank: symbol for a, symbol in axes.items() if -rank <= a < rank}
    return {name: axes for name, axes in found.items() if axes}


def _name_axes(name: str, axes: Any) -> dict[int, str]:
    """Dynamic axes with a name each; unnamed ones are told apart by their input."""
    if isinstance(axes, (tuple, list)) and not any(isinstance(a, int) for a in axes):
        axes = {i: a for i, a in enumerate(axes) if a is not None}
    if not isinstance(axes, dict):
        return {int(a): f"{name}_dim_{a}" for a in axes}
    made = {}
    for axis, symbol in axes.items():
        if symbol is None:
            continue
        called = symbol if isinstance(symbol, str) else getattr(symbol, "__name__", None)
        made[int(axis)] = called or f"{name}_dim_{axis}"
    return made
