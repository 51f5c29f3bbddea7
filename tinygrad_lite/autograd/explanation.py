"""Why a tensor has no gradient: `why_no_grad` names the cuts, with file and line."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from .._nodes import Leaf, Pick
from .._stamps import STAMPS, line_of, root_of
from .._tensor import Tensor
from .provenance import Known, explain, known_of

__all__ = ["Explanation", "Stop", "why_no_grad"]

SHOWN = 8  # reasons listed; the rest is counted


class Stop(NamedTuple):
    """One reason why no gradient comes through.

    `cause` is one of no_grad, detach, integer, no derivative, number, array, frozen, leaf,
    intermediate, not reached, unused, replaced, unknown; `operation` is empty where none is to
    blame; `file` and `line` say where (empty and 0: not known).
    """

    cause: str
    operation: str
    file: str
    line: int
    text: str


class Explanation(NamedTuple):
    """What `why_no_grad` found: true if something is in the gradient's way; `str()` says what."""

    headline: str
    stops: tuple[Stop, ...]

    def __bool__(self) -> bool:
        return bool(self.stops)

    def __str__(self) -> str:
        lines = [f"  {stop.text}" for stop in self.stops[:SHOWN]]
        more = len(self.stops) - SHOWN
        return "\n".join([self.headline, *lines, *([f"  ... and {more} more"] if more > 0 else [])])

    def __repr__(self) -> str:
        return str(self)


def why_no_grad(tensor: Any, output: Any = None) -> Explanation:
    """Why `tensor` has no gradient, or why `output` (a loss) gives it none.

    Walks back and names every place where tracking stopped. Places are known of what ran inside
    `autograd.explain()`; a function without arguments instead of a tensor is run inside it.

    >>> import tinygrad_lite as torch
    >>> from tinygrad_lite import autograd
    >>> w = torch.ones(2, requires_grad=True)
    >>> why = autograd.why_no_grad(lambda: (w * 2).argmax())
    >>> why.stops[0].cause, why.stops[0].operation
    ('no derivative', 'argmax')
    """
    if not isinstance(tensor, Tensor) and callable(tensor):
        with explain():
            tensor = tensor()
    for given in (tensor,) if output is None else (tensor, output):
        if not isinstance(given, Tensor):
            raise TypeError(
                "why_no_grad expects a Tensor, or a function without arguments that returns one, "
                f"got {type(given).__name__}"
            )
    if output is not None:
        return _why_not_from(tensor, output)
    return _why_no_field(tensor) if tensor.requires_grad else _why_untracked(tensor)


def _describe(tensor: Any) -> str:
    return f"the tensor of shape {list(tensor._array.shape)} and {tensor.dtype!r}"


# A tensor without a history


def _why_untracked(tensor: Any) -> Explanation:
    known = known_of(tensor)
    if known is None:
        stop = _guess(tensor)
        return Explanation(f"{_describe(tensor)} has no history:", (stop,))
    stops = _unique(_cut_text(k) for k in _behind(known) if k.cut)
    if stops:
        return Explanation(f"{_describe(tensor)} lost its history where", stops)
    leaves = [k for k in _behind(known) if not k.sources]
    text = f"nothing that {_describe(tensor)} was computed from wants a gradient:"
    return Explanation(text, _unique(map(_leaf_text, leaves)))


def _behind(known: Known) -> Iterator[Known]:
    """What a tensor was computed from, nearest first, up to the cuts."""
    queue, seen = [known], {id(known)}
    for k in queue:
        yield k
        for source in () if k.cut else k.sources:
            if id(source.known) not in seen:
                seen.add(id(source.known))
                queue.append(source.known)


def _unique(stops: Iterable[Stop]) -> tuple[Stop, ...]:
    return tuple(dict.fromkeys(stops))


def _stop(cause: str, known: Known, text: str) -> Stop:
    return Stop(cause, known.operation, known.file, known.line, text)


