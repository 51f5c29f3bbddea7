"""Models of nodes and arrays as protocol buffers, and their way onto the disk."""

from __future__ import annotations

import os
import tempfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from .builder import Builder, Value
from .errors import need_package
from .patterns import TYPES
from .sizes import Size

__all__ = ["make_model", "write_model"]

LIMIT = 1 << 30  # bytes of weights kept in the file itself; protocol buffers end at 2 GB
SMALL = 1024  # arrays of fewer bytes stay in the file in any case


def make_model(
    builder: Builder,
    inputs: list[Value],
    outputs: list[Value],
    *,
    opset: int,
    name: str,
    notes: str,
) -> Any:
    """The protocol buffer of a graph."""
    onnx = need_package()
    helper = onnx.helper
    nodes = [
        helper.make_node(n.op, list(n.inputs), list(n.outputs), name=n.name, **n.attributes)
        for n in builder.nodes
    ]
    read = {i for n in builder.nodes for i in n.inputs} | {v.name for v in outputs}
    constants = [
        onnx.numpy_helper.from_array(np.ascontiguousarray(a).reshape(a.shape), k)
        for k, a in builder.constants.items()
        if k in read
    ]
    symbols = {Size(s.values): s.name for s in builder.symbols}
    ends = [[_describe(helper, v, symbols) for v in side] for side in (inputs, outputs)]
    graph = helper.make_graph(nodes, name, *ends, initializer=constants, doc_string=notes)
    imports = [helper.make_opsetid("", opset)]
    return helper.make_model(
        graph, opset_imports=imports, ir_version=helper.find_min_ir_version_for(imports),
        producer_name="tinygrad_lite",
    )  # fmt: skip


def _describe(helper: Any, value: Value, symbols: dict[Size, str]) -> Any:
    shape = [symbols.get(n) if isinstance(n, Size) else int(n) for n in value.shape]
    return helper.make_tensor_value_info(value.name, TYPES[value.dtype.name], shape)


def write_model(model: Any, path: str | os.PathLike[str], external: bool | None) -> None:
    """Write a model to a file, whole or not at all; big weights beside it if asked for.

    The file of the weights is named after its content, so that at every moment the model on the
    disk, the old one or the new one, finds the weights it was written with.
    """
    target = Path(path)
    size = sum(len(t.raw_data) for t in model.graph.initializer)
    if external is None:
        external = size > LIMIT
    beside = _move_out(model, target) if external else None
    _replace(target, model.SerializeToString())
    for old in target.parent.glob(f"{target.name}.*.data"):
        if old != beside:
            old.unlink()


def _move_out(model: Any, target: Path) -> Path | None:
    """Put the arrays of a model into a file beside it."""
    onnx = need_package()
    moved = [t for t in model.graph.initializer if len(t.raw_data) >= SMALL]
    if not moved:
        return None
    content, places = bytearray(), []
    for tensor in moved:
        content += bytes(-len(content) % 64)
        places.append((len(content), len(tensor.raw_data)))
        content += tensor.raw_data
    beside = target.parent / f"{target.name}.{zlib.crc32(content):08x}.data"
    _replace(beside, bytes(content))
    for tensor, (offset, length) in zip(moved, places, strict=True):
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        entries = {"location": beside.name, "offset": str(offset), "length": str(length)}
        for key, value in entries.items():
            entry = tensor.external_data.add()
            entry.key, entry.value = key, value
    return beside


def _replace(target: Path, content: bytes) -> None:
    """Write a file beside its place, flush it to the disk, and put it there."""
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o666 & ~_umask())  # noqa: PTH101 - mkstemp leaves it to its owner
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    found = os.umask(0)
    os.umask(found)
    return found
