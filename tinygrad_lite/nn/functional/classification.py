"""Losses of classification, under PyTorch's names."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from ... import _dtypes
from ..._advice import for_classes, for_labels
from ..._composite import composite
from ..._functions._dims import legacy_name
from ..._tensor import Tensor
from ...ops import loss as ops
from ...ops.activation import log_softmax, logsigmoid, relu
from ...ops.elementwise import cast, where
from ...ops.gathering import gather
from ...ops.reduction import sum as _sum
from ...ops.shape import reshape, transpose
from ._arguments import array_of, choose_reduction, need_floats, need_tensor, not_for
from .linear import linear

if TYPE_CHECKING:
    from ._linear_loss_options import LinearCrossEntropyOptions

__all__ = [
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "cross_entropy", "kl_div",
    "linear_cross_entropy", "multi_margin_loss", "multilabel_margin_loss",
    "multilabel_soft_margin_loss", "nll_loss",
]  # fmt: skip


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """−log softmax(input) at the target class, averaged over the mini-batch.

    Where it comes from: a classifier gives sample n the probabilities pₙ = softmax(xₙ).  The
    parameters of greatest likelihood make the product of the probabilities of what was observed
    as large as possible:

        likelihood               Πₙ pₙ[tₙ]
        its logarithm            Σₙ log pₙ[tₙ]                 a sum is easier to differentiate
        with a one-hot mask      Σₙ Σ_c yₙ[c] log pₙ[c]        y is 1 at the target, 0 elsewhere
        with the sign turned     − Σₙ Σ_c yₙ[c] log pₙ[c]      what one minimises
        mean over a mini-batch   − 1/N Σₙ Σ_c yₙ[c] log pₙ[c]  so that the step does not grow with N

    Floating-point targets are the mask y itself, with soft labels if they are not one-hot.
    `label_smoothing` moves that share of the mask evenly to all classes.

    Shapes: input (C), (N, C) or (N, C, d₁, …); target (), (N) or (N, d₁, …) of class indices, or
    the shape of the input.  The result has the indices' shape with reduction="none", else ().

    Gradient: (softmax − y) / N, so a confident correct answer is left alone.

    >>> import tinygrad_lite as torch
    >>> torch.nn.functional.cross_entropy(torch.tensor([[0.0, 0.0]]), torch.tensor([1]))
    tensor(0.6931)
    """
    usual = weight is None and size_average is None and reduce is None and not label_smoothing
    if usual and reduction in {"mean", "sum"} and _are_logits_and_classes(input, target):
        return ops.cross_entropy.run(input, target, ignore_index, reduction)  # type: ignore[no-any-return]
    need_tensor("cross_entropy", input)
    need_tensor("cross_entropy", target, "target")
    reduction = choose_reduction(size_average, reduce, reduction)
    if not 0 <= label_smoothing <= 1:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    if input.ndim == 0:
        raise RuntimeError("cross_entropy expects logits with a class dimension, got a scalar")
    if input._array.dtype.kind != "f":
        raise _no_logits(input, target)
    if weight is not None:
        _check_weight(weight, input)
    if target.shape == input.shape and target.dtype.is_floating_point:
        if ignore_index >= 0:
            raise RuntimeError(
                "ignore_index is not supported for floating point target: set the rows of "
                "`target` to ignore to 0"
            )
        return _soft_cross_entropy(input, target, weight, reduction, label_smoothing)  # type: ignore[no-any-return]
    if target.dtype.is_floating_point:
        _check_batch("cross_entropy", input, target)
        raise RuntimeError(
            f"expected scalar type Long but found {target.dtype}: class indices are integers, as "
            f"of target.long(), and class probabilities have the input's shape {tuple(input.shape)}"
        )
    _check_targets("cross_entropy", input, target)
    rows, places = _class_rows(input, target)
    if weight is None and label_smoothing == 0:
        loss = ops.cross_entropy(rows, places, ignore_index=ignore_index, reduction=reduction)
        return reshape(loss, shape=target.shape) if reduction == "none" else loss  # type: ignore[no-any-return]
    logs = log_softmax(rows, axis=1)
    settings = (weight, ignore_index, reduction)
    hard = _chosen(logs, places, *settings)
    loss = hard
    if label_smoothing:
        smooth = _smooth(logs, places, *settings)
        loss = (1 - label_smoothing) * hard + (label_smoothing / rows.shape[1]) * smooth
    return reshape(loss, shape=target.shape) if reduction == "none" else loss  # type: ignore[no-any-return]


_LONG = np.dtype(np.int64)


def _are_logits_and_classes(input: Any, target: Any) -> bool:
    """Whether a call is the usual one, (N, C) and (N): most of a small model's time is checks."""
    if not isinstance(input, Tensor) or not isinstance(target, Tensor):
        return False
    x, t = input._array, target._array
    return bool(x.ndim == 2 and t.shape == x.shape[:1] and x.dtype.kind == "f" and t.dtype == _LONG)


