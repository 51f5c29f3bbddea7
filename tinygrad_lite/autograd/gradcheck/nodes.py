"""Node by node: each operation of a recorded run is replayed, and its rule checked alone.

A wrong gradient of a whole model says that something is wrong; this says what, and at which line.
"""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._graph import Graph, graph as trace_back, record
from ..._graph.ledger import find_user_frame, write_place
from ..._nodes import FREED, Leaf, Node, Pick, make
from ..._op import CATALOGUE
from ..._state import here
from ..._tensor import Tensor
from ..function import CallNode
from .check import check_subject
from .randomness import random_state_kept
from .report import GradcheckError, GradcheckReport
from .subject import Settings
from .tensors import TensorSubject, borrowed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

# The same operation with the same settings and shapes is checked this often; the rest is alike.
ALIKE = 3


@dataclass
class Step:
    """One operation to replay: its operands, of which arrays of floats want a gradient."""

    name: str
    place: str
    run: Callable[..., Any]
    operands: list[Any]
    settings: dict[str, Any] = field(default_factory=dict)
    number: int = -1  # of the operation in the graph of the run

    @property
    def title(self) -> str:
        """Operation and line, as `conv2d at model.py:31`."""
        return f"{self.name} at {self.place}" if self.place else self.name

    @property
    def key(self) -> tuple[Any, ...]:
        """What makes two steps alike."""
        shapes = tuple(getattr(value, "shape", value) for value in self.operands)
        return self.name, repr(sorted(self.settings.items())), repr(shapes), self.place


