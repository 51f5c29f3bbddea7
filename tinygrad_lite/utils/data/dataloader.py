"""The loader: batches of samples, in order or shuffled, from this process or from workers."""

from __future__ import annotations

import functools
import itertools
import multiprocessing
import multiprocessing.context
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, TypeGuard, TypeVar

import numpy as np

from ..._nodes import make
from ..._random import Generator
from ..._tensor import Tensor
from ._workers import Job, Workers, get_worker_info
from .collate import default_collate, default_convert
from .dataset import IterableDataset, Subset, TensorDataset, samples
from .sampler import BatchSampler, Ordered, RandomSampler, Sampler, SequentialSampler, draw_seed

__all__ = ["DataLoader", "default_collate", "default_convert", "get_worker_info"]

T_co = TypeVar("T_co", covariant=True)
Batch = Any
_FIXED = frozenset(
    ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers")
)


class DataLoader(Generic[T_co]):
    """Batches of a data set: iterate over it once per epoch.

    Samples come in order, shuffled, or as `sampler` says, and are put together by `collate_fn`.
    With `num_workers` they are fetched by other processes. A data set of tensors or arrays with
    the default `collate_fn` is read a batch at a time, which is several times faster.

    Differs from PyTorch: `pin_memory` does nothing, since there is no device to copy to.

    >>> import tinygrad_lite as torch
    >>> data = torch.utils.data.TensorDataset(torch.arange(6).reshape(3, 2), torch.arange(3))
    >>> for x, y in DataLoader(data, batch_size=2):
    ...     print(x.tolist(), y.tolist())
    [[0, 1], [2, 3]] [0, 1]
    [[4, 5]] [2]
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Sampler[Any] | Iterable[Any] | None = None,
        batch_sampler: Sampler[list[Any]] | Iterable[list[Any]] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None,
        multiprocessing_context: Any = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        _check_workers(num_workers, timeout, prefetch_factor, persistent_workers)
        _check_context(multiprocessing_context, num_workers)
        if isinstance(dataset, IterableDataset):
            _check_iterable(shuffle, sampler, batch_sampler)
        _check_exclusive(batch_size, shuffle, sampler, batch_sampler, drop_last)
        self.dataset = dataset
        self.num_workers = num_workers
        self.prefetch_factor = 2 if num_workers and prefetch_factor is None else prefetch_factor
        self.pin_memory = pin_memory
        self.pin_memory_device = pin_memory_device
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = multiprocessing_context
        self.generator = generator
        self.persistent_workers = persistent_workers
        self.in_order = in_order
        self.batch_size = None if batch_sampler is not None else batch_size
        self.drop_last = drop_last
        self.sampler = self._default_sampler(shuffle) if sampler is None else sampler
        self.batch_sampler = batch_sampler
        if batch_size is not None and batch_sampler is None:
            self.batch_sampler = BatchSampler(self.sampler, batch_size, drop_last)
        batched = self.batch_sampler is not None
        self.collate_fn = collate_fn or (default_collate if batched else default_convert)
        self._workers: Workers | None = None  # those that outlive an epoch
        self._complete = True

    def _default_sampler(self, shuffle: bool | None) -> Any:
        if isinstance(self.dataset, IterableDataset):
            return itertools.repeat(None)
        if shuffle:
            return RandomSampler(self.dataset, generator=self.generator)
        return SequentialSampler(self.dataset)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _FIXED and self.__dict__.get("_complete"):
            raise ValueError(
                f"{name} attribute should not be set after {type(self).__name__} is initialized"
            )
        super().__setattr__(name, value)

    def __iter__(self) -> Iterator[Any]:
        seed = draw_seed(self.generator)  # drawn without workers too: the order stays the same
        batches = self._batches_of_workers(seed) if self._uses_workers() else self._batches()
        return LoaderIterator(self, batches)

    def _batches(self) -> Iterator[Batch]:
        if isinstance(self.dataset, IterableDataset):
            return stream_batches(self.dataset, self.batch_size, self.drop_last, self.collate_fn)
        fetch = fetcher(self.dataset, self.collate_fn, batched=self.batch_sampler is not None)
        return map(fetch, self._index_batches())

    def _uses_workers(self) -> bool:
        """Say whether workers are of use: rows are taken faster than they could be sent."""
        by_rows = self.batch_sampler is not None and rows_of(self.dataset, self.collate_fn)
        return self.num_workers > 0 and (by_rows is None or self.worker_init_fn is not None)

    def _batches_of_workers(self, seed: int) -> Iterator[Batch]:
        workers = self._workers if self._workers is not None else self._start_workers()
        self._workers = workers if self.persistent_workers else None
        streaming = isinstance(self.dataset, IterableDataset)
        finished = False
        try:
            tasks = itertools.repeat(None) if streaming else self._index_batches()
            yield from workers.run(tasks, seed)
            finished = True
        finally:
            if not (finished and self.persistent_workers):
                self._workers = None
                workers.close()

    def _start_workers(self) -> Workers:
        batched = self.batch_sampler is not None
        begin = (
            functools.partial(
                _stream_fetcher, self.dataset, self.batch_size, self.drop_last, self.collate_fn
            )
            if isinstance(self.dataset, IterableDataset)
            else functools.partial(fetcher, self.dataset, self.collate_fn, batched=batched)
        )
        job = Job(self.dataset, begin, self.worker_init_fn, self.num_workers)
        return Workers(
            job,
            self.multiprocessing_context,
            self.timeout,
            self.prefetch_factor or 2,
            in_order=self.in_order,
        )

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_workers": None}

    def _index_batches(self) -> Iterator[Any]:
        """Walk over what each fetch asks for: lists or arrays of indices, or single indices."""
        if self.batch_sampler is None:
            return iter(self.sampler)
        source = self.batch_sampler
        if type(source) is BatchSampler and _tells_order(source.sampler):
            order = source.sampler.order()
            if rows_of(self.dataset, self.collate_fn) is None:
                order = order.tolist()
            return _cut(order, source.batch_size, source.drop_last)
        return iter(source)

    def __len__(self) -> int:
        if not isinstance(self.dataset, IterableDataset):
            return len(self.sampler if self.batch_sampler is None else self.batch_sampler)  # type: ignore[arg-type]
        n = len(self.dataset)  # type: ignore[arg-type]
        if self.batch_size is None:
            return n
        return n // self.batch_size if self.drop_last else -(-n // self.batch_size)


class LoaderIterator(Iterator[Any]):
    """One visit to the data set."""

    def __init__(self, loader: DataLoader[Any], batches: Iterator[Batch]) -> None:
        self._loader = loader
        self._batches = batches

    def __next__(self) -> Batch:
        try:
            return next(self._batches)
        except KeyboardInterrupt as stop:
            if not self._loader._uses_workers():
                raise
            # where this process waited for the others tells nothing: show the user's line alone
            raise stop.with_traceback(None) from None

    def __len__(self) -> int:
        return len(self._loader)


# -- fetching -----------------------------------------------------------------------------------


def fetcher(
    dataset: Any, collate_fn: Callable[[Any], Any], *, batched: bool
) -> Callable[[Any], Batch]:
    """Return the function from indices to a batch, by rows where the data set allows it."""
    if not batched:
        return lambda index: collate_fn(dataset[index])
    rows = rows_of(dataset, collate_fn)
    if rows is not None:
        return rows
    return lambda indices: collate_fn(samples(dataset, indices))


def stream_batches(
    dataset: IterableDataset[Any],
    batch_size: int | None,
    drop_last: bool,
    collate_fn: Callable[[Any], Any],
) -> Iterator[Batch]:
    """Walk over the batches of an iterable data set."""
    stream = iter(dataset)
    if batch_size is None:
        yield from map(collate_fn, stream)
        return
    while batch := list(itertools.islice(stream, batch_size)):
        if len(batch) == batch_size or not drop_last:
            yield collate_fn(batch)


def _stream_fetcher(
    dataset: IterableDataset[Any],
    batch_size: int | None,
    drop_last: bool,
    collate_fn: Callable[[Any], Any],
) -> Callable[[Any], Batch]:
    """Return the function that gives the next batch of a stream, whatever it is asked."""
    batches = stream_batches(dataset, batch_size, drop_last, collate_fn)
    return lambda _: next(batches)


def rows_of(dataset: Any, collate_fn: Callable[[Any], Any]) -> Callable[[Any], Batch] | None:
    """Return a function that takes whole batches of rows, when that gives what collating would."""
    if collate_fn is not default_collate:
        return None
    if type(dataset) is TensorDataset and not any(t.requires_grad for t in dataset.tensors):
        arrays = [tensor._array for tensor in dataset.tensors]
        return lambda index: [_take(array, index) for array in arrays]
    if isinstance(dataset, Tensor) and not dataset.requires_grad and dataset.ndim:
        array = dataset._array
        return lambda index: _take(array, index)
    if type(dataset) is np.ndarray and dataset.ndim and dataset.dtype.kind in "fiub":
        return lambda index: _take(dataset, index)
    if type(dataset) is Subset:
        inner = rows_of(dataset.dataset, collate_fn)
        if inner is not None:
            indices = np.asarray(dataset.indices)
            return lambda index: inner(indices[index])
    return None


def _take(array: np.ndarray[Any, Any], index: Any) -> Any:
    return make(array[index].copy() if type(index) is slice else array.take(index, axis=0), None)


def _tells_order(sampler: Any) -> TypeGuard[Ordered]:
    """Say whether the sampler visits in the order that `order` tells: `__iter__` is still ours."""
    if not isinstance(sampler, Ordered) or not sampler.at_once:
        return False
    home = next(base for base in type(sampler).__mro__ if "__iter__" in base.__dict__)
    return home.__module__.startswith(__package__ or "")


def _cut(order: Any, size: int, drop_last: bool) -> Iterator[Any]:
    end = len(order) - len(order) % size if drop_last else len(order)
    return (order[start : start + size] for start in range(0, end, size))


# -- checks ---------------------------------------------------------------------------------------


def _check_workers(workers: int, timeout: float, prefetch: int | None, persistent: bool) -> None:
    if workers < 0:
        raise ValueError(
            "num_workers option should be non-negative; use num_workers=0 to disable "
            f"multiprocessing. Got {workers}"
        )
    if timeout < 0:
        raise ValueError(f"timeout option should be non-negative, got {timeout}")
    if prefetch is not None and workers == 0:
        raise ValueError(
            "prefetch_factor option could only be specified in multiprocessing."
            "let num_workers > 0 to enable multiprocessing, otherwise set prefetch_factor to None."
        )
    if prefetch is not None and prefetch < 1:
        raise ValueError(f"prefetch_factor option should be positive, got {prefetch}")
    if persistent and workers == 0:
        raise ValueError("persistent_workers option needs num_workers > 0")


def _check_context(context: Any, workers: int) -> None:
    if context is None:
        return
    if workers == 0:
        raise ValueError(
            "multiprocessing_context can only be used with multi-process loading "
            f"(num_workers > 0), but got num_workers={workers}"
        )
    methods = multiprocessing.get_all_start_methods()
    if isinstance(context, str) and context not in methods:
        raise ValueError(
            "multiprocessing_context option should specify a valid start method in "
            f"{methods}, but got multiprocessing_context={context!r}"
        )
    if not isinstance(context, (str, multiprocessing.context.BaseContext)):
        raise TypeError(
            "multiprocessing_context option should be a valid context object or a string "
            f"specifying the start method, but got multiprocessing_context={context}"
        )


def _check_iterable(shuffle: bool | None, sampler: Any, batch_sampler: Any) -> None:
    wrong = {
        "shuffle": shuffle or None,
        "sampler": sampler,
        "batch_sampler": batch_sampler,
    }
    for name, value in wrong.items():
        if value is not None:
            raise ValueError(
                f"DataLoader with IterableDataset: expected unspecified {name} option, but got "
                f"{name}={value}: the data set itself decides the order"
            )


def _check_exclusive(
    batch_size: int | None,
    shuffle: bool | None,
    sampler: Any,
    batch_sampler: Any,
    drop_last: bool,
) -> None:
    if sampler is not None and shuffle:
        raise ValueError("sampler option is mutually exclusive with shuffle")
    if batch_sampler is not None:
        if batch_size != 1 or shuffle or sampler is not None or drop_last:
            raise ValueError(
                "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, "
                "and drop_last"
            )
    elif batch_size is None and drop_last:
        raise ValueError(
            "batch_size=None option disables auto-batching and is mutually exclusive with drop_last"
        )
