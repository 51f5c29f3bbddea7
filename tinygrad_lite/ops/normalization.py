"""Normalisations: values less their mean, over their deviation."""

from __future__ import annotations

import math
from typing import Any

from .._kernels import normalization as kernels, planes
from .._op import op
from .elementwise import rsqrt
from .reduction import mean as average
from .shape import reshape, unexpand


def _normal(x: Any, axes: tuple[int, ...], eps: float) -> tuple[Any, Any]:
    """`x` less its mean over `axes` and over its deviation, and one over the deviation."""
    centred = x - average(x, axis=axes, keepdims=True)
    scale = rsqrt(average(centred * centred, axis=axes, keepdims=True) + eps)
    return centred * scale, scale


def _pull(g: Any, normal: Any, scale: Any, axes: tuple[int, ...]) -> Any:
    """The gradient through a normalisation, of what flowed into its result."""
    level = average(g, axis=axes, keepdims=True)
    along = average(g * normal, axis=axes, keepdims=True)
    return scale * (g - level - normal * along)


def _summed(x: Any, shape: tuple[int, ...], face: tuple[int, ...]) -> Any:
    return reshape(unexpand(x, shape=face), shape=shape)


def _matrix(x: Any, count: int) -> Any:
    """The last `count` axes as one, and the others as one."""
    split = x.ndim - count
    return x.reshape(math.prod(x.shape[:split]), math.prod(x.shape[split:]))


def _vector(x: Any) -> Any:
    return None if x is None else x.reshape(-1)


@op(kind="general", label="layer norm", onnx="LayerNormalization", aux=("mean", "scale"))
def layer_norm(x: Any, weight: Any, bias: Any, *, count: int, eps: float) -> Any:
    """The last `count` axes normalised, times `weight` and plus `bias` of their shape (or None)."""
    out, mean, scale = kernels.row_norm(_matrix(x, count), _vector(weight), _vector(bias), eps)
    return out.reshape(x.shape), mean, scale


@layer_norm.joint
def _(g: Any, x: Any, weight: Any, mean: Any, scale: Any, needs: Any, count: int) -> Any:
    rows = _matrix(x, count)
    gx, gw, gb = kernels.row_norm_pull(
        g.reshape(rows.shape), rows, _vector(weight), mean, scale, needs
    )
    shape = x.shape[x.ndim - count :]
    return (
        (gx if gx.shape == x.shape else gx.reshape(x.shape)) if needs[0] else None,
        gw.reshape(shape) if needs[1] else None,
        gb.reshape(shape) if needs[2] else None,
    )


@layer_norm.joint_again
def _(g: Any, x: Any, weight: Any, needs: Any, count: int, eps: float) -> Any:
    split = x.ndim - count
    normal, scale = _normal(x, tuple(range(split, x.ndim)), eps)
    inner = g if weight is None else g * weight
    shape = tuple(x.shape[split:])
    return (
        _pull(inner, normal, scale, tuple(range(split, x.ndim))),
        reshape(unexpand(g * normal, shape=shape), shape=shape) if needs[1] else None,
        reshape(unexpand(g, shape=shape), shape=shape) if needs[2] else None,
    )


@op(
    kind="general", label="batch norm", onnx="BatchNormalization",
    outputs=("values", "mean", "variance"), aux=("scale",),
)  # fmt: skip
def batch_norm(x: Any, weight: Any, bias: Any, *, eps: float) -> Any:
    """Every channel of (N, C, …) normalised over the batch; also its mean and variance."""
    return kernels.channel_norm(x, weight, bias, eps)


