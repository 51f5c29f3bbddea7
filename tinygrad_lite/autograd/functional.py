"""Derivatives of functions: torch.autograd.functional.

Inputs and outputs may be one tensor or a tuple of them; results have the same structure.  With
`create_graph` the results can be differentiated again; with `strict` an input that an output does
not depend on raises instead of giving zeros.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._nodes import make
from .._record import apply
from .._tensor import Tensor
from ..ops.shape import reshape, stack
from .derivatives import grad
from .modes import enable_grad

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]


def _as_tuple(x: Any, what: str) -> tuple[Any, ...]:
    found = x if isinstance(x, tuple) else (x,)
    for i, part in enumerate(found):
        if not isinstance(part, Tensor):
            raise TypeError(
                f"The {what} given to the function must be a Tensor or a tuple of Tensors, but "
                f"element {i} has type {type(part).__name__}."
            )
    return found


def _prepared(inputs: Any, create_graph: bool) -> tuple[Any, ...]:
    """Inputs that record what is done with them, connected to the given ones if wanted."""
    given = _as_tuple(inputs, "inputs")
    if create_graph:
        return tuple(
            x.view(x.shape) if x.requires_grad else x.detach().requires_grad_() for x in given
        )
    return tuple(x.detach().requires_grad_() for x in given)


def _run(func: Callable[..., Any], inputs: tuple[Any, ...]) -> tuple[tuple[Any, ...], bool]:
    result = func(*inputs)
    return _as_tuple(result, "outputs"), isinstance(result, tuple)


def _gradients(
    outputs: Any, inputs: Any, weights: Any, create_graph: bool, strict: bool
) -> tuple[Any, ...]:
    """Gradients with zeros (or an error) where there is no path."""
    if strict:
        for i, output in enumerate(outputs):
            if not output.requires_grad:
                raise RuntimeError(
                    f"Output {i} of the user-provided function does not require gradients. The "
                    "outputs must be computed in a differentiable manner from the input when "
                    "running in strict mode."
                )
    pairs = [(o, w) for o, w in zip(outputs, weights, strict=True) if o.requires_grad]
    found: tuple[Any, ...] = (None,) * len(inputs)
    if pairs:
        kept, given = zip(*pairs, strict=True)
        found = grad(kept, inputs, given, True, create_graph, allow_unused=True)
    if strict and any(g is None for g in found):
        place = next(i for i, g in enumerate(found) if g is None)
        raise RuntimeError(
            f"The output of the user-provided function is independent of input {place}. This is "
            "not allowed in strict mode."
        )
    return tuple(
        make(np.zeros_like(x._array), None) if g is None else g
        for g, x in zip(found, inputs, strict=True)
    )


def _shaped(v: Any, like: tuple[Any, ...], what: str) -> tuple[Any, ...]:
    """The vector of a product, checked; ones for a single number."""
    if v is None:
        if len(like) != 1 or like[0]._array.size != 1:
            raise RuntimeError(
                f"The vector v can only be None if the {what} is a single tensor with one element"
            )
        return tuple(make(np.ones_like(x._array), None) for x in like)
    given = _as_tuple(v, "vector v")
    if len(given) != len(like):
        raise RuntimeError(
            f"v is a tuple of invalid length: should be {len(like)} but got {len(given)}."
        )
    if [g._array.shape for g in given] != [x._array.shape for x in like]:
        raise RuntimeError(
            f"v has invalid size: should be {[list(x._array.shape) for x in like]} but got "
            f"{[list(g._array.shape) for g in given]}"
        )
    return given


def _require_slopes(found: tuple[Any, ...], what: str, create_graph: bool, strict: bool) -> None:
    """In strict mode a result that is to be differentiated again must depend on the input."""
    if not (create_graph and strict):
        return
    for i, one in enumerate(found):
        if not one.requires_grad:
            raise RuntimeError(
                f"The {what} of the user-provided function is independent of input {i}. This is "
                "not allowed in strict mode when create_graph=True."
            )


def _out(found: tuple[Any, ...], several: bool, create_graph: bool) -> Any:
    found = found if create_graph else tuple(x.detach() for x in found)
    return found if several else found[0]


def vjp(
    func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:  # fmt: skip
    """`func(*inputs)` and the product of the vector `v` with its Jacobian."""
    with enable_grad():
        xs = _prepared(inputs, create_graph)
        outputs, several = _run(func, xs)
        weights = _shaped(v, outputs, "output")
        found = _gradients(outputs, xs, weights, create_graph, strict)
        _require_slopes(found, "jacobian", create_graph, strict)
    return _out(outputs, several, create_graph), _out(
        found, isinstance(inputs, tuple), create_graph
    )


def jvp(
    func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:  # fmt: skip
    """`func(*inputs)` and the product of its Jacobian with the vector `v`.

    By differentiating twice: the product of weights with the Jacobian is linear in the weights.
    """
    with enable_grad():
        xs = _prepared(inputs, create_graph)
        vector = _shaped(v, xs, "input")
        outputs, several = _run(func, xs)
        weights = tuple(make(np.zeros_like(o._array), None).requires_grad_() for o in outputs)
        back = _gradients(outputs, xs, weights, True, strict)
        found = _gradients(back, weights, vector, create_graph, strict)
        _require_slopes(found, "jacobian", create_graph, strict)
    return _out(outputs, several, create_graph), _out(found, several, create_graph)


def jacobian(
    func: Callable[..., Any], inputs: Any, create_graph: bool = False, strict: bool = False,
    vectorize: bool = False, strategy: str = "reverse-mode",
) -> Any:  # fmt: skip
    """The derivative of every output element by every input element.

    Shape: the output's, then the input's.  Tuples of outputs or inputs give tuples of them.
    """
    _check_strategy(strategy, vectorize, strict)  # one row after the other, whatever is asked for
    with enable_grad():
        xs = _prepared(inputs, create_graph)
        outputs, several = _run(func, xs)
        rows = tuple(_rows(output, xs, create_graph, strict) for output in outputs)
        for row in rows:
            _require_slopes(row, "jacobian", create_graph, strict)
    many = isinstance(inputs, tuple)
    shaped = tuple(tuple(r if create_graph else r.detach() for r in row) for row in rows)
    picked = tuple(row if many else row[0] for row in shaped)
    return picked if several else picked[0]


def _check_strategy(strategy: str, vectorize: bool, strict: bool) -> None:
    if strategy not in {"forward-mode", "reverse-mode"}:
        raise AssertionError('Expected strategy to be either "forward-mode" or "reverse-mode".')
    if strategy == "forward-mode" and not vectorize:
        raise NotImplementedError(
            "Computing Jacobian using forward-AD or forward-over-reverse Hessian is only "
            "implemented for `vectorize=True`."
        )
    if strict and vectorize:
        raise RuntimeError(
            "torch.autograd.functional.jacobian: `strict=True` and `vectorized=True` are not "
            "supported together. Please either set `strict=False` or `vectorize=False`."
        )


def _rows(output: Any, xs: Any, create_graph: bool, strict: bool) -> tuple[Any, ...]:
    """The Jacobian of one output by each input."""
    size = output._array.size
    columns: list[list[Any]] = [[] for _ in xs]
    for place in range(size):
        weight = np.zeros(size, output._array.dtype)
        weight[place] = 1
        one = make(weight.reshape(output._array.shape), None)
        for column, g in zip(
            columns, _gradients((output,), xs, (one,), create_graph, strict), strict=True
        ):
            column.append(g)
    shape = output._array.shape
    return tuple(
        apply(
            reshape, (apply(stack, tuple(column), {"axis": 0}),), {"shape": shape + x._array.shape}
        )
        if column
        else make(np.zeros(shape + x._array.shape, x._array.dtype), None)
        for column, x in zip(columns, xs, strict=True)
    )


def _scalar(outputs: tuple[Any, ...], several: bool) -> Any:
    if several or outputs[0]._array.size != 1:
        raise RuntimeError(
            "The function given to hessian, hvp or vhp should return a single number"
        )
    return outputs[0]


def hessian(
    func: Callable[..., Any], inputs: Any, create_graph: bool = False, strict: bool = False,
    vectorize: bool = False, outer_jacobian_strategy: str = "reverse-mode",
) -> Any:  # fmt: skip
    """The second derivatives of a function that returns one number."""
    _check_strategy(outer_jacobian_strategy, vectorize, strict)
    many = isinstance(inputs, tuple)

    def gradient(*xs: Any) -> Any:
        with enable_grad():
            fresh = tuple(x if x.requires_grad else x.detach().requires_grad_() for x in xs)
            value = _scalar(*_run(func, fresh))
            found = _gradients(
                (value,), fresh, (make(np.ones_like(value._array), None),), True, strict
            )
        return found if many else found[0]

    return jacobian(gradient, inputs, create_graph, strict)


def _products(func: Any, inputs: Any, v: Any, create_graph: bool, strict: bool) -> tuple[Any, Any]:
    """The value and the product of the Hessian with a vector; it is symmetric."""
    with enable_grad():
        xs = _prepared(inputs, create_graph)
        vector = _shaped(v, xs, "input")
        value = _scalar(*_run(func, xs))
        one = make(np.ones_like(value._array), None)
        slopes = _gradients((value,), xs, (one,), True, strict)
        found = _gradients(slopes, xs, vector, create_graph, strict)
        _require_slopes(found, "hessian", create_graph, strict)
    return _out((value,), False, create_graph), _out(found, isinstance(inputs, tuple), create_graph)


def hvp(
    func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:  # fmt: skip
    """`func(*inputs)` and its Hessian times the vector `v`."""
    return _products(func, inputs, v, create_graph, strict)


def vhp(
    func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:  # fmt: skip
    """`func(*inputs)` and the vector `v` times its Hessian: the same as `hvp`."""
    return _products(func, inputs, v, create_graph, strict)
