"""Elementwise operations: one result element from one element of each operand.

Rules keep what PyTorch's keep (the result for exp, tanh, sqrt; the operand for log, sin), so that
the same later in-place change is right or wrong in both.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .._kernels.choice import choose
from .._op import UFUNCS, binary, op, unary

# Arithmetic


def passes(g: Any) -> Any:
    """The rule of an operand that is added: walking back, it is known by name and not called."""
    return g


def no_derivative(operation: str, operand: str) -> Callable[..., Any]:
    """A rule for an operand by which no derivative is known: it raises on the way back."""

    def rule(g: Any) -> Any:
        raise NotImplementedError(
            f"the derivative for '{operand}' of {operation} is not implemented: detach() it, "
            "or pass a tensor that does not require grad"
        )

    return rule


add = binary("add", np.add, passes, passes, label="+", onnx="Add", formula="g, g")
sub = binary("sub", np.subtract, passes, lambda g: -g, label="−", onnx="Sub", formula="g, −g")
mul = binary(
    "mul", np.multiply, lambda g, y: g * y, lambda g, x: g * x, label="×", onnx="Mul",
    formula="g y, g x",
)  # fmt: skip
div = binary(
    "div", np.true_divide, lambda g, y: g / y, lambda g, x, y: -g * (x / y) / y, label="÷",
    onnx="Div", dtypes="float", formula="g / y, −g x / y²",
)  # fmt: skip
neg = unary("neg", np.negative, lambda g: -g, label="−", onnx="Neg", dtypes=None, formula="−g")
reciprocal = unary(
    "reciprocal", lambda x: 1 / x, lambda g, out: -g * out * out, onnx="Reciprocal",
    label="1/x", formula="−g out²",
)  # fmt: skip


def _square(x: Any) -> Any:
    return np.square(x) if x.dtype.kind != "b" else x.astype(np.int64)


square = unary("square", _square, lambda g, x: g * x * 2, dtypes=None, label="x²", formula="2 g x")
sqrt = unary(
    "sqrt", np.sqrt, lambda g, out: g / (out * 2), label="√", onnx="Sqrt", formula="g / (2 out)"
)
rsqrt = unary(
    "rsqrt", lambda x: 1 / np.sqrt(x), lambda g, out: g * -0.5 * out * out * out, label="1/√x",
    formula="−½ g out³",
)  # fmt: skip


@op(kind="elementwise", label="pow", onnx="Pow")
def power(x: Any, *, exponent: Any) -> Any:
    """`x` to the power of a number; small whole powers by multiplication, 4x faster."""
    if exponent == 2:
        return np.square(x)
    if exponent == 3:
        return x * x * x
    if x.dtype.kind != "f":
        return _integer_power(x, exponent)
    if exponent == 0.5:
        return np.sqrt(x)
    return np.power(x, exponent)


def _integer_power(x: Any, exponent: int) -> Any:
    """Whole powers of integers; 1 and -1 alone have negative powers, others round to 0."""
    if exponent >= 0:
        return np.power(x, exponent)
    return np.where(x == 1, 1, np.where(x == -1, 1 - 2 * (exponent % 2), 0)).astype(x.dtype)


@power.rule
def _(g: Any, x: Any, exponent: Any) -> Any:
    if exponent == 0:
        return zero(g)
    if exponent == 2:
        return g * x * 2
    return g * (power(x, exponent=exponent - 1) * exponent)


@op(kind="elementwise", label="pow")
def exponential(y: Any, *, base: Any) -> Any:
    """A number to the power of `y`."""
    return np.power(np.asarray(base, y.dtype), y)


@exponential.rule
def _(g: Any, y: Any, out: Any, base: Any) -> Any:
    if base == 0:  # the power is 0 to the right of 0, and infinite to its left
        return where(y >= 0, 0.0, g * out * -math.inf)
    return g * (out * (math.log(base) if base > 0 else math.nan))


def _pow(x: Any, y: Any) -> Any:
    """Powers; a negative power of an integer is rounded towards 0, as C does."""
    if getattr(y, "dtype", None) is None or y.dtype.kind != "i" or not np.any(y < 0):
        return np.power(x, y)
    inverse = np.where(x == 1, 1, np.where(x == -1, 1 - 2 * (y % 2), 0)).astype(y.dtype)
    return np.where(y < 0, inverse, np.power(x, np.maximum(y, 0)))


pow = binary(
    "pow",
    _pow,
    lambda g, x, y: where(y == 0, 0.0, g * (y * pow(x, y - 1))),
    lambda g, x, y, out: g * where((x == 0) & (y >= 0), 0.0, out * np.log(x)),
    onnx="Pow",
    formula="g y xʸ⁻¹, g out ln x",
)

# Exponentials and logarithms

LN2, LN10 = math.log(2), math.log(10)

exp = unary("exp", np.exp, lambda g, out: g * out, onnx="Exp", formula="g out")
exp2 = unary("exp2", np.exp2, lambda g, out: g * out * LN2, formula="g out ln 2")
expm1 = unary("expm1", np.expm1, lambda g, out: g * (out + 1), formula="g (out + 1)")
log = unary("log", np.log, lambda g, x: g / x, onnx="Log", formula="g / x")
log2 = unary("log2", np.log2, lambda g, x: g / (x * LN2), formula="g / (x ln 2)")
log10 = unary("log10", np.log10, lambda g, x: g / (x * LN10), formula="g / (x ln 10)")
log1p = unary("log1p", np.log1p, lambda g, x: g / (x + 1), formula="g / (1 + x)")
logaddexp = binary(
    "logaddexp", np.logaddexp, lambda g, x, y: g * _share(np.exp, x, y),
    lambda g, x, y: g * _share(np.exp, y, x), dtypes="float",
)  # fmt: skip
logaddexp2 = binary(
    "logaddexp2", np.logaddexp2, lambda g, x, y: g * _share(np.exp2, x, y),
    lambda g, x, y: g * _share(np.exp2, y, x), dtypes="float",
)  # fmt: skip


def _share(power: Any, x: Any, y: Any) -> Any:
    """power(x) / (power(x) + power(y)): one half where both are the same, however large."""
    return 1 / (power(y - x) + 1)


# Trigonometry

sin = unary("sin", np.sin, lambda g, x: g * np.cos(x), onnx="Sin", formula="g cos x")
cos = unary("cos", np.cos, lambda g, x: -g * np.sin(x), onnx="Cos", formula="−g sin x")
tan = unary("tan", np.tan, lambda g, out: g + g * out * out, onnx="Tan", formula="g (1 + out²)")
asin = unary("asin", np.arcsin, lambda g, x: g / np.sqrt(1 - x * x), onnx="Asin")
acos = unary("acos", np.arccos, lambda g, x: -g / np.sqrt(1 - x * x), onnx="Acos")
atan = unary("atan", np.arctan, lambda g, x: g / (x * x + 1), onnx="Atan")
sinh = unary("sinh", np.sinh, lambda g, x: g * np.cosh(x), onnx="Sinh", formula="g cosh x")
cosh = unary("cosh", np.cosh, lambda g, x: g * np.sinh(x), onnx="Cosh", formula="g sinh x")
# Taken from an array, 64 elements take 0.6 microseconds, from Python's number 0.9.
ONE: dict[Any, Any] = {np.dtype(kind): np.ones((), kind) for kind in (np.float32, np.float64)}


def _pull_tanh(g: Any, out: Any) -> Any:
    """G (1 − out²)."""
    return _less_square(g, ONE.get(out.dtype, 1), out)


def _less_square(g: Any, top: Any, out: Any) -> Any:
    """G (top − out²), in the memory of the square."""
    slope = out * out
    if g.shape != slope.shape or not slope.ndim:  # NumPy's scalars have no memory to write to
        return g * (top - slope)
    np.subtract(top, slope, out=slope)
    return np.multiply(g, slope, out=slope)


# What a gradient of tanh or sigmoid costs where it is itself recorded: one operation, not three.
tanh_backward = binary(
    "tanh_backward",
    _pull_tanh,
    lambda g, y: tanh_backward(g, y),
    lambda g, x, y: g * x * y * -2,
    label="tanh′",
    formula="g (1 − y²), −2 g x y",
)
tanh = unary(
    "tanh",
    np.tanh,
    lambda g, out: (_pull_tanh if g.__class__ is np.ndarray else tanh_backward)(g, out),
    onnx="Tanh",
    formula="g (1 − out²)",
)
asinh = unary("asinh", np.arcsinh, lambda g, x: g / np.sqrt(x * x + 1), onnx="Asinh")
acosh = unary("acosh", np.arccosh, lambda g, x: g / np.sqrt(x * x - 1), onnx="Acosh")
atanh = unary("atanh", np.arctanh, lambda g, x: g / (1 - x * x), onnx="Atanh")
atan2 = binary(
    "atan2",
    np.arctan2,
    lambda g, x, y: g * y * _inverse_square(x, y),
    lambda g, x, y: -g * x * _inverse_square(x, y),
    dtypes="float",
)


def _inverse_square(x: Any, y: Any) -> Any:
    """1 / (x² + y²), and 0 at the origin, where no direction has an angle."""
    square = x * x + y * y
    return where(square == 0, 0.0, 1 / square)


hypot = binary("hypot", np.hypot, lambda g, x, out: g * (x / out), lambda g, y, out: g * (y / out))
deg2rad = unary("deg2rad", lambda x: x * (math.pi / 180), lambda g: g * (math.pi / 180))
rad2deg = unary("rad2deg", lambda x: x * (180 / math.pi), lambda g: g * (180 / math.pi))


def _sigmoid(x: Any) -> Any:
    """1 / (1 + e⁻ˣ); where e⁻ˣ overflows to infinity the quotient is the right 0."""
    return 1 / (np.exp(-x) + 1)


def _pull_sigmoid(g: Any, out: Any) -> Any:
    """G out (1 − out)."""
    return _less_square(g, out, out)


sigmoid_backward = binary(
    "sigmoid_backward",
    _pull_sigmoid,
    lambda g, y: sigmoid_backward(g, y),
    lambda g, x, y: g * x * (1 - y * 2),
    label="σ′",
    formula="g y (1 − y), g x (1 − 2 y)",
)
sigmoid = unary(
    "sigmoid",
    _sigmoid,
    lambda g, out: (_pull_sigmoid if g.__class__ is np.ndarray else sigmoid_backward)(g, out),
    label="σ",
    onnx="Sigmoid",
    formula="g out (1 − out)",
)

# Steps: gradient zero wherever there is one


@op(kind="linear", label="0")
def zero(x: Any) -> Any:
    """Zeros like `x`: the gradient of a step."""
    return np.zeros(x.shape, x.dtype)


zero.rule(lambda g: zero(g))


def _flat(g: Any) -> Any:
    return zero(g)


def _sign(x: Any) -> Any:
    """-1, 0 or 1; 0 for NaN, as PyTorch's."""
    if x.dtype.kind != "f":
        return x.copy() if x.dtype.kind == "b" else np.sign(x)
    out = np.asarray(np.sign(x))
    np.copyto(out, 0, where=np.isnan(x))
    return out


