"""Forward mode: torch.autograd.forward_ad.

Inside a level every operation on a dual tensor also works out the tangent of its result: how the
result changes when the tensor moves along its tangent.  The tangent is that of the operation's
own rules, pulled back twice (what is linear in the weights of a gradient, differentiated by the
weights, is the derivative forwards), so that it is as exact as they are.  Changes in place of or
by dual tensors are not followed: they raise.
"""

from __future__ import annotations

import sys
import weakref
from typing import Any, NamedTuple

import numpy as np

from .. import _inplace
from .._nodes import make
from .._record import apply
from .._stamps import INSIDE, version
from .._state import here
from .._tensor import Tensor
from .derivatives import grad
from .modes import enable_grad

__all__ = [
    "UnpackedDualTensor",
    "dual_level",
    "enter_dual_level",
    "exit_dual_level",
    "make_dual",
    "unpack_dual",
]


class UnpackedDualTensor(NamedTuple):
    """A tensor and its tangent (None: it does not move)."""

    primal: Tensor
    tangent: Tensor | None


class Moving(NamedTuple):
    """What a level knows of a dual tensor."""

    tensor: Any  # a weak reference
    tangent: Any
    version: int


class Level:
    """An open level: the tangents of its dual tensors, by identity, and the watcher before it."""

    def __init__(self) -> None:
        self.moving: dict[int, Moving] = {}
        self.before = here.watch

    def tangent_of(self, tensor: Any) -> Any:
        """The tangent of a tensor, or None."""
        found = self.moving.get(id(tensor))
        if found is None or found.tensor() is not tensor:
            return None
        if version(tensor._array) != found.version:
            raise NotImplementedError(IN_PLACE)
        return found.tangent

    def move(self, tensor: Any, tangent: Any) -> None:
        """Note the tangent of a tensor, as long as that lives."""
        key = id(tensor)
        reference = weakref.ref(tensor, lambda _: self.moving.pop(key, None))
        self.moving[key] = Moving(reference, tangent, version(tensor._array))

    def see(self, op: Any, operands: tuple[Any, ...], settings: Any, result: Any) -> None:
        """Push the tangents of an operation's operands on to its results."""
        here.watch = None
        try:
            tangents = [self.tangent_of(x) if isinstance(x, Tensor) else None for x in operands]
            if any(t is not None for t in tangents):
                _refuse_changes()
                pushed = _pushed(op, operands, settings, tangents)
                results = result if isinstance(result, tuple) else (result,)
                for one, tangent in zip(results, pushed, strict=True):
                    if tangent is not None:
                        self.move(one, tangent)
            if self.before is not None:
                self.before(op, operands, settings, result)
        finally:
            here.watch = self.see


IN_PLACE = (
    "forward mode does not follow changes in place: use the out-of-place form, such as y = y + 1"
)

# One level for all threads, as in PyTorch; operations are followed in the thread that opened it.
LEVELS: list[Level] = []


def _refuse_changes() -> None:
    """Raise if the operation under way is part of a change in place or writes into `out=`."""
    frame: Any = sys._getframe(2)
    while frame is not None and INSIDE[frame.f_code.co_filename]:
        if frame.f_code is _inplace.change.__code__ or frame.f_locals.get("out") is not None:
            raise NotImplementedError(IN_PLACE)
        frame = frame.f_back


def _pushed(op: Any, operands: tuple[Any, ...], settings: Any, tangents: list[Any]) -> list[Any]:
    """The tangents of the results of one operation; None for results that cannot move."""
    with enable_grad():
        places = [i for i, t in enumerate(tangents) if t is not None]
        inputs: list[Any] = list(operands)
        for i in places:
            inputs[i] = _fresh(operands[i])
        again = _rerun(op, tuple(inputs), settings)
        results = again if isinstance(again, tuple) else (again,)
        moved = [y for y in results if isinstance(y, Tensor) and y._node is not None]
        if not moved:
            return [None] * len(results)
        weights = [make(np.zeros_like(y._array), None).requires_grad_() for y in moved]
        xs = [inputs[i] for i in places]
        back = grad(
            moved, xs, weights, create_graph=True, allow_unused=True, materialize_grads=True
        )
        found = iter(_turned(back, [tangents[i] for i in places], weights, operands))
        return [next(found) if any(y is m for m in moved) else None for y in results]


def _rerun(op: Any, operands: tuple[Any, ...], settings: Any) -> Any:
    """The operation once more; a Function is called as it was."""
    if getattr(op.forward, "__name__", "") == "apply":
        return op.forward(*operands)
    return apply(op, operands, settings)


