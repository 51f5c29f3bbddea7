"""Saving and loading: torch.save, torch.load.

The file has the safetensors layout: eight bytes with the length of a JSON header, the header, the
bytes of all tensors. Every safetensors reader opens it. The header's metadata holds the structure
around the tensors and a CRC32 of everything, so that no altered file loads silently. Nothing in it
is ever executed: there is no pickle.

A file is written beside its target, flushed to the disk and then put in the target's place: an
interrupted save leaves the old file as it was.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ._creation import from_numpy
from ._device import device
from ._dtypes import DTYPES, dtype
from ._size import Size
from ._tensor import Tensor

__all__ = ["load", "save"]

FORMAT = "tinygrad_lite 1"
NAMES = {
    "float16": "F16", "float32": "F32", "float64": "F64", "int8": "I8", "int16": "I16",
    "int32": "I32", "int64": "I64", "uint8": "U8", "uint16": "U16", "uint32": "U32",
    "uint64": "U64", "bool": "BOOL",
}  # fmt: skip
TYPES = {short: np.dtype(name) for name, short in NAMES.items()}
NO_CRC = "00000000"


def save(obj: Any, f: Any, *ignored: Any, **options: Any) -> None:
    """Write tensors and nested dicts, lists and numbers (a state dict, a checkpoint) to a file.

    `f` is a path or an open binary file. Modules and other objects are refused: save
    `module.state_dict()`.
    """
    del ignored, options  # pickle_module, pickle_protocol: there is no pickle
    content = _encode(obj)
    if hasattr(f, "write"):
        f.write(content)
        return
    _replace_file(Path(f), content)


def _replace_file(path: Path, content: bytes) -> None:
    """Put new content in a file's place in one step."""
    beside = path.with_name(f"{path.name}.tmp.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    if hasattr(os, "O_DIRECTORY"):  # the new name itself must reach the disk too
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _encode(obj: Any) -> bytes:
    arrays: dict[str, Any] = {}
    tree = _describe(obj, "", arrays)
    header: dict[str, Any] = {}
    start = 0
    for name, array in arrays.items():
        stop = start + array.nbytes
        header[name] = {
            "dtype": NAMES[array.dtype.name],
            "shape": list(array.shape),
            "data_offsets": [start, stop],
        }
        start = stop
    data = b"".join(np.ascontiguousarray(a).tobytes() for a in arrays.values())
    metadata = {"format": FORMAT, "tree": json.dumps(tree), "crc32": NO_CRC}
    head = _head({"__metadata__": metadata, **header})
    metadata["crc32"] = f"{zlib.crc32(data, zlib.crc32(head)):08x}"
    return _head({"__metadata__": metadata, **header}) + data


def _head(header: dict[str, Any]) -> bytes:
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # so that the data start at a multiple of eight
    return struct.pack("<Q", len(text)) + text


def _describe(obj: Any, path: str, arrays: dict[str, Any]) -> Any:
    """A structure as JSON; its tensors go to `arrays` under the names of their places."""
    if isinstance(obj, (Tensor, np.ndarray, np.generic)):
        name = path or "tensor"
        while name in arrays or name == "__metadata__":
            name += "_"
        kind = "tensor" if isinstance(obj, Tensor) else "array"
        arrays[name] = np.asarray(obj._array if isinstance(obj, Tensor) else obj)
        if arrays[name].dtype.name not in NAMES:
            raise TypeError(f"save: {path or 'the array'} has type {arrays[name].dtype}")
        leaf = isinstance(obj, Tensor) and obj.requires_grad and obj.is_leaf
        return {kind: name, "grad": True} if leaf else {kind: name}
    if obj is None or isinstance(obj, (bool, int, float, str)):
        return {"value": obj}
    if isinstance(obj, dict):
        kind = "ordered" if isinstance(obj, OrderedDict) else "dict"
        items = [
            [_key(k, path), _describe(v, f"{path}.{k}" if path else str(k), arrays)]
            for k, v in obj.items()
        ]
        return {kind: items}
    if isinstance(obj, (list, tuple, set)):
        kind = "size" if isinstance(obj, Size) else type(obj).__name__
        kind = kind if kind in {"size", "list", "tuple", "set"} else "tuple"
        parts = enumerate(obj)
        return {kind: [_describe(v, f"{path}.{i}" if path else str(i), arrays) for i, v in parts]}
    if isinstance(obj, dtype):
        return {"dtype": obj.name}
    if isinstance(obj, device):
        return {"device": str(obj)}
    raise TypeError(
        f"save: cannot write {type(obj).__module__}.{type(obj).__name__}"
        f"{' at ' + path if path else ''}: files hold tensors, numbers, strings, lists and dicts, "
        "never code. For a module write its state_dict(), and load_state_dict() it later."
    )


def _key(key: Any, path: str) -> Any:
    if isinstance(key, (str, int, float, bool)) or key is None:
        return key
    raise TypeError(f"save: a key of type {type(key).__name__}{' at ' + path if path else ''}")


def load(
    f: Any, map_location: Any = None, *ignored: Any, weights_only: bool = True,
    mmap: bool | None = None, **options: Any,
) -> Any:  # fmt: skip
    """Read what `save` wrote, or the tensors of any safetensors file as a dict.

    A file that was cut short or altered raises a RuntimeError that says so.
    """
    del map_location, ignored, weights_only, mmap, options  # one device, and never any code
    content = f.read() if hasattr(f, "read") else Path(f).read_bytes()
    where = getattr(f, "name", "the file") if hasattr(f, "read") else str(f)
    try:
        return _decode(content, where)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise RuntimeError(f"{where}: the header is not one of a tensor file ({error})") from None


def _decode(content: bytes, where: str) -> Any:
    header, data = _split(content, where)
    metadata = header.pop("__metadata__", {})
    ours = metadata.get("format") == FORMAT or "tree" in metadata or "crc32" in metadata
    if ours:  # any one mark is enough, so that a file with a damaged mark is not taken for another
        _check_crc(content, metadata["crc32"], where)
    arrays = dict(_arrays(header, data, where))
    if not ours:
        return {name: from_numpy(array) for name, array in arrays.items()}
    return _build(json.loads(metadata["tree"]), arrays)


def _split(content: bytes, where: str) -> tuple[dict[str, Any], memoryview]:
    if content[:2] == b"PK" or content[:1] == b"\x80":
        raise NotImplementedError(
            f"{where} is a pickle of PyTorch's own: write it with safetensors, or as .npz"
        )
    if len(content) < 8:
        raise RuntimeError(f"{where} has {len(content)} bytes: it was cut short, or is empty")
    (length,) = struct.unpack("<Q", content[:8])
    if length > len(content) - 8:
        raise RuntimeError(
            f"{where} has {len(content)} bytes of the {length + 8} that its header alone takes: it "
            "was cut short, or is no tensor file"
        )
    header = json.loads(content[8 : 8 + length], object_pairs_hook=_without_repeats)
    if not isinstance(header, dict):
        raise ValueError(f"it is a {type(header).__name__}, expected a dict")  # noqa: TRY004
    return header, memoryview(content)[8 + length :]


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice")
    return found


def _check_crc(content: bytes, expected: str, where: str) -> None:
    """Raise unless the bytes, with the checksum's own place blanked, have the checksum."""
    blank = content.replace(f'"crc32":"{expected}"'.encode(), f'"crc32":"{NO_CRC}"'.encode(), 1)
    found = f"{zlib.crc32(blank):08x}"
    if found != expected:
        raise RuntimeError(
            f"{where} was altered or cut short since it was written: its checksum is {found}, "
            f"expected {expected}"
        )


def _arrays(header: dict[str, Any], data: memoryview, where: str) -> Iterator[tuple[str, Any]]:
    """The arrays of a file; they must fill its data without a gap or an overlap."""
    place = 0
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"][0]):
        start, stop = entry["data_offsets"]
        if entry["dtype"] not in TYPES:
            raise NotImplementedError(f"{where}: {name} has type {entry['dtype']}")
        kind, shape = TYPES[entry["dtype"]], entry["shape"]
        if not all(isinstance(n, int) and n >= 0 for n in (*shape, start, stop)):
            raise RuntimeError(f"{where}: {name} has shape {shape} at {entry['data_offsets']}")
        size = kind.itemsize * int(np.prod([float(n) for n in shape]))
        if start != place or stop - start != size or stop > len(data):
            raise RuntimeError(
                f"{where}: {name} of shape {shape} takes {size} bytes, but the header gives it "
                f"{start} to {stop} of {len(data)}: an incomplete copy or a damaged file"
            )
        place = stop
        yield name, np.frombuffer(data[start:stop], kind).reshape(shape).copy()
    if place != len(data):
        raise RuntimeError(f"{where}: {len(data) - place} bytes too many at the end")


def _build(tree: Any, arrays: dict[str, Any]) -> Any:
    """The structure that a JSON tree describes."""
    kind, value = next(iter(tree.items()))
    if kind == "value":
        return value
    if kind in {"dict", "ordered"}:
        pairs = [(k, _build(v, arrays)) for k, v in value]
        return OrderedDict(pairs) if kind == "ordered" else dict(pairs)
    if kind == "tensor":
        made = from_numpy(arrays[value])
        return made.requires_grad_() if tree.get("grad") else made
    if kind == "array":
        return arrays[value]
    if kind == "dtype":
        return DTYPES[value]
    if kind == "device":
        return device(value)
    makers = {"list": list, "tuple": tuple, "set": set, "size": Size}
    return makers[kind](_build(v, arrays) for v in value)