def linear_cross_entropy(
    input: Tensor,
    linear_weight: Tensor,
    target: Tensor,
    *,
    linear_bias: Tensor | None = None,
    weight: Tensor | None = None,
    reduction: str = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    options: LinearCrossEntropyOptions | None = None,
) -> Tensor:
    """cross_entropy(linear(input, linear_weight, linear_bias), target).

    Shapes: input (in) or (N, in), linear_weight (C, in) or (C, d₁, …, in), linear_bias (C) or
    (C, d₁, …); target as in cross_entropy.

    Differs from PyTorch: `options`, with which it saves memory by working on pieces of the batch,
    change nothing here, neither the values nor the memory.
    """
    need_tensor("linear_cross_entropy", input)
    need_tensor("linear_cross_entropy", linear_weight, "linear_weight")
    if input.ndim not in {1, 2}:
        raise RuntimeError(f"expected input with dimensionality 1 or 2, got {input.ndim}")
    if linear_weight.ndim < 2:
        raise RuntimeError(
            f"expected linear_weight with dimensionality at least 2, got {linear_weight.ndim}"
        )
    *outs, features = linear_weight.shape
    if input.shape[-1] != features:
        raise RuntimeError(
            "expected equal input and linear_weight last dimensions (in_features), "
            f"got {input.shape[-1]} and {features}, respectively"
        )
    if linear_bias is not None and list(linear_bias.shape) != outs:
        raise RuntimeError(
            f"expected linear_bias shape {tuple(outs)}, got {tuple(linear_bias.shape)}"
        )
    if len(outs) > 1 and input.ndim == 1:
        raise RuntimeError(
            f"K-dimensional loss defined by linear_weight shape {tuple(linear_weight.shape)} "
            f"requires batched input, (N, {features}), got unbatched input with shape "
            f"{tuple(input.shape)}"
        )
    shape = (*input.shape[:-1], *outs)
    if tuple(target.shape) == shape and ignore_index is not None:
        raise RuntimeError("ignore_index cannot be specified when target contains probabilities")
    wide = math.prod(outs)
    bias: Any = None if linear_bias is None else reshape(linear_bias, shape=(wide,))
    logits = linear(input, reshape(linear_weight, shape=(wide, features)), bias)
    return cross_entropy(
        reshape(logits, shape=shape), target, weight, None,
        -100 if ignore_index is None else ignore_index, None, reduction, label_smoothing,
    )  # fmt: skip


def _no_logits(input: Any, target: Any) -> NotImplementedError:
    swapped = target.dtype.is_floating_point
    hint = "are input and target swapped?" if swapped else "convert it with .float()"
    return NotImplementedError(
        f"\"log_softmax_lastdim_kernel_impl\" not implemented for '{legacy_name(input)}': "
        f"cross_entropy expects floating-point logits, got input {input.dtype} of shape "
        f"{tuple(input.shape)} and target {target.dtype} of shape {tuple(target.shape)}; {hint}"
    )


