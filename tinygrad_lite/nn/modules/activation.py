"""Activations: the functions of `nn.functional` as layers."""

from __future__ import annotations

import warnings
from typing import Any

from ... import _creation as creation
from ..._functions import NAMES
from ..._op import CATALOGUE
from ...ops.activation import relu_within
from .. import functional as F, init
from ..parameter import Parameter
from ._quick import quick_unary
from .attention import MultiheadAttention
from .module import Module

__all__ = [
    "CELU",
    "ELU",
    "GELU",
    "GLU",
    "SELU",
    "Hardshrink",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "LeakyReLU",
    "LogSigmoid",
    "LogSoftmax",
    "Mish",
    "MultiheadAttention",
    "PReLU",
    "RReLU",
    "ReLU",
    "ReLU6",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softmax2d",
    "Softmin",
    "Softplus",
    "Softshrink",
    "Softsign",
    "Tanh",
    "Tanhshrink",
    "Threshold",
]


class _MaybeInPlace(Module):
    """An activation that may overwrite its input."""

    inplace: bool

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def _settings(self) -> str:
        return ""

    def extra_repr(self) -> str:
        """The settings, and `inplace=True` where it holds."""
        shown = [self._settings(), "inplace=True" if self.inplace else ""]
        return ", ".join(text for text in shown if text)


@quick_unary(CATALOGUE["relu"], relu_within)
class ReLU(_MaybeInPlace):
    """`max(x, 0)`."""

    def forward(self, input: Any) -> Any:
        """Return `max(input, 0)`."""
        return F.relu(input, inplace=self.inplace)


class Threshold(_MaybeInPlace):
    """`x` where it is above `threshold`, else `value`."""

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.threshold, self.value = threshold, value

    def forward(self, input: Any) -> Any:
        """Return `input` where it is above the threshold, else the value."""
        return F.threshold(input, self.threshold, self.value, self.inplace)

    def _settings(self) -> str:
        return f"threshold={self.threshold}, value={self.value}"


class RReLU(_MaybeInPlace):
    """Leaky ReLU whose slope is drawn between `lower` and `upper` in training."""

    def __init__(
        self, lower: float = 1.0 / 8, upper: float = 1.0 / 3, inplace: bool = False
    ) -> None:
        super().__init__(inplace)
        self.lower, self.upper = lower, upper

    def forward(self, input: Any) -> Any:
        """Return `input` with its negative part scaled at random."""
        return F.rrelu(input, self.lower, self.upper, self.training, self.inplace)

    def _settings(self) -> str:
        return f"lower={self.lower}, upper={self.upper}"


class Hardtanh(_MaybeInPlace):
    """`x` held between `min_val` and `max_val`."""

    def __init__(
        self,
        min_val: float = -1.0,
        max_val: float = 1.0,
        inplace: bool = False,
        min_value: float | None = None,
        max_value: float | None = None,
    ) -> None:
        super().__init__(inplace)
        for old, new, given in (
            ("min_value", "min_val", min_value),
            ("max_value", "max_val", max_value),
        ):
            if given is not None:
                warnings.warn(
                    f"keyword argument `{old}` is deprecated and rename to `{new}`",
                    FutureWarning,
                    stacklevel=2,
                )
        self.min_val = min_val if min_value is None else min_value
        self.max_val = max_val if max_value is None else max_value
        if not self.max_val > self.min_val:
            raise AssertionError(
                f"max_val must be larger than min_val, got {self.min_val} and {self.max_val}"
            )

    def forward(self, input: Any) -> Any:
        """Return `input` held between the bounds."""
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def _settings(self) -> str:
        return f"min_val={self.min_val}, max_val={self.max_val}"