def _cut_text(known: Known) -> Stop:
    """One cut in words."""
    names = [s.name or f"an operand ({s.known.shown})" for s in known.sources if s.known.tracked]
    name = ", ".join(dict.fromkeys(names))
    at = f"{known.operation} at {known.place}"
    text = {
        "no_grad": f"{at} ran under no_grad(), though {name} wants a gradient",
        "detach": f"{known.operation} at {known.place} took {name} out of the graph",
        "integer": f"{at} made whole numbers or truth values of {name} ({known.shown}): they carry "
        "no gradient",
        "no derivative": f"{at} has no derivative by {name}",
        "number": f"{at} made a Python number of {name}, and that number was computed with",
        "array": f"{at} made a NumPy array of {name}, and that array was computed with",
    }[known.cut]
    return _stop(known.cut, known, text)


def _leaf_text(known: Known) -> Stop:
    tensor = known.tensor()
    frozen = tensor is not None and type(tensor) is not Tensor
    changed = "" if tensor is None else _changed(tensor)
    what = "a parameter with requires_grad=False" if frozen else "made without requires_grad=True"
    if not known.shown.partition(", ")[2].partition(".")[2].startswith("float"):
        what = "whole numbers or truth values, which carry no gradient"
    text = f"the tensor ({known.shown}) first read at {known.place} is {what}{changed}"
    return _stop("frozen" if frozen else "leaf", known, text)


def _changed(tensor: Any) -> str:
    """Where a tensor's memory was changed in place, as a relative clause."""
    found = STAMPS.get(id(root_of(tensor._array)))
    if found is None:
        return ""
    last = found.last
    return f"; {last.name} changed it in place ({line_of(last.code, last.at)})"


def _guess(tensor: Any) -> Stop:
    """What can be said of a tensor that was not watched."""
    if tensor._array.dtype.kind != "f":
        text = "whole numbers and truth values carry no gradient: use a floating-point dtype"
        return Stop("integer", "", "", 0, text)
    other = _twin(tensor)
    if other is not None:
        made = f", which {_made(other._node)} made," if other.grad_fn is not None else ""
        text = f"it shares its memory with a tensor that is tracked{made}: detach() or .data"
        return Stop("detach", "", "", 0, text)
    if type(tensor) is not Tensor:
        return Stop("frozen", "", "", 0, f"a {type(tensor).__name__} with requires_grad=False")
    text = (
        "it was made without requires_grad=True, or computed where tracking had stopped"
        f"{_changed(tensor)}; compute it inside autograd.explain(), or as "
        "why_no_grad(lambda: ...), to see where"
    )
    return Stop("unknown", "", "", 0, text)


def _twin(tensor: Any) -> Any:
    """A tracked tensor with the memory of an untracked one, or None."""
    root = root_of(tensor._array)
    for other in gc.get_objects():
        if issubclass(type(other), Tensor) and getattr(other, "_node", None) is not None:
            same = root_of(other._array) is root
            if same and other._array.shape == tensor._array.shape:
                return other
    return None


# A tensor that is tracked


def _made(node: Any) -> str:
    """`sub at train.py:12`."""
    node = node.parent if node.__class__ is Pick else node
    return f"{node.op.name} at {line_of(node.code, node.at)}"


def _place(node: Any) -> tuple[str, str, int]:
    """Operation, file and line of a node."""
    node = node.parent if node.__class__ is Pick else node
    line = line_of(node.code, node.at).rpartition(":")[2]
    return node.op.name, node.code.co_filename, int(line) if line.isdigit() else 0


def _why_no_field(tensor: Any) -> Explanation:
    """Why a tracked tensor's `.grad` is None."""
    if tensor._grad is not None:
        return Explanation(f"{_describe(tensor)} has its gradient in .grad.", ())
    if tensor.is_leaf:
        text = (
            "it wants a gradient, but no backward() has reached it since the last zero_grad(): "
            "why_no_grad(tensor, loss) says whether loss.backward() would"
        )
        stop = Stop("not reached", "", "", 0, text)
    else:
        text = (
            f"it is no leaf: {_made(tensor.grad_fn)} made it, and .grad is kept for leaves only. "
            "Call retain_grad() on it; a weight is updated in place under no_grad() instead"
        )
        stop = Stop("intermediate", *_place(tensor.grad_fn), text)
    return Explanation(f"{_describe(tensor)} is tracked, but its .grad is None:", (stop,))