def _check_weight(weight: Tensor, input: Tensor) -> None:
    need_tensor("cross_entropy", weight, "weight")
    classes = input.shape[1] if input.ndim > 1 else input.shape[0]
    if weight.ndim != 1 or weight.shape[0] != classes:
        raise RuntimeError(
            f"weight tensor should be defined either for all {classes} classes or no classes but "
            f"got weight tensor of shape: {list(weight.shape)}"
        )


def _check_weight_type(weight: Any, input: Any) -> None:
    if weight.dtype != input.dtype:
        raise RuntimeError(
            f"expected scalar type {legacy_name(input)} but found {legacy_name(weight)}: the input "
            f"has dtype {input.dtype} and weight {weight.dtype}; use weight.to(input.dtype)"
        )


def _check_targets(name: str, input: Tensor, target: Tensor) -> None:
    """Raise unless the class indices have the input's shape without its class axis."""
    if str(target.dtype) not in {"torch.int64", "torch.uint8"}:
        raise RuntimeError(
            f"{name}: expected target dtype to be Long or Byte, but got {target.dtype}: class "
            "indices are target.long()"
        )
    expected = (*input.shape[:1], *input.shape[2:]) if input.ndim > 1 else ()
    if input.ndim == 1 and target.ndim in {0, 1} and math.prod(target.shape) == 1:
        return
    if target.shape == expected:
        return
    _check_batch(name, input, target)
    raise RuntimeError(
        f"{name}: expected class indices of shape {expected} for input of shape "
        f"{tuple(input.shape)}, got shape {tuple(target.shape)} of {target.dtype}"
        f"{for_labels(target.shape, expected, input.shape, not target.is_floating_point())}"
    )


def _check_batch(name: str, input: Tensor, target: Tensor) -> None:
    """Raise where there are not as many targets as samples."""
    if input.ndim == 1 and target.ndim == 1 and target.shape[0] != 1:
        raise ValueError(
            "For 1D input, 1D target must have size 1, but got target size: "
            f"{target.shape[0]}; a batch of logits is (N, C)"
        )
    count = target.shape[0] if target.ndim else 0
    if input.ndim > 1 and input.shape[0] != count:
        raise ValueError(
            f"Expected input batch_size ({input.shape[0]}) to match target batch_size ({count}): "
            f"{name} got input {list(input.shape)} and target {list(target.shape)}."
        )


def _class_rows(input: Any, target: Any) -> tuple[Any, Any]:
    """The classes as the last axis of a matrix, and the targets as a vector beside it."""
    if target._array.dtype != np.int64:
        target = cast(target, dtype=np.dtype(np.int64))
    if input.ndim == 1:
        return reshape(input, shape=(1, *input.shape)), reshape(target, shape=(1,))
    if input.ndim == 2:
        return input, target
    axes = (0, *range(2, input.ndim), 1)
    turned = transpose(input, axes=axes)
    count = math.prod(turned.shape[:-1])
    return reshape(turned, shape=(count, input.shape[1])), reshape(target, shape=(count,))


def _row_counts(logs: Any, places: Any, weight: Any, ignore_index: int) -> tuple[Any, Any, Any]:
    """Targets that may be indexed with, which rows are valid, and how much each counts."""
    places = array_of(places)
    valid = places != ignore_index
    places = np.where(valid, places, 0).astype(np.int64)
    classes = logs.shape[1]
    if places.size and (places.min() < 0 or places.max() >= classes):
        wrong = int(places.min() if places.min() < 0 else places.max())
        raise IndexError(
            f"Target {wrong} is out of bounds for {classes} classes: {for_classes(wrong, classes)}"
        )
    each = np.ones(len(places), _dtypes.to_numpy(logs.dtype))
    if weight is not None:
        _check_weight_type(weight, logs)
        each = array_of(weight)[places]
    return places, valid, np.where(valid, each, np.zeros((), each.dtype))


