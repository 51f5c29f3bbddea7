"""Functions that PyTorch has at its top level and not among the functionals, or with other words.

`torch.batch_norm` and `torch.embedding` take their operands in another order than the functionals
of the same name, the losses take 0, 1 and 2 for "none", "mean" and "sum", and the `native_`
functions return what the backward pass would need beside the result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ._creation import empty, tensor
from ._functions._dims import as_dtype, axis_of
from ._functions._surface import NAMES
from ._inplace import forbid
from ._nodes import make
from ._stamps import stamp
from .nn import functional as F
from .nn.functional._draw import bernoulli
from .signal import windows

__all__ = [
    "affine_grid_generator", "alpha_dropout", "alpha_dropout_", "bartlett_window", "batch_norm",
    "binary_cross_entropy_with_logits", "blackman_window", "cond", "constant_pad_nd", "conv_tbc",
    "convolution", "cosine_embedding_loss", "ctc_loss", "dropout", "dropout_", "embedding",
    "embedding_bag", "embedding_renorm_", "feature_alpha_dropout", "feature_alpha_dropout_",
    "feature_dropout", "feature_dropout_", "frobenius_norm", "grid_sampler", "grid_sampler_2d",
    "grid_sampler_3d", "group_norm", "hamming_window", "hann_window", "hinge_embedding_loss",
    "instance_norm", "kaiser_window", "kl_div", "layer_norm", "margin_ranking_loss",
    "native_batch_norm", "native_channel_shuffle", "native_dropout", "native_dropout_backward",
    "native_group_norm", "native_layer_norm", "native_norm", "norm_except_dim", "nuclear_norm",
    "poisson_nll_loss", "triplet_margin_loss", "while_loop",
]  # fmt: skip

# --- windows, periodic unless told otherwise -------------------------------------------------


def _window(shape: Callable[..., Any], name: str) -> Callable[..., Any]:
    def window(
        window_length: int, periodic: bool = True, *, dtype: Any = None, layout: Any = None,
        device: Any = None, pin_memory: bool = False, requires_grad: bool = False,
    ) -> Any:  # fmt: skip
        return shape(
            window_length, sym=not periodic, dtype=dtype, device=device, requires_grad=requires_grad
        )

    window.__name__ = window.__qualname__ = name
    window.__doc__ = f"{shape.__doc__} Periodic, for spectra, unless told otherwise."
    return window


bartlett_window = _window(windows.bartlett, "bartlett_window")
blackman_window = _window(windows.blackman, "blackman_window")


def hann_window(
    window_length: int, periodic: bool = True, *, dtype: Any = None, layout: Any = None,
    device: Any = None, pin_memory: bool = False, requires_grad: bool = False,
) -> Any:  # fmt: skip
    """½ − ½ cos(2π n / N), N = `window_length`, or one less for a window that is not periodic."""
    return windows.hann(
        window_length, sym=not periodic, dtype=dtype, device=device, requires_grad=requires_grad
    )


def hamming_window(
    window_length: int, periodic: bool = True, alpha: float = 0.54, beta: float = 0.46, *,
    dtype: Any = None, layout: Any = None, device: Any = None, pin_memory: bool = False,
    requires_grad: bool = False,
) -> Any:  # fmt: skip
    """alpha − beta cos(2π n / N)."""
    return windows.general_cosine(
        window_length, a=(alpha, beta), sym=not periodic, dtype=dtype, device=device,
        requires_grad=requires_grad,
    )  # fmt: skip


def kaiser_window(
    window_length: int, periodic: bool = True, beta: float = 12.0, *, dtype: Any = None,
    layout: Any = None, device: Any = None, pin_memory: bool = False, requires_grad: bool = False,
) -> Any:  # fmt: skip
    """Kaiser's window of steepness `beta`."""
    return windows.kaiser(
        window_length, beta=beta, sym=not periodic, dtype=dtype, device=device,
        requires_grad=requires_grad,
    )  # fmt: skip


# --- normalisation ---------------------------------------------------------------------------


def batch_norm(
    input: Any, weight: Any, bias: Any, running_mean: Any, running_var: Any, training: bool,
    momentum: float, eps: float, cudnn_enabled: bool = False,
) -> Any:  # fmt: skip
    """`nn.functional.batch_norm`, with the weights before the running statistics."""
    return F.batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps)


def instance_norm(
    input: Any, weight: Any, bias: Any, running_mean: Any, running_var: Any,
    use_input_stats: bool, momentum: float, eps: float, cudnn_enabled: bool = False,
) -> Any:  # fmt: skip
    """`nn.functional.instance_norm`, with the weights before the running statistics."""
    return F.instance_norm(
        input, running_mean, running_var, weight, bias, use_input_stats, momentum, eps
    )


