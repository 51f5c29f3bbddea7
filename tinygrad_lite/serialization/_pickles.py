"""Writing PyTorch's files, and reading them: with the machine that executes nothing, or, where the
caller says that the file is trusted, with Python's own unpickler.
"""

from __future__ import annotations

import io
import pickle
import struct
from collections.abc import Callable
from typing import IO, Any, ClassVar

import numpy as np

from .._device import device
from .._dtypes import DTYPES, dtype, of
from .._size import Size
from .._stamps import root_of
from .._tensor import Tensor
from ..nn.parameter import Parameter
from ._archive import Archive
from ._machine import Machine, Name
from ._names import adopt, find, foreign
from ._storage import KINDS, LITTLE, Storage, item_size

__all__ = ["archive_members", "is_legacy", "read_archive", "read_legacy"]

PROTOCOL = 2
PythonsPickler: Any = pickle._Pickler  # the one that can be told names
MAGIC = 0x1950A86A20F9469CFC6C
LEGACY_VERSION = 1001
OF_TYPE = {kind: name for name, kind in KINDS.items() if kind}
Members = list[tuple[str, Callable[[], Any]]]


# -- writing ---------------------------------------------------------------------------------------


class Foreign:
    """A name in the pickle that need not exist in this process."""

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name

    def __call__(self, *args: Any) -> Any:
        raise TypeError(f"{self.module}.{self.name} is a name in a file")


REBUILD = Foreign("torch._utils", "_rebuild_tensor_v2")
REBUILD_TYPED = Foreign("torch._utils", "_rebuild_tensor_v3")
REBUILD_PARAMETER = Foreign("torch._utils", "_rebuild_parameter")
SIZE, DEVICE = Foreign("torch", "Size"), Foreign("torch", "device")
ORDERED = Foreign("collections", "OrderedDict")


class StoredMemory:
    """Stands in the pickle for the memory of tensors, which is a member of its own."""

    def __init__(self, key: str, kind: str, count: int) -> None:
        self.key, self.kind, self.count = key, kind, count


