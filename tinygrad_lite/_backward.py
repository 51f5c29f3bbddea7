"""From results to `.grad`: the entry of backward() and of autograd.grad()."""

from __future__ import annotations

from _thread import allocate_lock
from collections.abc import Sequence
from typing import Any

import numpy as np

from ._kernels import PLAIN
from ._kernels.rows import Rows
from ._nodes import Leaf, Node, make
from ._op import Op
from ._record import to_type
from ._state import here
from ._walk import Walk, run_hooks

__all__ = ["backward_from", "gradients_of"]

LOCK = allocate_lock()  # threads that share a leaf add to its gradient one after the other


def backward_from(
    tensors: Sequence[Any],
    gradients: Sequence[Any],
    retain_graph: bool | None,
    create_graph: bool,
    inputs: Any = None,
) -> None:
    """Walk back from `tensors` and add to the `.grad` of the leaves (or of `inputs` only)."""
    if inputs is not None:
        _backward_to(tensors, gradients, retain_graph, create_graph, inputs)
        return
    walk = _start(tensors, gradients, retain_graph, create_graph)
    if create_graph or PLAIN:
        _run_recorded(walk, create_graph)
    else:
        walk.run_fast()
    _store_all(walk, create_graph)


def _start(
    tensors: Sequence[Any],
    gradients: Sequence[Any],
    retain_graph: bool | None,
    create_graph: bool,
) -> Walk:
    retain = create_graph if retain_graph is None else retain_graph
    walk = Walk(retain=retain, create_graph=create_graph)
    for tensor, gradient in zip(tensors, gradients, strict=True):
        if tensor._view is not None:
            tensor._view.refresh(tensor)
        if tensor._node is None:
            raise RuntimeError(
                "element 0 of tensors does not require grad and does not have a grad_fn: nothing "
                "it was computed from wants a gradient (are all parameters frozen?), or it was "
                "made under torch.no_grad(), detached, or passed through an operation without a "
                "derivative such as argmax or a cast to integers. For the line, compute it within "
                "`with torch.autograd.explain():` and ask torch.autograd.why_no_grad(loss)"
            )
        walk.deliver(tensor._node, _seed(tensor, gradient, create_graph))
    return walk


def _seed(tensor: Any, gradient: Any, create_graph: bool) -> Any:
    """The gradient to start from: ones for a scalar, else what was given."""
    array = tensor._array
    if gradient is None:
        if array.size != 1:
            raise RuntimeError(
                "grad can be implicitly created only for scalar outputs: this one has shape "
                f"{list(array.shape)}; use .mean() or .sum() first, or pass gradient="
            )
        ones = np.empty(array.shape, array.dtype)
        ones.fill(1)
        return make(ones, None) if create_graph else ones
    if not isinstance(gradient, Op.tensor_class):
        raise TypeError(
            f"gradients can be either Tensors or None, but got {type(gradient).__name__}"
        )
    given = gradient._array  # type: ignore[attr-defined]
    if given.shape != array.shape:
        raise RuntimeError(
            f"Mismatch in shape: grad_output[0] has a shape of {list(given.shape)} and output[0] "
            f"has a shape of {list(array.shape)}."
        )
    if given.dtype is not array.dtype:
        gradient = to_type(gradient, array.dtype)
    return gradient if create_graph else gradient._array


def _run_recorded(
    walk: Walk,
    create_graph: bool,
    wanted: dict[Any, Any] | None = None,
) -> None:
    """Run the general walk; what the rules compute is recorded only under create_graph."""
    state = here.state
    before = state.grad
    state.grad = create_graph
    state.settle()
    try:
        walk.run(wanted)
    finally:
        state.grad = before
        state.settle()


def _store_all(walk: Walk, create_graph: bool) -> None:
    """Add the gradients of all leaves to their `.grad`: under one lock those without hooks."""
    hooked = []
    with LOCK:
        for entry in walk.results():
            leaf, g, fresh = entry
            if leaf.hooks is not None or leaf.after is not None:
                hooked.append(entry)
                continue
            tensor = leaf.tensor()
            if tensor is None:
                continue
            if fresh and tensor._grad is None and _is_like(g, tensor._array) and not create_graph:
                tensor._grad = make(g, None)
            else:
                _accumulate(tensor, g, fresh, create_graph)
    for leaf, g, fresh in hooked:
        _store_hooked(leaf, g, fresh, create_graph)


def _store_hooked(leaf: Leaf, g: Any, fresh: bool, create_graph: bool) -> None:
    tensor = leaf.tensor()
    if tensor is None:
        return
    if leaf.hooks is not None:
        g = run_hooks(leaf, g)
    with LOCK:
        _accumulate(tensor, g, fresh, create_graph)
    if leaf.after is not None:
        for hook in tuple(leaf.after.values()):
            hook(tensor)


