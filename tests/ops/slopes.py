"""Gradients of operations on plain arrays against central differences."""

from __future__ import annotations

import numpy as np

from tests.ops.pulling import pull, settle


def first(result):
    """The first floating-point result of an operation."""
    return result[0] if isinstance(result, tuple) else result


def check_slopes(op, operands, settings=None, step=1e-6):
    """Compare every rule of `op` with central differences in a random direction."""
    settings = settings or {}
    random = np.random.default_rng(7)
    out = first(op(*operands, **settings))
    g = random.standard_normal(np.shape(out))
    given = (g, *(None,) * (len(op.outputs) - 1)) if op.outputs else g
    _, gradients = pull_with(op, operands, settings, given)
    checked = 0
    for i, x in enumerate(operands):
        if gradients[i] is None or np.asarray(x).dtype.kind != "f":
            continue
        along = random.standard_normal(x.shape)

        def value(t, i=i, x=x, along=along):
            moved = [x + t * along if j == i else y for j, y in enumerate(operands)]
            return float(np.sum(first(op(*moved, **settings)) * g))

        slope = (value(step) - value(-step)) / (2 * step)
        pulled = float(np.sum(settle(np.asarray(gradients[i]), x.shape) * along))
        np.testing.assert_allclose(pulled, slope, rtol=1e-6, atol=1e-7, err_msg=f"operand {i}")
        checked += 1
    assert checked, f"{op.name}: no gradient was checked"


def pull_with(op, operands, settings, g):
    """`pull` with a gradient that may be a tuple, for operations with several results."""
    if not isinstance(g, tuple):
        return pull(op, operands, settings, g)
    from tests.ops.pulling import gather

    result = op.forward(*operands, **settings)
    needs = tuple(np.asarray(x).dtype.kind == "f" for x in operands)
    if op.shared is not None:
        return result, op.shared.function(
            g, *gather(op.shared, op, operands, settings, result, needs)
        )
    return result, tuple(
        rule and rule.function(g, *gather(rule, op, operands, settings, result, needs))
        for rule in op.rules
    )
