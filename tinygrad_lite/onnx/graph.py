"""From runs on a tape to a graph: the runs are laid side by side, and every step is written."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._op import CATALOGUE
from . import writers
from .builder import Builder, Symbol, Value
from .context import WHOLE, WRITERS, Context
from .errors import OnnxExporterError, UnsupportedOperatorError, UntracedError
from .patterns import generate
from .sizes import unify
from .tape import Ref, Step, Tape

__all__ = ["Writer", "can_take"]

PACKAGES = (writers,)  # imported for the tables they fill


def can_take(name: str, arguments: dict[str, Any]) -> bool:
    """Whether a call with these arguments is written as one."""
    return name in WHOLE and bool(WHOLE[name][1](**arguments))


class Writer:
    """Writes the steps that all runs have in common into one graph."""

    def __init__(self, tapes: list[Tape], symbols: tuple[Symbol, ...]) -> None:
        self.tapes = tapes
        self.builder = Builder(symbols, len(tapes))
        self.names: dict[int, str] = {}
        self.named: set[int] = set()  # values that have the name of an output
        self.lasts: dict[int, tuple[str, bool]] = {}
        self._compare()

    def _compare(self) -> None:
        """Raise unless all runs took the same steps."""
        first = self.tapes[0]
        for other in self.tapes[1:]:
            for mine, theirs in zip(first.steps, other.steps, strict=False):
                same = mine.op == theirs.op and len(mine.operands) == len(theirs.operands)
                if not same or mine.results != theirs.results:
                    raise self._differ(mine, theirs)
            if len(first.steps) != len(other.steps):
                longer = max(first.steps, other.steps, key=len)
                raise self._differ(longer[min(len(first.steps), len(other.steps))], None)

    @staticmethod
    def _differ(mine: Step, theirs: Step | None) -> OnnxExporterError:
        also = f" and {theirs.op} ({theirs.place})" if theirs is not None else ""
        return OnnxExporterError(
            f"the model takes other steps for other inputs, first at {mine.op} ({mine.place})"
            f"{also}: a branch or a loop depends on the values or the sizes of the inputs. Leave "
            "that axis out of the dynamic ones, or write the choice with torch.where"
        )

    # -- values -------------------------------------------------------------------------

    def shape(self, number: int) -> tuple[Any, ...]:
        """The shape of a value, with a `Size` where runs differ."""
        shapes = tuple(np.shape(tape.values[number].array) for tape in self.tapes)
        if len({len(s) for s in shapes}) > 1:
            raise OnnxExporterError("a value has another number of axes in another run")
        return tuple(unify(parts) for parts in zip(*shapes, strict=True))

    def describe(self, number: int, name: str) -> Value:
        """A value by its number."""
        return Value(name, self.shape(number), self.tapes[0].values[number].array.dtype)

    def read(self, operand: Any, step: Step) -> Any:
        """An operand of all runs as a value of the graph, or a number."""
        if not isinstance(operand, Ref):
            return operand
        number = operand.number
        if number not in self.names:
            self.names[number] = self._add_leaf(number, step)
        if number in self.lasts and step.op != "index":
            raise UnsupportedOperatorError(
                f"onnx.export: {step.op} ({step.place}) reads the cell states of all steps of an "
                "LSTM, of which ONNX keeps the last only"
            )
        return self.describe(number, self.names[number])

    def _add_leaf(self, number: int, step: Step) -> str:
        leaf = self.tapes[0].values[number]
        arrays = tuple(np.asarray(tape.values[number].array) for tape in self.tapes)
        if leaf.role in {"parameter", "buffer"}:
            return self.builder.constant(np.array(leaf.array), wish=leaf.name)
        if leaf.role == "result":
            raise OnnxExporterError(f"{step.op} ({step.place}) reads a value nobody made")
        same = all(
            a.shape == arrays[0].shape
            and np.array_equal(a, arrays[0], equal_nan=a.dtype.kind == "f")
            for a in arrays[1:]
        )
        if same:
            return self.builder.constant(arrays[0])
        found = generate(self.builder, arrays)
        if found is None:
            where = f" in {step.path}" if step.path else ""
            shapes = sorted({a.shape for a in arrays})
            what = f"an operand of {step.op} ({step.place}{where})"
            if not step.place:
                what = "an output of the model"
            raise UntracedError(
                f"onnx.export: {what} of shape "
                f"{' or '.join(map(str, shapes))} differs from run to run without being computed "
                "by tensor operations: it depends on the values of the inputs, on random numbers, "
                "or on sizes in a way that is not seen through",
                arrays[0],
            )
        return found

    def _side_by_side(self, operands: tuple[Any, ...], step: Step) -> Any:
        """One operand, as each run had it."""
        if all(isinstance(o, Ref) for o in operands):
            numbers = {o.number for o in operands}
            if len(numbers) > 1:
                raise self._differ(step, None)
            return self.read(operands[0], step)
        if any(isinstance(o, Ref) for o in operands):
            raise self._differ(step, None)
        found = unify(operands)
        if found is operands[0] or isinstance(operands[0], (str, type(None))):
            return found
        dtype = self.tapes[0].values[step.results[0]].array.dtype if step.results else None
        arrays = tuple(np.asarray(o, dtype) for o in operands)
        name = generate(self.builder, arrays)
        if name is None:
            raise UnsupportedOperatorError(
                f"onnx.export: a number in {step.op} ({step.place}) depends on the values of the "
                "inputs: it left the graph, as with .item() or float()"
            )
        return Value(name, arrays[0].shape, arrays[0].dtype)

    def _settings(self, values: tuple[Any, ...], step: Step) -> Any:
        """One setting of all runs, with the arrays in it as values of the graph."""
        first = values[0]
        if isinstance(first, Ref):
            return self._side_by_side(values, step)
        if (
            type(first) in {tuple, list}
            and all(type(v) is type(first) and len(v) == len(first) for v in values)
            and any(isinstance(part, Ref) for part in first)
        ):
            return tuple(self._settings(parts, step) for parts in zip(*values, strict=True))
        return unify(values)

    # -- steps --------------------------------------------------------------------------

    def write(self, used: set[int]) -> None:
        """Write every step that the outputs need, in order."""
        for place, step in enumerate(self.tapes[0].steps):
            if not used.isdisjoint(step.results):
                self._write_step(place, step)

    def _write_step(self, place: int, step: Step) -> None:
        steps = [tape.steps[place] for tape in self.tapes]
        self.builder.path = step.path.replace(".", "/")
        operands = tuple(
            self._side_by_side(parts, step)
            for parts in zip(*(s.operands for s in steps), strict=True)
        )
        settings = {
            name: self._settings(tuple(s.settings[name] for s in steps), step)
            for name in step.settings
        }
        context = Context(
            step.op,
            settings,
            tuple(self.describe(number, "") for number in step.results),
            self.builder,
            step.place,
            step.path,
            tuple(o.number if isinstance(o, Ref) else -1 for o in step.operands),
            step.results,
            self.lasts,
        )
        made = self._call(context, step, operands)
        names = made if isinstance(made, tuple) else (made,)
        for number, name in zip(step.results, names, strict=False):
            self.names[number] = getattr(name, "name", name)

    def _call(self, context: Context, step: Step, operands: tuple[Any, ...]) -> Any:
        if step.whole:
            return WHOLE[step.op][0](context, **context.settings)
        writer = WRITERS.get(step.op)
        if writer is not None:
            return writer(context, *operands)
        op = CATALOGUE[step.op]
        if op.onnx is None or op.settings or op.outputs:
            context.refuse("ONNX has no counterpart of it")
        dtype = next((o.dtype for o in operands if isinstance(o, Value)), None)
        made = [context.value(o, dtype) for o in operands]
        return self.builder.emit(op.onnx, *made)

    def used(self) -> set[int]:
        """The numbers of the values that the outputs depend on."""
        found = {o.number for o in self.tapes[0].outputs if isinstance(o, Ref)}
        for step in reversed(self.tapes[0].steps):
            if not found.isdisjoint(step.results):
                found.update(_refs((step.operands, tuple(step.settings.values()))))
        return found


def _refs(value: Any) -> list[int]:
    """Numbers of the values mentioned anywhere in nested tuples."""
    if isinstance(value, Ref):
        return [value.number]
    if isinstance(value, (tuple, list)):
        return [number for part in value for number in _refs(part)]
    return []
