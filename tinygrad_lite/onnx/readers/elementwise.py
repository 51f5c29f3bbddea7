"""Arithmetic, comparisons, activations, casts."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..._creation import from_numpy
from ..reading import READERS, Call, as_tensor, reads, type_of
from .names import F, T

UNARY = {
    "Abs": "abs", "Neg": "neg", "Exp": "exp", "Log": "log", "Sqrt": "sqrt", "Floor": "floor",
    "Ceil": "ceil", "Round": "round", "Sign": "sign", "Sin": "sin", "Cos": "cos", "Tan": "tan",
    "Asin": "asin", "Acos": "acos", "Atan": "atan", "Sinh": "sinh", "Cosh": "cosh",
    "Asinh": "asinh", "Acosh": "acosh", "Atanh": "atanh", "Tanh": "tanh", "Sigmoid": "sigmoid",
    "Erf": "erf", "Not": "logical_not", "IsNaN": "isnan", "BitwiseNot": "bitwise_not",
    "Reciprocal": "reciprocal", "Det": "det",
}  # fmt: skip
BINARY = {
    "Add": "add", "Sub": "sub", "Mul": "mul", "Pow": "pow", "Equal": "eq", "Less": "lt",
    "LessOrEqual": "le", "Greater": "gt", "GreaterOrEqual": "ge", "And": "logical_and",
    "Or": "logical_or", "Xor": "logical_xor", "BitwiseAnd": "bitwise_and",
    "BitwiseOr": "bitwise_or", "BitwiseXor": "bitwise_xor",
}  # fmt: skip


def _one(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda c, x: function(x)


def _two(function: Callable[..., Any]) -> Callable[..., Any]:
    def read(c: Call, x: Any, y: Any) -> Any:
        if c["broadcast"] and y.ndim < x.ndim and c["axis"] is not None:  # before opset 7
            y = y.reshape((*y.shape, *[1] * (x.ndim - y.ndim - c["axis"])))
        return function(x, y)

    return read


READERS.update({name: _one(getattr(T, function)) for name, function in UNARY.items()})
READERS.update({name: _two(getattr(T, function)) for name, function in BINARY.items()})


@reads("Pow")
def read_pow(c: Call, x: Any, y: Any) -> Any:
    return T.pow(x, y).to(x.dtype)


@reads("Div")
def read_div(c: Call, x: Any, y: Any) -> Any:
    if x.is_floating_point():
        return x / y
    return T.div(x, y, rounding_mode="trunc")


@reads("Mod")
def read_mod(c: Call, x: Any, y: Any) -> Any:
    return T.fmod(x, y) if c.get("fmod", 0) else T.remainder(x, y)


@reads("BitShift")
def read_shift(c: Call, x: Any, y: Any) -> Any:
    function = T.bitwise_left_shift if c["direction"] == "LEFT" else T.bitwise_right_shift
    return function(x, y)


@reads("IsInf")
def read_isinf(c: Call, x: Any) -> Any:
    up, down = c.get("detect_positive", 1), c.get("detect_negative", 1)
    found = T.zeros_like(x).bool()
    if up:
        found = found | T.isposinf(x)
    return found | T.isneginf(x) if down else found


def _fold(function: Callable[..., Any]) -> Callable[..., Any]:
    def read(c: Call, *xs: Any) -> Any:
        out = xs[0]
        for x in xs[1:]:
            out = function(out, x)
        return out

    return read


READERS.update({
    "Max": _fold(T.maximum), "Min": _fold(T.minimum), "Sum": _fold(T.add),
    "Mean": lambda c, *xs: _fold(T.add)(c, *xs) / len(xs),
})  # fmt: skip


@reads("Identity")
def read_identity(c: Call, x: Any) -> Any:
    return x


@reads("Where")
def read_where(c: Call, condition: Any, x: Any, y: Any) -> Any:
    return T.where(condition, x, y)


@reads("Clip")
def read_clip(c: Call, x: Any, low: Any = None, high: Any = None) -> Any:
    low = c["min"] if low is None else low.item()
    high = c["max"] if high is None else high.item()
    if low is None and high is None:
        return x
    if low is not None and high is not None and low > high:
        return T.full_like(x, high)
    return T.clamp(x, low, high)


@reads("Cast")
def read_cast(c: Call, x: Any) -> Any:
    dtype = type_of(c["to"])
    if dtype is None:
        c.refuse(f"elements of type number {c['to']} have no counterpart")
    return x.to(dtype)


@reads("CastLike")
def read_cast_like(c: Call, x: Any, like: Any) -> Any:
    return x.to(like.dtype)


# Activations

READERS.update({
    "Relu": lambda c, x: F.relu(x),
    "LeakyRelu": lambda c, x: F.leaky_relu(x, c.get("alpha", 0.01)),
    "ThresholdedRelu": lambda c, x: F.threshold(x, c.get("alpha", 1.0), 0.0),
    "Elu": lambda c, x: F.elu(x, c.get("alpha", 1.0)),
    "Celu": lambda c, x: F.celu(x, c.get("alpha", 1.0)),
    "Softplus": lambda c, x: F.softplus(x, threshold=40.0),
    "Softsign": lambda c, x: F.softsign(x),
    "Mish": lambda c, x: F.mish(x),
    "HardSwish": lambda c, x: F.hardswish(x),
    "Gelu": lambda c, x: F.gelu(x, approximate=c.get("approximate", "none")),
    "Swish": lambda c, x: x * T.sigmoid(x * c.get("alpha", 1.0)),
})  # fmt: skip


@reads("Selu")
def read_selu(c: Call, x: Any) -> Any:
    alpha, gamma = (
        c.get("alpha", 1.67326319217681884765625),
        c.get("gamma", 1.05070102214813232421875),
    )
    return T.where(x > 0, x, alpha * T.expm1(x.clamp(max=0))) * gamma


@reads("HardSigmoid")
def read_hardsigmoid(c: Call, x: Any) -> Any:
    alpha, beta = c.get("alpha", 0.2), c.get("beta", 0.5)
    if math.isclose(alpha, 1 / 6, rel_tol=1e-6) and beta == 0.5:
        return F.hardsigmoid(x)
    return (x * alpha + beta).clamp(0, 1)


@reads("Shrink")
def read_shrink(c: Call, x: Any) -> Any:
    bound, bias = c.get("lambd", 0.5), c.get("bias", 0.0)
    zero = T.zeros_like(x)
    inner = T.where(x > bound, x - bias, zero)
    return T.where(x < -bound, x + bias, inner).to(x.dtype)


@reads("PRelu")
def read_prelu(c: Call, x: Any, slope: Any) -> Any:
    return T.where(x > 0, x, x * slope)


def _flat_softmax(c: Call, x: Any, function: Callable[..., Any]) -> Any:
    """Softmax along an axis; before opset 13 over all axes from there on."""
    if c.opset >= 13:
        return function(x, c.get("axis", -1))
    axis = c.get("axis", 1) % max(1, x.ndim)
    rows = x.reshape((math.prod(x.shape[:axis]), -1))
    return function(rows, 1).reshape(x.shape)


@reads("Softmax")
def read_softmax(c: Call, x: Any) -> Any:
    return _flat_softmax(c, x, F.softmax)


@reads("LogSoftmax")
def read_log_softmax(c: Call, x: Any) -> Any:
    return _flat_softmax(c, x, F.log_softmax)


@reads("Hardmax")
def read_hardmax(c: Call, x: Any) -> Any:
    def hard(rows: Any, axis: int) -> Any:
        places = T.argmax(rows, axis, keepdim=True)
        return T.zeros_like(rows).scatter(axis, places, 1.0)

    return _flat_softmax(c, x, hard)


# Constants


@reads("Constant")
def read_constant(c: Call) -> Any:
    for name, value in c.node.attributes.items():
        if name in {"value", "value_float", "value_int"}:
            dtype = {"value_float": np.float32, "value_int": np.int64}.get(name)
            return as_tensor(np.array(value, dtype))
        if name in {"value_floats", "value_ints"}:
            return as_tensor(np.array(value, np.float32 if "float" in name else np.int64))
    return c.refuse("a constant of this kind has no counterpart")


@reads("ConstantOfShape")
def read_constant_of_shape(c: Call, shape: Any) -> Any:
    value = c["value"]
    value = np.zeros(1, np.float32) if value is None else np.asarray(value)
    return from_numpy(np.full([int(n) for n in shape.tolist()], value.reshape(-1)[0], value.dtype))


@reads("Range")
def read_range(c: Call, start: Any, limit: Any, step: Any) -> Any:
    ends = (start._array, limit._array, step._array)
    return from_numpy(np.arange(*(e.item() for e in ends)).astype(ends[0].dtype))


@reads("EyeLike")
def read_eye(c: Call, x: Any) -> Any:
    dtype = type_of(c["dtype"]) if c["dtype"] is not None else x.dtype
    return as_tensor(np.eye(x.shape[0], x.shape[1], c.get("k", 0))).to(dtype)


@reads("Bernoulli")
def read_bernoulli(c: Call, x: Any) -> Any:
    drawn = (T.rand(tuple(x.shape)) < x.detach()).to(x.dtype)
    return drawn if c["dtype"] is None else drawn.to(type_of(c["dtype"]))


@reads("RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike")
def read_random(c: Call, like: Any = None) -> Any:
    shape = tuple(c["shape"] if like is None else like.shape)
    dtype = type_of(c["dtype"] or 1) if like is None or c["dtype"] else like.dtype
    if "Normal" in c.node.op:
        return (T.randn(shape) * c.get("scale", 1.0) + c.get("mean", 0.0)).to(dtype)
    low, high = c.get("low", 0.0), c.get("high", 1.0)
    return (T.rand(shape) * (high - low) + low).to(dtype)
