"""Changes in place: written into the tensor's own memory, recorded as a new history.

The result is computed out of place by the ordinary operation, written into the buffer, and the
tensor takes over the result's node.  Values of the old content that a new node keeps are copied
first; the buffer gets a stamp, so that older nodes that keep it are found out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ._dtypes import WIDE, of
from ._kernels import PLAIN
from ._lift import constant
from ._needs import NUMBERS, fill_number
from ._nodes import RETAIN, Leaf, Node, WideNode
from ._op import Op
from ._record import _recorded, apply, family_of, to_type
from ._stamps import root_of, stamp
from ._state import here, tick
from .ops.elementwise import zero
from .ops.indexing import assign, index, write_view

__all__ = ["change", "forbid", "forbid_overlap", "in_place_of", "replace", "set_items"]


def forbid(x: Any) -> None:
    """Raise where torch forbids a change in place."""
    try:
        node = x._node
    except AttributeError:
        raise TypeError(
            f"what is changed in place must be Tensor, not {x.__class__.__name__}"
        ) from None
    if here.state.grad and (node is not None or x._view is not None):
        forbid_history(x)
    array = x._array
    if (
        array.size
        and 0 in array.strides
        and any(s == 0 and n > 1 for s, n in zip(array.strides, array.shape, strict=True))
    ):
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a "
            "single memory location. Please clone() the tensor before performing the operation."
        )
    if not array.flags.writeable:
        raise RuntimeError("the tensor's memory is read-only: clone() it before changing it")


ANY_OVERLAP = {"index_add_", "index_copy_", "scatter_", "scatter_add_", "scatter_reduce_"}
"""Changes in place that may not even read the whole of what they write."""


READ_FIRST = {"fill_", "index_fill_", "masked_fill_"}
"""Changes in place whose number, perhaps an element of what they write, is read beforehand."""


def forbid_overlap(target: Any, given: Any, *, wholly_too: bool = False) -> None:
    """Raise if a tensor among `given` shares a part of the memory of the array `target`.

    The same view is no part, unless `wholly_too`.
    """
    for x in given:
        other = getattr(x, "_array", None)
        if other.__class__ is not np.ndarray:
            continue
        if other.base is None and target.base is None and other is not target:
            continue  # both own their memory
        if _overlaps(target, other, wholly_too):
            raise RuntimeError(
                "unsupported operation: some elements of the input tensor and the written-to "
                "tensor refer to a single memory location. Please clone() the tensor before "
                "performing the operation."
            )


def _overlaps(a: Any, b: Any, wholly_too: bool) -> bool:
    """Whether two arrays without gaps share memory and are not the same view of it."""
    if not np.may_share_memory(a, b) or not a.size or not b.size:
        return False
    if a.ctypes.data == b.ctypes.data and a.shape == b.shape and a.strides == b.strides:
        return wholly_too
    return _without_gaps(a) and _without_gaps(b)


def _without_gaps(a: Any) -> bool:
    order = sorted(range(a.ndim), key=lambda axis: -a.strides[axis])
    return bool(a.transpose(order).flags.c_contiguous)


def forbid_history(x: Any) -> None:
    """Raise where the history of a tensor, or of the base it is a view of, forbids a change."""
    if x._node.__class__ is Leaf:
        raise RuntimeError(
            "a leaf Variable that requires grad is being used in an in-place operation. "
            "Put the change under torch.no_grad(), or let an optimizer make it."
        )
    if x._view is None:
        return
    base, tracked = x._view.base, x._view.tracked
    while base._view is not None:
        base, tracked = base._view.base, tracked and base._view.tracked
    if base._node is None:
        return
    if base._node.__class__ is Leaf and x._node is not None:
        raise RuntimeError(
            "a view of a leaf Variable that requires grad is being used in an in-place operation. "
            "Put the change under torch.no_grad()."
        )
    if not tracked:
        raise RuntimeError(
            "a view was created in no_grad mode and is being modified inplace with grad mode "
            "enabled. Create the view with gradients enabled, or clone() it."
        )


def in_place_of(
    function: Callable[..., Any], name: str, ufunc: np.ufunc | None = None
) -> Callable[..., Any]:
    """The in-place form of a function of a tensor: `exp_` of `exp`.

    Where nothing is recorded, a function of two operands that NumPy has as `ufunc` writes at once.
    """

    def method(self: Any, *args: Any, **keywords: Any) -> Any:
        array = getattr(self, "_array", None)
        if ufunc is not None and array is not None and len(args) == 1 and is_bare(self, args[0]):
            given = _given(args[0], array, keywords)
            if given is not None:
                try:
                    ufunc(array, given, array)
                except ValueError:
                    pass  # shapes that do not fit, memory that is read-only: explained below
                else:
                    stamp(array, name)
                    return self
        return change(self, function, args, keywords, name)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"In-place version of `{function.__name__}`."
    return method


def is_bare(x: Any, other: Any) -> bool:
    """Whether a change of `x` by `other` leaves no trace but the new values."""
    state = here.state
    if state.watch is not None or PLAIN:
        return False
    if not state.grad:
        return True
    family = getattr(x, "_family", None)
    return x._node is None and family is None and getattr(other, "_node", None) is None


def _given(other: Any, array: Any, keywords: dict[str, Any]) -> Any:
    """The array of an operand, times `alpha`, if it may be written into `array` as it is."""
    if array.base is not None or array.dtype not in WIDE:
        return None
    if other.__class__ is float or other.__class__ is int:
        given = constant(other, array.dtype)
    else:
        given = getattr(other, "_array", None)
        if given is None or given.dtype is not array.dtype:
            return None
        if given.base is not None and root_of(given) is array:
            return None
    if keywords:
        alpha = keywords.get("alpha")
        if len(keywords) > 1 or (alpha.__class__ is not float and alpha.__class__ is not int):
            return None
        given = given * constant(alpha, array.dtype)
    return given


def change(
    x: Any, function: Callable[..., Any], args: Any, keywords: dict[str, Any], name: str
) -> Any:
    """Write `function(x, ...)` into `x` and return `x`."""
    forbid(x)
    if args and name not in READ_FIRST:
        forbid_overlap(x._array, args, wholly_too=name in ANY_OVERLAP)
    start = tick()
    if x._view is not None:
        x._view.refresh(x)
    result = function(x, *args, **keywords)
    return replace(x, result, name, start)


def replace(x: Any, result: Any, name: str, start: int) -> Any:
    """Write a tensor, computed from `x` since clock `start`, into `x`."""
    array = x._array
    if result._array.shape != array.shape:
        raise RuntimeError(
            f"output with shape {list(array.shape)} doesn't match the broadcast shape "
            f"{list(result._array.shape)}: an in-place {name} cannot grow its tensor"
        )
    if result._array.dtype is not array.dtype:
        _require_castable(result._array.dtype, array.dtype)
        result = to_type(result, array.dtype)
    if result._node is not None:
        save_old(result._node, array, start)
    if here.state.watch is not None:
        _tell(x, result, None)
    np.copyto(array, result._array)
    settle(x, result, name)
    return x


def _tell(x: Any, result: Any, key: Any) -> None:
    """Tell a watcher that follows such changes that `x`, or its part at `key`, gets `result`."""
    note = getattr(here.state.watch, "note_change", None)
    if note is not None:
        note(x, result, key)


ORDER = {"b": 0, "u": 1, "i": 1, "f": 2}


def _require_castable(source: np.dtype[Any], target: np.dtype[Any]) -> None:
    if ORDER[source.kind] > ORDER[target.kind]:
        raise RuntimeError(
            f"result type {of(source).name} can't be cast to the desired output type "
            f"{of(target).name}: use the out-of-place form"
        )


def settle(x: Any, result: Any, name: str) -> None:
    """Stamp the changed buffer of `x` and give `x` the history of `result`."""
    stamp(x._array, name)
    node = result._node
    if node.__class__ is Node and node.clock < 1:
        if node.kx is result._array:
            node.kx = x._array
        node.clock = tick()  # newer than the stamp: what it keeps of the buffer is the new content
    if x._view is None:
        if here.state.grad:
            if node is None and x._node is not None:  # it still has a gradient, of nothing but 0
                node = apply(zero, (x,), {})._node
            adopt(x, node)
            family_of(x)[0] += 1
        return
    if here.state.grad:
        _pass_to_base(x, node)


def adopt(x: Any, node: Any) -> None:
    """Give a changed tensor its new node; the hook of retain_grad goes along, others stay."""
    old, x._node = x._node, node
    if old is None or node is None or old is node or not old.hooks or RETAIN not in old.hooks:
        return
    if node.hooks is None:
        node.hooks = {}
    node.hooks[RETAIN] = old.hooks.pop(RETAIN)


def save_old(node: Any, array: Any, start: int) -> None:
    """Give nodes newer than `start` a copy of the old content wherever they keep it."""
    root = root_of(array)
    stack, seen = [node], {node}
    while stack:
        node = stack.pop()
        for slot in ("kx", "ky") if node.__class__ is Node else ("kept", "kept_again"):
            if node.__class__ not in (Node, WideNode):
                continue
            kept = getattr(node, slot)
            if _holds(kept, root):
                copies: dict[int, Any] = {}  # one copy for each distinct view of the buffer
                setattr(node, slot, _copied(kept, root, copies))
        for parent, _ in node.edges():
            if parent.clock < start and parent not in seen:
                seen.add(parent)
                stack.append(parent)


def _holds(kept: Any, root: Any) -> bool:
    if isinstance(kept, tuple):
        return any(_holds(k, root) for k in kept)
    return isinstance(kept, np.ndarray) and root_of(kept) is root


def _copied(kept: Any, root: Any, copies: dict[int, Any]) -> Any:
    if isinstance(kept, tuple):
        return tuple(_copied(k, root, copies) for k in kept)
    if not _holds(kept, root):
        return kept
    return copies.setdefault(id(kept), np.array(kept))


def _pass_to_base(x: Any, node: Any) -> None:
    """Tell the base of a changed view: its history now goes through the view's new content."""
    steps, base = [], x
    while base._view is not None:
        steps.append(base._view)
        base = base._view.base
    if base._node is None and node is None:
        return
    places = np.arange(base._array.size).reshape(base._array.shape)
    for view in reversed(steps):
        places = view.op.forward(places, **view.settings)
    made = _recorded(
        write_view, [base._array, x._array], [base._node, node], {"places": places}, base._array
    )
    adopt(base, made._node)
    x._view.family[0] += 1
    x._view.refresh(x)