def layer_norm(
    input: Any, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-05,
    cudnn_enable: bool = True,
) -> Any:  # fmt: skip
    """`nn.functional.layer_norm`."""
    return F.layer_norm(input, normalized_shape, weight, bias, eps)


def group_norm(
    input: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-05,
    cudnn_enabled: bool = True,
) -> Any:  # fmt: skip
    """`nn.functional.group_norm`."""
    return F.group_norm(input, num_groups, weight, bias, eps)


def _normal(x: Any, axes: tuple[int, ...], eps: float) -> tuple[Any, Any, Any]:
    """`x` with mean 0 and variance 1 over `axes`, the mean, and 1 / √(variance + eps)."""
    mean = x.mean(axes, keepdim=True)
    rate = (x.var(axes, unbiased=False, keepdim=True) + eps).rsqrt()
    return (x - mean) * rate, mean, rate


def native_layer_norm(
    input: Any, normalized_shape: Any, weight: Any, bias: Any, eps: float
) -> tuple[Any, Any, Any]:
    """Layer normalisation, the means, and 1 / √(variance + eps); the gradient is the first's."""
    out = F.layer_norm(input, normalized_shape, weight, bias, eps)
    axes = tuple(range(input.ndim - len(tuple(normalized_shape)), input.ndim))
    return out, *_normal(input.detach(), axes, eps)[1:]