def _why_not_from(tensor: Any, output: Any) -> Explanation:
    """Why `output` gives `tensor` no gradient."""
    if not tensor.requires_grad:
        return _why_untracked(tensor)
    if not output.requires_grad and known_of(output) is None:
        return _why_untracked(output)
    leaves = _leaves(output._node, tensor._node) if output.requires_grad else []
    if leaves is None:
        return Explanation(f"a gradient flows to {_describe(tensor)}: call backward().", ())
    stops = _cuts_between(known_of(tensor), known_of(output)) or (_missing(tensor, output, leaves),)
    return Explanation(f"no gradient flows to {_describe(tensor)}:", stops)


def _leaves(root: Any, wanted: Any) -> list[Any] | None:
    """The leaves behind a node; None if the wanted node is behind it (or is it)."""
    stack, seen, found = [root], {root}, []
    while stack:
        node = stack.pop()
        if node is wanted or _same_result(node, wanted):
            return None
        if node.__class__ is Leaf:
            found.append(node)
        for parent, _ in node.edges():
            if parent not in seen:
                seen.add(parent)
                stack.append(parent)
    return found


def _same_result(node: Any, wanted: Any) -> bool:
    """Whether both stand for the same one of several results."""
    both = node.__class__ is Pick and wanted.__class__ is Pick
    return both and node.parent is wanted.parent and node.which == wanted.which


def _cuts_between(tensor: Known | None, output: Known | None) -> tuple[Stop, ...]:
    """The cuts on the ways from a watched tensor to a watched result."""
    if tensor is None or output is None:
        return ()
    after = _influenced_by(tensor, output)
    among = {id(k) for k in after}
    found = []
    for known in after:
        on_the_way = [s for s in known.sources if id(s.known) in among]
        if known.cut and on_the_way:
            found.append(_cut_text(known))
        elif any(s.known.tracked and not s.takes for s in on_the_way):
            text = f"{known.operation} at {known.place} has no derivative by this operand"
            found.append(_stop("no derivative", known, text))
    return _unique(found)


def _influenced_by(tensor: Known, output: Known) -> list[Known]:
    """What lies between a tensor and a result, both included."""
    queue: list[Known] = [output]
    readers: dict[int, list[Known]] = {id(output): []}
    for known in queue:
        for source in known.sources:
            if id(source.known) not in readers:
                readers[id(source.known)] = []
                queue.append(source.known)
            readers[id(source.known)].append(known)
    if id(tensor) not in readers:
        return []
    found, seen = [tensor], {id(tensor)}
    for known in found:
        for reader in readers[id(known)]:
            if id(reader) not in seen:
                seen.add(id(reader))
                found.append(reader)
    return found


def _missing(tensor: Any, output: Any, leaves: list[Any]) -> Stop:
    """The words for a tensor that a result was not computed from."""
    shape = tensor._array.shape
    twins = [leaf for leaf in leaves if _shape_of(leaf) == shape]
    if tensor.is_leaf and twins:
        text = (
            f"the result was not computed from it, but from another leaf of shape {list(shape)}: "
            "was the parameter replaced, perhaps after the optimizer was made?"
        )
        return Stop("replaced", "", "", 0, text)
    hint = "" if known_of(output) else (
        ", or it was cut off on the way: compute the result inside autograd.explain() to see where"
    )  # fmt: skip
    return Stop("unused", "", "", 0, f"nothing that the result was computed from reads it{hint}")


def _shape_of(leaf: Any) -> Any:
    tensor = leaf.tensor()
    return None if tensor is None else tensor._array.shape
