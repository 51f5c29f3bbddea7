"""A reader of pickles that executes nothing.

A pickle is a program for a small stack machine. This machine does what builds data, and looks every
name up in a table: a name that is not in it raises, before anything of it is imported or called.
Names stay tokens in here; no function, class or module of the process ever lies on the stack.
"""

from __future__ import annotations

import pickle
import pickletools
from collections.abc import Callable, Mapping
from typing import IO, Any

__all__ = ["Machine", "Name"]

DEPTH = 8  # of tuples within keys: a tuple nested a million deep overflows the stack when hashed


class Name:
    """A name in a pickle, with what makes its objects, by a call or empty."""

    __slots__ = ("make", "name", "new")

    def __init__(
        self,
        name: str,
        make: Callable[..., Any] | None = None,
        new: Callable[..., Any] | None = None,
    ) -> None:
        self.name, self.make, self.new = name, make, new or make

    def __repr__(self) -> str:
        return self.name


class Mark:
    """Where a group of stack entries begins."""


MARK = Mark()


class Machine:
    """One pickle being read: `run` returns what it holds."""

    def __init__(
        self,
        find: Callable[[str, str], Any],
        persistent: Callable[[Any], Any],
        adopt: Callable[[Any, Any], None],
    ) -> None:
        self.find, self.persistent, self.adopt = find, persistent, adopt
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def run(self, file: IO[bytes]) -> Any:
        """Read one pickle; the file stands behind it afterwards."""
        try:
            for opcode, argument, _ in pickletools.genops(file):
                STEPS.get(opcode.name, _forbidden)(self, argument)
            return self._last()
        except pickle.UnpicklingError:
            raise
        except (
            ValueError,
            TypeError,
            KeyError,
            IndexError,
            AttributeError,
            OverflowError,
        ) as error:
            raise pickle.UnpicklingError(f"Weights only load failed: {error}") from None

    def _last(self) -> Any:
        (result,) = self.stack
        if isinstance(result, Name):
            raise pickle.UnpicklingError(f"Weights only load failed: it holds {result}, no data")
        return result

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def group(self) -> list[Any]:
        """Take the entries above the last mark."""
        place = len(self.stack) - 1
        while self.stack[place] is not MARK:
            place -= 1
            if place < 0:
                raise ValueError("a mark is missing")
        found = self.stack[place + 1 :]
        del self.stack[place:]
        return found

    def call(self, name: Any, args: Any) -> None:
        if not isinstance(name, Name) or name.make is None or not isinstance(args, tuple):
            raise ValueError(f"{name!r} is called, which makes no data")
        self.push(name.make(*args))

    def enter(self, pairs: list[Any]) -> None:
        target = self.stack[-1]
        if not isinstance(target, dict) or len(pairs) % 2:
            raise ValueError("items are put into what is no dict")
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            target[checked(key)] = value

    def extend(self, values: list[Any]) -> None:
        if type(self.stack[-1]) is not list:
            raise ValueError("items are appended to what is no list")
        self.stack[-1].extend(values)

    def add(self, values: list[Any]) -> None:
        if type(self.stack[-1]) is not set:
            raise ValueError("items are added to what is no set")
        self.stack[-1].update(map(checked, values))

    def build(self, state: Any) -> None:
        self.adopt(self.stack[-1], state)


def checked(key: Any, depth: int = DEPTH) -> Any:
    """A key or a member of a set, if hashing it is harmless."""
    if type(key) in {tuple, frozenset}:
        if not depth:
            raise ValueError("a key is nested too deep")
        for part in key:
            checked(part, depth - 1)
    elif isinstance(key, (list, dict, set, bytearray, Name)):
        raise ValueError(f"a key of type {type(key).__name__}")
    return key


def _forbidden(machine: Machine, argument: Any) -> None:
    raise pickle.UnpicklingError(
        f"Weights only load failed: the pickle uses an instruction that builds no data ({argument})"
    )


def _pairs(items: list[Any]) -> dict[Any, Any]:
    if len(items) % 2:
        raise ValueError("a key without a value")
    return {checked(k): v for k, v in zip(items[::2], items[1::2], strict=True)}


