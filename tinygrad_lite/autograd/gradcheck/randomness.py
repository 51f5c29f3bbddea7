"""The random state, kept over a check, and draws that are the same for every dtype."""

from __future__ import annotations

import contextlib
import random
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._random import default_generator, draws_aside

if TYPE_CHECKING:
    from collections.abc import Iterator


def read_state() -> tuple[Any, ...]:
    """The states of the global generators: the library's, Python's and NumPy's."""
    ours = default_generator.get_state()
    return ours, random.getstate(), np.random.get_state()  # noqa: NPY002 - the global one is meant


def write_state(state: tuple[Any, ...]) -> None:
    """Set the global generators to a state read before."""
    default_generator.set_state(state[0])
    random.setstate(state[1])
    np.random.set_state(state[2])  # noqa: NPY002


@contextlib.contextmanager
def random_state_kept() -> Iterator[None]:
    """Leave the global generators as they were; meanwhile all dtypes draw the same numbers."""
    state = read_state()
    with draws_aside():
        try:
            yield
        finally:
            write_state(state)
