"""Batch normalisation folded into the layer before it, for evaluation."""

from __future__ import annotations

import copy
from typing import Any, TypeVar

from ... import _creation as creation
from ...autograd import no_grad
from ..modules.module import Module
from ..parameter import Parameter

__all__ = [
    "fuse_conv_bn_eval",
    "fuse_conv_bn_weights",
    "fuse_linear_bn_eval",
    "fuse_linear_bn_weights",
]

Layer = TypeVar("Layer", bound=Module)


def fuse_conv_bn_eval(conv: Layer, bn: Module, transpose: bool = False) -> Layer:
    """A copy of `conv` that computes `bn(conv(x))`, both in evaluation mode.

    `transpose` says that it is a transposed convolution, whose weight has the outputs second.
    """
    return _fused(conv, bn, 1 if transpose else 0)


def fuse_linear_bn_eval(linear: Layer, bn: Module) -> Layer:
    """A copy of `linear` that computes `bn(linear(x))`, both in evaluation mode."""
    _check_modes(linear, bn)
    outs, features = linear.out_features, bn.num_features
    if features not in {1, outs}:
        raise AssertionError(
            "To fuse, linear.out_features == bn.num_features or bn.num_features == 1, "
            f"got linear.out_features={outs} and bn.num_features={features}"
        )
    return _fused(linear, bn, 0)


def _check_modes(layer: Any, bn: Any) -> None:
    if layer.training or bn.training:
        raise AssertionError("Fusion only for eval!")
    if bn.running_mean is None or bn.running_var is None:
        raise AssertionError("bn.running_mean and bn.running_var must not be None")


def _fused(layer: Layer, bn: Any, axis: int) -> Layer:
    _check_modes(layer, bn)
    made: Any = copy.deepcopy(layer)
    made.weight, made.bias = _folded(
        made.weight, made.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias, axis
    )
    return made  # type: ignore[no-any-return]


def fuse_conv_bn_weights(
    conv_w: Any,
    conv_b: Any,
    bn_rm: Any,
    bn_rv: Any,
    bn_eps: float,
    bn_w: Any,
    bn_b: Any,
    transpose: bool = False,
) -> tuple[Parameter, Parameter]:
    """Weight and bias of the convolution followed by the normalisation with these statistics."""
    return _folded(conv_w, conv_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b, 1 if transpose else 0)


def fuse_linear_bn_weights(
    linear_w: Any,
    linear_b: Any,
    bn_rm: Any,
    bn_rv: Any,
    bn_eps: float,
    bn_w: Any,
    bn_b: Any,
) -> tuple[Parameter, Parameter]:
    """Weight and bias of the linear layer followed by the normalisation."""
    return _folded(linear_w, linear_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b, 0)


def _folded(
    weight: Any, bias: Any, mean: Any, variance: Any, eps: float, scale: Any, shift: Any, axis: int
) -> tuple[Parameter, Parameter]:
    """Fold `scale · (y − mean) / √(variance + eps) + shift` of y = weight x + bias into both."""
    trained = weight.requires_grad, weight.requires_grad if bias is None else bias.requires_grad
    kinds = weight.dtype, weight.dtype if bias is None else bias.dtype
    with no_grad():
        factor = (variance + eps).rsqrt()
        if scale is not None:
            factor = factor * scale
        face = [1] * weight.dim()
        face[axis] = -1
        start = creation.zeros_like(mean) if bias is None else bias
        offset = (start - mean) * factor
        if shift is not None:
            offset = offset + shift
        parts = weight * factor.reshape(face), offset
    made = [
        Parameter(part.to(kind), requires_grad)
        for part, kind, requires_grad in zip(parts, kinds, trained, strict=True)
    ]
    return made[0], made[1]
