"""Elementwise operations and activations that ONNX spells otherwise, or lacks."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...ops.activation import GELU_CUBIC, ROOT_2_OVER_PI
from ..builder import Value
from ..context import Context, writes

# Gradients


@writes("tanh_backward")
def write_tanh_backward(c: Context, x: Any, y: Any) -> Any:
    x, y = c.value(x, c.out.dtype), c.value(y, c.out.dtype)
    return c.emit("Mul", x, c.emit("Sub", c.constant(1, c.out.dtype), c.emit("Mul", y, y)))


@writes("sigmoid_backward")
def write_sigmoid_backward(c: Context, x: Any, y: Any) -> Any:
    x, y = c.value(x, c.out.dtype), c.value(y, c.out.dtype)
    return c.emit("Mul", x, c.emit("Sub", y, c.emit("Mul", y, y)))


@writes("relu_backward")
def write_relu_backward(c: Context, x: Any, y: Any) -> Any:
    x, y = c.value(x, c.out.dtype), c.value(y, c.out.dtype)
    zero = c.constant(0, c.out.dtype)
    return c.emit("Where", c.emit("Equal", y, zero), zero, x)


# Powers and roots


@writes("square")
def write_square(c: Context, x: Value) -> Any:
    return c.emit("Mul", x, x)


@writes("rsqrt")
def write_rsqrt(c: Context, x: Value) -> Any:
    return c.emit("Reciprocal", c.emit("Sqrt", x))


@writes("power")
def write_power(c: Context, x: Value) -> Any:
    exponent = c["exponent"]
    if x.dtype.kind != "f" and isinstance(exponent, float):
        x = Value(c.cast(x, c.out.dtype), x.shape, c.out.dtype)
    return c.emit("Pow", x, c.constant(exponent, x.dtype))


@writes("exponential")
def write_exponential(c: Context, y: Value) -> Any:
    return c.emit("Pow", c.constant(c["base"]), _as(c, y, c.out.dtype))


def _as(c: Context, x: Value, dtype: Any) -> Any:
    return x if x.dtype == dtype else c.cast(x, dtype)


@writes("exp2")
def write_exp2(c: Context, x: Value) -> Any:
    return c.emit("Exp", c.emit("Mul", x, math.log(2)))


@writes("expm1")
def write_expm1(c: Context, x: Value) -> Any:
    """e^x − 1 = 2 sinh(x/2) e^(x/2), which keeps its digits near 0."""
    half = c.emit("Mul", x, 0.5)
    product = c.emit("Mul", c.emit("Sinh", half), c.emit("Exp", half))
    return c.emit("Mul", product, c.constant(2))


@writes("log2")
def write_log2(c: Context, x: Value) -> Any:
    return c.emit("Mul", c.emit("Log", x), c.constant(1 / math.log(2)))


@writes("log10")
def write_log10(c: Context, x: Value) -> Any:
    return c.emit("Mul", c.emit("Log", x), c.constant(1 / math.log(10)))


@writes("log1p")
def write_log1p(c: Context, x: Value) -> Any:
    """2 atanh(x / (2 + x)) keeps its digits near 0, log(1 + x) elsewhere."""
    near = c.emit("Less", c.emit("Abs", x), 0.5)
    small = c.emit("Where", near, x, c.constant(0))  # elsewhere it overflows
    ratio = c.emit("Div", small, c.emit("Add", small, c.constant(2)))
    fine = c.emit("Mul", c.emit("Atanh", ratio), c.constant(2))
    return c.emit("Where", near, fine, c.emit("Log", c.emit("Add", x, 1.0)))


@writes("logaddexp")
def write_logaddexp(c: Context, x: Any, y: Any) -> Any:
    x, y = c.value(x, c.out.dtype), c.value(y, c.out.dtype)
    return c.emit("Add", c.emit("Max", x, y), _log1p_exp(c, _apart(c, x, y)))


@writes("logaddexp2")
def write_logaddexp2(c: Context, x: Any, y: Any) -> Any:
    x, y = c.value(x, c.out.dtype), c.value(y, c.out.dtype)
    rest = _log1p_exp(c, c.emit("Mul", _apart(c, x, y), c.constant(math.log(2))))
    return c.emit("Add", c.emit("Max", x, y), c.emit("Mul", rest, c.constant(1 / math.log(2))))


def _apart(c: Context, x: Value, y: Value) -> Any:
    """−|x − y|, which is 0 for equal infinities."""
    apart = c.emit("Neg", c.emit("Abs", c.emit("Sub", x, y)))
    return c.emit("Where", c.emit("Equal", x, y), c.constant(0), apart)


def _log1p_exp(c: Context, x: Any) -> Any:
    return c.emit("Log", c.emit("Add", c.emit("Exp", x), c.constant(1)))


@writes("deg2rad")
def write_deg2rad(c: Context, x: Value) -> Any:
    return c.emit("Mul", x, math.pi / 180)


@writes("rad2deg")
def write_rad2deg(c: Context, x: Value) -> Any:
    return c.emit("Mul", x, 180 / math.pi)


@writes("hypot")
def write_hypot(c: Context, x: Any, y: Any) -> Any:
    x, y = c.value(x, c.out.dtype), c.value(y, c.out.dtype)
    return c.emit("Sqrt", c.emit("Add", c.emit("Mul", x, x), c.emit("Mul", y, y)))


@writes("atan2")
def write_atan2(c: Context, y: Any, x: Any) -> Any:
    """The quotient's arc tangent, moved by π where `x` is negative; `y` decides on the axis."""
    y, x = c.value(y, c.out.dtype), c.value(x, c.out.dtype)
    zero = c.constant(0)
    straight = c.emit("Equal", x, zero)
    safe = c.emit("Where", straight, c.constant(1), x)
    angle = c.emit("Atan", c.emit("Div", y, safe))
    turned = c.emit("Where", c.emit("Less", y, zero), c.constant(-math.pi), c.constant(math.pi))
    moved = c.emit("Where", c.emit("Less", x, zero), c.emit("Add", angle, turned), angle)
    upright = c.emit("Mul", c.emit("Sign", y), c.constant(math.pi / 2))
    return c.emit("Where", straight, upright, moved)


