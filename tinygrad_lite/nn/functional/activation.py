"""Activations under PyTorch's names."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ... import _dtypes
from ..._lift import shorter
from ..._tensor import Tensor
from ...ops import activation as ops
from ...ops.elementwise import cast, clone, sigmoid as _sigmoid, tanh as _tanh
from ...ops.shape import reshape
from ._arguments import (
    array_of,
    count,
    in_place,
    need_floats,
    need_tensor,
    not_for,
    wrap_axis,
)
from ._draw import gumbel, uniform

__all__ = [
    "celu", "celu_", "elu", "elu_", "gelu", "glu", "gumbel_softmax", "hardshrink", "hardsigmoid",
    "hardswish", "hardtanh", "hardtanh_", "leaky_relu", "leaky_relu_", "log_softmax", "logsigmoid",
    "mish", "prelu", "relu", "relu6", "relu_", "rrelu", "rrelu_", "selu", "selu_", "sigmoid",
    "silu", "softmax", "softmin", "softplus", "softshrink", "softsign", "tanh", "tanhshrink",
    "threshold", "threshold_",
]  # fmt: skip


def _apply(operation: Any, input: Tensor, inplace: bool, **settings: Any) -> Tensor:
    """The operation's result, or `input` overwritten with it.

    In place the operation works on a copy, for most rules need the operand as it was.
    """
    need_tensor(operation.name, input)
    if not inplace:
        return operation.run(input, **settings)  # type: ignore[no-any-return]
    return in_place(input, operation(clone(input), **settings))


def _refuse_booleans(name: str, input: Any) -> None:
    need_tensor(name, input)
    if input._array.dtype.kind == "b":
        raise not_for(name, input, "one of numbers")


@shorter(ops.relu)
def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(x, 0), elementwise.

    Gradient: passes where the result is positive, 0 elsewhere and at 0 itself.
    """
    need_tensor("relu", input)
    made: Tensor = ops.relu.run(input)
    return in_place(input, made) if inplace else made


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(x, 0), 6), elementwise; gradient 0 at both ends."""
    return _apply(ops.hardtanh, input, inplace, low=0.0, high=6.0)


def hardtanh(
    input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> Tensor:
    """`input` limited to [min_val, max_val]; gradient 0 at both ends."""
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    return _apply(ops.hardtanh, input, inplace, low=min_val, high=max_val)


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """`input` where it exceeds the threshold, `value` elsewhere."""
    _refuse_booleans("threshold", input)
    return _apply(ops.threshold, input, inplace, threshold=threshold, value=value)


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where positive, else alpha (eˣ − 1)."""
    need_floats("elu", input)
    return _apply(ops.elu, input, inplace, alpha=alpha)


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """scale · elu(x) with the constants that keep mean 0 and variance 1.

    Source: Klambauer et al., Self-Normalizing Neural Networks (2017).
    """
    need_floats("selu", input)
    return _apply(ops.elu, input, inplace, alpha=ops.SELU_ALPHA, scale=ops.SELU_SCALE)


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where positive, else alpha (e^(x/alpha) − 1); its slope is continuous for any alpha."""
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    need_floats("celu", input)
    return _apply(ops.elu, input, inplace, alpha=alpha, inner=1 / alpha)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """x where positive, else negative_slope · x; the gradient at 0 is the slope."""
    need_floats("leaky_relu", input)
    return _apply(ops.leaky_relu, input, inplace, slope=negative_slope)


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """x where positive, else weight · x, with one weight or one for each channel.

    Shapes: input (N, C, …), weight () or (1) or (C) -> (N, C, …)
    """
    need_tensor("prelu", input)
    need_tensor("prelu", weight, "weight")
    if count(weight) != 1:
        channels = input.shape[1] if input.ndim > 1 else 1
        if input.ndim == 0:
            raise RuntimeError("Not allow zero-dim input tensor.")
        if weight.ndim != 1 or weight.shape[0] != channels:
            raise RuntimeError(
                "Mismatch of parameter numbers and input channel size. Found parameter numbers = "
                f"{count(weight)} and channel size = {channels}."
            )
    elif weight.ndim > 1:
        raise RuntimeError(
            f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {weight.ndim}"
        )
    shape = (1, -1, *[1] * (input.ndim - 2)) if input.ndim > 1 else (-1,) * min(input.ndim, 1)
    return ops.prelu(input, reshape(weight, shape=shape))  # type: ignore[no-any-return]


def rrelu(
    input: Tensor,
    lower: float = 1.0 / 8,
    upper: float = 1.0 / 3,
    training: bool = False,
    inplace: bool = False,
) -> Tensor:
    """leaky_relu with a slope drawn from [lower, upper] for each element.

    Outside training the slope is the mean of the two.
    """
    if lower > upper:
        raise RuntimeError(
            f"Lower bound should be less than or equal to the upper bound, got {lower} and {upper}"
        )
    need_floats("rrelu", input)
    if not training:
        return _apply(ops.leaky_relu, input, inplace, slope=(lower + upper) / 2)
    slope = uniform(input, lower, upper)
    result = ops.prelu(clone(input) if inplace else input, slope)
    return in_place(input, result) if inplace else result


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """a σ(b), `a` and `b` the halves of `input` along `dim`."""
    need_floats("glu", input)
    if input.ndim == 0:
        raise RuntimeError("glu does not support 0-dimensional tensors")
    axis = wrap_axis(dim, input.ndim)
    size = input.shape[axis]
    if size % 2:
        raise RuntimeError(f"Halving dimension must be even, but dimension {axis} is size {size}")
    lead = (slice(None),) * axis
    return input[(*lead, slice(0, size // 2))] * _sigmoid(input[(*lead, slice(size // 2, size))])  # type: ignore[no-any-return]


def gelu(input: Tensor, *, approximate: str = "none") -> Tensor:
    """x Φ(x), Φ the normal distribution function, or with "tanh" its usual approximation.

    Source: Hendrycks and Gimpel, Gaussian Error Linear Units (2016).
    """
    need_floats("gelu", input)
    if approximate == "none":
        return ops.gelu.run(input)  # type: ignore[no-any-return]
    if approximate == "tanh":
        return ops.gelu_tanh.run(input)  # type: ignore[no-any-return]
    raise RuntimeError("approximate argument must be either none or tanh.")


def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x outside [−lambd, lambd], 0 inside."""
    need_floats("hardshrink", input)
    return ops.hardshrink.run(input, lambd)  # type: ignore[no-any-return]