@composite
def _chosen(logs: Any, places: Any, weight: Any, ignore_index: int, reduction: str) -> Any:
    """−weight[t] logs[n, t], reduced; the mean is over the weights."""
    if weight is None:
        return ops.nll_loss.run(logs, places, ignore_index, reduction)
    places, valid, counts = _row_counts(logs, places, weight, ignore_index)
    losses = -reshape(gather(logs, places[:, None], axis=1), shape=(len(places),)) * counts
    return _summed(losses, valid, counts, reduction)


def _summed(losses: Any, valid: Any, counts: Any, reduction: str) -> Any:
    """The valid losses reduced; the mean divides by the sum of the counts."""
    if not valid.all():
        losses = where(valid, losses, 0.0)  # an ignored row may hold an infinity
    if reduction == "none":
        return losses
    total = _sum(losses)
    return total / np.add.reduce(counts) if reduction == "mean" else total


@composite
def _smooth(logs: Any, places: Any, weight: Any, ignore_index: int, reduction: str) -> Any:
    """−Σ_c weight[c] logs[n, c], reduced like the chosen ones."""
    places, valid, counts = _row_counts(logs, places, weight, ignore_index)
    each = logs if weight is None else logs * weight
    return _summed(-_sum(each, axis=1), valid, counts, reduction)


def _soft_cross_entropy(
    input: Any, target: Any, weight: Any, reduction: str, label_smoothing: float
) -> Any:
    """−Σ_c weight[c] y[c] log softmax(x)[c] for a mask of probabilities y."""
    axis = 1 if input.ndim > 1 else 0
    classes = input.shape[axis]
    if label_smoothing:
        target = target * (1 - label_smoothing) + label_smoothing / classes
    products = log_softmax(input, axis=axis) * target
    if weight is not None:
        shape = tuple(-1 if a == axis else 1 for a in range(input.ndim))
        products = products * reshape(weight, shape=shape)
    if reduction == "none":
        return -_sum(products, axis=axis)
    total = -_sum(products)
    if reduction == "sum":
        return total
    return total * classes / math.prod(input.shape) if math.prod(input.shape) else total * math.nan


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """−input at the target class: the loss of log-probabilities, such as log_softmax gives.

    Shapes: input (C), (N, C) or (N, C, d₁, …), target without the class axis.
    """
    usual = weight is None and size_average is None and reduce is None
    if usual and reduction in {"mean", "sum"} and _are_logits_and_classes(input, target):
        return _chosen(input, target, None, ignore_index, reduction)  # type: ignore[no-any-return]
    reduction = choose_reduction(size_average, reduce, reduction)
    need_floats("nll_loss", input)
    need_tensor("nll_loss", target, "target")
    _check_targets("nll_loss", input, target)
    if weight is not None:
        _check_weight(weight, input)
    rows, places = _class_rows(input, target)
    loss = _chosen(rows, places, weight, ignore_index, reduction)
    return reshape(loss, shape=target.shape) if reduction == "none" else loss  # type: ignore[no-any-return]


def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    """y (log y − x), `input` being log-probabilities x and `target` probabilities y.

    The divergence of one distribution is reduction="sum"; "batchmean" divides by the batch size,
    "mean" by the number of elements.  With `log_target` the target is log y as well.
    """
    for given in (input, target):
        need_tensor("kl_div", given)
        if not given.dtype.is_floating_point:
            raise RuntimeError(
                f"kl_div: Integral inputs not supported. Got {given.dtype} of shape "
                f"{tuple(given.shape)}: convert with .float()"
            )
    per_batch = reduction == "batchmean" and size_average is None and reduce is None
    reduction = "sum" if per_batch else choose_reduction(size_average, reduce, reduction)
    if reduction == "mean":
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size."
            "'batchmean' divides only by the batch size, and aligns with the KL div math "
            "definition.'mean' will be changed to behave the same as 'batchmean' in the next "
            "major release.",
            stacklevel=2,
        )
    losses = ops.log_divergence(input, target) if log_target else ops.divergence(input, target)
    loss = ops.reduced(losses, reduction)
    return loss / input.shape[0] if per_batch and input.ndim else loss  # type: ignore[no-any-return]


