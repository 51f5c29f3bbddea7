"""The graph of everything that runs: a watcher sees each operation as it happens."""

from __future__ import annotations

import inspect
import time
import weakref
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .._random import get_rng_state, set_rng_state
from .._state import here
from .._tensor import Tensor
from .ledger import Ledger, find_user_frame, is_leaf, name_variables, read_line, write_place
from .measure import list_settings, summarize
from .parts import Node, Operand
from .walk import count_bytes

if TYPE_CHECKING:
    from .value import Graph


class Recorder:
    """Records the operations of a `with` block; see `record`.

    After the block `graph()` gives the graph. A backward pass inside the block leaves the
    statistics of the gradients too, when `stats` is on.
    """

    def __init__(
        self, *, stats: bool = False, source: bool = True, lines: bool = False, title: str = ""
    ) -> None:
        self.stats = stats
        self.lines = lines
        self.source = source
        self.title = title
        self.ledger = Ledger(stats=stats)
        self.makers: dict[int, tuple[int, int]] = {}
        self.results: dict[int, tuple[weakref.ref[Any], int, int]] = {}
        self.arrays: dict[int, weakref.ref[Any]] = {}
        self.gradients: dict[int, Any] = {}
        self.inputs: list[Any] = []
        self.last = 0.0
        self.hooks: list[Any] = []
        self.before: Any = None

    def __enter__(self) -> Recorder:
        self.ledger.names.update(name_variables(find_user_frame(2)))
        self.before = here.watch
        here.watch = self._see
        self.last = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        here.watch = self.before
        for hook in self.hooks:
            hook.remove()

    def add_input(self, tensor: Any, name: str) -> None:
        """Name a tensor that comes from outside."""
        self.ledger.names[id(tensor)] = name
        self.ledger.add_tensor(tensor, name, known=True)

    def graph(self, *outputs: Tensor, title: str = "") -> Graph:
        """The graph of what was recorded; without `outputs` those results that nobody read."""
        nodes = self.ledger.nodes
        for place, found in self.gradients.items():
            nodes[place] = replace(nodes[place], gradient=found)
        self._refresh_leaves()
        ends = tuple(self._read(tensor, "") for tensor in outputs) or _find_unread(nodes)
        return self.ledger.close(ends, title=title or self.title)

    def _refresh_leaves(self) -> None:
        """Gradients may have come after a leaf was first met."""
        for tensor in self.ledger.held:
            place = self.ledger.places.get(id(tensor)) if isinstance(tensor, Tensor) else None
            if place is not None and tensor._grad is not None:
                gradient = summarize(tensor._grad._array)
                self.ledger.leaves[place] = replace(self.ledger.leaves[place], gradient=gradient)

    # -- watching -----------------------------------------------------------------------

    def _see(self, op: Any, operands: tuple[Any, ...], settings: Any, result: Any) -> None:
        now = time.perf_counter()
        elapsed, here.state.watch = now - self.last, None
        here.state.settle()
        try:
            self._note(op, operands, settings, result, elapsed)
        finally:
            here.watch = self._see
        if self.before is not None:
            self.before(op, operands, settings, result)
        self.last = time.perf_counter()

    def _note(
        self, op: Any, operands: tuple[Any, ...], settings: Any, result: Any, elapsed: float
    ) -> None:
        ledger = self.ledger
        call = ledger.enter(here.state.scope)
        outputs = result if isinstance(result, tuple) else (result,)
        arrays = [getattr(output, "_array", output) for output in outputs]
        shapes = tuple(tuple(getattr(array, "shape", ())) for array in arrays)
        dtypes = tuple(str(getattr(array, "dtype", "")) for array in arrays)
        names = () if op.variadic else op.operands
        place = len(ledger.nodes)
        read = tuple(
            self._read(operand, names[i] if i < len(names) else "")
            for i, operand in enumerate(operands)
        )
        frame = find_user_frame(3) if self.source else None
        where = write_place(frame.f_code, frame.f_lasti) if frame else ""
        differentiable = any(getattr(output, "_node", None) is not None for output in outputs)
        ledger.nodes.append(
            Node(
                op.name,
                read,
                shapes,
                dtypes,
                list_settings(settings),
                op.label,
                op.kind,
                call,
                where,
                frame.f_code.co_qualname if frame else "",
                differentiable,
                summarize(arrays[0]) if self.stats and arrays[0] is not None else None,
                seconds=elapsed,
                bytes=sum(count_bytes(s, d) for s, d in zip(shapes, dtypes, strict=True)),
                saved=_list_saved(op) if differentiable else (),
                scalar=_take_number(arrays[0]),
                formula=op.formula or "",
                line=read_line(frame.f_code, where) if frame and self.lines else "",
            )
        )
        for output, tensor in enumerate(outputs):
            self._remember(tensor, place, output)

    def _remember(self, tensor: Any, place: int, output: int) -> None:
        if not isinstance(tensor, Tensor):
            return
        node = tensor._node
        reference = weakref.ref(tensor)
        self.results[id(tensor)] = (reference, place, output)
        self.arrays[id(tensor._array)] = reference
        if node is None:
            return
        self.makers[id(node)] = (place, output)
        if self.stats and output == 0:
            hooked: Any = tensor
            self.hooks.append(hooked.register_hook(self._make_hook(place)))

    def _make_hook(self, place: int) -> Any:
        gradients = self.gradients

        def note(gradient: Any) -> None:
            gradients[place] = summarize(gradient._array)

        return note

    def _read(self, operand: Any, name: str) -> Operand:
        if isinstance(operand, Tensor):
            return self._read_tensor(operand, name)
        if isinstance(operand, np.ndarray) and operand.ndim:
            made = self.arrays.get(id(operand))
            tensor = made() if made is not None else None
            if tensor is not None and tensor._array is operand:  # an operation unwrapped it
                return self._read_tensor(tensor, name)._replace(differentiable=False)
            leaf = self.ledger.add_array(name, operand)
            return Operand(leaf=leaf, name=name, differentiable=False)
        if isinstance(operand, (np.ndarray, np.generic)):
            operand = operand.item()
        if operand is not None and not isinstance(operand, (bool, int, float, str)):
            operand = type(operand).__name__
        return Operand(scalar=operand, name=name, differentiable=False)

    def _read_tensor(self, tensor: Any, name: str) -> Operand:
        node = tensor._node
        if node is not None and not is_leaf(node):
            found = self.makers.get(id(node))
            if found is not None:
                return Operand(found[0], output=found[1], name=name)
        entry = self.results.get(id(tensor))
        if entry is not None and entry[0]() is tensor and (node is None or not is_leaf(node)):
            return Operand(entry[1], output=entry[2], name=name, differentiable=node is not None)
        array = tensor._array
        if node is None and array.ndim == 0 and id(tensor) not in self.ledger.names:
            return Operand(scalar=array.item(), name=name, differentiable=False)
        leaf = self.ledger.add_tensor(tensor, name)
        return Operand(leaf=leaf, name=name, differentiable=node is not None)


