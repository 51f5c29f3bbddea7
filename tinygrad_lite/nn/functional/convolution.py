"""Convolutions along one, two and three axes, and their transposes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..._advice import for_channels, for_rank, for_types
from ...ops import convolution as ops
from ...ops.shape import reshape, transpose
from ._arguments import need_tensor, spread

if TYPE_CHECKING:
    from ..._tensor import Tensor

__all__ = [
    "conv1d", "conv2d", "conv3d", "conv_tbc", "conv_transpose1d", "conv_transpose2d",
    "conv_transpose3d",
]  # fmt: skip

Sizes = int | tuple[int, ...]


def conv1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sizes = 1,
    padding: Sizes | str = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Tensor:
    """Convolution along one axis; the rest as in `conv2d`.

    Shapes: input (N, C, L) or (C, L), weight (O, C / groups, K), bias (O) -> (N, O, L′)
    """
    return _convolve("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)  # type: ignore[no-any-return]


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sizes = 1,
    padding: Sizes | str = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Tensor:
    """out[n, o, i, j] = b[o] + Σ_{c, u, v} W[o, c, u, v] · x[n, c, i s + u d − p, j s + v d − p].

    `padding` is a number of zeros, "valid" (none) or "same" (as many as keep the size, with
    stride 1).  Group g of the outputs sees group g of the input channels only.

    Shapes: input (N, C, H, W) or (C, H, W), weight (O, C / groups, K₁, K₂), bias (O)
    -> (N, O, H′, W′), H′ = ⌊(H + 2 p − d (K₁ − 1) − 1) / s⌋ + 1

    Differs from PyTorch: the result lies with its channels last in memory.

    >>> import tinygrad_lite as torch
    >>> torch.nn.functional.conv2d(torch.ones(1, 1, 3, 3), torch.ones(1, 1, 2, 2))
    tensor([[[[4., 4.],
              [4., 4.]]]])
    """
    return _convolve("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)  # type: ignore[no-any-return]


def conv3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sizes = 1,
    padding: Sizes | str = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Tensor:
    """Convolution along three axes; the rest as in `conv2d`."""
    return _convolve("conv3d", 3, input, weight, bias, stride, padding, dilation, groups)  # type: ignore[no-any-return]


def _convolve(
    name: str,
    axes: int,
    input: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: int,
) -> Any:
    key = _key_of(input, weight, bias, stride, padding, dilation, groups)
    known = None if key is None else CHECKED.get(key)
    if known is not None:
        return ops.convolution(input, weight, bias, groups=groups, **known)
    _check(name, axes, input, weight, bias, groups)
    if input.ndim == axes + 1:
        batch = reshape(input, shape=(1, *input.shape))
        out = _convolve(name, axes, batch, weight, bias, stride, padding, dilation, groups)
        return reshape(out, shape=out.shape[1:])
    if input.shape[1] != weight.shape[1] * groups:
        raise RuntimeError(
            f"Given groups={groups}, weight of size {list(weight.shape)}, expected input"
            f"{list(input.shape)} to have {weight.shape[1] * groups} channels, but got "
            f"{input.shape[1]} channels instead"
            f"{for_channels(input.shape, weight.shape[1] * groups)}"
        )
    stride, dilation = spread(stride, axes, "stride"), spread(dilation, axes, "dilation")
    if min(stride) <= 0:
        raise RuntimeError("non-positive stride is not supported")
    if min(dilation) <= 0:
        raise RuntimeError("dilation should be greater than zero")
    padding = _pairs(padding, stride, dilation, weight.shape[2:])
    _check_room(input, weight, padding, dilation)
    settings = {"stride": stride, "padding": padding, "dilation": dilation}
    if key is not None and len(CHECKED) < ROOM:
        CHECKED[key] = settings
    return ops.convolution(input, weight, bias, groups=groups, **settings)


# What calls of the same shapes and settings came to: to check them again takes as long as a small
# convolution.
CHECKED: dict[Any, dict[str, Any]] = {}
ROOM = 1024


def _key_of(input: Any, weight: Any, bias: Any, *settings: Any) -> Any:
    """What decides whether a call is right, and what it means; None where that is not plain."""
    try:
        x, w = input._array, weight._array
        if x.dtype is not w.dtype or not (bias is None or bias._array.dtype is x.dtype):
            return None
        key = (x.shape, w.shape, None if bias is None else bias._array.shape, settings)
        hash(key)
    except (AttributeError, TypeError):  # something is no tensor, or a list
        return None
    kinds = (int, tuple, str)
    return key if all(setting.__class__ in kinds for setting in settings) else None


def _check(name: str, axes: int, input: Any, weight: Any, bias: Any, groups: int) -> None:
    """Raise unless the operands have the right number of axes, types and groups."""
    need_tensor(name, input)
    need_tensor(name, weight, "weight")
    if bias is not None:
        need_tensor(name, bias, "bias")
    if weight.ndim != axes + 2:
        raise RuntimeError(
            f"{name}: expected a weight of {axes + 2} dimensions, but got size {list(weight.shape)}"
        )
    if input.ndim not in {axes + 1, axes + 2}:
        raise RuntimeError(
            f"Expected {axes + 1}D (unbatched) or {axes + 2}D (batched) input to {name}, but got "
            f"input of size: {list(input.shape)}"
            f"{for_rank(input.shape, axes, weight.shape[1] * max(groups, 1))}"
        )
    if groups <= 0:
        raise RuntimeError("non-positive groups is not supported")
    if weight.shape[0] < groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be at least {groups} at dimension 0, but "
            f"got weight of size {list(weight.shape)} instead"
        )
    if weight.shape[0] % groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, "
            f"but got weight of size {list(weight.shape)} instead"
        )
    if bias is not None and bias.ndim != 1:
        raise RuntimeError(f"{name}: expected a bias of one dimension, got {list(bias.shape)}")
    others = (weight,) if bias is None else (weight, bias)
    if any(t.dtype != input.dtype for t in others):
        raise RuntimeError(
            f"Input type ({input.dtype}) and weight type ({weight.dtype}) should be the same: "
            f"{for_types([str(input.dtype), str(weight.dtype)])}"
            if weight.dtype != input.dtype
            else f"Input type ({input.dtype}) and bias type ({bias.dtype}) should be the same"
        )


def _pairs(padding: Any, stride: Any, dilation: Any, kernel: Any) -> tuple[tuple[int, int], ...]:
    """Zeros before and after each axis."""
    if isinstance(padding, str):
        if padding not in {"valid", "same"}:
            raise RuntimeError(
                f"Invalid padding string: {padding!r}: expected 'same', 'valid' or numbers"
            )
        if padding == "valid":
            return ((0, 0),) * len(kernel)
        if any(s != 1 for s in stride):
            raise RuntimeError("padding='same' is not supported for strided convolutions")
        whole = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
        return tuple((n // 2, n - n // 2) for n in whole)
    padding = spread(padding, len(kernel), "padding")
    if min(padding) < 0:
        raise RuntimeError("negative padding is not supported")
    return tuple((p, p) for p in padding)


def _check_room(input: Any, weight: Any, padding: Any, dilation: Any) -> None:
    room = [n + lo + hi for n, (lo, hi) in zip(input.shape[2:], padding, strict=True)]
    reach = [d * (k - 1) + 1 for d, k in zip(dilation, weight.shape[2:], strict=True)]
    if any(n < k for n, k in zip(room, reach, strict=True)):
        raise RuntimeError(
            f"Calculated padded input size per channel: ({' x '.join(map(str, room))}). "
            f"Kernel size: ({' x '.join(map(str, reach))}). "
            "Kernel size can't be greater than actual input size"
        )


def conv_tbc(input: Tensor, weight: Tensor, bias: Tensor, pad: int = 0) -> Tensor:
    """Convolution along time, with time first: (T, N, C), (K, C, O), (O) -> (T′, N, O)."""
    for label, given in (("input", input), ("weight", weight), ("bias", bias)):
        need_tensor("conv_tbc", given, label)
    if input.ndim != 3 or weight.ndim != 3:
        raise RuntimeError(
            "conv_tbc: Input and weight must have 3 dims: time, batch, in_channel and kernel, "
            f"in_channel, out_channel; got {list(input.shape)} and {list(weight.shape)}"
        )
    turned = transpose(input, axes=(1, 2, 0))
    out = conv1d(turned, transpose(weight, axes=(2, 1, 0)), bias, padding=pad)
    return transpose(out, axes=(2, 0, 1))  # type: ignore[no-any-return]


def conv_transpose1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sizes = 1,
    padding: Sizes = 0,
    output_padding: Sizes = 0,
    groups: int = 1,
    dilation: Sizes = 1,
) -> Tensor:
    """Transposed convolution along one axis; the rest as in `conv_transpose2d`."""
    return _transpose(  # type: ignore[no-any-return]
        "conv_transpose1d", 1, input, weight, bias, stride, padding, output_padding, groups,
        dilation,
    )  # fmt: skip


def conv_transpose2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sizes = 1,
    padding: Sizes = 0,
    output_padding: Sizes = 0,
    groups: int = 1,
    dilation: Sizes = 1,
) -> Tensor:
    """The gradient of `conv2d` with respect to its input: every element stamps the kernel.

    `padding` cuts the edges of the result, `output_padding` lengthens its far side.

    Shapes: input (N, C, H, W) or (C, H, W), weight (C, O / groups, K₁, K₂), bias (O)
    -> (N, O, H′, W′), H′ = (H − 1) s − 2 p + d (K₁ − 1) + output_padding + 1
    """
    return _transpose(  # type: ignore[no-any-return]
        "conv_transpose2d", 2, input, weight, bias, stride, padding, output_padding, groups,
        dilation,
    )  # fmt: skip


def conv_transpose3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sizes = 1,
    padding: Sizes = 0,
    output_padding: Sizes = 0,
    groups: int = 1,
    dilation: Sizes = 1,
) -> Tensor:
    """Transposed convolution along three axes; the rest as in `conv_transpose2d`."""
    return _transpose(  # type: ignore[no-any-return]
        "conv_transpose3d", 3, input, weight, bias, stride, padding, output_padding, groups,
        dilation,
    )  # fmt: skip


def _transpose(
    name: str,
    axes: int,
    input: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    output_padding: Any,
    groups: int,
    dilation: Any,
) -> Any:
    _check(name, axes, input, weight, bias, groups)
    if input.ndim == axes + 1:
        batch = reshape(input, shape=(1, *input.shape))
        out = _transpose(
            name, axes, batch, weight, bias, stride, padding, output_padding, groups, dilation
        )
        return reshape(out, shape=out.shape[1:])
    if input.shape[1] != weight.shape[0]:
        raise RuntimeError(
            f"Given transposed=1, weight of size {list(weight.shape)}, expected input"
            f"{list(input.shape)} to have {weight.shape[0]} channels, but got {input.shape[1]} "
            "channels instead"
        )
    stride, dilation = spread(stride, axes, "stride"), spread(dilation, axes, "dilation")
    padding = spread(padding, axes, "padding")
    extra = spread(output_padding, axes, "output_padding")
    for e, s, d in zip(extra, stride, dilation, strict=True):
        if e >= max(s, d):
            raise RuntimeError(
                "output padding must be smaller than either stride or dilation, but got "
                f"output_padding: {extra}, stride: {stride}, dilation: {dilation}"
            )
    size = tuple(
        (n - 1) * s - 2 * p + d * (k - 1) + e + 1
        for n, k, s, p, d, e in zip(
            input.shape[2:], weight.shape[2:], stride, padding, dilation, extra, strict=True
        )
    )
    if min(size) <= 0:
        raise RuntimeError(
            f"Given input size per channel: {list(input.shape[2:])}. Calculated output size per "
            f"channel: {list(size)}. Output size is too small"
        )
    return ops.transposed_convolution(
        input, weight, bias, size=size, stride=stride, padding=tuple((p, p) for p in padding),
        dilation=dilation, groups=groups,
    )  # fmt: skip