def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """−y log x − (1 − y) log(1 − x), the logarithms at least −100.

    `input` holds probabilities; of logits, `binary_cross_entropy_with_logits` is exact.
    """
    reduction = choose_reduction(size_average, reduce, reduction)
    need_floats("binary_cross_entropy", input)
    _check_same(
        input, target,
        "Using a target size {} that is different to the input size {} is deprecated. Please "
        "ensure they have the same size",
    )  # fmt: skip
    values = array_of(input)
    if not ((values >= 0) & (values <= 1)).all():
        wrong = ~((values >= 0) & (values <= 1))
        place = [int(i) for i in np.argwhere(wrong)[0]]
        raise RuntimeError(
            f"all elements of input should be between 0 and 1: input{place} is "
            f"{float(values[tuple(place)])}; pass probabilities, such as torch.sigmoid(x), or "
            "logits to binary_cross_entropy_with_logits"
        )
    losses = ops.binary_entropy(input, target)
    return ops.reduced(losses if weight is None else losses * weight, reduction)  # type: ignore[no-any-return]


def _check_same(input: Any, target: Any, text: str) -> None:
    need_tensor("binary_cross_entropy", target, "target")
    if target.shape != input.shape:
        remedy = ": target.view_as(input)" if target.numel() == input.numel() else ""
        sizes = (f"(torch.Size({list(x.shape)}))" for x in (target, input))
        raise ValueError(text.format(*sizes) + remedy)


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """Binary cross entropy of σ(x), worked out from the logit x itself without overflow.

    `pos_weight` counts the term of y = 1 that many times, against rare positives.

    Gradient: σ(x) − y.
    """
    reduction = choose_reduction(size_average, reduce, reduction)
    need_tensor("binary_cross_entropy_with_logits", input)
    if input._array.dtype.kind != "f":
        raise not_for("log_sigmoid", input)
    _check_same(input, target, "Target size {} must be the same as input size {}")
    if not target.dtype.is_floating_point:
        raise RuntimeError(
            f"binary_cross_entropy_with_logits: result type {input.dtype} can't be cast to the "
            f"target's {target.dtype}: probabilities are floating-point, so write target.float()"
        )
    if pos_weight is None:
        losses = ops.logit_entropy(input, target)
    else:
        losses = ops.weighted_logit_entropy(input, target, pos_weight)
    return ops.reduced(losses if weight is None else losses * weight, reduction)  # type: ignore[no-any-return]


def multilabel_soft_margin_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Binary cross entropy with logits, averaged over the classes of each sample."""
    reduction = choose_reduction(size_average, reduce, reduction)
    need_tensor("multilabel_soft_margin_loss", input)
    if input._array.dtype.kind != "f":
        raise not_for("log_sigmoid", input)
    if not input.ndim:
        raise IndexError(
            "multilabel_soft_margin_loss: the last dimension (-1) holds the classes, but the input "
            "has no dimensions"
        )
    losses = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    if weight is not None:
        losses = losses * weight
    # by the classes of the input, where a target with more axes has widened the losses
    return ops.reduced(_sum(losses, axis=-1) / input.shape[-1], reduction)  # type: ignore[no-any-return]


@composite
def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Σ_{i ≠ t} max(0, margin − x[t] + x[i])ᵖ / C, counted weight[t] times."""
    reduction = choose_reduction(size_average, reduce, reduction)
    if p not in {1, 2}:
        raise ValueError("only p == 1 and p == 2 supported")
    if weight is not None and weight.ndim != 1:
        raise ValueError("weight must be one-dimensional")
    need_floats("multi_margin_loss", input)
    need_tensor("multi_margin_loss", target, "target")
    rows = input if input.ndim > 1 else reshape(input, shape=(1, -1))
    places = array_of(target).reshape(-1)
    classes = rows.shape[1]
    _check_margins(rows, target, weight)
    chosen = gather(rows, places[:, None], axis=1)
    others = np.arange(classes) != places[:, None]
    losses = relu(margin - chosen + rows)
    if p == 2:
        losses = losses * losses
    if weight is not None:
        losses = losses * array_of(weight)[places][:, None]
    loss = _sum(where(others, losses, 0.0), axis=1) / classes
    loss = ops.reduced(loss, reduction)
    return reshape(loss, shape=target.shape) if reduction == "none" else loss  # type: ignore[no-any-return]