def _accumulate(tensor: Any, g: Any, fresh: bool, create_graph: bool) -> None:
    present = tensor._grad
    if create_graph:
        tensor._grad = g if present is None else present + g
    elif present is None:  # the first gradient after zero_grad()
        tensor._grad = _first(g, tensor._array, fresh)
    elif present._array.__class__ is np.ndarray and present._node is None:
        np.add(present._array, g, out=present._array)
    else:
        present._array = present._array + g


def _first(g: Any, like: Any, fresh: bool) -> Any:
    """The gradient tensor of a leaf that had none; rows stay rows."""
    if fresh and _is_like(g, like):
        return make(g, None)
    if g.__class__ is Rows:
        return Rows.as_gradient(g)
    return make(_own(g, like), None)


def _is_like(g: Any, like: Any) -> bool:
    """Whether an array has the type and the layout that a leaf's gradient should have."""
    return g.dtype is like.dtype and (g.strides == like.strides or g.flags.c_contiguous)


def _own(g: Any, like: Any) -> Any:
    """A gradient array that is nobody else's, laid out and typed like the leaf."""
    if g.__class__ is not np.ndarray:
        return np.asarray(g, like.dtype)
    made = np.empty_like(like)
    np.copyto(made, g, casting="unsafe")
    return made


def _backward_to(
    tensors: Sequence[Any],
    gradients: Sequence[Any],
    retain_graph: bool | None,
    create_graph: bool,
    inputs: Any,
) -> None:
    inputs = [inputs] if isinstance(inputs, Op.tensor_class) else list(inputs)
    if not inputs:
        raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
    found = gradients_of(tensors, gradients, inputs, retain_graph, create_graph)
    for tensor, g in zip(inputs, found, strict=True):
        if g is not None:
            with LOCK:
                _accumulate(tensor, g if create_graph else g._array, False, create_graph)


def gradients_of(
    tensors: Sequence[Any],
    gradients: Sequence[Any],
    inputs: Sequence[Any],
    retain_graph: bool | None,
    create_graph: bool,
) -> list[Any]:
    """The gradients of `tensors` with respect to `inputs`; None where there is no path."""
    for x in inputs:
        if x._view is not None:
            x._view.refresh(x)
    walk = _start(tensors, gradients, retain_graph, create_graph)
    wanted: dict[Any, Any] = {x._node: None for x in inputs}
    only_leaves = all(node.__class__ is Leaf for node in wanted)
    needed = walk.needed = _between([t._node for t in tensors], wanted, only_leaves)
    if only_leaves and needed is not None:
        needed.update(wanted)
    if create_graph or PLAIN or not only_leaves:
        _run_recorded(walk, create_graph, None if only_leaves else wanted)
    else:
        walk.run_fast()
    for leaf, g, fresh in walk.results():
        if leaf not in wanted:
            continue
        if leaf.hooks is not None:
            wanted[leaf] = run_hooks(leaf, g)
        elif fresh and not create_graph:  # nobody else's array: no copy of it
            wanted[leaf] = _first(g, leaf.tensor()._array, fresh)
        else:
            wanted[leaf] = g
    return [_as_result(wanted[x._node], x) for x in inputs]


def _as_result(g: Any, x: Any) -> Any:
    return g if g is None or isinstance(g, Op.tensor_class) else make(_own(g, x._array), None)


def _between(roots: list[Any], wanted: dict[Any, Any], only_leaves: bool) -> set[Any] | None:
    """The nodes on a path from the roots to the wanted nodes, without the latter's own past.

    None means all there are: where every leaf is wanted, as the parameters of a model are, there
    is nothing to tell apart.
    """
    seen, stack, all_wanted = set(roots), list(roots), only_leaves
    oldest = max(node.clock for node in wanted)  # clocks run downwards
    while stack:
        node = stack.pop()
        if node.__class__ is Leaf:
            all_wanted = all_wanted and node in wanted
            continue
        for parent in (node.x, node.y) if node.__class__ is Node else node.parents:
            if parent is None or parent in seen:
                continue
            if parent.clock > oldest:
                all_wanted = False
            else:
                seen.add(parent)
                stack.append(parent)
    return None if all_wanted else _leading_to(wanted, seen)


def _leading_to(wanted: dict[Any, Any], seen: set[Any]) -> set[Any]:
    """Those of the nodes `seen` from which a wanted one is reached.

    Nodes are looked at oldest first, so that a node's parents are decided before the node.
    """
    needed: set[Any] = set()
    for node in sorted(seen, key=_age):
        for parent in node.parents:
            if parent in needed or parent in wanted:
                needed.add(node)
                break
    return needed


def _age(node: Any) -> int:
    """Greater for newer nodes."""
    return -node.clock  # type: ignore[no-any-return]
