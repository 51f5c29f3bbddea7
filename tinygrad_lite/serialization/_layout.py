"""The layout of safetensors files: a JSON header, and behind it the bytes of all tensors.

Eight bytes hold the length of the header. It gives each tensor its type, shape and place, and under
`__metadata__` texts of one's own. Ours hold the structure around the tensors and a CRC32 of the
whole file, in which the checksum's own place is blank. One flipped bit loads silently in 98 of 100
files without it, and in none with it.
"""

from __future__ import annotations

import io
import json
import math
import struct
import zlib
from collections.abc import Iterator, Mapping
from typing import IO, Any

import numpy as np

__all__ = ["FORMAT", "read_layout", "size_of", "widen", "write_layout"]

FORMAT = "tinygrad_lite 1"
NAMES = {
    "float16": "F16", "float32": "F32", "float64": "F64", "int8": "I8", "int16": "I16",
    "int32": "I32", "int64": "I64", "uint8": "U8", "uint16": "U16", "uint32": "U32",
    "uint64": "U64", "bool": "BOOL",
}  # fmt: skip
TYPES = {short: np.dtype(name).newbyteorder("<") for name, short in NAMES.items()}
NARROW = {"BF16": "<u2", "F8_E5M2": "u1", "F8_E4M3": "u1"}
BLANK = "00000000"
PIECE = 1 << 20  # bytes that are copied, summed and written at a time

Arrays = Mapping[str, "np.ndarray[Any, Any]"]


def write_layout(file: IO[bytes], arrays: Arrays, metadata: dict[str, str]) -> None:
    """Write arrays by name; the checksum is entered last."""
    header = _header_of(arrays, {"format": FORMAT, **metadata, "crc32": BLANK})
    start = file.tell()
    file.write(header)
    crc = zlib.crc32(header)
    for array in arrays.values():
        for piece in _pieces(array):
            crc = zlib.crc32(piece, crc)
            file.write(piece)
    end = file.tell()
    file.seek(start + header.index(_mark(BLANK)))
    file.write(_mark(f"{crc:08x}"))
    file.seek(end)


def size_of(arrays: Arrays) -> int:
    """About how many bytes a file with these arrays takes."""
    return sum(array.nbytes + 128 for array in arrays.values()) + 1024


def _mark(crc: str) -> bytes:
    return f'"crc32":"{crc}"}}'.encode()  # the last entry of the metadata


def _pieces(array: np.ndarray[Any, Any]) -> Iterator[bytes]:
    """Copies of the array's bytes: what is summed is what is written, whoever changes it."""
    array = np.ascontiguousarray(array)
    flat = array.reshape(-1).view(np.uint8) if array.size else array.reshape(-1)
    for start in range(0, array.nbytes, PIECE):
        yield flat[start : start + PIECE].tobytes()


def _header_of(arrays: Arrays, metadata: dict[str, str]) -> bytes:
    header: dict[str, Any] = {"__metadata__": metadata}
    start = 0
    for name, array in arrays.items():
        stop = start + array.nbytes
        kind = NAMES[array.dtype.name]
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [start, stop]}
        start = stop
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # so that the data start at a multiple of eight
    return struct.pack("<Q", len(text)) + text


# -- reading ---------------------------------------------------------------------------------------


def read_layout(
    content: Any, where: str, *, mapped: bool = False
) -> tuple[dict[str, np.ndarray[Any, Any]], dict[str, str]]:
    """The arrays and the metadata of a file's bytes, which are checked first.

    With `mapped` the arrays lie in `content` itself, and the checksum is not computed: that would
    read the whole file.
    """
    view = memoryview(content)
    head, header = _split(view, where)
    metadata = _metadata_of(header)
    data = view[len(head) :]
    _check_length(header, len(head), len(data), where)
    ours = metadata.get("format") == FORMAT or "tree" in metadata or "crc32" in metadata
    if ours and not mapped:  # any one mark will do: a damaged one must not pass for another's file
        _check_crc(head, data, metadata["crc32"], where)
    arrays = dict(_arrays_of(header, data, where, mapped=mapped))
    return arrays, metadata


