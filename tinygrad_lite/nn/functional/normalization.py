"""Normalisations under PyTorch's names."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._composite import composite
from ..._state import here
from ...ops import normalization as ops
from ...ops.elementwise import cast, clone, power, rsqrt
from ...ops.resample import blend
from ...ops.shape import reshape
from ._arguments import array_of, need_floats, need_one_type, need_tensor, tensor_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..._tensor import Tensor

__all__ = [
    "batch_norm", "group_norm", "instance_norm", "layer_norm", "local_response_norm", "rms_norm",
]  # fmt: skip


def _face(vector: Any, ndim: int) -> Any:
    """A vector over channels, shaped to stand beside (N, C, …)."""
    return reshape(vector, shape=(1, math.prod(vector.shape), *[1] * (ndim - 2)))


def _affine(x: Any, weight: Any, bias: Any) -> Any:
    """`x` times `weight`, plus `bias`, over channels, where they are given."""
    dtype = x._array.dtype
    if weight is not None:
        x = x * _face(weight, x.ndim)
    return _like(x if bias is None else x + _face(bias, x.ndim), dtype)


def _like(out: Any, dtype: Any) -> Any:
    """`out` in the input's type, which vectors of a wider one have left."""
    return out if out._array.dtype == dtype else cast(out, dtype=dtype)


def _check_vectors(name: str, channels: int, **vectors: Any) -> None:
    for label, v in vectors.items():
        if v is not None and v._array.size != channels:
            raise RuntimeError(
                f"{name}: {label} should contain {channels} elements not {math.prod(v.shape)}"
            )


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """(x − mean) / √(var + eps) · weight + bias for every channel.

    In training the mean and variance are those of the batch, and the running ones move towards
    them by `momentum` (the variance in its unbiased form); else the running ones are used.

    Shapes: input (N, C, …), the vectors (C).
    Source: Ioffe and Szegedy, Batch Normalization (2015).
    """
    vectors = {
        "running_mean": running_mean, "running_var": running_var, "weight": weight, "bias": bias,
    }  # fmt: skip
    usual = _are_usual(input, vectors)
    if not usual:
        need_floats("batch_norm", input)
        need_one_type(input, **vectors)
    shape = input._array.shape
    if len(shape) == 1 and not shape[0]:
        return clone(input)  # type: ignore[no-any-return]
    if len(shape) < 2:
        raise RuntimeError(
            f"batch_norm: expected an input (N, C, …) of two or more dimensions, got "
            f"{list(input.shape)}"
        )
    channels = shape[1]
    if not usual:
        _check_vectors("batch_norm", channels, **vectors)
    if not training:
        if running_mean is None or running_var is None:
            raise RuntimeError(
                "batch_norm: running_mean and running_var must be defined in evaluation mode"
            )
        return _with_statistics(input, running_mean, running_var, weight, bias, eps)  # type: ignore[no-any-return]
    count = math.prod(shape) // channels if channels else 0
    if count == 1:
        raise ValueError(
            "Expected more than 1 value per channel when training, got input size "
            f"torch.Size({list(input.shape)}): one value has no variance. Call model.eval() to "
            "use the running statistics, or train with two or more samples in every batch, such as "
            "by DataLoader(..., drop_last=True)"
        )
    if eps <= 0:
        raise ValueError(f"batch_norm eps must be positive during training, but got {eps}")
    out, mean, variance = ops.batch_norm(input, weight, bias, eps=eps)
    if count:  # an empty batch has no statistics to move towards
        _move(running_mean, array_of(mean), momentum)
        _move(running_var, array_of(variance) * (count / (count - 1)), momentum)
    return out  # type: ignore[no-any-return]


def _are_usual(input: Any, vectors: dict[str, Any]) -> bool:
    """Whether nothing is left to check of the types and sizes: 1 microsecond against 4."""
    array = getattr(input, "_array", None)
    if array is None or array.ndim < 2 or array.dtype.kind != "f":
        return False
    shape, kind = array.shape[1:2], array.dtype
    for v in vectors.values():
        if v is not None:
            found = getattr(v, "_array", None)
            if found is None or found.shape != shape or found.dtype != kind:
                return False
    return True