def _take(count: int) -> Callable[[Machine, Any], None]:
    def step(machine: Machine, _: Any) -> None:
        found = tuple(machine.stack[-count:])
        if len(found) < count or any(part is MARK for part in found):
            raise ValueError("the stack is too short")
        del machine.stack[-count:]
        machine.push(found)

    return step


def _reduce(machine: Machine, _: Any) -> None:
    args = machine.stack.pop()
    machine.call(machine.stack.pop(), args)


def _new(machine: Machine, _: Any) -> None:
    args, name = machine.stack.pop(), machine.stack.pop()
    machine.call(Name(name.name, name.new) if isinstance(name, Name) else name, args)


def _new_with_keywords(machine: Machine, _: Any) -> None:
    if machine.stack.pop():
        raise ValueError("an object is made with keywords")
    _new(machine, _)


def _stack_global(machine: Machine, _: Any) -> None:
    name, module = machine.stack.pop(), machine.stack.pop()
    if type(name) is not str or type(module) is not str:
        raise ValueError("a name that is no text")
    machine.push(machine.find(module, name))


def _append(machine: Machine, _: Any) -> None:
    value = machine.stack.pop()
    machine.extend([value])


def _set_item(machine: Machine, _: Any) -> None:
    value, key = machine.stack.pop(), machine.stack.pop()
    machine.enter([key, value])


def _build(machine: Machine, _: Any) -> None:
    state = machine.stack.pop()
    machine.build(state)


def _pop(machine: Machine, _: Any) -> None:
    machine.stack.pop()


def _pop_mark(machine: Machine, _: Any) -> None:
    machine.group()


def _nothing(machine: Machine, _: Any) -> None:
    pass


def _constant(make: Callable[[], Any]) -> Callable[[Machine, Any], None]:
    return lambda machine, _: machine.push(make())


def _grouped(use: Callable[[list[Any]], Any]) -> Callable[[Machine, Any], None]:
    return lambda machine, _: machine.push(use(machine.group()))


def _put(machine: Machine, place: Any) -> None:
    machine.memo[len(machine.memo) if place is None else place] = machine.stack[-1]


VALUES = (
    "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT", "STRING",
    "BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8",
    "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8",
)  # fmt: skip

STEPS: Mapping[str, Callable[[Machine, Any], None]] = {
    **dict.fromkeys(VALUES, Machine.push),
    "PROTO": _nothing, "FRAME": _nothing, "STOP": _nothing,
    "MARK": _constant(lambda: MARK), "NONE": _constant(lambda: None),
    "NEWTRUE": _constant(lambda: True), "NEWFALSE": _constant(lambda: False),
    "EMPTY_LIST": _constant(list), "EMPTY_TUPLE": _constant(tuple),
    "EMPTY_DICT": _constant(dict), "EMPTY_SET": _constant(set),
    "LIST": _grouped(list), "TUPLE": _grouped(tuple), "DICT": _grouped(_pairs),
    "FROZENSET": _grouped(lambda items: frozenset(map(checked, items))),
    "TUPLE1": _take(1), "TUPLE2": _take(2), "TUPLE3": _take(3),
    "APPEND": _append, "APPENDS": lambda machine, _: machine.extend(machine.group()),
    "SETITEM": _set_item, "SETITEMS": lambda machine, _: machine.enter(machine.group()),
    "ADDITEMS": lambda machine, _: machine.add(machine.group()),
    "POP": _pop, "POP_MARK": _pop_mark,
    "DUP": lambda machine, _: machine.push(machine.stack[-1]),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"), _put),
    **dict.fromkeys(
        ("GET", "BINGET", "LONG_BINGET"), lambda machine, place: machine.push(machine.memo[place])
    ),
    "GLOBAL": lambda machine, names: machine.push(machine.find(*names.split(" ", 1))),
    "STACK_GLOBAL": _stack_global, "REDUCE": _reduce, "NEWOBJ": _new,
    "NEWOBJ_EX": _new_with_keywords, "BUILD": _build,
    "BINPERSID": lambda machine, _: machine.push(machine.persistent(machine.stack.pop())),
}  # fmt: skip
