"""Fetching batches in other processes.

Each worker has a pipe of its own, so that a dead one is noticed at once (its process sentinel is
waited for together with the pipes) and takes no lock with it. Batch k is always fetched by worker
k modulo their number: random augmentations repeat with the seed, however fast the workers are.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import multiprocessing
import os
import pickle
import queue
import random
import signal
import sys
import threading
import traceback
import warnings
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any

import numpy as np

from ..._random import manual_seed

__all__ = ["WorkerInfo", "Workers", "get_worker_info"]

Task = tuple[int, int | None, Any]  # epoch, number, indices; number None: begin the epoch, a seed
_BATCH, _END, _ERROR = "batch", "end", "error"


@dataclass
class WorkerInfo:
    """What a data set may know about the worker it runs in: share out a stream by `id`."""

    id: int
    num_workers: int
    seed: int
    dataset: Any


_info: WorkerInfo | None = None


def get_worker_info() -> WorkerInfo | None:
    """Return who this worker is; None in the main process."""
    return _info


@dataclass
class Job:
    """What a worker needs: how to begin an epoch, and what to call at the start."""

    dataset: Any
    begin: Callable[[], Callable[[Any], Any]]  # returns the function from a task to a batch
    init: Callable[[int], None] | None
    workers: int


# -- in the worker --------------------------------------------------------------------------------


def work(connection: Connection, me: int, job: Job) -> None:
    """Answer tasks until None comes: the life of a worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the main process's business
    tasks: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(connection, tasks), daemon=True).start()
    fetch: Callable[[Any], Any] | None = None
    broken: Any = None
    for epoch, number, task in iter(tasks.get, None):
        if number is None:
            begin = functools.partial(_begin, me, job, first=fetch is None)
            fetch, broken = _attempt(begin, task)
            continue
        outcome = (None, broken) if broken else _attempt(fetch, task)
        _send(connection, epoch, number, outcome)


def _listen(connection: Connection, tasks: queue.SimpleQueue[Task | None]) -> None:
    """Take tasks from the pipe, so that the main process never waits to send one."""
    try:
        while True:
            tasks.put(connection.recv())
    except (EOFError, OSError):  # the main process is gone
        os._exit(0)


def _begin(me: int, job: Job, seed: int, *, first: bool) -> Callable[[Any], Any]:
    global _info
    seed += me
    random.seed(seed)
    np.random.seed(np.random.SeedSequence(seed).generate_state(4))  # noqa: NPY002 - users draw from it
    manual_seed(seed)
    _info = WorkerInfo(me, job.workers, seed, job.dataset)
    if first and job.init is not None:
        job.init(me)
    return job.begin()


def _attempt(function: Any, argument: Any) -> tuple[Any, Any]:
    """Return (result, None), or (None, a description of what was raised)."""
    try:
        return function(argument), None
    except StopIteration:
        return StopIteration, None
    except BaseException as error:  # noqa: BLE001 - also sys.exit: the main process must hear of it
        return None, _described(error)


def _described(error: BaseException) -> tuple[str, str, str]:
    """Describe an exception in words: the object itself may not be picklable."""
    kind = type(error)
    return kind.__module__, kind.__qualname__, "".join(traceback.format_exception(error))


def _send(connection: Connection, epoch: int, number: int, outcome: tuple[Any, Any]) -> None:
    """Send a result; the memory of arrays goes through the pipe as it is."""
    result, failure = outcome
    buffers: list[pickle.PickleBuffer] = []
    kind = _ERROR if failure else _END if result is StopIteration else _BATCH
    try:
        content = failure or (None if kind is _END else result)
        data = pickle.dumps(content, protocol=5, buffer_callback=buffers.append)
        parts = [buffer.raw() for buffer in buffers]
    except Exception as error:  # noqa: BLE001 - whatever pickling raises
        error.add_note("the batch cannot be sent to the main process: pickling it failed")
        kind, data, parts = _ERROR, pickle.dumps(_described(error)), []
    connection.send((epoch, number, kind, [part.nbytes for part in parts]))
    connection.send_bytes(data)
    for part in parts:
        connection.send_bytes(part)


# -- in the main process --------------------------------------------------------------------------