def _move(running: Any, towards: Any, momentum: float) -> None:
    """Move running statistics towards those of a batch, in place."""
    if running is not None:
        array = running._array
        array *= 1 - momentum
        array += (momentum * towards).astype(array.dtype, copy=False)


@composite
def _with_statistics(x: Any, mean: Any, var: Any, weight: Any, bias: Any, eps: float) -> Any:
    if _are_alike(x, mean, var, weight, bias):
        return ops.frozen_norm.run(x, weight, bias, mean, var, eps)
    scale = rsqrt(_face(var, x.ndim) + eps)
    if weight is not None:
        scale = scale * _face(weight, x.ndim)
    out = (x - _face(mean, x.ndim)) * scale
    return _like(out if bias is None else out + _face(bias, x.ndim), x._array.dtype)


def _are_alike(x: Any, *vectors: Any) -> bool:
    """Whether all that are given are vectors of the type of `x`, and no watcher takes calls whole.

    Those know the operations that are left where they do not.
    """
    kind = x._array.dtype
    for v in vectors:
        if v is not None and (v._array.dtype != kind or v._array.ndim != 1):
            return False
    return not hasattr(here.state.watch, "take_call")


def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """(x − mean) / √(var + eps) · weight + bias over the last axes, of shape `normalized_shape`.

    Source: Ba, Kiros and Hinton, Layer Normalization (2016).
    """
    _check_types("layer_norm", input, weight, bias)
    shape = _tail(input, normalized_shape, weight=weight, bias=bias)
    return ops.layer_norm.run(input, weight, bias, len(shape), eps)  # type: ignore[no-any-return]


def _check_types(name: str, input: Any, weight: Any, bias: Any) -> None:
    need_tensor(name, input)
    need_one_type(input, weight=weight, bias=bias)
    need_floats(name, input)


def _have_shape(shape: tuple[int, ...], vectors: dict[str, Any]) -> bool:
    for v in vectors.values():  # noqa: SIM110 - all() with a generator takes three times as long
        if v is not None and v._array.shape != shape:
            return False
    return True


def _tail(input: Any, normalized_shape: Any, **vectors: Any) -> tuple[int, ...]:
    """`normalized_shape`, checked to be the end of the input's shape and that of the vectors."""
    shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    if shape and input._array.shape[-len(shape) :] == shape and _have_shape(shape, vectors):
        return shape
    if not shape:
        raise RuntimeError("Expected normalized_shape to be at least 1-dimensional")
    for label, v in vectors.items():
        if v is not None and tuple(v.shape) != shape:
            raise RuntimeError(
                f"Expected {label} to be of same shape as normalized_shape, but got {label} of "
                f"shape {list(v.shape)} and normalized_shape = {list(shape)}"
            )
    if tuple(input.shape[-len(shape) :]) != shape or input.ndim < len(shape):
        raise RuntimeError(
            f"Given normalized_shape={list(shape)}, expected input with shape "
            f"[*, {', '.join(map(str, shape))}], but got input of size{list(input.shape)}"
        )
    return shape


def rms_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    eps: float | None = None,
) -> Tensor:
    """x / √(mean(x²) + eps) · weight over the last axes; `eps` is the type's epsilon unless given.

    Source: Zhang and Sennrich, Root Mean Square Layer Normalization (2019).
    """
    need_floats("rms_norm", input)
    if weight is not None:
        need_tensor("rms_norm", weight, "weight")
    shape = _tail(input, normalized_shape, weight=weight)
    small = float(np.finfo(array_of(input).dtype).eps) if eps is None else eps
    kind = input._array.dtype
    if kind == np.float16:  # the squares would overflow
        wide = rms_norm(cast(input, dtype=np.dtype("float32")), shape, weight, small)
        return cast(wide, dtype=kind)  # type: ignore[no-any-return]
    out = ops.rms_scale(input, count=len(shape), eps=small)
    return out if weight is None else out * weight  # type: ignore[no-any-return]