def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x moved towards 0 by `lambd`, 0 where that would cross it."""
    need_floats("softshrink", input)
    if lambd < 0:
        raise RuntimeError(f"lambda must be greater or equal to 0, but found to be {lambd}.")
    return ops.softshrink.run(input, lambd)  # type: ignore[no-any-return]


def tanhshrink(input: Tensor) -> Tensor:
    """x − tanh x."""
    need_tensor("tanhshrink", input)
    if input._array.dtype.kind == "b":
        raise RuntimeError(
            "tanhshrink: Subtraction, the `-` operator, with a bool tensor is not supported: "
            "convert it with .float()"
        )
    return ops.tanhshrink.run(input)  # type: ignore[no-any-return]


def softsign(input: Tensor) -> Tensor:
    """x / (1 + |x|)."""
    _refuse_booleans("abs", input)
    return ops.softsign.run(input)  # type: ignore[no-any-return]


def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """log(1 + e^(beta x)) / beta; `x` itself where beta · x exceeds the threshold."""
    need_floats("softplus", input)
    return ops.softplus.run(input, beta, threshold)  # type: ignore[no-any-return]


def logsigmoid(input: Tensor) -> Tensor:
    """log σ(x), without overflow."""
    need_floats("log_sigmoid", input)
    return ops.logsigmoid.run(input)  # type: ignore[no-any-return]


def sigmoid(input: Tensor) -> Tensor:
    """σ(x) = 1 / (1 + e⁻ˣ)."""
    need_tensor("sigmoid", input)
    return _sigmoid.run(input)  # type: ignore[no-any-return]


def tanh(input: Tensor) -> Tensor:
    """The hyperbolic tangent."""
    need_tensor("tanh", input)
    return _tanh.run(input)  # type: ignore[no-any-return]


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """x/6 + ½ limited to [0, 1]."""
    need_floats("hardsigmoid", input)
    return _apply(ops.hardsigmoid, input, inplace)


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """x · hardsigmoid(x)."""
    need_floats("hardswish", input)
    return _apply(ops.hardswish, input, inplace)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """x σ(x), also called swish."""
    need_floats("silu", input)
    return _apply(ops.silu, input, inplace)


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """x tanh(softplus(x)).  Source: Misra, Mish (2019)."""
    need_floats("mish", input)
    return _apply(ops.mish, input, inplace)


def _softmax_axis(name: str, ndim: int, dim: int | None, stacklevel: int) -> int:
    """The axis, which PyTorch once guessed from the number of dimensions."""
    if dim is not None:
        return wrap_axis(dim, ndim)
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. "
        "Change the call to include dim=X as an argument.",
        stacklevel=stacklevel,
    )
    return 0 if ndim in {0, 1, 3} else 1


def _as_type(input: Tensor, dtype: Any) -> Any:
    return input if dtype is None else cast(input, dtype=_dtypes.to_numpy(dtype))


def softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None
) -> Tensor:
    """eˣⁱ / Σⱼ eˣʲ along `dim`.

    The maximum is subtracted first, so that no exponential overflows; the result does not change,
    because both sides of the quotient are scaled alike.

    Gradient: `out` times the difference between the incoming gradient and its `out`-weighted mean.
    """
    need_tensor("softmax", input)
    axis = _softmax_axis("softmax", input._array.ndim, dim, _stacklevel)
    return ops.softmax.run(_floats("softmax", _as_type(input, dtype)), axis)  # type: ignore[no-any-return]


def softmin(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None
) -> Tensor:
    """softmax(−x) along `dim`."""
    need_tensor("softmin", input)
    if input._array.dtype.kind == "b":
        raise RuntimeError(
            "softmin: Negation, the `-` operator, on a bool tensor is not supported: convert it "
            "with .float()"
        )
    axis = _softmax_axis("softmin", input.ndim, dim, _stacklevel)
    return ops.softmax(_floats("softmax", _as_type(-input, dtype)), axis=axis)  # type: ignore[no-any-return]


def log_softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None
) -> Tensor:
    """x − log Σⱼ eˣʲ along `dim`: the logarithm of softmax, without its underflow."""
    need_tensor("log_softmax", input)
    axis = _softmax_axis("log_softmax", input._array.ndim, dim, _stacklevel)
    return ops.log_softmax.run(_floats("log_softmax", _as_type(input, dtype)), axis)  # type: ignore[no-any-return]


def _floats(name: str, input: Any) -> Any:
    """`input`, if it can have fractions; else the error that names the remedy."""
    if input._array.dtype.kind != "f":
        raise NotImplementedError(
            f'"{name}" is not implemented for {input.dtype}: convert with .float() or pass '
            "dtype=torch.float32"
        )
    return input


def gumbel_softmax(
    logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1
) -> Tensor:
    """A sample of the categorical distribution of `logits` that a gradient can pass.

    softmax((logits + γ) / tau), γ from the Gumbel distribution; with `hard` the result is one-hot,
    and the gradient that of the soft sample.

    Source: Jang, Gu and Poole, Categorical Reparameterization with Gumbel-Softmax (2017).
    """
    if eps != 1e-10:
        warnings.warn("`eps` parameter is deprecated and has no effect.", stacklevel=2)
    need_tensor("gumbel_softmax", logits, "logits")
    axis = wrap_axis(dim, logits.ndim)
    soft = ops.softmax((logits + gumbel(logits)) / tau, axis=axis)
    if not hard:
        return soft  # type: ignore[no-any-return]
    values = array_of(soft)
    one_hot = np.zeros_like(values)
    np.put_along_axis(one_hot, values.argmax(axis, keepdims=True), 1, axis)
    return soft + (one_hot - values)  # type: ignore[no-any-return]


def relu_(input: Tensor) -> Tensor:
    """`relu` in place."""
    return relu(input, inplace=True)


def hardtanh_(input: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """`hardtanh` in place."""
    return hardtanh(input, min_val, max_val, inplace=True)


def threshold_(input: Tensor, threshold: float, value: float) -> Tensor:
    """`threshold` in place."""
    return _apply(ops.threshold, input, inplace=True, threshold=threshold, value=value)


def elu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """`elu` in place."""
    return elu(input, alpha, inplace=True)


def selu_(input: Tensor) -> Tensor:
    """`selu` in place."""
    return selu(input, inplace=True)


def celu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """`celu` in place."""
    return celu(input, alpha, inplace=True)


def leaky_relu_(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    """`leaky_relu` in place."""
    return leaky_relu(input, negative_slope, inplace=True)


def rrelu_(
    input: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False
) -> Tensor:
    """`rrelu` in place."""
    return rrelu(input, lower, upper, training, inplace=True)