def _through_statistics(g: Any, x: Any, mean: Any) -> Any:
    """The gradient of `x` by way of the mean and the variance: gm/n + 2 gv (x − mean)/n."""
    face = (1, x.shape[1], *[1] * (x.ndim - 2))
    share = 1 / max(1, math.prod(x.shape) // max(1, x.shape[1]))
    parts = []
    if g[1] is not None:
        parts.append(reshape(g[1], shape=face) * share)
    if g[2] is not None:
        parts.append(reshape(g[2], shape=face) * (x - reshape(mean, shape=face)) * (2 * share))
    return parts[0] + parts[1] if len(parts) > 1 else parts[0]


@batch_norm.joint
def _(g: Any, x: Any, weight: Any, mean: Any, scale: Any, needs: Any) -> Any:
    if g[0] is None:
        return _through_statistics(g, x, mean), None, None
    gx, gw, gb = kernels.channel_norm_pull(g[0], x, weight, mean, scale, needs)
    if needs[0] and (g[1] is not None or g[2] is not None):  # rare: they feed running statistics
        gx = gx + _through_statistics(g, x, mean)
    return gx if needs[0] else None, gw if needs[1] else None, gb if needs[2] else None


@batch_norm.joint_again
def _(g: Any, x: Any, weight: Any, needs: Any, eps: float) -> Any:
    axes = (0, *range(2, x.ndim))
    face = (1, x.shape[1], *[1] * (x.ndim - 2))
    if g[0] is None:
        return _through_statistics(g, x, average(x, axis=axes)), None, None
    normal, scale = _normal(x, axes, eps)
    inner = g[0] if weight is None else g[0] * reshape(weight, shape=face)
    channels = (x.shape[1],)
    gx = _pull(inner, normal, scale, axes)
    if g[1] is not None or g[2] is not None:
        gx = gx + _through_statistics(g, x, average(x, axis=axes))
    return (
        gx,
        _summed(g[0] * normal, channels, face) if needs[1] else None,
        _summed(g[0], channels, face) if needs[2] else None,
    )


@op(kind="general", label="batch norm", onnx="BatchNormalization", aux=("scale",))
def frozen_norm(x: Any, weight: Any, bias: Any, mean: Any, variance: Any, *, eps: float) -> Any:
    """Every channel of (N, C, …) normalised by a mean and a variance that were given."""
    return kernels.frozen_norm(x, weight, bias, mean, variance, eps)


def _to_all(gx: Any, gw: Any, gb: Any, weight: Any, scale: Any, needs: Any) -> Any:
    """The gradients of the statistics follow from those of weight and bias: −s w gb, −½ s² w gw."""
    slope = scale if weight is None else scale * weight
    return (
        gx,
        gw if needs[1] else None,
        gb if needs[2] else None,
        -slope * gb if needs[3] else None,
        slope * scale * gw * -0.5 if needs[4] else None,
    )


@frozen_norm.joint
def _(g: Any, x: Any, weight: Any, mean: Any, scale: Any, needs: Any) -> Any:
    wanted = (needs[0], needs[1] or needs[4], needs[2] or needs[3])
    gx, gw, gb = kernels.frozen_norm_pull(g, x, weight, mean, scale, wanted)
    return _to_all(gx, gw, gb, weight, scale, needs)


@frozen_norm.joint_again
def _(g: Any, x: Any, weight: Any, mean: Any, variance: Any, needs: Any, eps: float) -> Any:
    face, channels = (1, x.shape[1], *[1] * (x.ndim - 2)), (x.shape[1],)
    scale = rsqrt(variance + eps)
    slope = scale if weight is None else scale * weight
    normal = (x - reshape(mean, shape=face)) * reshape(scale, shape=face)
    gw, gb = _summed(g * normal, channels, face), _summed(g, channels, face)
    return _to_all(g * reshape(slope, shape=face), gw, gb, weight, scale, needs)


@op(
    kind="general", label="group norm", onnx="GroupNormalization", aux=("mean", "scale"),
)  # fmt: skip
def group_norm(x: Any, weight: Any, bias: Any, *, groups: int, eps: float) -> Any:
    """Every group of channels of every image of (N, C, …) normalised, weighted and moved."""
    return planes.plane_norm(x, groups, weight, bias, eps)


@group_norm.joint
def _(g: Any, x: Any, weight: Any, mean: Any, scale: Any, needs: Any) -> Any:
    return planes.plane_norm_pull(g, x, weight, mean, scale, needs)


@group_norm.joint_again
def _(g: Any, x: Any, weight: Any, needs: Any, groups: int, eps: float) -> Any:
    n, c = x.shape[:2]
    face, channels = (1, c, *[1] * (x.ndim - 2)), (c,)
    split = (n, groups, math.prod(x.shape[1:]) // groups)
    normal, scale = _normal(reshape(x, shape=split), (2,), eps)
    inner = g if weight is None else g * reshape(weight, shape=face)
    normal_image = reshape(normal, shape=tuple(x.shape))
    return (
        reshape(_pull(reshape(inner, shape=split), normal, scale, (2,)), shape=tuple(x.shape)),
        _summed(g * normal_image, channels, face) if needs[1] else None,
        _summed(g, channels, face) if needs[2] else None,
    )


@op(kind="general", label="rms norm", onnx="RMSNormalization")
def rms_scale(x: Any, *, count: int, eps: float) -> Any:
    """`x` over the root of its mean square (plus eps) over the last `count` axes."""
    return _root_scaled(x, count, eps)[0]


def _root_scaled(x: Any, count: int, eps: float) -> tuple[Any, Any, tuple[int, ...]]:
    axes = tuple(range(x.ndim - count, x.ndim))
    scale = rsqrt(average(x * x, axis=axes, keepdims=True) + eps)
    return x * scale, scale, axes


@rms_scale.rule
def _(g: Any, x: Any, count: int, eps: float) -> Any:
    normal, scale, axes = _root_scaled(x, count, eps)
    return scale * (g - normal * average(g * normal, axis=axes, keepdims=True))