# Rounding and division


@writes("trunc")
def write_trunc(c: Context, x: Value) -> Any:
    if x.dtype.kind != "f":
        return c.emit("Identity", x)
    return c.emit("Mul", c.emit("Sign", x), c.emit("Floor", c.emit("Abs", x)))


@writes("frac")
def write_frac(c: Context, x: Value) -> Any:
    return c.emit("Sub", x, write_trunc(c, x))


@writes("floor", "ceil", "round")
def write_rounded(c: Context, x: Value) -> Any:
    if x.dtype.kind != "f":
        return c.emit("Identity", x)
    return c.emit({"floor": "Floor", "ceil": "Ceil", "round": "Round"}[c.op], x)


@writes("round_decimals")
def write_round_decimals(c: Context, x: Value) -> Any:
    scale = 10.0 ** c["decimals"]
    return c.emit("Div", c.emit("Round", c.emit("Mul", x, scale)), c.constant(scale))


@writes("remainder")
def write_remainder(c: Context, x: Any, y: Any) -> Any:
    x, y = c.value(x, c.out.dtype), c.value(y, c.out.dtype)
    if c.out.dtype.kind != "f":
        return c.emit("Mod", x, y)
    whole = c.emit("Floor", c.emit("Div", x, y))
    return c.emit("Sub", x, c.emit("Mul", whole, y))


@writes("fmod")
def write_fmod(c: Context, x: Any, y: Any) -> Any:
    return c.emit("Mod", c.value(x, c.out.dtype), c.value(y, c.out.dtype), fmod=1)


@writes("floor_divide", "div_floor")
def write_floor_divide(c: Context, x: Any, y: Any) -> Any:
    x, y = c.value(x, c.out.dtype), c.value(y, c.out.dtype)
    if c.out.dtype.kind == "f":
        return c.emit("Floor", c.emit("Div", x, y))
    rest = c.emit("Mod", x, y)  # of the sign of y, so that the quotient is exact
    return c.emit("Div", c.emit("Sub", x, rest), y)


@writes("div_trunc")
def write_div_trunc(c: Context, x: Any, y: Any) -> Any:
    x, y = c.value(x, c.out.dtype), c.value(y, c.out.dtype)
    if c.out.dtype.kind != "f":
        return c.emit("Div", x, y)
    quotient = c.emit("Div", x, y)
    return c.emit("Mul", c.emit("Sign", quotient), c.emit("Floor", c.emit("Abs", quotient)))


@writes("neg", "abs", "sign")
def write_signed(c: Context, x: Value) -> Any:
    if x.dtype.kind == "b":
        return c.emit("Identity", x)
    return c.emit({"neg": "Neg", "abs": "Abs", "sign": "Sign"}[c.op], x)


@writes("zero")
def write_zero(c: Context, x: Value) -> Any:
    return c.emit("Mul", x, 0)