def _check_margins(rows: Any, target: Any, weight: Any) -> None:
    """Raise unless there is one class number for each row, and one weight for each class."""
    count, classes = rows.shape[0], rows.shape[1]
    if rows.ndim != 2 or not classes:
        raise RuntimeError(
            "Expected non-empty vector or matrix with optional 0-dim batch size, but got: "
            f"{list(rows.shape)}"
        )
    numbers = array_of(target)
    if target.ndim > 1 or numbers.size != count:
        raise RuntimeError(
            "multi_margin_loss: target tensor should be 1-D with size equal to the number of input "
            f"samples (batch size). Expected target size [{count}], but got {list(target.shape)}"
        )
    if numbers.dtype != np.int64:
        raise RuntimeError(
            f"expected scalar type Long but found {legacy_name(target)}: use target.long()"
        )
    if count and not 0 <= numbers.min() <= numbers.max() < classes:
        wrong = numbers.min() if numbers.min() < 0 else numbers.max()
        raise RuntimeError(f"multi_margin_loss: target out of range: {wrong} of {classes} classes")
    if weight is not None:
        if weight.shape[0] != classes:
            raise RuntimeError(
                f"inconsistent weight size, expected {classes} but got {list(weight.shape)}"
            )
        _check_weight_type(weight, rows)


@composite
def multilabel_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Σ over targets t and other classes i of max(0, 1 − x[t] + x[i]) / C.

    The targets of a row are the class indices before the first −1.
    """
    reduction = choose_reduction(size_average, reduce, reduction)
    need_floats("multilabel_margin_loss", input)
    need_tensor("multilabel_margin_loss", target, "target")
    if target.shape != input.shape:
        raise RuntimeError(
            f"inconsistent target size: {list(target.shape)} for multi-label {list(input.shape)}"
        )
    if input.ndim > 2 or 0 in input.shape[-1:]:
        raise RuntimeError(
            "Expected non-empty vector or matrix with optional 0-dim batch size, but got: "
            f"{list(input.shape)}"
        )
    flat = input.ndim < 2
    rows = reshape(input, shape=(1, -1)) if flat else input
    places = array_of(target).reshape(rows.shape)
    listed = np.logical_and.accumulate(places >= 0, axis=1)
    places = np.where(listed, places, 0)
    named = np.zeros(rows.shape, bool)
    for column in range(rows.shape[1]):
        row = np.flatnonzero(listed[:, column])
        named[row, places[row, column]] = True
    chosen = rows[np.arange(len(places))[:, None], places]
    pairs = relu(1 - chosen[:, :, None] + rows[:, None, :])
    counted = listed[:, :, None] & ~named[:, None, :]
    loss = _sum(where(counted, pairs, 0.0), axis=(1, 2)) / rows.shape[1]
    loss = ops.reduced(loss, reduction)
    return reshape(loss, shape=()) if flat and reduction == "none" else loss  # type: ignore[no-any-return]