def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Every group of channels of every sample normalised, times `weight` and plus `bias` (C).

    Source: Wu and He, Group Normalization (2018).
    """
    _check_types("group_norm", input, weight, bias)
    if input.ndim < 2:
        raise RuntimeError(
            f"Expected at least 2 dimensions for input tensor but received {input.ndim}"
        )
    channels = input.shape[1]
    if num_groups <= 0:
        raise RuntimeError(f"Expected num groups to be greater than 0, got {num_groups}")
    if channels % num_groups:
        raise RuntimeError(
            "Expected number of channels in input to be divisible by num_groups, but got input of "
            f"shape {list(input.shape)} and num_groups={num_groups}"
        )
    _check_vectors("group_norm", channels, weight=weight, bias=bias)
    if _are_alike(input, weight, bias):
        return ops.group_norm.run(input, weight, bias, num_groups, eps)  # type: ignore[no-any-return]
    size = math.prod(input.shape[2:]) * channels // num_groups
    groups = reshape(input, shape=(input.shape[0], num_groups, size))
    normal = ops.layer_norm(groups, None, None, count=1, eps=eps)
    return _affine(reshape(normal, shape=tuple(input.shape)), weight, bias)  # type: ignore[no-any-return]


def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Every channel of every sample normalised by itself, or by running statistics.

    Source: Ulyanov, Vedaldi and Lempitsky, Instance Normalization (2016).
    """
    need_floats("instance_norm", input)
    need_one_type(
        input, weight=weight, bias=bias, running_mean=running_mean, running_var=running_var
    )
    if input.ndim < 3:
        raise RuntimeError(
            f"instance_norm: expected an input (N, C, …) with spatial axes, got {list(input.shape)}"
        )
    if not use_input_stats:
        if running_mean is None or running_var is None:
            raise RuntimeError(
                "Expected running_mean and running_var to be defined when use_input_stats is false"
            )
        return _with_statistics(input, running_mean, running_var, weight, bias, eps)  # type: ignore[no-any-return]
    count = math.prod(input.shape[2:])
    if count == 1:
        raise ValueError(
            "Expected more than 1 spatial element when training, got input size "
            f"torch.Size({list(input.shape)})"
        )
    axes = tuple(range(2, input.ndim))
    if running_mean is not None or running_var is not None:
        array = array_of(input)
        _move(running_mean, array.mean(axes).mean(0), momentum)
        _move(running_var, array.var(axes, ddof=1).mean(0), momentum)
    if _are_alike(input, weight, bias):
        return ops.group_norm.run(input, weight, bias, input.shape[1], eps)  # type: ignore[no-any-return]
    planes = reshape(input, shape=(*input.shape[:2], count))
    normal = ops.layer_norm(planes, None, None, count=1, eps=eps)
    return _affine(reshape(normal, shape=tuple(input.shape)), weight, bias)  # type: ignore[no-any-return]


def local_response_norm(
    input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Tensor:
    """x / (k + alpha · mean of x² over `size` neighbouring channels)^beta.

    Source: Krizhevsky, Sutskever and Hinton, ImageNet Classification (2012).
    """
    need_tensor("local_response_norm", input)
    if input.ndim < 3:
        raise ValueError(
            f"Expected 3D or higher dimensionality input (got {input.ndim} dimensions)"
        )
    if not math.prod(input.shape):
        return input
    whole = not input.dtype.is_floating_point
    channels = np.arange(input.shape[1])
    distance = channels[None, :] - channels[:, None]
    near = (distance >= -(size // 2)) & (distance <= (size - 1) // 2)
    means = blend(input * input, near.astype(np.int64) if whole else near / size, axis=1)
    if whole:  # the mean of integers is one, as PyTorch's avg_pool has it
        means = tensor_of(np.trunc(array_of(means) / size).astype(np.int64))
    return input / power(means * alpha + k, exponent=beta)  # type: ignore[no-any-return]
