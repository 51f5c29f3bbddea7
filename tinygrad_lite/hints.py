"""Hints about mistakes that no error reports: the program runs, and learns nothing, or wrongly.

A hint is a warning of its own category, given once, about a training's first three steps. It never
changes what is computed. Switch hints off with `torch.hints.off()`, or turn them into errors with
`warnings.simplefilter("error", torch.hints.HintWarning)`.

How it looks without slowing a program down: an optimizer asks for a look at its first three steps,
and for these a watcher sees every operation. Afterwards there is nothing left to call.
"""

from __future__ import annotations

import contextlib
import sys
import warnings
import weakref
from collections import deque
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from ._stamps import outside, version
from ._state import here, tick

__all__ = ["HintWarning", "off", "on"]

STEPS = 3
OPERATIONS = 2_000  # that are watched at most, of a program that never takes three steps
EVALUATION = 200  # operations that are watched after the first calls of eval()


class HintWarning(UserWarning):
    """Something that is allowed, and most likely not what was meant."""


class _Switch:
    """Whether hints are given, and which were given already."""

    on = True
    given: set[str] = set()  # noqa: RUF012 - one for the process
    evaluations = 3


def off() -> None:
    """Give no hints from now on."""
    _Switch.on = False
    _stop_watching()


def on() -> None:
    """Give hints again, each one anew."""
    _Switch.on, _Switch.evaluations = True, 3
    _Switch.given.clear()


def _say(kind: str, text: str, place: tuple[str, int, dict[str, Any]] | None = None) -> None:
    """Warn once of each kind, as if from the user's line."""
    if not _Switch.on or kind in _Switch.given:
        return
    _Switch.given.add(kind)
    file, line, names = place or _line()
    warnings.warn_explicit(
        f"{text} (a hint, given once; torch.hints.off() switches hints off)",
        HintWarning,
        file,
        line,
        module=str(names.get("__name__", "<unknown>")),
        registry=names.setdefault("__warningregistry__", {}),
    )


def _line() -> tuple[str, int, dict[str, Any]]:
    frame = outside()
    return frame.f_code.co_filename, frame.f_lineno, frame.f_globals


# -- what an optimizer and a model tell ------------------------------------------------------------

ASKED: deque[Any] = deque(maxlen=8)
"""Weak references to the modules whose parameters were asked for last."""
OPTIMIZERS: dict[int, weakref.ref[Any]] = {}  # copied at one blow, whatever other threads add


def note_model(module: Any) -> None:
    """Remember a module that an optimizer is likely to be made for."""
    ASKED.append(weakref.ref(module))


def note_optimizer(optimizer: Any) -> int:
    """Begin to watch for a new optimizer; the number of its steps that are to be looked at."""
    key = id(optimizer)
    OPTIMIZERS[key] = weakref.ref(optimizer, partial(_forget, key))
    if not _Switch.on:
        return 0
    optimizer._seen = tick(), None
    _start_watching(OPERATIONS)
    return STEPS


def _forget(key: int, gone: weakref.ref[Any]) -> None:
    """An optimizer is gone: unless another waits for its first steps, there is nothing to see."""
    OPTIMIZERS.pop(key, None)
    if not any(getattr(ref(), "_looks", 0) for ref in list(OPTIMIZERS.values())):
        _stop_watching()


def note_evaluation() -> None:
    """Watch the first operations of an evaluation, where accuracies are computed."""
    if _Switch.on and _Switch.evaluations:
        _Switch.evaluations -= 1
        _start_watching(EVALUATION)


def skip(optimizer: Any) -> None:
    """Look at no step of a training that goes on: the one that was broken off did not either."""
    optimizer._looks = 0
    _stop_watching()


def look_at_step(optimizer: Any) -> None:
    """Look at the gradients before one of the first steps."""
    optimizer._looks -= 1
    if not _Switch.on:
        return
    # A hint must never stand in the way; but what a timer or a signal raises here must get through.
    with contextlib.suppress(AttributeError, LookupError, TypeError, ValueError):
        params = [p for group in optimizer.param_groups for p in group["params"]]
        graded = [p for p in params if p._grad is not None]
        if not graded:
            _look_at_nothing(optimizer, len(params))
        else:
            _look_at_sum(optimizer, graded)
            _look_at_hidden()
    if not optimizer._looks:
        _stop_watching()


