"""Files in the IDX format, and fetching them."""

from __future__ import annotations

import gzip
import hashlib
import os
import struct
import urllib.request
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["fetch", "read_idx"]

_KINDS = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def read_idx(path: str | Path) -> np.ndarray[Any, Any]:
    """Return the array in an IDX file, packed by gzip or not.

    The file begins with 0, 0, a code of the type and the number of axes; then the length of each
    axis as a big-endian 32-bit number, then the values.

    Errors: RuntimeError with path and reason when the file is damaged.
    """
    path = Path(path)
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise RuntimeError(f"{path} is damaged: {error}. Delete it and download again") from error
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] not in _KINDS:
        raise RuntimeError(
            f"{path} is no IDX file: it begins with {data[:4].hex(' ') or 'nothing'}"
        )
    kind, axes = np.dtype(_KINDS[data[2]]), data[3]
    start = 4 + 4 * axes
    shape = struct.unpack(f">{axes}I", data[4:start]) if len(data) >= start else ()
    size = int(np.prod(shape, dtype=np.int64)) * kind.itemsize
    if len(data) < start or len(data) - start != size:
        raise RuntimeError(
            f"{path} is damaged: its header announces {size} bytes of values in shape {shape}, "
            f"there are {max(len(data) - start, 0)}. Delete it and download again"
        )
    values = np.frombuffer(data, kind, offset=start).reshape(shape)
    return values.astype(kind.newbyteorder("="))


def fetch(name: str, md5: str, mirrors: Sequence[str], folder: Path, timeout: float = 30) -> None:
    """Load a file from the first mirror that has it; it appears in the folder when it is right.

    Errors: RuntimeError that lists what was tried, when no mirror answers or the checksum is wrong.
    """
    folder.mkdir(parents=True, exist_ok=True)
    failures = []
    for mirror in mirrors:
        try:
            with urllib.request.urlopen(mirror + name, timeout=timeout) as answer:  # noqa: S310
                data = answer.read()
        except (OSError, ValueError) as error:  # URLError is an OSError
            failures.append(f"{mirror}{name}: {error}")
            continue
        found = hashlib.md5(data, usedforsecurity=False).hexdigest()
        if found != md5:
            failures.append(f"{mirror}{name}: checksum {found}, expected {md5} (file corrupted)")
            continue
        _write(folder / name, data)
        return
    tried = "\n  ".join(failures)
    raise RuntimeError(
        f"Error downloading {name}. Tried\n  {tried}\n"
        f"Without a connection, put the file into {folder} yourself"
    )


def _write(path: Path, data: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    temporary = path.with_name(f"{path.name}.tmp.{os.getpid()}")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