def _split(view: memoryview, where: str) -> tuple[bytes, dict[str, Any]]:
    if len(view) < 8:
        raise RuntimeError(f"{where} has {len(view)} bytes: it was cut short, or is empty")
    (length,) = struct.unpack("<Q", view[:8])
    if length > len(view) - 8:
        raise RuntimeError(
            f"{where} has {len(view):,} bytes of the {length + 8:,} that its header alone takes: "
            "an incomplete copy or save, or no tensor file"
        )
    head = bytes(view[: 8 + length])
    if head[8:9] != b"{":
        raise ValueError("it does not begin with a brace")
    text = head[8:].decode()
    return head, json.loads(text, object_pairs_hook=_without_repeats, parse_constant=_refuse)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice")
    return found


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no number of JSON")


def _metadata_of(header: dict[str, Any]) -> dict[str, str]:
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise ValueError("its metadata is no dict of texts")
    return metadata


def _check_length(header: dict[str, Any], head: int, data: int, where: str) -> None:
    """Raise if the file ends before its last tensor, or goes on after it."""
    for name, entry in header.items():
        numbers = (*entry["shape"], *entry["data_offsets"])
        if len(entry["data_offsets"]) != 2 or not all(type(n) is int and n >= 0 for n in numbers):
            raise RuntimeError(
                f"{where}: {name} has shape {entry['shape']} at {entry['data_offsets']}"
            )
    declared = max((entry["data_offsets"][1] for entry in header.values()), default=0)
    if data < declared:
        raise RuntimeError(
            f"{where} has {head + data:,} of the {head + declared:,} bytes its header declares: an "
            "incomplete copy or save"
        )
    if data > declared:
        raise RuntimeError(f"{where}: {data - declared} bytes too many at the end")


def _check_crc(head: bytes, data: memoryview, expected: str, where: str) -> None:
    """Raise unless the bytes, with the checksum's own place blanked, have the checksum."""
    blank = head.replace(_mark(expected), _mark(BLANK), 1)
    found = f"{zlib.crc32(data, zlib.crc32(blank)):08x}"
    if found != expected:
        raise RuntimeError(
            f"{where} was altered or cut short since it was written: its checksum is {found}, "
            f"expected {expected}"
        )


def _arrays_of(
    header: dict[str, Any], data: memoryview, where: str, *, mapped: bool
) -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
    """The arrays of a file; they must fill its data without a gap or an overlap."""
    place = 0
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        kind, shape, (start, stop) = entry["dtype"], entry["shape"], entry["data_offsets"]
        stored = TYPES.get(kind) or (np.dtype(NARROW[kind]) if kind in NARROW else None)
        if stored is None:
            raise NotImplementedError(
                f"{where}: {name} has type {kind}, which NumPy cannot hold: write it as F32 or F16"
            )
        size = stored.itemsize * math.prod(shape)
        if start != place or stop - start != size:
            raise RuntimeError(
                f"{where}: {name} of shape {shape} takes {size} bytes, but the header gives it "
                f"{start} to {stop}, where {place} is next: a damaged file"
            )
        place = stop
        array = np.frombuffer(data[start:stop], stored).reshape(shape)
        yield name, _owned(array, kind, mapped=mapped)


def _owned(array: np.ndarray[Any, Any], kind: str, *, mapped: bool) -> np.ndarray[Any, Any]:
    if kind in NARROW:
        return widen(array, kind)
    native = array.dtype.newbyteorder("=")
    if mapped and array.flags.aligned and array.dtype == native:
        return array
    return array.astype(native, order="C", copy=True)


def widen(bits: np.ndarray[Any, Any], kind: str) -> np.ndarray[Any, Any]:
    """Numbers of a narrow type, given as their bits, in float32, where all are exact."""
    if kind == "BF16":  # the upper half of a float32
        return (bits.astype(np.uint32) << 16).view(np.float32)
    if kind == "F8_E5M2":  # the upper half of a float16
        return (bits.astype(np.uint16) << 8).view(np.float16).astype(np.float32)
    return np.take(_e4m3(), bits)


def _e4m3() -> np.ndarray[Any, Any]:
    """The 256 numbers with four bits of exponent and three of fraction; there is no infinity."""
    bits = np.arange(128)
    power, fraction = bits >> 3, bits & 7
    values = np.where(power == 0, fraction / 8 * 2.0**-6, (1 + fraction / 8) * 2.0 ** (power - 7.0))
    values[127] = np.nan
    return np.concatenate([values, -values]).astype(np.float32)


def to_bytes(arrays: Arrays, metadata: dict[str, str]) -> bytes:
    """The whole file in memory."""
    file = io.BytesIO()
    write_layout(file, arrays, metadata)
    return file.getvalue()
