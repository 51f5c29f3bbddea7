"""Recording: `apply` runs an operation on tensors and notes what was done.

This is the general, plain path.  `_lift` has the same thing unrolled for the small elementwise
operations where its overhead would show; both build the same nodes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ._advice import for_types
from ._dtypes import default_numpy, of, result_type
from ._errors import broadcast_error
from ._nodes import NUMBER, Leaf, Node, Pick, WideNode, make
from ._op import Call, Op, Rule
from ._stamps import outside, stamp
from ._state import here, tick
from ._walk import Walk
from .ops.elementwise import cast

__all__ = [
    "Leaf",
    "Node",
    "Pick",
    "View",
    "Walk",
    "WideNode",
    "apply",
    "here",
    "mismatch",
    "note_view",
    "stamp",
    "tick",
]

new, ndarray = object.__new__, np.ndarray


def apply(op: Op, operands: tuple[Any, ...], settings: dict[str, Any]) -> Any:
    """Run an operation on tensors, arrays and numbers, and record it: the general, plain path."""
    tensor = Op.tensor_class
    arrays: list[Any] = []
    nodes: list[Any] = []
    wanted = left = False
    for operand in operands:
        if isinstance(operand, tensor):
            if operand._view is not None:  # type: ignore[attr-defined]
                operand._view.refresh(operand)  # type: ignore[attr-defined]
            arrays.append(operand._array)  # type: ignore[attr-defined]
            node = operand._node  # type: ignore[attr-defined]
            nodes.append(node)
            wanted = wanted or node is not None
        else:
            arrays.append(operand)
            nodes.append(None)
    if op.dtypes is not None and not _of_one_type(op, arrays):
        left = not hasattr(arrays[0], "dtype")  # a number on the left
        operands = promote(op, operands)
        arrays = [getattr(o, "_array", o) for o in operands]
        nodes = [getattr(o, "_node", None) for o in operands]
    try:
        result = op.forward(*arrays, **settings)
    except ValueError as error:
        raise mismatch(op, arrays, error) or error from None
    if result.__class__ is not np.ndarray:
        result = buffers(result)
    state = here.state
    if wanted and state.grad and op.facts.differentiable:
        made = _recorded(op, arrays, nodes, settings, result)
        if left and op.facts.plain and made._node.__class__ is Node:
            made._node.sx = NUMBER
    else:
        made = _unrecorded(op, result)
    if op.kind == "view" and isinstance(operands[0], tensor):
        note_view(made, operands[0], op, settings, state.grad)
    if state.watch is not None:
        state.watch(op, operands, settings, made)
    return made


def _of_one_type(op: Op, arrays: list[Any]) -> bool:
    """Whether nothing is left to promote: the usual case, seen without asking the table."""
    kind = getattr(arrays[0], "dtype", None)
    if kind is None or (op.dtypes == "float" and kind.kind != "f"):
        return False
    for array in arrays:  # noqa: SIM110 - all() with a generator takes three times as long
        if getattr(array, "dtype", None) is not kind:
            return False
    return True


class View:
    """How a tensor is a view of another one, so that a change in place of either reaches both.

    All views of one memory share a `family`: a list with the number of recorded changes so far.
    A view whose `epoch` is behind takes its history from its base once more.
    """

    __slots__ = ("epoch", "family", "op", "origin", "settings", "shown", "tracked")

    origin: Any
    shown: Any  # the array that the origin had then: `t_` and its kin give it another one
    epoch: int
    family: list[int]
    op: Op
    settings: dict[str, Any]
    tracked: bool  # whether gradients were on when it was made

    @property
    def base(self) -> Any:
        """The tensor it is a view of, in the shape that it had when the view was made.

        A tensor that takes another shape in place becomes a view of a stand-in with the old one.
        """
        tensor = self.origin
        while tensor._array is not self.shown:
            if tensor._view is None:
                return self.origin
            tensor = tensor._view.origin
        return tensor

    def refresh(self, tensor: Any) -> None:
        """Bring the history of `tensor`, whose view this is, up to date with its base's."""
        if self.epoch == self.family[0]:
            return
        chain = [(self, tensor)]
        while chain[-1][0].base._view is not None:
            base = chain[-1][0].base
            chain.append((base._view, base))
        for view, seen in reversed(chain):
            if view.epoch != view.family[0]:
                view.renew(seen)

    def renew(self, tensor: Any) -> None:
        """Take the history of `tensor` from its base once more."""
        base = self.base
        if base._array is not self.shown and base._node is None:
            self.epoch = self.family[0]  # the base left for other memory, as resize_ does
            return
        state = here.state
        before, state.grad = state.grad, True
        try:
            self.epoch = self.family[0]
            tensor._node = apply(self.op, (base,), self.settings)._node
        finally:
            state.grad = before


def family_of(base: Any) -> list[int]:
    """The count of recorded changes that a tensor shares with its views.

    New tensors hold None there: to look for a slot that was never filled raises an error inside
    Python, which takes 0.3 microseconds.
    """
    family: list[int] | None = getattr(base, "_family", None)
    if family is None:
        family = base._family = [0]
    return family


def note_view(made: Any, base: Any, op: Op, settings: dict[str, Any], tracked: bool) -> None:
    """Remember that `made` is a view, if it really shares the memory of `base`."""
    array, origin = made._array, base._array
    owner = array.base
    if owner is None:
        shared = array is origin
    elif owner.__class__ is ndarray:  # NumPy's views know the owner of their memory
        shared = owner is origin or owner is origin.base
    else:
        shared = np.may_share_memory(array, origin)
    if shared:
        made._view = view = View()
        view.origin, view.shown, view.op, view.settings = base, origin, op, settings
        behind = base._view
        view.family = family = family_of(base) if behind is None else behind.family
        view.epoch, view.tracked = family[0], tracked


