"""Samplers: the order in which a loader visits the samples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Sized
from typing import Any, Generic, TypeVar

import numpy as np

from ..._nodes import make
from ..._random import Generator, generator_of
from ..._tensor import Tensor

__all__ = [
    "BatchSampler",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "SubsetRandomSampler",
    "WeightedRandomSampler",
]

T_co = TypeVar("T_co", covariant=True)
_LONG = 2**22  # samples: 32 MB of indices
_BLOCK = 2**12
Order = np.ndarray[Any, np.dtype[np.int64]]


class Sampler(Generic[T_co]):
    """Indices in the order of a visit: define `__iter__`, and `__len__` for the loader's length."""

    def __init__(self, data_source: Sized | None = None) -> None:
        pass

    def __iter__(self) -> Iterator[T_co]:
        raise NotImplementedError(f"{type(self).__name__} must define __iter__()")


class Ordered(Sampler[int]):
    """A sampler that can tell its whole order at once, as an array."""

    at_once = True  # False where that array would be too long

    def order(self) -> Order:
        """Return the indices of one visit."""
        raise NotImplementedError

    def __iter__(self) -> Iterator[int]:
        return iter(self.order().tolist())


class SequentialSampler(Ordered):
    """The samples in their own order."""

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def order(self) -> Order:
        """Return 0, 1, 2, ..."""
        return np.arange(len(self.data_source))

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Ordered):
    """The samples in random order, or drawn with replacement.

    Without a generator each visit begins one of its own, seeded from the global one: what else is
    drawn during the visit does not change the order.
    """

    def __init__(
        self,
        data_source: Sized,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Generator | None = None,
    ) -> None:
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = num_samples
        self.generator = generator
        if not isinstance(replacement, bool):
            raise TypeError(
                f"replacement should be a boolean value, but got replacement={replacement}"
            )
        if not isinstance(self.num_samples, int) or self.num_samples <= 0:
            hint = ": the data set is empty" if num_samples is None else ""
            raise ValueError(
                "num_samples should be a positive integer value, "
                f"but got num_samples={self.num_samples}{hint}"
            )

    @property
    def num_samples(self) -> int:
        """How many indices one visit has."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def order(self) -> Order:
        """Draw the order of one visit."""
        rng, n, wanted = random_stream(self.generator), len(self.data_source), self.num_samples
        if self.replacement:
            return rng.integers(n, size=wanted)
        if wanted == n:
            return rng.permutation(n)
        return np.concatenate([rng.permutation(n) for _ in range(-(-wanted // n))])[:wanted]

    @property
    def at_once(self) -> bool:  # type: ignore[override]
        """Whether a visit is short enough to be drawn at once: 10¹⁰ samples mean "for ever"."""
        return self.num_samples <= max(_LONG, len(self.data_source))

    def __iter__(self) -> Iterator[int]:
        return super().__iter__() if self.at_once else self._one_after_the_other()

    def _one_after_the_other(self) -> Iterator[int]:
        rng, n, left = random_stream(self.generator), len(self.data_source), self.num_samples
        while left > 0:
            block = rng.integers(n, size=_BLOCK) if self.replacement else rng.permutation(n)
            yield from block[:left].tolist()
            left -= len(block)

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Ordered):
    """Given indices in random order."""

    def __init__(self, indices: Sequence[int], generator: Generator | None = None) -> None:
        self.indices = indices
        self.generator = generator

    def order(self) -> Order:
        """Draw the order of one visit."""
        rng = generator_of(self.generator)
        return np.asarray(self.indices, np.int64)[rng.permutation(len(self.indices))]

    def __iter__(self) -> Iterator[int]:
        rng = generator_of(self.generator)
        return iter([self.indices[i] for i in rng.permutation(len(self.indices)).tolist()])

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Ordered):
    """Indices drawn with probabilities proportional to the weights, which need not sum to 1."""

    def __init__(
        self,
        weights: Any,
        num_samples: int,
        replacement: bool = True,
        generator: Generator | None = None,
    ) -> None:
        if not isinstance(num_samples, int) or isinstance(num_samples, bool) or num_samples <= 0:
            raise ValueError(
                f"num_samples should be a positive integer value, but got num_samples={num_samples}"
            )
        if not isinstance(replacement, bool):
            raise ValueError(  # noqa: TRY004 - PyTorch's class
                f"replacement should be a boolean value, but got replacement={replacement}"
            )
        values = np.asarray(
            weights.detach().numpy() if isinstance(weights, Tensor) else weights, np.float64
        )
        if values.ndim != 1:
            raise ValueError(
                "weights should be a 1d sequence but given weights have shape "
                f"{tuple(values.shape)}"
            )
        self.weights = make(values, None)
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def order(self) -> Order:
        """Draw the indices of one visit."""
        rng = generator_of(self.generator)
        weights = np.asarray(self.weights._array)
        if not (np.isfinite(weights).all() and weights.min(initial=0) >= 0 and weights.any()):
            raise RuntimeError(
                "invalid multinomial distribution: weights must be finite and >= 0, with one at "
                f"least above 0 (probability entry < 0, infinite or all 0 in {weights})"
            )
        if not self.replacement and self.num_samples > np.count_nonzero(weights):
            raise RuntimeError(
                f"cannot sample n_sample={self.num_samples} > prob_dist.size(-1) samples without "
                f"replacement: {np.count_nonzero(weights)} weights are above 0"
            )
        chances = weights / weights.sum()
        return rng.choice(len(chances), self.num_samples, self.replacement, chances)

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler[list[int]]):
    """Lists of `batch_size` indices of another sampler; the last may be shorter or is dropped."""

    def __init__(
        self, sampler: Sampler[int] | Iterable[int], batch_size: int, drop_last: bool
    ) -> None:
        if not isinstance(batch_size, int) or isinstance(batch_size, bool) or batch_size <= 0:
            raise ValueError(
                f"batch_size should be a positive integer value, but got batch_size={batch_size}"
            )
        if not isinstance(drop_last, bool):
            raise ValueError(  # noqa: TRY004 - PyTorch's class
                f"drop_last should be a boolean value, but got drop_last={drop_last}"
            )
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[list[int]]:
        batch: list[int] = []
        for index in self.sampler:
            batch.append(index)
            if len(batch) == self.batch_size:
                yield batch
                batch = []
        if batch and not self.drop_last:
            yield batch

    def __len__(self) -> int:
        n = len(self.sampler)  # type: ignore[arg-type]
        return n // self.batch_size if self.drop_last else -(-n // self.batch_size)


def draw_seed(generator: Generator | None) -> int:
    """Draw a 63-bit seed from a generator, or from the global one."""
    return int(generator_of(generator).integers(2**63 - 1))


def random_stream(generator: Generator | None) -> np.random.Generator:
    """Return the generator's own stream, or a new one seeded from the global generator."""
    return generator_of(
        Generator().manual_seed(draw_seed(None)) if generator is None else generator
    )