def _fresh(x: Any) -> Any:
    """A tensor to differentiate by, connected to the given one where that is tracked."""
    return x.view(x.shape) if x.requires_grad else x.detach().requires_grad_()


def _turned(back: Any, tangents: list[Any], weights: list[Any], operands: Any) -> list[Any]:
    """Gradients linear in `weights`, differentiated by them along the tangents."""
    linear = [(g, t) for g, t in zip(back, tangents, strict=True) if g.requires_grad]
    if not linear:
        return [make(np.zeros_like(w._array), None) for w in weights]
    recorded = any(isinstance(x, Tensor) and x.requires_grad for x in (*operands, *tangents))
    return list(
        grad(
            [g for g, _ in linear], weights, [t for _, t in linear], create_graph=recorded,
            allow_unused=True, materialize_grads=True,
        )
    )  # fmt: skip


# What users call


class dual_level:  # noqa: N801 - torch's spelling
    """A block in which dual tensors carry tangents.

    >>> import tinygrad_lite as torch
    >>> from tinygrad_lite.autograd import forward_ad
    >>> with forward_ad.dual_level():
    ...     x = forward_ad.make_dual(torch.tensor(3.0), torch.tensor(1.0))
    ...     forward_ad.unpack_dual(x * x).tangent
    tensor(6.)
    """

    def __enter__(self) -> int:
        return enter_dual_level()

    def __exit__(self, *exception: object) -> None:
        exit_dual_level(level=0)


def enter_dual_level() -> int:
    """Open a level, which `exit_dual_level` closes; its number, 0, comes back."""
    if LEVELS:
        raise RuntimeError(
            "Nested forward mode AD is not supported at the moment: for higher derivatives use "
            "torch.func.jvp inside torch.func.jvp"
        )
    level = Level()
    LEVELS.append(level)
    here.watch = level.see
    _guard_items()
    return 0


def exit_dual_level(*, level: int | None = None) -> None:
    """Close the level; its tangents are let go."""
    if not LEVELS:
        raise RuntimeError(
            "Trying to exit a forward AD level that was not the last one that was created."
        )
    here.watch = LEVELS.pop().before
    for name, original in ORIGINALS.items():
        setattr(Tensor, name, original)


def make_dual(tensor: Tensor, tangent: Tensor, *, level: int | None = None) -> Tensor:
    """A tensor with the values of `tensor` that moves along `tangent`."""
    if not LEVELS:
        raise RuntimeError(
            "Trying to create a dual Tensor for forward AD but no level exists, make sure to "
            "enter_dual_level() first."
        )
    for name, given in (("primal", tensor), ("tangent", tangent)):
        if given._array.dtype.kind != "f":
            raise ValueError(
                f"Expected {name} to be floating point or complex, but got: {given.dtype!r}"
            )
    if tensor._array.shape != tangent._array.shape:
        raise RuntimeError(
            "Trying to set a forward gradient that has a different size than that of the original "
            f"Tensor, this is not supported. Tensor is of size {list(tensor._array.shape)} while "
            f"the given forward gradient is of size {list(tangent._array.shape)}."
        )
    dual = tensor.view(tensor.shape)
    LEVELS[-1].move(dual, tangent)
    return dual  # type: ignore[no-any-return]


def unpack_dual(tensor: Tensor, *, level: int | None = None) -> UnpackedDualTensor:
    """The tensor without its tangent, and the tangent (None: it has none)."""
    if not LEVELS:
        return UnpackedDualTensor(tensor, None)
    found = LEVELS[-1].tangent_of(tensor)
    if found is None:
        return UnpackedDualTensor(tensor, None)
    before, here.watch = here.watch, None
    try:
        return UnpackedDualTensor(tensor.view(tensor.shape), found)
    finally:
        here.watch = before


# Assignment is no operation: it is exchanged while a level is open

ORIGINALS: dict[str, Any] = {}


def _guard_items() -> None:
    ORIGINALS["__setitem__"] = Tensor.__dict__["__setitem__"]
    setattr(Tensor, "__setitem__", _set_item)  # noqa: B010 - typed as fixed


def _set_item(self: Any, key: Any, value: Any) -> None:
    """`self[key] = value`, unless one of them moves."""
    if LEVELS and any(
        LEVELS[-1].tangent_of(x) is not None for x in (self, value) if isinstance(x, Tensor)
    ):
        raise NotImplementedError(IN_PLACE)
    ORIGINALS["__setitem__"](self, key, value)
