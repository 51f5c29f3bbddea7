"""Calling a module with other parameters than its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..modules.module import Module

__all__ = ["functional_call"]


def functional_call(
    module: Module,
    parameters_and_buffers: Any,
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """Call `module` with the given tensors in place of its own; afterwards it is as before.

    The tensors may be results of operations: gradients flow to what they were computed from.
    """
    given = _merged(parameters_and_buffers)
    known: dict[str, Any] = {**dict(module.named_parameters(remove_duplicate=False))}
    known.update(module.named_buffers(remove_duplicate=False))
    unknown = [name for name in given if name not in known]
    missing = [name for name in known if name not in given]
    if unknown or (strict and missing):
        raise RuntimeError(
            f"functional_call: unexpected keys {unknown}"
            + (f", missing keys {missing}" if strict else "")
        )
    if tie_weights:
        given = _tied(given, known)
    args = () if args is None else args if isinstance(args, tuple) else (args,)
    with _swapped(module, given):
        return module(*args, **(kwargs or {}))


def _merged(given: Any) -> dict[str, Any]:
    if isinstance(given, Mapping):
        return dict(given)
    if not isinstance(given, list | tuple):
        raise ValueError(  # noqa: TRY004 - PyTorch's class
            "Expected parameter_and_buffer_dicts to be a dict, or a list/tuple of dicts, "
            f"but got {type(given)}"
        )
    merged: dict[str, Any] = {}
    for part in given:
        twice = merged.keys() & part.keys()
        if twice:
            raise ValueError(f"{sorted(twice)} appear in multiple dictionaries")
        merged.update(part)
    return merged


def _tied(given: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """A tensor given for one name of a shared parameter stands for all its names."""
    stand_ins = {id(known[name]): value for name, value in given.items()}
    return {
        name: given.get(name, stand_ins.get(id(tensor)))
        for name, tensor in known.items()
        if name in given or id(tensor) in stand_ins
    }


@contextmanager
def _swapped(module: Module, given: dict[str, Any]) -> Iterator[None]:
    kept: list[tuple[dict[str, Any], str, Any]] = []
    try:
        for path, value in given.items():
            parent, _, name = path.rpartition(".")
            own = module.get_submodule(parent).__dict__
            kept.append((own, name, own[name]))
            own[name] = value
        yield
    finally:
        for own, name, value in reversed(kept):
            own[name] = value
