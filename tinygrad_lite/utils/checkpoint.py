"""Checkpoints of activations: memory for time, torch.utils.checkpoint."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from .._nodes import Leaf
from .._random import default_generator
from .._tensor import Tensor
from ..autograd.derivatives import grad
from ..autograd.function import Function
from ..autograd.modes import enable_grad, is_grad_enabled

__all__ = ["checkpoint", "checkpoint_sequential"]


def checkpoint(
    function: Callable[..., Any], *args: Any, use_reentrant: bool | None = None,
    preserve_rng_state: bool = True, **keywords: Any,
) -> Any:  # fmt: skip
    """`function(*args)`, whose inner results are let go and worked out again in backward.

    Random numbers are drawn alike the second time unless `preserve_rng_state` is False.
    """
    del use_reentrant  # one way serves both
    for ignored in ("context_fn", "determinism_check", "debug", "early_stop"):
        keywords.pop(ignored, None)
    if not is_grad_enabled():
        return function(*args, **keywords)
    state = default_generator.get_state() if preserve_rng_state else None

    def run(*inputs: Any) -> Any:
        return function(*inputs, **keywords)

    with enable_grad():
        result = run(*[_detached(a) for a in args])
    several = isinstance(result, tuple)
    outputs = result if several else (result,)
    weights = _weights_behind(outputs)
    detached = tuple(o.detach() if isinstance(o, Tensor) else o for o in outputs)
    made = Recomputed.apply(run, state, detached, len(args), *args, *weights)
    return made if several else made[0]


def _detached(x: Any) -> Any:
    if not isinstance(x, Tensor):
        return x
    return x.detach().requires_grad_(x.requires_grad)


def _weights_behind(outputs: tuple[Any, ...]) -> list[Any]:
    """The leaves that the outputs were computed from, other than the detached inputs."""
    stack = [o._node for o in outputs if isinstance(o, Tensor) and o._node is not None]
    seen = set(stack)
    found = []
    while stack:
        node = stack.pop()
        if node.__class__ is Leaf:
            tensor = node.tensor()
            if tensor is not None:
                found.append(tensor)
            continue
        for parent, _ in node.edges():
            if parent not in seen:
                seen.add(parent)
                stack.append(parent)
    return found


class Recomputed(Function):
    """The operation that stands for a checkpointed function."""

    @staticmethod
    def forward(
        ctx: Any, run: Any, state: Any, outputs: tuple[Any, ...], count: int, *tensors: Any
    ) -> Any:
        """Hand out the results that were worked out already."""
        ctx.run, ctx.state, ctx.count, ctx.given = run, state, count, tensors
        return outputs

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """Work the function out once more, recorded this time, and pull the gradients back."""
        inputs = [_detached(x) for x in ctx.given[: ctx.count]]
        weights = ctx.given[ctx.count :]
        now = default_generator.get_state()
        if ctx.state is not None:
            default_generator.set_state(ctx.state)
        try:
            with enable_grad():
                result = ctx.run(*inputs)
        finally:
            default_generator.set_state(now)
        outputs = result if isinstance(result, tuple) else (result,)
        wanted = [x for x in (*inputs, *weights) if isinstance(x, Tensor) and x.requires_grad]
        pairs = [
            (o, g)
            for o, g in zip(outputs, grad_outputs, strict=True)
            if isinstance(o, Tensor) and o.requires_grad and g is not None
        ]
        found = iter(grad([o for o, _ in pairs], wanted, [g for _, g in pairs], allow_unused=True))
        gradients = [
            next(found) if isinstance(x, Tensor) and x.requires_grad else None
            for x in (*inputs, *weights)
        ]
        return (None, None, None, None, *gradients)


def checkpoint_sequential(
    functions: Any, segments: int, input: Any, use_reentrant: bool | None = None, **keywords: Any
) -> Any:
    """A Sequential in `segments` parts, each checkpointed."""
    del use_reentrant, keywords
    layers = list(functions.children()) if hasattr(functions, "children") else list(functions)
    size = max(len(layers) // segments, 1)

    def part(start: int, stop: int) -> Callable[[Any], Any]:
        def run(x: Any) -> Any:
            for layer in layers[start:stop]:
                x = layer(x)
            return x

        return run

    cuts = [i * size for i in range(segments)] + [len(layers)]
    for start, stop in itertools.pairwise(cuts):
        input = checkpoint(part(start, stop), input)
    return input
