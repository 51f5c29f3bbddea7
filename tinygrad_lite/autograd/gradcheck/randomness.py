"""The random state, kept over a check, and draws that are the same for every dtype."""

from __future__ import annotations

import contextlib
import random
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._random import Generator, default_generator

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


class WideDraws:
    """A generator of NumPy's that draws in float64 and rounds to the dtype asked for.

    NumPy draws float32 from other bits than float64. A function that draws by design would be
    another function in float32, and its gradients could not be held against those in float64.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng

    def random(self, size: Any = None, dtype: Any = np.float64) -> Any:
        """Numbers from [0, 1); rounding must not reach 1."""
        drawn = self.rng.random(size)
        largest = np.nextafter(np.asarray(1, dtype), np.asarray(0, dtype))
        return np.minimum(np.asarray(drawn, dtype), largest)

    def standard_normal(self, size: Any = None, dtype: Any = np.float64) -> Any:
        """Standard normal numbers."""
        return np.asarray(self.rng.standard_normal(size), dtype)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.rng, name)


@contextlib.contextmanager
def random_state_kept() -> Iterator[None]:
    """Leave the global generators as they were; meanwhile all dtypes draw the same numbers."""
    state, narrow = read_state(), Generator.__dict__["_rng"]
    wide = property(lambda generator: WideDraws(narrow.__get__(generator)))
    try:
        setattr(Generator, "_rng", wide)  # noqa: B010 - type checkers hold a property constant
        yield
    finally:
        setattr(Generator, "_rng", narrow)  # noqa: B010
        write_state(state)
