"""The runs of a model that an export is made from: the same steps on inputs of several sizes.

The first run has the inputs as given; in the others they hold other elements, and the axes
declared dynamic have other sizes. What then differs between runs depends on the inputs.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from .._creation import from_numpy
from .._graph.record import _Untouched
from .._random import manual_seed
from .._stamps import version
from .._state import here
from .._tensor import Tensor
from .builder import Symbol
from .errors import OnnxExporterError
from .graph import can_take
from .tape import Tape
from .twins import TWINS

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Inputs", "run_again", "run_all"]

STRIDES = (1, -1, 2, 4, 8, 16, 32, 64)  # by how much dynamic axes grow, until the model takes them
# No two axes grow alike, so that a size tells which of them it follows.
GROWTH = ((0, 1, 3, 4), (0, 2, 1, 5), (0, 4, 2, 1), (0, 3, 5, 2), (0, 5, 4, 3))


@dataclass
class Inputs:
    """The arguments of a model: its tensors by name, and how to put arguments together again."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    names: list[str] = field(default_factory=list)
    tensors: list[Any] = field(default_factory=list)
    axes: dict[str, dict[int, str]] = field(default_factory=dict)

    def rebuild(self, replaced: dict[int, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments with other tensors in them, by the identity of the given ones."""
        return _replace(self.args, replaced), _replace(self.kwargs, replaced)


def _replace(value: Any, replaced: dict[int, Any]) -> Any:
    if isinstance(value, Tensor):
        return replaced[id(value)]
    if isinstance(value, dict):
        return {k: _replace(v, replaced) for k, v in value.items()}
    if isinstance(value, (tuple, list)):
        parts = [_replace(v, replaced) for v in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    return value


def collect(model: Any, args: Any, kwargs: dict[str, Any] | None, names: Any) -> Inputs:
    """The inputs of a call; names are those given, else those of the model's parameters."""
    given = tuple(args) if isinstance(args, (tuple, list)) else (args,)
    inputs = Inputs(given, dict(kwargs or {}))
    function = getattr(model, "forward", model)
    try:
        parameters = [*inspect.signature(function).parameters.values()]
    except (TypeError, ValueError):
        parameters = []
    own = [p.name for p in parameters if p.kind in {p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD}]
    own = list(getattr(model, "input_names", own))  # of a model that was read from a file
    pairs = [(own[i] if i < len(own) else f"input_{i}", v) for i, v in enumerate(given)]
    for name, value in [*pairs, *inputs.kwargs.items()]:
        _add(inputs, name, value)
    if names is not None:
        if len(names) > len(inputs.names):
            raise ValueError(
                f"onnx.export: {len(names)} input_names for {len(inputs.names)} tensors among the "
                f"arguments: {', '.join(inputs.names)}"
            )
        inputs.names[: len(names)] = [str(n) for n in names]
    return inputs


def _add(inputs: Inputs, name: str, value: Any) -> None:
    if isinstance(value, Tensor):
        if not any(value is t for t in inputs.tensors):
            inputs.names.append(name)
            inputs.tensors.append(value)
    elif isinstance(value, (tuple, list)):
        for i, part in enumerate(value):
            _add(inputs, f"{name}_{i}", part)
    elif isinstance(value, dict):
        for key, part in value.items():
            _add(inputs, str(key), part)


# -- sizes ------------------------------------------------------------------------------


def _plans(inputs: Inputs) -> Iterator[list[dict[str, int]]]:
    """Sizes of the dynamic axes for all runs; several proposals, the plainest first."""
    given: dict[str, int] = {}
    for name, tensor in zip(inputs.names, inputs.tensors, strict=True):
        for axis, symbol in inputs.axes.get(name, {}).items():
            size = int(tensor.shape[axis])
            if given.setdefault(symbol, size) != size:
                raise ValueError(
                    f"onnx.export: the dynamic axis {symbol!r} is {given[symbol]} in one input and "
                    f"{size} in {name!r}; axes of one name have one size"
                )
    if not given:
        yield [{}, {}]
        return
    for stride in STRIDES:
        plan = []
        for run in range(4):
            sizes = {}
            for place, (symbol, size) in enumerate(given.items()):
                growth = GROWTH[place % len(GROWTH)][run] + place // len(GROWTH)
                start = max(size, 2) if stride > 0 else size
                sizes[symbol] = start + stride * growth
            plan.append(sizes)
        if all(n >= 2 for sizes in plan for n in sizes.values()):
            yield plan


def _resized(array: Any, axes: dict[int, str], sizes: dict[str, int]) -> Any:
    """An array with other sizes, its elements repeated."""
    for axis, symbol in axes.items():
        array = array.take(np.arange(sizes[symbol]) % array.shape[axis], axis=axis)
    return np.array(array)


SIGNS, NUMBERS, FRACTIONS = 3, 2, 1  # how much of the values is changed


def _changed(array: Any, run: int, level: int) -> Any:
    """Other elements in another order, so that whatever depends on the values shows.

    No sum, extreme or sign of fractions stays, and no extreme of whole numbers, which keep to the
    range of the given ones. Inputs that the model refuses are changed less: at the level of
    `NUMBERS` signs stay, at that of `FRACTIONS` whole numbers do.
    """
    if not run or not level or not array.size:
        return array
    moved = np.roll(array, run)
    if moved.dtype.kind == "f":
        sign = -1 if level == SIGNS and run % 2 else 1
        return (moved * (sign * (1 - 0.07 * run))).astype(moved.dtype)
    if level == FRACTIONS:
        return array
    if moved.dtype.kind in "iu":
        low, high = moved.min(), moved.max()
        return np.where(moved == (high if run % 2 else low), low if run % 2 else high, moved)
    return moved


# -- running ----------------------------------------------------------------------------


def run_all(
    model: Any, inputs: Inputs, call: Callable[..., Any]
) -> tuple[list[Tape], tuple[Symbol, ...]]:
    """The tapes of all runs, and the dynamic sizes with their value in each."""
    first: Exception | None = None
    for plan in _plans(inputs):
        for level in (SIGNS, NUMBERS, FRACTIONS, 0):
            try:
                tapes = [
                    _run(model, inputs, sizes, number, level, call)
                    for number, sizes in enumerate(plan)
                ]
            except OnnxExporterError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever the model raises at such sizes
                first = first or error
                continue
            return tapes, _symbols(inputs, plan)
    if first is None:
        raise ValueError("onnx.export: a dynamic axis needs a size of at least 2 in the example")
    if inputs.axes:
        first.add_note(
            "onnx.export ran the model with other sizes of its dynamic axes: leave those out that "
            "it cannot take"
        )
    raise first


def run_again(model: Any, inputs: Inputs, symbols: tuple[Symbol, ...]) -> None:
    """Run a model as in the first of its runs."""
    _run(model, inputs, {symbol.name: symbol.values[0] for symbol in symbols}, 0, 0, model)


def _symbols(inputs: Inputs, plan: list[dict[str, int]]) -> tuple[Symbol, ...]:
    found: dict[str, Symbol] = {}
    for name in inputs.names:
        for axis, symbol in inputs.axes.get(name, {}).items():
            values = tuple(sizes[symbol] for sizes in plan)
            found.setdefault(symbol, Symbol(symbol, values, name, axis))
    return tuple(found.values())


@contextmanager
def _recorded(tape: Tape, seed: int) -> Iterator[None]:
    state = here.state
    before, grad = here.watch, state.grad
    manual_seed(seed)
    here.grad, here.watch = False, tape
    try:
        yield
    finally:
        here.grad, here.watch = grad, before


def _run(
    model: Any, inputs: Inputs, sizes: dict[str, int], number: int, level: int,
    call: Callable[..., Any],
) -> Tape:  # fmt: skip
    tape = Tape(can_take, TWINS)
    if hasattr(model, "named_modules"):
        tape.ledger.add_root(model)
    replaced, given = {}, []
    with _Untouched(model):
        for name, tensor in zip(inputs.names, inputs.tensors, strict=True):
            array = _resized(np.asarray(tensor._array), inputs.axes.get(name, {}), sizes)
            made = from_numpy(_changed(array, number, level))
            tape.add_input(made, name)
            replaced[id(tensor)] = made
            given.append((name, made._array, made._array.tobytes()))
        args, kwargs = inputs.rebuild(replaced)
        with _recorded(tape, number):
            tape.read_outputs(call(*args, **kwargs))
    for name, array, before in given:
        if not version(array) and array.tobytes() != before:
            raise OnnxExporterError(
                f"onnx.export: the input {name!r} was changed behind the tensor's back, as through "
                "the array that x.numpy() returns: write x[...] = value instead"
            )
    return tape