def _round(x: Any) -> Any:
    return np.rint(x) if x.dtype.kind == "f" else x.copy()


sign = unary("sign", _sign, _flat, onnx="Sign", dtypes=None)
floor = unary("floor", np.floor, _flat, onnx="Floor", dtypes=None)
ceil = unary("ceil", np.ceil, _flat, onnx="Ceil", dtypes=None)
trunc = unary("trunc", np.trunc, _flat, dtypes=None)
round = unary("round", _round, _flat, onnx="Round", dtypes=None)
frac = unary("frac", lambda x: x - np.trunc(x), lambda g: g, dtypes=None)
abs = unary(
    "abs", np.abs, lambda g, x: g * sign(x), label="|x|", onnx="Abs", dtypes=None,
    formula="g sign x",
)  # fmt: skip
angle = unary(
    "angle", lambda x: np.where(np.isnan(x), x, np.where(x < 0, x.dtype.type(math.pi), 0)), _flat
)
heaviside = binary(
    "heaviside", lambda x, y: np.where(x == 0, y, (x > 0).astype(x.dtype)),
    no_derivative("heaviside", "self"), no_derivative("heaviside", "values"),
)  # fmt: skip
copysign = binary(
    "copysign",
    np.copysign,
    lambda g, x, out: g * where(x == 0, 0.0, out / x),
    _flat,
    dtypes="float",
)
nextafter = binary(
    "nextafter", np.nextafter, lambda g, x, y: where(x == y, 0.0, g), _flat, formula="g, 0"
)

