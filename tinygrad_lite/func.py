"""torch.func: functions that make functions.

`grad`, `vjp`, `jacrev` and the others differentiate with respect to arguments, whatever their
`requires_grad`.  `vmap` calls the function once for each slice and stacks the results: it saves
writing the loop, not running it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ._functions import NAMES
from ._tensor import Tensor
from .autograd import functional
from .autograd.derivatives import grad as _grad
from .autograd.modes import enable_grad
from .nn.utils.stateless import functional_call

__all__ = [
    "functional_call",
    "grad",
    "grad_and_value",
    "hessian",
    "jacfwd",
    "jacrev",
    "jvp",
    "stack_module_state",
    "vjp",
    "vmap",
]


def _picked(args: tuple[Any, ...], argnums: int | tuple[int, ...]) -> tuple[Any, ...]:
    return tuple(args[i] for i in ((argnums,) if isinstance(argnums, int) else argnums))


def _map(function: Callable[..., Any], tree: Any, *others: Any) -> Any:
    """Apply a function to every tensor in nested tuples, lists and dicts."""
    if isinstance(tree, dict):
        return {k: _map(function, tree[k], *(o[k] for o in others)) for k in tree}
    if isinstance(tree, (list, tuple)):
        mapped = [_map(function, *parts) for parts in zip(tree, *others, strict=True)]
        return tuple(mapped) if isinstance(tree, tuple) else mapped
    return function(tree, *others)


def _leaves(tree: Any) -> list[Any]:
    found: list[Any] = []
    _map(found.append, tree)
    return found


def _tracked(x: Any) -> Any:
    """A tensor to differentiate by, connected to the given one."""
    if not isinstance(x, Tensor):
        return x
    return x.view(x.shape) if x.requires_grad else x.detach().requires_grad_()


def grad_and_value(
    func: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """A function that returns the gradient of `func` and its value.

    `func` returns one number; the argument may be a tensor or a nested structure of them.
    """

    @functools.wraps(func)
    def run(*args: Any, **keywords: Any) -> Any:
        with enable_grad():
            places = (argnums,) if isinstance(argnums, int) else tuple(argnums)
            fresh = [_map(_tracked, a) if i in places else a for i, a in enumerate(args)]
            result = func(*fresh, **keywords)
            value, aux = result if has_aux else (result, None)
            if not isinstance(value, Tensor) or value.ndim:
                raise RuntimeError(
                    "Expected the function given to grad to return a scalar tensor, got "
                    + (
                        f"shape {list(value.shape)}"
                        if isinstance(value, Tensor)
                        else str(type(value))
                    )
                )
            chosen = tuple(fresh[i] for i in places)
            found = iter(
                _grad(
                    value, _leaves(chosen), create_graph=_nested(args), allow_unused=True,
                    materialize_grads=True,
                )
            )  # fmt: skip
            slopes = tuple(_map(lambda _: next(found), c) for c in chosen)
        gradient = slopes[0] if isinstance(argnums, int) else slopes
        value = value if _nested(args) else value.detach()
        return (gradient, (value, aux)) if has_aux else (gradient, value)

    return run


def _nested(args: tuple[Any, ...]) -> bool:
    """Whether any argument is being differentiated by from outside."""
    return any(isinstance(x, Tensor) and x.requires_grad for x in _leaves(args))


def grad(
    func: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
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


def vjp(func: Callable[..., Any], *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """`func(*primals)` and a function that pulls vectors back through it."""
    with enable_grad():
        fresh = tuple(_map(_tracked, p) for p in primals)
        result = func(*fresh)
    output, aux = result if has_aux else (result, None)

    def pull(*cotangents: Any, retain_graph: bool = True, create_graph: bool | None = None) -> Any:
        given = cotangents[0] if len(cotangents) == 1 else cotangents
        recorded = _nested(primals) if create_graph is None else create_graph
        found = iter(
            _grad(
                _leaves(output), _leaves(fresh), _leaves(given), retain_graph, recorded,
                allow_unused=True, materialize_grads=True,
            )
        )  # fmt: skip
        return tuple(_map(lambda _: next(found), p) for p in fresh)

    shown = output if _nested(primals) else _map(lambda x: x.detach(), output)
    return (shown, pull, aux) if has_aux else (shown, pull)


def jvp(
    func: Callable[..., Any], primals: tuple[Any, ...], tangents: tuple[Any, ...], *,
    strict: bool = False, has_aux: bool = False,
) -> tuple[Any, ...]:  # fmt: skip
    """`func(*primals)` and its change along `tangents`."""
    kept: list[Any] = []

    def plain(*xs: Any) -> Any:
        result = func(*xs)
        if has_aux:
            result, aux = result
            kept.append(aux)
        return result

    value, change = functional.jvp(
        plain, tuple(primals), tuple(tangents), create_graph=_nested(primals), strict=strict
    )
    return (value, change, kept[0]) if has_aux else (value, change)


def jacrev(
    func: Callable[..., Any], argnums: int | tuple[int, ...] = 0, *, has_aux: bool = False,
    chunk_size: int | None = None,
) -> Callable[..., Any]:  # fmt: skip
    """A function that returns the Jacobian of `func`, shape: the output's, then the input's."""
    del chunk_size

    @functools.wraps(func)
    def run(*args: Any, **keywords: Any) -> Any:
        places = (argnums,) if isinstance(argnums, int) else tuple(argnums)
        kept: list[Any] = []

        def partial(*chosen: Any) -> Any:
            full = list(args)
            for place, x in zip(places, chosen, strict=True):
                full[place] = x
            result = func(*full, **keywords)
            if has_aux:
                result, aux = result
                kept.append(aux)
            return result

        chosen = _picked(args, argnums)
        given = chosen[0] if isinstance(argnums, int) else chosen
        found = functional.jacobian(partial, given, create_graph=_nested(args))
        return (found, kept[0]) if has_aux else found

    return run


def jacfwd(
    func: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False, *,
    randomness: str = "error",
) -> Callable[..., Any]:  # fmt: skip
    """The same as `jacrev`: rows are worked out in reverse mode."""
    del randomness
    return jacrev(func, argnums, has_aux=has_aux)


def hessian(func: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """A function that returns the second derivatives of `func`."""
    return jacrev(jacrev(func, argnums), argnums)


def vmap(
    func: Callable[..., Any], in_dims: Any = 0, out_dims: Any = 0, randomness: str = "error", *,
    chunk_size: int | None = None,
) -> Callable[..., Any]:  # fmt: skip
    """A function that maps `func` over a dimension of its arguments, one slice after the other."""
    del randomness, chunk_size

    @functools.wraps(func)
    def run(*args: Any, **keywords: Any) -> Any:
        dims = in_dims if isinstance(in_dims, (tuple, list)) else (in_dims,) * len(args)
        if len(dims) != len(args):
            raise ValueError(
                f"vmap({getattr(func, '__name__', func)}): in_dims has {len(dims)} entries for "
                f"{len(args)} arguments"
            )
        slices = [_slices(a, d) for a, d in zip(args, dims, strict=True)]
        sizes = {len(s) for s in slices if s is not None}
        if len(sizes) != 1:
            raise ValueError(
                "vmap: expected all mapped arguments to have the same size in the mapped "
                f"dimension, got {sorted(sizes)}"
            )
        (count,) = sizes
        results = [
            func(*[a if s is None else s[i] for a, s in zip(args, slices, strict=True)], **keywords)
            for i in range(count)
        ]
        return _stacked(results, out_dims)

    return run


def _slices(arg: Any, dim: Any) -> list[Any] | None:
    """The slices of an argument (a tensor or a nested structure), or None if it is not mapped."""
    if dim is None:
        return None
    tensors = _leaves(arg)
    dims = [dim] * len(tensors) if isinstance(dim, int) else _leaves(dim)
    parts = [x.unbind(d) for x, d in zip(tensors, dims, strict=True)]
    count = len(parts[0])

    def one(i: int) -> Any:
        picked = iter(p[i] for p in parts)
        return _map(lambda _: next(picked), arg)

    return [one(i) for i in range(count)]


def _stacked(results: list[Any], out_dims: Any) -> Any:
    first = results[0]
    if isinstance(first, tuple):
        dims = out_dims if isinstance(out_dims, tuple) else (out_dims,) * len(first)
        return tuple(NAMES["stack"]([r[i] for r in results], d) for i, d in enumerate(dims))
    if isinstance(first, dict):
        return {k: NAMES["stack"]([r[k] for r in results], out_dims) for k in first}
    return NAMES["stack"](results, out_dims)


def stack_module_state(models: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The parameters and buffers of equal modules, stacked: for `functional_call` under `vmap`."""
    models = list(models)
    if not models:
        raise RuntimeError("stack_module_state: Expected at least one model, got 0.")
    if any(type(m) is not type(models[0]) for m in models):
        raise RuntimeError("stack_module_state: Expected all models to be of the same class.")
    parameters = [dict(m.named_parameters()) for m in models]
    buffers = [dict(m.named_buffers()) for m in models]
    return (
        {
            k: NAMES["stack"]([p[k].detach() for p in parameters]).requires_grad_()
            for k in parameters[0]
        },
        {k: NAMES["stack"]([b[k] for b in buffers]) for k in buffers[0]},
    )