def record(
    *, stats: bool = False, source: bool = True, lines: bool = False, title: str = ""
) -> Recorder:
    """Record every operation of a `with` block, with or without gradients.

    `stats` takes statistics of every value and, where a backward pass runs inside the block, of
    every gradient; `source` notes the place of each call, `lines` the line of code there.

    >>> import tinygrad_lite as torch
    >>> with torch.record() as run:
    ...     y = torch.ones(2).exp() + 1
    >>> [node.op for node in run.graph()]
    ['exp', 'add']
    """
    return Recorder(stats=stats, source=source, lines=lines, title=title)


def trace(
    fn: Any, *inputs: Any, stats: bool = False, lines: bool = False, title: str = ""
) -> Graph:
    """The graph of `fn(*inputs)`; `fn` is a module or any function of tensors.

    Nothing is left changed: buffers, gradients, random state and mode are as before.

    >>> import tinygrad_lite as torch
    >>> from tinygrad_lite import viz
    >>> [node.op for node in viz.trace(lambda x: x.exp().sum(), torch.ones(2))]
    ['exp', 'sum']
    """
    recorder = Recorder(stats=stats, lines=lines, title=title or _name_function(fn))
    with recorder, _Untouched(fn):
        if hasattr(fn, "named_modules"):
            recorder.ledger.add_root(fn)
        for name, value in zip(_name_inputs(fn, len(inputs)), inputs, strict=True):
            if isinstance(value, Tensor):
                recorder.add_input(value, name)
        result = fn(*inputs)
    return recorder.graph(*_flatten(result))


class _Untouched:
    """Puts the buffers of a module and the random state back as they were."""

    def __init__(self, fn: Any) -> None:
        modules = list(fn.modules()) if hasattr(fn, "modules") else []
        self.buffers = [
            (module, name, tensor, np.array(tensor._array))
            for module in modules
            for name, tensor in module._buffers.items()
            if tensor is not None
        ]

    def __enter__(self) -> None:
        self.state = get_rng_state()

    def __exit__(self, *_: object) -> None:
        for module, name, tensor, copy in self.buffers:
            if module._buffers[name] is not tensor:
                module._buffers[name] = tensor
            if isinstance(tensor._array, np.ndarray):
                np.copyto(tensor._array, copy)
            else:
                tensor._array = copy[()]
        set_rng_state(self.state)


def _take_number(array: Any) -> Any:
    """The number in a 0-d array, None for other arrays."""
    return array.item() if isinstance(array, (np.ndarray, np.generic)) and not array.ndim else None


def _find_unread(nodes: list[Node]) -> tuple[Operand, ...]:
    """Results that no later operation read."""
    read = {operand.node for node in nodes for operand in node.operands}
    return tuple(Operand(place) for place in range(len(nodes)) if place not in read)


def _list_saved(op: Any) -> tuple[str, ...]:
    """What the rules of an operation keep for the way back."""
    rules = [op.shared] if op.shared is not None else [rule for rule in op.rules if rule]
    names: dict[str, None] = {}
    for rule in rules:
        for what, which in rule.sources:
            if what == "operand":
                names[op.operands[which]] = None
            elif what in {"out", "operands", "aux"}:
                names[what] = None
    return tuple(names)


def _name_function(fn: Any) -> str:
    if hasattr(fn, "named_modules"):
        return type(fn).__name__
    name = getattr(fn, "__name__", type(fn).__name__)
    return "function" if name == "<lambda>" else str(name)


def _name_inputs(fn: Any, count: int) -> list[str]:
    """Names of the first `count` parameters, `x0, x1 …` where they cannot be read."""
    try:
        parameters = inspect.signature(getattr(fn, "forward", fn)).parameters.values()
    except (TypeError, ValueError):
        parameters = ()  # type: ignore[assignment]
    names = [p.name for p in parameters if p.kind in {p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD}]
    return [names[i] if i < len(names) else f"x{i}" for i in range(count)]


def _flatten(result: Any) -> list[Tensor]:
    """The tensors of a result, in order, whatever they are packed in."""
    found: list[Tensor] = []
    work = [result]
    while work:
        item = work.pop()
        if isinstance(item, Tensor):
            found.append(item)
        elif isinstance(item, dict):
            work += list(item.values())[::-1]
        elif isinstance(item, (tuple, list)):
            work += list(item)[::-1]
    return found