@writes("copysign")
def write_copysign(c: Context, x: Any, y: Any) -> Any:
    x, y = c.value(x, c.out.dtype), c.value(y, c.out.dtype)
    size = c.emit("Abs", x)
    return c.emit("Where", c.emit("Less", y, c.constant(0)), c.emit("Neg", size), size)


@writes("heaviside")
def write_heaviside(c: Context, x: Any, y: Any) -> Any:
    x, y = c.value(x, c.out.dtype), c.value(y, c.out.dtype)
    step = c.cast(c.emit("Greater", x, c.constant(0)), c.out.dtype)
    return c.emit("Where", c.emit("Equal", x, c.constant(0)), y, step)


# Larger, smaller, choosing


@writes("maximum", "minimum", "clamp_above", "clamp_below")
def write_extreme(c: Context, x: Any, y: Any) -> Any:
    op = "Max" if c.op in {"maximum", "clamp_above"} else "Min"
    return c.emit(op, c.value(x, c.out.dtype), c.value(y, c.out.dtype))


@writes("fmax", "fmin")
def write_number_extreme(c: Context, x: Any, y: Any) -> Any:
    """The extreme of two numbers; a NaN gives way to the other."""
    op = "Max" if c.op == "fmax" else "Min"
    x, y = c.value(x, c.out.dtype), c.value(y, c.out.dtype)
    if c.out.dtype.kind != "f":
        return c.emit(op, x, y)
    left = c.emit("Where", c.emit("IsNaN", x), y, x)
    right = c.emit("Where", c.emit("IsNaN", y), x, y)
    return c.emit(op, left, right)


@writes("relu")
def write_relu(c: Context, x: Value) -> Any:
    return c.emit("Relu", x) if x.dtype.kind == "f" else c.emit("Max", x, 0)


@writes("clamp")
def write_clamp(c: Context, x: Value) -> Any:
    low, high = (None if c[k] is None else c.constant(c[k], x.dtype) for k in ("low", "high"))
    return c.emit("Clip", x, low, high)


@writes("hardtanh")
def write_hardtanh(c: Context, x: Value) -> Any:
    return c.emit("Clip", x, c.constant(c["low"], x.dtype), c.constant(c["high"], x.dtype))


@writes("clamp_between")
def write_clamp_between(c: Context, x: Any, low: Any, high: Any) -> Any:
    x, low, high = (c.value(v, c.out.dtype) for v in (x, low, high))
    return c.emit("Min", c.emit("Max", x, low), high)


@writes("where")
def write_where(c: Context, condition: Any, x: Any, y: Any) -> Any:
    condition = c.value(condition, np.bool_)
    if condition.dtype.kind != "b":
        condition = c.cast(condition, np.bool_)
    return c.emit("Where", condition, *(_typed(c, c.value(v, c.out.dtype)) for v in (x, y)))


def _typed(c: Context, x: Value) -> Any:
    return x if x.dtype == c.out.dtype else c.cast(x, c.out.dtype)


@writes("masked_fill")
def write_masked_fill(c: Context, x: Any, mask: Any, value: Any) -> Any:
    return write_where(c, mask, value, x)


@writes("lerp")
def write_lerp(c: Context, x: Any, y: Any, weight: Any) -> Any:
    x, y, weight = (c.value(v, c.out.dtype) for v in (x, y, weight))
    return c.emit("Add", x, c.emit("Mul", weight, c.emit("Sub", y, x)))


@writes("nan_to_num")
def write_nan_to_num(c: Context, x: Value) -> Any:
    if x.dtype.kind != "f":
        return c.emit("Identity", x)
    limits = np.finfo(x.dtype)
    high = limits.max if c["posinf"] is None else c["posinf"]
    low = limits.min if c["neginf"] is None else c["neginf"]
    number = c.emit("Where", c.emit("IsNaN", x), c.constant(c["nan"]), x)
    up = c.emit("Equal", number, c.constant(math.inf))
    number = c.emit("Where", up, c.constant(high), number)
    down = c.emit("Equal", number, c.constant(-math.inf))
    return c.emit("Where", down, c.constant(low), number)


# Comparisons and logic