# Division with rounding


def _remainder(x: Any, y: Any) -> Any:
    if x.dtype.kind in "iu" and not np.all(y):
        raise RuntimeError("ZeroDivisionError: remainder of an integer by 0")
    return np.remainder(x, y)


def _fmod(x: Any, y: Any) -> Any:
    if x.dtype.kind in "iu" and not np.all(y):
        raise RuntimeError("ZeroDivisionError: fmod of an integer by 0")
    return np.fmod(x, y)


def _floor_divide(x: Any, y: Any) -> Any:
    if x.dtype.kind in "iu" and not np.all(y):
        raise RuntimeError("ZeroDivisionError: floor division of an integer by 0")
    if x.dtype.kind != "f":
        return np.floor_divide(x, y)
    return np.where(y == 0, np.true_divide(x, y), np.floor_divide(x, y))


remainder = binary("remainder", _remainder, lambda g: g, lambda g, x, y: -g * div_floor(x, y))
fmod = binary("fmod", _fmod, lambda g: g, lambda g, x, y: -g * div_trunc(x, y))
floor_divide = binary(
    "floor_divide", _floor_divide,
    no_derivative("floor_divide", "self"), no_derivative("floor_divide", "other"),
)  # fmt: skip
div_floor = binary("div_floor", _floor_divide, _flat, _flat, label="⌊÷⌋")