class ReLU6(Hardtanh):
    """`min(max(x, 0), 6)`."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__(0.0, 6.0, inplace)

    def _settings(self) -> str:
        return ""


@quick_unary(CATALOGUE["sigmoid"])
class Sigmoid(Module):
    """`1 / (1 + e⁻ˣ)`."""

    def forward(self, input: Any) -> Any:
        """Return the logistic function of `input`."""
        return NAMES["sigmoid"](input)


class Hardsigmoid(_MaybeInPlace):
    """`min(max(x / 6 + ½, 0), 1)`."""

    def forward(self, input: Any) -> Any:
        """Return the piecewise linear sigmoid of `input`."""
        return F.hardsigmoid(input, self.inplace)

    def extra_repr(self) -> str:
        """Nothing."""
        return ""


@quick_unary(CATALOGUE["tanh"])
class Tanh(Module):
    """The hyperbolic tangent."""

    def forward(self, input: Any) -> Any:
        """Return the hyperbolic tangent of `input`."""
        return NAMES["tanh"](input)


class SiLU(_MaybeInPlace):
    """`x · sigmoid(x)`."""

    def forward(self, input: Any) -> Any:
        """Return `input · sigmoid(input)`."""
        return F.silu(input, inplace=self.inplace)


class Mish(_MaybeInPlace):
    """`x · tanh(softplus(x))`."""

    def forward(self, input: Any) -> Any:
        """Return `input · tanh(softplus(input))`."""
        return F.mish(input, inplace=self.inplace)


class Hardswish(_MaybeInPlace):
    """`x · min(max(x + 3, 0), 6) / 6`."""

    def forward(self, input: Any) -> Any:
        """Return the piecewise quadratic swish of `input`."""
        return F.hardswish(input, self.inplace)

    def extra_repr(self) -> str:
        """Nothing."""
        return ""


class ELU(_MaybeInPlace):
    """`x` above 0, `alpha (eˣ − 1)` below."""

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.alpha = alpha

    def forward(self, input: Any) -> Any:
        """Return the exponential linear unit of `input`."""
        return F.elu(input, self.alpha, self.inplace)

    def _settings(self) -> str:
        return f"alpha={self.alpha}"


class CELU(ELU):
    """`x` above 0, `alpha (exp(x / alpha) − 1)` below."""

    def forward(self, input: Any) -> Any:
        """Return the continuously differentiable exponential linear unit of `input`."""
        return F.celu(input, self.alpha, self.inplace)


class SELU(_MaybeInPlace):
    """ELU scaled so that activations keep mean 0 and variance 1.

    Source: Klambauer et al., Self-Normalizing Neural Networks, 2017.
    """

    def forward(self, input: Any) -> Any:
        """Return the scaled exponential linear unit of `input`."""
        return F.selu(input, self.inplace)


class GLU(Module):
    """The first half along `dim` times the sigmoid of the second."""

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Any) -> Any:
        """Return one half of `input`, gated by the other."""
        return F.glu(input, self.dim)

    def extra_repr(self) -> str:
        """The dimension."""
        return f"dim={self.dim}"


class GELU(Module):
    """`x Φ(x)`, with Φ the normal distribution function, or its tanh approximation."""

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Any) -> Any:
        """Return `input Φ(input)`."""
        return F.gelu(input, approximate=self.approximate)

    def extra_repr(self) -> str:
        """The approximation."""
        return f"approximate={self.approximate!r}"


class Hardshrink(Module):
    """`x` outside ±lambd, 0 inside."""

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Any) -> Any:
        """Return `input` with its small values made 0."""
        return F.hardshrink(input, self.lambd)

    def extra_repr(self) -> str:
        """The bound."""
        return str(self.lambd)


class Softshrink(Module):
    """`x` moved towards 0 by lambd, and no further."""

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Any) -> Any:
        """Return `input` moved towards 0."""
        return F.softshrink(input, self.lambd)

    def extra_repr(self) -> str:
        """The distance."""
        return str(self.lambd)


class LeakyReLU(_MaybeInPlace):
    """`x` above 0, `negative_slope · x` below."""

    def __init__(self, negative_slope: float = 1e-2, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.negative_slope = negative_slope

    def forward(self, input: Any) -> Any:
        """Return `input` with its negative part scaled."""
        return F.leaky_relu(input, self.negative_slope, self.inplace)

    def _settings(self) -> str:
        return f"negative_slope={self.negative_slope}"


class LogSigmoid(Module):
    """`log(1 / (1 + e⁻ˣ))`."""

    def forward(self, input: Any) -> Any:
        """Return the logarithm of the sigmoid of `input`."""
        return F.logsigmoid(input)


class Softplus(Module):
    """`log(1 + exp(beta x)) / beta`; `x` itself where `beta x` is above `threshold`."""

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta, self.threshold = beta, threshold

    def forward(self, input: Any) -> Any:
        """Return the smooth ReLU of `input`."""
        return F.softplus(input, self.beta, self.threshold)

    def extra_repr(self) -> str:
        """The sharpness, and where it becomes linear."""
        return f"beta={self.beta}, threshold={self.threshold}"


class PReLU(Module):
    """`x` above 0, `weight · x` below, with a weight that is learnt.

    One weight, or one for each channel.
    """

    weight: Any

    def __init__(
        self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.num_parameters, self.init = num_parameters, init
        self.weight = Parameter(creation.empty((num_parameters,), device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set every weight to `init`."""
        init.constant_(self.weight, self.init)

    def forward(self, input: Any) -> Any:
        """Return `input` with its negative part scaled."""
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        """The number of weights."""
        return f"num_parameters={self.num_parameters}"


class Softsign(Module):
    """`x / (1 + |x|)`."""

    def forward(self, input: Any) -> Any:
        """Return `input / (1 + |input|)`."""
        return F.softsign(input)


class Tanhshrink(Module):
    """`x − tanh(x)`."""

    def forward(self, input: Any) -> Any:
        """Return `input − tanh(input)`."""
        return F.tanhshrink(input)


class _AlongDim(Module):
    """An activation that normalises along one dimension."""

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def extra_repr(self) -> str:
        """The dimension."""
        return f"dim={self.dim}"


class Softmin(_AlongDim):
    """Softmax of `−x` along `dim`."""

    def forward(self, input: Any) -> Any:
        """Return the softmin of `input`."""
        return F.softmin(input, self.dim)


class Softmax(_AlongDim):
    """`exp(x)` scaled to sum to 1 along `dim`."""

    def forward(self, input: Any) -> Any:
        """Return the softmax of `input`."""
        return F.softmax(input, self.dim)


class LogSoftmax(_AlongDim):
    """The logarithm of the softmax along `dim`."""

    def forward(self, input: Any) -> Any:
        """Return the logarithm of the softmax of `input`."""
        return F.log_softmax(input, self.dim)


class Softmax2d(Module):
    """Softmax over the channels of an image.

    Shapes: (N, C, H, W) or (C, H, W), the same out.
    """

    def forward(self, input: Any) -> Any:
        """Return the softmax over the third dimension from the end."""
        if input.dim() not in {3, 4}:
            raise ValueError(
                f"Softmax2d: expected input to be 3D or 4D, got {input.dim()}D instead"
            )
        return F.softmax(input, -3)