@dataclass
class GraphReport:
    """The verdict on every operation of a recorded run; true when all are right.

    `errors` maps the numbers of the operations in `graph` to the relative error found, so that
    `viz.draw(report)` shows the verdict on every card.
    """

    wrong: list[tuple[str, GradcheckReport]] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    graph: Graph | None = None
    errors: dict[int, float] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether no rule is wrong."""
        return not self.wrong

    def __bool__(self) -> bool:
        return self.ok

    def verdict(self) -> str:
        """One line: which operations are wrong, and how many are fine."""
        fine = len(self.checked) - len(self.wrong)
        if self.ok:
            return f"gradcheck passed for {fine} operations"
        names = ", ".join(title for title, _ in self.wrong)
        return f"gradcheck FAILED: {names} wrong, {fine} others fine"

    def __str__(self) -> str:
        lines = [self.verdict()]
        for title, report in self.wrong:
            lines += [f"- {title}", *("  " + line for line in str(report).splitlines()[:-1])]
        if self.skipped:
            counted = Counter(self.skipped)
            told = ", ".join(f"{name} ({count})" for name, count in sorted(counted.items()))
            lines.append(f"note: not replayed, for no operands are known: {told}")
        return "\n".join(lines)

    __repr__ = __str__


def check_nodes(
    what: Any, *inputs: Any, seed: int = 0, raise_exception: bool = True, report: bool = False
) -> bool | GraphReport:
    """True when the rule of every operation of a run is right, each checked alone in float64.

    `what` is a function or module, run at `inputs`, so that each operation is checked at the values
    it meets; or a loss that was computed already, of which the kept values serve and random ones
    stand in for the rest; or a Graph, which holds no values, so that all are random.

    **Errors** GradcheckError that names the operation and the line it was called from.
    """
    rng = np.random.default_rng(seed)
    if isinstance(what, Graph):
        steps, drawn = list(steps_of_graph(what, rng)), what
    elif isinstance(what, Tensor):
        steps, drawn = list(steps_of_result(what, rng)), trace_back(what)
    else:
        recorder = record(title=getattr(what, "__name__", type(what).__name__))
        with recorder:
            steps = steps_of_run(what, inputs, within=True)
        drawn = recorder.graph()
    found = check_steps(steps, seed)
    found.graph = drawn
    if raise_exception and not found.ok:
        raise GradcheckError(str(found))
    return found if report or not found.ok else True


def check_steps(steps: Sequence[Step], seed: int, dtype: Any = np.float64) -> GraphReport:
    """Check the rule of each step; of many alike, the first few."""
    found, seen = GraphReport(), Counter[Any]()
    alike: dict[Any, float] = {}
    for step in steps:
        seen[step.key] += 1
        if seen[step.key] > ALIKE:
            found.checked.append(step.title)
            found.errors[step.number] = alike.get(step.key, 0.0)
            continue
        arrays = [v for v in step.operands if is_floating(v)]
        if not arrays:
            continue
        try:
            report = check_step(step, seed, dtype)
        except Exception:  # noqa: BLE001 - a step that cannot be replayed is told, not raised
            found.skipped.append(step.name)
            continue
        found.checked.append(step.title)
        found.errors[step.number] = error = relative_error(report)
        alike[step.key] = max(error, alike.get(step.key, 0.0))
        if not report.ok:
            found.wrong.append((step.title, report))
    found.errors.pop(-1, None)
    return found


def relative_error(report: GradcheckReport) -> float:
    """The largest relative error of a wrong rule, 1 for misbehaviour, 0 for a right rule."""
    if report.ok:
        return 0.0
    errors = [entry.relative for one in report.inputs for entry in one.worst]
    return max((error for error in errors if np.isfinite(error)), default=1.0)


def check_step(step: Step, seed: int, dtype: Any = np.float64) -> GradcheckReport:
    """Report on one rule. The operands are given as float64 arrays."""
    operands = list(step.operands)
    wanted = [k for k, value in enumerate(operands) if is_floating(value)]
    for k in wanted:
        operands[k] = make(np.array(operands[k], dtype=dtype), None).requires_grad_()
    tensors = [operands[k] for k in wanted]
    with borrowed(tensors), random_state_kept(), np.errstate(all="ignore"):
        subject = TensorSubject(
            lambda: step.run(*operands, **step.settings),
            tensors,
            [f"x{k}" for k in wanted],
            step.title,
        )
        return check_subject(subject, Settings(seed=seed, probe=False))


def rules_are_right(function: Callable[[], Any], seed: int, dtype: Any = np.float64) -> bool:
    """Whether a run of several operations has only right rules, each checked at what it meets."""
    steps = steps_of_run(function, ())
    return len(steps) > 1 and check_steps(steps, seed, dtype).ok


def is_floating(value: Any) -> bool:
    """Whether an operand is an array of floats."""
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


def steps_of_run(function: Any, inputs: Sequence[Any], *, within: bool = False) -> list[Step]:
    """Every operation of one run, with the values it met; `within` a recorder that sees it too."""
    steps: list[Step] = []
    outer = here.watch if within else None
    ran = itertools.count()

    def see(op: Any, operands: tuple[Any, ...], settings: dict[str, Any], result: Any) -> None:
        number = next(ran)
        if outer is not None:
            outer(op, operands, settings, result)
            here.watch = see
        if not has_gradient(result):
            return
        frame = find_user_frame(3)
        run = op if op.differentiable else op.forward
        values = [
            as_operand(value) if has_rule(op, k) else as_constant(value)
            for k, value in enumerate(operands)
        ]
        steps.append(
            Step(
                op.name,
                write_place(frame.f_code, frame.f_lasti),
                run,
                values,
                dict(settings),
                number,
            )
        )

    before, here.watch = here.watch, see
    try:
        function(*inputs)
    finally:
        here.watch = before
    return steps


def has_gradient(result: Any) -> bool:
    """Whether an operation was recorded."""
    outputs = result if isinstance(result, tuple) else (result,)
    return any(isinstance(one, Tensor) and one.requires_grad for one in outputs)


def as_operand(value: Any) -> Any:
    """An operand for replay: float64 where a gradient is wanted, a constant tensor otherwise."""
    if not isinstance(value, Tensor):
        return value
    array = np.array(value._array)
    if array.dtype.kind != "f":
        return make(array, None)
    return array.astype(np.float64)


def as_constant(value: Any) -> Any:
    """An operand without a rule, such as the mask of a dropout: never bent."""
    array = value._array if isinstance(value, Tensor) else value
    return make(np.array(array), None) if isinstance(array, np.ndarray | np.generic) else array


def steps_of_result(loss: Tensor, rng: np.random.Generator) -> Iterator[Step]:
    """Every operation behind a result, oldest first."""
    found: dict[int, Any] = {}
    stack = [loss._node]
    while stack:
        node = stack.pop()
        if node is None or id(node) in found:
            continue
        found[id(node)] = node
        stack += [parent for parent, _ in node.edges()]
    ordered = sorted(found.values(), key=lambda node: -node.clock)
    ran = [node for node in ordered if not isinstance(node, Leaf | Pick)]
    for number, node in enumerate(ran):
        step = step_of(node, rng)
        step.number = number
        yield step


def step_of(node: Any, rng: np.random.Generator) -> Step:
    """A recorded operation as a step, with kept values where there are some."""
    op = node.op
    place = write_place(node.code, node.at) if getattr(node, "code", None) else ""
    if isinstance(node, CallNode):
        saved = [t for t in node.ctx._saved or () if isinstance(t, Tensor)]
        return Step(op.name, place, op.forward, operands_of_call(node, saved, rng))
    known = recovered(node)
    if is_plain(node):
        parents, shapes = (node.x, node.y)[: len(op.operands)], (node.sx, node.sy)
    else:
        parents, shapes = node.parents, node.shapes
    operands = []
    for k, parent in enumerate(parents):
        value = known.get(k)
        if parent is None and not has_rule(op, k):  # a mask, an index, a class: no stand-in bends
            value = np.zeros(shapes[k] or (), np.int64) if value is None else value
            value = as_constant(value)
        elif k not in known:
            value = stand_in_value(parent, shapes[k], node.shape, rng)
        operands.append(value)
    return Step(op.name, place, op, operands, dict(node.settings or {}))


def has_rule(op: Any, number: int) -> bool:
    """Whether an operation has a derivative with respect to one of its operands."""
    if op.shared is not None or op.variadic or not any(op.rules):
        return True  # one rule for all operands, or a Function's
    return number < len(op.rules) and op.rules[number] is not None


def operands_of_call(node: Any, saved: list[Tensor], rng: np.random.Generator) -> list[Any]:
    """Inputs of a Function's call: saved ones, and random ones of the same shapes."""
    found = []
    for parent, shape in zip(node.parents, node.shapes, strict=True):
        match = [t._array for t in saved if t._node is parent and t._array.shape == shape]
        value = match[0] if match else rng.uniform(0.5, 1.5, shape)
        found.append(np.array(value, dtype=np.float64))
    return found