def _truncated(x: Any, y: Any) -> Any:
    if x.dtype.kind == "f":
        return np.trunc(np.true_divide(x, y))
    quotient = _floor_divide(x, y)
    return quotient + ((quotient < 0) & (quotient * y != x))


div_trunc = binary("div_trunc", _truncated, _flat, _flat, label="trunc ÷")

# The larger and the smaller: a tie gives each side half


def _upper(g: Any, x: Any, y: Any) -> Any:
    return where(x == y, g * 0.5, where(x < y, 0.0, g))


def _lower(g: Any, x: Any, y: Any) -> Any:
    return where(x == y, g * 0.5, where(x > y, 0.0, g))


maximum = binary(
    "maximum", np.maximum, _upper, lambda g, x, y: _upper(g, y, x), onnx="Max", label="max"
)
minimum = binary(
    "minimum", np.minimum, _lower, lambda g, x, y: _lower(g, y, x), onnx="Min", label="min"
)
fmax = binary(
    "fmax",
    np.fmax,
    lambda g, x, y: where((x >= y) | np.isnan(y), g, 0.0),
    lambda g, x, y: where((x >= y) | np.isnan(y), 0.0, g),
)
fmin = binary(
    "fmin",
    np.fmin,
    lambda g, x, y: where((x <= y) | np.isnan(y), g, 0.0),
    lambda g, x, y: where((x <= y) | np.isnan(y), 0.0, g),
)


@op(kind="elementwise", onnx="Clip")
def clamp(x: Any, *, low: Any = None, high: Any = None) -> Any:
    """`x` limited to the numbers `low` and `high`; the gradient passes at the bounds themselves."""
    if high is None:
        return np.maximum(x, low)
    return np.minimum(x, high) if low is None else x.clip(low, high)


@clamp.rule
def _(g: Any, x: Any, low: Any, high: Any) -> Any:
    if low is None:
        return where(x <= high, g, 0.0)
    if high is None:
        return where(x >= low, g, 0.0)
    return where((x >= low) & (x <= high), g, 0.0)


@op(kind="elementwise")
def clamp_between(x: Any, low: Any, high: Any) -> Any:
    """`x` limited to arrays `low` and `high`; where they cross, `high` wins."""
    return np.minimum(np.maximum(x, low), high)


clamp_between.rule(lambda g, x, low, high: where((x >= low) & (x <= high), g, 0.0))
clamp_between.rule(lambda g, x, low, high: where((x < low) & (low < high), g, 0.0))
clamp_between.rule(lambda g, x, low, high: where((x > high) | (high < low), g, 0.0))


@op(kind="elementwise", onnx="Max")
def clamp_above(x: Any, low: Any) -> Any:
    """`x`, but nowhere below the array `low`."""
    return np.maximum(x, low)


clamp_above.rule(lambda g, x, low: where(x >= low, g, 0.0))
clamp_above.rule(lambda g, x, low: where(x < low, g, 0.0))