class Pickler(PythonsPickler):  # type: ignore[misc] # a class found by name
    """Writes tensors as PyTorch does, and everything else as Python does."""

    dispatch: ClassVar[dict[Any, Any]] = dict(PythonsPickler.dispatch)

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file, PROTOCOL)
        self.roots: dict[int, tuple[StoredMemory, np.ndarray[Any, Any]]] = {}

    def persistent_id(self, obj: Any) -> Any:
        if type(obj) is not StoredMemory:
            return None
        home = (
            ("torch", OF_TYPE[obj.kind])
            if obj.kind in OF_TYPE
            else ("torch.storage", "UntypedStorage")
        )
        return "storage", Foreign(*home), obj.key, "cpu", obj.count

    def reducer_override(self, obj: Any) -> Any:
        kind = type(obj)
        if kind in {Tensor, Parameter} and not hasattr(obj, "materialize"):
            return self._parameter(obj) if kind is Parameter else self._tensor(obj)
        if kind is device:
            return DEVICE, (obj.type,) if obj.index is None else (obj.type, obj.index)
        return NotImplemented

    def _parameter(self, obj: Any) -> Any:
        return REBUILD_PARAMETER, (obj.detach(), obj.requires_grad, _Empty())

    def _tensor(self, obj: Any) -> Any:
        array = np.asarray(obj._array)
        memory, offset, strides = self._place(array)
        args = (memory, offset, array.shape, strides, obj.requires_grad, _Empty())
        if memory.kind in OF_TYPE:
            return REBUILD, args
        return REBUILD_TYPED, (*args, of(array.dtype))

    def _place(self, array: np.ndarray[Any, Any]) -> tuple[StoredMemory, int, tuple[int, ...]]:
        """The storage of an array, and where in it the array lies; views share their storage."""
        root = root_of(array)
        step = array.itemsize
        start = array.__array_interface__["data"][0] - root.__array_interface__["data"][0]
        fits = root.dtype == array.dtype and root.flags.forc and start % step == 0
        if not fits or any(s < 0 or s % step for s in array.strides):
            root, start = np.ascontiguousarray(array), 0
            strides: tuple[int, ...] = tuple(s // step for s in root.strides)
        else:
            strides = tuple(s // step for s in array.strides)
        known = self.roots.get(id(root))
        if known is None:
            count = root.size * (1 if root.dtype.name in OF_TYPE else root.itemsize)
            known = StoredMemory(str(len(self.roots)), root.dtype.name, count), root
            self.roots[id(root)] = known
        return known[0], start // step, strides

    def _save_foreign(self, obj: Foreign) -> None:
        if not self._repeat(obj):
            self.write(pickle.GLOBAL + f"{obj.module}\n{obj.name}\n".encode())
            self.memoize(obj)

    def _repeat(self, obj: Any) -> bool:
        found = self.memo.get(id(obj))
        if found is not None:
            self.write(self.get(found[0]))
        return found is not None

    def _save_dtype(self, obj: dtype) -> None:
        self._save_foreign(FOREIGN_TYPES[obj.name])

    def _save_size(self, obj: Size) -> None:
        self.save_reduce(SIZE, (tuple(obj),), obj=obj)

    def _save_empty(self, obj: Any) -> None:
        self.save_reduce(ORDERED, ())

    dispatch[Foreign] = _save_foreign
    dispatch[dtype] = _save_dtype
    dispatch[Size] = _save_size


class _Empty:
    """The hooks of a tensor, of which there are none: an empty OrderedDict."""


Pickler.dispatch[_Empty] = Pickler._save_empty
FOREIGN_TYPES = {name: Foreign("torch", name) for name in DTYPES}


def archive_members(obj: Any) -> tuple[Members, int]:
    """The members of PyTorch's archive for `obj`, and about how many bytes they take."""
    file = io.BytesIO()
    pickler = Pickler(file)
    pickler.dump(obj)
    roots = list(pickler.roots.values())
    members: Members = [
        ("data.pkl", file.getvalue),
        (".format_version", lambda: b"1"),
        (".storage_alignment", lambda: b"64"),
        ("byteorder", lambda: b"little"),
    ]
    members += [(f"data/{memory.key}", lambda root=root: _bytes_of(root)) for memory, root in roots]  # type: ignore[misc]
    members += [("version", lambda: b"3\n")]
    return members, len(file.getvalue()) + sum(root.nbytes + 256 for _, root in roots) + 2048


def _bytes_of(root: np.ndarray[Any, Any]) -> bytes:
    little = root if LITTLE else root.astype(root.dtype.newbyteorder("<"))
    return little.tobytes(order="K")


# -- reading ---------------------------------------------------------------------------------------


class Opener(pickle.Unpickler):
    """Python's unpickler, for files that the caller trusts; names of PyTorch's lead to ours."""

    def __init__(self, file: IO[bytes], load: Callable[[Any], Any]) -> None:
        super().__init__(file)
        self.load_storage = load

    def persistent_load(self, saved: Any) -> Any:
        return self.load_storage(saved)

    def find_class(self, module: str, name: str) -> Any:
        if module == "torch" or module.startswith("torch."):
            found = foreign(f"{module}.{name}")
            if isinstance(found, Name):
                return found if found.make is None else found.make
            if found is not None:
                return found
            module = (__package__ or "").partition(".")[0] + module[len("torch") :]
        return super().find_class(module, name)


def _read(file: IO[bytes], load: Callable[[Any], Any], *, trusted: bool) -> Any:
    if trusted:
        return Opener(file, load).load()
    return Machine(find, load, adopt).run(file)


def read_archive(archive: Archive, *, trusted: bool) -> Any:
    """What PyTorch's archive holds."""
    if "constants.pkl" in archive:
        raise NotImplementedError(
            f"{archive.where} is a TorchScript program: save the model's state_dict() instead"
        )
    big = "byteorder" in archive and archive.read("byteorder") == b"big"
    storages: dict[str, Storage] = {}

    def load(saved: Any) -> Storage:
        kind, key, count = _storage_of(saved)
        if key not in storages:
            content = archive.buffer(f"data/{key}")
            if len(content) < count * item_size(kind):
                raise pickle.UnpicklingError(
                    f"{archive.where}: storage {key} has {len(content)} bytes, expected "
                    f"{count * item_size(kind)}"
                )
            storages[key] = Storage(content, kind, big=big)
        return storages[key]

    return _read(io.BytesIO(archive.read("data.pkl")), load, trusted=trusted)


def _storage_of(saved: Any) -> tuple[str, str, int]:
    """Type, key and number of elements of what a persistent id names."""
    if not isinstance(saved, tuple) or len(saved) < 5 or saved[0] != "storage":
        raise pickle.UnpicklingError(f"Weights only load failed: {str(saved)[:60]} is no storage")
    name, key, count = saved[1], saved[2], saved[4]
    kind = KINDS.get(name.name) if isinstance(name, Name) else None
    if kind is None:
        raise NotImplementedError(
            f"a storage of type {name} cannot be read: NumPy has no such type"
        )
    if type(key) is not str or type(count) is not int or count < 0:
        raise pickle.UnpicklingError(f"Weights only load failed: a storage {key!r} of {count!r}")
    return kind, key, count


def is_legacy(content: Any) -> bool:
    """Whether bytes begin as the pickles that PyTorch wrote until version 1.5."""
    return bytes(content[:1]) == b"\x80"


def read_legacy(content: Any, where: str, *, trusted: bool) -> Any:
    """What a file of PyTorch's first format holds: pickles, and behind them the storages.

    The storages' types stand in the pickle and their content behind it, so it is read twice: first
    only to see which storages there are.
    """
    file = io.BytesIO(content)
    try:
        _check_magic(file, where)
        place, seen = file.tell(), _Survey()
        seen.run(file)
        storages = _legacy_storages(file, seen.kinds, where)
    except (ValueError, IndexError, KeyError, TypeError, struct.error) as error:
        raise RuntimeError(f"{where} was altered or cut short: {error}") from None
    file.seek(place)

    def load(saved: Any) -> Any:
        if saved[0] == "module" and trusted:  # a class, with its source for comparison
            return saved[1]
        key = _storage_of(saved)[1]
        if len(saved) > 5 and saved[5] is not None:
            raise NotImplementedError(f"{where} holds a view of a storage: save it once more")
        return storages[key]

    return _read(file, load, trusted=trusted)


def _plain(file: IO[bytes]) -> Any:
    def refuse(_: Any) -> Any:
        raise ValueError("a storage where none belongs")

    return Machine(find, refuse, adopt).run(file)


def _check_magic(file: IO[bytes], where: str) -> None:
    try:
        magic = _plain(file)
    except pickle.UnpicklingError:
        magic = None
    if magic != MAGIC:
        raise RuntimeError(
            f"Invalid magic number; corrupt file? {where} is a pickle, but none that torch.save "
            "wrote: open it with Python's pickle if you trust its source, and save it here"
        )
    version = _plain(file)
    if version != LEGACY_VERSION:
        raise RuntimeError(f"Invalid protocol version: {version}")
    _plain(file)  # the system that wrote it


class _Survey(Machine):
    """Runs through a pickle without making anything, and notes the storages it names."""

    def __init__(self) -> None:
        super().__init__(lambda module, name: Name(f"{module}.{name}"), self._note, adopt)
        self.kinds: dict[str, tuple[str, int]] = {}

    def _note(self, saved: Any) -> Any:
        if saved[0] == "module":
            return saved[1]
        known = foreign(saved[1].name) if isinstance(saved[1], Name) else None
        kind, key, count = _storage_of((saved[0], known, *saved[2:]))
        self.kinds[key] = kind, count
        return None

    def call(self, name: Any, args: Any) -> None:
        self.push(Name("object"))

    def enter(self, pairs: list[Any]) -> None:
        """Leave out what is put into a dict."""

    def extend(self, values: list[Any]) -> None:
        """Leave out what is appended."""

    def add(self, values: list[Any]) -> None:
        """Leave out what is added to a set."""

    def build(self, state: Any) -> None:
        """Leave out a state."""

    def _last(self) -> Any:
        return None


def _legacy_storages(
    file: io.BytesIO, kinds: dict[str, tuple[str, int]], where: str
) -> dict[str, Storage]:
    """The storages behind the pickle, in the order of the list that stands before them."""
    found = {}
    for key in _plain(file):
        kind, count = kinds[key]
        head = file.read(8)
        (stored,) = struct.unpack("<q", head)
        size = count * item_size(kind)
        content = file.read(size)
        if stored != count or len(content) != size:
            raise RuntimeError(
                f"{where} was cut short: storage {key} has {len(content)} of {size} bytes"
            )
        found[key] = Storage(bytearray(content), kind)
    if file.read(1):
        raise RuntimeError(f"{where}: there are bytes behind its end")
    return found