def _look_at_nothing(optimizer: Any, count: int) -> None:
    clock, now = optimizer._seen[0], tick()
    optimizer._seen = now, None
    computed = clock - now > 1  # else this is a schedule being plotted
    if computed and not _look_at_hidden():
        name = type(optimizer).__name__
        _say(
            "no gradient",
            f"{name}.step() changed nothing: all {count} gradients are None. Call loss.backward() "
            "before it, on a loss that was computed from these parameters",
        )


def _look_at_sum(optimizer: Any, graded: list[Any]) -> None:
    """Whether the smallest gradient is still that of the step before, with another added to it."""
    param = min(graded, key=lambda p: p._array.size)
    grad = param._grad
    clock, seen = optimizer._seen
    count = version(grad._array)
    if seen is not None:
        before, stamps, values = seen
        added = before() is grad and stamps == count and not np.array_equal(values, grad._array)
        if added:
            _say(
                "sum of gradients",
                f"{type(optimizer).__name__}.step() used the sum of the gradients of this step and "
                "of the steps before: nothing set them to zero. Call optimizer.zero_grad() before "
                "backward(), unless the sum is meant",
            )
    optimizer._seen = clock, (weakref.ref(grad), count, np.array(grad._array))


def _look_at_hidden() -> bool:
    """Whether gradients lie where no optimizer looks."""
    optimizers = [o for o in (ref() for ref in list(OPTIMIZERS.values())) if o is not None]
    trained = {id(p) for o in optimizers for group in o.param_groups for p in group["params"]}
    found = False
    for path, what, params in hidden():
        lost = [p for p in params if p._grad is not None and id(p) not in trained]
        found = found or bool(lost)
        if lost and what == "tensor":
            _say(
                f"tensor {path}",
                f"{path} requires grad but is not a Parameter: no optimizer trains it, and "
                "state_dict() leaves it out. Write nn.Parameter(...), or register_buffer for a "
                "constant",
            )
        elif lost:
            _say(
                f"list {path}",
                f"{path} is a {what} that parameters() cannot see: nothing in it is trained or "
                "saved. Use ModuleList, ModuleDict or Sequential",
            )
    return found


def hidden() -> Iterator[tuple[str, str, list[Any]]]:
    """What modules keep in plain attributes: the path, what it is, and the parameters in it."""
    for known in list(ASKED):
        root = known()
        if root is None:
            continue
        for path, module in root.named_modules():
            registered = {*module._parameter_names, *module._buffer_names, *module._module_names}
            for name, value in list(vars(module).items()):
                if name not in registered and not name.startswith("_"):
                    kind = type(root).__name__
                    yield from _hidden_in(".".join(filter(None, [kind, path, name])), value)


def _hidden_in(path: str, value: Any) -> Iterator[tuple[str, str, list[Any]]]:
    if getattr(value, "requires_grad", False) is True and value.is_leaf:
        yield path, "tensor", [value]
    members = list(value.values()) if isinstance(value, dict) else value
    if not isinstance(members, (list, tuple)):
        return
    modules = [member for member in members if hasattr(member, "named_modules")]
    if modules:
        word = type(value).__name__
        text = f"{word} of {len(modules)} Module{'s' * (len(modules) > 1)}"
        yield path, text, [p for m in modules for _, p in m.named_parameters()]


def hidden_text() -> str:
    """Which lists of modules an optimizer without parameters may have missed."""
    with contextlib.suppress(Exception):
        found = [f"{path} ({what})" for path, what, _ in hidden()]
        if found:
            return f": see {', '.join(dict.fromkeys(found))}"
    return ""


# -- what the watcher sees -------------------------------------------------------------------------


class _Watch:
    """Sees the operations of the first steps; follows results that were broadcast by accident."""

    def __init__(self) -> None:
        self.left = 0
        self.broadcast: dict[int, Any] = {}

    def __call__(self, op: Any, operands: Any, settings: Any, result: Any) -> None:
        self.left -= 1
        look = LOOKS.get(op.name)
        if look is not None:
            with contextlib.suppress(Exception):
                look(self, op, operands, settings, result)
        if self.left <= 0:
            _stop_watching()

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


_watch = _Watch()


def _start_watching(count: int) -> None:
    if here.watch is None:
        _watch.left = count
        here.watch = _watch
    elif here.watch is _watch:
        _watch.left = max(_watch.left, count)


