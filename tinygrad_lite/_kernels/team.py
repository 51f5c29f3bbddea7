"""Other threads that help with large arrays.

A ufunc uses one core and lets other threads run meanwhile, so the pieces of an array can be worked
on side by side. To wake a thread and wait for it takes 20 to 100 microseconds, and for a while
after a product OpenBLAS's own thread turns on the spot on the processor that is wanted: a small
GPT's GELU of 390k elements takes longer with two threads, hence only above 512k elements. There
are as many threads as matrix products use: OMP_NUM_THREADS=1 or `torch.set_num_threads(1)` leaves
one. Which thread takes which piece changes no bit of a result.
"""

from __future__ import annotations

import contextvars
import os
from _thread import allocate_lock, start_new_thread  # threading takes 1 ms to import
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

__all__ = ["count_threads", "is_shared", "side_by_side", "use_threads"]

MUCH = 1 << 19  # elements
Work = Callable[[Iterable[Any]], None]


def count_threads() -> int:
    """The number of threads for one operation, as the environment or the user set it."""
    return _Team.count


def use_threads(count: int) -> None:
    """Let operations use so many threads."""
    _Team.count = count


def _threads_at_start() -> int:
    """What OpenBLAS will read from the environment."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        if os.environ.get(name, "").isdigit():
            return max(1, int(os.environ[name]))
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


class _Team:
    """The helpers of this process, and whether they are at work for some thread."""

    count = _threads_at_start()
    helpers: list[_Helper] = []  # noqa: RUF012 - one team for the process
    busy = allocate_lock()


class _Helper:
    """A thread that waits for a job, does it, and says so."""

    def __init__(self) -> None:
        self._begin, self._end = allocate_lock(), allocate_lock()
        self._begin.acquire()
        self._end.acquire()
        self._job: Callable[[], Any] | None = None
        self._error: BaseException | None = None
        start_new_thread(self._serve, ())

    def _serve(self) -> None:
        while True:
            self._begin.acquire()
            try:
                if self._job is not None:
                    self._job()
            except BaseException as error:  # noqa: BLE001 - raised where the job came from
                self._error = error
            self._job = None
            self._end.release()

    def start(self, job: Callable[[], Any]) -> None:
        """Begin a job."""
        self._job = job
        self._begin.release()

    def finish(self) -> None:
        """Wait until the job is done, and raise what it raised."""
        self._end.acquire()
        error, self._error = self._error, None
        if error is not None:
            raise error


def is_shared(size: int) -> bool:
    """Whether several threads work on an array of so many elements."""
    return size >= MUCH and _Team.count > 1


def side_by_side(parts: Iterable[Any], size: int, work: Work) -> None:
    """Have the pieces of an array of `size` elements worked on, by several threads if it is large.

    `work` is called with an iterator of pieces, once in each thread: buffers of its own are made
    there, and pieces must not depend on each other.
    """
    if not is_shared(size) or not _Team.busy.acquire(blocking=False):
        work(parts)
        return
    try:
        _work_together(iter(list(parts)), work)
    finally:
        _Team.busy.release()


def _work_together(parts: Iterator[Any], work: Work) -> None:
    """Every thread takes the next piece until none is left: `next` of a list gives each once."""
    while len(_Team.helpers) < _Team.count - 1:
        _Team.helpers.append(_Helper())
    helpers = _Team.helpers[: _Team.count - 1]
    try:
        for helper in helpers:  # with the caller's np.errstate, which lies in the context
            helper.start(partial(contextvars.copy_context().run, work, parts))
        work(parts)
        for helper in helpers:
            helper.finish()
    except BaseException:
        # Somebody may still be at work on arrays that nobody wants: others take over.
        _Team.helpers.clear()
        raise


def _forget() -> None:
    """A child process has none of its parent's threads."""
    _Team.helpers.clear()
    _Team.busy = allocate_lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
