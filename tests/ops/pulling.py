"""Run an operation and its rules on plain arrays, without a tensor."""

from __future__ import annotations

import numpy as np


def gather(rule, op, operands, settings, result, needs):
    """The arguments a rule asks for, in its order."""
    results = result if isinstance(result, tuple) else (result,)
    count = max(1, len(op.outputs))
    aux = results[count:]
    defaults = op.forward.__kwdefaults__ or {} if hasattr(op.forward, "__kwdefaults__") else {}
    for source in rule.sources:
        what, which = source
        if what == "operand":
            yield operands[which]
        elif what == "operands":
            yield operands
        elif what in {"shape", "dtype"}:
            yield getattr(operands[which], what)
        elif what in {"shapes", "dtypes"}:
            yield tuple(getattr(x, what[:-1]) for x in operands)
        elif what == "out":
            yield results[which or 0]
        elif what == "aux":
            yield aux[which]
        elif what == "setting":
            yield settings.get(which, defaults.get(which))
        elif what == "needs":
            yield needs


def pull(op, operands, settings=None, g=None, again=False):
    """The visible results of `op`, and the gradient of every floating-point operand for `g`."""
    settings = settings or {}
    result = op.forward(*operands, **settings)
    visible = op.visible(result) if op.aux else result
    if g is None:
        g = np.random.default_rng(0).standard_normal(np.shape(visible)).astype(visible.dtype)
    g = np.asarray(g)
    needs = tuple(np.asarray(x).dtype.kind == "f" for x in operands)
    if op.shared is not None:
        rule = (op.shared_again if again else None) or op.shared
        grads = rule.function(g, *gather(rule, op, operands, settings, result, needs))
    else:
        grads = []
        for first, twin in zip(op.rules, op.rules_again, strict=True):
            rule = (twin if again else None) or first
            arguments = rule and gather(rule, op, operands, settings, result, needs)
            grads.append(rule and rule.function(g, *arguments))
    return visible, tuple(grads)


def settle(gradient, shape):
    """Undo the broadcasting of an operand, as the engine does."""
    from tinygrad_lite.ops.shape import unexpand

    return gradient if gradient.shape == shape else unexpand(gradient, shape=shape)