def native_group_norm(
    input: Any, weight: Any, bias: Any, N: int, C: int, HxW: int, group: int, eps: float
) -> tuple[Any, Any, Any]:
    """Group normalisation, the means, and 1 / √(variance + eps); all carry a gradient."""
    out, mean, rate = _normal(input.reshape(N, group, C // group * HxW), (2,), eps)
    out, shape = out.reshape(input.shape), (1, C, *[1] * (input.ndim - 2))
    if weight is not None:
        out = out * weight.reshape(shape)
    if bias is not None:
        out = out + bias.reshape(shape)
    return out, mean[..., 0], rate[..., 0]


def native_batch_norm(
    input: Any, weight: Any, bias: Any, running_mean: Any, running_var: Any, training: bool,
    momentum: float, eps: float,
) -> tuple[Any, Any, Any]:  # fmt: skip
    """Batch normalisation, the batch's means, and 1 / √(variance + eps); both empty in evaluation.

    The gradient flows through the first result.
    """
    out = batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps)
    if not training:
        return out, empty(0, dtype=input.dtype), empty(0, dtype=input.dtype)
    axes = (0, *range(2, input.ndim))
    _, mean, rate = _normal(input.detach(), axes, eps)
    return out, mean.reshape(-1), rate.reshape(-1)


# --- norms -----------------------------------------------------------------------------------


def frobenius_norm(input: Any, dim: Any = (), keepdim: bool = False) -> Any:
    """√Σ x² over `dim`."""
    return NAMES["norm"](input, "fro", dim if dim != () else None, keepdim)


def nuclear_norm(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The sum of a matrix's singular values."""
    return NAMES["norm"](input, "nuc", dim, keepdim)


def native_norm(
    input: Any, p: Any = 2, dim: Any = None, keepdim: bool = False, dtype: Any = None
) -> Any:
    """The p-norm."""
    return NAMES["norm"](input, p, dim, keepdim, dtype=dtype)


def norm_except_dim(v: Any, pow: int = 2, dim: int = 0) -> Any:
    """The norm over every dimension but `dim`, which stays; over all of them for `dim` -1."""
    if dim == -1:
        return v.norm(pow)
    axis = axis_of(v, dim)
    rest = tuple(i for i in range(v.ndim) if i != axis)
    return v.norm(pow, rest, keepdim=True) if rest else v.abs()


# --- dropout ---------------------------------------------------------------------------------


def dropout(input: Any, p: float, train: bool) -> Any:
    """`nn.functional.dropout`."""
    return F.dropout(input, p, train)


def dropout_(input: Any, p: float, train: bool) -> Any:
    """`dropout` in place."""
    return F.dropout(input, p, train, inplace=True)


def alpha_dropout(input: Any, p: float, train: bool) -> Any:
    """`nn.functional.alpha_dropout`."""
    return F.alpha_dropout(input, p, train)


def alpha_dropout_(input: Any, p: float, train: bool) -> Any:
    """`alpha_dropout` in place."""
    return F.alpha_dropout(input, p, train, inplace=True)


def _factor(input: Any, p: float, shape: Any) -> Any:
    """0 with probability `p`, else 1 / (1 − p), in a shape that broadcasts."""
    kind = input._array.dtype
    return make((bernoulli(shape, 1 - p) / (1 - p if p < 1 else 1)).astype(kind), None)


def _channels(input: Any) -> tuple[int, ...]:
    return (*input.shape[:2], *[1] * (input.ndim - 2))


def feature_dropout(input: Any, p: float, train: bool) -> Any:
    """Whole channels zeroed with probability `p`, the others scaled up."""
    return input * _factor(input, p, _channels(input)) if train and p else input.clone()


def feature_dropout_(input: Any, p: float, train: bool) -> Any:
    """`feature_dropout` in place."""
    return input.mul_(_factor(input, p, _channels(input))) if train and p else input


def feature_alpha_dropout(input: Any, p: float, train: bool) -> Any:
    """`nn.functional.feature_alpha_dropout`."""
    return F.feature_alpha_dropout(input, p, train)


def feature_alpha_dropout_(input: Any, p: float, train: bool) -> Any:
    """`feature_alpha_dropout` in place."""
    return F.feature_alpha_dropout(input, p, train, inplace=True)


def native_dropout(input: Any, p: float, train: bool | None) -> tuple[Any, Any]:
    """Dropout, and the mask of what was kept."""
    if train is False or not p:
        return input.clone(), tensor(np.ones(input.shape, bool))
    factor = _factor(input, p, input.shape)
    return input * factor, factor != 0


def native_dropout_backward(grad_output: Any, mask: Any, scale: float) -> Any:
    """The gradient of `native_dropout`."""
    return grad_output * (mask.to(grad_output.dtype) * scale)


# --- looking up ------------------------------------------------------------------------------


def embedding(
    weight: Any, indices: Any, padding_idx: int = -1, scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Any:  # fmt: skip
    """`nn.functional.embedding`, with the table before the indices."""
    padded = None if padding_idx == -1 else padding_idx
    return F.embedding(indices, weight, padded, scale_grad_by_freq=scale_grad_by_freq)


MODES = ("sum", "mean", "max")


def embedding_bag(
    weight: Any, indices: Any, offsets: Any, scale_grad_by_freq: bool = False, mode: int = 0,
    sparse: bool = False, per_sample_weights: Any = None, include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Any:  # fmt: skip
    """`nn.functional.embedding_bag`, with the table first and the mode as 0, 1 or 2.

    Differs from PyTorch: only the first of its four results, in a tuple of one.
    """
    found = F.embedding_bag(
        indices, weight, offsets, scale_grad_by_freq=scale_grad_by_freq, mode=MODES[mode],
        per_sample_weights=per_sample_weights, include_last_offset=include_last_offset,
        padding_idx=padding_idx,
    )  # fmt: skip
    return (found,)


def embedding_renorm_(input: Any, indices: Any, max_norm: float, norm_type: float) -> Any:
    """Bring the rows of a table that `indices` name to at most `max_norm`, in place."""
    forbid(input)
    table, rows = input._array, np.unique(indices._array)
    norms = np.linalg.norm(table[rows], norm_type, axis=1)
    long = norms > max_norm
    table[rows[long]] *= (max_norm / (norms[long] + 1e-7)).astype(table.dtype)[:, None]
    stamp(table, "embedding_renorm_")
    return input


# --- convolution, padding, grids -------------------------------------------------------------


def convolution(
    input: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any,
    transposed: bool, output_padding: Any, groups: int,
) -> Any:  # fmt: skip
    """A convolution of one, two or three axes, or its transpose."""
    axes = weight.ndim - 2
    settings = (stride, padding, output_padding, groups, dilation)
    if transposed:
        return getattr(F, f"conv_transpose{axes}d")(input, weight, bias, *settings)
    return getattr(F, f"conv{axes}d")(input, weight, bias, stride, padding, dilation, groups)


conv_tbc = F.conv_tbc


def constant_pad_nd(input: Any, pad: Any, value: float = 0) -> Any:
    """`input` with a border of one value; negative widths cut off."""
    return F.pad(input, list(pad), "constant", value)


INTERPOLATIONS = ("bilinear", "nearest", "bicubic")
BORDERS = ("zeros", "border", "reflection")


def grid_sampler(
    input: Any, grid: Any, interpolation_mode: int, padding_mode: int, align_corners: bool
) -> Any:
    """`nn.functional.grid_sample` with its modes as numbers."""
    mode, border = INTERPOLATIONS[interpolation_mode], BORDERS[padding_mode]
    return F.grid_sample(input, grid, mode, border, align_corners)


grid_sampler_2d = grid_sampler_3d = grid_sampler


def affine_grid_generator(theta: Any, size: Any, align_corners: bool) -> Any:
    """`nn.functional.affine_grid`."""
    return F.affine_grid(theta, size, align_corners)


def native_channel_shuffle(input: Any, groups: int) -> Any:
    """`nn.functional.channel_shuffle`."""
    return F.channel_shuffle(input, groups)


# --- losses with the reduction as a number ---------------------------------------------------

REDUCTIONS = ("none", "mean", "sum")


def _named(reduction: Any) -> str:
    return REDUCTIONS[reduction] if isinstance(reduction, int) else reduction


def kl_div(input: Any, target: Any, reduction: int = 1, *, log_target: bool = False) -> Any:
    """`nn.functional.kl_div`."""
    return F.kl_div(input, target, reduction=_named(reduction), log_target=log_target)


def ctc_loss(
    log_probs: Any, targets: Any, input_lengths: Any, target_lengths: Any, blank: int = 0,
    reduction: int = 1, zero_infinity: bool = False,
) -> Any:  # fmt: skip
    """`nn.functional.ctc_loss`."""
    return F.ctc_loss(
        log_probs, targets, input_lengths, target_lengths, blank, _named(reduction), zero_infinity
    )


def binary_cross_entropy_with_logits(
    input: Any, target: Any, weight: Any = None, pos_weight: Any = None, reduction: int = 1
) -> Any:
    """`nn.functional.binary_cross_entropy_with_logits`."""
    return F.binary_cross_entropy_with_logits(
        input, target, weight, pos_weight=pos_weight, reduction=_named(reduction)
    )


def cosine_embedding_loss(
    input1: Any, input2: Any, target: Any, margin: float = 0.0, reduction: int = 1
) -> Any:
    """`nn.functional.cosine_embedding_loss`."""
    return F.cosine_embedding_loss(input1, input2, target, margin, reduction=_named(reduction))


def hinge_embedding_loss(input: Any, target: Any, margin: float = 1.0, reduction: int = 1) -> Any:
    """`nn.functional.hinge_embedding_loss`."""
    return F.hinge_embedding_loss(input, target, margin, reduction=_named(reduction))


def margin_ranking_loss(
    input1: Any, input2: Any, target: Any, margin: float = 0.0, reduction: int = 1
) -> Any:
    """`nn.functional.margin_ranking_loss`."""
    return F.margin_ranking_loss(input1, input2, target, margin, reduction=_named(reduction))


def triplet_margin_loss(
    anchor: Any, positive: Any, negative: Any, margin: float = 1.0, p: float = 2.0,
    eps: float = 1e-06, swap: bool = False, reduction: int = 1,
) -> Any:  # fmt: skip
    """`nn.functional.triplet_margin_loss`."""
    return F.triplet_margin_loss(
        anchor, positive, negative, margin, p, eps, swap, reduction=_named(reduction)
    )


def poisson_nll_loss(
    input: Any, target: Any, log_input: bool, full: bool, eps: float, reduction: int
) -> Any:
    """`nn.functional.poisson_nll_loss`."""
    return F.poisson_nll_loss(input, target, log_input, full, eps=eps, reduction=_named(reduction))


# --- control flow that others compile --------------------------------------------------------


def cond(pred: Any, true_fn: Any, false_fn: Any, operands: Any = ()) -> Any:
    """`true_fn(*operands)` if `pred` holds, else `false_fn(*operands)`."""
    return (true_fn if bool(pred) else false_fn)(*operands)


def while_loop(cond_fn: Any, body_fn: Any, carried_inputs: Any) -> Any:
    """Replace the carried values by `body_fn(*values)` for as long as `cond_fn(*values)` holds."""
    values = tuple(carried_inputs)
    while bool(cond_fn(*values)):
        values = tuple(body_fn(*values))
    return values


# --- the gradients of softmax ----------------------------------------------------------------


def _softmax_backward_data(grad_output: Any, output: Any, dim: int, input_dtype: Any) -> Any:
    """The gradient of softmax with the result `output`."""
    pulled = (grad_output - (grad_output * output).sum(dim, keepdim=True)) * output
    return as_dtype(pulled, input_dtype)


def _log_softmax_backward_data(grad_output: Any, output: Any, dim: int, input_dtype: Any) -> Any:
    """The gradient of log_softmax with the result `output`."""
    pulled = grad_output - output.exp() * grad_output.sum(dim, keepdim=True)
    return as_dtype(pulled, input_dtype)