def promote(op: Op, operands: tuple[Any, ...]) -> tuple[Any, ...]:
    """Bring the operands to one type by torch's table, recording the casts."""
    arrays = [getattr(o, "_array", o) for o in operands]
    if op.dtypes == "same":
        _require_same(op, arrays)
        return operands
    target = result_type(arrays)
    if op.dtypes == "float" and target.kind != "f":
        target = default_numpy()
    return tuple(to_type(o, target) for o in operands)


def _require_same(op: Op, arrays: list[Any]) -> None:
    found = {a.dtype: None for a in arrays if isinstance(a, (np.ndarray, np.generic))}
    if len(found) > 1:
        names = " != ".join(of(d).name for d in found)
        raise RuntimeError(
            f"{op.name}: expected all operands to have the same dtype, but got {names}; "
            f"{for_types(of(d).name for d in found)}"
        )


def to_type(operand: Any, target: np.dtype[Any]) -> Any:
    """An operand as elements of another type."""
    if isinstance(operand, Op.tensor_class):
        if operand._array.dtype is target:  # type: ignore[attr-defined]
            return operand
        return apply(cast, (operand,), {"dtype": target})
    if isinstance(operand, (np.ndarray, np.generic)):
        return operand if operand.dtype is target else operand.astype(target)
    return np.asarray(operand).astype(target)


def buffers(result: Any) -> Any:
    """A result with NumPy scalars made 0-d arrays: a tensor has memory that can be written to."""
    if result.__class__ is tuple:
        return tuple(np.asarray(r) if isinstance(r, np.generic) else r for r in result)
    return np.asarray(result)


def mismatch(op: Op, arrays: list[Any], error: ValueError) -> RuntimeError | None:
    """torch's error for NumPy's `error` about operands that do not broadcast, or None."""
    if op.kind != "elementwise" and "be broadcast" not in str(error):
        return None
    shapes = [a.shape for a in arrays if isinstance(a, (np.ndarray, np.generic))]
    return broadcast_error(op.name, shapes)


def _unrecorded(op: Op, result: Any) -> Any:
    if op.aux:
        result = op.visible(result)
    if op.outputs:
        return tuple(make(r, None) for r in result)
    return make(result, None)


def _recorded(
    op: Op, arrays: list[Any], nodes: list[Any], settings: dict[str, Any], result: Any
) -> Any:
    """Make the node and the tensors of a result that wants a gradient."""
    facts = op.facts
    if facts.takes:
        nodes = [n if takes else None for n, takes in zip(nodes, facts.takes, strict=False)]
        if not any(n is not None for n in nodes):
            return _unrecorded(op, result)
    out, aux = result, ()
    if op.aux:
        out, aux = op.visible(result), result[max(len(op.outputs), 1) :]
    if not op.outputs and out.dtype.kind != "f":  # integers and booleans carry no gradient
        return _unrecorded(op, result)
    full = settings if len(settings) == len(op.defaults) else {**op.defaults, **settings}
    call: Call = (arrays, out, aux, full, nodes)
    node: Any = _plain_node(op, call) if facts.plain else _wide_node(op, call)
    node.op, node.hooks, node.settings, node.scope = op, None, settings, here.state.scope
    frame = outside()
    node.code, node.at = frame.f_code, frame.f_lasti
    if not op.outputs:
        node.shape, node.dtype, node.clock = out.shape, out.dtype, tick()
        return make(out, node)
    node.shape, node.dtype = tuple(r.shape for r in out), tuple(r.dtype for r in out)
    node.clock = tick()
    return tuple(make(r, Pick(node, i) if r.dtype.kind == "f" else None) for i, r in enumerate(out))


def _plain_node(op: Op, call: Call) -> Node:
    arrays, _, _, _, nodes = call
    node: Node = new(Node)
    node.x = nodes[0]
    node.kx = node.sx = node.y = node.ky = node.sy = None
    if nodes[0] is not None:
        node.kx, node.sx = _keep(op.rules[0], call), arrays[0].shape
    if len(nodes) > 1 and nodes[1] is not None:
        node.y, node.ky, node.sy = nodes[1], _keep(op.rules[1], call), arrays[1].shape
    return node


def _wide_node(op: Op, call: Call) -> WideNode:
    arrays, _, _, _, nodes = call
    node: WideNode = new(WideNode)
    node.parents = tuple(nodes)
    node.shapes = tuple([getattr(a, "shape", ()) for a in arrays])
    node.results = len(op.outputs)
    node.kept_again = None
    if op.shared is not None:
        node.kept = op.shared.gather(call)
        if op.shared_again is not None:
            node.kept_again = op.shared_again.gather(call)
        return node
    node.kept = _gather_each(op.rules, call)
    if any(op.rules_again):
        both = zip(op.rules_again, op.rules, strict=True)
        node.kept_again = _gather_each([again or rule for again, rule in both], call)
    return node


def _gather_each(rules: list[Rule | None], call: Call) -> tuple[Any, ...]:
    return tuple(
        [
            None if node is None or rule is None else rule.gather(call)
            for node, rule in zip(call[4], rules, strict=True)
        ]
    )


def _keep(rule: Any, call: Call) -> Any:
    """What a plain node keeps for a rule: None, one array, or a tuple of arguments."""
    if rule.keeps == "nothing":
        return None
    if rule.keeps == "out":
        return call[1]
    kept = rule.gather(call)
    return kept[0] if rule.keeps != "several" and kept[0].__class__ is np.ndarray else kept


Op.record = staticmethod(apply)
