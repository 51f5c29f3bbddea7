"""Zip archives: PyTorch's `.pt` files and NumPy's `.npz` files.

A zip file has a CRC32 for each of its members, and none for what lies between them. Ours have one
for the whole file in the archive's comment, which other readers skip, and a member that says so:
damage to either is noticed by the other.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable
from typing import IO, Any

import numpy as np

__all__ = ["Archive", "is_archive", "write_archive"]

MARK = b"tinygrad_lite crc32="
BLANK = b"00000000"
WITNESS = ".data/checksum"
DATE = (1980, 1, 1, 0, 0, 0)  # the same content gives the same file
ALIGNMENT = 64
END = b"PK\x05\x06"


def is_archive(content: Any) -> bool:
    """Whether bytes begin as a zip archive does."""
    return bytes(content[:4]) in {b"PK\x03\x04", END}


def write_archive(
    file: IO[bytes], members: Iterable[tuple[str, Callable[[], Any]]], root: str
) -> None:
    """Write members, each given by its name and a function that returns its bytes."""
    start = file.tell()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members:
            archive.writestr(_aligned(f"{root}{name}", file.tell() - start), content())
        archive.writestr(zipfile.ZipInfo(f"{root}{WITNESS}", DATE), MARK)
        archive.comment = MARK + BLANK
    file.flush()
    end = file.tell()
    file.seek(start)
    crc = _crc_of(iter(lambda: file.read(1 << 20), b""))
    file.seek(end - len(BLANK))
    file.write(f"{crc:08x}".encode())
    file.seek(end)


def _aligned(name: str, place: int) -> zipfile.ZipInfo:
    """A member whose content will start at a multiple of 64, as PyTorch's reader maps it."""
    info = zipfile.ZipInfo(name, DATE)
    padding = -(place + 30 + len(name.encode()) + 4) % ALIGNMENT
    info.extra = struct.pack("<2sH", b"FB", padding) + b"Z" * padding
    return info


def _crc_of(pieces: Iterable[Any]) -> int:
    crc = 0
    for piece in pieces:
        crc = zlib.crc32(piece, crc)
    return crc


