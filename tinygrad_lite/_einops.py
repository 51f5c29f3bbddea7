"""What einops needs to know about tensors, told to it when it is imported and not before."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ._creation import arange, as_tensor
from ._functions.einsum import einsum
from ._functions.join import cat, stack
from ._tensor import Tensor

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import ModuleType

__all__ = ["watch"]

# The module of einops that keeps its list of array libraries. It finds them by itself, among the
# subclasses of one class, so that defining a subclass is all there is to registering.
_PLACE = "einops._backends"
_registered: list[type] = []  # a class knows its subclasses weakly: somebody has to keep them


def _register(backends: ModuleType) -> None:
    """Define the class through which einops handles our tensors."""

    class Backend(backends.AbstractBackend):  # type: ignore[name-defined, misc]
        framework_name = __package__

        def is_appropriate_type(self, tensor: Any) -> bool:
            return isinstance(tensor, Tensor)

        def from_numpy(self, x: Any) -> Any:
            return as_tensor(x)

        def to_numpy(self, x: Any) -> Any:
            return x.detach().numpy()

        def arange(self, start: int, stop: int) -> Any:
            return arange(start, stop)

        def reshape(self, x: Any, shape: Sequence[int]) -> Any:
            return x.reshape(tuple(shape))

        def transpose(self, x: Any, axes: Sequence[int]) -> Any:
            return x.permute(tuple(axes))

        def reduce(self, x: Any, operation: str, axes: Sequence[int]) -> Any:
            return _reduce(x, operation, tuple(sorted(axes)))

        def stack_on_zeroth_dimension(self, tensors: list[Any]) -> Any:
            return stack(tensors)

        def add_axis(self, x: Any, new_position: int) -> Any:
            return x.unsqueeze(new_position)

        def add_axes(self, x: Any, n_axes: int, pos2len: dict[int, int]) -> Any:
            for position in sorted(pos2len):
                x = x.unsqueeze(position)
            return x.expand([pos2len.get(axis, -1) for axis in range(n_axes)])

        def tile(self, x: Any, repeats: Sequence[int]) -> Any:
            return x.repeat(tuple(repeats))

        def concat(self, tensors: list[Any], axis: int) -> Any:
            return cat(tensors, dim=axis)

        def is_float_type(self, x: Any) -> bool:
            return bool(x.dtype.is_floating_point)

        def einsum(self, pattern: str, *x: Any) -> Any:
            return einsum(pattern, *x)

    _registered.append(Backend)


def _reduce(x: Any, operation: str, axes: tuple[int, ...]) -> Any:
    """Reduce over several axes, also where the reduction of that name takes one at a time."""
    if operation in ("min", "max"):
        return getattr(x, "a" + operation)(dim=axes)
    if operation in ("sum", "mean"):
        return getattr(x, operation)(dim=axes)
    if operation not in ("prod", "any", "all"):
        raise NotImplementedError(f"unknown reduction {operation!r}")
    for axis in reversed(axes):
        x = getattr(x, operation)(dim=axis)
    return x


class _Watcher:
    """Waits for einops among the finders of modules: every other import costs a comparison."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name != _PLACE:
            return None
        sys.meta_path.remove(self)
        specs = (finder.find_spec(name, path, target) for finder in list(sys.meta_path))
        spec = next(filter(None, specs), None)
        if spec is not None and spec.loader is not None:
            _register_after(spec.loader)
        return spec


def _register_after(loader: Any) -> None:
    """Have a loader register once it has run its module."""
    run = loader.exec_module

    def exec_module(module: ModuleType) -> None:
        run(module)
        _register(module)

    loader.exec_module = exec_module


def watch() -> None:
    """Make `einops.rearrange` and its kin accept tensors, whichever package is imported first."""
    loaded = sys.modules.get(_PLACE)
    if loaded is not None:
        _register(loaded)
    else:
        sys.meta_path.insert(0, _Watcher())
