"""Activations: elementwise nonlinearities, and softmax with its logarithm.

At a kink the gradient is PyTorch's choice, said in each docstring where it is not 0.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._kernels import activation as smooth, elu as bent, softmax as kernels
from .._kernels.choice import choose, keep_where
from .._kernels.erf import erf as erf_kernel
from .._op import binary, op
from .elementwise import abs as absolute, exp, sigmoid, tanh, where
from .shape import unexpand

SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805
ROOT_HALF, ROOT_2_OVER_PI = math.sqrt(0.5), math.sqrt(2 / math.pi)
GELU_CUBIC = 0.044715


def total(x: Any, axes: tuple[int, ...]) -> Any:
    """Sum of `x` over `axes`, which stay as axes of length 1."""
    if not x.ndim:
        return x
    shape = list(x.shape)
    for axis in axes:
        shape[axis] = 1
    return unexpand(x, shape=tuple(shape))


# Cut-offs

# Compared with an array, 64 elements take 0.4 microseconds, with Python's number 0.7.
ZERO: dict[Any, Any] = {np.dtype(kind): np.zeros((), kind) for kind in (np.float32, np.float64)}


@op(kind="elementwise", onnx="Relu", formula="g where out ≠ 0")
def relu(x: Any) -> Any:
    """`x` where positive, else 0; gradient 0 at 0."""
    zero = ZERO.get(x.dtype)
    if zero is None:
        _refuse_booleans("relu", x)
        zero = 0
    return np.maximum(x, zero)


def relu_within(x: Any) -> Any:
    """`x` where positive, else 0, in its own place."""
    return np.maximum(x, ZERO.get(x.dtype, 0), out=x)


def _refuse_booleans(name: str, x: Any) -> None:
    if x.dtype.kind == "b":
        raise RuntimeError(f"Boolean inputs not supported for {name}: convert them with .float()")


def _pull_relu(g: Any, out: Any) -> Any:
    """A choice, not a product: 0 · ∞ is NaN, and what flows back into √relu(x) is infinite at 0.

    Above 128 elements the bits of `g` are multiplied as whole numbers, which is that choice: NumPy
    chooses 6 times slower than it multiplies. The result is 0, positive or NaN, which passes `g`.
    """
    zero = ZERO.get(g.dtype)
    if zero is None or g.shape != out.shape or type(g) is not np.ndarray:
        return np.where(out != 0, g, np.zeros((), g.dtype))
    if g.size <= 128:
        return np.where(out, g, zero)
    return keep_where(out != zero, g, np.empty(g.shape, g.dtype))


# One operation where the gradient is itself recorded: a comparison and a choice cost four times it.
relu_backward = binary(
    "relu_backward",
    _pull_relu,
    lambda g, y: relu_backward(g, y),
    None,
    label="ReLU′",
    formula="g where y ≠ 0",
)
relu.rule(lambda g, out: (_pull_relu if g.__class__ is np.ndarray else relu_backward)(g, out))


@op(kind="elementwise", onnx="Clip")
def hardtanh(x: Any, *, low: float = -1.0, high: float = 1.0) -> Any:
    """`x` limited to [low, high]; gradient 0 at both bounds."""
    if x.dtype.kind != "f":
        _refuse_booleans("hardtanh", x)
        low, high = int(low), int(high)
    return x.clip(low, high)


hardtanh.rule(lambda g, x, low, high: where((x <= low) | (x >= high), 0.0, g))  # NaN passes g


@op(kind="elementwise")
def threshold(x: Any, *, threshold: float, value: float) -> Any:
    """`x` above the threshold, else `value`; gradient 0 at the threshold."""
    return choose(x <= threshold, np.asarray(value, x.dtype), x)


threshold.rule(lambda g, x, threshold: where(x <= threshold, 0.0, g))


@op(kind="elementwise", onnx="Shrink")
def hardshrink(x: Any, *, lambd: float = 0.5) -> Any:
    """`x` outside [−lambd, lambd], else 0."""
    return choose((x >= -lambd) & (x <= lambd), np.zeros((), x.dtype), x)


hardshrink.rule(lambda g, x, lambd: where((x >= -lambd) & (x <= lambd), 0.0, g))


@op(kind="elementwise", onnx="Shrink")
def softshrink(x: Any, *, lambd: float = 0.5) -> Any:
    """`x` moved towards 0 by `lambd`, and 0 where that would cross it."""
    return choose(x > lambd, x - lambd, choose(x < -lambd, x + lambd, x * np.zeros((), x.dtype)))


softshrink.rule(lambda g, x, lambd: where((x >= -lambd) & (x <= lambd), 0.0, g))


@op(kind="elementwise", dtypes="float", onnx="HardSigmoid")
def hardsigmoid(x: Any) -> Any:
    """x/6 + ½ limited to [0, 1]; gradient 0 at both ends."""
    return np.minimum(np.maximum(x + 3, 0), 6) / 6


hardsigmoid.rule(lambda g, x: where((x > -3) & (x < 3), g * (1 / 6), 0.0))


@op(kind="elementwise", dtypes="float", onnx="HardSwish")
def hardswish(x: Any) -> Any:
    """`x` times hardsigmoid(x); gradient 0 at −3 and 1 at 3."""
    return x * np.minimum(np.maximum(x + 3, 0), 6) / 6


hardswish.rule(lambda g, x: where(x <= -3, 0.0, where(x < 3, g * (x / 3 + 0.5), g)))


# Leaks


@op(kind="elementwise", onnx="LeakyRelu")
def leaky_relu(x: Any, *, slope: float = 0.01) -> Any:
    """`x` where positive, else `slope` times `x`; the gradient at 0 is the slope."""
    if 0 < slope <= 1 and x.dtype.kind == "f":  # a third of the time of a choice
        return np.maximum(x, x * slope)
    return choose(x > 0, x, x * slope)


leaky_relu.rule(lambda g, x, slope: where(x > 0, g, g * slope))


@op(kind="elementwise", onnx="PRelu", dtypes="same")
def prelu(x: Any, weight: Any) -> Any:
    """`x` where positive, else `weight` times `x`; the gradient at 0 is the weight."""
    return choose(x > 0, x, x * weight)


prelu.rule(lambda g, x, weight: prelu_pull(g, x, weight))
prelu.rule(lambda g, x: prelu_pull_weight(g, x))


@op(kind="elementwise")
def prelu_pull(pulled: Any, x: Any, weight: Any) -> Any:
    """The gradient of prelu in `x`; its own gradients at 0 are those to the right of it."""
    return choose(x > 0, pulled, pulled * weight)


prelu_pull.rule(lambda g, x, weight: where(x >= 0, g, g * weight), "pulled")
prelu_pull.rule(lambda g, x, pulled: where(x >= 0, 0.0, g * pulled), "weight")


@op(kind="elementwise")
def prelu_pull_weight(pulled: Any, x: Any) -> Any:
    """The gradient of prelu in `weight`; its own gradients at 0 are those to the right of it."""
    return choose(x > 0, 0, pulled * x)


prelu_pull_weight.rule(lambda g, x: where(x >= 0, 0.0, g * x), "pulled")
prelu_pull_weight.rule(lambda g, x, pulled: where(x >= 0, 0.0, g * pulled), "x")


@op(kind="elementwise", dtypes="float", onnx="Elu")
def elu(x: Any, *, alpha: float = 1.0, scale: float = 1.0, inner: float = 1.0) -> Any:
    """scale · x where positive, else scale · alpha · (e^(inner · x) − 1)."""
    return bent.elu(x, alpha, scale, inner)


@elu.rule
def _(g: Any, x: Any, alpha: float, scale: float, inner: float) -> Any:
    if type(g) is np.ndarray and type(x) is np.ndarray:
        return bent.elu_pull(g, x, alpha, scale, inner)
    low = exp(where(x >= 0, 0.0, x * inner))  # the second derivative is 0 at 0
    return where(x <= 0, g * low * (alpha * scale * inner), g * scale)


# Smooth ones


@op(kind="elementwise", dtypes="float", onnx="Softplus")
def softplus(x: Any, *, beta: float = 1.0, threshold: float = 20.0) -> Any:
    """log(1 + e^(beta x)) / beta, and `x` itself where beta · x exceeds the threshold."""
    scaled = x * beta
    return np.where(scaled > threshold, x, np.log1p(np.exp(np.minimum(scaled, threshold))) / beta)


@softplus.rule
def _(g: Any, x: Any, beta: float, threshold: float) -> Any:
    return where(x * beta > threshold, g, g * sigmoid(x * beta))


@op(kind="elementwise", dtypes="float", formula="g σ(−x)")
def logsigmoid(x: Any) -> Any:
    """log σ(x) = min(x, 0) − log(1 + e^(−|x|)), which never overflows."""
    return np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))


logsigmoid.rule(lambda g, x: g * sigmoid(-x))


@op(kind="elementwise", dtypes="float", onnx="Softsign", formula="g / (1 + |x|)²")
def softsign(x: Any) -> Any:
    """x / (1 + |x|)."""
    return x / (np.abs(x) + 1)


@softsign.rule
def _(g: Any, x: Any, out: Any) -> Any:
    bottom = absolute(x) + 1
    return g * ((out * 0 + 1) / (bottom * bottom))  # NaN where the result is


@op(kind="elementwise", dtypes="float", formula="g tanh² x")
def tanhshrink(x: Any) -> Any:
    """x − tanh x."""
    return x - np.tanh(x)


@tanhshrink.rule
def _(g: Any, x: Any) -> Any:
    curve = tanh(x)
    return g * curve * curve


@op(kind="elementwise", dtypes="float", aux=("slope",), formula="g σ (1 + x (1 − σ))")
def silu(x: Any) -> Any:
    """x σ(x), also called swish."""
    return smooth.silu(x)


silu.rule(lambda g, slope: g * slope)
silu.last(lambda g, slope: smooth.times_slope(g, slope))


@silu.again
def _(g: Any, x: Any) -> Any:
    gate = sigmoid(x)
    return g * gate * (x * (1 - gate) + 1)


@op(kind="elementwise", dtypes="float", onnx="Mish")
def mish(x: Any) -> Any:
    """x tanh(log(1 + eˣ))."""
    return x * np.tanh(np.logaddexp(x, np.zeros((), x.dtype)))


@mish.rule
def _(g: Any, x: Any) -> Any:
    curve = tanh(softplus(x))
    return g * (curve + x * sigmoid(x) * (1 - curve * curve))


@op(kind="elementwise", dtypes="float", aux=("slope",), onnx="Gelu", formula="g (Φ(x) + x φ(x))")
def gelu(x: Any) -> Any:
    """x Φ(x), Φ the standard normal distribution function."""
    return smooth.gelu(x)


gelu.rule(lambda g, slope: g * slope)
gelu.last(lambda g, slope: smooth.times_slope(g, slope))


@gelu.again
def _(g: Any, x: Any) -> Any:
    density = exp(x * x * -0.5) * (1 / math.sqrt(2 * math.pi))
    return g * (normal_cdf(x) + x * density)


@op(kind="elementwise", dtypes="float", label="Φ", formula="g φ(x)")
def normal_cdf(x: Any) -> Any:
    """Share of a standard normal variable below `x`."""
    return erf_kernel(x * ROOT_HALF) * 0.5 + 0.5


normal_cdf.rule(lambda g, x: g * exp(x * x * -0.5) * (1 / math.sqrt(2 * math.pi)))


@op(kind="elementwise", dtypes="float", aux=("slope",), label="gelu tanh", onnx="Gelu")
def gelu_tanh(x: Any) -> Any:
    """½ x (1 + tanh(√(2/π) (x + 0.044715 x³))), close to gelu and made of cheaper functions."""
    return smooth.gelu_tanh(x)


gelu_tanh.rule(lambda g, slope: g * slope)
gelu_tanh.last(lambda g, slope: smooth.times_slope(g, slope))


@gelu_tanh.again
def _(g: Any, x: Any) -> Any:
    curve = tanh((x + x * x * x * GELU_CUBIC) * ROOT_2_OVER_PI)
    slope = (x * x * (3 * GELU_CUBIC) + 1) * ROOT_2_OVER_PI
    return g * ((curve + 1) * 0.5 + x * 0.5 * (1 - curve * curve) * slope)


# Softmax


@op(kind="general", onnx="Softmax", formula="out (g − Σ g out)")
def softmax(x: Any, *, axis: int) -> Any:
    """eˣ over its sum along `axis`; the maximum is subtracted first, so nothing overflows."""
    return kernels.softmax(x, axis)


@softmax.rule
def _(g: Any, out: Any, axis: int) -> Any:
    return kernels.softmax_pull(g, out, axis)


@softmax.again
def _(g: Any, out: Any, axis: int) -> Any:
    return out * (g - total(g * out, (axis,)))


@op(kind="general", label="log softmax", onnx="LogSoftmax", formula="g − eᵒᵘᵗ Σ g")
def log_softmax(x: Any, *, axis: int) -> Any:
    """x − log Σ eˣ along `axis`."""
    return kernels.log_softmax(x, axis)


@log_softmax.rule
def _(g: Any, out: Any, axis: int) -> Any:
    return kernels.log_softmax_pull(g, out, axis)


@log_softmax.again
def _(g: Any, out: Any, axis: int) -> Any:
    return g - exp(out) * total(g, (axis,))
