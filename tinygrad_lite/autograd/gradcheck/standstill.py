"""What layers do on purpose without a gradient, held still while their gradients are checked.

A table shortens its rows in place and keeps gradients off the row of its padding; a spectral norm
follows its weight. None of this is in the gradient, and all of it is in the results: to a checker
the right layer looks wrong. So here the padding stays what it is while the table moves, and the
rest rests.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._nodes import make
from ..._state import here
from ..modes import no_grad

if TYPE_CHECKING:
    from collections.abc import Iterator

# Settings under which a layer does such a thing, and those under which it does not.
RESTING = {"max_norm": None, "scale_grad_by_freq": False, "n_power_iterations": 0}


@contextlib.contextmanager
def standstill(module: Any, *inputs: Any) -> Iterator[list[str]]:
    """Notes on what is held still; spectral norms follow the weight as given before they rest."""
    parts = list(module.named_modules())
    owners = [(name, owner) for name, part in parts for owner in (part, *hooks_of(part))]
    found = [
        (name, owner, key, owner.__dict__[key])
        for name, owner in owners
        for key in RESTING
        if owner.__dict__.get(key)
    ]
    if any(key == "n_power_iterations" for _, _, key, _ in found):
        with no_grad():
            module(*inputs)
    handles = [part.register_forward_hook(pin_padding(part)) for _, part in parts if padded(part)]
    try:
        for _, owner, key, _ in found:
            owner.__dict__[key] = RESTING[key]
        yield [f"{key} of {name or 'the module'!r} held still" for name, _, key, _ in found]
    finally:
        for _, owner, key, value in found:
            owner.__dict__[key] = value
        for handle in handles:
            handle.remove()


@contextlib.contextmanager
def tables_held() -> Iterator[None]:
    """The same for functions: lookups in this thread hold padding still, and shrink no rows."""
    state = here.state
    before, state.held = state.held, {}
    try:
        yield
    finally:
        state.held = before


def hooks_of(part: Any) -> list[Any]:
    """What runs ahead of a layer and has settings of its own."""
    return [hook for hook in part._forward_pre_hooks.values() if hasattr(hook, "__dict__")]


def padded(part: Any) -> bool:
    """Whether a layer looks rows up of which one is padding."""
    return getattr(part, "padding_idx", None) is not None and not hasattr(part, "mode")


def pin_padding(part: Any) -> Any:
    """A hook under which the row of padding that was looked up stays what it is now."""
    row = np.array(part.weight._array[part.padding_idx])

    def pin(_: Any, inputs: tuple[Any, ...], result: Any) -> Any:
        found = result._array
        at = (inputs[0]._array == part.padding_idx)[..., None]
        return result + make(np.where(at, row.astype(found.dtype) - found, 0), None)

    return pin
