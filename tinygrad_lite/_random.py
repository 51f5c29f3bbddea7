"""Random numbers: Generator, seeds and samplers.

The bits come from NumPy's PCG64, so a seed gives other numbers than in PyTorch, and the same ones
on every platform.
"""

from __future__ import annotations

import contextlib
import os
from _thread import _local as thread_local  # without threading, which takes 1 ms to import
from typing import TYPE_CHECKING, Any

import numpy as np

from ._device import check_device, device, the_cpu
from ._dtypes import default_numpy, to_numpy
from ._nodes import make

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "Generator",
    "default_generator",
    "draws_aside",
    "generator_of",
    "get_rng_state",
    "initial_seed",
    "manual_seed",
    "seed",
    "set_rng_state",
]


class Aside(thread_local):
    """What the current thread draws from in place of the default generator, or None."""

    copy: Generator | None = None


aside = Aside()


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


class Generator:
    """A source of random numbers with a state of its own; `_rng` is NumPy's generator."""

    def __init__(self, device: Any = "cpu") -> None:
        check_device(device)
        self._seed = 67280421310721
        self._made: Any = None

    @property
    def _rng(self) -> np.random.Generator:
        """NumPy's generator, made when first asked for: numpy.random takes 8 ms to import."""
        if aside.copy is not None:
            return WideDraws(self._current._numpy())  # type: ignore[return-value]
        return self._numpy()

    @property
    def _current(self) -> Generator:
        """The generator that counts in this thread."""
        if aside.copy is not None and self is default_generator:
            return aside.copy
        return self

    def _numpy(self) -> np.random.Generator:
        if self._made is None:
            self._made = np.random.Generator(np.random.PCG64(self._seed))
        return self._made  # type: ignore[no-any-return]

    @property
    def device(self) -> device:
        """Always the CPU."""
        return the_cpu

    def manual_seed(self, seed: int) -> Generator:
        """Start over from a whole number; the same seed gives the same numbers."""
        if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
            raise TypeError(f"manual_seed expected a whole number, got {type(seed).__name__}")
        if not -(2**63) <= seed < 2**64:
            raise RuntimeError(
                f"Overflow when unpacking long: a seed must lie in [-2**63, 2**64), got {seed}"
            )
        current = self._current
        current._seed = int(seed) % 2**64
        current._made = None
        return self

    def seed(self) -> int:
        """Start over from a seed of the operating system, and return it."""
        fresh = int.from_bytes(os.urandom(8), "little")
        self.manual_seed(fresh)
        return fresh

    def initial_seed(self) -> int:
        """The seed of the last start."""
        return self._current._seed

    def get_state(self) -> Any:
        """The state as a uint8 tensor."""
        state = self._rng.bit_generator.state
        numbers = state["state"]
        words = [numbers["state"], numbers["inc"], self._current._seed]
        packed = b"".join(w.to_bytes(16, "little") for w in words)
        packed += state["has_uint32"].to_bytes(4, "little") + state["uinteger"].to_bytes(
            4, "little"
        )
        return make(np.frombuffer(packed, np.uint8).copy(), None)

    def set_state(self, new_state: Any) -> Generator:
        """Go back to a state from `get_state`."""
        packed = np.asarray(new_state._array, np.uint8).tobytes()
        if len(packed) != 56:
            raise RuntimeError(f"RNG state is wrong size: got {len(packed)} bytes, expected 56")
        words = [int.from_bytes(packed[i : i + 16], "little") for i in (0, 16, 32)]
        self._current._seed = words[2]
        self._rng.bit_generator.state = {
            "bit_generator": "PCG64",
            "state": {"state": words[0], "inc": words[1]},
            "has_uint32": int.from_bytes(packed[48:52], "little"),
            "uinteger": int.from_bytes(packed[52:56], "little"),
        }
        return self

    def clone_state(self) -> Generator:
        """Another generator in the same state."""
        return Generator().set_state(self.get_state())

    def __deepcopy__(self, memo: Any) -> Generator:
        return self.clone_state()

    def __reduce__(self) -> Any:
        return _restored, (self.get_state()._array,)

    def __repr__(self) -> str:
        return f"<torch.Generator seeded with {self._seed}>"


def _restored(state: Any) -> Generator:
    return Generator().set_state(make(state, None))


default_generator = Generator()


@contextlib.contextmanager
def draws_aside() -> Iterator[None]:
    """Let this thread draw from a copy of the default generator, alike in every dtype.

    The default generator stays as it is for the threads that go on drawing from it.
    """
    before = aside.copy
    aside.copy = default_generator.clone_state()
    try:
        yield
    finally:
        aside.copy = before


def generator_of(generator: Generator | None) -> np.random.Generator:
    """NumPy's generator behind a Generator, or behind the default one."""
    if generator is None:
        return default_generator._rng
    if not isinstance(generator, Generator):
        raise TypeError(f"generator must be a torch.Generator, got {type(generator).__name__}")
    return generator._rng


def manual_seed(seed: int) -> Generator:
    """Seed the default generator, and return it."""
    return default_generator.manual_seed(seed)


def seed() -> int:
    """Seed the default generator from the operating system, and return the seed."""
    return default_generator.seed()


def initial_seed() -> int:
    """The seed of the default generator."""
    return default_generator.initial_seed()


def get_rng_state() -> Any:
    """The state of the default generator, a uint8 tensor."""
    return default_generator.get_state()


def set_rng_state(new_state: Any) -> None:
    """Put the default generator back into a state."""
    default_generator.set_state(new_state)


def standard_normal(shape: Any, generator: Generator | None, dtype: Any = None) -> Any:
    """An array of standard normal numbers; float32 is drawn as float32."""
    kind = default_numpy() if dtype is None else to_numpy(dtype)
    rng = generator_of(generator)
    drawn = rng.standard_normal(shape, np.float32 if kind.itemsize <= 4 else np.float64)
    return np.asarray(drawn, kind)


def uniform(shape: Any, generator: Generator | None, dtype: Any = None) -> Any:
    """An array of numbers from [0, 1); float32 is drawn as float32."""
    kind = default_numpy() if dtype is None else to_numpy(dtype)
    rng = generator_of(generator)
    drawn = rng.random(shape, np.float32 if kind.itemsize <= 4 else np.float64)
    return np.asarray(drawn, kind)