def _stop_watching() -> None:
    _watch.broadcast.clear()
    if here.watch is _watch:
        here.watch = None


def _array(x: Any) -> Any:
    return getattr(x, "_array", x)


def _see_pair(watch: _Watch, op: Any, operands: Any, settings: Any, result: Any) -> None:
    """(N, 1) with (N,) gives (N, N): note it, unless the column was made on purpose."""
    for column, row in (operands[:2], operands[1::-1]):
        a, b = _array(column), _array(row)
        both = isinstance(a, np.ndarray) and isinstance(b, np.ndarray)
        if both and a.ndim == 2 and a.shape[1] == 1 and b.shape == a.shape[:1] and len(b) > 1:
            if getattr(column, "_view", None) is None and a.base is None:
                _follow(watch, result, (a.shape, b.shape, op.name, _line()))
            return
    _see_change(watch, op, operands, settings, result)


def _follow(watch: _Watch, result: Any, story: Any) -> None:
    array = _array(result)
    key = id(array)
    watch.broadcast[key] = story
    weakref.finalize(array, watch.broadcast.pop, key, None).atexit = False


def _see_change(watch: _Watch, op: Any, operands: Any, settings: Any, result: Any) -> None:
    """What is computed from such a result element by element is one as well."""
    for operand in operands:
        story = watch.broadcast.get(id(_array(operand)))
        if story is not None and _array(result).shape == _array(operand).shape:
            _follow(watch, result, story)
            return


def _see_total(watch: _Watch, op: Any, operands: Any, settings: Any, result: Any) -> None:
    """The sum or mean of all of them is what nobody means."""
    story = watch.broadcast.get(id(_array(operands[0])))
    if story is None or _array(result).size != 1:
        return
    column, row, name, place = story
    both = (column[0], row[0])
    _say(
        "broadcast",
        f"{name} of {tuple(column)} and {tuple(row)} became {both} by broadcasting: every element "
        "meets every other one. If they belong together in pairs, write squeeze(1) on the first or "
        "unsqueeze(1) on the second",
        place,
    )


def _see_classes(watch: _Watch, op: Any, operands: Any, settings: Any, result: Any) -> None:
    """Probabilities where logits belong: rows of positive numbers that sum to 1."""
    x = _array(operands[0])
    if x.ndim < 2 or x.shape[1] < 2 or x.dtype.kind != "f" or not x.size:
        return
    if x.min() > 0 and np.abs(x.sum(axis=1, dtype=np.float64) - 1).max() < 1e-3:
        _say(
            "probabilities",
            "the input rows of cross_entropy are positive and sum to 1, like probabilities: it "
            "takes logits and applies softmax itself. Drop the softmax before it, or use "
            "nll_loss(probabilities.log(), target)",
        )


def _see_logs(watch: _Watch, op: Any, operands: Any, settings: Any, result: Any) -> None:
    """Logits where logarithms of probabilities belong: those are never positive."""
    x, node = _array(operands[0]), getattr(operands[0], "_node", None)
    if node is None or not any(True for _ in node.edges()) or not _is_within("nll_loss"):
        return  # numbers that no layer computed are somebody's experiment
    if x.size and x.max() > 1e-3:
        _say(
            "logits",
            f"the input of nll_loss has positive numbers such as {x.max():.3g}: it takes "
            "logarithms of probabilities. Use log_softmax(x, 1) before it, or cross_entropy",
        )


def _is_within(name: str) -> bool:
    """Whether a function of this name is among those that called the operation."""
    frame = sys._getframe(2)
    for _ in range(8):
        if frame.f_code.co_name == name:
            return True
        if frame.f_back is None:
            return False
        frame = frame.f_back
    return False


CHANGES = (
    "power", "square", "abs", "mul", "div", "neg", "cast", "sqrt", "exp", "maximum", "clamp",
    "logical_not", "clone", "copy", "identity",
)  # fmt: skip
LOOKS: dict[str, Any] = {
    **dict.fromkeys(CHANGES, _see_change),
    "sub": _see_pair,
    "eq": _see_pair,
    "ne": _see_pair,
    "sum": _see_total,
    "mean": _see_total,
    "cross_entropy": _see_classes,
    "nll_loss": _see_logs,
    "gather": _see_logs,  # with weights of classes
}