class Archive:
    """An archive in memory whose members have all been checked, unless it is mapped."""

    def __init__(self, content: Any, where: str, *, mapped: bool = False) -> None:
        self.content, self.where, self.mapped = content, where, mapped
        self._check_end()
        source = _Window(content) if mapped else io.BytesIO(content)
        try:
            self.zip = zipfile.ZipFile(source)
            self.infos = {info.filename: info for info in self.zip.infolist()}
            if len(self.infos) != len(self.zip.infolist()):
                raise ValueError("a name occurs twice")
            if not mapped:
                self._check_members()
        except (zipfile.BadZipFile, EOFError, OSError, zlib.error, struct.error) as error:
            raise self._broken(str(error)) from None
        self.root = self._find_root()

    def _broken(self, why: str) -> RuntimeError:
        return RuntimeError(
            f"{self.where} was altered or cut short: failed reading zip archive: {why}"
        )

    def _check_end(self) -> None:
        """Raise unless the archive ends where the file does, and the checksum is right."""
        tail = bytes(self.content[-66_000:])
        place = tail.rfind(END)
        if place < 0 or len(tail) < place + 22:
            raise RuntimeError(
                f"{self.where} has {len(self.content):,} bytes and lacks the directory that ends "
                "such a file (failed reading zip archive: failed finding central directory): an "
                "incomplete copy or save"
            )
        (comment,) = struct.unpack("<H", tail[place + 20 : place + 22])
        size, offset = struct.unpack("<2I", tail[place + 12 : place + 20])
        start = len(self.content) - len(tail) + place
        # an archive beyond 4 GB, and any of PyTorch's, says it once more in wider numbers
        wide = bytes(self.content[start - 76 : start - 72]) == b"PK\x06\x06"
        fits = 0xFFFFFFFF in {size, offset} or size + offset == start - 76 * wide
        if place + 22 + comment != len(tail) or not fits:
            raise self._broken("there are bytes before or behind it")
        self.comment = tail[place + 22 :]
        found = re.fullmatch(re.escape(MARK) + rb"([0-9a-f]{8})", self.comment)
        self.summed = found is not None
        if found and not self.mapped:
            self._check_crc(int(found[1], 16))

    def _check_crc(self, expected: int) -> None:
        view = memoryview(self.content)
        found = _crc_of([view[: -len(BLANK)], BLANK])
        if found != expected:
            raise RuntimeError(
                f"{self.where} was altered or cut short since it was written: its checksum is "
                f"{found:08x}, expected {expected:08x}"
            )

    def _check_members(self) -> None:
        bad = None if self.summed else self.zip.testzip()
        if bad is not None:
            raise self._broken(f"the checksum of {bad} is not that of its content")
        if any(name.endswith(WITNESS) for name in self.infos) and not self.summed:
            raise self._broken("the checksum of the whole is gone")

    def _find_root(self) -> str:
        """The folder that PyTorch puts around the members, with its slash."""
        found = [name for name in self.infos if name.endswith("data.pkl")]
        return found[0].removesuffix("data.pkl") if len(found) == 1 else ""

    def __contains__(self, name: str) -> bool:
        return self.root + name in self.infos

    def read(self, name: str) -> bytes:
        """The bytes of a member."""
        try:
            return self.zip.read(self.root + name)
        except KeyError:
            raise self._broken(f"it has no member {self.root + name}") from None
        except (zipfile.BadZipFile, EOFError, NotImplementedError, zlib.error) as error:
            raise self._broken(str(error)) from None

    def buffer(self, name: str) -> Any:
        """The bytes of a member for an array: a part of the file where it is mapped.

        Their checksum was looked at when the archive was opened.
        """
        info = self.infos.get(self.root + name)
        if info is None or info.compress_type != zipfile.ZIP_STORED:
            return bytearray(self.read(name))
        start = info.header_offset
        lengths = struct.unpack("<2H", bytes(self.content[start + 26 : start + 30]))
        start += 30 + sum(lengths)
        part = memoryview(self.content)[start : start + info.file_size]
        return part if self.mapped else bytearray(part)


class _Window(io.RawIOBase):
    """A file over mapped memory, which reads what it is asked for and no more."""

    def __init__(self, content: Any) -> None:
        self.content, self.place = memoryview(content), 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self.place, io.SEEK_END: len(self.content)}[whence]
        if base + offset < 0:
            raise OSError("before the beginning of the file")
        self.place = base + offset
        return self.place

    def tell(self) -> int:
        return self.place

    def read(self, size: int = -1) -> bytes:
        stop = len(self.content) if size is None or size < 0 else self.place + size
        piece = bytes(self.content[self.place : stop])
        self.place += len(piece)
        return piece


def read_npz(archive: Archive) -> dict[str, np.ndarray[Any, Any]]:
    """The arrays of an `.npz` file."""
    return {
        name.removesuffix(".npy"): read_npy(archive.read(name), f"{archive.where}: {name}")
        for name in archive.infos
        if not name.endswith(WITNESS)
    }


def read_npy(content: Any, where: str) -> np.ndarray[Any, Any]:
    """The array of an `.npy` file; one of Python objects is refused, since it is a pickle."""
    file = io.BytesIO(content)
    try:
        array = np.lib.format.read_array(file, allow_pickle=False)
    except (ValueError, OSError, EOFError, SyntaxError, TypeError) as error:
        raise RuntimeError(f"{where} is not a readable array: {error}") from None
    if file.read(1):
        raise RuntimeError(f"{where}: there are bytes behind its end")
    return np.asarray(array)


def npz_members(arrays: dict[str, Any]) -> Iterable[tuple[str, Callable[[], bytes]]]:
    """The members of an `.npz` file."""
    return ((f"{name}.npy", lambda array=array: _npy(array)) for name, array in arrays.items())  # type: ignore[misc]


def _npy(array: np.ndarray[Any, Any]) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array, allow_pickle=False)
    return file.getvalue()
