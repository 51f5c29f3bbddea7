"""Losses: pointwise errors of two operands, and the fused ones of classification.

A pointwise loss leaves its reduction to `reduced`; mean squared error and cross entropy, which
most training steps end with, are one operation each, whatever the reduction.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._advice import for_classes
from .._kernels import cross_entropy as kernels
from .._kernels.choice import choose
from .._op import op
from .activation import logsigmoid, softmax
from .elementwise import abs as absolute, exp, log, sigmoid, sign, where
from .reduction import mean, sum as total
from .shape import reshape

REDUCTIONS = ("none", "mean", "sum")
LONG = np.dtype(np.int64)


def reduced(values: Any, reduction: str) -> Any:
    """The mean, the sum, or the values as they are."""
    if reduction == "mean":
        return mean(values)
    return total(values) if reduction == "sum" else values


def _weight(shape: tuple[int, ...], reduction: str) -> float:
    """How much one element counts in the reduced value."""
    return 1 / max(1, math.prod(shape)) if reduction == "mean" else 1.0


# Regression


@op(kind="general", label="mse", dtypes="common", formula="2 g (x − y) / n, 2 g (y − x) / n")
def mse_loss(x: Any, y: Any, *, reduction: str = "mean") -> Any:
    """(x − y)², its mean or its sum."""
    error = np.subtract(x, y)
    if reduction == "none":
        return error * error
    flat = error.reshape(-1)
    summed = flat.dot(flat)
    return summed / summed.dtype.type(flat.size) if reduction == "mean" else summed


def _squared_error_slope(g: Any, x: Any, y: Any, reduction: str) -> Any:
    error = x - y
    return g * (2 * _weight(error.shape, reduction)) * error


mse_loss.rule(_squared_error_slope)
mse_loss.rule(lambda g, x, y, reduction: _squared_error_slope(g, y, x, reduction))


@op(kind="elementwise", dtypes="common", formula="g clip(x − y, −delta, delta)")
def huber(x: Any, y: Any, *, delta: float) -> Any:
    """½ (x − y)² up to |x − y| = delta, beyond it delta (|x − y| − delta/2)."""
    size = np.abs(x - y)
    return choose(size < delta, size * size * 0.5, (size - 0.5 * delta) * delta)


def _huber_slope(g: Any, x: Any, y: Any, delta: float) -> Any:
    error = x - y
    return g * where(absolute(error) >= delta, sign(error) * delta, error)  # NaN stays NaN


huber.rule(_huber_slope)
huber.rule(lambda g, x, y, delta: _huber_slope(g, y, x, delta))


@op(kind="elementwise", dtypes="common")
def smooth_l1(x: Any, y: Any, *, beta: float) -> Any:
    """½ (x − y)² / beta up to |x − y| = beta, beyond it |x − y| − beta/2."""
    size = np.abs(x - y)
    if beta == 0:
        return size
    return choose(size < beta, size * size * (0.5 / beta), size - 0.5 * beta)


def _smooth_slope(g: Any, x: Any, y: Any, beta: float) -> Any:
    error = x - y
    if beta == 0:
        return g * sign(error)
    return g * where(absolute(error) >= beta, sign(error), error / beta)  # NaN stays NaN


smooth_l1.rule(_smooth_slope)
smooth_l1.rule(lambda g, x, y, beta: _smooth_slope(g, y, x, beta))


# Probabilities


@op(kind="elementwise", dtypes="same")
def binary_entropy(x: Any, y: Any) -> Any:
    """−y log x − (1 − y) log(1 − x), each logarithm at least −100."""
    return (y - 1) * np.maximum(np.log1p(-x), -100) - y * np.maximum(np.log(x), -100)


binary_entropy.rule(lambda g, x, y: g * (x - y) / _no_less((1 - x) * x))
binary_entropy.rule(lambda g, x: g * (_bounded_log(1 - x) - _bounded_log(x)))


def _no_less(x: Any) -> Any:
    return where(x < 1e-12, 1e-12, x)


def _bounded_log(x: Any) -> Any:
    value = log(x)
    return where(value < -100, -100.0, value)


@op(kind="elementwise", dtypes="common", formula="g (σ(x) − y), −g x")
def logit_entropy(x: Any, y: Any) -> Any:
    """−y log σ(x) − (1 − y) log σ(−x) = max(x, 0) − x y + log(1 + e^(−|x|))."""
    return np.maximum(x, 0) - x * y + np.log1p(np.exp(-np.abs(x)))


logit_entropy.rule(lambda g, x, y: g * (sigmoid(x) - y))
logit_entropy.rule(lambda g, x: -g * x)


def weighted_logit_entropy(x: Any, y: Any, positive: Any) -> Any:
    """The same with the term of y = 1 counted `positive` times."""
    return -(positive * y * logsigmoid(x) + (1 - y) * logsigmoid(-x))


@op(kind="elementwise", dtypes="common")
def divergence(x: Any, y: Any) -> Any:
    """y (log y − x), `x` a log-probability and `y` a probability; 0 where y is 0."""
    return np.where(y == 0, np.zeros((), y.dtype), y * np.log(y)) - y * x


divergence.rule(lambda g, y: -g * y)
divergence.rule(lambda g, x, y: g * (log(y) + y / y - x))


def log_divergence(x: Any, y: Any) -> Any:
    """eʸ (y − x), both log-probabilities."""
    return exp(y) * (y - x)


# Classes


@op(
    kind="general", aux=("slope", "valid"), label="cross entropy", onnx="SoftmaxCrossEntropyLoss",
    formula="g (softmax(x) − one-hot) / n",
)  # fmt: skip
def cross_entropy(x: Any, target: Any, *, ignore_index: int = -100, reduction: str = "mean") -> Any:
    """−log softmax(x) at the class `target` of every row; (N, C), (N) -> () or (N).

    Rows whose target is `ignore_index` count nothing.  The gradient, softmax less one-hot, is
    worked out along the way, while everything it needs is at hand.
    """
    target, valid, count = _check_classes(target, x.shape[1], ignore_index)
    share = (1 / count if count else math.nan) if reduction == "mean" else 1.0
    losses, slope = kernels.cross_entropy(x, target, valid, share)
    if reduction == "none":
        return losses, slope, valid
    summed = np.add.reduce(losses)
    return (summed / summed.dtype.type(count) if reduction == "mean" else summed), slope, valid


def _check_classes(target: Any, classes: int, ignore_index: int) -> tuple[Any, Any, int]:
    """Targets that may be indexed with, which rows count (None: all), and how many."""
    count = target.size
    if not count:
        return target, None, 0
    if not 0 <= ignore_index < classes and _all_below(classes, target):
        return target, None, count
    low, high = np.minimum.reduce(target), np.maximum.reduce(target)
    valid = None
    if ignore_index >= 0 or low == ignore_index:
        valid = target != ignore_index
        count = int(np.count_nonzero(valid))
        target = np.where(valid, target, 0)
        low, high = np.minimum.reduce(target), np.maximum.reduce(target)
        if count == valid.size:
            valid = None
    if low < 0 or high >= classes:
        wrong = int(low if low < 0 else high)
        place = int(np.argmax(target == wrong))
        raise IndexError(
            f"Target {wrong} is out of bounds for {classes} classes: entry {place} of the target "
            f"is {wrong}, but {for_classes(wrong, classes)}"
        )
    return target, valid, count


def _all_below(classes: int, target: Any) -> bool:
    """Whether one pass shows that all is well: negative numbers without their sign are large."""
    plain = target.dtype == LONG and target.flags.c_contiguous
    return bool(plain and np.maximum.reduce(target.view(np.uint64)) < classes)


@cross_entropy.rule
def _(g: Any, slope: Any, valid: Any, reduction: str) -> Any:
    pulled = g[:, None] * slope if reduction == "none" else g * slope
    if valid is not None:
        pulled[~valid] = 0  # a choice: 0 · ∞ is NaN
    return pulled


@cross_entropy.again
def _(g: Any, x: Any, x_dtype: Any, target: Any, ignore_index: int, reduction: str) -> Any:
    target, valid, count = _check_classes(np.asarray(target), x.shape[1], ignore_index)
    hot = np.zeros(x.shape, x_dtype)
    hot[np.arange(len(target)), target] = 1
    slope = softmax(x, axis=1) - hot
    if valid is not None:
        slope = slope * valid[:, None]
    if reduction == "none":
        return reshape(g, shape=(g.shape[0], 1)) * slope
    return g * (slope / count if reduction == "mean" and count else slope)


@op(kind="linear", label="nll", formula="−g / n at the target")
def nll_loss(x: Any, target: Any, *, ignore_index: int = -100, reduction: str = "mean") -> Any:
    """−x at the class `target` of every row; (N, C), (N) -> () or (N).

    Rows whose target is `ignore_index` count nothing.
    """
    places, valid, count = _class_places(target, x.shape, ignore_index)
    losses = -x.reshape(-1).take(places)
    if valid is not None:
        losses[~valid] = 0
    if reduction == "none":
        return losses
    summed = total.forward(losses)
    return summed / summed.dtype.type(count) if reduction == "mean" else summed


@op(kind="linear", label="nllᵀ")
def unnll_loss(
    x: Any, target: Any, *, shape: tuple[int, int], ignore_index: int, reduction: str
) -> Any:
    """Zeros of `shape` with −x, or its share, at the class `target` of every row."""
    places, valid, count = _class_places(target, shape, ignore_index)
    if reduction == "mean":
        x = x / x.dtype.type(count)
    out = np.zeros(shape[0] * shape[1], x.dtype)
    out[places if valid is None else places[valid]] = _of_valid(-x, valid)
    return out.reshape(shape)


def _of_valid(x: Any, valid: Any) -> Any:
    return x if valid is None or not x.ndim else x[valid]


def _class_places(target: Any, shape: tuple[int, ...], ignore_index: int) -> tuple[Any, Any, int]:
    """Flat places of the targets in a matrix, which rows count (None: all), and how many."""
    target, valid, count = _check_classes(target, shape[1], ignore_index)
    return target + np.arange(shape[0]) * shape[1], valid, count


@nll_loss.rule("x")
def _(g: Any, x_shape: Any, target: Any, ignore_index: int, reduction: str) -> Any:
    return unnll_loss(g, target, shape=x_shape, ignore_index=ignore_index, reduction=reduction)


@unnll_loss.rule("x")
def _(g: Any, target: Any, ignore_index: int, reduction: str) -> Any:
    return nll_loss(g, target, ignore_index=ignore_index, reduction=reduction)
