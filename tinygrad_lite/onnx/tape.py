"""One run of a model as a list of steps that refer to values by number, arrays included.

The record of `viz` is plain data for the eye; an export also needs the constants themselves, the
settings as they were given, and which array an operation met that was handed over without its
tensor. A tape therefore holds every array of the run until it is dropped.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from .._graph.ledger import Ledger, find_user_frame, write_place
from .._op import CATALOGUE
from .._stamps import root_of, version
from .._state import here
from .._tensor import Tensor
from .errors import OnnxExporterError, UnsupportedOperatorError

__all__ = ["Ref", "Step", "Tape", "Value", "flatten"]


class Ref(NamedTuple):
    """A value of the tape by its number."""

    number: int


@dataclass
class Value:
    """An array of the run: `role` is input, parameter, buffer, constant or result."""

    role: str
    name: str
    array: Any


@dataclass
class Step:
    """One operation of the run, or one call that was taken whole (`whole`)."""

    op: str
    operands: tuple[Any, ...]
    settings: dict[str, Any]
    results: tuple[int, ...]
    path: str = ""
    place: str = ""
    whole: bool = False


@dataclass
class Tape:
    """Watches a run.

    `takes` says whether a function with its arguments is to be one step; a function that has a
    twin is replaced by it.
    """

    takes: Callable[[str, dict[str, Any]], bool]
    twins: dict[str, Callable[..., Any]] = field(default_factory=dict)
    ledger: Ledger = field(default_factory=Ledger)
    steps: list[Step] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)
    inputs: list[int] = field(default_factory=list)
    outputs: list[Any] = field(default_factory=list)
    tensors: dict[int, tuple[tuple[int, int], int]] = field(default_factory=dict)
    arrays: dict[int, tuple[int, int]] = field(default_factory=dict)
    nodes: dict[int, int] = field(default_factory=dict)
    held: list[Any] = field(default_factory=list)
    roots: set[int] = field(default_factory=set)
    paused: int = 0
    looks_inside = True  # into functions of the user's, which are one operation to other watchers

    # -- watching -----------------------------------------------------------------------

    def __call__(self, op: Any, operands: tuple[Any, ...], settings: Any, result: Any) -> None:
        """Note an operation that has just run."""
        if self.paused:
            return
        if CATALOGUE.get(op.name) is not op and op.name != "contiguous":
            self._look_through(op, result)
            return
        read = tuple(self._read(operand) for operand in operands)
        full = {**op.defaults, **{k: self._read_setting(v) for k, v in settings.items()}}
        self._add(op.name, read, full, result)

    def _look_through(self, op: Any, result: Any) -> None:
        """Accept an operation of the user's if its results were made by noted operations."""
        made = flatten(result)
        found = [self.arrays.get(id(tensor._array)) for tensor in made]
        if not made or any(entry is None for entry in found):
            raise UnsupportedOperatorError(
                f"onnx.export: {op.name} ({self._find_place()}) is an operation of your own that "
                "computes in NumPy: write it with operations on tensors for the export"
            )
        for tensor, entry in zip(made, found, strict=True):
            self._remember(tensor, entry)
            self.held.append(tensor)

    def take_call(self, function: Any, args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """Note a call as one step, if it is to be taken whole, and run it."""
        if self.paused:
            return function(*args, **keywords)
        if function.__name__ in self.twins:
            return self.twins[function.__name__](*args, **keywords)
        bound = inspect.signature(function).bind(*args, **keywords)
        bound.apply_defaults()
        given = dict(bound.arguments)
        if not self.takes(function.__name__, given):
            return function(*args, **keywords)
        names = [name for name, value in given.items() if isinstance(value, Tensor)]
        read = tuple(self._read(given[name]) for name in names)
        settings = {k: None if k in names else v for k, v in given.items()}
        self.paused += 1
        try:
            result = function(*args, **keywords)
        finally:
            self.paused -= 1
        operands = dict(zip(names, read, strict=True))
        self._add(function.__name__, read, {**settings, **operands}, result, whole=True)
        return result

    def note_change(self, x: Any, result: Any, key: Any = None) -> None:
        """Note that `x` is about to become `result`, or to take it at `key`, in place."""
        if self.paused:
            return
        if key is None:
            number = self._read(result)
        else:
            operands = (self._read(x), self._read(result))
            self.values.append(Value("result", "", x._array))
            number = Ref(len(self.values) - 1)
            self._add_step("assign", operands, {"key": self._read_setting(key)}, (number.number,))
        entry = (number.number, version(x._array) + 1)
        self.held += (x, x._array)
        self.arrays[id(x._array)] = entry
        self._remember(x, entry)
        self.roots.add(id(root_of(x._array)))

    # -- values -------------------------------------------------------------------------

    def add_input(self, tensor: Any, name: str) -> None:
        """Declare an input."""
        self.inputs.append(self._enter("input", name, tensor))

    def _add(
        self, name: str, read: Any, settings: Any, result: Any, *, whole: bool = False
    ) -> None:
        results = tuple(self._enter("result", "", r) for r in flatten(result))
        self._add_step(name, read, settings, results, whole=whole)

    def _add_step(
        self, name: str, read: Any, settings: Any, results: Any, *, whole: bool = False
    ) -> None:
        call = self.ledger.enter(here.state.scope)
        path = self.ledger.calls[call].name if call >= 0 else ""
        self.steps.append(Step(name, read, settings, results, path, self._find_place(), whole))

    @staticmethod
    def _find_place() -> str:
        frame = find_user_frame(3)
        return write_place(frame.f_code, frame.f_lasti)

    def _enter(self, role: str, name: str, tensor: Any) -> int:
        """Give a tensor, or an array, a number."""
        number = len(self.values)
        array = getattr(tensor, "_array", tensor)
        kept = np.array(array) if role == "constant" else array
        self.values.append(Value(role, name, kept))
        self.held += (tensor, array)
        entry = (number, version(array))
        self.arrays[id(array)] = entry
        if role in {"input", "result"}:
            self.roots.add(id(root_of(array)) if isinstance(array, np.ndarray) else id(array))
        if isinstance(tensor, Tensor):
            self._remember(tensor, entry)
            if tensor._node is not None:
                self.held.append(tensor._node)
                self.nodes[id(tensor._node)] = number
        return number

    def _remember(self, tensor: Any, entry: Any) -> None:
        """Note which value a tensor is, as long as it keeps its array: resize_ brings another."""
        self.tensors[id(tensor)] = (entry, id(tensor._array))

    def _read(self, operand: Any) -> Any:
        """A reference for a tensor or an array, anything else as it is."""
        if isinstance(operand, Tensor):
            return self._read_tensor(operand)
        if isinstance(operand, (np.ndarray, np.generic)):
            return self._read_array(operand)
        return operand

    def _read_tensor(self, tensor: Any) -> Ref:
        array = tensor._array
        known, home = self.tensors.get(id(tensor), (None, id(array)))
        if home != id(array):
            return self._read_moved(tensor)
        for found in (known, self.arrays.get(id(array))):
            if found is not None and found[1] == version(array):
                return Ref(found[0])
        if tensor._node is not None and id(tensor._node) in self.nodes:
            return Ref(self.nodes[id(tensor._node)])
        if id(tensor) in self.tensors or id(array) in self.arrays:
            raise OnnxExporterError(
                f"a tensor read at {self._find_place()} was changed in place through a view, which "
                "an ONNX graph cannot follow: compute a new tensor (torch.where, torch.cat) instead"
            )
        role, name = self.ledger.owned.get(id(tensor), ("constant", ""))
        if role == "constant":
            self._refuse_data(array)
        return Ref(self._enter(role, name, tensor))

    def _read_moved(self, tensor: Any) -> Ref:
        """A tensor that has another array than it was noted with, as after `t_` or `resize_`."""
        array = tensor._array
        found = self.arrays.get(id(array))
        if found is None or found[1] != version(array):
            raise OnnxExporterError(
                f"a tensor read at {self._find_place()} was given other memory (resize_, set_ or "
                "an assignment to .data), which an ONNX graph cannot follow: compute a new tensor "
                "(reshape, torch.cat) instead"
            )
        return Ref(found[0])

    def _read_array(self, array: Any) -> Ref:
        found = self.arrays.get(id(array))
        if found is not None and found[1] == version(array):
            return Ref(found[0])
        self._refuse_data(array)
        return Ref(self._enter("constant", "", array))

    def _refuse_data(self, array: Any) -> None:
        if isinstance(array, np.ndarray) and id(root_of(array)) in self.roots:
            raise OnnxExporterError(
                f"the values of a tensor were taken out into NumPy before {self._find_place()}: an "
                "export can only follow operations on tensors"
            )

    def _read_setting(self, value: Any) -> Any:
        """A setting with the arrays in it replaced by references."""
        if isinstance(value, (Tensor, np.ndarray)):
            return self._read(value)
        if type(value) in {tuple, list}:
            return type(value)(self._read_setting(v) for v in value)
        return value

    def knows(self, array: Any) -> bool:
        """Whether an input or the result of a step has these elements."""
        values = (v.array for v in self.values if v.role in {"input", "result"})
        return any(
            np.shape(v) == array.shape and v.dtype == array.dtype and np.array_equal(v, array)
            for v in values
            if not version(v)  # else it was changed in place since
        )

    def read_outputs(self, result: Any) -> None:
        """Note what the run returned."""
        self.outputs = [self._read(tensor) for tensor in flatten(result)]


def flatten(result: Any) -> list[Any]:
    """The tensors of a result in order, whatever they are packed in."""
    if isinstance(result, Tensor):
        return [result]
    if isinstance(result, dict):
        result = list(result.values())
    if isinstance(result, (tuple, list)):
        return [tensor for part in result for tensor in flatten(part)]
    return []
