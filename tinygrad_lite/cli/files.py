"""A folder whose files are written whole or not at all."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType


class OutputFolder:
    """Folder for results, made on entry; on failure it goes again if it was new and is empty."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._made: list[Path] = []

    def __enter__(self) -> Self:
        self._made = make_folders(self.path)
        with tempfile.TemporaryFile(dir=self.path):  # better to fail now than after the training
            return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is not None:
            remove_empty(self._made)

    def write(self, name: str, content: str | bytes) -> Path:
        """Path of the file `name`, which now holds `content`, the old one being kept until then."""
        data = content.encode() if isinstance(content, str) else content
        return write_whole(self.path / name, data)


def make_folders(path: Path) -> list[Path]:
    """The folders that had to be made so that `path` exists, innermost first."""
    if path.exists() and not path.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "is a file, not a folder", str(path))
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(parents=True, exist_ok=True)
    return missing


def remove_empty(folders: list[Path]) -> None:
    """Remove `folders`, innermost first, up to the first that is not empty."""
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return


def write_whole(path: Path, data: bytes) -> Path:
    """`path`, replaced in one step: a reader sees the old content or the new, never a part."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        Path(name).chmod(0o666 & ~file_mask())  # mkstemp gives the owner alone the right to read
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path


def file_mask() -> int:
    """The permissions that new files of this process do without."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