def recovered(node: Any) -> dict[int, Any]:
    """Operands whose values the rules of a node keep, by position."""
    op: Any = node.op
    found: dict[int, Any] = {}
    pairs: list[tuple[Any, Any]] = []
    if is_plain(node):
        pairs = [(op.rules[0], node.kx), (op.rules[1] if len(op.rules) > 1 else None, node.ky)]
    elif op.shared is not None:
        pairs = [(op.shared, node.kept)]
    elif node.kept is not FREED:
        pairs = list(zip(op.rules, node.kept, strict=False))
    for rule, kept in pairs:
        if rule is None or kept is None or kept is FREED:
            continue
        values = kept if isinstance(kept, tuple) else (kept,)
        for source, value in zip(rule.sources, values, strict=False):
            if source.what == "operand":
                found[source.which] = as_kept(value)
            elif source.what == "operands":
                found.update(enumerate(map(as_kept, value)))
    return found


def is_plain(node: Any) -> bool:
    """Whether a node is one of one or two operands, with its edges in the open."""
    return bool(node.__class__ is Node)


def as_kept(value: Any) -> Any:
    """A kept value as an operand."""
    if not isinstance(value, np.ndarray | np.generic):
        return value
    array = np.array(value)
    return array.astype(np.float64) if array.dtype.kind == "f" else make(array, None)


def stand_in_value(parent: Any, shape: Any, result: Any, rng: np.random.Generator) -> Any:
    """Random positive numbers of an operand's shape."""
    if shape is None and parent is not None:
        owner: Any = parent.tensor() if isinstance(parent, Leaf) else parent
        shape = None if owner is None else tuple(owner.shape)  # a leaf may be gone by now
    if shape is None:
        shape = result
    return rng.uniform(0.5, 1.5, shape)


def steps_of_graph(graph: Graph, rng: np.random.Generator) -> Iterator[Step]:
    """Every operation of the library in a graph, at random values of the shapes recorded."""
    for number, node in enumerate(graph.nodes):
        op = CATALOGUE.get(node.op)
        if op is None or not node.differentiable:
            continue
        operands = [value_of(graph, operand, rng) for operand in node.operands]
        operands = [v if has_rule(op, k) else as_constant(v) for k, v in enumerate(operands)]
        yield Step(node.op, node.source, op, operands, dict(node.settings), number)


def value_of(graph: Graph, operand: Any, rng: np.random.Generator) -> Any:
    """Random values for what an operand reads, or the number written in the code."""
    if operand.node >= 0:
        source = graph.nodes[operand.node]
        shape, dtype = source.shapes[operand.output], source.dtypes[operand.output]
    elif operand.leaf >= 0:
        leaf = graph.leaves[operand.leaf]
        shape, dtype = leaf.shape, leaf.dtype
    else:
        return operand.scalar
    if shape is None or not dtype.startswith(("float", "torch.float")):
        return None
    return rng.uniform(0.5, 1.5, shape)
