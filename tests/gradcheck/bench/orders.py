"""Faults that only an engine shows: second derivatives, and gradients it sums without a word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

# Each backward of x squared has the right value and a wrong derivative.
SECOND: dict[str, Callable[..., Any]] = {
    "detached input": lambda g, x: 2 * x.detach() * g,
    "detached upstream": lambda g, x: 2 * x * g.detach(),
    "all detached": lambda g, x: (2 * x * g).detach(),
    "half detached": lambda g, x: x.detach() * g + x * g,
    "extra term": lambda g, x: 2 * x * g + (x - x.detach()) * g,
    "extra curvature": lambda g, x: 2 * x * g + (x - x.detach()) * 3 * g,
    "negated curvature": lambda g, x: 2 * x.detach() * g - 2 * (x - x.detach()) * g,
    "doubled upstream": lambda g, x: 2 * x * (2 * g - g.detach()),
    "upstream lost twice": lambda g, x: 2 * x * g + (x - x.detach()) * g.detach(),
    "mixed elements": lambda g, x: 2 * x * g + (x - x.detach()).flip(0) * g,
}
RIGHT: dict[str, Callable[..., Any]] = {
    "plain": lambda g, x: 2 * x * g,
    "written otherwise": lambda g, x: (x + x) * g,
    "in two terms": lambda g, x: x * g + g * x,
}


def full(name: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Forward and a backward that leaves the gradient of `b` in the broadcast shape."""
    return {
        "add": (lambda a, b: a + b, lambda g, a, b: (g, g)),
        "sub": (lambda a, b: a - b, lambda g, a, b: (g, -g)),
        "mul": (lambda a, b: a * b, lambda g, a, b: (g * b, g * a)),
        "div": (lambda a, b: a / b, lambda g, a, b: (g / b, -g * a / (b * b))),
        "pow": (
            lambda a, b: a**b,
            lambda g, a, b: (g * b * a ** (b - 1), g * a**b * a.log()),
        ),
        "maximum": (lambda a, b: (a + b) / 2 + (a - b).abs() / 2,
                    lambda g, a, b: (g * (a > b), g * (b > a))),
        "hypot": (
            lambda a, b: (a * a + b * b).sqrt(),
            lambda g, a, b: (g * a / (a * a + b * b).sqrt(), g * b / (a * a + b * b).sqrt()),
        ),
    }[name]  # fmt: skip


FORGIVEN = ("add", "sub", "mul", "div", "pow", "maximum", "hypot")


def as_function(home: Any, forward: Callable[..., Any], backward: Callable[..., Any]) -> Any:
    """A Function of either library."""

    def run(ctx: Any, *xs: Any) -> Any:
        ctx.save_for_backward(*xs)
        return forward(*xs)

    def back(ctx: Any, g: Any) -> Any:
        return backward(g, *ctx.saved_tensors)

    members = {"forward": staticmethod(run), "backward": staticmethod(back)}
    return type("Custom", (home.autograd.Function,), members).apply


def leaf(home: Any, rng: np.random.Generator, *shape: int) -> Any:
    """A positive tensor that wants a gradient."""
    return home.tensor(rng.uniform(0.5, 2.5, shape)).requires_grad_()


def count_second(home: Any, check: Callable[..., Any], seed: int) -> tuple[int, int]:
    """Wrong second derivatives caught, and right ones refused."""
    rng = np.random.default_rng(seed)

    def refused(backward: Callable[..., Any]) -> bool:
        function = as_function(home, lambda x: x * x, backward)
        try:
            return not check(function, (leaf(home, rng, 3),), raise_exception=False)
        except RuntimeError:
            return True

    return sum(map(refused, SECOND.values())), sum(map(refused, RIGHT.values()))


def count_forgiven(home: Any, check: Callable[..., Any], seed: int) -> int:
    """Gradients of the broadcast shape that are reported."""
    rng = np.random.default_rng(seed)
    found = 0
    for name in FORGIVEN:
        function = as_function(home, *full(name))
        inputs = (leaf(home, rng, 3, 4), leaf(home, rng, 4))
        found += not check(function, inputs, raise_exception=False)
    return found
