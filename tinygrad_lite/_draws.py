"""Tensors drawn at random: rand, randn, randint, normal, bernoulli, multinomial and kin."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import _dtypes
from ._creation import finish, into, kind_of, make_like, shape_from
from ._needs import need_fractions
from ._nodes import make
from ._random import Generator, generator_of, standard_normal, uniform
from ._record import apply
from ._tensor import Tensor
from .ops.elementwise import zero

__all__ = [
    "bernoulli", "binomial", "multinomial", "normal", "poisson", "rand", "rand_like", "randint",
    "randint_like", "randn", "randn_like", "randperm",
]  # fmt: skip


rand_like = make_like(
    lambda shape, kind, source=None: uniform(shape, source, kind),
    "rand_like",
    "Numbers from [0, 1), as `input`.",
)
randn_like = make_like(
    lambda shape, kind, source=None: standard_normal(shape, source, kind), "randn_like",
    "Standard normal numbers of the shape and dtype of `input`.",
)  # fmt: skip


def rand(
    *sizes: Any, size: Any = None, generator: Generator | None = None, out: Any = None,
    dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Numbers spread evenly over [0, 1)."""
    made = finish(uniform(shape_from(sizes, size), generator, dtype), requires_grad, device)
    return made if out is None else into(out, made)


def randn(
    *sizes: Any, size: Any = None, generator: Generator | None = None, out: Any = None,
    dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Standard normal numbers."""
    made = finish(standard_normal(shape_from(sizes, size), generator, dtype), requires_grad, device)
    return made if out is None else into(out, made)


def randint(
    *bounds: Any, low: Any = None, high: Any = None, size: Any = None,
    generator: Generator | None = None, out: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Whole numbers from [low, high): `randint(10, (3,))` or `randint(2, 10, (3,))`."""
    given = list(bounds)
    if size is None and given and isinstance(given[-1], (tuple, list)):
        size = given.pop()
    if high is None:
        high = given.pop() if given else None
    if low is None:
        low = given.pop() if given else 0
    if size is None or high is None:
        raise TypeError("randint(): needs a bound and a size, such as randint(0, 10, (3,))")
    if low >= high:
        raise RuntimeError(
            f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}"
        )
    drawn = generator_of(generator).integers(low, high, shape_from((size,)))
    kind = np.dtype(np.int64) if dtype is None else kind_of(dtype)
    made = finish(drawn.astype(kind, copy=False), requires_grad, device)
    return made if out is None else into(out, made)


