"""Where tensors come from: what `explain` notes of every operation and every way out of the graph.

A tensor without a history knows nothing of its past, and keeping it would slow every program. So
it is kept only inside this block, by a watcher of operations and by exchanged methods for the
ways out that are no operations (`detach`, `item`, `numpy` ...).
"""

from __future__ import annotations

import threading
import weakref
from typing import Any, NamedTuple

import numpy as np

from .._stamps import outside
from .._state import here
from .._tensor import Tensor

__all__ = ["Known", "Source", "explain", "known_of"]


class Source(NamedTuple):
    """One operand of a watched operation: what is known of it, its name in the calling code, and
    whether the operation has a derivative by it.
    """

    known: Known
    name: str
    takes: bool


class Known(NamedTuple):
    """What was noted about one tensor (or number that left the graph).

    `cut` says why it has no history though a source has one; empty otherwise. `alive` is whether
    any gradient would flow through it if nothing had been cut.
    """

    operation: str
    sources: tuple[Source, ...]
    cut: str
    file: str
    line: int
    tensor: Any  # a weak reference
    tracked: bool
    alive: bool
    shown: str

    @property
    def place(self) -> str:
        """`train.py:12`."""
        return f"{self.file.rpartition('/')[2]}:{self.line}"


KNOWN: dict[int, Known] = {}  # by the identities of living tensors


def known_of(tensor: Any) -> Known | None:
    """What was noted about a tensor."""
    found = KNOWN.get(id(tensor))
    return found if found is not None and found.tensor() is tensor else None


def _enter(
    tensor: Any, operation: str, sources: tuple[Source, ...], cut: str, frame: Any
) -> Known:  # fmt: skip
    """Note what made a tensor; the entry goes when the tensor dies."""
    key = id(tensor)
    made = _describe(tensor, operation, sources, cut, frame)
    KNOWN[key] = made._replace(tensor=weakref.ref(tensor, lambda _: KNOWN.pop(key, None)))
    return KNOWN[key]


def _describe(
    tensor: Any, operation: str, sources: tuple[Source, ...], cut: str, frame: Any
) -> Known:  # fmt: skip
    tracked = tensor._node is not None and not cut
    return Known(
        operation, sources, cut, frame.f_code.co_filename, frame.f_lineno or 0, lambda: None,
        tracked, tracked or any(s.known.alive for s in sources),
        f"shape {list(tensor._array.shape)}, {tensor.dtype!r}",
    )  # fmt: skip


# Operations


def _note(op: Any, operands: tuple[Any, ...], result: Any) -> None:
    """Note the results of an operation."""
    frame = outside()
    takes = op.facts.takes
    sources = tuple(
        _source(x, frame, not takes or i >= len(takes) or takes[i])
        for i, x in enumerate(operands)
        if isinstance(x, Tensor)
    )
    sources += tuple(Source(k, "", takes=True) for x in operands for k in _same_number(x))
    for one in result if isinstance(result, tuple) else (result,):
        if isinstance(one, Tensor) and not any(one is x for x in operands):
            _enter(one, op.name, sources, _cause(op, sources, one), frame)


def _source(tensor: Any, frame: Any, takes: bool = True) -> Source:
    """An operand, entered as a leaf if nothing is known of it."""
    known = known_of(tensor)
    if known is None or (not known.operation and known.tracked != (tensor._node is not None)):
        behind = () if tensor._node is not None else _same_value(tensor)
        known = _enter(tensor, "", behind, "", frame)
    name = next((k for k, v in frame.f_locals.items() if v is tensor), "")
    return Source(known, name, takes)


def _cause(op: Any, sources: tuple[Source, ...], result: Any) -> str:
    """Why an operation recorded nothing; empty if it did, or if no operand was tracked."""
    if result._node is not None or not any(s.known.tracked for s in sources):
        return ""
    if not here.state.grad:
        return "no_grad"
    return "integer" if op.differentiable and result._array.dtype.kind != "f" else "no derivative"


# Ways out of the graph that are no operations

ESCAPED: list[tuple[Any, Known]] = []  # numbers and arrays that left a watched graph
ROOM = 256


