"""Derivatives of functions of trees of tensors: grad, vjp, jvp, Jacobians.

The function runs on fresh tensors that are tracked whatever the given ones are.  Results stay
connected to what else was tracked: arguments of an outer derivative, weights in a closure.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .._nodes import Leaf, make
from .._record import apply
from .._tensor import Tensor
from ..autograd.derivatives import grad as gradients
from ..autograd.modes import enable_grad, is_grad_enabled
from ..ops.shape import reshape, stack
from .trees import alike, filled, leaves, mapped

__all__ = ["grad", "grad_and_value", "hessian", "jacfwd", "jacrev", "jvp", "linearize", "vjp"]

Places = int | tuple[int, ...]


class Run(NamedTuple):
    """A function's run on fresh tensors; `keep`: whether results stay connected to the outside."""

    fresh: tuple[Any, ...]
    output: Any
    aux: Any
    keep: bool

    def shown(self, tree: Any) -> Any:
        """Results as the caller gets them."""
        if self.keep:
            return tree
        return mapped(lambda x: x.detach() if isinstance(x, Tensor) else x, tree)


def _run(func: Callable[..., Any], primals: tuple[Any, ...], has_aux: bool, name: str) -> Run:
    outside = is_grad_enabled()
    with enable_grad():
        fresh = tuple(mapped(_fresh, p) for p in primals)
        result = func(*fresh)
    output, aux = _split(result, has_aux, name)
    given = [x for p in primals for x in leaves(p)]
    keep = outside and (any(x.requires_grad for x in given) or _reaches_others(result, fresh))
    return Run(fresh, output, aux, keep)


def _fresh(x: Any) -> Any:
    """A tensor to differentiate by, connected to the given one where that is tracked."""
    if not isinstance(x, Tensor):
        raise ValueError(  # noqa: TRY004 - PyTorch's class
            f"Thing passed to transform API must be Tensor, got {type(x)}"
        )
    return x.view(x.shape) if x.requires_grad else x.detach().requires_grad_()


def _split(result: Any, has_aux: bool, name: str) -> tuple[Any, Any]:
    if not has_aux:
        return result, None
    if not isinstance(result, tuple) or len(result) != 2:
        raise RuntimeError(
            f"{name}: output of function f should be a tuple: (output, aux) if has_aux is True"
        )
    return result


def _reaches_others(result: Any, fresh: tuple[Any, ...]) -> bool:
    """Whether a result depends on a tracked tensor other than the fresh ones."""
    seen = {x._node for part in fresh for x in leaves(part)}
    stack = [x._node for x in leaves(result) if isinstance(x, Tensor) and x.requires_grad]
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        if node.__class__ is Leaf:
            return True
        seen.add(node)
        stack += [parent for parent, _ in node.edges()]
    return False


def _zeros(x: Any) -> Any:
    return make(np.zeros(x._array.shape, x._array.dtype), None)


def _pulled(
    outputs: list[Any], inputs: list[Any], weights: list[Any], *, retain: bool, create: bool
) -> list[Any]:
    """Gradients of the weighted outputs; zeros where there is no path."""
    pairs = [(o, w) for o, w in zip(outputs, weights, strict=True) if o.requires_grad]
    if not pairs or not inputs:
        return [_zeros(x) for x in inputs]
    outs, given = zip(*pairs, strict=True)
    with enable_grad():
        found = gradients(outs, inputs, given, retain, create, allow_unused=True)
    return [_zeros(x) if g is None else g for g, x in zip(found, inputs, strict=True)]


def _tensors(tree: Any, name: str) -> list[Any]:
    """The leaves of a result, all of which must be tensors."""
    found = leaves(tree)
    for one in found:
        if not isinstance(one, Tensor):
            raise RuntimeError(  # noqa: TRY004 - PyTorch's class
                f"{name}: Expected f(*args) to return only tensors, got {type(one)}"
            )
    return found


# One number


