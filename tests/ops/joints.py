"""Operations with a joint rule, such as recurrent ones: results, pulled gradients, slopes."""

from __future__ import annotations

import numpy as np

from tests.ops.pulling import gather


def results(op, operands, settings):
    """Everything the forward returns, and a tuple of what users see of it."""
    result = op.forward(*operands, **settings)
    shown = op.visible(result) if op.aux else result
    return result, shown if isinstance(shown, tuple) else (shown,)


def weights_of(op, operands, settings):
    """A weight for every element that users see, so that each of them matters differently."""
    random = np.random.default_rng(9)
    return [random.standard_normal(p.shape) for p in results(op, operands, settings)[1]]


def pulled(op, operands, settings, weights, again=False, needs=None):
    """The gradients of the weighted total, by the joint rule or its plain twin (`again`)."""
    result, _ = results(op, operands, settings)
    needs = needs or tuple(x is not None for x in operands)
    rule = op.shared_again if again else op.shared
    g = tuple(weights) if op.outputs else weights[0]
    return rule.function(g, *gather(rule, op, operands, settings, result, needs))


def total(op, operands, settings, weights):
    """The weighted sum of all elements that users see."""
    _, parts = results(op, operands, settings)
    return sum(float((p * w).sum()) for p, w in zip(parts, weights, strict=True))


def close(found, expected, gap=1e-12):
    """Check gradients one by one; None stands beside None alone."""
    for a, b in zip(found, expected, strict=True):
        if a is None or b is None:
            assert a is b is None
        else:
            np.testing.assert_allclose(np.asarray(a), b, rtol=gap, atol=gap / 10)


def check_joint_slopes(op, operands, settings, step=1e-6):
    """Check the gradient of every operand along a direction against a central difference."""
    weights = weights_of(op, operands, settings)
    gradients = pulled(op, operands, settings, weights)
    for i, x in enumerate(operands):
        if x is None:
            assert gradients[i] is None
            continue
        along = np.random.default_rng(i).standard_normal(x.shape)
        values = [
            total(op, [*operands[:i], x + t * along, *operands[i + 1 :]], settings, weights)
            for t in (step, -step)
        ]
        slope = (values[0] - values[1]) / (2 * step)
        np.testing.assert_allclose((gradients[i] * along).sum(), slope, rtol=1e-6, atol=1e-7)