def _leave(source: Source, tensor: Any, how: str, cause: str, value: Any, frame: Any) -> None:
    """Note that a value left the graph by `tensor.how()`."""
    cut = cause if source.known.tracked else ""
    if isinstance(value, Tensor):
        _enter(value, how, (source,), cut, frame)
    elif source.known.alive:
        known = _describe(tensor, how, (source,), cut, frame)
        ESCAPED.append((value, known._replace(tracked=False)))
        del ESCAPED[:-ROOM]


def _same_number(operand: Any) -> list[Known]:
    """What is known of a number operand that equals one that left the graph.

    Whole numbers are passed over: a 2 in a formula has seldom to do with an earlier result 2.
    """
    if not isinstance(operand, (float, np.ndarray, np.generic)) or np.ndim(operand):
        return []
    number = float(operand)
    return [] if number.is_integer() else _matching(np.asarray(operand))


def _same_value(tensor: Any) -> tuple[Source, ...]:
    """The values that left the graph and stand in a new tensor."""
    return tuple(Source(known, "", takes=True) for known in _matching(tensor._array))


def _matching(array: Any) -> list[Known]:
    for value, known in reversed(ESCAPED):
        if np.shape(value) == array.shape and np.array_equal(np.asarray(value, array.dtype), array):
            return [known]
    return []


WAYS = (
    ("detach", "detach"), ("detach_", "detach"), ("item", "number"), ("tolist", "number"),
    ("numpy", "array"), ("data", "detach"),
)  # fmt: skip

ORIGINALS: dict[str, Any] = {}
BLOCKS = [0]  # how many are open in all threads
LOCK = threading.Lock()


class Here(threading.local):
    """How many blocks are open in this thread; 0 while something is being noted."""

    blocks = 0


mine = Here()


def _exchange() -> None:
    """Let the ways out note their calls from now on."""
    for name, cause in WAYS:
        original = ORIGINALS[name] = Tensor.__dict__[name]
        if isinstance(original, property):
            reader = _noting(original.fget, name, cause)
            setattr(Tensor, name, property(reader, original.fset))
        else:
            setattr(Tensor, name, _noting(original, name, cause))


def _restore() -> None:
    for name, original in ORIGINALS.items():
        setattr(Tensor, name, original)
    ESCAPED.clear()


def _noting(original: Any, name: str, cause: str) -> Any:
    """A method that does the same, and notes it in threads that watch."""

    def method(self: Any, *args: Any, **keywords: Any) -> Any:
        if not mine.blocks:
            return original(self, *args, **keywords)
        frame = outside()
        source = _source(self, frame)
        value = original(self, *args, **keywords)
        _leave(source, self, name, cause, value, frame)
        return value

    method.__name__, method.__doc__ = name, original.__doc__
    return method


class explain:  # noqa: N801 - a block, like no_grad
    """A block in which the origin of every tensor is noted, so that `why_no_grad` finds each cut.

    Operations take some ten microseconds longer inside; outside nothing is slower.

    >>> import tinygrad_lite as torch
    >>> from tinygrad_lite import autograd
    >>> w = torch.ones(2, requires_grad=True)
    >>> with autograd.explain():
    ...     loss = (w * 2).detach().sum()
    >>> [stop.cause for stop in autograd.why_no_grad(loss).stops]
    ['detach']
    """

    def __init__(self) -> None:
        self.before: list[Any] = []

    def __enter__(self) -> explain:
        self.before.append(here.watch)
        here.watch = self._see
        mine.blocks += 1
        with LOCK:
            BLOCKS[0] += 1
            if BLOCKS[0] == 1:
                _exchange()
        return self

    def __exit__(self, *exception: object) -> None:
        here.watch = self.before.pop()
        mine.blocks -= 1
        with LOCK:
            BLOCKS[0] -= 1
            if not BLOCKS[0]:
                _restore()

    def _see(self, op: Any, operands: tuple[Any, ...], settings: Any, result: Any) -> None:
        here.watch, blocks = None, mine.blocks
        mine.blocks = 0
        try:
            _note(op, operands, result)
            before = self.before[-1]
            if before is not None:
                before(op, operands, settings, result)
        finally:
            here.watch, mine.blocks = self._see, blocks
