"""The random state, kept over a check, and pinned for functions that draw by design."""

from __future__ import annotations

import contextlib
import random
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator


def read_state() -> tuple[Any, Any]:
    """The states of the global generators of Python and NumPy."""
    return random.getstate(), np.random.get_state()  # noqa: NPY002 - the global one is meant


def write_state(state: tuple[Any, Any]) -> None:
    """Set the global generators to a state read before."""
    random.setstate(state[0])
    np.random.set_state(state[1])  # noqa: NPY002


@contextlib.contextmanager
def random_state_kept() -> Iterator[None]:
    """Leave the global generators as they were."""
    state = read_state()
    try:
        yield
    finally:
        write_state(state)