def randint_like(
    input: Any, low: Any, high: Any = None, *, dtype: Any = None, device: Any = None,
    generator: Generator | None = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Whole numbers from [low, high) in the shape and dtype of `input`."""
    low, high = (0, low) if high is None else (low, high)
    kind = input.dtype if dtype is None else dtype
    return randint(
        low, high, input.shape, dtype=kind, device=device, generator=generator,
        requires_grad=requires_grad,
    )  # fmt: skip


def randperm(
    n: int, *, generator: Generator | None = None, out: Any = None, dtype: Any = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """The numbers 0 to n - 1 in random order."""
    if n < 0:
        raise RuntimeError(f"n must be non-negative, got {n}")
    order = generator_of(generator).permutation(n).astype(kind_of(dtype or _dtypes.int64))
    made = finish(order, requires_grad, device)
    return made if out is None else into(out, made)


def normal(
    mean: Any = 0.0, std: Any = 1.0, size: Any = None, *, generator: Generator | None = None,
    out: Any = None, dtype: Any = None, device: Any = None, requires_grad: bool = False,
    layout: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Normal numbers: `normal(0.0, 1.0, (2, 3))`, or with tensors of means and deviations."""
    arrays = [v._array if isinstance(v, Tensor) else v for v in (mean, std)]
    if (std < 0) if std.__class__ is float else np.any(np.asarray(arrays[1]) < 0):
        raise RuntimeError(f"normal expects std >= 0.0, but found std {np.min(arrays[1])}")
    tensors = [v for v in (mean, std) if isinstance(v, Tensor)]
    if size is not None:
        shape: Any = shape_from((size,))
    elif tensors:
        shape = np.broadcast_shapes(*[t._array.shape for t in tensors])
        dtype = tensors[0].dtype if dtype is None else dtype
    else:
        raise TypeError("normal(): needs a tensor of means or deviations, or a size")
    drawn = standard_normal(shape, generator, dtype)
    drawn = np.asarray(
        drawn * np.asarray(arrays[1], drawn.dtype) + np.asarray(arrays[0], drawn.dtype)
    )
    made = finish(drawn, requires_grad, device)
    return made if out is None else into(out, made)


def bernoulli(
    input: Any, p: Any = None, *, generator: Generator | None = None, out: Any = None
) -> Tensor:
    """1 with the probabilities in `input` (or with probability `p`), else 0."""
    chances = input._array if p is None else np.full(input._array.shape, p)
    if np.any((chances < 0) | (chances > 1)):
        raise RuntimeError("Expected p_in >= 0 && p_in <= 1 to be true, but got false.")
    drawn = generator_of(generator).random(chances.shape) < chances
    made: Tensor = make(np.asarray(drawn).astype(input._array.dtype), None)
    if input.requires_grad:  # drawn numbers have a zero gradient, as in PyTorch
        made = apply(zero, (input,), {}) + made
    return made if out is None else into(out, made)


def poisson(input: Any, generator: Generator | None = None) -> Tensor:
    """Poisson numbers with the rates in `input`."""
    if np.any(input._array < 0):
        raise RuntimeError("invalid Poisson rate, expected rate to be non-negative")
    drawn = generator_of(generator).poisson(input._array)
    return make(np.asarray(drawn).astype(input._array.dtype), None)  # type: ignore[no-any-return]


def binomial(count: Any, prob: Any, generator: Generator | None = None) -> Tensor:
    """How many of `count` trials succeed, each with probability `prob`."""
    if np.any(count._array < 0) or np.any((prob._array < 0) | (prob._array > 1)):
        raise RuntimeError("binomial expects count >= 0 and prob in [0, 1]")
    drawn = generator_of(generator).binomial(count._array.astype(np.int64), prob._array)
    return make(np.asarray(drawn).astype(count._array.dtype), None)  # type: ignore[no-any-return]


def multinomial(
    input: Any, num_samples: int, replacement: bool = False, *,
    generator: Generator | None = None, out: Any = None,
) -> Tensor:  # fmt: skip
    """`num_samples` indices drawn with the weights in each row of `input`.

    Without replacement by the exponential race: the smallest of e / w over exponential e.
    """
    need_fractions("multinomial", input)
    weights = np.asarray(input._array, np.float64)
    if weights.ndim not in (1, 2):
        raise RuntimeError("prob_dist must be 1 or 2 dim")
    if np.any(~np.isfinite(weights)) or np.any(weights < 0):
        raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
    if np.any(weights.sum(-1) <= 0):
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")
    if num_samples <= 0:
        raise RuntimeError("cannot sample n_sample <= 0 samples")
    if not replacement and num_samples > weights.shape[-1]:
        raise RuntimeError(
            "cannot sample n_sample > prob_dist.size(-1) samples without replacement"
        )
    rng = generator_of(generator)
    rows = weights.reshape(-1, weights.shape[-1])
    drawn = (
        _with_replacement(rng, rows, num_samples) if replacement else _race(rng, rows, num_samples)
    )
    made: Tensor = make(drawn.reshape(*weights.shape[:-1], num_samples), None)
    if out is not None and out.dtype != made.dtype:
        raise RuntimeError(f"multinomial expects Long tensor out, got: {out.dtype!r}")
    return made if out is None else into(out, made)


def _with_replacement(rng: np.random.Generator, rows: Any, count: int) -> Any:
    """Invert the cumulative distribution; the last possible index catches rounding."""
    edges = np.cumsum(rows, axis=-1)
    points = rng.random((rows.shape[0], count)) * edges[:, -1:]
    found = np.stack(
        [np.searchsorted(e, p, side="right") for e, p in zip(edges, points, strict=True)]
    )
    last = rows.shape[1] - 1 - np.argmax(rows[:, ::-1] > 0, axis=1)
    return np.minimum(found, last[:, None])


def _race(rng: np.random.Generator, rows: Any, count: int) -> Any:
    if np.any((rows > 0).sum(-1) < count):
        raise RuntimeError(
            "invalid multinomial distribution (with replacement=False, not enough non-negative "
            "category to sample)"
        )
    times = np.full(rows.shape, np.inf)
    np.divide(rng.exponential(size=rows.shape), rows, out=times, where=rows > 0)
    return np.argsort(times, axis=-1)[:, :count]