def grad_and_value(
    func: Callable[..., Any], argnums: Places = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """A function that returns the gradient of `func` and its value.

    `func` returns one number; the argument may be a tensor or a nested structure of them.
    """

    @functools.wraps(func)
    def run(*args: Any, **keywords: Any) -> Any:
        partial, chosen = _partial(func, args, keywords, argnums)
        done = _run(partial, chosen, has_aux, "grad_and_value(f)(*args)")
        value = done.output
        _require_number(value)
        inputs = [x for part in done.fresh for x in leaves(part)]
        one = make(np.ones(value._array.shape, value._array.dtype), None)
        found = _pulled([value], inputs, [one], retain=done.keep, create=done.keep)
        slopes = filled(done.fresh, found)
        gradient = slopes[0] if isinstance(argnums, int) else slopes
        shown = done.shown(value)
        return (gradient, (shown, done.shown(done.aux))) if has_aux else (gradient, shown)

    return run


def _require_number(value: Any) -> None:
    start = "grad_and_value(f)(*args): Expected f(*args) to return a "
    if not isinstance(value, Tensor):
        raise RuntimeError(f"{start}Tensor, got {type(value)}")  # noqa: TRY004 - PyTorch's class
    if value._array.ndim:
        raise RuntimeError(
            f"{start}scalar Tensor, got tensor with {value._array.ndim} dims of shape "
            f"{list(value._array.shape)}. Maybe you wanted to use the vjp or jacrev APIs instead?"
        )


def _partial(
    func: Callable[..., Any], args: tuple[Any, ...], keywords: dict[str, Any], argnums: Places
) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """`func` as a function of the arguments chosen alone, and these."""
    places = [_place(n, len(args)) for n in ((argnums,) if isinstance(argnums, int) else argnums)]

    def partial(*chosen: Any) -> Any:
        full = list(args)
        for place, x in zip(places, chosen, strict=True):
            full[place] = x
        return func(*full, **keywords)

    return partial, tuple(args[p] for p in places)


def _place(argnum: int, count: int) -> int:
    if not -count <= argnum < count:
        raise RuntimeError(f"Got argnum={argnum}, but only {count} positional inputs")
    return argnum % count


def grad(
    func: Callable[..., Any], argnums: Places = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """A function that returns the gradient of `func`, which returns one number.

    >>> import tinygrad_lite as torch
    >>> grad(grad(torch.sin))(torch.tensor(0.5))
    tensor(-0.4794)
    """
    both = grad_and_value(func, argnums, has_aux)

    @functools.wraps(func)
    def run(*args: Any, **keywords: Any) -> Any:
        gradient, value = both(*args, **keywords)
        return (gradient, value[1]) if has_aux else gradient

    return run


# Products with vectors


def vjp(func: Callable[..., Any], *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """`func(*primals)` and a function that pulls vectors back through it.

    The vectors have the structure of the output; a tuple with one entry for each primal comes back.
    """
    done = _run(func, primals, has_aux, "vjp(f, *primals)")
    outputs = _tensors(done.output, "vjp(f, *primals)")
    inputs = [x for part in done.fresh for x in leaves(part)]

    def pull(cotangents: Any, retain_graph: bool = True, create_graph: bool | None = None) -> Any:
        if not alike(cotangents, done.output):
            raise RuntimeError(
                "Expected pytree structure of cotangents to be the same as pytree structure of "
                "outputs to the function: a tuple of them is one argument, pull((a, b))"
            )
        given = leaves(cotangents)
        create = create_graph
        if create is None:
            create = is_grad_enabled() and (done.keep or any(c.requires_grad for c in given))
        found = _pulled(outputs, inputs, given, retain=retain_graph, create=create)
        return filled(done.fresh, found)

    shown = done.shown(done.output)
    return (shown, pull, done.shown(done.aux)) if has_aux else (shown, pull)


class Linear:
    """The derivative of a run, ready to be applied to tangents.

    The gradient for weights of the outputs is linear in the weights; its own derivative by them
    is the Jacobian.
    """

    def __init__(self, done: Run, name: str) -> None:
        self.done = done
        self.outputs = _tensors(done.output, name)
        self.inputs = [x for part in done.fresh for x in leaves(part)]
        self.weights = [_zeros(o).requires_grad_() for o in self.outputs]
        self.back = _pulled(self.outputs, self.inputs, self.weights, retain=True, create=True)

    def along(self, tangents: list[Any], *, retain: bool = True) -> list[Any]:
        """The change of every output along tangents of all inputs."""
        create = is_grad_enabled() and (self.done.keep or any(t.requires_grad for t in tangents))
        return _pulled(self.back, self.weights, tangents, retain=retain, create=create)

    def check(self, tangents: Any, like: tuple[Any, ...], name: str) -> list[Any]:
        """The leaves of tangents, which must fit the primals."""
        if not alike(tangents, like):
            raise RuntimeError(
                f"{name}: Expected primals and tangents to have the same python structure"
            )
        found = leaves(tangents)
        for number, (t, x) in enumerate(zip(found, self.inputs, strict=True)):
            if t._array.shape != x._array.shape:
                raise RuntimeError(
                    f"{name}: tangent {number} has a different size than its primal: it is of "
                    f"size {list(t._array.shape)} while the primal is of size "
                    f"{list(x._array.shape)}"
                )
        return found


def jvp(
    func: Callable[..., Any], primals: tuple[Any, ...], tangents: tuple[Any, ...], *,
    strict: bool = False, has_aux: bool = False,
) -> tuple[Any, ...]:  # fmt: skip
    """`func(*primals)` and its change along `tangents`; both are tuples of the same structure."""
    name = "jvp(f, primals, tangents)"
    for what, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, tuple):
            raise RuntimeError(  # noqa: TRY004 - PyTorch's class
                f"{name}: Expected {what} to be a tuple. E.g. it should be valid to call "
                f"f(*primals). Got {type(given).__name__}: write ({what},)"
            )
    done = _run(func, primals, has_aux, name)
    linear = Linear(done, name)
    found = linear.along(linear.check(tangents, primals, name), retain=done.keep)
    if strict and not all(o.requires_grad for o in linear.outputs):
        raise RuntimeError(
            "jvp(f, primals, tangents, strict=True): The output of f is independent of the inputs. "
            "This is not allowed with strict=True."
        )
    value, change = done.shown(done.output), filled(done.output, found)
    return (value, change, done.shown(done.aux)) if has_aux else (value, change)


def linearize(func: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """`func(*primals)` and the linear function that approximates it there, tangents to tangents.

    >>> import tinygrad_lite as torch
    >>> value, slope = linearize(torch.square, torch.tensor(3.0))
    >>> slope(torch.tensor(0.5))
    tensor(3.)
    """
    done = _run(func, primals, has_aux=False, name="linearize(f, *primals)")
    linear = Linear(done, "linearize(f, *primals)")

    def approximation(*tangents: Any) -> Any:
        given = linear.check(tangents, primals, "linearize(f, *primals)")
        return filled(done.output, linear.along(given))

    return done.shown(done.output), approximation


# Jacobians


def jacrev(
    func: Callable[..., Any], argnums: Places = 0, *, has_aux: bool = False,
    chunk_size: int | None = None, _preallocate_and_copy: bool = False,
) -> Callable[..., Any]:  # fmt: skip
    """A function that returns the Jacobian of `func`, shape: the output's, then the input's.

    One way back for each element of the output, one after the other whatever `chunk_size`.
    """
    if chunk_size is not None and chunk_size <= 0:
        raise ValueError("jacrev: `chunk_size` should be greater than 0.")

    @functools.wraps(func)
    def run(*args: Any, **keywords: Any) -> Any:
        partial, chosen = _partial(func, args, keywords, argnums)
        done = _run(partial, chosen, has_aux, "jacrev(f, *args)")
        inputs = [x for part in done.fresh for x in leaves(part)]
        outputs = _tensors(done.output, "jacrev(f, *args)")
        tables = [_rows(o, inputs, done.keep) for o in outputs]
        return _as_jacobian(done, tables, argnums, has_aux)

    return run


def _unit(like: Any, place: int) -> Any:
    """Zeros with a one."""
    array = np.zeros(like._array.size, like._array.dtype)
    array[place] = 1
    return make(array.reshape(like._array.shape), None)


def _rows(output: Any, inputs: list[Any], keep: bool) -> list[Any]:
    """The Jacobian of one output by each input, row by row."""
    rows = [
        _pulled([output], inputs, [_unit(output, k)], retain=True, create=keep)
        for k in range(output._array.size)
    ]
    return [
        _stacked([row[i] for row in rows], 0, output._array.shape + x._array.shape, x)
        for i, x in enumerate(inputs)
    ]


def _stacked(parts: list[Any], axis: int, shape: tuple[int, ...], like: Any) -> Any:
    """Rows or columns of a Jacobian as one tensor of a shape."""
    if not parts:
        return make(np.zeros(shape, like._array.dtype), None)
    return apply(reshape, (apply(stack, tuple(parts), {"axis": axis}),), {"shape": shape})


def _as_jacobian(done: Run, tables: list[list[Any]], argnums: Places, has_aux: bool) -> Any:
    """Jacobians of every output by every input in the structures of both."""
    by_output = [filled(done.fresh, table) for table in tables]
    if isinstance(argnums, int):
        by_output = [one[0] for one in by_output]
    found = filled(done.output, by_output)
    return (found, done.shown(done.aux)) if has_aux else found


def jacfwd(
    func: Callable[..., Any], argnums: Places = 0, has_aux: bool = False, *,
    randomness: str = "error",
) -> Callable[..., Any]:  # fmt: skip
    """The same as `jacrev`, column by column: cheaper where there are fewer inputs than outputs."""
    del randomness  # the function runs once

    @functools.wraps(func)
    def run(*args: Any, **keywords: Any) -> Any:
        partial, chosen = _partial(func, args, keywords, argnums)
        done = _run(partial, chosen, has_aux, "jacfwd(f, *args)")
        linear = Linear(done, "jacfwd(f, *args)")
        by_input = [_columns(linear, i) for i in range(len(linear.inputs))]
        tables = [[columns[o] for columns in by_input] for o in range(len(linear.outputs))]
        return _as_jacobian(done, tables, argnums, has_aux)

    return run


def _columns(linear: Linear, number: int) -> list[Any]:
    """The Jacobian of each output by one input, column by column."""
    chosen = linear.inputs[number]
    still = [_zeros(x) for x in linear.inputs]
    columns = []
    for k in range(chosen._array.size):
        still[number] = _unit(chosen, k)
        columns.append(linear.along(still))
    return [
        _stacked([c[o] for c in columns], y._array.ndim, y._array.shape + chosen._array.shape, y)
        for o, y in enumerate(linear.outputs)
    ]


def hessian(func: Callable[..., Any], argnums: Places = 0) -> Callable[..., Any]:
    """A function that returns the second derivatives of `func`."""
    return jacrev(jacrev(func, argnums), argnums)