@writes("eq", "ne", "lt", "le", "gt", "ge")
def write_comparison(c: Context, x: Any, y: Any) -> Any:
    dtype = next(v.dtype for v in (x, y) if isinstance(v, Value))
    x, y = c.value(x, dtype), c.value(y, dtype)
    if dtype.kind == "b" and c.op not in {"eq", "ne"}:
        dtype = np.dtype(np.int32)
        x, y = c.cast(x, dtype), c.cast(y, dtype)
    if c.op == "ne":
        return c.emit("Not", c.emit("Equal", x, y))
    names = {
        "eq": "Equal", "lt": "Less", "le": "LessOrEqual", "gt": "Greater", "ge": "GreaterOrEqual",
    }  # fmt: skip
    return c.emit(names[c.op], x, y)


@writes("logical_and", "logical_or", "logical_xor", "bitwise_and", "bitwise_or", "bitwise_xor")
def write_logic(c: Context, x: Any, y: Any) -> Any:
    dtype = next(v.dtype for v in (x, y) if isinstance(v, Value))
    x, y = c.value(x, dtype), c.value(y, dtype)
    word = c.op.split("_")[1].capitalize()
    if c.op.startswith("bitwise") and dtype.kind != "b":
        return c.emit(f"Bitwise{word}", x, y)
    x, y = (v if v.dtype.kind == "b" else c.cast(v, np.bool_) for v in (x, y))
    return c.emit(word, x, y)


@writes("logical_not", "bitwise_not")
def write_not(c: Context, x: Value) -> Any:
    if c.op == "bitwise_not" and x.dtype.kind != "b":
        return c.emit("BitwiseNot", x)
    return c.emit("Not", x if x.dtype.kind == "b" else c.cast(x, np.bool_))


@writes("isnan", "isinf", "isfinite", "isposinf", "isneginf", "signbit")
def write_kind(c: Context, x: Value) -> Any:
    if c.op == "signbit":
        return c.emit("Less", x, 0)
    if x.dtype.kind != "f":
        never = c.emit("Not", c.emit("Equal", x, x))
        return c.emit("Not", never) if c.op == "isfinite" else never
    if c.op == "isnan":
        return c.emit("IsNaN", x)
    if c.op == "isfinite":
        return c.emit("Not", c.emit("Or", c.emit("IsNaN", x), c.emit("IsInf", x)))
    up, down = int(c.op != "isneginf"), int(c.op != "isposinf")
    return c.emit("IsInf", x, detect_positive=up, detect_negative=down)


@writes("cast")
def write_cast(c: Context, x: Value) -> Any:
    return c.cast(x, c["dtype"])


@writes("clone", "contiguous")
def write_clone(c: Context, x: Value) -> Any:
    return c.emit("Identity", x)


# Activations


@writes("threshold")
def write_threshold(c: Context, x: Value) -> Any:
    above = c.emit("Greater", x, c["threshold"])
    return c.emit("Where", above, x, c.constant(c["value"]))


@writes("hardshrink", "softshrink")
def write_shrink(c: Context, x: Value) -> Any:
    bound = float(c["lambd"])
    return c.emit("Shrink", x, lambd=bound, bias=bound if c.op == "softshrink" else 0.0)


@writes("hardsigmoid")
def write_hardsigmoid(c: Context, x: Value) -> Any:
    return c.emit("HardSigmoid", x, alpha=1 / 6, beta=0.5)


@writes("leaky_relu")
def write_leaky_relu(c: Context, x: Value) -> Any:
    return c.emit("LeakyRelu", x, alpha=float(c["slope"]))


@writes("prelu")
def write_prelu(c: Context, x: Value, weight: Value) -> Any:
    return c.emit("PRelu", x, weight)


@writes("elu")
def write_elu(c: Context, x: Value) -> Any:
    alpha, scale, inner = (float(c[k]) for k in ("alpha", "scale", "inner"))
    if inner == 1:
        made = c.emit("Elu", x, alpha=alpha)
        return made if scale == 1 else c.emit("Mul", made, c.constant(scale))
    if scale == 1 and math.isclose(alpha * inner, 1):
        return c.emit("Celu", x, alpha=alpha) if x.dtype == np.float32 else _celu(c, x, alpha)
    low = c.emit("Sub", c.emit("Exp", c.emit("Mul", x, inner)), c.constant(1))
    low = c.emit("Mul", low, c.constant(alpha * scale))
    return c.emit("Where", c.emit("Greater", x, 0.0), c.emit("Mul", x, scale), low)


def _celu(c: Context, x: Value, alpha: float) -> Any:
    low = c.emit("Elu", c.emit("Div", x, alpha), alpha=alpha)
    return c.emit("Where", c.emit("Greater", x, 0.0), x, low)


