"""vmap: a function mapped over a dimension of its arguments."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .._functions import NAMES
from .._nodes import make
from .._random import get_rng_state, set_rng_state
from .._tensor import Tensor
from .trees import children, filled, leaves

__all__ = ["vmap"]


def vmap(
    func: Callable[..., Any], in_dims: Any = 0, out_dims: Any = 0, randomness: str = "error", *,
    chunk_size: int | None = None,
) -> Callable[..., Any]:  # fmt: skip
    """A function that maps `func` over a dimension of its arguments.

    `func` is called once for each slice, one after the other, and the results are stacked; so it
    may also branch on values and call `.item()`, which PyTorch's may not. `in_dims` and `out_dims`
    are numbers, None, or structures of them.  With `randomness="same"` all slices draw the same
    random numbers; "error" raises where any are drawn.
    """
    if randomness not in {"error", "different", "same"}:
        raise RuntimeError(
            f"Only allowed values for randomness are 'error', 'different', or 'same'. Got "
            f"{randomness}"
        )
    if chunk_size is not None and chunk_size <= 0:
        raise ValueError(f"vmap: chunk_size should be None or greater than 0. (got {chunk_size})")
    name = getattr(func, "__name__", repr(func))

    @functools.wraps(func)
    def run(*args: Any, **keywords: Any) -> Any:
        calls = _calls(args, keywords, in_dims, name)
        if calls is None:
            return _of_nothing(func, args, keywords, in_dims, out_dims, name)
        draws = Draws(randomness)
        results = [draws.watch(func, own, named) for own, named in calls]
        return _joined(results, out_dims, name)

    return run


# Slices


def _calls(
    args: tuple[Any, ...], keywords: dict[str, Any], in_dims: Any, name: str
) -> list[tuple[tuple[Any, ...], dict[str, Any]]] | None:
    """The arguments of every call; None if there is nothing to map over."""
    if not args:
        raise ValueError(
            f"vmap({name})(<inputs>): got no inputs. Maybe you forgot to add inputs, or you are "
            "trying to vmap over a function with no inputs. The latter is unsupported."
        )
    values, dims = _flat(args, keywords, in_dims, name)
    sizes = {v._array.shape[d] for v, d in zip(values, dims, strict=True) if d is not None}
    if not sizes:
        raise ValueError(
            f"vmap({name}, in_dims={in_dims}, ...)(<inputs>): expected at least one argument to be "
            "mapped over, but all in_dims are None"
        )
    if len(sizes) > 1:
        found = [v._array.shape[d] for v, d in zip(values, dims, strict=True) if d is not None]
        raise ValueError(
            "vmap: Expected all tensors to have the same size in the mapped dimension, got sizes "
            f"{found} for the mapped dimension"
        )
    (count,) = sizes
    if not count:
        return None
    parts = [
        v.unbind(d) if d is not None else (v,) * count for v, d in zip(values, dims, strict=True)
    ]
    return [filled((args, keywords), (p[i] for p in parts)) for i in range(count)]


def _flat(
    args: tuple[Any, ...], keywords: dict[str, Any], in_dims: Any, name: str
) -> tuple[list[Any], list[Any]]:
    """All leaves of the arguments and the dimension to map each over; keywords: none."""
    start = f"vmap({name}, in_dims={in_dims}, ...)(<inputs>)"
    if not isinstance(in_dims, (int, tuple, list)):
        raise ValueError(  # noqa: TRY004 - PyTorch's class
            f"{start}: expected `in_dims` to be int or a (potentially nested) tuple matching the "
            f"structure of inputs, got: {type(in_dims)}."
        )
    positional = list(_spread(in_dims, args, start))
    named = [(x, None) for x in leaves(keywords)]
    pairs = [(x, _checked(x, d, start)) for x, d in (*positional, *named)]
    return [x for x, _ in pairs], [d for _, d in pairs]


def _spread(dims: Any, tree: Any, start: str) -> Iterator[tuple[Any, Any]]:
    """Leaves with their dimensions; a dimension of a branch holds for all of it."""
    if dims is None or isinstance(dims, int):
        for leaf in leaves(tree):
            yield leaf, dims
        return
    mine, theirs = children(dims), children(tree)
    if mine is None or theirs is None or [k for k, _ in mine] != [k for k, _ in theirs]:
        raise ValueError(
            f"{start}: in_dims is not compatible with the structure of `inputs`: give one number, "
            "or one for each argument"
        )
    for (_, below), (_, branch) in zip(mine, theirs, strict=True):
        yield from _spread(below, branch, start)


def _checked(value: Any, dim: Any, start: str) -> Any:
    if dim is None:
        return None
    if not isinstance(value, Tensor):
        raise ValueError(  # noqa: TRY004 - PyTorch's class
            f"{start}: Got in_dim={dim} for an input but the input is of type {type(value)}. We "
            "cannot vmap over non-Tensor arguments, please use None as the respective in_dim"
        )
    if not -value._array.ndim <= dim < value._array.ndim:
        raise ValueError(
            f"{start}: Got in_dim={dim} for some input, but that input is a Tensor of "
            f"dimensionality {value._array.ndim} so expected in_dim to satisfy "
            f"-{value._array.ndim} <= in_dim < {value._array.ndim}."
        )
    return dim


# Random numbers


class Draws:
    """What the calls may do with the random number generator."""

    def __init__(self, randomness: str) -> None:
        self.randomness = randomness
        self.start: Any = None if randomness == "different" else get_rng_state()

    def watch(self, func: Callable[..., Any], args: Any, keywords: Any) -> Any:
        """One call."""
        if self.randomness == "same":
            set_rng_state(self.start)
        result = func(*args, **keywords)
        if self.randomness == "error" and not np.array_equal(
            get_rng_state()._array, self.start._array
        ):
            raise RuntimeError(
                "vmap: called random operation while in randomness error mode. Please either use "
                "the 'same' or 'different' randomness flags on vmap or perform the randomness "
                "operation out of vmap"
            )
        return result


# Results


def _joined(results: list[Any], out_dims: Any, name: str) -> Any:
    """The results of all calls in one structure."""
    first = results[0]
    for leaf in leaves(first):
        if not isinstance(leaf, Tensor):
            raise ValueError(  # noqa: TRY004 - PyTorch's class
                f"vmap({name}, ...): `{name}` must only return Tensors, got type {type(leaf)}. Did "
                "you mean to set out_dims= to None for this output?"
            )
    columns = list(zip(*map(leaves, results), strict=True))
    dims = [d for _, d in _out_dims(out_dims, first, name)]
    stacked = [
        column[0] if d is None else NAMES["stack"](column, d)
        for column, d in zip(columns, dims, strict=True)
    ]
    return filled(first, stacked)


def _out_dims(dims: Any, tree: Any, name: str) -> list[tuple[Any, Any]]:
    start = f"vmap({name}, ..., out_dims={dims})(<inputs>)"
    try:
        if isinstance(dims, tuple) and len(dims) == 1 and isinstance(tree, Tensor):
            return [(tree, dims[0])]
        return list(_spread(dims, tree, start))
    except ValueError as error:
        raise ValueError(
            f"{start}: out_dims is not compatible with the structure of `outputs`"
        ) from error


def _of_nothing(
    func: Callable[..., Any], args: Any, keywords: Any, in_dims: Any, out_dims: Any, name: str
) -> Any:
    """The results of no calls: their shapes are those of a call with zeros."""
    values, dims = _flat(args, keywords, in_dims, name)
    shaped = [
        v if d is None else make(np.zeros(_without(v._array.shape, d), v._array.dtype), None)
        for v, d in zip(values, dims, strict=True)
    ]
    own, named = filled((args, keywords), shaped)
    made = func(*own, **named)
    picked = [
        x if d is None else NAMES["stack"]([x], d).narrow(d, 0, 0)
        for x, d in _out_dims(out_dims, made, name)
    ]
    return filled(made, picked)


def _without(shape: tuple[int, ...], dim: int) -> tuple[int, ...]:
    kept = list(shape)
    del kept[dim]
    return tuple(kept)
