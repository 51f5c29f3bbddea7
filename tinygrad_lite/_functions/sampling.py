"""Random numbers written into a tensor: normal_, uniform_, bernoulli_ and kin."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import _draws
from .._inplace import forbid, replace
from .._nodes import make
from .._random import generator_of
from .._state import tick
from .._tensor import Tensor

__all__: list[str] = []

PART = 1 << 15


def _sampler(name: str, draw: Any, text: str) -> None:
    def function(self: Any, *args: Any, generator: Any = None, **keywords: Any) -> Any:
        forbid(self)
        drawn = _draw(draw, generator_of(generator), self._array, args, keywords)
        start = tick()
        return replace(self, make(drawn, None), name, start)

    function.__name__ = name
    function.__doc__ = text
    setattr(Tensor, name, function)


def _draw(draw: Any, rng: Any, array: Any, args: Any, keywords: Any) -> Any:
    """Return numbers for an array, as many at a time as the processor's cache holds."""
    if array.size <= PART or draw not in (_uniform, _normal):
        return np.asarray(draw(rng, array.shape, *args, **keywords)).astype(array.dtype)
    flat = np.empty(array.size, array.dtype)
    for start in range(0, array.size, PART):
        part = flat[start : start + PART]
        part[...] = draw(rng, part.shape, *args, **keywords)
    return flat.reshape(array.shape)


def _need(condition: bool, text: str) -> None:
    if not condition:
        raise RuntimeError(text)


def _uniform(rng: Any, shape: Any, from_: float = 0.0, to: float = 1.0, **names: float) -> Any:
    low, high = names.get("from", names.get("a", from_)), names.get("b", to)
    _need(
        low <= high,
        f"uniform_ expects to return a [from, to) range, but found from={low} > to={high}",
    )
    return low + (high - low) * rng.random(shape)


def _normal(rng: Any, shape: Any, mean: float = 0.0, std: float = 1.0) -> Any:
    _need(std >= 0, f"normal expects std >= 0.0, but found std {std}")
    return mean + std * rng.standard_normal(shape)


def _bernoulli(rng: Any, shape: Any, p: Any = 0.5) -> Any:
    chance = p._array if isinstance(p, Tensor) else p
    _need(bool(np.all((np.asarray(chance) >= 0) & (np.asarray(chance) <= 1))),
          f"bernoulli_ expects p to be in [0, 1], but got p={p}")  # fmt: skip
    return rng.random(shape) < chance


def _exponential(rng: Any, shape: Any, lambd: float = 1.0) -> Any:
    _need(lambd > 0, f"exponential_ expects lambda > 0.0, but found lambda={lambd}")
    return rng.exponential(1 / lambd, shape)


def _random(rng: Any, shape: Any, *bounds: Any) -> Any:
    low, high = (0, 2**24) if not bounds else (0, bounds[0]) if len(bounds) == 1 else bounds
    _need(
        low < high, f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}"
    )
    return rng.integers(low, high, shape)


_sampler("uniform_", _uniform, "Numbers spread evenly over [from, to).")
_sampler("normal_", _normal, "Normal numbers of a mean and a standard deviation.")
_sampler("bernoulli_", _bernoulli, "1 with probability p, else 0.")
_sampler("exponential_", _exponential, "Exponential numbers of rate lambd.")
_sampler("random_", _random, "Whole numbers from [from, to).")


def _cauchy(rng: Any, shape: Any, median: float = 0.0, sigma: float = 1.0) -> Any:
    _need(sigma > 0, f"cauchy_ expects sigma > 0.0, but found sigma={sigma}")
    return median + sigma * rng.standard_cauchy(shape)


def _log_normal(rng: Any, shape: Any, mean: float = 1.0, std: float = 2.0) -> Any:
    _need(std > 0, f"log_normal_ expects std > 0.0, but found std={std}")
    return rng.lognormal(mean, std, shape)


def _geometric(rng: Any, shape: Any, p: float) -> Any:
    _need(0 < p < 1, f"geometric_ expects p to be in (0, 1), but got p={p}")
    return rng.geometric(p, shape)


_sampler("cauchy_", _cauchy, "Cauchy numbers of a median and a width.")  # fmt: skip
_sampler("log_normal_", _log_normal, "exp of normal numbers.")
_sampler("geometric_", _geometric, "Trials up to the first success.")
Tensor.bernoulli = _draws.bernoulli  # type: ignore[attr-defined]
Tensor.multinomial = _draws.multinomial  # type: ignore[attr-defined]