class Workers:
    """Processes that fetch batches; `run` walks over the batches of an epoch."""

    def __init__(
        self, job: Job, context: Any, timeout: float, ahead: int, *, in_order: bool
    ) -> None:
        self.timeout, self.ahead, self.in_order = timeout, ahead, in_order
        context = _context(context)
        self.connections: list[Connection] = []
        self.processes: list[Any] = []
        self.epoch = 0
        for me in range(job.workers):
            ours, theirs = context.Pipe()
            process = context.Process(target=work, args=(theirs, me, job), daemon=True)
            with warnings.catch_warnings():  # other threads may hold locks; ours need none
                warnings.simplefilter("ignore", DeprecationWarning)
                process.start()
            theirs.close()
            self.connections.append(ours)
            self.processes.append(process)
        self.close = weakref.finalize(self, _stop, self.connections, self.processes)

    def run(self, tasks: Iterator[Any], seed: int) -> Iterator[Any]:
        """Walk over the batches for `tasks`, in their order unless that does not matter."""
        self.epoch += 1
        for connection in self.connections:
            self._put(connection, (self.epoch, None, seed))
        turn = _Turn(enumerate(tasks), set(range(len(self.processes))))
        for _ in range(self.ahead * len(self.processes)):
            self._assign(turn)
        while turn.assigned:
            number = self._next(turn)
            worker, _ = turn.assigned.pop(number)
            kind, batch = turn.arrived.pop(number)
            if kind == _END:
                turn.active.discard(worker)
            self._assign(turn)
            if kind == _BATCH:
                yield batch

    def _assign(self, turn: _Turn) -> None:
        """Give the next task to the worker whose turn it is."""
        if not turn.active:
            return
        task = next(turn.tasks, None)
        if task is None:
            return
        number, indices = task
        worker = turn.next_worker(len(self.processes))
        turn.assigned[number] = worker, indices
        self._put(self.connections[worker], (self.epoch, number, indices))

    def _put(self, connection: Connection, task: Task) -> None:
        # a dead worker is not reported here: waiting for its answer tells how it died
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.send(task)

    def _next(self, turn: _Turn) -> int:
        """Return the number of the next task to hand out, once its answer is here."""
        while True:
            wanted: int = min(turn.assigned)
            if not self.in_order and turn.arrived:
                return min(turn.arrived)
            if wanted in turn.arrived:
                return wanted
            self._receive(turn)

    def _receive(self, turn: _Turn) -> None:
        """Wait until a worker answers or dies."""
        sentinels: dict[Any, int] = {p.sentinel: i for i, p in enumerate(self.processes)}
        ready: list[Any] = wait([*self.connections, *sentinels], self.timeout or None)
        if not ready:
            worker, indices = turn.assigned[min(turn.assigned)]
            raise RuntimeError(
                f"DataLoader timed out after {self.timeout} seconds: worker {worker} (pid "
                f"{self.processes[worker].pid}) has not fetched {_named(indices)}"
            )
        answers = [item for item in ready if item not in sentinels]
        if not answers:
            self._report_death(sentinels[ready[0]], turn)
        for connection in answers:
            try:
                epoch, number, kind, content = _read(connection)
            except (EOFError, OSError):
                self._report_death(self.connections.index(connection), turn)
            if epoch == self.epoch:
                if kind == _ERROR:
                    raise _failure(content, *turn.assigned[number])
                turn.arrived[number] = kind, content

    def _report_death(self, worker: int, turn: _Turn) -> None:
        process = self.processes[worker]
        process.join(1)
        doing = [
            indices
            for number, (who, indices) in turn.assigned.items()
            if who == worker and number not in turn.arrived
        ]
        cause = f"exited with code {process.exitcode}"
        if process.exitcode is not None and process.exitcode < 0:
            cause = f"was killed by signal: {signal.Signals(-process.exitcode).name}"
        raise RuntimeError(
            f"DataLoader worker (pid(s) {process.pid}) exited unexpectedly: worker {worker} "
            f"{cause} while it fetched {_named(doing[0] if doing else None)}"
        )


class _Turn:
    """One epoch: the tasks to come, those given out, and the answers not handed on yet."""

    def __init__(self, tasks: Iterator[tuple[int, Any]], active: set[int]) -> None:
        self.tasks = tasks
        self.active = active
        self.assigned: dict[int, tuple[int, Any]] = {}
        self.arrived: dict[int, tuple[str, Any]] = {}
        self._clock = itertools.count()

    def next_worker(self, workers: int) -> int:
        return next(i % workers for i in self._clock if i % workers in self.active)


def _read(connection: Connection) -> tuple[int, int, str, Any]:
    epoch, number, kind, sizes = connection.recv()
    data = connection.recv_bytes()
    buffers = []
    for size in sizes:
        buffer = bytearray(size)  # writable, so that arrays in it are
        connection.recv_bytes_into(buffer)
        buffers.append(buffer)
    return epoch, number, kind, pickle.loads(data, buffers=buffers)  # noqa: S301 - our own worker


def _failure(described: tuple[str, str, str], worker: int, indices: Any) -> Exception:
    """Return the worker's exception: of its own class where that is known here, with its text."""
    module, name, text = described
    message = (
        f"Caught {name} in DataLoader worker process {worker}, while it fetched "
        f"{_named(indices)}.\nOriginal {text}"
    )
    kind = getattr(sys.modules.get(module), name, None)
    if not (isinstance(kind, type) and issubclass(kind, Exception)):
        return RuntimeError(message)
    bases = (kind,) if issubclass(kind, RuntimeError) else (kind, RuntimeError)
    try:
        error: Exception = type(name, bases, {"__str__": lambda _: message})(message)
    except TypeError:  # its constructor wants something else
        return RuntimeError(message)
    return error


def _named(indices: Any) -> str:
    """Name the samples of a task."""
    if indices is None:
        return "from the stream"
    numbers = np.atleast_1d(np.asarray(indices, dtype=object)).tolist()
    shown = ", ".join(map(str, numbers[:8])) + (", ..." if len(numbers) > 8 else "")
    return f"sample {shown}" if len(numbers) == 1 else f"samples {shown}"


def _context(context: Any) -> Any:
    """Return how to start processes: by fork where there is one, since it needs no pickling."""
    if context is None:
        linux = sys.platform.startswith("linux")
        return multiprocessing.get_context("fork" if linux else None)
    return multiprocessing.get_context(context) if isinstance(context, str) else context


def _stop(connections: list[Connection], processes: list[Any]) -> None:
    """End the workers: those that wait leave by themselves, the others are terminated."""
    for process in processes:
        if process.is_alive():
            process.terminate()
    for process in processes:
        process.join(1)
        if process.is_alive():
            process.kill()
            process.join()
    for connection in connections:
        connection.close()