@writes("softplus")
def write_softplus(c: Context, x: Value) -> Any:
    beta, threshold = float(c["beta"]), float(c["threshold"])
    scaled = c.emit("Mul", x, beta) if beta != 1 else x
    soft = c.emit("Softplus", scaled)
    if beta != 1:
        soft = c.emit("Div", soft, c.constant(beta))
    if threshold >= 20:  # where float32 cannot tell it from x
        return soft
    return c.emit("Where", c.emit("Greater", scaled, c.constant(threshold)), x, soft)


@writes("logsigmoid")
def write_logsigmoid(c: Context, x: Value) -> Any:
    return c.emit("Neg", c.emit("Softplus", c.emit("Neg", x)))


@writes("tanhshrink")
def write_tanhshrink(c: Context, x: Value) -> Any:
    return c.emit("Sub", x, c.emit("Tanh", x))


@writes("silu")
def write_silu(c: Context, x: Value) -> Any:
    return c.emit("Mul", x, c.emit("Sigmoid", x))


@writes("gelu", "gelu_tanh")
def write_gelu(c: Context, x: Value) -> Any:
    if x.dtype == np.float32:
        return c.emit("Gelu", x, approximate="tanh" if c.op == "gelu_tanh" else "none")
    if c.op == "gelu":
        return c.emit("Mul", x, _normal_cdf(c, x))
    cubic = c.emit("Mul", c.emit("Mul", x, x), c.emit("Mul", x, GELU_CUBIC))
    curve = c.emit("Tanh", c.emit("Mul", c.emit("Add", x, cubic), c.constant(ROOT_2_OVER_PI)))
    half = c.emit("Mul", x, 0.5)
    return c.emit("Mul", half, c.emit("Add", curve, c.constant(1)))


def _normal_cdf(c: Context, x: Value) -> Any:
    half = c.emit("Mul", c.emit("Erf", c.emit("Mul", x, math.sqrt(0.5))), c.constant(0.5))
    return c.emit("Add", half, c.constant(0.5))


@writes("normal_cdf", "ndtr")
def write_normal_cdf(c: Context, x: Value) -> Any:
    return _normal_cdf(c, x)


@writes("erfc")
def write_erfc(c: Context, x: Value) -> Any:
    return c.emit("Sub", c.constant(1), c.emit("Erf", x))


@writes("logit")
def write_logit(c: Context, x: Value) -> Any:
    inside: Any = x
    if c["eps"] is not None:
        low, high = c.constant(c["eps"]), c.constant(1 - c["eps"])
        inside = c.emit("Clip", x, low, high)
    return c.emit("Log", c.emit("Div", inside, c.emit("Sub", c.constant(1), inside)))


@writes("xlogy", "xlog1py")
def write_xlogy(c: Context, x: Any, y: Any) -> Any:
    x, y = c.value(x, c.out.dtype), c.value(y, c.out.dtype)
    inner = c.emit("Add", y, c.constant(1)) if c.op == "xlog1py" else y
    product = c.emit("Mul", x, c.emit("Log", inner))
    return c.emit("Where", c.emit("Equal", x, c.constant(0)), c.constant(0), product)


@writes("entr")
def write_entr(c: Context, x: Value) -> Any:
    positive = c.emit("Greater", x, 0.0)
    safe = c.emit("Where", positive, x, c.constant(1))
    inside = c.emit("Neg", c.emit("Mul", safe, c.emit("Log", safe)))
    outside = c.emit("Where", c.emit("Less", x, 0.0), c.constant(-math.inf), c.constant(0))
    return c.emit("Where", positive, inside, outside)


@writes("sinc")
def write_sinc(c: Context, x: Value) -> Any:
    if c["order"]:
        c.refuse("a derivative of sinc has no counterpart")
    zero = c.emit("Equal", x, 0.0)
    angle = c.emit("Mul", c.emit("Where", zero, c.constant(1), x), c.constant(math.pi))
    return c.emit("Where", zero, c.constant(1), c.emit("Div", c.emit("Sin", angle), angle))


@writes("softmax", "log_softmax")
def write_softmax(c: Context, x: Value) -> Any:
    op = "Softmax" if c.op == "softmax" else "LogSoftmax"
    if x.ndim:
        return c.emit(op, x, axis=c["axis"])
    return c.emit("Squeeze", c.emit(op, c.emit("Unsqueeze", x, c.ints([0])), axis=0), c.ints([0]))


@writes("dropout")
def write_dropout(c: Context, x: Value, mask: Any) -> Any:
    c.refuse("its mask is random; it is written only with training=TrainingMode.TRAINING")
