"""Putting new content in a file's place in one step, whatever happens meanwhile.

The content is written beside the target, flushed to the disk, and then takes the target's name: who
opens the target finds the old content or the new one, whole. What a killed process left behind is
removed by the next save of the same file. It is told from the work of a living process by a lock
that ends with its owner: process numbers are used again, and repeat from container to container.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

locks: Any = None  # on Windows, where an open file cannot be removed: that is a lock as well
with contextlib.suppress(ImportError):
    import fcntl

    locks = fcntl

__all__ = ["BesideFile", "replace_file"]

_numbers = itertools.count()


def replace_file(path: Path, write: Callable[[IO[bytes]], None], needed: int) -> None:
    """Let `write` fill a new file of about `needed` bytes, and put it in the place of `path`."""
    target = Path(os.path.realpath(path))  # a link stays a link
    if target.exists() and not target.is_file():  # /dev/null, a pipe
        with target.open("wb") as file:
            write(file)
        return
    if not target.parent.is_dir():
        raise RuntimeError(f"Parent directory {path.parent} does not exist.")
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "the file is write-protected", str(path))
    remove_stale(target)
    beside = BesideFile(target)
    try:
        beside.open()
        write(beside.file)
        beside.become(target)
    except OSError as error:
        raise _explained(error, path, needed) from error
    finally:
        beside.discard()
    _flush_folder(target.parent)


class BesideFile:
    """A locked file beside its target, named `<target>.tmp.<process>.<number>`."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.path = target
        self.file: IO[bytes] = None  # type: ignore[assignment]

    def open(self) -> None:
        """Make the file, with the rights of the one that it is to replace."""
        while True:
            name = f"{self.target.name}.tmp.{os.getpid()}.{next(_numbers)}"
            self.path = self.target.with_name(name)
            self.file = self.path.open("x+b")
            _lock(self.file, wait=True)
            if _is_at(self.file, self.path):  # else a save of the same file swept it away unlocked
                break
            self.file.close()
        with contextlib.suppress(OSError):
            self.path.chmod(stat.S_IMODE(self.target.stat().st_mode))

    def become(self, target: Path) -> None:
        """Flush to the disk and take the target's name."""
        self.file.flush()
        os.fsync(self.file.fileno())
        if locks is None:
            self.file.close()
        self.path.replace(target)  # while it is locked: the new file is never taken for stale

    def discard(self) -> None:
        """Close the file, and remove it unless it has become the target."""
        if self.file is not None:
            with contextlib.suppress(OSError):  # what could not be written cannot be flushed either
                self.file.close()
        if self.path != self.target:
            with contextlib.suppress(OSError):
                self.path.unlink(missing_ok=True)


def remove_stale(target: Path) -> None:
    """Remove what ended processes left beside `target`."""
    start = f"{target.name}.tmp."
    with contextlib.suppress(OSError):
        for path in target.parent.iterdir():
            name = path.name
            if name.startswith(start) and name[len(start) :].replace(".", "").isdigit():
                _remove_unless_locked(path)


def _remove_unless_locked(path: Path) -> None:
    with contextlib.suppress(OSError):
        if locks is None:
            path.unlink()
            return
        with path.open("r+b") as file:
            if _lock(file, wait=False) and _is_at(file, path):
                path.unlink()


def _lock(file: IO[bytes], *, wait: bool) -> bool:
    if locks is None:
        return True
    try:
        locks.flock(file, locks.LOCK_EX | (0 if wait else locks.LOCK_NB))
    except OSError:  # held by a living process, or a file system without locks
        return False
    return True


def _is_at(file: IO[bytes], path: Path) -> bool:
    """Whether a name still leads to an open file."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except OSError:
        return False


def _flush_folder(folder: Path) -> None:
    """Bring the new name itself to the disk."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    with contextlib.suppress(OSError):  # some network file systems refuse; the content is safe
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _explained(error: OSError, path: Path, needed: int) -> OSError:
    """The same error, with the path, what it takes and what the disk has left."""
    free: Any = "an unknown number of"
    with contextlib.suppress(OSError):
        free = f"{shutil.disk_usage(path.parent).free:,}"
    kept = "the previous file is unchanged" if path.exists() else "there is no file"
    text = (
        f"{error.strerror or error}: could not save {path}: about {needed:,} bytes are needed, "
        f"{free} are free there, and {kept}"
    )
    return type(error)(error.errno, text, str(path)) if error.errno else type(error)(text)
