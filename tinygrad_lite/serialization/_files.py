"""The two functions: which format a file gets, and which one it has."""

from __future__ import annotations

import io
import json
import mmap as memory_maps
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np

from .._creation import from_numpy
from .._device import check_device, device
from .._tensor import Tensor
from ._archive import Archive, is_archive, npz_members, read_npy, read_npz, write_archive
from ._layout import read_layout, size_of, write_layout
from ._pickles import archive_members, is_legacy, read_archive, read_legacy
from ._replace import replace_file
from ._tree import NotPlainError, build, describe

__all__ = ["load", "save"]

PYTORCH_NAMES = (".pt", ".pth")


def save(
    obj: Any,
    f: Any,
    pickle_module: Any = None,
    pickle_protocol: Any = None,
    _use_new_zipfile_serialization: bool = True,
    _disable_byteorder_record: bool = False,
) -> None:
    """Write tensors, nested containers and numbers (a state dict, a checkpoint), or any object.

    `f` is a path or an open binary file. The name decides the format: `.pt` and `.pth` are
    PyTorch's, `.npz` is NumPy's, everything else is a safetensors file. Objects that are no plain
    data, such as whole modules, are pickled into PyTorch's format whatever the name, and `load`
    opens them with `weights_only=False` only.

    >>> import io, tinygrad_lite as torch
    >>> file = io.BytesIO()
    >>> torch.save({"w": torch.ones(2), "epoch": 3}, file)
    >>> _ = file.seek(0)
    >>> torch.load(file)
    {'w': tensor([1., 1.]), 'epoch': 3}
    """
    del pickle_module, pickle_protocol, _disable_byteorder_record
    write, needed = _writer_for(obj, _name_of(f).lower())
    if not hasattr(f, "write"):
        replace_file(Path(f), write, needed)
        return
    file = io.BytesIO()  # a pipe cannot go back to enter the checksum
    write(file)
    f.write(file.getbuffer())
    if hasattr(f, "flush"):
        f.flush()


def _name_of(f: Any) -> str:
    if isinstance(f, (str, os.PathLike)):
        return os.fspath(f)
    name = getattr(f, "name", "")
    return name if isinstance(name, str) else ""


def _writer_for(obj: Any, name: str) -> tuple[Any, int]:
    """The function that writes `obj`, and about how many bytes that takes."""
    if name.endswith(".npz"):
        arrays = _arrays_of(obj)
        return lambda file: write_archive(file, npz_members(arrays), ""), size_of(arrays)
    if not name.endswith(PYTORCH_NAMES):
        try:
            tree, arrays = describe(obj)
        except NotPlainError:  # a pickle then
            if name.endswith(".safetensors"):
                raise
        else:
            text = {"tree": _json(tree)}
            return lambda file: write_layout(file, arrays, text), size_of(arrays) + len(
                text["tree"]
            )
    try:
        members, needed = archive_members(obj)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        error.add_note(
            "save: files hold what can be pickled. Functions and classes made inside a function, "
            "lambdas and open files cannot; for a module write its state_dict(), and "
            "load_state_dict() it later."
        )
        raise
    return lambda file: write_archive(file, members, "archive/"), needed


def _json(tree: Any) -> str:
    return json.dumps(tree, separators=(",", ":"))


def _arrays_of(obj: Any) -> dict[str, Any]:
    """The arrays of a dict without dicts in it, as an `.npz` file holds them."""
    values = obj.values() if isinstance(obj, dict) else [None]
    if not all(isinstance(v, (Tensor, np.ndarray, np.generic, int, float, bool)) for v in values):
        raise TypeError(
            "save: an .npz file holds tensors by name, such as a state dict; give a file with a "
            "deeper structure the name .pt or .safetensors"
        )
    return {str(k): np.asarray(v._array if isinstance(v, Tensor) else v) for k, v in obj.items()}


def load(
    f: Any,
    map_location: Any = None,
    pickle_module: Any = None,
    *,
    weights_only: bool | None = None,
    mmap: bool | None = None,
    **pickle_load_args: Any,
) -> Any:
    """Read what `save`, PyTorch, NumPy or any safetensors writer wrote; the content tells which.

    Tensors come out of foreign safetensors and `.npz` files as a dict. Narrow types (bfloat16,
    float8) are widened to float32. With `mmap` the tensors lie in the file and are read when first
    used; their checksum is not looked at then.

    Errors: RuntimeError for a file that was cut short or altered; pickle.UnpicklingError for one
    that holds more than data, unless `weights_only=False` says that it is trusted. As in PyTorch,
    the environment variable TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1 says so for all calls that leave
    `weights_only` open.
    """
    del pickle_module, pickle_load_args
    if isinstance(map_location, (str, device)):
        check_device(map_location)
    where, trusted = _name_of(f) or "the file", _is_trusted(weights_only)
    content = _content_of(f, mapped=bool(mmap))
    try:
        return _decode(content, where, trusted=trusted, mapped=bool(mmap))
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError) as error:
        if trusted and not isinstance(error, UnicodeDecodeError):
            raise  # from the code that the caller trusts
        raise RuntimeError(f"{where}: the header is not one of a tensor file ({error})") from None


def _is_trusted(weights_only: bool | None) -> bool:
    """Whether code in the file may run: by the argument, or by PyTorch's variable without one."""
    if weights_only is not None:
        return weights_only is False
    return os.environ.get("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "0") in ("1", "y", "yes", "true")


def _content_of(f: Any, *, mapped: bool) -> Any:
    if hasattr(f, "read"):
        if mapped:
            raise ValueError("f must be a string filename in order to use mmap argument")
        content = f.read()
        if not isinstance(content, (bytes, bytearray)):
            raise TypeError("load: the file is open as text: open it with 'rb'")
        return content
    if not mapped:
        return Path(f).read_bytes()
    with Path(f).open("rb") as file:
        if not os.fstat(file.fileno()).st_size:
            return b""
        return memory_maps.mmap(file.fileno(), 0, access=memory_maps.ACCESS_COPY)


def _decode(content: Any, where: str, *, trusted: bool, mapped: bool) -> Any:
    if is_archive(content):
        return _from_archive(Archive(content, where, mapped=mapped), trusted=trusted)
    if bytes(content[:6]) == b"\x93NUMPY":
        return from_numpy(_native(read_npy(content, where)))
    if is_legacy(content) and not _has_header(content):
        return read_legacy(content, where, trusted=trusted)
    arrays, metadata = read_layout(content, where, mapped=mapped)
    if "tree" not in metadata:
        return {name: from_numpy(array) for name, array in arrays.items()}
    return build(json.loads(metadata["tree"]), arrays)


def _has_header(content: Any) -> bool:
    """Whether a JSON header follows the first eight bytes, which may begin as a pickle does."""
    return bytes(content[5:9]) == b"\0\0\0{"


def _from_archive(archive: Archive, *, trusted: bool) -> Any:
    if "data.pkl" in archive:
        return read_archive(archive, trusted=trusted)
    if all(name.endswith((".npy", ".data/checksum")) for name in archive.infos):
        return {name: from_numpy(_native(array)) for name, array in read_npz(archive).items()}
    raise RuntimeError(
        f"{archive.where} is an archive, but none of PyTorch's or NumPy's: it has no data.pkl"
    )


def _native(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.ascontiguousarray(array, array.dtype.newbyteorder("=")).reshape(array.shape)