@op(kind="elementwise", onnx="Min")
def clamp_below(x: Any, high: Any) -> Any:
    """`x`, but nowhere above the array `high`."""
    return np.minimum(x, high)


clamp_below.rule(lambda g, x, high: where(x <= high, g, 0.0))
clamp_below.rule(lambda g, x, high: where(x > high, g, 0.0))


# Choosing and mixing


@op(kind="elementwise", onnx="Where")
def where(condition: Any, x: Any, y: Any) -> Any:
    """`x` where the condition holds, else `y`; the gradient goes to the chosen side alone."""
    return choose(condition, x, y)


where.rule(lambda g, condition: where(condition, g, 0.0), "x")
where.rule(lambda g, condition: where(condition, 0.0, g), "y")


@op(kind="elementwise", dtypes="same")
def lerp(x: Any, y: Any, weight: Any) -> Any:
    """`x + weight (y − x)`, from the nearer end, so that weight 1 gives `y` exactly."""
    if not weight.ndim:
        near = -0.5 < weight < 0.5
        return x + weight * (y - x) if near else y - (y - x) * (1 - weight)
    return np.where(
        np.abs(weight) < 0.5,
        x + weight * (y - x),
        y - (y - x) * (1 - weight),
    )


lerp.rule(lambda g, weight: g * (1 - weight))
lerp.rule(lambda g, weight: g * weight)
lerp.rule(lambda g, x, y: g * (y - x))


@op(kind="elementwise")
def nan_to_num(x: Any, *, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    """`x` with NaN and the infinities replaced; no gradient where a value was replaced."""
    return np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)


nan_to_num.rule(lambda g, x: where(np.isfinite(x), g, 0.0))


@op(kind="elementwise", onnx="Round")
def round_decimals(x: Any, *, decimals: int) -> Any:
    """`x` rounded to a number of decimals, halves to even."""
    return np.round(x, decimals)


round_decimals.rule(_flat)

# Comparisons, logic and bits: no gradient

eq = binary("eq", np.equal, label="=", onnx="Equal")
ne = binary("ne", np.not_equal, label="≠")
lt = binary("lt", np.less, label="<", onnx="Less")
le = binary("le", np.less_equal, label="≤", onnx="LessOrEqual")
gt = binary("gt", np.greater, label=">", onnx="Greater")
ge = binary("ge", np.greater_equal, label="≥", onnx="GreaterOrEqual")
isnan = unary("isnan", np.isnan, onnx="IsNaN", dtypes=None)
isinf = unary("isinf", np.isinf, onnx="IsInf", dtypes=None)
isfinite = unary("isfinite", np.isfinite, dtypes=None)
isposinf = unary("isposinf", lambda x: x == math.inf, dtypes=None)
isneginf = unary("isneginf", lambda x: x == -math.inf, dtypes=None)
signbit = unary("signbit", np.signbit, dtypes=None)
logical_not = unary("logical_not", np.logical_not, onnx="Not", dtypes=None)
logical_and = binary("logical_and", np.logical_and, onnx="And")
logical_or = binary("logical_or", np.logical_or, onnx="Or")
logical_xor = binary("logical_xor", np.logical_xor, onnx="Xor")
bitwise_not = unary("bitwise_not", np.invert, dtypes=None)
bitwise_and = binary("bitwise_and", np.bitwise_and, label="&")
bitwise_or = binary("bitwise_or", np.bitwise_or, label="|")
bitwise_xor = binary("bitwise_xor", np.bitwise_xor, label="^")
left_shift = binary("left_shift", np.left_shift, label="<<")
right_shift = binary("right_shift", np.right_shift, label=">>")
gcd = binary("gcd", np.gcd)
lcm = binary("lcm", np.lcm)


@op(kind="cast", onnx="Cast")
def cast(x: Any, *, dtype: Any) -> Any:
    """`x` as elements of another type; the gradient comes back in the type of `x`."""
    return x.astype(dtype)


cast.rule(lambda g, x_dtype: cast(g, dtype=x_dtype))


@op(kind="linear")
def clone(x: Any) -> Any:
    """A copy of `x` in memory of its own."""
    return x.copy("K")


clone.rule(passes)

UFUNCS.update({np.power: pow, np.sign: sign, np.rint: round, np.square: square})