def set_items(x: Any, basic: Any, advanced: Any, value: Any) -> None:
    """`x[key] = value`, recorded."""
    if basic is not None:
        x._array[basic]  # a wrong index is the first thing to be told
    forbid(x)
    if x._view is not None:
        x._view.refresh(x)
    if basic is not None and advanced is not None:
        set_items(index(x, key=basic), None, advanced, value)
        return
    key = basic if advanced is None else advanced
    target = x._array
    tracked = isinstance(value, Op.tensor_class)
    array = value._array if tracked else value
    node = value._node if tracked else None
    if tracked and array.dtype is not target.dtype:
        value = to_type(value, target.dtype)
        array, node = value._array, value._node
    elif target.dtype.kind in "iu" and value.__class__ in NUMBERS:
        array = value = fill_number(value, target.dtype)
    if here.state.watch is not None:
        _tell(x, value, key)
    target[key] = array = _fit(array, target[key].shape)
    stamp(target, "__setitem__")
    if not here.state.grad or (node is None and x._node is None):
        return
    arrays = [target, np.asarray(array, target.dtype)]
    made = _recorded(assign, arrays, [x._node, node], {"key": key}, target)
    if x._view is None:
        adopt(x, made._node)
        family_of(x)[0] += 1
    else:
        _pass_to_base(x, made._node)


def _fit(array: Any, shape: tuple[int, ...]) -> Any:
    """A value that NumPy accepts where torch does: leading axes of length 1 are dropped."""
    given = getattr(array, "shape", ())
    extra = len(given) - len(shape)
    if extra > 0 and all(n == 1 for n in given[:extra]):
        array, given, extra = array.reshape(given[extra:]), given[extra:], 0
    if extra > 0 or any(n not in (1, m) for n, m in zip(given[::-1], shape[::-1], strict=False)):
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(given)} cannot be broadcast to indexing "
            f"result of shape {list(shape)}"
        )
    return array
